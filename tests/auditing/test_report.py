"""audit of models and pipelines; bad input; what a report gives out."""

import json
import time
from importlib.resources import files

import jsonschema
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from fairrep import (
    AuditReport,
    MIDebiasedClassifier,
    MIFairTransformer,
    audit,
    certify,
)
from fairrep.auditing._measuring.attacks.scores import Pair
from fairrep.auditing._measuring.models import read_model
from fairrep.auditing._showing.words import interval
from fairrep.datasets import load_adult
from fairrep.metrics import fairness_report

QUICK = {"leakage": False, "n_bootstrap": 40, "random_state": 0}


def predictions(**changed):
    given = {
        "y_true": [0, 1] * 100,
        "y_pred": [0, 1, 1, 1] * 50,
        "sensitive_features": ["a"] * 100 + ["b"] * 100,
        **QUICK,
        **changed,
    }
    return AuditReport.from_predictions(
        given.pop("y_true"), given.pop("y_pred"), **given
    )


def content(report):
    """What a report gives out, the time aside at which it was made."""
    found = report.to_dict()
    assert found["provenance"].pop("made_at").startswith("20")
    return found


@pytest.fixture
def model(biased):
    X, y, _ = biased
    return LogisticRegression().fit(X, y)


def test_classifier_equals_its_predictions(biased, model):
    X, y, s = biased
    report = audit(model, X, y, sensitive_features=s, **QUICK)
    same = AuditReport.from_predictions(
        y,
        model.predict(X),
        y_score=model.predict_proba(X)[:, 1],
        sensitive_features=s,
        pos_label=model.classes_[1],
        **QUICK,
    )
    found, expected = (r.figures().to_dict() for r in (report, same))
    assert found == expected
    assert "calibration_error" in found["by_group"]["all rows"]


@pytest.mark.parametrize("kind", ["pipeline", "search", "svm"])
def test_any_sklearn_classifier(biased, kind):
    X, y, s = biased
    model = {
        "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
        "search": GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2),
        "svm": LinearSVC(),
    }[kind].fit(X, y)
    report = audit(model, X, y, sensitive_features=s, **QUICK)
    selected = report.figures().value.loc["all rows", "selection_rate"]
    assert selected == (model.predict(X) == model.classes_[1]).mean()


def test_labels_of_strings_and_the_positive_one(biased):
    X, y, s = biased
    labels = np.where(y == 1, "yes", "no")
    model = LogisticRegression().fit(X, labels)
    report = audit(model, X, labels, sensitive_features=s, **QUICK)
    assert report.figures().pos_label == "yes"
    other = audit(model, X, labels, sensitive_features=s, pos_label="no", **QUICK)
    rates = [r.figures().value["selection_rate"] for r in (report, other)]
    np.testing.assert_allclose(rates[0] + rates[1], 1)


def test_several_models_side_by_side(biased, model):
    X, y, s = biased
    other = LogisticRegression(C=1e-3).fit(X, y)
    report = audit([model, other], X, y, sensitive_features=s, **QUICK)
    names = ["LogisticRegression 1", "LogisticRegression 2"]
    assert [*report.models] == names
    named = audit({"a": model, "b": other}, X, y, sensitive_features=s, **QUICK)
    assert [*named.models] == ["a", "b"]
    assert [*named.compare()] == ["a", "b"]
    assert "Side by side" in str(named)
    assert set(named.to_frame()["model"]) == {"a", "b"}
    # Equal models differ in nothing, the draws included.
    twins = audit({"a": model, "b": model}, X, y, sensitive_features=s, **QUICK)
    assert (twins.compare()["a"] == twins.compare()["b"]).all()


class Always:
    """A model that has made up its mind."""

    def __init__(self, labels):
        self.labels = np.asarray(labels)

    def predict(self, X):
        return self.labels


