"""Failures told to a Sentry, or to what speaks its language, without what would name a person."""

from __future__ import annotations

from typing import Any

from utils.logs import redacted


def report_to(dsn: str, *, release: str) -> None:
    """The package is the container's; elsewhere it is there only where somebody installed it."""
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        release=release,
        data_collection={
            "user_info": False,
            "cookies": {"mode": "off"},
            "http_headers": {"request": {"mode": "off"}},
            "http_bodies": [],
            "url_query_params": {"mode": "off"},
            "database_query_data": False,
            "stack_frame_variables": False,
        },
        before_send=_without_people,
        before_breadcrumb=_without_calls,
    )


def _without_calls(crumb: Any, _hint: object) -> Any:
    """None for a call of ours to elsewhere, which holds TMDb's key and what somebody looked for."""
    return None if crumb.get("category") == "httplib" else crumb


def _without_people(event: Any, _hint: object) -> Any:
    """Of the request only what it was for; no address, token or password in any text."""
    request = event.get("request") or {}
    event["request"] = {"method": request.get("method"), "url": str(request.get("url", "")).partition("?")[0]}
    event.pop("user", None)
    return redacted(event)
