"""Rows on which the models of a trade-off are measured, all in the same way."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import get_scorer
from sklearn.utils.validation import _num_samples

from ._certificates.set_apart import Calibration
from ._collapse import commonest
from ._curve import Curve
from ._figures import certified_gaps, held_out_figures
from ._gaps import (
    gap_interval,
    is_accuracy,
    labels_for_gap,
    score_interval,
)
from ._groups import comparable_groups
from ._inputs import Floats, as_indexable, check_row_order, read_target
from ._problem.criterion import CRITERIA


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
    ) -> pd.DataFrame:
        """Figures at each lambda; of codes with what the calibration rows certify."""
        splits = [(curve, self.X, self.y, self.groups)]
        figures, _ = held_out_figures(splits, lambdas, **self.settings, seed=0)
        if curve.fitted.spec.is_discrete:
            figures["certified_gap"] = certified_gaps(
                curve,
                self._calibration(curve) if calibration is None else calibration,
                lambdas,
                gap=self.settings["gap"],
                confidence=self.settings["confidence"],
            )
        return figures

    def _calibration(self, curve: Curve) -> Calibration:
        """These rows, for certificates, where the path set none apart."""
        separate = curve.params["sensitive_combination"] == "separate"
        calibration = Calibration(curve.encode(self.X), self.y, self.groups, separate)
        criterion = CRITERIA[curve.params["criterion"]]
        return calibration.checked(criterion.needs_labels)

    def point(self, estimator: Any) -> pd.Series:
        settings = dict(self.settings)
        gap, scorer = settings.pop("gap"), get_scorer(settings.pop("scoring"))
        score = score_interval(scorer, estimator, self.X, self.y, **settings, seed=0)
        predicted = np.asarray(estimator.predict(self.X))
        classes = np.unique(self.y)
        gaps = gap_interval(
            gap,
            labels_for_gap(self.y, classes),
            labels_for_gap(predicted, classes),
            self.groups,
            **settings,
            seed=0,
        )
        return pd.Series({**score.columns("score"), **gaps.columns("gap")})


def constant_score(scoring: Any, y: NDArray) -> float | None:
    """The score of the commonest class, where the score is accuracy."""
    known = len(y) and is_accuracy(get_scorer(scoring))
    return float(commonest(y)[1]) if known else None
