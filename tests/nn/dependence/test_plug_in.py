"""The plug-in formula as a critic, the discrete bottleneck, and the module of codes."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn import functional as F

from fairrep.nn._bottleneck import DiscreteBottleneck
from fairrep.nn._encoder import MLP
from fairrep.nn._module import CodeModule, cross_entropy, squared_error
from fairrep.nn.dependence.plug_in import PlugIn, plug_in
from fairrep.nn.dependence.protocol import MeasureSpec, SensitiveShape
from fairrep.nn.dependence.registry import make_measure


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def mutual_information(p):
    ratio = p / (p.sum(1, keepdims=True) * p.sum(0))
    return (p * np.log(ratio, out=np.zeros_like(p), where=p > 0)).sum()


def test_plug_in_is_the_mutual_information_of_a_table():
    p = np.random.default_rng(0).dirichlet(np.ones(15)).reshape(3, 5)
    assert_allclose(float(plug_in(torch.tensor(7 * p[None]))), mutual_information(p))


def test_plug_in_given_strata_is_the_mean_of_theirs():
    tables = np.random.default_rng(0).dirichlet(np.ones(6), size=2).reshape(2, 2, 3)
    share = np.array([0.3, 0.7])
    mass = torch.tensor(tables * share[:, None, None])
    expected = share @ [mutual_information(p) for p in tables]
    assert_allclose(float(plug_in(mass)), expected)


def test_plug_in_is_zero_for_equal_groups_and_h_of_s_for_separate_ones():
    assert float(plug_in(torch.tensor([[[1.0, 3.0], [2.0, 6.0]]]))) == 0.0
    separate = plug_in(torch.tensor([[[1.0, 0.0], [0.0, 1.0]]]))
    assert_allclose(float(separate), np.log(2), rtol=1e-6)


def test_empty_cells_leave_the_gradient_finite():
    mass = torch.tensor([[[1.0, 0.0, 0.0], [1.0, 2.0, 0.0]]], requires_grad=True)
    plug_in(mass).backward()
    assert torch.isfinite(mass.grad).all()


def test_rows_count_by_their_weight():
    rng = np.random.default_rng(0)
    s, c = torch.tensor(rng.integers(2, size=(2, 200)))
    z = F.one_hot(c, 3).float()
    weight = torch.tensor(rng.integers(3, size=200)).float()
    stratum = torch.zeros(200, dtype=torch.int64)
    times = weight.long()
    repeated = [v.repeat_interleave(times, dim=0) for v in (z, s, stratum)]
    critic = make_measure(
        "auto",
        MeasureSpec(
            3,
            SensitiveShape(1, ((0.5, 0.5),)),
            1,
            hidden_layer_sizes=(),
            generator=generator(),
        ),
        of_codes=True,
    )
    assert isinstance(critic, PlugIn)
    assert not critic.learns
    assert_allclose(
        float(critic(z, s, stratum, weight)),
        float(critic(*repeated, torch.ones(len(repeated[0])))),
        rtol=1e-5,
    )


def test_released_codes_are_the_most_probable_ones():
    h = torch.randn(20, 4, generator=generator())
    bottleneck = DiscreteBottleneck()
    released, soft = bottleneck(h, None), bottleneck(h, generator())
    assert_allclose(released.sum(1), 1)
    assert (released.argmax(1) == soft.argmax(1)).all()
    assert set(released.unique().tolist()) == {0.0, 1.0}


def test_training_sharpens_the_codes_and_ends_the_bonus():
    h = torch.randn(20, 4, generator=generator())
    bottleneck = DiscreteBottleneck()
    early = bottleneck(h, generator())
    assert float(bottleneck.bonus(early)) > 0
    bottleneck.progress = 1.0
    late = bottleneck(h, generator())
    assert (late.max(1).values > early.max(1).values).all()
    assert float(bottleneck.bonus(late)) == 0


def module(n_outputs=3):
    encoder = MLP(5, (8,), generator=generator())
    return CodeModule(
        encoder,
        DiscreteBottleneck(),
        n_components=4,
        n_outputs=n_outputs,
        generator=generator(),
    )


@pytest.mark.parametrize("loss", [cross_entropy, squared_error])
def test_the_loss_is_the_expectation_over_codes(loss):
    net, x = module(), torch.randn(6, 5, generator=generator(1))
    y = torch.tensor([0, 1, 2, 0, 1, 2])
    if loss is squared_error:
        y = torch.randn(6, 3, generator=generator(2))
    output, z = net(x, generator())
    by_code = torch.stack([loss(o.expand(6, -1), y) for o in output], dim=1)
    expected = (z * by_code).sum(1)
    assert_allclose(
        net.row_loss(loss, output, z, y).detach(), expected.detach(), rtol=1e-5
    )


def test_the_prediction_is_that_of_the_released_code():
    net, x = module(), torch.randn(6, 5, generator=generator(1))
    output, z = net(x)
    assert_allclose(net.output(x).detach(), (z @ output).detach(), rtol=1e-6)
