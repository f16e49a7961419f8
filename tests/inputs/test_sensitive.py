"""Sensitive features as users have them: groups, values, missing ones; and weights."""

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import entropy, kstest, rankdata

from fairrep._inputs.groups import MAX_NUMERIC_GROUPS
from fairrep._inputs.sensitive import SensitivePart, read_sensitive
from fairrep._problem.guarded import MAX_GROUP_WEIGHT, guard

NAN = np.nan
SCHEMES = ["balanced", "empirical"]


def read(features, y=None, n_rows=None, combination="crossed", missing="raise"):
    n_rows = len(features) if n_rows is None else n_rows
    y = None if y is None else np.asarray(y)
    return read_sensitive(features, y, n_rows, combination=combination, missing=missing)


def only_part(*args, **kwargs):
    (part,) = read(*args, **kwargs).parts
    return part


# -- one column of groups ------------------------------------------------------

GROUPS = {
    "list": (["m", "f", "m", "f", "f"], ["f", "m"]),
    "ints": (np.array([1, 0, 1, 0, 0]), [0, 1]),
    "ints that sort as numbers": (np.array([10, 9, 10, 9, 9]), [9, 10]),
    "bools": (np.array([True, False, True, False, False]), [False, True]),
    "floats": (pd.Series([1.5, -0.5, 1.5, -0.5, -0.5]), [-0.5, 1.5]),
    "column": (np.array([[1], [0], [1], [0], [0]]), [0, 1]),
    "str": (pd.Series(["m", "f", "m", "f", "f"], dtype="str"), ["f", "m"]),
    "string": (pd.Series(["m", "f", "m", "f", "f"], dtype="string"), ["f", "m"]),
    "boolean": (
        pd.Series([True, False, True, False, False], dtype="boolean"),
        [False, True],
    ),
    "Int64": (pd.Series([1, 0, 1, 0, 0], dtype="Int64"), [0, 1]),
    "unused category": (
        pd.Series(pd.Categorical(list("mfmff"), categories=["z", "m", "f"])),
        ["f", "m"],
    ),
    "polars": (pl.Series("sex", ["m", "f", "m", "f", "f"]), ["f", "m"]),
    "polars category": (
        pl.Series("sex", ["m", "f", "m", "f", "f"], dtype=pl.Enum(["z", "m", "f"])),
        ["f", "m"],
    ),
}


@pytest.mark.parametrize(("features", "categories"), GROUPS.values(), ids=GROUPS)
def test_groups(features, categories):
    sensitive = read(features)
    (part,) = sensitive.parts
    assert part.is_categorical
    assert part.codes.dtype == np.int64
    assert_array_equal(part.codes, [1, 0, 1, 0, 0])
    assert part.groups == [str(category) for category in categories]
    assert_array_equal(sensitive.categories[0], categories)
    assert part.values.shape == (5, 0)
    assert part.present.all()


def test_codes_follow_the_order_of_the_categories():
    part = only_part(list("cabcab"))
    assert part.groups == ["a", "b", "c"]
    assert_array_equal(part.codes, [2, 0, 1, 2, 0, 1])


def test_values_of_several_types_are_ordered_as_strings():
    part = only_part(pd.Series(["a", 1, "a", 1, True, "a"], dtype=object))
    assert part.groups[-1] == "a"
    assert len(set(part.codes[[0, 2, 5]])) == 1


def test_names():
    values = list("abab")
    unnamed = ["sensitive_feature_0"]  # as in fairlearn
    assert read(values).names == unnamed
    assert read(pd.Series(values)).names == unnamed
    assert read(pl.Series(values)).names == unnamed
    assert read(pd.Series(values, name="sex")).names == ["sex"]
    assert read(pl.Series("sex", values)).names == ["sex"]
    assert read(np.array([values, values]).T).names == [
        "sensitive_feature_0",
        "sensitive_feature_1",
    ]
    assert read(pd.DataFrame({3: values})).names == [3]
    assert only_part(pd.DataFrame({3: values})).name == "3"


