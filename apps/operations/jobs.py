import logging

from django.db import Error as DatabaseFailure
from django.db import connection

from apps.operations.models import ApiUsage, JobRecord
from utils.jobs import job
from utils.logs import redacted

logger = logging.getLogger(__name__)

KEEP_USAGE = 90  # days


def job_record(name: str, seconds: float, failure: str) -> None:
    """Keep what became of a run; a database that is away must not make a job fail that did its work."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()  # a run that lost its connection is told of through another
    try:
        JobRecord.objects.record(name, seconds=seconds, error=redacted(failure))
    except DatabaseFailure:
        logger.exception("the run of job %s is not on record", name)


@job("operations.forget_usage")
def forget_usage() -> None:
    ApiUsage.objects.older_than(KEEP_USAGE).delete()