def test_summary_says_which_gaps_shrank_and_which_grew():
    """Of groups of other base rates, equal selection comes at unequal odds."""
    y = np.repeat([1, 0, 1, 0], [160, 40, 40, 160])
    alike = np.repeat([1, 0, 1, 0], [100, 100, 100, 100])
    models = {"now": Always(y), "next": Always(alike)}
    sex = {"sex": ["f"] * 200 + ["m"] * 200}
    report = audit(models, np.zeros((400, 1)), y, sensitive_features=sex, **QUICK)
    told = report.summary[-1]
    assert told.startswith(
        "By sex, next beside now on the same rows: its demographic parity difference "
        "is 60.0 percentage points smaller ("
    )
    assert "its equalized odds difference is 37.5 percentage points larger (" in told
    assert "its accuracy is 30.0 percentage points lower (" in told
    assert told.endswith(
        " 1 is predicted more often for sex=m (50.0 % against 20.0 %) and less often "
        "for sex=f (50.0 % against 80.0 %)."
    )
    assert told in report.to_dict()["summary"]
    row = report.changes.set_index("figure").loc["demographic_parity_difference"]
    assert row["change"] == pytest.approx(-0.6)
    assert row["low"] < row["change"] < row["high"] < 0
    same = {"now": Always(y), "next": Always(y)}
    report = audit(same, np.zeros((400, 1)), y, sensitive_features=sex, **QUICK)
    assert report.summary[-1] == (
        "By sex, next beside now on the same rows: none of its gaps is surely smaller "
        "or larger; its accuracy is at most 0.0 percentage points lower."
    )


@pytest.mark.filterwarnings("ignore:m was fitted on about 100% of these rows")
@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
def test_fairreps_estimators_have_a_representation(biased, quick):
    X, y, s = biased
    classifier = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=s)
    found = read_model("m", classifier, X, y, None)
    np.testing.assert_array_equal(found.representation, classifier.transform(X))
    assert found.mi_estimate == classifier.mi_estimate_
    again = found.requests(1)
    assert np.abs(again - found.representation).mean() > 0.1  # noise drawn anew
    np.testing.assert_array_equal(found.requests(1), again)
    plain = MIDebiasedClassifier(bottleneck="deterministic", **quick)
    plain.fit(X, y, sensitive_features=s)
    assert read_model("m", plain, X, y, None).requests is None
    assert [*found.views()] == ["score", "representation"]
    scaled = StandardScaler().fit(X)
    inner = MIDebiasedClassifier(**quick)
    inner.fit(scaled.transform(X), y, sensitive_features=s)
    pipe = make_pipeline(scaled, inner)
    found = read_model("m", pipe, X, y, None)
    np.testing.assert_array_equal(
        found.representation, inner.transform(scaled.transform(X))
    )
    transformer = MIFairTransformer(**quick).fit(X, y, sensitive_features=s)
    head = LogisticRegression().fit(transformer.transform(X), y)
    found = read_model("m", make_pipeline(transformer, head), X, y, None)
    np.testing.assert_array_equal(found.representation, transformer.transform(X))
    assert found.score is not None
    alone = read_model("m", transformer, X, y, None)
    assert alone.y_pred is None
    assert [*alone.views()] == ["representation"]


def test_a_random_representation_can_be_asked_again(biased):
    class Random:
        mi_estimate_ = 0.1
        n_asked = 0

        def transform(self, X):
            self.n_asked += 1
            return np.asarray(X) + self.n_asked

    X, y, _ = biased
    found = read_model("m", Random(), X, y, None).take(np.arange(10))
    first, second = found.requests(0), found.requests(1)
    assert first.shape == (10, X.shape[1])
    np.testing.assert_allclose(second - first, 1, atol=0.01)


