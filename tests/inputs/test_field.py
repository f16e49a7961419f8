"""Situations that users of this field reported, each with its right answer."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from fairlearn.postprocessing import ThresholdOptimizer
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from fairrep import AuditReport, MIDebiasedClassifier, MIFairTransformer, audit, certify
from fairrep.metrics import fairness_report

pytestmark = pytest.mark.filterwarnings("ignore:.*collapsed", "ignore:.*was fitted on")


@pytest.fixture
def frame(biased):
    X, y, s = biased
    sex = np.where(s == 1, "f", "m")
    return pd.DataFrame({"x1": X[:, 0], "x2": X[:, 1]}), y, sex


@pytest.mark.parametrize(
    "names",
    [[0, 1], pd.MultiIndex.from_tuples([("a", "x"), ("a", "z")]), ["self", "x"]],
    ids=["integers", "tuples", "a word of pandas"],
)
def test_audit_with_names_of_any_kind(frame, quick, names):
    X, y, sex = frame
    X = X.set_axis(names, axis=1)
    clf = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=sex)
    report = audit(clf, X, y, sensitive_features=sex, leakage=False, random_state=0)
    assert report.n_rows == len(X)


def test_audit_of_a_pipeline_on_an_array_of_objects(frame, quick):
    X, y, sex = frame
    A = X.assign(job=np.where(X.x1 > 0, "clerk", "nurse")).to_numpy(dtype=object)
    pipe = make_pipeline(
        make_column_transformer((OneHotEncoder(), [2]), remainder=StandardScaler()),
        MIFairTransformer(**quick),
        LogisticRegression(),
    )
    pipe.fit(A, y, mifairtransformer__sensitive_features=sex)
    report = audit(pipe, A, y, sensitive_features=sex, leakage=False, random_state=0)
    assert "Pipeline" not in report.models  # the last step says more


def test_missing_numbers_are_asked_for_again_as_missing(frame, quick):
    """One missing value turned a whole column of the request into NaN."""
    X, y, sex = frame
    X.loc[3, "x1"] = np.nan
    A = X.to_numpy()
    clf = MIDebiasedClassifier(**quick).fit(A, y, sensitive_features=sex)
    report = audit(clf, A, y, sensitive_features=sex, n_bootstrap=20, random_state=0)
    ((_, representation),) = report.models["MIDebiasedClassifier"].leakage.values()
    assert 0.5 <= representation.averaging <= 1


def test_audit_of_a_model_that_needs_s_to_predict(frame):
    X, y, sex = frame
    model = ThresholdOptimizer(
        estimator=LogisticRegression(), predict_method="predict_proba"
    )
    model.fit(X, y, sensitive_features=sex)
    with pytest.raises(TypeError, match=r"needs sensitive_features.*from_predictions"):
        audit(model, X, y, sensitive_features=sex, leakage=False)


@pytest.mark.parametrize("method", ["predict_proba", "decision_function", "predict"])
def test_fairlearns_thresholds_take_a_fitted_classifier(frame, method):
    """With the public defaults, as the README recommends it."""
    X, y, sex = frame
    clf = MIDebiasedClassifier(max_epochs=2, random_state=0)
    clf.fit(X, y, sensitive_features=sex)
    model = ThresholdOptimizer(estimator=clf, prefit=True, predict_method=method)
    model.fit(X, y, sensitive_features=sex)
    assert {*model.predict(X, sensitive_features=sex)} <= {0, 1}


@pytest.mark.parametrize("as_dict", [False, True])
def test_a_missing_group_is_missing_in_any_container(frame, quick, as_dict):
    X, y, sex = frame
    values = [np.nan if i < 60 else value for i, value in enumerate(sex)]
    given = {"sex": values} if as_dict else values
    for call in (
        lambda: MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=given),
        lambda: fairness_report(y, y, sensitive_features=given),
        lambda: certify(y, given),
    ):
        with pytest.raises(ValueError, match="missing values"):
            call()
    report = AuditReport.from_predictions(
        y, y, sensitive_features=given, missing="drop", leakage=False, random_state=0
    )
    assert report.n_dropped == 60
    assert 60 in report.n_unknown.values()


def test_columns_of_a_dict_have_one_length(frame, quick):
    X, y, sex = frame
    given = {"sex": sex, "age": np.arange(10)}
    with pytest.raises(ValueError, match=r"columns of different lengths: .*'age': 10"):
        MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=given)


@pytest.mark.parametrize("which", ["X", "y", "S"])
def test_lazy_frames_are_to_be_collected(frame, quick, which):
    X, y, sex = frame
    given = {"X": X, "y": y, "S": sex}
    given[which] = pl.from_pandas(pd.DataFrame(given[which])).lazy()
    with pytest.raises(TypeError, match=r"lazy frame.*collect\(\)"):
        MIDebiasedClassifier(**quick).fit(
            given["X"], given["y"], sensitive_features=given["S"]
        )


@pytest.mark.parametrize("kind", ["integers", "booleans", "text"])
def test_y_of_a_category(frame, quick, kind):
    X, y, sex = frame
    values = {"integers": y, "booleans": y == 1, "text": np.where(y == 1, "b", "a")}
    target = pd.Series(values[kind]).astype("category")
    clf = MIDebiasedClassifier(**quick).fit(X, target, sensitive_features=sex)
    assert clf.classes_.tolist() == sorted(set(values[kind].tolist()))
    MIFairTransformer(**quick).fit(X, target, sensitive_features=sex)


def test_a_column_of_x_does_not_stand_for_one_of_the_code_table(frame, quick):
    X, y, sex = frame
    X = X.set_axis(["share", "rate of 1"], axis=1)
    clf = MIDebiasedClassifier(bottleneck="discrete", **quick)
    table = clf.fit(X, y, sensitive_features=sex).code_table_
    assert table["share"].sum() == pytest.approx(1)
    assert pd.api.types.is_numeric_dtype(table["rate of 1"])
    assert {"column share", "column rate of 1"} <= {*table}


@pytest.mark.filterwarnings("ignore:.*is 0/0, and counted as 0")
@pytest.mark.parametrize("kind", ["intervals", "timestamps", "without rows"])
def test_a_report_is_json(frame, kind):
    _, y, sex = frame
    age = pd.Series(np.arange(len(y)) % 60 + 18)
    groups = {
        "intervals": pd.cut(age, [0, 30, 50, 100]),
        "timestamps": pd.to_datetime(pd.Series(np.where(sex == "f", "2020", "2021"))),
        "without rows": pd.DataFrame({"a": sex, "b": np.where(sex == "f", "p", age)}),
    }
    report = fairness_report(y, y, sensitive_features=groups[kind].iloc[: len(y)])
    json.dumps(report.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.cut(np.arange(400), 4).astype(object)),
        pd.Series(
            pd.arrays.IntervalArray.from_breaks(np.arange(5))[np.arange(400) % 4]
        ),
        pd.Series([None] * 400, dtype="null[pyarrow]"),
        pd.Series(np.resize(["a", "b"], 400), dtype="category").astype(
            "string[pyarrow]"
        ),
    ],
    ids=["objects", "intervals", "nothing", "arrow"],
)
def test_columns_of_pandas_own_kinds(frame, quick, column):
    X, y, sex = frame
    clf = MIDebiasedClassifier(**quick)
    clf.fit(X.assign(c=column), y, sensitive_features=sex)
    assert clf.n_features_in_ == 3
