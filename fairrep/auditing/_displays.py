"""Pictures of an audit, in scikit-learn's manner: compute, store, draw."""

from typing import Any

import numpy as np

from .._plotting import COLORS, INK, MARKERS, Display, new_axes
from ._audit import audit
from ._groups import GroupFigures
from ._report import AuditReport
from ._scores import ALL
from ._text import METRIC_NAMES

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

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sensitive_features: Any,
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
            As in :func:`audit`.
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
        report = audit(
            estimator,
            X,
            y,
            sensitive_features=sensitive_features,
            leakage=False,
            **options,
        )
        return cls._of(report, sensitive).plot(ax=ax, metrics=metrics)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        sensitive_features: Any,
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
            As in :func:`audit`.
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
        report = AuditReport.from_predictions(
            y_true,
            y_pred,
            sensitive_features=sensitive_features,
            leakage=False,
            **options,
        )
        return cls._of(report, sensitive).plot(ax=ax, metrics=metrics)

    @classmethod
    def _of(cls, report: AuditReport, sensitive: str | None) -> "GroupsDisplay":
        figures = report.figures(sensitive=sensitive)
        return cls(figures, confidence=report.confidence)

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
        ax.set_yticks(place, [named[g] + " (too small)" * (g in small) for g in groups])
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


class CalibrationByGroupDisplay(Display):
    """Rate of positives against mean score, a curve a group.

    Parameters
    ----------
    figures : GroupFigures
        With a `calibration`, which takes scores in [0, 1].

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import numpy as np
    >>> from fairrep.auditing import CalibrationByGroupDisplay
    >>> rng = np.random.default_rng(0)
    >>> score = rng.uniform(size=400)
    >>> y = (rng.uniform(size=400) < score).astype(int)
    >>> display = CalibrationByGroupDisplay.from_predictions(
    ...     y, score, sensitive_features=["f", "m"] * 200
    ... )
    >>> display.ax_.get_ylabel()
    'share of class 1'
    """

    def __init__(self, figures: GroupFigures) -> None:
        if figures.calibration is None:
            raise ValueError(
                "There is no calibration to draw: it takes scores in [0, 1]. Pass "
                "y_score, or a model with predict_proba."
            )
        self.figures = figures

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sensitive_features: Any,
        sensitive: str | None = None,
        ax: Any = None,
        **options: Any,
    ) -> "CalibrationByGroupDisplay":
        """Audit a fitted model and draw its calibration.

        Parameters
        ----------
        estimator : classifier or pipeline
            Fitted.
        X, y : array-like
            Rows that did not train it, and their labels.
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
        display : CalibrationByGroupDisplay
            Drawn.
        """
        report = audit(
            estimator,
            X,
            y,
            sensitive_features=sensitive_features,
            leakage=False,
            **options,
        )
        return cls(report.figures(sensitive=sensitive)).plot(ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_score: Any,
        *,
        sensitive_features: Any,
        sensitive: str | None = None,
        ax: Any = None,
        **options: Any,
    ) -> "CalibrationByGroupDisplay":
        """Draw the calibration of scores, of two classes.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.
        y_score : array-like of shape (n_samples,)
            Scores of the positive class, in [0, 1].
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
        display : CalibrationByGroupDisplay
            Drawn.
        """
        y_true = np.asarray(y_true)
        report = AuditReport.from_predictions(
            y_true,
            y_true,  # calibration looks at no predicted label
            y_score=y_score,
            sensitive_features=sensitive_features,
            leakage=False,
            **options,
        )
        return cls(report.figures(sensitive=sensitive)).plot(ax=ax)

    def plot(self, ax: Any = None) -> "CalibrationByGroupDisplay":
        """Draw; of more than six groups the six largest, bins of ten rows or more.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        display : CalibrationByGroupDisplay
            This one.
        """
        ax = new_axes(ax, 4.5)
        table = self.figures.calibration
        assert table is not None
        ax.plot([0, 1], [0, 1], linestyle=":", color=INK, label="calibrated")
        sizes = self.figures.value["count"].drop(ALL)
        largest = sizes.nlargest(MAX_GROUPS).index
        for i, group in enumerate(sizes.index[sizes.index.isin(largest)]):
            bins = table.loc[group].query("count >= @MIN_BIN")
            ax.plot(
                bins["score"],
                bins["rate"],
                marker=MARKERS[i],
                color=COLORS[i],
                label=self.figures.labels[group],
            )
        ax.set_xlabel("mean score in the bin")
        ax.set_ylabel(f"share of class {self.figures.pos_label!r}")
        ax.set_aspect("equal")
        ax.grid(alpha=0.3)
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
        return self._drawn(ax)
