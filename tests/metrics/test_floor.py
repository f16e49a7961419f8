"""The error floor: against closed forms, brute force, and data whose truth is known."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from fairlearn.metrics import demographic_parity_difference
from scipy.optimize import brentq
from scipy.special import entr

from fairrep.datasets import make_biased_classification
from fairrep.metrics import error_floor
from fairrep.metrics._floor import LabelCounts, count_labels


def rows_of(table):
    """y and groups with these counts, by group and label."""
    groups, labels = np.indices(np.shape(table))
    counts = np.ravel(table)
    return np.repeat(labels.ravel(), counts), np.repeat(groups.ravel(), counts)


@pytest.mark.parametrize("gap", [0, 0.05, 0.3, 0.7])
def test_two_groups_have_a_closed_form(gap):
    y, groups = rows_of([[80, 20], [120, 180]])  # base rates of 0.2 and 0.6
    floor = error_floor(y, sensitive_features=groups, max_gap=gap)
    assert isinstance(floor, float)
    assert floor == pytest.approx(0.25 * max(0, 0.4 - gap), abs=1e-9)


def test_several_groups_are_as_by_brute_force():
    """Some window of the gap's width is moved over the base rates."""
    table = np.random.default_rng(0).integers(5, 60, size=(5, 2))
    y, groups = rows_of(table)
    size = table.sum(axis=1)
    rate, weight = table[:, 1] / size, size / size.sum()
    for gap in [0.0, 0.1, 0.3]:
        low = np.linspace(0, 1, 4001)[:, None]
        outside = np.maximum(0, np.maximum(low - rate, rate - low - gap))
        expected = (outside @ weight).min()
        floor = error_floor(y, sensitive_features=groups, max_gap=gap)
        assert floor == pytest.approx(expected, abs=5e-4)


def test_of_many_classes_it_is_the_distance_of_the_labels():
    table = np.array([[30, 10, 20], [5, 60, 75]])
    y, groups = rows_of(table)
    first, second = table / table.sum(axis=1, keepdims=True)
    distance = np.abs(first - second).sum() / 2  # total variation
    floor = error_floor(y, sensitive_features=groups)
    assert floor == pytest.approx(60 / 200 * distance, abs=1e-9)


def test_it_is_reached_and_no_predictions_are_below_it():
    rng = np.random.default_rng(1)
    y, groups = rows_of([[60, 40], [20, 80], [25, 25]])
    for _ in range(12):  # right, but for some rows of each group
        flipped = rng.random(len(y)) < rng.uniform(0, 0.6, 3)[groups]
        predicted = np.where(flipped, 1 - y, y)
        gap = demographic_parity_difference(y, predicted, sensitive_features=groups)
        floor = error_floor(y, sensitive_features=groups, max_gap=gap)
        assert flipped.mean() >= floor - 1e-9
    best = y.copy()  # 40 %, 80 % and 50 % become 50 % each
    best[np.flatnonzero((groups == 0) & (y == 0))[:10]] = 1
    best[np.flatnonzero((groups == 1) & (y == 1))[:30]] = 0
    assert demographic_parity_difference(y, best, sensitive_features=groups) == 0
    floor = error_floor(y, sensitive_features=groups)
    assert floor == pytest.approx((best != y).mean(), abs=1e-9)


def test_every_container_and_crossed_columns_give_the_same():
    rng = np.random.default_rng(2)
    sex, race = rng.choice(["f", "m"], 300), rng.choice(["a", "b"], 300)
    y = (rng.random(300) < 0.3 + 0.3 * (sex == "m") + 0.2 * (race == "a")).astype(int)
    frame = pd.DataFrame({"sex": sex, "race": race})
    expected = error_floor(y, sensitive_features=np.char.add(sex, race))
    for labels, S in [
        (y, frame),
        (y.tolist(), {"sex": sex.tolist(), "race": race}),
        (pl.Series(y), pl.from_pandas(frame)),
        (pa.array(y), pa.Table.from_pandas(frame)),
        (pd.Series(y).map({0: "no", 1: "yes"}), frame.to_numpy()),
    ]:
        assert error_floor(labels, sensitive_features=S) == pytest.approx(expected)
    one_column = error_floor(y, sensitive_features=frame["sex"])
    assert one_column < expected