def test_leakage_is_measured_of_every_view(biased, quick):
    X, y, s = biased
    model = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=s)
    with pytest.warns(UserWarning, match="was fitted on about 100% of these rows"):
        report = audit(
            model, X, y, sensitive_features=s, n_bootstrap=20, random_state=0
        )
    (views,) = report.models["MIDebiasedClassifier"].leakage.values()
    assert [v.name for v in views] == ["score", "representation"]
    assert all(0.5 <= v.value <= 1 for v in views)
    assert len(report.proxies) == 1
    assert "estimate from training" in str(report)
    json.loads(report.to_json())


@pytest.mark.filterwarnings("ignore:.* was fitted on about 100% of these rows")
def test_a_representation_needs_no_labels(biased, quick, model):
    X, y, s = biased
    transformer = MIFairTransformer(**quick).fit(X, sensitive_features=s)
    given = {"sensitive_features": s, "n_bootstrap": 20, "random_state": 0}
    report = audit(transformer, X, **given)
    found = report.models["MIFairTransformer"]
    assert found.figures == []
    ((representation,),) = found.leakage.values()
    assert representation.name == "representation"
    assert "Class" not in str(report)
    assert content(report) == content(audit(transformer, X, y, **given))
    with pytest.raises(ValueError, match="head predicts, so y is needed"):
        audit({"z": transformer, "head": model}, X, **given)
    with pytest.raises(ValueError, match="y has 3 rows and X has 400"):
        audit(transformer, X, y[:3], **given)


def test_what_is_said_of_one_model_does_not_depend_on_the_others(biased, model):
    X, y, s = (part[:200] for part in biased)
    shallow = DecisionTreeClassifier(max_depth=2).fit(X, y)
    given = {"sensitive_features": s, "n_bootstrap": 20, "random_state": 0}
    alone = audit({"b": model}, X, y, **given).to_dict()
    both = audit({"a": shallow, "b": model}, X, y, **given).to_dict()
    assert both["proxies"] == alone["proxies"]
    assert both["models"]["b"] == alone["models"]["b"]


def test_missing_sensitive_values(biased, model):
    X, y, s = biased
    s = pd.Series(s).astype(object)
    s[:7] = None
    with pytest.raises(ValueError, match=r"7 in 'sensitive_feature_0', of 400 rows"):
        audit(model, X, y, sensitive_features=np.asarray(s), **QUICK)
    report = audit(
        model, X, y, sensitive_features=np.asarray(s), missing="drop", **QUICK
    )
    assert (report.n_rows, report.n_dropped) == (393, 7)
    rest = audit(model, X[7:], y[7:], sensitive_features=np.asarray(s)[7:], **QUICK)
    assert report.figures().to_dict() == rest.figures().to_dict()
    assert "7 of 400 rows have no value for sensitive_feature_0" in report.summary[-1]


def test_a_missing_value_counts_in_its_own_column_alone(biased, model):
    X, y, s = biased
    age = np.tile([30.0, 40.0, 50.0, np.nan], 100)
    both = {"sex": s, "age": age}
    report = audit(model, X, y, sensitive_features=both, missing="drop", **QUICK)
    assert report.n_unknown == {"sex": 0, "age": 100, "sex x age": 100}
    assert (report.n_rows, report.n_dropped) == (400, 0)
    alone = audit(model, X, y, sensitive_features={"sex": s}, **QUICK)
    assert report.figures(sensitive="sex").to_dict() == alone.figures().to_dict()
    known = ~np.isnan(age)
    rest = {"sensitive_features": {"age": age[known]}, **QUICK}
    rest = audit(model, X[known], y[known], **rest).figures().to_dict()
    assert report.figures(sensitive="age").to_dict() == rest
    ratios = report.impact_ratios()
    assert ratios.loc[("age", "(not known)"), "count"] == 100
    assert ratios.loc["age", "share"].sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="column 'age' has no value in any row"):
        predictions(
            sensitive_features={"age": [None] * 200, "sex": ["f", "m"] * 100},
            missing="drop",
        )


