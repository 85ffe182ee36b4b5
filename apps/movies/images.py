"""Where TMDb keeps its pictures; browsers load them from there. Sizes as of TMDb's /configuration."""

BASE = "https://image.tmdb.org/t/p/"
POSTER_SIZE = "w500"
BACKDROP_SIZE = "w1280"
PROFILE_SIZE = "h632"
LOGO_SIZE = "w154"


def image_url(path: str, size: str) -> str | None:
    return f"{BASE}{size}{path}" if path else None
