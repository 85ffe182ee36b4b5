"""The active model in this process: mapped from disk on first use, swapped when another version is activated."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from django.conf import settings

from apps.recommendations.artifacts import ArtifactCorrupt, read_artifact
from apps.recommendations.catalogue import Catalogue
from apps.recommendations.engines.contract import Engine
from apps.recommendations.models import ModelVersion

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Model:
    """A version's engines, ready to score, and what is said about them."""

    pk: int
    name: str
    trained_at: datetime
    learned_from: dict[str, Any]
    metrics: dict[str, dict[str, float]]
    engines: dict[str, Engine]
    catalogue: Catalogue


_lock = Lock()
_loaded: Model | None = None
_refused: int | None = None  # the version whose artifact could not be read


def active_model() -> Model | None:
    """The active version, for one query; None before the first training.

    Where its artifact cannot be read, the version that this process served before stays; it is tried again when
    another one has been active. While one thread loads, the others go on with what is there.
    """
    version = ModelVersion.objects.active()
    if version is None:
        return None
    if version.pk not in (_loaded and _loaded.pk, _refused) and _lock.acquire(blocking=_loaded is None):
        try:
            _swap(version)
        finally:
            _lock.release()
    return _loaded


def _swap(version: ModelVersion) -> None:
    """Load a version, under the lock: without it every first request would load a copy of its own."""
    global _loaded, _refused
    if _loaded and _loaded.pk == version.pk:
        return
    try:
        _loaded, _refused = _load(version), None
    except ArtifactCorrupt:
        _refused = version.pk
        logger.exception("model %s is not served", version.name)


def artifact_of(version: ModelVersion) -> Path:
    """The directory of a version's arrays."""
    return Path(settings.ARTIFACT_ROOT) / version.name


def _load(version: ModelVersion) -> Model:
    artifact = read_artifact(artifact_of(version))
    try:
        catalogue = Catalogue.from_arrays(artifact.shared)
    except KeyError as exc:  # written by a release whose catalogue held less
        raise ArtifactCorrupt(f"The artifact of {version.name} has no {exc} of the catalogue.") from exc
    return Model(
        pk=version.pk,
        name=version.name,
        trained_at=version.trained_at,
        learned_from=version.learned_from,
        metrics=version.metrics,
        engines=artifact.engines,
        catalogue=catalogue,
    )


def model_health() -> str:
    """For readiness: without a model the popular films still answer."""
    version = ModelVersion.objects.active()
    if version is None:
        return "degraded: nothing trained yet"
    model = active_model()
    return "ok" if model and model.pk == version.pk else f"degraded: {version.name} cannot be read"
