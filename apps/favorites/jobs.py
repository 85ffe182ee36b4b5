from apps.favorites.community import trending_refresh, votes_refresh
from utils.jobs import job


@job("favorites.refresh_community")
def refresh_community() -> None:
    votes_refresh()
    trending_refresh()
