"""lambda_path: one fit for every lambda."""

from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from ._certificates.set_apart import Calibration
from ._classifier import MIDebiasedClassifier
from ._code_table import code_table
from ._collapse import collapse_seen, warn_of_collapse_at
from ._curve import Curve
from ._figures import certified_gaps, held_out_figures
from ._fingerprint import fingerprint
from ._gaps import Gap, check_cells
from ._groups import comparable_groups
from ._inputs import Floats, as_indexable, read_table, read_target
from ._problem.criterion import CRITERIA
from ._problem.task import Task, classification_task
from ._range import choose_lambdas, gap_curve, read_lambdas, scale_of, survey
from ._sensitive import SensitivePart
from ._training.fit import torch_settings, train, warn_if_interrupted
from ._training.spec import resolve
from .nn._batches import TensorTable


def lambda_path(
    X: Any,
    y: Any,
    *,
    sensitive_features: Any,
    lambdas: Any = None,
    n_lambdas: int = 20,
    sample_weight: Any = None,
    max_epochs: int = 40,
    **params: Any,
) -> "LambdaPath":
    """Train one net that serves every weight of the mutual information term.

    Encoder, head and critics are conditioned on lambda by scales and shifts of their
    units, and each row of a batch draws a lambda of its own [1]_. What
    `MIDebiasedClassifier` needs a fit each for, the whole curve of accuracy against
    gap, takes the time of two and a half fits, or of three to four where the range of
    lambda is to be found first.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        As in `MIDebiasedClassifier.fit`.
    y : array-like of shape (n_samples,)
        Class labels, of two or more classes.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns)
        As in `MIDebiasedClassifier.fit`.
    lambdas : array-like of shape (n_lambdas,), default=None
        The grid, ascending, each at least 0; the path is trained from the first to
        the last. With None the range is found by a short training of its own: from 0
        to well after the gap is lost in its noise, the gap with S permuted. The grid is
        then denser where the curve bends.
    n_lambdas : int, default=20
        Length of the grid where ``lambdas`` is None, at least 2.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows, in the task loss and in the MI term.
    max_epochs : int, default=40
        Passes over the training rows; more than a single lambda needs.
    **params : dict
        Parameters of `MIDebiasedClassifier`, but for ``lambda_mi``.

    Returns
    -------
    path : LambdaPath

    Raises
    ------
    ValueError
        If the input or a parameter is unfit; before any training.
    FloatingPointError
        If a term of the loss becomes non-finite.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the fit was interrupted, or some of the grid predict a single class.

    See Also
    --------
    MIDebiasedClassifierCV : Chooses lambda on the path, under a limit to the gap.

    References
    ----------
    .. [1] A. Dosovitskiy and J. Djolonga, "You Only Train Once: Loss-Conditional
           Training of Deep Networks", ICLR, 2020.
    .. [2] E. Perez et al., "FiLM: Visual Reasoning with a General Conditioning
           Layer", AAAI, 2018. https://arxiv.org/abs/1709.07871

    Examples
    --------
    >>> from fairrep import lambda_path
    >>> from fairrep.datasets import load_adult
    >>> X, y, A = load_adult(subset="test", return_X_y_s=True)
    >>> path = lambda_path(
    ...     X[:2000], y[:2000], sensitive_features=A[:2000], lambdas=[0, 1, 10],
    ...     random_state=0,
    ... )
    >>> path.figures().shape
    (3, 8)
    >>> path.at(3.0).predict(X[:2])
    array([0, 0])
    """
    if lambdas is not None:
        lambdas = read_lambdas(lambdas)
    elif not (isinstance(n_lambdas, Integral) and n_lambdas >= 2):
        raise ValueError(
            f"n_lambdas must be an integer of at least 2; got {n_lambdas}."
        )
    params = {"max_epochs": max_epochs, **params}
    data, calibration = _reader(params)._set_apart(
        X, y, sensitive_features, sample_weight
    )
    path = train_path(
        *data,
        lambdas=lambdas,
        n_lambdas=n_lambdas,
        params=params,
        calibration=calibration,
    )
    path._warn_of_collapse()
    return path


