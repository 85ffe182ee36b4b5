from django.apps import AppConfig


class UtilsConfig(AppConfig):
    name = "utils"

    def ready(self) -> None:
        import utils.paths  # noqa: F401  # registers the path converters
