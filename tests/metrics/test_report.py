"""Reports equal fairlearn's own metrics."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from fairlearn import metrics as fl
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import accuracy_score

from fairrep.metrics import fairness_report

DISPARITIES = [
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equalized_odds_difference",
    "equalized_odds_ratio",
    "equal_opportunity_difference",
]
RATES = [
    fl.count,
    accuracy_score,
    fl.selection_rate,
    fl.true_positive_rate,
    fl.false_positive_rate,
]


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(2, size=(2, 300))
    groups = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], 300), "race": rng.choice([1, 2, 3], 300)}
    )
    return y_true, y_pred, groups, rng.uniform(0.1, 2.0, 300)


def small(**changed):
    given = {
        "y_true": [0, 1, 0, 1],
        "y_pred": [0, 1, 1, 1],
        "sensitive_features": ["a", "a", "b", "b"],
        **changed,
    }
    return fairness_report(given.pop("y_true"), given.pop("y_pred"), **given)


@pytest.mark.parametrize("columns", ["sex", "race", ["sex", "race"]])
@pytest.mark.parametrize("weighted", [False, True])
def test_report_equals_fairlearn(rows, columns, weighted):
    y_true, y_pred, groups, weight = rows
    sensitive = groups[columns]
    weight = weight if weighted else None
    report = fairness_report(
        y_true, y_pred, sensitive_features=sensitive, sample_weight=weight
    )
    for name in DISPARITIES:
        expected = getattr(fl, name)(
            y_true, y_pred, sensitive_features=sensitive, sample_weight=weight
        )
        assert getattr(report, name) == pytest.approx(expected, abs=1e-12)
        assert report.disparities[name] == getattr(report, name)

    names = [*report.by_group]
    assert names == [
        "count",
        "accuracy",
        "selection_rate",
        "true_positive_rate",
        "false_positive_rate",
    ]
    params = dict.fromkeys(names[1:], {"sample_weight": weight} if weighted else {})
    frame = fl.MetricFrame(
        metrics=dict(zip(names, RATES, strict=True)),
        y_true=y_true,
        y_pred=y_pred,
        sensitive_features=sensitive,
        sample_params=params,
    )
    assert isinstance(report.metric_frame, fl.MetricFrame)
    pd.testing.assert_frame_equal(report.by_group, frame.by_group, rtol=1e-12)
    pd.testing.assert_series_equal(report.overall, frame.overall, rtol=1e-12)


@pytest.mark.parametrize(
    ("negative", "positive", "pos_label"),
    [
        (0, 1, None),
        (-1, 1, None),
        (False, True, None),
        (0.0, 1.0, None),
        (1, 0, 0),
        (5, 7, 7),
        ("yes", "no", "no"),
        ("a", "b", "b"),
        ("no", "yes", None),
        (0, 2, None),
    ],
)
def test_labels_of_any_kind(rows, negative, positive, pos_label):
    y_true, y_pred, groups, _ = rows
    expected = fairness_report(y_true, y_pred, sensitive_features=groups["sex"])
    coded = [np.where(y == 1, positive, negative) for y in (y_true, y_pred)]
    report = fairness_report(
        *coded, sensitive_features=groups["sex"], pos_label=pos_label
    )
    pd.testing.assert_frame_equal(report.to_frame(), expected.to_frame())
    assert report.pos_label == positive
    assert type(report.pos_label) is bool or not isinstance(positive, bool)


@pytest.mark.parametrize("container", [list, pd.Series, pl.Series, lambda y: np.c_[y]])
def test_containers_of_labels(rows, container):
    y_true, y_pred, groups, _ = rows
    for kind, pos_label in ((bool, None), (str, "1")):
        report = fairness_report(
            *(container(y.astype(kind)) for y in (y_true, y_pred)),
            sensitive_features=groups["sex"],
            pos_label=pos_label,
        )
        expected = fairness_report(y_true, y_pred, sensitive_features=groups["sex"])
        pd.testing.assert_frame_equal(report.by_group, expected.by_group)


@pytest.mark.parametrize(
    "dtype", [object, "boolean", "Int64", "category", "string[python]"]
)
def test_pandas_dtypes_of_labels(rows, dtype):
    y_true, y_pred, groups, _ = rows
    kind = {"boolean": bool, "string[python]": str}.get(dtype, int)
    coded = [pd.Series(y.astype(kind)).astype(dtype) for y in (y_true, y_pred)]
    pos_label = "1" if kind is str else None
    report = fairness_report(
        *coded, sensitive_features=groups["sex"], pos_label=pos_label
    )
    expected = fairness_report(y_true, y_pred, sensitive_features=groups["sex"])
    pd.testing.assert_frame_equal(report.by_group, expected.by_group)


def test_multiclass_is_one_class_against_the_rest(rows):
    _, _, groups, _ = rows
    y_true, y_pred = np.random.default_rng(1).choice(["x", "y", "z"], (2, 300))
    report = fairness_report(
        y_true, y_pred, sensitive_features=groups["sex"], pos_label="y"
    )
    expected = fairness_report(
        y_true == "y", y_pred == "y", sensitive_features=groups["sex"]
    )
    pd.testing.assert_frame_equal(report.by_group, expected.by_group)
    with pytest.raises(ValueError, match=r"labels are \['x', 'y', 'z'\]"):
        fairness_report(y_true, y_pred, sensitive_features=groups["sex"])


@pytest.mark.parametrize(
    ("container", "named"),
    [
        (lambda g: g.set_index(np.arange(300)[::-1]), True),
        (lambda g: {name: g[name].tolist() for name in g}, True),
        (lambda g: {"sex": g["sex"][::-1][::-1], "race": g["race"].to_numpy()}, True),
        (lambda g: pl.DataFrame({name: g[name].tolist() for name in g}), True),
        (lambda g: g.to_numpy(), False),
        (lambda g: g.to_numpy().tolist(), False),
        (lambda g: g.set_axis([0, 1], axis=1), False),
    ],
)
def test_containers_of_sensitive_features(rows, container, named):
    y_true, y_pred, groups, _ = rows
    report = fairness_report(y_true, y_pred, sensitive_features=container(groups))
    expected = fairness_report(y_true, y_pred, sensitive_features=groups)
    np.testing.assert_array_equal(report.by_group, expected.by_group)
    assert list(report.by_group.index) == list(expected.by_group.index)
    assert (report.by_group.index.names == ["sex", "race"]) is named


@pytest.mark.parametrize("container", [list, np.asarray, pd.Series, pl.Series])
def test_one_sensitive_feature(container):
    report = small(sensitive_features=container(["a", "a", "b", "b"]))
    assert report.by_group.index.names == ["sensitive_feature_0"]
    assert report.by_group["selection_rate"].to_dict() == {"a": 0.5, "b": 1.0}
    named = small(
        sensitive_features=pd.Series(list("aabb"), index=[3, 2, 1, 0], name="s")
    )
    assert named.by_group.index.names == ["s"]
    assert named.demographic_parity_difference == 0.5


def test_text(capsys):
    print(small(sensitive_features={"sex": list("ffmm")}))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Rates of class 1 by sex"
    assert lines[4].split() == ["f", "2", "1.000", "0.500", "1.000", "0.000"]
    assert lines[6].split() == ["overall", "4", "0.750", "0.750", "1.000", "0.500"]
    assert len({len(line) for line in lines[2:7]}) == 1
    assert lines[8].split() == ["demographic_parity_difference", "0.500"]
    assert len(lines) == 13
    assert repr(small()) == (
        "FairnessReport(pos_label=1, n_groups=2, demographic_parity_difference=0.500, "
        "equalized_odds_difference=1.000)"
    )


def test_of_words_a_line_says_whose_rates_these_are():
    words = [["no", "yes", "no", "yes"], ["no", "yes", "yes", "yes"]]
    options = {"sensitive_features": list("aabb")}
    report = fairness_report(*words, **options)
    said = "Rates are those of 'yes', not of 'no', as nobody said which is positive"
    assert str(report).splitlines()[1].startswith(said)
    assert "nobody said" in report._repr_html_()
    assert "pos_label='yes'" in repr(report)
    for told in (
        fairness_report(*words, pos_label="no", **options),
        fairness_report([0, 1, 0, 1], [0, 1, 1, 1], **options),
    ):
        assert "nobody said" not in str(told)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_exports_of_a_cross_with_an_empty_cell():
    report = small(sensitive_features={"s": list("aabb"), "t": list("cdcc")})
    table = report.to_frame()
    assert table.index.names == ["s", "t"]
    assert table.loc[("overall", ""), "count"] == 4
    assert table.loc[("b", "d")].isna().all()
    assert "-" in str(report).splitlines()[7]
    content = json.loads(json.dumps(report.to_dict()))
    assert content["by_group"][0]["group"] == {"s": "a", "t": "c"}
    assert content["overall"]["accuracy"] == 0.75
    assert list(content["disparities"]) == DISPARITIES


def test_undefined_rates_warn_and_equal_fairlearn():
    sensitive = ["a", "a", "b", "b"]
    with pytest.warns(UndefinedMetricWarning, match=r"true_positive_rate .*\['b'\]"):
        report = small(y_true=[0, 1, 0, 0], y_pred=[0, 1, 0, 1])
    assert report.equal_opportunity_difference == fl.equal_opportunity_difference(
        [0, 1, 0, 0], [0, 1, 0, 1], sensitive_features=sensitive
    )
    with pytest.warns(UndefinedMetricWarning, match=r"false_positive_rate .*\['b'\]"):
        small(y_true=[0, 1, 1, 1])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_weighted_group_of_one_row_counts():
    report = small(sensitive_features=list("aabc"), sample_weight=[1.0, 1.0, 2.0, 1.0])
    assert report.demographic_parity_difference == 0.5
    assert report.by_group["selection_rate"].dtype == float


def test_ratio_of_rates_that_are_all_zero():
    perfect = small(y_pred=[0, 1, 0, 1])
    assert perfect.equalized_odds_ratio == 1.0
    nobody = small(y_pred=[0, 0, 0, 0])
    assert np.isnan(nobody.demographic_parity_ratio)
    assert np.isnan(nobody.equalized_odds_ratio)
    assert nobody.demographic_parity_difference == 0.0


def test_a_single_group_has_no_differences():
    report = small(sensitive_features=["a"] * 4)
    assert report.demographic_parity_difference == 0.0
    assert report.equalized_odds_ratio == 1.0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_pred": [0, 1]}, "y_pred has 2 rows and y_true has 4"),
        ({"y_pred": [0.2, 0.9, 0.4, 0.6]}, "y_pred must hold class labels"),
        ({"y_pred": np.eye(4)}, r"y_pred must be 1-d.*\(4, 4\)"),
        ({"y_pred": ["0", "1", "1", "1"]}, "Mix of label input types"),
        ({"y_true": []}, r"y_true must be 1-d, not empty; got shape \(0,\)"),
        ({"y_true": [0, 1, None, 1]}, "y_true has 1 missing values"),
        ({"y_true": [0, 1, 2, 1]}, r"the labels are \[0, 1, 2\]"),
        ({"y_true": [2] * 4, "y_pred": [2] * 4}, r"two labels.*labels are \[2\]"),
        ({"pos_label": "yes"}, r"pos_label='yes' is none of the labels \[0, 1\]"),
        ({"sensitive_features": ["a", "b"]}, "has 2 rows; expected 4"),
        ({"sensitive_features": "sex"}, "got 0 dimensions"),
        ({"sensitive_features": {"sex": ["a", "b"]}}, "has 2 rows; expected 4"),
        ({"sensitive_features": {}}, "no columns"),
        ({"sensitive_features": ["a", "a", "b", np.nan]}, "has 1 missing values"),
        ({"sensitive_features": {"s": [1, 1, 2, None]}}, "'s' has 1 missing values"),
        ({"sample_weight": [1, 2]}, "sample_weight has 2 rows and y_true has 4"),
        ({"sample_weight": [1, -1, 1, 1]}, "not negative"),
        ({"sample_weight": [1, np.nan, 1, 1]}, "finite"),
        ({"sample_weight": [1, 1, 0, 0]}, r"sums to 0 in the groups \['b'\]"),
    ],
)
def test_bad_input(changed, message):
    with pytest.raises(ValueError, match=message):
        small(**changed)


def test_rows_in_another_order_are_an_error():
    y, groups = pd.Series([0, 1, 0, 1]), pd.Series(["f", "f", "m", "m"])
    with pytest.raises(ValueError, match=r"features has the index of y_true in anoth"):
        fairness_report(y, y.to_numpy(), sensitive_features=groups[::-1])
