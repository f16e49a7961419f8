"""`audit`: from models and rows to a report."""

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import (
    Interval,
    StrOptions,
    validate_parameter_constraints,
)
from tqdm.auto import tqdm

from .._inputs import as_pandas, check_row_order
from ._models import (
    Rows,
    Subject,
    attacker,
    certificate_of,
    read_model,
    read_predictions,
    take_rows,
)
from ._report import AuditReport, ModelAudit

OPTIONS = {
    "leakage": ["boolean"],
    "min_group_size": [Interval(Integral, 1, None, closed="left")],
    "n_quantiles": [Interval(Integral, 2, None, closed="left")],
    "n_bootstrap": [Interval(Integral, 20, None, closed="left")],
    "confidence": [Interval(Real, 0, 1, closed="neither")],
    "random_state": ["random_state"],
    "missing": [StrOptions({"raise", "drop"})],
    "verbose": ["verbose"],
}


def audit(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    sensitive_features: Any,
    pos_label: Any = None,
    leakage: bool = True,
    min_group_size: int = 30,
    n_quantiles: int = 4,
    n_bootstrap: int = 200,
    confidence: float = 0.95,
    random_state: Any = None,
    missing: str = "raise",
    verbose: int = 0,
) -> AuditReport:
    """Measure how a fitted model treats groups, and what can be read of S from it.

    Give it rows that neither trained the model nor chose it.

    Parameters
    ----------
    estimator : estimator, list of them, or dict of name to estimator
        Fitted classifiers or pipelines: scikit-learn's, fairrep's or any with
        `predict`. The representation, audited too, is what fairrep's estimators'
        `transform` gives, also as a step of a pipeline. A transformer of fairrep
        without a `predict` is audited for its representation alone.
    X : array-like of shape (n_samples, n_features)
        The rows to audit, as the models take them.
    y : array-like of shape (n_samples,), default=None
        True labels. None where no estimator has a `predict`.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns)
        One or more columns, also as a dict of columns. Several are audited one by one
        and crossed. A column of numbers with more than 20 different values, or with
        fractions and more than 2, is continuous; its quantiles are the groups. Rows
        match by position.
    pos_label : bool, int, float or str, default=None
        The positive class. None for ``classes_[1]``; of more than two classes, for
        each of them against the rest.
    leakage : bool, default=True
        Whether to attack score and representation, and look for proxies: most of the
        time that an audit takes.
    min_group_size : int, default=30
        Smaller groups are named, and left out of the disparities; from those of the
        true (false) positive rate also groups with less than a third as many positives
        (negatives).
    n_quantiles : int, default=4
        Groups of a continuous sensitive column.
    n_bootstrap : int, default=200
        Draws behind each bootstrap interval, for each value that is tried; at least 20.
    confidence : float, default=0.95
        Nominal coverage of each interval, in (0, 1). It is of each figure alone, not
        of all together.
    random_state : int, RandomState instance or None, default=None
        Seed of draws and attackers. The global random state is neither read nor
        changed.
    missing : {"raise", "drop"}, default="raise"
        What to do with rows that miss a sensitive value.
    verbose : int, default=0
        1 shows a progress bar on standard error.

    Returns
    -------
    report : AuditReport

    Raises
    ------
    ValueError
        If lengths differ, y is missing though a model predicts, y has labels that the
        model never saw, a sensitive column has one group or misses values, or an
        option is out of range.
    TypeError
        If there is nothing to audit in an estimator.

    Notes
    -----
    Rates have Wilson's score interval. Differences and ratios between groups, and the
    calibration error, have the interval of an inverted bootstrap, stratified by group
    and, for true and false positive rates, by label [1]_: noise only adds to the
    largest minus the smallest rate, so that where groups are equal the percentiles of
    a plain bootstrap lie above the truth. The calibration error is the mean distance
    between mean score and rate of positives in ten bins of the score; noise adds to it
    as well, most in small groups, so judge it by its interval.

    References
    ----------
    .. [1] J. Carpenter, "Test inversion bootstrap confidence intervals", Journal of the
           Royal Statistical Society B 61(1), 1999.

    Examples
    --------
    >>> from sklearn.ensemble import HistGradientBoostingClassifier
    >>> from fairrep import audit
    >>> from fairrep.datasets import load_adult
    >>> X, y, A = load_adult(subset="test", return_X_y_s=True)
    >>> model = HistGradientBoostingClassifier(max_iter=20, random_state=0)
    >>> model = model.fit(X[:4000], y[:4000])
    >>> report = audit(
    ...     model,
    ...     X[4000:],
    ...     y[4000:],
    ...     sensitive_features=A[4000:],
    ...     leakage=False,
    ...     random_state=0,
    ... )
    >>> gap = report.figures().disparities.loc["demographic_parity_difference"]
    >>> bool(0 < gap["low"] < gap["value"] < gap["high"])
    True
    """
    options = _checked(locals())
    check_row_order(X=X, y=y, sensitive_features=sensitive_features)
    y = as_pandas(y)
    n_rows = np.shape(X)[0]
    if y is not None and np.shape(y)[:1] != (n_rows,):
        raise ValueError(
            f"y has {len(np.atleast_1d(y))} rows and X has {n_rows}; expected the same "
            "number, in the same order."
        )
    rows = Rows.read(sensitive_features, n_rows, missing, n_quantiles)
    subjects = [
        read_model(name, model, X, y, pos_label)
        for name, model in _named(estimator).items()
    ]
    return _measure(subjects, X, rows, leakage, options, verbose)


