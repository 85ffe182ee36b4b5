"""How often something was done with what lists showed, and how sure one may be of it.

Impressions of one list are not independent trials: a list that fits is opened often, one that does not never. So the
list is what was sampled, and the rate is a ratio of two sums over lists. Its error is the linearised one of a ratio
estimator (Cochran, Sampling Techniques, 3rd ed., 1977, section 2.11; Deng, Knoblich & Lu, Applying the Delta Method in
Metric Analytics, KDD 2018), its interval is Student's with one degree of freedom less than lists. Lists of
one person may be alike as well; that is not in it.

Lists that are all alike, such as those where nobody opened anything, have no error by that reckoning, which is no
certainty. Then the interval is Wilson's score interval (Wilson, Probable Inference, JASA 22, 1927), a list for a trial:
as if all impressions of a list went one way, the most that being in one list can cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from scipy.special import ndtri, stdtrit

CONFIDENCE = 0.95
UPPER_TAIL = (1 + CONFIDENCE) / 2
Z = float(ndtri(UPPER_TAIL))


@dataclass(frozen=True)
class Rate:
    """A share, and the ends of its 95 % interval; each from 0 to 1."""

    value: float
    low: float
    high: float


@dataclass
class ListSums:
    """Sums over the lists that showed anything, of what each showed and what of that somebody did something with."""

    lists: int = 0
    shown: int = 0
    shown_squared: int = 0
    done: int = 0
    done_squared: int = 0
    shown_by_done: int = 0

    @property
    def error(self) -> float:
        """Standard error of ``done / shown``; 0 where the lists do not differ, or there is but one."""
        if self.lists < 2:
            return 0.0
        # Sum of (done - rate * shown) ** 2, times shown ** 2 so that it stays whole: what should cancel out does.
        spread = (
            self.done_squared * self.shown**2
            - 2 * self.shown_by_done * self.done * self.shown
            + self.shown_squared * self.done**2
        )
        # Below 0 it can be only where lists changed between the reading of one sum and of the next.
        return sqrt(max(0, spread) * self.lists / (self.lists - 1)) / self.shown**2


def rate_of(sums: ListSums) -> Rate | None:
    """None where nothing was shown."""
    if not sums.shown:
        return None
    value = min(1.0, sums.done / sums.shown)
    if error := sums.error:
        reach = float(stdtrit(sums.lists - 1, UPPER_TAIL)) * error
        return Rate(value, max(0.0, value - reach), min(1.0, value + reach))
    return Rate(value, *wilson(value, sums.lists))


def wilson(share: float, trials: int) -> tuple[float, float]:
    """The ends of the score interval of a share of independent trials."""
    center = (share + Z**2 / (2 * trials)) / (1 + Z**2 / trials)
    reach = Z / (1 + Z**2 / trials) * sqrt(share * (1 - share) / trials + Z**2 / (4 * trials**2))
    return max(0.0, center - reach), min(1.0, center + reach)
