"""What changes along a path from its smallest lambda, on the same rows."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._inputs.splits import cells
from .._problem.criterion import GAPS
from .._utils.types import Floats
from ..metrics._gaps import Gap
from ..metrics._paired import ACCURACY, paired_changes

N_BOOTSTRAP = 1000


def changes_along(
    lambdas: Floats,
    y: NDArray,
    predicted: NDArray,
    groups: pd.DataFrame,
    *,
    pos_label: Any,
    gap: Gap,
    confidence: float,
) -> pd.DataFrame | None:
    """How gap and accuracy differ from those of the smallest lambda.

    Parameters
    ----------
    lambdas : ndarray of shape (n_lambdas,)
    y : ndarray of shape (n_rows,)
        True labels.
    predicted : ndarray of shape (n_lambdas, n_rows)
    groups : DataFrame
        Rows with a missing value take no part in the gap, nor here.
    pos_label : object
        The class whose rates the gap compares.
    gap : str or callable
    confidence : float
        With which the intervals of all lambdas and both figures hold together.

    Returns
    -------
    changes : DataFrame or None
        By lambda after the first "lambda_mi", "gap_change", "gap_change_low",
        "gap_change_high", "accuracy_change", "accuracy_change_low" and
        "accuracy_change_high". None where the gap is a callable or has no one positive
        class, or there are no two lambdas or groups.
    """
    present = groups.notna().all(axis=1).to_numpy()
    columns = groups[present]
    codes = cells(*(pd.factorize(columns[name])[0] for name in columns))
    named = gap if isinstance(gap, str) else None
    if named not in GAPS or pos_label is None or len(lambdas) < 2 or codes.max() < 1:
        return None
    table = paired_changes(
        (y[present] == pos_label).astype(np.int64),
        (predicted[:, present] == pos_label).astype(np.int64),
        codes,
        compared={named: [*range(codes.max() + 1)]},
        n_bootstrap=N_BOOTSTRAP,
        confidence=confidence,
        rng=np.random.RandomState(0),
    )
    changes = {"lambda_mi": lambdas[1:]}
    for figure, name in [(named, "gap"), (ACCURACY, ACCURACY)]:
        part = table.xs(figure, level="figure")
        changes[f"{name}_change"] = part["change"].to_numpy()
        for side in ("low", "high"):
            changes[f"{name}_change_{side}"] = part[side].to_numpy()
    return pd.DataFrame(changes)


def in_words(changes: pd.DataFrame, smallest: float, confidence: float) -> str:
    """Say of each lambda by how much its gap is smaller, and what that costs."""
    smaller = changes[changes["gap_change_high"] < 0]
    start = f"lambda = {smallest:g}"
    if smaller.empty:
        return (
            f"On these rows no lambda is shown to have a smaller gap than {start}, "
            f"with {100 * confidence:g} % confidence in all comparisons together."
        )
    lines = [
        f"Compared with {start}, on the same rows, in percentage points. All limits "
        f"hold together with {100 * confidence:g} % confidence:"
    ]
    lines += [f"  {_of_lambda(row)}" for row in smaller.to_dict("records")]
    if n_others := len(changes) - len(smaller):
        lines.append(f"Of {n_others} other lambdas no smaller gap is shown.")
    return "\n".join(lines)


def _of_lambda(row: dict[str, float]) -> str:
    gap, low, high = (-100 * row[f"gap_change{end}"] for end in ("", "_high", "_low"))
    accuracy = 100 * row["accuracy_change"]
    lost = max(0.0, -100 * row["accuracy_change_low"])
    return (
        f"lambda = {row['lambda_mi']:.3g}: the gap is smaller by {gap:.1f} "
        f"({low:.1f} to {high:.1f}), the accuracy changes by {accuracy:+.1f} and is "
        f"lower by at most {lost:.1f}"
    )
