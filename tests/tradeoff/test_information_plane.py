"""InformationPlaneDisplay: what z tells of y against what it tells of S."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import log_loss, mutual_info_score

from fairrep import InformationPlaneDisplay, MIDebiasedClassifier, lambda_path

pyplot = pytest.importorskip("matplotlib.pyplot")
pytestmark = pytest.mark.filterwarnings("ignore:The classifier has collapsed")
LAMBDAS = [0.0, 1.0, 20.0]


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def path_of(biased, quick, **params):
    X, y, s = biased
    y = np.where(y == 1, "yes", "no")
    return lambda_path(X, y, sensitive_features=s, lambdas=LAMBDAS, **quick | params)


def test_a_point_of_each_lambda(biased, quick):
    path = path_of(biased, quick)
    display = InformationPlaneDisplay.from_path(path)
    X, y, _ = path.held_out_
    share = np.unique(y, return_counts=True)[1] / len(y)
    entropy = -(share * np.log(share)).sum()
    assert_allclose(display.entropy, entropy)
    told = display.figures.loc[1.0]
    assert_allclose(told["mi_sensitive"], path.at(1.0).mi_estimate_)
    lost = log_loss(y, path.predict_proba(X, 1.0), labels=path.classes_)
    assert_allclose(told["mi_target"], max(0, entropy - lost), rtol=1e-5)
    points = display.ax_.lines[1]
    assert_allclose(points.get_xdata(), display.figures["mi_sensitive"])
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts == ["λ = 0", "λ = 1", "λ = 20"]
    assert "at least" in display.ax_.get_xlabel()


def test_of_codes_it_is_counted(biased, quick):
    path = path_of(biased, quick, bottleneck="discrete", n_codes=3)
    display = InformationPlaneDisplay.from_path(path)
    X, y, _ = path.held_out_
    codes = path.transform(X, 0.0).argmax(axis=1)
    plug_in = mutual_info_score(codes, y)
    bias = (len(np.unique(codes)) - 1) / (2 * len(y))
    expected = max(0, plug_in - bias)
    assert_allclose(display.figures["mi_target"].loc[0.0], expected, atol=1e-9)
    assert "at least" not in display.ax_.get_xlabel()


def test_a_point_of_each_epoch(biased, quick):
    X, y, s = biased
    clf = MIDebiasedClassifier(2.0, **quick).fit(X, y, sensitive_features=s)
    display = InformationPlaneDisplay.from_estimator(clf, y)
    assert display.figures.index.tolist() == [1, 2, 3]
    assert_allclose(
        display.figures["mi_sensitive"],
        np.maximum(0, clf.history_[:, "valid_mi"]),
    )
    assert (display.figures["mi_target"] <= display.entropy).all()
    assert "epoch = 3" in [text.get_text() for text in display.ax_.texts]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"lambda_mi": 0}, "measured nothing on held-out rows"),
        ({"validation_fraction": 0}, "measured nothing on held-out rows"),
        ({"class_weight": "balanced"}, "expected class_weight=None"),
    ],
)
def test_a_fit_that_measured_no_point_is_named(biased, quick, params, message):
    X, y, s = biased
    clf = MIDebiasedClassifier(**{"lambda_mi": 1.0, **quick, **params})
    clf.fit(X, y, sensitive_features=s)
    with pytest.raises(ValueError, match=message):
        InformationPlaneDisplay.from_estimator(clf, y)


def test_paths_without_a_plane_are_named(biased, quick):
    path = path_of(biased, quick, validation_fraction=0)
    with pytest.raises(ValueError, match="No rows were held out"):
        InformationPlaneDisplay.from_path(path)
    X, y, s = biased
    of_numbers = lambda_path(
        X,
        y + X[:, 0],
        sensitive_features=s,
        lambdas=LAMBDAS,
        task="regression",
        **quick,
    )
    with pytest.raises(TypeError, match="got a path of regressors"):
        InformationPlaneDisplay.from_path(of_numbers)
