from django.apps import AppConfig

from utils.health import register_check


class RecommendationsConfig(AppConfig):
    name = "apps.recommendations"

    def ready(self) -> None:
        from apps.recommendations.serving import model_health

        register_check("model", model_health)
