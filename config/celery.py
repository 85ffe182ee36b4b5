import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

if METRICS_PORT := os.environ.get("METRICS_PORT"):  # of a worker; what counts opens files there as it is imported
    COUNTS = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    COUNTS.mkdir(parents=True, exist_ok=True)

app = Celery("marquee")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")


@worker_init.connect
def figures_serve(**_: Any) -> None:
    """What this worker's processes count, at METRICS_PORT: they share a directory as web workers do."""
    if METRICS_PORT:
        from prometheus_client import CollectorRegistry, start_http_server
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # registers itself
        start_http_server(int(METRICS_PORT), registry=registry)
