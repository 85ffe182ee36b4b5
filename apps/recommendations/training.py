"""Training: learn from the tables, judge by time, write the artifact, let it answer if it is good enough."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter

import numpy as np
from django.conf import settings
from django.utils import timezone
from numpy.typing import NDArray

from apps.recommendations import registry
from apps.recommendations.artifacts import ArtifactCorrupt, forget_drafts, only_writer, read_artifact, write_artifact
from apps.recommendations.choosing import engines_barred
from apps.recommendations.dataset import TrainingData, training_data
from apps.recommendations.engines.blend import Blend
from apps.recommendations.engines.contract import Dataset, Engine, TrainingRequirementsMissing
from apps.recommendations.evaluation import TimeSplit, judge, random_lists, rank_for, time_split
from apps.recommendations.fresh import forget_layers
from apps.recommendations.model_card import RANDOM, Trial, learned_from, model_card
from apps.recommendations.models import ModelVersion
from apps.recommendations.passed_over import MIN_PEOPLE, pairs_since, told_apart
from apps.recommendations.promotion import promote
from apps.recommendations.serving import artifact_of

KEPT_ARTIFACTS = 3  # the active one and two to go back to
K = 10  # films a list, where it is judged


class NothingToLearn(Exception):
    """No film, or nobody who liked one."""


class AlreadyTraining(Exception):
    """Another process trains into the same artifacts."""


@dataclass(frozen=True)
class TrainingReport:
    """The version that came of it, or that made it needless."""

    version: ModelVersion
    is_new: bool

    @property
    def is_rejected(self) -> bool:
        """Whether it is not to answer; ``version.card["verdict"]`` says why."""
        return self.version.status == ModelVersion.Status.REJECTED


def train(
    *, names: Sequence[str] = registry.NAMES, if_changed: bool = False, say: Callable[[str], None] = lambda line: None
) -> TrainingReport:
    """Train these engines on everything in the tables; popular always, since it fills the pages of the others.

    Those that TRAIN_ON_TMDB_CONTENT bars are left out, and so are those that learn with what is not installed.
    With ``if_changed``, only where the active version lacks one of them, cannot be read, or learned from other data;
    and not where the same data have made a version that was rejected. Raises NothingToLearn, AlreadyTraining.
    """
    with only_writer(settings.ARTIFACT_ROOT) as is_only:
        if not is_only:
            raise AlreadyTraining("A training is running; it will know what this one would have learned.")
        return _train(names, if_changed, say)


def _train(names: Sequence[str], if_changed: bool, say: Callable[[str], None]) -> TrainingReport:
    barred = engines_barred()
    wanted = {registry.POPULAR, *names} - barred
    wanted |= registry.parts_of(wanted) - barred
    names = _learnable([name for name in registry.NAMES if name in wanted], say)
    read_at = timezone.now()  # what comes later is for the fresh layer
    data = training_data()
    if not data.dataset.profiles.likes.nnz:
        raise NothingToLearn("There are no likes to learn from: run load_demo or import_movielens first.")
    if if_changed and (before := _trained_before(data.fingerprint, names)):
        return TrainingReport(before, is_new=False)
    say(f"{data.dataset.n_users} users, {data.dataset.n_items} films, {data.dataset.profiles.interactions.nnz} signals")
    trial = _try(names, data, say)
    say("fitting on everything")
    engines, fit_seconds = fit_all(names, data.dataset, say)
    version = ModelVersion(
        name=f"{timezone.now():%Y%m%dT%H%M%S%f}-{data.fingerprint[:8]}",
        trained_at=read_at,
        fingerprint=data.fingerprint,
        learned_from=learned_from(data),
        metrics=trial.metrics,
        card=model_card(data, trial, engines, fit_seconds),
    )
    write_artifact(settings.ARTIFACT_ROOT, version.name, engines, data.catalogue.to_arrays())
    version.save()
    promote(version, trial)
    _forget_old_artifacts()
    return TrainingReport(version, is_new=True)


def _trained_before(fingerprint: str, names: Sequence[str]) -> ModelVersion | None:
    """The version that learned these engines from the same data, and answers or was found not good enough to."""
    active = ModelVersion.objects.active()
    if active and active.fingerprint == fingerprint and _holds(active, names):
        return active
    rejected = ModelVersion.objects.filter(fingerprint=fingerprint, status=ModelVersion.Status.REJECTED)
    return next((version for version in rejected if set(names) <= version.metrics.keys()), None)


def _holds(version: ModelVersion, names: Sequence[str]) -> bool:
    """Whether these engines can be read from the version's artifact."""
    try:
        return set(names) <= read_artifact(artifact_of(version)).engines.keys()
    except ArtifactCorrupt:
        return False


