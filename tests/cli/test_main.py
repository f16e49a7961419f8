"""The `fairrep` command: its options, its errors, and the figures that demo prints."""

import io
import re
import runpy
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fairlearn import metrics as fl
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split

import fairrep
from fairrep import MIDebiasedClassifier
from fairrep._cli import demo as demo_command
from fairrep._cli import main
from fairrep.datasets import load_adult
from fairrep.metrics import fairness_report


@pytest.fixture
def no_training(monkeypatch):
    def fit(self, *args, **kwargs):
        pytest.fail("the demo has begun to train")

    monkeypatch.setattr(MIDebiasedClassifier, "fit", fit)


@pytest.fixture
def small_adult(monkeypatch):
    def load(*, subset, return_X_y_s):
        tables = load_adult(subset=subset, return_X_y_s=return_X_y_s)
        return tuple(table.head(500) for table in tables)

    monkeypatch.setattr(demo_command, "load_adult", load)


def error_of(capsys, *argv):
    """Run a command that must fail; return what it says, without its prefix."""
    try:
        code = main(argv)
    except SystemExit as exit:
        code = exit.code
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert err.startswith("fairrep: error: ")
    assert err.count("\n") == 1
    return err.removeprefix("fairrep: error: ")


# -- the command -------------------------------------------------------------------


def test_version(capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--version"])
    assert capsys.readouterr().out == f"fairrep {fairrep.__version__}\n"


def test_help_names_the_commands(capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--help"])
    assert "demo" in capsys.readouterr().out


def test_help_of_demo_tells_the_defaults(capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["demo", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for default in ["3.0", "demographic_parity", "0", "fairrep_demo.png"]:
        assert f"(default: {default})" in text


def test_without_a_command_help_and_exit_code_2(capsys):
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: fairrep")


def test_runs_as_a_module(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["fairrep"])
    with pytest.raises(SystemExit, match=r"^2$"):
        runpy.run_module("fairrep", run_name="__main__")
    assert capsys.readouterr().err.startswith("usage: fairrep")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["dmeo"], "invalid choice: 'dmeo'"),
        (["demo", "--lamda", "1"], "unrecognized arguments: --lamda 1"),
        (["demo", "--lambda-mi", "much"], "expected a number above 0; got 'much'"),
        (["demo", "--lambda-mi", "0"], "expected a number above 0; got '0'"),
        (["demo", "--lambda-mi", "nan"], "expected a number above 0; got 'nan'"),
        (["demo", "--lambda-mi", "inf"], "expected a number above 0; got 'inf'"),
        (["demo", "--seed", "-1"], "expected a whole number from 0 to 2**32 - 1"),
        (["demo", "--max-epochs", "4.5"], "expected a whole number of at least 1"),
        (["demo", "--max-epochs", "0"], "at least 1; got '0'"),
        (["demo", "--criterion", "parity"], "invalid choice: 'parity'"),
    ],
)
@pytest.mark.usefixtures("no_training")
def test_bad_options_are_one_line(capsys, argv, message):
    assert message in error_of(capsys, *argv)


@pytest.mark.usefixtures("small_adult")
@pytest.mark.parametrize("error", [ValueError, OSError, FloatingPointError])
def test_error_of_the_library_is_one_line(monkeypatch, capsys, tmp_path, error):
    def fit(self, *args, **kwargs):
        raise error("The task loss\nbecame non-finite.")

    monkeypatch.setattr(MIDebiasedClassifier, "fit", fit)
    assert main(["demo", "--output", str(tmp_path / "demo.png")]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "fairrep: error: The task loss became non-finite."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_adult")
def test_warning_of_the_library_is_one_line(monkeypatch, capsys, tmp_path):
    def fit(self, *args, **kwargs):
        warnings.warn(
            "The classifier\nhas collapsed.", ConvergenceWarning, stacklevel=1
        )
        raise KeyboardInterrupt  # enough seen

    monkeypatch.setattr(MIDebiasedClassifier, "fit", fit)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        main(["demo", "--output", str(tmp_path / "demo.png")])
    lines = capsys.readouterr().err.splitlines()
    assert "fairrep: warning: The classifier has collapsed." in lines


def test_criteria_are_those_of_the_estimator():
    (accepted,) = MIDebiasedClassifier._parameter_constraints["criterion"]
    assert accepted.options == set(demo_command.GOALS)


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/demo.png", "No such file or directory"),
        ("file/demo.png", "Not a directory"),
        ("", "no regular file"),
        ("demo.xyz", "expected a name that ends in one of"),
    ],
)
def test_unwritable_output_is_found_before_training(capsys, tmp_path, name, message):
    (tmp_path / "file").touch()
    error = error_of(capsys, "demo", "--output", str(tmp_path / name))
    assert error.startswith(f"cannot write {tmp_path / name}")
    assert message in error


