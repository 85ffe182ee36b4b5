from apps.authentication.models import Session
from utils.jobs import job


@job("authentication.forget_ended_sessions")
def forget_ended_sessions() -> None:
    """Sessions past their last refresh token's expiry tell nobody anything; without this the table only grows."""
    Session.objects.ended().delete()
