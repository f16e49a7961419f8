"""`--positive` names the class that rates are about; unfit rows get advice."""

import warnings

import numpy as np
import pandas as pd
import pytest

import fairrep
from fairrep import MIDebiasedClassifier
from fairrep._cli import main

ROLES = ["--target", "loan", "--sensitive", "sex"]


def run(capsys, *argv, code=0):
    """Run a command; return what it printed on standard output and error."""
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert main([str(arg) for arg in argv]) == code
    return capsys.readouterr()


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    """Loans by words, whose greater is the denial, with predictions of a vendor."""
    rng = np.random.default_rng(0)
    n = 300
    sex, income = np.arange(n) % 2, rng.normal(size=n)
    words = np.array(["denied", "approved"])
    frame = pd.DataFrame(
        {
            "income": income,
            "sex": np.array(["f", "m"])[sex],
            "region": np.array(["a", "b", "c"])[np.arange(n) % 3],
            "clerk": np.arange(n) % 30,
            "country": "here",
            "loan": words[(income + sex > 0).astype(int)],
            "vendor": words[(income > 0).astype(int)],
            "nobody": "denied",
            "code": (income + sex > 0).astype(float),
        }
    )
    frame["clerk"] = "clerk " + frame["clerk"].astype(str)
    path = tmp_path_factory.mktemp("loans") / "loans.csv"
    frame.to_csv(path, index=False)
    return path


AUDIT = ["--prediction", "vendor", "--no-leakage"]


@pytest.mark.parametrize("option", ["--positive", "--pos-label"])
def test_of_an_audit(capsys, csv, option):
    out, _ = run(capsys, "audit", csv, *ROLES, *AUDIT, option, "approved")
    assert "Class 'approved' by sex" in out
    assert "nobody said" not in out
    out, _ = run(capsys, "audit", csv, *ROLES, *AUDIT)
    assert "Class 'denied' by sex" in out
    said = "Rates are those of 'denied', not of 'approved', as nobody said"
    assert said in " ".join(out.split())
    assert "--positive" in out


def test_of_a_fit_it_is_kept(capsys, csv, tmp_path):
    model, card = tmp_path / "model", tmp_path / "card.md"
    options = ["--positive", "approved", "--criterion", "equal_opportunity"]
    options += ["--max-epochs", 3, "--model", model]
    for name in ("region", "clerk", "country", "vendor", "nobody", "code"):
        options += ["--drop", name]
    out, _ = run(capsys, "fit", csv, *ROLES, *options)
    assert "Equal opportunity difference by sex (class 'approved')" in out
    assert fairrep.load(model).pos_label == "approved"
    argv = ["audit", csv, *ROLES, "--model", model, "--no-leakage"]
    out, err = run(capsys, *argv, "--card", card)
    assert "Class 'approved' by sex" in out
    assert f"Written: {card}" in err
    assert "# Model card: MIDebiasedClassifier" in card.read_text()
    assert "Rates are those of class 'approved'" in card.read_text()
    run(capsys, *argv, "--card", card)  # its own file may be replaced
    out, _ = run(capsys, *argv, "--positive", "denied")
    assert "Class 'denied' by sex" in out


def test_a_whole_number_is_a_float_of_the_column(capsys, csv):
    roles = ["--target", "code", "--sensitive", "sex", "--no-leakage"]
    frame = pd.read_csv(csv).assign(copy=lambda frame: frame["code"])
    frame.to_csv(csv.parent / "copy.csv", index=False)
    argv = ["audit", csv.parent / "copy.csv", *roles, "--prediction", "copy"]
    out, _ = run(capsys, *argv, "--positive", "0")
    assert "Class 0" in out


@pytest.mark.parametrize("command", ["fit", "audit"])
def test_a_label_that_is_none_is_an_error_before_any_work(
    monkeypatch, capsys, csv, command, tmp_path
):
    def fit(self, *args, **kwargs):
        pytest.fail("training has begun")

    monkeypatch.setattr(MIDebiasedClassifier, "fit", fit)
    argv = {"fit": ["--model", tmp_path / "m"], "audit": AUDIT}[command]
    argv += ["--positive", "granted"]
    _, err = run(capsys, command, csv, *ROLES, *argv, code=2)
    assert "column 'loan' holds no 'granted'; it holds" in err.splitlines()[-1]


# -- rows that tell little ---------------------------------------------------------


def test_a_vendor_who_denies_everyone(capsys, csv):
    few = csv.parent / "few.csv"
    rows = pd.read_csv(csv)[["region", "loan", "nobody"]].head(60)
    rows.to_csv(few, index=False)
    argv = ["--target", "loan", "--sensitive", "region", "--prediction", "nobody"]
    argv += ["--fail-above", "leakage=0.9"]
    # Without features there is no mark to compare with, only what is predicted.
    _, err = run(capsys, "audit", few, *argv)
    assert "failed" not in err


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (
            ["--sensitive", "country", *AUDIT],
            2,
            "column 'country' has a single group, 'here', in all 300 rows; at least 2",
        ),
        (
            ["--sensitive", "clerk", *AUDIT, "--fail-above", "gap=0.5"],
            1,
            "could not be measured (too few groups are large enough to be "
            "compared: audit more rows, or merge small groups)",
        ),
        (
            ["--sensitive", "clerk", "--prediction", "nobody"],
            2,
            "leave attacks out: leakage=False, on the command line --no-leakage",
        ),
        (
            [*ROLES[2:], *AUDIT, "--fail-above", "leakage=0.5"],
            2,
            "--fail-above leakage=... needs what --no-leakage leaves out",
        ),
        ([*ROLES[2:], *AUDIT, "--card", "card.md"], 2, "--card goes with --model"),
    ],
)
def test_what_cannot_be_measured_is_said_with_what_to_do(capsys, csv, argv, code, said):
    if "--no-leakage" not in argv:
        frame = pd.read_csv(csv).assign(clerk=lambda f: f["clerk"] + f["region"])
        csv = csv.parent / "clerks.csv"
        frame.head(100).to_csv(csv, index=False)
    _, err = run(capsys, "audit", csv, "--target", "loan", *argv, code=code)
    assert said in err.splitlines()[-1]
