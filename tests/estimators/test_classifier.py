"""MIDebiasedClassifier: fit, predict, and what a fit may and may not touch."""

import copy
import io
import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from skorch.callbacks import Callback
from torch import nn

from fairrep import MIDebiasedClassifier, MIFairTransformer

# Three epochs need not teach a network more than the larger class.
pytestmark = pytest.mark.filterwarnings("ignore:The classifier has collapsed")

METHODS = ["predict", "predict_proba", "decision_function", "transform"]


@pytest.fixture
def make(quick):
    """Makes classifiers that train in a fraction of a second."""
    return lambda **params: MIDebiasedClassifier(**{**quick, **params})


@pytest.fixture
def trained():
    """Makes classifiers that have the time to learn something of `biased`."""
    defaults = {"lambda_mi": 0.1, "batch_size": 32, "max_epochs": 10, "random_state": 0}
    return lambda **params: MIDebiasedClassifier(**{**defaults, **params})


def outputs(model, X):
    return {method: getattr(model, method)(X) for method in METHODS}


def assert_same_outputs(model, other, X):
    for method, values in outputs(model, X).items():
        np.testing.assert_array_equal(getattr(other, method)(X), values, method)


# -- predictions ---------------------------------------------------------------


def test_fitted_attributes(make, biased):
    X, y, s = biased
    model = make()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    sex = pd.Series(np.where(s, "m", "f"), name="sex")
    assert model.fit(frame, y, sensitive_features=sex) is model
    assert model.classes_.tolist() == [0, 1]
    assert model.n_features_in_ == 6
    assert model.feature_names_in_.tolist() == list("abcdef")
    assert [list(values) for values in model.sensitive_categories_] == [["f", "m"]]
    assert model.n_iter_ == 3
    assert model.interrupted_ is False
    assert model.net_.module_.head.out_features == 2
    assert 0 <= model.mi_estimate_ < np.log(2)


def test_history_has_the_terms_of_the_loss_by_epoch(make, biased):
    X, y, s = biased
    history = make(lambda_mi=2.0).fit(X, y, sensitive_features=s).history_
    for part in ("train", "valid"):
        task, mi = history[:, (f"{part}_task_loss", f"{part}_mi")][-1]
        assert history[-1, f"{part}_loss"] == pytest.approx(task + 2 * max(mi, 0))
    assert history[:, "epoch"] == [1, 2, 3]
    assert len(history[:, "dur"]) == 3


@pytest.mark.parametrize("labels", [(0, 1), (-1, 1), (1, 2), ("no", "yes"), (7.0, 8.0)])
def test_binary_labels_of_any_kind(trained, biased, labels):
    X, y, s = biased
    model = trained().fit(X, np.take(labels, y), sensitive_features=s)
    assert model.classes_.tolist() == sorted(labels)
    assert model.decision_function(X).shape == (len(X),)
    assert model.score(X, np.take(labels, y)) > 0.8


def test_labels_of_several_kinds_give_one_model(make, biased):
    X, y, s = biased
    numbers = make().fit(X, y, sensitive_features=s)
    booleans = make().fit(X, y == 1, sensitive_features=s)
    strings = pd.Series(np.where(y, "yes", "no"))
    words = make().fit(X, strings, sensitive_features=s)
    categories = make().fit(X, strings.astype("category"), sensitive_features=s)
    for model in (booleans, words, categories):
        np.testing.assert_array_equal(model.predict_proba(X), numbers.predict_proba(X))
    assert booleans.predict(X).dtype == bool
    assert set(words.predict(X)) == {"no", "yes"} == set(categories.predict(X))


def test_binary_outputs_agree(make, biased):
    X, y, s = biased
    model = make().fit(X, y, sensitive_features=s)
    probability, decision = model.predict_proba(X), model.decision_function(X)
    assert probability.shape == (len(X), 2)
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(probability[:, 1], expit(decision), rtol=1e-4)
    np.testing.assert_array_equal(model.predict(X), decision > 0)
    assert model.score(X, y) == np.mean(model.predict(X) == y)


