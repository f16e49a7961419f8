"""Reading files of rows: what comes back, and errors that name file and column."""

import sys

import numpy as np
import pandas as pd
import pytest

from fairrep._cli.read import (
    check_columns,
    check_roles,
    feature_columns,
    features_of_model,
    label_named,
    read_data,
)
from fairrep.datasets import load_adult, load_german


@pytest.fixture
def frame():
    return pd.DataFrame(
        {"age": [30, 41, 25], "job": ["nurse", None, "clerk"], "y": ["no", "yes", "no"]}
    )


@pytest.mark.parametrize("name", ["x.csv", "x.CSV", "x.csv.gz", "x.v2.csv.xz"])
def test_csv(frame, tmp_path, name):
    frame.to_csv(tmp_path / name, index=False)
    found = read_data(tmp_path / name)
    assert found.fillna("none").to_dict("list") == frame.fillna("none").to_dict("list")
    assert found["job"].isna().tolist() == [False, True, False]


def test_a_first_column_without_a_name_is_no_feature(frame, tmp_path):
    frame.to_csv(tmp_path / "x.csv")
    found = read_data(tmp_path / "x.csv")
    with pytest.warns(UserWarning, match=r"first column of x\.csv has no name"):
        assert feature_columns("x.csv", found, ["y"], []) == ["age", "job"]
    assert feature_columns("x.csv", found, ["y"], ["Unnamed: 0"]) == ["age", "job"]
    named = found.rename(columns={"Unnamed: 0": "n"})
    assert feature_columns("x.csv", named, ["y"], []) == ["n", "age", "job"]


def test_tsv_and_byte_order_mark(frame, tmp_path):
    frame.to_csv(tmp_path / "x.tsv", sep="\t", index=False, encoding="utf-8-sig")
    assert [*read_data(str(tmp_path / "x.tsv"))] == ["age", "job", "y"]


def test_parquet(frame, tmp_path):
    pytest.importorskip("pyarrow")
    frame["job"] = frame["job"].astype("category")
    frame.index = [7, 8, 9]
    frame.to_parquet(tmp_path / "x.parquet")
    found = read_data(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(found, frame.reset_index(drop=True))


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    (tmp_path / "x.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"x\.parquet needs pyarrow: pip install"):
        read_data(tmp_path / "x.parquet")


def test_bundled():
    assert len(read_data("adult")) == 48842
    assert len(read_data("adult-train")) == 32561
    test = read_data("adult-test")
    pd.testing.assert_frame_equal(test, load_adult(subset="test").frame)
    assert {"sex", "credit"} < {*read_data("german")}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", b"", r"x\.csv is empty: expected a header"),
        ("x.csv", b"a,b\n", r"x\.csv holds no rows"),
        ("x.csv", b"a,b\n1,2\n1,2,3\n", r"cannot read .*x\.csv: .*line 3"),
        ("x.csv", b"a\n\xff\xfe\n", r"cannot read .*x\.csv: .*utf-8"),
        ("x.parquet", b"no parquet", r"cannot read .*x\.parquet"),
        ("x.xlsx", b"", r"cannot tell what .*x\.xlsx is"),
        ("x", b"", "expected a name that ends in"),
    ],
)
def test_unfit_files(tmp_path, name, content, message):
    if "parquet" in name:
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_data(tmp_path / name)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*x\.csv, .*adult-test"):
        read_data(tmp_path / "x.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OSError, match="directory"):
        read_data(tmp_path / "folder.csv")


def test_a_name_that_stands_twice_in_the_header(tmp_path):
    """Else the copy of a target would be a feature, and the accuracy 1."""
    (tmp_path / "x.csv").write_text("age,income,income\n1,a,a\n2,b,b\n")
    with pytest.raises(ValueError, match=r"x\.csv has two columns named 'income'"):
        read_data(tmp_path / "x.csv")
    (tmp_path / "y.csv").write_text(",age,\n0,1,2\n")  # without a name is another thing
    assert len(read_data(tmp_path / "y.csv").columns) == 3


# -- columns -------------------------------------------------------------------


def test_a_missing_column_is_named_with_those_there_are(frame):
    message = r"^x has no column 'sex', 'Y'; it has 'age', 'job', 'y'$"
    with pytest.raises(ValueError, match=message):
        check_columns(frame, ["age", "sex", "Y"], "x")
    wide = pd.DataFrame(np.zeros((1, 100))).rename(columns=str)
    with pytest.raises(ValueError, match=r"'29' and 70 more$"):
        check_columns(wide, ["y"], "x")


def test_a_column_has_one_role():
    check_roles(target=["y"], sensitive=["sex", "race"])
    with pytest.raises(ValueError, match="'sex' is given as target and again as sens"):
        check_roles(target=["sex"], sensitive=["sex"])
    with pytest.raises(ValueError, match="'sex' is given as sensitive and again as se"):
        check_roles(target=["y"], sensitive=["sex", "sex"])


@pytest.mark.parametrize("sensitive", ["sex", "age_over_25", "age"])
def test_features_of_german_are_those_of_its_loader(sensitive):
    german = load_german(sensitive=sensitive)
    features = feature_columns("german", german.frame, ["credit", sensitive], [])
    assert features == german.feature_names


def test_features(frame):
    assert feature_columns("x", frame, ["y"], ["job"]) == ["age"]
    with pytest.raises(ValueError, match="x has no columns left"):
        feature_columns("x", frame, ["y"], ["job", "age"])


def test_features_of_a_model_without_names(frame):
    class Model:
        n_features_in_ = 2

    found = features_of_model(Model(), "x", frame, ["job", "age"])
    assert found.tolist() == frame[["job", "age"]].to_numpy().tolist()
    with pytest.raises(ValueError, match="fitted on 2 columns without names; x has 1"):
        features_of_model(Model(), "x", frame, ["job"])


def test_labels_by_name():
    column = pd.Series([0, 1, 2, 1], name="grade")
    assert label_named("2", column) == 2
    with pytest.raises(ValueError, match="column 'grade' holds no '3'; it holds 0, 1"):
        label_named("3", column)
