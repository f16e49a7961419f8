"""Attackers have a score where there is nothing to read, too: the null."""

import numpy as np
from scipy.stats import norm

from ...._utils.types import Floats
from .attackers import ATTACKERS, cross_fit, sample_rows
from .scores import MIN_WIDENING, attack_value, make_folds
from .secret import Secret
from .view import View

# A full repetition on permuted S checks that spread. It says little of it: taken
# alone, three made it anything up to twice what it is, and the verdict a matter of the
# seed. So the simulations count as much as this many more repetitions.
N_PERMUTATIONS, N_SIMULATED = 1, 10
# What they say has no unit, so that a part of many rows says it as well.
MAX_PERMUTED_ROWS = 2000


def null_limits(
    view: View,
    secret: Secret,
    n_folds: int,
    confidence: float,
    rng: np.random.RandomState,
) -> Floats:
    """Best attacker's metric where S is permuted: lower limit, median, upper limit."""
    part = np.arange(len(secret.codes))
    if len(part) > MAX_PERMUTED_ROWS:
        part = sample_rows(part, secret.codes, MAX_PERMUTED_ROWS, n_folds, rng)
    view, shown = view.take(part), secret.take(part)
    ratios, spreads = [], []
    for _ in range(N_PERMUTATIONS):
        permuted = shown.permuted(rng)
        folds = make_folds(permuted, n_folds, rng)
        for attacker in ATTACKERS:
            output = cross_fit(attacker, view, permuted.codes, folds, rng)
            value = attack_value(output, permuted, folds)
            told = np.eye(output.shape[1])[output.argmax(axis=1)].mean(axis=0)
            spread = _null_spread(told, permuted, n_folds)
            # An output that names one group for all rows is at chance, whatever S is.
            ratios.append((value - secret.chance) / spread if spread > 0 else 0.0)
            spreads.append(_null_spread(told, secret, n_folds))
    widened = _widening(float(np.mean(np.square(ratios))))
    tail = (1 - confidence) / 2
    below = np.array([tail, 0.5, 1 - tail]) ** (1 / len(ATTACKERS))
    if secret.metric != "balanced_accuracy":  # either direction counts
        below = (1 + below) / 2
    limits = secret.chance + widened * np.mean(spreads) * norm.ppf(below)
    return np.clip(limits, 0.0, 1.0)


def _widening(mean_square: float) -> float:
    """Widen the spread of theory by what permutations show of its square."""
    n_all = N_SIMULATED + N_PERMUTATIONS
    pooled = (N_SIMULATED * MIN_WIDENING**2 + N_PERMUTATIONS * mean_square) / n_all
    return max(MIN_WIDENING, float(np.sqrt(pooled)))


def _null_spread(told: Floats, secret: Secret, n_folds: int) -> float:
    """Standard deviation of the metric of a fixed output when S is permuted.

    ``told`` is the share of rows that the output assigns to each group. Weights count
    by the number of rows that would be as uncertain without them.
    """
    n_rows = secret.weight.sum() ** 2 / np.square(secret.weight).sum() / n_folds
    share = np.bincount(secret.codes) / len(secret.codes)
    if secret.metric == "rank_correlation":
        variance = 1 / (n_rows - 1)
    elif secret.metric == "auc":  # Mann and Whitney's
        variance = (n_rows + 1) / (12 * n_rows**2 * share.prod())
    else:
        by_group = told * (1 - told) / (n_rows * share)
        variance = by_group.mean() / len(share)
    return float(np.sqrt(variance / n_folds))
