"""Self-attention over a history, as numpy serves it; `training.attention` learns what is served here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from apps.recommendations.engines.contract import FloatArray, IntArray

CHUNK = 64  # histories encoded at once: 4 MiB of attention a head at 128 events
LOWEST = np.float32(-1e9)  # the attention logit of what must not be seen
EPSILON = np.float32(1e-6)

# What is learned, d the number of factors, h the width of a block's hidden layer; all float32.
WEIGHTS = (
    "item_vectors",  # (n_items, d), both what goes in and what is predicted
    "item_biases",  # (n_items,)
    "distance_biases",  # (n_blocks, n_heads, length), the taste of a head for what lies so many events back
    "projections",  # (n_blocks, d, 3 d), queries, keys and values side by side
    "outputs",  # (n_blocks, d, d)
    "widening",  # (n_blocks, d, h)
    "widening_biases",  # (n_blocks, h)
    "narrowing",  # (n_blocks, h, d)
    "narrowing_biases",  # (n_blocks, d)
    "scales",  # (2 n_blocks + 1, d), of the normalizations: two in each block, one at the end
    "shifts",  # (2 n_blocks + 1, d)
)
Weights = Mapping[str, FloatArray]


@dataclass(frozen=True)
class Network:
    """The shape of a network; see ``Sequential`` for what the numbers mean."""

    n_factors: int
    n_blocks: int
    n_heads: int
    hidden_width: int
    length: int
    dropout: float


def no_weights(n_items: int) -> dict[str, FloatArray]:
    """Arrays of no factors and no blocks, where attention is not a member."""
    empty = {name: np.zeros((0, 0), dtype=np.float32) for name in WEIGHTS}
    return {**empty, "item_vectors": np.zeros((n_items, 0), np.float32), "item_biases": np.zeros(n_items, np.float32)}


def next_item_scores(weights: Weights, recent: list[IntArray]) -> FloatArray:
    """(n_histories, n_items) float32: how well each film would come next after each history, oldest first, none empty.

    Only the newest ``length`` events are read. The scores are logits: their differences matter, not their level.
    """
    scores = np.empty((len(recent), len(weights["item_vectors"])), dtype=np.float32)
    for start in range(0, len(recent), CHUNK):
        states = encode(weights, recent[start : start + CHUNK])
        np.matmul(states, weights["item_vectors"].T, out=scores[start : start + CHUNK])
    scores += weights["item_biases"]
    return scores


def encode(weights: Weights, recent: list[IntArray]) -> FloatArray:
    """(n_histories, d) float32: the state of the network after the last event of each history."""
    n_blocks, _, length = weights["distance_biases"].shape
    recent = [history[-length:] for history in recent]
    lengths = np.array([len(history) for history in recent])
    width = int(lengths.max(initial=0))
    items = np.zeros((len(recent), width), dtype=np.int64)
    for row, history in enumerate(recent):  # padded on the right: nothing looks ahead, so no one sees it
        items[row, : len(history)] = history
    states = weights["item_vectors"][items]
    last = lengths[:, None] - 1
    for block in range(n_blocks):
        asked = last if block == n_blocks - 1 else np.arange(width)[None]  # what the others come to, nobody reads
        states = np.take_along_axis(states, asked[:, :, None], axis=1) + _attended(weights, block, states, asked)
        states = states + _transformed(weights, block, states)
    return _normalized(weights, 2 * n_blocks, states[:, 0])


def _attended(weights: Weights, block: int, states: FloatArray, asked: IntArray) -> FloatArray:
    """What the events at ``asked`` take from themselves and those before them, (n_histories, n_asked, d).

    ``asked`` is (n_histories, n_asked) int64, or (1, n_asked) for the same in all histories.
    """
    n_heads = weights["distance_biases"].shape[1]
    d = states.shape[-1]
    normal = _normalized(weights, 2 * block, states)
    projection = weights["projections"][block]
    queries = _heads(np.take_along_axis(normal, asked[:, :, None], axis=1) @ projection[:, :d], n_heads)
    keys = _heads(normal @ projection[:, d : 2 * d], n_heads)
    values = _heads(normal @ projection[:, 2 * d :], n_heads)
    distance = asked[:, None, :, None] - np.arange(states.shape[1])
    heads = np.arange(n_heads)[:, None, None]
    biases = np.where(distance < 0, LOWEST, weights["distance_biases"][block][heads, np.maximum(distance, 0)])
    logits = queries @ keys.swapaxes(-1, -2) * np.float32(np.sqrt(n_heads / d)) + biases
    attention = np.exp(logits - logits.max(axis=-1, keepdims=True))
    attention /= attention.sum(axis=-1, keepdims=True)
    joined = (attention @ values).swapaxes(1, 2)
    return np.asarray(joined.reshape(*joined.shape[:2], d) @ weights["outputs"][block])


def _heads(vectors: FloatArray, n_heads: int) -> FloatArray:
    """(n_histories, n_events, d) as (n_histories, n_heads, n_events, d / n_heads)."""
    return vectors.reshape(*vectors.shape[:2], n_heads, -1).swapaxes(1, 2)


def _transformed(weights: Weights, block: int, states: FloatArray) -> FloatArray:
    """The hidden layer of a block, each event by itself."""
    wide = _normalized(weights, 2 * block + 1, states) @ weights["widening"][block] + weights["widening_biases"][block]
    narrow = np.maximum(wide, 0) @ weights["narrowing"][block]
    return np.asarray(narrow + weights["narrowing_biases"][block])


def _normalized(weights: Weights, place: int, states: FloatArray) -> FloatArray:
    centred = states - states.mean(axis=-1, keepdims=True)
    deviation = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + EPSILON)
    return np.asarray(centred / deviation * weights["scales"][place] + weights["shifts"][place])
