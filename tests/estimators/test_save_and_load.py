"""Saved models: what is loaded is what was saved, or an error that names the file."""

import builtins
import itertools
import json
import os
import pickle
import re
import shutil
import struct
import subprocess
import sys
from textwrap import dedent

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from skorch.callbacks import Callback

import fairrep
from fairrep import (
    MIDebiasedClassifier,
    MIDebiasedClassifierCV,
    MIFairTransformer,
    lambda_path,
)
from fairrep._storage.folder import DOCUMENT, FORMAT_VERSION, _canonical, _hash

pytestmark = pytest.mark.filterwarnings("ignore:The classifier has collapsed")


def weights_of(folder):
    (path,) = folder.glob("weights-*.safetensors")
    return path


def rewrite(folder, change, *, rehash=True):
    """Change the document; with new hashes, as someone with intent would."""
    document = json.loads((folder / DOCUMENT).read_text())
    change(document)
    if rehash:
        document["sha256"]["content"] = _hash(_canonical(document["content"]))
    (folder / DOCUMENT).write_text(json.dumps(document))


def rewrite_weights(folder, change):
    """Replace the weights and all hashes of them."""
    path = weights_of(folder)
    data = change(path.read_bytes())
    path.unlink()
    (folder / f"weights-{_hash(data)[:16]}.safetensors").write_bytes(data)
    rewrite(folder, lambda d: d["sha256"].update(weights=_hash(data)))


def assert_same(again, model, X):
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.transform(X), model.transform(X))
    if hasattr(model, "predict"):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        assert again.predict(X).dtype == model.predict(X).dtype
        np.testing.assert_array_equal(again.classes_, model.classes_)
    assert repr(again.get_params()) == repr(model.get_params())
    assert again.history_ == model.history_
    assert again.net_.history is again.history_
    assert again.n_iter_ == model.n_iter_
    assert again.net_.best_epoch() == model.net_.best_epoch()
    np.testing.assert_equal(again.mi_estimate_, model.mi_estimate_)
    np.testing.assert_equal(again.sensitive_categories_, model.sensitive_categories_)
    np.testing.assert_array_equal(again.sensitive_names_in_, model.sensitive_names_in_)
    assert {*vars(again)} == {*vars(model)}
    path_only = {"scale", "shared", "latest_position", "iterator_train__in_runs"}
    path_only |= {"n_steps", "gradients"}
    assert {*vars(again.net_)} == {*vars(model.net_)} - path_only


@pytest.fixture(scope="module")
def data():
    """Every kind of column, missing values and all."""
    rng = np.random.default_rng(0)
    n = 200
    X = pd.DataFrame(
        {
            "number": rng.normal(1e4, 300, n),
            "gaps": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "count": rng.poisson(1, n),
            "constant": 7,
            "empty": np.full(n, np.nan),
            "job": rng.choice(["nurse", "clerk", "None", ""], n),
            "flag": rng.random(n) < 0.5,
            "code": pd.Categorical(rng.integers(0, 3, n)),
        }
    )
    X["job"] = X["job"].mask(rng.random(n) < 0.1).astype(object)
    A = pd.DataFrame({"sex": rng.choice(["f", "m"], n), "age": rng.integers(18, 80, n)})
    y = np.where(X["number"] + 200 * (A["sex"] == "m") > 1e4, "yes", "no")
    return X, y, A


CASES = {
    "default": {},
    "separate": {"sensitive_combination": "separate"},
    "mine": {"mi_estimator": "mine", "bottleneck": "deterministic"},
    "odds": {"criterion": "equalized_odds", "numeric_embedding": None},
    "prediction": {"mi_target": "prediction", "hidden_layer_sizes": (5, 4)},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3},
    "numpy parameters": {
        "hidden_layer_sizes": np.array([6]),
        "noise_std": np.float64(0.5),
        "class_weight": {"yes": 2.0, "no": 1},
        "device": torch.device("cpu"),
    },
}


