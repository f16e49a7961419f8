"""Every bound against a closed form, or against a second implementation of it."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn import functional as F

from fairrep.nn.dependence.contrastive import info_nce
from fairrep.nn.dependence.enumerated import enumerated_bound
from fairrep.nn.dependence.means import weighted_logmeanexp, weighted_mean
from fairrep.nn.dependence.mine import donsker_varadhan

RHO = 0.8
GAUSSIAN_MI = -0.5 * np.log(1 - RHO**2)


def random_joint(seed, shape):
    """A joint distribution p(z, s) of discrete z and s, as a table."""
    p = np.random.default_rng(seed).dirichlet(np.full(np.prod(shape), 0.5))
    return p.reshape(shape)


def mutual_information(p):
    ratio = p / (p.sum(1, keepdims=True) * p.sum(0))
    return (p * np.log(ratio, out=np.zeros_like(p), where=p > 0)).sum()


def rows_of(p):
    """One row for each cell of the table, weighing its probability."""
    z, s = np.indices(p.shape).reshape(2, -1)
    return torch.tensor(z), torch.tensor(s), torch.tensor(p.ravel())


def log_of(p):
    return torch.tensor(np.log(p))


def gaussian_pairs(n, seed):
    s, noise = np.random.default_rng(seed).normal(size=(2, n))
    return RHO * s + np.sqrt(1 - RHO**2) * noise, s


def optimal_gaussian_critic(z, s):
    """log p(z, s) / (p(z) p(s)) of standard normals with correlation RHO."""
    joint = (z**2 + s**2 - 2 * RHO * z * s) / (1 - RHO**2)
    log_ratio = -0.5 * joint + 0.5 * (z**2 + s**2) + GAUSSIAN_MI
    return torch.tensor(log_ratio)


# -- enumerated ----------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 2), (7, 2), (5, 4), (2, 6)])
def test_enumerated_bound_is_tight_for_the_true_posterior(shape):
    p = random_joint(0, shape)
    z, s, weight = rows_of(p)
    posterior = p / p.sum(1, keepdims=True)
    scores = log_of(posterior / p.sum(0))[z]
    value = enumerated_bound(scores, s, log_of(p.sum(0)), weight)
    assert_allclose(value, mutual_information(p), rtol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_order_of_the_bounds(seed):
    """Donsker-Varadhan <= enumerated <= I(Z; S), for one and the same critic."""
    p = random_joint(seed, (6, 3))
    z, s, weight = rows_of(p)
    table = torch.tensor(np.random.default_rng(seed).normal(size=p.shape))
    enumerated = enumerated_bound(table[z], s, log_of(p.sum(0)), weight)
    product = torch.tensor(np.outer(p.sum(1), p.sum(0)).ravel())
    dv = donsker_varadhan(table[z, s], table[z, s], weight, product)
    assert dv < enumerated < mutual_information(p)


def test_enumerated_bound_is_entropy_minus_cross_entropy():
    rng = np.random.default_rng(0)
    scores = torch.tensor(rng.normal(size=(50, 4)))
    s = torch.tensor(rng.integers(4, size=50))
    log_prior = F.one_hot(s, 4).double().mean(0).log()
    entropy = -(log_prior.exp() * log_prior).sum()
    cross_entropy = F.cross_entropy(scores + log_prior, s)
    value = enumerated_bound(scores, s, log_prior, torch.ones(50))
    assert_allclose(value, entropy - cross_entropy, rtol=1e-9)


def test_enumerated_bound_with_a_prior_for_each_row():
    """I(Z; S | Y) is the mean over the classes of Y of the classes' own I."""
    tables = [random_joint(1, (5, 3)), random_joint(2, (5, 3))]
    p_y = [0.3, 0.7]
    scores, s, log_prior, weight = [], [], [], []
    for share, p in zip(p_y, tables, strict=True):
        z, s_y, w = rows_of(p)
        scores.append(log_of(p / p.sum(1, keepdims=True) / p.sum(0))[z])
        s.append(s_y)
        log_prior.append(log_of(p.sum(0)).expand(len(z), -1))
        weight.append(share * w)
    value = enumerated_bound(*map(torch.cat, (scores, s, log_prior, weight)))
    expected = np.dot(p_y, [mutual_information(p) for p in tables])
    assert_allclose(value, expected, rtol=1e-9)


