"""The fresh layer: over the engines of a training, what can be counted anew every minute.

Each layer is an artifact of its own, ROOT/VERSION-fresh-NUMBER, and is made from all that came since the training:
nothing is ever counted twice, and what was taken back is out with the next one. It holds

- ``co_favorited`` and the Markov chain of ``sequential`` with the likes that came since;
- ``content_based`` with the films that came since, which have a place in the catalogue behind those of the training.

Whatever else the training made says of its own films what it said before, and has no opinion on the new ones.
"""

from __future__ import annotations

import logging
import re
import shutil
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from apps.movies.models import Movie
from apps.recommendations.artifacts import SHARED, Artifact, ArtifactCorrupt, read_artifact, write_artifact
from apps.recommendations.catalogue import Catalogue
from apps.recommendations.choosing import engines_barred
from apps.recommendations.engines.co_favorited import CoFavorited
from apps.recommendations.engines.content_based import ContentBased
from apps.recommendations.engines.contract import Array, Engine
from apps.recommendations.engines.sequential import Sequential
from apps.recommendations.models import ModelVersion
from apps.recommendations.news import News, events
from apps.recommendations.serving import Model, artifact_of
from apps.recommendations.widened import narrowed, widened
from utils.database import alone

logger = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=2)  # a row has the time of its writing, and is seen when its transaction commits
KEPT_LAYERS = 2  # the newest, and the one that some process may be about to read
KNOW_NEW_FILMS = {CoFavorited.name, ContentBased.name}  # of the engines in a layer
FINGERPRINT = "fingerprint"

_trained = lru_cache(maxsize=1)(read_artifact)  # a version's files never change


def refresh() -> None:
    """Make the active version's next layer, if the library or the catalogue has changed; else nothing is written.

    What has changed is asked past a watermark, ``fresh_at``. From the training itself to then, what matters is when a
    row was first told: a rating that moved from one side to the other, and what was taken back of what the training
    had counted, are for the next training.
    """
    with alone("fresh layer") as ours:
        version = ModelVersion.objects.active()
        if version is None or not ours:
            return
        try:
            _refresh(version)
        except ArtifactCorrupt:
            logger.exception("model %s gets no fresh layer", version.name)


def with_fresh_layer(model: Model, number: int) -> Model:
    """A model without a layer, with the one of this number; ArtifactCorrupt where that cannot be read."""
    layer = read_artifact(_layer(model.name, number))
    try:
        catalogue = Catalogue.from_arrays(layer.shared)
    except KeyError as exc:
        raise ArtifactCorrupt(f"Layer {number} of {model.name} has no {exc} of the catalogue.") from exc
    n_known, n_items = len(model.catalogue.item_ids), len(catalogue.item_ids)
    engines = model.engines | layer.engines
    if n_items > n_known:
        narrow = engines.keys() - (layer.engines.keys() & KNOW_NEW_FILMS)
        engines |= {name: widened(engines[name], n_known=n_known, n_items=n_items) for name in narrow}
    return replace(model, engines=engines, catalogue=catalogue, fresh=number)


def forget_layers(version: ModelVersion, *, kept: int = 0) -> None:
    """Delete the layers of a version, but for the newest so many."""
    numbers = sorted(_numbers(version.name))
    for number in numbers[: len(numbers) - kept]:
        shutil.rmtree(_layer(version.name, number), ignore_errors=True)


def _refresh(version: ModelVersion) -> None:
    read_at = timezone.now()
    trained = _trained(artifact_of(version))
    catalogue = Catalogue.from_arrays(trained.shared)
    if _nothing_since_the_watermark(version, catalogue):
        return
    news = News.since(version.trained_at, catalogue)
    number = version.fresh
    if not _is_told(news, version):
        number = max({*_numbers(version.name), version.fresh}) + 1
        _write(trained, news, version.name, number)
    same = ModelVersion.objects.filter(pk=version.pk, status=ModelVersion.Status.ACTIVE, fresh=version.fresh)
    same.update(fresh=number, fresh_at=read_at)
    forget_layers(version, kept=KEPT_LAYERS)


def _nothing_since_the_watermark(version: ModelVersion, catalogue: Catalogue) -> bool:
    if version.fresh_at is None:
        return False
    if version.fresh not in {0, *_numbers(version.name)}:  # deleted
        return False
    watermark = version.fresh_at - OVERLAP
    newer = Movie.objects.filter(pk__gt=int(catalogue.item_ids[-1]))
    changed = Q(updated_at__gte=watermark) | Q(fetched_at__gte=watermark) | Q(detailed_at__gte=watermark)
    return next(events(since=watermark), None) is None and not newer.filter(changed).exists()


def _is_told(news: News, version: ModelVersion) -> bool:
    """Whether the version's layer holds just these news; without one, whether there are none."""
    if not version.fresh:
        return not news
    try:
        told = np.load(_layer(version.name, version.fresh) / SHARED / f"{FINGERPRINT}.npy", allow_pickle=False)
    except (OSError, ValueError):
        return False
    return bytes(told.tobytes()).decode(errors="replace") == news.fingerprint


def _write(trained: Artifact, news: News, name: str, number: int) -> None:
    fingerprint: Array = np.frombuffer(news.fingerprint.encode(), dtype=np.uint8)
    shared = {**news.catalogue.to_arrays(), FINGERPRINT: fingerprint}
    path = _layer(name, number)
    write_artifact(path.parent, path.name, _engines(trained, news), shared)


def _engines(trained: Artifact, news: News) -> dict[str, Engine]:
    """Those of the trained engines that the news change, each as it is with them."""
    before, after = news.changed_users()
    engines: dict[str, Engine] = {}
    for name, engine in trained.engines.items():
        match engine:
            case CoFavorited() if news.events:
                engines[name] = engine.with_changes(before, after)
            case Sequential() if news.events and "markov" in engine.members:
                n_known = len(engine.audience)
                engines[name] = engine.with_changes(narrowed(before, n_known), narrowed(after, n_known))
            case ContentBased() if news.films.n_items and name not in engines_barred():
                engines[name] = engine.with_items(news.films)
    return engines


def _layer(name: str, number: int) -> Path:
    return Path(settings.ARTIFACT_ROOT) / f"{name}-fresh-{number}"


def _numbers(name: str) -> set[int]:
    """Of the layers of a version that are on disk."""
    own = re.compile(re.escape(name) + r"-fresh-(\d+)")
    found = (own.fullmatch(path.name) for path in Path(settings.ARTIFACT_ROOT).glob(f"{name}-fresh-*"))
    return {int(match[1]) for match in found if match}