def test_multiclass_outputs_agree(trained, biased):
    X, _, s = biased
    y = np.array(["low", "mid", "high"])[np.digitize(X[:, 0], [-0.5, 0.5])]
    model = trained().fit(X, y, sensitive_features=s)
    assert model.classes_.tolist() == ["high", "low", "mid"]
    probability, decision = model.predict_proba(X), model.decision_function(X)
    assert probability.shape == decision.shape == (len(X), 3)
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-6)
    chosen = model.classes_[decision.argmax(axis=1)]
    np.testing.assert_array_equal(model.predict(X), chosen)
    np.testing.assert_array_equal(probability.argmax(1), decision.argmax(1))
    assert model.score(X, y) > 0.8


def test_one_row(make, biased):
    X, y, s = biased
    model = make().fit(X, y, sensitive_features=s)
    row = outputs(model, X[[0]])
    for method, values in outputs(model, X).items():
        np.testing.assert_allclose(row[method], values[[0]], atol=1e-5)


# -- parameters ----------------------------------------------------------------

VARIANTS = {
    "mine": {"mi_estimator": "mine"},
    "mine, rescaled": {"mi_estimator": "mine", "gradient_rescaling": True},
    "rescaled": {"gradient_rescaling": True},
    "the paper": {
        "mi_estimator": "mine",
        "gradient_rescaling": True,
        "bottleneck": "deterministic",
    },
    "deterministic": {"bottleneck": "deterministic"},
    "prediction": {"mi_target": "prediction"},
    "prediction, mine": {"mi_target": "prediction", "mi_estimator": "mine"},
    "prediction, rescaled": {"mi_target": "prediction", "gradient_rescaling": True},
    "equalized odds": {"criterion": "equalized_odds"},
    "equalized odds, mine": {"criterion": "equalized_odds", "mi_estimator": "mine"},
    "equal opportunity": {"criterion": "equal_opportunity"},
    "empirical": {"group_weights": "empirical"},
    "one hidden layer by its size": {"hidden_layer_sizes": 16},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "two hidden layers, dropout": {"hidden_layer_sizes": [16, 8], "dropout": 0.3},
    "one component": {"n_components": 1, "max_epochs": 30},
    "two components": {"n_components": 2},
    "members": {"n_members": 4},
    "members, no hidden layer": {"n_members": 2, "hidden_layer_sizes": ()},
    "members, prediction": {"n_members": 2, "mi_target": "prediction"},
    "members, rescaled": {"n_members": 2, "gradient_rescaling": True},
    "no warm-up": {"warmup_epochs": 0},
}


@pytest.mark.parametrize("params", VARIANTS.values(), ids=VARIANTS.keys())
def test_each_variant_learns(trained, biased, params):
    X, y, s = biased
    model = trained(**params).fit(X, y, sensitive_features=s)
    assert model.score(X, y) > 0.75
    assert 0 <= model.mi_estimate_ < np.log(2)


@pytest.mark.parametrize("rescaling", [False, True])
@pytest.mark.parametrize("kind", ["continuous", "mixed", "separate"])
def test_mine_takes_each_kind_of_sensitive_features(make, biased, kind, rescaling):
    X, y, s = biased
    A = pd.DataFrame({"age": X[:, 5] + s, "sex": s})
    A = A[["age"]] if kind == "continuous" else A
    model = make(
        mi_estimator="mine",
        gradient_rescaling=rescaling,
        sensitive_combination="separate" if kind == "separate" else "crossed",
    ).fit(X, y, sensitive_features=A)
    assert np.isfinite(model.mi_estimate_)
    assert len(model.net_.critics_) == (2 if kind == "separate" else 1)


