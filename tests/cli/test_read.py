"""Reading files of rows: what comes back, and errors that name file and column."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fairrep._cli import tables
from fairrep._cli.read import (
    check_columns,
    check_labels,
    check_roles,
    complete_rows,
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
        ("x.csv", b"", r"cannot read .*x\.csv: it is empty: expected a header"),
        ("x.csv", b"a,b\n", r"x\.csv holds no rows"),
        ("x.csv", b"a,b\n1,2\n1,2,3\n", r"cannot read .*x\.csv: .*line 3"),
        (
            "x.csv",
            b"a\0b\n1\n",
            r"x\.csv: it is no text, as it holds zero",
        ),
        (
            "x.csv",
            b"PAR1 and more",
            r"x\.csv: its ending says .* a Parquet",
        ),
        ("x.csv", b"PK\x03\x04", r"x\.csv: its ending says .* zip archive or an Excel"),
        (
            "x.csv",
            b"a,b\n1,2,3\n",
            r"rows have more cells than the header",
        ),
        ("x.csv.gz", b"no gzip", r"cannot read .*x\.csv\.gz: Not a gzipped file"),
        ("x.csv.bz2", b"no bzip", r"cannot read .*x\.csv\.bz2"),
        ("x.csv.xz", b"no lzma", r"cannot read .*x\.csv\.xz"),
        ("x.csv.zip", b"PK\x03\x04 damaged", r"cannot read .*x\.csv\.zip"),
        ("x.parquet", b"no parquet", r"cannot read .*x\.parquet"),
        ("x.xlsx", b"no workbook", r"cannot read .*x\.xlsx"),
        ("x.doc", b"", r"cannot tell what .*x\.doc is"),
        ("x", b"", "expected a name that ends in"),
    ],
)
def test_unfit_files(tmp_path, name, content, message):
    if "parquet" in name:
        pytest.importorskip("pyarrow")
    if "xlsx" in name:
        pytest.importorskip("openpyxl")
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
    with pytest.raises(ValueError, match=r"x\.csv: it has two columns named 'income'"):
        read_data(tmp_path / "x.csv")
    (tmp_path / "y.csv").write_text(",age,\n0,1,2\n")  # without a name is another thing
    assert len(read_data(tmp_path / "y.csv").columns) == 3


# -- what is found, and said -----------------------------------------------------


def read(path, content, **options):
    path.write_bytes(content)
    return read_data(path, **options)


@pytest.mark.parametrize(
    ("sep", "name"), [(";", "';'"), ("\t", "tabs"), ("|", r"'\|'")]
)
def test_the_separator_is_found(tmp_path, sep, name):
    text = f"id{sep}note,s{sep}n\n1{sep}u, v{sep}2\n3{sep}w{sep}4\n"
    with pytest.warns(UserWarning, match=f"x.csv has cells parted by {name}"):
        frame = read(tmp_path / "x.csv", text.encode())
    assert [*frame] == ["id", "note,s", "n"]
    given = read(tmp_path / "x.csv", text.encode(), sep=sep)  # without a word
    pd.testing.assert_frame_equal(given, frame)


def test_a_comma_is_no_news(tmp_path):
    assert [*read(tmp_path / "x.csv", b"a,b;c\n1,2;3\n")] == ["a", "b;c"]
    assert [*read(tmp_path / "x.csv", b"a\n1;2\n")] == ["a"]


def test_separators_inside_quotes_part_nothing(tmp_path):
    text = b'a,b\n"x;y;z",1\n"u;v;w",2\n'
    assert read(tmp_path / "x.csv", text)["a"].tolist() == ["x;y;z", "u;v;w"]


def test_decimal_commas_are_found(tmp_path):
    text = b"a;b;c\n1,5;1.234,5;x\n2;0,5;1,5\n-3,25;7;y\n"
    with pytest.warns(UserWarning, match="column '[ab]' has decimal commas"):
        frame = read(tmp_path / "x.csv", text, sep=";")
    assert frame["a"].tolist() == [1.5, 2, -3.25]
    assert frame["b"].tolist() == [1234.5, 0.5, 7]
    assert frame["c"].tolist() == ["x", "1,5", "y"]
    given = read(tmp_path / "x.csv", b"a;b\n1,5;2\n", sep=";", decimal=",")
    assert given["a"].tolist() == [1.5]


def test_encodings(tmp_path):
    text = "Stadt,Straße\nKöln,Süd\n"
    path = tmp_path / "x.csv"
    expected = read(path, text.encode())
    for encoding in ["utf-8-sig", "utf-16"]:
        pd.testing.assert_frame_equal(read(path, text.encode(encoding)), expected)
    with pytest.warns(UserWarning, match=r"x\.csv is no UTF-8: it is read as cp1252"):
        pd.testing.assert_frame_equal(read(path, text.encode("cp1252")), expected)
    given = read(path, text.encode("cp850"), encoding="cp850")
    pd.testing.assert_frame_equal(given, expected)
    with pytest.raises(ValueError, match="there is no encoding 'klingon'"):
        read(path, b"a\n1\n", encoding="klingon")


def test_a_group_called_na_is_a_group(tmp_path):
    text = b"country,age,n\nNA,1,5\nNone,NA,6\nnull,n/a,7\nUS,4,8\n,5,9\n"
    with pytest.warns(UserWarning, match="'age' holds 'NA', 'n/a' in 2 rows"):
        frame = read(tmp_path / "x.csv", text)
    assert frame["country"].tolist()[:4] == ["NA", "None", "null", "US"]
    assert frame["country"].isna().tolist() == [False] * 4 + [True]
    assert frame["age"].isna().tolist() == [False, True, True, False, False]
    assert frame["n"].tolist() == [5, 6, 7, 8, 9]
    with pytest.warns(UserWarning, match="'age' holds"):
        told = read(tmp_path / "x.csv", text, na=["NA", "null"])
    assert told["country"].isna().tolist() == [True, False, True, False, True]


def test_excel(frame, tmp_path):
    pytest.importorskip("openpyxl")
    path = tmp_path / "x.xlsx"
    frame.assign(group="NA").to_excel(path, index=False)
    read = read_data(path)
    assert read["group"].tolist() == ["NA"] * len(frame)
    assert read["age"].tolist() == frame["age"].tolist()
    frame.set_axis(["a", "a", "y"], axis=1).to_excel(path, index=False)
    with pytest.raises(ValueError, match="two columns named 'a'"):
        read_data(path)


def test_standard_input(monkeypatch):
    stdin = SimpleNamespace(buffer=io.BytesIO(b"a,b\n1,x\n"))
    monkeypatch.setattr(tables.sys, "stdin", stdin)
    assert read_data("-").to_dict("list") == {"a": [1], "b": ["x"]}


def test_dropping_says_which_groups_go():
    table = pd.DataFrame({"y": [1, 0, None], "sex": ["f", "m", "x"]})
    with pytest.warns(UserWarning, match="all rows of 'sex' that are x are left out"):
        assert len(complete_rows(table, ["y", "sex"], "drop")) == 2


def test_a_target_of_many_numbers_asks():
    column = pd.Series(range(38), name="income")
    message = r"38 different numbers, from 0 to 37: .*--classes"
    with pytest.raises(ValueError, match=message):
        check_labels(column, numbers_are_classes=False)
    check_labels(column, numbers_are_classes=True)
    check_labels(column.astype(str), numbers_are_classes=False)


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
