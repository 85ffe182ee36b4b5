from django.apps import AppConfig


class PreferencesConfig(AppConfig):
    name = "apps.preferences"

    def ready(self) -> None:
        from apps.preferences.personal_data import register_personal_data

        register_personal_data()
