"""What fresh attackers can read of S in a view of the rows: a score, a representation.

A trained critic's own estimate proves nothing, so S is attacked anew: by four kinds of
model, cross-fitted on the audited rows, beside what they score where nothing is there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import check_random_state

from .._inputs import Floats
from ._attackers import (
    ATTACKERS,
    STRONGEST_TABULAR,
    Folds,
    auc,
    balanced_accuracy,
    cross_fit,
    information,
    mean_over_folds,
    rank_correlation,
)
from ._target import Target, read_target

# Cross-fitted models share most of their rows, so the mean over the folds spreads more
# than folds apart would: 1.0 to 1.5 times, in simulations on noise of all four kinds.
MIN_WIDENING = 1.35
# Full repetitions on permuted S, which check that spread. A few say little of it: taken
# alone, three made it anything up to twice what it is, and the verdict a matter of the
# seed. So the simulations count as much as this many more repetitions.
N_PERMUTATIONS, N_SIMULATED = 3, 20
# Requests of a stochastic representation that the averaging attacker makes.
N_REQUESTS = 10
SCORES: dict[str, Callable[..., Floats]] = {
    "auc": auc,
    "balanced_accuracy": balanced_accuracy,
    "rank_correlation": rank_correlation,
}


@dataclass(frozen=True, eq=False)
class Leakage:
    """What attackers read of S, made by :func:`measure_leakage`.

    Parameters
    ----------
    name : str
        What was attacked.
    metric : {"auc", "balanced_accuracy", "rank_correlation"}
        For two groups, for more, and for a continuous S.
    attackers : DataFrame
        One row an attacker, with the columns "auc" (never below 0.5: an attacker that
        errs more often than not is turned round; of several groups, the mean of each
        against the rest), "balanced_accuracy", for a continuous S "rank_correlation",
        and in nats "mi", "mi_low" and "mi_high".
    best : str
        The attacker with the highest `metric`.
    value, low, high : float
        `metric` of the best attacker, with its bootstrap interval.
    mi, mi_low, mi_high : float
        Lower limit on I(view; S) in nats that the best attacker shows, H(S) less its
        held-out cross-entropy, with interval. Of a continuous S, that of its bins. Of
        groups, `mi_low` is 0 unless `found`, here and in `attackers`.
    entropy : float
        H(S) in nats, the most that can be read; of a continuous S, that of its bins.
    groups : list of str
        The groups attacked, or the bins of a continuous S.
    n_rows : int
        The rows attacked.
    null_value, null_low, null_high : float
        `metric` of the best of as many attackers when S is independent of the view:
        median and limits. `value` above `null_high` is leakage. NaN in a reference.
    references : dict of str to Leakage
        The same for other views of the rows, by gradient boosting alone.
    averaging : float or None
        `metric` of the best attacker on the mean of repeated requests; None if there
        are none.
    notes : list of str
        What was left out or read from a part of the rows.
    """

    name: str
    metric: str
    attackers: pd.DataFrame
    best: str
    value: float
    low: float
    high: float
    mi: float
    mi_low: float
    mi_high: float
    entropy: float
    groups: list[str]
    n_rows: int
    null_value: float = np.nan
    null_low: float = np.nan
    null_high: float = np.nan
    references: dict[str, "Leakage"] = field(default_factory=dict)
    averaging: float | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def found(self) -> bool:
        """Whether the best attacker scores more than is usual where nothing leaks."""
        return self.value > self.null_high

    def to_dict(self) -> dict[str, Any]:
        """Return dicts, lists, strings and numbers, ready for JSON."""
        plain = {
            key: None if isinstance(value, float) and np.isnan(value) else value
            for key, value in vars(self).items()
        }
        plain["attackers"] = self.attackers.to_dict("index")
        plain["references"] = {k: v.to_dict() for k, v in self.references.items()}
        return plain


def measure_leakage(
    view: Any,
    s: pd.Series,
    *,
    name: str,
    n_folds: int = 5,
    n_bootstrap: int = 200,
    confidence: float = 0.95,
    requests: Callable[[int], Any] | None = None,
    references: Mapping[str, Any] | None = None,
    sample_weight: Any = None,
    random_state: int | np.random.RandomState | None = None,
) -> Leakage:
    """Measure how well fresh attackers read S from a view, against where nothing is.

    Logistic regression, gradient boosting, a neural network and nearest neighbours are
    cross-fitted: each row is attacked by a model that never saw it, and a metric is the
    mean over the folds. What is found is there; what is not found may still be.

    Parameters
    ----------
    view : array-like of shape (n_rows,) or (n_rows, n_columns)
        What an attacker sees of the rows: finite numbers.
    s : Series of length n_rows
        Groups, or numbers, which are continuous where more than 20 differ, or more
        than 2 with fractions.
    name : str
        What the view is called in the result.
    n_folds : int, default=5
        Folds of the cross-fitting.
    n_bootstrap : int, default=200
        Draws for the interval of the metric, each within folds and groups.
    confidence : float, default=0.95
        Confidence level of all intervals.
    requests : callable, default=None
        Gives another view of the same rows for an integer seed, where views are
        random. Asked for 10, whose mean is attacked too.
    references : dict of str to array-like, default=None
        Other views of the same rows to compare with, such as X.
    sample_weight : array-like of shape (n_rows,), default=None
        Weights of the rows in every figure, not in the training of attackers.
    random_state : int, RandomState or None, default=None
        Folds, attackers, bootstrap and permutations.

    Returns
    -------
    leakage : Leakage

    Raises
    ------
    ValueError
        If S has missing values or fewer than two groups that are large enough, if a
        view is not finite, or if lengths differ.

    Notes
    -----
    The null is the best of four attackers where S is permuted. Its spread is that of
    the metric under permutation, in closed form for independent folds, widened since
    cross-fitted models share rows, so that their folds are not independent: by 1.35,
    which simulations gave, or more if three full repetitions on permuted S show so
    clearly; they weigh 3 to 20 of the simulations, so the null hardly depends on the
    seed. The limits take the attackers as independent, which by Šidák's inequality is
    on the safe side. Choosing the best attacker is so part of the null; the interval of
    the value, in contrast, takes the attacker as given.

    For a continuous S the attackers tell quantile bins apart; the rank correlation is
    that of S with the bin expected. Leakage of no direction, such as of the distance
    of S from its median, shows in the nats and not in the correlation.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from fairrep.auditing._leakage import measure_leakage
    >>> rng = np.random.default_rng(0)
    >>> s = pd.Series(rng.integers(2, size=300))
    >>> view = np.outer(s, [1, 0]) + rng.normal(size=(300, 2))
    >>> leakage = measure_leakage(view, s, name="z", n_folds=3, random_state=0)
    >>> leakage.metric, leakage.found
    ('auc', True)
    >>> 0.65 < leakage.low < leakage.value < leakage.high < 0.85
    True
    """
    view = _read_view(view, name, len(s))
    others = {k: _read_view(v, k, len(s)) for k, v in (references or {}).items()}
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1); got {confidence!r}.")
    target = read_target(s, sample_weight, n_folds)
    rng = check_random_state(random_state)
    folds = _folds(target, n_folds, rng)
    # Drawn now, so that references come out the same beside any view.
    seed = rng.randint(2**31 - 1)

    def attack(
        key: str, seen: Floats, by: list[str], rng: np.random.RandomState
    ) -> Leakage:
        seen = seen[target.rows]
        return _attack(key, seen, target, folds, by, n_bootstrap, confidence, rng)

    leakage = attack(name, view, [*ATTACKERS], rng)
    null = _null(view[target.rows], target, n_folds, confidence, rng)
    averaging = None
    if requests is not None:
        mean = _mean_request(requests, name, view, rng)[target.rows]
        outputs = [cross_fit(k, mean, target.codes, folds, rng) for k in ATTACKERS]
        averaging = max(_value(output, target, folds) for output in outputs)
    compared = {
        k: attack(k, v, [STRONGEST_TABULAR], np.random.RandomState(seed))
        for k, v in others.items()
    }
    if target.metric != "rank_correlation" and leakage.value <= null[2]:
        # Each attacker's nats have an interval of their own, which knows nothing of
        # the choice among four: what chance may have made is no limit above 0.
        leakage = replace(
            leakage, mi_low=0.0, attackers=leakage.attackers.assign(mi_low=0.0)
        )
    return replace(
        leakage,
        averaging=averaging,
        references=compared,
        null_low=float(null[0]),
        null_value=float(null[1]),
        null_high=float(null[2]),
    )


# -- input ---------------------------------------------------------------------


def _read_view(view: Any, name: str, n_rows: int) -> Floats:
    array = np.asarray(view, dtype=np.float64)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or len(array) != n_rows or not array.shape[1]:
        raise ValueError(
            f"{name} has shape {np.shape(view)}; expected one row for each of the "
            f"{n_rows} values of S."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} contains NaN or infinity; expected finite numbers.")
    return array


def _folds(target: Target, n_folds: int, rng: np.random.RandomState) -> Folds:
    cut = StratifiedKFold(n_folds, shuffle=True, random_state=rng)
    return list(cut.split(target.codes, target.codes))


def _mean_request(
    requests: Callable[[int], Any], name: str, view: Floats, rng: np.random.RandomState
) -> Floats:
    mean = np.zeros(view.shape)
    for seed in rng.randint(2**31 - 1, size=N_REQUESTS):
        request = _read_view(requests(int(seed)), name, len(view))
        mean += request / N_REQUESTS
    return mean


# -- attack --------------------------------------------------------------------


def _attack(
    name: str,
    view: Floats,
    target: Target,
    folds: Folds,
    attackers: list[str],
    n_bootstrap: int,
    confidence: float,
    rng: np.random.RandomState,
) -> Leakage:
    """All of a `Leakage` that comes from attacking one view, and no null."""
    outputs = {k: cross_fit(k, view, target.codes, folds, rng) for k in attackers}
    table = pd.DataFrame(
        {k: _figures(v, target, folds, confidence) for k, v in outputs.items()}
    ).T.rename_axis("attacker")
    best = str(table[target.metric].idxmax())
    draws = _bootstrap(outputs[best], target, folds, n_bootstrap, rng)
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    share = np.bincount(target.codes, target.weight) / target.weight.sum()
    return Leakage(
        name=name,
        metric=target.metric,
        attackers=table,
        best=best,
        value=float(table[target.metric][best]),
        low=float(low),
        high=float(high),
        mi=float(table["mi"][best]),
        mi_low=float(table["mi_low"][best]),
        mi_high=float(table["mi_high"][best]),
        entropy=float(-(share * np.log(share)).sum()),
        groups=target.groups,
        n_rows=len(target.rows),
        notes=target.notes,
    )


def _figures(
    output: Floats, target: Target, folds: Folds, confidence: float
) -> dict[str, float]:
    weights = target.weight[None]
    area = mean_over_folds(auc, folds, weights, output, target.codes)[0]
    hits = mean_over_folds(balanced_accuracy, folds, weights, output, target.codes)[0]
    figures = {"auc": max(area, 1 - area), "balanced_accuracy": hits}
    if target.metric == "rank_correlation":
        figures["rank_correlation"] = _value(output, target, folds)
    saved, entropy = information(output, target.codes, folds, target.weight)
    mi = np.average(saved, weights=target.weight)
    error = np.sqrt(np.sum((target.weight * (saved - mi)) ** 2)) / target.weight.sum()
    reach = norm.ppf((1 + confidence) / 2) * error
    nats = {"mi": mi, "mi_low": mi - reach, "mi_high": mi + reach}
    return figures | {k: np.clip(v, 0.0, entropy) for k, v in nats.items()}


def _scores(
    output: Floats, target: Target, folds: Folds, weights: Floats
) -> tuple[Floats, float]:
    """The metric by row of `weights`, and 1 or, for an attacker turned round, -1.

    Whoever scores less than chance in earnest knows S as well: they say the opposite.
    """
    score = SCORES[target.metric]
    raw = mean_over_folds(score, folds, weights, output, target.truth)
    point = mean_over_folds(score, folds, target.weight[None], output, target.truth)
    turned = target.metric != "balanced_accuracy" and point[0] < target.chance
    return raw, -1.0 if turned else 1.0


def _value(output: Floats, target: Target, folds: Folds) -> float:
    raw, sign = _scores(output, target, folds, target.weight[None])
    return float(target.chance + sign * (raw[0] - target.chance))


def _bootstrap(
    output: Floats,
    target: Target,
    folds: Folds,
    n_draws: int,
    rng: np.random.RandomState,
) -> Floats:
    counts = np.empty((n_draws, len(target.codes)))
    for _, test in folds:
        for group in range(len(target.groups)):
            rows = test[target.codes[test] == group]
            even = np.full(len(rows), 1 / len(rows))
            counts[:, rows] = rng.multinomial(len(rows), even, size=n_draws)
    raw, sign = _scores(output, target, folds, counts * target.weight)
    return target.chance + sign * (raw - target.chance)


# -- what attackers score where there is nothing to read -----------------------


def _null(
    view: Floats,
    target: Target,
    n_folds: int,
    confidence: float,
    rng: np.random.RandomState,
) -> Floats:
    """Best attacker's metric where S is permuted: lower limit, median, upper limit."""
    ratios, spreads = [], []
    for _ in range(N_PERMUTATIONS):
        permuted = target.permuted(rng)
        folds = _folds(permuted, n_folds, rng)
        for attacker in ATTACKERS:
            output = cross_fit(attacker, view, permuted.codes, folds, rng)
            spread = _null_spread(output, permuted, folds)
            spreads.append(spread)
            ratios.append((_value(output, permuted, folds) - target.chance) / spread)
    widened = _widening(float(np.mean(np.square(ratios))))
    tail = (1 - confidence) / 2
    below = np.array([tail, 0.5, 1 - tail]) ** (1 / len(ATTACKERS))
    if target.metric != "balanced_accuracy":  # either direction counts
        below = (1 + below) / 2
    limits = target.chance + widened * np.mean(spreads) * norm.ppf(below)
    return np.clip(limits, 0.0, 1.0)


def _widening(mean_square: float) -> float:
    """Of the spread in theory, from the squares of what permutations show of it."""
    n_all = N_SIMULATED + N_PERMUTATIONS
    pooled = (N_SIMULATED * MIN_WIDENING**2 + N_PERMUTATIONS * mean_square) / n_all
    return max(MIN_WIDENING, float(np.sqrt(pooled)))


def _null_spread(output: Floats, target: Target, folds: Folds) -> float:
    """Standard deviation of the metric of a fixed output when S is permuted.

    Weights count by the number of rows that would be as uncertain without them.
    """
    n_rows = target.weight.sum() ** 2 / np.square(target.weight).sum() / len(folds)
    share = np.bincount(target.codes) / len(target.codes)
    if target.metric == "rank_correlation":
        variance = 1 / (n_rows - 1)
    elif target.metric == "auc":  # Mann and Whitney's
        variance = (n_rows + 1) / (12 * n_rows**2 * share.prod())
    else:
        chosen = np.eye(len(share))[output.argmax(axis=1)].mean(axis=0)
        by_group = chosen * (1 - chosen) / (n_rows * share)
        variance = by_group.mean() / len(share)
    return float(np.sqrt(variance / len(folds)))