def test_no_held_out_rows(make, biased):
    X, y, s = biased
    model = make(validation_fraction=0).fit(X, y, sensitive_features=s)
    assert np.isnan(model.mi_estimate_)
    assert "valid_loss" not in model.history_[-1]


def test_no_sensitive_features_without_the_mi_term(make, biased):
    X, y, _ = biased
    model = make(lambda_mi=0).fit(X, y)
    assert np.isnan(model.mi_estimate_)
    assert model.sensitive_categories_ == []
    assert model.history_[:, "train_mi"] == [0, 0, 0]


def test_sensitive_features_without_the_mi_term_are_measured_only(trained, biased):
    X, y, s = biased
    without = trained(lambda_mi=0, validation_fraction=0).fit(X, y)
    having = trained(lambda_mi=0, validation_fraction=0)
    having.fit(X, y, sensitive_features=s)
    np.testing.assert_allclose(having.score(X, y), without.score(X, y), atol=0.05)
    measured = trained(lambda_mi=0).fit(X, y, sensitive_features=s)
    assert measured.mi_estimate_ >= 0


def test_sensitive_features_are_not_needed_and_not_taken_after_fit(make, biased):
    X, y, s = biased
    model = make().fit(X, y, sensitive_features=s)
    for method in METHODS:
        with pytest.raises(TypeError, match="sensitive_features"):
            getattr(model, method)(X, sensitive_features=s)


def test_rows_with_a_masked_attribute_still_teach_y(trained, biased):
    X, y, s = biased
    s = np.where(np.arange(len(s)) % 4 == 0, np.nan, s)
    model = trained(missing_sensitive="mask").fit(X, y, sensitive_features=s)
    assert model.score(X, y) > 0.8
    assert [list(values) for values in model.sensitive_categories_] == [[0, 1]]


# -- randomness ----------------------------------------------------------------


class Dropping(nn.Sequential):
    """An encoder that draws from torch's global generator."""

    def __init__(self, n_in=6):
        super().__init__(nn.Linear(n_in, 8), nn.ReLU(), nn.Dropout(0.5))


def make_dropping(row_shape):
    return Dropping(*row_shape)


ENCODERS = [None, make_dropping]


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("mi_estimator", ["auto", "mine"])
def test_same_seed_same_bits(make, biased, encoder, mi_estimator):
    X, y, s = biased
    models = []
    for global_seed in (1, 2):
        np.random.seed(global_seed)  # noqa: NPY002
        torch.manual_seed(global_seed)
        model = make(encoder=encoder, mi_estimator=mi_estimator)
        models.append(model.fit(X, y, sensitive_features=s))
    assert_same_outputs(*models, X)
    assert models[0].mi_estimate_ == models[1].mi_estimate_
    weights, others = (model.net_.module_.state_dict() for model in models)
    assert all(torch.equal(weights[name], others[name]) for name in others)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_other_seed_other_weights(make, biased, encoder):
    X, y, s = biased
    one, other = (
        make(random_state=seed, encoder=encoder).fit(X, y, sensitive_features=s)
        for seed in (1, 2)
    )
    assert not np.allclose(one.decision_function(X), other.decision_function(X))


def test_no_seed_no_repetition(make, biased):
    X, y, s = biased
    np.random.seed(0)  # noqa: NPY002
    one = make(random_state=None).fit(X, y, sensitive_features=s)
    np.random.seed(0)  # noqa: NPY002
    other = make(random_state=None).fit(X, y, sensitive_features=s)
    assert not np.allclose(one.decision_function(X), other.decision_function(X))


def test_a_random_state_is_drawn_from(make, biased):
    X, y, s = biased
    rng = np.random.RandomState(0)
    one = make(random_state=rng).fit(X, y, sensitive_features=s)
    other = make(random_state=rng).fit(X, y, sensitive_features=s)
    assert not np.allclose(one.decision_function(X), other.decision_function(X))
    again = make(random_state=np.random.RandomState(0))
    assert_same_outputs(again.fit(X, y, sensitive_features=s), one, X)


