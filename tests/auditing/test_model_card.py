"""A model card says what a model is and what its audit found, in Markdown."""

import re

import numpy as np
import pytest
import sklearn
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fairrep
from fairrep import AuditReport, MIDebiasedClassifier, audit, model_card

HEADINGS = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Caveats and recommendations",
]


def section(card, title):
    return card.partition(f"## {title}\n")[2].partition("\n## ")[0]


@pytest.fixture(scope="module")
def report(outputs):
    y_true, y_pred, score, groups = outputs
    return AuditReport.from_predictions(
        y_true,
        y_pred,
        y_score=score,
        sensitive_features=groups,
        leakage=False,
        n_bootstrap=20,
        random_state=0,
        name="score",
    )


@pytest.fixture(scope="module")
def outputs():
    rng = np.random.default_rng(0)
    n = 600
    groups = {"sex": rng.choice(["f", "m"], n), "job|x": rng.choice(["<a>", "b"], n)}
    score = rng.random(n)
    return (rng.random(n) < score).astype(int), (score > 0.5).astype(int), score, groups


@pytest.fixture(scope="module")
def linear():
    return LogisticRegression(C=0.5).fit([[0.0], [1.0]], [0, 1])


def test_the_figures_are_those_of_the_report(linear, report, tmp_path):
    card = model_card(linear, report, tmp_path / "card.md")
    assert (tmp_path / "card.md").read_text() == card
    assert re.findall("^## (.*)$", card, re.MULTILINE) == HEADINGS
    analyses = section(card, "Quantitative analyses")
    for figures in report.models["score"].figures:
        for group in figures.groups:
            value, low, high = (
                table.loc[group, "selection_rate"]
                for table in (figures.value, figures.low, figures.high)
            )
            assert f"{value:.3f} ({low:.3f} to {high:.3f})" in analyses
        gap = figures.disparities.loc["equalized_odds_difference"]
        assert f"{gap['value']:.3f} ({gap['low']:.3f} to {gap['high']:.3f})" in analyses
    assert "600 rows" in section(card, "Evaluation data")
    assert "class 1" in section(card, "Metrics")
    # As many cells in each row of a table, whatever is in the names.
    for table in re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(widths) == 1
    assert "<a>" not in card.replace("\\<a\\>", "")


def test_what_the_author_says(linear, report):
    said = {
        "title": "Loans",
        "authors": "The *risk* team",
        "intended_use": "To sort applications.",
        "out_of_scope": "To set interest.",
        "training_data": "Loans of 2020.",
        "evaluation_data": "Loans of 2021.",
        "caveats": "Few farmers.",
    }
    card = model_card(linear, report, **said)
    assert card.startswith("# Model card: Loans\n")
    for text in said.values():
        assert text in card
    assert "Not said" not in card
    assert model_card(linear, report).count("*Not said: fill in by hand.*") == 4


def test_parameters_that_differ_from_their_defaults(linear, report):
    for model in (linear, make_pipeline(StandardScaler(), linear)):
        if model is not linear:
            model.fit([[0.0], [1.0]], [0, 1])
        details = section(model_card(model, report), "Model details")
        assert f"`` LogisticRegression `` of sklearn {sklearn.__version__}" in details
        assert "other than the defaults: `` C=0.5 ``\n" in details


@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
def test_a_model_of_fairrep(biased, quick):
    X, y, s = biased
    X_test, y_test, s_test = X[300:], y[300:], s[300:]
    clf = MIDebiasedClassifier(
        2.0,
        criterion="equal_opportunity",
        bottleneck="discrete",
        calibration_fraction=0.3,
        **quick,
    )
    clf.fit(X[:300], y[:300], sensitive_features={"sex": s[:300]})
    report = audit(
        clf,
        X_test,
        y_test,
        sensitive_features={"sex": s_test},
        n_bootstrap=20,
        random_state=0,
    )
    card = model_card(clf, report)
    details = section(card, "Model details")
    assert f"`` MIDebiasedClassifier `` of fairrep {fairrep.__version__}" in details
    assert "Sensitive attribute of the fit: sex" in details
    assert "Criterion: equal opportunity, `lambda_mi` = 2\n" in details
    assert "`` lambda_mi=2.0 ``" in details
    assert "0% of these rows" in section(card, "Evaluation data")
    assert "was to close: equal opportunity difference" in section(card, "Metrics")
    (found, *_) = report.models["MIDebiasedClassifier"].leakage["sex"]
    what = f"sex from the {found.name} | AUC | {found.value:.3f} "
    assert what in section(card, "Quantitative analyses")
    certificates = section(card, "Certificates")
    assert str(clf.certificate_) in certificates
    assert "From the audited rows, sex:" in certificates


def test_unfit_input(linear, report, outputs):
    with pytest.raises(TypeError, match=r"must be an AuditReport.*got dict"):
        model_card(linear, {})
    with pytest.raises(NotFittedError):
        model_card(LogisticRegression(), report)
    with pytest.raises(ValueError, match=r"'b' is none of the models \['score'\]"):
        model_card(linear, report, name="b")
    both = audit(
        {"a": linear, "b": linear},
        outputs[2][:, None],
        outputs[0],
        sensitive_features={"sex": outputs[3]["sex"]},
        leakage=False,
        n_bootstrap=20,
    )
    with pytest.raises(ValueError, match=r"of several models, \['a', 'b'\]; name"):
        model_card(linear, both)
    assert model_card(linear, both, name="b").startswith("# Model card: b\n")
