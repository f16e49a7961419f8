"""Intervals of rates, of gaps between them, and of calibration errors.

One idea serves all: an interval holds the values that the observed one does not
contradict. For a single rate it has a closed form, Wilson's, and for the difference of
two Newcombe's. A gap, largest minus smallest rate, and a calibration error are no means
of rows: noise only adds to them, so that near 0 the percentiles of a plain bootstrap
lie above the truth. The lower limit of a gap comes from the pairs of groups. For the
other limits the bootstrap is run once for each value that the figure might have, and
inverted [1]_ [2]_.

References
----------
.. [1] J. Carpenter, "Test inversion bootstrap confidence intervals", Journal of the
       Royal Statistical Society B 61(1), 1999.
.. [2] T. J. DiCiccio and J. P. Romano, "Nonparametric confidence limits by resampling
       methods and least favorable families", International Statistical Review 58(1),
       1990.
.. [3] V. Chernozhukov, S. Lee and A. M. Rosen, "Intersection bounds: estimation and
       inference", Econometrica 81(2), 2013.
.. [4] G. Cowan, K. Cranmer, E. Gross and O. Vitells, "Power-constrained limits", 2011.
       https://arxiv.org/abs/1105.3166
.. [5] R. G. Newcombe, "Interval estimation for the difference between independent
       proportions: comparison of eleven methods", Statistics in Medicine 17(8), 1998.
.. [6] G. Y. Zou and A. Donner, "Construction of confidence limits about effect
       measures: a general approach", Statistics in Medicine 27(10), 2008.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import ndtr
from scipy.stats import binomtest, norm, studentized_range
from sklearn.isotonic import isotonic_regression

from .._utils.types import Codes, Floats

Interval = tuple[float, float]
Gap = Callable[[Floats], Floats]
UNKNOWN: Interval = (float("nan"), float("nan"))

# Values that the gap is tried at, from none to well beyond the observed one.
N_LEVELS = 25
N_BISECTIONS = 40
REACH = 6.0  # in standard errors: how far beyond


def proportion_interval(hits: int, total: int, confidence: float) -> Interval:
    """Wilson's score interval of a rate; NaN where nothing was counted."""
    if total == 0:
        return UNKNOWN
    found = binomtest(int(hits), int(total)).proportion_ci(confidence, method="wilson")
    return float(found.low), float(found.high)


def ratio_interval(
    hits: int, total: int, of_hits: int, of_total: int, confidence: float
) -> Interval:
    """Interval of the ratio of two rates, the first to the second.

    Newcombe's [5]_ in logarithms, made of Wilson's limits of both rates; NaN where
    nothing was counted, or the second rate is 0.
    """
    if 0 in (total, of_total, of_hits):
        return UNKNOWN
    counts = Counts(np.array([hits, of_hits]), np.array([total, of_total]))
    low, rates, high = _logarithms(counts, *_wilson(counts, confidence))
    below = np.hypot(rates[0] - low[0], high[1] - rates[1])
    above = np.hypot(high[0] - rates[0], rates[1] - low[1])
    seen, value = rates[0] - rates[1], hits / total / (of_hits / of_total)
    lower, upper = float(np.exp(seen - below)), float(np.exp(seen + above))
    return min(lower, value), max(upper, value)


def compared(new: Iterable[float], old: Iterable[float]) -> str | None:
    """Whether a figure is "smaller" or "larger"; None where that cannot be told.

    Both are value, lower and upper limit: each value must be beyond the limits of the
    other.
    """
    (value, low, high), (old_value, old_low, old_high) = new, old
    if value < old_low and high < old_value:
        return "smaller"
    if value > old_high and low > old_value:
        return "larger"
    return None