def test_index_does_not_align_rows():
    """Rows are matched by their order, as everywhere in scikit-learn."""
    features = pd.Series(list("abba"), index=[3, 2, 1, 0])
    assert_array_equal(only_part(features).codes, [0, 1, 1, 0])
    assert_array_equal(features.index, [3, 2, 1, 0])


# -- one column of numbers -----------------------------------------------------

ages = np.random.default_rng(0).permutation(np.arange(60) + 18)
NUMBERS = {
    "int": ages,
    "float": ages / 7,
    "Int64": pd.Series(ages, dtype="Int64"),
    "object": pd.Series(ages, dtype=object),
    "polars": pl.Series("age", ages),
}


@pytest.mark.parametrize("features", NUMBERS.values(), ids=NUMBERS)
def test_many_numbers_are_continuous(features):
    sensitive = read(features)
    (part,) = sensitive.parts
    assert not part.is_categorical
    assert part.groups == []
    assert sensitive.categories == [None]
    assert part.values.shape == (60, 1)
    assert part.values.dtype == np.float32
    assert np.isfinite(part.values).all()
    assert_array_equal(part.codes, np.zeros(60))
    assert_array_equal(rankdata(part.values[:, 0]), rankdata(ages))


def test_scores_are_normal_and_ignore_the_scale():
    values = np.random.default_rng(0).normal(size=3000)
    scores = only_part(values).values[:, 0]
    assert kstest(scores, "norm").pvalue > 0.5
    # n_quantiles limits how exact it is.
    of_exp = only_part(np.exp(values)).values[:, 0]
    inner = np.abs(scores) < 2.5
    assert_allclose(of_exp[inner], scores[inner], atol=0.02)
    assert_array_equal(rankdata(of_exp), rankdata(scores))


def test_the_number_of_values_that_are_groups():
    few = np.arange(MAX_NUMERIC_GROUPS).repeat(3)
    many = np.arange(MAX_NUMERIC_GROUPS + 1).repeat(3)
    assert only_part(few).is_categorical
    assert len(only_part(few).groups) == MAX_NUMERIC_GROUPS
    assert not only_part(many).is_categorical
    # Rates and the like are measured, however few differ; two numbers are groups.
    rates = np.array([3.9, 3.2, 1.8]).repeat(3)
    assert not only_part(rates).is_categorical
    assert not only_part(np.append(rates, [4, 5])).is_categorical
    assert only_part(rates[:6]).is_categorical
    assert only_part(rates[:6] * 10).is_categorical
    # As categories they are groups, however many.
    assert only_part(rates.astype(str)).is_categorical
    assert only_part(pd.Series(many, dtype="category")).is_categorical
    assert only_part(pd.Series(many).astype(str)).is_categorical


# -- several columns -----------------------------------------------------------


@pytest.fixture
def people():
    return pd.DataFrame(
        {
            "sex": ["m", "f", "m", "f", "m", "m"],
            "old": [True, False, False, False, True, False],
        }
    )


def test_crossed_groups(people):
    sensitive = read(people)
    (part,) = sensitive.parts
    assert part.name == "sex x old"
    # Old women are not among the rows: no group of theirs.
    assert part.groups == ["f, False", "m, False", "m, True"]
    assert_array_equal(part.codes, [2, 0, 1, 0, 2, 1])
    assert sensitive.names == ["sex", "old"]
    assert_array_equal(sensitive.categories[0], ["f", "m"])
    assert_array_equal(sensitive.categories[1], [False, True])


def test_separate_groups(people):
    sex, old = read(people, combination="separate").parts
    assert (sex.name, sex.groups) == ("sex", ["f", "m"])
    assert (old.name, old.groups) == ("old", ["False", "True"])
    assert_array_equal(sex.codes, [1, 0, 1, 0, 1, 1])
    assert_array_equal(old.codes, [1, 0, 0, 0, 1, 0])


