"""TradeoffDisplay draws score against gap, for every lambda of a path."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from .._utils.plotting import COLORS, INK, MARKERS, Display, new_axes
from ..metrics._gaps import Gap, asked_gap
from .changes import in_words
from .cv import MIDebiasedClassifierCV
from .figures import Rows, asked, ceiling, constant_score
from .path import LambdaPath

CURVE, CHOSEN = COLORS[:2]
# Of more points limits are drawn only where a label is.
MAX_LIMITS = 8
LABEL_OFFSET = (5, -11)  # of a label from its point, in points of text
LABEL_SIZE = (52, 22)  # with some room


class TradeoffDisplay(Display):
    """What fairness costs: score against gap for every lambda, beside other models.

    It is recommended to use `from_estimator` or `from_path`.

    Parameters
    ----------
    figures : DataFrame
        For each lambda "lambda_mi", "score", "gap" and the limits "score_low",
        "score_high", "gap_low", "gap_high"; where the path has codes, "certified_gap":
        what the gap of no classifier of the codes exceeds, at the confidence level of
        the other limits. It is the second line.
    score_name : str
        Label of the vertical axis.
    gap_name : str
        Label of the horizontal axis.
    chosen : float, default=None
        The lambda in use.
    max_gap : float, default=None
        The limit under which it was chosen.
    confidence : float, default=None
        With which each limit in ``figures`` holds by itself, one-sided, for the legend.
    constant : float, default=None
        The score of always predicting the commonest class, a dotted line where it is
        near the curve; known where the score is accuracy.
    ceiling : DataFrame, default=None
        The "score" that no classifier exceeds at each "gap", which follows from the
        groups and labels of the rows: a line in the range of the picture, and its
        value at a gap of 0 in the legend. Known where the score is accuracy and the
        gap that in selection rate.
    changes : DataFrame, default=None
        For each lambda but the smallest, what changes from the smallest on the same
        rows: "gap_change" and "accuracy_change", with limits ("_low", "_high") that
        hold for all lambdas together with ``confidence``. Known of rows that were
        given to measure on, or held out by a path, for a gap that is named and
        compares the rates of one class.

    Attributes
    ----------
    others : DataFrame
        Other models, by name, with the columns of ``figures`` but for "lambda_mi".
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure

    See Also
    --------
    MIDebiasedClassifierCV : Chooses a point on the curve.
    lambda_path : Trains the curve.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from fairrep import MIDebiasedClassifierCV, TradeoffDisplay
    >>> from fairrep.datasets import make_biased_classification
    >>> X, y, s = make_biased_classification(800, return_X_y_s=True, random_state=0)
    >>> clf = MIDebiasedClassifierCV(
    ...     max_gap=0.5, lambdas=[0, 1, 10], max_epochs=10, random_state=0
    ... )
    >>> clf = clf.fit(X[:500], y[:500], sensitive_features=s[:500])
    >>> now = LogisticRegression().fit(X[:500], y[:500])
    >>> test = {"X": X[500:], "y": y[500:], "sensitive_features": s[500:]}
    >>> display = TradeoffDisplay.from_estimator(clf, **test)
    >>> display.add("what we have now", now).others.index.tolist()
    ['what we have now']
    """

    def __init__(
        self,
        figures: pd.DataFrame,
        *,
        score_name: str,
        gap_name: str,
        chosen: float | None = None,
        max_gap: float | None = None,
        confidence: float | None = None,
        constant: float | None = None,
        ceiling: pd.DataFrame | None = None,
        changes: pd.DataFrame | None = None,
    ) -> None:
        self.figures = figures
        self.score_name = score_name
        self.gap_name = gap_name
        self.chosen = chosen
        self.max_gap = max_gap
        self.confidence = confidence
        self.constant = constant
        self.ceiling = ceiling
        self.changes = changes
        of_curve = figures.columns.isin(["lambda_mi", "certified_gap", "mi_estimate"])
        self.others = pd.DataFrame(columns=[*figures.columns[~of_curve]])
        # How `add` measures other models, on which rows, and of which class.
        self._measure: Any = None
        self._pos_label: Any = None

    @classmethod
    def from_estimator(
        cls,
        estimator: MIDebiasedClassifierCV,
        X: Any = None,
        y: Any = None,
        *,
        sensitive_features: Any = None,
        n_bootstrap: int = 200,
        ax: Any = None,
        plot: bool = True,
    ) -> "TradeoffDisplay":
        """Draw the curve of a fitted `MIDebiasedClassifierCV`, its choice marked.

        Parameters
        ----------
        estimator : MIDebiasedClassifierCV
            Fitted.
        X : array-like of shape (n_samples, n_features), default=None
            Rows to measure on: best ones that neither trained nor chose. With None the
            curve is that of the rows that chose, ``path_``.
        y : array-like of shape (n_samples,), default=None
            Their labels.
        sensitive_features : array-like of shape (n_samples,) or \
                (n_samples, n_columns), default=None
            Their groups.
        n_bootstrap : int, default=200
            Draws that the limits come from.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : TradeoffDisplay

        Raises
        ------
        TypeError
            If the estimator is of another class, which has no curve.
        """
        if not isinstance(estimator, MIDebiasedClassifierCV):
            raise TypeError(
                "A curve needs a fitted MIDebiasedClassifierCV; got "
                f"{type(estimator).__name__}. `add` sets any other classifier beside "
                "it, and `from_path` draws what `lambda_path` returns."
            )
        check_is_fitted(estimator)
        gap = asked_gap(estimator.gap, estimator.criterion)
        settings = {
            "gap": gap,
            "scoring": estimator.scoring,
            "confidence": estimator.confidence,
            "n_bootstrap": n_bootstrap,
        }
        marks = {"chosen": estimator.lambda_, "max_gap": estimator.max_gap}
        path = estimator.lambda_path_
        if X is None:
            display = cls(
                estimator.path_,
                score_name=_name(estimator.scoring),
                gap_name=_name(gap),
                confidence=estimator.confidence,
                constant=constant_score(estimator.scoring, path.held_out_[1]),
                ceiling=_ceiling_of_choice(estimator, gap),
                **marks,
            )
            return display.plot(ax=ax) if plot else display
        rows = X, y, sensitive_features
        return cls._of(path, rows, settings, marks, ax, plot)

    @classmethod
    def from_path(
        cls,
        path: LambdaPath,
        X: Any = None,
        y: Any = None,
        *,
        sensitive_features: Any = None,
        gap: Gap | None = None,
        scoring: Any = None,
        confidence: float = 0.95,
        n_bootstrap: int = 200,
        ax: Any = None,
        plot: bool = True,
    ) -> "TradeoffDisplay":
        """Draw the curve of a `LambdaPath`.

        Parameters
        ----------
        path : LambdaPath
            As `lambda_path` returns it.
        X, y, sensitive_features : array-like, default=None
            Rows to measure on; the path's held-out rows if None.
        gap, scoring : str or callable, default=None
            As in `LambdaPath.figures`.
        confidence : float, default=0.95
            With which each limit, one-sided, holds by itself.
        n_bootstrap : int, default=200
            Draws that the limits come from.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : TradeoffDisplay
        """
        gap, scoring = asked(path.curve, gap, scoring)
        settings = {
            "gap": gap,
            "scoring": scoring,
            "confidence": confidence,
            "n_bootstrap": n_bootstrap,
        }
        rows = path.held_out_ if X is None else (X, y, sensitive_features)
        return cls._of(path, rows, settings, {}, ax, plot)

    @classmethod
    def _of(
        cls,
        path: LambdaPath,
        rows: tuple[Any, Any, Any],
        settings: dict[str, Any],
        marks: dict[str, Any],
        ax: Any,
        plot: bool,
    ) -> "TradeoffDisplay":
        measured = Rows(*rows, settings)
        figures, changes = measured.curve(path.curve, path.lambdas, path.calibration_)
        display = cls(
            figures,
            score_name=_name(settings["scoring"]),
            gap_name=_name(settings["gap"]),
            confidence=settings["confidence"],
            constant=constant_score(settings["scoring"], measured.y),
            ceiling=ceiling(
                settings["gap"], settings["scoring"], measured.y, measured.groups
            ),
            changes=changes,
            **marks,
        )
        display._measure, display._pos_label = measured, path.curve.pos_label
        return display.plot(ax=ax) if plot else display

    def add(self, name: str, estimator: Any) -> "TradeoffDisplay":
        """Add another fitted classifier, measured on the same rows.

        Parameters
        ----------
        name : str
            Its label.
        estimator : classifier
            Any that has been fitted; it should not have seen the rows either.

        Returns
        -------
        display : TradeoffDisplay
            This one, drawn anew if it was drawn.

        Raises
        ------
        ValueError
            If the display was made without rows to measure on.
        """
        if self._measure is None:
            raise ValueError(
                "This display holds figures alone and has no rows to measure another "
                "model on; make it with from_estimator(estimator, X, y, "
                "sensitive_features=...)."
            )
        self.others.loc[name] = self._measure.point(estimator, self._pos_label)
        if hasattr(self, "ax_"):
            self.ax_.clear()
            self.plot(ax=self.ax_)
        return self

    def summary(self) -> str:
        """Say at which lambdas the gap is shown to be smaller, and what that costs.

        Models are compared with that of the smallest lambda on the same rows, so that
        what they decide alike cancels, and all limits hold together: whoever picks the
        best of twenty is not deceived by luck. This is the search for a less
        discriminatory alternative that some rules ask for.

        Returns
        -------
        text : str

        Raises
        ------
        ValueError
            If there are no ``changes``.
        """
        if self.changes is None or self.confidence is None:
            raise ValueError(
                "There is nothing to compare: expected a display made by from_path, "
                "or by from_estimator with rows to measure on, for a gap that is "
                "named and compares the rates of one class."
            )
        smallest = float(self.figures["lambda_mi"].iloc[0])
        return in_words(self.changes, smallest, self.confidence)

    def _frame(self) -> pd.DataFrame:
        return self.figures.set_index("lambda_mi")

    def plot(self, ax: Any = None) -> "TradeoffDisplay":
        """Draw the curve, the choice and the other models.

        Each lambda is a point, and a light line joins them in their order. Of many as
        many are named as there is room for, and have their limits drawn.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : TradeoffDisplay
        """
        ax = new_axes(ax, height=5.2)
        curve = self.figures
        above: dict[str, Any] = {"zorder": 3}  # than labels, whose edges would cut it
        ax.plot(
            curve["gap"],
            curve["score"],
            "o",
            color=CURVE,
            ms=4,
            label="fairrep",
            **above,
        )
        # Light, since on few rows it is a tangle. To join only the best points would
        # choose on the rows that measure.
        ax.plot(curve["gap"], curve["score"], "-", color=CURVE, lw=1, alpha=0.4)
        if "certified_gap" in curve:
            label = "certified for any model of the codes"
            certified = curve["certified_gap"]
            ax.plot(certified, curve["score"], "--", color=CURVE, lw=1, label=label)
        if self.chosen is not None:
            gap, score = (
                np.interp(self.chosen, curve["lambda_mi"], curve[name])
                for name in ("gap", "score")
            )
            label = f"in use: λ = {self.chosen:.2g}"
            star: dict[str, Any] = {"ms": 15, "mec": "white", "color": CHOSEN}
            ax.plot(gap, score, "*", label=label, **star, **above)
        if self.max_gap is not None:
            label = f"limit to the gap: {self.max_gap:g}"
            ax.axvline(self.max_gap, ls="--", lw=1, color=INK, label=label)
        for i, (name, other) in enumerate(self.others.iterrows()):
            marker = MARKERS[1 + i % (len(MARKERS) - 1)]
            color = COLORS[2 + i % (len(COLORS) - 2)]
            _limits(ax, other.to_frame().T.astype(float), color, alpha=0.5)
            ax.plot(other["gap"], other["score"], marker, color=color, label=name)
        ax.set(xlabel=f"{self.gap_name}  (0 is parity)", ylabel=self.score_name)
        for side in ("low", "high"):  # in view, whether drawn or not
            ax.update_datalim(curve[[f"gap_{side}", f"score_{side}"]].to_numpy())
        ax.autoscale_view()
        ax.set_xlim(left=0)
        self._name_points(ax)
        self._draw_constant(ax)
        self._draw_ceiling(ax)
        ax.grid(alpha=0.25)
        beside = {}
        if ax.figure.get_layout_engine() is not None:  # which makes room below
            beside = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.13), "ncols": 2}
        ax.legend(fontsize="small", **beside)
        return self._drawn(ax)

    def _name_points(self, ax: Any) -> None:
        """Label points that are apart, the ends first, and draw their limits."""
        from matplotlib.patheffects import withStroke

        curve = self.figures
        ends = [0, len(curve) - 1]
        first = [*ends]
        if self.chosen is not None:
            first.append(int((curve["lambda_mi"] - self.chosen).abs().argmin()))
        scale = 72 / ax.figure.dpi  # the unit of text
        places = scale * ax.transData.transform(curve[["gap", "score"]].to_numpy())
        others = self.others[["gap", "score"]].to_numpy(dtype=float).reshape(-1, 2)
        markers = scale * ax.transData.transform(others) - LABEL_OFFSET
        named: list[int] = []
        for i in dict.fromkeys([*first, *range(len(curve))]):
            taken = [*places[named], *(() if i in ends else markers)]
            apart = (np.abs(places[i] - place) > LABEL_SIZE for place in taken)
            if all(far.any() for far in apart):
                named.append(i)
        for i in named:
            ax.annotate(
                f"λ = {curve['lambda_mi'].iloc[i]:.2g}",
                (curve["gap"].iloc[i], curve["score"].iloc[i]),
                xytext=LABEL_OFFSET,
                textcoords="offset points",
                fontsize="small",
                color=CURVE,
                zorder=2.5,
                path_effects=[withStroke(linewidth=2.5, foreground="white")],
            )
        shown = curve.iloc[named] if len(curve) > MAX_LIMITS else curve
        label = "one-sided limits"
        if self.confidence is not None:
            label += f", {100 * self.confidence:g} % each"
        _limits(ax, shown, CURVE, alpha=0.35, label=label)

    def _draw_constant(self, ax: Any) -> None:
        """A line, unless it is so far below that the curve would become flat."""
        low, high = ax.get_ylim()
        if self.constant is None or self.constant < low - (high - low) / 4:
            return
        label = f"always the commonest class: {self.constant:.3f}"
        ax.axhline(self.constant, ls=":", lw=1, color=INK, label=label)

    def _draw_ceiling(self, ax: Any) -> None:
        """A line that leaves the view as it is, unless it is just above."""
        if self.ceiling is None:
            return
        left, right = ax.get_xlim()
        gaps = np.append(self.ceiling["gap"], 1.0)
        scores = np.append(self.ceiling["score"], 1.0)
        at_0, (low, high) = float(scores[0]), ax.get_ylim()
        is_near = at_0 <= high + (high - low) / 4
        where = "" if is_near else ", above this picture"
        label = f"no classifier is above it: {at_0:.3f} at a gap of 0{where}"
        ax.plot(gaps, scores, "-.", lw=1, color=INK, label=label)
        ax.set_xlim(left, right)
        ax.set_ylim(low, max(high, at_0 + (high - low) / 20) if is_near else high)


def _ceiling_of_choice(
    estimator: MIDebiasedClassifierCV, gap: Gap
) -> pd.DataFrame | None:
    """That of the rows that chose; of several splits none holds for all."""
    if estimator.cv is not None:
        return None
    _, y, groups = estimator.lambda_path_.held_out_
    return ceiling(gap, estimator.scoring, y, groups)


def _limits(
    ax: Any,
    figures: pd.DataFrame,
    color: str,
    alpha: float,
    label: str | None = None,
) -> None:
    """Both limits of each point as a cross."""
    gap, score = figures["gap"], figures["score"]
    ax.errorbar(
        gap,
        score,
        xerr=[gap - figures["gap_low"], figures["gap_high"] - gap],
        yerr=[score - figures["score_low"], figures["score_high"] - score],
        fmt="none",
        color=color,
        alpha=alpha,
        lw=1,
        label=label,
    )


def _name(metric: Any) -> str:
    name = metric if isinstance(metric, str) else getattr(metric, "__name__", "score")
    return name.replace("_", " ")
