"""Models of other people: read without running code, unless told to."""

import pickle
import sys

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

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
