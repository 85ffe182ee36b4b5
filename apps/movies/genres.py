"""TMDb's genres for films: ids and names as its /genre/movie/list gives them."""

from apps.movies.models import Genre

TMDB_GENRES = {
    28: "Action",
    12: "Adventure",
    16: "Animation",
    35: "Comedy",
    80: "Crime",
    99: "Documentary",
    18: "Drama",
    10751: "Family",
    14: "Fantasy",
    36: "History",
    27: "Horror",
    10402: "Music",
    9648: "Mystery",
    10749: "Romance",
    878: "Science Fiction",
    10770: "TV Movie",
    53: "Thriller",
    10752: "War",
    37: "Western",
}


def genres_by_name() -> dict[str, Genre]:
    """All genres, those of TMDb made where they are missing."""
    Genre.objects.bulk_create(
        [Genre(tmdb_id=tmdb_id, name=name) for tmdb_id, name in TMDB_GENRES.items()], ignore_conflicts=True
    )
    return {genre.name: genre for genre in Genre.objects.all()}
