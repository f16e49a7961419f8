"""A stranger's folder is refused by one error: no code, no crash, no bomb, no hang."""

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

import fairrep
from fairrep import MIDebiasedClassifier

skops_io = pytest.importorskip("skops.io")

from sklearn.ensemble import (  # noqa: E402
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer  # noqa: E402
from sklearn.preprocessing import FunctionTransformer  # noqa: E402
from sklearn.svm import SVC  # noqa: E402

from fairrep._storage.skops import HARMLESS, untrusted_types  # noqa: E402

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 3)), np.resize([0, 1], 60)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "m"
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(d=np.resize(["u", "v"], 60))
    clf = MIDebiasedClassifier(max_epochs=1, random_state=0)
    clf.fit(frame, Y, sensitive_features=np.resize([0, 1, 1], 60)).save(folder)
    return folder


def rewritten(model, folder, change=lambda content: None, weights=None):
    """A folder whose hashes agree with what was changed: only its maker knows."""
    document = json.loads((model / "model.json").read_bytes())
    (old,) = model.glob("weights-*")
    weights = old.read_bytes() if weights is None else weights
    change(document["content"])
    canonical = json.dumps(
        document["content"], sort_keys=True, separators=(",", ":")
    ).encode()
    document["sha256"] = {
        "content": hashlib.sha256(canonical).hexdigest(),
        "weights": hashlib.sha256(weights).hexdigest(),
    }
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps(document))
    name = f"weights-{document['sha256']['weights'][:16]}.safetensors"
    (folder / name).write_bytes(weights)
    return folder


def test_a_folder_that_is_rewritten_without_a_change_loads(model, tmp_path):
    fairrep.load(rewritten(model, tmp_path / "m"))


# -- code ----------------------------------------------------------------------------


def run_a_command(path):
    return FunctionTransformer(os.system, kw_args={"command": f"touch {path}"})


@pytest.mark.parametrize("trusted", [[], ["functools.partial"], sorted(HARMLESS)])
def test_a_file_that_would_run_a_command(tmp_path, trusted):
    from functools import partial

    for attack in [
        FunctionTransformer(os.system),
        FunctionTransformer(partial(os.system, str(tmp_path / "ran"))),
    ]:
        path = tmp_path / "model.skops"
        skops_io.dump(attack, path)
        with pytest.raises(ValueError, match=r"not trusted: .*posix\.system"):
            fairrep.load_model(path, trusted=trusted)


def test_a_name_that_a_node_only_claims(tmp_path):
    """What skops 0.11 believed: a function under the name of a harmless type."""
    data = io.BytesIO()
    skops_io.dump(FunctionTransformer(os.system), data)
    with zipfile.ZipFile(data) as archive:
        schema = json.loads(archive.read("schema.json"))
    text = json.dumps(schema)
    claimed = text.replace('"FunctionNode"', '"TypeNode"')
    forged = io.BytesIO()
    with zipfile.ZipFile(forged, "w") as archive:
        archive.writestr("schema.json", claimed)
    path = tmp_path / "model.skops"
    path.write_bytes(forged.getvalue())
    with pytest.raises(ValueError, match=r"system"):
        fairrep.load_model(path)


def test_a_partial_is_harmless_of_check_array_alone():
    frame = pd.DataFrame({"a": X[:, 0], "b": pd.Categorical(np.resize(["u", "v"], 60))})
    trees = HistGradientBoostingClassifier(
        max_iter=2, categorical_features="from_dtype"
    )
    data = skops_io.dumps(trees.fit(frame, Y))
    assert "functools.partial" not in untrusted_types(data)
    assert HARMLESS.isdisjoint({"functools.partial", "numpy.dtype"})


def test_a_vectoriser_that_reads_files(tmp_path):
    path = tmp_path / "model.skops"
    skops_io.dump(CountVectorizer(input="filename", vocabulary=["root"]), path)
    with pytest.raises(ValueError, match="reads the files which its input names"):
        fairrep.load_model(path)
    name = "sklearn.feature_extraction.text.CountVectorizer"
    fairrep.load_model(path, trusted=[name])
    skops_io.dump(CountVectorizer(vocabulary=["root"]), path)
    fairrep.load_model(path)


# -- trees -----------------------------------------------------------------------------


def spoilt_tree(change):
    forest = RandomForestClassifier(2, random_state=0).fit(X, Y)
    tree = forest.estimators_[0].tree_
    state = tree.__getstate__()
    change(state["nodes"])
    tree.__setstate__(state)
    return forest


def spoilt_boosting(change):
    boosting = HistGradientBoostingClassifier(max_iter=2).fit(X, Y)
    change(boosting._predictors[0][0].nodes)
    return boosting


def of(name, index, value):
    def change(nodes):
        nodes[name][index] = value

    return change


def other_width():
    forest = RandomForestClassifier(2, random_state=0).fit(X, Y)
    forest.n_features_in_ = 2
    return forest


def spoilt_gradient_boosting():
    boosting = GradientBoostingClassifier(n_estimators=2).fit(X, Y)
    tree = boosting.estimators_[0, 0].tree_
    state = tree.__getstate__()
    state["nodes"]["feature"][0] = 10**6
    tree.__setstate__(state)
    return boosting