def test_balanced_weights_give_the_information_of_balanced_groups():
    p = random_joint(3, (6, 3))
    balanced = p / (3 * p.sum(0))
    z, s, weight = rows_of(p)
    weight = weight / torch.tensor(3 * p.sum(0))[s]
    scores = log_of(balanced / balanced.sum(1, keepdims=True) * 3)[z]
    value = enumerated_bound(scores, s, torch.full((3,), 1 / 3).log(), weight)
    assert_allclose(value, mutual_information(balanced), rtol=1e-6)
    assert abs(mutual_information(balanced) - mutual_information(p)) > 0.01


# -- Donsker-Varadhan and InfoNCE ----------------------------------------------


def test_donsker_varadhan_is_tight_for_the_true_ratio():
    p = random_joint(0, (5, 4))
    product = np.outer(p.sum(1), p.sum(0))
    ratio = log_of(p / product).ravel()
    weights = [torch.tensor(table.ravel()) for table in (p, product)]
    value = donsker_varadhan(ratio, ratio, *weights)
    assert_allclose(value, mutual_information(p), rtol=1e-9)


def test_donsker_varadhan_ignores_constants_and_scales_of_weights():
    rng = np.random.default_rng(0)
    joint, marginal = torch.tensor(rng.normal(size=(2, 40)))
    weights = torch.tensor(rng.uniform(0.1, 2, size=(2, 40)))
    value = donsker_varadhan(joint, marginal, *weights)
    shifted = donsker_varadhan(joint + 3, marginal + 3, *(7 * weights))
    assert_allclose(shifted, value, rtol=1e-9)
    (t, t_marginal), (w, w_marginal) = (
        (joint.numpy(), marginal.numpy()),
        weights.numpy(),
    )
    mean_exp = np.average(np.exp(t_marginal), weights=w_marginal)
    plain = np.average(t, weights=w) - np.log(mean_exp)
    assert_allclose(value, plain, rtol=1e-9)


def test_donsker_varadhan_of_gaussians():
    z, s = gaussian_pairs(50_000, seed=0)
    joint = optimal_gaussian_critic(z, s)
    marginal = optimal_gaussian_critic(z, np.roll(s, 1))
    ones = torch.ones(len(z))
    value = donsker_varadhan(joint, marginal, ones, ones)
    assert_allclose(value, GAUSSIAN_MI, atol=0.02)


def test_info_nce_of_gaussians():
    z, s = gaussian_pairs(2000, seed=0)
    scores = optimal_gaussian_critic(z[:, None], s[None, :])
    value = info_nce(scores, torch.ones_like(scores), torch.ones(2000))
    assert_allclose(value, GAUSSIAN_MI, atol=0.03)


def test_info_nce_is_a_cross_entropy():
    rng = np.random.default_rng(0)
    scores = torch.tensor(rng.normal(size=(30, 30)))
    value = info_nce(scores, torch.ones(30, 30).double(), torch.ones(30))
    expected = np.log(30) - F.cross_entropy(scores, torch.arange(30))
    assert_allclose(value, expected, rtol=1e-9)


def test_info_nce_contrasts_only_pairs_with_weight():
    """Two blocks of rows that are no contrasts for each other: the mean of two."""
    rng = np.random.default_rng(0)
    scores = torch.tensor(rng.normal(size=(30, 30)))
    blocks = torch.block_diag(torch.ones(10, 10), torch.ones(20, 20))
    value = info_nce(scores, blocks, torch.ones(30))
    first = info_nce(scores[:10, :10], torch.ones(10, 10), torch.ones(10))
    second = info_nce(scores[10:, 10:], torch.ones(20, 20), torch.ones(20))
    assert_allclose(value, (10 * first + 20 * second) / 30, rtol=1e-9)