def test_two_columns_of_numbers():
    frame = pd.DataFrame({"age": ages, "income": np.roll(ages, 1)})
    part = only_part(frame)
    assert part.values.shape == (60, 2)
    assert part.groups == []
    assert_array_equal(rankdata(part.values[:, 1]), rankdata(np.roll(ages, 1)))
    assert [p.values.shape for p in read(frame, combination="separate").parts] == [
        (60, 1),
        (60, 1),
    ]


def test_groups_and_numbers():
    frame = pd.DataFrame(
        {"age": ages, "sex": ["m", "f"] * 30, "old": ages > 40},
    )
    part = only_part(frame)
    assert part.name == "age x sex x old"
    assert not part.is_categorical
    assert len(part.groups) == 4
    assert part.values.shape == (60, 1)
    assert read(frame).categories[0] is None
    one_group_column = only_part(frame[["age", "sex"]])
    assert one_group_column.groups == ["f", "m"]
    assert_array_equal(one_group_column.codes, [1, 0] * 30)


def test_mapping_equals_frame(people):
    mapping = {"sex": list(people["sex"]), "old": people["old"].to_numpy()}
    ours, theirs = read(mapping, n_rows=6), read(people)
    assert ours.names == theirs.names
    assert ours.parts[0].groups == theirs.parts[0].groups
    assert_array_equal(ours.parts[0].codes, theirs.parts[0].codes)


def test_polars_frame_equals_pandas(people):
    ours, theirs = read(pl.DataFrame(people.to_dict("list"))), read(people)
    assert ours.names == theirs.names
    assert ours.parts[0].groups == theirs.parts[0].groups
    assert_array_equal(ours.parts[0].codes, theirs.parts[0].codes)


# -- missing values ------------------------------------------------------------

MISSING = {
    "str": pd.Series(["a", None, "b", "a", "b"]),
    "object NA": pd.Series(["a", pd.NA, "b", "a", "b"], dtype=object),
    "category": pd.Series(["a", None, "b", "a", "b"], dtype="category"),
    "float": pd.Series([0.0, NAN, 1.0, 0.0, 1.0]),
    "Int64": pd.Series([0, pd.NA, 1, 0, 1], dtype="Int64"),
    "object ints": pd.Series([0, pd.NA, 1, 0, 1], dtype=object),
    "boolean": pd.Series([False, pd.NA, True, False, True], dtype="boolean"),
    "object bools": pd.Series([False, None, True, False, True], dtype=object),
    "list": ["a", None, "b", "a", "b"],
    "polars": pl.Series(["a", None, "b", "a", "b"]),
    "polars bools": pl.Series([False, None, True, False, True]),
}


@pytest.mark.parametrize("features", MISSING.values(), ids=MISSING)
def test_masked_groups(features):
    part = only_part(features, missing="mask")
    assert_array_equal(part.present, [True, False, True, True, True])
    assert_array_equal(part.codes[part.present], [0, 1, 0, 1])
    assert len(part.groups) == 2
    with pytest.raises(ValueError, match=r"has 1 missing values.*missing_sensitive="):
        read(features)


@pytest.mark.parametrize("none", [NAN, None, pd.NA])
@pytest.mark.parametrize("dtype", ["Float64", "object"])
def test_masked_numbers(dtype, none):
    """Numbers are numbers, however the missing ones are written."""
    features = pd.Series([none, *ages, none], dtype=dtype)
    part = only_part(features, missing="mask")
    assert not part.is_categorical
    assert_array_equal(np.flatnonzero(~part.present), [0, 61])
    assert_allclose(part.values[1:-1], only_part(ages).values)
    assert_array_equal(part.values[[0, -1]], [[0], [0]])


def test_masked_where_any_crossed_column_is_missing(people):
    people["sex"] = people["sex"].mask(people.index == 1)
    people["old"] = people["old"].astype("boolean").mask(people.index == 4)
    part = only_part(people, missing="mask")
    assert_array_equal(part.present, [True, False, True, True, False, True])
    assert part.groups == ["f, False", "m, False", "m, True"]
    assert_array_equal(part.codes[part.present], [2, 1, 0, 1])
    sex, old = read(people, missing="mask", combination="separate").parts
    assert_array_equal(np.flatnonzero(~sex.present), [1])
    assert_array_equal(np.flatnonzero(~old.present), [4])


