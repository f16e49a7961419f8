"""lambda_path: one fit for every lambda."""

import pickle
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from fairlearn.metrics import demographic_parity_difference
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from skorch.callbacks import Callback

from fairrep import LambdaPath, MIDebiasedClassifier, lambda_path
from fairrep._tradeoff import lambda_range
from fairrep._training.path_net import PathNet
from fairrep.datasets import make_biased_classification
from fairrep.nn._conditioning import ConditionedLinear, embed

LAMBDAS = [0.0, 1.0, 10.0]
# Of fits of a second, on rows of which few are held out.
pytestmark = pytest.mark.filterwarnings("ignore:The classifier has collapsed")


@pytest.fixture(scope="module")
def quick(quick):
    """A path has several lambdas to learn in the same few steps."""
    return {
        **quick,
        "learning_rate": 0.02,
        "max_epochs": 6,
        "hidden_layer_sizes": (16,),
    }


@pytest.fixture(scope="module")
def path(_biased, quick):
    X, y, s = _biased
    return lambda_path(X, y, sensitive_features=s, lambdas=LAMBDAS, **quick)


def test_a_path_serves_its_grid_and_what_lies_between(path, biased):
    X, _, _ = biased
    assert isinstance(path, LambdaPath)
    assert_array_equal(path.lambdas, LAMBDAS)
    assert path.lambda_range == (0.0, 10.0)
    for lambda_mi in [*LAMBDAS, 0.123]:
        clf = path.at(lambda_mi)
        assert type(clf) is MIDebiasedClassifier
        assert clf.lambda_mi == lambda_mi
        assert clf.mi_estimate_ >= 0
        assert_array_equal(path.predict(X, lambda_mi), clf.predict(X))
        assert_array_equal(path.predict_proba(X, lambda_mi), clf.predict_proba(X))
        assert_array_equal(path.transform(X, lambda_mi), clf.transform(X))


def test_a_point_is_the_net_at_that_lambda(path, biased):
    X, _, _ = biased
    fitted = path.curve.fitted
    x = fitted.encode(X).x
    one = embed(torch.tensor([path.curve.scale.position(2.0)]))
    with torch.no_grad():
        output, z = fitted.net.module_(x, None, one.repeat(len(x), 1))
    clf = path.at(2.0)
    assert_allclose(clf.decision_function(X), output[:, 1] - output[:, 0], atol=1e-5)
    assert_allclose(clf.transform(X), z, atol=1e-5)
    plain = clf.net_.module_.modules()
    assert not any(isinstance(part, ConditionedLinear) for part in plain)


def test_a_point_is_an_ordinary_estimator(path, biased):
    X, y, s = biased
    clf = path.at(1.0)
    copy = pickle.loads(pickle.dumps(clf))
    assert_array_equal(copy.predict_proba(X), clf.predict_proba(X))
    again = clone(clf).fit(X, y, sensitive_features=s)
    assert again.lambda_mi == 1.0
    assert not np.array_equal(again.predict_proba(X), clf.predict_proba(X))


def test_a_path_pickles(path, biased):
    X, _, _ = biased
    copy = pickle.loads(pickle.dumps(path))
    assert_array_equal(copy.predict_proba(X, 3.0), path.predict_proba(X, 3.0))
    pd.testing.assert_frame_equal(copy.figures(), path.figures())


def test_same_seed_same_path(path, biased, quick):
    X, y, s = biased
    numpy_state, torch_state = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    again = lambda_path(X, y, sensitive_features=s, lambdas=LAMBDAS, **quick)
    assert_array_equal(again.predict_proba(X, 1.0), path.predict_proba(X, 1.0))
    assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert_array_equal(torch.get_rng_state(), torch_state)


@pytest.mark.parametrize("lambda_mi", [-1.0, 10.1, np.nan])
def test_outside_the_range(path, lambda_mi):
    with pytest.raises(ValueError, match=r"outside the range .* from 0 to 10"):
        path.at(lambda_mi)


