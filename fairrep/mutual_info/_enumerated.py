"""Classifiers of groups give a lower bound: the nats that they save on held-out rows.

Each row's come from a model of the other folds. Audits read attackers by the same rule.
"""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from .._utils.types import Codes, Floats
from ._method import Method, Settings, need_rows_of_groups
from ._variable import Variable, smooth_columns

Folds = Sequence[tuple[Codes, Codes]]

# Share of p(s) mixed into each probability, so that no row's loss is infinite.
MIXED_PRIOR = 1e-3
# Rows of a group in each fold.
ROWS_PER_FOLD = 2


def log_ratios(told: Floats, trained_on: Codes) -> Floats:
    """log q(s|x) / p(s) of a classifier's probabilities, by row and group.

    Parameters
    ----------
    told : ndarray of shape (n_rows, n_groups)
        q(s|x).
    trained_on : ndarray of shape (n_trained,)
        The groups of the rows that it learnt from, whose shares are p(s).
    """
    prior = np.bincount(trained_on, minlength=told.shape[1]) / len(trained_on)
    ratio = told / prior
    return np.log((1 - MIXED_PRIOR) * ratio + MIXED_PRIOR)


def information(
    output: Floats, codes: Codes, folds: Folds, weight: Floats
) -> tuple[Floats, float]:
    """Nats by row that the output saves over p(s) alone, and H(S).

    Their weighted mean, H(S) - cross-entropy, is a lower limit on I(view; S). An
    attacker sure of too much is calibrated first: one temperature a fold, fitted on
    the other folds; its limit of zero leaves p(s), where nothing is read.
    """
    prior = np.bincount(codes, weight) / weight.sum()
    rows = np.arange(len(codes))
    saved = np.empty(len(codes))

    def gain(temperature: float, part: Codes) -> Floats:
        log_p = log_softmax(temperature * output[part] + np.log(prior), axis=1)
        return (log_p - np.log(prior))[rows[: len(part)], codes[part]]

    for train, test in folds:
        fitted = minimize_scalar(
            lambda t, part: -np.average(gain(t, part), weights=weight[part]),
            bounds=(0.0, 2.0),
            args=(train,),
            method="bounded",
        )
        # The search stays inside its bounds: no gain means the bound itself.
        saved[test] = gain(fitted.x if fitted.fun < 0 else 0.0, test)
    return saved, float(-(prior * np.log(prior)).sum())


def _additive(seed: int) -> ClassifierMixin:
    return LogisticRegression(C=0.3, max_iter=200)


def _boosting(seed: int) -> ClassifierMixin:
    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=60,
        max_leaf_nodes=15,
        early_stopping=False,
        random_state=seed,
    )


# What each classifier is, and what it sees of X.
CLASSIFIERS: list[
    tuple[Callable[[int], ClassifierMixin], Callable[[Variable], Floats]]
] = [
    (_additive, smooth_columns),
    (_boosting, lambda x: x.columns),
]


class Enumerated(Method):
    """E[log q(s|x) / p(s)] on held-out rows, all groups of S being enumerated.

    q is a logistic regression on splines, gradient boosting, or the mean of the two in
    log-odds: in each fold the one that saves most on the others.
    """

    takes = "S of groups"
    is_lower_bound = True

    def accepts(self, x: Variable, s: Variable) -> bool:
        return s.groups is not None

    def check_rows(self, x: Variable, s: Variable, n_folds: int, where: str) -> None:
        need_rows_of_groups(s, ROWS_PER_FOLD * n_folds, where)

    def terms(self, x: Variable, s: Variable, settings: Settings) -> Floats:
        codes, rng = s.groups, settings.rng
        assert codes is not None
        cut = StratifiedKFold(settings.n_folds, shuffle=True, random_state=rng)
        folds = [*cut.split(codes, codes)]
        outputs = [
            _cross_fitted(make, seen(x), codes, folds, rng)
            for make, seen in CLASSIFIERS
        ]
        outputs.append(np.mean(outputs, axis=0))
        weight = np.ones(len(codes))
        saved = np.array([information(o, codes, folds, weight)[0] for o in outputs])
        terms = np.empty(len(codes))
        for train, test in folds:
            terms[test] = saved[saved[:, train].mean(axis=1).argmax(), test]
        return terms


def _cross_fitted(
    make: Callable[[int], ClassifierMixin],
    seen: Floats,
    codes: Codes,
    folds: Folds,
    rng: np.random.RandomState,
) -> Floats:
    output = np.empty((len(codes), int(codes.max()) + 1))
    for train, test in folds:
        model = make(rng.randint(2**31 - 1))
        with warnings.catch_warnings(), threadpool_limits(1):
            # One that stops early is as held out as any.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(seen[train], codes[train])
            told = model.predict_proba(seen[test])
        output[test] = log_ratios(told, codes[train])
    return output
