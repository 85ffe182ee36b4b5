"""Learning what `engines.attention` serves, with JAX and optax."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from apps.recommendations.engines.attention import Network
from apps.recommendations.engines.contract import FloatArray, IntArray
from apps.recommendations.engines.histories import Histories

ROWS = 16  # of events in a step; with 64 as much was learned only after twice the time
ROWS_AT_ONCE = 4  # of these, so many that what they need stays in a core's cache: half the time of all at once
START = 0.05  # standard deviation of the item vectors at the start
FILLING = 0.1  # of that, where a small catalogue has no factors
WARM_UP = 200  # steps; with fewer to go in all, the rate and the network's first say are a share of the full ones
FEWEST_ITEMS = 64  # smaller catalogues are filled up with films that nobody likes: one compiled step serves them all
LAST_RATE = 0.05  # of the learning rate, at the end of the cosine
WEIGHT_DECAY = 0.01
CONTEXT_EXPONENT = 0.75
EPSILON = 1e-6
DECAYED = {"item_vectors", "projections", "outputs", "widening", "narrowing"}
ADAM = optax.chain(
    optax.scale_by_adam(),
    optax.add_decayed_weights(WEIGHT_DECAY, mask=lambda weights: {name: name in DECAYED for name in weights}),
)

Parameters = dict[str, Any]  # jax arrays, by the names of engines.attention.WEIGHTS


class Batch(NamedTuple):
    """Rows of events of several histories, one after another; int32 but for ``dropped``.

    items, targets, owners: (n_rows, length); the target is the next like of the same owner, the owner -1 where the row
    is not full. dropped: uint8 (n_rows, 2 n_blocks + 1, length, d), random.
    """

    items: Any
    targets: Any
    owners: Any
    dropped: Any


def learned(
    histories: Histories,
    network: Network,
    together: csr_matrix,
    *,
    n_negatives: int,
    n_epochs: int,
    learning_rate: float,
    random_state: int,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, FloatArray]:
    """Weights of the network, by name, after ``n_epochs`` passes over all histories (Kang & McAuley, 2018).

    The loss is a softmax over the film that came next and ``n_negatives`` others that the batch shares (Klenitskiy &
    Vasilev, 2023). ``together`` is CSR (n_items, n_items), how often films are liked near each other: the item vectors
    start from it. ``progress`` is told the steps done and the steps to do.
    """
    rng = np.random.default_rng(random_state)
    n_rows = int(np.maximum(histories.lengths - 1, 0).sum()) // network.length + 2  # an offset may break one in two
    n_steps = n_epochs * -(-n_rows // ROWS)
    share = min(1.0, n_steps / WARM_UP)
    weights: Parameters = jax.tree.map(jnp.asarray, first_weights(together, network, rng, share))
    memory = ADAM.init(weights)
    step = _step(network)
    batches = _batches(histories, network, rng)
    n_known = len(weights["item_biases"])
    for done, rate in enumerate(learning_rate * share * _course(n_steps)):
        others = rng.choice(n_known, min(n_negatives, n_known), replace=False).astype(np.int32)
        weights, memory = step(weights, memory, next(batches), others, rate)
        if progress is not None:
            progress(done + 1, n_steps)
    learnt = {name: np.asarray(array) for name, array in weights.items()}
    n_items = together.shape[0]
    return {**learnt, **{name: learnt[name][:n_items] for name in ("item_vectors", "item_biases")}}


def first_weights(
    together: csr_matrix, network: Network, rng: np.random.Generator, share: float = 1.0
) -> dict[str, FloatArray]:
    """Where training starts: item vectors that know which films go together, the rest random.

    With a ``share`` of 0 the blocks change nothing, and what comes next is what goes with the newest like.
    """
    d, h, n_blocks = network.n_factors, network.hidden_width, network.n_blocks

    def drawn(*shape: int, spread: float) -> FloatArray:
        return rng.standard_normal(shape, dtype=np.float32) * np.float32(spread)

    # A head starts by looking near, the next one further away.
    slopes = 0.3 * 0.1 ** (np.arange(network.n_heads) % 2)
    nearness = -slopes[:, None] * np.arange(network.length)
    vectors = spectral_factors(together, d, rng)
    vectors = np.concatenate([vectors, drawn(max(FEWEST_ITEMS - len(vectors), 0), d, spread=START)])
    return {
        "item_vectors": vectors,
        "item_biases": np.zeros(len(vectors), dtype=np.float32),
        "distance_biases": np.repeat(nearness[None], n_blocks, axis=0).astype(np.float32),
        "projections": drawn(n_blocks, d, 3 * d, spread=d**-0.5),
        "outputs": drawn(n_blocks, d, d, spread=0.5 * share * d**-0.5),
        "widening": drawn(n_blocks, d, h, spread=d**-0.5),
        "widening_biases": np.zeros((n_blocks, h), dtype=np.float32),
        "narrowing": drawn(n_blocks, h, d, spread=0.5 * share * h**-0.5),
        "narrowing_biases": np.zeros((n_blocks, d), dtype=np.float32),
        "scales": np.ones((2 * n_blocks + 1, d), dtype=np.float32),
        "shifts": np.zeros((2 * n_blocks + 1, d), dtype=np.float32),
    }


def spectral_factors(together: csr_matrix, n_factors: int, rng: np.random.Generator) -> FloatArray:
    """(n_items, n_factors) float32 whose dot products follow the positive pointwise mutual information of films.

    Levy & Goldberg (2014). The factors are rotated at random, so that the heads get equal shares, and brought to the
    spread of an ordinary random start, which fills up what a small catalogue has no factors for.
    """
    n_items = together.shape[0]
    both = csr_matrix(together + together.T)
    sums = np.maximum(both.sum(axis=1).A1, EPSILON)
    context = sums**CONTEXT_EXPONENT
    context /= context.sum()
    pairs = both.tocoo()
    information = np.log(np.maximum(pairs.data, EPSILON) / (sums[pairs.row] * context[pairs.col]))
    positive = csr_matrix((np.maximum(information, 0).astype(np.float32), (pairs.row, pairs.col)), shape=both.shape)
    factors = rng.standard_normal((n_items, n_factors)) * (START * FILLING)
    rank = min(n_factors, n_items - 1)
    if rank > 0 and positive.count_nonzero():
        left, values, _ = svds(positive, k=rank, v0=rng.standard_normal(n_items).astype(np.float32))
        spectral = left * np.sqrt(values)
        factors[:, :rank] = spectral * (START / spectral.std())
    rotation = np.linalg.qr(rng.standard_normal((n_factors, n_factors)))[0]
    return np.asarray(factors @ rotation, dtype=np.float32)


def loss(weights: Parameters, batch: Batch, others: Any, network: Network) -> Any:
    """Sum over the events of the negative log-likelihood of what came next."""
    states = encode(weights, batch.items, batch.owners, network, batch.dropped).reshape(-1, network.n_factors)
    targets, vectors, biases = batch.targets.reshape(-1), weights["item_vectors"], weights["item_biases"]
    right = (states * vectors[targets]).sum(axis=-1) + biases[targets]
    wrong = states @ vectors[others].T + biases[others]
    wrong = jnp.where(others == targets[:, None], -1e9, wrong)
    highest = jax.lax.stop_gradient(jnp.maximum(wrong.max(axis=-1), right))
    total = jnp.exp(wrong - highest[:, None]).sum(axis=-1) + jnp.exp(right - highest)
    return ((jnp.log(total) + highest - right) * (batch.owners.reshape(-1) >= 0)).sum()


def encode(weights: Parameters, items: Any, owners: Any, network: Network, dropped: Any = None) -> Any:
    """The state after each event (n_rows, length, d), each seeing itself and what its owner did before it.

    ``dropped``: uint8 (n_rows, 2 n_blocks + 1, length, d); where it is under 256 times ``dropout`` a unit is left out.
    """
    place = np.arange(items.shape[1])
    seen = (place[:, None] >= place) & (owners[:, :, None] == owners[:, None, :])
    states = _drop(weights["item_vectors"][items], dropped, 0, network.dropout)
    for block in range(network.n_blocks):
        attended = _attended(weights, block, states, seen, network)
        states = states + _drop(attended, dropped, 2 * block + 1, network.dropout)
        normal = _normalized(weights, 2 * block + 1, states)
        wide = jax.nn.relu(normal @ weights["widening"][block] + weights["widening_biases"][block])
        narrow = wide @ weights["narrowing"][block] + weights["narrowing_biases"][block]
        states = states + _drop(narrow, dropped, 2 * block + 2, network.dropout)
    return _normalized(weights, 2 * network.n_blocks, states)


def _attended(weights: Parameters, block: int, states: Any, seen: Any, network: Network) -> Any:
    n_rows, length, d = states.shape
    width = d // network.n_heads
    distance = np.maximum(np.arange(length)[:, None] - np.arange(length), 0)
    projected = _normalized(weights, 2 * block, states) @ weights["projections"][block]
    split = projected.reshape(n_rows, length, 3, network.n_heads, width).transpose(2, 0, 3, 1, 4)
    logits = jnp.matmul(split[0] * np.float32(width**-0.5), split[1].swapaxes(-1, -2))
    logits += weights["distance_biases"][block][:, distance]
    # No maximum is taken off: logits of some sixty would have to be learned first, and they are cut there.
    attention = jnp.where(seen[:, None], jnp.exp(jnp.minimum(logits, 60.0)), 0.0)
    mixed = jnp.matmul(attention, split[2]) / (attention.sum(axis=-1, keepdims=True) + 1e-30)
    return mixed.transpose(0, 2, 1, 3).reshape(n_rows, length, d) @ weights["outputs"][block]


def _normalized(weights: Parameters, place: int, states: Any) -> Any:
    centred = states - states.mean(axis=-1, keepdims=True)
    rooted = jax.lax.rsqrt((centred * centred).mean(axis=-1, keepdims=True) + EPSILON)
    return centred * rooted * weights["scales"][place] + weights["shifts"][place]


def _drop(states: Any, dropped: Any, place: int, rate: float) -> Any:
    cut = round(256 * rate)
    if dropped is None or cut == 0:
        return states
    return jnp.where(dropped[:, place] >= cut, states * (256 / (256 - cut)), 0)


def _course(n_steps: int) -> FloatArray:
    """(n_steps,) float32: the share of the rate at each step, up in a line and down in a cosine."""
    steps, warm_up = np.arange(n_steps), min(WARM_UP, n_steps // 10)
    falling = (1 + np.cos(np.pi * (steps - warm_up) / max(n_steps - warm_up, 1))) / 2
    course = np.where(steps < warm_up, steps / max(warm_up, 1), LAST_RATE + (1 - LAST_RATE) * falling)
    return course.astype(np.float32)


@lru_cache(maxsize=8)
def _step(network: Network) -> Callable[[Parameters, Any, Batch, Any, Any], tuple[Parameters, Any]]:
    """One step of the optimizer, compiled: weights, its memory, rows, negatives and rate to weights and memory."""

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(weights: Parameters, memory: Any, batch: Batch, others: Any, rate: Any) -> tuple[Parameters, Any]:
        def add(total: Parameters, part: Batch) -> tuple[Parameters, None]:
            return jax.tree.map(jnp.add, total, jax.grad(loss)(weights, part, others, network)), None

        parts = jax.tree.map(lambda array: array.reshape(-1, ROWS_AT_ONCE, *array.shape[1:]), batch)
        total, _ = jax.lax.scan(add, jax.tree.map(jnp.zeros_like, weights), parts)
        n_events = jnp.maximum((batch.owners >= 0).sum(), 1)
        changes, memory = ADAM.update(jax.tree.map(lambda part: part / n_events, total), memory, weights)
        return optax.apply_updates(weights, jax.tree.map(lambda change: -rate * change, changes)), memory

    return step


def _batches(histories: Histories, network: Network, rng: np.random.Generator) -> Iterator[Batch]:
    """Epoch after epoch without end, all histories in a new order, written one after another into rows."""
    shape = (ROWS, 2 * network.n_blocks + 1, network.length, network.n_factors)
    while True:
        items, targets, owners = packed(histories, network.length, rng)
        for start in range(0, len(items), ROWS):
            part = slice(start, start + ROWS)
            dropped: NDArray[np.uint8] = np.frombuffer(rng.bytes(int(np.prod(shape))), np.uint8).reshape(shape)
            yield Batch(items[part], targets[part], owners[part], dropped)


def packed(
    histories: Histories, length: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Items, their next items and their owners, each int32 (n_rows, length), ``ROWS`` dividing n_rows.

    Nothing is padded but the last rows: where a row ends, a history goes on in another one, as if it began there. Where
    that is, is drawn anew each time, and so is the order of a history that has none.
    """
    inputs, targets, owners = [], [], []
    for row in rng.permutation(np.flatnonzero(histories.lengths > 1)):
        history = histories.of(row) if histories.ordered[row] else rng.permutation(histories.of(row))
        inputs.append(history[:-1])
        targets.append(history[1:])
        owners.append(np.full(len(history) - 1, row))
    before = int(rng.integers(length))
    n_events = before + sum(len(part) for part in inputs)
    n_rows = -(-n_events // (length * ROWS)) * ROWS
    order = rng.permutation(n_rows)

    def as_rows(parts: list[IntArray], filler: int) -> NDArray[np.int32]:
        flat = np.full(n_rows * length, filler, dtype=np.int32)
        if parts:
            flat[before:n_events] = np.concatenate(parts)
        return flat.reshape(n_rows, length)[order]

    return as_rows(inputs, 0), as_rows(targets, 0), as_rows(owners, -1)
