"""The plug-in formula measures codes, in a critic's place."""

from torch import Generator, Tensor
from torch.nn import functional as F

from .means import TINY
from .protocol import Dependence, MeasureSpec


def plug_in(mass: Tensor) -> Tensor:
    """I(C; S | stratum) of the joint distribution itself, for discrete c and s.

    No bound: of a sample's frequencies it is the sample's own information, which lies
    above that of the population by about (k - 1)(G - 1) / 2n.

    Parameters
    ----------
    mass : Tensor of shape (n_strata, n_groups, n_codes)
        What rows of each kind weigh together; need not be normalised.
    """
    of_code, of_group = mass.sum(1, keepdim=True), mass.sum(2, keepdim=True)
    of_stratum = of_group.sum(1, keepdim=True)
    # Finite in logarithm and gradient where a cell is empty; times zero it is zero.
    log = [part.clamp_min(TINY).log() for part in (mass, of_stratum, of_code, of_group)]
    ratio = log[0] + log[1] - log[2] - log[3]
    return (mass * ratio).sum() / mass.sum().clamp_min(TINY)


class PlugIn(Dependence):
    """I(C; S | stratum) of the rows, from the probabilities of their codes.

    The formula is exact for the rows that it sees. Of few rows it reads too high, so
    all share one lambda.
    """

    learns = False

    def __init__(self, spec: MeasureSpec) -> None:
        super().__init__(spec)
        if spec.sensitive.n_groups is None:
            raise ValueError("what codes tell of groups is counted; s holds values")
        self.n_groups = spec.sensitive.n_groups

    def forward(
        self,
        view: Tensor,
        s: Tensor,
        stratum: Tensor,
        weight: Tensor,
        generator: Generator | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        cell = F.one_hot(stratum * self.n_groups + s, self.n_strata * self.n_groups)
        mass = (cell.to(view.dtype) * weight.unsqueeze(1)).T @ view
        return plug_in(mass.view(self.n_strata, self.n_groups, -1))