@pytest.mark.parametrize("seed", [0, None])
@pytest.mark.parametrize("encoder", [*ENCODERS, Dropping()])
@pytest.mark.parametrize("verbose", [0, 1])
def test_global_random_states_stay(make, biased, seed, encoder, verbose):
    X, y, s = biased
    model = make(random_state=seed, encoder=encoder, verbose=verbose)
    of_numpy, of_torch = np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    outputs(model.fit(X, y, sensitive_features=s), X)
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(a, b) for a, b in zip(after, of_numpy, strict=True))
    assert torch.equal(torch.get_rng_state(), of_torch)


def test_settings_of_torch_stay(make, biased):
    X, y, s = biased
    before = torch.get_float32_matmul_precision(), torch.get_num_threads()
    make(allow_tf32=True).fit(X, y, sensitive_features=s)
    assert (torch.get_float32_matmul_precision(), torch.get_num_threads()) == before
    with pytest.raises(ValueError, match="single group"):
        make(allow_tf32=True).fit(X, y, sensitive_features=np.zeros(len(X)))
    assert torch.get_float32_matmul_precision() == before[0]


# -- weights -------------------------------------------------------------------


def test_scaling_all_weights_changes_nothing(make, biased):
    X, y, s = biased
    weight = np.random.RandomState(0).uniform(0.5, 2, size=len(X))
    model = make().fit(X, y, sensitive_features=s, sample_weight=weight)
    scaled = make().fit(X, y, sensitive_features=s, sample_weight=8 * weight)
    assert_same_outputs(scaled, model, X)
    even = make().fit(X, y, sensitive_features=s, sample_weight=np.full(len(X), 3.0))
    assert_same_outputs(even, make().fit(X, y, sensitive_features=s), X)
    assert not np.allclose(even.decision_function(X), model.decision_function(X))


def test_rows_of_weight_zero_are_ignored(trained, biased):
    X, y, s = biased
    wrong = np.arange(len(X)) % 2 == 0
    labels = np.where(wrong, 1 - y, y)
    model = trained().fit(X, labels, sensitive_features=s, sample_weight=~wrong)
    assert model.score(X, y) > 0.8


def test_heavy_rows_win(trained, biased):
    X, y, s = biased
    likely = {
        label: trained()
        .fit(X, y, sensitive_features=s, sample_weight=np.where(y == label, 5.0, 1.0))
        .predict_proba(X)[:, label]
        .mean()
        for label in (0, 1)
    }
    assert likely[0] > 0.6
    assert likely[1] > 0.6


def test_class_weight_means_sample_weight(make, biased):
    X, y, _ = biased
    labels = np.where(y == 1, "yes", "no")
    weight = np.where(y == 1, 6.0, 1.0)
    by_class = make(lambda_mi=0, class_weight={"yes": 6.0, "no": 1.0}).fit(X, labels)
    by_row = make(lambda_mi=0).fit(X, labels, sample_weight=weight)
    assert_same_outputs(by_class, by_row, X)


def test_balanced_class_weight_finds_the_rare_class(trained, biased):
    X, y, s = biased
    keep = (y == 0) | (np.arange(len(y)) % 8 == 0)
    X, y, s = X[keep], y[keep], s[keep]
    shares = [
        trained(class_weight=class_weight)
        .fit(X, y, sensitive_features=s)
        .predict(X)[y == 1]
        .mean()
        for class_weight in (None, "balanced")
    ]
    assert shares[1] > shares[0]


# -- callbacks and stopping ----------------------------------------------------


class Recorder(Callback):
    def on_train_begin(self, net, **kwargs):
        self.epochs = []

    def on_epoch_end(self, net, **kwargs):
        self.epochs.append(net.history[-1, "epoch"])
        net.epochs_seen = list(self.epochs)


