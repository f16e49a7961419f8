"""`fairrep fit`, `predict` and `audit`: what they write, print and return."""

import io
import json
import os
import subprocess
import sys
import warnings
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score

import fairrep
from fairrep import AuditReport, MIDebiasedClassifier
from fairrep._cli import main
from fairrep._cli.read import split_rows
from fairrep._problem.criterion import CRITERIA
from fairrep.datasets import load_german


def run(capsys, *argv, code=0):
    """Run a command; return what it printed on standard output and error."""
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main([str(arg) for arg in argv]) == code
    return capsys.readouterr()


def figures_of(content):
    """A report without where it comes from: a command knows files and a time."""
    return {key: value for key, value in content.items() if key != "provenance"}


def error_of(capsys, *argv):
    """Run a command that must fail; return its last line, the error."""
    out, err = run(capsys, *argv, code=2)
    assert out == ""
    last = err.splitlines()[-1]
    assert last.startswith("fairrep: error: ")
    return last.removeprefix("fairrep: error: ")


@pytest.fixture(scope="module")
def frame():
    """400 people: income goes with hours and sex, which the job tells."""
    rng = np.random.default_rng(0)
    n = 400
    sex = rng.choice(["f", "m"], n)
    hours = rng.normal(35 + 5 * (sex == "m"), 6)
    score = hours + 8 * (sex == "m") + rng.normal(0, 4, n)
    job = np.where(rng.random(n) < 0.8, np.where(sex == "m", "smith", "nurse"), "clerk")
    return pd.DataFrame(
        {
            "hours": hours,
            "job": job,
            "age": rng.integers(18, 70, n),
            "sex": sex,
            "income": np.where(score > 40, "high", "low"),
        }
    )


@pytest.fixture
def csv(frame, tmp_path):
    frame.to_csv(tmp_path / "people.csv", index=False)
    return tmp_path / "people.csv"


FIT = ["--target", "income", "--sensitive", "sex", "--max-epochs", "5"]


@pytest.fixture(scope="module")
def model(frame, tmp_path_factory):
    """The folder of a model that the command has trained."""
    folder = tmp_path_factory.mktemp("models")
    frame.to_csv(folder / "people.csv", index=False)
    argv = ["fit", folder / "people.csv", *FIT, "--model", folder / "model"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert main([str(arg) for arg in argv]) == 0
    return folder / "model"


@pytest.fixture
def no_training(monkeypatch):
    def fit(self, *args, **kwargs):
        pytest.fail("training has begun")

    monkeypatch.setattr(MIDebiasedClassifier, "fit", fit)


def test_whoever_reads_the_output_may_stop(csv, model):
    argv = ["predict", csv, "--model", model, "--output", "-"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "fairrep", *map(str, argv)],
        stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writer)
    assert done.returncode == 141
    assert "error" not in done.stderr.lower()


# -- fit -----------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
def test_fit_is_a_fit_on_the_rows_not_held_out(capsys, csv, frame, tmp_path):
    out, err = run(
        capsys, "fit", csv, *FIT, "--model", tmp_path / "model", "--seed", 3,
        "--lambda-mi", 2, "--criterion", "equalized_odds", "--drop", "age",
        "--test-size", 0.5, "--bottleneck", "deterministic",
        "--holdout", tmp_path / "held_out.csv",
    )  # fmt: skip
    saved = fairrep.load(tmp_path / "model")
    train, test = split_rows(frame, "income", ["sex"], 0.5, 3)
    assert len(test) == 200
    assert sorted([*train, *test]) == [*range(400)]
    twin = MIDebiasedClassifier(
        2.0,
        criterion="equalized_odds",
        bottleneck="deterministic",
        random_state=3,
        max_epochs=5,
    )
    people = frame.iloc[train].reset_index(drop=True)
    X = people[["hours", "job"]]
    twin.fit(X, people["income"], sensitive_features=people["sex"])
    assert saved.feature_names_in_.tolist() == ["hours", "job"]
    np.testing.assert_array_equal(saved.predict_proba(X), twin.predict_proba(X))
    assert saved.get_params() == twin.get_params()

    others = frame.iloc[test]
    predicted = twin.predict(others[["hours", "job"]])
    assert f"Accuracy {accuracy_score(others['income'], predicted):.3f};" in out
    assert "On 200 rows held out" in out
    report = AuditReport.from_predictions(
        others["income"],
        predicted,
        sensitive_features=others[["sex"]],
        pos_label="low",
        leakage=False,
    )
    gap = report.figures().disparities.loc[CRITERIA["equalized_odds"].gap]
    assert f"(class 'low'): {gap['value']:.3f}" in out
    assert "epoch" not in err  # of a progress bar, as no terminal is there
    written = pd.read_csv(tmp_path / "held_out.csv")
    expected = others.drop(columns="age").reset_index(drop=True)
    pd.testing.assert_frame_equal(written[expected.columns], expected)
    _, err = run(
        capsys, "audit", tmp_path / "held_out.csv", *AUDIT, "--no-leakage",
        "--model", tmp_path / "model",
    )  # fmt: skip
    assert "warning" not in err


