"""Critics find planted leakage, to the nat, and none where there is none."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import trapezoid
from scipy.stats import norm

from fairrep.nn.dependence.contrastive import ContrastiveCritic
from fairrep.nn.dependence.enumerated import EnumeratingCritic
from fairrep.nn.dependence.mine import PermutingCritic, permutation_within
from fairrep.nn.dependence.protocol import MeasureSpec, SensitiveShape
from fairrep.nn.dependence.registry import make_measure

N_TRAIN, N_FRESH = 2048, 4096
ESTIMATORS = ["auto", "mine"]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def mixture_entropy(means, shares, scale=1.0):
    """Differential entropy of a mixture of normals, by quadrature."""
    t = np.linspace(min(means) - 10 * scale, max(means) + 10 * scale, 20_001)
    density = sum(p * norm.pdf(t, m, scale) for m, p in zip(means, shares, strict=True))
    return -trapezoid(density * np.log(np.maximum(density, 1e-300)), t)


def mixture_information(means, shares, scale=1.0):
    """I(Z; S) of z = means[s] + noise of the given scale."""
    return mixture_entropy(means, shares, scale) - norm.entropy(0, scale)


def critic_for(rows, mi_estimator, n_strata=1, prior=None, seed=0):
    s = rows["s"]
    n_values = 1 if s.ndim == 1 else s.shape[1]
    known = None if prior is None else tuple(map(tuple, np.asarray(prior).tolist()))
    return make_measure(
        mi_estimator,
        MeasureSpec(
            rows["view"].shape[1],
            SensitiveShape(n_values, known),
            n_strata,
            hidden_layer_sizes=(32,),
            generator=generator(seed),
        ),
    )


def arguments(z, s, stratum=None, weight=None):
    """Rows as the critics take them."""
    z = torch.as_tensor(z, dtype=torch.float32)
    return {
        "view": z.reshape(len(z), -1),
        "s": torch.as_tensor(s),
        "stratum": torch.zeros(len(z), dtype=torch.int64)
        if stratum is None
        else torch.as_tensor(stratum),
        "weight": torch.ones(len(z)) if weight is None else torch.as_tensor(weight),
    }


def prior_of(rows, n_strata=1):
    """p(s | stratum) under the weights."""
    s, stratum, weight = (rows[k].numpy() for k in ("s", "stratum", "weight"))
    mass = np.zeros((n_strata, s.max() + 1))
    np.add.at(mass, (stratum, s), weight)
    return mass / mass.sum(1, keepdims=True)


def trained(critic, rows, n_steps, batch_size=256):
    noise = generator(1)
    optimizer = torch.optim.Adam(critic.parameters(), lr=5e-3)
    for _ in range(n_steps):
        batch = torch.randint(len(rows["view"]), (batch_size,), generator=noise)
        estimate = critic(**{k: v[batch] for k, v in rows.items()}, generator=noise)
        optimizer.zero_grad()
        (-estimate).backward()
        optimizer.step()
    return critic


def fresh_estimate(sample, mi_estimator, *, n_strata=1, categorical=True):
    """The estimate on fresh rows, of a critic trained on others."""
    train, fresh = sample(N_TRAIN, 0), sample(N_FRESH, 1)
    prior = prior_of(train, n_strata) if categorical else None
    critic = critic_for(train, mi_estimator, n_strata, prior)
    trained(critic, train, n_steps=450 if mi_estimator == "mine" else 200)
    chunks = [{k: v[i::4] for k, v in fresh.items()} for i in range(4)]
    with torch.no_grad():
        return float(torch.stack([critic(**chunk) for chunk in chunks]).mean())


# -- planted leakage -----------------------------------------------------------


@pytest.mark.parametrize("mi_estimator", ESTIMATORS)
@pytest.mark.parametrize(
    ("means", "shares"),
    [
        ([-1.0, 1.0], [0.5, 0.5]),
        ([0.0, 3.0], [0.8, 0.2]),
        ([-2, 0, 2], [0.2, 0.3, 0.5]),
    ],
)
def test_categorical_leakage(mi_estimator, means, shares):
    def sample(n, seed):
        rng = np.random.default_rng(seed)
        s = rng.choice(len(means), size=n, p=shares)
        return arguments(np.asarray(means)[s] + rng.normal(size=n), s)

    truth = mixture_information(means, shares)
    estimate = fresh_estimate(sample, mi_estimator)
    assert_allclose(estimate, truth, atol=0.035)


@pytest.mark.parametrize("mi_estimator", ESTIMATORS)
def test_balanced_weights(mi_estimator):
    """With balanced weights the estimate is that of groups of equal size."""
    means, shares = [0.0, 1.5], [0.85, 0.15]

    def sample(n, seed):
        rng = np.random.default_rng(seed)
        s = rng.choice(2, size=n, p=shares)
        weight = (0.5 / np.asarray(shares, dtype=np.float32))[s].astype(np.float32)
        return arguments(np.asarray(means)[s] + rng.normal(size=n), s, weight=weight)

    truth = mixture_information(means, [0.5, 0.5])
    assert truth - mixture_information(means, shares) > 0.08
    assert_allclose(fresh_estimate(sample, mi_estimator), truth, atol=0.04)


@pytest.mark.parametrize("mi_estimator", ESTIMATORS)
def test_continuous_leakage(mi_estimator):
    rho = 0.8

    def sample(n, seed):
        s, noise = np.random.default_rng(seed).normal(size=(2, n)).astype(np.float32)
        return arguments(rho * s + np.sqrt(1 - rho**2) * noise, s[:, None])

    estimate = fresh_estimate(sample, mi_estimator, categorical=False)
    assert_allclose(estimate, -0.5 * np.log(1 - rho**2), atol=0.05)


@pytest.mark.parametrize("mi_estimator", ESTIMATORS)
def test_mixed_leakage(mi_estimator):
    """z tells of a group and of a value, by its mean: I is that of their sum."""

    def sample(n, seed):
        rng = np.random.default_rng(seed)
        group = rng.integers(2, size=n)
        value, noise = rng.normal(size=(2, n))
        s = np.column_stack([np.eye(2)[group], value]).astype(np.float32)
        return arguments(2.0 * group + value + noise, s)

    truth = mixture_entropy([0, 2], [0.5, 0.5], np.sqrt(2)) - norm.entropy()
    estimate = fresh_estimate(sample, mi_estimator, categorical=False)
    assert_allclose(estimate, truth, atol=0.05)


# -- conditional on a stratum --------------------------------------------------


def conditionally_independent(n, seed):
    """s and z both follow y, and nothing else joins them."""
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=n)
    s = (rng.uniform(size=n) < np.where(y, 0.8, 0.2)).astype(np.int64)
    return arguments(2.0 * y + rng.normal(size=n), s, stratum=y)


def exclusive_or(n, seed):
    """z tells of s xor y: nothing of s on its own, everything once y is known."""
    rng = np.random.default_rng(seed)
    y, flipped = rng.integers(2, size=(2, n))
    return arguments(3.0 * flipped + rng.normal(size=n), y ^ flipped, stratum=y)


def marginally(sample):
    def without_stratum(n, seed):
        rows = sample(n, seed)
        return rows | {"stratum": torch.zeros_like(rows["stratum"])}

    return without_stratum


@pytest.mark.parametrize("mi_estimator", ESTIMATORS)
def test_conditionally_independent_groups(mi_estimator):
    sample = conditionally_independent
    assert fresh_estimate(marginally(sample), mi_estimator) > 0.05
    assert abs(fresh_estimate(sample, mi_estimator, n_strata=2)) < 0.02


@pytest.mark.parametrize("mi_estimator", ESTIMATORS)
def test_conditionally_dependent_groups(mi_estimator):
    truth = mixture_information([0, 3], [0.5, 0.5])
    assert abs(fresh_estimate(marginally(exclusive_or), mi_estimator)) < 0.02
    estimate = fresh_estimate(exclusive_or, mi_estimator, n_strata=2)
    assert_allclose(estimate, truth, atol=0.04)


@pytest.mark.parametrize("mi_estimator", ESTIMATORS)
def test_conditionally_independent_values(mi_estimator):
    def sample(n, seed):
        rng = np.random.default_rng(seed)
        y = rng.integers(2, size=n)
        z, s = 2.0 * y + rng.normal(size=(2, n))
        return arguments(z, s[:, None].astype(np.float32), stratum=y)

    options = {"categorical": False}
    assert fresh_estimate(marginally(sample), mi_estimator, **options) > 0.1
    assert abs(fresh_estimate(sample, mi_estimator, n_strata=2, **options)) < 0.03


@pytest.mark.parametrize("mi_estimator", ESTIMATORS)
def test_conditionally_dependent_values(mi_estimator):
    """The sign of the correlation depends on y."""
    rho = 0.8

    def sample(n, seed):
        rng = np.random.default_rng(seed)
        y = rng.integers(2, size=n)
        s, noise = rng.normal(size=(2, n))
        z = np.where(y, rho, -rho) * s + np.sqrt(1 - rho**2) * noise
        return arguments(z, s[:, None].astype(np.float32), stratum=y)

    estimate = fresh_estimate(sample, mi_estimator, n_strata=2, categorical=False)
    assert_allclose(estimate, -0.5 * np.log(1 - rho**2), atol=0.06)


@pytest.mark.parametrize("mi_estimator", ESTIMATORS)
def test_strata_of_unequal_weight_are_no_leakage(mi_estimator):
    """Rows may weigh less in one class (missing s, sample_weight); that tells no s."""

    def sample(n, seed):
        rows = conditionally_independent(n, seed)
        return rows | {"weight": torch.tensor([1.0, 0.1])[rows["stratum"]]}

    assert abs(fresh_estimate(sample, mi_estimator, n_strata=2)) < 0.02


# -- no leakage ----------------------------------------------------------------


@pytest.mark.parametrize("mi_estimator", ESTIMATORS)
@pytest.mark.parametrize("categorical", [True, False])
def test_independent_z(mi_estimator, categorical):
    def sample(n, seed):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=(n, 2))
        if categorical:
            return arguments(z, rng.choice(3, size=n, p=[0.6, 0.3, 0.1]))
        return arguments(z, rng.normal(size=(n, 1)).astype(np.float32))

    estimate = fresh_estimate(sample, mi_estimator, categorical=categorical)
    assert -0.04 < estimate < 0.015


# -- what each critic does with a batch ----------------------------------------


def every_critic():
    rng = np.random.default_rng(0)
    n = 60
    z, stratum = rng.normal(size=(n, 3)), rng.integers(2, size=n)
    groups = arguments(z, rng.integers(3, size=n), stratum)
    values = arguments(z, rng.normal(size=(n, 2)).astype(np.float32), stratum)
    prior = prior_of(groups, 2)
    return {
        EnumeratingCritic: (critic_for(groups, "auto", 2, prior), groups),
        ContrastiveCritic: (critic_for(values, "auto", 2), values),
        PermutingCritic: (critic_for(groups, "mine", 2, prior), groups),
    }


CRITICS = [EnumeratingCritic, ContrastiveCritic, PermutingCritic]


@pytest.mark.parametrize("kind", CRITICS)
def test_kind_and_gradient(kind):
    critic, rows = every_critic()[kind]
    assert isinstance(critic, kind)
    rows["view"].requires_grad_()
    critic(**rows, generator=generator()).backward()
    assert (rows["view"].grad.abs().sum(1) > 0).all()
    for name, weight in critic.named_parameters():
        assert torch.isfinite(weight.grad).all(), name
    assert sum(weight.grad.norm() for weight in critic.parameters()) > 0


@pytest.mark.parametrize("kind", CRITICS)
def test_rows_without_weight_change_nothing(kind):
    critic, rows = every_critic()[kind]
    rows["weight"] = (torch.arange(60) % 3 > 0).float()
    expected = critic(**rows)
    without = (rows["weight"] == 0).unsqueeze(1)
    rows["view"] = torch.where(without, 1e5, rows["view"])
    assert_allclose(critic(**rows).detach(), expected.detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", CRITICS)
def test_no_row_with_weight(kind):
    critic, rows = every_critic()[kind]
    rows["weight"] = torch.zeros(60)
    rows["view"].requires_grad_()
    value = critic(**rows, generator=generator())
    value.backward()
    assert value == 0
    assert torch.equal(rows["view"].grad, torch.zeros(60, 3))


@pytest.mark.parametrize("kind", CRITICS)
def test_evaluation_is_repeatable(kind):
    critic, rows = every_critic()[kind]
    assert critic(**rows) == critic(**rows)
    assert every_critic()[kind][0](**rows) == critic(**rows)


@pytest.mark.parametrize("kind", CRITICS)
def test_a_batch_with_one_row_in_a_stratum(kind):
    critic, rows = every_critic()[kind]
    rows["stratum"] = torch.zeros(60, dtype=torch.int64)
    rows["stratum"][17] = 1
    assert torch.isfinite(critic(**rows))
    assert torch.isfinite(critic(**{k: v[:1] for k, v in rows.items()}))


def test_a_group_that_a_stratum_lacks():
    rng = np.random.default_rng(0)
    s, stratum = np.array([0, 1, 2, 0, 0, 1]), np.array([0, 0, 0, 1, 1, 1])
    rows = arguments(rng.normal(size=(6, 2)), s, stratum)
    critic = critic_for(rows, "auto", 2, prior_of(rows, 2))
    assert torch.isfinite(critic.log_prior).all()
    critic(**rows).backward()
    assert all(torch.isfinite(weight.grad).all() for weight in critic.parameters())


def test_permuting_critic_sees_values_as_they_are():
    critic, _ = every_critic()[PermutingCritic]
    assert critic.hidden.layers[0].in_features == 3 + 3 + 2
    values = arguments(np.zeros((4, 3)), np.zeros((4, 2), dtype=np.float32))
    assert critic_for(values, "mine").hidden.layers[0].in_features == 3 + 2


# -- permutation_within --------------------------------------------------------

STRATA = {
    "one": [0] * 7,
    "two": [0, 1, 1, 0, 0, 1, 1, 0, 1],
    "sorted": [0, 0, 0, 1, 1, 1, 2, 2],
    "gap in the codes": [0, 3, 3, 0, 3],
    "a single row": [0, 0, 1, 2, 2, 0],
}


@pytest.mark.parametrize("with_generator", [True, False])
@pytest.mark.parametrize("stratum", STRATA.values(), ids=STRATA)
def test_permutation_maps_each_stratum_onto_itself(stratum, with_generator):
    stratum = torch.tensor(stratum)
    for seed in range(5):
        order = permutation_within(stratum, generator(seed) if with_generator else None)
        assert_array_equal(order.sort().values, np.arange(len(stratum)))
        assert_array_equal(stratum[order], stratum)


@pytest.mark.parametrize("stratum", STRATA.values(), ids=STRATA)
def test_permutation_without_generator_moves_every_row(stratum):
    """A row left in place is a sample of the joint, not of the marginal."""
    stratum = torch.tensor(stratum)
    order = permutation_within(stratum, None)
    shared = torch.bincount(stratum)[stratum] > 1
    assert (order != torch.arange(len(stratum)))[shared].all()


def test_permutation_with_generator_is_uniform():
    stratum = torch.tensor([1, 0, 1, 0, 1])
    noise = generator()
    n = 3000
    seen = [tuple(permutation_within(stratum, noise).tolist()) for _ in range(n)]
    counts = np.unique(seen, axis=0, return_counts=True)[1]
    n_orders = math.factorial(3) * math.factorial(2)
    assert len(counts) == n_orders
    assert_allclose(counts, n / n_orders, rtol=0.25)  # 4 standard deviations
