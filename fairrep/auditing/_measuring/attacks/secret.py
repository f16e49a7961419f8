"""A secret is S as attackers take it: groups, or quantile bins."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...._inputs.groups import (
    check_finite,
    check_present,
    factorize,
    is_continuous,
    quantile_bins,
)
from ...._utils.types import Codes, Floats
from .attackers import MAX_TRAINING_ROWS

# A continuous S is attacked through its quantile bins.
N_BINS = 5
# Smaller groups cannot be attacked: each fold has to hold this many of their rows.
MIN_ROWS_PER_FOLD = 2


@dataclass
class Secret:
    """S of the rows under attack."""

    rows: Codes  # positions among the rows given
    codes: Codes  # group, or quantile bin
    truth: NDArray  # what the metric compares with: the codes, or the values of S
    weight: Floats
    groups: list[str]
    metric: str  # what the attackers are ranked by, a key of SCORES
    notes: list[str] = field(default_factory=list)

    @property
    def chance(self) -> float:
        chances = {"auc": 0.5, "rank_correlation": 0.0}
        return chances.get(self.metric, 1 / len(self.groups))

    @property
    def share(self) -> Floats:
        """What each group weighs of all."""
        return np.bincount(self.codes, self.weight) / self.weight.sum()

    def take(self, part: Codes) -> "Secret":
        """S of a part of the rows, by their positions among those under attack."""
        return replace(
            self,
            rows=self.rows[part],
            codes=self.codes[part],
            truth=self.truth[part],
            weight=self.weight[part],
        )

    def permuted(self, rng: np.random.RandomState) -> "Secret":
        """S in an order that has nothing to do with the rows."""
        order = rng.permutation(len(self.codes))
        return replace(self, codes=self.codes[order], truth=self.truth[order])


def read_secret(s: pd.Series, sample_weight: Any, n_folds: int) -> Secret:
    what = f"S ({s.name!r})"
    check_present(int(s.isna().sum()), what, "; drop them.")
    weight = np.ones(len(s))
    if sample_weight is not None:
        weight = np.asarray(sample_weight, dtype=np.float64)
        if weight.shape != (len(s),) or not (np.isfinite(weight) & (weight >= 0)).all():
            raise ValueError(
                f"sample_weight must hold {len(s)} finite numbers, none negative."
            )
    rows = np.flatnonzero(weight)  # a row that counts for nothing is not attacked
    s = s.iloc[rows].infer_objects()
    if is_continuous(s):
        values = s.to_numpy(dtype=np.float64)
        check_finite(values, what)
        codes, groups = quantile_bins(values, N_BINS)
        secret = Secret(rows, codes, values, weight[rows], groups, "rank_correlation")
    else:
        codes, categories = factorize(s)
        groups = [str(category) for category in categories]
        secret = Secret(rows, codes, codes, weight[rows], groups, "auc")
    return _without_rare_groups(secret, MIN_ROWS_PER_FOLD * n_folds)


def _without_rare_groups(secret: Secret, n_needed: int) -> Secret:
    counts = np.bincount(secret.codes, minlength=len(secret.groups))
    large = np.flatnonzero(counts >= n_needed)
    if len(large) < 2:
        found = dict(zip(secret.groups, counts.tolist(), strict=True))
        raise ValueError(
            f"An attack needs at least 2 groups of at least {n_needed} rows; got "
            f"{found}. Audit more rows, merge groups, or leave attacks out: "
            "leakage=False, on the command line --no-leakage."
        )
    kept = np.isin(secret.codes, large)
    codes = np.searchsorted(large, secret.codes[kept])
    continuous = secret.metric == "rank_correlation"
    left_out = [
        f"group {secret.groups[g]!r} left out: {counts[g]} rows, {n_needed} needed"
        for g in np.flatnonzero(counts < n_needed)
    ]
    too_many = [
        f"{attacker} learns from {limit} of the rows at most"
        for attacker, limit in MAX_TRAINING_ROWS.items()
        if kept.sum() > limit
    ]
    metric = "auc" if len(large) == 2 else "balanced_accuracy"
    return Secret(
        secret.rows[kept],
        codes,
        secret.truth[kept] if continuous else codes,
        secret.weight[kept],
        [secret.groups[g] for g in large],
        secret.metric if continuous else metric,
        left_out + too_many,
    )
