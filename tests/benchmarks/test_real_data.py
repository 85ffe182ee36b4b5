"""The splits of the real files: sizes and figures that others have published of them.

Runs where MARQUEE_DATASETS names a folder with ml-100k/, ml-1m/, ncf-ml-1m/ and sasrec-ml-1m/.
"""

import os
from pathlib import Path

import pytest

from apps.recommendations.engines.popular import Popular
from benchmarks.recsys.judging import per_user, ranked_lists
from benchmarks.recsys.protocols import load

DATA = os.environ.get("MARQUEE_DATASETS")

pytestmark = pytest.mark.skipif(
    not DATA,
    reason="reads MovieLens itself: MARQUEE_DATASETS=a folder with ml-100k/, ml-1m/, ncf-ml-1m/, sasrec-ml-1m/",
)

SIZES = {  # training users, films, training likes, scored users, likes held out
    "ml100k-ms": (943, 1682, 75_066, 943, 24_934),
    "ncf-ml1m": (6040, 3706, 994_169, 6040, 6040),
    "liang-ml1m": (5034, 3502, 480_438, 500, 8582),
    "seq-ml1m": (6040, 3416, 987_531, 6040, 6040),
    "cold-ml1m": (6038, 3125, 456_768, 5982, 117_582),
}


@pytest.mark.parametrize("protocol", SIZES)
def test_the_parts_are_as_large_as_published(protocol):
    task = load(protocol, "test", Path(DATA))
    known = task.dataset.profiles.interactions
    assert (*known.shape, known.nnz, len(task.profiles), task.truth.nnz) == SIZES[protocol]


@pytest.mark.parametrize(
    ("protocol", "metric", "published"),
    [
        ("ncf-ml1m", "hit_rate@10", 0.4535),
        ("ncf-ml1m", "ndcg@10", 0.2542),
        ("ml100k-ms", "ndcg@10", 0.2522),
        ("ml100k-ms", "map@10", 0.0559),
        ("liang-ml1m", "ndcg@100", 0.2106),
        ("seq-ml1m", "hit_rate@10", 0.0369),
    ],
)
def test_popularity_does_as_well_as_published(protocol, metric, published):
    task = load(protocol, "test", Path(DATA))
    ranked = ranked_lists(Popular().fit(task.dataset), task)
    found = per_user(ranked, task.truth, [metric])[metric].mean()
    assert found == pytest.approx(published, abs=5e-4)  # of equally popular films one must come first
