"""What the statistics look like in JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from apps.favorites.models import WATCHED_FROM
from apps.movies.serializers import MovieCardSerializer
from apps.preferences.statistics import EVERYONE, RATINGS_COMPARED, WEEKDAYS
from apps.preferences.taste import PEOPLE
from apps.preferences.year_in_review import BEST_RATED

KINDS = [(kind.value, kind.label) for kind in EVERYONE]
MOST_FIRST = "Most films first."
TIMES = "UTC: every month, day and weekday begins at its midnight."


def _count(help_text: str, source: str | None = None) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, help_text=help_text, source=source)


def _mean(help_text: str) -> serializers.FloatField:
    return serializers.FloatField(allow_null=True, help_text=help_text)


def _share(help_text: str) -> serializers.FloatField:
    return serializers.FloatField(min_value=0, max_value=1, allow_null=True, help_text=help_text)


def _month(help_text: str = "Like 2026-03.") -> serializers.RegexField:
    return serializers.RegexField(r"^[0-9]{4}-(0[1-9]|1[0-2])$", help_text=help_text)


class ViewedSerializer(serializers.Serializer[Any]):
    viewings = _count(f"To the end: from {WATCHED_FROM:.0%} of the film on.")
    unfinished_viewings = _count(f"Broken off before {WATCHED_FROM:.0%}; these count in `hours` alone.")
    films_watched = _count("Films watched to the end, each once.")
    hours = serializers.FloatField(
        min_value=0, help_text="Spent on all viewings, unfinished ones as far as they went, of films of known runtime."
    )


@extend_schema_serializer(component_name="StatisticsTotals")
class TotalsSerializer(ViewedSerializer):
    rewatches = _count("Viewings of films that had been watched before: `viewings` less `films_watched`.")
    films_rated = _count("Watched or not.")
    favorites = _count("Films.")
    watchlist = _count("Films.")
    hidden = _count("Films.")


@extend_schema_serializer(component_name="YearTotals")
class YearTotalsSerializer(ViewedSerializer):
    rewatches = _count("Viewings of films that had been watched before, in this year or earlier.")
    days_with_a_viewing = _count("To the end.")


class MonthSerializer(serializers.Serializer[Any]):
    month = _month()
    viewings = _count("To the end.")
    hours = serializers.FloatField(min_value=0)


class WeekdaySerializer(serializers.Serializer[Any]):
    weekday = serializers.ChoiceField([(day, day.title()) for day in WEEKDAYS])
    viewings = _count("To the end.")
    hours = serializers.FloatField(min_value=0)


class FilmsOfAKindSerializer(serializers.Serializer[Any]):
    films = _count("Watched to the end, each once.")
    mean_rating = _mean("Your own, of those that you rated; null where that is none.")


class WatchedGenreSerializer(FilmsOfAKindSerializer):
    id = serializers.IntegerField(help_text="TMDb's id of the genre.")
    name = serializers.CharField()


class WatchedDecadeSerializer(FilmsOfAKindSerializer):
    decade = serializers.IntegerField(help_text="Its first year, like 1990.")


class WatchedLanguageSerializer(FilmsOfAKindSerializer):
    language = serializers.CharField(help_text="The original one, in TMDb's code.")


class WatchedPersonSerializer(serializers.Serializer[Any]):
    tmdb_id = serializers.IntegerField(allow_null=True, help_text="Of the person.")
    name = serializers.CharField()
    films = _count("Watched to the end, each once.")


class UnknownSerializer(serializers.Serializer[Any]):
    viewings_without_runtime = _count("Viewings of films whose runtime nobody told us; no part of `hours`.")
    films_without_genre = _count("Watched films that no genre counts.")
    films_without_release_date = _count("Watched films that no decade counts.")
    films_without_language = _count("Watched films that no language counts.")
    films_without_credits = _count("Watched films whose people are not known here: nobody has counted them.")


@extend_schema_serializer(component_name="StatisticsUnknown")
class AllUnknownSerializer(UnknownSerializer):
    viewings_without_date = _count("Viewings to the end in no month, on no weekday and in no year.")


class TasteSerializer(serializers.Serializer[Any]):
    genres = WatchedGenreSerializer(
        source="taste.genres", many=True, help_text=f"{MOST_FIRST} A film may have several."
    )
    decades = WatchedDecadeSerializer(source="taste.decades", many=True, help_text=f"By release. {MOST_FIRST}")
    languages = WatchedLanguageSerializer(source="taste.languages", many=True, help_text=MOST_FIRST)
    actors = WatchedPersonSerializer(
        source="taste.actors", many=True, help_text=f"{MOST_FIRST} At most {PEOPLE}, by the casts that are kept here."
    )
    directors = WatchedPersonSerializer(
        source="taste.directors", many=True, help_text=f"{MOST_FIRST} At most {PEOPLE}."
    )


class RatingStepSerializer(serializers.Serializer[Any]):
    value = serializers.FloatField(min_value=0.5, max_value=10)
    own = _count("Films to which you gave it.")
    own_share = _share("Of your ratings; null where you gave none.")
    everyone_share = _share("Of everyone's ratings; null where nobody gave any.")


class BesideVotesSerializer(serializers.Serializer[Any]):
    """Own ratings and the films' vote averages, on the same films."""

    films = _count("Rated by you, and with votes.")
    own_mean = _mean("Null where there are no such films.")
    vote_mean = _mean("The mean of the films' `vote_average`.")


