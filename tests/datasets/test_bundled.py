import hashlib
import shutil

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from fairrep.datasets import _bundled, load_adult, load_german

ADULT_MISSING = {"workclass": 2799, "occupation": 2809, "native-country": 857}


@pytest.fixture(scope="module")
def adult():
    return load_adult()


@pytest.fixture(scope="module")
def german():
    return load_german()


@pytest.mark.parametrize(
    ("subset", "n_samples", "n_positive"),
    [("train", 32561, 7841), ("test", 16281, 3846), ("all", 48842, 11687)],
)
def test_adult_size_and_base_rate(subset, n_samples, n_positive):
    X, y, s = load_adult(subset=subset, return_X_y_s=True)
    assert X.shape == (n_samples, 13)
    assert y.name == "income"
    assert y.dtype == "int64"
    assert y.sum() == n_positive
    assert set(y) == {0, 1}
    assert s.name == "sex"
    for part in (X, y, s):
        assert part.index.equals(pd.RangeIndex(n_samples))


def test_adult_all_is_train_then_test(adult):
    parts = [load_adult(subset=subset).frame for subset in ("train", "test")]
    # concat keeps the category dtype only where the categories agree.
    joined = pd.concat(parts, ignore_index=True)
    assert joined.equals(adult.frame)
    assert joined.dtypes.equals(adult.frame.dtypes)


def test_adult_values(adult):
    assert adult.frame.iloc[0].to_list() == [
        *(39, "State-gov", 77516, "Bachelors", 13, "Never-married", "Adm-clerical"),
        *("Not-in-family", "White", "Male", 2174, 0, 40, "United-States", 0),
    ]
    missing = adult.frame.isna().sum()
    assert missing[missing > 0].to_dict() == ADULT_MISSING
    assert adult.frame["sex"].value_counts().to_dict() == {
        "Male": 32650,
        "Female": 16192,
    }
    categories = [c for name in ADULT_MISSING for c in adult.frame[name].cat.categories]
    assert "?" not in categories


def test_adult_types(adult):
    numeric = ["age", "fnlwgt", "education-num"]
    numeric += ["capital-gain", "capital-loss", "hours-per-week"]
    assert adult.data.select_dtypes("int64").columns.to_list() == numeric
    assert adult.data.select_dtypes("category").shape[1] == 7
    assert adult.sensitive.dtype == "category"


def test_adult_bunch(adult):
    assert adult.data.columns.to_list() == adult.feature_names
    assert adult.sensitive_names == ["sex"]
    assert adult.target_names == ["<=50K", ">50K"]
    assert adult.frame.columns[-1] == "income"
    assert "10.24432/C5XW20" in adult.DESCR
    assert "CC BY 4.0" in adult.DESCR


def test_sensitive_list_gives_frame():
    X, _, s = load_adult(sensitive=["race", "sex"], return_X_y_s=True)
    assert s.columns.to_list() == ["race", "sex"]
    assert not {"race", "sex"} & set(X)

    _, _, s = load_adult(sensitive=["sex"], return_X_y_s=True)
    assert isinstance(s, pd.DataFrame)


def test_numeric_sensitive():
    X, _, s = load_adult(sensitive="age", return_X_y_s=True)
    assert s.dtype == "int64"
    assert "age" not in X
    assert "sex" in X


def test_keep_sensitive(adult):
    kept = load_adult(keep_sensitive=True)
    assert kept.data.equals(adult.frame.drop(columns="income"))
    assert kept.sensitive.equals(adult.sensitive)


