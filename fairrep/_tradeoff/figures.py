"""Figures are score and gap on held-out rows, at each lambda of a path."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import get_scorer
from sklearn.utils.validation import _num_samples

from .._certificates.from_counts import Certificate
from .._certificates.set_apart import Calibration
from .._inputs.groups import comparable_groups
from .._inputs.labels import read_target
from .._inputs.splits import cells
from .._inputs.tables import as_indexable, check_row_order
from .._problem.criterion import CRITERIA, GAPS
from .._utils.types import Floats
from ..metrics._collapse import commonest
from ..metrics._floor import count_labels
from ..metrics._gaps import (
    Gap,
    asked_gap,
    gap_interval,
    gap_value,
    is_accuracy,
    labels_for_gap,
    mean_interval,
    score_interval,
)
from ..metrics._regression import KOLMOGOROV_SMIRNOV, REGRESSION_GAPS
from ..nn._batches import TensorTable
from .changes import changes_along
from .curve import Curve

# Gaps at which the ceiling of all classifiers is found; in between it is straight, or
# nearly so.
N_GAPS = 21
# The curve of a path, and the X, y and groups of rows that it did not see.
Split = tuple[Curve, Any, NDArray, pd.DataFrame]


@dataclass(frozen=True)
class HeldOut:
    """What `held_out_figures` measures.

    Parameters
    ----------
    figures : DataFrame
        A row for each lambda: score and gap, the means over the splits, with limits.
    by_split : dict of ndarray
        The same split by split, as ``cv_results_`` has them.
    predicted : list of ndarray of shape (n_lambdas, n_rows)
        By split what is predicted at each lambda.
    """

    figures: pd.DataFrame
    by_split: dict[str, NDArray]
    predicted: list[NDArray]


def held_out_figures(
    splits: list[Split],
    lambdas: Floats,
    *,
    gap: Gap,
    scoring: Any,
    confidence: float,
    n_bootstrap: int,
    seed: int,
    overlap: float = 1.0,
) -> HeldOut:
    """Measure score and gap at each lambda, as means over splits and split by split.

    The gap of the rows of all splits together would not do: where two models err in
    opposite directions it is none. ``overlap`` is in how many splits a row comes up.
    """
    scorer = get_scorer(scoring)
    _check_figures(splits, lambdas, gap, confidence, n_bootstrap)
    # Once for all: lambda leaves the encoding alone, scores of an estimator included.
    tables = [curve.encode(X) for curve, X, _, _ in splits]
    limits: Any = {"confidence": confidence, "n_bootstrap": n_bootstrap, "seed": seed}
    rows, by_split = [], []
    labels: list[list[NDArray]] = [[] for _ in splits]
    for lambda_mi in lambdas:
        scores, gaps = [], []
        for (curve, X, y, groups), table, of_split in zip(
            splits, tables, labels, strict=True
        ):
            # The same draws at each lambda, so that the curve is as smooth as it is.
            model = curve.at(lambda_mi)
            scores.append(score_interval(scorer, model, X, y, table, **limits))
            of_split.append(model.predict(table))
            true, predicted = (
                labels_for_gap(v, curve.pos_label) for v in (y, of_split[-1])
            )
            gaps.append(gap_interval(gap, true, predicted, groups, **limits))
        rows.append(
            {"lambda_mi": lambda_mi}
            | mean_interval(scores, overlap).columns("score")
            | mean_interval(gaps, overlap).columns("gap")
        )
        by_split.append([[i.value for i in scores], [i.value for i in gaps]])
    results = {"lambda_mi": np.array(lambdas)}
    for name, values in zip(
        ["score", "gap"], np.moveaxis(np.array(by_split), 0, -1), strict=True
    ):
        for i, split in enumerate(values):
            results[f"split{i}_test_{name}"] = split
        results[f"mean_test_{name}"] = values.mean(axis=0)
        results[f"std_test_{name}"] = values.std(axis=0)
    return HeldOut(pd.DataFrame(rows), results, [*map(np.stack, labels)])


def gaps_at(
    curve: Curve,
    lambdas: Floats,
    table: TensorTable,
    y: NDArray,
    groups: pd.DataFrame,
    gap: Gap,
) -> Floats:
    """The gap of classifiers at each lambda on encoded rows, without limits."""
    true = labels_for_gap(y, curve.pos_label)
    predicted = (curve.at(lambda_mi).predict(table) for lambda_mi in lambdas)
    told = (labels_for_gap(values, curve.pos_label) for values in predicted)
    return np.array([gap_value(gap, true, values, groups) for values in told])


def asked(curve: Curve, gap: Gap | None, scoring: Any) -> tuple[Gap, Any]:
    """The gap and the score that are meant, None being those of the task."""
    if not curve.of_classes:
        return gap or "mean_difference", scoring or "r2"
    return asked_gap(gap, curve.params["criterion"]), scoring or "accuracy"


def certified_gaps(
    curve: Curve,
    calibration: Calibration,
    lambdas: Floats,
    *,
    gap: Gap,
    confidence: float,
) -> list[float]:
    """What no gap of a classifier of the codes exceeds, at each lambda.

    NaN where the gap compares one of several classes with the rest: limits within each
    class are none for a mixture of them.
    """
    of_rates = None if callable(gap) else GAPS.get(gap)
    compares_the_rest = of_rates is not None and 0 in of_rates.compared
    if compares_the_rest and curve.pos_label is None:
        return [np.nan] * len(lambdas)
    gaps = []
    for lambda_mi in lambdas:
        clf = curve.at(lambda_mi)
        certified = calibration.certificate(
            clf._codes(calibration.X), clf.sensitive_categories_, confidence
        )
        by_column = certified if isinstance(certified, dict) else {"": certified}
        gaps.append(max(_certified_gap(one, gap) for one in by_column.values()))
    return gaps


def _certified_gap(certificate: Certificate, gap: Gap) -> float:
    """The limit to the gap that a certificate gives; NaN where it gives none."""
    # What regressors of a code predict differs by no more than the code does.
    if gap in ("demographic_parity_difference", KOLMOGOROV_SMIRNOV):
        return certificate.demographic_parity
    if callable(gap) or gap in REGRESSION_GAPS or certificate.equalized_odds is None:
        return np.nan
    return certificate.equalized_odds


def _check_figures(
    splits: list[Split], lambdas: Any, gap: Gap, confidence: float, n_bootstrap: int
) -> None:
    if not all(len(y) for _, _, y, _ in splits):
        raise ValueError(
            "No rows were held out, so there are no figures; expected "
            "validation_fraction > 0 in lambda_path, or rows to measure on."
        )
    if not len(lambdas):
        raise ValueError("lambdas must hold at least one number; got none.")
    known = sorted(GAPS if splits[0][0].of_classes else REGRESSION_GAPS)
    if not callable(gap) and gap not in known:
        raise ValueError(f"gap must be a callable or one of {known}; got {gap!r}.")
    if not 0.5 <= confidence < 1:
        raise ValueError(f"confidence must be in [0.5, 1); got {confidence}.")
    if n_bootstrap < 1:
        raise ValueError(f"n_bootstrap must be at least 1; got {n_bootstrap}.")


# -- rows of a display ----------------------------------------------------------


class Rows:
    """X, y and groups, with the settings of the figures."""

    def __init__(
        self, X: Any, y: Any, sensitive_features: Any, settings: dict[str, Any]
    ) -> None:
        check_row_order(X=X, y=y, sensitive_features=sensitive_features)
        self.X = as_indexable(X)
        self.y = read_target(y, _num_samples(self.X), "TradeoffDisplay")
        if sensitive_features is None:
            raise ValueError(
                "TradeoffDisplay needs sensitive_features of the rows; got None."
            )
        self.groups = comparable_groups(sensitive_features, len(self.y))
        self.settings = settings

    def curve(
        self, curve: Curve, lambdas: Floats, calibration: Calibration | None
    ) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """Figures at each lambda, and what changes from the first.

        Of codes with what the calibration rows certify.
        """
        splits = [(curve, self.X, self.y, self.groups)]
        held_out = held_out_figures(splits, lambdas, **self.settings, seed=0)
        figures = held_out.figures
        if curve.fitted.spec.is_discrete:
            figures["certified_gap"] = certified_gaps(
                curve,
                self._calibration(curve) if calibration is None else calibration,
                lambdas,
                gap=self.settings["gap"],
                confidence=self.settings["confidence"],
            )
        changes = changes_along(
            lambdas,
            self.y,
            held_out.predicted[0],
            self.groups,
            pos_label=curve.pos_label,
            gap=self.settings["gap"],
            confidence=self.settings["confidence"],
        )
        return figures, changes

    def _calibration(self, curve: Curve) -> Calibration:
        """These rows, for certificates, where the path set none apart."""
        separate = curve.params["sensitive_combination"] == "separate"
        y = self.y if curve.of_classes else None
        if y is not None and len(curve.found["classes_"]) > 2:
            y = labels_for_gap(y, curve.pos_label)  # as the limits of the gap are for
        calibration = Calibration(curve.encode(self.X), y, self.groups, separate)
        criterion = CRITERIA[curve.params["criterion"]]
        return calibration.checked(criterion.needs_labels)

    def point(self, estimator: Any, pos_label: Any) -> pd.Series:
        """Figures of another model; ``pos_label`` is the positive class, if any is."""
        settings = dict(self.settings)
        gap, scorer = settings.pop("gap"), get_scorer(settings.pop("scoring"))
        score = score_interval(scorer, estimator, self.X, self.y, **settings, seed=0)
        predicted = np.asarray(estimator.predict(self.X))
        gaps = gap_interval(
            gap,
            labels_for_gap(self.y, pos_label),
            labels_for_gap(predicted, pos_label),
            self.groups,
            **settings,
            seed=0,
        )
        return pd.Series({**score.columns("score"), **gaps.columns("gap")})


def ceiling(
    gap: Gap, scoring: Any, y: NDArray, groups: pd.DataFrame
) -> pd.DataFrame | None:
    """The accuracy that no classifier exceeds at a gap, at some gaps up to the widest.

    Known where the gap is in selection rate and the score is accuracy. Rows without a
    group take no part in the gap.
    """
    named = gap if isinstance(gap, str) else None
    if named not in GAPS or GAPS[named].needs_labels or not len(y):
        return None
    if not is_accuracy(get_scorer(scoring)):
        return None
    present = groups.notna().all(axis=1).to_numpy()
    if not present.any():
        return None
    codes = np.full(len(y), -1)
    columns = groups[present]
    codes[present] = cells(*(pd.factorize(columns[name])[0] for name in columns))
    counts = count_labels(np.unique(y, return_inverse=True)[1], codes)
    gaps = np.linspace(0, counts.widest, N_GAPS)
    return pd.DataFrame({"gap": gaps, "score": 1 - counts.error_floor(gaps)})


def constant_score(scoring: Any, y: NDArray) -> float | None:
    """The score of the commonest class, where the score is accuracy."""
    known = len(y) and is_accuracy(get_scorer(scoring))
    return float(commonest(y)[1]) if known else None