def test_callbacks_are_called_and_left_as_they_were(make, biased):
    X, y, s = biased
    mine = Recorder()
    model = make(callbacks=[mine]).fit(X, y, sensitive_features=s)
    assert model.net_.epochs_seen == [1, 2, 3]
    assert not hasattr(mine, "epochs")
    assert model.callbacks == [mine]
    named = make(callbacks=[("recorder", Recorder())]).fit(X, y, sensitive_features=s)
    assert named.net_.epochs_seen == [1, 2, 3]
    assert_same_outputs(model, make().fit(X, y, sensitive_features=s), X)


def test_early_stopping_stops_and_restores_the_best_epoch(make, biased):
    X, y, s = biased
    stopping = {
        "early_stopping": True,
        "validation_fraction": 0.3,
        "n_iter_no_change": 3,
        "learning_rate": 0.05,
        "dropout": 0.0,
    }
    model = make(max_epochs=60, **stopping).fit(X, y, sensitive_features=s)
    losses = model.history_[:, "valid_loss"]
    assert model.n_iter_ < 60
    best = model.net_.best_epoch()
    assert best == model.n_iter_ - 3
    assert best == 2 + np.argmin(losses[1:])  # the first epoch is warm-up
    assert model.interrupted_ is False
    # The weights are those of the best epoch: stop there and nothing else changes.
    there = make(max_epochs=60, callbacks=[StopAfter(best)], **stopping)
    there.fit(X, y, sensitive_features=s)
    assert_same_outputs(there, model, X)


