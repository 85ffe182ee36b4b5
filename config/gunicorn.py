"""How the container serves config.wsgi. GUNICORN_CMD_ARGS="--workers 4" changes a value without a new image."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from utils.logs import logging_of

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"  # platforms that run containers say where they knock
preload_app = True  # the workers share what the code takes in memory, and a release that cannot start never listens
worker_class = "gthread"  # on SIGTERM sync workers reset the requests that wait in their queue
workers = 2
threads = 4
max_requests = 200_000  # so that no memory grows for ever; seldom, since each worker leaves its counts as a file
max_requests_jitter = 40_000
graceful_timeout = 30  # seconds; whoever stops the container must wait longer
keepalive = 75  # longer than a proxy keeps an idle connection, or it meets one that we just closed
worker_tmp_dir = "/dev/shm"  # noqa: S108  # nosec B108  # memory: heartbeats on a slow disk look like a dead worker
control_socket_disable = True  # it would be a file in a home directory that the runtime user does not have
forwarder_headers = ""  # by default a client on a trusted address can send SCRIPT_NAME, and gets a 500 for it

logconfig_dict = logging_of(form=os.environ.get("LOG_FORMAT", "json"), level=os.environ.get("LOG_LEVEL", "INFO"))

METRICS = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client looks for it as it is imported: each worker then writes there
OURS = "marquee-metrics-"
if METRICS not in os.environ:  # a reload runs this file again, and goes on counting where it was
    os.environ[METRICS] = tempfile.mkdtemp(prefix=OURS)
Path(os.environ[METRICS]).mkdir(parents=True, exist_ok=True)  # preloaded code opens files there before any hook runs


def on_starting(server: Any) -> None:
    """A directory that the environment names may hold the counts of an earlier run."""
    for counts in Path(os.environ[METRICS]).glob("*.db"):
        if counts.stem.rpartition("_")[2] != str(os.getpid()):
            counts.unlink()


def child_exit(server: Any, worker: Any) -> None:
    """What a dead worker counted stays; what it said of its own state goes."""
    from prometheus_client import multiprocess  # not above: it would be there before the directory is

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    if Path(os.environ[METRICS]).name.startswith(OURS):
        shutil.rmtree(os.environ[METRICS], ignore_errors=True)
