"""Impact ratios: each group's selection rate beside that of the one selected most."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact

from ...metrics._intervals import pair_interval, ratio_interval
from .groups import GroupFigures

FOUR_FIFTHS = 0.8


def impact_ratios(
    of_attributes: Sequence[GroupFigures],
    *,
    reference_group: str | None,
    min_group_share: float,
    confidence: float,
) -> pd.DataFrame:
    """The table of `AuditReport.impact_ratios`, which has the parameters."""
    known = {group for figures in of_attributes for group in figures.groups}
    if reference_group is not None and reference_group not in known:
        raise ValueError(
            f"reference_group={reference_group!r} is none of the groups: "
            f"{', '.join(sorted(known))}."
        )
    if not 0 <= min_group_share < 1:
        raise ValueError(f"min_group_share must be in [0, 1); got {min_group_share}.")
    tables = [
        _of_attribute(figures, reference_group, min_group_share, confidence)
        for figures in of_attributes
    ]
    return pd.concat(tables, ignore_index=True).set_index(["sensitive", "group"])


def _of_attribute(
    figures: GroupFigures,
    reference_group: str | None,
    min_group_share: float,
    confidence: float,
) -> pd.DataFrame:
    by_group = figures.value.loc[figures.groups]
    # Sums of probabilities are no whole numbers.
    dtype, estimates = (float if figures.selection else int), figures.selection
    table = pd.DataFrame(
        {
            "sensitive": figures.attribute,
            "group": figures.groups,
            "count": by_group["count"].to_numpy(dtype=dtype),
        }
    )
    table["share"] = table["count"] / table["count"].sum()
    rates = by_group["selection_rate"].to_numpy()
    selected = rates * table["count"]
    table["selected"] = selected if estimates else np.rint(selected).astype(int)
    table["selection_rate"] = rates
    left_out = figures.left_out_of("demographic_parity")
    is_compared = (table["share"] >= min_group_share) & ~table["group"].isin(left_out)
    reference = table[is_compared].sort_values("selection_rate", kind="stable").tail(1)
    if reference_group in figures.groups:
        reference = table[table["group"] == reference_group]
    for name in ("impact_ratio", "low", "high", "p_value"):
        table[name] = np.nan
    table["below_four_fifths"] = False
    # To a rate of 0 there is no ratio.
    is_compared &= (reference["selection_rate"] > 0).any()
    for i, row in table[is_compared].iterrows():
        hits, total = reference[["selected", "count"]].iloc[0]
        rate = row["selection_rate"] / reference["selection_rate"].iloc[0]
        counts = row["selected"], row["count"], hits, total
        table.loc[i, "impact_ratio"] = rate
        table.loc[i, "below_four_fifths"] = rate < FOUR_FIFTHS
        if row["group"] == reference["group"].iloc[0]:
            continue
        if estimates is not None:
            limits, p_value = pair_interval(
                estimates, i, reference.index[0], confidence
            )
            table.loc[i, ["low", "high"]] = limits
            table.loc[i, "p_value"] = p_value
        else:
            table.loc[i, ["low", "high"]] = ratio_interval(*counts, confidence)
            table.loc[i, "p_value"] = fisher_exact(
                [[counts[0], counts[1] - counts[0]], [hits, total - hits]]
            )[1]
    return table
