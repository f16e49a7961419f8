"""Disparities as scorers for scikit-learn's model selection."""

from copy import copy
from typing import Any, Self

import numpy as np
from sklearn.utils.metadata_routing import MetadataRequest

from .._inputs.labels import named_positive, positive_class
from .._inputs.tables import check_row_order
from ._report import ODDS, FairnessReport, metric_frame, read_labels


class _DisparityScorer:
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
        self._disparity = disparity
        self._metrics = metrics
        self._pos_label = pos_label
        self._requests: dict[str, bool | str | None] = {
            "sensitive_features": True,
            "sample_weight": None,
        }

    def __repr__(self) -> str:
        if self._pos_label is not None:
            return (
                f"make_gap_scorer({self._disparity!r}, pos_label={self._pos_label!r})"
            )
        return self._disparity.replace("_difference", "_scorer")

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
        if sensitive_features is None:
            raise ValueError(
                f"{self!r} got no sensitive_features. Enable metadata routing, "
                "sklearn.set_config(enable_metadata_routing=True), and pass "
                "sensitive_features to fit of the search, as "
                "params={'sensitive_features': ...} to cross_validate, or to the "
                "scorer itself."
            )
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


# The rates that each difference compares.
_COMPARED = {
    "demographic_parity_difference": ["selection_rate"],
    "equalized_odds_difference": ODDS,
    "equal_opportunity_difference": ODDS[:1],
}


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
    if gap not in _COMPARED:
        raise ValueError(f"gap={gap!r} is none of {[*_COMPARED]}.")
    return _DisparityScorer(gap, _COMPARED[gap], pos_label)


demographic_parity_scorer, equalized_odds_scorer, equal_opportunity_scorer = (
    make_gap_scorer(gap) for gap in _COMPARED
)
