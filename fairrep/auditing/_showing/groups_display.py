"""GroupsDisplay draws the rates of groups."""

from typing import Any

import numpy as np

from ..._utils.plotting import COLORS, INK, MARKERS, Display, new_axes
from .._measuring.findings import Findings
from .._measuring.measure import measure_models, measure_predictions
from .._measuring.rates.groups import GroupFigures
from .._measuring.rates.score_figures import ALL
from .words import METRIC_NAMES

SHOWN = ["selection_rate", "true_positive_rate", "false_positive_rate"]
MAX_GROUPS = len(COLORS)  # curves in one picture
MIN_BIN = 10  # rows behind a point of a curve


class GroupsDisplay(Display):
    """Rates by group with their intervals, one dot and line each.

    Parameters
    ----------
    figures : GroupFigures
        Of one model, class and attribute, as in ``ModelAudit.figures``.
    confidence : float, default=0.95
        Coverage of their intervals, for the label.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from fairrep.auditing import GroupsDisplay
    >>> display = GroupsDisplay.from_predictions(
    ...     [0, 1] * 50, [0, 1, 1, 1] * 25, sensitive_features=["f"] * 50 + ["m"] * 50
    ... )
    >>> display.ax_.get_xlabel()
    'rate, with 95 % interval'
    """

    def __init__(self, figures: GroupFigures, *, confidence: float = 0.95) -> None:
        self.figures = figures
        self.confidence = confidence

    def _frame(self) -> Any:
        return self.figures.value

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sensitive_features: Any = None,
        sensitive: str | None = None,
        metrics: list[str] | None = None,
        ax: Any = None,
        **options: Any,
    ) -> "GroupsDisplay":
        """Audit a fitted model and draw its rates by group.

        Parameters
        ----------
        estimator : classifier or pipeline
            Fitted.
        X, y : array-like
            Rows that did not train it, and their labels.
        sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns)
            As in :func:`audit`; None where the options have `sensitive_probabilities`.
        sensitive : str, default=None
            Which of its columns to draw; None for the first.
        metrics : list of str, default=None
            As in `plot`.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        **options
            Other options of :func:`audit`.

        Returns
        -------
        display : GroupsDisplay
            Drawn.
        """
        findings = measure_models(
            estimator,
            X,
            y,
            sensitive_features=sensitive_features,
            leakage=False,
            **options,
        )
        return cls._of(findings, sensitive).plot(ax=ax, metrics=metrics)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        sensitive_features: Any = None,
        sensitive: str | None = None,
        metrics: list[str] | None = None,
        ax: Any = None,
        **options: Any,
    ) -> "GroupsDisplay":
        """Draw the rates by group of predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.
        y_pred : array-like of shape (n_samples,)
            Predicted labels.
        sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns)
            As in :func:`audit`; None where the options have `sensitive_probabilities`.
        sensitive : str, default=None
            Which of its columns to draw; None for the first.
        metrics : list of str, default=None
            As in `plot`.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        **options
            Other options of `AuditReport.from_predictions`.

        Returns
        -------
        display : GroupsDisplay
            Drawn.
        """
        findings = measure_predictions(
            y_true,
            y_pred,
            sensitive_features=sensitive_features,
            leakage=False,
            **options,
        )
        return cls._of(findings, sensitive).plot(ax=ax, metrics=metrics)

    @classmethod
    def _of(cls, findings: Findings, sensitive: str | None) -> "GroupsDisplay":
        figures = findings.figures(sensitive=sensitive)
        return cls(figures, confidence=findings.confidence)

    def plot(
        self, ax: Any = None, *, metrics: list[str] | None = None
    ) -> "GroupsDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        metrics : list of str, default=None
            Columns of ``figures.value``; None for selection, true and false positive
            rate.

        Returns
        -------
        display : GroupsDisplay
            This one.
        """
        names = metrics or SHOWN
        groups = [*self.figures.value.index]
        ax = new_axes(ax, 1.4 + 0.42 * len(groups))
        place = np.arange(len(groups))
        for i, name in enumerate(names):
            shift = (i - (len(names) - 1) / 2) * 0.22
            value, low, high = (
                table[name].to_numpy()
                for table in (self.figures.value, self.figures.low, self.figures.high)
            )
            color = COLORS[i % len(COLORS)]
            ax.hlines(place + shift, low, high, color=color, linewidth=2.5)
            ax.plot(
                value,
                place + shift,
                MARKERS[i % len(MARKERS)],
                color=color,
                label=METRIC_NAMES.get(name, name),
            )
        small = {entry["group"] for entry in self.figures.left_out}
        named = {**self.figures.labels, ALL: ALL}
        ax.set_yticks(
            place, [named[g] + " (not compared)" * (g in small) for g in groups]
        )
        ax.axhline(len(groups) - 1.5, color=INK, linewidth=0.8, linestyle=":")
        ax.set_ylim(len(groups) - 0.5, -0.5)  # the first group on top, as in tables
        ax.set_xlim(-0.02, 1.02)
        ax.set_xlabel(f"rate, with {100 * self.confidence:g} % interval")
        ax.grid(axis="x", alpha=0.3)
        ax.legend(
            # To the left there is room beyond the axes, over the names.
            loc="lower right",
            bbox_to_anchor=(1, 1),
            ncols=len(names),
            frameon=False,
        )
        return self._drawn(ax)
