"""The active model in this process: mapped from disk on first use, swapped when another version is activated."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from django.conf import settings

from apps.recommendations.artifacts import ArtifactCorrupt, read_artifact
from apps.recommendations.catalogue import Catalogue
from apps.recommendations.engines.contract import Engine
from apps.recommendations.evaluation import figure_to_compare_by
from apps.recommendations.models import ModelVersion

logger = logging.getLogger(__name__)


ENOUGH_JUDGED = 100  # people of one length of history, for figures of their own: with fewer, chance chooses


@dataclass(frozen=True)
class Model:
    """A version's engines, ready to score, and what is said about them.

    segments: of its card: people by length of history, with the ndcg of each engine on them.
    fresh: the number of the layer over them that knows what was done since the training; 0 without one.
    """

    pk: int
    name: str
    trained_at: datetime
    learned_from: dict[str, Any]
    metrics: dict[str, dict[str, Any]]
    engines: dict[str, Engine]
    catalogue: Catalogue
    segments: Sequence[Mapping[str, Any]] = ()
    fresh: int = 0

    def best_of(self, names: Collection[str], *, n_likes: int) -> str:
        """The engine that did best of these: at telling apart what was opened of lists from what was passed over.

        Where that is not known, by ndcg, for people with as many likes, where enough of them were judged.
        """
        figure = figure_to_compare_by(self.metrics, names)
        figures = {name: self.metrics[name][figure] for name in names}
        if figure != "ndcg":
            return max(figures, key=figures.__getitem__)
        for segment in self.segments:
            in_it = segment["from"] <= n_likes and (segment["to"] is None or n_likes <= segment["to"])
            if in_it and segment["users"] >= ENOUGH_JUDGED:
                figures |= {name: segment["ndcg"][name] for name in names if name in segment["ndcg"]}
        return max(figures, key=figures.__getitem__)


class _Loaded(NamedTuple):
    """What this process serves: the number of the layer asked for, the model with it, and the model alone.

    Where a layer cannot be read, ``model`` goes without it, and only another number is a reason to try again.
    """

    number: int
    model: Model
    trained: Model


_lock = Lock()
_loaded: _Loaded | None = None
_refused: int | None = None  # the version whose artifact could not be read


def active_model() -> Model | None:
    """The active version, for one query; None before the first training."""
    active = ModelVersion.objects.filter(status=ModelVersion.Status.ACTIVE).values_list("pk", "fresh").first()
    return model_at(*active) if active else None


def model_at(pk: int | None, fresh: int) -> Model | None:
    """The active version, for those who have read which it is; without a query while this process has it.

    Where its artifact cannot be read, the version that this process served before stays; a process that has served
    none takes the last good one. It is tried again when another one has been active. While one thread loads, the
    others go on with what is there.
    """
    global _refused
    if pk is None:
        return None
    if pk != _refused:
        _refused = None
    if not _settled(pk, fresh) and _lock.acquire(blocking=_loaded is None):
        try:
            _swap(pk, fresh)
        finally:
            _lock.release()
    return _loaded.model if _loaded else None


def _settled(pk: int, fresh: int) -> bool:
    """Whether nothing is to be loaded; of two layers the newer stays, whoever asked before it was there."""
    if pk == _refused:
        return True
    return _loaded is not None and _loaded.model.pk == pk and _loaded.number >= fresh


def _swap(pk: int, fresh: int) -> None:
    """Load a version or its layer, under the lock: without it every first request would load a copy of its own."""
    global _loaded, _refused
    if _settled(pk, fresh):
        return
    if _loaded and _loaded.trained.pk == pk:
        _loaded = _with_layer(_loaded.trained, fresh)
        return
    version = ModelVersion.objects.filter(pk=pk).first()
    if version is None:  # deleted since its number was read
        return
    try:
        _loaded, _refused = _with_layer(load(version), fresh), None
    except ArtifactCorrupt:
        _refused = pk
        logger.exception("model %s is not served", version.name)
        _loaded = _loaded or next(_good_ones(), None)


def _good_ones() -> Iterator[_Loaded]:
    """Versions that answered before and can be read, the one that answered last first."""
    for version in ModelVersion.objects.that_answered():
        try:
            model = load(version)
        except ArtifactCorrupt as exc:
            logger.info("nor can model %s be served: %s", version.name, exc)
            continue
        logger.warning("model %s stands in", version.name)
        yield _with_layer(model, version.fresh)


def artifact_of(version: ModelVersion) -> Path:
    """The directory of a version's arrays."""
    return Path(settings.ARTIFACT_ROOT) / version.name


def load(version: ModelVersion) -> Model:
    """A version's model, without a layer; ArtifactCorrupt where it cannot be read."""
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
        segments=version.card.get("segments", ()),
        engines=artifact.engines,
        catalogue=catalogue,
    )


def _with_layer(trained: Model, number: int) -> _Loaded:
    """The model with its layer of this number; without one where there is none, or it cannot be read."""
    if not number:
        return _Loaded(number, trained, trained)
    from apps.recommendations.fresh import with_fresh_layer  # which wraps the Model of this file

    try:
        return _Loaded(number, with_fresh_layer(trained, number), trained)
    except ArtifactCorrupt:
        logger.exception("layer %s of model %s is not served", number, trained.name)
        return _Loaded(number, trained, trained)


def model_health() -> str:
    """For readiness: without a model the popular films still answer."""
    version = ModelVersion.objects.active()
    if version is None:
        return "degraded: nothing trained yet"
    model = model_at(version.pk, version.fresh)
    if _refused != version.pk:
        return "ok"
    stand_in = f", {model.name} answers" if model else ""
    return f"degraded: {version.name} cannot be read{stand_in}"
