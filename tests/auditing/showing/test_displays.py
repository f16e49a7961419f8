"""Displays draw the figures of the audit, and say what they lack."""

import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from sklearn.linear_model import LogisticRegression

from fairrep import AuditReport
from fairrep.auditing import (
    CalibrationByGroupDisplay,
    GroupsDisplay,
    LeakageDisplay,
    ProxyDisplay,
)

mpl.use("agg")
QUICK = {"n_bootstrap": 20, "random_state": 0}


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def test_groups_from_predictions(rows):
    y_true, y_pred, _, groups = rows
    display = GroupsDisplay.from_predictions(
        y_true, y_pred, sensitive_features=groups, sensitive="race", **QUICK
    )
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == ["a", "b", "c", "all rows"]
    assert display.figure_ is display.ax_.figure
    drawn = display.ax_.get_lines()[0].get_xdata()
    np.testing.assert_array_equal(drawn, display.figures.value["selection_rate"])
    _, ax = pyplot.subplots()
    again = display.plot(ax, metrics=["accuracy"])
    assert again.ax_ is ax
    assert ax.get_legend().get_texts()[0].get_text() == "accuracy"


@pytest.mark.parametrize("names", [("no", "yes"), ("0", "1"), ("False", "True")])
def test_groups_whose_names_say_nothing_are_drawn_with_their_column(rows, names):
    y_true, y_pred, score, groups = rows
    black = groups["sex"].map(dict(zip("fm", names, strict=True)))
    given = {"sensitive_features": {"black": black}, **QUICK}
    display = GroupsDisplay.from_predictions(y_true, y_pred, **given)
    drawn = [label.get_text() for label in display.ax_.get_yticklabels()]
    titles = [f"black={name}" for name in names]
    assert drawn == [*titles, "all rows"]
    display = CalibrationByGroupDisplay.from_predictions(y_true, score, **given)
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == ["calibrated", *titles]


def test_from_estimator(biased):
    X, y, s = biased
    model = LogisticRegression().fit(X, y)
    given = {"sensitive_features": s, **QUICK}
    display = GroupsDisplay.from_estimator(model, X, y, **given)
    assert len(display.ax_.get_yticklabels()) == 3
    display = CalibrationByGroupDisplay.from_estimator(model, X, y, **given)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    titles = [f"sensitive_feature_0={group}" for group in display.figures.groups]
    assert labels == ["calibrated", *titles]


def test_calibration_from_predictions(rows):
    y_true, _, score, groups = rows
    display = CalibrationByGroupDisplay.from_predictions(
        y_true, score, sensitive_features=groups["sex"], **QUICK
    )
    line = display.ax_.get_lines()[1]
    expected = display.figures.calibration.loc["f"]
    np.testing.assert_array_equal(line.get_ydata(), expected["rate"])
    with pytest.raises(ValueError, match="takes scores in"):
        CalibrationByGroupDisplay.from_predictions(
            y_true, 5 * score, sensitive_features=groups["sex"], **QUICK
        )


def test_leakage(leakage):
    views = [leakage(), leakage("representation", 0.6)]
    display = LeakageDisplay(views, "sex").plot()
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == [
        "from the score",
        "from the representation",
        "from X, all columns",
        "by luck",
    ]
    values = [float(line.get_xdata()[0]) for line in display.ax_.get_lines()]
    assert values == [0.7, 0.6, 0.93, 0.51]
    with pytest.raises(ValueError, match="at least one view"):
        LeakageDisplay([], "sex")


def test_proxies():
    table = pd.DataFrame(
        {"mutual_info": [0.3, 0.1], "share": [0.5, 0.2]}, index=["job", "hours"]
    )
    display = ProxyDisplay(table, "sex").plot(max_columns=1)
    assert [bar.get_width() for bar in display.ax_.patches] == [0.3]


def test_report_plots_what_is_asked_for(rows):
    y_true, y_pred, _, groups = rows
    report = AuditReport.from_predictions(
        y_true,
        y_pred,
        sensitive_features=groups,
        leakage=False,
        confidence=0.9,
        **QUICK,
    )
    display = report.plot(sensitive="race")
    assert display.figures.attribute == "race"
    assert display.ax_.get_xlabel() == "rate, with 90 % interval"
    assert display.ax_.get_title(loc="left") == "predictions: class 1 by race"


def test_without_matplotlib(rows, monkeypatch):
    y_true, y_pred, _, groups = rows
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "fairrep\[plot\]"'):
        GroupsDisplay.from_predictions(
            y_true, y_pred, sensitive_features=groups["sex"], **QUICK
        )


def test_a_notebook_shows_the_figures(rows):
    y_true, y_pred, score, groups = rows
    given = {"sensitive_features": groups, "sensitive": "race", **QUICK}
    few = slice(150)
    of_few = {**given, "sensitive_features": groups[few]}
    displays = [
        GroupsDisplay.from_predictions(y_true, y_pred, **given),
        CalibrationByGroupDisplay.from_predictions(y_true, score, **given),
        LeakageDisplay.from_predictions(
            y_true[few], y_pred[few], y_score=score[few], **of_few
        ),
        ProxyDisplay(pd.DataFrame({"share": [0.5]}, index=["job"]), "race"),
    ]
    for display, told in zip(
        displays,
        ["all rows", "count", "gradient boosting", "job"],
        strict=True,
    ):
        assert told in display._repr_html_()