def train_path(
    X: Any,
    y: Any,
    sensitive_features: Any,
    sample_weight: Any,
    *,
    lambdas: Floats | None,
    n_lambdas: int,
    params: dict[str, Any],
    gap: Gap | None = None,
    calibration: Calibration | None = None,
) -> "LambdaPath":
    """`lambda_path`, once the rows for certificates are set apart.

    With a check that the held-out rows can tell of the ``gap``.
    """
    reader = _reader(params)
    require_sensitive(sensitive_features)
    raw = reader._read_rows(X)
    task = classification_task(read_target(y, len(raw), "lambda_path"))
    problem = reader._read(raw, task, sensitive_features, sample_weight)
    classes, labels = task.named_labels()
    groups = comparable_groups(sensitive_features, len(labels))
    if gap is not None:
        rows = problem.unused(reader.early_stopping)
        check_cells(gap, labels, groups, rows, classes)
    spec, given = resolve(reader._settings(), problem), reader._given()
    with torch_settings(problem, given, allow_tf32=reader.allow_tf32):
        scale = survey(problem, spec, given) if lambdas is None else scale_of(lambdas)
        net = train(problem, spec, given, scale)
        if lambdas is None:
            lambdas = choose_lambdas(gap_curve(net, problem), scale, n_lambdas)
        net.refit_critics(problem.rows(problem.train))
    net.drop_training_state()
    fitted = reader._found(problem, spec, net)
    found = {
        "classes_": classes,
        "mi_estimate_": np.nan,
        "fingerprint_": fingerprint(fitted.content(problem.table)),
        **reader._fitted_attributes(),  # of reading X: its columns
    }
    params = reader.get_params(deep=False)
    del params["lambda_mi"]
    curve = Curve(fitted, scale, params, found)
    unused = problem.unused(spec.early_stopping or net.interrupted_)
    if calibration is not None:
        calibration = replace(calibration, X=curve.encode(calibration.X))
    warn_if_interrupted(net)
    return LambdaPath(
        lambdas,
        curve,
        problem.rows(unused).to("cpu"),
        (_safe_indexing(as_indexable(X), unused), labels[unused], groups.iloc[unused]),
        calibration,
        problem.described(unused),
    )


def require_sensitive(sensitive_features: Any) -> None:
    if sensitive_features is None:
        raise ValueError(
            "sensitive_features is required: a path is of the information on them; "
            "pass one value for each row of X."
        )


def _reader(params: dict[str, Any]) -> MIDebiasedClassifier:
    """An estimator of these parameters, checked, to read the input of a path."""
    if "lambda_mi" in params:
        raise TypeError(
            "lambda_path takes lambdas, all of a path, and no lambda_mi; got "
            f"lambda_mi={params['lambda_mi']!r}."
        )
    reader = MIDebiasedClassifier(1.0, **params)
    reader._validate_params()
    return reader


