from django.apps import AppConfig


class FavoritesConfig(AppConfig):
    name = "apps.favorites"

    def ready(self) -> None:
        from apps.favorites.my_block import register_my_block
        from apps.favorites.personal_data import register_personal_data

        register_my_block()
        register_personal_data()
