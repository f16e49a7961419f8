"""Impact ratios: each group's selection rate beside that of the one selected most."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact

from ....metrics._intervals import pair_interval, ratio_interval
from .groups import GroupFigures

FOUR_FIFTHS = 0.8
# A rate -> what its rows are that pass.
PASSED = {"selection_rate": "selected", "scoring_rate": "above_median"}
UNKNOWN = "(not known)"


def impact_ratios(
    of_attributes: Sequence[GroupFigures],
    *,
    rate: str,
    reference_group: str | None,
    min_group_share: float,
    n_unknown: Mapping[str, int],
    confidence: float,
) -> pd.DataFrame:
    """The table of `AuditReport.impact_ratios`, which has the parameters."""
    if rate not in PASSED:
        raise ValueError(f"rate must be one of {', '.join(PASSED)}; got {rate!r}.")
    if rate not in of_attributes[0].value:
        raise ValueError(
            "There are no scores here, so no scoring rates; give y_score, or audit a "
            "model that has predict_proba."
        )
    known = {group for figures in of_attributes for group in figures.groups}
    if reference_group is not None and reference_group not in known:
        raise ValueError(
            f"reference_group={reference_group!r} is none of the groups: "
            f"{', '.join(sorted(known))}."
        )
    if not 0 <= min_group_share < 1:
        raise ValueError(f"min_group_share must be in [0, 1); got {min_group_share}.")
    tables = [
        _of_attribute(
            figures,
            rate,
            reference_group,
            min_group_share,
            n_unknown.get(figures.attribute, 0),
            confidence,
        )
        for figures in of_attributes
    ]
    return pd.concat(tables, ignore_index=True).set_index(["sensitive", "group"])


def _of_attribute(
    figures: GroupFigures,
    rate: str,
    reference_group: str | None,
    min_group_share: float,
    n_unknown: int,
    confidence: float,
) -> pd.DataFrame:
    passed = PASSED[rate]
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
    rates = by_group[rate].to_numpy()
    hits = rates * table["count"]
    table[passed] = hits if estimates else np.rint(hits).astype(int)
    table[rate] = rates
    left_out = figures.left_out_of("demographic_parity")
    is_compared = (table["share"] >= min_group_share) & ~table["group"].isin(left_out)
    reference = table[is_compared].sort_values(rate, kind="stable").tail(1)
    if reference_group in figures.groups:
        reference = table[table["group"] == reference_group]
    for name in ("impact_ratio", "low", "high", "p_value"):
        table[name] = np.nan
    table["below_four_fifths"] = False
    # To a rate of 0 there is no ratio.
    is_compared &= (reference[rate] > 0).any()
    for i, row in table[is_compared].iterrows():
        hits, total = reference[[passed, "count"]].iloc[0]
        ratio = row[rate] / reference[rate].iloc[0]
        counts = row[passed], row["count"], hits, total
        table.loc[i, "impact_ratio"] = ratio
        table.loc[i, "below_four_fifths"] = ratio < FOUR_FIFTHS
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
    if n_unknown:
        unknown = {
            "sensitive": figures.attribute,
            "group": UNKNOWN,
            "count": n_unknown,
            "below_four_fifths": False,
        }
        # Added as a row, which has no part in the shares.
        table = pd.concat([table, pd.DataFrame([unknown])], ignore_index=True)
        table[passed] = table[passed].astype("Int64")
    return table
