"""An attacker's output is scored by a metric with its interval, and in nats."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import norm
from sklearn.model_selection import StratifiedKFold

from ...._utils.types import Codes, Floats
from ....mutual_info._enumerated import Folds, information
from .attackers import (
    auc,
    balanced_accuracy,
    mean_over_folds,
    rank_correlation,
)
from .secret import Secret

# Cross-fitted models share most of their rows, so the mean over the folds spreads more
# than folds apart would: 1.0 to 1.5 times, in simulations on noise of all kinds.
MIN_WIDENING = 1.35
SCORES: dict[str, Callable[..., Floats]] = {
    "auc": auc,
    "balanced_accuracy": balanced_accuracy,
    "rank_correlation": rank_correlation,
}


def make_folds(secret: Secret, n_folds: int, rng: np.random.RandomState) -> Folds:
    cut = StratifiedKFold(n_folds, shuffle=True, random_state=rng)
    return list(cut.split(secret.codes, secret.codes))


def attack_figures(
    output: Floats, secret: Secret, folds: Folds, confidence: float
) -> dict[str, float]:
    weights = secret.weight[None]
    area = mean_over_folds(auc, folds, weights, output, secret.codes)[0]
    hits = mean_over_folds(balanced_accuracy, folds, weights, output, secret.codes)[0]
    figures = {"auc": max(area, 1 - area), "balanced_accuracy": hits}
    if secret.metric == "rank_correlation":
        figures["rank_correlation"] = attack_value(output, secret, folds)
    saved, entropy = information(output, secret.codes, folds, secret.weight)
    mi = np.average(saved, weights=secret.weight)
    error = np.sqrt(np.sum((secret.weight * (saved - mi)) ** 2)) / secret.weight.sum()
    reach = norm.ppf((1 + confidence) / 2) * error
    nats = {"mi": mi, "mi_low": mi - reach, "mi_high": mi + reach}
    return figures | {k: np.clip(v, 0.0, entropy) for k, v in nats.items()}


def _scores(
    output: Floats, secret: Secret, folds: Folds, weights: Floats
) -> tuple[Floats, float]:
    """The metric by row of `weights`, and 1 or, for an attacker turned round, -1.

    Whoever scores less than chance in earnest knows S as well: they say the opposite.
    """
    score = SCORES[secret.metric]
    raw = mean_over_folds(score, folds, weights, output, secret.truth)
    point = mean_over_folds(score, folds, secret.weight[None], output, secret.truth)
    turned = secret.metric != "balanced_accuracy" and point[0] < secret.chance
    return raw, -1.0 if turned else 1.0


def attack_value(output: Floats, secret: Secret, folds: Folds) -> float:
    raw, sign = _scores(output, secret, folds, secret.weight[None])
    return float(secret.chance + sign * (raw[0] - secret.chance))


@dataclass(frozen=True)
class Surest:
    """Of the tenth of rows that an attacker is surest of, the share it tells rightly.

    Where S can be read of a few rows alone, all of them together hardly show it.
    """

    attacker: str
    value: float
    chance: float  # the same where S is independent of the view
    high: float  # what it stays below there, with `confidence`

    @property
    def found(self) -> bool:
        return self.value > self.high


def surest_tenth(
    outputs: dict[str, Floats], secret: Secret, folds: Folds, confidence: float
) -> Surest:
    """That of the attacker with the most above chance, in standard deviations."""
    # The best of several is above chance more often than each.
    below = ((1 + confidence) / 2) ** (1 / len(outputs))
    reach = float(norm.ppf(below)) * MIN_WIDENING
    share = secret.share
    found = []
    for attacker, output in outputs.items():
        rows = np.concatenate([_surest_rows(output, secret, test) for _, test in folds])
        told, weight = output[rows].argmax(axis=1), secret.weight[rows]
        by_chance = share[told]
        spread = np.sqrt(np.sum(weight**2 * by_chance * (1 - by_chance))) / weight.sum()
        value = float(np.average(told == secret.codes[rows], weights=weight))
        chance = float(np.average(by_chance, weights=weight))
        high = min(chance + reach * float(spread), 1.0)
        surest = Surest(attacker, value, chance, high)
        found.append(((value - chance) / spread, surest))
    return max(found, key=lambda pair: pair[0])[1]


@dataclass(frozen=True)
class Pair:
    """The two of several groups that an attacker tells apart best.

    A mean over all groups hides two that are told apart among many that are not.
    """

    groups: tuple[str, str]
    attacker: str
    value: float  # AUC on the rows of the two alone
    high: float  # what the largest of all pairs stays below where nothing leaks

    @property
    def found(self) -> bool:
        return self.value > self.high


def best_told_pair(
    outputs: dict[str, Floats], secret: Secret, folds: Folds, confidence: float
) -> Pair | None:
    """That with the most above chance, in standard deviations; None of two groups."""
    if secret.metric != "balanced_accuracy":
        return None
    pairs = [*combinations(range(len(secret.groups)), 2)]
    below = ((1 + confidence) / 2) ** (1 / (len(outputs) * len(pairs)))
    reach = float(norm.ppf(below)) * MIN_WIDENING
    found = []
    for a, b in pairs:
        rows = [test[np.isin(secret.codes[test], (a, b))] for _, test in folds]
        spread = float(np.sqrt(np.mean([_auc_variance(secret, part) for part in rows])))
        spread /= np.sqrt(len(folds))
        for attacker, output in outputs.items():
            area = np.mean([_auc_of_pair(output, secret, part, a, b) for part in rows])
            value = float(max(area, 1 - area))
            names = (secret.groups[a], secret.groups[b])
            high = float(min(0.5 + reach * spread, 1.0))
            pair = Pair(names, attacker, value, high)
            found.append(((value - 0.5) / spread, pair))
    return max(found, key=lambda scored: scored[0])[1]


def _auc_of_pair(output: Floats, secret: Secret, rows: Codes, a: int, b: int) -> float:
    codes = (secret.codes[rows] == b).astype(np.int64)
    return float(auc(output[rows][:, [a, b]], codes, secret.weight[rows][None])[0])


def _auc_variance(secret: Secret, rows: Codes) -> float:
    """Of an AUC where nothing leaks, by Mann and Whitney, of two groups' rows."""
    n = np.unique(secret.codes[rows], return_counts=True)[1]
    return float((n.sum() + 1) / (12 * n.prod()))


def _surest_rows(output: Floats, secret: Secret, test: Codes) -> Codes:
    """The surest rows of a fold, a tenth of its weight."""
    rows = test[np.argsort(-output[test].max(axis=1), kind="stable")]
    before = np.cumsum(secret.weight[rows]) - secret.weight[rows]
    return rows[before < secret.weight[rows].sum() / 10]


def bootstrap(
    output: Floats,
    secret: Secret,
    folds: Folds,
    n_draws: int,
    rng: np.random.RandomState,
) -> Floats:
    counts = np.empty((n_draws, len(secret.codes)))
    for _, test in folds:
        for group in range(len(secret.groups)):
            rows = test[secret.codes[test] == group]
            even = np.full(len(rows), 1 / len(rows))
            counts[:, rows] = rng.multinomial(len(rows), even, size=n_draws)
    raw, sign = _scores(output, secret, folds, counts * secret.weight)
    return secret.chance + sign * (raw - secret.chance)
