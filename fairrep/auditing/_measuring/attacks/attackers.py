"""Fresh attackers that read S from a view of the rows, and what they score.

An attacker's output is, by row and group, the log of how much more likely than before
it finds the group: log p(s|view) - log p(s). Each row's comes from a model that never
saw the row.
"""

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import ThreadpoolController

from ...._utils.types import Codes, Floats
from ....mutual_info._enumerated import Folds, log_ratios, saved_nats, shares
from .view import N_TRACE_VALUES, View

# Trees read what no other attacker does, such as shifts of the last digits, and are
# fast: they are never left out.
STRONGEST_TABULAR = "gradient boosting"
# Reads the traces of a view, where the others read its numbers.
OF_TRACES = "digits and repeats"
# The slow attackers learn from a random part of the rows; all rows are attacked.
MAX_TRAINING_ROWS = {
    "neural network": 8000,
    "nearest neighbours": 5000,
    OF_TRACES: 8000,
}
# With fewer rows threads wait for each other longer than they work: on a busy machine
# boosting takes many times as long.
MIN_THREADED_ROWS = 10_000
MLP_BATCH = 256
MLP_STEPS = 100
# Of hundreds of traces, those that tell most: the rest is noise to a regression.
N_TRACES = 10


def _scaler() -> StandardScaler:
    return StandardScaler().set_output(transform="default")


def _logistic_regression(n_rows: int, seed: int) -> ClassifierMixin:
    return make_pipeline(_scaler(), LogisticRegression(max_iter=200))


def _gradient_boosting(n_rows: int, seed: int) -> ClassifierMixin:
    return HistGradientBoostingClassifier(
        max_iter=50, max_leaf_nodes=15, early_stopping=False, random_state=seed
    )


