"""LeakageDisplay draws what attackers read."""

from typing import Any

import pandas as pd

from ..._utils.plotting import COLORS, INK, MARKERS, Display, new_axes
from .._measuring.findings import Findings
from .._measuring.measure import measure_models, measure_predictions
from .words import LEAKAGE_NAMES


class LeakageDisplay(Display):
    """What attackers read of one attribute: each view against no relation and X.

    Parameters
    ----------
    views : list of Leakage
        As in ``ModelAudit.leakage``.
    attribute : str
        Name of the sensitive column.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import numpy as np
    >>> from fairrep.auditing import LeakageDisplay
    >>> rng = np.random.default_rng(0)
    >>> sex, y = rng.integers(2, size=(2, 200))
    >>> display = LeakageDisplay.from_predictions(
    ...     y,
    ...     y,
    ...     y_score=sex + rng.normal(size=200),
    ...     sensitive_features={"sex": sex},
    ...     n_bootstrap=20,
    ...     random_state=0,
    ... )
    >>> display.ax_.get_xlabel()
    'AUC of the best attacker on sex'
    """

    def __init__(self, views: list[Any], attribute: str) -> None:
        if not views:
            raise ValueError("There is no leakage to draw: expected at least one view.")
        self.views = views
        self.attribute = attribute

    def _frame(self) -> Any:
        return pd.concat({view.name: view.attackers for view in self.views})

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        sensitive_features: Any,
        sensitive: str | None = None,
        ax: Any = None,
        **options: Any,
    ) -> "LeakageDisplay":
        """Attack a fitted model and draw what is read.

        Parameters
        ----------
        estimator : classifier, transformer of fairrep, or pipeline
            Fitted.
        X : array-like of shape (n_samples, n_features)
            Rows that did not train it.
        y : array-like of shape (n_samples,), default=None
            Their labels; None for a transformer.
        sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns)
            As in :func:`audit`.
        sensitive : str, default=None
            Which of its columns to draw; None for the first.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        **options
            Other options of :func:`audit`.

        Returns
        -------
        display : LeakageDisplay
            Drawn.
        """
        findings = measure_models(
            estimator, X, y, sensitive_features=sensitive_features, **options
        )
        return cls._of(findings, sensitive).plot(ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        sensitive_features: Any,
        sensitive: str | None = None,
        ax: Any = None,
        **options: Any,
    ) -> "LeakageDisplay":
        """Attack predictions and draw what is read.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.
        y_pred : array-like of shape (n_samples,)
            Predicted labels.
        sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns)
            As in :func:`audit`.
        sensitive : str, default=None
            Which of its columns to draw; None for the first.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        **options
            Other options of `AuditReport.from_predictions`.

        Returns
        -------
        display : LeakageDisplay
            Drawn.
        """
        findings = measure_predictions(
            y_true, y_pred, sensitive_features=sensitive_features, **options
        )
        return cls._of(findings, sensitive).plot(ax=ax)

    @classmethod
    def _of(cls, findings: Findings, sensitive: str | None) -> "LeakageDisplay":
        leakage = next(iter(findings.models.values())).leakage
        name = next(iter(leakage)) if sensitive is None else sensitive
        if name not in leakage:
            raise ValueError(f"sensitive={name!r} is none of {[*leakage]}.")
        return cls(leakage[name], name)

    def plot(self, ax: Any = None) -> "LeakageDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        display : LeakageDisplay
            This one.
        """
        lines = _leakage_lines(self.views)
        ax = new_axes(ax, 1.4 + 0.42 * len(lines))
        for i, line in enumerate(lines):
            color, marker = (COLORS[i], MARKERS[i]) if line["found"] else (INK, "|")
            ax.hlines(i, line["low"], line["high"], color=color, linewidth=2.5)
            ax.plot([line["value"]], [i], marker, color=color, markersize=8)
            ax.annotate(
                f"{line['value']:.3f}",
                (line["value"], i),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
            )
        ax.set_yticks(range(len(lines)), [line["name"] for line in lines])
        ax.set_ylim(len(lines) - 0.5, -0.7)
        metric = self.views[0].metric
        least = 0.5 if metric == "auc" else min(0.0, *(line["low"] for line in lines))
        ax.set_xlim(least - 0.02, 1.02)
        ax.set_xlabel(
            f"{LEAKAGE_NAMES[metric]} of the best attacker on {self.attribute}"
        )
        ax.grid(axis="x", alpha=0.3)
        return self._drawn(ax)


def _leakage_lines(views: list[Any]) -> list[dict[str, Any]]:
    """The views, then what they are to be compared with."""
    lines = [
        {
            "name": f"from the {found.name}",
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "found": True,
        }
        for found in views
    ]
    first = views[0]
    marks = {
        f"from {name}, all columns": mark for name, mark in first.references.items()
    }
    for name, mark in marks.items():
        line = {"name": name, "value": mark.value, "low": mark.low, "high": mark.high}
        lines.append({**line, "found": False})
    null = {"value": first.null_value, "low": first.null_low, "high": first.null_high}
    lines.append({"name": "by luck", **null, "found": False})
    return lines
