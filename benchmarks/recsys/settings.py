"""Which engines are judged on which protocol, with which hyperparameters, and how these were found.

To add an engine, add a Variant. One that is not in the registry yet is passed over. Every grid was searched on the
`valid` part of its protocol alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.recommendations.engines.blend import Blend
from apps.recommendations.engines.contract import Engine
from apps.recommendations.registry import ENGINES, build
from benchmarks.recsys.baselines import Random


@dataclass(frozen=True)
class Variant:
    """One engine at one setting, named as its files are.

    fitted_by: another variant of the protocol, whose learned arrays this one takes over instead of learning.
    zeroed: learned arrays that are set to zero before it is judged.
    members: the variants it blends; it is judged against the best of them, user by user.
    ablation: a part of an engine, or an engine less a part; shown below the table, and never the best other.
    grid: the hyperparameters that were tried on the validation part, in words.
    """

    name: str
    engine: str
    params: Mapping[str, Any] = field(default_factory=dict)
    fitted_by: str = ""
    zeroed: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    ablation: bool = False
    grid: str = ""

    @property
    def exists(self) -> bool:
        return self.engine in ENGINES or self.engine == Random.name

    @property
    def is_seeded(self) -> bool:
        """Whether there is chance in it; what has none is run once."""
        return seeded(self.engine, self.params, 0) != seeded(self.engine, self.params, 1)

    def build(self, seed: int) -> Engine:
        """The engine, not fitted."""
        return build_engine(self.engine, seeded(self.engine, self.params, seed))

    def take_over(self, fitted: Engine, seed: int) -> Engine:
        """The engine with what another has learned, ``zeroed`` of it set to zero."""
        state = {name: array * 0 if name in self.zeroed else array for name, array in fitted.state().items()}
        engine = self.build(seed).restore(state)
        if isinstance(engine, Blend) and isinstance(fitted, Blend):
            engine.join(fitted.parts)
        return engine


def build_engine(name: str, params: Mapping[str, Any]) -> Engine:
    """An engine of the registry, or the drawing of lots; KeyError, TypeError."""
    return Random(**params) if name == Random.name else build(name, **params)


def seeded(name: str, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The hyperparameters with ``seed`` where chance comes in, in the engines too that a blend is made of."""
    every = build_engine(name, params).params()
    told = dict(params)
    if "random_state" in every:
        told.setdefault("random_state", seed)
    if isinstance(members := every.get("members"), Mapping):
        told["members"] = {member: seeded(member, given, seed) for member, given in members.items()}
    return told


SEEDS = (0, 1, 2)
BASELINES = (Variant("random", "random"), Variant("popularity", "popular"))
NO_STARS = {"stars": False}  # the rating head is judged by itself, and never ranks

FACTORS_OF_HYBRID = {
    "n_factors": 192,
    "n_sweeps": 16,
    "unobserved_weight": 0.1,
    "regularization": 0.01,
    **NO_STARS,
}

# iALS by protocol: sizes and weights of Rendle et al. (2021), where their data are ours.
FACTORS: dict[str, dict[str, Any]] = {
    "ml100k-ms": {"n_factors": 64, "n_sweeps": 16, "unobserved_weight": 0.2, "regularization": 0.02, **NO_STARS},
    "ncf-ml1m": {"n_factors": 192, "n_sweeps": 12, "unobserved_weight": 0.3, "regularization": 0.007, **NO_STARS},
    "liang-ml1m": FACTORS_OF_HYBRID,
    "seq-ml1m": FACTORS_OF_HYBRID,
    "cold-ml1m": FACTORS_OF_HYBRID,
}
FACTORS_GRID = {
    "ml100k-ms": "n_factors 64, 128; unobserved_weight .1-.3; regularization .015-.03",
    "ncf-ml1m": "none of ours: Rendle et al. (2021)",
    "liang-ml1m": "none of ours: Rendle et al. (2021)",
}
EASE_GRID = (
    "user_damping 0-1, ridge exponent -.5-1, its factor 60-800, target_damping -.1-.3, 200-1,000 a row; both sets"
)
WALK_GRID = "target_damping .4-.5, shrinkage 0-.1, 60-100 neighbours, hub_damping .3-.4; both sets"
VIEWER_GRID = "user_damping .3-.45, target_damping .3, 200-400 neighbours, power 2-3; both sets"
NEURAL_GRID = (
    "13 single-seed runs: learning rate .0003-.003, softmax or BCE, how fast vectors move, popularity discount"
)
CONTENT_GRID = "field weights, length_damping 0-1, centring .3-1, on cold folds of the training part"
ATTENTION_GRID = "warm start or none, learning rate .002-.007, rows of 16-32, 2-30 epochs; attention_weight 0-1"
MARKOV_GRID = "window 5-8, exponents of gap, count, source, target and age, memory 15-40"
HYBRID_GRID = "prior_likes 5-40, ridge 3-100, n_factors 32-192, weights 0-2 (sequence 1-8), on three validation parts"
# Vectors that begin at random have further to go: the pace of the network, a higher rate, more epochs.
RANDOM_START = {"warm_start": False, "learning_rate": 0.003, "vector_pace": 1.0, "n_epochs": 30}
EASE: dict[str, dict[str, Any]] = {"ml100k-ms": {}, "ncf-ml1m": {}, "liang-ml1m": {}, "seq-ml1m": {}}


