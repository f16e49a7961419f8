"""Fitted is what a fit found: the encoding of X, the nets, the groups of S."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import torch
from numpy.typing import NDArray

from .._inputs.classifier_scores import Inputs, without_scores
from .._utils.torch_state import one_thread_after_fork, plain_torch
from .._utils.types import Codes
from ..nn._batches import TensorTable
from .net import FairNet
from .spec import Spec

# Whoever predicts with what was fitted may have been forked since.
one_thread_after_fork()


@dataclass(frozen=True)
class Fitted:
    """All that it takes to encode, predict and release rows.

    Estimators hold one; a path holds one and makes another for each lambda.

    Parameters
    ----------
    inputs : Inputs
        From rows of X, as `read_table` returns them, to encoded ones.
    spec : Spec
        What the nets were built of.
    net : FairNet
        The trained nets.
    sensitive_names : list
        Names of the columns of S.
    sensitive_categories : list of ndarray or None
        The groups of each, sorted; None of a continuous one.
    """

    inputs: Inputs
    spec: Spec
    net: FairNet
    sensitive_names: list[Hashable]
    sensitive_categories: list[NDArray | None]

    @plain_torch()
    def encode(self, raw: Any) -> TensorTable:
        """The rows as the nets take them."""
        return TensorTable(torch.from_numpy(self.inputs.code(raw)))

    @plain_torch()
    def outputs(self, table: TensorTable) -> NDArray:
        """The head's outputs: logits, or what regresses or reconstructs."""
        return self.net.outputs(table).numpy()

    @plain_torch()
    def release(self, table: TensorTable) -> NDArray:
        """z with its noise, or the code as a one-hot vector."""
        return self.net.forward(table)[1].numpy()

    @plain_torch()
    def codes(self, table: TensorTable) -> Codes:
        """The code of each row, with the discrete bottleneck."""
        return self.net.forward(table)[1].argmax(dim=1).numpy()

    def content(self, table: TensorTable) -> NDArray:
        """What a row is known by again: its encoding, but for an estimator's scores."""
        return without_scores(self.inputs, table.x.cpu().numpy())

    @plain_torch()
    def at(self, lambda_mi: float) -> "Fitted":
        """The same for one lambda, of nets that are conditioned on it."""
        spec = replace(self.spec, lambda_mi=float(lambda_mi))
        return replace(self, spec=spec, net=self.net.at(lambda_mi))
