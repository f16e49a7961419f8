"""InfoNCE measures continuous or mixed s, with every other row as a contrast."""

from collections.abc import Sequence

from torch import Generator, Tensor

from .._encoder import MLP
from .._layers import MakeLayer, linear
from .means import weighted_logmeanexp, weighted_mean
from .protocol import (
    NEGATIVE_SLOPE,
    Dependence,
    SensitiveShape,
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
    pointwise = scores.diagonal() - weighted_logmeanexp(scores, pair_weight)
    return weighted_mean(pointwise, weight)


class ContrastiveCritic(Dependence):
    """T(z, s) = f(z) . g(s), with f and g networks."""

    def __init__(
        self,
        n_view: int,
        sensitive: SensitiveShape,
        n_strata: int,
        *,
        hidden_layer_sizes: Sequence[int],
        generator: Generator,
        make_layer: MakeLayer = linear,
    ) -> None:
        super().__init__(
            n_view,
            sensitive,
            n_strata,
            hidden_layer_sizes=hidden_layer_sizes,
            generator=generator,
            make_layer=make_layer,
        )
        self.n_strata = n_strata

        def hidden(width: int, make_layer: MakeLayer) -> MLP:
            return MLP(
                width,
                hidden_layer_sizes,
                negative_slope=NEGATIVE_SLOPE,
                generator=generator,
                make_layer=make_layer,
            )

        self.hidden_z = hidden(n_view + stratum_width(n_strata), make_layer)
        self.embed_z = linear(self.hidden_z.out_features, EMBEDDING_SIZE, generator)
        self.hidden_s = hidden(sensitive.n_values, linear)
        self.embed_s = linear(self.hidden_s.out_features, EMBEDDING_SIZE, generator)

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
        left = self.embed_z(self.hidden_z(known, embedding=embedding))
        scores = left @ self.embed_s(self.hidden_s(s)).T
        comparable = stratum.unsqueeze(1) == stratum.unsqueeze(0)
        return info_nce(scores, weight.unsqueeze(0) * comparable, weight)
