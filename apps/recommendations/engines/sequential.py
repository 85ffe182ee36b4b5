"""What comes next: the order of what somebody liked, read by self-attention and by a Markov chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix

from apps.recommendations.engines.attention import WEIGHTS, Network, Weights, next_item_scores, no_weights
from apps.recommendations.engines.cells import among
from apps.recommendations.engines.contract import (
    LEFT_OUT_IN_TURN,
    NO_OPINION,
    Dataset,
    Engine,
    FloatArray,
    IntArray,
    Profiles,
    Tier,
)
from apps.recommendations.engines.histories import Histories, histories
from apps.recommendations.engines.markov import Counting, followed, moved, recency, transitions, undamped

MEMBERS = "attention", "markov"
SHORTEST = 16  # events, where no history is as long as `length`
SHUFFLES = 4  # of likes that have no order, for a network that cannot read but in one

Scale = dict[str, tuple[FloatArray, FloatArray]]  # of each member, its mean and deviation


class Sequential(Engine):
    """Self-attention over the ordered likes (SASRec: Kang & McAuley, 2018), and a Markov chain that looks further back.

    **attention** scores film i by ``h . v_i + b_i``, h the state of a causal transformer after the newest like, v the
    vectors that it reads and predicts. Its heads know how many likes lie between two, by a learned bias, and no more of
    time. It is trained on every next like by a softmax over that film and ``n_negatives`` others (Klenitskiy & Vasilev,
    2023), and starts from the spectrum of what is liked near what.

    **markov** scores film i by the sum over the newest ``memory`` likes j, the newest of age 0, of

        (1 + age) ** -age_exponent * c_ji ** count_exponent / (n_j ** source_exponent * n_i ** target_exponent)

    n the likes of a film, c_ji the sum of ``gap ** -gap_exponent`` over the times that i came after j, at most
    ``window`` likes later. It needs neither JAX nor time, and serves whoever has just come.

    With both, a score is ``attention_weight`` of the one and the rest of the other, each as a z-score over the films of
    a profile. Dislikes are no part of a history, confidence is not read, and of timestamps only their order. Where all
    of a profile's are equal there is none: markov takes the average over all orders, attention that over a few drawn.

    After ``fit``: ``chain`` is CSR (n_items, n_items) float32, what markov sums, by rows j; ``audience`` (n_items,)
    int64, n; ``unliked`` (int64) the films that nobody likes, about which nothing is known; the others are the float32
    weights of the network, their shapes in ``attention.WEIGHTS``, ``length`` cut to the longest history. Who is no
    member leaves no cells.
    """

    name = "sequential"
    tier = Tier.ADVANCED
    description = "What people went on to after the films that you liked last."
    needs_training_requirements = True
    arrays = ("chain", "audience", "unliked", *WEIGHTS)

    chain: csr_matrix
    audience: IntArray
    unliked: IntArray

    progress: Callable[[int, int], None] | None = None  # told the steps done and their total while ``fit`` learns

    def __init__(
        self,
        *,
        members: Sequence[str] = MEMBERS,
        attention_weight: float = 0.8,
        n_factors: int = 64,
        n_blocks: int = 2,
        n_heads: int = 2,
        hidden_width: int = 64,
        length: int = 128,
        dropout: float = 0.2,
        n_negatives: int = 768,
        n_epochs: int = 30,
        learning_rate: float = 0.004,
        window: int = 8,
        gap_exponent: float = 0.7,
        count_exponent: float = 0.5,
        source_exponent: float = 0.3,
        target_exponent: float = 0.2,
        memory: int = 40,
        age_exponent: float = 1.0,
        random_state: int = 0,
    ) -> None:
        self.members = tuple(members)  # an artifact's manifest knows only lists
        self.attention_weight = attention_weight
        self.n_factors = n_factors
        self.n_blocks = n_blocks
        self.n_heads = n_heads
        self.hidden_width = hidden_width
        self.length = length
        self.dropout = dropout
        self.n_negatives = n_negatives
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.window = window
        self.gap_exponent = gap_exponent
        self.count_exponent = count_exponent
        self.source_exponent = source_exponent
        self.target_exponent = target_exponent
        self.memory = memory
        self.age_exponent = age_exponent
        self.random_state = random_state

    def fit(self, dataset: Dataset) -> Self:
        """Learn from ``dataset``; ValueError for a parameter out of its range, ImportError without JAX and optax."""
        self._check_params()
        past = histories(dataset.profiles)
        likes = np.bincount(past.items, minlength=dataset.n_items)
        counts = followed(past, dataset.n_items, self._counting)
        weights = no_weights(dataset.n_items)
        if "attention" in self.members:
            from apps.recommendations.engines.training import attention as learner

            weights = learner.learned(
                past,
                self._network(past),
                counts,
                n_negatives=self.n_negatives,
                n_epochs=self.n_epochs,
                learning_rate=self.learning_rate,
                random_state=self.random_state,
                progress=self.progress,
            )
        if "markov" in self.members:
            self.chain = transitions(counts, likes, self._counting)
        else:
            self.chain = csr_matrix((dataset.n_items, dataset.n_items), dtype=np.float32)
        for name in WEIGHTS:
            setattr(self, name, weights[name])
        self.audience, self.unliked = likes, np.flatnonzero(likes == 0)
        return self

    def with_changes(self, before: Profiles, after: Profiles) -> Sequential:
        """One whose markov counts some users as they are ``after``, not as they were ``before``, when ``fit`` saw them.

        Attention is what it was, and has not learned the films that nobody liked: they stay unknown to both.
        """
        self.check_fitted()
        if "markov" not in self.members:
            return self
        known = np.ones(len(self.audience), dtype=bool)
        known[self.unliked] = False
        audience = self.audience + (after.like_counts - before.like_counts) * known
        counts = undamped(self.chain, self.audience, self._counting)
        counts = moved(histories(before), histories(after), counts, self._counting)
        chain = transitions(among(counts, known), audience, self._counting)
        return type(self)(**self.params()).restore({**self.state(), "chain": chain, "audience": audience})

    def score(self, profiles: Profiles) -> FloatArray:
        return self.score_held(profiles, profiles)

    def score_held(self, profiles: Profiles, whole: Profiles) -> FloatArray:
        self.check_fitted()
        past = self._past(profiles)
        raw = self._raw(past)
        scores = self._blended(raw, self._scale(raw if whole is profiles else self._raw(self._past(whole))))
        if self.members == ("markov",):
            scores[scores <= 0] = NO_OPINION
        scores[:, self.unliked] = NO_OPINION
        scores[past.lengths == 0] = NO_OPINION
        return scores

    def contributions(self, profiles: Profiles, items: IntArray) -> FloatArray:
        """(n_items, n_likes) float32: what the score of each of ``items`` loses without each of the newest likes.

        With both members, the mean and the deviation of each are those of the whole profile throughout.
        """
        self.check_fitted()
        past = self._past(profiles)
        liked = profiles.likes.indices
        columns = np.flatnonzero(~np.isin(liked, self.unliked))
        newest = np.arange(len(past.items))[-LEFT_OUT_IN_TURN:]
        lost = np.zeros((len(items), len(liked)), dtype=np.float32)
        if len(newest):
            raw = self._raw(past)
            scale = self._scale(raw)
            rest = self._blended(self._raw(past.without_each(newest)), scale)
            lost[:, columns[past.places[newest]]] = (self._blended(raw, scale) - rest)[:, items].T
        return lost

    @property
    def _counting(self) -> Counting:
        return Counting(
            window=self.window,
            gap_exponent=self.gap_exponent,
            count_exponent=self.count_exponent,
            source_exponent=self.source_exponent,
            target_exponent=self.target_exponent,
            memory=self.memory,
            age_exponent=self.age_exponent,
        )

    def _network(self, past: Histories) -> Network:
        longest = max(int(past.lengths.max(initial=0)) - 1, SHORTEST)
        return Network(
            n_factors=self.n_factors,
            n_blocks=self.n_blocks,
            n_heads=self.n_heads,
            hidden_width=self.hidden_width,
            length=min(self.length, 1 << (longest - 1).bit_length()),  # one compiled step for many worlds
            dropout=self.dropout,
        )

    def _past(self, profiles: Profiles) -> Histories:
        """What the profiles liked, but for the films of which nothing is known."""
        return histories(profiles.only(~np.isin(profiles.interactions.indices, self.unliked)))

    def _raw(self, past: Histories) -> dict[str, FloatArray]:
        """What each member says of all films, (n_profiles, n_items) float32, zero without a history."""
        raw: dict[str, FloatArray] = {}
        if "attention" in self.members:
            raw["attention"] = self._attention(past)
        if "markov" in self.members:
            raw["markov"] = (recency(past, self.chain.shape[0], self._counting) @ self.chain).toarray()
        return raw

    def _attention(self, past: Histories) -> FloatArray:
        weights: Weights = {name: getattr(self, name) for name in WEIGHTS}
        scores = np.zeros((len(past), self.chain.shape[0]), dtype=np.float32)
        plain = np.flatnonzero(past.ordered | (past.lengths == 1)).tolist()
        scores[plain] = next_item_scores(weights, [past.of(row) for row in plain])
        for row in np.flatnonzero(~past.ordered & (past.lengths > 1)).tolist():
            rng = np.random.default_rng(self.random_state)
            drawn = [rng.permutation(past.of(row)) for _ in range(SHUFFLES)]
            scores[row] = next_item_scores(weights, drawn).mean(axis=0)
        return scores

    def _scale(self, raw: dict[str, FloatArray]) -> Scale:
        """The mean and the deviation of each member, (n_profiles, 1) each; of one that is alone, 0 and 1."""
        known = np.delete(np.arange(self.chain.shape[0]), self.unliked)
        if len(raw) < 2 or not len(known):
            return {name: (np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32)) for name in raw}
        scale: Scale = {}
        for name, scores in raw.items():
            deviation = scores[:, known].std(axis=1, keepdims=True)
            deviation[deviation == 0] = 1
            scale[name] = scores[:, known].mean(axis=1, keepdims=True), deviation
        return scale

    def _blended(self, raw: dict[str, FloatArray], scale: Scale | None = None) -> FloatArray:
        """The weighted sum of what the members say, at this scale or at their own."""
        scale = scale or self._scale(raw)
        if len(raw) < 2:
            (scores,) = raw.values()
            return scores
        weight = {"attention": self.attention_weight, "markov": 1 - self.attention_weight}
        parts = [weight[name] * (scores - scale[name][0]) / scale[name][1] for name, scores in raw.items()]
        return np.asarray(parts[0] + parts[1], dtype=np.float32)

    def _check_params(self) -> None:
        members = set(self.members)
        if not members or len(members) < len(self.members) or not members <= set(MEMBERS):
            raise ValueError(f"members must be one or both of {MEMBERS}, not {self.members}")
        if not 0 <= self.attention_weight <= 1:
            raise ValueError(f"attention_weight must be between 0 and 1, not {self.attention_weight}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and less than 1, not {self.dropout}")
        if self.n_heads < 1 or self.n_factors % self.n_heads:
            raise ValueError(f"n_factors, {self.n_factors}, must be a multiple of n_heads, {self.n_heads}")
        for name in ("n_factors", "n_blocks", "hidden_width", "length", "n_negatives", "n_epochs", "window", "memory"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
