"""`lambda_path` trains one net for every lambda."""

from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing

from .._certificates.set_apart import Calibration
from .._estimators.classifier import MIDebiasedClassifier
from .._estimators.regressor import MIDebiasedRegressor
from .._inputs.fingerprint import fingerprint
from .._inputs.groups import comparable_groups
from .._inputs.labels import positive_or_none, read_numbers, read_target
from .._inputs.tables import as_indexable
from .._problem.task import classification_task, regression_task
from .._training.fit import REFIT_ROWS, torch_settings, train, warn_if_interrupted
from .._training.spec import resolve
from .._utils.torch_state import plain_torch
from .._utils.types import Floats
from ..metrics._gaps import Gap, check_cells
from .curve import Curve
from .figures import gaps_at
from .lambda_range import choose_lambdas, gap_curve, read_lambdas, scale_of, survey
from .path import LambdaPath

# So many tell the order of the gaps along a path, nearly.
TRAINING_ROWS = 5_000


def lambda_path(
    X: Any,
    y: Any,
    *,
    sensitive_features: Any,
    lambdas: Any = None,
    n_lambdas: int = 20,
    sample_weight: Any = None,
    max_epochs: int = 40,
    task: str = "classification",
    **params: Any,
) -> LambdaPath:
    """Train one net that serves every weight of the mutual information term.

    Encoder, head and critics are conditioned on lambda by scales and shifts of their
    units, and each batch sees many of them [1]_. What `MIDebiasedClassifier` needs a
    fit each for, the whole curve of accuracy against gap, takes the time of some two
    fits, also where the range of lambda is to be found first.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        As in `MIDebiasedClassifier.fit`.
    y : array-like of shape (n_samples,)
        Class labels, of two or more classes; numbers with ``task="regression"``.
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
    task : {"classification", "regression"}, default="classification"
        What is predicted, and so whether the path is one of `MIDebiasedClassifier` or
        of `MIDebiasedRegressor`.
    **params : dict
        Parameters of that estimator, but for ``lambda_mi``.

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
    UserWarning
        If demographic parity must destroy the task, as `MIDebiasedClassifier.fit` says.

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
    ...     X[:1000],
    ...     y[:1000],
    ...     sensitive_features=A[:1000],
    ...     lambdas=[0, 1, 10],
    ...     max_epochs=10,
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
    if task not in ESTIMATORS:
        raise ValueError(f"task must be one of {[*ESTIMATORS]}; got {task!r}.")
    params = {"max_epochs": max_epochs, **params}
    data, calibration = _reader(params, task)._set_apart(
        X, y, sensitive_features, sample_weight
    )
    path = train_path(
        *data,
        lambdas=lambdas,
        n_lambdas=n_lambdas,
        params=params,
        calibration=calibration,
        kind=task,
    )
    path._warn_of_collapse()
    return path


@plain_torch()
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
    is_split: bool = False,
    kind: str = "classification",
) -> LambdaPath:
    """Train a path, once the rows for certificates are set apart.

    With the ``gap`` on training rows, if one is given, and a check that rows which are
    held out can tell of it. What is doubtful of a task has been said of all rows, where
    these are a split of them.
    """
    reader = _reader(params, kind)
    require_sensitive(sensitive_features)
    raw = reader._read_rows(X)
    if isinstance(reader, MIDebiasedRegressor):
        task = regression_task(read_numbers(y, len(raw), "lambda_path"), reader.loss)
        of_y: dict[str, Any] = {"y_mean_": task.mean, "y_scale_": task.scale}
    else:
        y = read_target(y, len(raw), "lambda_path")
        task = classification_task(y, reader.pos_label)
        of_y = {"classes_": task.classes}
    problem = reader._read(raw, task, sensitive_features, sample_weight)
    if not is_split:
        reader._warn_of_lost_task(problem, sample_weight)
    labels = task.given
    groups = comparable_groups(sensitive_features, len(labels))
    rows = problem.unused(reader.early_stopping)
    if gap is not None and len(rows):
        positive = positive_or_none(task.named_labels()[0], reader.pos_label)
        check_cells(gap, labels, groups, rows, positive)
    spec, given = resolve(reader._settings(), problem), reader._given()
    with torch_settings(problem, given, allow_tf32=reader.allow_tf32):
        scale = survey(problem, spec, given) if lambdas is None else scale_of(lambdas)
        net = train(problem, spec, given, scale)
        if lambdas is None:
            lambdas = choose_lambdas(gap_curve(net, problem), scale, n_lambdas)
        net.refit_critics(problem.train_rows(REFIT_ROWS))
    net.drop_training_state()
    fitted = reader._found(problem, spec, net)
    found = {
        **of_y,
        "mi_estimate_": np.nan,
        "fingerprint_": fingerprint(fitted.content(problem.table)),
        **reader._fitted_attributes(),  # of reading X: its columns
    }
    params = reader.get_params(deep=False)
    del params["lambda_mi"]
    curve = Curve(fitted, scale, params, found, ESTIMATORS[kind])
    unused = problem.unused(spec.early_stopping or net.interrupted_)
    if calibration is not None:
        calibration = replace(calibration, X=curve.encode(calibration.X))
    training_gaps = None
    if gap is not None:
        some = problem.train[:: 1 + len(problem.train) // TRAINING_ROWS]
        table = problem.occurring(some).to("cpu")
        rows_of_gap = table, labels[some], groups.iloc[some]
        training_gaps = gaps_at(curve, lambdas, *rows_of_gap, gap)
    warn_if_interrupted(net)
    return LambdaPath(
        lambdas,
        curve,
        problem.occurring(unused).to("cpu"),
        (_safe_indexing(as_indexable(X), unused), labels[unused], groups.iloc[unused]),
        calibration,
        problem.described(unused),
        training_gaps,
    )


def require_sensitive(sensitive_features: Any) -> None:
    if sensitive_features is None:
        raise ValueError(
            "sensitive_features is required: a path is of the information on them; "
            "pass one value for each row of X."
        )


ESTIMATORS: dict[str, type[MIDebiasedClassifier] | type[MIDebiasedRegressor]] = {
    "classification": MIDebiasedClassifier,
    "regression": MIDebiasedRegressor,
}


def _reader(
    params: dict[str, Any], kind: str
) -> MIDebiasedClassifier | MIDebiasedRegressor:
    """An estimator of these parameters, checked, to read the input of a path."""
    if "lambda_mi" in params:
        raise TypeError(
            "lambda_path takes lambdas, all of a path, and no lambda_mi; got "
            f"lambda_mi={params['lambda_mi']!r}."
        )
    reader = ESTIMATORS[kind](1.0, **params)
    reader._validate_params()
    return reader