# -- errors --------------------------------------------------------------------

ERRORS = {
    "three dimensions": (np.ones((4, 2, 2)), {}, "got 3 dimensions"),
    "a scalar": ("sex", {}, "got 0 dimensions"),
    "no column": (pd.DataFrame(index=range(4)), {}, "no columns; expected at least 1"),
    "one name twice": (
        pd.DataFrame([[0, 1]] * 4, columns=["a", "a"]),
        {},
        "two columns named 'a'",
    ),
    "fewer rows": ([0, 1, 0], {"n_rows": 4}, "has 3 rows; expected 4"),
    "missing": ([0, None, 1, None], {}, "has 2 missing values.*'mask'"),
    "infinity": (
        pd.Series([np.inf, *range(30)], name="age"),
        {},
        "'age' contains infinity",
    ),
    "an identifier": (
        pd.Series([f"person {i}" for i in range(30)], name="id"),
        {},
        "'id' has 30 different values in 30 rows: an identifier",
    ),
    "all missing": (
        pd.Series([None] * 4, name="sex"),
        {"missing": "mask"},
        "'sex' is missing in all rows",
    ),
    "never both present": (
        pd.DataFrame({"a": [0, 1, None, None], "b": [None, None, 0, 1]}),
        {"missing": "mask"},
        "'a x b' is missing in all rows",
    ),
    "one group": (
        pd.Series(["f"] * 4, name="sex"),
        {},
        "'sex' has a single group, 'f', in all 4 rows; at least 2",
    ),
    "one group and missing": (
        pd.Series(["f", "f", None], name="sex"),
        {"missing": "mask"},
        "single group, 'f', in all 2 rows",
    ),
    "one group of several columns": (
        pd.DataFrame({"sex": ["f", "m"] * 2, "old": [True] * 4}),
        {"combination": "separate"},
        "'old' has a single group",
    ),
    "equal to y": (list("abab"), {"y": [0, 1, 0, 1]}, "equals y"),
    "y by another name": (list("abab"), {"y": [1, 0, 1, 0]}, "equals y"),
    "equal to y where present": (
        ["a", "b", None, "b"],
        {"y": [0, 1, 1, 1], "missing": "mask"},
        "equals y",
    ),
    "one column equals y": (
        pd.DataFrame({"sex": list("ffmm"), "y": list("abab")}),
        {"y": [0, 1, 0, 1]},
        "'y' equals y",
    ),
    "equal to three classes": (list("abcabc"), {"y": [0, 1, 2] * 2}, "equals y"),
}


@pytest.mark.parametrize(
    ("features", "options", "message"), ERRORS.values(), ids=ERRORS
)
def test_errors(features, options, message):
    with pytest.raises(ValueError, match=message) as raised:
        read(features, **options)
    assert "sensitive_feature" in str(raised.value)


def test_allowed_though_close_to_an_error():
    assert only_part(list("abab"), y=[0, 1, 0, 0]).groups == ["a", "b"]
    assert only_part(list("aabb"), y=[0, 1, 2, 2]).groups == ["a", "b"]
    assert only_part(ages, y=(ages > 40).astype(int)).groups == []
    assert only_part(["a", "b"]).groups == ["a", "b"]
    constant = pd.DataFrame({"sex": ["f", "m"] * 2, "old": [True] * 4})
    assert only_part(constant).groups == ["f, True", "m, True"]


# -- guard ---------------------------------------------------------------------


def part_of(codes, n_groups=None, present=None, values=None):
    codes = np.asarray(codes)
    n_groups = codes.max() + 1 if n_groups is None else n_groups
    return SensitivePart(
        name="s",
        groups=[f"g{i}" for i in range(n_groups)],
        codes=codes,
        values=np.empty((len(codes), 0), np.float32) if values is None else values,
        present=np.ones(len(codes), bool) if present is None else present,
    )


