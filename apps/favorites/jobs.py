from apps.favorites.community import community_refresh
from apps.favorites.idempotency import keys_forget
from apps.favorites.transfer.running import run_import
from apps.favorites.transfer.services import imports_forget, imports_resume
from utils.jobs import job

__all__ = ["forget_imports", "refresh_community", "resume_imports", "run_import"]


@job("favorites.refresh_community")
def refresh_community() -> None:
    """Every half hour, so that trends are of today."""
    community_refresh()


@job("favorites.resume_imports")
def resume_imports() -> None:
    """Imports at which nobody works any more go on."""
    imports_resume()


@job("favorites.forget_imports")
def forget_imports() -> None:
    """Every night: reports of imports and answers to idempotent requests that are of use to nobody any more."""
    imports_forget()
    keys_forget()
