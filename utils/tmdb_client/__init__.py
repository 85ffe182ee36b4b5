"""TMDb's API as typed calls that end in time: a record, or one of four errors. It knows no model of ours."""

from utils.tmdb_client.client import TMDbClient, tmdb, tmdb_for_jobs
from utils.tmdb_client.errors import TMDbError, TMDbGone, TMDbRefused, TMDbUnauthorised, TMDbUnavailable

__all__ = [
    "TMDbClient",
    "TMDbError",
    "TMDbGone",
    "TMDbRefused",
    "TMDbUnauthorised",
    "TMDbUnavailable",
    "tmdb",
    "tmdb_for_jobs",
]
