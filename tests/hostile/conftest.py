import logging
from collections import defaultdict

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone

from apps.authentication.models import Session
from apps.favorites.models import LibraryState
from apps.preferences.services import preference_set
from apps.recommendations.models import Feedback, RecommendationList
from config.settings import base
from tests.conftest import signed_in
from tests.factories import (
    FavoriteFactory,
    GenreFactory,
    HiddenMovieFactory,
    MovieFactory,
    RatingFactory,
    UserFactory,
    ViewingFactory,
    WatchlistItemFactory,
)
from tests.hostile.owned import rows_of, tables_of_people
from tests.hostile.values import VICTIM_EMAIL, VICTIM_SESSION, VICTIM_VIEWING

NOW = timezone.now()
SOME_VALUE = defaultdict(lambda: 1, CharField="1", TextField="1", DateTimeField=NOW, DateField=NOW.date(), JSONField=[])


@pytest.fixture
def n_films():
    return 40


@pytest.fixture
def exposed(settings, tmdb):
    """As in production, behind a proxy and over a TMDb; limits are counted, and never reached."""
    settings.THROTTLES = dict.fromkeys(base.THROTTLES, "100000/second")
    settings.TRUSTED_PROXIES = 1
    for signal in (request_started, request_finished):  # they would close the connection that the test began on
        signal.disconnect(close_old_connections)
    logging.disable(logging.WARNING)  # a line for each 4xx takes as long as the 4xx
    yield
    logging.disable(logging.NOTSET)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def victim(db):
    """A user with a row in every table that has an owner."""
    movie, genre = MovieFactory(tmdb_id=1), GenreFactory(tmdb_id=1)
    victim = UserFactory(email=VICTIM_EMAIL, is_email_verified=True)
    for factory in (FavoriteFactory, RatingFactory, WatchlistItemFactory, HiddenMovieFactory):
        factory(user=victim, movie=movie)
    ViewingFactory(user=victim, movie=movie, pk=VICTIM_VIEWING, client_id="1")
    preference_set(user=victim, liked_genres=[genre], languages=["en"])
    LibraryState.objects.lock(victim)
    signed_in(victim)
    Session.objects.filter(user=victim).update(id=VICTIM_SESSION)
    shown = RecommendationList.objects.create(
        id=VICTIM_SESSION, user=victim, session=VICTIM_SESSION, algorithm="popular", movies=[movie.pk], shown=1
    )
    Feedback.objects.create(list=shown, user=victim, movie=movie, rank=1, kind=Feedback.Kind.OPENED)
    for model in tables_of_people() - {model for model, _ in rows_of(victim)}:
        row_in(model, victim)
    return victim


def row_in(model, user):
    """A row of a table that nothing above knows: whatever must have a value has some value."""
    fields = [
        field for field in model._meta.concrete_fields if not (field.primary_key or field.has_default() or field.null)
    ]
    values = {field.name: user if field.is_relation else SOME_VALUE[field.get_internal_type()] for field in fields}
    model._base_manager.create(**values)


@pytest.fixture
def attacker(db):
    return Attacker(UserFactory(email="attacker@example.org"))


class Attacker:
    def __init__(self, user):
        self.user = user
        self.sign_in()

    def sign_in(self):
        self.authorization = signed_in(self.user)._credentials["HTTP_AUTHORIZATION"]
