"""A classifier critic measures groups, whose marginal is enumerated."""

import numpy as np
import torch
from torch import Generator, Tensor

from .._layers import linear
from .means import weighted_mean
from .protocol import (
    Dependence,
    MeasureSpec,
    append_stratum,
    stratum_width,
)


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


class EnumeratingCritic(Dependence):
    """One score per group from a network, the marginal enumerated exactly."""

    log_prior: Tensor

    def __init__(self, spec: MeasureSpec) -> None:
        super().__init__(spec)
        if spec.sensitive.prior is None:
            raise ValueError("groups are enumerated; s holds values")
        # Stands for the logarithm of zero: a group that is not in the stratum.
        smallest = np.finfo(np.float32).tiny
        log_prior = torch.tensor(
            np.log(np.maximum(np.array(spec.sensitive.prior), smallest)),
            dtype=torch.float32,
            device=spec.generator.device,
        )
        self.register_buffer("log_prior", log_prior)
        self.hidden = spec.hidden(spec.n_view + stratum_width(spec.n_strata))
        n_groups = log_prior.shape[1]
        self.scores = linear(self.hidden.out_features, n_groups, spec.generator)

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
        scores = self.scores(self.hidden(known, embedding=embedding))
        return enumerated_bound(scores, s, self.log_prior[stratum], weight)
