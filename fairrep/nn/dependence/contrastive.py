"""InfoNCE measures continuous or mixed s, with every other row as a contrast."""

from torch import Generator, Tensor

from .._layers import linear
from .means import weighted_logmeanexp, weighted_mean
from .protocol import (
    Dependence,
    MeasureSpec,
    append_stratum,
    stratum_width,
)

EMBEDDING_SIZE = 16


def info_nce(scores: Tensor, pair_weight: Tensor, weight: Tensor) -> Tensor:
    """E[T(z_i, s_i) - log mean_j exp T(z_i, s_j)] (van den Oord et al. 2018).

    Parameters
    ----------
    scores : Tensor of shape (n, n)
        T(z_i, s_j).
    pair_weight : Tensor of shape (n, n)
        Weight of s_j among the contrasts of z_i; the diagonal takes part.
    weight : Tensor of shape (n,)
    """
    return weighted_mean(info_nce_by_row(scores, pair_weight), weight)


def info_nce_by_row(scores: Tensor, pair_weight: Tensor) -> Tensor:
    """The terms whose mean `info_nce` is, (n,)."""
    return scores.diagonal() - weighted_logmeanexp(scores, pair_weight)


class ContrastiveCritic(Dependence):
    """T(z, s) = f(z) . g(s), with f and g networks."""

    def __init__(self, spec: MeasureSpec) -> None:
        super().__init__(spec)

        self.hidden_z = spec.hidden(spec.n_view + stratum_width(spec.n_strata))
        self.embed_z = linear(
            self.hidden_z.out_features, EMBEDDING_SIZE, spec.generator
        )
        self.hidden_s = spec.hidden(spec.sensitive.n_values, linear)
        self.embed_s = linear(
            self.hidden_s.out_features, EMBEDDING_SIZE, spec.generator
        )

    def forward(
        self,
        view: Tensor,
        s: Tensor,
        stratum: Tensor,
        weight: Tensor,
        generator: Generator | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        known = append_stratum(view, stratum, self.n_strata)
        scores = self.scores(known, s, embedding)
        comparable = stratum.unsqueeze(1) == stratum.unsqueeze(0)
        return info_nce(scores, weight.unsqueeze(0) * comparable, weight)

    def scores(
        self, known: Tensor, s: Tensor, embedding: Tensor | None = None
    ) -> Tensor:
        """T(z_i, s_j), (n, n); ``known`` is the view, with its stratum if any."""
        left = self.embed_z(self.hidden_z(known, embedding=embedding))
        return left @ self.embed_s(self.hidden_s(s)).T
