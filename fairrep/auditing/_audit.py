"""`audit` makes a report of models and rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from ._measuring.measure import measure_models
from ._report import AuditReport


def audit(
    estimator: Any,
    X: Any = None,
    y: Any = None,
    *,
    sensitive_features: Any = None,
    sensitive_probabilities: Any = None,
    pos_label: Any = None,
    leakage: bool = True,
    min_group_size: int = 30,
    not_compared: Sequence[str] = (),
    n_quantiles: int = 4,
    n_bootstrap: int = 200,
    confidence: float = 0.95,
    random_state: Any = None,
    missing: str = "raise",
    group_names: Mapping[str, Mapping[Any, str]] | None = None,
    limits: Mapping[str, float] | None = None,
    about: Mapping[str, str] | None = None,
    verbose: int = 0,
) -> AuditReport:
    """Measure how a fitted model treats groups, and what can be read of S from it.

    Give it rows that neither trained the model nor chose it.

    Parameters
    ----------
    estimator : estimator, list of them, dict of name to estimator, or array-like
        Fitted classifiers or pipelines: scikit-learn's, fairrep's or any with
        `predict`. The representation, audited too, is what fairrep's estimators'
        `transform` gives, also as a step of a pipeline. A transformer without a
        `predict`, and an array without X, is audited as a representation alone.
    X : array-like of shape (n_samples, n_features) or (n_samples, ...), default=None
        The rows to audit, as the models take them. Of rows that are no lists of
        features, such as images, what their columns tell is left out.
    y : array-like of shape (n_samples,), default=None
        True labels. None where no estimator has a `predict`.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns)
        One or more columns, also as a dict of columns. Several are audited one by one
        and crossed. A column of numbers with more than 20 different values, or with
        fractions and more than 2, is continuous; its quantiles are the groups. Rows
        match by position. None where there are `sensitive_probabilities`.
    sensitive_probabilities : array-like of shape (n_samples, n_groups), or dict, \
            default=None
        Of an attribute that nobody recorded, the probabilities of its groups, as name
        and address give them (BISG): a column a group, each row summing to 1. A dict of
        such tables is of several attributes by name. See Notes.
    pos_label : bool, int, float or str, default=None
        The positive class. None for the ``pos_label`` of the estimators, where one has
        it, or ``classes_[1]``; of more than two classes, for each against the rest.
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
        What to do with rows that miss a sensitive value. "drop" leaves a row out of
        the figures of that column, and of crossings with it, alone; how many is said.
    group_names : dict of str to dict, default=None
        By sensitive column, names for the values that stand in it:
        ``{"SEX": {"0": "women", "1": "men"}}``. Other options take these names.
    limits : dict of str to float, default=None
        What figures have to keep within, each of which gets a verdict. "gap", "eo" and
        "opportunity" stand for the demographic parity, equalized odds and equal
        opportunity difference, "ratio" for the demographic parity ratio, whose limit is
        the least allowed, and "leakage" for what the best attacker scores.
    about : dict of str to str, default=None
        What else the report is to say of where it comes from, such as "author",
        "purpose", "data", and who set the "limits". The "outcome", what it means to be
        selected ("the loan is granted"), stands at the top of the page.
    verbose : int, default=0
        1 shows a progress bar on standard error.

    Returns
    -------
    report : AuditReport

    Raises
    ------
    ValueError
        If lengths differ, y is missing though a model predicts, y has labels that the
        model never saw, `pos_label` is none of them, models name different ones, a
        sensitive column has one group or misses values, no sensitive attribute is
        given, probabilities are outside of [0, 1] or do not sum to 1, or an option is
        out of range.
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

    Groups known as probabilities are not assigned, which would make gaps that are not
    there or hide those that are: rates are means with the probabilities as weights,
    counts are their sums. This is right where labels and predictions tell no more of
    the group than the probabilities do; otherwise it usually shows too small a gap
    [2]_. Beside it stand rates by least squares of the outcome on the probabilities,
    right where within a group the probabilities tell nothing of labels and predictions,
    and otherwise usually too far apart. Of two groups the true gap lies between both if
    what either leaves out has the sign of the gap [3]_. Both ask that of the rows of
    probability 0.3 three in ten are of the group. Their intervals are of linearised
    estimates, Wilson's for rates, and of the pairs of groups for disparities; they know
    of chance, not of what the probabilities get wrong. Calibration, attackers, proxies
    and certificates need groups that are known, and are left out.

    References
    ----------
    .. [1] J. Carpenter, "Test inversion bootstrap confidence intervals", Journal of the
           Royal Statistical Society B 61(1), 1999.
    .. [2] J. Chen, N. Kallus, X. Mao, G. Svacha and M. Udell, "Fairness under
           unawareness: assessing disparity when protected class is unobserved",
           FAT* 2019. https://arxiv.org/abs/1811.11154
    .. [3] H. Elzayn et al., "Measuring and mitigating racial disparities in tax
           audits", Quarterly Journal of Economics 140(1), 2025.

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
        sensitive_probabilities=sensitive_probabilities,
        pos_label=pos_label,
        leakage=leakage,
        min_group_size=min_group_size,
        not_compared=not_compared,
        n_quantiles=n_quantiles,
        n_bootstrap=n_bootstrap,
        confidence=confidence,
        random_state=random_state,
        missing=missing,
        group_names=group_names or {},
        limits=limits or {},
        about=about or {},
        verbose=verbose,
    )
    return AuditReport(**vars(findings))
