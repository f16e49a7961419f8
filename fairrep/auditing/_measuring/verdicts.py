"""Verdicts say whether a figure keeps within a limit that was set before."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..._utils.plain import plain
from ...metrics._report import DISPARITIES
from .findings import ModelAudit

# Short names of figures that limits are set to; the figures' own are taken as well.
SHORT = {
    "gap": "demographic_parity_difference",
    "ratio": "demographic_parity_ratio",
    "eo": "equalized_odds_difference",
    "opportunity": "equal_opportunity_difference",
}
LEAKAGE = "leakage"
PASSED, FAILED, OPEN = "passed", "failed", "not determined"


@dataclass(frozen=True)
class Verdict:
    """One figure beside the limit that was set to it.

    Parameters
    ----------
    model, sensitive : str
        What the figure is of.
    pos_label : object
        The class that it is about; None of leakage.
    figure : str
        Name of a disparity; of leakage, what the attacker is scored by and reads from.
    limit : float
        Of a ratio the least that is allowed, of any other figure the most.
    value, low, high : float
        The figure and its interval.
    outcome : {"passed", "failed", "not determined"}
        Failed where the value is beyond the limit, passed where the whole interval
        keeps within it. Where the value does and the interval does not, more rows are
        needed; also where there is no value.
    """

    model: str
    sensitive: str
    pos_label: Any
    figure: str
    limit: float
    value: float
    low: float
    high: float

    @property
    def is_least(self) -> bool:
        """Whether the limit is the least that is allowed."""
        return self.figure.endswith("ratio")

    @property
    def outcome(self) -> str:
        sign = -1 if self.is_least else 1
        worst = self.low if self.is_least else self.high
        if np.isnan(self.value):
            return OPEN
        if sign * self.value > sign * self.limit:
            return FAILED
        return PASSED if sign * worst <= sign * self.limit else OPEN

    def to_dict(self) -> dict[str, Any]:
        """Return strings and numbers; None for what is not known."""
        content = {key: plain(value) for key, value in asdict(self).items()}
        return content | {"outcome": self.outcome}


def check_limits(limits: Mapping[str, float], *, leakage: bool) -> dict[str, float]:
    """The limits by the names of the figures.

    Raises
    ------
    ValueError
        If there is no such figure, or a limit is outside [0, 1].
    """
    found = {}
    for name, limit in limits.items():
        figure = SHORT.get(name, name)
        if figure not in (*DISPARITIES, LEAKAGE):
            raise ValueError(
                f"limits has {name!r}, which is no figure of an audit; expected one of "
                f"{', '.join([*SHORT, LEAKAGE])}, or a disparity by its own name: "
                f"{', '.join(DISPARITIES)}."
            )
        if not (isinstance(limit, (int, float)) and 0 <= limit <= 1):
            raise ValueError(f"limits[{name!r}] must be in [0, 1]; got {limit!r}.")
        if figure == LEAKAGE and not leakage:
            raise ValueError(
                "limits has 'leakage', which leakage=False leaves unmeasured."
            )
        found[figure] = float(limit)
    return found


def verdicts(
    models: Mapping[str, ModelAudit], limits: Mapping[str, float]
) -> list[Verdict]:
    """One for each limit, model, sensitive column and class."""
    return [
        Verdict(model.name, sensitive, pos_label, figure, limit, value, low, high)
        for limited, limit in limits.items()
        for model in models.values()
        for sensitive, pos_label, figure, value, low, high in _judged(model, limited)
    ]


def _judged(
    model: ModelAudit, figure: str
) -> Iterator[tuple[str, Any, str, float, float, float]]:
    """The figures of a model that a limit is for."""
    if figure == LEAKAGE:
        for sensitive, views in model.leakage.items():
            for found in views:
                metric = "AUC" if found.metric == "auc" else found.metric
                name = f"{metric} of attackers on the {found.name}"
                most = max(found.value, found.averaging or 0.0)
                yield sensitive, None, name, most, found.low, max(found.high, most)
        return
    for figures in model.figures:
        value, low, high = figures.disparities.loc[figure, ["value", "low", "high"]]
        yield figures.attribute, figures.pos_label, figure, value, low, high