def test_containers(biased, model):
    X, y, s = biased
    expected = content(audit(model, X, y, sensitive_features=s, **QUICK))
    for wrap in (pd.Series, pl.Series, list):
        report = audit(model, X, wrap(y), sensitive_features=wrap(s), **QUICK)
        assert content(report) == expected


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_pred": [0, 1]}, "y_pred has 2 rows and y_true has 200"),
        ({"sensitive_features": ["a", "b"]}, "has 2 rows; expected 200"),
        ({"sensitive_features": ["a"] * 200}, "has a single group, 'a', in all 200"),
        ({"sensitive_features": [*"abc", None] * 50}, "missing values: 50 in"),
        ({"sensitive_features": [f"id{i}" for i in range(200)]}, "an identifier"),
        ({"y_pred": np.linspace(0, 1, 200)}, "must hold class labels"),
        ({"y_pred": ["high", "low"] * 100}, "Mix of label input types"),
        (
            {"y_true": ["n", "y"] * 100, "y_pred": ["high", "low"] * 100},
            r"y_pred holds \['high', 'low'\], none of which is a label of y_true",
        ),
        ({"y_score": [0.1] * 3}, "y_score has 3 rows and y_true has 200"),
        ({"y_score": [np.nan] * 200}, "200 values that are NaN"),
        ({"y_score": ["a"] * 200}, "y_score must hold numbers"),
        ({"y_score": np.ones((200, 3))}, r"shape \(200, 3\); expected one column"),
        ({"y_true": None}, "go together; got only y_pred"),
        ({"y_true": None, "y_pred": None}, "Nothing to audit"),
        ({"representation": np.ones((3, 2))}, r"shape \(3, 2\); expected 200 rows"),
        ({"pos_label": 5}, "pos_label=5 is none of"),
        ({"n_bootstrap": 1}, "'n_bootstrap' parameter of audit"),
        ({"confidence": 95}, "'confidence' parameter of audit"),
        ({"missing": "ignore"}, "'missing' parameter of audit"),
        ({"limits": {"parity": 0.1}}, "limits has 'parity', which is no figure"),
        ({"limits": {"gap": 10}}, r"limits\['gap'\] must be in \[0, 1\]; got 10"),
        ({"limits": {"leakage": 0.6}}, "which leakage=False leaves unmeasured"),
        ({"group_names": {"sex": {}}}, "has 'sex', which is no sensitive column"),
        (
            {"group_names": {"sensitive_feature_0": {"c": "women"}}},
            "has 'c', which is no group there; they are a, b",
        ),
        (
            {"group_names": {"sensitive_feature_0": {"a": "x", "b": "x"}}},
            "names two groups 'x'",
        ),
    ],
)
def test_bad_predictions(changed, message):
    with pytest.raises(ValueError, match=message):
        predictions(**changed)


def test_bad_models(biased, model):
    X, y, s = biased
    with pytest.raises(ValueError, match="y has 3 rows and X has 400"):
        audit(model, X, y[:3], sensitive_features=s, **QUICK)
    with pytest.raises(ValueError, match=r"never saw: \[7\].*fitted on \[0, 1\]"):
        audit(model, X, np.where(y == 1, 7, y), sensitive_features=s, **QUICK)
    with pytest.raises(NotFittedError):
        audit(LogisticRegression(), X, y, sensitive_features=s, **QUICK)
    with pytest.raises(TypeError, match="object has neither predict nor transform"):
        audit(object(), X, y, sensitive_features=s, **QUICK)
    with pytest.raises(TypeError, match="audit of a model needs X"):
        audit(model, sensitive_features=s, **QUICK)
    with pytest.raises(TypeError, match="takes one array, the representation, and no"):
        audit(X, y=y, sensitive_features=s, **QUICK)
    regression = LinearRegression().fit(X, y)
    with pytest.raises(ValueError, match=r"must hold class labels.*regression_report"):
        audit(regression, X, y, sensitive_features=s, **QUICK)
    with pytest.raises(ValueError, match="at least one"):
        audit([], X, y, sensitive_features=s, **QUICK)


