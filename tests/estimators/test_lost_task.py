"""A fit warns where y and S share so much that parity must destroy the task."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from fairrep import (
    MIDebiasedClassifier,
    MIDebiasedClassifierCV,
    MIFairTransformer,
    lambda_path,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
LOST = r"'sex' tells \d\d% of .* nats\): demographic parity must destroy the task"


@pytest.fixture(scope="module")
def lost():
    """X, y and two columns of S; sex tells half of y, and race nothing."""
    rng = np.random.default_rng(0)
    sex, race = np.arange(120) % 2, np.arange(120) // 2 % 2
    y = np.where(rng.random(120) < 0.1, 1 - sex, sex)
    X = rng.normal(size=(120, 3)) + y[:, None]
    return X, y, {"race": race, "sex": sex}


@pytest.mark.parametrize("cls", [MIDebiasedClassifier, MIFairTransformer])
def test_a_fit_warns(cls, lost, quick):
    X, y, S = lost
    with pytest.warns(UserWarning, match=LOST):
        cls(1.0, sensitive_combination="separate", **quick).fit(
            X, y, sensitive_features=S
        )
    with pytest.warns(UserWarning, match=LOST.replace("sex", "race x sex")):
        cls(1.0, **quick).fit(X, y, sensitive_features=S)


@pytest.fixture
def quick(quick):
    return {**quick, "max_epochs": 1, "warmup_epochs": 0}


def told(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        call()
    return [w for w in caught if "must destroy" in str(w.message)]


def test_a_path_warns_and_a_search_once_for_all_splits(lost, quick):
    X, y, S = lost
    given = {"sensitive_features": S["sex"]}
    params = {**quick, "lambdas": [0, 1]}
    assert len(told(lambda: lambda_path(X, y, **given, **params))) == 1
    search = MIDebiasedClassifierCV(cv=2, n_bootstrap=20, **params)
    assert len(told(lambda: search.fit(X, y, **given))) == 1


def test_there_is_no_warning_where_the_task_stands(lost, quick, biased):
    X, y, S = lost
    sex = {"sensitive_features": S["sex"]}
    # Reweighed so that y and sex are independent.
    weight = np.where(y == S["sex"], 1.0, (y == S["sex"]).sum() / (y != S["sex"]).sum())
    for call in (
        lambda: MIDebiasedClassifier(0.0, **quick).fit(X, y, **sex),
        lambda: MIDebiasedClassifier(1.0, criterion="equalized_odds", **quick).fit(
            X, y, **sex
        ),
        lambda: MIDebiasedClassifier(1.0, **quick).fit(
            X, y, sample_weight=weight, **sex
        ),
        lambda: MIFairTransformer(1.0, **quick).fit(X, **sex),
        lambda: MIDebiasedClassifier(1.0, **quick).fit(
            *biased[:2], sensitive_features=biased[2]
        ),
    ):
        assert not told(call)
