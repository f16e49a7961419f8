"""Upper confidence limits for what a discrete code tells of a group, in finite samples.

All rest on one argument. Total variation, mutual information, AUC and accuracy of the
best attacker are each the largest value of a mean over *witnesses*: sets of codes,
log-likelihood ratios, orders of the codes, guesses. The witness that is the best in the
population is fixed, whatever the sample; the plug-in figure, whose witness is the best
in the sample, is at least as large as that one's sample mean. So an upper limit for
the mean of one fixed witness, computed from the plug-in figure, is valid: no union over
witnesses, and none over pairs of groups when the worst pair is asked for. The number of
codes does not enter, nor do codes that no row had.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import rel_entr
from scipy.stats import beta, binom

from .._utils.types import Floats
from ..mutual_info._counts import table_information

N_GRID = 17


def difference_limit(difference: float, n_a: int, n_b: int, alpha: float) -> float:
    """Upper limit for P(A) - P(B) of two independent samples, seen to differ so.

    The exact unconditional one: the largest gap at which, for some P(A), a sample
    difference as small as this one has a probability above `alpha`.
    """
    hoeffding = np.sqrt(np.log(1 / alpha) / 2 * (1 / n_a + 1 / n_b))
    upper = min(1.0, difference + hoeffding)
    if difference > 1 - 1e-9:  # a sum of shares, which may come out below 1
        return 1.0

    def excess(gap: float) -> float:
        return _largest_tail(difference, gap, n_a, n_b) - alpha

    return min(1.0, brentq(excess, difference, upper, xtol=1e-6) + 1e-6)


def _largest_tail(difference: float, gap: float, n_a: int, n_b: int) -> float:
    """P(sample difference <= `difference`) for the worst two rates `gap` apart."""
    step = (1 - gap) / (N_GRID - 1)
    coarse = np.asarray(gap + step * np.arange(N_GRID), dtype=np.float64)
    tails = _tail(difference, coarse, gap, n_a, n_b)
    around = coarse[tails.argmax()] + step * np.linspace(-1, 1, N_GRID)
    fine = _tail(difference, np.clip(around, gap, 1.0), gap, n_a, n_b)
    return float(max(tails.max(), fine.max()))


def _tail(difference: float, rate: Floats, gap: float, n_a: int, n_b: int) -> Floats:
    # Nine standard deviations: what lies beyond is below the precision of floats.
    reach = int(4.5 * np.sqrt(n_a)) + 10
    rate = rate[:, None]
    count_a = np.round(n_a * rate) + np.arange(-reach, reach + 1)
    # Ties belong to the tail; the tolerance keeps them there in floating point.
    fewest_b = np.ceil(n_b * (count_a / n_a - difference) - 1e-7)
    lower = np.maximum(rate - gap, 0.0)
    terms = binom.pmf(count_a, n_a, rate) * binom.sf(fewest_b - 1, n_b, lower)
    return terms.sum(axis=1)


def information_limit(
    plug_in: float, n_rows: int, smallest_share: float, alpha: float
) -> float:
    """Upper limit for I(C; S) in nats at the given shares of the groups.

    The witness is L = log p(s|c)/p(s) = log x, with x at most 1/p(s) <= M. For any t
    in (0, 1) the mean of x^-t is 1 - E_Q[h(x)], where Q is the product of the
    marginals and h(x) = (1-t)x + t - x^(1-t); I is E_Q[g(x)], g(x) = x log x - x + 1.
    h/g falls in x, so that the mean is at most 1 - I h(M)/g(M): Chernoff's bound then
    limits I for each t, and the smallest of these limits is one.
    """
    most = 1 / smallest_share
    t = np.linspace(0, 1, 1002)[1:-1]
    h = (1 - t) * most + t - most ** (1 - t)
    g = most * np.log(most) - most + 1
    limits = -np.expm1(np.log(alpha) / n_rows - t * plug_in) * g / h
    return float(limits.min())


def mean_limit(mean: float, n_rows: int, alpha: float) -> float:
    """Upper limit for the mean of `n_rows` values in [0, 1], Hoeffding's in KL form."""

    def excess(value: float) -> float:
        divergence = rel_entr(mean, value) + rel_entr(1 - mean, 1 - value)
        return n_rows * divergence + np.log(alpha)

    if mean <= 0.0:
        return float(-np.expm1(np.log(alpha) / n_rows))
    most = 1 - 1e-15
    if mean >= most or excess(most) <= 0:  # one bit below 1 is as 1
        return 1.0
    return float(brentq(excess, mean, most))


def binomial_limit(share: float, n_rows: int, alpha: float) -> float:
    """Upper limit for a probability that was seen as ``share`` of the rows."""
    hits = round(share * n_rows)
    return 1.0 if hits == n_rows else float(beta.isf(alpha, hits + 1, n_rows - hits))


def total_variation(p: Floats, q: Floats) -> float:
    """Largest difference in probability over all sets of codes."""
    return float(np.maximum(p - q, 0).sum())


def best_auc(p: Floats, q: Floats) -> float:
    """AUC of telling p from q by the likelihood ratio; at least 0.5."""
    order = np.argsort(np.arctan2(p, q))  # by p/q, also where q is 0
    p, q = p[order], q[order]
    below = np.cumsum(q) - q
    return float(p @ (below + q / 2))


def best_accuracy(p: Floats, share: Floats) -> float:
    """Accuracy of guessing from the code the group with most of its rows."""
    return float((share[:, None] * p).max(axis=0).sum())


def mutual_information(p: Floats, share: Floats) -> float:
    """I(C; S) in nats; the rows of p are p(c|s)."""
    return table_information(share[:, None] * p)