@dataclass
class Counts:
    """Rows of each group that have an outcome, out of those that could have it."""

    hits: Codes | Floats  # (n_groups,)
    totals: Codes | Floats  # (n_groups,), all positive
    # Of the rates' errors, (n_groups, n_groups), where rows belong to several groups;
    # hits and totals are then those of as certain a rate of rows with one group each.
    correlation: Floats | None = None

    @property
    def rates(self) -> Floats:
        with np.errstate(invalid="ignore"):  # 0/0
            return self.hits / self.totals

    @property
    def smoothed(self) -> Floats:
        """The rates, none of them 0 or 1: where draws vary, as the truth might."""
        return (self.hits + 0.5) / (self.totals + 1)

    @property
    def errors(self) -> Floats:
        """Standard errors of the rates."""
        return np.sqrt(self.smoothed * (1 - self.smoothed) / self.totals)

    def take(self, groups: Codes) -> "Counts":
        """The same of some of the groups."""
        correlation = self.correlation
        if correlation is not None:
            correlation = correlation[np.ix_(groups, groups)]
        return Counts(self.hits[groups], self.totals[groups], correlation)

    def limits(self, confidence: float) -> tuple[Floats, Floats]:
        """Wilson's limits of the rates; NaN where nothing was counted."""
        with np.errstate(divide="ignore", invalid="ignore"):
            limits = _wilson(self, confidence)
        low, high = (np.where(self.totals > 0, limit, np.nan) for limit in limits)
        return low, high

    def margins(self, below: Floats, above: Floats) -> Floats:
        """How far off the differences between rates may be, by group and group.

        Of the row's rate less the column's, made of how far the one may be ``below``
        and the other ``above`` [5]_ [6]_.
        """
        if self.correlation is None:
            return np.hypot(below[:, None], above)
        known = np.isfinite(below)[:, None] & np.isfinite(above)
        below, above = np.broadcast_arrays(below[:, None], above)
        below, above = np.where(known, below, 0.0), np.where(known, above, 0.0)
        squared = below**2 + above**2 - 2 * self.correlation * below * above
        return np.where(known, np.sqrt(np.maximum(squared, 0.0)), np.inf)


def gap_intervals(
    families: list[Counts],
    *,
    n_bootstrap: int,
    confidence: float,
) -> dict[str, Interval]:
    """Intervals of the largest difference and of the smallest ratio between groups.

    With several families (true and false positive rates), of the worst among them.

    The lower limit is the largest of all pairs of groups (see `_lower_limit`).

    For the upper limit the rates of all groups are moved along a path from their common
    mean, where the gap is 0, through their observed values to beyond them. At each of
    `N_LEVELS` points of the path `n_bootstrap` tables are drawn, binomially within each
    group, always the same ones. The limit is where the observed gap, or a smaller one,
    comes up in half of ``1 - confidence`` of the draws.

    How far noise lifts the largest rate depends on how many groups share the top, which
    is not known where groups are close. So the upper limit sets the others apart from
    it [3]_. An interval always holds the observed value. No upper limit is below what
    parity usually gives (see `invert`), nor below what two groups may differ by in the
    other order (see `_swapped_limit`).

    Parameters
    ----------
    families : list of Counts
        Of the same groups, at least two.
    n_bootstrap : int
        Draws at each point of the path.
    confidence : float
        Nominal coverage, in (0, 1).

    Returns
    -------
    intervals : dict
        "difference" and "ratio".
    """
    tail = (1 - confidence) / 2
    rng = np.random.RandomState(0)
    intervals = {}
    for name, gap in GAPS.items():
        worst = max(float(gap(counts.rates)) for counts in families)
        lows = [_lower_limit(f, gap, tail / len(families)) for f in families]
        low = min(worst, max(lows))
        high = max(_upper_limit(f, gap, n_bootstrap, tail, rng) for f in families)
        intervals[name] = (low, high)
    low, high = intervals["ratio"]
    intervals["ratio"] = (1 - high, 1 - low)
    return intervals


def pair_interval(
    counts: Counts, group: int, reference: int, confidence: float
) -> tuple[Interval, float]:
    """The ratio of two correlated rates: its interval, and the p-value of no ratio.

    The interval is that of `ratio_interval`, with the correlation of the errors [6]_;
    the p-value is of the difference in standard errors.
    """
    kept = counts.take(np.array([group, reference]))
    low, rates, high = _logarithms(kept, *_wilson(kept, confidence))
    value = kept.rates[0] / kept.rates[1]
    seen = rates[0] - rates[1]
    below = kept.margins(rates - low, high - rates)[0, 1]
    above = kept.margins(high - rates, rates - low)[0, 1]
    lower, upper = float(np.exp(seen - below)), float(np.exp(seen + above))
    # Of groups with the same weights, which always have the same rate, 0.
    spread = max(kept.margins(kept.errors, kept.errors)[0, 1], 1e-12)
    p_value = 2 * norm.sf(np.abs(np.subtract(*kept.rates)) / spread)
    return (min(lower, value), max(upper, value)), float(p_value)