@pytest.mark.usefixtures("no_training")
def test_a_device_is_not_replaced(capsys):
    assert "no regular file" in error_of(capsys, "demo", "--output", "/dev/null")
    assert not Path("/dev/null").is_file()


@pytest.mark.usefixtures("small_adult")
@pytest.mark.parametrize("in_the_fit", [True, False])
def test_ctrl_c(monkeypatch, capsys, tmp_path, in_the_fit):
    def fit(self, *args, **kwargs):
        if not in_the_fit:
            raise KeyboardInterrupt
        self.interrupted_ = True  # what fit does with Ctrl-C after its warm-up
        return self

    monkeypatch.setattr(MIDebiasedClassifier, "fit", fit)
    assert main(["demo", "--output", str(tmp_path / "demo.png")]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "fairrep: interrupted"
    assert list(tmp_path.iterdir()) == []


# -- the demo ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A short demo on all of Adult: its models, its text and its picture."""
    output = tmp_path_factory.mktemp("demo") / "picture.png"
    output.write_text("an older one, made by fairrep")
    models = []
    fit = MIDebiasedClassifier.fit

    def recording_fit(self, *args, **kwargs):
        models.append(self)
        return fit(self, *args, **kwargs)

    text = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(text):
        patch.setattr(MIDebiasedClassifier, "fit", recording_fit)
        options = ["--max-epochs", "4", "--lambda-mi", "5", "--seed", "1"]
        code = main(["demo", *options, "--output", str(output)])
    assert code == 0
    return SimpleNamespace(models=models, text=text.getvalue(), output=output)


@pytest.fixture(scope="module")
def adult_test():
    return load_adult(subset="test", return_X_y_s=True)


@pytest.fixture(scope="module")
def predictions(demo, adult_test):
    return [model.predict(adult_test[0]) for model in demo.models]


def figures(text, label):
    """The numbers of the first line that begins with this label."""
    (line, *_) = (line for line in text.splitlines() if line.startswith(label))
    cells = re.findall(r"(?<= )[\d,.]*\d(?=\s|$)", line.removeprefix(label))
    return [float(cell.replace(",", "")) for cell in cells]


def test_demo_trains_with_and_without_the_term(demo):
    assert [model.lambda_mi for model in demo.models] == [0, 5]
    for model in demo.models:
        assert model.random_state == 1
        assert model.n_iter_ == 4
        assert "sex" not in model.feature_names_in_


def test_demo_prints_the_rates_of_each_group(demo, adult_test, predictions):
    _, y, sex = adult_test
    rates = {
        "accuracy": accuracy_score,
        "selection rate": fl.selection_rate,
        "true positive rate (TPR)": fl.true_positive_rate,
        "false positive rate (FPR)": fl.false_positive_rate,
    }
    groups = [sex == "Female", sex == "Male", sex.notna()]
    assert figures(demo.text, "people") == [group.sum() for group in groups]
    for label, rate in rates.items():
        expected = [
            rate(y[group], prediction[group])
            for group in groups
            for prediction in predictions
        ]
        assert figures(demo.text, label) == pytest.approx(expected, abs=6e-4)


def test_demo_prints_the_disparities(demo, adult_test, predictions):
    _, y, sex = adult_test
    for disparity in [
        fl.demographic_parity_difference,
        fl.demographic_parity_ratio,
        fl.equalized_odds_difference,
        fl.equal_opportunity_difference,
    ]:
        expected = [
            disparity(y, prediction, sensitive_features=sex)
            for prediction in predictions
        ]
        printed = figures(demo.text, disparity.__name__.replace("_", " "))
        assert printed[:2] == pytest.approx(expected, abs=6e-4)


def test_demo_prints_what_z_tells(demo, adult_test):
    X, _, sex = adult_test
    estimates = [model.mi_estimate_ for model in demo.models]
    assert figures(demo.text, "I(Z; S), estimate, nats")[:2] == pytest.approx(
        estimates, abs=6e-4
    )
    attacks = []
    learn, judge = train_test_split(
        np.arange(len(X)), test_size=0.5, stratify=sex, random_state=1
    )
    for model in demo.models:
        z = model.transform(X)
        attacker = HistGradientBoostingClassifier(random_state=1)
        attacker.fit(z[learn], sex.iloc[learn])
        guess = attacker.predict_proba(z[judge])[:, 1]
        attacks.append(roc_auc_score(sex.iloc[judge] == "Male", guess))
    assert figures(demo.text, "AUC of a fresh attacker")[:2] == pytest.approx(
        attacks, abs=6e-4
    )
    assert attacks[1] < attacks[0] - 0.05


def test_demo_prints_the_accuracy_of_a_constant(demo, adult_test):
    assert f"{(adult_test[1] == 0).mean():.3f} by a constant" in demo.text


def test_demo_concludes_from_its_figures(demo):
    gaps = figures(demo.text, "demographic parity difference")[:2]
    text = " ".join(demo.text.split())
    assert "fell from {:.3f} to {:.3f}; accuracy".format(*gaps) in text


def test_demo_replaces_the_picture(demo):
    assert demo.text.endswith(f"\nPicture: {demo.output}\n")
    assert demo.output.read_bytes().startswith(b"\x89PNG")
    assert list(demo.output.parent.iterdir()) == [demo.output]


def test_demo_text_is_ascii_and_fits_a_terminal(demo):
    assert demo.text.isascii()
    *lines, _ = demo.text.splitlines()  # the last names a path
    assert max(map(len, lines)) <= 80


@pytest.mark.usefixtures("small_adult")
def test_demo_without_matplotlib(monkeypatch, capsys, tmp_path):
    for module in ["matplotlib", "matplotlib.figure"]:
        monkeypatch.setitem(sys.modules, module, None)
    output = tmp_path / "demo.png"
    options = ["--criterion", "equalized_odds", "--max-epochs", "8"]
    assert main(["demo", *options, "--output", str(output)]) == 0
    out, err = capsys.readouterr()
    assert out.endswith('\nFor a picture of this: pip install "fairrep[plot]"\n')
    assert "I(Z; S | Y), estimate" in out
    assert "Training model 2 of 2: lambda_mi=3" in err
    assert list(tmp_path.iterdir()) == []


# -- its words and its picture, of given outcomes ----------------------------------

SEX = np.repeat(["Female", "Male"], 10)
INCOME = np.tile([0, 1], 10)


def outcome(n_women, n_men, constant_accuracy=0.4):
    """The women and men of the last rows are predicted to earn more."""
    predicted = np.r_[np.arange(10) >= 10 - n_women, np.arange(10) >= 10 - n_men]
    report = fairness_report(INCOME, predicted.astype(int), sensitive_features=SEX)
    return demo_command.Outcome(report, 0.1, 0.6, constant_accuracy)


def conclude(before, after, criterion="demographic_parity"):
    return " ".join(demo_command.summary(before, after, criterion).split())


def test_summary_of_a_narrower_gap():
    text = conclude(outcome(2, 8), outcome(4, 6))
    assert text.startswith(
        "The gap in selection rate between women and men fell from 0.600 to 0.200; "
        "accuracy stayed at 0.500."
    )
    assert "did not narrow" not in text
    assert "worse" not in text
    assert "useless" not in text


@pytest.mark.parametrize(
    ("after", "change"),
    [(outcome(1, 9), "rose from 0.600 to 0.800"), (outcome(2, 8), "stayed at 0.600")],
)
def test_summary_where_nothing_improved(after, change):
    text = conclude(outcome(2, 8), after)
    assert f"between women and men {change}; accuracy" in text
    assert "did not narrow the gap" in text


def test_summary_tells_of_another_criterion_that_got_worse():
    text = conclude(outcome(4, 6), outcome(2, 8), "equal_opportunity")
    for name in ["demographic_parity", "equalized_odds"]:
        assert f"The {name.replace('_', ' ')} difference got worse: it rose" in text
        assert f"--criterion {name} trains for this" in text


@pytest.mark.parametrize("n", [0, 1, 10])
def test_summary_does_not_praise_what_is_no_better_than_a_constant(n):
    assert "is useless" in conclude(outcome(2, 8), outcome(n, n, 0.6))


@pytest.mark.parametrize("criterion", demo_command.GOALS)
def test_picture(criterion):
    before, after = outcome(2, 8), outcome(4, 6)
    figure = demo_command._draw(before, after, 3.0, criterion)
    assert len(figure.axes) == len(demo_command.GOALS[criterion].rates) + 1
    assert "sensitive attribute S: sex" in figure.get_suptitle()
    for ax in figure.axes:
        rate = ax.get_ylabel().removesuffix(" (share of people)").replace(" ", "_")
        expected = [*before.report.to_frame()[rate], *after.report.to_frame()[rate]]
        assert [bar.get_height() for bar in ax.patches] == pytest.approx(expected)
