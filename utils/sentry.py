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
    )


def _without_people(event: Any, _hint: object) -> Any:
    """Of the request only what it was for; no address, token or password in any text."""
    request = event.get("request") or {}
    event["request"] = {"method": request.get("method"), "url": str(request.get("url", "")).partition("?")[0]}
    event.pop("user", None)
    return _redacted(event)


def _redacted(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _redacted(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_redacted(value) for value in told]
    return redacted(told) if isinstance(told, str) else told
