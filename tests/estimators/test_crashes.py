"""A fit that is cut short at any line leaves a fitted estimator or an unfitted one."""

import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import fairrep
from fairrep import MIDebiasedClassifier, MIDebiasedClassifierCV, MIFairTransformer

pytestmark = pytest.mark.filterwarnings("ignore")
WATCHED = ("_estimators", "_tradeoff", "_certificates")
PACKAGE = Path(fairrep.__file__).parent
FAST = {
    "max_epochs": 1,
    "hidden_layer_sizes": (4,),
    "critic_hidden_layer_sizes": (4,),
    "n_members": 1,
    "random_state": 0,
}
CODES = {"bottleneck": "discrete", "n_codes": 2, "calibration_fraction": 0.3}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 2))
S = np.resize([0, 1, 1], 120)
Y, OTHER = np.resize(["no", "yes"], 120), np.resize(["good", "bad"], 120)

ESTIMATORS = {
    "classifier": MIDebiasedClassifier(**FAST),
    "codes": MIDebiasedClassifier(**FAST, **CODES),
    "transformer": MIFairTransformer(**FAST, **CODES),
    "search": MIDebiasedClassifierCV(**FAST, lambdas=[0, 1]),
}


@cache
def is_watched(filename):
    path = Path(filename)
    return PACKAGE in path.parents and path.parent.name in WATCHED


class Interrupt:
    """Raises at the nth line of the watched files that a fit comes to."""

    def __init__(self, at, error):
        self.at, self.error, self.n_lines = at, error, 0

    def __call__(self, frame, event, arg):
        if not is_watched(frame.f_code.co_filename):
            return None
        if event == "line":
            self.n_lines += 1
            if self.n_lines == self.at:
                raise self.error
        return self

    def __enter__(self):
        sys.settrace(self)
        return self

    def __exit__(self, *exc):
        sys.settrace(None)


def assert_whole(estimator):
    """Unfitted, or fitted on the old labels or the new ones, and able to do it all."""
    method = estimator.predict if hasattr(estimator, "classes_") else None
    try:
        z = estimator.transform(X)
    except NotFittedError:
        assert not any(
            name.endswith("_") and name not in {"n_features_in_", "feature_names_in_"}
            for name in vars(estimator)
            if not name.startswith("_")
        ), sorted(vars(estimator))
        return False
    assert len(z) == len(X)
    assert estimator.net_ is not None
    assert len(estimator.history_) == estimator.n_iter_ == 1
    if method is not None:
        classes = estimator.classes_.tolist()
        assert classes in (sorted({*Y}), sorted({*OTHER}))
        assert {*method(X)} <= {*classes}
    if getattr(estimator, "calibration_fraction", 0):
        assert 0 <= estimator.certificate_.demographic_parity <= 1
    return True


def test_cut_short_at_some_lines():
    cut_short(ESTIMATORS["classifier"], KeyboardInterrupt, 6)


@pytest.mark.slow
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
def test_cut_short_at_any_line(estimator, error):
    cut_short(estimator, error, 6)


def cut_short(estimator, error, n):
    first = clone(estimator).fit(X, Y, sensitive_features=S)
    with Interrupt(0, error) as whole:
        clone(estimator).fit(X, OTHER, sensitive_features=S)
    n_fitted = 0
    # The last lines one by one, as there the attributes are set.
    last = whole.n_lines - 8
    lines = [*np.linspace(1, last, n, dtype=int), *range(last, whole.n_lines)]
    for at in lines:
        # Fitted, on what came before, or cut short already.
        again = clone(first).fit(X, Y, sensitive_features=S) if at % 5 == 0 else first
        with suppress(error, KeyboardInterrupt), Interrupt(at, error()):
            again.fit(X, OTHER, sensitive_features=S)
        n_fitted += assert_whole(again)
    assert 0 < n_fitted < len(lines)  # both happen
