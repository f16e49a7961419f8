"""A certificate is computed from counts of codes by group."""

from dataclasses import dataclass
from html import escape
from itertools import combinations
from math import ceil, log, sqrt
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._inputs.groups import Groups
from .._utils.types import Floats
from .limits import (
    best_accuracy,
    best_auc,
    binomial_limit,
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

    def _repr_html_(self) -> str:
        """The text as it is, in a notebook."""
        return f"<pre>{escape(str(self))}</pre>"

    def __repr__(self) -> str:
        return (
            f"Certificate(demographic_parity={self.demographic_parity:.3f}, "
            f"attacker_auc={self.attacker_auc:.3f}, confidence={self.confidence}, "
            f"n_rows={sum(self.groups.values())})"
        )


class Counts(NamedTuple):
    """Rows by group and code, as they are and within each label.

    Parameters
    ----------
    groups : list of str
        Names of the groups.
    table : ndarray of shape (n_groups, n_codes)
        Rows of each group that have each code.
    labels : list
        Labels of y; none where there is no y.
    by_label : ndarray of shape (n_labels, n_groups, n_codes)
        The table of each.
    """

    groups: list[str]
    table: NDArray[np.int64]
    labels: list[Any]
    by_label: NDArray[np.int64]


def count_rows(codes: Any, groups: Groups, y: Any = None) -> Counts:
    """Count the rows of each group, code and label."""
    code, found = pd.factorize(codes)
    label, labels = pd.factorize(np.asarray([] if y is None else y))
    shape = len(labels), len(groups.names), len(found)

    def counted(rows: Any) -> NDArray[np.int64]:
        cell = groups.codes[rows] * shape[2] + code[rows]
        return np.bincount(cell, minlength=shape[1] * shape[2]).reshape(shape[1:])

    by_label = [counted(label == i) for i in range(len(labels))]
    return Counts(
        groups.names, counted(slice(None)), [*labels], np.reshape(by_label, shape)
    )


def check_sizes(counts: Counts, confidence: float) -> None:
    """Raise where a group has too few rows for any limit to mean something."""
    needed = ceil(log(1 / (1 - confidence)) / 2 / MAX_MARGIN**2)
    named = [("", counts.table)]
    for label, table in zip(counts.labels, counts.by_label, strict=True):
        where = f" with y = {label}" if len(counts.labels) > 1 else ""
        named.append((where, table))
    for where, table in named:
        sizes = zip(counts.groups, table.sum(axis=1).tolist(), strict=True)
        if few := {name: size for name, size in sizes if size < needed}:
            raise ValueError(
                f"Too few rows for a certificate at confidence {confidence:.3g}: the "
                f"groups {few}{where} need at least {needed} rows each, and thousands "
                "for a limit near what is measured. Merge groups, or drop them by name."
            )


def from_counts(counts: Counts, *, confidence: float = 0.95) -> Certificate:
    """The certificate of these counts.

    Raises
    ------
    ValueError
        If a group has too few rows for any limit to mean something, or ``confidence``
        is out of range.
    """
    if not (isinstance(confidence, Real) and 0.5 <= confidence < 1):
        raise ValueError(f"confidence must be in [0.5, 1); got {confidence!r}.")
    confidence = float(confidence)
    check_sizes(counts, confidence)
    alpha = 1 - confidence
    groups, table = counts.groups, counts.table
    gap, observed, worst = _largest_gap([table], alpha)
    odds, odds_observed = None, None
    if counts.labels:
        odds, odds_observed, _ = _largest_gap([*counts.by_label], alpha)
    sizes = table.sum(axis=1)
    n_rows = int(sizes.sum())
    share = sizes / n_rows
    p = table / sizes[:, None]
    entropy = float(-(share * np.log(share)).sum())
    nats = mutual_information(p, share)
    auc_limit, auc = _largest_auc(p, sizes, alpha)
    accuracy = best_accuracy(p, share)
    return Certificate(
        demographic_parity=gap,
        equalized_odds=odds,
        mutual_info=min(entropy, information_limit(nats, n_rows, share.min(), alpha)),
        attacker_auc=auc_limit,
        attacker_accuracy=binomial_limit(accuracy, n_rows, alpha),
        confidence=confidence,
        groups=dict(zip(groups, sizes.tolist(), strict=True)),
        n_codes=table.shape[1],
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
