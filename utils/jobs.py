"""Work that leaves the request: Celery where a broker is set, one background thread elsewhere, inline in tests."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from billiard.exceptions import WorkerLostError
from celery import Task, shared_task
from celery.exceptions import Retry
from celery.signals import task_failure
from django.conf import settings
from django.db import connections, transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

Observer = Callable[[str, float, str], None]

_observers: list[Observer] = []
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jobs")


def job(name: str, **options: Any) -> Callable[[Callable[..., object]], Any]:
    """Declare a function as a job: plain data in, safe to run twice. Options are Celery's, such as when to retry."""
    return shared_task(name=name, base=_ObservedTask, **options)


def on_run(observer: Observer) -> None:
    """Have a function told of every run that ended: the job's name, seconds, and the failure in words or ""."""
    _observers.append(observer)


class _ObservedTask(Task):  # type: ignore[type-arg]  # generic for its stubs alone
    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        began = time.monotonic()
        try:
            told = super().__call__(*args, **kwargs)
        except Retry:  # not over yet
            raise
        except BaseException as exc:
            _tell(self.name, time.monotonic() - began, f"{type(exc).__name__}: {exc}")
            raise
        _tell(self.name, time.monotonic() - began, "")
        return told


def _tell(name: str, seconds: float, failure: str) -> None:
    for observer in _observers:
        observer(name, seconds, failure)


@task_failure.connect
def _killed(sender: Any, exception: BaseException, **_: Any) -> None:
    """Of a process that was killed, as when memory is out, only the worker above it can tell."""
    if isinstance(exception, WorkerLostError):
        try:
            _tell(sender.name, 0.0, f"{type(exception).__name__}: {exception}")
        finally:
            connections.close_all()


def enqueue(task: Any, **kwargs: Any) -> None:
    """Run a job soon, once the current transaction is committed."""
    transaction.on_commit(partial(_dispatch, task, kwargs))


def _dispatch(task: Any, kwargs: dict[str, Any]) -> None:
    if settings.CELERY_BROKER_URL and _queued(task, kwargs):
        return
    if settings.JOBS_EAGER:
        task(**kwargs)
    else:
        _thread.submit(_run, task, kwargs)


def _queued(task: Any, kwargs: dict[str, Any]) -> bool:
    try:
        task.apply_async(kwargs=kwargs)
    except OperationalError:
        logger.warning("the broker does not answer: this process runs job %s itself", task.name)
        return False
    return True


def _run(task: Any, kwargs: dict[str, Any]) -> None:
    """In the background thread: a failure belongs in the log, since nobody waits for the result."""
    try:
        task(**kwargs)
    except BaseException:
        logger.exception("job %s failed", task.name)
        raise
    finally:
        connections.close_all()