def test_exports(tmp_path, leakage):
    report = predictions(y_score=[0.2, 0.9, 0.6, 0.7] * 50)
    report.models["predictions"].leakage = {"s": [leakage()]}
    frame = report.to_frame()
    assert [*frame] == [
        "model", "class", "sensitive", "group", "metric", "value", "low", "high"
    ]  # fmt: skip
    row = frame[frame["metric"] == "demographic_parity_difference"].iloc[0]
    assert row["value"] == 0
    text = report.to_json(tmp_path / "report.json")
    content = json.loads((tmp_path / "report.json").read_text())
    assert content == json.loads(text)
    assert content["models"]["predictions"]["groups"][0]["by_group"]["a"]["count"] == {
        "value": 100.0,
        "low": None,
        "high": None,
    }
    assert content["summary"] == report.summary
    printed = str(report)
    assert "Class 1 by sensitive_feature_0" in printed
    assert "at least 0.080 nats" in printed
    assert repr(report).startswith("AuditReport(models=['predictions'], n_rows=200")
    with pytest.raises(ValueError, match=r"sensitive='age' is none of"):
        report.figures(sensitive="age")


def test_summary_says_what_was_found(leakage):
    report = predictions(y_pred=[0, 0] * 50 + [0, 1] * 50)
    report.models["predictions"].leakage = {
        "sex": [leakage(value=0.7), leakage("representation", 0.505)]
    }
    gap, found, nothing = report.summary
    assert gap.startswith(
        "By sensitive_feature_0, 1 is predicted for 0.0 % of sensitive_feature_0=a and "
        "50.0 % of sensitive_feature_0=b, 50.0 percentage points apart (95 % interval "
    )
    assert found == (
        "From the score, sex can be told: of one row of each group, an attacker tells "
        "which is which 70.0 times in 100 (68.0 to 72.0; guessing: 50); by luck: 51.0, "
        "at most 52.0."
    )
    assert "sex cannot be told by any attacker tried" in nothing
    assert nothing.endswith("Another attacker may still find more.")
    report.models["predictions"].leakage = {"sex": [leakage(value=0.519, low=0.515)]}
    assert "can hardly be told, no more than by luck" in report.summary[1]
    undirected = leakage(value=0.51)
    undirected.metric, undirected.mi_low = "rank_correlation", 0.07
    report.models["predictions"].leakage = {"age": [undirected]}
    assert (
        "of what there is to know of it the score holds at least 10.1 %."
        in (report.summary[1])
    )
    report.models["predictions"].leakage = {"sex": [leakage(value=0.505, surest=0.7)]}
    assert (
        "of the tenth that an attacker is surest of, 70.0 % are told rightly"
        in (report.summary[1])
    )
    two = leakage(value=0.505)
    two.metric, two.pair = "balanced_accuracy", Pair(("a", "b"), "x", 0.8, 0.6)
    report.models["predictions"].leakage = {"race": [two]}
    assert (
        "tells apart a and b 80.0 times in 100 (guessing: 50; by luck at most 60.0)"
        in (report.summary[1])
    )


def test_chance_is_said_of_the_groups_it_can_deceive_of():
    """A small group with an extreme rate, beside two large ones that surely differ."""
    said = predictions().summary[0]
    assert said.endswith(
        "Chance alone can make a difference of this size between sensitive_feature_0=a "
        "and sensitive_feature_0=b."
    )
    groups = ["f"] * 250 + ["m"] * 303 + ["unknown"] * 40
    y_pred = np.r_[np.arange(250) < 125, np.arange(303) < 220, np.arange(40) < 18]
    report = predictions(
        y_true=np.arange(593) % 2,
        y_pred=y_pred.astype(int),
        sensitive_features={"sex": groups},
    )
    assert "Chance alone" not in report.summary[0]
    assert "It is sex=f and sex=m that surely differ, by at least " in report.summary[0]


