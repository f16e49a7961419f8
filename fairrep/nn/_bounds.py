"""Critic scores to nats: lower bounds on I(Z; S); and, for codes, the plug-in I(C; S).

Every bound is a pure function of scores and weights. Weights are per row, need
not be normalised, and a weight of zero leaves the row out of the bound.
"""

import torch
from torch import Tensor

TINY = torch.finfo(torch.float32).tiny


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Mean of ``values`` under ``weight``; zero, not NaN, where all weights vanish."""
    return (values * weight).sum() / weight.sum().clamp_min(TINY)


def weighted_logmeanexp(scores: Tensor, weight: Tensor) -> Tensor:
    """Log of the weighted mean of exp(scores) over the last axis, without overflow."""
    # Finite, as minus infinity would give NaN gradients where all weights vanish.
    log_weight = weight.log().clamp_min(torch.finfo(torch.float32).min)
    total = weight.sum(dim=-1)
    value = torch.logsumexp(scores + log_weight, dim=-1) - total.clamp_min(TINY).log()
    return torch.where(total > 0, value, 0.0)


def enumerated_bound(
    scores: Tensor, s: Tensor, log_prior: Tensor, weight: Tensor
) -> Tensor:
    """E[T(z, s) - log sum_s' p(s') exp T(z, s')], for categorical s.

    The marginal over s is enumerated, not sampled. By Jensen's inequality the value
    is never below the Donsker-Varadhan bound of the same T, and it equals H(S) minus
    the cross-entropy of the classifier softmax(T + log p(s)).

    Parameters
    ----------
    scores : Tensor of shape (n, n_groups)
        T(z, s') for every group s'.
    s : Tensor of shape (n,), int64
    log_prior : Tensor of shape (n_groups,) or (n, n_groups)
        log p(s'), or log p(s' | y) row by row.
    weight : Tensor of shape (n,)
    """
    observed = scores.gather(1, s.unsqueeze(1)).squeeze(1)
    return weighted_mean(observed - torch.logsumexp(scores + log_prior, 1), weight)


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
