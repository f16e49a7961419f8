"""Disparities as scorers for scikit-learn's model selection."""

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from sklearn.utils.metadata_routing import MetadataRequest

from .._inputs.groups import crossed
from .._inputs.tables import check_row_order
from ._regression import (
    KOLMOGOROV_SMIRNOV,
    rank_correlation,
    read_columns,
    read_predictions,
    regression_gap,
)
from ._report import ODDS, FairnessReport, metric_frame, read_labels


class _Scorer:
    """Scorer that requests `sensitive_features` by itself.

    Parameters
    ----------
    name : str
        Of the scorer.
    metadata : list of str
        What else it takes, if it is requested.
    """

    def __init__(self, name: str, metadata: Sequence[str] = ()) -> None:
        self._name = name
        self._requests: dict[str, bool | str | None] = {
            "sensitive_features": True,
            **dict.fromkeys(metadata),
        }

    def __repr__(self) -> str:
        return self._name

    def _require(self, sensitive_features: Any) -> None:
        if sensitive_features is None:
            raise ValueError(
                f"{self!r} got no sensitive_features. Enable metadata routing, "
                "sklearn.set_config(enable_metadata_routing=True), and pass "
                "sensitive_features to fit of the search, as "
                "params={'sensitive_features': ...} to cross_validate, or to the "
                "scorer itself."
            )

    def get_metadata_routing(self) -> MetadataRequest:
        """Return what `score` requests: `sensitive_features`, unless changed."""
        routing = MetadataRequest(owner=repr(self))
        for param, alias in self._requests.items():
            routing.score.add_request(param=param, alias=alias)
        return routing

    def set_score_request(self, **requests: bool | str | None) -> Self:
        """Return a copy with other requests; the scorer itself is shared, so it stays.

        Parameters
        ----------
        **requests : {True, False, None} or str
            By name of the metadata: `sensitive_features` or `sample_weight`. A string
            is the name under which it is passed.
        """
        if unknown := requests.keys() - self._requests.keys():
            raise TypeError(
                f"{self!r} takes {list(self._requests)}; got {sorted(unknown)}."
            )
        scorer = copy(self)
        scorer._requests = {**self._requests, **requests}
        return scorer


class _DisparityScorer(_Scorer):
    """Scorer in [-1, 0]: minus a disparity, so that greater is better and 0 is parity.

    It requests `sensitive_features` by itself, so with metadata routing enabled the
    `sensitive_features` given to `fit` of a search, or in `params` of `cross_validate`,
    reach it. The classifier must be binary; its `classes_[1]` is the positive class.
    As for scikit-learn's own scorers, `sample_weight` must be requested or declined
    with `set_score_request` where it is passed.

    Parameters
    ----------
    disparity : str
        A difference in `FairnessReport`.
    metrics : list of str
        The rates that it compares.

    Examples
    --------
    >>> import sklearn
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_validate
    >>> from fairrep.metrics import demographic_parity_scorer
    >>> X, y = make_classification(random_state=0)
    >>> with sklearn.config_context(enable_metadata_routing=True):
    ...     scores = cross_validate(
    ...         LogisticRegression(),
    ...         X,
    ...         y,
    ...         scoring={"accuracy": "accuracy", "parity": demographic_parity_scorer},
    ...         params={"sensitive_features": X[:, 0] > 0},
    ...     )
    >>> scores["test_parity"].shape
    (5,)
    """

    def __init__(self, disparity: str, metrics: list[str]) -> None:
        super().__init__(disparity.replace("_difference", "_scorer"), ["sample_weight"])
        self._disparity = disparity
        self._metrics = metrics

    def __call__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sensitive_features: Any = None,
        sample_weight: Any = None,
    ) -> float:
        """Return minus the disparity of the predictions of X."""
        self._require(sensitive_features)
        classes = getattr(estimator, "classes_", [])
        if len(classes) != 2:
            raise ValueError(
                f"{self!r} needs a classifier fitted on 2 classes; got "
                f"{type(estimator).__name__} with the classes {list(classes)}. For "
                "more classes, call fairness_report with pos_label in a scorer of "
                "your own."
            )
        check_row_order(X=X, y=y, sensitive_features=sensitive_features)
        y_true, y_pred = read_labels(y, estimator.predict(X))
        frame = metric_frame(
            y_true, y_pred, classes[1], sensitive_features, sample_weight, self._metrics
        )
        return -getattr(FairnessReport(frame, classes[1]), self._disparity)


