import logging

from apps.recommendations.fresh import refresh
from apps.recommendations.lists import lists_trim
from apps.recommendations.training import AlreadyTraining, NothingToLearn, train
from utils.jobs import job

logger = logging.getLogger(__name__)


@job("recommendations.train")
def train_models() -> None:
    """Nightly, and from the admin; a no-op while nothing has changed."""
    try:
        report = train(if_changed=True, say=logger.info)
    except (NothingToLearn, AlreadyTraining) as exc:
        logger.warning("%s", exc)
        return
    if report.is_new and report.is_rejected:
        logger.warning("model %s does not answer. %s", report.version.name, report.version.card["verdict"]["sentence"])


@job("recommendations.refresh")
def refresh_model() -> None:
    """Every minute, between two trainings; nothing is written where nothing has changed."""
    refresh()


@job("recommendations.trim_lists")
def trim_lists() -> None:
    lists_trim()