def test_figures_are_those_of_the_held_out_rows(path):
    X, y, groups = path.held_out_
    figures = path.figures([0.5, 5.0], n_bootstrap=50)
    assert figures["lambda_mi"].tolist() == [0.5, 5.0]
    for _, row in figures.iterrows():
        predicted = path.predict(X, row["lambda_mi"])
        assert row["score"] == accuracy_score(y, predicted)
        gap = demographic_parity_difference(y, predicted, sensitive_features=groups)
        assert_allclose(row["gap"], gap, atol=1e-12)
        assert row["score_low"] <= row["score"] <= row["score_high"]
        assert row["gap_low"] <= row["gap"] <= row["gap_high"]
        assert row["mi_estimate"] == path.at(row["lambda_mi"]).mi_estimate_


class Seen(Callback):
    """Remembers the rows that were trained on."""

    rows: ClassVar[set] = set()

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        if training:
            self.rows.update(map(tuple, batch[0].tolist()))


def test_held_out_rows_were_not_trained_on(biased, quick):
    X, y, s = biased
    path = lambda_path(
        X,
        y,
        sensitive_features=s,
        lambdas=LAMBDAS,
        validation_fraction=0.25,
        callbacks=[Seen()],
        **quick,
    )
    held = path.curve.encode(path.held_out_[0]).x.tolist()
    assert len(held) == 100
    assert len(Seen.rows) == 300
    assert not Seen.rows & set(map(tuple, held))


def test_without_held_out_rows(biased, quick):
    X, y, s = biased
    path = lambda_path(
        X, y, sensitive_features=s, lambdas=LAMBDAS, validation_fraction=0, **quick
    )
    assert np.isnan(path.at(1.0).mi_estimate_)
    with pytest.raises(ValueError, match="No rows were held out"):
        path.figures()


@pytest.mark.parametrize(
    "params",
    [
        {"criterion": "equalized_odds"},
        {"criterion": "equal_opportunity"},
        {"bottleneck": "deterministic"},
        {"mi_estimator": "mine"},
        {"mi_target": "prediction"},
        {"gradient_rescaling": True},
        {"class_weight": "balanced"},
        {"early_stopping": True, "validation_fraction": 0.2},
        {"numeric_embedding": None},
        {"n_components": 2},
    ],
    ids=lambda params: "-".join(map(str, params.values())),
)
def test_every_setting_has_a_path(params, biased, quick):
    X, y, s = biased
    path = lambda_path(
        X, y, sensitive_features=s, lambdas=LAMBDAS, **{**quick, **params}
    )
    probabilities = [path.predict_proba(X, lambda_mi) for lambda_mi in LAMBDAS]
    assert np.abs(probabilities[0] - probabilities[-1]).max() > 0
    assert np.isfinite(path.figures(n_bootstrap=10).to_numpy()).all()


@pytest.mark.parametrize("kind", ["categories", "continuous", "mixed", "missing"])
def test_every_kind_of_sensitive_attribute_has_a_path(kind, adult, quick):
    X, y, A = adult
    rng = np.random.default_rng(0)
    continuous = (y == y.iloc[0]) + rng.normal(size=len(y))
    sensitive = {
        "categories": A,
        "continuous": continuous.rename("distance"),
        "mixed": A[["sex"]].assign(distance=continuous),
        "missing": A["sex"].where(rng.uniform(size=len(y)) > 0.1),
    }[kind]
    if kind == "missing":
        quick = {**quick, "missing_sensitive": "mask"}
    path = lambda_path(
        X,
        y,
        sensitive_features=sensitive,
        lambdas=LAMBDAS,
        validation_fraction=0.3,
        **quick,
    )
    assert np.isfinite(path.figures(n_bootstrap=10).to_numpy()).all()


