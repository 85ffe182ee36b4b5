"""The four shelves, for tests that hold for each of them."""

from apps.favorites.models import Favorite, HiddenMovie, Rating, WatchlistItem
from tests.factories import FavoriteFactory, HiddenMovieFactory, RatingFactory, WatchlistItemFactory


class Shelf:
    """One of the shelves by its path, and what its bodies need beside the film."""

    def __init__(self, name, model, factory, **values):
        self.name, self.path, self.model, self.factory, self.values = name, f"/api/v1/{name}/", model, factory, values

    def __repr__(self):
        return self.name

    def of(self, tmdb_id):
        return f"{self.path}{tmdb_id}/"

    def body(self, tmdb_id):
        return {"tmdb_id": tmdb_id} | self.values

    def put_on(self, client, tmdb_id, way="post"):
        if way == "put":
            return client.put(self.of(tmdb_id), self.values)
        return client.post(self.path, self.body(tmdb_id))


SHELVES = [
    Shelf("favorites", Favorite, FavoriteFactory),
    Shelf("ratings", Rating, RatingFactory, value=8.5),
    Shelf("watchlist", WatchlistItem, WatchlistItemFactory),
    Shelf("hidden", HiddenMovie, HiddenMovieFactory),
]


def listed(client, path):
    """The TMDb ids of a list, in its order."""
    response = client.get(path)
    assert response.status_code == 200, response.content
    return [row["movie"]["tmdb_id"] for row in response.json()["data"]]
