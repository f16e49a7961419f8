"""From encoded rows x to features h; and the layers that all networks are made of.

Initial weights and dropout take an explicit generator, so that no network here reads
or changes torch's global random state.
"""

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

# (n_in, n_out, generator, n_blocks=1) -> layer
MakeLayer = Callable[..., nn.Module]


class BlockLinear(nn.Module):
    """Linear layers of equal size side by side, each from its block to its block.

    Parameters
    ----------
    n_in, n_out : int
        Of all blocks together; multiples of ``n_blocks``.
    n_blocks : int
    device : torch.device
    """

    def __init__(
        self, n_in: int, n_out: int, n_blocks: int, device: torch.device | str
    ) -> None:
        super().__init__()
        self.out_features = n_out
        shape = n_blocks, n_out // n_blocks, n_in // n_blocks
        self.weight = nn.Parameter(torch.empty(shape, device=device))
        self.bias = nn.Parameter(torch.empty(n_out, device=device))

    def forward(self, x: Tensor) -> Tensor:
        return affine(x, self.weight, self.bias)


def affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """What a layer of these weights makes of x; in blocks if they have 3 dimensions."""
    if weight.ndim == 2:
        return F.linear(x, weight, bias)
    blocks = x.unflatten(1, (len(weight), -1)).transpose(0, 1)
    return torch.bmm(blocks, weight.mT).transpose(0, 1).flatten(1) + bias


def linear(
    n_in: int, n_out: int, generator: Generator, n_blocks: int = 1
) -> nn.Linear | BlockLinear:
    """`torch.nn.Linear` with its usual initialisation, drawn from ``generator``.

    With blocks, as many of them side by side.
    """
    layer: nn.Linear | BlockLinear
    if n_blocks == 1:
        layer = nn.utils.skip_init(nn.Linear, n_in, n_out, device=generator.device)
    else:
        layer = BlockLinear(n_in, n_out, n_blocks, generator.device)
    limit = (n_in // n_blocks) ** -0.5
    with torch.no_grad():
        layer.weight.uniform_(-limit, limit, generator=generator)
        layer.bias.uniform_(-limit, limit, generator=generator)
    return layer


def apply(layer: nn.Module, x: Tensor, embedding: Tensor | None) -> Tensor:
    """The layer's output; ``embedding`` is that of lambda, for conditioned layers."""
    return layer(x) if embedding is None else layer(x, embedding)


def dropout(x: Tensor, p: float, generator: Generator | None) -> Tensor:
    """Dropout with a generator, of p to the nearest 1/256; none of it without one."""
    n_kept = max(1, round((1 - p) * 256))
    if generator is None or n_kept == 256:
        return x
    # One random byte an element: a random float costs four times as much on a CPU.
    words = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device)
    words.random_(-(2**63), 2**63 - 1, generator=generator)
    keep = words.view(torch.uint8)[: x.numel()].view(x.shape) < n_kept
    return x * keep * (256 / n_kept)


class MLP(nn.Module):
    """Fully connected hidden layers, ReLU, with dropout after each.

    With members there are as many such encoders side by side, of one input.
    ``out_features`` is the width of the last hidden layer, over all members, or
    ``n_in`` without any; it falls into ``n_blocks``.
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
    ) -> None:
        super().__init__()
        sizes = [n_in, *(n_members * size for size in hidden_layer_sizes)]
        blocks = [1] + [n_members] * len(hidden_layer_sizes)
        self.layers = nn.ModuleList(
            make_layer(a, b, generator, n_blocks=k)
            for (a, b), k in zip(itertools.pairwise(sizes), blocks, strict=False)
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
            x = F.leaky_relu(apply(layer, x, embedding), self.negative_slope)
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
