import logging

from django.db import DatabaseError

from apps.operations.models import ApiUsage, JobRecord
from utils.jobs import job
from utils.logs import redacted

logger = logging.getLogger(__name__)

KEEP_USAGE = 90  # days


def job_record(name: str, seconds: float, failure: str) -> None:
    """Keep what became of a run; a database that is away must not make a job fail that did its work."""
    try:
        JobRecord.objects.record(name, seconds=seconds, error=redacted(failure))
    except DatabaseError:
        logger.exception("the run of job %s is not on record", name)


@job("operations.forget_usage")
def forget_usage() -> None:
    ApiUsage.objects.older_than(KEEP_USAGE).delete()