@pytest.mark.parametrize("case", CASES)
def test_classifier_comes_back(quick, data, tmp_path, case):
    X, y, A = data
    model = MIDebiasedClassifier(2.0, **quick | CASES[case])
    model.fit(X, y, sensitive_features=A)
    model.save(tmp_path / "model")
    again = fairrep.load(tmp_path / "model")
    assert_same(again, model, X)
    # Values that fit never saw: the encoding is restored, not merely its results.
    other = X.iloc[:8].assign(job="pilot", number=np.nan, code=9, empty=1.0)
    np.testing.assert_array_equal(again.transform(other), model.transform(other))


@pytest.mark.parametrize(
    "y",
    [
        np.arange(200) % 3,
        np.arange(200) % 2 == 0,
        (np.arange(200) % 2).astype(float),
        pd.Series(np.arange(200) % 2).map({0: "nö", 1: "ja"}).astype("category"),
    ],
    ids=["int", "bool", "float", "category"],
)
def test_classes_keep_their_type(quick, data, tmp_path, y):
    X, _, A = data
    model = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=A)
    model.save(tmp_path)
    again = fairrep.load(tmp_path)
    assert again.classes_.dtype == model.classes_.dtype
    assert_same(again, model, X)


@pytest.mark.parametrize("target", ["regression", "reconstruction", "classification"])
def test_transformer_comes_back(quick, data, tmp_path, target):
    X, labels, A = data
    y = {"regression": X["number"], "reconstruction": None}.get(target, labels)
    model = MIFairTransformer(**quick).fit(X, y, sensitive_features=A)
    model.save(tmp_path)
    assert_same(fairrep.load(tmp_path), model, X)


def test_arrays_without_names_and_without_s(quick, biased, tmp_path):
    X, y, _ = biased
    model = MIDebiasedClassifier(0, **quick).fit(X, y)
    model.save(tmp_path)
    again = fairrep.load(tmp_path)
    assert_same(again, model, X)
    assert np.isnan(again.mi_estimate_)
    assert not hasattr(again, "feature_names_in_")


@pytest.mark.parametrize("columns", [["number", "gaps"], ["job", "flag"], ["empty"]])
def test_columns_of_one_kind(quick, data, tmp_path, columns):
    X, y, A = data
    model = MIDebiasedClassifier(**quick).fit(X[columns], y, sensitive_features=A)
    model.save(tmp_path)
    assert_same(fairrep.load(tmp_path), model, X[columns])


def test_sensitive_categories_of_other_kinds(quick, data, tmp_path):
    X, y, A = data
    S = {
        "age": pd.cut(A["age"], [0, 30, 50, 100]),
        "since": pd.Series(pd.to_datetime(["2020-01-01", "2021-01-01"] * 100)),
        "mixed": pd.Series([1, "a"] * 50 + [2, "b"] * 50, dtype=object),
    }
    model = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=pd.DataFrame(S))
    model.save(tmp_path)
    assert_same(fairrep.load(tmp_path), model, X)


@pytest.fixture(scope="module")
def path(data):
    X, y, A = data
    settings = {"max_epochs": 3, "warmup_epochs": 1, "n_components": 3}
    return lambda_path(
        X, y, sensitive_features=A, lambdas=[0, 1, 10], random_state=0, **settings
    )


def test_a_point_of_a_path_comes_back(path, data, tmp_path):
    X, y, A = data
    model = path.at(3.0)
    model.save(tmp_path)
    again = fairrep.load(tmp_path)
    assert_same(again, model, X)
    assert again.lambda_mi == again.net_.lambda_mi == 3.0
    np.testing.assert_array_equal(again.predict_proba(X), path.predict_proba(X, 3.0))
    again.set_params(max_epochs=3).fit(X, y, sensitive_features=A)