def _lower_limit(counts: Counts, gap: Gap, tail: float) -> float:
    """Lower limit of one family's gap: the largest of its pairs of groups.

    That of a pair is Newcombe's [5]_, made of Wilson's limits of both rates; that of a
    ratio is the same in logarithms. All pairs' hold together: their limits are as many
    standard errors away as the studentized range of as many groups asks for (Tukey's
    rule). So a small group, whose rate is noise, takes little from what the others
    show. Which group of a pair is truly above is not known either, see `_of_size`.
    """
    return float(_limits_of_pairs(counts, gap, tail).max())


def surest_pair(
    families: list[Counts], name: str, confidence: float
) -> tuple[int, int] | None:
    """The pair of groups that the lower limit of a gap is of: the one above, below.

    Parameters
    ----------
    families : list of Counts
        As in `gap_intervals`.
    name : {"difference", "ratio"}
    confidence : float

    Returns
    -------
    pair : tuple of int, or None
        None where the limit is 0, so that no two groups are shown to differ.
    """
    tail = (1 - confidence) / 2 / len(families)
    limits = np.stack([_limits_of_pairs(f, GAPS[name], tail) for f in families])
    if limits.max() <= 0:
        return None
    _, above, below = np.unravel_index(limits.argmax(), limits.shape)
    return int(above), int(below)


def _limits_of_pairs(counts: Counts, gap: Gap, tail: float) -> Floats:
    """By row the group above, by column the one below; 0 where it is not below."""
    reach = _reach_of_pairs(len(counts.totals), tail)
    rates, low, high = counts.rates, *_wilson(counts, 1 - 2 * norm.sf(reach))
    if gap is _one_minus_ratio:
        low, rates, high = _logarithms(counts, low, high)
    margin = counts.margins(rates - low, high - rates)
    is_above = rates[:, None] > rates
    seen = (rates[:, None] - rates)[is_above]
    limits = np.zeros(margin.shape)
    limits[is_above] = np.maximum(_of_size(seen, margin[is_above], reach), 0.0)
    return -np.expm1(-limits) if gap is _one_minus_ratio else limits


@cache  # it takes longer than all the rest of an interval
def _reach_of_pairs(n_groups: int, tail: float) -> float:
    """Standard errors of a difference, for all pairs of as many groups together."""
    reach = studentized_range.ppf(1 - 2 * tail, n_groups, np.inf) / np.sqrt(2)
    return float(reach)


def _of_size(seen: Floats, margin: Floats, reach: float) -> Floats:
    """Lower limits of the sizes of differences, whatever their signs.

    The least size at which one as large as that which is ``seen``, of either sign,
    comes up as often as one more than ``reach`` standard errors off. Where there is no
    difference both signs are as likely, where it is large the other does not come up:
    the limit is then the difference less its ``margin``, ``reach`` standard errors.
    """
    scaled, level = seen * reach / margin, norm.sf(reach)
    low, high = np.zeros_like(scaled), scaled.copy()
    for _ in range(N_BISECTIONS):
        size = (low + high) / 2
        # The same as norm.sf, without its checks, which take most of an interval.
        is_rare = ndtr(size - scaled) + ndtr(-scaled - size) < level
        low, high = np.where(is_rare, size, low), np.where(is_rare, high, size)
    # Where a margin is infinite, the limit is 0.
    return low * np.where(low > 0, margin, 0.0) / reach


