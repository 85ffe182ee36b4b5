"""What others found on the same splits, and the bars we set ourselves.

Published rows are quoted with where they stand. Peers are libraries and plain models measured once beside ours with the
same splits and metrics, tuned on the same validation parts, on two shared cores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """Figures by metric, as we name it."""

    model: str
    source: str
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Bar:
    """What one variant is to reach on one metric, and what it may reach: without a ``stretch``, more than the bar."""

    protocol: str
    variant: str
    metric: str
    bar: float
    stretch: float | None = None
    lower_is_better: bool = False


def _rows(metrics: str, *rows: tuple[str | float, ...]) -> tuple[Row, ...]:
    """Rows of a model, where its figures stand, and the figures of ``metrics`` in turn."""
    names = metrics.split()
    return tuple(
        Row(str(model), str(source), {name: float(figure) for name, figure in zip(names, figures, strict=False)})
        for model, source, *figures in rows
    )


MICROSOFT = "Microsoft recommenders, README"
RENDLE = "Rendle et al., 2020"
REVISITED = "Rendle et al., 2022"
HE = "He et al., 2017"
KLENITSKIY = "Klenitskiy & Vasilev, 2023"
PETROV = "Petrov & Macdonald, 2022"
SURPRISE = "Surprise, README, its own five folds"

PUBLISHED: dict[str, tuple[Row, ...]] = {
    "ml100k-ms": _rows(
        "map@10 ndcg@10 precision@10 recall_of_all@10",
        ("BiVAE", MICROSOFT, 0.1461, 0.4751, 0.4118, 0.2191),
        ("BPR (cornac, 200 factors)", MICROSOFT, 0.1325, 0.4420, 0.3882, 0.2125),
        ("LightGCN", MICROSOFT, 0.0885, 0.4198, 0.3796, 0.1443),
        ("NeuMF", MICROSOFT, 0.1077, 0.3961, 0.3473, 0.1808),
        ("SAR", MICROSOFT, 0.1106, 0.3825, 0.3308, 0.1764),
        ("FastAI embedding dot bias", MICROSOFT, 0.0190, 0.1178, 0.1042, 0.0425),
        ("SVD, ranked by predicted stars", MICROSOFT, 0.0129, 0.0959, 0.0912, 0.0328),
        ("ALS on stars (Spark)", MICROSOFT, 0.0047, 0.0442, 0.0485, 0.0178),
    ),
    "ncf-ml1m": _rows(
        "hit_rate@10 ndcg@10",
        ("matrix factorization by SGD, 192 factors", RENDLE, 0.7294, 0.4523),
        ("iALS, 192 factors", "irspack, example 1-vs-100-negative", 0.7310, 0.4521),
        ("iALS, 64 factors, not tuned", REVISITED, 0.722, 0.445),
        ("NeuMF, pretrained", HE, 0.730, 0.447),
        ("NeuMF, run again", RENDLE, 0.7093, 0.4349),
        ("GMF", f"{HE}, approximate", 0.708, 0.426),
        ("MLP", f"{HE}, approximate", 0.692, 0.425),
        ("SLIM", "Ferrari Dacrema et al., 2019", 0.716, 0.447),
        ("popularity", RENDLE, 0.4535, 0.2543),
    ),
    "seq-ml1m": _rows(
        "hit_rate@10 ndcg@10",
        ("SASRec, cross entropy over 3,000 negatives", KLENITSKIY, 0.3159, 0.1857),
        ("SASRec, full cross entropy", KLENITSKIY, 0.3152, 0.1821),
        ("SASRec (RecTools)", "blondered/bert4rec_repro", 0.3058, 0.1779),
        ("gSASRec", "asash/gSASRec-pytorch", 0.3003, 0.1726),
        ("BERT4Rec (RecTools)", "blondered/bert4rec_repro", 0.2921, 0.1618),
        ("BERT4Rec", KLENITSKIY, 0.2843, 0.1537),
        ("GRU4Rec, cross entropy", KLENITSKIY, 0.281, 0.165),
        ("SASRec, one negative", KLENITSKIY, 0.2500, 0.1341),
        ("matrix factorization, BPR", PETROV, 0.0740, 0.0377),
    ),
    "rmse-ml100k": _rows(
        "rmse",
        ("SVD++", SURPRISE, 0.919),
        ("k-NN over a baseline", SURPRISE, 0.931),
        ("SVD", SURPRISE, 0.934),
        ("baseline", SURPRISE, 0.944),
        ("slope one", SURPRISE, 0.946),
        ("NMF", SURPRISE, 0.963),
    ),
    "rmse-ml1m": _rows(
        "rmse",
        ("CF-NADE, its own 90 %", "Zheng et al., 2016", 0.829),
        ("I-AutoRec, its own 90 %", "Sedhain et al., 2015", 0.831),
        ("GC-MC, its own 90 %", "van den Berg et al., 2017", 0.832),
        ("SVD++", SURPRISE, 0.862),
        ("SVD", SURPRISE, 0.873),
        ("baseline", SURPRISE, 0.909),
    ),
}

PEERS: dict[str, tuple[Row, ...]] = {
    "ml100k-ms": _rows(
        "map@10 ndcg@10 precision@10 recall_of_all@10 coverage popularity novelty",
        ("EASE .5 + iALS 1, z-scores", "numpy, irspack", 0.1546, 0.4937, 0.4282, 0.2349, 0.195, 0.255, 2.07),
        ("iALS, 64 factors", "irspack", 0.1543, 0.4918, 0.4262, 0.2331, 0.240, 0.240, 2.18),
        ("SLIM", "irspack", 0.1490, 0.4810, 0.4171, 0.2298, 0.158, 0.265, 2.00),
        ("EASE", "numpy", 0.1480, 0.4806, 0.4168, 0.2264, 0.154, 0.266, 1.99),
        ("ALS, 24 factors", "implicit", 0.1488, 0.4731, 0.4098, 0.2272, 0.253, 0.238, 2.20),
        ("RP3beta", "irspack", 0.1327, 0.4436, 0.3841, 0.2115, 0.172, 0.252, 2.09),
        ("user k-NN", "scipy", 0.1315, 0.4395, 0.3773, 0.2057, 0.091, 0.282, 1.89),
        ("item k-NN, BM25", "implicit", 0.1326, 0.4383, 0.3749, 0.2076, 0.087, 0.280, 1.90),
    ),
    "ncf-ml1m": _rows(
        "hit_rate@10 ndcg@10",
        ("EASE .5 + iALS 1, z-scores", "numpy, irspack", 0.7308, 0.4546),
        ("iALS, 192 factors", "irspack", 0.7310, 0.4538),
        ("ALS, 64 factors", "implicit", 0.7222, 0.4447),
        ("EASE", "numpy", 0.7184, 0.4485),
        ("RP3beta", "irspack", 0.6632, 0.4010),
        ("user k-NN", "scipy", 0.6356, 0.3869),
    ),
    "liang-ml1m": _rows(
        "recall@20 recall@50 ndcg@100 coverage popularity novelty",
        ("EASE .5 + iALS 1, z-scores", "numpy, irspack", 0.3738, 0.5006, 0.4384, 0.164, 0.217, 2.43),
        ("iALS, 192 factors", "irspack", 0.3654, 0.5010, 0.4364, 0.192, 0.203, 2.58),
        ("EASE", "numpy", 0.3595, 0.4746, 0.4219, 0.139, 0.225, 2.35),
        ("ALS, 64 factors", "implicit", 0.3601, 0.4814, 0.4217, 0.134, 0.214, 2.41),
        ("RP3beta", "irspack", 0.3189, 0.4337, 0.3886, 0.144, 0.244, 2.33),
        ("user k-NN", "scipy", 0.3195, 0.4341, 0.3813, 0.083, 0.275, 1.98),
        ("item k-NN, BM25", "implicit", 0.2933, 0.3964, 0.3485, 0.155, 0.147, 2.9),
    ),
    "seq-ml1m": _rows(
        "hit_rate@10 ndcg@10 mrr@10 coverage popularity",
        ("attention, JAX, 23 minutes on two cores", "jax, optax", 0.2967, 0.1670, 0.1275),
        ("weak SASRec + Markov + EASE, z-scores", "torch, numpy", 0.2940, 0.1721, 0.1350, 0.616, 0.154),
        ("Markov + EASE, z-scores", "numpy", 0.2887, 0.1694, 0.1330, 0.576, 0.170),
        ("windowed Markov chain", "numpy", 0.2768, 0.1621, 0.1270, 0.610, 0.156),
        ("EASE, blind to order", "numpy", 0.1070, 0.0530, 0.037, 0.40, 0.24),
        ("iALS, blind to order", "irspack", 0.0998, 0.0501, 0.035, 0.45, 0.21),
    ),
    "cold-ml1m": _rows(
        "ndcg@10 recall@20 hit_rate@10",
        ("TF-IDF + text to factors, 1:1", "scikit-learn, irspack", 0.2460, 0.2667, 0.7718),
        ("text to factors, ridge", "scikit-learn, irspack", 0.2418, 0.2559, 0.7715),
        ("TF-IDF of titles, genres and decade", "scikit-learn", 0.2214, 0.2474, 0.7459),
    ),
    "rmse-ml100k": _rows(
        "rmse",
        ("Bayesian SVD++, flipped", "myFM", 0.8837),
        ("Bayesian matrix factorization, rank 10", "myFM", 0.8976),
        ("damped biases", "numpy", 0.9526),
    ),
    "rmse-ml1m": _rows(
        "rmse",
        ("Bayesian SVD++, flipped", "myFM", 0.8279),
        ("Bayesian matrix factorization, rank 20", "myFM", 0.8364),
        ("damped biases", "numpy", 0.9127),
    ),
}

BARS = (
    Bar("ml100k-ms", "matrix_factorization", "ndcg@10", 0.490),
    Bar("liang-ml1m", "matrix_factorization", "ndcg@100", 0.436),
    Bar("ncf-ml1m", "matrix_factorization", "hit_rate@10", 0.730),
    Bar("ncf-ml1m", "matrix_factorization", "ndcg@10", 0.452),
    Bar("rmse-ml100k", "matrix_factorization", "rmse", 0.925, 0.898, lower_is_better=True),
    Bar("rmse-ml1m", "matrix_factorization", "rmse", 0.865, 0.837, lower_is_better=True),
    Bar("ncf-ml1m", "neural_cf", "hit_rate@10", 0.720, 0.730),
    Bar("ncf-ml1m", "neural_cf", "ndcg@10", 0.442, 0.447),
    Bar("cold-ml1m", "content_based", "ndcg@10", 0.221, 0.246),
    Bar("ml100k-ms", "knn", "ndcg@10", 0.480),
    Bar("liang-ml1m", "knn", "ndcg@100", 0.421),
    Bar("ml100k-ms", "knn_neighbours", "ndcg@10", 0.443),
    Bar("liang-ml1m", "knn_neighbours", "ndcg@100", 0.388),
    Bar("seq-ml1m", "sequential_attention", "hit_rate@10", 0.290, 0.316),
    Bar("seq-ml1m", "sequential_attention", "ndcg@10", 0.163, 0.186),
    Bar("seq-ml1m", "sequential", "hit_rate@10", 0.300, 0.316),
    Bar("seq-ml1m", "sequential", "ndcg@10", 0.172, 0.186),
    Bar("ml100k-ms", "ensemble", "ndcg@10", 0.493, 0.500),
    Bar("liang-ml1m", "ensemble", "ndcg@100", 0.438, 0.445),
    Bar("ncf-ml1m", "ensemble", "ndcg@10", 0.454, 0.460),
    Bar("cold-ml1m", "hybrid", "ndcg@10", 0.242, 0.250),
    Bar("liang-ml1m", "hybrid", "ndcg@100", 0.436, 0.442),
    Bar("seq-ml1m", "hybrid", "ndcg@10", 0.169, 0.182),
)
