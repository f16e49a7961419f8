"""Noise of a row: normal, a function of its content, and of the key."""

import itertools

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import kstest
from torch.nn import functional as F

from fairrep.nn._bottleneck import (
    DeterministicBottleneck,
    GaussianBottleneck,
    content_noise,
    make_bottleneck,
)

N_COMPONENTS = 8


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def gaussian(n_inputs, noise_std=0.3, seed=0):
    return make_bottleneck("gaussian", n_inputs, noise_std, generator(seed))


def one_hot_rows():
    """Every row of six categorical columns with six categories each, one-hot."""
    codes = torch.tensor(list(itertools.product(range(6), repeat=6)))
    return F.one_hot(codes, 6).flatten(1).float()


def scores(n=20_000, n_columns=5, seed=0):
    return torch.randn(n, n_columns, generator=generator(seed))


ROWS = {"one-hot": one_hot_rows, "numbers": scores}


# -- content_noise -------------------------------------------------------------


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_content_noise_is_standard_normal(rows):
    x = rows()
    noise = content_noise(x, gaussian(x.shape[1]).key, N_COMPONENTS).numpy()
    assert noise.shape == (len(x), N_COMPONENTS)
    assert np.isfinite(noise).all()
    n = noise.size
    assert_allclose(noise.mean(), 0, atol=4 / np.sqrt(n))
    assert_allclose(noise.var(), 1, atol=4 * np.sqrt(2 / n))
    assert_allclose((noise**3).mean(), 0, atol=4 * np.sqrt(15 / n))
    assert_allclose((noise**4).mean(), 3, atol=4 * np.sqrt(96 / n))
    for component in noise.T:
        assert kstest(component, "norm").pvalue > 1e-3
    correlation = np.corrcoef(noise, rowvar=False) - np.eye(N_COMPONENTS)
    assert_allclose(correlation, 0, atol=5 / np.sqrt(len(x)))
    magnitudes = np.corrcoef(np.abs(noise), rowvar=False) - np.eye(N_COMPONENTS)
    assert_allclose(magnitudes, 0, atol=5 / np.sqrt(len(x)))


def test_one_hot_rows_do_not_collide():
    x = one_hot_rows()
    noise = content_noise(x, gaussian(x.shape[1]).key, 4)
    assert len(torch.unique(noise, dim=0)) == len(x) == 6**6


def test_neighbouring_rows_have_unrelated_noise():
    """The hash is linear in the bits of a row; nothing of that may be left."""
    x = one_hot_rows()
    grid = content_noise(x, gaussian(x.shape[1]).key, 1).reshape([6] * 6).numpy()
    for axis in range(6):
        pairs = np.moveaxis(grid, axis, 0)
        r = np.corrcoef(pairs[0].ravel(), pairs[1].ravel())[0, 1]
        assert abs(r) < 4 / np.sqrt(pairs[0].size)
    # In a 2 x 2 square of categories, three corners must not tell the fourth.
    a, b, c, d = grid[0, 0], grid[0, 1], grid[1, 0], grid[1, 1]
    r = np.corrcoef((b + c - a).ravel(), d.ravel())[0, 1]
    assert abs(r) < 4 / np.sqrt(a.size)


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_content_noise_is_the_same_in_every_batch(batch_size):
    x = scores(1000)
    key = gaussian(x.shape[1]).key
    noise = content_noise(x, key, N_COMPONENTS)
    order = torch.randperm(1000, generator=generator())
    batches = [content_noise(b, key, N_COMPONENTS) for b in x[order].split(batch_size)]
    assert_array_equal(torch.cat(batches), noise[order])
    assert_array_equal(content_noise(x.double(), key, N_COMPONENTS), noise)
    transposed = x.T.contiguous().T
    assert_array_equal(content_noise(transposed, key, N_COMPONENTS), noise)


def test_equal_rows_share_their_noise_and_others_do_not():
    x = torch.tensor(
        [[0.0, 1.0], [-0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0 + 1e-6]]
    )
    noise = content_noise(x, gaussian(2).key, 3)
    assert_array_equal(noise[0], noise[1])
    assert_array_equal(noise[0], noise[2])
    assert len(torch.unique(noise, dim=0)) == 3


