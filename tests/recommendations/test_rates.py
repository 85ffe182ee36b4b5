import numpy as np
import pytest

from apps.recommendations.analytics.rates import ListSums, rate_of, wilson


def sums_of(shown, done):
    shown, done = np.asarray(shown), np.asarray(done)
    figures = len(shown), shown.sum(), shown @ shown, done.sum(), done @ done, shown @ done
    return ListSums(*map(int, figures))


def test_the_error_is_that_of_a_ratio_of_sums_over_lists():
    sums = sums_of([10, 10, 20], [2, 0, 3])  # 5 of 40; residuals 2 - 1.25, 0 - 1.25, 3 - 2.5
    assert sums.error == pytest.approx((3 / 2 * (0.75**2 + 1.25**2 + 0.5**2)) ** 0.5 / 40)


def test_the_interval_is_students_and_stays_within_0_and_1():
    rate = rate_of(sums_of([10, 10, 20], [2, 0, 3]))
    assert (rate.value, rate.low) == (0.125, 0)
    assert rate.high == pytest.approx(0.125 + 4.3026527 * 0.0471865, abs=1e-6)  # two degrees of freedom


def test_with_many_lists_of_one_film_each_it_is_that_of_a_share():
    rate = rate_of(sums_of([1] * 1000, [1] * 300 + [0] * 700))
    assert rate.high - rate.low == pytest.approx(2 * 1.9623 * (0.3 * 0.7 / 999) ** 0.5, abs=1e-5)


@pytest.mark.parametrize(
    ("share", "trials", "ends"),
    [(0, 10, (0, 0.2775)), (0.5, 10, (0.2366, 0.7634)), (1, 10, (0.7225, 1)), (81 / 263, 263, (0.2553, 0.3662))],
)
def test_wilsons_interval_is_the_published_one(share, trials, ends):
    assert wilson(share, trials) == pytest.approx(ends, abs=5e-5)  # the last: Newcombe, 1998, table I


@pytest.mark.parametrize(
    ("shown", "done"), [([20] * 10, [0] * 10), ([20] * 10, [5] * 10), ([20], [5]), ([4, 8], [4, 8])]
)
def test_lists_that_do_not_differ_leave_as_much_doubt_as_so_many_trials(shown, done):
    rate = rate_of(sums_of(shown, done))
    assert (rate.low, rate.high) == wilson(sum(done) / sum(shown), len(shown))
    assert rate.low < rate.high


def test_where_nothing_was_shown_there_is_no_rate():
    assert rate_of(ListSums()) is None


def test_19_of_20_intervals_hold_the_true_rate_however_alike_the_impressions_of_a_list_are():
    rng = np.random.default_rng(7)
    held = naive = 0
    for _ in range(1000):
        shown = rng.choice([10, 20, 60], size=200)
        done = rng.binomial(shown, rng.beta(0.5, 4.5, size=200))  # a tenth on the whole, of most lists nothing
        rate = rate_of(sums_of(shown, done))
        held += rate.low <= 0.1 <= rate.high
        low, high = wilson(rate.value, int(shown.sum()))  # as if impressions were trials
        naive += low <= 0.1 <= high
    assert 930 <= held <= 970
    assert naive < 700
