"""Why TMDb gave no record."""


class TMDbError(Exception):
    """TMDb gave no record. The text holds a status and an endpoint's name: no URL, no secret."""

    outcome = "fault"


class TMDbUnauthorised(TMDbError):
    """Our credential is not accepted: a fault of configuration, at which a job should stop."""

    outcome = "unauthorised"


class TMDbGone(TMDbError):
    """There is no such thing: an answer, not a failure."""

    outcome = "gone"


class TMDbRefused(TMDbError):
    """Our request is wrong, and would be again."""

    outcome = "refused"


class TMDbUnavailable(TMDbError):
    """TMDb cannot be asked just now; ``retry_after`` seconds on it may be."""

    def __init__(self, message: str, *, retry_after: float | None = None, asked: bool = True) -> None:
        self.retry_after = 5.0 if retry_after is None else retry_after
        self.told_to_wait = retry_after or 0.0
        self.asked = asked  # False where no request was sent, and so none is worth repeating
        super().__init__(message)


class TMDbThrottled(TMDbUnavailable):
    outcome = "throttled"
