"""The cases of `golden.py` that measure: data, reports, audits, errors, commands."""

import io
import os
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
from _golden import attempt, of_picture, of_report, quiet, table
from _golden_errors import ERRORS
from _golden_models import CERTIFIED, SHORT, fit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fairrep import AuditReport, MIDebiasedClassifier, MIFairTransformer, audit, certify
from fairrep.__main__ import main as fairrep_command
from fairrep.auditing import (
    CalibrationByGroupDisplay,
    GroupsDisplay,
    LeakageDisplay,
    ProxyDisplay,
    proxies,
)
from fairrep.datasets import load_adult, load_german, make_biased_classification
from fairrep.metrics import (
    demographic_parity_scorer,
    equal_opportunity_scorer,
    equalized_odds_scorer,
    fairness_report,
)

SCORERS = [demographic_parity_scorer, equalized_odds_scorer, equal_opportunity_scorer]


# -- data ------------------------------------------------------------------------


def of_bunch(bunch):
    """All of a data set, of its tables the first rows."""
    return {
        key: value.head(100) if hasattr(value, "head") else value
        for key, value in bunch.items()
    }


def datasets():
    for subset in ["train", "test"]:
        yield (
            f"adult, {subset}",
            lambda subset=subset: of_bunch(
                load_adult(subset=subset, sensitive=["sex", "age"], keep_sensitive=True)
            ),
        )
    yield "german", lambda: of_bunch(load_german(sensitive=["sex", "age_over_25"]))
    for kind in ["binary", "categorical", "continuous"]:
        yield (
            kind,
            partial(
                make_biased_classification, sensitive=kind, mi_xs=0.3, random_state=1
            ),
        )


# -- metrics ---------------------------------------------------------------------


def predictions(n_groups, seed=0, n_rows=600):
    rng = np.random.default_rng(seed)
    group = rng.choice(
        n_groups, n_rows, p=np.arange(1, n_groups + 1)[::-1] / sum(range(n_groups + 1))
    )
    y = rng.integers(2, size=n_rows)
    score = np.clip(0.3 * y + 0.1 * group + 0.5 * rng.random(n_rows), 0, 1)
    return group, y, score


def of_fairness(y, predicted, sensitive, **options):
    report = fairness_report(y, predicted, sensitive_features=sensitive, **options)
    return {
        "text": str(report),
        "short text": repr(report),
        "frame": report.to_frame(),
        "dict": report.to_dict(),
        "by group": report.by_group,
        "overall": report.overall,
        "disparities": report.disparities,
        "class": report.pos_label,
    }


def fairness():
    group, y, score = predictions(3)
    predicted = (score > 0.5).astype(int)
    words, said = np.array(["no", "yes"])[y], np.array(["no", "yes"])[predicted]
    weight = np.random.default_rng(2).exponential(size=len(y))
    two = pd.DataFrame({"group": group, "half": np.arange(len(y)) % 2 == 0})
    yield "numbers", partial(of_fairness, y, predicted, group)
    yield "words", partial(of_fairness, words, said, pd.Series(group, name="area"))
    yield "other class", partial(of_fairness, words, said, group, pos_label="no")
    yield "two columns", partial(of_fairness, y, predicted, two)
    yield "dict", partial(of_fairness, y, predicted, dict(two))
    yield "weights", partial(of_fairness, y, predicted, group, sample_weight=weight)
    yield "booleans", partial(of_fairness, y == 1, predicted == 1, group)
    yield (
        "class of three",
        partial(of_fairness, y + (group > 1), predicted, two, pos_label=2),
    )
    yield "no positives", partial(of_fairness, y * (group > 0), predicted, group)
    yield "scorers", of_scorers


def of_scorers():
    old, new = table("binary")
    model = LogisticRegression().fit(old.X, old.y)
    weight = np.linspace(0.5, 2, len(new.y))
    return {
        f"{scorer!r} {name}": partial(scorer, model, **new.named, **options)
        for scorer in SCORERS
        for name, options in [("plain", {}), ("weights", {"sample_weight": weight})]
    }


def certificates():
    for n_groups in [2, 3, 4]:
        group, y, score = predictions(n_groups, n_rows=1500)
        codes = np.digitize(score, [0.2, 0.4, 0.6])
        words = np.array(list("abcd"))[codes]
        names = pd.Series(group, name="area").map("area {}".format)
        yield f"{n_groups} groups", partial(certify, codes, group)
        yield f"{n_groups} groups, y", partial(certify, words, names, y=y)
        two = {"area": names, "half": np.arange(len(y)) % 2}
        yield f"{n_groups} groups, dict", partial(certify, codes[:, None], two)
        yield (
            f"{n_groups} groups, frame",
            partial(certify, codes, pd.DataFrame(two), y=y, confidence=0.8),
        )


# -- audits ----------------------------------------------------------------------


