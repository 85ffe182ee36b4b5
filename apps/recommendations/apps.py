from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from environ import FileAwareEnv

from utils.health import register_check


class RecommendationsConfig(AppConfig):
    name = "apps.recommendations"

    def ready(self) -> None:
        from apps.recommendations.personal_data import register_personal_data
        from apps.recommendations.serving import model_health

        register_personal_data()
        register_check("model", model_health)
        register(terms_check)


def terms_check(**kwargs: Any) -> list[CheckMessage]:
    """Whether TMDb's texts and facts may be learned from is for a person to decide, who has read the terms."""
    is_decided = "TRAIN_ON_TMDB_CONTENT" in FileAwareEnv()
    if is_decided or not (settings.TMDB_READ_TOKEN or settings.TMDB_API_KEY):
        return []
    return [
        Warning(
            "Engines learn from what TMDb tells, and nobody has decided that they may.",
            hint="Read docs/TERMS.md, then set TRAIN_ON_TMDB_CONTENT to true or false.",
            id="marquee.W001",
        )
    ]