@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
def test_fit_on_bundled_data_with_all_rows(capsys, tmp_path):
    argv = ["--target", "credit", "--sensitive", "sex", "--sensitive", "age_over_25"]
    options = ["--max-epochs", "4", "--test-size", "0", "--model", tmp_path / "model"]
    out, _ = run(capsys, "fit", "german", *argv, *options)
    assert "held out" not in out
    saved = fairrep.load(tmp_path / "model")
    german = load_german(sensitive=["sex", "age_over_25"])
    assert saved.feature_names_in_.tolist() == german.feature_names
    assert saved.sensitive_names_in_.tolist() == ["sex", "age_over_25"]
    out, _ = run(
        capsys, "audit", "german", *argv, "--model", tmp_path / "model", "--no-leakage"
    )
    assert "Class 1 by sex x age_over_25" in out


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--target", "wage"], "has no column 'wage'; it has 'hours', 'job', 'age'"),
        (["--sensitive", "race"], "has no column 'race'; it has"),
        (["--drop", "race"], "has no column 'race'; it has"),
        (["--sensitive", "income"], "'income' is given as target and again as sensi"),
        (["--sensitive", "sex"], "'sex' is given as sensitive and again as sensitive"),
        (["--target", "hours"], "column 'hours', the target, holds continuous"),
        (["--target", "same"], "column 'same', the target, holds 7 in all 400 rows"),
        (["--target", "gaps"], "values are missing: 10 in 'gaps'. Use --missing drop"),
        (["--sensitive", "gaps"], "values are missing: 10 in 'gaps'"),
    ],
)
def test_unfit_columns(capsys, frame, tmp_path, argv, message):
    frame = frame.assign(same=7, gaps=np.where(np.arange(400) < 10, np.nan, 1.0))
    frame.to_csv(tmp_path / "people.csv", index=False)
    argv = [*FIT, "--model", tmp_path / "model", *argv]
    assert message in error_of(capsys, "fit", tmp_path / "people.csv", *argv)
    assert not (tmp_path / "model").exists()


@pytest.mark.usefixtures("no_training")
def test_unfit_paths(capsys, csv, tmp_path):
    argv = [*FIT, "--model", tmp_path / "model"]
    assert "there is no file gone.csv" in error_of(capsys, "fit", "gone.csv", *argv)
    (tmp_path / "empty.csv").touch()
    assert "is empty" in error_of(capsys, "fit", tmp_path / "empty.csv", *argv)
    # The folder of the CSV is no model, and must stay as it is.
    message = error_of(capsys, "fit", csv, *FIT, "--model", tmp_path)
    assert "cannot save to" in message
    assert "other files" in message


@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
def test_rows_that_miss_a_value_can_be_dropped(capsys, frame, tmp_path):
    frame = frame.assign(sex=frame["sex"].where(np.arange(400) >= 40))
    frame.to_csv(tmp_path / "people.csv", index=False)
    argv = [*FIT, "--model", tmp_path / "model", "--missing", "drop"]
    out, err = run(capsys, "fit", tmp_path / "people.csv", *argv)
    assert "Training on 288 rows and 3 columns" in err
    assert "On 72 rows held out" in out


def test_ctrl_c_leaves_no_model(monkeypatch, capsys, csv, tmp_path):
    def fit(self, *args, **kwargs):
        self.interrupted_ = True
        return self

    monkeypatch.setattr(MIDebiasedClassifier, "fit", fit)
    _, err = run(capsys, "fit", csv, *FIT, "--model", tmp_path / "model", code=130)
    assert err.splitlines()[-1] == "fairrep: interrupted"
    assert not (tmp_path / "model").exists()


# -- predict -------------------------------------------------------------------


