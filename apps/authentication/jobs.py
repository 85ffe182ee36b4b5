from django.core.management import call_command

from apps.authentication.models import EmailLink, SecurityEvent, Session
from utils.jobs import job

KEEP_EVENTS = 180  # days: as long as somebody may still ask what happened


@job("authentication.forget_ended_sessions")
def forget_ended_sessions() -> None:
    """Sessions past their last refresh token's expiry tell nobody anything; without this the table only grows."""
    Session.objects.ended().delete()
    EmailLink.objects.ended().delete()
    SecurityEvent.objects.older_than(KEEP_EVENTS).delete()
    call_command("clearsessions")  # the admin's