def test_an_order_that_tells_groups_is_named_once():
    told = "The order of the rows tells sex (p < 0.001): shuffle the rows before"
    rng = np.random.default_rng(0)
    sex = np.repeat(["f", "m"], 60)
    y = rng.integers(2, size=120)
    for order, n_told in [(np.arange(120), 1), (rng.permutation(120), 0)]:
        report = AuditReport.from_predictions(
            y,
            y,
            sensitive_features={"sex": sex[order]},
            n_bootstrap=20,
            random_state=0,
        )
        assert sum(line.startswith(told) for line in report.summary) == n_told
        assert (report.to_dict()["order"]["sex"] < 0.001) == bool(n_told)
        assert "Not tried: " in str(report)


@pytest.mark.parametrize(
    ("n_predicted", "words"),
    [
        (
            2,
            "1 is hardly ever predicted, for 1.0 % of all rows, where it is true of",
        ),
        (190, "1 is nearly always predicted, for 95.0 % of all rows"),
        (20, ""),
    ],
)
def test_summary_says_where_a_small_gap_is_no_achievement(n_predicted, words):
    y_true = np.arange(200) % 10 < 3
    report = predictions(
        y_true=y_true.astype(int),
        y_pred=(np.arange(200) < n_predicted).astype(int),
        sensitive_features={"sex": ["f", "m"] * 100},
    )
    assert ("no achievement" in report.summary[0]) == bool(words)
    assert words in report.summary[0]


def test_groups_of_no_gap_are_still_two():
    row = predictions().figures().disparities.loc["demographic_parity_difference"]
    assert (row["value"], row["lowest"], row["highest"]) == (0, "a", "b")


def test_the_group_with_the_higher_rate_is_named_first():
    black = {"black": ["yes"] * 100 + ["no"] * 100}
    report = predictions(y_pred=[0, 0] * 50 + [0, 1] * 50, sensitive_features=black)
    for text in (str(report), report.to_html()):
        assert "black=no above black=yes" in text
        assert "yes - no" not in text
    assert "black=yes level with black=no" in str(predictions(sensitive_features=black))


def test_rates_of_few_groups_are_compared():
    groups = {"sex": ["f", "m"] * 100, "age": [30, 40, 50, 60] * 50}
    table = predictions(sensitive_features=groups).compare()
    figures = table.index.get_level_values("figure")
    names = [name for name in figures if "rate of" in name]
    assert names[:3] == [
        "selection rate of sex=f",
        "selection rate of sex=m",
        "selection rate of age=30",
    ]
    assert "selection rate of sex=f, age=30" in names
    many = predictions(sensitive_features={"age": [*range(10)] * 20}).compare()
    assert not many.index.get_level_values("figure").str.contains("rate of").any()


def test_numbers_that_are_groups_are_short_but_told_apart():
    report = predictions(sensitive_features=np.float32([3.6, 4.0] * 100))
    assert report.figures().groups == ["3.6", "4"]
    report = predictions(sensitive_features=[1.0000001, 1.0000002] * 100)
    assert report.figures().groups == ["1.0000001", "1.0000002"]


def test_intervals_of_everything_are_not_determined():
    assert interval(0.0002, 0.9999) == "not determined"
    assert interval(0.0, 0.999) == "0.000 to 0.999"
    assert interval(np.nan, np.nan) == ""


def test_tables_of_many_models_are_as_narrow_as_the_rest():
    sex = {"sex": ["f", "m"] * 100}
    report = predictions(name="a", sensitive_features=sex)
    report.models |= {name: report.models["a"] for name in "bcde"}
    text = str(report).split("Side by side")[1].split("\na\n=")[0]
    assert max(map(len, text.splitlines())) <= 88
    assert [line.split() for line in text.splitlines() if line.startswith("   ")] == [
        ["a", "b", "\\"],
        ["c", "d", "\\"],
        ["e"],
    ]


