"""Planted leakage is found, absent leakage is not, whatever hides it."""

import json
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from fairrep.auditing._measuring.attacks import attackers
from fairrep.auditing._measuring.attacks import leakage as leakage_module
from fairrep.auditing._measuring.attacks.attackers import (
    auc,
    balanced_accuracy,
    rank_correlation,
)
from fairrep.auditing._measuring.attacks.leakage import (
    measure_leakage,
    measure_reference,
)
from fairrep.auditing._measuring.attacks.null import _widening
from fairrep.auditing._measuring.attacks.order import order_p_value
from fairrep.auditing._measuring.attacks.scores import Surest, attack_value
from fairrep.auditing._measuring.attacks.secret import read_secret
from fairrep.auditing._measuring.attacks.view import View


@pytest.fixture(scope="module")
def s():
    return pd.Series(np.random.default_rng(0).integers(2, size=300), name="sex")


def noise(s, rng):
    return rng.normal(size=(len(s), 2))


def xor(s, rng):
    a, b = rng.normal(size=(2, len(s)))
    return np.stack([a, np.abs(b) * np.sign(a) * (2 * s - 1)], axis=1)


def rotation(s, rng):
    hidden = rng.normal(size=(len(s), 3)) + np.outer(s, [2, 0, 0])
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return hidden @ turn


def tiny_shift(s, rng):
    # As fairlearn's CorrelationRemover leaves it: no correlation with S, and yet S.
    binary = rng.integers(2, size=(len(s), 2)).astype(float)
    centred = s.to_numpy() - s.mean()
    slope = centred @ binary / (centred @ centred)
    return binary - np.outer(centred, slope + 1e-4)


@pytest.fixture(scope="module")
def measured(s):
    rng = np.random.default_rng(1)
    return {
        plant.__name__: measure_leakage(
            plant(s, rng), s, name="z", n_folds=3, n_bootstrap=40, random_state=0
        )
        for plant in [noise, xor, rotation, tiny_shift]
    }


def test_noise_is_within_the_null(measured):
    leakage = measured["noise"]
    assert not leakage.found
    assert leakage.null_low <= leakage.value <= leakage.null_high < 0.72
    assert leakage.null_low < leakage.null_value < leakage.null_high
    assert leakage.mi_low == 0.0
    assert leakage.mi < 0.01


@pytest.mark.parametrize(
    ("hiding", "at_least"), [("xor", 0.95), ("rotation", 0.88), ("tiny_shift", 0.99)]
)
def test_hidden_groups_are_found(measured, hiding, at_least):
    leakage = measured[hiding]
    assert leakage.found
    assert leakage.value >= at_least
    assert leakage.low <= leakage.value <= leakage.high
    assert leakage.mi_low > 0.1
    assert leakage.mi_high <= leakage.entropy + 1e-12


def test_null_hardly_depends_on_the_seed():
    """Three shuffles alone would make its width anything up to twice as much."""
    rng = np.random.default_rng(0)
    s = pd.Series(rng.integers(2, size=150))
    view = rng.normal(size=(150, 1))
    given = {"name": "z", "n_folds": 2, "n_bootstrap": 5}
    reach = [
        measure_leakage(view, s, **given, random_state=seed).null_high - 0.5
        for seed in range(4)
    ]
    assert max(reach) < 1.15 * min(reach)


def test_shuffles_widen_the_null_only_where_they_are_clear():
    assert _widening(0.5) == _widening(1.35**2) == 1.35
    assert 1.35 < _widening(3 * 1.35**2) < 1.5  # usual of a shuffle
    assert _widening(10 * 1.35**2) > 1.8


@pytest.mark.parametrize(("null_high", "found"), [(0.6, True), (0.9, False)])
def test_what_chance_may_have_made_is_no_limit_above_0(null_high, found, monkeypatch):
    null = np.array([0.4, 0.5, null_high])
    monkeypatch.setattr(leakage_module, "null_limits", lambda *args: null)
    surest = Surest("logistic regression", 0.5, 0.5, 0.6)
    monkeypatch.setattr(leakage_module, "surest_tenth", lambda *args: surest)
    s = pd.Series(np.arange(200) % 2)
    view = s + np.random.default_rng(0).normal(size=200)
    given = {"name": "z", "n_folds": 2, "n_bootstrap": 5, "random_state": 0}
    leakage = measure_leakage(view, s, **given)
    assert leakage.found == found
    assert (leakage.mi_low > 0) == found
    assert (leakage.attackers["mi_low"] > 0).any() == found
    assert leakage.mi > 0.02