@cache
@quiet
def model(kind, name):
    """A model to audit, made once."""
    old, _ = table(name)
    if kind == "plain":
        return LogisticRegression().fit(old.X, old.y)
    if kind == "boosted":
        return HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(
            old.X, old.y
        )
    if kind == "pipeline":
        pipeline = make_pipeline(StandardScaler(), MIDebiasedClassifier(**SHORT))
        return pipeline.fit(
            old.X, old.y, midebiasedclassifier__sensitive_features=old.sensitive
        )
    if kind == "transformer":
        return fit(MIFairTransformer, name, {})
    return fit(MIDebiasedClassifier, name, CERTIFIED if kind == "codes" else {})


def audited(kinds, name, rows=slice(None), sensitive=None, y=True, **options):
    new = table(name)[1].part(rows)
    models = {kind: model(kind, name) for kind in kinds}
    report = audit(
        models if len(kinds) > 1 else models[kinds[0]],
        new.X,
        new.y if y else None,
        sensitive_features=new.sensitive if sensitive is None else sensitive,
        random_state=0,
        **options,
    )
    return of_report(report)


def audits():
    figures, few = {"leakage": False}, {"n_bootstrap": 50}
    yield "adult", partial(audited, ["net", "boosted"], "adult", **figures)
    yield "codes", partial(audited, ["codes"], "adult", **figures)
    yield "pipeline", partial(audited, ["pipeline", "plain"], "binary", **figures)
    yield "two columns", partial(audited, ["net"], "adult_two", **figures)
    yield "mixed columns", partial(audited, ["net"], "frame", **figures)
    yield (
        "continuous",
        partial(audited, ["plain", "net"], "continuous", n_quantiles=3, **figures),
    )
    yield "three classes", partial(audited, ["plain", "net"], "three", **figures)
    yield (
        "one of three",
        partial(audited, ["plain", "net"], "three", pos_label="mid", **figures),
    )
    yield "other class", partial(audited, ["net"], "frame", pos_label="no", **figures)
    missing = table("adult_masked")[1].sensitive
    yield (
        "missing",
        partial(
            audited, ["net"], "adult", sensitive=missing, missing="drop", **figures
        ),
    )
    yield (
        "small groups",
        partial(
            audited,
            ["plain"],
            "groups",
            min_group_size=60,
            confidence=0.8,
            **figures,
            **few,
        ),
    )
    yield "rows of the fit", of_seen_rows
    yield "attacks", partial(audited, ["net", "plain"], "binary", **few)
    yield "attacks, adult", partial(audited, ["net"], "adult", slice(400), **few)
    yield "attacks, codes", partial(audited, ["codes"], "binary", **few)
    yield "attacks, pipeline", partial(audited, ["pipeline"], "groups", **few)
    yield "attacks, continuous", partial(audited, ["net"], "continuous", **few)
    yield "attacks, two columns", partial(audited, ["codes"], "three", **few)
    yield (
        "attacks, transformer",
        partial(audited, ["transformer"], "binary", y=False, **few),
    )
    yield (
        "attacks, missing",
        partial(
            audited,
            ["net"],
            "frame",
            sensitive=table("frame_masked")[1].sensitive,
            missing="drop",
            **few,
        ),
    )


def of_seen_rows():
    old, _ = table("adult")
    report = audit(
        model("net", "adult"),
        **{"X": old.X, "y": old.y, "sensitive_features": old.sensitive},
        leakage=False,
        random_state=0,
    )
    return of_report(report)


def of_predictions(n_groups, **options):
    group, y, score = predictions(n_groups)
    report = AuditReport.from_predictions(
        y,
        (score > 0.5).astype(int),
        sensitive_features={"area": group},
        random_state=0,
        n_bootstrap=50,
        **options,
    )
    return of_report(report)


def given_predictions():
    _, y, score = predictions(3)
    rng = np.random.default_rng(4)
    representation = np.c_[score, rng.normal(size=len(y))]
    X = pd.DataFrame(representation, columns=["score", "noise"])
    X["word"] = np.where(rng.random(len(y)) < score, "high", "low")
    yield "labels", partial(of_predictions, 3)
    yield "scores", partial(of_predictions, 2, y_score=predictions(2)[2], X=X)
    yield (
        "representation",
        partial(
            of_predictions, 3, representation=representation, name="z", pos_label=0
        ),
    )
    yield (
        "representation alone",
        lambda: of_report(
            AuditReport.from_predictions(
                None,
                None,
                sensitive_features=predictions(2)[0],
                representation=representation,
                random_state=0,
                n_bootstrap=50,
            )
        ),
    )


def rankings():
    for name in ["adult", "german", "continuous", "groups"]:
        new = table(name)[1]
        yield name, partial(proxies, new.X, pd.Series(new.sensitive), random_state=0)
    frame = table("frame")[1]
    for column in frame.sensitive:
        s = frame.sensitive[column]
        yield f"frame, {column}", partial(proxies, frame.X, s, random_state=0)