def test_summary_says_what_averaging_adds(leakage):
    report = predictions()
    found = leakage("representation", 0.505)
    report.models["predictions"].leakage = {"sex": [found]}
    found.averaging = 0.51
    assert "averages" not in report.summary[1]
    found.averaging = 0.8
    assert report.summary[1].endswith("raise this from AUC 0.505 to 0.800.")


def test_adult_in_time():
    X, y, A = load_adult(subset="test", return_X_y_s=True)
    numbers = X.select_dtypes("number")
    model = LogisticRegression(max_iter=10000).fit(
        StandardScaler().fit_transform(numbers), y
    )
    pipe = make_pipeline(StandardScaler().fit(numbers.to_numpy()), model)
    start = time.process_time()
    audit(pipe, numbers.to_numpy(), y, sensitive_features=A, leakage=False)
    assert time.process_time() - start < 3


def test_rows_of_one_index_in_another_order():
    X, y, A = load_adult(subset="test", return_X_y_s=True)
    X, y, A = X[10:110], y[10:110], A[10:110]
    model = DecisionTreeClassifier(max_depth=2).fit(X[["age"]], y)
    message = "sensitive_features has the index of X in another order"
    with pytest.raises(ValueError, match=message):
        audit(model, X[["age"]], y, sensitive_features=A[::-1], **QUICK)
    with pytest.raises(ValueError, match="index of y_true in another order"):
        AuditReport.from_predictions(y, y, sensitive_features=A[::-1], **QUICK)


def test_in_a_notebook_reports_are_short_and_escaped():
    named = ["<b>a</b>"] * 100 + ["b"] * 100
    report = predictions(sensitive_features=named)
    rates = fairness_report(
        [0, 1] * 100, [0, 1, 1, 1] * 50, sensitive_features={"<i>": named}
    )
    certificate = certify([0, 1] * 100, named)
    for shown in (report, rates, certificate):
        html = shown._repr_html_()
        assert "<b>" not in html
        assert "<i>" not in html
        assert len(html) < 20_000
    assert "<li>" in report._repr_html_()
    assert "0.750" in rates._repr_html_()


def test_groups_have_the_names_that_they_are_given():
    names = {"SEX": {0: "women", 1: "men"}}
    sex = {"SEX": [0, 1] * 100}
    report = predictions(sensitive_features=sex, group_names=names)
    assert report.figures().groups == ["women", "men"]
    assert "of women and" in report.summary[0]
    assert "SEX=women" not in str(report)
    report = predictions(
        sensitive_features={**sex, "age": [30, 40, 40, 30] * 50},
        group_names=names,
        not_compared=["men"],
    )
    assert report.figures(sensitive="SEX x age").groups[0] == "women, 30"


def test_every_limit_gets_a_verdict():
    """Of a rate of 0.5 and one of 0.75, on 400 rows each."""
    report = predictions(
        y_true=[0, 1] * 400,
        y_pred=[0, 1] * 200 + [0, 1, 1, 1] * 100,
        sensitive_features={"sex": ["f"] * 400 + ["m"] * 400},
        limits={"gap": 0.2, "ratio": 0.5, "opportunity": 0.01},
    )
    gap, ratio, opportunity = report.verdicts
    assert (gap.figure, gap.value, gap.outcome) == (
        "demographic_parity_difference",
        0.25,
        "failed",
    )
    assert (ratio.value, ratio.outcome) == (pytest.approx(2 / 3), "passed")
    # All positives are selected, of which 200 a group cannot show that it is so always.
    assert (opportunity.value, opportunity.outcome) == (0, "not determined")
    assert report.to_dict()["verdicts"][0]["outcome"] == "failed"
    text = " ".join(str(report).split())
    assert (
        "Failed: the demographic parity difference by sex (class 1) is 25.0 percentage "
        "points (" in text
    )
    assert "), above the limit of 20." in text
    assert "but not with all of its interval: more rows would tell." in text
    few = predictions(sensitive_features=["a"] * 190 + ["b"] * 10, limits={"gap": 1})
    assert few.verdicts[0].outcome == "not determined"
    assert "could not be measured" in str(few)


