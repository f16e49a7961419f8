"""What parity costs at least, in an audit: the figures, the words and the data."""

import json

import numpy as np
import pytest

from fairrep import AuditReport
from fairrep.datasets import make_biased_classification
from fairrep.metrics import error_floor


def audited(y, predicted, groups, **options):
    options = {"leakage": False, "n_bootstrap": 20, "random_state": 0, **options}
    return AuditReport.from_predictions(
        y, predicted, sensitive_features={"sex": groups}, **options
    )


def test_the_floor_is_that_of_the_audits_own_gap():
    rng = np.random.default_rng(0)
    groups = np.repeat(["f", "m"], [400, 600])
    y = (rng.random(1000) < np.where(groups == "f", 0.2, 0.6)).astype(int)
    predicted = np.where(rng.random(1000) < 0.2, 1 - y, y)
    report = audited(y, predicted, groups)
    figures = report.figures()
    limits = figures.parity
    gap = figures.disparities.loc["demographic_parity_difference", "value"]
    floors = error_floor(y, sensitive_features=groups, max_gap=[gap, 0.0])
    assert [limits.floor_at_gap, limits.floor_at_parity] == pytest.approx(floors)
    assert 1 - figures.value.loc["all rows", "accuracy"] > limits.floor_at_gap > 0
    assert limits.base_rates["f"] == pytest.approx(y[groups == "f"].mean())
    assert limits.conditional_entropy == limits.entropy - limits.mutual_info
    frame = report.to_frame().set_index(["group", "metric"])["value"]
    assert frame["", "error_floor_at_parity"] == limits.floor_at_parity
    assert frame["m", "base_rate"] == limits.base_rates["m"]
    content = json.loads(report.to_json())
    saved = content["models"]["predictions"]["groups"][0]["parity"]
    assert saved["floor_at_gap"] == limits.floor_at_gap
    text = str(report)
    assert "What cannot be had" in text
    assert f"{100 * limits.floor_at_parity:.1f} % of these rows" in text
    assert "must destroy" not in text


def test_the_true_information_of_synthetic_data():
    bunch = make_biased_classification(20_000, mi_xs=0.5, random_state=0)
    y = bunch.target
    limits = audited(y, y, bunch.sensitive.astype(str)).figures().parity
    assert limits.mutual_info == pytest.approx(bunch.mi_ys, abs=0.01)
    assert limits.conditional_entropy == pytest.approx(
        np.log(2) - bunch.mi_ys, abs=0.01
    )


def test_groups_left_out_cost_no_error():
    groups = np.repeat(["a", "b", "rare"], [100, 100, 5])
    y = np.concatenate([np.repeat([0, 1], [80, 20]), np.repeat([0, 1], 50), np.ones(5)])
    report = audited(y, y, groups)
    limits = report.figures().parity
    assert limits.floor_at_parity == pytest.approx(100 * 0.3 / 205)
    assert limits.base_rates["rare"] == 1
    none = audited(y, y, groups, not_compared=["a"]).figures().parity
    assert np.isnan(none.floor_at_parity)
    assert none.to_dict()["floor_at_parity"] is None
    assert "What cannot be had" not in str(
        audited(y, y, groups, not_compared=["a", "b"])
    )


def test_a_task_that_parity_destroys_is_a_finding():
    groups = np.repeat(["f", "m"], 100)
    y = np.concatenate([np.repeat([0, 1], [95, 5]), np.repeat([0, 1], [5, 95])])
    report = audited(y, y, groups)
    assert report.figures().parity.is_lost
    told = [line for line in report.summary if "must destroy the task" in line]
    assert len(told) == 1
    assert "at least 45.0 % of the rows" in told[0]
    page = report.to_html()
    assert "<h4>What cannot be had</h4>" in page
    assert page.count("must destroy the task") == 2  # the finding and the section
