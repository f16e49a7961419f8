"""Statistics networks: each turns (z, s) into an estimate of I(Z; S), in nats.

A critic is trained to raise its estimate, the encoder to lower it. All take the same
arguments: ``z`` of shape (n, d); ``s``, group codes of shape (n,) or values of shape
(n, k); ``stratum`` of shape (n,), the class that I(Z; S | stratum) is conditioned on
(all zero where it is not); ``weight`` of shape (n,); ``embedding`` of shape
(n, EMBEDDING_SIZE), that of each row's lambda, for critics with conditioned layers.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from ._bounds import TINY, donsker_varadhan, enumerated_bound, info_nce
from ._encoder import MLP, MakeLayer, linear

NEGATIVE_SLOPE = 0.01
EMBEDDING_SIZE = 16


def make_critic(
    mi_estimator: str,
    n_in: int,
    *,
    prior: NDArray[np.float64] | None,
    n_values: int,
    n_strata: int,
    hidden_layer_sizes: Sequence[int],
    generator: Generator,
    make_layer: MakeLayer = linear,
) -> nn.Module:
    """The critic that ``mi_estimator`` names, for one part of S.

    Parameters
    ----------
    n_in : int
        Width of what the critic sees of a row.
    prior : ndarray of shape (n_strata, n_groups), or None
        p(s | stratum) where s is categorical; None where it is continuous or mixed.
    n_values : int
        Width of continuous or mixed s.
    """
    n_sensitive = n_values if prior is None else prior.shape[1]
    if mi_estimator == "mine":
        return PermutingCritic(
            n_in,
            n_sensitive,
            n_strata,
            hidden_layer_sizes,
            generator,
            make_layer,
            categorical=prior is not None,
        )
    if prior is None:
        return ContrastiveCritic(
            n_in, n_sensitive, n_strata, hidden_layer_sizes, generator, make_layer
        )
    smallest = np.finfo(np.float32).tiny  # stands for zero: a group not in the stratum
    log_prior = torch.tensor(
        np.log(np.maximum(prior, smallest)),
        dtype=torch.float32,
        device=generator.device,
    )
    return EnumeratingCritic(n_in, log_prior, hidden_layer_sizes, generator, make_layer)


class EnumeratingCritic(nn.Module):
    """For categorical s: one score per group, the marginal enumerated exactly."""

    log_prior: Tensor

    def __init__(
        self,
        n_in: int,
        log_prior: Tensor,
        hidden_layer_sizes: Sequence[int],
        generator: Generator,
        make_layer: MakeLayer = linear,
    ) -> None:
        super().__init__()
        n_strata, n_groups = log_prior.shape
        self.register_buffer("log_prior", log_prior)
        self.n_strata = n_strata
        self.hidden = MLP(
            n_in + _width(n_strata),
            hidden_layer_sizes,
            negative_slope=NEGATIVE_SLOPE,
            generator=generator,
            make_layer=make_layer,
        )
        self.scores = linear(self.hidden.out_features, n_groups, generator)

    def forward(
        self,
        z: Tensor,
        s: Tensor,
        stratum: Tensor,
        weight: Tensor,
        generator: Generator | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        known = _append(z, stratum, self.n_strata)
        scores = self.scores(self.hidden(known, embedding=embedding))
        return enumerated_bound(scores, s, self.log_prior[stratum], weight)


class ContrastiveCritic(nn.Module):
    """For continuous or mixed s: T(z, s) = f(z) . g(s), every other row a contrast."""

    def __init__(
        self,
        n_in: int,
        n_sensitive: int,
        n_strata: int,
        hidden_layer_sizes: Sequence[int],
        generator: Generator,
        make_layer: MakeLayer = linear,
    ) -> None:
        super().__init__()
        self.n_strata = n_strata

        def hidden(width: int, make_layer: MakeLayer) -> MLP:
            return MLP(
                width,
                hidden_layer_sizes,
                negative_slope=NEGATIVE_SLOPE,
                generator=generator,
                make_layer=make_layer,
            )

        self.hidden_z = hidden(n_in + _width(n_strata), make_layer)
        self.embed_z = linear(self.hidden_z.out_features, EMBEDDING_SIZE, generator)
        self.hidden_s = hidden(n_sensitive, linear)
        self.embed_s = linear(self.hidden_s.out_features, EMBEDDING_SIZE, generator)

    def forward(
        self,
        z: Tensor,
        s: Tensor,
        stratum: Tensor,
        weight: Tensor,
        generator: Generator | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        known = _append(z, stratum, self.n_strata)
        left = self.embed_z(self.hidden_z(known, embedding=embedding))
        scores = left @ self.embed_s(self.hidden_s(s)).T
        comparable = stratum.unsqueeze(1) == stratum.unsqueeze(0)
        return info_nce(scores, weight.unsqueeze(0) * comparable, weight)


class PermutingCritic(nn.Module):
    """MINE as in Ragonesi et al. 2021: s is permuted to draw from the marginal.

    T is a network on the concatenation of z and s; permutations stay inside a stratum.
    """

    def __init__(
        self,
        n_in: int,
        n_sensitive: int,
        n_strata: int,
        hidden_layer_sizes: Sequence[int],
        generator: Generator,
        make_layer: MakeLayer = linear,
        *,
        categorical: bool,
    ) -> None:
        super().__init__()
        self.n_strata = n_strata
        self.n_groups = n_sensitive if categorical else None
        self.hidden = MLP(
            n_in + n_sensitive + _width(n_strata),
            hidden_layer_sizes,
            negative_slope=NEGATIVE_SLOPE,
            generator=generator,
            make_layer=make_layer,
        )
        self.score = linear(self.hidden.out_features, 1, generator)

    def forward(
        self,
        z: Tensor,
        s: Tensor,
        stratum: Tensor,
        weight: Tensor,
        generator: Generator | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        values = s if self.n_groups is None else F.one_hot(s, self.n_groups).float()
        known = _append(z, stratum, self.n_strata)
        order = permutation_within(stratum, generator)
        pairs = torch.cat([values, values[order]])
        if embedding is not None:
            embedding = embedding.repeat(2, 1)
        hidden = self.hidden(
            torch.cat([known.repeat(2, 1), pairs], dim=1), embedding=embedding
        )
        joint, marginal = self.score(hidden).squeeze(1).chunk(2)
        # Pairs of a stratum share out its own total weight, not the square of it.
        share = _stratum_mean(weight, stratum, self.n_strata)
        pair_weight = weight * weight[order] / share[stratum]
        return donsker_varadhan(joint, marginal, weight, pair_weight)


def permutation_within(stratum: Tensor, generator: Generator | None) -> Tensor:
    """Random permutation of the rows that maps each stratum onto itself.

    Without a generator it is the cyclic shift by one inside each stratum, so that an
    evaluation is repeatable.
    """
    by_stratum = stratum.argsort(stable=True)
    if generator is None:
        n_rows = torch.bincount(stratum)
        start = (n_rows.cumsum(0) - n_rows)[stratum[by_stratum]]
        rank = torch.arange(len(stratum), device=stratum.device) - start
        shuffled = by_stratum[start + (rank + 1) % n_rows[stratum[by_stratum]]]
    else:
        n, device = len(stratum), stratum.device
        mixed = torch.randperm(n, generator=generator, device=device)
        shuffled = mixed[stratum[mixed].argsort(stable=True)]
    order = torch.empty_like(by_stratum)
    order[by_stratum] = shuffled
    return order


def _stratum_mean(weight: Tensor, stratum: Tensor, n_strata: int) -> Tensor:
    members = F.one_hot(stratum, n_strata).to(weight.dtype)
    return (weight @ members / members.sum(0).clamp_min(1)).clamp_min(TINY)


def _width(n_strata: int) -> int:
    return n_strata if n_strata > 1 else 0


def _append(z: Tensor, stratum: Tensor, n_strata: int) -> Tensor:
    if n_strata == 1:
        return z
    return torch.cat([z, F.one_hot(stratum, n_strata).to(z.dtype)], dim=1)