# -- what hides beside the size of numbers --------------------------------------


def third_decimal(s, values):
    return (np.floor(values * 500) * 2 + s) / 1000


def twelfth_decimal(s, values):
    return np.round(values, 11) + np.sign(values) * (s + 1) * 1e-12


def lowest_bit_of_integers(s, values):
    return np.floor(values * 1000) * 2 + s


def lowest_bit_of_floats(s, values):
    return (values.view(np.uint64) & ~np.uint64(1) | s.astype(np.uint64)).view(float)


def lowest_bit_of_short_floats(s, values):
    short = values.astype(np.float32).view(np.uint32)
    return (short & ~np.uint32(1) | s.astype(np.uint32)).view(np.float32)


def rows_that_repeat(s, values):
    return np.where(s == 1, values[np.arange(len(s)) // 20 * 20], values)


@pytest.mark.parametrize(
    "plant",
    [
        third_decimal,
        twelfth_decimal,
        lowest_bit_of_integers,
        lowest_bit_of_floats,
        lowest_bit_of_short_floats,
        rows_that_repeat,
    ],
)
def test_traces_are_read(plant, s):
    values = np.random.default_rng(1).normal(size=len(s))
    view = plant(s.to_numpy(), values)
    given = {"name": "z", "n_folds": 3, "n_bootstrap": 5, "random_state": 0}
    leakage = measure_leakage(view, s, **given)
    assert leakage.found
    assert leakage.best == "digits and repeats"
    assert leakage.value > 0.9


def test_rows_that_give_themselves_away_are_found_among_the_surest():
    rng = np.random.default_rng(0)
    s = pd.Series(rng.integers(2, size=2000))
    view = rng.normal(size=2000)
    marked = rng.random(2000) < 0.06
    view[marked] = np.where(s[marked], 0.25, 0.75)
    leakage = measure_leakage(
        view, s, name="z", n_folds=3, n_bootstrap=5, random_state=0
    )
    assert leakage.value < 0.6
    assert leakage.found
    assert leakage.surest.value > 0.7
    assert leakage.surest.chance == pytest.approx(0.5, abs=0.02)
    assert leakage.to_dict()["surest"]["found"] is True


@pytest.mark.parametrize(
    "order",
    [
        lambda s: s.sort_values(),
        lambda s: pd.Series(np.tile(["f", "m"], 100)),
        lambda s: pd.Series(np.repeat(["f", "m"] * 50, 2)),
        lambda s: pd.Series(np.tile(["a", "b", "c"], 60)),
        lambda s: pd.Series(np.sin(np.arange(200) / 10)),
    ],
)
def test_the_order_of_rows_tells_s(order, s):
    assert order_p_value(order(s)) < 1e-6


@pytest.mark.parametrize("kind", ["groups", "numbers"])
def test_random_order_tells_nothing(kind):
    rng = np.random.default_rng(0)
    draw = {"groups": lambda: rng.integers(3, size=200), "numbers": rng.normal}[kind]
    values = [
        order_p_value(pd.Series(draw() if kind == "groups" else draw(size=200)))
        for _ in range(200)
    ]
    assert np.mean(np.less(values, 0.05)) < 0.09  # 0.05 and three standard errors
    assert min(values) > 1e-4


@pytest.mark.parametrize("hiding", ["xor", "tiny_shift"])
def test_a_linear_attacker_alone_would_miss_them(measured, hiding):
    attackers = measured[hiding].attackers
    assert attackers.loc["logistic regression", "auc"] < 0.7
    assert attackers.loc["gradient boosting", "auc"] > 0.95


def test_information_is_that_of_the_closed_form():
    """A binary symmetric channel: I = log 2 - H(flip)."""
    rng = np.random.default_rng(0)
    s = pd.Series(np.arange(1000) % 2)
    view = (s ^ (rng.random(1000) < 0.1)).to_numpy(float)
    leakage = measure_leakage(
        view, s, name="z", n_folds=3, n_bootstrap=9, random_state=0
    )
    exact = np.log(2) + 0.1 * np.log(0.1) + 0.9 * np.log(0.9)
    assert leakage.mi_low < exact < leakage.mi_high
    assert leakage.value == pytest.approx(0.9, abs=0.03)
    assert leakage.entropy == pytest.approx(np.log(2))


def test_result_is_plain_json_and_repeats_to_the_bit(s):
    view = noise(s, np.random.default_rng(1))
    given = {"name": "z", "n_folds": 2, "n_bootstrap": 5, "random_state": 0}
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again = (
        json.dumps(
            measure_leakage(view[:60], s[:60], **given).to_dict(), allow_nan=False
        )
        for _ in range(2)
    )
    assert first == again
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def test_several_groups_by_balanced_accuracy_and_rare_ones_left_out():
    rng = np.random.default_rng(0)
    codes = rng.integers(3, size=240)
    view = np.eye(3)[codes] + 0.4 * rng.normal(size=(240, 3))
    names = np.append(np.array(["a", "b", "c"])[codes], ["rare"] * 4)
    view = np.vstack([view, np.zeros((4, 3))])
    leakage = measure_leakage(
        view,
        pd.Series(names),
        name="z",
        n_folds=3,
        n_bootstrap=20,
        random_state=0,
    )
    assert leakage.metric == "balanced_accuracy"
    assert leakage.found
    assert leakage.value > 0.8
    assert leakage.null_value == pytest.approx(1 / 3, abs=0.08)
    assert leakage.groups == ["a", "b", "c"]
    assert leakage.n_rows == 240
    assert leakage.notes == ["group 'rare' left out: 4 rows, 6 needed"]
    reference = measure_reference(
        view[:, :1], pd.Series(names), name="X", n_folds=3, random_state=0
    )
    assert reference.best == "gradient boosting"
    assert 1 / 3 < reference.value < leakage.value
    assert reference.to_dict()["null_high"] is None


def test_continuous_s_by_rank_correlation_whatever_its_sign():
    rng = np.random.default_rng(0)
    s = pd.Series(rng.normal(size=250))
    view = -2 * s.to_numpy() + rng.normal(size=250)
    leakage = measure_leakage(
        view, s, name="score", n_folds=2, n_bootstrap=20, random_state=0
    )
    assert leakage.metric == "rank_correlation"
    assert leakage.found
    assert leakage.value > 0.75
    assert len(leakage.groups) == 5
    # No more than I(view; s) of the two normals.
    assert 0.2 < leakage.mi < np.log(5) / 2


def test_weights_take_the_place_of_rows():
    rng = np.random.default_rng(0)
    s = pd.Series(np.arange(400) % 2)
    tells = np.arange(400) < 200
    view = np.where(tells, s, 0.5) + 0.1 * rng.normal(size=400)
    given = {"name": "z", "n_folds": 2, "n_bootstrap": 10, "random_state": 0}
    weight = np.where(tells, 1.0, 0.0)
    leakage = measure_leakage(view, s, sample_weight=weight, **given)
    assert leakage.n_rows == 200
    assert leakage.value > 0.99
    weight = np.where(tells, 0.01, 1.0)
    assert not measure_leakage(view, s, sample_weight=weight, **given).found


def test_repeated_requests_average_the_noise_away(s):
    def request(seed):
        return s.to_numpy() + np.random.default_rng(seed).normal(size=len(s)) * 2

    leakage = measure_leakage(
        request(0),
        s,
        name="z",
        n_folds=2,
        n_bootstrap=10,
        requests=request,
        random_state=0,
    )
    assert leakage.value < 0.72
    assert leakage.averaging > 0.8


# -- scores against scikit-learn's and scipy's ----------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_equal_those_of_the_libraries(weighted):
    rng = np.random.default_rng(0)
    codes = rng.integers(2, size=80)
    output = rng.normal(size=(80, 2)).round(1)  # ties
    weight = rng.uniform(0.5, 2, 80) if weighted else np.ones(80)
    weights = np.stack([weight, np.ones(80)])
    area = auc(output, codes, weights)
    hits = balanced_accuracy(output, codes, weights)
    score = output[:, 1] - output[:, 0]
    for i, row in enumerate(weights):
        expected = roc_auc_score(codes, score, sample_weight=row)
        assert area[i] == pytest.approx(expected, abs=1e-12)
        chosen = output.argmax(axis=1)
        expected = balanced_accuracy_score(codes, chosen, sample_weight=row)
        assert hits[i] == pytest.approx(expected, abs=1e-12)


def test_rank_correlation_equals_scipys():
    rng = np.random.default_rng(0)
    output, values = rng.normal(size=(60, 3)), rng.integers(9, size=60).astype(float)
    share = np.exp(output) / np.exp(output).sum(axis=1, keepdims=True)
    expected = spearmanr(share @ np.arange(3), values).statistic
    found = rank_correlation(output, values, np.ones((1, 60)))
    assert found[0] == pytest.approx(expected, abs=1e-12)
    assert rank_correlation(np.zeros((60, 3)), values, np.ones((1, 60)))[0] == 0.0


def test_inverted_scores_are_turned_round():
    """An attacker that learns the opposite of each fold it is shown knows S."""
    s = pd.Series(np.arange(40) % 2)
    secret = read_secret(s, None, 2)
    folds = [(np.arange(20), np.arange(20, 40)), (np.arange(20, 40), np.arange(20))]
    wrong = np.eye(2)[1 - secret.codes]
    assert attack_value(wrong, secret, folds) == 1.0


# -- bad input ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"view": np.zeros((10, 2))}, r"z has shape \(10, 2\).*40 values of S"),
        ({"view": np.full(40, np.nan)}, "z contains NaN or infinity"),
        ({"s": pd.Series([0, 1, None, 1] * 10)}, "10 missing values"),
        ({"s": pd.Series(["a"] * 40)}, r"at least 2 groups of at least 10.*'a': 40"),
        ({"s": pd.Series(["a"] * 35 + ["b"] * 5)}, "'b': 5"),
        ({"confidence": 95}, r"confidence must be in \(0, 1\); got 95"),
        ({"sample_weight": -np.ones(40)}, "40 finite numbers, none negative"),
    ],
)
def test_bad_input_is_named(changed, message):
    given = {"view": np.zeros(40), "s": pd.Series([0, 1] * 20), "name": "z", **changed}
    with pytest.raises(ValueError, match=message):
        measure_leakage(given.pop("view"), given.pop("s"), **given)