def test_german_values(german):
    assert german.frame.shape == (1000, 23)
    assert german.target.sum() == 700
    assert german.target.dtype == "int64"
    assert german.target_names == ["bad", "good"]
    assert german.sensitive.value_counts().to_dict() == {"male": 690, "female": 310}
    assert german.frame["age_over_25"].sum() == 810
    assert not german.frame.isna().any(axis=None)
    assert german.frame.iloc[0].to_dict() == {
        "checking_account": "< 0 DM",
        "duration": 6,
        "credit_history": "critical account / other credits existing "
        "(not at this bank)",
        "purpose": "radio/television",
        "credit_amount": 1169,
        "savings_account": "unknown / no savings account",
        "employment_since": ">= 7 years",
        "installment_rate": 4,
        "personal_status_sex": "male: single",
        "other_debtors": "none",
        "residence_since": 4,
        "property": "real estate",
        "age": 67,
        "other_installment_plans": "none",
        "housing": "own",
        "existing_credits": 2,
        "job": "skilled employee / official",
        "people_liable": 1,
        "telephone": "yes, registered under the customer's name",
        "foreign_worker": "yes",
        "sex": "male",
        "age_over_25": True,
        "credit": 1,
    }


def test_german_types(german):
    X = german.frame.drop(columns=["sex", "age_over_25", "credit"])
    assert X.select_dtypes("category").shape[1] == 13
    assert X.select_dtypes("int64").shape[1] == 7


def test_german_sex_follows_personal_status(german):
    table = pd.crosstab(german.frame["personal_status_sex"], german.frame["sex"])
    assert table.loc[table["female"] > 0].index.to_list() == [
        "female: divorced/separated/married"
    ]
    assert ((table > 0).sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    ("sensitive", "gone"),
    [
        ("sex", {"personal_status_sex"}),
        ("age", {"age"}),
        ("age_over_25", {"age"}),
        ("personal_status_sex", {"personal_status_sex"}),
        ("foreign_worker", {"foreign_worker"}),
        (["sex", "age"], {"personal_status_sex", "age"}),
        (["age", "age_over_25"], {"age"}),
    ],
)
def test_german_sensitive_leaves_with_its_source(german, sensitive, gone):
    X, _, s = load_german(sensitive=sensitive, return_X_y_s=True)
    derived = {"sex", "age_over_25"}
    assert set(X) == set(german.frame) - gone - derived - {"credit"}
    names = [sensitive] if isinstance(sensitive, str) else sensitive
    assert [s.name] == names if isinstance(s, pd.Series) else list(s) == names


def test_german_keep_sensitive(german):
    kept = load_german(sensitive=["age", "sex"], keep_sensitive=True)
    expected = german.frame.drop(columns=["age_over_25", "credit"])
    assert_frame_equal(kept.data, expected)


@pytest.mark.parametrize("load", [load_adult, load_german])
@pytest.mark.parametrize("sensitive", ["gender", [], ["age", "age"], ["sex", "b"], 3])
def test_bad_sensitive(load, sensitive):
    with pytest.raises(ValueError, match=r"sensitive must be .*'age'.*; got") as info:
        load(sensitive=sensitive)
    assert str(info.value).endswith(f"got {sensitive!r}.")


def test_target_is_not_a_sensitive_column():
    with pytest.raises(ValueError, match="sensitive must be"):
        load_adult(sensitive="income")


@pytest.mark.parametrize("subset", ["valid", None, ["train"]])
def test_bad_subset(subset):
    with pytest.raises(ValueError, match=r"'train', 'test', 'all'\]; got"):
        load_adult(subset=subset)


@pytest.mark.parametrize(
    ("load", "name"), [(load_adult, "adult.csv.xz"), (load_german, "german.csv.xz")]
)
def test_damaged_file(load, name, tmp_path, monkeypatch):
    shutil.copytree(str(_bundled._DATA), tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(_bundled, "_DATA", tmp_path)
    load()

    content = bytearray((tmp_path / name).read_bytes())
    content[100] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OSError, match="Reinstall fairrep") as info:
        load()
    message = str(info.value)
    assert str(tmp_path / name) in message
    assert _bundled._SHA256[name] in message
    assert hashlib.sha256(content).hexdigest() in message


def test_bundled_size():
    files = [_bundled._DATA / name for name in _bundled._SHA256]
    assert sum(len(file.read_bytes()) for file in files) < 1_500_000
