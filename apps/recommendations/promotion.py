"""Which trained model answers: the gate that a new one passes, and the way to another one and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from statistics import NormalDist
from typing import Any

from django.conf import settings

from apps.recommendations.artifacts import ArtifactCorrupt
from apps.recommendations.evaluation import Difference, difference, figure_to_compare_by
from apps.recommendations.model_card import RANDOM, Trial, best_engine
from apps.recommendations.models import ModelVersion
from apps.recommendations.registry import POPULAR
from apps.recommendations.serving import load
from utils.exceptions import ApplicationError

MIN_JUDGED = 25  # users; the figures of fewer say nothing
BASELINES = frozenset({POPULAR})
BESIDE = {
    "ndcg": "{engine} has ndcg@10 {ndcg:.4f}, popularity {popular:.4f}, chance {random:.4f}; ",
    "told_apart": "of films opened and passed over in a list {engine} has {told_apart:.4f} in this order, "
    "popularity {popular_told_apart:.4f}; ",
}


class ModelArtifactCorrupt(ApplicationError):
    status = 409
    code = "artifact_corrupt"
    message = "The arrays of this model cannot be read; the active one stays."


class NothingToRollBackTo(ApplicationError):
    status = 409
    code = "nothing_to_roll_back_to"
    message = "No model that answered before can be read; the active one stays."


class Reason(StrEnum):
    """Of a verdict; stable words."""

    BETTER = "better_than_popular"
    FEW_JUDGED = "too_few_judged"
    ONLY_POPULAR = "only_popular"
    NOT_BETTER = "not_better_than_popular"
    WORSE_THAN_ACTIVE = "worse_than_active"


@dataclass(frozen=True)
class Verdict:
    """Whether a model may answer, and the figures that say so: those of its best engine beside the baselines.

    judged_by: the figure that decided, ``told_apart`` where enough people were shown lists, or else ``ndcg``.
    ndcg, popular, random: ndcg@10, whichever decided.
    told_apart, popular_told_apart: None where too few were shown lists.
    difference: of that engine over popularity, user by user; its standard error, and 95 % as ``interval``.
    margin: what the difference has to exceed.
    lift: that engine's ndcg over popularity's; None where that did not decide, or popularity hit nothing.
    active_lift: that of the version it would take over from, each on its own data.
    """

    promoted: bool
    reason: Reason
    sentence: str
    engine: str | None = None
    judged_by: str | None = None
    ndcg: float | None = None
    popular: float | None = None
    random: float | None = None
    told_apart: float | None = None
    popular_told_apart: float | None = None
    difference: float | None = None
    error: float | None = None
    margin: float | None = None
    interval: tuple[float, float] | None = None
    lift: float | None = None
    active_lift: float | None = None


def promote(candidate: ModelVersion, trial: Trial) -> Verdict:
    """Let a candidate answer, or reject it, by what its trial showed; the verdict stands in its card."""
    verdict = judged(trial, active=ModelVersion.objects.active())
    candidate.card = {**candidate.card, "verdict": asdict(verdict)}
    if not verdict.promoted:
        candidate.status = ModelVersion.Status.REJECTED
    candidate.save(update_fields=["card", "status"])
    if verdict.promoted:
        ModelVersion.objects.activate(candidate)
    return verdict


def judged(trial: Trial, *, active: ModelVersion | None) -> Verdict:
    """Better than popularity by more than the error, and by ndcg its lift about as high as the active version's."""
    metrics = trial.metrics
    engine = best_engine(metrics, but=BASELINES)
    if engine is None or POPULAR not in metrics:
        sentence = "Promoted unjudged: nothing but popular films was trained."
        return Verdict(True, Reason.ONLY_POPULAR, sentence)
    figure = figure_to_compare_by(metrics, metrics)
    if figure == "ndcg" and trial.n_users < MIN_JUDGED:
        sentence = f"Promoted unjudged: {trial.n_users} users can be judged, {MIN_JUDGED} are needed."
        return Verdict(True, Reason.FEW_JUDGED, sentence)
    gained = _gained(trial, engine, figure)
    figures = Verdict(
        promoted=False,
        reason=Reason.NOT_BETTER,
        sentence="",
        engine=engine,
        judged_by=figure,
        ndcg=metrics[engine]["ndcg"],
        popular=metrics[POPULAR]["ndcg"],
        random=trial.judged[RANDOM].figures.ndcg,
        told_apart=metrics[engine]["told_apart"],
        popular_told_apart=metrics[POPULAR]["told_apart"],
        difference=gained.mean,
        error=gained.error,
        margin=gained.error * errors_above(len(metrics.keys() - BASELINES)),
        interval=gained.interval,
        lift=lift_of(metrics),
        active_lift=lift_of(active.metrics) if active else None,
    )
    return _decided(figures)