class StopAfter(Callback):
    """skorch's own signal that training is to end."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, net, **kwargs):
        if net.history[-1, "epoch"] == self.epoch:
            raise KeyboardInterrupt


def test_progress_goes_to_stderr_and_only_when_asked(make, biased, capsys):
    X, y, s = biased
    make().fit(X, y, sensitive_features=s)
    assert capsys.readouterr() == ("", "")
    make(verbose=1).fit(X, y, sensitive_features=s)
    out, err = capsys.readouterr()
    assert out == ""
    assert "/3" in err
    assert "task loss" in err
    make(verbose=2).fit(X, y, sensitive_features=s)
    assert "train_loss" in capsys.readouterr().out


# -- a user's encoder ----------------------------------------------------------


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2), nn.ReLU(), nn.BatchNorm2d(4)
        )

    def forward(self, x):
        return self.layers(x)


@pytest.fixture
def images():
    rng = np.random.RandomState(0)
    y, s = rng.randint(2, size=(2, 240))
    X = rng.normal(size=(240, 1, 8, 8))
    X[y == 1, :, :4] += 1
    X[s == 1, :, :, :4] += 1
    return X, y, s


@pytest.mark.parametrize("cls", [MIDebiasedClassifier, MIFairTransformer])
def test_images_through_a_convolutional_encoder(quick, images, cls):
    X, y, s = images
    model = cls(**quick, encoder=ConvNet()).fit(X, y, sensitive_features=s)
    assert model.transform(X).shape == (240, 4)
    np.testing.assert_allclose(
        model.transform(X[:7]), model.transform(X)[:7], atol=1e-5
    )
    assert model.net_.module_.encoder.out_features == 36
    with pytest.raises(ValueError, match=r"shape|features"):
        model.transform(X[:, :, :6])


def test_a_convolutional_encoder_learns(trained, images):
    X, y, s = images
    model = trained(encoder=ConvNet()).fit(X, y, sensitive_features=s)
    assert model.score(X, y) > 0.8


@pytest.mark.parametrize("training", [True, False])
def test_encoder_instance_is_not_modified(make, images, training):
    X, y, s = images
    encoder = ConvNet().train(training)
    before = copy.deepcopy(encoder.state_dict())
    model = make(encoder=encoder).fit(X, y, sensitive_features=s)
    assert model.encoder is encoder
    assert encoder.training is training
    after = encoder.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert all(weight.grad is None for weight in encoder.parameters())
    assert all(weight.requires_grad for weight in encoder.parameters())


def test_encoder_instance_is_where_training_starts(make, biased):
    X, y, s = biased
    encoder = nn.Linear(6, 5)
    model = make(encoder=encoder, learning_rate=1e-9).fit(X, y, sensitive_features=s)
    trained = model.net_.module_.encoder.module
    torch.testing.assert_close(trained.weight, encoder.weight)


def test_encoder_factory_gets_the_shape_of_a_row(make, images, biased):
    shapes = []

    def factory(row_shape):
        shapes.append(row_shape)
        return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(row_shape)), 4))

    for X, y, s in (images, biased):
        model = make(encoder=factory).fit(X, y, sensitive_features=s)
        assert model.predict(X).shape == y.shape
    assert shapes == [(1, 8, 8), (6,)]


def test_clone_keeps_the_encoder(make, images):
    X, y, s = images
    model = make(encoder=ConvNet()).fit(X, y, sensitive_features=s)
    again = clone(model).fit(X, y, sensitive_features=s)
    assert_same_outputs(again, model, X)
    assert clone(make(encoder=make_dropping)).encoder is make_dropping


def test_dropout_of_the_encoder_is_off_after_fit(make, biased):
    X, y, s = biased
    model = make(encoder=Dropping()).fit(X, y, sensitive_features=s)
    assert_same_outputs(model, model, X)


# -- copies --------------------------------------------------------------------

COPIES = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "clone and fit": lambda model: clone(model),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_copies_predict_the_same(make, biased, how, encoder):
    X, y, s = biased
    model = make(encoder=encoder, verbose=1, callbacks=[Recorder()])
    model.fit(X, y, sensitive_features=s)
    twin = COPIES[how](model)
    if how == "clone and fit":
        with pytest.raises(NotFittedError):
            twin.predict(X)
        twin.fit(X, y, sensitive_features=s)
    assert_same_outputs(twin, model, X)
    assert twin.mi_estimate_ == model.mi_estimate_
    assert twin.history_[-1, "train_loss"] == model.history_[-1, "train_loss"]


def test_pickle_is_small_and_holds_no_rows(make, biased):
    X, y, s = biased
    # Quantile bins are more where rows are more.
    make = partial(make, numeric_embedding=None)
    few = make().fit(X, y, sensitive_features=s)
    X, y, s = np.tile(X, (9, 1)), np.tile(y, 9), np.tile(s, 9)
    many = make().fit(X, y, sensitive_features=s)
    assert len(pickle.dumps(few)) < 200_000
    assert len(pickle.dumps(many)) < 1.1 * len(pickle.dumps(few)) + 1000


class SpyingPickler(pickle.Pickler):
    """Notes the types of all objects that pickle itself reaches."""

    def reducer_override(self, obj):
        self.types.add(type(obj))
        return NotImplemented


@pytest.mark.parametrize("rescaling", [False, True])
def test_pickle_holds_nothing_of_the_training_device(make, biased, rescaling):
    # skorch maps the networks to a device that there is; of tensors that pickle meets
    # elsewhere, in an optimizer say, a model from a GPU would not load without one.
    X, y, s = biased
    model = make(gradient_rescaling=rescaling).fit(X, y, sensitive_features=s)
    pickler = SpyingPickler(io.BytesIO())
    pickler.types = set()
    pickler.dump(model)
    left = (torch.Tensor, torch.Generator, torch.optim.Optimizer)
    assert not [found for found in pickler.types if issubclass(found, left)]


def test_copies_can_be_fitted_again(make, biased):
    X, y, s = biased
    model = make().fit(X, y, sensitive_features=s)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert_same_outputs(twin.fit(X, y, sensitive_features=s), model, X)


def test_fitting_again_forgets_the_first_fit(make, biased):
    X, y, s = biased
    model = make().fit(X[:, :3], 1 - y, sensitive_features=X[:, 4])
    model.fit(X, y, sensitive_features=s)
    assert_same_outputs(model, make().fit(X, y, sensitive_features=s), X)
    assert model.n_features_in_ == 6


# -- when things go wrong ------------------------------------------------------


class InterruptIn(Callback):
    """Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_begin(self, net, training, **kwargs):
        if training and len(net.history) == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("verbose", [0, 1])