def test_predictions_keep_the_order_of_the_rows(capsys, model, frame, tmp_path):
    shuffled = frame.sample(frac=1, random_state=0).drop(columns=["sex", "income"])
    shuffled[["age", "job", "hours"]].assign(id=7).to_csv(tmp_path / "new.csv")
    out, err = run(
        capsys, "predict", tmp_path / "new.csv", "--model", model, "--proba",
        "--output", tmp_path / "predictions.csv",
    )  # fmt: skip
    assert out == ""
    assert "Predictions of 400 rows" in err
    found = pd.read_csv(tmp_path / "predictions.csv")
    saved = fairrep.load(model)
    assert [*found] == ["prediction", "probability_high", "probability_low"]
    assert found["prediction"].tolist() == saved.predict(shuffled).tolist()
    np.testing.assert_allclose(
        found.iloc[:, 1:], saved.predict_proba(shuffled), rtol=1e-6
    )
    out, _ = run(
        capsys, "predict", tmp_path / "new.csv", "--model", model, "--output", "-"
    )
    assert pd.read_csv(io.StringIO(out)).equals(found[["prediction"]])


def test_unfit_input_of_predict(capsys, model, frame, tmp_path):
    frame.drop(columns="job").to_csv(tmp_path / "new.csv", index=False)
    argv = ["predict", tmp_path / "new.csv", "--model", model]
    output = tmp_path / "predictions.csv"
    assert "has no column 'job'" in error_of(capsys, *argv, "--output", output)
    assert not output.exists()
    frame.assign(hours="many").to_csv(tmp_path / "new.csv", index=False)
    assert "Column 'hours' of X was numeric" in error_of(
        capsys, *argv, "--output", output
    )
    nowhere = tmp_path / "gone" / "predictions.csv"
    assert "cannot write" in error_of(capsys, *argv, "--output", nowhere)
    argv[3] = tmp_path
    assert "holds no model.json" in error_of(capsys, *argv, "--output", output)


def test_a_transformer_does_not_predict(capsys, quick, csv, frame, tmp_path):
    transformer = fairrep.MIFairTransformer(0, **quick).fit(frame[["hours"]])
    transformer.save(tmp_path / "model")
    argv = ["predict", csv, "--output", "-", "--model", tmp_path / "model"]
    assert "a MIFairTransformer, which has no predict" in error_of(capsys, *argv)


# -- audit ---------------------------------------------------------------------


@pytest.fixture
def predicted(frame, tmp_path):
    """People with the predictions and scores of a model of two columns."""
    X = frame[["hours", "age"]]
    other = LogisticRegression(max_iter=1000).fit(X, frame["income"])
    table = frame.assign(predicted=other.predict(X), score=other.predict_proba(X)[:, 1])
    table.to_csv(tmp_path / "predicted.csv", index=False)
    return tmp_path / "predicted.csv"


AUDIT = ["--target", "income", "--sensitive", "sex"]
QUICK_AUDIT = [*AUDIT, "--prediction", "predicted", "--pos-label", "high"]


def test_audit_of_a_column_of_predictions(capsys, predicted, tmp_path):
    argv = ["--no-leakage", "--sensitive", "age", "--seed", 5]
    out, _ = run(capsys, "audit", predicted, *QUICK_AUDIT, *argv, "--json", "-")
    table = pd.read_csv(predicted)
    report = AuditReport.from_predictions(
        table["income"],
        table["predicted"],
        sensitive_features=table[["sex", "age"]],
        pos_label="high",
        leakage=False,
        random_state=5,
        name="predicted",
    )
    assert figures_of(json.loads(out)) == figures_of(json.loads(report.to_json()))
    json_file = tmp_path / "report.json"
    out, err = run(capsys, "audit", predicted, *QUICK_AUDIT, *argv, "--json", json_file)
    assert out == f"{report}\n"
    found = json.loads(json_file.read_text())
    assert figures_of(found) == figures_of(json.loads(report.to_json()))
    assert f"Written: {json_file}" in err


