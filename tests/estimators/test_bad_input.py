"""Bad input gets a clear error, before training: what came, and what was expected."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from fairrep import MIDebiasedClassifier, MIFairTransformer

CLASSES = [MIDebiasedClassifier, MIFairTransformer]


class MustNotTrain(Callback):
    def on_train_begin(self, net, **kwargs):
        pytest.fail("training began")


@pytest.fixture
def untrained(quick):
    """Makes estimators of which no fit may come as far as training."""

    def make(cls=MIDebiasedClassifier, **params):
        return cls(**{**quick, "callbacks": [MustNotTrain()], **params})

    return make


def says(*words):
    """A pattern for words in this order, whatever stands between them."""
    return "(?s)" + ".*".join(re.escape(word) for word in words)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("lambda_mi", -1.0, ["range [0.0, inf)", "Got -1.0"]),
        ("lambda_mi", np.inf, ["range [0.0, inf)", "Got inf"]),
        ("lambda_mi", np.nan, ["range [0.0, inf)", "Got nan"]),
        ("lambda_mi", "1", ["range [0.0, inf)", "Got '1'"]),
        ("criterion", "parity", ["demographic_parity", "Got 'parity'"]),
        ("mi_estimator", "knn", ["mine", "Got 'knn'"]),
        ("bottleneck", "quantized", ["gaussian", "Got 'quantized'"]),
        ("group_weights", "equal", ["balanced", "Got 'equal'"]),
        ("sensitive_combination", "all", ["crossed", "Got 'all'"]),
        ("missing_sensitive", "drop", ["mask", "Got 'drop'"]),
        ("dropout", 1.0, ["range [0.0, 1.0)", "Got 1.0"]),
        ("batch_size", 0, ["range [1, inf)", "Got 0"]),
        ("encoder", 3, ["callable", "Got 3"]),
        ("callbacks", "EpochTimer", ["list", "Got 'EpochTimer'"]),
        ("class_weight", "even", ["balanced", "Got 'even'"]),
        ("hidden_layer_sizes", (10, 0), ["0"]),
        ("hidden_layer_sizes", (-3,), ["-3"]),
        ("critic_hidden_layer_sizes", (2.5,), ["2.5"]),
        ("device", "abacus", ["'abacus'"]),
        ("warmup_epochs", 3, ["(3)", "less than max_epochs (3)"]),
        ("warmup_epochs", "all", ["auto", "Got 'all'"]),
        ("n_members", 0, ["range [1, inf)", "Got 0"]),
        ("n_members", "all", ["auto", "Got 'all'"]),
    ],
)
def test_unknown_or_impossible_option(untrained, biased, cls, name, value, words):
    X, y, s = biased
    with pytest.raises(ValueError, match=says(name, *words)):
        untrained(cls, **{name: value}).fit(X, y, sensitive_features=s)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (
            {"bottleneck": "discrete"},
            ["bottleneck='discrete'", "n_members", "1, got 2"],
        ),
        ({"encoder": nn.Identity()}, ["encoder of your own", "n_members", "1, got 2"]),
    ],
)
def test_members_where_there_is_one_encoder(untrained, biased, params, words):
    X, y, s = biased
    with pytest.raises(ValueError, match=says(*words)):
        untrained(n_members=2, **params).fit(X, y, sensitive_features=s)


def test_unknown_mi_target(untrained, biased):
    X, y, s = biased
    with pytest.raises(ValueError, match=says("mi_target", "Got 'labels'")):
        untrained(mi_target="labels").fit(X, y, sensitive_features=s)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_device_that_is_not_there(untrained, biased):
    X, y, s = biased
    with pytest.raises(ValueError, match=says("device='cuda'", "no CUDA", "expected")):
        untrained(device="cuda").fit(X, y, sensitive_features=s)


def test_early_stopping_without_held_out_rows(untrained, biased):
    X, y, s = biased
    model = untrained(early_stopping=True, validation_fraction=0)
    with pytest.raises(ValueError, match=says("early_stopping", "got 0")):
        model.fit(X, y, sensitive_features=s)
    model.set_params(validation_fraction=0.1)
    with pytest.raises(ValueError, match=says("10%", "8 rows", "fewer than 2")):
        model.fit(X[:8], y[:8], sensitive_features=s[:8])


# -- y -------------------------------------------------------------------------


@pytest.mark.parametrize("cls", CLASSES)
def test_y_of_another_length(untrained, biased, cls):
    X, y, s = biased
    with pytest.raises(ValueError, match=r"\by\b.*399.*\bX\b.*400"):
        untrained(cls).fit(X, y[:-1], sensitive_features=s)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("as_strings", [False, True])
def test_missing_y(untrained, biased, cls, as_strings):
    X, y, s = biased
    labels = np.where(y == 1, "yes", "no") if as_strings else y
    labels = labels.astype(object)
    labels[7] = None if as_strings else np.nan
    with pytest.raises(ValueError, match=says("y contains NaN", "1 missing")):
        untrained(cls).fit(X, labels, sensitive_features=s)


@pytest.mark.parametrize("cls", CLASSES)
def test_infinite_y(untrained, biased, cls):
    X, y, s = biased
    y = np.where(np.arange(len(y)) == 3, np.inf, y)
    with pytest.raises(ValueError, match=says("y contains infinity")):
        untrained(cls).fit(X, y, sensitive_features=s)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("label", ["yes", 1])
def test_one_class_in_y(untrained, biased, cls, label):
    X, _, s = biased
    words = says("one class", repr(label), "at least 2")
    with pytest.raises(ValueError, match=words):
        untrained(cls).fit(X, [label] * len(X), sensitive_features=s)


def test_no_y(untrained, biased):
    X, _, s = biased
    with pytest.raises(ValueError, match=says("requires y", "None")):
        untrained().fit(X, None, sensitive_features=s)


def test_continuous_y_for_the_classifier(untrained, biased):
    X, _, s = biased
    with pytest.raises(ValueError, match="continuous"):
        untrained().fit(X, X[:, 0], sensitive_features=s)


@pytest.mark.parametrize("cls", CLASSES)
def test_equal_opportunity_without_a_binary_y(untrained, biased, cls):
    X, y, s = biased
    y = np.arange(len(X)) % 3
    model = untrained(cls, criterion="equal_opportunity")
    with pytest.raises(
        ValueError, match=says("'equal_opportunity'", "binary y", "3 classes")
    ):
        model.fit(X, y, sensitive_features=s)


@pytest.mark.parametrize(
    ("criterion", "kind"),
    [
        ("equalized_odds", "absent"),
        ("equal_opportunity", "absent"),
        ("equal_opportunity", "continuous"),
    ],
)
def test_criterion_on_classes_without_classes(untrained, biased, criterion, kind):
    X, _, s = biased
    y = None if kind == "absent" else X[:, 0]
    model = untrained(MIFairTransformer, criterion=criterion)
    with pytest.raises(ValueError, match=says(criterion, "class labels")):
        model.fit(X, y, sensitive_features=s)


# -- sensitive_features --------------------------------------------------------


@pytest.mark.parametrize("cls", CLASSES)
def test_sensitive_features_of_another_length(untrained, biased, cls):
    X, y, s = biased
    with pytest.raises(ValueError, match=says("sensitive_features", "399", "400")):
        untrained(cls).fit(X, y, sensitive_features=s[:-1])


@pytest.mark.parametrize("cls", CLASSES)
def test_no_sensitive_features(untrained, biased, cls):
    X, y, _ = biased
    with pytest.raises(
        ValueError, match=says("sensitive_features is required", "lambda_mi=2.0")
    ):
        untrained(cls, lambda_mi=2.0).fit(X, y)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("value", ["f", 1, True])
def test_one_group_only(untrained, biased, cls, value):
    X, y, _ = biased
    s = pd.Series([value] * len(X), name="sex")
    words = says(
        "sensitive_features", "'sex'", "single group", str(value), "at least 2"
    )
    with pytest.raises(ValueError, match=words):
        untrained(cls).fit(X, y, sensitive_features=s)


def test_one_group_only_among_several_columns(untrained, biased):
    X, y, s = biased
    A = pd.DataFrame({"sex": s, "country": "here"})
    model = untrained(sensitive_combination="separate")
    with pytest.raises(ValueError, match=says("'country'", "single group")):
        model.fit(X, y, sensitive_features=A)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("relabel", [lambda y: y, lambda y: np.where(y, "m", "f")])
def test_sensitive_features_equal_to_y(untrained, biased, cls, relabel):
    X, y, _ = biased
    with pytest.raises(ValueError, match=says("sensitive_features", "equals y")):
        untrained(cls).fit(X, y, sensitive_features=relabel(y))


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_missing_sensitive_features(untrained, biased, cls, missing):
    X, y, s = biased
    s = pd.Series(s, name="sex").astype(object)
    s[[0, 5]] = missing
    words = says("'sex'", "2 missing", "missing_sensitive='mask'")
    with pytest.raises(ValueError, match=words):
        untrained(cls).fit(X, y, sensitive_features=s)


def test_all_sensitive_features_missing(untrained, biased):
    X, y, _ = biased
    model = untrained(missing_sensitive="mask")
    with pytest.raises(ValueError, match=says("missing in all rows")):
        model.fit(X, y, sensitive_features=np.full(len(X), np.nan))


@pytest.mark.parametrize(
    ("criterion", "among_positives", "among_negatives", "words"),
    [
        ("equalized_odds", np.nan, 1.0, "single group"),
        ("equal_opportunity", 1.0, [0.0, 1.0], "single group"),
        ("equal_opportunity", np.nan, [0.0, 1.0], "missing"),
    ],
)
def test_nothing_to_compare_where_the_criterion_looks(
    untrained, biased, criterion, among_positives, among_negatives, words
):
    X, y, _ = biased
    s = np.where(y == 1, among_positives, np.resize(among_negatives, len(y)))
    model = untrained(missing_sensitive="mask", criterion=criterion)
    with pytest.raises(ValueError, match=says("sensitive_features", words)):
        model.fit(X, y, sensitive_features=s)


def test_an_identifier_as_sensitive_feature(untrained, biased):
    X, y, _ = biased
    names = [f"person {i}" for i in range(len(X))]
    with pytest.raises(ValueError, match=says("400 different values", "identifier")):
        untrained().fit(X, y, sensitive_features=names)


@pytest.mark.parametrize(
    ("names", "columns"), [("sex", "'sex'"), (["sex"], "'sex'"), (["a", "b"], "")]
)
def test_sensitive_features_by_name(untrained, biased, names, columns):
    X, y, _ = biased
    words = says("sensitive_features", "Names of columns are not taken", "X[", columns)
    with pytest.raises(ValueError, match=words):
        untrained().fit(X, y, sensitive_features=names)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("shuffled", ["X", "y", "sensitive_features"])
def test_rows_in_another_order(untrained, biased, cls, shuffled):
    X, y, s = biased
    rows = {"X": pd.DataFrame(X), "y": pd.Series(y), "sensitive_features": pd.Series(s)}
    rows[shuffled] = rows[shuffled].sample(frac=1, random_state=0)
    with pytest.raises(ValueError, match=says(shuffled, "in another order", "label")):
        untrained(cls).fit(**rows)


# -- weights -------------------------------------------------------------------


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (np.ones(399), ["sample_weight", "399", "400"]),
        (np.r_[-1.0, np.ones(399)], ["egative"]),
        (np.zeros(400), ["zero"]),
        (np.r_[np.nan, np.ones(399)], ["sample_weight", "NaN"]),
    ],
)
def test_bad_sample_weight(untrained, biased, cls, weight, words):
    X, y, s = biased
    with pytest.raises(ValueError, match=says(*words)):
        untrained(cls).fit(X, y, sensitive_features=s, sample_weight=weight)


def test_class_weight_of_unknown_classes(untrained, biased):
    X, y, s = biased
    labels = np.where(y == 1, "yes", "no")
    with pytest.raises(ValueError, match=says("class_weight")):
        untrained(class_weight={"maybe": 2.0}).fit(X, labels, sensitive_features=s)


@pytest.mark.parametrize("kind", ["absent", "continuous"])
def test_class_weight_without_classes(untrained, biased, kind):
    X, _, s = biased
    y = None if kind == "absent" else X[:, 0]
    model = untrained(MIFairTransformer, class_weight="balanced")
    with pytest.raises(ValueError, match=says("class_weight", "class labels")):
        model.fit(X, y, sensitive_features=s)


# -- X -------------------------------------------------------------------------


@pytest.mark.parametrize("cls", CLASSES)
def test_infinite_x(untrained, biased, cls):
    X, y, s = biased
    X[3, 2] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        untrained(cls).fit(X, y, sensitive_features=s)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    with pytest.raises(ValueError, match=says("'c'", "infinity")):
        untrained(cls).fit(frame, y, sensitive_features=s)


def test_dates_in_x(untrained, biased):
    X, y, s = biased
    frame = pd.DataFrame(X).assign(born=pd.Timestamp("1980-01-01"))
    frame.columns = frame.columns.astype(str)
    with pytest.raises(TypeError, match=says("'born'", "datetime64", "expected")):
        untrained().fit(frame, y, sensitive_features=s)


@pytest.mark.parametrize("columns", [[], ["a", "b", "a"]])
def test_no_columns_or_two_of_a_name_in_x(untrained, biased, columns):
    X, y, s = biased
    frame = pd.DataFrame(X[:, : len(columns)], columns=columns)
    with pytest.raises(ValueError, match=r"column|feature"):
        untrained().fit(frame, y, sensitive_features=s)


def test_images_without_an_encoder(untrained, biased):
    X, y, s = biased
    with pytest.raises(ValueError, match="dim"):
        untrained().fit(X.reshape(-1, 1, 2, 3), y, sensitive_features=s)


@pytest.mark.parametrize(
    "encoder",
    [
        pytest.param(nn.Linear(3, 2), id="of other inputs"),
        pytest.param(nn.Flatten(0), id="that merges rows"),
        pytest.param(nn.LSTM(6, 2), id="that returns a tuple"),
    ],
)
def test_encoder_that_does_not_fit(untrained, biased, encoder):
    X, y, s = biased
    with pytest.raises(ValueError, match=says("encoder", "(2, 6)")):
        untrained(encoder=encoder).fit(X, y, sensitive_features=s)


def test_encoder_that_is_a_class_with_other_arguments(untrained, biased):
    X, y, s = biased
    what = says("encoder", "shape of one encoded row, here (6,)", "Linear", "out_feat")
    with pytest.raises(TypeError, match=what):
        untrained(encoder=torch.nn.Linear).fit(X, y, sensitive_features=s)


def test_encoder_factory_that_makes_no_module(untrained, biased):
    X, y, s = biased
    with pytest.raises(TypeError, match=says("encoder", "torch.nn.Module", "int")):
        untrained(encoder=lambda shape: 3).fit(X, y, sensitive_features=s)


@pytest.fixture(scope="module")
def fitted(quick, _biased):
    X, y, s = _biased
    frame = pd.DataFrame(X, columns=list("abcdef"))
    by_name = MIDebiasedClassifier(**quick).fit(frame, y, sensitive_features=s)
    by_position = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=s)
    return frame, by_name, by_position


METHODS = ["predict", "predict_proba", "decision_function", "transform"]


@pytest.mark.parametrize("method", METHODS)
def test_other_columns_at_predict(fitted, method):
    frame, by_name, by_position = fitted
    ask = getattr(by_name, method)
    with pytest.raises(ValueError, match=says("feature names", "unseen", "z")):
        ask(frame.rename(columns={"b": "z"}))
    with pytest.raises(ValueError, match=says("feature names", "missing", "f")):
        ask(frame[list("abcde")])
    with pytest.raises(ValueError, match=says("feature names", "same order")):
        ask(frame[list("fedcba")])
    with pytest.raises(ValueError, match=says("3 features", "expecting 6")):
        getattr(by_position, method)(frame.to_numpy()[:, :3])


def test_other_kinds_of_columns_at_predict(fitted):
    frame, by_name, _ = fitted
    with pytest.raises(ValueError, match=says("'a'", "numeric in fit")):
        by_name.predict(frame.assign(a="x"))
    with pytest.raises(ValueError, match=says("'a'", "infinity")):
        by_name.predict(frame.assign(a=np.inf))


def test_names_in_fit_and_none_at_predict(fitted):
    # scikit-learn warns, and goes by position.
    frame, by_name, by_position = fitted
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        predicted = by_name.predict(frame.to_numpy())
    np.testing.assert_array_equal(predicted, by_name.predict(frame))
    with pytest.warns(UserWarning, match="was fitted without feature names"):
        predicted = by_position.predict(frame)
    np.testing.assert_array_equal(predicted, by_position.predict(frame.to_numpy()))


# -- what only training brings to light ----------------------------------------


@pytest.mark.parametrize(
    ("params", "term", "advice"),
    [
        ({"learning_rate": 1e30}, "task loss", "learning_rate"),
        (
            {"critic_learning_rate": 1e30, "mi_estimator": "mine"},
            "mutual information term",
            "critic_learning_rate",
        ),
    ],
)
def test_non_finite_loss(quick, biased, params, term, advice):
    X, y, s = biased
    model = MIDebiasedClassifier(**{**quick, **params})
    words = says(term, "non-finite", "epoch 1", "Try", advice)
    with pytest.raises(FloatingPointError, match=words):
        model.fit(X, y, sensitive_features=s)
    assert not model.__sklearn_is_fitted__()