class OwnRatingsSerializer(serializers.Serializer[Any]):
    films = _count("That you rated.")
    mean = _mean("Null where you rated none.")
    everyone = _count(
        f"Everyone's ratings that yours are compared with: the latest {RATINGS_COMPARED:,} of people, your own and "
        "imported pseudonymous ones among them, none of the simulated community."
    )
    histogram = RatingStepSerializer(many=True, help_text="All twenty half steps from 0.5 to 10.")
    beside_votes = BesideVotesSerializer()


class StatisticsSerializer(TasteSerializer):
    totals = TotalsSerializer()
    unknown = AllUnknownSerializer()
    months = MonthSerializer(many=True, help_text="Months with a viewing, oldest first; the others are left out.")
    weekdays = WeekdaySerializer(many=True, help_text="Monday to Sunday.")
    ratings = OwnRatingsSerializer()


class BusiestMonthSerializer(serializers.Serializer[Any]):
    month = _month()
    viewings = _count("To the end.")


class BusiestDaySerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    viewings = _count("To the end.")


class StreakSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1)
    first = serializers.DateField()
    last = serializers.DateField()


class WatchedFilmSerializer(serializers.Serializer[Any]):
    movie = MovieCardSerializer()
    watched_at = serializers.DateTimeField()


class RatedFilmSerializer(serializers.Serializer[Any]):
    movie = MovieCardSerializer()
    value = serializers.FloatField(min_value=0.5, max_value=10)


class YearInReviewSerializer(TasteSerializer):
    year = serializers.IntegerField()
    totals = YearTotalsSerializer()
    unknown = UnknownSerializer()
    months = MonthSerializer(many=True, help_text="All twelve.")
    weekdays = WeekdaySerializer(many=True, help_text="Monday to Sunday.")
    busiest_month = BusiestMonthSerializer(allow_null=True, help_text="The earliest of several; null: no viewing.")
    busiest_day = BusiestDaySerializer(allow_null=True, help_text="The earliest of several; null: no viewing.")
    longest_streak = StreakSerializer(
        allow_null=True, help_text="Days on end with a viewing, within the year; the earliest of several as long."
    )
    first = WatchedFilmSerializer(allow_null=True, help_text="The first film watched to the end in this year.")
    last = WatchedFilmSerializer(allow_null=True, help_text="The last one.")
    best_rated = RatedFilmSerializer(
        many=True, help_text=f"Films watched in this year that you rate highest, whenever you rated them: {BEST_RATED}."
    )


class YearMetaSerializer(serializers.Serializer[Any]):
    timezone = serializers.CharField(help_text=TIMES)
    watched_from = serializers.FloatField(help_text="Progress from which a viewing counts as one to the end.")


class StatisticsMetaSerializer(YearMetaSerializer):
    everyone = serializers.ListField(
        child=serializers.ChoiceField(KINDS), help_text="Kinds of users whose ratings stand for everyone's."
    )