def _upper_limit(
    counts: Counts,
    gap: Gap,
    n_bootstrap: int,
    tail: float,
    rng: np.random.RandomState,
) -> float:
    """Upper limit of one family's gap; of several, the largest is the worst gap's."""
    if counts.correlation is not None:
        return _limit_of_pairs(counts, gap, tail)
    shape = _apart(counts)
    reach = np.ptp(counts.rates) + REACH * counts.errors.max()
    path = _path(counts, shape, np.linspace(0, reach / np.ptp(shape), N_LEVELS))
    draws = _draw(np.asarray(counts.totals, dtype=np.int64), path, n_bootstrap, rng)
    limit = invert(gap(path), gap(draws), float(gap(counts.rates)), tail)[1]
    return max(limit, _swapped_limit(counts, gap, tail))


def _limit_of_pairs(counts: Counts, gap: Gap, tail: float) -> float:
    """Upper limit of the gap: the largest of its pairs of groups, in either order.

    The pair that truly sets the gap is one of them, so the limit holds at least as
    often as that of a single pair.
    """
    rates, low, high = counts.rates, *_wilson(counts, 1 - 2 * tail)
    if gap is _one_minus_ratio:
        low, rates, high = _logarithms(counts, low, high)
    # By row the group above, whose error is upwards, by column the one below.
    limits = rates[:, None] - rates + counts.margins(high - rates, rates - low)
    limit = float(limits[~np.eye(len(rates), dtype=bool)].max())
    return float(-np.expm1(-limit)) if gap is _one_minus_ratio else min(limit, 1.0)


def _swapped_limit(counts: Counts, gap: Gap, tail: float) -> float:
    """Upper limit of the gap of two groups whose true order is not the observed one.

    The path of `_upper_limit` keeps that order, and a rate of 1 can rise no further: 61
    hits of 61 beside 782 of 793 would leave next to no gap. Yet the small group's true
    rate may be 0.95, well below the other's. So of each pair the limit in the other
    order is Newcombe's [5]_, made of Wilson's limits of both rates; that of a ratio is
    the same in logarithms.
    """
    low, high = _wilson(counts, 1 - 2 * tail)
    rates = counts.smoothed
    if gap is _one_minus_ratio:
        low, rates, high = _logarithms(counts, low, high)
    # By row the group that is truly above, by column the one below.
    margin = np.hypot((high - rates)[:, None], rates - low)
    swapped = rates[:, None] <= rates
    np.fill_diagonal(swapped, False)
    limit = float((rates[:, None] - rates + margin)[swapped].max())
    return float(-np.expm1(-limit)) if gap is _one_minus_ratio else limit


def _wilson(counts: Counts, confidence: float) -> tuple[Floats, Floats]:
    """Wilson's limits of the rate of each group, as `proportion_interval` has them.

    scipy's take one rate at a time, which of many groups is most of an interval's cost.
    """
    z = norm.ppf((1 + confidence) / 2)
    share = z**2 / counts.totals
    centre = (counts.rates + share / 2) / (1 + share)
    spread = counts.rates * (1 - counts.rates) / counts.totals
    reach = z * np.sqrt(spread + share / (4 * counts.totals)) / (1 + share)
    # Of rates of 0 and 1 the formula leaves a rounding error.
    low = np.where(counts.hits == 0, 0.0, centre - reach)
    return low, np.where(counts.hits == counts.totals, 1.0, centre + reach)


def _logarithms(
    counts: Counts, low: Floats, high: Floats
) -> tuple[Floats, Floats, Floats]:
    """Limits of rates, and between them the rates, where ratios are differences."""
    with np.errstate(divide="ignore"):  # a limit may be 0
        return np.log(low), np.log(counts.smoothed), np.log(high)


