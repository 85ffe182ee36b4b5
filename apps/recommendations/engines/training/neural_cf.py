"""Learns neural collaborative filtering: hide some of what each user likes, ask for it, follow the gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import FloatArray, IntArray

Weights = dict[str, FloatArray]
Traced = dict[str, jax.Array]  # the same, while JAX works on them
FoldIn = Callable[[csr_matrix], FloatArray]
Progress = Callable[[int, int], None]

HIDDEN = 0.1, 0.5  # the least and the largest share of a history that is hidden
FEWEST_STEPS = 100  # where an epoch has few
RIVALS = 99  # unseen films that a hidden like should come before, as in the paper's own measure
VECTORS = "item_factors", "history_factors"
NEVER = -1e9  # the logit of what is no rival


@dataclass(frozen=True)
class Plan:
    """How to learn: the hyperparameters of the engine that the learner reads."""

    n_factors: int
    n_hidden: int
    n_epochs: int
    learning_rate: float
    vector_pace: float
    popularity_discount: float
    batch_size: int
    n_candidates: int
    mlp_weight: float


class Batch(NamedTuple):
    """Some users, what of their likes is shown, and what is asked.

    shown: float32 (n_rows, n_items), the confidence of the likes that are shown.
    folded_in: float32 (n_rows, n_factors), the solve over them; (n_rows, 1) where there is none.
    candidates: int64 (n_candidates,), the films asked for.
    asked: float32 (n_rows, n_candidates), the hidden likes among them: confidence times a discount for popularity.
    """

    shown: FloatArray
    folded_in: FloatArray
    candidates: IntArray
    asked: FloatArray


def train(
    likes: csr_matrix,
    plan: Plan,
    rng: np.random.Generator,
    *,
    anchors: FloatArray,
    fold_in: FoldIn,
    progress: Progress | None = None,
) -> Weights:
    """Weights learned from ``likes``, CSR (n_users, n_items) float32, named and shaped as in ``beginning``.

    ``anchors``, float32 (n_items, n_factors), is where the film vectors begin; (n_items, 0) for a random start.
    ``fold_in`` gives histories (n_rows, n_items) what their vectors begin with, (n_rows, n_factors) or (n_rows, 1).
    ``progress`` is told the steps done and their total, after each.
    """
    weights = beginning(likes.shape[1], plan, rng, anchors)
    rows = np.flatnonzero(np.diff(likes.indptr) > 1)  # of one like, nothing could be shown
    if not len(rows):
        return weights
    batch_size = min(plan.batch_size, len(rows))
    steps_an_epoch = len(rows) // batch_size
    n_epochs = max(plan.n_epochs, -(-FEWEST_STEPS // steps_an_epoch))
    total = n_epochs * steps_an_epoch
    learned = jax.device_put(weights)
    state = _at_rest(learned, plan, total)
    for done, batch in enumerate(_batches(likes, rows, batch_size, n_epochs, plan, rng, fold_in), start=1):
        learned, state = _step(learned, state, batch, plan, total)
        if progress:
            progress(done, total)
    return {name: np.asarray(values) for name, values in learned.items()}


def beginning(n_items: int, plan: Plan, rng: np.random.Generator, anchors: FloatArray) -> Weights:
    """Weights before the first step, all float32, d = n_factors, h = n_hidden, g = h // 2.

    item_factors and history_factors (n_items, d), item_biases (n_items,), gmf_weights (d,), user_layer and item_layer
    (d, h), first_biases (h,), second_layer (h, g), second_biases (g,), output (g,).
    """
    d, h, g = plan.n_factors, plan.n_hidden, plan.n_hidden // 2

    def normal(*shape: int, scale: float) -> FloatArray:
        return np.float32(scale) * rng.standard_normal(shape, dtype=np.float32)

    warm = anchors.shape[1] > 0
    return {
        "item_factors": anchors.copy() if warm else normal(n_items, d, scale=d**-0.5),
        "history_factors": normal(n_items, d, scale=0.001 if warm else d**-0.5),
        "item_biases": np.zeros(n_items, dtype=np.float32),
        "gmf_weights": np.full(d, 10 if warm else 1, dtype=np.float32),
        "user_layer": normal(d, h, scale=3 * d**-0.5),
        "item_layer": normal(d, h, scale=3 * d**-0.5),
        "first_biases": np.zeros(h, dtype=np.float32),
        "second_layer": normal(h, g, scale=(2 / h) ** 0.5),
        "second_biases": np.zeros(g, dtype=np.float32),
        "output": np.zeros(g, dtype=np.float32),
    }


def logits(weights: Traced, shown: jax.Array, folded_in: jax.Array, candidates: jax.Array, mlp: float) -> jax.Array:
    """(n_rows, n_candidates): GMF and ``mlp`` times the MLP, of these histories and films."""
    mass = jnp.maximum(shown.sum(axis=1, keepdims=True), 1e-6)
    towers = folded_in + shown @ weights["history_factors"] / jnp.sqrt(mass)
    items = weights["item_factors"][candidates]
    scores = (towers * weights["gmf_weights"]) @ items.T + weights["item_biases"][candidates]
    if not mlp:
        return scores
    of_users = towers @ weights["user_layer"] + weights["first_biases"]
    first = jax.nn.relu(of_users[:, None, :] + items @ weights["item_layer"])
    second = jax.nn.relu(first @ weights["second_layer"] + weights["second_biases"])
    return scores + mlp * (second @ weights["output"])


def loss(weights: Traced, batch: Batch, mlp: float) -> jax.Array:
    """Sampled softmax: each hidden like against RIVALS of the candidates that are neither shown nor hidden likes.

    Rivals are not drawn: the sum over all of them is scaled to so many. A user with n hidden counts as the root of n.
    """
    shown, folded_in, candidates, asked = map(jnp.asarray, batch)
    scores = logits(weights, shown, folded_in, candidates, mlp)
    rival = (shown[:, candidates] == 0) & (asked == 0)
    n_rivals = jnp.maximum(rival.sum(axis=1, keepdims=True), 1)
    rivals = jax.nn.logsumexp(jnp.where(rival, scores, NEVER), axis=1, keepdims=True) + jnp.log(RIVALS / n_rivals)
    lost = (asked * jax.nn.softplus(rivals - scores)).sum(axis=1)
    return (lost / jnp.sqrt(jnp.maximum(asked.sum(axis=1), 1e-6))).mean()


def _optimizer(weights: Traced, plan: Plan, total: int) -> optax.GradientTransformation:
    """Adam with a warm-up and a cosine's decay; the vectors at their own pace."""
    return optax.chain(
        optax.adam(optax.warmup_cosine_decay_schedule(0, plan.learning_rate, total // 20, total)),
        optax.masked(optax.scale(plan.vector_pace), {name: name in VECTORS for name in weights}),
    )


@partial(jax.jit, static_argnames=("plan", "total"))  # of the module, so that fits alike compile once
def _at_rest(weights: Traced, plan: Plan, total: int) -> optax.OptState:
    return _optimizer(weights, plan, total).init(weights)


@partial(jax.jit, static_argnames=("plan", "total"), donate_argnames=("weights", "state"))
def _step(
    weights: Traced, state: optax.OptState, batch: Batch, plan: Plan, total: int
) -> tuple[Traced, optax.OptState]:
    """One step down the gradient."""
    slope = jax.grad(loss)(weights, batch, plan.mlp_weight)
    updates, state = _optimizer(weights, plan, total).update(slope, state, weights)
    return optax.apply_updates(weights, updates), state


def _batches(
    likes: csr_matrix,
    rows: IntArray,
    batch_size: int,
    n_epochs: int,
    plan: Plan,
    rng: np.random.Generator,
    fold_in: FoldIn,
) -> Iterator[Batch]:
    """Every epoch all of ``rows`` in another order, but for the few that fill no batch."""
    counts = np.bincount(likes.indices, minlength=likes.shape[1]).astype(np.float32)
    liked = np.flatnonzero(counts)
    discounts = (np.maximum(counts, 1) / counts[likes.indices].mean()) ** -plan.popularity_discount
    for _ in range(n_epochs):
        order = rng.permutation(rows)
        for start in range(0, len(rows) - batch_size + 1, batch_size):
            whole = likes[order[start : start + batch_size]]
            shown = _shown(whole, rng)
            candidates = liked
            if len(liked) > plan.n_candidates:
                candidates = np.sort(rng.choice(liked, plan.n_candidates, replace=False))
            seen = shown.toarray()
            asked = ((whole.toarray() - seen) * discounts)[:, candidates]
            yield Batch(seen, fold_in(shown), candidates, asked)


def _shown(whole: csr_matrix, rng: np.random.Generator) -> csr_matrix:
    """The likes less those that are hidden: of each row a share of its own."""
    shares = np.repeat(rng.uniform(*HIDDEN, whole.shape[0]), np.diff(whole.indptr))
    kept = rng.random(whole.nnz) >= shares
    kept_before = np.concatenate(([0], np.cumsum(kept)))
    return csr_matrix((whole.data[kept], whole.indices[kept], kept_before[whole.indptr]), shape=whole.shape)
