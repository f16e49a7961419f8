"""Encoders turn encoded rows x into features h."""

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from ._layers import MakeLayer, apply, dropout, linear


class MLP(nn.Module):
    """Fully connected hidden layers, ReLU, with dropout after each.

    With members there are as many such encoders side by side, of one input.
    ``out_features`` is the width of the last hidden layer, over all members, or
    ``n_in`` without any; it falls into ``n_blocks``. ``make_first``, where given, makes
    the first hidden layer, of its width alone.
    """

    def __init__(
        self,
        n_in: int,
        hidden_layer_sizes: Sequence[int],
        *,
        n_members: int = 1,
        dropout: float = 0.0,
        negative_slope: float = 0.0,
        generator: Generator,
        make_layer: MakeLayer = linear,
        make_first: Callable[[int, Generator], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        sizes = [n_in, *(n_members * size for size in hidden_layer_sizes)]
        blocks = [1] + [n_members] * len(hidden_layer_sizes)
        pairs = [*zip(itertools.pairwise(sizes), blocks, strict=False)]
        first: list[nn.Module] = []
        if make_first is not None:
            first.append(make_first(sizes[1], generator))
        self.layers = nn.ModuleList(
            first
            + [
                make_layer(a, b, generator, n_blocks=k)
                for (a, b), k in pairs[len(first) :]
            ]
        )
        self.n_blocks = blocks[-1]
        self.dropout = dropout
        self.negative_slope = negative_slope
        self.out_features = sizes[-1]

    def forward(
        self,
        x: Tensor,
        generator: Generator | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        for layer in self.layers:
            x = apply(layer, x, embedding)
            # At a slope of 0 both are one function, and `relu` is the faster.
            slope = self.negative_slope
            x = F.leaky_relu(x, slope) if slope else F.relu(x)
            x = dropout(x, self.dropout, generator)
        return x


class UserEncoder(nn.Module):
    """A module that the user brought, its output flattened to one vector a row.

    It knows nothing of lambda: conditioning is left to the layers after it.
    """

    n_blocks = 1

    def __init__(self, module: nn.Module, example: Tensor) -> None:
        super().__init__()
        self.module = module
        training = module.training
        module.eval()
        try:
            with torch.no_grad():
                self.out_features = self(example).shape[1]
        except RuntimeError as error:
            raise ValueError(
                f"encoder failed on rows of shape {tuple(example.shape)}: {error}"
            ) from error
        module.train(training)

    def forward(
        self,
        x: Tensor,
        generator: Generator | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        h = self.module(x)
        if not isinstance(h, Tensor) or h.ndim < 2 or len(h) != len(x):
            got = tuple(h.shape) if isinstance(h, Tensor) else type(h).__name__
            raise ValueError(
                "encoder must map rows of shape "
                f"{tuple(x.shape)} to a tensor of shape ({len(x)}, n_features); "
                f"it returned {got}."
            )
        return h.flatten(1)