def calibration_interval(
    positives: Codes,
    totals: Codes,
    scores: Floats,
    *,
    n_bootstrap: int,
    confidence: float,
    rng: np.random.RandomState,
) -> Interval:
    """Interval of the expected calibration error, as that of a gap.

    The path leads from the mean scores of the bins, where the error is 0, through their
    observed rates to beyond; labels are drawn binomially within each bin.

    Parameters
    ----------
    positives, totals : ndarray of shape (n_bins,)
        Positive rows and rows of each bin; no bin is empty.
    scores : ndarray of shape (n_bins,)
        Mean score of each bin.
    """
    counts = Counts(positives, totals)
    share = totals / totals.sum()

    def error(rates: Floats) -> Floats:
        return np.abs(rates - scores) @ share

    value = float(error(counts.rates))
    reach = 1 + REACH * float(counts.errors @ share) / max(value, 1e-6)
    steps = np.linspace(0, reach, N_LEVELS)[:, None]
    path = np.clip(scores + steps * (counts.smoothed - scores), 0, 1)
    draws = _draw(totals, path, n_bootstrap, rng)
    return invert(error(path), error(draws), value, (1 - confidence) / 2)


def invert(levels: Floats, draws: Floats, observed: float, tail: float) -> Interval:
    """Levels whose draws exceed `observed` neither too seldom nor too often.

    Now and then groups agree better than they do by chance at parity: the inversion
    then rules out every level and would end at `observed`, be it 0, as if so few rows
    could tell that. So the upper limit is never below that of the median draw at the
    first level: what rows of this number usually show where there is no gap [4]_.

    Parameters
    ----------
    levels : ndarray of shape (n_levels,)
        True values, increasing from none.
    draws : ndarray of shape (n_levels, n_draws)
        What was drawn at each of them.
    observed : float
    tail : float
        Share of draws beyond `observed` at either limit.
    """
    usual = max(observed, float(np.median(draws[0])))
    low = _crossing(_exceed(draws, observed), levels, tail)
    high = _crossing(_exceed(draws, usual), levels, 1 - tail)
    return min(low, observed), max(high, observed)


def _exceed(draws: Floats, observed: float) -> Floats:
    """Share of each level's draws that is above what was observed."""
    above = (draws > observed + 1e-12).mean(axis=1)
    tied = (np.abs(draws - observed) <= 1e-12).mean(axis=1)
    # Drawn anew at each level, the shares rise but for noise, which this smooths.
    return isotonic_regression(above + tied / 2)


def _draw(
    totals: Codes, path: Floats, n_draws: int, rng: np.random.RandomState
) -> Floats:
    """Rates drawn at each point of a path, (n_levels, n_draws, n_groups)."""
    shape = (len(path), n_draws, len(totals))
    return rng.binomial(totals, path[:, None], shape) / totals


def _crossing(exceed: Floats, levels: Floats, share: float) -> float:
    after = int(np.searchsorted(exceed, share))
    if after == 0:
        return float(levels[0])
    if after == len(levels):
        return float(levels[-1])
    pair = slice(after - 1, after + 1)
    return float(np.interp(share, exceed[pair], levels[pair]))


# -- paths ---------------------------------------------------------------------


def _path(counts: Counts, shape: Floats, scale: Floats) -> Floats:
    common = np.average(shape, weights=counts.totals)
    return np.clip(common + scale[:, None] * (shape - common), 0, 1)


def _apart(counts: Counts) -> Floats:
    """The rates, all but the two extreme ones drawn halfway to the middle."""
    rates = _never_level(counts)
    middle = (rates.max() + rates.min()) / 2
    apart = (rates + middle) / 2
    for extreme in (rates.argmax(), rates.argmin()):
        apart[extreme] = rates[extreme]
    return apart


def _never_level(counts: Counts) -> Floats:
    """The smoothed rates; a path needs a direction, so equal ones are told apart."""
    rates = counts.smoothed
    if np.ptp(rates) < 1e-6:
        smallest = counts.totals.argmin()
        rates[smallest] += 1e-6 if rates[smallest] < 0.5 else -1e-6
    return rates


def _difference(rates: Floats) -> Floats:
    return np.ptp(rates, axis=-1)


def _one_minus_ratio(rates: Floats) -> Floats:
    """1 - smallest / largest rate; 0 where all are 0, which is parity."""
    largest = rates.max(axis=-1)
    gap = np.ptp(rates, axis=-1)
    return np.divide(gap, largest, out=np.zeros_like(gap), where=largest > 0)


# What a difference and a ratio measure, 0 where all rates are the same.
GAPS: dict[str, Gap] = {"difference": _difference, "ratio": _one_minus_ratio}
