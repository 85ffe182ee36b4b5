"""Answers that are the same for every catalogue: the configuration and the certifications."""

from typing import Any

from tests.fake_tmdb.words import CERTIFICATIONS

CONFIGURATION: dict[str, Any] = {
    "change_keys": [
        "adult",
        "budget",
        "cast",
        "crew",
        "genres",
        "images",
        "overview",
        "plot_keywords",
        "runtime",
        "title",
    ],
    "images": {
        "base_url": "http://image.tmdb.org/t/p/",
        "secure_base_url": "https://image.tmdb.org/t/p/",
        "backdrop_sizes": ["w300", "w780", "w1280", "original"],
        "logo_sizes": ["w45", "w92", "w154", "w185", "w300", "w500", "original"],
        "poster_sizes": ["w92", "w154", "w185", "w342", "w500", "w780", "original"],
        "profile_sizes": ["w45", "w185", "h632", "original"],
        "still_sizes": ["w92", "w185", "w300", "original"],
    },
}
CERTIFICATION_LIST: dict[str, Any] = {
    "certifications": {
        country: [
            {"certification": mark, "meaning": f"Level {order} of {len(marks)}.", "order": order}
            for order, mark in enumerate(marks, start=1)
        ]
        for country, marks in CERTIFICATIONS.items()
    }
}
