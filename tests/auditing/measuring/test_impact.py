"""Impact ratios: the table that rules on hiring ask for."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from fairrep import AuditReport
from fairrep.metrics._intervals import ratio_interval

SELECTED = {"f": (140, 250), "m": (220, 303), "unknown": (29, 47), "x": (3, 20)}


def report(selected=SELECTED, second=None, **options):
    predicted, group = [], []
    for name, (hits, total) in selected.items():
        predicted += [1] * hits + [0] * (total - hits)
        group += [name] * total
    frame = pd.DataFrame({"sex": group})
    if second is not None:
        frame["age"] = np.resize(second, len(group))
    return AuditReport.from_predictions(
        np.resize([0, 1], len(group)),
        predicted,
        sensitive_features=frame,
        leakage=False,
        random_state=0,
        **options,
    )


def test_each_group_is_set_beside_the_one_selected_most():
    table = report().impact_ratios().loc["sex"]
    assert table["count"].to_dict() == {"f": 250, "m": 303, "unknown": 47, "x": 20}
    assert table["selected"].to_dict() == {"f": 140, "m": 220, "unknown": 29, "x": 3}
    assert table.loc["m", "impact_ratio"] == 1
    assert table.loc["f", "impact_ratio"] == pytest.approx(0.56 / (220 / 303))
    assert table["below_four_fifths"].to_dict() == {
        "f": True,
        "m": False,
        "unknown": False,
        "x": False,  # too small to be compared
    }
    expected = fisher_exact([[140, 110], [220, 83]])[1]
    assert table.loc["f", "p_value"] == pytest.approx(expected)
    assert np.isnan(table.loc["x", "impact_ratio"])
    assert table.loc["x", "selection_rate"] == pytest.approx(0.15)


def test_a_reference_and_a_least_share_are_given():
    table = report().impact_ratios(reference_group="f", min_group_share=0.1).loc["sex"]
    assert table.loc["f", "impact_ratio"] == 1
    assert table.loc["m", "impact_ratio"] == pytest.approx((220 / 303) / 0.56)
    assert np.isnan(table.loc["unknown", "impact_ratio"])
    with pytest.raises(ValueError, match="reference_group='w' is none of the groups: "):
        report().impact_ratios(reference_group="w")
    with pytest.raises(ValueError, match=r"min_group_share must be in \[0, 1\); got 2"):
        report().impact_ratios(min_group_share=2)


def test_crossed_groups_are_in_the_table_too():
    table = report(second=["old", "young"]).impact_ratios(reference_group="m")
    assert table.index.get_level_values("sensitive").unique().tolist() == [
        "sex",
        "age",
        "sex x age",
    ]
    # A column without such a group has its own most selected one.
    assert table.loc["age", "impact_ratio"].max() == 1
    assert table.loc["sex x age", "count"].sum() == 620


@pytest.mark.parametrize("reference", [None, "f"])
def test_to_a_rate_of_zero_there_is_no_ratio(reference):
    hits = (0, 100), (0 if reference is None else 50, 100)
    found = report(dict(zip("fm", hits, strict=True)), pos_label=1)
    table = found.impact_ratios(reference_group=reference)
    assert table[["impact_ratio", "low", "high", "p_value"]].isna().all(axis=None)
    assert not table["below_four_fifths"].any()


def test_groups_that_are_not_compared_are_counted():
    found = report({"f": (50, 100), "m": (55, 100), "unknown": (95, 100)})
    assert found.figures().disparities.loc[
        "demographic_parity_difference", "value"
    ] == pytest.approx(0.45)
    found = report(
        {"f": (50, 100), "m": (55, 100), "unknown": (95, 100)},
        not_compared=["unknown"],
        second=["old", "young"],
    )
    for sensitive in ["sex", "sex x age"]:
        figures = found.figures(sensitive=sensitive)
        gap = figures.disparities.loc["demographic_parity_difference"]
        assert gap["value"] < 0.25
        why = [
            entry["why"]
            for entry in figures.left_out
            if "demographic_parity" in entry["from"]
        ]
        assert set(why) == {"as asked"}
    assert found.figures().value.loc["unknown", "selection_rate"] == 0.95
    assert "! unknown: not compared" in str(found)
    with pytest.raises(ValueError, match="not_compared names 'other', which is no"):
        report(not_compared=["other"])


@pytest.mark.parametrize(
    ("hits", "holds_one"), [((50, 52), True), ((10, 60), False), ((0, 60), False)]
)
def test_the_interval_of_a_ratio_holds_it(hits, holds_one):
    low, high = ratio_interval(hits[0], 100, hits[1], 100, 0.95)
    assert low <= hits[0] / hits[1] <= high
    assert (low <= 1 <= high) == holds_one
    assert np.isnan(ratio_interval(3, 10, 0, 10, 0.95)).all()


@pytest.mark.parametrize("rates", [(0.2, 0.3), (0.02, 0.05), (0.97, 0.99)])
def test_the_interval_of_a_ratio_covers(rates):
    rng, totals = np.random.RandomState(0), np.array([80, 600])
    hits = rng.binomial(totals, rates, (400, 2))
    limits = [ratio_interval(a, 80, b, 600, 0.9) for a, b in hits]
    share = np.mean([low <= rates[0] / rates[1] <= high for low, high in limits])
    assert share > 0.9 - 3 * np.sqrt(0.09 / 400)
