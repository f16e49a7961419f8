"""Attackers have a score where there is nothing to read, too: the null."""

import numpy as np
from scipy.stats import norm

from ..._utils.types import Floats
from .attack_scores import attack_value, make_folds
from .attackers import ATTACKERS, Folds, cross_fit
from .secret import Secret

# Cross-fitted models share most of their rows, so the mean over the folds spreads more
# than folds apart would: 1.0 to 1.5 times, in simulations on noise of all four kinds.
MIN_WIDENING = 1.35
# Full repetitions on permuted S, which check that spread. A few say little of it: taken
# alone, three made it anything up to twice what it is, and the verdict a matter of the
# seed. So the simulations count as much as this many more repetitions.
N_PERMUTATIONS, N_SIMULATED = 3, 20


def null_limits(
    view: Floats,
    secret: Secret,
    n_folds: int,
    confidence: float,
    rng: np.random.RandomState,
) -> Floats:
    """Best attacker's metric where S is permuted: lower limit, median, upper limit."""
    ratios, spreads = [], []
    for _ in range(N_PERMUTATIONS):
        permuted = secret.permuted(rng)
        folds = make_folds(permuted, n_folds, rng)
        for attacker in ATTACKERS:
            output = cross_fit(attacker, view, permuted.codes, folds, rng)
            spread = _null_spread(output, permuted, folds)
            spreads.append(spread)
            value = attack_value(output, permuted, folds)
            ratios.append((value - secret.chance) / spread)
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


def _null_spread(output: Floats, secret: Secret, folds: Folds) -> float:
    """Standard deviation of the metric of a fixed output when S is permuted.

    Weights count by the number of rows that would be as uncertain without them.
    """
    n_rows = secret.weight.sum() ** 2 / np.square(secret.weight).sum() / len(folds)
    share = np.bincount(secret.codes) / len(secret.codes)
    if secret.metric == "rank_correlation":
        variance = 1 / (n_rows - 1)
    elif secret.metric == "auc":  # Mann and Whitney's
        variance = (n_rows + 1) / (12 * n_rows**2 * share.prod())
    else:
        chosen = np.eye(len(share))[output.argmax(axis=1)].mean(axis=0)
        by_group = chosen * (1 - chosen) / (n_rows * share)
        variance = by_group.mean() / len(share)
    return float(np.sqrt(variance / len(folds)))
