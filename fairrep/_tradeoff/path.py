"""LambdaPath is a trained path: models at any lambda, figures at all."""

from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._certificates.set_apart import Calibration
from .._estimators.code_table import code_table
from .._inputs.sensitive import SensitivePart
from .._inputs.tables import read_table
from .._problem.task import Task
from .._utils.types import Floats
from ..metrics._collapse import collapse_seen, warn_of_collapse_at
from ..metrics._gaps import Gap
from ..nn._batches import TensorTable
from .curve import Curve
from .figures import asked, certified_gaps, held_out_figures


class LambdaPath:
    """A trained path: the classifier, or regressor, at any lambda of its range.

    What `lambda_path` returns; not made by hand.

    Parameters
    ----------
    lambdas : ndarray of shape (n_lambdas,)
        The grid, ascending.
    curve : Curve
        The models, one for each lambda.
    held_out_table, held_out, calibration, described : TensorTable, tuple, \
            Calibration, tuple
        The rows of ``held_out_``, encoded and raw, those set apart, and the task and
        groups of ``held_out_`` as the fit read them.
    training_gaps : ndarray of shape (n_lambdas,), default=None
        The gap on training rows at each lambda of the grid, where a choice needs it.

    Attributes
    ----------
    lambda_range : tuple of float
        The smallest and the largest lambda that it was trained for.
    criterion : str
        What was minimised.
    classes_ : ndarray of shape (n_classes,)
        The classes of y, sorted; a path of regressors has none.
    held_out_ : tuple of (X, y, groups)
        Rows that neither trained nor chose anything: those of `figures`. Continuous
        sensitive columns are groups by their quartiles.
    history_ : skorch.history.History
        As in `MIDebiasedClassifier`; the MI term is weighted by lambda / (1 + lambda /
        m), the task loss by 1 / (1 + lambda / m). In validation m is 1; in training it
        is how much larger the gradient of the task is than that of the MI term, and at
        least 1.

    See Also
    --------
    lambda_path : Trains it.

    Examples
    --------
    >>> from fairrep import lambda_path
    >>> from fairrep.datasets import make_biased_classification
    >>> X, y, s = make_biased_classification(600, return_X_y_s=True, random_state=0)
    >>> path = lambda_path(
    ...     X, y, sensitive_features=s, lambdas=[0, 1, 10], max_epochs=9, random_state=0
    ... )
    >>> path
    LambdaPath(lambda_mi from 0 to 10, 3 in the grid)
    >>> path.predict_proba(X[:2], 2.5).shape
    (2, 2)
    """

    def __init__(
        self,
        lambdas: Floats,
        curve: Curve,
        held_out_table: TensorTable,
        held_out: tuple[Any, NDArray, pd.DataFrame],
        calibration: Calibration | None,
        described: tuple[Task, list[SensitivePart]],
        training_gaps: Floats | None = None,
    ) -> None:
        self.lambdas = lambdas
        self.lambda_range = (curve.scale.smallest, curve.scale.largest)
        self.criterion = curve.params["criterion"]
        if curve.of_classes:
            self.classes_ = curve.found["classes_"]
        self.history_ = curve.fitted.net.history
        self.curve = curve
        self._held_out_table = held_out_table
        self.held_out_ = held_out
        self.calibration_ = calibration
        self._described = described
        self.training_gaps = training_gaps

    def __repr__(self) -> str:
        smallest, largest = self.lambda_range
        return (
            f"LambdaPath(lambda_mi from {smallest:g} to {largest:g}, "
            f"{len(self.lambdas)} in the grid)"
        )

    def _repr_html_(self) -> str:
        """What it is and what to ask it, in a notebook."""
        return (
            f"<p>{escape(repr(self))}: minimises what the representation tells of S "
            f"({escape(self.criterion.replace('_', ' '))}); {len(self.held_out_[1]):,} "
            "rows are held out.</p><p><code>figures()</code> measures score and gap at "
            "each lambda on them, <code>at(lambda_mi)</code> gives the model for one, "
            "<code>TradeoffDisplay.from_path(path)</code> draws the curve.</p>"
        )

    def at(self, lambda_mi: float) -> Any:
        """The model for one lambda, which shares what lambda leaves alone.

        Parameters
        ----------
        lambda_mi : float
            Within ``lambda_range``; it need not be in the grid.

        Returns
        -------
        model : MIDebiasedClassifier or MIDebiasedRegressor
            Fitted. Its ``mi_estimate_`` is that of the path's critics on the held-out
            rows, NaN where there are none; with ``calibration_fraction`` it has a
            ``certificate_``. With the discrete bottleneck its ``code_table_`` is of
            the held-out rows too, and missing where there are none.

        Raises
        ------
        ValueError
            If ``lambda_mi`` is outside ``lambda_range``.
        """
        clf = self.curve.at(lambda_mi)
        found: dict[str, Any] = {}
        if len(self._held_out_table):
            found["mi_estimate_"] = self.information_of_s(lambda_mi)
            if clf.bottleneck == "discrete":
                found["code_table_"] = code_table(
                    clf._codes(self._held_out_table),
                    clf.n_codes,
                    read_table(clf, self.held_out_[0], reset=False),
                    *self._described,
                )
        if self.calibration_ is not None:
            found["certificate_"] = self.calibration_.certificate(
                clf._codes(self.calibration_.X), clf.sensitive_categories_
            )
        clf._keep(clf._fitted, **clf._fitted_attributes() | found)
        return clf

    def information_of_s(self, lambda_mi: float) -> float:
        """Estimate what the representation tells of S, on the held-out rows.

        Parameters
        ----------
        lambda_mi : float
            Within ``lambda_range``.

        Returns
        -------
        nats : float
            Of the path's critics, as ``mi_estimate_`` of a model is.
        """
        model = self.curve.at(lambda_mi)
        device = next(model.net_.module_.parameters()).device
        nats: float = model.net_.estimate_mi(self._held_out_table.to(device))
        return nats

    def predict(self, X: Any, lambda_mi: float) -> NDArray:
        """Most probable class of each row, or its predicted number.

        Parameters
        ----------
        X, lambda_mi : array-like of shape (n_samples, n_features), float
            Columns as in training; within ``lambda_range``.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        y: NDArray = self.curve.at(lambda_mi).predict(X)
        return y

    def predict_proba(self, X: Any, lambda_mi: float) -> Floats:
        """Probabilities of the classes.

        Parameters
        ----------
        X, lambda_mi : array-like of shape (n_samples, n_features), float
            Columns as in training; within ``lambda_range``.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), float64

        Raises
        ------
        AttributeError
            If the path is one of regressors.
        """
        probabilities: Floats = self.curve.at(lambda_mi).predict_proba(X)
        return probabilities

    def transform(self, X: Any, lambda_mi: float) -> NDArray[np.float32]:
        """Representation z with its noise.

        Parameters
        ----------
        X, lambda_mi : array-like of shape (n_samples, n_features), float
            Columns as in training; within ``lambda_range``.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components), float32
        """
        Z: NDArray[np.float32] = self.curve.at(lambda_mi).transform(X)
        return Z

    def figures(
        self,
        lambdas: Any = None,
        *,
        gap: Gap | None = None,
        scoring: Any = None,
        confidence: float = 0.95,
        n_bootstrap: int = 200,
        random_state: int = 0,
    ) -> pd.DataFrame:
        """Score and gap on the held-out rows, which trained nothing.

        Parameters
        ----------
        lambdas : float or array-like, default=None
            Within ``lambda_range``; the grid if None.
        gap : str or callable, default=None
            "demographic_parity_difference", "equalized_odds_difference",
            "equal_opportunity_difference", or a callable
            ``(y_true, y_pred, *, sensitive_features)`` as fairlearn has them. With
            None that of the criterion. Of regressors a gap of
            `fairrep.metrics.regression_report`, by default "mean_difference".
            Continuous sensitive columns are compared by their quartiles.
        scoring : str or callable, default=None
            A scorer of scikit-learn. None is "accuracy", or "r2" of regressors.
        confidence : float, default=0.95
            With which each limit, one-sided, holds by itself; both of a figure hold
            with 2 * ``confidence`` - 1.
        n_bootstrap : int, default=200
            Draws that the limits come from.
        random_state : int, default=0
            Seed of the draws.

        Returns
        -------
        figures : DataFrame
            A row for each lambda: "lambda_mi", "score", "score_low", "score_high",
            "gap", "gap_low", "gap_high" and "mi_estimate" (nats). With
            ``calibration_fraction`` "certified_gap" too: an upper limit, from rows of
            its own, for any model of the codes; of regressors for the Kolmogorov-
            Smirnov distance alone. Each holds by itself; so does that of a lambda
            chosen by the other columns.

        Raises
        ------
        ValueError
            If no rows were held out.
        """
        grid = self.lambdas if lambdas is None else np.atleast_1d(lambdas)
        gap, scoring = asked(self.curve, gap, scoring)
        held_out = held_out_figures(
            [(self.curve, *self.held_out_)],
            grid,
            gap=gap,
            scoring=scoring,
            confidence=confidence,
            n_bootstrap=n_bootstrap,
            seed=random_state,
        )
        figures = held_out.figures
        figures["mi_estimate"] = [self.information_of_s(value) for value in grid]
        if self.calibration_ is not None:
            figures["certified_gap"] = certified_gaps(
                self.curve, self.calibration_, grid, gap=gap, confidence=confidence
            )
        return figures

    def _warn_of_collapse(self) -> None:
        if not len(self._held_out_table) or not self.curve.of_classes:
            return
        y, collapsed = self.held_out_[1], {}
        for lambda_mi in self.lambdas:
            predicted = self.curve.at(lambda_mi).predict(self._held_out_table)
            if seen := collapse_seen(y, predicted):
                collapsed[float(lambda_mi)] = seen
        warn_of_collapse_at(collapsed)
