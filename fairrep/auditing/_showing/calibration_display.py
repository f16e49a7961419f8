"""CalibrationByGroupDisplay draws the calibration of scores by group."""

from typing import Any

import numpy as np

from ..._utils.plotting import COLORS, INK, MARKERS, Display, new_axes
from .._measuring.measure import measure_models, measure_predictions
from .._measuring.rates.groups import GroupFigures
from .._measuring.rates.score_figures import ALL

SHOWN = ["selection_rate", "true_positive_rate", "false_positive_rate"]
MAX_GROUPS = len(COLORS)  # curves in one picture
MIN_BIN = 10  # rows behind a point of a curve


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

    def _frame(self) -> Any:
        return self.figures.calibration

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
        findings = measure_models(
            estimator,
            X,
            y,
            sensitive_features=sensitive_features,
            leakage=False,
            **options,
        )
        return cls(findings.figures(sensitive=sensitive)).plot(ax=ax)

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
        findings = measure_predictions(
            y_true,
            y_true,  # calibration looks at no predicted label
            y_score=y_score,
            sensitive_features=sensitive_features,
            leakage=False,
            **options,
        )
        return cls(findings.figures(sensitive=sensitive)).plot(ax=ax)

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