# -- extremes ------------------------------------------------------------------


def test_large_scores_do_not_overflow():
    ones = torch.ones(8)
    high = torch.full((8,), 1e4, requires_grad=True)
    low = torch.full((8,), -1e4, requires_grad=True)
    assert donsker_varadhan(high, high, ones, ones) == 0
    assert donsker_varadhan(low, low, ones, ones) == 0
    value = donsker_varadhan(high, low, ones, ones)
    value.backward()
    assert_allclose(value.detach(), 2e4)
    assert_allclose(high.grad, 1 / 8)
    assert_allclose(low.grad, -1 / 8, rtol=1e-3)

    scores = (2e4 * torch.eye(8) - 1e4).requires_grad_()
    value = info_nce(scores, torch.ones(8, 8), ones)
    value.backward()
    assert_allclose(value.detach(), np.log(8), rtol=1e-3)
    assert torch.isfinite(scores.grad).all()

    scores = torch.tensor([[1e4, -1e4], [-1e4, 1e4]])
    log_prior = torch.tensor([0.5, 0.5]).log()
    value = enumerated_bound(scores, torch.tensor([0, 1]), log_prior, torch.ones(2))
    assert_allclose(value, np.log(2), atol=1e-3)


# A critic that scores the masked rows highly must not let them back in.
@pytest.mark.parametrize("garbage", [10.0, 1e4, -1e4])
class TestZeroWeight:
    def split(self, garbage):
        rng = np.random.default_rng(0)
        scores = torch.tensor(rng.normal(size=(20, 20)), dtype=torch.float32)
        kept = torch.arange(20) < 12
        scores[~kept] = garbage
        scores[:, ~kept] = garbage
        return scores, kept

    def test_mean_and_logmeanexp(self, garbage):
        scores, kept = self.split(garbage)
        values, weight = scores[0], 3 * kept.float()
        assert_allclose(weighted_mean(values, weight), values[kept].mean(), rtol=1e-5)
        expected = torch.logsumexp(values[kept], 0) - np.log(12)
        assert_allclose(weighted_logmeanexp(values, weight), expected, rtol=1e-5)

    def test_enumerated(self, garbage):
        scores, kept = self.split(garbage)
        scores[:, ~kept] = 0.0  # groups are not rows
        s, log_prior = torch.arange(20), torch.full((20,), 1 / 20).log()
        value = enumerated_bound(scores, s, log_prior, kept.float())
        alone = enumerated_bound(scores[kept], s[kept], log_prior, torch.ones(12))
        assert_allclose(value, alone, rtol=1e-5)

    def test_donsker_varadhan(self, garbage):
        scores, kept = self.split(garbage)
        joint, marginal = scores[0], scores[1]
        value = donsker_varadhan(joint, marginal, kept.float(), kept.float())
        ones = torch.ones(12)
        alone = donsker_varadhan(joint[kept], marginal[kept], ones, ones)
        assert_allclose(value, alone, rtol=1e-5)

    def test_info_nce(self, garbage):
        scores, kept = self.split(garbage)
        weight = kept.float()
        value = info_nce(scores, weight.expand(20, 20), weight)
        alone = info_nce(scores[kept][:, kept], torch.ones(12, 12), torch.ones(12))
        assert_allclose(value, alone, rtol=1e-5)


def test_no_weight_at_all_gives_zero():
    scores = torch.linspace(-3, 5, 36).reshape(6, 6).requires_grad_()
    none = torch.zeros(6)
    values = [
        weighted_mean(scores[0], none),
        weighted_logmeanexp(scores[0], none),
        enumerated_bound(scores, torch.arange(6), torch.full((6,), -1.8), none),
        donsker_varadhan(scores[0], scores[1], none, none),
        info_nce(scores, torch.zeros(6, 6), none),
    ]
    torch.stack(values).sum().backward()
    assert [value.item() for value in values] == [0.0] * 5
    assert torch.equal(scores.grad, torch.zeros(6, 6))
