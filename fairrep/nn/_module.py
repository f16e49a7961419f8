"""The module that is trained, and what it loses on the task."""

from typing import Any

from torch import Generator, Tensor, nn
from torch.nn import functional as F

from ._encoder import MakeLayer, apply, linear


class FairModule(nn.Module):
    """x -> encoder -> bottleneck -> z -> head. S is nowhere among the inputs.

    A generator stands for training: it drives dropout and noise, and the head reads
    the noisy z. Without one the output is the head's at the mean of z, and the z
    returned is the one to release.
    """

    def __init__(
        self,
        encoder: Any,
        bottleneck: Any,
        *,
        n_components: int,
        n_outputs: int,
        generator: Generator,
        make_layer: MakeLayer = linear,
    ) -> None:
        super().__init__()
        self.encoder: Any = encoder
        self.project = make_layer(encoder.out_features, n_components, generator)
        self.bottleneck: Any = bottleneck
        self.head = make_layer(n_components, n_outputs, generator)

    def forward(
        self,
        x: Tensor,
        generator: Generator | None = None,
        embedding: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        h = self.encoder(x, generator, embedding)
        mean = self.bottleneck.mean(apply(self.project, h, embedding))
        z = self.bottleneck.perturb(mean, x, generator)
        return apply(self.head, mean if generator is None else z, embedding), z

    def output(self, x: Tensor) -> Tensor:
        """The head's output at the mean of z, without the cost of noise for z."""
        return self.head(self.bottleneck.mean(self.project(self.encoder(x))))


def cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    """Task loss of classification, in nats, row by row."""
    return F.cross_entropy(output, target, reduction="none")


def squared_error(output: Tensor, target: Tensor) -> Tensor:
    """Task loss of regression and reconstruction: mean over the columns, row by row."""
    return (output - target).square().flatten(1).mean(1)
