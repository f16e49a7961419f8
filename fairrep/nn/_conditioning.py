"""Layers that are conditioned on lambda serve every weight of the MI term at once.

Where a row stands between the smallest and the largest lambda is its position, in
[0, 1]. Layers take the position's embedding and adapt scale and shift of their units
to it (FiLM, Perez et al. 2018), as in Dosovitskiy and Djolonga 2020, "You Only Train
Once". For one lambda such a layer is an ordinary linear layer: `folded` makes it one.
"""

import copy
import math
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Generator, Tensor, nn

from ._layers import affine, linear
from ._lookup import Features, LookupLinear, Parts, product

EMBEDDING_SIZE = 8


@dataclass(frozen=True)
class LambdaScale:
    """The lambdas from ``smallest`` to ``largest``, laid out on [0, 1].

    Positions are logarithmic well above ``unit`` and linear well below it, so that 0 is
    among the lambdas.
    """

    smallest: float
    largest: float
    unit: float

    def position(self, lambda_mi: float) -> float:
        start, end = self._log(self.smallest), self._log(self.largest)
        if start == end:
            return 0.0
        return (self._log(lambda_mi) - start) / (end - start)

    def lambda_at(self, position: Tensor) -> Tensor:
        start, end = self._log(self.smallest), self._log(self.largest)
        return self.unit * torch.expm1(start + (end - start) * position)

    def _log(self, lambda_mi: float) -> float:
        return math.log1p(lambda_mi / self.unit)


def embed(position: Tensor) -> Tensor:
    """Positions of shape (n,) as (n, EMBEDDING_SIZE): a smooth basis of functions."""
    frequency = torch.arange(EMBEDDING_SIZE, device=position.device)
    return torch.cos(torch.pi * frequency * position.unsqueeze(1))


class ConditionedLinear(nn.Module):
    """A linear layer whose outputs are scaled and shifted, its inputs scaled if gated.

    Scales and shifts are linear in the position's embedding; all begin as none. A gate
    lets a layer read other inputs at another lambda. The encoder needs it, or what a
    large lambda takes away is missing at lambda zero too; a critic does without.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        generator: Generator,
        gated: bool = False,
        n_blocks: int = 1,
    ) -> None:
        super().__init__()
        self.linear = linear(n_in, n_out, generator, n_blocks)
        self.sizes = [n_in if gated else 0, n_out, n_out]
        zeros = torch.zeros(sum(self.sizes), EMBEDDING_SIZE, device=generator.device)
        self.film = nn.Parameter(zeros)

    @property
    def out_features(self) -> int:
        return self.linear.out_features

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        if len(embedding) == 1:  # one lambda for all rows: cheaper on the weights
            return affine(x, *self._folded_weights(embedding))
        gate, scale, shift = self._film(embedding)
        if gate.shape[1]:
            x = _by_run(x, gate) * (1 + gate).unsqueeze(1)
            x = x.flatten(0, 1)
        return _scaled(self.linear(x), scale, shift)

    def folded(self, embedding: Tensor) -> nn.Module:
        """The ordinary layer that this one is at one position; (1, EMBEDDING_SIZE)."""
        layer = copy.deepcopy(self.linear)
        with torch.no_grad():
            weight, bias = self._folded_weights(embedding)
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
        return layer

    def _folded_weights(self, embedding: Tensor) -> tuple[Tensor, Tensor]:
        gate, scale, shift = self._film(embedding)
        weight, bias = self.linear.weight, self.linear.bias
        blocks = (*weight.shape[:-2], -1, 1)  # one column, of each block where any are
        if gate.shape[1]:
            weight = weight * (1 + gate).view(blocks).mT
        return (1 + scale).view(blocks) * weight, ((1 + scale) * bias + shift)[0]

    def _film(self, embedding: Tensor) -> tuple[Tensor, ...]:
        return (embedding @ self.film.T).split(self.sizes, dim=1)


class ConditionedFeatures(nn.Module):
    """A gated `ConditionedLinear` on the features of coded rows.

    What is looked up is gated: numbers, categories and, for bins, their knots, so that
    at each lambda what the layer makes of a number is piecewise linear again. For one
    lambda it is a `LookupLinear`.
    """

    def __init__(self, features: Features, n_out: int, generator: Generator) -> None:
        super().__init__()
        device = generator.device
        self.lookup = LookupLinear(features, n_out, generator)
        self.gates = nn.Parameter(
            torch.zeros(features.n_rows, EMBEDDING_SIZE, device=device)
        )
        self.film = nn.Parameter(torch.zeros(2 * n_out, EMBEDDING_SIZE, device=device))

    @property
    def out_features(self) -> int:
        return self.lookup.out_features

    def forward(self, coded: Tensor, embedding: Tensor) -> Tensor:
        features = self.lookup.features
        numbers, index, value = features.parts(coded)
        gates = 1 + embedding @ self.gates.T  # (n_runs, n_rows of the table)
        of_numbers = gates[:, features.of_numbers].unsqueeze(1)
        numbers = (_by_run(numbers, gates) * of_numbers).flatten(0, 1)
        run = torch.arange(len(gates), device=index.device).view(-1, 1, 1)
        place = _by_run(index, gates) + run * features.n_rows
        of_pairs = gates.flatten().index_select(0, place.flatten())
        parts = Parts(numbers, index, value * of_pairs.view_as(value))
        out = product(features, self.lookup.weight, parts)
        scale, shift = (embedding @ self.film.T).chunk(2, dim=1)
        return _scaled(out + self.lookup.bias, scale, shift)

    def folded(self, embedding: Tensor) -> nn.Module:
        """The ordinary layer that this one is at one position; (1, EMBEDDING_SIZE)."""
        features = self.lookup.features
        generator = Generator(embedding.device)  # of weights that are written over
        layer = LookupLinear(features, self.out_features, generator)
        with torch.no_grad():
            gate = (self.gates * embedding).sum(1, keepdim=True)
            scale, shift = (embedding @ self.film.T)[0].chunk(2)
            table = features.table(self.lookup.weight) * (1 + gate)
            layer.weight.copy_((1 + scale) * features.weight_of(table))
            layer.bias.copy_((1 + scale) * self.lookup.bias + shift)
        return layer


def _by_run(x: Tensor, of_runs: Tensor) -> Tensor:
    """The rows by run, (n_runs, rows in each, ...)."""
    return x.unflatten(0, (len(of_runs), -1))


def _scaled(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """The rows of each run times its scale, with its shift."""
    out = torch.addcmul(shift.unsqueeze(1), _by_run(x, scale), (1 + scale).unsqueeze(1))
    return out.flatten(0, 1)


Conditioned: TypeAlias = ConditionedLinear | ConditionedFeatures


def folded(module: nn.Module, embedding: Tensor) -> nn.Module:
    """The module with ordinary layers in place of conditioned ones, for one lambda.

    All that does not depend on lambda is shared, not copied.
    """
    if isinstance(module, Conditioned):
        return module.folded(embedding)
    if not any(isinstance(part, Conditioned) for part in module.modules()):
        return module
    plain = copy.copy(module)
    plain._modules = {
        name: part and folded(part, embedding) for name, part in module._modules.items()
    }
    return plain
