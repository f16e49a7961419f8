"""MINE measures any s, as in Ragonesi et al. 2021: Donsker-Varadhan, s permuted."""

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from .._layers import linear
from .means import TINY, weighted_logmeanexp, weighted_mean
from .protocol import (
    Dependence,
    MeasureSpec,
    append_stratum,
    stratum_width,
)


def donsker_varadhan(
    joint: Tensor, marginal: Tensor, weight: Tensor, marginal_weight: Tensor
) -> Tensor:
    """E_p(z,s)[T] - log E_p(z)p(s)[exp T] (Belghazi et al. 2018).

    Parameters
    ----------
    joint : Tensor of shape (n,)
        T on rows as they are.
    marginal : Tensor of shape (m,)
        T on rows whose s was drawn from the marginal.
    weight, marginal_weight : Tensor of shape (n,), (m,)
    """
    return weighted_mean(joint, weight) - weighted_logmeanexp(marginal, marginal_weight)


class PermutingCritic(Dependence):
    """T is a network on the concatenation of z and s.

    Permuting s within the batch draws from the marginal; permutations stay inside a
    stratum.
    """

    def __init__(self, spec: MeasureSpec) -> None:
        super().__init__(spec)
        self.n_groups = spec.sensitive.n_groups
        width = spec.sensitive.n_groups or spec.sensitive.n_values
        self.hidden = spec.hidden(spec.n_view + width + stratum_width(spec.n_strata))
        self.score = linear(self.hidden.out_features, 1, spec.generator)

    def forward(
        self,
        view: Tensor,
        s: Tensor,
        stratum: Tensor,
        weight: Tensor,
        generator: Generator | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        values = s if self.n_groups is None else F.one_hot(s, self.n_groups).float()
        known = append_stratum(view, stratum, self.n_strata)
        order = permutation_within(stratum, generator)
        pairs = torch.cat([values, values[order]])
        if embedding is not None:
            embedding = embedding.repeat(2, 1)
        scores = self.scores(known.repeat(2, 1), pairs, embedding)
        joint, marginal = scores.chunk(2)
        # Pairs of a stratum share out its own total weight, not the square of it.
        share = _stratum_mean(weight, stratum, self.n_strata)
        pair_weight = weight * weight[order] / share[stratum]
        return donsker_varadhan(joint, marginal, weight, pair_weight)

    def scores(
        self, known: Tensor, values: Tensor, embedding: Tensor | None = None
    ) -> Tensor:
        """T(z_i, s_i), (n,); ``known`` is the view, with its stratum if any."""
        pairs = torch.cat([known, values], dim=1)
        return self.score(self.hidden(pairs, embedding=embedding)).squeeze(1)


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