TREES = {
    "child far away": lambda: spoilt_tree(of("left_child", 0, 10**8)),
    "child before": lambda: spoilt_tree(of("right_child", 0, -5)),
    "child of itself": lambda: spoilt_tree(of("left_child", 0, 0)),
    "feature far away": lambda: spoilt_tree(of("feature", 0, 10**8)),
    "feature below 0": lambda: spoilt_tree(of("feature", 0, -3)),
    "forest of fewer columns": other_width,
    "gradient boosting": spoilt_gradient_boosting,
    "boosted child far away": lambda: spoilt_boosting(of("left", 0, 10**8)),
    "boosted child of itself": lambda: spoilt_boosting(of("right", 0, 0)),
    "boosted feature far away": lambda: spoilt_boosting(of("feature_idx", 0, 10**8)),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("spoilt", TREES.values(), ids=TREES)
def test_trees_that_would_crash_or_never_end(tmp_path, spoilt):
    path = tmp_path / "model.skops"
    skops_io.dump(spoilt(), path)
    with pytest.raises(ValueError, match=r"cannot load .*model\.skops: a tree"):
        fairrep.load_model(path)


def test_support_vectors_need_trust(tmp_path):
    path = tmp_path / "model.skops"
    skops_io.dump(SVC().fit(X, Y), path)
    with pytest.raises(ValueError, match="compiled code reads unchecked"):
        fairrep.load_model(path)
    fairrep.load_model(path, trusted=["sklearn.svm._classes.SVC"])


# -- bombs -----------------------------------------------------------------------------


def setting(*keys, value):
    def change(content):
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


def header_of(shape):
    header = {"module.head.weight": {"dtype": "F32", "shape": shape}}
    header["module.head.weight"]["data_offsets"] = [0, 4 * int(np.prod(shape))]
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text


def number_with(knots):
    fields = {"mean": 0.0, "scale": 1.0, "has_missing": False, "knots": knots}
    return {"kind": "numeric", **fields}


MANY = 10**8
BOMBS = {
    "components": setting("spec", "n_components", value=MANY),
    "members": setting("spec", "n_members", value=MANY),
    "strata": setting("spec", "shapes", "n_strata", value=MANY),
    "outputs": setting("spec", "shapes", "n_outputs", value=MANY),
    "hidden": setting("spec", "hidden_layer_sizes", value={"$tuple": [MANY, MANY]}),
    "layers": setting("spec", "hidden_layer_sizes", value={"$tuple": [1] * 200_000}),
    "critic layers": setting(
        "spec", "critic_hidden_layer_sizes", value={"$tuple": [1] * 200_000}
    ),
    "row": setting("spec", "shapes", "row", value={"$tuple": [MANY]}),
    "more than there are": setting("spec", "n_components", value=10**30),
    "wide text": setting(
        "fitted",
        "classes_",
        value={"$array": {"dtype": "U100000000", "shape": [9], "items": ["a"] * 9}},
    ),
    "wide scalar": setting(
        "fitted", "n_iter_", value={"$scalar": {"dtype": "U1000000000", "item": "a"}}
    ),
    "structure": setting(
        "fitted",
        "classes_",
        value={"$array": {"dtype": "V9", "shape": [0], "items": []}},
    ),
    "categories": setting(
        *("inputs", "table", "columns", 0),
        value={
            "kind": "categorical",
            "labels": [f"{i:06}" for i in range(50_000)],
            "pooled": 0.0,
        },
    ),
    "knots": setting(
        *("inputs", "table", "columns", 0),
        value=number_with([float(i) for i in range(200_000)]),
    ),
    "knots of many": setting(
        *("inputs", "table"),
        value={
            "params": {"n_bins": 64, "min_frequency": "auto", "max_categories": 100},
            "row_shape": [5_001],
            "columns": [number_with([0.0, 1.0])] * 5_000
            + [number_with([float(i) for i in range(200_000)])],
        },
    ),
    "nesting": setting("history", value=json.loads("[" * 900 + "]" * 900)),
}
SCRIPT = """
import resource, sys, warnings
import fairrep
import fairrep._estimators.load
warnings.simplefilter("ignore")
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
bare = peak()
for folder in sys.argv[1:]:
    try:
        fairrep.load(folder)
    except (ValueError, OSError) as error:
        print(f"{folder.rsplit('/', 1)[-1]}: {str(error)[:160]}")
    else:
        sys.exit(f"{folder} was loaded")
print(f"peak {peak() - bare:.0f} MB", file=sys.stderr)
if peak() - bare > 200:
    sys.exit(f"{peak() - bare:.0f} MB to refuse them")
"""


def hole(path, size):
    """A file of so many zeros, which take no place on the disk."""
    with path.open("wb") as file:
        file.truncate(size)


def special_files(model, tmp_path):
    """Folders of which a file is a pipe, a device, or a hole."""
    for name in ["pipe", "device", "hole", "pipe for weights", "huge weights"]:
        folder = rewritten(model, tmp_path / name)
        (weights,) = folder.glob("weights-*")
        target = (
            folder / "model.json" if name in ("pipe", "device", "hole") else weights
        )
        target.unlink()
        if name.startswith("pipe"):
            os.mkfifo(target)
        elif name == "device":
            target.symlink_to("/dev/zero")
        else:
            hole(target, 2**40 if name == "hole" else 2**33)
        yield folder


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_bombs_are_refused_in_little_memory(model, tmp_path):
    folders = [*special_files(model, tmp_path)]
    for name, change in BOMBS.items():
        folders.append(rewritten(model, tmp_path / name, change))
    declared = header_of([MANY, 30])
    folders.append(rewritten(model, tmp_path / "header", weights=declared))
    long = (2**40).to_bytes(8, "little")
    folders.append(rewritten(model, tmp_path / "long header", weights=long))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *map(str, folders)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("\n") == len(folders)  # one line for each


def test_a_skops_file_that_swells(tmp_path):
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * 2**27)
    assert path.stat().st_size < 2**20
    with pytest.raises(ValueError, match=r"unpacked it would be 134,217,728 bytes"):
        fairrep.load_model(path)