def lift_of(metrics: Mapping[str, Mapping[str, Any]]) -> float | None:
    """How many times popularity's ndcg the best engine has; None where that says nothing.

    Where engines are compared by what they tell apart there is none: how much that can be depends on whose lists were
    shown, and two versions were judged on different ones.
    """
    engine = best_engine(metrics, but=BASELINES)
    popular = metrics.get(POPULAR, {})
    if engine is None or not popular.get("ndcg") or popular["n_users"] < MIN_JUDGED:
        return None
    if figure_to_compare_by(metrics, metrics) != "ndcg":
        return None
    return float(metrics[engine]["ndcg"] / popular["ndcg"])


def errors_above(n_engines: int) -> float:
    """How many standard errors the best of so many must be above popularity; 1 where it is the only one.

    The best of several is above it by chance more often than one is, and this holds that to as often as for one
    (Sidak, 1967). Of the shuffled likes of the demo's community, nine engines got one above by 1.25 errors.
    """
    one = NormalDist().cdf(1)
    return NormalDist().inv_cdf(one ** (1 / n_engines))


def _gained(trial: Trial, engine: str, figure: str) -> Difference:
    if figure == "ndcg":
        return difference(trial.judged[engine], trial.judged[POPULAR])
    return Difference.of(trial.told_apart[engine], trial.told_apart[POPULAR])


def _decided(figures: Verdict) -> Verdict:
    told: dict[str, Any] = asdict(figures)
    beside = BESIDE[figures.judged_by or "ndcg"].format(**told)
    beside += "the difference is {difference:+.4f}, and has to exceed {margin:.4f}".format(**told)
    floor = figures.active_lift and figures.active_lift * (1 - settings.PROMOTION_TOLERANCE)
    if told["difference"] <= told["margin"]:
        return replace(figures, sentence=f"Rejected: {beside}.")
    if floor and figures.lift and figures.lift < floor:
        lifts = f"{figures.lift:.2f} times popularity, where the active model has {figures.active_lift:.2f} times"
        sentence = f"Rejected: {beside}. That is {lifts}, and {floor:.2f} is the least."
        return replace(figures, reason=Reason.WORSE_THAN_ACTIVE, sentence=sentence)
    return replace(figures, promoted=True, reason=Reason.BETTER, sentence=f"Promoted: {beside}.")


def model_activate(version: ModelVersion) -> None:
    """Let this version answer, whatever its verdict; raises ModelArtifactCorrupt, and the active one stays."""
    try:
        load(version)
    except ArtifactCorrupt as exc:
        raise ModelArtifactCorrupt(f"The arrays of {version.name} cannot be read; the active model stays.") from exc
    ModelVersion.objects.activate(version)


def model_roll_back() -> ModelVersion:
    """Let the version answer that answered before, the newest of those whose arrays can be read; raises
    NothingToRollBackTo. Twice is back where one was."""
    for version in ModelVersion.objects.that_answered():
        try:
            model_activate(version)
        except ModelArtifactCorrupt:
            continue
        return version
    raise NothingToRollBackTo
