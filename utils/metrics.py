"""What is counted in this server's processes, added up: for Prometheus at /metrics, and for the staff's page."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

Figure = tuple[dict[str, str], float]  # labels, value

_state = CollectorRegistry()  # what is so, whichever process is asked, beside what each has counted

FORWARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")  # what proxies add


class MetricsMiddleware:
    """/metrics: all figures in Prometheus' text form, for a Prometheus inside the network alone.

    It is no secret to the operator and no business of strangers: they come in through a proxy, which says so in a
    header, and are told that nothing is here. A server that is reachable without a proxy shows it to everybody.
    Answered ahead of every check of the Host header and of HTTPS: a scrape comes as http://web:8000/metrics.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_scrape = request.path == "/metrics" and request.method == "GET"
        if not is_scrape or any(header in request.headers for header in FORWARDED):
            return self.get_response(request)
        text = generate_latest(_registry()) + generate_latest(_state)
        response = HttpResponse(text, content_type=CONTENT_TYPE_LATEST)
        response["Cache-Control"] = "no-store"
        return response


def register_collector(collector: Collector) -> None:
    """Have ``collect`` asked at every scrape, by the process that answers it."""
    _state.register(collector)


def samples() -> dict[str, list[Figure]]:
    """All that was counted until now, by name; a name of which nothing was counted yet has none."""
    figures: dict[str, list[Figure]] = defaultdict(list)
    for metric in _registry().collect():
        for sample in metric.samples:
            figures[sample.name].append((dict(sample.labels), sample.value))
    return figures


def _registry() -> CollectorRegistry:
    """This process's own; where config/gunicorn.py set a directory, the files that its workers keep there."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # registers itself
    return registry
