"""Training: learn from the tables, judge by time, write the artifact, make it the one that answers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter

from django.conf import settings
from django.utils import timezone

from apps.recommendations import registry
from apps.recommendations.artifacts import ArtifactCorrupt, read_artifact, write_artifact
from apps.recommendations.dataset import TrainingData, training_data
from apps.recommendations.engines.blend import Blend
from apps.recommendations.engines.contract import Dataset, Engine, TrainingRequirementsMissing
from apps.recommendations.evaluation import evaluate, time_split
from apps.recommendations.models import ModelVersion
from apps.recommendations.services import engines_barred
from apps.recommendations.serving import artifact_of

KEPT_ARTIFACTS = 3  # the active one and two to go back to


class NothingToLearn(Exception):
    """No film, or nobody who liked one."""


@dataclass(frozen=True)
class TrainingReport:
    version: ModelVersion
    is_new: bool


def train(
    *, names: Sequence[str] = registry.NAMES, if_changed: bool = False, say: Callable[[str], None] = lambda line: None
) -> TrainingReport:
    """Train these engines on everything in the tables; popular always, since it fills the pages of the others.

    Those that TRAIN_ON_TMDB_CONTENT bars are left out, and so are those that learn with what is not installed.
    With ``if_changed``, only where the active version lacks one of them, cannot be read, or learned from other data.
    Raises NothingToLearn.
    """
    barred = engines_barred()
    wanted = {registry.POPULAR, *names} - barred
    wanted |= registry.parts_of(wanted) - barred
    names = _learnable([name for name in registry.NAMES if name in wanted], say)
    data = training_data()
    if not data.dataset.profiles.likes.nnz:
        raise NothingToLearn("There are no likes to learn from: run load_demo or import_movielens first.")
    active = ModelVersion.objects.active()
    if if_changed and active and active.fingerprint == data.fingerprint and _holds(active, names):
        return TrainingReport(active, is_new=False)
    say(f"{data.dataset.n_users} users, {data.dataset.n_items} films, {data.dataset.profiles.interactions.nnz} signals")
    version = ModelVersion(
        name=f"{timezone.now():%Y%m%dT%H%M%S%f}-{data.fingerprint[:8]}",
        fingerprint=data.fingerprint,
        learned_from={
            "films": data.dataset.n_items,
            "signals": int(data.dataset.profiles.interactions.nnz),
            "users": data.users_by_kind,
        },
        metrics=_judge(names, data, say),
    )
    say("fitting on everything")
    engines = fit_all(names, data.dataset, say)
    write_artifact(settings.ARTIFACT_ROOT, version.name, engines, data.catalogue.to_arrays())
    ModelVersion.objects.activate(version)
    _forget_old_artifacts(previous=active)
    return TrainingReport(version, is_new=True)


def _holds(version: ModelVersion, names: Sequence[str]) -> bool:
    """Whether these engines can be read from the version's artifact."""
    try:
        return set(names) <= read_artifact(artifact_of(version)).engines.keys()
    except ArtifactCorrupt:
        return False


def fit_all(
    names: Sequence[str], dataset: Dataset, say: Callable[[str], None] = lambda line: None
) -> dict[str, Engine]:
    """These engines, fitted; those that are made of others take them from here. In the order of the registry."""
    fitted: dict[str, Engine] = {}
    for name in names:
        started = perf_counter()
        engine = registry.build(name)
        fitted[name] = engine.fit_on(dataset, fitted) if isinstance(engine, Blend) else engine.fit(dataset)
        say(f"{name:22} {perf_counter() - started:6.1f} s")
    return fitted


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


def _judge(names: Sequence[str], data: TrainingData, say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Each engine, fitted on the older four fifths, on what people came to like since."""
    split = time_split(data.dataset)
    metrics = {}
    for name, engine in fit_all(names, split.train).items():
        metrics[name] = evaluate(engine, split).as_dict()
        say(f"{name:22} ndcg@10 {metrics[name]['ndcg']:.4f}   recall@10 {metrics[name]['recall']:.4f}")
    return metrics


def _forget_old_artifacts(*, previous: ModelVersion | None) -> None:
    """Keep the active version, the one that answered until now however old it is, and the newest of the others."""
    kept = [previous.pk] if previous else []
    others = ModelVersion.objects.filter(status=ModelVersion.Status.RETIRED).exclude(pk__in=kept)
    for version in others[KEPT_ARTIFACTS - 1 - len(kept) :]:
        shutil.rmtree(artifact_of(version), ignore_errors=True)


def forget_all_artifacts() -> int:
    """Delete every trained model; how many there were. Answers are popular films until the next training."""
    versions = list(ModelVersion.objects.all())
    for version in versions:
        shutil.rmtree(artifact_of(version), ignore_errors=True)
    ModelVersion.objects.all().delete()
    return len(versions)