@pytest.mark.parametrize(("enough", "limit"), [(41, 1), (40, None)])
def test_attackers_of_few_rows_use_one_thread(enough, limit, monkeypatch):
    asked = []

    class Recorded:
        def limit(self, *, limits):
            asked.append(limits)
            return nullcontext()

    monkeypatch.setattr(attackers, "_pools", Recorded)
    monkeypatch.setattr(attackers, "MIN_THREADED_ROWS", enough)
    codes = np.arange(50) % 2
    rng = np.random.RandomState(0)
    folds = [(np.arange(10, 50), np.arange(10)), (np.arange(40), np.arange(40, 50))]
    view = rng.normal(size=(50, 1))
    attackers.cross_fit("logistic regression", View(view), codes, folds, rng)
    assert asked == [limit, limit]


@pytest.mark.parametrize("n_groups", [2, 3, 4])
def test_of_one_output_for_all_nothing_is_read(n_groups):
    """As of a vendor's model that denies everyone."""
    s = pd.Series(np.arange(120) % n_groups, name="group")
    leakage = measure_leakage(
        np.zeros(120), s, name="prediction", n_folds=3, n_bootstrap=20, random_state=0
    )
    assert not leakage.found
    assert leakage.value == pytest.approx(0.5 if n_groups == 2 else 1 / n_groups)
    assert leakage.value <= leakage.null_high
