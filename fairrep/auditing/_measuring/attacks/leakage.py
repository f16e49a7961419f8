"""Leakage is what fresh attackers read of S in a view: a score, a representation.

A trained critic's own estimate proves nothing, so S is attacked anew: by five kinds of
model, cross-fitted on the audited rows, beside what they score where nothing is there.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from ....mutual_info._enumerated import Folds, temperatures
from .attackers import (
    ATTACKERS,
    STRONGEST_TABULAR,
    cross_fit,
    cross_fit_models,
    nats_lost,
)
from .null import null_limits
from .replaced import Replaced
from .scores import (
    Pair,
    Surest,
    attack_figures,
    attack_value,
    best_told_pair,
    bootstrap,
    make_folds,
    surest_tenth,
)
from .secret import Secret, read_secret
from .view import View, read_view

# Requests of a stochastic representation that the averaging attacker makes.
N_REQUESTS = 10


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
    surest : Surest
        Of the tenth of rows that an attacker is surest of: the share ``value`` that it
        tells rightly, what that would be by ``chance``, and the limit ``high`` that
        the best of as many attackers stays below where S is independent of the view.
        Shows what can be read of a few rows alone.
    pair : Pair or None
        Of more than two groups, the two that an attacker tells apart best: ``groups``,
        the AUC ``value`` on their rows, and the limit ``high`` that the largest of all
        pairs stays below where S is independent of the view.
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
        `metric` on the mean of repeated requests, of the attacker that was best on one
        or of gradient boosting, whichever is higher; None if there are none.
    notes : list of str
        What was left out or read from a part of the rows.
    given_others : dict
        By column of X, the nats that gradient boosting loses of S in this view where
        the column is another row's that is alike in the others: what it adds to them.
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
    surest: Surest
    pair: Pair | None
    entropy: float
    groups: list[str]
    n_rows: int
    null_value: float = np.nan
    null_low: float = np.nan
    null_high: float = np.nan
    references: dict[str, "Leakage"] = field(default_factory=dict)
    averaging: float | None = None
    notes: list[str] = field(default_factory=list)
    given_others: dict[Hashable, float] = field(default_factory=dict)

    @property
    def found(self) -> bool:
        """Whether attackers score more than is usual where nothing leaks.

        Of all rows, of the tenth that one is surest of, or of two of several groups.
        """
        of_two = self.pair is not None and self.pair.found
        return self.value > self.null_high or self.surest.found or of_two

    def to_dict(self) -> dict[str, Any]:
        """Return dicts, lists, strings and numbers, ready for JSON."""
        plain = {
            key: None if isinstance(value, float) and np.isnan(value) else value
            for key, value in vars(self).items()
        }
        plain["attackers"] = self.attackers.to_dict("index")
        plain["surest"] = {**vars(self.surest), "found": self.surest.found}
        if self.pair is not None:
            plain["pair"] = {**vars(self.pair), "found": self.pair.found}
        plain["references"] = {k: v.to_dict() for k, v in self.references.items()}
        plain["given_others"] = {
            str(name): None if np.isnan(nats) else nats
            for name, nats in self.given_others.items()
        }
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
    replaced: Replaced | None = None,
    sample_weight: Any = None,
    random_state: int | np.random.RandomState | None = None,
) -> Leakage:
    """Measure how well fresh attackers read S from a view, against where nothing is.

    Logistic regression, gradient boosting, a neural network and nearest neighbours read
    the numbers of the view; a fifth attacker reads their digits, their lowest bits, and
    which values and rows repeat. All are cross-fitted: each row is attacked by a model
    that never saw it, and a metric is the mean over the folds. What is found is there;
    what is not found may still be.

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
    replaced : Replaced, default=None
        Views of some rows with a column of X replaced, for `given_others`.
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
    The null is the best of five attackers where S is permuted. Its spread is that of
    the metric under permutation, in closed form for independent folds, widened since
    cross-fitted models share rows, so that their folds are not independent: by 1.35,
    which simulations gave, or more if a full repetition on permuted S shows so clearly;
    it weighs 1 to 10 of the simulations, so the null hardly depends on the seed. The
    limits take the attackers as independent, which by Šidák's inequality is
    on the safe side. Choosing the best attacker is so part of the null; the interval of
    the value, in contrast, takes the attacker as given.

    For a continuous S the attackers tell quantile bins apart; the rank correlation is
    that of S with the bin expected. Leakage of no direction, such as of the distance
    of S from its median, shows in the nats and not in the correlation.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from fairrep.auditing._measuring.attacks.leakage import measure_leakage
    >>> rng = np.random.default_rng(0)
    >>> s = pd.Series(rng.integers(2, size=300))
    >>> view = np.outer(s, [1, 0]) + rng.normal(size=(300, 2))
    >>> leakage = measure_leakage(view, s, name="z", n_folds=3, random_state=0)
    >>> leakage.metric, leakage.found
    ('auc', True)
    >>> 0.65 < leakage.low < leakage.value < leakage.high < 0.85
    True
    """
    view = read_view(view, name, len(s))
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1); got {confidence!r}.")
    secret, folds, rng, _ = _prepared(s, sample_weight, n_folds, random_state)
    seen = view.take(secret.rows)
    leakage = _attack(
        name, seen, secret, folds, [*ATTACKERS], n_bootstrap, confidence, rng, replaced
    )
    null = null_limits(seen, secret, n_folds, confidence, rng)
    averaging = None
    if requests is not None:
        mean = _mean_request(requests, name, view, rng).take(secret.rows)
        again = dict.fromkeys([leakage.best, STRONGEST_TABULAR])
        outputs = [cross_fit(k, mean, secret.codes, folds, rng) for k in again]
        averaging = max(attack_value(output, secret, folds) for output in outputs)
    leakage = replace(
        leakage,
        averaging=averaging,
        null_low=float(null[0]),
        null_value=float(null[1]),
        null_high=float(null[2]),
    )
    if leakage.found or secret.metric == "rank_correlation":
        return leakage
    # Each attacker's nats have an interval of their own, which knows nothing of the
    # choice among five: what chance may have made is no limit above 0.
    attackers = leakage.attackers.assign(mi_low=0.0)
    return replace(leakage, mi_low=0.0, attackers=attackers)


def measure_reference(
    view: Any,
    s: pd.Series,
    *,
    name: str,
    n_folds: int = 5,
    n_bootstrap: int = 200,
    confidence: float = 0.95,
    replaced: Replaced | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> Leakage:
    """Measure what gradient boosting reads of S in another view, to compare with.

    Parameters are those of `measure_leakage`, whose folds these are at the same
    ``random_state``. There is no null.
    """
    view = read_view(view, name, len(s))
    secret, folds, _, seed = _prepared(s, None, n_folds, random_state)
    return _attack(
        name,
        view.take(secret.rows),
        secret,
        folds,
        [STRONGEST_TABULAR],
        n_bootstrap,
        confidence,
        np.random.RandomState(seed),
        replaced,
    )


# -- input ---------------------------------------------------------------------


def _prepared(
    s: pd.Series,
    sample_weight: Any,
    n_folds: int,
    random_state: int | np.random.RandomState | None,
) -> tuple[Secret, Folds, np.random.RandomState, int]:
    """What all attacks on S share: S, folds, random state, a seed for references."""
    secret = read_secret(s, sample_weight, n_folds)
    rng = check_random_state(random_state)
    folds = make_folds(secret, n_folds, rng)
    # Drawn before any attack, so that references come out the same beside any view.
    return secret, folds, rng, rng.randint(2**31 - 1)


def _mean_request(
    requests: Callable[[int], Any], name: str, view: View, rng: np.random.RandomState
) -> View:
    mean = np.zeros(view.values.shape)
    for seed in rng.randint(2**31 - 1, size=N_REQUESTS):
        request = read_view(requests(int(seed)), name, len(mean))
        mean += request.values / N_REQUESTS
    return View(mean)


# -- attack --------------------------------------------------------------------


def _attack(
    name: str,
    view: View,
    secret: Secret,
    folds: Folds,
    attackers: list[str],
    n_bootstrap: int,
    confidence: float,
    rng: np.random.RandomState,
    replaced: Replaced | None,
) -> Leakage:
    """All of a `Leakage` that comes from attacking one view, and no null."""
    outputs, given_others = {}, {}
    for attacker in attackers:
        outputs[attacker], models = cross_fit_models(
            attacker, view, secret.codes, folds, rng
        )
        if attacker == STRONGEST_TABULAR and replaced is not None:
            output, codes = outputs[attacker], secret.codes
            by_fold = temperatures(output, codes, folds, secret.weight)
            rows, kept = replaced.among(secret.rows)
            given_others = {
                column: nats_lost(
                    models, output, codes, folds, by_fold, rows, draws[:, kept]
                )
                for column, draws in replaced.views
            }
    table = pd.DataFrame(
        {k: attack_figures(v, secret, folds, confidence) for k, v in outputs.items()}
    ).T.rename_axis("attacker")
    best = str(table[secret.metric].idxmax())
    draws = bootstrap(outputs[best], secret, folds, n_bootstrap, rng)
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    share = secret.share
    return Leakage(
        name=name,
        metric=secret.metric,
        attackers=table,
        best=best,
        value=float(table[secret.metric][best]),
        low=float(low),
        high=float(high),
        mi=float(table["mi"][best]),
        mi_low=float(table["mi_low"][best]),
        mi_high=float(table["mi_high"][best]),
        surest=surest_tenth(outputs, secret, folds, confidence),
        pair=best_told_pair(outputs, secret, folds, confidence),
        entropy=float(-(share * np.log(share)).sum()),
        groups=secret.groups,
        n_rows=len(secret.rows),
        notes=secret.notes,
        given_others=given_others,
    )