def test_impact_ratios_are_written(capsys, predicted, frame, tmp_path):
    file, (first, second) = tmp_path / "ratios.csv", sorted(frame["sex"].unique())
    argv = [*QUICK_AUDIT, "--no-leakage", "--impact-ratios", file]
    _, err = run(capsys, "audit", predicted, *argv, "--reference", first)
    assert f"Written: {file}" in err
    table = pd.read_csv(file).set_index("group")
    assert table.loc[first, "impact_ratio"] == 1
    assert table["count"].sum() == len(pd.read_csv(predicted))
    out, _ = run(capsys, "audit", predicted, *argv, "--force", "--not-compared", second)
    assert "fewer than two groups" in out.replace("\n", " ")
    assert pd.read_csv(file)["impact_ratio"].notna().sum() == 1
    message = error_of(capsys, "audit", predicted, *argv, "--force", "--reference", "x")
    assert "reference_group='x' is none of the groups" in message
    message = error_of(capsys, "audit", predicted, *QUICK_AUDIT, "--reference", first)
    assert "--reference goes with --impact-ratios" in message


def test_audit_attacks_score_and_x(capsys, predicted):
    limits = ["--fail-above", "leakage=0.55", "--fail-above", "eo=1"]
    argv = ["--score", "score", "--json", "-", *limits]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.stderr, "isatty", lambda: True)
        out, err = run(capsys, "audit", predicted, *QUICK_AUDIT, *argv, code=1)
    found = json.loads(out)
    (leakage,) = found["models"]["predicted"]["leakage"]["sex"]
    assert leakage["name"] == "score"
    assert {*leakage["references"]} == {"X"}
    assert {*found["proxies"]["sex"]} == {"hours", "job", "age"}
    last = err.splitlines()[-1]
    assert last.startswith("fairrep: failed: the AUC of attackers on the score by sex")
    assert f" is {leakage['value']:.3f} (" in last
    assert last.endswith("above the limit of 0.55")
    assert "attacks on sex in the score" in err  # of the progress bar


def test_audit_of_a_model_of_fairrep(capsys, model, csv, frame, tmp_path):
    page = tmp_path / "report.html"
    argv = [*AUDIT, "--model", model, "--no-leakage", "--html", page]
    out, err = run(capsys, "audit", csv, *argv)
    known = "MIDebiasedClassifier was fitted on about"  # of a sample: 80 %
    assert f"fairrep: warning: {known}" in err
    with pytest.warns(UserWarning, match=known):
        report = fairrep.audit(
            fairrep.load(model),
            frame[["hours", "job", "age"]],
            frame["income"],
            sensitive_features=frame[["sex"]],
            leakage=False,
            random_state=0,
        )
    assert out == f"{report}\n"
    assert page.read_text().startswith("<!")
    assert report.summary[0].split(",")[0] in page.read_text()


@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
def test_what_is_too_small_to_measure_is_said(capsys, frame, tmp_path):
    frame.head(100).to_csv(tmp_path / "people.csv", index=False)
    argv = ["--model", tmp_path / "model", "--criterion", "equal_opportunity"]
    out, _ = run(capsys, "fit", tmp_path / "people.csv", *FIT, *argv)
    assert "Equal opportunity difference by sex (class 'low'): unknown, as" in out


def test_audit_of_models_of_others(capsys, csv, frame, tmp_path):
    skops = pytest.importorskip("skops.io")
    joblib = pytest.importorskip("joblib")
    X = frame[["age", "hours"]]
    other = LogisticRegression(max_iter=1000).fit(X, frame["income"])
    skops.dump(other, tmp_path / "other.skops")
    joblib.dump(other, tmp_path / "other.joblib")
    argv = ["audit", csv, *AUDIT, "--no-leakage", "--model"]
    out, _ = run(capsys, *argv, tmp_path / "other.skops")
    assert f"{(other.predict(X) == frame['income']).mean():.3f}" in out
    assert "is a pickle" in error_of(capsys, *argv, tmp_path / "other.joblib")
    assert run(capsys, *argv, tmp_path / "other.joblib", "--trust-pickle").out == out


def test_audit_of_a_representation(capsys, quick, csv, frame, tmp_path):
    transformer = fairrep.MIFairTransformer(0, **quick)
    transformer.fit(frame[["hours", "age"]], frame["income"]).save(tmp_path / "model")
    argv = [*AUDIT, "--model", tmp_path / "model", "--json", "-"]
    out, _ = run(capsys, "audit", csv, *argv, "--fail-above", "leakage=1")
    (leakage,) = json.loads(out)["models"]["MIFairTransformer"]["leakage"]["sex"]
    assert leakage["name"] == "representation"
    message = error_of(capsys, "audit", csv, *argv, "--fail-above", "gap=0.5")
    assert "has no predict, so no figure for the limit to gap" in message


