"""Estimates against truths, against other implementations, and what is refused."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from scipy.stats import chi2_contingency, norm, rankdata
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.metrics import mutual_info_score

from fairrep import mutual_info
from fairrep.mutual_info import _ground_truth as truth
from fairrep.mutual_info import estimate

TABLE = truth.table([[0.2, 0.1], [0.05, 0.3], [0.15, 0.2]])
CRITICS = ["infonce", "mine"]


def scores(values):
    return norm.ppf(rankdata(values) / (len(values) + 1))


# -- values --------------------------------------------------------------------


@pytest.mark.parametrize(
    "distribution",
    [truth.bivariate_normal(0.7), truth.student_t(0.5, 2.0), truth.swiss_roll(0.7)],
    ids=lambda d: d.name,
)
def test_neighbours_of_numbers_are_near_the_truth(distribution):
    told = estimate(*distribution.sample(1000, 0), method="neighbours", random_state=0)
    assert told.low < distribution.nats < told.high
    assert told.value == pytest.approx(distribution.nats, abs=0.07)


@pytest.mark.parametrize("method", ["enumerated", "neighbours"])
@pytest.mark.parametrize("n_columns", [1, 3])
def test_groups_are_near_the_truth(method, n_columns):
    distribution = truth.embedded(truth.shifted_groups(2.0), n_columns)
    X, s = distribution.sample(600, 0)
    told = estimate(X, s, method=method, n_folds=3, random_state=0)
    assert told.value == pytest.approx(distribution.nats, abs=0.08)
    assert told.low < distribution.nats < told.high + 0.05


@pytest.mark.parametrize(
    ("method", "distribution"),
    [
        ("infonce", truth.bivariate_normal(0.8)),
        ("mine", truth.embedded(truth.shifted_groups(2.0), 3)),
    ],
)
def test_critics_are_near_the_truth(method, distribution):
    X, s = distribution.sample(300, 0)
    told = estimate(X, s, method=method, n_folds=2, random_state=0)
    assert told.low < told.value < told.high
    assert told.value == pytest.approx(distribution.nats, abs=0.15)


@pytest.mark.parametrize("method", ["counts", "enumerated"])
def test_tables_are_near_the_truth(method):
    told = estimate(*TABLE.sample(2000, 0), method=method, random_state=0)
    assert told.low < TABLE.nats < told.high
    assert told.value == pytest.approx(TABLE.nats, abs=0.02)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.95])
def test_maximal_correlation_of_a_normal_pair(rho):
    told = estimate(
        *truth.bivariate_normal(rho).sample(1500, 0), method="hgr", random_state=0
    )
    assert told.low <= rho <= told.high
    assert told.value == pytest.approx(rho, abs=0.06)


def test_maximal_correlation_sees_what_no_line_shows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=1000)
    s = x**2 + 0.1 * rng.normal(size=1000)
    assert abs(np.corrcoef(x, s)[0, 1]) < 0.2
    assert estimate(x, s, method="hgr", random_state=0).low > 0.9


@pytest.mark.parametrize("method", ["enumerated", "neighbours"])
def test_nothing_is_found_where_nothing_is(method):
    X, s = truth.embedded(truth.shifted_groups(0.0), 3).sample(500, 1)
    told = estimate(X, s, method=method, random_state=0)
    assert told.low == 0
    assert told.value < 0.03


@pytest.mark.parametrize("method", ["neighbours", "infonce", "hgr"])
def test_maps_of_a_column_change_nothing(method):
    """To the bit: a method sees the ranks."""
    values = {
        estimate(*make(0.8).sample(60, 0), method=method, n_folds=2, random_state=0)
        for make in (truth.bivariate_normal, truth.half_cube, truth.bimodal)
    }
    assert len(values) == 1


def test_neighbours_are_those_of_scikit_learn():
    """Of one column, and of groups; on normal scores, which have one spread."""
    X, s = truth.student_t(0.6, 3.0).sample(300, 0)
    expected = mutual_info_regression(scores(X[:, 0])[:, None], scores(s))[0]
    told = estimate(X, s, method="neighbours", random_state=0)
    # But for points at the very radius, which noise puts in or out.
    assert told.value == pytest.approx(expected, abs=1e-3)
    X, s = truth.shifted_groups(1.5).sample(300, 0)
    expected = mutual_info_classif(scores(X[:, 0])[:, None], s)[0]
    told = estimate(X, s, method="neighbours", random_state=0)
    assert told.value == pytest.approx(expected, abs=1e-3)


def test_counts_are_plug_in_less_the_bias_of_the_g_test():
    X, s = TABLE.sample(400, 0)
    table = pd.crosstab(X[:, 0], s)
    g, _, freedom, _ = chi2_contingency(table, lambda_="log-likelihood")
    told = estimate(X, s, method="counts")
    assert told.value == pytest.approx((g - freedom) / (2 * 400))
    assert told.value == pytest.approx(mutual_info_score(X[:, 0], s) - 2 / 800)
    assert estimate(s, X, method="counts") == told


@pytest.mark.parametrize("seed", range(5))
def test_counts_reject_independence_as_the_g_test_does(seed):
    p = np.outer([0.2, 0.5, 0.3], [0.4, 0.6])
    p[0] += 0.01, -0.01
    p[2] -= 0.01, -0.01
    X, s = truth.table(p).sample(3000, seed)
    test = chi2_contingency(pd.crosstab(X[:, 0], s), lambda_="log-likelihood")
    told = estimate(X, s, method="counts", confidence=0.9)
    assert (told.low > 0) == (test.pvalue < 0.05)


def test_a_table_without_any_relation_has_an_interval():
    X, s = np.divmod(np.arange(400) % 4, 2)
    told = estimate(X, s, method="counts")
    assert told.value == told.low == 0
    assert 0 < told.high < 0.02


# -- conditional ---------------------------------------------------------------


@pytest.mark.parametrize(
    "method",
    [
        "counts",
        "enumerated",
        *(pytest.param(name, marks=pytest.mark.slow) for name in CRITICS),
    ],
)
def test_exclusive_or_shows_only_beside_the_other_coin(method):
    X, s, w = truth.exclusive_or(300, np.random.RandomState(0))
    asked = {"method": method, "n_folds": 2, "random_state": 0}
    assert estimate(X, s, **asked).value < 0.03
    told = estimate(X, s, conditional_on=w, **asked)
    assert told.value == pytest.approx(np.log(2), abs=0.07)


def test_conditional_information_is_the_mean_over_strata():
    rng = np.random.RandomState(0)
    w = np.repeat([0, 1, 2], [200, 300, 500])
    X = rng.randint(2, size=1000)
    s = np.where(rng.uniform(size=1000) < 0.2 * w, X, rng.randint(2, size=1000))
    parts = [
        estimate(X[w == v], s[w == v], method="counts", confidence=0.5).value
        for v in range(3)
    ]
    told = estimate(X, s, method="counts", conditional_on=w)
    assert told.value == pytest.approx(np.dot([0.2, 0.3, 0.5], parts), abs=2e-3)


def test_what_goes_through_another_column_is_nothing_beside_it():
    """X -> W -> S: cut into bins, W leaves a little."""
    rng = np.random.RandomState(0)
    x = rng.normal(size=2000)
    w = x + 0.1 * rng.normal(size=2000)
    s = w + rng.normal(size=2000)
    alone = estimate(x, s, method="neighbours", random_state=0)
    beside = estimate(x, s, method="neighbours", conditional_on=w, random_state=0)
    assert alone.low > 0.25
    assert beside.value < 0.1
    assert estimate(x, s, conditional_on=w, random_state=0).method == "neighbours"


def test_a_stratum_of_one_group_tells_nothing():
    w = np.repeat([0, 1], 100)
    s = np.where(w == 0, 0, np.tile([0, 1], 100))
    told = estimate(s[::-1].copy(), s, conditional_on=w[::-1].copy(), method="counts")
    same = estimate(s, s, conditional_on=w, method="counts")
    assert told.value <= same.value == pytest.approx(np.log(2) / 2, abs=0.01)


# -- what comes back -----------------------------------------------------------


def test_the_result_says_its_unit_and_where_it_saturates():
    X, s = truth.bivariate_normal(0.9999).sample(80, 0)
    told = estimate(X, s, method="infonce", n_folds=2, random_state=0)
    assert told.saturates_at == pytest.approx(np.log(40))
    assert told.value < told.saturates_at < 2 * truth.bivariate_normal(0.9999).nats
    assert repr(told).startswith("I(X; S) >= ")
    assert "nats" in repr(told)
    assert "at most" in repr(told)
    assert told.bits == pytest.approx(told.nats / np.log(2))
    neighbours = estimate(X, s, method="neighbours")
    assert "I(X; S) = " in repr(neighbours)
    assert neighbours.value < neighbours.saturates_at


def test_a_correlation_has_no_nats():
    told = estimate(*truth.bivariate_normal(0.5).sample(100, 0), method="hgr")
    assert told.unit == "correlation"
    assert repr(told).startswith("maximal correlation >= 0.")
    with pytest.raises(ValueError, match="'hgr' gives a correlation, not"):
        _ = told.bits


def test_no_estimate_is_above_the_entropy():
    s = np.repeat(["a", "b"], [30, 170])
    x = np.where(s == "a", 5.0, 0.0) + np.random.default_rng(0).normal(size=200) / 100
    entropy = -(0.15 * np.log(0.15) + 0.85 * np.log(0.85))
    for method in ("enumerated", "neighbours"):
        told = estimate(x, s, method=method, random_state=0)
        assert told.value <= told.high <= entropy + 1e-12
        assert told.value == pytest.approx(entropy, abs=0.05)


@pytest.mark.parametrize(
    ("X", "s", "method"),
    [
        (["a", "b"] * 50, ["x", "y"] * 50, "counts"),
        ([f"{i % 40}" for i in range(100)], ["x", "y"] * 50, "enumerated"),
        (np.arange(100) / 7, ["x", "y"] * 50, "enumerated"),
        (np.arange(100) / 7, np.arange(100) / 3, "neighbours"),
        (np.random.default_rng(0).normal(size=(100, 2)), np.arange(100), "infonce"),
        (["a", "b"] * 50, np.arange(100) / 7, "infonce"),
    ],
)
def test_auto_suits_the_variables(X, s, method):
    assert estimate(X, s, n_folds=2, random_state=0).method == method


@pytest.mark.parametrize(
    "method", ["counts", "enumerated", "neighbours", "infonce", "hgr"]
)
def test_a_seed_repeats_and_global_states_stay(method):
    kind = TABLE if method == "counts" else truth.shifted_groups(1.0)
    X, s = kind.sample(60, 0)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    told = [
        estimate(X, s, method=method, n_folds=2, random_state=seed) for seed in (3, 3)
    ]
    assert told[0] == told[1]
    assert (np.random.get_state()[1] == before[0]).all()  # noqa: NPY002
    assert (torch.get_rng_state() == before[1]).all()


# -- containers ----------------------------------------------------------------

ROWS = {
    "age": np.random.default_rng(0).normal(40, 10, size=120).round(1),
    "job": np.random.default_rng(1).choice(["cook", "smith"], size=120),
}
SEX = np.where(ROWS["age"] + 20 * (ROWS["job"] == "cook") > 50, "f", "m")


def test_every_container_gives_the_same():
    frame = pd.DataFrame(ROWS)
    tables = {
        "pandas": (frame, pd.Series(SEX)),
        "indexed": (frame.set_index(frame.index + 7), pd.Series(SEX)),
        "category": (frame.astype({"job": "category"}), SEX),
        "polars": (pl.DataFrame(ROWS), pl.Series(SEX)),
        "pyarrow": (pa.table(ROWS), pa.chunked_array([SEX.tolist()])),
        "array": (frame.to_numpy(dtype=object), SEX[:, None]),
        "list": (frame.to_numpy(dtype=object).tolist(), SEX.tolist()),
    }
    told = {
        name: estimate(X, s, method="enumerated", n_folds=2, random_state=0)
        for name, (X, s) in tables.items()
    }
    assert len(set(told.values())) == 1, told
    assert told["list"].value > 0.2


# -- bad input -----------------------------------------------------------------

X60, S60 = np.random.default_rng(2).normal(size=(60, 2)), np.tile(["f", "m"], 30)
HOLE = np.where(np.arange(60) == 3, np.nan, X60[:, 0])


@pytest.mark.parametrize(
    ("X", "S", "options", "message"),
    [
        (X60, S60, {"method": "ksg"}, r"method must be one of \['auto', 'counts', "),
        (X60, S60, {"method": "hgr"}, "'hgr' takes X and S of numbers; .*S is of 2 "),
        (X60, S60, {"method": "hgr"}, r"These .*\['enumerated', 'neighbours', 'inf"),
        (X60, S60, {"method": "counts"}, "'counts' takes X and S of groups; X is of n"),
        (X60, X60, {"method": "enumerated"}, "'enumerated' takes S of groups; "),
        (S60, X60, {"method": "neighbours"}, "'neighbours' takes X of numbers, and"),
        (
            X60,
            X60,
            {"method": "hgr", "conditional_on": S60},
            r"'hgr' takes no conditional_on; these do: \['neighbours', 'infonce', 'm",
        ),
        (X60, S60[:50], {}, "X has 60 rows and S has 50; expected the same"),
        (X60, S60, {"conditional_on": S60[:9]}, "and conditional_on has 9"),
        (HOLE, S60, {}, "column 'X' of X has 1 missing values in 60 rows; drop"),
        (X60, HOLE, {}, "column 'S' of S has 1 missing"),
        (X60, S60, {"conditional_on": HOLE}, "of conditional_on has 1 missing"),
        (X60, np.where(HOLE > 0, np.inf, 1.5), {}, "column 'S' of S contains inf"),
        (X60 * [1, 0], S60, {}, r"column 'X\[1\]' of X has a single value, -?0.0, in"),
        (X60, np.full(60, "f"), {}, "column 'S' of S has a single value, 'f'"),
        (X60[:8], S60[:8], {}, "group 'f' of S.*has 4 rows; at least 10 are needed"),
        (X60, X60, {"method": "infonce"}, "X.*has 60 rows; at least 100 are needed"),
        (X60[:40], X60[:40], {"method": "hgr"}, "has 40 rows; at least 50"),
        (X60[:6], X60[:6], {"method": "neighbours"}, "has 6 rows; at least 10"),
        (np.arange(20), np.arange(20), {"method": "counts"}, "has 20 rows; at least 4"),
        (
            X60,
            S60,
            {"conditional_on": np.arange(60) // 15},
            "group 'm' of S in a stratum of conditional_on.*has 7 rows",
        ),
        (X60, S60, {"confidence": 95}, r"confidence must be in \(0, 1\); got 95"),
        (X60, S60, {"n_folds": 1}, "n_folds must be an integer of at least 2; got 1"),
        (X60[:, :, None], S60, {}, "X must hold one value, or one row of values"),
        (X60[:0], S60[:0], {}, r"X has shape \(0, 2\); expected at least 1 row"),
    ],
)
def test_what_cannot_be_asked(X, S, options, message):
    with pytest.raises(ValueError, match=message):
        estimate(X, S, **options)


def test_what_holds_neither_numbers_nor_categories():
    dates = pd.Series(pd.date_range("2020", periods=60), name="born")
    with pytest.raises(TypeError, match="'born' of S has dtype datetime64"):
        estimate(X60, dates)


def test_rows_in_another_order_are_refused():
    frame = pd.DataFrame(X60, index=[f"r{i}" for i in range(60)])
    s = pd.Series(S60, index=frame.index)[::-1]
    with pytest.raises(ValueError, match="index of X in another order"):
        estimate(frame, s)


def test_public_names():
    assert set(mutual_info.__all__) == {"MutualInformation", "estimate"}


# -- coverage ------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "distribution", "least"),
    [
        ("counts", truth.table(np.outer([0.2, 0.5, 0.3], [0.4, 0.6])), 0.9),
        ("counts", TABLE, 0.9),
        ("counts", truth.table(np.diag([0.3, 0.3, 0.4]) + 0.01), 0.9),
        ("neighbours", truth.bivariate_normal(0.0), 0.9),
        ("neighbours", truth.bivariate_normal(0.8), 0.9),
        ("neighbours", truth.shifted_groups(1.5), 0.9),
        ("hgr", truth.bivariate_normal(0.8), 0.85),
    ],
)
def test_intervals_hold_the_truth(method, distribution, least):
    target = distribution.correlation if method == "hgr" else distribution.nats
    held = []
    for seed in range(100):
        told = estimate(
            *distribution.sample(1000, seed), method=method, random_state=seed
        )
        held.append(told.low <= target + 1e-12 and target <= told.high + 1e-12)
    assert np.mean(held) >= least


@pytest.mark.slow
@pytest.mark.parametrize("method", ["enumerated", "infonce", "mine"])
def test_lower_bounds_lie_below_on_average(method):
    distribution = truth.embedded(truth.shifted_groups(1.5), 4)
    values = [
        estimate(*distribution.sample(500, seed), method=method, random_state=0).value
        for seed in range(20)
    ]
    error = np.std(values) / np.sqrt(20)
    assert np.mean(values) < distribution.nats + 2 * error
    assert np.mean(values) > distribution.nats - 0.06