def _neural_network(n_rows: int, seed: int) -> ClassifierMixin:
    # A fixed number of steps, so that a small sample is not left half learned.
    batch = min(MLP_BATCH, max(n_rows // 8, 1))
    epochs = int(np.clip(MLP_STEPS * batch / n_rows, 12, 200))
    network = MLPClassifier(
        (64, 32),
        batch_size=batch,
        learning_rate_init=5e-3,
        max_iter=epochs,
        random_state=seed,
    )
    return make_pipeline(_scaler(), network)


def _nearest_neighbours(n_rows: int, seed: int) -> ClassifierMixin:
    neighbours = int(np.clip(np.sqrt(n_rows) / 2, 5, 50))
    return make_pipeline(_scaler(), KNeighborsClassifier(neighbours))


def _digits_and_repeats(n_rows: int, seed: int) -> ClassifierMixin:
    one_hot = OneHotEncoder(handle_unknown="ignore").set_output(transform="default")
    telling = SelectKBest(_association, k=N_TRACES).set_output(transform="default")
    return make_pipeline(telling, one_hot, LogisticRegression(max_iter=200))


def _association(traces: NDArray, codes: Codes) -> Floats:
    """Pearson's chi-squared of each trace with S, in its own standard deviations."""
    share = np.bincount(codes) / len(codes)
    n_cells = N_TRACE_VALUES * len(share)
    scores = []
    for trace in traces.T.astype(np.int64):
        cells = np.bincount(trace * len(share) + codes, minlength=n_cells)
        counts = cells.reshape(N_TRACE_VALUES, len(share))
        expected = counts.sum(axis=1, keepdims=True) * share
        seen = expected[:, 0] > 0
        statistic = np.sum((counts - expected)[seen] ** 2 / expected[seen])
        freedom = max((seen.sum() - 1) * (len(share) - 1), 1)
        scores.append((statistic - freedom) / np.sqrt(2 * freedom))
    return np.array(scores)


ATTACKERS: dict[str, Callable[[int, int], ClassifierMixin]] = {
    "logistic regression": _logistic_regression,
    STRONGEST_TABULAR: _gradient_boosting,
    "neural network": _neural_network,
    "nearest neighbours": _nearest_neighbours,
    OF_TRACES: _digits_and_repeats,
}


def cross_fit(
    attacker: str, view: View, codes: Codes, folds: Folds, rng: np.random.RandomState
) -> Floats:
    """Output of an attacker, (n_rows, n_groups), each fold's from the other folds.

    Every group must have rows outside of every fold.
    """
    return cross_fit_models(attacker, view, codes, folds, rng)[0]


def cross_fit_models(
    attacker: str, view: View, codes: Codes, folds: Folds, rng: np.random.RandomState
) -> tuple[Floats, list[ClassifierMixin]]:
    """The output of `cross_fit`, and the models that it comes from, one a fold."""
    n_groups = int(codes.max()) + 1
    seen = view.traces if attacker == OF_TRACES else view.values
    output = np.empty((len(codes), n_groups))
    models = []
    for train, test in folds:
        limit = MAX_TRAINING_ROWS.get(attacker, len(train))
        if len(train) > limit:
            train = sample_rows(train, codes, limit, 1, rng)
        model = ATTACKERS[attacker](len(train), rng.randint(2**31 - 1))
        with warnings.catch_warnings(), threads_for(len(train)):
            # An attacker that stops early is as held out as any.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(seen[train], codes[train])
            told = model.predict_proba(seen[test])
        output[test] = log_ratios(told, codes[train])
        models.append(model)
    return output, models


def threads_for(n_rows: int) -> AbstractContextManager:
    """Where a model of so many rows works; few are one thread's."""
    return _pools().limit(limits=None if n_rows >= MIN_THREADED_ROWS else 1)


@cache
def _pools() -> ThreadpoolController:
    # To find them takes as long as a small model.
    return ThreadpoolController()


def sample_rows(
    rows: Codes,
    codes: Codes,
    n_sampled: int,
    n_of_each: int,
    rng: np.random.RandomState,
) -> Codes:
    """A random part of the rows, with at least ``n_of_each`` of each group."""
    rows = rng.permutation(rows)
    seen = pd.Series(codes[rows]).groupby(codes[rows]).cumcount().to_numpy()
    order = np.argsort(seen >= n_of_each, kind="stable")
    return rows[order[:n_sampled]]


# -- scores, by fold: two models have no common scale ---------------------------
#
# `weights` has shape (n_draws, n_rows), and there is one score a draw: the weights of
# the rows themselves, or theirs times the counts of bootstrap samples.


def mean_over_folds(
    score: Callable[..., Floats], folds: Folds, weights: Floats, *columns: NDArray
) -> Floats:
    """Mean over the folds of ``score(*columns, weights)`` of the rows of each."""
    return np.mean(
        [
            score(*(column[test] for column in columns), weights[:, test])
            for _, test in folds
        ],
        axis=0,
    )


def auc(output: Floats, codes: Codes, weights: Floats) -> Floats:
    """AUC; of more than two groups, the mean of each group's against the rest."""
    if output.shape[1] == 2:
        return _auc(output[:, 1] - output[:, 0], codes == 1, weights)
    groups = range(output.shape[1])
    return np.mean([_auc(output[:, g], codes == g, weights) for g in groups], axis=0)


def _auc(score: Floats, positive: NDArray[np.bool_], weights: Floats) -> Floats:
    # The ranks of the positives, less what they would be among the positives alone.
    mass = weights * positive
    n_positive, n_rows = mass.sum(axis=1), weights.sum(axis=1)
    excess = (mass * _midranks(score, weights)).sum(axis=1) - n_positive**2 / 2
    return excess / (n_positive * (n_rows - n_positive))


def balanced_accuracy(output: Floats, codes: Codes, weights: Floats) -> Floats:
    """Mean over the groups of the share of their rows that are assigned to them.

    A row is assigned to the group whose probability gains most, which is the best
    choice for this score.
    """
    hit = output.argmax(axis=1) == codes
    by_group = np.eye(output.shape[1])[codes]
    return ((weights * hit) @ by_group / (weights @ by_group)).mean(axis=1)


def rank_correlation(output: Floats, values: Floats, weights: Floats) -> Floats:
    """Spearman correlation of the values with the bin expected, bins being groups."""
    n_bins = output.shape[1]
    share = np.exp(output) / np.exp(output).sum(axis=1, keepdims=True)
    expected = _midranks(share @ np.arange(n_bins), weights)
    actual = _midranks(values, weights)
    total = weights.sum(axis=1, keepdims=True)
    expected, actual = expected - total / 2, actual - total / 2  # midranks' own means

    def product(a: Floats, b: Floats) -> Floats:
        return (weights * a * b).sum(axis=1)

    scale = np.sqrt(product(expected, expected) * product(actual, actual))
    # An attacker that expects the same bin everywhere has read nothing.
    return np.divide(
        product(expected, actual), scale, out=np.zeros(len(weights)), where=scale > 0
    )


def _midranks(values: Floats, weights: Floats) -> Floats:
    """Weight below each row's value plus half of that tied with it, by draw."""
    _, level = np.unique(values, return_inverse=True)
    order = np.argsort(level, kind="stable")
    starts = np.flatnonzero(np.diff(level[order], prepend=-1))
    tied = np.add.reduceat(weights[:, order], starts, axis=1)
    return (np.cumsum(tied, axis=1) - tied / 2)[:, level]


def nats_lost(
    models: Sequence[ClassifierMixin],
    output: Floats,
    codes: Codes,
    folds: Folds,
    by_fold: Sequence[float],
    rows: Codes,
    draws: Floats,
) -> float:
    """What the models lose where some rows are seen otherwise, in nats a row.

    Parameters
    ----------
    models, output : list of classifiers, ndarray of shape (n_rows, n_groups)
        As `cross_fit_models` returns them.
    codes, folds, by_fold : ndarray of shape (n_rows,), list of (train, test), list
        As they were given to it, and the `temperatures` of the output.
    rows : ndarray of shape (n_some,)
        Which rows are seen otherwise; NaN is returned of none.
    draws : ndarray of shape (n_draws, n_some, n_columns)
        What is seen of them. Their probabilities are averaged over the draws, as of a
        model that does not know which of these it is.
    """
    if not len(rows):
        return np.nan
    prior = shares(codes, np.ones(len(codes)))
    lost = np.zeros(len(rows))
    n_draws, _, n_columns = draws.shape
    for model, (train, test), temperature in zip(models, folds, by_fold, strict=True):
        of_fold = np.flatnonzero(np.isin(rows, test))
        if not len(of_fold):
            continue
        seen = draws[:, of_fold].reshape(-1, n_columns)
        with threads_for(len(seen)):
            told = log_ratios(model.predict_proba(seen), codes[train])
        changed = softmax(temperature * told + np.log(prior), axis=1)
        changed = changed.reshape(n_draws, len(of_fold), -1).mean(axis=0)
        those = rows[of_fold]
        before = saved_nats(temperature * output[those], codes[those], prior)
        after = np.log(changed / prior)[np.arange(len(those)), codes[those]]
        lost[of_fold] = before - after
    # What is below 0 is noise.
    return max(0.0, float(lost.mean()))
