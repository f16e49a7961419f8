"""These layers are what all networks are made of.

Initial weights and dropout take an explicit generator, so that no network here reads
or changes torch's global random state.
"""

from collections.abc import Callable

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
    """Make a `torch.nn.Linear` whose usual initial weights come from ``generator``.

    With blocks, as many of them side by side.
    """
    layer: nn.Linear | BlockLinear
    if n_blocks == 1:
        layer = nn.utils.skip_init(nn.Linear, n_in, n_out, device=generator.device)
    else:
        layer = BlockLinear(n_in, n_out, n_blocks, generator.device)
    start(layer.weight, layer.bias, n_in // n_blocks, generator)
    return layer


def start(weight: Tensor, bias: Tensor, n_in: int, generator: Generator) -> None:
    """Give a layer on ``n_in`` inputs the usual initial weights."""
    limit = n_in**-0.5
    with torch.no_grad():
        weight.uniform_(-limit, limit, generator=generator)
        bias.uniform_(-limit, limit, generator=generator)


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
    drawn = words.view(torch.uint8)[: x.numel()].view(x.shape).float()
    # 1 where a whole number is below n_kept, else 0: comparisons, which give booleans,
    # take many times as long.
    keep = (n_kept - drawn).clamp_(0.0, 1.0).mul_(256 / n_kept)
    return x * keep
