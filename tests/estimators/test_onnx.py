"""A graph of ONNX predicts what the classifier predicts, from the raw columns."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.naive_bayes import GaussianNB
from torch import nn

from fairrep import MIDebiasedClassifier, MIDebiasedClassifierCV
from fairrep.datasets import load_adult

pytest.importorskip("onnx", reason="onnx is an extra")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime runs the graphs")

pytestmark = pytest.mark.filterwarnings(
    "ignore:The classifier has collapsed", "ignore:Column .* of X holds .* that fit"
)


def run(graph, X):
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X).add_prefix("x")
    feed = {}
    for value in session.get_inputs():
        column = frame[value.name]
        if value.type == "tensor(string)":
            texts = [[("" if pd.isna(cell) else str(cell))] for cell in column]
            feed[value.name] = np.array(texts, dtype=object)
        else:
            numbers = column.to_numpy(dtype=np.float32, na_value=np.nan)
            feed[value.name] = numbers[:, None]
    return session.run(["label", "probabilities"], feed)


def assert_same(clf, X):
    label, probabilities = run(clf.to_onnx(), X)
    assert_allclose(probabilities, clf.predict_proba(X), atol=1e-5)
    is_sure = np.ptp(np.sort(probabilities, axis=1)[:, -2:], axis=1) > 1e-4
    assert_array_equal(label[is_sure], clf.predict(X)[is_sure])


@pytest.fixture(scope="module")
def adult():
    X, y, A = load_adult(subset="train", return_X_y_s=True)
    X = X[:3000].reset_index(drop=True)
    X.loc[::9, "age"] = np.nan
    return X, y[:3000].to_numpy(), A[:3000].to_numpy()


PARAMS = {
    "defaults": {},
    "discrete": {"bottleneck": "discrete", "n_codes": 5},
    "deterministic": {"bottleneck": "deterministic"},
    "two components": {"n_components": 2},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "two layers, no bins": {"hidden_layer_sizes": (8, 6), "numeric_embedding": None},
}


@pytest.mark.parametrize("params", PARAMS.values(), ids=PARAMS)
def test_a_graph_is_the_classifier(adult, params):
    X, y, A = adult
    settings = {"hidden_layer_sizes": (8,), "max_epochs": 3, "random_state": 0}
    clf = MIDebiasedClassifier(1.0, **settings | params)
    clf.fit(X[:2000], y[:2000], sensitive_features=A[:2000])
    rest = X[2000:].copy()
    assert_same(clf, rest)
    # What fit never saw, and what is missing.
    rest["workclass"] = rest["workclass"].astype(object)
    rest.loc[2000:2100, "workclass"] = "astronaut"
    rest.loc[2101:2200, "workclass"] = None
    rest.loc[2201:2300, "hours-per-week"] = np.nan
    assert_same(clf, rest)


@pytest.mark.parametrize(
    "classes", [[0, 1, 2], ["low", "mid", "top"], [1.0, 2.0, 4.0], [False, True]]
)
def test_classes_keep_their_names(biased, quick, classes):
    X, _, s = biased
    y = np.array(classes)[np.digitize(X[:, 0], [-0.5, 0.5][: len(classes) - 1])]
    assert_same(MIDebiasedClassifier(1.0, **quick).fit(X, y, sensitive_features=s), X)


def test_booleans_and_numbers_as_categories(biased, quick):
    X, y, s = biased
    frame = pd.DataFrame({"flag": X[:, 0] > 0, "amount": X[:, 1]})
    frame["code"] = pd.Categorical(np.digitize(X[:, 2], [-1, 0, 1]))
    clf = MIDebiasedClassifier(1.0, **quick).fit(frame, y, sensitive_features=s)
    assert_same(clf, frame)
    assert_same(clf, frame.assign(flag=frame["flag"].astype(int)))


def test_the_search_writes_its_choice(biased, quick, tmp_path):
    X, y, s = biased
    clf = MIDebiasedClassifierCV(lambdas=[0, 1], max_gap=1.0, **quick)
    clf.fit(X, y, sensitive_features=s)
    graph = clf.to_onnx(tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == graph
    _, probabilities = run(graph, X)
    assert_allclose(probabilities, clf.predict_proba(X), atol=1e-5)


def test_what_is_no_part_of_a_graph_is_named(biased, quick):
    X, y, s = biased
    fit = {"y": y, "sensitive_features": s}
    scored = MIDebiasedClassifier(1.0, estimator=GaussianNB(), **quick).fit(X, **fit)
    with pytest.raises(ValueError, match="Expected a model without them"):
        scored.to_onnx()
    settings = {**quick, "encoder": nn.Linear(X.shape[1], 4)}
    settings.pop("hidden_layer_sizes")
    own = MIDebiasedClassifier(1.0, **settings).fit(X, **fit)
    with pytest.raises(ValueError, match="built-in encoder; got one of your own"):
        own.to_onnx()
    frame = pd.DataFrame(X).add_prefix("x").rename(columns={"x0": "label"})
    clash = MIDebiasedClassifier(1.0, **quick).fit(frame, **fit)
    with pytest.raises(ValueError, match="X has a column 'label', which is the name"):
        clash.to_onnx()
