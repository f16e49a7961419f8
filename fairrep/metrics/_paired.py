"""What changes from one classifier to others on the same rows, with joint intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._problem.criterion import GAPS
from .._utils.types import Codes, Floats

ACCURACY = "accuracy"


def paired_changes(
    positive: Codes,
    predicted: NDArray[np.integer],
    codes: Codes,
    *,
    compared: Mapping[str, Sequence[int]],
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    rng: np.random.RandomState,
) -> pd.DataFrame:
    """Measure how accuracy and gaps of classifiers differ from those of the first.

    Rows are drawn anew within groups, the same for all classifiers, so that what they
    decide alike cancels. The intervals of all classifiers and figures hold together
    (the largest of their studentized errors is bounded), so that whoever picks the
    best of twenty is not deceived by luck.

    Parameters
    ----------
    positive : ndarray of shape (n_rows,)
        1 where the true label is the positive class, else 0.
    predicted : ndarray of shape (n_classifiers, n_rows)
        1 where a classifier predicts it, else 0.
    codes : ndarray of shape (n_rows,)
        The groups that are compared, from 0 on.
    compared : dict of str to list of int
        By disparity, a key of ``GAPS``, the groups that have a part in it.
    n_bootstrap : int, default=1000
    confidence : float, default=0.95
        Nominal coverage of all intervals together.
    rng : RandomState

    Returns
    -------
    changes : DataFrame
        By classifier after the first and figure: "change", "low" and "high". Above 0
        is more accurate, or a larger gap.
    """
    names = [ACCURACY, *compared]
    patterns, weights = _patterns(positive, predicted, codes)
    group, label, outputs = patterns[:, 0], patterns[:, 1], patterns[:, 2:].T
    figures = _Figures(group, label, outputs, compared)
    seen = figures.of(weights[None])[0]
    draws = figures.of(_draws(group, weights, n_bootstrap, rng))
    change, drawn = seen[1:] - seen[0], draws[:, 1:] - draws[:, :1]
    spread = drawn.std(axis=0)
    # Where a figure is the same in every draw there is nothing to be unsure of.
    scaled = np.divide(
        np.abs(drawn - drawn.mean(axis=0)),
        spread,
        out=np.zeros_like(drawn),
        where=spread > 0,
    )
    reach = np.quantile(scaled.max(axis=(1, 2)), confidence)
    index = pd.MultiIndex.from_product(
        [range(1, len(predicted)), names], names=["classifier", "figure"]
    )
    return pd.DataFrame(
        {
            "change": change.ravel(),
            "low": (change - reach * spread).ravel(),
            "high": (change + reach * spread).ravel(),
        },
        index=index,
    )


def _patterns(
    positive: Codes, predicted: NDArray, codes: Codes
) -> tuple[NDArray, Floats]:
    """The different rows of group, label and predictions, and how often each is there.

    Classifiers agree on most rows, so that they are far fewer than the rows.
    """
    rows = np.column_stack([codes, positive, predicted.T])
    found, counts = np.unique(rows, axis=0, return_counts=True)
    return found, counts.astype(float)


def _draws(
    group: Codes, weights: Floats, n_draws: int, rng: np.random.RandomState
) -> Floats:
    """How often each pattern comes up in samples as large within each group."""
    drawn = np.empty((n_draws, len(weights)))
    for code in np.unique(group):
        part = group == code
        total = weights[part].sum()
        drawn[:, part] = rng.multinomial(int(total), weights[part] / total, n_draws)
    return drawn


class _Figures:
    """Accuracy and disparities of classifiers, out of weights of patterns."""

    def __init__(
        self,
        group: Codes,
        label: Codes,
        outputs: NDArray,
        compared: Mapping[str, Sequence[int]],
    ) -> None:
        self.outputs, self.label, self.compared = outputs, label, compared
        self.member = np.eye(group.max() + 1)[group]  # (n_patterns, n_groups)

    def of(self, weights: Floats) -> Floats:
        """Of shape (n_draws, n_classifiers, n_figures)."""
        right = (self.outputs == self.label).astype(float)
        found = [weights @ right.T / weights.sum(axis=1, keepdims=True)]
        for name, groups in self.compared.items():
            gaps = [self._gap(weights, among, groups) for among in GAPS[name].compared]
            found.append(np.max(gaps, axis=0))
        return np.stack(found, axis=2)

    def _gap(self, weights: Floats, among: int | None, groups: Sequence[int]) -> Floats:
        rows = np.full(len(self.label), True) if among is None else self.label == among
        weights, outputs = weights[:, rows], self.outputs
        member = self.member[rows][:, groups]
        total = weights @ member  # (n_draws, n_groups)
        hits = np.stack([(weights * output) @ member for output in outputs[:, rows]])
        rates = np.divide(hits, total, out=np.full(hits.shape, np.nan), where=total > 0)
        return (np.nanmax(rates, axis=2) - np.nanmin(rates, axis=2)).T