def pictures():
    def drawn(make, kind, name, **options):
        display = make.from_estimator(
            model(kind, name), **table(name)[1].named, random_state=0, **options
        )
        return of_picture(display)

    group, y, score = predictions(3)
    rows = {"sensitive_features": group, "random_state": 0}
    yield "groups", partial(drawn, GroupsDisplay, "net", "adult")
    yield (
        "groups, second column",
        partial(
            drawn,
            GroupsDisplay,
            "net",
            "adult_two",
            sensitive="race",
            metrics=["accuracy"],
        ),
    )
    yield "calibration", partial(drawn, CalibrationByGroupDisplay, "net", "german")
    yield "leakage", partial(drawn, LeakageDisplay, "plain", "binary", n_bootstrap=30)
    yield (
        "groups of predictions",
        lambda: of_picture(GroupsDisplay.from_predictions(y, score > 0.5, **rows)),
    )
    yield (
        "calibration of scores",
        lambda: of_picture(
            CalibrationByGroupDisplay.from_predictions(y, score, **rows)
        ),
    )
    yield (
        "leakage of scores",
        lambda: of_picture(
            LeakageDisplay.from_predictions(
                y, (score > 0.5) * 1, y_score=score, n_bootstrap=30, **rows
            )
        ),
    )
    new = table("groups")[1]
    yield (
        "proxies",
        lambda: of_picture(
            ProxyDisplay(
                proxies(new.X, pd.Series(new.sensitive), random_state=0), "s"
            ).plot()
        ),
    )


# -- commands --------------------------------------------------------------------

TABLE = ["--target", "income", "--sensitive", "sex"]
SHORT_FIT = ["--max-epochs", "5"]
# In their order, in one folder; those of bad options and limits end with a code.
COMMANDS = {
    "fit": "fit data.csv {table} --drop fnlwgt --model model --holdout held.csv "
    "{short}",
    "fit codes": "fit data.csv {table} --model codes --bottleneck discrete "
    "--criterion equalized_odds --lambda-mi 1 --seed 2 {short}",
    "fit without test": "fit data.csv {table} --model alone --test-size 0 {short}",
    "fit, missing": "fit holes.csv {table} --model other {short}",
    "fit, missing dropped": "fit holes.csv {table} --missing drop --model other "
    "--sensitive age {short}",
    "predict": "predict held.csv --model model --output - --proba",
    "predict to a file": "predict data.csv --model codes --output predictions.csv",
    "predict, no model": "predict data.csv --model none --output -",
    "tradeoff": "tradeoff data.csv {table} --max-gap 0.2 --model chosen "
    "--output curve.png --holdout rest.csv {short}",
    "tradeoff by hand": "tradeoff data.csv {table} --lambda-mi 2 --bottleneck discrete "
    "--output curve.png --cv 2 {short}",
    "tradeoff, boosted": "tradeoff data.csv {table} --boosted --output curve.svg "
    "--criterion equalized_odds {short}",
    "audit": "audit held.csv {table} --model model --html page.html --json report.json",
    "audit chosen": "audit rest.csv {table} --model chosen --no-leakage --json -",
    "audit predictions": "audit predicted.csv {table} --prediction said --score score "
    "--no-leakage --drop fnlwgt --sensitive race",
    "audit, limits": "audit predicted.csv {table} --prediction said --no-leakage "
    "--pos-label 0 --fail-above gap=0.01 --fail-above eo=0.9",
    "unknown column": "audit held.csv --target nothing --sensitive sex --model model",
    "unknown option": "fit data.csv {table} --model model --test-size 0.9",
    "no command": "",
    **{f"help {name}": f"{name} --help" for name in ["fit", "predict", "tradeoff"]},
    "help audit": "audit --help",
    "help demo": "demo --help",
}
FILES = ["held.csv", "predictions.csv", "rest.csv", "report.json", "page.html"]


def command(line):
    out, err = io.StringIO(), io.StringIO()
    arguments = line.format(table=" ".join(TABLE), short=" ".join(SHORT_FIT)).split()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = fairrep_command(arguments)
        except SystemExit as end:
            code = end.code
        except Exception as error:  # what main does not expect
            code = error
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def of_commands():
    os.environ["COLUMNS"] = "88"  # of the texts of help
    frame = load_adult(subset="test").frame.head(1500)
    holes = frame.assign(sex=frame["sex"].where(frame.index % 9 > 0))
    rng = np.random.default_rng(0)
    said = frame.assign(
        said=np.where(rng.random(1500) < 0.7, frame["income"], 0),
        score=rng.random(1500).round(3),
    )
    found = {}
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for name, rows in {"data": frame, "holes": holes, "predicted": said}.items():
            rows.to_csv(f"{name}.csv", index=False)
        for name, line in COMMANDS.items():
            given = command(line)
            found |= {f"{name} {key}": value for key, value in given.items()}
        found |= {name: attempt(Path(name).read_text) for name in FILES}
    return found


def cases():
    for part, named in {
        "data": datasets(),
        "fairness": fairness(),
        "certify": certificates(),
        "audit": audits(),
        "predictions": given_predictions(),
        "proxies": rankings(),
        "picture": pictures(),
        "error": ERRORS.items(),
    }.items():
        yield from ((f"{part}/{name}", case) for name, case in named)
    yield "command", of_commands
