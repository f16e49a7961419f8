"""Figures by group equal fairlearn's; small groups are named, not compared."""

import json

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fl
from sklearn.metrics import accuracy_score, precision_score

from fairrep import AuditReport
from fairrep._inputs.groups import read_groups, sensitive_frame

DISPARITIES = [
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equalized_odds_difference",
    "equalized_odds_ratio",
    "equal_opportunity_difference",
]
RATES = {
    "count": fl.count,
    "accuracy": accuracy_score,
    "selection_rate": fl.selection_rate,
    "true_positive_rate": fl.true_positive_rate,
    "false_positive_rate": fl.false_positive_rate,
    "precision": precision_score,
}
QUICK = {"leakage": False, "n_bootstrap": 40, "random_state": 0}


def report_of(y_true, y_pred, sensitive, **options):
    return AuditReport.from_predictions(
        y_true, y_pred, sensitive_features=sensitive, **{**QUICK, **options}
    )


@pytest.mark.parametrize("columns", [["sex"], ["race"], ["sex", "race"]])
def test_figures_equal_fairlearn(rows, columns):
    y_true, y_pred, _, groups = rows
    report = report_of(y_true, y_pred, groups[columns])
    name = " x ".join(columns)
    figures = report.figures(sensitive=name)
    frame = fl.MetricFrame(
        metrics=RATES, y_true=y_true, y_pred=y_pred, sensitive_features=groups[columns]
    )
    np.testing.assert_allclose(
        figures.value[[*RATES]].iloc[:-1], frame.by_group, rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(
        figures.value[[*RATES]].iloc[-1], frame.overall, rtol=0, atol=1e-12
    )
    for disparity in DISPARITIES:
        expected = getattr(fl, disparity)(
            y_true, y_pred, sensitive_features=groups[columns]
        )
        row = figures.disparities.loc[disparity]
        assert row["value"] == pytest.approx(expected, abs=1e-12)
        assert row["low"] <= row["value"] <= row["high"]
    assert figures.left_out == []
    rates = figures.value.loc[figures.groups, "selection_rate"]
    gap = figures.disparities.loc["demographic_parity_difference"]
    assert (gap["lowest"], gap["highest"]) == (rates.idxmin(), rates.idxmax())


def test_columns_one_by_one_and_crossed(rows):
    y_true, y_pred, _, groups = rows
    report = report_of(y_true, y_pred, groups)
    figures = report.models["predictions"].figures
    assert [f.attribute for f in figures] == ["sex", "race", "sex x race"]
    assert figures[2].groups == ["f, a", "f, b", "f, c", "m, a", "m, b", "m, c"]


def test_intervals_hold_the_rates(rows):
    y_true, y_pred, score, groups = rows
    figures = report_of(y_true, y_pred, groups["sex"], y_score=score).figures()
    value, low, high = (t.drop(columns="count") for t in figures.tables.values())
    assert ((low <= value) & (value <= high)).to_numpy().all()
    # All rows are more certain than a part of them.
    width = (high - low)["accuracy"]
    assert width["all rows"] < width[["f", "m"]].min()
    assert figures.low["count"].isna().all()


def test_small_groups_are_named_and_left_out(rows):
    y_true, y_pred, _, groups = rows
    race = groups["race"].to_numpy(dtype=object)
    race[:20] = "tiny"
    y_pred = y_pred.copy()
    y_pred[:20] = 0  # what a tiny group does must not set the gap
    kept = race != "tiny"
    expected = fl.equalized_odds_difference(
        y_true[kept], y_pred[kept], sensitive_features=race[kept]
    )
    report = report_of(y_true, y_pred, {"race": race})
    figures = report.figures()
    value = figures.disparities["value"]
    assert value["equalized_odds_difference"] == pytest.approx(expected, abs=1e-12)
    (entry,) = [e for e in figures.left_out if "demographic_parity" in e["from"]]
    assert entry["group"] == "tiny"
    assert entry["why"] == "20 rows, 30 needed"
    assert figures.value.loc["tiny", "count"] == 20
    assert "tiny" in report.summary[0]
    assert "! tiny: not compared" in str(report)
    everyone = report_of(y_true, y_pred, {"race": race}, min_group_size=1).figures()
    assert everyone.left_out == []
    assert everyone.disparities.loc["demographic_parity_difference", "lowest"] == "tiny"


def test_a_group_without_positives_is_left_out_of_their_rates_only(rows):
    y_true, y_pred, _, groups = rows
    y_true = np.where(groups["race"] == "a", 0, y_true)
    figures = report_of(y_true, y_pred, groups["race"]).figures()
    assert figures.left_out == [
        {
            "group": "a",
            "from": ["equalized_odds", "equal_opportunity"],
            "why": "0 positives, 10 needed",
        }
    ]
    assert np.isnan(figures.value.loc["a", "true_positive_rate"])
    assert np.isfinite(figures.disparities["value"]).all()


def test_fewer_than_two_large_groups_have_no_disparity(rows):
    y_true, y_pred, _, groups = rows
    report = report_of(y_true, y_pred, groups["sex"], min_group_size=1400)
    assert report.figures().disparities["value"].isna().all()
    assert "fewer than two groups are large enough" in report.summary[0]
    assert "not defined" in str(report)
    json.loads(report.to_json())


def test_multiclass_is_each_class_against_the_rest(rows):
    _, _, _, groups = rows
    rng = np.random.default_rng(1)
    y_true, y_pred = rng.choice(["x", "y", "z"], (2, len(groups)))
    report = report_of(y_true, y_pred, groups["sex"])
    figures = report.models["predictions"].figures
    assert [f.pos_label for f in figures] == ["x", "y", "z"]
    for part in figures:
        expected = fl.demographic_parity_difference(
            y_true == part.pos_label,
            y_pred == part.pos_label,
            sensitive_features=groups["sex"],
        )
        found = part.disparities.loc["demographic_parity_difference", "value"]
        assert found == pytest.approx(expected, abs=1e-12)
    one = report_of(y_true, y_pred, groups["sex"], pos_label="y")
    assert [f.pos_label for f in one.models["predictions"].figures] == ["y"]


def test_continuous_attribute():
    rng = np.random.default_rng(0)
    age = rng.uniform(20, 60, 2000)
    score = np.clip((age - 20) / 40 + rng.normal(scale=0.2, size=2000), 0, 1)
    y = (rng.uniform(size=2000) < score).astype(int)
    sensitive = pd.DataFrame({"age": age, "luck": rng.normal(size=2000)})
    report = report_of(y, score > 0.5, sensitive, y_score=score)
    figures = report.figures(sensitive="age")
    assert figures.value["count"].tolist() == [500, 500, 500, 500, 2000]
    assert figures.groups[0].startswith("up to 29.")
    found = figures.association
    expected = pd.Series(age).corr(pd.Series(score), method="spearman")
    assert found["rank_correlation"] == pytest.approx(expected)
    assert found["low"] < found["rank_correlation"] < found["high"]
    assert found["mutual_info"] > 0.5
    luck = report.figures(sensitive="luck").association
    assert luck["low"] < 0 < luck["high"]
    assert luck["mutual_info"] < 0.05
    # By label alone: the same, read off the predictions.
    binary = report_of(y, score > 0.5, {"age": age}).figures().association
    assert 0.3 < binary["mutual_info"] < np.log(2)
    metrics = set(report.to_frame()["metric"])
    assert {"rank_correlation", "mutual_info"} <= metrics


def test_calibration_error():
    rng = np.random.default_rng(0)
    score = rng.uniform(0.05, 0.65, 4000)
    group = np.repeat(["good", "bad"], 2000)
    rate = np.where(group == "bad", score + 0.2, score)
    y = (rng.uniform(size=4000) < rate).astype(int)
    figures = report_of(y, score > 0.5, group, y_score=score).figures()
    error = pd.DataFrame({n: t["calibration_error"] for n, t in figures.tables.items()})
    assert error.loc["good", "low"] == pytest.approx(0, abs=0.01)
    assert error.loc["bad", "low"] < 0.2 < error.loc["bad", "high"]
    assert figures.calibration.loc["bad", "count"].sum() == 2000
    # A margin is no probability, so it has none.
    figures = report_of(y, score > 0.5, group, y_score=10 * score).figures()
    assert figures.calibration is None
    assert "calibration_error" not in figures.value


def test_quantile_groups_of_tied_values():
    values = np.r_[np.zeros(300), np.arange(1, 31)]
    (found,) = read_groups(sensitive_frame({"s": values}, 330))
    assert sorted(np.bincount(found.codes).tolist()) == [30, 300]
    assert len(found.names) == 2


def test_deterministic_and_leaves_the_global_state_alone(rows):
    y_true, y_pred, _, groups = rows
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (report_of(y_true, y_pred, groups["sex"]) for _ in range(2))
    contents = [one.to_dict() for one in (first, second)]
    for content in contents:  # all but the second at which it was made
        assert content["provenance"].pop("made_at")
    assert contents[0] == contents[1]
    report_of(y_true, y_pred, groups["sex"], random_state=None)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
