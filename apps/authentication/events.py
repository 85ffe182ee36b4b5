"""The trail of what happened to accounts."""

from __future__ import annotations

import logging

from django.db import transaction

from apps.authentication.devices import UNKNOWN_DEVICE, Device
from apps.authentication.models import SecurityEvent, User
from utils.middleware import current_request_id

logger = logging.getLogger(__name__)

Kind = SecurityEvent.Kind
NOBODY = 0  # a key that no user has


def record(
    kind: SecurityEvent.Kind, user: User | None, device: Device = UNKNOWN_DEVICE, *, request_id: str = ""
) -> None:
    """Who, what, when, from where, in which request (this one unless said); of a stranger only that they tried."""
    with transaction.atomic():
        # Asked for a stranger, too: the time shall not tell whether an address is known.
        if not User.objects.locked(user.pk if user else NOBODY) and user:
            return  # erased meanwhile, and their trail with them
        SecurityEvent.objects.create(
            kind=kind,
            user=user,
            request_id=request_id or current_request_id(),
            device=device.name,
            address=device.address,
        )
    logger.info("security event: %s, user %s", kind.value, user.pk if user else "unknown")
