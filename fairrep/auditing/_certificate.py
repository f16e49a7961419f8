"""Certificates: limits on what anyone can do with a discrete representation."""

from dataclasses import dataclass
from itertools import combinations
from math import ceil, log, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

from .._inputs import Codes, Floats, as_pandas, read_target
from .._sensitive import is_continuous, sensitive_frame
from ._limits import (
    best_accuracy,
    best_auc,
    difference_limit,
    information_limit,
    mean_limit,
    mutual_information,
    total_variation,
)

# A group whose own uncertainty is above this makes any limit meaningless.
MAX_MARGIN = 0.5


@dataclass(frozen=True, eq=False, repr=False)
class Certificate:
    """Upper confidence limits on what a discrete code tells of a group.

    Made by :func:`certify`. `print` it for a text.

    Parameters
    ----------
    demographic_parity : float
        Limit for the difference in selection rate, between any two groups, of any
        classifier that sees only the code.
    equalized_odds : float or None
        Limit for the difference in true or false positive rate of any such classifier;
        None without y.
    mutual_info : float
        Limit for I(C; S) in nats, at the groups' shares of the rows.
    attacker_auc : float
        Limit for the AUC with which any attacker tells two groups apart by the code.
    attacker_accuracy : float
        Limit for the accuracy with which any attacker guesses the group, at the
        groups' shares of the rows. Without the code it is that of the largest group.
    confidence : float
        Confidence level of each of the limits by itself.
    groups : dict of str to int
        The rows of each group.
    n_codes : int
        Different codes among the rows.
    estimates : dict of str to float
        The same figures as they are in the rows, which is no limit, and None for
        "equalized_odds" without y.
    worst_pair : tuple of str
        The two groups that set `demographic_parity`.
    entropy : float
        H(S) in nats, the most that I(C; S) could be.

    Examples
    --------
    >>> import numpy as np
    >>> from fairrep import certify
    >>> codes = np.random.default_rng(0).integers(4, size=2000)
    >>> certificate = certify(codes, ["f", "m"] * 1000)
    >>> certificate.groups
    {'f': 1000, 'm': 1000}
    >>> certificate.estimates["demographic_parity"] < certificate.demographic_parity
    True
    """

    demographic_parity: float
    equalized_odds: float | None
    mutual_info: float
    attacker_auc: float
    attacker_accuracy: float
    confidence: float
    groups: dict[str, int]
    n_codes: int
    estimates: dict[str, float | None]
    worst_pair: tuple[str, str]
    entropy: float

    def to_dict(self) -> dict[str, Any]:
        """Return dicts, lists, strings and numbers, ready for JSON.

        Returns
        -------
        content : dict
        """
        return {**vars(self), "worst_pair": list(self.worst_pair)}

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} {n:,}" for name, n in self.groups.items())
        n_rows = sum(self.groups.values())
        largest = max(self.groups.values()) / n_rows
        odds = []
        if self.equalized_odds is not None:
            odds = [
                f"  <= {self.equalized_odds:.3f}  difference in true or false positive "
                "rate, given y"
            ]
        lines = [
            f"Certificate at {self.confidence:.0%} confidence, each limit by itself",
            f"From {n_rows:,} rows ({sizes}) and {self.n_codes} codes",
            "",
            "Any decision that sees only the code:",
            f"  <= {self.demographic_parity:.3f}  difference in selection rate between "
            f"groups (worst pair: {' and '.join(self.worst_pair)})",
            *odds,
            "Anyone who tries to read the group from the code:",
            f"  <= {self.attacker_auc:.3f}  AUC, where 0.5 is chance",
            f"  <= {self.attacker_accuracy:.3f}  accuracy, where always naming the "
            f"largest group gives {largest:.3f}",
            f"  <= {self.mutual_info:.4f} nats of {self.entropy:.3f}, the mutual "
            "information",
            "",
            "It holds for people drawn as these rows were, and rows that trained",
            "nothing. It says nothing of another population, nor of a decision that",
            "also sees other columns.",
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return (
            f"Certificate(demographic_parity={self.demographic_parity:.3f}, "
            f"attacker_auc={self.attacker_auc:.3f}, confidence={self.confidence}, "
            f"n_rows={sum(self.groups.values())})"
        )


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
    if not 0.5 < confidence < 1:
        raise ValueError(f"confidence must be in (0.5, 1); got {confidence!r}.")
    code, n_codes = _read_codes(codes)
    group, groups = _read_groups(sensitive_features, len(code))
    alpha = 1 - confidence
    _check_sizes(group, groups, np.zeros_like(group), ["any"], alpha)
    if y is not None:
        y_codes, y_values = pd.factorize(read_target(y, len(code), "certify"))
        _check_sizes(group, groups, y_codes, y_values, alpha)

    counts = _counts(group, code, len(groups), n_codes)
    gap, observed, worst = _largest_gap([counts], alpha)
    odds, odds_observed = None, None
    if y is not None:
        by_label = [
            _counts(group[y_codes == i], code[y_codes == i], len(groups), n_codes)
            for i in range(len(y_values))
        ]
        odds, odds_observed, _ = _largest_gap(by_label, alpha)
    sizes = counts.sum(axis=1)
    share = sizes / sizes.sum()
    p = counts / sizes[:, None]
    entropy = float(-(share * np.log(share)).sum())
    nats = mutual_information(p, share)
    auc_limit, auc = _largest_auc(p, sizes, alpha)
    accuracy = best_accuracy(p, share)
    return Certificate(
        demographic_parity=gap,
        equalized_odds=odds,
        mutual_info=min(
            entropy, information_limit(nats, len(code), share.min(), alpha)
        ),
        attacker_auc=auc_limit,
        attacker_accuracy=_binomial_limit(accuracy, len(code), alpha),
        confidence=confidence,
        groups=dict(zip(groups, sizes.tolist(), strict=True)),
        n_codes=n_codes,
        estimates={
            "demographic_parity": observed,
            "equalized_odds": odds_observed,
            "mutual_info": nats,
            "attacker_auc": auc,
            "attacker_accuracy": accuracy,
        },
        worst_pair=(groups[worst[0]], groups[worst[1]]),
        entropy=entropy,
    )


# -- input ---------------------------------------------------------------------


def check_groups(
    sensitive_features: Any, y: Any = None, confidence: float = 0.95
) -> None:
    """Raise where `certify` would for want of rows, before there are any codes."""
    group, groups = _read_groups(sensitive_features, np.shape(sensitive_features)[0])
    _check_sizes(group, groups, np.zeros_like(group), ["any"], 1 - confidence)
    if y is not None:
        codes, values = pd.factorize(y)
        _check_sizes(group, groups, codes, values, 1 - confidence)


def _read_codes(codes: Any) -> tuple[Codes, int]:
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
    code, values = pd.factorize(column)
    return code, len(values)


def _read_groups(sensitive_features: Any, n_rows: int) -> tuple[Codes, list[str]]:
    frame = sensitive_frame(sensitive_features, n_rows)
    for name, column in frame.items():
        if n_missing := int(column.isna().sum()):
            raise ValueError(
                f"sensitive_features {name!r} has {n_missing} missing values; drop "
                "these rows, or give them a group of their own."
            )
        column = column.infer_objects()
        if pd.api.types.is_float_dtype(column) and is_continuous(column):
            raise ValueError(
                f"sensitive_features {name!r} has {column.nunique()} different "
                "numbers; a certificate is about groups. Cut it into bins."
            )
    crossed = frame.astype(str).agg(", ".join, axis=1)
    group, groups = pd.factorize(crossed, sort=True)
    if len(groups) < 2:
        raise ValueError(
            f"sensitive_features has a single group, {groups[0]!r}; at least 2 needed."
        )
    return group, [str(name) for name in groups]


def _check_sizes(
    group: Codes, groups: list[str], stratum: Codes, strata: Any, alpha: float
) -> None:
    needed = ceil(log(1 / alpha) / 2 / MAX_MARGIN**2)
    for i, label in enumerate(strata):
        sizes = np.bincount(group[stratum == i], minlength=len(groups))
        where = f" with y = {label}" if len(strata) > 1 else ""
        few = {groups[g]: int(sizes[g]) for g in np.flatnonzero(sizes < needed)}
        if few:
            raise ValueError(
                f"Too few rows for a certificate at confidence {1 - alpha:.3g}: the "
                f"groups {few}{where} need at least {needed} rows each, and thousands "
                "for a limit near what is measured. Merge groups, or drop them by name."
            )


def _counts(group: Codes, code: Codes, n_groups: int, n_codes: int) -> NDArray:
    cell = np.bincount(group * n_codes + code, minlength=n_groups * n_codes)
    return cell.reshape(n_groups, n_codes)


# -- worst pairs ---------------------------------------------------------------


def _largest_gap(
    tables: list[NDArray], alpha: float
) -> tuple[float, float, tuple[int, int]]:
    """Limit for the largest total variation of all pairs, the observed one, the pair.

    The pair of the limit, which is not always that of the largest observed gap: the
    fewer the rows of a group, the more it may hide.
    """
    pairs = []
    for counts in tables:
        sizes = counts.sum(axis=1)
        p = counts / sizes[:, None]
        for a, b in combinations(range(len(sizes)), 2):
            gap = total_variation(p[a], p[b])
            margin = sqrt(log(1 / alpha) / 2 * (1 / sizes[a] + 1 / sizes[b]))
            pairs.append((gap + margin, gap, sizes[a], sizes[b], (a, b)))
    limit, worst = 0.0, (0, 1)
    # Hoeffding's margin is never smaller than the exact one: the rest need no look.
    for rough, gap, n_a, n_b, pair in sorted(pairs, reverse=True):
        if rough <= limit:
            break
        # The set that is the best for one direction is its complement for the other.
        exact = difference_limit(gap, n_a, n_b, alpha)
        if exact > limit:
            limit, worst = exact, pair
    return limit, max(gap for _, gap, *_ in pairs), worst


def _largest_auc(p: Floats, sizes: NDArray, alpha: float) -> tuple[float, float]:
    pairs = [
        (best_auc(p[a], p[b]), int(min(sizes[a], sizes[b])))
        for a, b in combinations(range(len(sizes)), 2)
    ]
    limit = max(mean_limit(auc, n_blocks, alpha) for auc, n_blocks in pairs)
    return limit, max(auc for auc, _ in pairs)


def _binomial_limit(share: float, n_rows: int, alpha: float) -> float:
    hits = round(share * n_rows)
    return 1.0 if hits == n_rows else float(beta.isf(alpha, hits + 1, n_rows - hits))
