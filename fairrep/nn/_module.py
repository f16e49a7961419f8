"""FairModule is what is trained: encoder, bottleneck, head, and its task loss."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from ._layers import MakeLayer, apply, linear
from ._lookup import Features

# (output, y) -> the loss of each row, of shape (n,)
RowLoss = Callable[[Tensor, Tensor], Tensor]


class FairModule(nn.Module):
    """x -> encoder -> bottleneck -> z -> head. S is nowhere among the inputs.

    Rows x are coded. With ``features`` the encoder gets what they stand for; one that
    looks it up gets the codes.

    A generator stands for training: it drives dropout and noise, and the head reads
    the noisy z. Without one the output is the head's at the mean of z, and the z
    returned is the one to release.

    Members are encoders side by side. From each one's mean of z the head learns the
    task alone; z is made of the average of them, and the critics see it so. The head
    being linear, its output there is the average of theirs: an ensemble, and less of an
    accident of the initial weights than any member.
    """

    # Whether the z that is released is another than that of training, but for noise.
    releases_another_z = False

    def __init__(
        self,
        encoder: Any,
        bottleneck: Any,
        *,
        n_components: int,
        n_outputs: int,
        generator: Generator,
        n_members: int = 1,
        make_project: MakeLayer = linear,
        make_head: MakeLayer = linear,
        features: Features | None = None,
    ) -> None:
        super().__init__()
        self.n_members = n_members
        self.features = features
        self.encoder: Any = encoder
        self.project = make_project(
            encoder.out_features,
            n_members * n_components,
            generator,
            n_blocks=encoder.n_blocks,
        )
        self.bottleneck: Any = bottleneck
        self.head = make_head(n_components, n_outputs, generator)

    def forward(
        self,
        x: Tensor,
        generator: Generator | None = None,
        embedding: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The output, (n, n_outputs), in training (n, n_members, n_outputs); and z."""
        if generator is None:
            return self.released(x, None, embedding)
        members = self._means(x, generator, embedding)
        mean = members.mean(1)
        z = self.bottleneck.perturb(mean, x, generator)
        # The noise of z, whose average they are.
        noisy = (members + (z - mean).unsqueeze(1)).flatten(0, 1)
        output = apply(self.head, noisy, embedding)
        return output.unflatten(0, (-1, self.n_members)), z

    def released(
        self, x: Tensor, noise: Generator | None, embedding: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """As without a generator, but the noise of z is drawn anew if one is given."""
        mean = self._means(x, None, embedding).mean(1)
        z = self.bottleneck.perturb(mean, x, noise)
        return apply(self.head, mean, embedding), z

    def output(self, x: Tensor) -> Tensor:
        """The head's output at the mean of z, without the cost of noise for z."""
        return self.head(self._means(x, None, None).mean(1))

    def _means(
        self, x: Tensor, generator: Generator | None, embedding: Tensor | None
    ) -> Tensor:
        """Each member's mean of z, of shape (n, n_members, n_components)."""
        h = self._hidden(x, generator, embedding)
        members = apply(self.project, h, embedding)
        members = members.unflatten(1, (self.n_members, -1)).flatten(0, 1)
        return self.bottleneck.mean(members).unflatten(0, (-1, self.n_members))

    def _hidden(
        self, x: Tensor, generator: Generator | None, embedding: Tensor | None
    ) -> Tensor:
        """What the encoder makes of the rows, which it may want as features."""
        seen = x if self.features is None else self.features(x)
        h: Tensor = self.encoder(seen, generator, embedding)
        return h

    def prediction(self, output: Tensor) -> Tensor:
        """The mean over the members, if `forward` returned an output of each."""
        return output.mean(1) if output.ndim == 3 else output

    def row_loss(self, loss: RowLoss, output: Tensor, z: Tensor, y: Tensor) -> Tensor:
        """The task loss of each row, from what `forward` returned.

        In training it is the mean of the members': that of their mean would let one
        rely on another.
        """
        if output.ndim == 2:
            return loss(output, y)
        n_rows, n_members = output.shape[:2]
        of_members = loss(output.flatten(0, 1), y.repeat_interleave(n_members, dim=0))
        return of_members.view(n_rows, n_members).mean(1)

    def bonus(self, z: Tensor) -> Tensor | float:
        """What the loss gives for z itself, apart from the task and from S."""
        return 0.0


class CodeModule(FairModule):
    """x -> encoder -> code -> head, with the discrete bottleneck.

    The output holds the head's for each code, of shape (n_codes, n_outputs), and z how
    much each code counts for each row. All rows of a call share one lambda.
    """

    releases_another_z = True

    def forward(
        self,
        x: Tensor,
        generator: Generator | None = None,
        embedding: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        h = self._hidden(x, generator, embedding)
        z = self.bottleneck(apply(self.project, h, embedding), generator)
        codes = torch.eye(z.shape[1], device=z.device, dtype=z.dtype)
        return apply(self.head, codes, embedding), z

    def released(
        self, x: Tensor, noise: Generator | None, embedding: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        return self(x, None, embedding)

    def output(self, x: Tensor) -> Tensor:
        output, z = self(x)
        return output[z.argmax(dim=1)]

    def row_loss(self, loss: RowLoss, output: Tensor, z: Tensor, y: Tensor) -> Tensor:
        """The exact expectation over the codes."""
        n_rows, n_codes = z.shape
        of_pairs = loss(output.repeat(n_rows, 1), y.repeat_interleave(n_codes, dim=0))
        return (z * of_pairs.view(n_rows, n_codes)).sum(dim=1)

    def bonus(self, z: Tensor) -> Tensor | float:
        return self.bottleneck.bonus(z)


def cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    """Task loss of classification, in nats, row by row."""
    return F.cross_entropy(output, target, reduction="none")


def coded_error(output: Tensor, coded: Tensor, *, features: Features) -> Tensor:
    """`squared_error` of the features of coded rows."""
    return squared_error(output, features(coded))


def absolute_error(output: Tensor, target: Tensor) -> Tensor:
    """Task loss of a regression to the median: mean over the columns, row by row."""
    return (output - target).abs().flatten(1).mean(1)


def squared_error(output: Tensor, target: Tensor) -> Tensor:
    """Task loss of regression and reconstruction: mean over the columns, row by row."""
    return (output - target).square().flatten(1).mean(1)
