"""Layers conditioned on lambda, and the ordinary layers that they are at one lambda."""

from functools import partial

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from fairrep.nn._bottleneck import make_bottleneck
from fairrep.nn._conditioning import (
    EMBEDDING_SIZE,
    ConditionedLinear,
    LambdaScale,
    embed,
    folded,
)
from fairrep.nn._encoder import MLP, UserEncoder
from fairrep.nn._layers import linear
from fairrep.nn._module import FairModule
from fairrep.nn.dependence.protocol import MeasureSpec, SensitiveShape
from fairrep.nn.dependence.registry import make_measure


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def stir(module):
    """Scales and shifts as training might leave them; they begin as none."""
    noise = generator(1)
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, ConditionedLinear):
                part.film.normal_(0, 0.3, generator=noise)
    return module


@pytest.mark.parametrize("scale", [(0, 20, 0.3), (0.5, 50, 0.5), (0, 1e3, 1e-2)])
def test_positions_and_lambdas_are_each_others_inverse(scale):
    scale = LambdaScale(*scale)
    position = torch.linspace(0, 1, 11, dtype=torch.float64)
    lambdas = scale.lambda_at(position)
    assert_allclose(lambdas[[0, -1]], [scale.smallest, scale.largest], atol=1e-9)
    assert (lambdas.diff() > 0).all()
    assert_allclose([scale.position(v) for v in lambdas.tolist()], position, atol=1e-9)


def test_a_range_of_one_lambda_has_one_position():
    scale = LambdaScale(3.0, 3.0, 3.0)
    assert scale.position(3.0) == 0
    assert_allclose(scale.lambda_at(torch.rand(4, dtype=torch.float64)), 3.0)


def test_embedding_is_smooth_and_tells_positions_apart():
    position = torch.linspace(0, 1, 101)
    values = embed(position)
    assert values.shape == (101, EMBEDDING_SIZE)
    assert values.abs().max() <= 1
    steps = values.diff(dim=0).norm(dim=1)
    assert steps.min() > 0
    assert steps.max() < 1


def test_a_conditioned_layer_begins_as_an_ordinary_one():
    x = torch.randn(5, 3, generator=generator())
    layer = ConditionedLinear(3, 4, generator())
    assert_allclose(
        layer(x, embed(torch.rand(5))).detach(),
        linear(3, 4, generator())(x).detach(),
        rtol=1e-6,
    )


def test_each_row_has_a_position_of_its_own():
    layer = stir(ConditionedLinear(3, 4, generator()))
    x = torch.randn(1, 3, generator=generator()).repeat(3, 1)
    out = layer(x, embed(torch.tensor([0.2, 0.8, 0.2]))).detach()
    assert_allclose(out[0], out[2])
    assert (out[0] - out[1]).abs().max() > 0.01


def conditioned_module(encoder=None, n_members=1):
    noise = generator()
    make_layer = partial(ConditionedLinear, gated=True)
    if encoder is None:
        encoder = MLP(
            5, (16, 8), n_members=n_members, generator=noise, make_layer=make_layer
        )
    return stir(
        FairModule(
            encoder,
            make_bottleneck("gaussian", 5, 0.3, noise),
            n_components=4,
            n_outputs=3,
            n_members=n_members,
            generator=noise,
            make_project=make_layer,
            make_head=make_layer,
        )
    )


@pytest.mark.parametrize("n_members", [1, 3])
def test_rows_of_a_run_share_its_lambda(n_members):
    module = conditioned_module(n_members=n_members)
    x = torch.randn(12, 5, generator=generator())
    of_runs = embed(torch.tensor([0.0, 0.4, 0.9]))
    by_run = module(x, None, of_runs)
    by_row = module(x, None, of_runs.repeat_interleave(4, dim=0))
    for a, b in zip(by_run, by_row, strict=True):
        assert_allclose(a.detach(), b.detach(), atol=1e-5)


@pytest.mark.parametrize("n_members", [1, 2])
@pytest.mark.parametrize("position", [0.0, 0.37, 1.0])
def test_folded_module_is_the_conditioned_one_at_its_lambda(position, n_members):
    module = conditioned_module(n_members=n_members)
    x = torch.randn(20, 5, generator=generator())
    one = embed(torch.tensor([position]))
    plain = folded(module, one)
    expected = module(x, None, one.repeat(20, 1))
    for a, b in zip(plain(x), expected, strict=True):
        assert_allclose(a.detach(), b.detach(), atol=1e-5)
    assert not any(isinstance(part, ConditionedLinear) for part in plain.modules())
    assert any(isinstance(part, ConditionedLinear) for part in module.modules())


@pytest.mark.parametrize("kind", ["enumerating", "contrastive", "mine"])
def test_folded_critic_is_the_conditioned_one_at_its_lambda(kind):
    prior = None if kind == "contrastive" else ((0.3, 0.7), (0.6, 0.4))
    critic = stir(
        make_measure(
            "mine" if kind == "mine" else "auto",
            MeasureSpec(
                4,
                SensitiveShape(2, prior),
                2,
                hidden_layer_sizes=(16,),
                generator=generator(),
                make_layer=ConditionedLinear,
            ),
        )
    )
    noise = generator(2)
    z = torch.randn(40, 4, generator=noise)
    stratum = torch.randint(2, (40,), generator=noise)
    s = torch.randn(40, 2, generator=noise)
    s = s if prior is None else (s[:, 0] > 0).long()
    args = z, s, stratum, torch.rand(40, generator=noise)
    one = embed(torch.tensor([0.6]))
    expected = critic(*args, None, one.repeat(40, 1))
    assert_allclose(folded(critic, one)(*args).item(), expected.item(), rtol=1e-4)
    elsewhere = critic(*args, None, embed(torch.tensor([0.1])).repeat(40, 1))
    assert abs(elsewhere.item() - expected.item()) > 1e-4


def test_folding_shares_a_users_encoder():
    encoder = UserEncoder(nn.Linear(5, 7), torch.zeros(2, 5))
    module = conditioned_module(encoder)
    plain = folded(module, embed(torch.tensor([0.5])))
    assert plain.encoder is encoder
    assert plain.project is not module.project
