"""Every measure of dependence is made and asked in this way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from .._encoder import MLP
from .._layers import MakeLayer, linear

NEGATIVE_SLOPE = 0.01  # of the leaky ReLU of critics


@dataclass(frozen=True)
class SensitiveShape:
    """One part of S, as a measure is built for it.

    Parameters
    ----------
    n_values : int
        Width of s where it holds values: numbers, or numbers beside groups.
    prior : tuple of tuple of float, or None
        p(s | stratum) of the groups, stratum by stratum; None where s holds values.
    """

    n_values: int
    prior: tuple[tuple[float, ...], ...] | None

    @property
    def n_groups(self) -> int | None:
        return None if self.prior is None else len(self.prior[0])


@dataclass(frozen=True)
class MeasureSpec:
    """What a measure is made of.

    Parameters
    ----------
    n_view : int
        Width of what is seen of a row.
    sensitive : SensitiveShape
    n_strata : int
        Classes that the measure is conditioned on; 1 where it is not.
    hidden_layer_sizes : sequence of int
        Of its networks, if there are any.
    generator : Generator
        Of their initial weights; on their device.
    make_layer : callable
        Makes the layers that see z, which may be conditioned on lambda.
    """

    n_view: int
    sensitive: SensitiveShape
    n_strata: int
    hidden_layer_sizes: Sequence[int]
    generator: Generator
    make_layer: MakeLayer = linear

    def hidden(self, n_in: int, make_layer: MakeLayer | None = None) -> MLP:
        """Hidden layers of a critic, which see as many columns."""
        return MLP(
            n_in,
            self.hidden_layer_sizes,
            negative_slope=NEGATIVE_SLOPE,
            generator=self.generator,
            make_layer=make_layer or self.make_layer,
        )


class Dependence(nn.Module):
    """Measures what a view of the rows tells of one part of S, in nats.

    A critic is trained to raise its estimate, the encoder to lower it; a formula has
    nothing to train.
    """

    # Whether there is anything to train.
    learns: ClassVar[bool] = True

    def __init__(self, spec: MeasureSpec) -> None:
        super().__init__()
        self.n_strata = spec.n_strata

    def forward(
        self,
        view: Tensor,
        s: Tensor,
        stratum: Tensor,
        weight: Tensor,
        generator: Generator | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        """The estimate of I(view; S | stratum) from these rows, a scalar.

        Parameters
        ----------
        view : Tensor of shape (n, n_view)
        s : Tensor of shape (n,) or (n, n_values)
            Group codes, int64, or values, float32.
        stratum : Tensor of shape (n,), int64
            All zero where the measure is not conditioned.
        weight : Tensor of shape (n,)
            A weight of zero leaves the row out.
        generator : Generator, default=None
            Of what is random in training; None for an evaluation, which repeats.
        embedding : Tensor of shape (n_runs, EMBEDDING_SIZE), default=None
            That of each run's lambda, for layers that are conditioned on it.
        """
        raise NotImplementedError


def stratum_width(n_strata: int) -> int:
    """Columns that `append_stratum` adds."""
    return n_strata if n_strata > 1 else 0


def append_stratum(view: Tensor, stratum: Tensor, n_strata: int) -> Tensor:
    """The view with the stratum as one-hot columns, if there are several."""
    if n_strata == 1:
        return view
    return torch.cat([view, F.one_hot(stratum, n_strata).to(view.dtype)], dim=1)