def test_ctrl_c_leaves_the_best_epoch_flagged(make, biased, verbose):
    X, y, s = biased
    model = make(max_epochs=8, callbacks=[InterruptIn(5)], verbose=verbose)
    with pytest.warns(ConvergenceWarning, match="interrupted in epoch 5 of 8"):
        model.fit(X, y, sensitive_features=s)
    assert model.interrupted_ is True
    best = model.net_.best_epoch()
    assert 1 < best < 5
    assert_same_outputs(pickle.loads(pickle.dumps(model)), model, X)
    whole = make(max_epochs=8).fit(X, y, sensitive_features=s)
    assert best == 2 + np.argmin(whole.history_[1:4, "valid_loss"])
    there = make(max_epochs=8, callbacks=[StopAfter(best)])
    there.fit(X, y, sensitive_features=s)
    assert_same_outputs(there, model, X)
    assert there.interrupted_ is False


@pytest.mark.parametrize("epoch", [1, 2])
@pytest.mark.parametrize("fitted_before", [False, True])
def test_ctrl_c_before_a_usable_epoch_leaves_it_unfitted(
    make, biased, epoch, fitted_before
):
    X, y, s = biased
    model = make()
    if fitted_before:
        model.fit(X, y, sensitive_features=s)
    model.set_params(callbacks=[InterruptIn(epoch)])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y, sensitive_features=s)
    for method in METHODS:
        with pytest.raises(NotFittedError):
            getattr(model, method)(X)


def test_ctrl_c_without_the_mi_term_keeps_the_first_epoch(make, biased):
    X, y, _ = biased
    model = make(lambda_mi=0, warmup_epochs=2, callbacks=[InterruptIn(2)])
    try:  # pytest would take a KeyboardInterrupt for its own
        with pytest.warns(ConvergenceWarning, match="interrupted"):
            model.fit(X, y)
    except KeyboardInterrupt:
        pytest.fail("the first epoch was not kept")
    assert model.net_.best_epoch() == 1
    assert model.predict(X).shape == y.shape


BAD_REFITS = {
    "y": lambda X, y, s: (X, y[:-1], s),
    "one class": lambda X, y, s: (X, np.ones_like(y), s),
    "sensitive_features": lambda X, y, s: (X, y, None),
    "X": lambda X, y, s: (np.full_like(X, np.inf), y, s),
}


@pytest.mark.parametrize("bad", BAD_REFITS)
def test_a_fit_that_fails_leaves_it_unfitted(make, biased, bad):
    X, y, s = biased
    model = make().fit(X, y, sensitive_features=s)
    X, y, s = BAD_REFITS[bad](X, y, s)
    with pytest.raises(ValueError, match=r"\w"):
        model.fit(X, y, sensitive_features=s)
    with pytest.raises(NotFittedError):
        model.predict(biased[0])


def test_collapse_warns(trained, biased):
    X, y, s = biased
    model = trained(class_weight={0: 1000.0, 1: 0.001})
    words = r"collapsed.*predicts 1 for 0\.0% of the rows.*lambda_mi"
    with pytest.warns(ConvergenceWarning, match=words) as caught:
        model.fit(X, y, sensitive_features=s)
    assert caught[0].filename == __file__
    assert model.predict(X).tolist() == [0] * len(X)


