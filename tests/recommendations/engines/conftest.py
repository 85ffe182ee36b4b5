import pytest

from apps.recommendations.registry import NAMES, build
from tests.recommendations import synthetic

PERSONALISED = [name for name in NAMES if build(name).personalised]


FACTORS = {"n_factors": 8}
NETWORK = {"n_factors": 16, "n_blocks": 1}
SMALL = {
    "matrix_factorization": FACTORS,
    "neural_cf": {"n_factors": 16},
    "sequential": NETWORK,
    "ensemble": {"members": {"matrix_factorization": FACTORS, "knn": {}}},
    "hybrid": {
        "members": {
            "matrix_factorization": FACTORS,
            "knn": {},
            "sequential": NETWORK,
            "content_based": {},
            "genre_affinity": {},
        }
    },
}


def small(name):
    """An engine of this name, at a size that suits a dozen films."""
    return build(name, **SMALL.get(name, {}))


@pytest.fixture(params=NAMES)
def engine(request):
    return small(request.param)


@pytest.fixture(params=PERSONALISED)
def personal_engine(request):
    return small(request.param)


@pytest.fixture
def two_camps():
    return synthetic.two_camps()


_fitted = {}


def knowing(engine, dataset):
    """The engine after ``fit``, which is done once for all tests that only ask: fitted engines do not change."""
    key = engine.name, id(dataset)
    if key not in _fitted:
        _fitted[key] = engine.fit(dataset), dataset  # kept, so that no other dataset gets its id
    return _fitted[key][0]
