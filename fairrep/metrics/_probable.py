"""Rates of groups that are known as probabilities: by weights, and by least squares.

Of a row with features z one knows p_g = P(S=g | z). Two estimates of P(D=1 | S=g) need
nothing else, and each an assumption of its own:

- *weighted*, the mean of D with the weights p_g [1]_. It is right where D tells no more
  of S than p does. Where D depends on S beyond p its bias is -E[Cov(D, 1{S=g} | z)] /
  P(S=g): gaps usually look too small.
- *least squares* of D on the columns of p [2]_ [3]_. It is right where, within a group,
  p tells nothing of D. Where D depends on p beyond S, gaps usually look too large.

Both need p to be calibrated: of the rows with p_g = 0.3, three in ten are of group g.
For rates among some rows, such as true positive rates, all this is asked of those rows.
With two groups the true difference lies between both where Cov(D, S | p) and
Cov(D, p | S) have the sign of the gap [2]_. Where each p is 0 or 1 both are the usual
rate.

References
----------
.. [1] J. Chen, N. Kallus, X. Mao, G. Svacha and M. Udell, "Fairness under unawareness:
       assessing disparity when protected class is unobserved", FAT* 2019.
       https://arxiv.org/abs/1811.11154
.. [2] H. Elzayn et al., "Measuring and mitigating racial disparities in tax audits",
       Quarterly Journal of Economics 140(1), 2025.
.. [3] C. McCartan, R. Fisher, J. Goldin, D. E. Ho and K. Imai, "Estimating racial
       disparities when race is not observed", 2024. https://arxiv.org/abs/2303.02580
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .._utils.types import Codes, Floats
from ._intervals import Counts

Mask = NDArray[np.bool_]
# Where a direction of p has less than this of the spread of the largest, it tells
# nothing that least squares could use.
LEAST_SPREAD = 1e-8
ROUNDING = 1e-12


def cell_sums(weights: Floats, positive: Codes, predicted: Codes) -> Floats:
    """Sums of weights by group, label and prediction, of shape (n_groups, 2, 2)."""
    cells = np.eye(4)[positive * 2 + predicted]
    return (weights.T @ cells).reshape(-1, 2, 2)


def weighted_rates(weights: Floats, hit: Mask, among: Mask) -> Counts:
    """Rates of hits among some rows, each row weighed by its probability.

    Parameters
    ----------
    weights : ndarray of shape (n_rows, n_groups)
        Probabilities of the groups.
    hit, among : ndarray of bool of shape (n_rows,)
        Rows that have the outcome, and rows that could have it.

    Returns
    -------
    rates : Counts
        Effective hits and totals, and the correlation of the errors. A total is 0 of a
        group without weight among these rows.
    """
    p, d = weights[among], hit[among].astype(float)
    total = p.sum(axis=0)
    shares = np.divide(p, total, out=np.zeros_like(p), where=total > 0)
    rates = d @ shares
    return _effective(rates, shares, d[:, None] - rates)


def least_squares_rates(weights: Floats, hit: Mask, among: Mask) -> Counts:
    """Rates of hits among some rows, as coefficients of the probabilities.

    The same as `weighted_rates`. A rate outside of [0, 1] is put at the nearer limit.
    Totals are 0 where probabilities are too much alike to tell groups apart.
    """
    p, d = weights[among], hit[among].astype(float)
    some = p.sum(axis=0) > 0
    rates, shares = np.zeros(p.shape[1]), np.zeros_like(p)
    moments = p[:, some].T @ p[:, some]
    scale = np.sqrt(np.diag(moments))
    spread = np.linalg.eigvalsh(moments / np.outer(scale, scale)) if some.any() else 0.0
    if np.min(spread) <= LEAST_SPREAD:
        return _effective(rates, shares, d[:, None] - rates)
    shares[:, some] = np.linalg.solve(moments, p[:, some].T).T
    rates = d @ shares
    residual = d - p @ rates
    return _effective(np.clip(rates, 0, 1), shares, residual[:, None])


Estimator = Callable[[Floats, Mask, Mask], Counts]


def _effective(rates: Floats, shares: Floats, residuals: Floats) -> Counts:
    """Rates that are sums of outcomes by ``shares``, as counts of as certain ones.

    The variance is that of the linearised estimate: the sum of squares of what each row
    adds to its error. Of a rate of 0 or 1 that is 0, where nothing is certain; then
    rows count by their shares alone.
    """
    # Shares sum to 1 but for rounding, and a rate of 0 or 1 has limits of its own.
    whole = np.rint(rates)
    rates = np.where(np.abs(rates - whole) < ROUNDING, whole, rates)
    parts = shares * residuals
    covariance, plain = parts.T @ parts, shares.T @ shares
    variance = np.diag(covariance)
    # No rate is taken for nearer to 0 or 1 than its error.
    error = np.minimum(np.sqrt(variance), 0.5)
    spread = np.clip(rates, error, 1 - error)
    spread = spread * (1 - spread)
    known = variance > ROUNDING * np.diag(plain)
    with np.errstate(divide="ignore", invalid="ignore"):
        totals = np.where(known, spread / variance, 1 / np.diag(plain))
    totals = np.where(np.diag(plain) > 0, totals, 0.0)
    basis = np.where(known[:, None] & known, covariance, plain)
    scale = np.sqrt(np.where(known, variance, np.diag(plain)))
    scale = np.where(scale > 0, scale, 1.0)
    both = known[:, None] == known
    correlation = np.where(both, basis / np.outer(scale, scale), 0.0)
    return Counts(rates * totals, totals, np.clip(correlation, -1, 1))
