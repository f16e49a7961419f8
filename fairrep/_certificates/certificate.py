"""`certify` reads the codes and groups of rows, for `from_counts` to certify."""

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from .._inputs.groups import (
    Groups,
    check_present,
    given_groups,
    is_continuous,
    sensitive_frame,
)
from .._inputs.labels import read_target
from .._inputs.tables import as_pandas, check_row_order
from .from_counts import Certificate, count_rows, from_counts


def certify(
    codes: Any,
    sensitive_features: Any,
    *,
    y: Any = None,
    confidence: float = 0.95,
) -> Certificate:
    """Limit, from held-out rows, what any classifier or attacker can do with a code.

    Whatever is trained on the code, now or later, by anyone: its gap between groups
    stays below the limits, with the probability `confidence` over the draw of these
    rows. The limits are valid for any number of rows and any number of codes; that of
    a code no row had is included.

    Parameters
    ----------
    codes : array-like of shape (n_rows,) or (n_rows, 1)
        The code of each row: integers, strings, booleans or categories. The rows must
        have trained nothing and chosen nothing, neither the codes nor their number.
    sensitive_features : array-like of shape (n_rows,) or (n_rows, n_features)
        Groups of the rows, in the order of the rows. Several columns are crossed.
    y : array-like of shape (n_rows,), default=None
        Labels, for `equalized_odds`.
    confidence : float, default=0.95
        Probability with which each limit holds. They hold at once with at least
        ``1 - m * (1 - confidence)`` for m of them.

    Returns
    -------
    certificate : Certificate

    Raises
    ------
    TypeError
        If codes are not discrete.
    ValueError
        If lengths differ, values are missing, there is a single group, or a group
        (given y: within a label) has too few rows for any limit to mean something.

    Notes
    -----
    The rows of each group are taken as independent draws from it; group sizes may be
    fixed beforehand. A certificate does not say that

    - people will be treated alike who differ in another column: a decision that sees S,
      or a proxy of S, beside the code is not covered;
    - it holds after a shift of the population, or for rows on which the code was
      trained or selected;
    - the code in itself is just; equal rates may still be the wrong rates.

    For two groups the gap of any classifier is at most the total variation between the
    groups' distributions of codes, the largest difference in probability over all sets
    of codes (as in FARE [1]_); for more, that of the worst pair; for equalized odds,
    within each label. The best set, pair and label of the population are fixed,
    whatever the sample, and the sample's own largest difference is at least theirs. So
    the exact unconditional limit for the difference of two binomial proportions,
    computed at the sample's largest difference, is valid without a union over sets,
    pairs or labels (an intersection-union test [2]_). It is loose by what the largest
    difference of a sample exceeds that of the population, some sqrt(k / n).

    The same argument, with the best likelihood ratio, order and guess in place of the
    set, limits I(C; S) by Chernoff's bound, the AUC by Hoeffding's for two-sample
    U-statistics [3]_, and accuracy by Clopper and Pearson's [4]_.

    References
    ----------
    .. [1] Jovanović, Balunović, Dimitrov and Vechev (2023). FARE: Provably Fair
       Representation Learning with Practical Certificates. ICML. arXiv 2210.07213.
    .. [2] Berger (1982). Multiparameter hypothesis testing and acceptance sampling.
       Technometrics 24(4).
    .. [3] Hoeffding (1963). Probability inequalities for sums of bounded random
       variables. JASA 58(301).
    .. [4] Clopper and Pearson (1934). The use of confidence or fiducial limits
       illustrated in the case of the binomial. Biometrika 26(4). For groups of fixed
       size: Hoeffding (1956). On the distribution of the number of successes in
       independent trials. Annals of Mathematical Statistics 27(3).

    Examples
    --------
    >>> import numpy as np
    >>> from fairrep import certify
    >>> rng = np.random.default_rng(0)
    >>> certificate = certify(rng.integers(4, size=2000), ["f", "m"] * 1000)
    >>> certificate
    Certificate(demographic_parity=0.0..., attacker_auc=0.5..., confidence=0.95,
    n_rows=2000)
    >>> certificate.demographic_parity < 0.08
    True
    """
    if not (isinstance(confidence, Real) and 0.5 < confidence < 1):
        raise ValueError(f"confidence must be in (0.5, 1); got {confidence!r}.")
    check_row_order(codes=codes, sensitive_features=sensitive_features, y=y)
    column = _read_codes(codes)
    groups = _read_groups(sensitive_features, len(column))
    if y is not None:
        y = read_target(y, len(column), "certify")
    return from_counts(count_rows(column, groups, y), confidence=confidence)


def _read_codes(codes: Any) -> pd.Series:
    table = as_pandas(codes)
    if np.ndim(table) == 2 and np.shape(table)[1] == 1:  # as `output="index"` gives it
        table = pd.DataFrame(table).iloc[:, 0]
    if np.ndim(table) != 1:
        raise ValueError(
            f"codes must be one code a row; got shape {np.shape(table)}. Of one-hot "
            "columns, pass the arg-max."
        )
    column = pd.Series(table).reset_index(drop=True)
    if not len(column):
        raise ValueError("codes has 0 rows.")
    if n_missing := int(column.isna().sum()):
        raise ValueError(f"codes has {n_missing} missing values; expected none.")
    column = column.infer_objects()
    if pd.api.types.is_float_dtype(column) and (column % 1 != 0).any():
        raise TypeError(
            "codes must be discrete: integers, strings, booleans or categories; got "
            f"numbers such as {column[column % 1 != 0].iloc[0]!r}."
        )
    return column


def _read_groups(sensitive_features: Any, n_rows: int) -> Groups:
    frame = sensitive_frame(sensitive_features, n_rows)
    for name, column in frame.items():
        what = f"sensitive_features {name!r}"
        advice = "; drop these rows, or give them a group of their own."
        check_present(int(column.isna().sum()), what, advice)
        if is_continuous(column.infer_objects()):
            raise ValueError(
                f"{what} has {column.nunique()} different "
                "numbers; a certificate is about groups. Cut it into bins."
            )
    return given_groups(frame)
