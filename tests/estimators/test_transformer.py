"""MIFairTransformer: what z keeps, and that a row always gets the same z."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression

from fairrep import MIDebiasedClassifier, MIFairTransformer


@pytest.fixture
def fitted(quick, biased):
    X, y, s = biased
    return MIFairTransformer(**quick).fit(X, y, sensitive_features=s)


# -- what z keeps --------------------------------------------------------------

TRAINED = {"max_epochs": 15, "batch_size": 32, "random_state": 0, "lambda_mi": 0.1}


def test_with_classes_z_keeps_what_predicts_them(biased):
    X, y, s = biased
    Z = MIFairTransformer(**TRAINED).fit_transform(X, y, sensitive_features=s)
    assert Z.shape == (len(X), 8)
    assert Z.dtype == np.float32
    with_x = LogisticRegression().fit(X, y).score(X, y)
    assert LogisticRegression().fit(Z, y).score(Z, y) > with_x - 0.05


def test_with_three_string_classes(biased):
    X, _, s = biased
    y = np.array(["high", "low", "none"])[np.digitize(X[:, 0], [-0.5, 0.5])]
    Z = MIFairTransformer(**TRAINED).fit_transform(X, y, sensitive_features=s)
    assert LogisticRegression().fit(Z, y).score(Z, y) > 0.8


def test_with_continuous_y_z_keeps_what_predicts_it(biased):
    X, _, s = biased
    y = 1000 + 50 * (X[:, 0] - X[:, 1])
    Z = MIFairTransformer(**TRAINED).fit_transform(X, y, sensitive_features=s)
    assert LinearRegression().fit(Z, y).score(Z, y) > 0.8


def test_without_y_z_keeps_what_reconstructs_x(biased):
    X, y, s = biased
    of_x = MIFairTransformer(**TRAINED).fit_transform(X, sensitive_features=s)
    of_y = MIFairTransformer(**TRAINED).fit_transform(X, y, sensitive_features=s)
    kept = LinearRegression().fit(of_x, X).score(of_x, X)
    assert kept > 0.7
    assert kept > LinearRegression().fit(of_y, X).score(of_y, X) + 0.1


def test_images_are_reconstructed_pixel_by_pixel(quick):
    from torch import nn

    images = np.random.RandomState(0).normal(size=(80, 1, 4, 4))
    model = MIFairTransformer(0, **quick, encoder=nn.Conv2d(1, 2, 3))
    assert model.fit_transform(images).shape == (80, 4)


# -- the same row, the same z --------------------------------------------------


@pytest.mark.parametrize("cls", [MIFairTransformer, MIDebiasedClassifier])
def test_z_depends_on_the_content_of_the_row_alone(quick, biased, cls):
    X, y, s = biased
    model = cls(**quick).fit(X, y, sensitive_features=s)
    Z = model.transform(X)
    np.testing.assert_array_equal(model.transform(X), Z)
    some = np.random.RandomState(1).permutation(len(X))[:57]
    np.testing.assert_allclose(model.transform(X[some]), Z[some], atol=1e-5)
    for row in (0, 11):
        alone = model.transform(X[[row]])
        np.testing.assert_allclose(alone, Z[[row]], atol=1e-5)
        twice = model.transform(X[[row, row]])
        np.testing.assert_allclose(twice, Z[[row, row]], atol=1e-5)


def test_z_does_not_depend_on_the_precision_of_x(fitted, biased):
    X = biased[0].astype(np.float32)
    Z = fitted.transform(X)
    np.testing.assert_array_equal(fitted.transform(X.astype(np.float64)), Z)
    np.testing.assert_allclose(fitted.transform(biased[0]), Z, atol=1e-4)


def test_z_does_not_depend_on_the_container_of_x(quick, biased):
    X, y, s = biased
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = MIFairTransformer(**quick).fit(frame, y, sensitive_features=s)
    Z = model.transform(frame)
    other = frame.set_index(frame.index[::-1])
    np.testing.assert_array_equal(model.transform(other), Z)
    by_position = MIFairTransformer(**quick).fit(X, y, sensitive_features=s)
    np.testing.assert_array_equal(by_position.transform(X), Z)
    np.testing.assert_array_equal(by_position.transform(X.tolist()), Z)


def test_noise_is_there_and_another_seed_gives_other_noise(quick, biased):
    X, y, s = biased
    gaussian = MIFairTransformer(**quick).fit(X, y, sensitive_features=s)
    # The normalised z has length sqrt(d); with the noise it has not.
    lengths = np.linalg.norm(gaussian.transform(X), axis=1)
    assert np.std(lengths) > 0.1
    other = MIFairTransformer(**{**quick, "random_state": 2})
    other.fit(X, y, sensitive_features=s)
    assert not np.allclose(other.transform(X), gaussian.transform(X))


def test_deterministic_bottleneck_adds_no_noise(quick, biased):
    X, y, s = biased
    model = MIFairTransformer(**quick, bottleneck="deterministic")
    Z = model.fit_transform(X, y, sensitive_features=s)
    assert (Z >= 0).all()
    assert (Z == 0).any()


# -- scikit-learn's interface --------------------------------------------------


def test_fitted_attributes(fitted, biased):
    assert fitted.n_features_in_ == 6
    assert not hasattr(fitted, "feature_names_in_")
    assert [list(values) for values in fitted.sensitive_categories_] == [[0, 1]]
    assert fitted.n_iter_ == len(fitted.history_) == 3
    assert fitted.interrupted_ is False
    assert 0 <= fitted.mi_estimate_ < np.log(2)


def test_names_of_the_features_out(fitted):
    names = [f"mifairtransformer{i}" for i in range(4)]
    assert fitted.get_feature_names_out().tolist() == names
    with pytest.raises(NotFittedError):
        MIFairTransformer().get_feature_names_out()


def test_set_output_pandas(quick, biased):
    X, y, s = biased
    frame = pd.DataFrame(X, columns=list("abcdef"), index=range(1000, 1400))
    model = MIFairTransformer(**quick).set_output(transform="pandas")
    Z = model.fit_transform(frame, y, sensitive_features=s)
    assert isinstance(Z, pd.DataFrame)
    assert Z.columns.tolist() == model.get_feature_names_out().tolist()
    assert Z.index.equals(frame.index)
    pd.testing.assert_frame_equal(model.transform(frame), Z)


@pytest.mark.parametrize("with_y", [True, False])
def test_fit_transform_is_fit_then_transform(quick, biased, with_y):
    X, y, s = biased
    y = y if with_y else None
    weight = np.random.RandomState(0).uniform(size=len(X))
    given = {"sensitive_features": s, "sample_weight": weight}
    at_once = MIFairTransformer(**quick).fit_transform(X, y, **given)
    in_turn = MIFairTransformer(**quick).fit(X, y, **given).transform(X)
    np.testing.assert_array_equal(at_once, in_turn)


def test_sensitive_features_are_keyword_only(quick, biased):
    X, y, s = biased
    with pytest.raises(TypeError, match="positional"):
        MIFairTransformer(**quick).fit(X, y, s)


@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["deepcopy", "pickle"],
)
def test_copies_release_the_same_z(fitted, biased, duplicate):
    X = biased[0]
    np.testing.assert_array_equal(duplicate(fitted).transform(X), fitted.transform(X))


def test_clone_is_unfitted_and_fits_the_same(fitted, biased):
    X, y, s = biased
    again = clone(fitted)
    with pytest.raises(NotFittedError):
        again.transform(X)
    again.fit(X, y, sensitive_features=s)
    np.testing.assert_array_equal(again.transform(X), fitted.transform(X))


def test_no_sensitive_features_without_the_mi_term(quick, biased):
    X, y, _ = biased
    model = MIFairTransformer(**{**quick, "lambda_mi": 0}).fit(X, y)
    assert model.sensitive_categories_ == []
    assert np.isnan(model.mi_estimate_)


@pytest.mark.parametrize("bottleneck", ["gaussian", "discrete"])
def test_names_of_columns_with_the_public_defaults(biased, bottleneck):
    """Of four members z has eight columns, not thirty-two."""
    X, y, s = biased
    model = MIFairTransformer(bottleneck=bottleneck, max_epochs=1, random_state=0)
    Z = model.set_output(transform="pandas").fit_transform(X, y, sensitive_features=s)
    assert Z.columns.tolist() == model.get_feature_names_out().tolist()
    assert Z.shape == (len(X), model.n_codes if bottleneck == "discrete" else 8)