def test_an_audit_is_quiet_unless_asked(capsys, frame):
    options = {"leakage": False, "pos_label": "low", "random_state": 0}
    for verbose, said in [(0, ""), (1, "figures by sex")]:
        AuditReport.from_predictions(
            frame["income"],
            frame["income"],
            sensitive_features=frame[["sex"]],
            verbose=verbose,
            **options,
        )
        out, err = capsys.readouterr()
        assert out == ""
        assert said in err
        assert bool(err) == bool(said)


@pytest.mark.parametrize(
    ("limits", "code", "said"),
    [
        (["gap=0.9", "eo=0.9"], 0, ""),
        (["gap=0.1"], 1, "demographic parity difference by sex (class 'high') is "),
        (["gap=0.9", "eo=0"], 1, "failed: the equalized odds difference by sex"),
    ],
)
def test_fail_above(capsys, predicted, limits, code, said):
    argv = [word for limit in limits for word in ("--fail-above", limit)]
    _, err = run(
        capsys, "audit", predicted, *QUICK_AUDIT, "--no-leakage", *argv, code=code
    )
    lines = [line for line in err.splitlines() if "failed" in line]
    assert len(lines) == code
    assert said in "".join(lines)


def test_a_report_to_hand_over(capsys, predicted, tmp_path):
    """Names of groups, author and files are in it; a former report stands beside."""
    first, second, page = (tmp_path / name for name in ("a.json", "b.json", "a.html"))
    argv = [*QUICK_AUDIT, "--no-leakage", "--group-name", "sex:f=women"]
    argv += ["--author", "A. Auditor", "--purpose", "review", "--score", "score"]
    _, err = run(
        capsys, "audit", predicted, *argv, "--json", first,
        "--fail-below", "ratio=0.99", code=1,
    )  # fmt: skip
    assert "the demographic parity ratio by sex (class 'high') is 0." in err
    assert "below the limit of 0.99" in err
    found = json.loads(first.read_text())
    about = found["provenance"]["about"]
    assert (about["author"], about["purpose"]) == ("A. Auditor", "review")
    assert about["data"].endswith(sha256(Path(predicted).read_bytes()).hexdigest())
    assert "women" in found["models"]["predicted"]["groups"][0]["by_group"]
    run(capsys, "audit", predicted, *argv, "--html", page, "--baseline", first)
    assert "Since the former report" in page.read_text()
    ratios = tmp_path / "ratios.csv"
    table = ["--impact-ratios", ratios, "--min-group-share", "0.02"]
    run(capsys, "audit", predicted, *argv, *table)
    assert {*pd.read_csv(ratios)["rate"]} == {"selection_rate", "scoring_rate"}
    second.write_text("{}")
    options = ["--html", page, "--force", "--baseline", second]
    message = error_of(capsys, "audit", predicted, *argv, *options)
    assert "is no report of fairrep" in message


def test_a_gap_that_cannot_be_measured_is_not_within_its_limit(
    capsys, frame, predicted
):
    table = pd.read_csv(predicted)
    rows = pd.concat([table[table["sex"] == "f"].head(5), table[table["sex"] == "m"]])
    rows.to_csv(predicted, index=False)
    argv = ["--no-leakage", "--fail-above", "gap=1"]
    _, err = run(capsys, "audit", predicted, *QUICK_AUDIT, *argv, code=1)
    last = err.splitlines()[-1]
    assert "by sex (class 'high') could not be measured" in last
    assert "audit more rows, or merge small groups" in last


def test_missing_values_of_an_audit(capsys, predicted):
    table = pd.read_csv(predicted)
    table.loc[:19, "sex"] = None
    table.loc[395:, "predicted"] = None
    table.to_csv(predicted, index=False)
    argv = ["audit", predicted, *QUICK_AUDIT, "--no-leakage"]
    assert "20 in 'sex', 5 in 'predicted'" in error_of(capsys, *argv)
    out, _ = run(capsys, *argv, "--missing", "drop", "--json", "-")
    found = json.loads(out)
    assert (found["n_rows"], found["n_dropped"]) == (375, 20)


