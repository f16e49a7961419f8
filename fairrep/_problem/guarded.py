"""Critics guard parts of S, with weights that say how the rows count."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._inputs.sensitive import SensitivePart
from .._utils.types import Codes, Floats

# A group of a handful of rows must not outweigh the rest of its batch.
MAX_GROUP_WEIGHT = 50.0


@dataclass
class Guarded:
    """One part of S as its critic takes it, with weights that say how rows count."""

    s: NDArray  # int64 group codes, or float32 values of shape (n_rows, k)
    weight: Floats  # that of an estimate: strata count as they occur
    training_weight: Floats
    prior: Floats | None  # p(s | stratum), (n_strata, n_groups); None if continuous
    entropy: float  # H(S | stratum) in nats under the weights; inf if continuous


def guard(
    part: SensitivePart,
    stratum: Codes,
    n_strata: int,
    row_weight: Floats,
    scheme: str,
) -> Guarded:
    """Weigh the rows of a part of S: "balanced" gives the groups of a stratum equal
    totals and, in training, the strata too; "empirical" keeps ``row_weight``. Rows with
    a missing attribute get zero.
    """
    weight = row_weight * part.present
    if not weight.any():
        raise ValueError(
            f"sensitive_features {part.name!r} is missing, or the weight is zero, in "
            "all rows that the criterion looks at; nothing is left to estimate."
        )
    n_groups = max(1, len(part.groups))
    shape = (n_strata, n_groups)
    mass = _cell_mass(part.codes, stratum, weight, shape)
    training = weight
    if scheme == "balanced":
        ratio = np.minimum(_to_equal(mass), MAX_GROUP_WEIGHT)
        weight = weight * ratio[stratum, part.codes]
        mass = _cell_mass(part.codes, stratum, weight, shape)
        of_stratum = _to_equal(mass.sum(axis=1))
        most = MAX_GROUP_WEIGHT / np.maximum(ratio.max(axis=1), 1)
        training = weight * np.minimum(of_stratum, most)[stratum]
    if not part.is_categorical:
        one_hot = np.eye(n_groups, dtype=np.float32)[part.codes][:, : len(part.groups)]
        s = np.hstack([one_hot, part.values])
        return Guarded(s, weight, training, None, np.inf)
    if (mass > 0).sum(axis=1).max() < 2:
        raise ValueError(
            f"sensitive_features {part.name!r} has a single group within every class "
            "of y that the criterion looks at; at least 2 are required in one of them."
        )
    total = mass.sum(axis=1, keepdims=True)
    prior = np.divide(
        mass, total, out=np.full_like(mass, 1 / n_groups), where=total > 0
    )
    entropy = float(-(mass * np.log(np.maximum(prior, 1e-300))).sum() / mass.sum())
    return Guarded(part.codes, weight, training, prior, entropy)


def _to_equal(mass: Floats) -> Floats:
    """What makes all along the last axis equal that are not zero, and keeps the sum."""
    n_present = np.maximum((mass > 0).sum(axis=-1, keepdims=True), 1)
    fair_share = mass.sum(axis=-1, keepdims=True) / n_present
    return np.divide(fair_share, mass, out=np.zeros_like(mass), where=mass > 0)


def _cell_mass(
    codes: Codes, stratum: Codes, weight: Floats, shape: tuple[int, int]
) -> Floats:
    cell = stratum * shape[1] + codes
    mass = np.bincount(cell, weight, minlength=shape[0] * shape[1])
    return mass.reshape(shape).astype(np.float64)
