"""The options of an audit: how to measure, checked before anything is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import (
    Interval,
    StrOptions,
    validate_parameter_constraints,
)

from .rows import Rows
from .verdicts import check_limits


@dataclass(frozen=True)
class Options:
    """The options of `audit` that say how to measure, checked."""

    leakage: bool = True
    min_group_size: int = 30
    not_compared: Sequence[str] = ()
    n_quantiles: int = 4
    n_bootstrap: int = 200
    confidence: float = 0.95
    random_state: Any = None
    missing: str = "raise"
    group_names: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    verbose: Any = 0

    CONSTRAINTS: ClassVar[dict[str, list]] = {
        "leakage": ["boolean"],
        "min_group_size": [Interval(Integral, 1, None, closed="left")],
        "not_compared": [list, tuple, set, frozenset],
        "n_quantiles": [Interval(Integral, 2, None, closed="left")],
        "n_bootstrap": [Interval(Integral, 20, None, closed="left")],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
        "missing": [StrOptions({"raise", "drop"})],
        "group_names": [Mapping],
        "limits": [Mapping],
        "about": [Mapping],
        "verbose": ["verbose"],
    }

    def __post_init__(self) -> None:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        validate_parameter_constraints(self.CONSTRAINTS, given, caller_name="audit")
        check_limits(self.limits, leakage=self.leakage)

    def draw_seed(self) -> int:
        """One seed for all draws: equal models get equal figures."""
        rng = self.random_state
        if not isinstance(rng, np.random.RandomState):
            rng = np.random.RandomState(rng)  # of its own, also for None
        return int(rng.randint(2**31 - 1))

    def read_rows(
        self, sensitive_features: Any, sensitive_probabilities: Any, n_rows: int
    ) -> Rows:
        """The rows and their groups, as asked."""
        return Rows.read(
            sensitive_features,
            sensitive_probabilities,
            n_rows,
            missing=self.missing,
            n_quantiles=self.n_quantiles,
            group_names=self.group_names,
            not_compared=self.not_compared,
        )

    def drawn(self, seed: int) -> dict[str, Any]:
        """What an attack is told of its draws."""
        return {
            "n_bootstrap": self.n_bootstrap,
            "confidence": self.confidence,
            "random_state": seed,
        }

    @property
    def said(self) -> dict[str, Any]:
        """Those that decide the figures, by name, for whoever measures again."""
        silent = {"about", "limits", "verbose"}
        return {
            option.name: getattr(self, option.name)
            for option in fields(self)
            if option.name not in silent
        }
