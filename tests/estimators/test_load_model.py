"""Models of other people: read without running code, unless told to."""

import functools
import os
import pickle
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import fairrep
from fairrep import MIDebiasedClassifier, load_model


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    return X, (X[:, 0] > 0).astype(int)


@pytest.fixture(scope="module")
def model(data):
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(*data)


@pytest.fixture
def skops():
    return pytest.importorskip("skops.io")


class Marks:
    """Its pickle creates a file when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
def test_folders_are_fairreps(quick, data, tmp_path):
    saved = MIDebiasedClassifier(0, **quick).fit(*data)
    saved.save(tmp_path / "model")
    found = load_model(tmp_path / "model")
    np.testing.assert_array_equal(
        found.predict_proba(data[0]), saved.predict_proba(data[0])
    )


def test_skops(skops, model, data, tmp_path):
    skops.dump(model, tmp_path / "model.skops")
    found = load_model(str(tmp_path / "model.skops"))
    np.testing.assert_array_equal(
        found.predict_proba(data[0]), model.predict_proba(data[0])
    )


def test_types_that_skops_does_not_trust_are_listed(skops, data, tmp_path):
    path = tmp_path / "model.skops"
    model = make_pipeline(FunctionTransformer(np.fft.ifftshift), StandardScaler())
    skops.dump(model.fit(data[0]), path)
    (name,) = skops.get_untrusted_types(file=path)
    with pytest.raises(ValueError, match=rf"model\.skops holds types .*: {name}\. If"):
        load_model(path)
    assert load_model(path, trusted=[name]).transform(data[0]).shape == (60, 3)


@pytest.mark.parametrize(
    "classifier",
    [
        HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype"),
        RandomForestClassifier(2),
        LogisticRegression(),
    ],
)
def test_trees_and_pipelines_of_columns_are_trusted(skops, classifier, tmp_path):
    X = pd.DataFrame({"hours": range(40), "job": pd.Categorical(list("abcd") * 10)})
    columns = make_column_transformer(
        (OneHotEncoder(sparse_output=False), make_column_selector(pattern="job")),
        (StandardScaler(), make_column_selector(dtype_include=np.number)),
    ).set_output(transform="pandas")
    model = make_pipeline(columns, classifier).fit(X, [0, 0, 1, 1] * 10)
    skops.dump(model, tmp_path / "model.skops")
    found = load_model(tmp_path / "model.skops")
    np.testing.assert_array_equal(found.predict_proba(X), model.predict_proba(X))


def test_what_a_trusted_type_holds_must_be_trusted_too(skops, data, tmp_path):
    inner = FunctionTransformer(functools.partial(os.path.join, "a"))
    skops.dump(inner, tmp_path / "model.skops")
    with pytest.raises(ValueError, match=r"not trusted: .*partial, posixpath\.join"):
        load_model(tmp_path / "model.skops")


def test_without_skops(tmp_path, monkeypatch):
    (tmp_path / "model.skops").touch()
    monkeypatch.setitem(sys.modules, "skops", None)
    with pytest.raises(ImportError, match=r"model\.skops needs skops: pip install"):
        load_model(tmp_path / "model.skops")


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.PICKLE"])
def test_pickles_run_only_when_trusted(tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps(Marks(str(tmp_path / "ran"))))
    with pytest.raises(ValueError, match=f"{name} is a pickle.*--trust-pickle"):
        load_model(tmp_path / name)
    assert not (tmp_path / "ran").exists()
    load_model(tmp_path / name, trust_pickle=True).close()
    assert (tmp_path / "ran").exists()


def test_trusted_joblib(model, data, tmp_path):
    joblib.dump(model, tmp_path / "model.joblib", compress=3)
    found = load_model(tmp_path / "model.joblib", trust_pickle=True)
    np.testing.assert_array_equal(found.predict(data[0]), model.predict(data[0]))


@pytest.mark.parametrize("name", ["model.skops", "model.pkl"])
def test_damaged_files(skops, tmp_path, name):
    (tmp_path / name).write_bytes(b"\x80\x04damaged")
    with pytest.raises(ValueError, match=name):
        load_model(tmp_path / name, trust_pickle=True)


def test_a_skops_disguised_as_pickle_is_not_run(skops, tmp_path):
    (tmp_path / "model.skops").write_bytes(pickle.dumps(Marks(str(tmp_path / "ran"))))
    with pytest.raises(ValueError, match=r"model\.skops is no file of skops"):
        load_model(tmp_path / "model.skops", trust_pickle=True)
    assert not (tmp_path / "ran").exists()


def test_other_paths(tmp_path):
    with pytest.raises(FileNotFoundError, match="no model"):
        load_model(tmp_path / "model.skops")
    (tmp_path / "model.onnx").touch()
    with pytest.raises(ValueError, match=r"model\.onnx is: expected a folder"):
        load_model(tmp_path / "model.onnx")
    with pytest.raises(FileNotFoundError, match=r"holds no model\.json"):
        load_model(tmp_path)
    assert fairrep.load_model is load_model
