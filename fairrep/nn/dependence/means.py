"""Weighted means that measures are made of.

Weights are per row, need not be normalised, and a weight of zero leaves the row out.
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