def test_an_estimate_above_the_entropy_warns():
    # Three rows of 200 are a group, and one of them is among the 20 held out: what is
    # read from them is more than the entropy of all rows.
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 3))
    y = (X[:, 0] > 0).astype(int)
    s = np.isin(np.arange(200), np.flatnonzero(y)[:3])
    X[:, 2] = 10 * s
    model = MIDebiasedClassifier(
        lambda_mi=0,
        group_weights="empirical",
        bottleneck="deterministic",
        max_epochs=15,
        batch_size=16,
        critic_learning_rate=0.02,
        random_state=0,
    )
    with pytest.warns(ConvergenceWarning, match=r"above the entropy.*0\.078") as caught:
        model.fit(X, y, sensitive_features=s)
    assert caught[0].filename == __file__
    assert model.mi_estimate_ > 0.078


def test_an_estimate_given_y_weighs_classes_by_their_shares():
    """In training they count equally; of a tenth of the rows z tells s, of no other."""
    rng = np.random.RandomState(0)
    y = (np.arange(2_000) % 10 == 0).astype(int)
    s = rng.randint(2, size=len(y))
    X = np.column_stack([y, np.where(y == 1, 10 * s - 5, 0)]).astype(np.float32)
    model = MIDebiasedClassifier(
        lambda_mi=0,
        criterion="equalized_odds",
        encoder=nn.Identity(),
        bottleneck="deterministic",
        numeric_embedding=None,
        max_epochs=3,
        random_state=0,
    )
    model.fit(X, y, sensitive_features=s)
    assert model.mi_estimate_ == pytest.approx(0.1 * np.log(2), rel=0.2)


def test_dropout_follows_the_number_of_rows(adult):
    X, y, _ = adult
    auto, half, fifth = (
        MIDebiasedClassifier(0, dropout=dropout, max_epochs=10, random_state=0)
        .fit(X, y)
        .predict_proba(X)
        for dropout in ["auto", 0.5, 0.2]
    )
    np.testing.assert_array_equal(auto, half)
    assert np.abs(auto - fifth).max() > 0.01


@pytest.mark.parametrize(
    ("params", "epochs"),
    [
        ({}, 3),
        ({"max_epochs": 8}, 2),
        ({"max_epochs": 2}, 0),
        ({"max_epochs": 8, "warmup_epochs": 7}, 7),
    ],
)
def test_epochs_of_warmup(params, epochs, biased):
    X, y, s = biased
    clf = MIDebiasedClassifier(**params, hidden_layer_sizes=4, random_state=0)
    clf.fit(X[:60], y[:60], sensitive_features=s[:60])
    assert clf.net_.warmup_epochs == epochs


@pytest.mark.parametrize(
    ("params", "members"),
    [
        ({}, 4),
        ({"n_members": 3}, 3),
        ({"bottleneck": "discrete"}, 1),
        ({"encoder": torch.nn.Identity()}, 1),
    ],
)
@pytest.mark.parametrize("cls", [MIDebiasedClassifier, MIFairTransformer])
def test_number_of_members(cls, params, members, biased):
    X, y, s = biased
    model = cls(**params, max_epochs=1, random_state=0)
    model.fit(X[:60], y[:60], sensitive_features=s[:60])
    assert model.net_.module_.n_members == members


def test_a_quick_try_reaches_lambda(biased):
    X, y, s = biased
    clf = MIDebiasedClassifier(1.0, max_epochs=1, random_state=0)
    clf.fit(X, y, sensitive_features=s)
    assert clf.net_.warmup_epochs == 0


@pytest.mark.parametrize(
    ("n_rows", "share"), [(100, 0.5), (11_500, 0.35), (25_000, 0.2)]
)
def test_share_of_dropout(n_rows, share):
    """Of the rows that train, which are all where nothing is estimated."""
    X = np.random.default_rng(0).normal(size=(n_rows, 1))
    clf = MIDebiasedClassifier(
        0, hidden_layer_sizes=4, numeric_embedding=None, max_epochs=1, random_state=0
    )
    clf.fit(X, X[:, 0] > 0)
    assert clf.net_.module_.encoder.dropout == pytest.approx(share)
