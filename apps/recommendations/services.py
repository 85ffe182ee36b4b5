"""The door for views: who is asking, which list answers, and the page of it."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import AnonymousUser

from apps.authentication.models import User
from apps.recommendations import registry
from apps.recommendations.answers import AlgorithmState, Cut, Recommendations, Wish
from apps.recommendations.choosing import engines_barred, list_of, why_not
from apps.recommendations.lists import list_found, lists_keep, lists_kept
from apps.recommendations.models import RecommendationList, Scenario
from apps.recommendations.pages import pages_of
from apps.recommendations.profile import Caller
from apps.recommendations.serving import Model, model_at

NEW = Cut()


def recommend_for(user: User, wish: Wish, cut: Cut = NEW) -> Recommendations:
    """A page of what to watch next. A list is made anew as soon as anything that it goes by has changed."""
    caller = Caller.of(user)
    model = model_of(caller)
    if cut.list_id:
        return page_shown(list_found(cut.list_id, owner=user.pk), cut, model, caller)
    question = f"{name_of(model)}:{caller.state}:{wish}"
    kept = lists_kept(user.pk, question)
    made = kept[0] if kept else list_of(model, caller, wish, scenario=Scenario.FOR_YOU)
    return page_shown(made, cut, model, caller, question="" if kept else question)


def page_shown(
    made: RecommendationList, cut: Cut, model: Model | None, caller: Caller, *, question: str = ""
) -> Recommendations:
    (page,) = pages_shown([(made, cut)], model, caller, question=question)
    return page


def pages_shown(
    asked: Sequence[tuple[RecommendationList, Cut]], model: Model | None, caller: Caller, *, question: str = ""
) -> list[Recommendations]:
    """A page of each list, which is kept as it is now: with what has been shown of it, and as what a question got."""
    lists = [made for made, _ in asked]
    before = [(made.shown, len(made.movies)) for made in lists]
    pages = pages_of(asked, model, caller)
    changed = [made for made, was in zip(lists, before, strict=True) if was != (made.shown, len(made.movies))]
    lists_keep(lists if question else changed, question)
    return pages


def model_of(caller: Caller) -> Model | None:
    """The model that is to answer this caller."""
    return model_at(*caller.model) if caller.model else None


def name_of(model: Model | None) -> str:
    """Of the model that answers, for a question to be kept under: while one loads, it is not yet the active one."""
    return f"{model.name}-fresh-{model.fresh}" if model else "no model"


def algorithms_for(user: User | AnonymousUser) -> list[AlgorithmState]:
    """Every engine, and whether it can answer this caller now."""
    caller = Caller.of(user)
    model = model_of(caller)
    profiles = caller.profiles(model.catalogue) if model else None
    barred = engines_barred()
    states = []
    for name, engine in registry.ENGINES.items():
        reason = why_not(model, profiles, name, barred)
        metrics = model.metrics.get(name) if model else None
        states.append(AlgorithmState(name, engine.tier, engine.description, reason is None, reason, metrics))
    return states
