import pytest

from apps.movies.lists import list_swap
from apps.movies.models import ListEntry


@pytest.fixture
def trending(db):
    """Puts films on a trending list, in this order."""

    def swap(films, name=ListEntry.Name.TRENDING_DAY):
        list_swap(name, [film.pk for film in films])

    return swap
