"""TradeoffDisplay: score against gap, beside other models."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import demographic_parity_difference
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from fairrep import (
    MIDebiasedClassifier,
    MIDebiasedClassifierCV,
    TradeoffDisplay,
    lambda_path,
)
from fairrep.metrics import error_floor

pyplot = pytest.importorskip("matplotlib.pyplot")
LAMBDAS = [0.0, 1.0, 10.0]
pytestmark = [
    pytest.mark.filterwarnings("ignore:No lambda is shown to keep the gap"),
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
    points = display.ax_.lines[0]
    assert_allclose(points.get_xdata(), fitted.path_["gap"])
    assert_allclose(points.get_ydata(), fitted.path_["score"])
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert f"in use: λ = {fitted.lambda_:.2g}" in labels
    assert "limit to the gap: 0.05" in labels
    assert display.ax_.get_xlabel().startswith("demographic parity difference")
    assert display.figure_ is display.ax_.figure


@pytest.mark.parametrize("cls", [LogisticRegression, MIDebiasedClassifier])
def test_a_curve_needs_a_path(cls, test_rows):
    with pytest.raises(TypeError, match=f"MIDebiasedClassifierCV; got {cls.__name__}"):
        TradeoffDisplay.from_estimator(cls(), **test_rows)


def test_the_legend_covers_nothing():
    display, _, _ = drawn(curve(20), chosen=1.0, max_gap=0.1, constant=0.7)
    axes, legend = display.ax_, display.ax_.get_legend()
    assert legend.get_window_extent().y1 < axes.get_window_extent().y0
    assert legend.get_window_extent().y0 >= 0


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


def test_rows_in_another_order_are_an_error(fitted, test_rows):
    groups = pd.Series(test_rows["sensitive_features"])
    test_rows["sensitive_features"] = groups.sample(frac=1, random_state=0)
    test_rows["X"] = pd.DataFrame(test_rows["X"])
    with pytest.raises(ValueError, match="features has the index of X in another ord"):
        TradeoffDisplay.from_estimator(fitted, **test_rows)


def test_limits_enclose_every_point(fitted, test_rows):
    figures = TradeoffDisplay.from_estimator(
        fitted, **test_rows, n_bootstrap=20, plot=False
    ).figures
    for name in ("score", "gap"):
        assert (figures[f"{name}_low"] <= figures[name]).all()
        assert (figures[name] <= figures[f"{name}_high"]).all()
    assert np.isfinite(figures.to_numpy()).all()


def curve(n_points, spread=0.3):
    gap = np.linspace(spread, 0, n_points)
    score = 0.7 + gap
    return pd.DataFrame(
        {
            "lambda_mi": np.arange(n_points, dtype=float),
            "score": score,
            "score_low": score - 0.02,
            "score_high": score + 0.02,
            "gap": gap,
            "gap_low": gap - 0.01,
            "gap_high": gap + 0.01,
        }
    )


def drawn(figures, **options):
    names = {"score_name": "accuracy", "gap_name": "gap"}
    display = TradeoffDisplay(figures, **names, **options).plot()
    display.figure_.draw_without_rendering()
    labels = [text for text in display.ax_.texts if text.get_text().startswith("λ")]
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    return display, labels, legend


@pytest.mark.parametrize("n_points", [3, 20, 60])
def test_labels_do_not_overlap(n_points):
    _, labels, legend = drawn(curve(n_points), chosen=1.0, confidence=0.9)
    assert {"λ = 0", f"λ = {n_points - 1:.2g}"} <= {t.get_text() for t in labels}
    boxes = [label.get_window_extent() for label in labels]
    pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
    assert not any(a.overlaps(b) for a, b in pairs)
    assert len(labels) == 3 if n_points == 3 else 5 <= len(labels) < 12
    assert "one-sided limits, 90 % each" in legend


@pytest.mark.parametrize("n_points", [8, 30])
def test_of_many_points_those_with_a_label_show_their_limits(n_points):
    figures = curve(n_points, spread=0.02)  # crowded: not every point has a label
    display, labels, _ = drawn(figures)
    horizontal, vertical = display.ax_.collections
    n_shown = n_points if n_points == 8 else len(labels)
    assert len(horizontal.get_segments()) == len(vertical.get_segments()) == n_shown
    assert len(labels) < n_points
    low, high = display.ax_.get_ylim()
    assert low < figures["score_low"].min()
    assert high > figures["score_high"].max()


@pytest.mark.parametrize(("constant", "shown"), [(0.69, True), (0.3, False)])
def test_a_constant_is_a_line_where_it_is_near(constant, shown):
    display, _, legend = drawn(curve(5), constant=constant)
    assert (f"always the commonest class: {constant:.3f}" in legend) == shown
    assert display.ax_.get_ylim()[0] > 0.5


def test_the_constant_is_measured_on_the_rows(fitted, test_rows):
    display = TradeoffDisplay.from_estimator(fitted, **test_rows, plot=False)
    share = np.bincount(test_rows["y"]).max() / len(test_rows["y"])
    assert_allclose(display.constant, share)
    assert display.confidence == fitted.confidence
    assert TradeoffDisplay.from_estimator(fitted, plot=False).constant > 0.5
    path = fitted.lambda_path_
    other = TradeoffDisplay.from_path(path, scoring="roc_auc", plot=False)
    assert other.constant is None


def test_no_classifier_is_above_the_ceiling(fitted, test_rows):
    """It is that of the rows measured on, also where another model is set beside."""
    display = TradeoffDisplay.from_estimator(fitted, **test_rows, n_bootstrap=20)
    y, s = test_rows["y"], test_rows["sensitive_features"]
    floors = error_floor(y, sensitive_features=s, max_gap=display.ceiling["gap"])
    assert_allclose(display.ceiling["score"], 1 - floors)
    at = np.interp(display.figures["gap"], display.ceiling["gap"], 1 - floors, right=1)
    assert (display.figures["score"] <= at).all()
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    named = [label for label in labels if label.startswith("no classifier is above")]
    assert len(named) == 1
    assert f"{1 - floors[0]:.3f} at a gap of 0" in named[0]
    # What draws it leaves the curve in view.
    points = display.figures[["gap", "score"]].to_numpy()
    assert (display.ax_.viewLim.min <= points).all()
    assert (points <= display.ax_.viewLim.max).all()


@pytest.mark.parametrize(
    ("criterion", "scoring"),
    [("equalized_odds", "accuracy"), ("demographic_parity", "roc_auc")],
)
def test_there_is_no_ceiling_where_none_is_known(biased, quick, criterion, scoring):
    X, y, s = biased
    path = lambda_path(
        X[:300],
        y[:300],
        sensitive_features=s[:300],
        lambdas=LAMBDAS,
        criterion=criterion,
        **quick,
    )
    display = TradeoffDisplay.from_path(
        path, scoring=scoring, n_bootstrap=20, plot=False
    )
    assert display.ceiling is None


# -- what changes along the curve ------------------------------------------------


def test_changes_are_those_of_the_same_rows(fitted, test_rows):
    display = TradeoffDisplay.from_estimator(fitted, **test_rows, n_bootstrap=20)
    figures, changes = display.figures, display.changes
    assert changes["lambda_mi"].tolist() == LAMBDAS[1:]
    for change, name in [("gap_change", "gap"), ("accuracy_change", "score")]:
        expected = figures[name].iloc[1:] - figures[name].iloc[0]
        assert_allclose(changes[change], expected, atol=1e-12)
        assert (changes[f"{change}_low"] <= changes[change]).all()
        assert (changes[change] <= changes[f"{change}_high"]).all()


def changes_of(*rows):
    columns = [
        "lambda_mi",
        *(f"{name}_change{end}" for name in ("gap", "accuracy") for end in ENDS),
    ]
    return pd.DataFrame(rows, columns=columns)


ENDS = ["", "_low", "_high"]


def test_what_is_shown_to_be_less_discriminatory_is_said():
    changes = changes_of(
        [1.0, -0.02, -0.05, 0.01, 0.001, -0.002, 0.004],
        [5.0, -0.081, -0.12, -0.042, -0.004, -0.011, 0.003],
    )
    display = TradeoffDisplay(
        curve(3), score_name="", gap_name="", confidence=0.95, changes=changes
    )
    assert display.summary() == (
        "Compared with lambda = 0, on the same rows, in percentage points. All limits "
        "hold together with 95 % confidence:\n"
        "  lambda = 5: the gap is smaller by 8.1 (4.2 to 12.0), the accuracy changes "
        "by -0.4 and is lower by at most 1.1\n"
        "Of 1 other lambdas no smaller gap is shown."
    )
    display.changes = changes.iloc[:1]
    assert display.summary().startswith("On these rows no lambda is shown")


@pytest.mark.parametrize("gap", [demographic_parity_difference, None])
def test_without_changes_nothing_is_said(fitted, gap):
    if gap is None:  # figures alone, of rows that chose
        display = TradeoffDisplay.from_estimator(fitted)
    else:
        display = TradeoffDisplay.from_path(
            fitted.lambda_path_,
            gap=lambda *args, **kwargs: gap(*args, **kwargs),
            n_bootstrap=2,
        )
    with pytest.raises(ValueError, match="There is nothing to compare"):
        display.summary()


def test_a_notebook_shows_path_and_figures(fitted):
    display = TradeoffDisplay.from_estimator(fitted)
    assert f"{display.figures['score'].iloc[0]:.3f}" in display._repr_html_()
    path = fitted.lambda_path_
    assert "3 in the grid" in path._repr_html_()
    assert f"{len(path.held_out_[1]):,} rows" in path._repr_html_()