def fit_all(
    names: Sequence[str], dataset: Dataset, say: Callable[[str], None] = lambda line: None
) -> tuple[dict[str, Engine], dict[str, float]]:
    """These engines, fitted, and the seconds each took; those that are made of others take them from here.

    In the order of the registry.
    """
    fitted: dict[str, Engine] = {}
    seconds: dict[str, float] = {}
    for name in names:
        started = perf_counter()
        engine = registry.build(name)
        fitted[name] = engine.fit_on(dataset, fitted) if isinstance(engine, Blend) else engine.fit(dataset)
        seconds[name] = perf_counter() - started
        say(f"{name:22} {seconds[name]:6.1f} s")
    return fitted, seconds


def _learnable(names: list[str], say: Callable[[str], None]) -> list[str]:
    """Without those that need what is not installed; what that is, and whom it stops, is said."""
    hungry = [name for name in names if registry.ENGINES[name].needs_training_requirements]
    try:
        if hungry:
            import_module("apps.recommendations.engines.training")
    except TrainingRequirementsMissing as exc:
        say(f"{exc}. Not trained: {', '.join(hungry)}.")
        return [name for name in names if name not in hungry]
    return names


def _try(names: Sequence[str], data: TrainingData, say: Callable[[str], None]) -> Trial:
    """Each engine, fitted on the older four fifths, and chance, on what people came to like since."""
    split = time_split(data.dataset)
    engines, _ = fit_all(names, split.train)
    judged = {name: judge(rank_for(engine, split, K), split) for name, engine in engines.items()}
    judged[RANDOM] = judge(random_lists(split, K), split)
    for name, judging in judged.items():
        say(f"{name:22} ndcg@{K} {judging.figures.ndcg:.4f}   recall@{K} {judging.figures.recall:.4f}")
    return Trial(split, judged, _told_apart(engines, split, data))


def _told_apart(engines: Mapping[str, Engine], split: TimeSplit, data: TrainingData) -> dict[str, NDArray[np.float64]]:
    """By engine, of each person what it tells apart of their lists; empty where too few were shown any."""
    pairs = pairs_since(split, data.user_ids)
    if len(pairs.rows) < MIN_PEOPLE:
        return {}
    return {name: told_apart(engine, split, pairs) for name, engine in engines.items()}


def _forget_old_artifacts() -> None:
    """Keep the active version, the one to go back to however old it is, and the newest of the others."""
    kept = list(ModelVersion.objects.that_answered()[:1])
    others = ModelVersion.objects.exclude(status=ModelVersion.Status.ACTIVE).exclude(pk__in=[v.pk for v in kept])
    for version in others[KEPT_ARTIFACTS - 1 - len(kept) :]:
        _forget(version)
    forget_drafts(settings.ARTIFACT_ROOT)


def _forget(version: ModelVersion) -> None:
    """Delete its arrays; what is told of it stays."""
    forget_layers(version)
    shutil.rmtree(artifact_of(version), ignore_errors=True)


def forget_all_artifacts() -> int:
    """Delete every trained model; how many there were. Answers are popular films until the next training."""
    versions = list(ModelVersion.objects.all())
    for version in versions:
        _forget(version)
    ModelVersion.objects.all().delete()
    return len(versions)
