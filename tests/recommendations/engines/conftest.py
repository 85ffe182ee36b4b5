import pytest

from apps.recommendations.registry import NAMES, build
from tests.recommendations import synthetic

PERSONALISED = [name for name in NAMES if build(name).personalised]


def small(name):
    """An engine of this name, at a size that suits a dozen films."""
    return build(name, n_factors=8) if name == "matrix_factorization" else build(name)


@pytest.fixture(params=NAMES)
def engine(request):
    return small(request.param)


@pytest.fixture(params=PERSONALISED)
def personal_engine(request):
    return small(request.param)


@pytest.fixture
def two_camps():
    return synthetic.two_camps()