def test_provenance_says_what_it_is_of(biased, model):
    X, y, s = biased
    about = {"author": "A. Auditor", "purpose": "yearly"}
    report = audit(model, X, y, sensitive_features=s, about=about, **QUICK)
    source = report.provenance
    assert source.about == about
    assert source.models["LogisticRegression"]["class"] == "LogisticRegression"
    assert source.options["random_state"] == 0
    again = audit(model, X, y, sensitive_features=s, **QUICK).provenance
    assert (again.rows, again.models) == (source.rows, source.models)
    other = LogisticRegression(C=0.01).fit(X, y)
    changed = audit(other, X, y, sensitive_features=s, **QUICK).provenance
    assert changed.rows == source.rows
    assert changed.models != source.models
    moved = audit(model, X, y, sensitive_features=np.roll(s, 1), **QUICK).provenance
    assert moved.rows != source.rows


def test_a_report_beside_a_former_one(tmp_path):
    before = predictions(y_pred=[0, 1] * 50 + [1, 1] * 50)
    path = tmp_path / "old.json"
    before.to_json(path)
    now = predictions(y_pred=[1, 1] * 100)
    moved = now.changes_since(path).set_index(["group", "figure"])["moved"]
    assert moved["", "demographic_parity_difference"] == "smaller"
    assert moved["a", "selection_rate"] == "larger"
    assert moved["b", "selection_rate"] == "not surely"
    assert moved.equals(
        now.changes_since(before).set_index(["group", "figure"])["moved"]
    )
    path.write_text("{}")
    with pytest.raises(ValueError, match="is no report of fairrep"):
        now.changes_since(path)


@pytest.mark.slow
def test_json_keeps_to_its_schema(biased, model, quick):
    schema = json.loads(
        files("fairrep.auditing").joinpath("templates/report.schema.json").read_text()
    )
    X, y, s = biased
    full = audit(
        {"a": model, "b": DecisionTreeClassifier(max_depth=1).fit(X, y)},
        X[:200],
        y[:200],
        sensitive_features={"s": s[:200], "t": np.arange(200) % 3},
        n_bootstrap=20,
        random_state=0,
        limits={"gap": 0.1, "leakage": 0.6},
    )
    for report in (full, predictions(), audit(X, sensitive_features=s, n_bootstrap=20)):
        jsonschema.validate(json.loads(report.to_json()), schema)
    broken = json.loads(full.to_json())
    del broken["provenance"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


@pytest.mark.slow
def test_an_array_or_any_transformer_is_a_representation(biased):
    X, _, s = biased
    given = {"sensitive_features": s, "n_bootstrap": 20, "random_state": 0}
    alone = audit(X, **given)
    assert [*alone.models] == ["representation"]
    same = AuditReport.from_predictions(
        None, None, representation=X, name="representation", **given
    )
    assert content(alone)["models"] == content(same)["models"]
    scaled = audit(StandardScaler().fit(X), X, **given)
    ((found,),) = scaled.models["StandardScaler"].leakage.values()
    assert found.name == "representation"


def test_images_are_audited_without_their_columns(biased):
    """A model of four-dimensional X; what single pixels tell is left out, and said."""
    _, y, s = biased
    images = np.random.default_rng(0).normal(size=(400, 1, 4, 4))

    class OfImages:
        classes_ = np.array([0, 1])

        def predict(self, X):
            return (X.mean(axis=(1, 2, 3)) > 0).astype(int)

    report = audit(
        OfImages(), images, y, sensitive_features=s, n_bootstrap=20, random_state=0
    )
    assert report.proxies == {}
    assert "X has 4 dimensions, as images have" in report.summary[-1]
    assert "<html" in report.to_html()
