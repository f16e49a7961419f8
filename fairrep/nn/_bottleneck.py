"""Bottlenecks turn features h into the representation z that is released.

A deterministic bottleneck can hide s instead of removing it: any injective map keeps
all of I(X; S), however small the critic's estimate. Gaussian noise on a normalised z
bounds what can be read from it; of a code it can be counted.
"""

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F


class DeterministicBottleneck(nn.Module):
    """z = ReLU(h), as in Ragonesi et al. 2021."""

    def mean(self, h: Tensor) -> Tensor:
        return F.relu(h)

    def perturb(self, mean: Tensor, x: Tensor, generator: Generator | None) -> Tensor:
        return mean


class GaussianBottleneck(nn.Module):
    """z = LayerNorm(h) + noise_std * epsilon, epsilon standard normal.

    While training, epsilon is fresh at each call. Without a generator it is a function
    of the row's content and a secret key alone: were it fresh for each request,
    averaging repeated requests would take it off again.
    """

    key: Tensor

    def __init__(self, n_inputs: int, noise_std: float, generator: Generator) -> None:
        super().__init__()
        self.noise_std = noise_std
        key = torch.empty(n_inputs, dtype=torch.int64, device=generator.device)
        key.random_(-(2**63), 2**63 - 1, generator=generator)
        self.register_buffer("key", key)

    def mean(self, h: Tensor) -> Tensor:
        if h.shape[1] <= 2:  # normalised, one or two values would be signs and no more
            return torch.tanh(h)
        return F.layer_norm(h, h.shape[1:])

    def perturb(self, mean: Tensor, x: Tensor, generator: Generator | None) -> Tensor:
        if generator is None:
            noise = content_noise(x, self.key, mean.shape[1])
        else:
            noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        return mean + self.noise_std * noise


class DiscreteBottleneck(nn.Module):
    """z is one of as many codes as h has columns, and h holds their log-odds.

    While training z is the probabilities of the codes, over which the losses are taken
    in expectation; released is the most probable one, as a one-hot vector. For the two
    to agree in the end, the probabilities are sharpened as training proceeds. A code
    that no row has gets no gradient and stays so: a bonus for using the codes evenly,
    which ends as training does, keeps them in play.
    """

    FINAL_TEMPERATURE = 0.2
    USAGE_BONUS = 0.1  # nats of loss for a nat of entropy, in the beginning

    def __init__(self) -> None:
        super().__init__()
        self.progress = 0.0  # share of the training that is behind

    def forward(self, h: Tensor, generator: Generator | None) -> Tensor:
        if generator is None:
            return F.one_hot(h.argmax(dim=1), h.shape[1]).to(h.dtype)
        return F.softmax(h / self.FINAL_TEMPERATURE**self.progress, dim=1)

    def bonus(self, z: Tensor) -> Tensor:
        """What even use of the codes earns at this point of the training."""
        entropy = torch.special.entr(z.mean(0)).sum()
        return self.USAGE_BONUS * (1 - self.progress) * entropy


def make_bottleneck(
    name: str, n_inputs: int, noise_std: float, generator: Generator
) -> nn.Module:
    """The bottleneck that the parameter ``bottleneck`` of the estimators names."""
    if name == "deterministic":
        return DeterministicBottleneck()
    if name == "discrete":
        return DiscreteBottleneck()
    return GaussianBottleneck(n_inputs, noise_std, generator)


def content_noise(x: Tensor, key: Tensor, n_components: int) -> Tensor:
    """Standard normal noise of shape (n, n_components), a function of (x, key).

    A keyed multilinear hash of the row's float32 bits (integers, so equal on every
    device and for every batch size), spread by splitmix64 and turned normal by
    Box-Muller.
    """
    rows = x.flatten(1).float() + 0.0  # -0.0 and 0.0 are the same content
    row_hash = (rows.view(torch.int32).long() * key).sum(1, keepdim=True)
    stream = torch.arange(1, 2 * n_components + 1, device=x.device)
    bits = _splitmix64(_splitmix64(row_hash) + stream * -0x61C8864680B583EB)
    uniform = (_shift(bits, 40) + 1).float() / 2**24  # in (0, 1]
    radius, angle = uniform.chunk(2, dim=1)
    return (-2 * radius.log()).sqrt() * torch.cos(2 * torch.pi * angle)


def _shift(bits: Tensor, by: int) -> Tensor:
    """Logical right shift of int64 (torch's own is arithmetic)."""
    return (bits >> by) & ((1 << (64 - by)) - 1)


def _splitmix64(bits: Tensor) -> Tensor:
    """The finaliser of splitmix64 (Steele et al. 2014), int64 with wrap-around."""
    bits = (bits ^ _shift(bits, 30)) * -0x40A7B892E31B1A47
    bits = (bits ^ _shift(bits, 27)) * -0x6B2FB644ECCEEE15
    return bits ^ _shift(bits, 31)
