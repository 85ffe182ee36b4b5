from apps.favorites.community import community_refresh
from utils.jobs import job


@job("favorites.refresh_community")
def refresh_community() -> None:
    """Every half hour, so that trends are of today."""
    community_refresh()
