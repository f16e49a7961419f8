"""What stands in a critic's place where z is a code: the plug-in formula."""

from torch import Generator, Tensor, nn
from torch.nn import functional as F

from ._bounds import plug_in


class PlugIn(nn.Module):
    """I(C; S | stratum) of the rows, from the probabilities of their codes.

    It takes what a critic takes and has nothing to train: the formula is exact for the
    rows that it sees. Of few rows it reads too high, so all share one lambda.
    """

    def __init__(self, n_groups: int, n_strata: int) -> None:
        super().__init__()
        self.n_groups = n_groups
        self.n_strata = n_strata

    def forward(
        self,
        z: Tensor,
        s: Tensor,
        stratum: Tensor,
        weight: Tensor,
        generator: Generator | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        cell = F.one_hot(stratum * self.n_groups + s, self.n_strata * self.n_groups)
        mass = (cell.to(z.dtype) * weight.unsqueeze(1)).T @ z
        return plug_in(mass.view(self.n_strata, self.n_groups, -1))