def audit_predictions(
    outputs: tuple[Any, ...],
    X: Any,
    sensitive_features: Any,
    *,
    name: str,
    **given: Any,
) -> AuditReport:
    """`AuditReport.from_predictions`, once its arguments are gathered."""
    options = _checked(given)
    y_true, y_pred, y_score, representation, *_ = outputs
    check_row_order(
        X=X,
        y_true=y_true,
        y_pred=y_pred,
        y_score=y_score,
        representation=representation,
        sensitive_features=sensitive_features,
    )
    subject = read_predictions(name, *outputs)
    rows = Rows.read(
        sensitive_features, len(subject), given["missing"], given["n_quantiles"]
    )
    return _measure([subject], X, rows, given["leakage"], options, given["verbose"])


def _checked(given: dict[str, Any]) -> dict[str, Any]:
    """The options of the measurements, once all options are found in range."""
    given = {name: given[name] for name in OPTIONS}
    validate_parameter_constraints(OPTIONS, given, caller_name="audit")
    return {
        name: given[name] for name in ("min_group_size", "n_bootstrap", "confidence")
    } | {"random_state": _generator(given["random_state"])}


def _generator(random_state: Any) -> np.random.RandomState:
    if isinstance(random_state, np.random.RandomState):
        return random_state
    return np.random.RandomState(random_state)  # of its own, also for None


def _named(estimator: Any) -> dict[str, Any]:
    """Models by name; those of one class are numbered."""
    if isinstance(estimator, Mapping):
        named = {str(name): model for name, model in estimator.items()}
    else:
        models = estimator if isinstance(estimator, (list, tuple)) else [estimator]
        classes = [_class_name(model) for model in models]
        named = {}
        for i, (name, model) in enumerate(zip(classes, models, strict=True)):
            number = (
                f" {classes[: i + 1].count(name)}" if classes.count(name) > 1 else ""
            )
            named[f"{name}{number}"] = model
    if not named:
        raise ValueError("audit got no estimator; expected at least one.")
    return named


def _class_name(model: Any) -> str:
    if hasattr(model, "steps"):  # the last step says more than "Pipeline"
        return _class_name(model.steps[-1][1])
    return (
        _class_name(model.estimator)
        if hasattr(model, "best_estimator_")
        else (type(model).__name__)
    )


def _measure(
    subjects: Sequence[Subject],
    X: Any,
    rows: Rows,
    leakage: bool,
    options: dict[str, Any],
    verbose: Any,
) -> AuditReport:
    singles = [attribute for attribute in rows.attributes if not attribute.crossed]
    features = take_rows(X, rows.kept) if leakage and X is not None else None
    # The same draws for each model, and for the proxies: equal models get equal
    # figures, and what is said of one does not depend on which others are audited.
    seed = options["random_state"].randint(2**31 - 1)
    attack = attacker(features, {**options, "random_state": seed})
    models = {}
    n_steps = _n_steps(subjects, len(rows.attributes), len(singles), leakage)
    n_steps += len(singles) if features is not None else 0
    with tqdm(total=n_steps, unit="step", leave=False, disable=not verbose) as bar:
        for subject in subjects:
            subject = subject.take(rows.kept)
            model = ModelAudit(subject.name, mi_estimate=subject.mi_estimate)
            for pos_label in subject.pos_labels:
                for attribute in rows.attributes:
                    bar.set_description(f"figures by {attribute.name}")
                    draws = {**options, "random_state": np.random.RandomState(seed)}
                    model.figures.append(subject.figures(attribute, pos_label, **draws))
                    bar.update()
            for attribute in singles if leakage else []:
                model.leakage[attribute.name] = found = []
                for name, view in subject.views().items():
                    bar.set_description(f"attacks on {attribute.name} in the {name}")
                    found.append(attack(attribute, name, *view))
                    bar.update()
            for attribute in rows.attributes if subject.codes is not None else []:
                certificate = certificate_of(subject, attribute, options)
                if certificate is not None:
                    model.certificates[attribute.name] = certificate
            models[subject.name] = model
        proxies = {}
        for attribute in singles if features is not None else []:
            from ._proxies import proxies as rank_proxies

            bar.set_description(f"proxies of {attribute.name}")
            proxies[attribute.name] = rank_proxies(
                features, attribute.series, random_state=seed
            )
            bar.update()
    return AuditReport(
        models,
        proxies,
        n_rows=len(rows.kept),
        n_dropped=rows.n_rows - len(rows.kept),
        confidence=options["confidence"],
        n_bootstrap=options["n_bootstrap"],
        min_group_size=options["min_group_size"],
    )


def _n_steps(
    subjects: Sequence[Subject], n_attributes: int, n_singles: int, leakage: bool
) -> int:
    """Of the progress bar: a table of figures, or an attack on a view."""
    n_tables = sum(len(subject.pos_labels) for subject in subjects) * n_attributes
    n_views = sum(len(subject.views()) for subject in subjects)
    return n_tables + (n_views * n_singles if leakage else 0)
