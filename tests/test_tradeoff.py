"""TradeoffDisplay: score against gap, beside other models."""

import numpy as np
import pytest
from fairlearn.metrics import demographic_parity_difference
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from fairrep import MIDebiasedClassifierCV, TradeoffDisplay, lambda_path

pyplot = pytest.importorskip("matplotlib.pyplot")
LAMBDAS = [0.0, 1.0, 10.0]
pytestmark = [
    pytest.mark.filterwarnings("ignore:No lambda keeps the gap"),
    pytest.mark.filterwarnings("ignore:The classifier has collapsed"),
]


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


@pytest.fixture
def fitted(biased, quick):
    X, y, s = biased
    clf = MIDebiasedClassifierCV(lambdas=LAMBDAS, n_bootstrap=20, **quick)
    return clf.fit(X[:300], y[:300], sensitive_features=s[:300])


@pytest.fixture
def test_rows(biased):
    X, y, s = biased
    return {"X": X[300:], "y": y[300:], "sensitive_features": s[300:]}


def test_from_estimator_draws_the_curve_and_the_choice(fitted):
    display = TradeoffDisplay.from_estimator(fitted)
    assert display.figures is fitted.path_
    assert display.chosen == fitted.lambda_
    curve = display.ax_.lines[0]
    assert_allclose(curve.get_xdata(), fitted.path_["gap"])
    assert_allclose(curve.get_ydata(), fitted.path_["score"])
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert f"in use: λ = {fitted.lambda_:.2g}" in labels
    assert "limit to the gap: 0.05" in labels
    assert display.ax_.get_xlabel().startswith("demographic parity difference")
    assert display.figure_ is display.ax_.figure


def test_on_other_rows(fitted, test_rows):
    display = TradeoffDisplay.from_estimator(fitted, **test_rows, n_bootstrap=20)
    predicted = fitted.lambda_path_.predict(test_rows["X"], 1.0)
    point = display.figures.iloc[1]
    assert_allclose(point["score"], (predicted == test_rows["y"]).mean())
    gap = demographic_parity_difference(
        test_rows["y"] == fitted.classes_[1],
        predicted == fitted.classes_[1],
        sensitive_features=test_rows["sensitive_features"],
    )
    assert_allclose(point["gap"], gap)


def test_other_models_are_added_in_one_call(fitted, test_rows, biased):
    X, y, _ = biased
    now = LogisticRegression().fit(X[:300], y[:300])
    display = TradeoffDisplay.from_estimator(fitted, **test_rows, n_bootstrap=20)
    n_lines = len(display.ax_.lines)
    assert display.add("now", now) is display
    assert_allclose(
        display.others.loc["now", "score"], now.score(test_rows["X"], test_rows["y"])
    )
    assert len(display.ax_.lines) == n_lines + 1
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert "now" in texts


def test_without_rows_no_model_can_be_added(fitted):
    display = TradeoffDisplay.from_estimator(fitted, plot=False)
    assert not hasattr(display, "ax_")
    with pytest.raises(ValueError, match="no rows to measure another model on"):
        display.add("now", LogisticRegression())


def test_from_path(biased, quick, test_rows):
    X, y, s = biased
    path = lambda_path(
        X[:300], y[:300], sensitive_features=s[:300], lambdas=LAMBDAS, **quick
    )
    _, ax = pyplot.subplots()
    held_out = TradeoffDisplay.from_path(path, ax=ax, n_bootstrap=20)
    assert held_out.ax_ is ax
    assert held_out.chosen is None
    figures = path.figures(n_bootstrap=20)
    assert_allclose(held_out.figures["score"], figures["score"])
    test = TradeoffDisplay.from_path(
        path,
        **test_rows,
        scoring="roc_auc",
        gap="equalized_odds_difference",
        n_bootstrap=20,
        plot=False,
    )
    scores = path.predict_proba(test_rows["X"], 1.0)[:, 1]
    assert_allclose(
        test.figures["score"][1], roc_auc_score(test_rows["y"], scores), rtol=1e-6
    )
    assert (test.score_name, test.gap_name) == ("roc auc", "equalized odds difference")


def test_rows_need_their_sensitive_features(fitted, test_rows):
    del test_rows["sensitive_features"]
    with pytest.raises(ValueError, match="needs sensitive_features"):
        TradeoffDisplay.from_estimator(fitted, **test_rows)


def test_limits_enclose_every_point(fitted, test_rows):
    figures = TradeoffDisplay.from_estimator(
        fitted, **test_rows, n_bootstrap=20, plot=False
    ).figures
    for name in ("score", "gap"):
        assert (figures[f"{name}_low"] <= figures[name]).all()
        assert (figures[name] <= figures[f"{name}_high"]).all()
    assert np.isfinite(figures.to_numpy()).all()