def test_several_classes(quick):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    y = np.array(["a", "b", "c"])[np.clip(X[:, 0].round().astype(int) + 1, 0, 2)]
    s = X[:, 1] + X[:, 0] > 0
    path = lambda_path(X, y, sensitive_features=s, lambdas=LAMBDAS, **quick)
    assert path.predict_proba(X, 2.0).shape == (300, 3)
    assert set(path.predict(X, 2.0)) <= {"a", "b", "c"}
    assert (path.figures(n_bootstrap=10)["gap"] <= 1).all()


def test_history_has_the_loss_that_is_minimised(biased, quick):
    """The MI term of a path holds lambda / (1 + lambda) already."""
    X, y, s = biased
    path = lambda_path(X, y, sensitive_features=s, lambdas=[0, 1, 500], **quick)
    last = path.history_[-1]
    for part in ("train", "valid"):
        expected = last[f"{part}_task_loss"] + max(0, last[f"{part}_mi"])
        assert_allclose(last[f"{part}_loss"], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"gap": "parity"}, "gap must be a callable or one of"),
        ({"confidence": 2}, "confidence must be in"),
        ({"n_bootstrap": 0}, "n_bootstrap must be at least 1"),
        ({"lambdas": []}, "lambdas must hold at least one number"),
        ({"lambdas": [11.0]}, "outside the range"),
    ],
)
def test_bad_figures(path, params, message):
    with pytest.raises(ValueError, match=message):
        path.figures(**params)


def test_a_users_encoder_is_shared(biased, quick):
    X, y, s = biased
    params = {k: v for k, v in quick.items() if k != "hidden_layer_sizes"}
    path = lambda_path(
        X,
        y,
        sensitive_features=s,
        lambdas=LAMBDAS,
        encoder=lambda shape: torch.nn.Sequential(
            torch.nn.Linear(shape[0], 16), torch.nn.ReLU()
        ),
        **params,
    )
    first, last = path.at(0.0), path.at(10.0)
    assert first.net_.module_.encoder is last.net_.module_.encoder
    assert np.abs(first.predict_proba(X) - last.predict_proba(X)).max() > 0


def test_a_larger_lambda_closes_the_gap():
    X, y, s = make_biased_classification(
        4000, n_features=6, mi_xs=0.4, return_X_y_s=True, random_state=0
    )
    path = lambda_path(
        X, y, sensitive_features=s, lambdas=[0, 0.3, 1, 3, 10, 30], random_state=0,
        max_epochs=25,
    )  # fmt: skip
    Xt, yt, st = make_biased_classification(
        4000, n_features=6, mi_xs=0.4, return_X_y_s=True, random_state=1
    )
    gaps, estimates = [], []
    for lambda_mi in path.lambdas:
        clf = path.at(lambda_mi)
        gaps.append(
            demographic_parity_difference(yt, clf.predict(Xt), sensitive_features=st)
        )
        estimates.append(clf.mi_estimate_)
    assert spearmanr(path.lambdas, gaps).statistic <= -0.8
    assert gaps[-1] < 0.4 * gaps[0]
    assert estimates[-1] < 0.3 * estimates[0]


@pytest.mark.slow
@pytest.mark.parametrize("share", [1.0, 0.05])
def test_the_range_fits_the_data(share):
    """From no effect to a closed gap, where y is rare and hard to predict too."""
    X, y, s = make_biased_classification(
        3000, n_features=6, mi_xs=0.3, return_X_y_s=True, random_state=0
    )
    # Of the positives only some remain, whichever.
    y = np.where(np.random.default_rng(0).uniform(size=len(y)) < share, y, y.min())
    path = lambda_path(
        X, y, sensitive_features=s, n_lambdas=6, random_state=0, max_epochs=15
    )
    assert len(path.lambdas) == 6
    assert path.lambdas[0] == 0
    assert (np.diff(path.lambdas) > 0).all()
    assert path.lambdas[-1] <= path.lambda_range[1] < 1000
    scores = [path.predict_proba(X, path.lambdas[i])[:, 1] for i in (0, -1)]
    gaps = [np.ptp([score[s == group].mean() for group in (0, 1)]) for score in scores]
    assert gaps[1] < max(0.5 * gaps[0], 0.005)