class LambdaPath:
    """A trained path: the classifier at any lambda of its range.

    What `lambda_path` returns; not made by hand.

    Parameters
    ----------
    lambdas : ndarray of shape (n_lambdas,)
        The grid, ascending.
    curve : Curve
        The classifiers, one for each lambda.
    held_out_table, held_out, calibration, described : TensorTable, tuple, \
            Calibration, tuple
        The rows of ``held_out_``, encoded and raw, those set apart, and the task and
        groups of ``held_out_`` as the fit read them.

    Attributes
    ----------
    lambda_range : tuple of float
        The smallest and the largest lambda that it was trained for.
    criterion : str
        What was minimised.
    classes_ : ndarray of shape (n_classes,)
        The classes of y, sorted.
    held_out_ : tuple of (X, y, groups)
        Rows that neither trained nor chose anything: those of `figures`. Continuous
        sensitive columns are groups by their quartiles.
    history_ : skorch.history.History
        As in `MIDebiasedClassifier`; the MI term is weighted by lambda / (1 + lambda),
        the task loss by 1 / (1 + lambda).

    See Also
    --------
    lambda_path : Trains it.

    Examples
    --------
    >>> from fairrep import lambda_path
    >>> from fairrep.datasets import make_biased_classification
    >>> X, y, s = make_biased_classification(600, return_X_y_s=True, random_state=0)
    >>> path = lambda_path(
    ...     X, y, sensitive_features=s, lambdas=[0, 1, 10], random_state=0
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
    ) -> None:
        self.lambdas = lambdas
        self.lambda_range = (curve.scale.smallest, curve.scale.largest)
        self.criterion = curve.params["criterion"]
        self.classes_ = curve.found["classes_"]
        self.history_ = curve.fitted.net.history
        self.curve = curve
        self._held_out_table = held_out_table
        self.held_out_ = held_out
        self.calibration_ = calibration
        self._described = described

    def __repr__(self) -> str:
        smallest, largest = self.lambda_range
        return (
            f"LambdaPath(lambda_mi from {smallest:g} to {largest:g}, "
            f"{len(self.lambdas)} in the grid)"
        )

    def at(self, lambda_mi: float) -> MIDebiasedClassifier:
        """The classifier for one lambda, which shares what lambda leaves alone.

        Parameters
        ----------
        lambda_mi : float
            Within ``lambda_range``; it need not be in the grid.

        Returns
        -------
        clf : MIDebiasedClassifier
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
            found["mi_estimate_"] = self._mi_estimate(clf)
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

    def _mi_estimate(self, clf: MIDebiasedClassifier) -> float:
        device = next(clf.net_.module_.parameters()).device
        return clf.net_.estimate_mi(self._held_out_table.to(device))

    def predict(self, X: Any, lambda_mi: float) -> NDArray:
        """Most probable class of each row.

        Parameters
        ----------
        X, lambda_mi : array-like of shape (n_samples, n_features), float
            Columns as in training; within ``lambda_range``.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        return self.curve.at(lambda_mi).predict(X)

    def predict_proba(self, X: Any, lambda_mi: float) -> NDArray[np.float32]:
        """Probabilities of the classes.

        Parameters
        ----------
        X, lambda_mi : array-like of shape (n_samples, n_features), float
            Columns as in training; within ``lambda_range``.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), float32
        """
        return self.curve.at(lambda_mi).predict_proba(X)

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
        return self.curve.at(lambda_mi).transform(X)

    def figures(
        self,
        lambdas: Any = None,
        *,
        gap: Gap | None = None,
        scoring: Any = "accuracy",
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
            None that of the criterion. Continuous sensitive columns are compared by
            their quartiles.
        scoring : str or callable, default="accuracy"
            A scorer of scikit-learn.
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
            its own, for any classifier of the codes. Each
            holds by itself; so does that of a lambda chosen by the other columns.

        Raises
        ------
        ValueError
            If no rows were held out.
        """
        grid = self.lambdas if lambdas is None else np.atleast_1d(lambdas)
        gap = gap or CRITERIA[self.criterion].gap
        figures, _ = held_out_figures(
            [(self.curve, *self.held_out_)],
            grid,
            gap=gap,
            scoring=scoring,
            confidence=confidence,
            n_bootstrap=n_bootstrap,
            seed=random_state,
        )
        figures["mi_estimate"] = [
            self._mi_estimate(self.curve.at(value)) for value in grid
        ]
        if self.calibration_ is not None:
            figures["certified_gap"] = certified_gaps(
                self.curve, self.calibration_, grid, gap=gap, confidence=confidence
            )
        return figures

    def _warn_of_collapse(self) -> None:
        if not len(self._held_out_table):
            return
        y, collapsed = self.held_out_[1], {}
        for lambda_mi in self.lambdas:
            predicted = self.curve.at(lambda_mi).predict(self._held_out_table)
            if seen := collapse_seen(y, predicted):
                collapsed[float(lambda_mi)] = seen
        warn_of_collapse_at(collapsed)
