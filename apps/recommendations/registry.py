"""Which engines there are, by name. Reads no database, so that anything may import it."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from apps.recommendations.engines.blend import Blend
from apps.recommendations.engines.contract import Engine

# A new engine is a file in `engines/` named as the engine is, and its line here. This is the order they are shown and
# fitted in: what is made of others comes after them.
NAMES = (
    "popular",
    "trending",
    "genre_affinity",
    "similar",
    "co_favorited",
    "matrix_factorization",
    "knn",
    "content_based",
    "neural_cf",
    "sequential",
    "ensemble",
    "hybrid",
)

POPULAR = "popular"  # stands in before the first training, and fills pages that an engine leaves short


def _engine_class(name: str) -> type[Engine]:
    """The one engine of this name that its module defines."""
    module = import_module(f"apps.recommendations.engines.{name}")
    engines = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Engine)]
    return next(engine for engine in engines if getattr(engine, "name", "") == name)


ENGINES: dict[str, type[Engine]] = {name: _engine_class(name) for name in NAMES}
READ_CONTENT = frozenset(name for name, engine in ENGINES.items() if engine.reads_content)


def build(name: str, **params: Any) -> Engine:
    """An unfitted engine; KeyError for a name we do not have, TypeError for a parameter that it does not take."""
    return ENGINES[name](**params)


def parts_of(names: Iterable[str]) -> set[str]:
    """The engines that these are made of."""
    blends = [engine for engine in map(build, names) if isinstance(engine, Blend)]
    return {part for blend in blends for part in blend.members}