def test_several_gaps_at_once_and_weights_are_counts():
    y, groups = rows_of([[8, 2], [3, 7]])
    gaps = np.array([[0.0, 0.2], [0.5, 1.0]])
    floors = error_floor(y, sensitive_features=groups, max_gap=gaps)
    assert floors.shape == gaps.shape
    one_by_one = [error_floor(y, sensitive_features=groups, max_gap=g) for g in (0, 1)]
    assert [floors[0, 0], floors[1, 1]] == one_by_one
    weight = 1 + np.arange(len(y)) % 3
    weighted = error_floor(y, sensitive_features=groups, sample_weight=weight)
    repeated = np.repeat(np.arange(len(y)), weight)
    again = error_floor(y[repeated], sensitive_features=groups[repeated])
    assert weighted == pytest.approx(again, abs=1e-9)


def test_a_continuous_column_is_cut_at_its_quartiles():
    rng = np.random.default_rng(3)
    s = rng.normal(size=400)
    y = (s > 0).astype(int)  # base rates of 0, 0, 1 and 1
    assert error_floor(y, sensitive_features=s) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"max_gap": -0.1}, "max_gap must be in"),
        ({"max_gap": [0.1, np.nan]}, "max_gap must be in"),
        ({"y": [0, 1, 0]}, "has 4 rows; expected 3"),
        ({"y": [0.1, 0.2, 0.3, 0.4]}, "Unknown label type"),
        ({"sensitive_features": ["f", "m", None, "m"]}, "1 missing values"),
        ({"sensitive_features": ["f"] * 4}, "a single group"),
        ({"sample_weight": [0, 0, 0, 0]}, "zero"),
        ({"sample_weight": [1, 1, 1, -1]}, "Negative values"),
    ],
)
def test_unfit_input_is_told(changed, message):
    given = {"y": [0, 1, 0, 1], "sensitive_features": ["f", "f", "m", "m"], **changed}
    with pytest.raises(ValueError, match=message):
        error_floor(given.pop("y"), **given)


@pytest.mark.parametrize("mi_xs", [0.05, 0.3, 0.6])
def test_the_truth_of_synthetic_data(mi_xs):
    """With equal groups the base rates are 1/2 - d and 1/2 + d, and the floor is d."""
    bunch = make_biased_classification(
        40_000, mi_xs=mi_xs, proxy_effect=4.0, random_state=0
    )
    true = brentq(
        lambda d: np.log(2) - entr(0.5 + d) - entr(0.5 - d) - bunch.mi_ys, 0, 0.5
    )
    floor = error_floor(bunch.target, sensitive_features=bunch.sensitive)
    assert floor == pytest.approx(true, abs=0.01)
    counts = count_labels(bunch.target, bunch.sensitive)
    assert counts.mutual_info == pytest.approx(bunch.mi_ys, abs=0.006)
    assert counts.entropy == pytest.approx(np.log(2), abs=1e-3)


def test_nats_of_several_groups_where_the_truth_is_known():
    bunch = make_biased_classification(
        40_000,
        sensitive="categorical",
        n_groups=4,
        mi_xs=0.5,
        base_rate=0.2,
        random_state=0,
    )
    counts = count_labels(bunch.target, bunch.sensitive)
    assert counts.mutual_info == pytest.approx(bunch.mi_ys, abs=0.006)


def test_noise_is_not_taken_for_information():
    """Counts by forty groups of ten rows would tell 0.05 nats of nothing."""
    rng = np.random.default_rng(0)
    found = [
        count_labels(rng.integers(2, size=400), np.arange(400) % 40).mutual_info
        for _ in range(20)
    ]
    assert np.mean(found) < 0.015


def test_rows_of_other_groups_cost_nothing():
    counts = LabelCounts(np.array([[80.0, 20.0], [20.0, 80.0]]), n_others=200.0)
    assert counts.error_floor(0.0) == pytest.approx(0.15, abs=1e-9)
    assert counts.error_floor(0.6) == 0