@pytest.mark.parametrize("ending", [" ", "."])
def test_labels_that_are_written_otherwise(capsys, predicted, ending):
    """Half of them misspelt would change every figure, and nothing would be said."""
    table = pd.read_csv(predicted)
    table.loc[::2, "predicted"] += ending
    table.to_csv(predicted, index=False)
    message = error_of(capsys, "audit", predicted, *QUICK_AUDIT)
    assert f"{ending}', in 200 of 400 rows, that are no labels of 'income'" in message
    assert message.endswith("('low', 'high'); write both in the same way")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--prediction", "hours"], "column 'hours', the prediction, holds values"),
        (
            ["--prediction", "score"],
            "no labels of 'income' ('low', 'high'); scores",
        ),
        (["--prediction", "gone"], "has no column 'gone'; it has"),
        (["--prediction", "income"], "'income' is given as target and again as outp"),
        (["--prediction", "predicted", "--pos-label", "top"], "holds no 'top'; it ho"),
        (
            ["--prediction", "predicted", "--score", "job", "--pos-label", "low"],
            "y_score must hold numbers",
        ),
        (
            ["--prediction", "predicted", "--no-leakage", "--fail-above", "leakage=1"],
            "what --no-leakage leaves out",
        ),
        (["--model", "gone.skops"], "there is no model gone.skops"),
        (["--model", "m", "--score", "score"], "--score goes with --prediction"),
        (["--prediction", "predicted", "--html", "gone/x.html"], "cannot write gone"),
    ],
)
def test_unfit_input_of_audit(capsys, predicted, argv, message):
    assert message in error_of(capsys, "audit", predicted, *AUDIT, *argv)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--fail-above", "parity=0.1"], "expected NAME=NUMBER with a name of gap, eo"),
        (["--fail-above", "gap"], "expected a number from 0 to 1 after the =; got ''"),
        (["--fail-above", "gap=2"], "got '2'"),
        (["--fail-below", "gap=0.1"], "expected NAME=NUMBER with a name of ratio"),
        (["--group-name", "women"], "expected COLUMN:VALUE=NAME"),
        (["--model", "m"], "not allowed with argument --prediction"),
    ],
)
def test_unfit_options_of_audit(capsys, argv, message):
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["audit", "x.csv", *QUICK_AUDIT, *argv])
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["fit", "predict", "audit"])
def test_help_tells_defaults_that_say_something(capsys, command):
    with pytest.raises(SystemExit, match=r"^0$"):
        main([command, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "(default: None)" not in text
    assert "(default: [])" not in text
    assert "(default: False)" not in text


def test_audit_of_probabilities(frame, tmp_path, capsys):
    rng = np.random.RandomState(0)
    p = rng.dirichlet([2, 1, 1], len(frame))
    rows = frame.assign(
        said=np.where(rng.uniform(size=len(frame)) < p @ [0.2, 0.5, 0.8], "high", "low")
    )
    rows[["white", "black", "asian"]] = p
    rows.to_csv(tmp_path / "rows.csv", index=False)
    audited = ["audit", tmp_path / "rows.csv", "--target", "income"]
    audited += ["--prediction", "said", "--no-leakage", "--pos-label", "high"]
    race = ["--sensitive-probabilities", "race:white,black,asian"]
    out, _ = run(capsys, *audited, *race, "--json", "-")
    (found,) = json.loads(out)["models"]["said"]["groups"]
    expected = AuditReport.from_predictions(
        rows["income"],
        rows["said"],
        sensitive_probabilities={"race": rows[["white", "black", "asian"]]},
        pos_label="high",
        leakage=False,
    ).figures()
    for name, row in found["disparities"].items():
        assert row["value"] == pytest.approx(expected.disparities.loc[name, "value"])
    run(capsys, *audited, *race, "--fail-above", "gap=0.01", code=1)
    # Known groups beside them, and the probabilities are no features.
    out, _ = run(capsys, *audited, *race, "--sensitive", "sex")
    assert "By race, known only as probabilities" in out
    assert "By sex, 'high' is predicted" in out
    message = "expected --sensitive, --sensitive-probabilities, or both"
    assert error_of(capsys, *audited) == message
    message = "--fail-above leakage=... needs a --sensitive column to read"
    leakage = ["--fail-above", "leakage=0.6"]
    assert (
        error_of(capsys, *(a for a in audited if a != "--no-leakage"), *race, *leakage)
        == message
    )
    message = "column 'white' is given as sensitive_probabilities and again as"
    again = ["--sensitive-probabilities", "b:white,black"]
    assert message in error_of(capsys, *audited, *race, *again)
    with pytest.raises(SystemExit):
        run(capsys, *audited, "--sensitive-probabilities", "white,black")
    assert "expected NAME:COLUMN,COLUMN,..." in capsys.readouterr().err
