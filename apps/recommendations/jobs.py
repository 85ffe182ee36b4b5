import logging

from apps.recommendations.training import NothingToLearn, train
from utils.jobs import job

logger = logging.getLogger(__name__)


@job("recommendations.train")
def train_models() -> None:
    """Nightly, and from the admin; a no-op while nothing has changed."""
    try:
        train(if_changed=True, say=logger.info)
    except NothingToLearn as exc:
        logger.warning("%s", exc)
