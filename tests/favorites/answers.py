"""Reading what a request to the library did."""

from apps.favorites.models import LibraryState


def version_of(user):
    return LibraryState.objects.filter(user=user).values_list("version", flat=True).first() or 0


def complaints(response):
    """The (field, code) of everything that a 400 complains of."""
    assert response.status_code == 400, response.content
    return {(error["field"], error["code"]) for error in response.json()["errors"]}
