"""Groups that are known only as probabilities: rates without the bias of assignment."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from fairrep import AuditReport
from fairrep.auditing import GroupsDisplay
from fairrep.metrics import fairness_report
from fairrep.metrics._intervals import gap_intervals
from fairrep.metrics._probable import least_squares_rates, weighted_rates

GROUPS = ["white", "black", "asian"]
RATES = np.array([0.2, 0.4, 0.6])
GAP = "demographic_parity_difference"


def draw(n_rows, from_group, seed=0):
    """Probabilities, groups, labels and predictions.

    Predictions come from the probabilities alone, the group alone, or from both.
    """
    rng = np.random.RandomState(seed)
    p = rng.dirichlet([0.9, 0.4, 0.3], n_rows)
    s = (p.cumsum(axis=1)[:, :-1] < rng.uniform(size=(n_rows, 1))).sum(axis=1)
    rate = (1 - from_group) * (p @ RATES) + from_group * RATES[s]
    y = rng.uniform(size=n_rows) < 0.3
    d = rng.uniform(size=n_rows) < rate
    truth = np.array([rate[s == g].mean() for g in range(3)])
    return pd.DataFrame(p, columns=GROUPS), s, y.astype(int), d.astype(int), truth


def report(p, y, d, **options):
    options.setdefault("sensitive_probabilities", {"race": p})
    return AuditReport.from_predictions(y, d, leakage=False, **options)


def assigned(p):
    """Each row in its likeliest group alone."""
    return pd.DataFrame(np.eye(3)[p.to_numpy().argmax(axis=1)], columns=GROUPS)


def rates(figures):
    return figures.value.loc[GROUPS, "selection_rate"].to_numpy()


def test_weights_have_no_bias_where_predictions_come_from_the_probabilities():
    p, _, y, d, truth = draw(400_000, from_group=0)
    found = fairness_report(y, d, sensitive_probabilities=p)
    hard = fairness_report(y, d, sensitive_probabilities=assigned(p))
    bias, too_much = (
        r.by_group.loc[GROUPS, "selection_rate"].to_numpy() - truth
        for r in (found, hard)
    )
    assert np.abs(bias).max() < 0.005
    assert np.abs(too_much).max() > 0.03
    assert abs(found.demographic_parity_difference - np.ptp(truth)) < 0.005
    assert hard.demographic_parity_difference - np.ptp(truth) > 0.03


def test_least_squares_has_no_bias_where_predictions_come_from_the_group():
    p, _, _, d, truth = draw(400_000, from_group=1)
    everyone = np.ones(len(d), dtype=bool)

    def bias(estimate, weights):
        found = estimate(weights.to_numpy(), d == 1, everyone)
        return np.abs(found.rates - truth).max()

    assert bias(least_squares_rates, p) < 0.005
    assert bias(weighted_rates, assigned(p)) > 0.03
    assert bias(weighted_rates, p) > 0.03


def test_the_truth_lies_between_both_where_predictions_come_from_both():
    p, _, y, d, truth = draw(30_000, from_group=0.5)
    figures = report(p, y, d).figures()
    below, above = (
        f.disparities.loc[GAP, "value"] for f in (figures, figures.least_squares)
    )
    assert below + 0.05 < np.ptp(truth) < above - 0.05


def test_certain_probabilities_are_known_groups():
    _, s, y, d, _ = draw(900, from_group=1)
    certain = pd.DataFrame(np.eye(3)[s], columns=GROUPS)
    figures = report(certain, y, d).figures()
    known = AuditReport.from_predictions(
        y, d, sensitive_features={"race": np.array(GROUPS)[s]}, leakage=False
    ).figures()
    for name, table in figures.tables.items():
        expected = known.tables[name].loc[[*GROUPS, "all rows"]]
        pd.testing.assert_frame_equal(table, expected, check_dtype=False)
    for found in (figures, figures.least_squares):
        pd.testing.assert_frame_equal(
            found.disparities[["value", "lowest", "highest"]],
            known.disparities[["value", "lowest", "highest"]],
        )
        # Pairs of groups alone, and not the path of all: hardly wider.
        for limit in ("low", "high"):
            np.testing.assert_allclose(
                found.disparities[limit], known.disparities[limit], atol=0.03
            )


def test_rates_are_means_with_the_probabilities_as_weights():
    p, _, y, d, _ = draw(800, from_group=0.5)
    value = report(p, y, d).figures().value
    for group in GROUPS:
        w = p[group]
        assert value.loc[group, "count"] == pytest.approx(w.sum())
        assert value.loc[group, "accuracy"] == pytest.approx(
            np.average(y == d, weights=w)
        )
        assert value.loc[group, "true_positive_rate"] == pytest.approx(
            np.average(d[y == 1], weights=w[y == 1])
        )
        assert value.loc[group, "false_positive_rate"] == pytest.approx(
            np.average(d[y == 0], weights=w[y == 0])
        )
        assert value.loc[group, "precision"] == pytest.approx(
            np.average(y[d == 1], weights=w[d == 1])
        )
    assert value.loc["all rows", "count"] == 800
    assert value.loc["all rows", "selection_rate"] == pytest.approx(d.mean())


def test_least_squares_are_coefficients_of_a_regression():
    p, _, y, d, _ = draw(3000, from_group=1)
    other = report(p, y, d).figures().least_squares
    expected = np.linalg.lstsq(p.to_numpy(), d.astype(float), rcond=None)[0]
    np.testing.assert_allclose(rates(other), expected)
    expected = np.linalg.lstsq(p.to_numpy()[y == 1], d[y == 1] * 1.0, rcond=None)[0]
    np.testing.assert_allclose(other.value.loc[GROUPS, "true_positive_rate"], expected)


def test_fairness_report_has_the_same_figures():
    p, _, y, d, _ = draw(800, from_group=0.5)
    figures = report(p, y, d).figures()
    found = fairness_report(y, d, sensitive_probabilities={"race": p})
    names = [*found.by_group]
    np.testing.assert_allclose(
        found.by_group.loc[GROUPS, names], figures.value.loc[GROUPS, names]
    )
    np.testing.assert_allclose(found.overall["count"], 800)
    np.testing.assert_allclose(found.disparities, figures.disparities["value"])
    assert "Rates of class 1 by race" in str(found)
    # A weight is as many rows; the count is not weighted.
    weight = np.arange(800) % 3
    rows = np.repeat(np.arange(800), weight)
    weighted = fairness_report(y, d, sensitive_probabilities=p, sample_weight=weight)
    repeated = fairness_report(
        y[rows], d[rows], sensitive_probabilities=p.to_numpy()[rows]
    )
    np.testing.assert_allclose(weighted.disparities, repeated.disparities)
    np.testing.assert_allclose(weighted.by_group.loc[GROUPS, "count"], p.sum())


def test_every_container_gives_the_same():
    p, _, y, d, _ = draw(300, from_group=0)
    columns = {name: p[name].tolist() for name in GROUPS}
    containers = [pl.DataFrame(columns), pl.DataFrame(columns).to_arrow(), columns]
    expected = report(p, y, d).to_dict()["models"]
    for container in containers:
        assert report(container, y, d).to_dict()["models"] == expected
    as_array = report(p.to_numpy(), y, d).figures()
    assert as_array.groups == ["group_0", "group_1", "group_2"]
    as_list = report(p.to_numpy().tolist(), y, d, sensitive_probabilities=p).figures()
    np.testing.assert_array_equal(as_list.value, as_array.value)


def intervals(estimate, p, hit):
    """Rates with their limits, and those of difference and ratio; at 90 %."""
    counts = estimate(p.to_numpy(), hit, np.ones(len(hit), dtype=bool))
    limits = gap_intervals([counts], n_bootstrap=20, confidence=0.9)
    return counts.limits(0.9), limits["difference"], limits["ratio"]


@pytest.mark.slow
@pytest.mark.parametrize("n_rows", [400, 3000])
@pytest.mark.parametrize("from_group", [0, 1])
def test_intervals_hold_the_truth_as_often_as_they_say(from_group, n_rows):
    estimate = least_squares_rates if from_group else weighted_rates
    *_, truth = draw(1_000_000, from_group, seed=1)
    expected = truth, np.ptp(truth), truth.min() / truth.max()
    covered = []
    for seed in range(400):
        p, _, _, d, _ = draw(n_rows, from_group, seed)
        covered.append(
            [
                np.mean((low <= true) & (true <= high))
                for (low, high), true in zip(
                    intervals(estimate, p, d == 1), expected, strict=True
                )
            ]
        )
    assert (np.mean(covered, axis=0) > 0.9 - 3 * np.sqrt(0.09 / 400)).all()


def test_equal_groups_are_seldom_told_apart():
    apart = []
    for seed in range(60):
        p, *_ = draw(300, 0, seed)
        hit = np.random.RandomState(seed).randint(2, size=300) == 1
        apart.append(
            [
                intervals(estimate, p, hit)[1][0] > 0
                for estimate in (weighted_rates, least_squares_rates)
            ]
        )
    assert np.mean(apart, axis=0).max() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)


# -- what a report says ------------------------------------------------------------


def test_the_report_names_what_each_estimate_asks_for():
    p, s, y, d, _ = draw(900, from_group=0.5)
    found = report(
        p, y, d, sensitive_features={"sex": np.where(s == 0, "f", "m")}, y_score=d * 0.5
    )
    assert [f.attribute for f in found.models["predictions"].figures] == ["sex", "race"]
    sentence = found.summary[1]
    assert sentence.startswith("By race, known only as probabilities, 1 is predicted ")
    other = found.figures(sensitive="race").least_squares.disparities.loc[GAP, "value"]
    apart = f"they are {100 * other:.1f} percentage points apart ("
    assert f"within a group, {apart}" in sentence
    assert "By least squares" in str(found)
    assert "Calibration, attacks, proxies" in str(found)
    page = found.to_html()
    assert "without draws" in page
    assert page.count("<caption>How far apart the groups are by least squares, ") == 1
    content = json.loads(found.to_json())
    sex, race = content["models"]["predictions"]["groups"]
    assert "least_squares" not in sex
    assert race["least_squares"]["disparities"][GAP]["value"] == pytest.approx(other)
    frame = found.to_frame().query("sensitive == 'race'").set_index("metric")
    assert frame.loc[f"least_squares_{GAP}", "value"] == pytest.approx(other)
    assert "calibration_error" not in frame.index
    display = GroupsDisplay.from_predictions(y, d, sensitive_probabilities=p)
    assert [t.get_text() for t in display.ax_.get_yticklabels()][:3] == GROUPS


def test_where_probabilities_never_differ_least_squares_cannot_tell():
    _, _, y, d, _ = draw(200, from_group=0)
    figures = report(np.full((200, 2), 0.5), y, d)
    assert figures.figures().disparities.loc[GAP, "value"] == 0
    assert np.isnan(figures.figures().least_squares.disparities.loc[GAP, "value"])
    assert "cannot be told: they are too much alike" in figures.summary[0]
    assert figures.impact_ratios()["impact_ratio"].tolist() == [1, 1]
    figures.to_html()


@pytest.mark.parametrize("value", [0, 1])
def test_one_prediction_for_all_is_no_gap_and_no_certainty(value):
    p, _, y, d, _ = draw(300, from_group=0)
    figures = report(p, y, np.where(d, value, value), labels=[0, 1]).figures()
    for found in (figures, figures.least_squares):
        gap = found.disparities.loc[GAP]
        assert gap["value"] == gap["low"] == 0
        assert 0.005 < gap["high"] < 0.3
        assert (found.value.loc[GROUPS, "selection_rate"] == value).all()


def test_a_group_without_a_positive_row_has_no_true_positive_rate():
    p, s, y, d, _ = draw(300, from_group=0)
    p = pd.DataFrame(np.eye(3)[s], columns=GROUPS)
    figures = report(p, np.where(s == 2, 0, y), d).figures()
    for found in (figures, figures.least_squares):
        assert np.isnan(found.value.loc["asian", "true_positive_rate"])
        assert not np.isnan(found.value.loc["asian", "false_positive_rate"])
    assert "asian" in figures.left_out_of("equal_opportunity")


def test_small_groups_and_those_named_are_not_compared():
    p, _, y, d, _ = draw(100, from_group=0)
    figures = report(p, y, d, not_compared=["black"]).figures()
    small = p["asian"].sum()
    why = {e["group"]: e["why"] for e in figures.left_out if len(e["from"]) == 3}
    assert why == {
        "black": "as asked",
        "asian": f"{np.floor(10 * small) / 10} rows, 30 needed",
    }


def test_impact_ratios_are_of_sums_of_probabilities():
    p, s, y, d, _ = draw(2000, from_group=0)
    found = report(p, y, d)
    table = found.impact_ratios(reference_group="white").loc["race"]
    value = found.figures().value.loc[GROUPS]
    np.testing.assert_allclose(table["count"], value["count"])
    np.testing.assert_allclose(
        table["selected"], value["count"] * value["selection_rate"]
    )
    ratio = value["selection_rate"] / value.loc["white", "selection_rate"]
    np.testing.assert_allclose(table["impact_ratio"], ratio)
    others = table.drop(index="white")
    assert (others["low"] < others["impact_ratio"]).all()
    assert (others["impact_ratio"] < others["high"]).all()
    assert ((others["p_value"] < 0.05) == (others["low"] > 1)).all()
    assert table.loc["white", ["low", "high", "p_value"]].isna().all()
    # Of certain groups the interval is that of counts.
    certain = report(pd.DataFrame(np.eye(3)[s], columns=GROUPS), y, d).impact_ratios()
    known = AuditReport.from_predictions(
        y, d, sensitive_features={"race": np.array(GROUPS)[s]}, leakage=False
    ).impact_ratios()
    names = ["impact_ratio", "low", "high"]
    np.testing.assert_allclose(certain[names], known.loc[certain.index, names])