class StopAtOnce(Callback):
    """Ends a training after its first epoch; the one that finds the range has none."""

    def on_epoch_end(self, net, **kwargs):
        raise KeyboardInterrupt


@pytest.mark.slow
def test_the_range_hardly_depends_on_the_seed():
    """Found in few steps, it was once 13 and once 1,000 on the same rows."""
    X, y, s = make_biased_classification(
        1500, n_features=12, mi_xs=0.2, return_X_y_s=True, random_state=0
    )
    ends = []
    for seed in range(4):
        path = lambda_path(
            X, y, sensitive_features=s, callbacks=[StopAtOnce()], random_state=seed
        )
        ends.append(path.lambda_range[1])
    assert max(ends) / min(ends) < 5


def test_the_grid_goes_on_after_the_gap_is_closed():
    """To four times the lambda that closes it on the rows that trained."""
    scale = lambda_range.WIDEST
    positions = torch.linspace(0, 1, 33, dtype=torch.float64)
    lambdas = scale.lambda_at(positions).numpy()
    closing = lambdas[20]
    gaps, floors = np.where(lambdas < closing, 0.1, 0.0), np.full(len(lambdas), 0.01)
    grid = lambda_range.choose_lambdas(
        lambda_range.GapCurve(lambdas, gaps, floors), scale, 10
    )
    assert grid[0] == 0
    assert 2.5 * closing < grid[-1] <= 4 * closing


@pytest.mark.parametrize(
    ("lambdas", "message"),
    [
        ([], "at least one number"),
        ([-1, 1], "finite and at least 0; got -1"),
        ([0, np.inf], "finite and at least 0; got inf"),
        ([0, np.nan], "finite and at least 0; got nan"),
        ([1, 0], "ascend"),
        ([1, 1], "ascend"),
        ([[0, 1]], "one dimension"),
    ],
)
def test_bad_lambdas(lambdas, message, biased, quick):
    X, y, s = biased
    with pytest.raises(ValueError, match=message):
        lambda_path(X, y, sensitive_features=s, lambdas=lambdas, **quick)


def test_bad_parameters(biased, quick):
    X, y, s = biased
    with pytest.raises(ValueError, match="sensitive_features is required"):
        lambda_path(X, y, sensitive_features=None, **quick)
    with pytest.raises(TypeError, match="takes lambdas"):
        lambda_path(X, y, sensitive_features=s, lambda_mi=3, **quick)
    with pytest.raises(TypeError, match="no_such"):
        lambda_path(X, y, sensitive_features=s, no_such=3)
    with pytest.raises(ValueError, match="'dropout' parameter"):
        lambda_path(X, y, sensitive_features=s, dropout=2)
    with pytest.raises(ValueError, match="n_lambdas must be"):
        lambda_path(X, y, sensitive_features=s, n_lambdas=1)


def test_a_collapsed_end_is_told(biased, quick):
    X, y, s = biased
    with pytest.warns(
        ConvergenceWarning, match=r"collapsed at lambda_mi = .*: it pred"
    ) as caught:
        lambda_path(
            X, np.where(np.arange(len(y)) % 10 == 0, "rare", "common"),
            sensitive_features=s, lambdas=[0.0, 1.0], **quick,
        )  # fmt: skip
    assert caught[0].filename == __file__


@pytest.mark.parametrize("step", [1, 12])
def test_ctrl_c_in_the_survey_ends_it_all(step, biased, quick, monkeypatch):
    """In its first epoch, and when it has epochs that a fit would keep."""
    X, y, s = biased
    train_step, steps = PathNet.train_step, []

    def interrupted(net, *args, **kwargs):
        steps.append(net)
        if len(steps) == step:
            raise KeyboardInterrupt
        return train_step(net, *args, **kwargs)

    monkeypatch.setattr(PathNet, "train_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lambda_path(X, y, sensitive_features=s, **quick)
    assert len(steps) == step
