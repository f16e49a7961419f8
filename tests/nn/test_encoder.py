"""Layers that draw from a generator of their own, as torch draws from the global."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import kstest
from torch import nn
from torch.nn import functional as F

from fairrep.nn._bottleneck import make_bottleneck
from fairrep.nn._encoder import MLP, UserEncoder
from fairrep.nn._layers import dropout, linear
from fairrep.nn._module import FairModule, cross_entropy, squared_error
from fairrep.nn.dependence.protocol import MeasureSpec, SensitiveShape
from fairrep.nn.dependence.registry import make_measure


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# -- linear --------------------------------------------------------------------


@pytest.mark.parametrize("n_in", [1, 20, 300])
def test_linear_is_initialised_as_in_torch(n_in):
    ours = linear(n_in, 3000, generator())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = nn.Linear(n_in, 3000)
    limit = n_in**-0.5
    for name, weight in ours.named_parameters():
        weight, reference = weight.detach(), theirs.get_parameter(name).detach()
        assert weight.shape == reference.shape
        assert weight.dtype == reference.dtype
        for values in (weight, reference):
            assert values.abs().max() <= limit
            uniform = (values.ravel()[:5000] / limit + 1) / 2
            assert kstest(uniform, "uniform").pvalue > 1e-3
            assert_allclose(values.var(), limit**2 / 3, rtol=0.06)


def test_linear_follows_the_generator():
    first, same, other = (linear(4, 5, generator(seed)) for seed in (0, 0, 1))
    assert_array_equal(first.weight.detach(), same.weight.detach())
    assert not torch.equal(first.weight, other.weight)
    assert not torch.equal(first.weight[0], first.bias[:4])


# -- dropout -------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.1, 0.2, 0.5, 0.9])
def test_dropout_rate(p):
    x = torch.ones(400, 301)
    out = dropout(x, p, generator())
    n_kept = round(256 * (1 - p))
    dropped = (out == 0).double()
    tolerance = 4 * np.sqrt(p * (1 - p) / x.numel())
    assert_allclose(dropped.mean(), p, atol=tolerance + 1 / 512)
    assert_allclose(out[out != 0], 256 / n_kept, rtol=1e-6)
    assert_allclose(out.mean(), 1, atol=tolerance / (1 - p))  # unbiased
    # Each element is dropped on its own: rows, columns and neighbours are unrelated.
    sd = np.sqrt(p * (1 - p))
    assert_allclose(dropped.mean(0), p, atol=5 * sd / np.sqrt(400) + 1 / 512)
    assert_allclose(dropped.mean(1), p, atol=5 * sd / np.sqrt(301) + 1 / 512)
    flat = dropped.ravel()
    for lag in (1, 2, 8, 301):
        r = np.corrcoef(flat[:-lag], flat[lag:])[0, 1]
        assert abs(r) < 4 / np.sqrt(len(flat))


def test_dropout_only_with_a_generator():
    x = torch.randn(30, 7, generator=generator())
    assert dropout(x, 0.5, None) is x
    assert dropout(x, 0.0, generator()) is x
    noise = generator()
    first, second = dropout(x, 0.5, noise), dropout(x, 0.5, noise)
    assert not torch.equal(first, second)
    assert_array_equal(dropout(x, 0.5, generator()), first)


def test_dropout_of_almost_everything():
    """Any rate below one is allowed; the scale stays finite."""
    out = dropout(torch.ones(200, 200), 0.999, generator())
    assert torch.isfinite(out).all()
    assert (out == 0).double().mean() > 0.98


def test_dropout_gradient():
    x = torch.ones(10, 10, requires_grad=True)
    out = dropout(x, 0.3, generator())
    out.sum().backward()
    assert_array_equal(x.grad, out.detach())


# -- MLP -----------------------------------------------------------------------


@pytest.mark.parametrize("slope", [0.0, 0.01])
def test_mlp_by_hand(slope):
    mlp = MLP(4, (6, 3), negative_slope=slope, dropout=0.5, generator=generator())
    assert mlp.out_features == 3
    x = torch.randn(9, 4, generator=generator(1))
    h = x.numpy()
    for layer in mlp.layers:
        h = h @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        h = np.where(h > 0, h, slope * h)
    assert_allclose(mlp(x).detach(), h, atol=1e-6)
    assert not np.allclose(mlp(x, generator()).detach(), h)


def test_mlp_dropout_is_unbiased_before_the_next_layer():
    mlp = MLP(4, (8,), dropout=0.4, generator=generator())
    x = torch.randn(1, 4, generator=generator(1))
    mean = mlp(x.expand(20_000, 4), generator(2)).mean(0)
    assert_allclose(mean.detach(), mlp(x)[0].detach(), atol=0.03)


def test_mlp_without_hidden_layers_is_the_identity():
    mlp = MLP(4, (), dropout=0.5, generator=generator())
    x = torch.randn(3, 4, generator=generator())
    assert mlp.out_features == 4
    assert mlp(x, generator()) is x


# -- members ------------------------------------------------------------------


def test_blocks_are_layers_side_by_side():
    layer = linear(6, 4, generator(), n_blocks=2)
    x = torch.randn(7, 6, generator=generator(1))
    halves = [
        F.linear(part, weight, bias)
        for part, weight, bias in zip(
            x.chunk(2, dim=1), layer.weight, layer.bias.chunk(2), strict=True
        )
    ]
    assert_allclose(layer(x).detach(), torch.cat(halves, dim=1).detach(), atol=1e-6)


def test_each_block_begins_as_a_layer_of_its_size():
    layer = linear(100, 40, generator(), n_blocks=4)
    assert 0.19 < layer.weight.abs().max() <= 25**-0.5


def ensemble(hidden_layer_sizes=(8,), bottleneck="gaussian", **kwargs):
    noise = generator()
    return FairModule(
        MLP(5, hidden_layer_sizes, n_members=3, generator=noise, **kwargs),
        make_bottleneck(bottleneck, 5, 0.3, noise),
        n_components=4,
        n_outputs=2,
        n_members=3,
        generator=noise,
    )


@pytest.mark.parametrize("hidden_layer_sizes", [(), (8,), (8, 5)])
def test_encoders_of_members_share_their_input_alone(hidden_layer_sizes):
    """What one member loses on the task says nothing to the weights of another."""
    module = ensemble(hidden_layer_sizes, dropout=0.3)
    x = torch.randn(20, 5, generator=generator(1))
    output, z = module(x, generator(2))
    assert output.shape == (20, 3, 2)
    assert z.shape == (20, 4)
    weights = [*module.encoder.parameters(), *module.project.parameters()]
    loss = cross_entropy(output[:, 0], torch.arange(20) % 2).sum()
    for grad in torch.autograd.grad(loss, weights):
        # Blocks, or rows of the first layer and of biases: a third is the first's.
        own, others = grad.split([len(grad) // 3, len(grad) - len(grad) // 3])
        assert own.any()
        assert not others.any()


@pytest.mark.parametrize("bottleneck", ["gaussian", "deterministic"])
def test_z_and_the_prediction_are_the_average_of_the_members(bottleneck):
    module = ensemble(bottleneck=bottleneck)
    x = torch.randn(20, 5, generator=generator(1))
    h = module.encoder(x)
    parts = zip(
        h.chunk(3, dim=1),
        module.project.weight,
        module.project.bias.chunk(3),
        strict=True,
    )
    means = [module.bottleneck.mean(F.linear(*part)) for part in parts]
    mean = torch.stack(means).mean(0)
    output, z = module(x)
    noise = z - mean
    assert abs(noise.std() - (0.3 if bottleneck == "gaussian" else 0)) < 0.1
    expected = torch.stack([module.head(part) for part in means]).mean(0)
    for prediction in [output, module.output(x)]:
        assert_allclose(prediction.detach(), expected.detach(), atol=1e-5)


def test_in_training_each_member_reads_z_with_the_noise_of_all():
    module = ensemble()
    x, y = torch.randn(20, 5, generator=generator(1)), torch.arange(20) % 2
    output, z = module(x, generator(2))
    assert_allclose(
        module.prediction(output).detach(), module.head(z).detach(), atol=1e-5
    )
    losses = [cross_entropy(output[:, k], y) for k in range(3)]
    assert_allclose(
        module.row_loss(cross_entropy, output, z, y).detach(),
        torch.stack(losses).mean(0).detach(),
        rtol=1e-6,
    )
    columns = torch.randn(20, 2, generator=generator(3))
    losses = [squared_error(output[:, k], columns) for k in range(3)]
    assert_allclose(
        module.row_loss(squared_error, output, z, columns).detach(),
        torch.stack(losses).mean(0).detach(),
        rtol=1e-6,
    )


# -- the global random state ---------------------------------------------------


def test_global_random_state_is_neither_read_nor_changed():
    def build_and_run():
        noise = generator()
        module = FairModule(
            MLP(5, (8, 8), dropout=0.3, generator=noise),
            make_bottleneck("gaussian", 5, 0.3, noise),
            n_components=3,
            n_outputs=2,
            generator=noise,
        )
        x = torch.randn(20, 5, generator=noise)
        outputs = [*module(x, noise), *module(x)]
        s, stratum = torch.arange(20) % 2, torch.zeros(20, dtype=torch.int64)
        prior = ((0.5, 0.5),)
        for mi_estimator in ("auto", "mine"):
            for p, values in ((prior, s), (None, s[:, None].float())):
                critic = make_measure(
                    mi_estimator,
                    MeasureSpec(
                        3,
                        SensitiveShape(1, p),
                        1,
                        hidden_layer_sizes=(4,),
                        generator=noise,
                    ),
                )
                outputs.append(
                    critic(outputs[1], values, stratum, torch.ones(20), noise)
                )
        return [output.detach() for output in outputs]

    with torch.random.fork_rng():
        torch.manual_seed(1)
        before = torch.get_rng_state()
        first = build_and_run()
        assert_array_equal(torch.get_rng_state(), before)
        torch.manual_seed(2)
        second = build_and_run()
    for a, b in zip(first, second, strict=True):
        assert_array_equal(a, b)


# -- UserEncoder ---------------------------------------------------------------


def test_user_encoder_flattens():
    with torch.random.fork_rng():
        convolution = nn.Conv2d(1, 3, 2)
    images = torch.randn(6, 1, 5, 5, generator=generator())
    encoder = UserEncoder(convolution, example=images[:2])
    assert encoder.out_features == 3 * 4 * 4
    expected = convolution(images).reshape(6, -1)
    assert_array_equal(encoder(images).detach(), expected.detach())
    assert_array_equal(encoder(images, generator()).detach(), expected.detach())


@pytest.mark.parametrize("training", [True, False])
def test_user_encoder_leaves_the_module_as_it_was(training):
    module = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.5)).train(training)
    x = 3 + torch.randn(2, 4, generator=generator())
    before = torch.get_rng_state()
    UserEncoder(module, example=x)
    assert module.training is training
    assert module[0].running_mean.abs().max() == 0
    assert_array_equal(torch.get_rng_state(), before)


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class Total(nn.Module):
    def forward(self, x):
        return x.sum(1)


class HalfTheRows(nn.Module):
    def forward(self, x):
        return x[::2]


@pytest.mark.parametrize(
    ("module", "got"), [(Pair, "tuple"), (Total, r"\(2,\)"), (HalfTheRows, r"\(1, 4\)")]
)
def test_user_encoder_of_the_wrong_shape(module, got):
    with pytest.raises(ValueError, match=rf"\(2, n_features\); it returned {got}"):
        UserEncoder(module(), example=torch.ones(2, 4))
