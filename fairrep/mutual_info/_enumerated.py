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

    Their weighted mean, H(S) - cross-entropy, is a lower limit on I(view; S). A
    classifier sure of too much is calibrated first, by its `temperatures`.
    """
    prior = shares(codes, weight)
    saved = np.empty(len(codes))
    by_fold = temperatures(output, codes, folds, weight)
    for (_, test), temperature in zip(folds, by_fold, strict=True):
        saved[test] = saved_nats(temperature * output[test], codes[test], prior)
    return saved, float(-(prior * np.log(prior)).sum())


def temperatures(
    output: Floats, codes: Codes, folds: Folds, weight: Floats
) -> list[float]:
    """What an output is to be multiplied by, for each fold fitted on the others.

    The limit of zero leaves p(s), where nothing is read.
    """
    prior = shares(codes, weight)

    def loss(temperature: float, part: Codes) -> float:
        saved = saved_nats(temperature * output[part], codes[part], prior)
        return -float(np.average(saved, weights=weight[part]))

    found = []
    for train, _ in folds:
        fitted = minimize_scalar(
            loss, bounds=(0.0, 2.0), args=(train,), method="bounded"
        )
        # The search stays inside its bounds: no gain means the bound itself.
        found.append(float(fitted.x) if fitted.fun < 0 else 0.0)
    return found


def shares(codes: Codes, weight: Floats) -> Floats:
    """What each group weighs of all."""
    return np.bincount(codes, weight) / weight.sum()


def saved_nats(output: Floats, codes: Codes, prior: Floats) -> Floats:
    """Nats that each row's output saves over the prior."""
    log_p = log_softmax(output + np.log(prior), axis=1)
    return (log_p - np.log(prior))[np.arange(len(codes)), codes]


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
    with warnings.catch_warnings(), threadpool_limits(1):
        # One that stops early is as held out as any.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for train, test in folds:
            model = make(rng.randint(2**31 - 1)).fit(seen[train], codes[train])
            output[test] = log_ratios(model.predict_proba(seen[test]), codes[train])
    return output
