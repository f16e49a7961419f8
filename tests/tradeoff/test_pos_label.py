"""The positive class is the one that the user names, from the fit to the figures."""

import json

import fairlearn.metrics as fl
import numpy as np
import pytest
from sklearn.base import clone

import fairrep
from fairrep import (
    MIDebiasedClassifier,
    MIDebiasedClassifierCV,
    MIFairTransformer,
    audit,
    lambda_path,
)
from fairrep._problem.criterion import GAPS
from fairrep._storage.folder import DOCUMENT, _canonical, _hash
from fairrep._training.net import FairNet
from fairrep.datasets import load_german

pytestmark = pytest.mark.filterwarnings(
    "ignore:The classifier",
    "ignore:No lambda is shown to keep the gap",
    "ignore:At some lambda",
)
WORDS = np.array(["denied", "approved"])  # the last of the alphabet is "denied"
LAMBDAS = [0, 1, 10]


@pytest.fixture
def no_training(monkeypatch):
    def fit_loop(self, *args, **kwargs):
        pytest.fail("training has begun")

    monkeypatch.setattr(FairNet, "fit_loop", fit_loop)


def fitted(y, data, quick, **params):
    X, _, s = data
    clf = MIDebiasedClassifier(1.0, **quick, **params)
    return clf.fit(X, y, sensitive_features=s)


def test_words_are_fitted_as_numbers_in_their_order_are(biased, quick):
    """German credit's classes are "bad" and "good"; who looks for bad ones says so."""
    X, y, _ = biased
    options = {**quick, "criterion": "equal_opportunity"}
    words = fitted(np.array(["bad", "good"])[y], biased, options, pos_label="bad")
    numbers = fitted(y, biased, options, pos_label=0)
    np.testing.assert_array_equal(words.predict_proba(X), numbers.predict_proba(X))
    assert words.mi_estimate_ == numbers.mi_estimate_
    otherwise = fitted(y, biased, options)
    assert (otherwise.predict_proba(X) != numbers.predict_proba(X)).any()


def test_the_order_of_classes_is_scikit_learns(biased, quick):
    X, y, _ = biased
    clf = fitted(WORDS[y], biased, quick, pos_label="approved")
    assert clf.classes_.tolist() == ["approved", "denied"]
    probabilities = clf.predict_proba(X)
    assert ((clf.decision_function(X) > 0) == (probabilities[:, 1] > 0.5)).all()
    assert ((clf.predict(X) == "denied") == (probabilities[:, 1] > 0.5)).all()
    assert clone(clf).pos_label == "approved"
    assert clone(clf).set_params(pos_label=None).pos_label is None


@pytest.fixture(scope="module")
def path(_biased, quick):
    X, y, s = _biased
    return lambda_path(
        X,
        WORDS[y],
        sensitive_features=s,
        lambdas=LAMBDAS,
        pos_label="approved",
        validation_fraction=0.4,
        **quick,
    )


@pytest.mark.parametrize("gap", GAPS)
def test_figures_of_a_path_are_those_of_the_class_named(path, gap):
    X, y, groups = path.held_out_
    figures = path.figures(gap=gap, n_bootstrap=20)
    theirs = getattr(fl, gap)
    as_callable = path.figures(gap=lambda *a, **k: theirs(*a, **k), n_bootstrap=20)
    for lambda_mi, found, again in zip(
        LAMBDAS, figures["gap"], as_callable["gap"], strict=True
    ):
        assert path.at(lambda_mi).pos_label == "approved"
        predicted = path.predict(X, lambda_mi)
        expected = theirs(
            y == "approved", predicted == "approved", sensitive_features=groups
        )
        assert found == pytest.approx(expected)
        assert again == pytest.approx(expected)


def test_others_beside_a_curve_are_measured_for_the_same_class(path):
    gap = "equal_opportunity_difference"
    display = fairrep.TradeoffDisplay.from_path(path, gap=gap, plot=False)
    clf = path.at(1.0)
    display.add("at 1", clf)
    expected = path.figures(1.0, gap=gap)["gap"].iloc[0]
    assert display.others.loc["at 1", "gap"] == pytest.approx(expected)


@pytest.mark.parametrize("cv", [None, 2])
def test_the_search_chooses_by_the_class_named(biased, quick, cv, tmp_path):
    X, y, s = biased
    seen = []

    def gap(y_true, y_pred, *, sensitive_features):
        seen.append(np.mean(y_true))
        return fl.equal_opportunity_difference(
            y_true, y_pred, sensitive_features=sensitive_features
        )

    y = np.where(np.arange(len(y)) % 4 == 0, "approved", "denied")
    clf = MIDebiasedClassifierCV(
        gap=gap, cv=cv, lambdas=[0, 1], pos_label="approved", n_bootstrap=2, **quick
    )
    clf.fit(X, y, sensitive_features=s)
    assert max(seen) < 0.5  # a quarter is approved
    assert clf.lambda_path_.at(1.0).pos_label == "approved"
    clf.save(tmp_path / "model")
    assert fairrep.load(tmp_path / "model").pos_label == "approved"


