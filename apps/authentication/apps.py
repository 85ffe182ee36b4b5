from django.apps import AppConfig


class AuthenticationConfig(AppConfig):
    name = "apps.authentication"

    def ready(self) -> None:
        import apps.authentication.schema  # noqa: F401  # tells the API's description how callers sign in
        from apps.authentication.account_data import register_personal_data

        register_personal_data()
