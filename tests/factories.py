import factory
from factory.django import DjangoModelFactory

from apps.authentication.models import User
from apps.favorites.models import Favorite, HiddenMovie, Rating, ViewingHistory, WatchlistItem
from apps.movies.models import Genre, Movie

PASSWORD = "a long enough passphrase"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"viewer{n}@example.org")
    display_name = "Viewer"

    @classmethod
    def _create(cls, model_class, *args, password=PASSWORD, **kwargs):
        return model_class.objects.create_user(*args, password=password, **kwargs)


class GenreFactory(DjangoModelFactory):
    class Meta:
        model = Genre
        django_get_or_create = ("tmdb_id",)

    tmdb_id = factory.Sequence(lambda n: 1000 + n)
    name = factory.LazyAttribute(lambda genre: f"Genre {genre.tmdb_id}")


class MovieFactory(DjangoModelFactory):
    class Meta:
        model = Movie
        skip_postgeneration_save = True

    tmdb_id = factory.Sequence(lambda n: 100_000 + n)
    title = factory.Sequence(lambda n: f"Film {n}")
    language = "en"

    @factory.post_generation
    def genres(self, create, extracted, **kwargs):
        self.genres.set(extracted or [])


class EntryFactory(DjangoModelFactory):
    class Meta:
        abstract = True

    user = factory.SubFactory(UserFactory)
    movie = factory.SubFactory(MovieFactory)


class FavoriteFactory(EntryFactory):
    class Meta:
        model = Favorite


class RatingFactory(EntryFactory):
    class Meta:
        model = Rating

    value = 8.0


class WatchlistItemFactory(EntryFactory):
    class Meta:
        model = WatchlistItem

    position = factory.Sequence(lambda n: n + 1)


class HiddenMovieFactory(EntryFactory):
    class Meta:
        model = HiddenMovie


class ViewingFactory(EntryFactory):
    class Meta:
        model = ViewingHistory