def test_of_several_classes_the_one_named_is_compared_alone(biased, quick):
    X, _, s = biased
    y = np.array(["a", "b", "c"])[np.clip(X[:, 0].round().astype(int) + 1, 0, 2)]
    path = lambda_path(
        X,
        y,
        sensitive_features=s,
        lambdas=[0, 1],
        pos_label="b",
        criterion="equal_opportunity",
        validation_fraction=0.4,
        **quick,
    )
    rows, true, groups = path.held_out_
    predicted = path.predict(rows, 1.0)
    expected = fl.equal_opportunity_difference(
        true == "b", predicted == "b", sensitive_features=groups
    )
    assert path.figures(1.0, n_bootstrap=20)["gap"].iloc[0] == pytest.approx(expected)


def test_an_older_folder_has_no_class_named(biased, quick, tmp_path):
    y = biased[1]
    fitted(WORDS[y], biased, quick).save(tmp_path)
    document = json.loads((tmp_path / DOCUMENT).read_text())
    del document["content"]["params"]["pos_label"]
    document["sha256"]["content"] = _hash(_canonical(document["content"]))
    (tmp_path / DOCUMENT).write_text(json.dumps(document))
    assert fairrep.load(tmp_path).pos_label is None


@pytest.mark.parametrize("pos_label", ["approved", True, 2.0])
def test_a_saved_model_keeps_it(biased, quick, tmp_path, pos_label):
    y = biased[1]
    labels = {"approved": WORDS, True: np.array([False, True]), 2.0: np.arange(1, 3.0)}
    clf = fitted(labels[pos_label][y], biased, quick, pos_label=pos_label)
    clf.save(tmp_path)
    assert fairrep.load(tmp_path).pos_label == pos_label


def test_codes_are_told_of_by_the_class_named(biased, quick):
    y = biased[1]
    params = {**quick, "bottleneck": "discrete", "n_codes": 2}
    table = fitted(WORDS[y], biased, params, pos_label="approved").code_table_
    assert "rate of approved" in table
    assert "rate of denied" not in table


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("cls", [MIDebiasedClassifier, MIFairTransformer])
def test_a_class_that_is_none_is_an_error_before_training(biased, quick, cls):
    X, y, s = biased
    wrong = {**quick, "pos_label": "granted"}
    message = r"pos_label='granted' is none of the labels \['approved', 'denied'\]"
    with pytest.raises(ValueError, match=message):
        cls(1.0, **wrong).fit(X, WORDS[y], sensitive_features=s)
    with pytest.raises(ValueError, match=message):
        lambda_path(X, WORDS[y], sensitive_features=s, lambdas=LAMBDAS, **wrong)
    for cv in (None, 2):
        search = MIDebiasedClassifierCV(cv=cv, lambdas=LAMBDAS, **wrong)
        with pytest.raises(ValueError, match=message):
            search.fit(X, WORDS[y], sensitive_features=s)


@pytest.mark.usefixtures("no_training")
def test_where_there_are_no_classes_none_is_named(biased, quick):
    X, _, s = biased
    for y, got in [(None, "y=None"), (X[:, 0], "a continuous y")]:
        with pytest.raises(ValueError, match=f"names a class of y; got {got}"):
            MIFairTransformer(pos_label=1, **quick).fit(X, y, sensitive_features=s)


# -- audits --------------------------------------------------------------------


def test_an_audit_asks_the_model(biased, quick):
    X, y, s = biased
    clf = fitted(WORDS[y], biased, quick, pos_label="approved")
    del clf.fingerprint_  # of the rows that it was fitted on
    rows = {"sensitive_features": s, "leakage": False, "random_state": 0}
    report = audit(clf, X, WORDS[y], **rows)
    assert report.figures().pos_label == "approved"
    assert "nobody said" not in str(report)
    # As of 1 for approved and 0 for denied.
    numbers = fairrep.AuditReport.from_predictions(
        (WORDS[y] == "approved").astype(int),
        (clf.predict(X) == "approved").astype(int),
        y_score=clf.predict_proba(X)[:, 0],
        **rows,
    )
    found, expected = (one.to_frame()["value"] for one in (report, numbers))
    np.testing.assert_allclose(found, expected)
    # Told otherwise, the audit is right; of two that differ it asks.
    other = audit(clf, X, WORDS[y], pos_label="denied", **rows)
    assert other.figures().pos_label == "denied"
    clf_b = clone(clf).set_params(pos_label="denied")
    clf_b.fit(X, WORDS[y], sensitive_features=s)
    with pytest.raises(ValueError, match=r"different positive classes: 'approved' \(a"):
        audit({"a": clf, "b": clf_b}, X, WORDS[y], **rows)


def test_german_credit_by_words_and_by_numbers():
    """Who looks for bad risks has the figures of y recoded so that these are 1."""
    german = load_german()
    bad = 1 - german.target.to_numpy()
    rng = np.random.default_rng(0)
    predicted = np.where(rng.random(1000) < 0.8, bad, 1 - bad)
    rows = {"sensitive_features": german.sensitive, "leakage": False}
    words = np.array(["good", "bad"])
    of_words = fairrep.AuditReport.from_predictions(
        words[bad], words[predicted], pos_label="bad", **rows
    )
    of_numbers = fairrep.AuditReport.from_predictions(bad, predicted, **rows)
    columns = ["group", "metric", "value", "low", "high"]
    frames = [one.to_frame()[columns] for one in (of_words, of_numbers)]
    assert frames[0].equals(frames[1])
    assert "nobody said" not in str(of_words)
    silent = fairrep.AuditReport.from_predictions(words[bad], words[predicted], **rows)
    said = "Rates are those of 'good', not of 'bad', as nobody said which is positive"
    assert any(sentence.startswith(said) for sentence in silent.summary)
