"""`fairrep tradeoff`: the curve of a file's rows, as a table and a picture."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

import fairrep
from fairrep._cli import main, tradeoff
from fairrep._cli.options import as_options
from fairrep.datasets import make_biased_classification

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    X, y, s = make_biased_classification(
        900, n_features=4, mi_xs=0.2, return_X_y_s=True, random_state=0
    )
    frame = pd.DataFrame(X, columns=list("abcd")).assign(
        city=np.resize(["north", "south"], len(y)),
        hired=np.where(y == 1, "yes", "no"),
        sex=np.where(s == 1, "f", "m"),
    )
    path = tmp_path_factory.mktemp("data") / "people.csv"
    frame.to_csv(path, index=False)
    return path


def run(*args):
    return main(
        ["tradeoff", *map(str, args), "--target", "hired", "--sensitive", "sex"]
    )


def test_table_and_picture(table, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    picture = tmp_path / "curve.png"
    assert run(table, "--max-gap", 0.9, "--max-epochs", 5, "--output", picture) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert sum("<- chosen" in line for line in lines) == 1
    assert sum("gradient boosting, unconstrained" in line for line in lines) == 1
    assert "demographic parity difference" in out
    assert " against gradient boosting: demographic parity difference 0." in out
    assert "one-sided:\neach holds with 95%, both with 90%" in out
    assert "Rates are those of 'yes', not of 'no', as nobody said" in out
    assert f"Picture: {picture}" in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "epoch" in err  # the progress bar
    assert "a single net that serves all lambdas" in err


@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
def test_boosted_codes(table, tmp_path, capsys, monkeypatch):
    fitted = []

    def fit_or_leave(clf, *train):
        fitted.append(clf.fit(*train[:2], sensitive_features=train[2]))

    monkeypatch.setattr(tradeoff, "fit_or_leave", fit_or_leave)
    picture = tmp_path / "curve.png"
    options = ["--bottleneck", "discrete", "--boosted", "--max-gap", 0.9]
    options += ["--model", tmp_path / "model"]
    assert run(table, *options, "--max-epochs", 4, "--output", picture) == 0
    (clf,) = fitted
    assert isinstance(clf.estimator_[-1], HistGradientBoostingClassifier)
    assert clf.estimator_[-1].random_state == 0
    out, err = capsys.readouterr()
    assert "epoch" not in err
    assert f"Model: {tmp_path / 'model'}, at lambda_mi={clf.lambda_:.3g}" in out
    saved, X = fairrep.load(tmp_path / "model"), pd.read_csv(table)
    assert saved.lambda_mi == clf.lambda_
    assert saved.verbose == 0
    np.testing.assert_array_equal(
        saved.predict_proba(X[clf.feature_names_in_]),
        clf.predict_proba(X[clf.feature_names_in_]),
    )
    assert "certified gap" in out
    assert sum("gradient boosting, unconstrained" in x for x in out.splitlines()) == 1
    assert {"share of f", "share of m"} <= {*clf.code_table_}


def test_a_point_by_hand_and_the_test_rows(table, tmp_path, capsys):
    options = ["--max-gap", 0, "--lambda-mi", 0.01, "--model", tmp_path / "model"]
    options += ["--holdout", tmp_path / "test.csv", "--output", tmp_path / "curve.png"]
    assert run(table, *options, "--max-epochs", 4, "--positive", "no") == 0
    out, err = capsys.readouterr()
    assert "nobody said" not in out
    by_hand = [line.split()[0] for line in out.splitlines() if "<- taken by h" in line]
    assert by_hand == ["0"]  # the nearest of the curve
    assert "<- chosen" not in out
    assert "lambda_mi=0 against gradient boosting" in out
    assert "No lambda keeps" not in err
    saved = fairrep.load(tmp_path / "model")
    assert (saved.lambda_mi, saved.pos_label) == (0, "no")
    columns = ["a", "b", "c", "d", "city", "hired", "sex"]
    test, everyone = pd.read_csv(tmp_path / "test.csv"), pd.read_csv(table)
    assert len(test) == 225
    assert set(test[columns].round(6).itertuples(index=False, name=None)) < set(
        everyone[columns].round(6).itertuples(index=False, name=None)
    )


def test_advice_names_the_options_that_there_are():
    message = "set_lambda(2.91) takes it, or ask for max_gap=0.21. max_gap=1, cv=5."
    assert as_options(message) == (
        "--lambda-mi 2.91 takes it, or ask for --max-gap 0.21. --max-gap 1, --cv 5."
    )


@pytest.mark.parametrize(
    ("new", "old", "verdict"),
    [
        ((0.1, 0.05, 0.15), (0.3, 0.2, 0.4), "smaller"),
        ((0.1, 0.05, 0.35), (0.3, 0.2, 0.4), "no difference beyond the limits"),
        ((0.1, 0.05, 0.15), (0.3, 0.05, 0.4), "no difference beyond the limits"),
        ((0.5, 0.45, 0.6), (0.3, 0.2, 0.4), "larger"),
    ],
)
def test_figures_differ_beyond_their_limits_alone(new, old, verdict):
    names = ["gap", "gap_low", "gap_high"]
    rows = [pd.Series(values, index=names) for values in (new, old)]
    assert tradeoff._verdict(*rows, "gap") == verdict


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--sensitive", "race"], "no column 'race'; it has 'a', 'b'"),
        (["--output", "curve.foo"], "expected a name that ends in one of"),
        (["--drop", "sex"], "column 'sex' is given as sensitive and again as drop"),
        (["--bottleneck", "none"], "argument --bottleneck: invalid choice: 'none'"),
        (["--lambda-mi", "-1"], "expected a number of at least 0; got '-1'"),
        (["--positive", "maybe"], "column 'hired' holds no 'maybe'; it holds 'no'"),
        (["--max-gap", "2"], "expected a number from 0 to 1; got '2'"),
    ],
)
def test_errors_come_in_one_line_before_any_work(
    table, args, message, capsys, tmp_path
):
    if "--output" not in args:
        args = [*args, "--output", str(tmp_path / "curve.png")]
    try:
        code = run(table, *args)
    except SystemExit as exit:  # argparse's own
        code = exit.code
    assert code == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert message in err
