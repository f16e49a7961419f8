"""Disparities as scorers for scikit-learn's model selection."""

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from sklearn.utils.metadata_routing import MetadataRequest

from .._inputs.groups import crossed
from .._inputs.labels import named_positive, positive_class
from .._inputs.tables import check_row_order
from .._problem.criterion import GAPS
from ._regression import (
    KOLMOGOROV_SMIRNOV,
    rank_correlation,
    read_columns,
    read_predictions,
    regression_gap,
)
from ._report import RATE_AMONG, FairnessReport, metric_frame, read_labels


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
    reach it. The positive class is the one that the classifier was given as
    `pos_label`, or `classes_[1]` of two; `make_gap_scorer` makes a scorer of another.
    As for scikit-learn's own scorers, `sample_weight` must be requested or declined
    with `set_score_request` where it is passed.

    Parameters
    ----------
    disparity : str
        A difference in `FairnessReport`.
    metrics : list of str
        The rates that it compares.
    pos_label : bool, int, float or str, default=None
        The positive class. None is that of the classifier.

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

    def __init__(
        self, disparity: str, metrics: list[str], pos_label: Any = None
    ) -> None:
        name = disparity.replace("_difference", "_scorer")
        if pos_label is not None:
            name = f"make_gap_scorer({disparity!r}, pos_label={pos_label!r})"
        super().__init__(name, ["sample_weight"])
        self._disparity = disparity
        self._metrics = metrics
        self._pos_label = pos_label

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
        positive = self._positive(estimator)
        check_row_order(X=X, y=y, sensitive_features=sensitive_features)
        y_true, y_pred = read_labels(y, estimator.predict(X))
        frame = metric_frame(
            y_true, y_pred, positive, sensitive_features, sample_weight, self._metrics
        )
        return -getattr(FairnessReport(frame, positive), self._disparity)

    def _positive(self, estimator: Any) -> Any:
        """The class whose rates are compared: this scorer's, or the classifier's."""
        classes = np.asarray(getattr(estimator, "classes_", [])).tolist()
        pos_label = self._pos_label
        if pos_label is None:
            pos_label = named_positive(estimator)
        if pos_label is None and len(classes) == 2:
            return classes[1]
        if pos_label is None or not classes:
            raise ValueError(
                f"{self!r} needs a classifier fitted on 2 classes; got "
                f"{type(estimator).__name__} with the classes {classes}. Of more "
                "classes, name one: make_gap_scorer(..., pos_label=...)."
            )
        return positive_class(classes, pos_label)


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


def make_gap_scorer(gap: str, *, pos_label: Any = None) -> _DisparityScorer:
    """Return a scorer that is minus a gap between groups, of the class you name.

    It asks for `sensitive_features` by itself, as `demographic_parity_scorer` and its
    kin do, which this gives without `pos_label`.

    Parameters
    ----------
    gap : str
        "demographic_parity_difference", "equalized_odds_difference" or
        "equal_opportunity_difference".
    pos_label : bool, int, float or str, default=None
        The positive class; any other is negative, of more than two classes as well.
        None is the `pos_label` of the classifier, or `classes_[1]` of two.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sensitive_features=...)``, in [-1, 0]: greater is
        better, and 0 is parity.

    Raises
    ------
    ValueError
        If there is no such gap; when it is called, if `pos_label` is no class of the
        classifier.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from fairrep.metrics import make_gap_scorer
    >>> X = np.arange(8.0)[:, None]
    >>> y = ["denied", "denied", "denied", "approved"] * 2
    >>> model = LogisticRegression().fit(X, y)
    >>> scorer = make_gap_scorer("equal_opportunity_difference", pos_label="approved")
    >>> scorer(model, X, y, sensitive_features=["f", "f", "f", "f", "m", "m", "m", "m"])
    -1.0
    """
    if gap not in GAPS:
        raise ValueError(f"gap={gap!r} is none of {[*GAPS]}.")
    rates = [RATE_AMONG[label] for label in GAPS[gap].compared]
    return _DisparityScorer(gap, rates, pos_label)


demographic_parity_scorer, equalized_odds_scorer, equal_opportunity_scorer = (
    make_gap_scorer(gap) for gap in GAPS
)
mean_difference_scorer = _RegressionScorer("mean_difference")
kolmogorov_smirnov_scorer = _RegressionScorer(KOLMOGOROV_SMIRNOV)
mean_absolute_error_difference_scorer = _RegressionScorer(
    "mean_absolute_error_difference"
)
rank_correlation_scorer = _RankCorrelationScorer()