def _factorization(protocol: str, *, ablation: bool = False) -> Variant:
    return Variant(
        "matrix_factorization",
        "matrix_factorization",
        FACTORS[protocol],
        ablation=ablation,
        grid=FACTORS_GRID.get(protocol, ""),
    )


def _neighbourhoods(protocol: str) -> tuple[Variant, ...]:
    """EASE, and the two members that look at neighbours alone."""
    return (
        Variant("knn", "knn", EASE[protocol], grid=EASE_GRID),
        Variant("knn_items", "knn", {"member": "item"}, ablation=True, grid=WALK_GRID),
        Variant("knn_neighbours", "knn", {"member": "user"}, grid=VIEWER_GRID),
    )


def _ensemble(protocol: str) -> Variant:
    members = {"matrix_factorization": FACTORS[protocol], "knn": EASE[protocol]}
    return Variant("ensemble", "ensemble", {"members": members}, members=tuple(members))


def _hybrid(protocol: str, *members: str) -> Variant:
    """One setting for all protocols. Where nothing has an order the sequence counts nothing: its network is spared."""
    sequence = {} if protocol == "seq-ml1m" else {"members": ["markov"]}
    parts = {
        "matrix_factorization": FACTORS_OF_HYBRID,
        "knn": {},
        "sequential": sequence,
        "content_based": {},
        "genre_affinity": {},
    }
    return Variant("hybrid", "hybrid", {"members": parts}, members=members, grid=HYBRID_GRID)


SETTINGS: dict[str, tuple[Variant, ...]] = {
    "ml100k-ms": (
        *BASELINES,
        _factorization("ml100k-ms"),
        *_neighbourhoods("ml100k-ms"),
        _ensemble("ml100k-ms"),
    ),
    "ncf-ml1m": (
        *BASELINES,
        _factorization("ncf-ml1m"),
        Variant("knn", "knn", EASE["ncf-ml1m"]),
        Variant("neural_cf", "neural_cf", grid=NEURAL_GRID),
        Variant("neural_cf_random_start", "neural_cf", RANDOM_START, ablation=True),
        Variant("neural_cf_no_mlp", "neural_cf", {"mlp_weight": 0.0}, fitted_by="neural_cf", ablation=True),
        _ensemble("ncf-ml1m"),
    ),
    "liang-ml1m": (
        *BASELINES,
        _factorization("liang-ml1m"),
        *_neighbourhoods("liang-ml1m"),
        Variant("content_based", "content_based", ablation=True),
        _ensemble("liang-ml1m"),
        _hybrid("liang-ml1m", "matrix_factorization", "knn", "content_based"),
    ),
    "seq-ml1m": (
        *BASELINES,
        Variant("sequential", "sequential", members=("sequential_attention", "sequential_markov"), grid=ATTENTION_GRID),
        Variant(
            "sequential_attention", "sequential", {"members": ["attention"]}, fitted_by="sequential", ablation=True
        ),
        Variant("sequential_markov", "sequential", {"members": ["markov"]}, ablation=True, grid=MARKOV_GRID),
        _factorization("seq-ml1m", ablation=True),
        Variant("knn", "knn", EASE["seq-ml1m"], ablation=True),
        _hybrid("seq-ml1m", "sequential", "matrix_factorization", "knn"),
    ),
    "cold-ml1m": (
        *BASELINES,
        Variant("content_based", "content_based", grid=CONTENT_GRID),
        _hybrid("cold-ml1m", "content_based"),
    ),
    "rmse-ml100k": (Variant("matrix_factorization", "matrix_factorization", {"stars": True}),),
    "rmse-ml1m": (Variant("matrix_factorization", "matrix_factorization", {"stars": True, "star_factors": 20}),),
}


def variants(protocol: str) -> list[Variant]:
    """Those that can be run, in the order of the table."""
    return [variant for variant in SETTINGS[protocol] if variant.exists]


def variant_named(protocol: str, name: str) -> Variant:
    """KeyError where the protocol has none of this name."""
    found = {variant.name: variant for variant in SETTINGS[protocol]}
    return found[name]