def test_parameters_set_after_fit_do_not_change_the_net(quick, data, tmp_path):
    X, y, A = data
    model = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=A)
    model.set_params(noise_std=2.0, n_components=7, hidden_layer_sizes=(3, 3))
    model.save(tmp_path)
    again = fairrep.load(tmp_path)
    assert_same(again, model, X)
    again.fit(X, y, sensitive_features=A)
    assert again.transform(X).shape == (200, 7)


def test_output_of_transform_stays_pandas(quick, data, tmp_path):
    X, y, A = data
    model = MIFairTransformer(**quick).set_output(transform="pandas")
    model.fit(X, y, sensitive_features=A).save(tmp_path)
    pd.testing.assert_frame_equal(
        fairrep.load(tmp_path).transform(X), model.transform(X)
    )


# -- a life after loading ------------------------------------------------------


@pytest.fixture(scope="module")
def fitted(data):
    X, y, A = data
    model = MIDebiasedClassifier(
        2.0,
        max_epochs=3,
        warmup_epochs=1,
        hidden_layer_sizes=(8,),
        n_components=4,
        n_members=1,
        critic_hidden_layer_sizes=(8,),
        random_state=0,
    )
    return model.fit(X, y, sensitive_features=A["sex"])


@pytest.fixture
def saved(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    return tmp_path / "model"


def test_loaded_models_live_on(fitted, saved, data, tmp_path):
    X, y, A = data
    again = fairrep.load(saved)
    again.save(tmp_path / "second")
    assert_same(fairrep.load(tmp_path / "second"), fitted, X)
    assert weights_of(tmp_path / "second").name == weights_of(saved).name
    assert_same(pickle.loads(pickle.dumps(again)), fitted, X)
    refit = clone(again).fit(X, y, sensitive_features=A["sex"])
    np.testing.assert_array_equal(refit.predict_proba(X), fitted.predict_proba(X))
    again.fit(X, y, sensitive_features=A["sex"])
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_saving_changes_nothing_and_reads_no_random_state(fitted, data, tmp_path):
    X, *_ = data
    torch_state = torch.get_rng_state()
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002
    before = fitted.predict_proba(X)
    fitted.save(tmp_path)
    fairrep.load(tmp_path)
    np.testing.assert_array_equal(fitted.predict_proba(X), before)
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002


def test_loading_runs_no_code(fitted, saved, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("loading would run code")

    for module, name in [
        (pickle, "load"),
        (pickle, "loads"),
        (pickle, "Unpickler"),
        (torch, "load"),
        (builtins, "eval"),
        (builtins, "exec"),
        (np, "load"),
    ]:
        monkeypatch.setattr(module, name, refuse)
    fairrep.load(saved)
    assert b"\x80\x04" not in (saved / DOCUMENT).read_bytes()
    assert {path.suffix for path in saved.iterdir()} == {
        ".json",
        ".lock",
        ".safetensors",
    }


def test_the_document_can_be_read(saved):
    document = json.loads((saved / DOCUMENT).read_text())
    content = document["content"]
    assert document["format_version"] == FORMAT_VERSION == 5
    assert content["class"] == "MIDebiasedClassifier"
    assert content["versions"]["torch"] == torch.__version__
    assert content["params"]["n_components"] == 4
    categories = ["", "None", "clerk", "nurse", None]
    assert content["inputs"]["table"]["columns"][5] == {
        "kind": "categorical",
        "labels": categories,
        "pooled": 0.0,
    }


# -- a user's own encoder ------------------------------------------------------


class Tied(torch.nn.Module):
    """Two names for one weight, and a buffer."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(6, 6)
        self.second = torch.nn.Linear(6, 6)
        self.second.weight = self.first.weight
        self.norm = torch.nn.BatchNorm1d(6)

    def forward(self, x):
        return self.norm(self.second(torch.relu(self.first(x))))


def make_tied(row_shape):
    assert row_shape == (6,)
    return Tied()


@pytest.mark.parametrize("encoder", [Tied(), make_tied], ids=["module", "callable"])
def test_a_users_encoder_is_asked_for(quick, biased, tmp_path, encoder):
    X, y, s = biased
    model = MIDebiasedClassifier(encoder=encoder, numeric_embedding=None, **quick)
    model.fit(X, y, sensitive_features=s).save(tmp_path)
    with pytest.raises(
        ValueError, match=r"model\.json .*Tied, whose code is not saved"
    ):
        fairrep.load(tmp_path)
    state = torch.get_rng_state()
    again = fairrep.load(tmp_path, encoder=encoder)
    assert torch.equal(torch.get_rng_state(), state)
    assert_same(again, model, X)
    again.fit(X, y, sensitive_features=s)
    assert again.transform(X).shape == (400, 4)
    with pytest.raises(ValueError, match="does not fit the model"):
        fairrep.load(tmp_path, encoder=torch.nn.Linear(6, 3))
    with pytest.raises(ValueError, match="encoder failed on rows of shape"):
        fairrep.load(tmp_path, encoder=torch.nn.Linear(5, 6))


def test_images(quick, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 1, 4, 4)).astype(np.float32)
    encoder = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten())
    model = MIDebiasedClassifier(encoder=encoder, **quick)
    model.fit(X, rng.integers(2, size=60), sensitive_features=rng.integers(2, size=60))
    model.save(tmp_path)
    assert_same(fairrep.load(tmp_path, encoder=encoder), model, X)


def test_an_encoder_too_many(saved):
    with pytest.raises(ValueError, match="without an encoder of the user's; got"):
        fairrep.load(saved, encoder=Tied())


# -- a classifier of scikit-learn's inside --------------------------------------

NUMBERS = ["number", "gaps", "count", "flag"]


@pytest.fixture(scope="module")
def with_trees(quick, data, tmp_path_factory):
    X, y, A = data
    X = X[NUMBERS]
    trees = HistGradientBoostingClassifier(max_iter=3)
    clf = MIDebiasedClassifier(1.0, estimator=trees, **quick)
    clf.fit(X, y, sensitive_features=A)
    folder = tmp_path_factory.mktemp("trees") / "model"
    clf.save(folder)
    return clf, folder


def test_an_estimator_comes_back(with_trees, data):
    clf, folder = with_trees
    again = fairrep.load(folder)
    assert_same(again, clf, data[0][NUMBERS])
    assert again.estimator.get_params() == clf.estimator.get_params()
    assert not hasattr(again.estimator, "classes_")
    assert again.estimator_.random_state == clf.estimator_.random_state is not None
    assert_same(fairrep.load_model(folder), clf, data[0][NUMBERS])


CALIBRATION = ["CalibratedClassifier", "SigmoidCalibration"]


def test_a_frozen_estimator_comes_back(quick, biased, tmp_path):
    X, y, s = biased
    frozen = FrozenEstimator(LogisticRegression().fit(X[:200], y[:200]))
    clf = MIDebiasedClassifier(1.0, estimator=frozen, **quick)
    clf.fit(X[200:], y[200:], sensitive_features=s[200:])
    clf.save(tmp_path / "model")
    assert_same(fairrep.load(tmp_path / "model"), clf, X)


def test_other_types_are_trusted_by_name_alone(quick, biased, tmp_path):
    X, y, s = biased
    inner = CalibratedClassifierCV(LogisticRegression(), cv=2)
    clf = MIDebiasedClassifier(1.0, estimator=inner, **quick)
    clf.fit(X, y, sensitive_features=s)
    types = [f"sklearn.calibration._{name}" for name in CALIBRATION]
    with pytest.warns(UserWarning, match=re.escape(f"trusted={types}")):
        clf.save(tmp_path / "model")
    with pytest.raises(ValueError, match=f"not trusted: {types[1]}"):
        fairrep.load(tmp_path / "model", trusted=types[:1])
    assert_same(fairrep.load(tmp_path / "model", trusted=types), clf, X)


def test_an_estimator_without_skops(with_trees, tmp_path, monkeypatch):
    clf, folder = with_trees
    monkeypatch.setitem(sys.modules, "skops", None)
    with pytest.raises(ImportError, match=r"saving estimator=Hist.* needs skops"):
        clf.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()
    with pytest.raises(ImportError, match=r"reading The estimator in .* needs skops"):
        fairrep.load(folder)


def test_a_model_robbed_of_its_estimator(with_trees, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(with_trees[1], folder)

    def rob(data):
        tensors = safetensors.torch.load(data)
        del tensors["estimator"]
        return safetensors.torch.save(tensors)

    rewrite_weights(folder, rob)
    with pytest.raises(ValueError, match="inputs and the estimator contradict"):
        fairrep.load(folder)


# -- what cannot be saved ------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [("callbacks", [Callback()]), ("random_state", np.random.RandomState(0))],
)
def test_parameters_beyond_json_are_named(quick, biased, tmp_path, name, value):
    X, y, s = biased
    model = MIDebiasedClassifier(**quick | {name: value})
    model.fit(X, y, sensitive_features=s)
    with pytest.raises(ValueError, match=f"^The parameter {name} holds .*set_params"):
        model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()
    model.set_params(**{name: None}).save(tmp_path / "model")
    assert_same(fairrep.load(tmp_path / "model"), model, X)


def test_a_search_saves_what_it_chose(data, quick, tmp_path):
    X, y, A = data
    search = MIDebiasedClassifierCV(
        max_gap=1, lambdas=[0, 10], n_bootstrap=2, callbacks=[Callback()], **quick
    ).fit(X, y, sensitive_features=A["sex"])
    search.set_lambda(5.0).set_output(transform="pandas")
    with pytest.raises(ValueError, match=r"callbacks.*with set_params before saving"):
        search.save(tmp_path / "model")
    search.set_params(callbacks=None).save(tmp_path / "model")
    again = fairrep.load(tmp_path / "model")
    assert type(again) is MIDebiasedClassifier
    assert again.lambda_mi == search.lambda_ == 5.0
    np.testing.assert_array_equal(again.predict_proba(X), search.predict_proba(X))
    assert isinstance(again.transform(X), pd.DataFrame)
    np.testing.assert_array_equal(again.transform(X), search.transform(X))
    assert again.mi_estimate_ == search.mi_estimate_


def test_unfitted_and_strange_estimators(tmp_path):
    for unfitted in (MIDebiasedClassifier(), MIDebiasedClassifierCV()):
        with pytest.raises(NotFittedError):
            unfitted.save(tmp_path / "model")

    class Own(MIDebiasedClassifier):
        pass

    own = Own(0, max_epochs=1).fit(np.eye(8), [0, 1] * 4)
    with pytest.raises(TypeError, match=r"no subclasses.*got Own\.$"):
        own.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


# -- where it is saved ---------------------------------------------------------


def test_replaces_a_model_and_nothing_else(quick, fitted, saved, data):
    X, y, A = data
    (saved / "NOTES.md").write_text("of the user's")
    other = MIDebiasedClassifier(**quick | {"random_state": 1})
    other.fit(X, y, sensitive_features=A)
    other.save(saved)
    assert_same(fairrep.load(saved), other, X)
    assert len(list(saved.glob("weights-*"))) == 1
    assert (saved / "NOTES.md").read_text() == "of the user's"


def test_makes_its_parents(fitted, data, tmp_path):
    fitted.save(str(tmp_path / "models" / "first"))
    assert_same(fairrep.load(str(tmp_path / "models" / "first")), fitted, data[0])


def test_other_folders_are_left_alone(fitted, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"other files \(thesis\.tex\)"):
        fitted.save(tmp_path)
    with pytest.raises(NotADirectoryError, match="is no folder"):
        fitted.save(tmp_path / "thesis.tex")
    with pytest.raises(NotADirectoryError, match="is no folder"):
        fitted.save(tmp_path / "thesis.tex" / "model")
    (tmp_path / DOCUMENT).write_text('{"of": "another program"}')
    with pytest.raises(FileExistsError, match="no model that fairrep saved"):
        fitted.save(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
    assert (tmp_path / DOCUMENT).read_text() == '{"of": "another program"}'


KILLED = """
    import os, signal, sys
    from pathlib import Path
    import numpy as np
    import fairrep

    first, second = (fairrep.load(name) for name in sys.argv[1:3])
    X = np.load(sys.argv[3])
    n_events = 0

    def kill_at(limit, folder):
        def hook(event, args):
            # Each step that the file system sees; the process dies before it.
            global n_events
            if event in {"open", "os.rename", "os.mkdir", "os.remove"} and (
                str(folder.resolve()) in str(args[0])
            ):
                n_events += 1
                if n_events > limit:
                    os.kill(os.getpid(), signal.SIGKILL)
        return hook

    def found_in(folder):
        if not (folder / "model.json").exists():
            return "nothing"
        found = fairrep.load(folder).predict_proba(X)
        models = {"first": first, "second": second}
        return [k for k, m in models.items() if (m.predict_proba(X) == found).all()][0]

    folder = Path(sys.argv[4])
    for model in [first, second]:
        for limit in range(100):
            child = os.fork()
            if child == 0:
                sys.addaudithook(kill_at(limit, folder))
                model.save(folder)
                os._exit(0)
            status = os.waitpid(child, 0)[1]
            print(found_in(folder))
            if status == 0:
                break
            assert os.WTERMSIG(status) == signal.SIGKILL
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_killed_at_any_step_leaves_old_or_new(quick, biased, tmp_path):
    X, y, s = biased
    for name, seed in [("first", 0), ("second", 1)]:
        model = MIDebiasedClassifier(**quick | {"random_state": seed})
        model.fit(X, y, sensitive_features=s).save(tmp_path / name)
    np.save(tmp_path / "x.npy", X)
    names = [str(tmp_path / name) for name in ("first", "second", "x.npy", "model")]
    run = subprocess.run(
        [sys.executable, "-c", dedent(KILLED), *names],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = [state for state, _ in itertools.groupby(run.stdout.split())]
    assert found == ["nothing", "first", "second"]
    assert run.stdout.count("nothing") >= 5  # so many steps has the first save alone


# -- damage --------------------------------------------------------------------


def flip(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("position", [0, 9, 500, -1])
def test_a_flipped_bit_in_the_weights(saved, position):
    flip(weights_of(saved), position)
    with pytest.raises(ValueError, match=r"weights-.*\.safetensors is damaged"):
        fairrep.load(saved)


@pytest.mark.parametrize("share", [0, 0.3, 0.999])
@pytest.mark.parametrize("name", ["weights", DOCUMENT])
def test_truncated_files(saved, name, share):
    path = saved / DOCUMENT if name == DOCUMENT else weights_of(saved)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ValueError, match=rf"{path.name} is damaged"):
        fairrep.load(saved)


def test_every_flipped_bit_in_the_document_is_found(saved):
    path = saved / DOCUMENT
    whole = path.read_bytes()
    json_before = json.loads(whole)
    for position in np.linspace(0, len(whole) - 1, 150).astype(int):
        flip(path, position)
        try:
            same = json.loads(path.read_bytes()) == json_before
        except ValueError:
            same = False
        if not same:  # a bit of white space says nothing
            with pytest.raises((ValueError, FileNotFoundError), match="model"):
                fairrep.load(saved)
        path.write_bytes(whole)
    fairrep.load(saved)


@pytest.mark.parametrize("name", ["weights", DOCUMENT])
def test_missing_files(saved, name):
    path = saved / DOCUMENT if name == DOCUMENT else weights_of(saved)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=path.name):
        fairrep.load(saved)


@pytest.mark.parametrize("version", [0, 1, "2", None, True])
def test_unknown_versions(saved, version):
    rewrite(saved, lambda d: d.update(format_version=version))
    with pytest.raises(ValueError, match=r"model\.json has format version .* reads 5"):
        fairrep.load(saved)


def test_a_number_changed_by_hand(saved):
    def change(document):
        document["content"]["inputs"]["table"]["columns"][0]["mean"] += 1

    rewrite(saved, change, rehash=False)
    with pytest.raises(ValueError, match=r"model\.json has been changed since"):
        fairrep.load(saved)


def set_content(*keys, value):
    def change(document):
        target = document["content"]
        for key in keys[:-1]:
            target = target[key]
        target[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        set_content("class", value="Own"),
        set_content("class", value="os.system"),
        set_content("params", "n_components", value=-1),
        set_content("params", "run", value="code"),
        set_content("fitted", "fit", value=None),
        set_content("fitted", "net_", value=None),
        set_content("fitted", "__class__", value=None),
        set_content("fitted", "classes_", value={"$run": "code"}),
        set_content("history", value=3),
        set_content("inputs", "table", "columns", 0, "kind", value="text"),
        set_content("inputs", "table", "columns", 5, "labels", value=["b", "a"]),
        set_content("inputs", "table", "columns", 0, "knots", value=[2.0, 1.0]),
        set_content("inputs", "table", "columns", 0, "knots", value=[0.0, 1e-60]),
        set_content("spec", "shapes", "n_strata", value=-2),
        set_content("spec", value={}),
        set_content("spec", "shapes", "n_outputs", value="two"),
    ],
)
def test_documents_that_describe_no_model(saved, change):
    rewrite(saved, change)
    with pytest.raises(ValueError, match=r"cannot build the model that .*model\.json"):
        fairrep.load(saved)


def test_bins_that_the_weights_do_not_have(saved):
    rewrite(saved, set_content("inputs", "table", "columns", 0, "knots", value=None))
    with pytest.raises(ValueError, match=r"does not fit the model: .* has shape"):
        fairrep.load(saved)


def rename_tensor(data):
    return data.replace(b'"module.head.bias"', b'"module.head.bios"')


def reshape_tensor(data):
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    header["module.head.weight"]["shape"].reverse()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + size :]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename_tensor, "it lacks 'module.head.bias'"),
        (reshape_tensor, r"'module.head.weight' has shape \(4, 2\)"),
        (lambda data: data[:-4], "no valid safetensors file"),
        (lambda data: b"\xff" * 8 + data[8:], "no valid safetensors file"),
        (lambda data: b"", "no valid safetensors file"),
    ],
)
def test_weights_that_do_not_fit(saved, change, message):
    rewrite_weights(saved, change)
    with pytest.raises(ValueError, match=message):
        fairrep.load(saved)


def test_weights_of_another_model_do_not_fit(quick, saved, data, tmp_path):
    X, y, A = data
    other = MIDebiasedClassifier(**quick | {"n_components": 3})
    other.fit(X, y, sensitive_features=A["sex"]).save(tmp_path / "other")
    theirs = weights_of(tmp_path / "other").read_bytes()
    rewrite_weights(saved, lambda data: theirs)
    with pytest.raises(ValueError, match=r"does not fit the model: .* has shape"):
        fairrep.load(saved)


def test_a_missing_device_can_be_replaced(fitted, saved, data):
    rewrite(saved, set_content("params", "device", value="cuda"))
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="torch finds no CUDA device"):
            fairrep.load(saved)
    again = fairrep.load(saved, device="cpu")
    assert again.device == "cpu"
    np.testing.assert_array_equal(again.predict(data[0]), fitted.predict(data[0]))