def test_fewer_components_are_no_other_keys():
    """Keys of different fits give unrelated noise; one key gives one noise."""
    x = scores()
    first, second = (content_noise(x, gaussian(5, seed=i).key, 1) for i in range(2))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 4 / np.sqrt(len(x))
    assert_array_equal(content_noise(x, gaussian(5, seed=0).key, 1), first)


def test_content_noise_of_images():
    images = torch.randn(6, 1, 3, 4, generator=generator())
    key = gaussian(12).key
    flat = content_noise(images.flatten(1), key, 2)
    assert_array_equal(content_noise(images, key, 2), flat)


# -- gaussian ------------------------------------------------------------------


def test_gaussian_mean_is_normalised():
    h = 5 + 3 * torch.randn(50, 6, generator=generator())
    mean = gaussian(4).mean(h)
    assert_allclose(mean.mean(1), 0, atol=1e-5)
    assert_allclose(mean.var(1, correction=0), 1, rtol=1e-4)
    assert_allclose(gaussian(4).mean(100 * h + 7), mean, atol=1e-4)
    assert torch.isfinite(gaussian(4).mean(torch.ones(2, 6))).all()


def test_one_component_is_bounded_and_keeps_the_order():
    """Layer normalisation of a single number would leave nothing of it."""
    h = torch.tensor([[-1e4], [-1.0], [0.0], [0.5], [1e4]])
    mean = gaussian(2).mean(h)
    assert mean.abs().max() <= 1
    assert (mean.diff(dim=0) > 0).all()
    z = gaussian(2).perturb(mean, scores(5, 2), None)
    assert z.shape == (5, 1)
    assert torch.isfinite(z).all()


@pytest.mark.parametrize("noise_std", [0.1, 2.0])
def test_gaussian_noise_when_released(noise_std):
    bottleneck = gaussian(5, noise_std)
    x = scores(100)
    mean = torch.randn(100, 3, generator=generator(1))
    z = bottleneck.perturb(mean, x, None)
    noise = noise_std * content_noise(x, bottleneck.key, 3)
    assert_allclose(z - mean, noise, atol=1e-6)
    # Asking again gains nothing: the mean of the answers is the answer.
    assert_array_equal(bottleneck.perturb(mean, x, None), z)


def test_gaussian_noise_is_fresh_in_training():
    bottleneck = gaussian(5, noise_std=0.3)
    x, mean, noise = scores(5000), torch.zeros(5000, 4), generator()
    first, second = (bottleneck.perturb(mean, x, noise) for _ in range(2))
    assert kstest(first.ravel() / 0.3, "norm").pvalue > 1e-3
    correlation = np.corrcoef(first.ravel(), second.ravel())[0, 1]
    assert abs(correlation) < 4 / np.sqrt(first.numel())
    assert_array_equal(bottleneck.perturb(mean, x, generator()), first)


def test_key_is_saved_and_comes_from_the_generator():
    first, same, other = gaussian(300), gaussian(300), gaussian(300, seed=1)
    assert_array_equal(first.key, same.key)
    assert not (first.key == other.key).any()
    assert list(first.state_dict()) == ["key"]
    # All 64 bits are in use.
    bits = (first.key.unsqueeze(1) >> torch.arange(64)) & 1
    assert_allclose(bits.double().mean(0), 0.5, atol=4 * 0.5 / np.sqrt(300))


def test_gradient_passes_the_noise():
    bottleneck = gaussian(5)
    h = torch.randn(10, 4, generator=generator(), requires_grad=True)
    z = bottleneck.perturb(bottleneck.mean(h), scores(10), generator())
    (z**2).sum().backward()
    assert (h.grad.abs().sum(1) > 0).all()


# -- deterministic -------------------------------------------------------------


def test_deterministic_is_relu():
    bottleneck = make_bottleneck("deterministic", 5, 0.3, generator())
    assert isinstance(bottleneck, DeterministicBottleneck)
    assert isinstance(gaussian(5), GaussianBottleneck)
    h = torch.tensor([[-2.0, 0.0, 3.0], [1.0, -1.0, -0.5]])
    mean = bottleneck.mean(h)
    assert_array_equal(mean, [[0, 0, 3], [1, 0, 0]])
    for noise in (None, generator()):
        assert_array_equal(bottleneck.perturb(mean, scores(2), noise), mean)