def random_rows(seed, n=500, n_groups=3, n_strata=2):
    rng = np.random.default_rng(seed)
    codes = rng.choice(n_groups, size=n, p=rng.dirichlet(np.full(n_groups, 4.0)))
    codes[: n_groups * n_strata] = np.arange(n_groups * n_strata) % n_groups
    stratum = rng.integers(n_strata, size=n)
    stratum[: n_groups * n_strata] = np.arange(n_groups * n_strata) // n_groups
    present = rng.uniform(size=n) < 0.9
    present[: n_groups * n_strata] = True
    return codes, stratum, present, rng.uniform(0.5, 2, size=n)


def totals(guarded, codes, stratum, shape):
    total = np.zeros(shape)
    np.add.at(total, (stratum, codes), guarded.weight)
    return total


@pytest.mark.parametrize("seed", range(5))
def test_balanced_groups_have_equal_totals_in_each_stratum(seed):
    codes, stratum, present, row_weight = random_rows(seed)
    part = part_of(codes, present=present)
    guarded = guard(part, stratum, 2, row_weight, "balanced")
    total = totals(guarded, codes, stratum, (2, 3))
    assert_allclose(total, total[:, :1] * np.ones((1, 3)))
    # A stratum weighs what it did; inside a group rows keep their proportions.
    for y in (0, 1):
        rows = (stratum == y) & present
        assert total[y].sum() == pytest.approx(row_weight[rows].sum())
        for g in range(3):
            ratio = (guarded.weight / row_weight)[rows & (codes == g)]
            assert np.ptp(ratio) < 1e-9
    assert_allclose(guarded.prior, 1 / 3)
    assert guarded.entropy == pytest.approx(np.log(3))
    assert (guarded.weight[~present] == 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_empirical_weights_are_the_rows_own(seed):
    codes, stratum, present, row_weight = random_rows(seed)
    part = part_of(codes, present=present)
    guarded = guard(part, stratum, 2, row_weight, "empirical")
    assert_array_equal(guarded.weight, row_weight * present)
    total = totals(guarded, codes, stratum, (2, 3))
    assert_allclose(guarded.prior, total / total.sum(1, keepdims=True))
    p_stratum = total.sum(1) / total.sum()
    expected = p_stratum @ [entropy(p) for p in guarded.prior]
    assert guarded.entropy == pytest.approx(expected)
    assert_array_equal(guarded.s, codes)


def test_rare_groups_are_capped():
    codes = np.array([0] * 999 + [1])
    guarded = guard(part_of(codes), np.zeros(1000, int), 1, np.ones(1000), "balanced")
    assert guarded.weight[-1] == MAX_GROUP_WEIGHT
    assert_allclose(guarded.weight[:-1], 1000 / 2 / 999)
    assert_allclose(guarded.prior, [[10 / 11, 1 / 11]])
    assert guarded.entropy == pytest.approx(entropy([10 / 11, 1 / 11]))


@pytest.mark.parametrize("seed", range(5))
def test_strata_have_equal_totals_in_training(seed):
    codes, stratum, present, row_weight = random_rows(seed)
    guarded = guard(part_of(codes, present=present), stratum, 2, row_weight, "balanced")
    training = replace(guarded, weight=guarded.training_weight)
    total = totals(training, codes, stratum, (2, 3))
    assert_allclose(total, guarded.weight.sum() / 6)
    # Within a stratum they are those of an estimate.
    for y in (0, 1):
        rows = (stratum == y) & present
        assert np.ptp(guarded.training_weight[rows] / guarded.weight[rows]) < 1e-9


def test_rare_strata_are_capped_with_their_groups():
    """A row of a rare group in a rare stratum weighs no more than any other may."""
    stratum = np.array([0] * 9_900 + [1] * 100)
    codes = np.array([0, 1] * 4_950 + [0] * 95 + [1] * 5)
    guarded = guard(part_of(codes), stratum, 2, np.ones(10_000), "balanced")
    assert guarded.training_weight[-1] == pytest.approx(MAX_GROUP_WEIGHT)
    total = totals(
        replace(guarded, weight=guarded.training_weight), codes, stratum, (2, 2)
    )
    assert_allclose(total, total[:, :1] * np.ones((1, 2)))


@pytest.mark.parametrize(("n_strata", "scheme"), [(1, "balanced"), (2, "empirical")])
def test_training_weights_are_those_of_an_estimate(n_strata, scheme):
    codes, stratum, _, row_weight = random_rows(0)
    guarded = guard(part_of(codes), stratum % n_strata, n_strata, row_weight, scheme)
    assert_array_equal(guarded.training_weight, guarded.weight)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_cells_without_rows(scheme):
    """Group 2 is not in stratum 0, and stratum 1 has group 2 alone; 2 is empty."""
    codes = np.array([0, 0, 1, 2, 2])
    stratum = np.array([0, 0, 0, 1, 1])
    guarded = guard(part_of(codes), stratum, 3, np.ones(5), scheme)
    assert np.isfinite(guarded.weight).all()
    assert_allclose(guarded.prior.sum(1), 1)
    first = [0.5, 0.5, 0] if scheme == "balanced" else [2 / 3, 1 / 3, 0]
    assert_allclose(guarded.prior, [first, [0, 0, 1], [1 / 3] * 3])
    # Where one group alone is left, its attribute is no secret.
    assert guarded.entropy == pytest.approx(0.6 * entropy(first))
    assert_allclose(guarded.weight.sum(), 5)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_rows_without_weight_do_not_count(scheme):
    """As in equal opportunity, where only rows of the positive class do."""
    codes, stratum, _, row_weight = random_rows(0)
    counts = stratum == 1
    zeros = np.zeros(len(codes), dtype=int)
    guarded = guard(part_of(codes), zeros, 1, row_weight * counts, scheme)
    alone = guard(part_of(codes[counts]), zeros[counts], 1, row_weight[counts], scheme)
    assert (guarded.weight[~counts] == 0).all()
    assert_allclose(guarded.weight[counts], alone.weight)
    assert_allclose(guarded.prior, alone.prior)
    assert guarded.entropy == pytest.approx(alone.entropy)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("categorical", [True, False])
def test_no_row_left_to_guard(scheme, categorical):
    """Say so, in words, rather than train on NaN."""
    present = np.array([True, False, False])
    if categorical:
        part = part_of([0, 1, 0], present=present)
    else:
        part = part_of([0, 0, 0], 0, present, np.ones((3, 1), dtype=np.float32))
    with pytest.raises(ValueError, match="sensitive_features 's'"):
        guard(part, np.zeros(3, int), 1, np.array([0.0, 1.0, 1.0]), scheme)


def test_one_group_in_each_stratum():
    """Given y, s is known: nothing to be independent of."""
    codes = np.array([0, 0, 1, 1])
    with pytest.raises(ValueError, match="'s' has a single group within every class"):
        guard(part_of(codes), codes, 2, np.ones(4), "balanced")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_continuous_values(scheme):
    values = np.arange(4, dtype=np.float32)[:, None]
    present = np.array([True, True, False, True])
    part = part_of(np.zeros(4, int), 0, present, values)
    row_weight = np.array([1.0, 2.0, 3.0, 4.0])
    guarded = guard(part, np.zeros(4, int), 1, row_weight, scheme)
    assert_array_equal(guarded.s, values)
    assert guarded.s.dtype == np.float32
    assert guarded.prior is None
    assert guarded.entropy == np.inf
    assert_allclose(guarded.weight, row_weight * present)


def test_mixed_values():
    values = np.arange(4, dtype=np.float32)[:, None]
    part = part_of([0, 2, 0, 0], 3, None, values)
    guarded = guard(part, np.zeros(4, int), 1, np.ones(4), "balanced")
    assert_array_equal(
        guarded.s, [[1, 0, 0, 0], [0, 0, 1, 1], [1, 0, 0, 2], [1, 0, 0, 3]]
    )
    assert guarded.s.dtype == np.float32
    assert guarded.prior is None
    assert_allclose(guarded.weight, [2 / 3, 2, 2 / 3, 2 / 3])
