"""`audit` makes a report of models and rows."""

from collections.abc import Sequence
from typing import Any

from ._measuring.measure import measure_models
from ._report import AuditReport


def audit(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    sensitive_features: Any,
    pos_label: Any = None,
    leakage: bool = True,
    min_group_size: int = 30,
    not_compared: Sequence[str] = (),
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
        Fitted classifiers, regressors or pipelines: scikit-learn's, fairrep's or any
        with `predict`. The representation, audited too, is what fairrep's estimators'
        `transform` gives, also as a step of a pipeline. A transformer of fairrep
        without a `predict` is audited for its representation alone. What a regressor
        predicts is compared as in `fairrep.metrics.regression_report`.
    X : array-like of shape (n_samples, n_features)
        The rows to audit, as the models take them.
    y : array-like of shape (n_samples,), default=None
        True labels, or numbers. None where no estimator has a `predict`.
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
    not_compared : sequence of str, default=()
        Groups that take no part in comparisons, such as "unknown"; they are counted,
        and their rates shown, all the same.
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
    findings = measure_models(
        estimator,
        X,
        y,
        sensitive_features=sensitive_features,
        pos_label=pos_label,
        leakage=leakage,
        min_group_size=min_group_size,
        not_compared=not_compared,
        n_quantiles=n_quantiles,
        n_bootstrap=n_bootstrap,
        confidence=confidence,
        random_state=random_state,
        missing=missing,
        verbose=verbose,
    )
    return AuditReport(**vars(findings))
