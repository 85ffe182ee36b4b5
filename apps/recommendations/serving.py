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


def active_model() -> Model | None:
    """The active version, for one query; None before the first training.

    Where its artifact cannot be read, the version that this process served before stays.
    """
    global _loaded
    version = ModelVersion.objects.active()
    if version is None:
        return None
    if _loaded and _loaded.pk == version.pk:
        return _loaded
    with _lock:  # without it every first request loads a copy of its own
        if _loaded is None or _loaded.pk != version.pk:
            try:
                _loaded = _load(version)
            except ArtifactCorrupt:
                logger.exception("model %s is not served", version.name)
        return _loaded


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
