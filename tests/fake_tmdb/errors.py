"""TMDb's refusals: HTTP status, its own status_code and text."""

from typing import Any


class Refusal(Exception):
    """An answer in TMDb's error format."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"success": False, "status_code": code, "status_message": message}


def unauthorized() -> Refusal:
    return Refusal(401, 7, "Invalid API key: You must be granted a valid key.")


def not_found() -> Refusal:
    return Refusal(404, 34, "The resource you requested could not be found.")


def invalid_page() -> Refusal:
    return Refusal(400, 22, "Invalid page: Pages start at 1 and max at 500. They are expected to be an integer.")


def invalid_date() -> Refusal:
    return Refusal(400, 23, "Invalid date: Format needs to be YYYY-MM-DD.")


def invalid_date_range() -> Refusal:
    return Refusal(422, 20, "Invalid date range: Should be a range no longer than 14 days.")


def too_many_parts() -> Refusal:
    return Refusal(400, 27, "Too many append to response objects: The maximum number of remote calls is 20.")


def too_many_requests() -> Refusal:
    return Refusal(429, 25, "Your request count (41) is over the allowed limit of (40).")


def internal_error() -> Refusal:
    return Refusal(500, 11, "Internal error: Something went wrong, contact TMDB.")


def offline() -> Refusal:
    return Refusal(503, 9, "Service offline: This service is temporarily offline, try again later.")