class _RegressionScorer(_Scorer):
    """Scorer of at most 0: minus a gap, so that greater is better and 0 is parity.

    It requests `sensitive_features` by itself, as the scorers of classifiers do. A
    continuous column is compared by its quartiles; several are crossed.

    Parameters
    ----------
    gap : str
        Of `regression_report`.

    Examples
    --------
    >>> import sklearn
    >>> from sklearn.datasets import make_regression
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import cross_validate
    >>> from fairrep.metrics import mean_difference_scorer
    >>> X, y = make_regression(random_state=0)
    >>> with sklearn.config_context(enable_metadata_routing=True):
    ...     scores = cross_validate(
    ...         Ridge(),
    ...         X,
    ...         y,
    ...         scoring={"r2": "r2", "parity": mean_difference_scorer},
    ...         params={"sensitive_features": X[:, 0] > 0},
    ...     )
    >>> scores["test_parity"].shape
    (5,)
    """

    def __init__(self, gap: str) -> None:
        super().__init__(f"{gap.removesuffix('_distance')}_scorer")
        self._gap = gap

    def __call__(
        self, estimator: Any, X: Any, y: Any, *, sensitive_features: Any = None
    ) -> float:
        """Return minus the gap of the predictions of X."""
        self._require(sensitive_features)
        check_row_order(X=X, y=y, sensitive_features=sensitive_features)
        y_true, y_pred = read_predictions(y, estimator.predict(X))
        groups = crossed(read_columns(sensitive_features, len(y_true)))
        return -regression_gap(self._gap, y_true, y_pred, groups).value


class _RankCorrelationScorer(_Scorer):
    """Scorer in [-1, 0]: minus the size of Spearman's correlation with S.

    Of several sensitive columns the largest counts; each must be of numbers.
    """

    def __init__(self) -> None:
        super().__init__("rank_correlation_scorer")

    def __call__(
        self, estimator: Any, X: Any, y: Any, *, sensitive_features: Any = None
    ) -> float:
        """Return minus the size of the correlation with the predictions of X."""
        self._require(sensitive_features)
        check_row_order(X=X, y=y, sensitive_features=sensitive_features)
        _, y_pred = read_predictions(y, estimator.predict(X))
        columns = read_columns(sensitive_features, len(y_pred))
        if others := [column.name for column in columns if column.values is None]:
            raise ValueError(
                f"{self!r} needs continuous sensitive_features; {others[0]!r} has "
                "groups, which mean_difference_scorer compares."
            )
        values = [column.values for column in columns if column.values is not None]
        if np.ptp(y_pred) == 0:  # a constant tells nothing
            return 0.0
        return -max(abs(rank_correlation(y_pred, of, 0.95)[0]) for of in values)


demographic_parity_scorer = _DisparityScorer(
    "demographic_parity_difference", ["selection_rate"]
)
equalized_odds_scorer = _DisparityScorer("equalized_odds_difference", ODDS)
equal_opportunity_scorer = _DisparityScorer("equal_opportunity_difference", ODDS[:1])
mean_difference_scorer = _RegressionScorer("mean_difference")
kolmogorov_smirnov_scorer = _RegressionScorer(KOLMOGOROV_SMIRNOV)
mean_absolute_error_difference_scorer = _RegressionScorer(
    "mean_absolute_error_difference"
)
rank_correlation_scorer = _RankCorrelationScorer()
