"""InformationPlaneDisplay draws what z tells of y against what it tells of S."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import log_loss
from sklearn.utils.validation import check_is_fitted

from .._estimators.classifier import MIDebiasedClassifier
from .._inputs.labels import read_target
from .._utils.plotting import COLORS, INK, Display, new_axes
from ..mutual_info._counts import corrected_information, count_table
from .path import LambdaPath

LABEL_OFFSET = (5, 5)  # of a label from its point, in points of text
# Of more points only so many are named, the ends among them.
MAX_NAMED = 6
VIEWS = {"representation": "z", "prediction": "the prediction"}


class InformationPlaneDisplay(Display):
    """What a representation tells of the task against what it tells of S, in nats.

    Up is more useful, left is more private. It is recommended to use `from_path` or
    `from_estimator`.

    Parameters
    ----------
    figures : DataFrame
        A row a point, in the order in which they are joined: "mi_sensitive" and
        "mi_target", both in nats. The index names the points.
    entropy : float
        H(Y) in nats, the most that can be told of y.
    view : str, default="z"
        Whose information on S it is, for the axis: z, or "the prediction".
    certain : bool, default=False
        Whether both figures are counted, as of codes, and not lower bounds.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure

    See Also
    --------
    TradeoffDisplay : Score against gap, by which a model is chosen.

    Notes
    -----
    Of y it is H(Y) less the cross-entropy of the head on held-out rows, a lower bound
    on I(Z; Y); of S the critics' estimate of what ``criterion`` names, on the same
    rows, which is a lower bound, too. Of codes both are counted, that of y less the
    bias of counting.
    The plane is that of the information bottleneck [1]_, with I(Z; S) in the place of
    I(Z; X).

    References
    ----------
    .. [1] N. Tishby, F. C. Pereira and W. Bialek, "The information bottleneck method",
           1999. https://arxiv.org/abs/physics/0004057

    Examples
    --------
    >>> from fairrep import InformationPlaneDisplay, lambda_path
    >>> from fairrep.datasets import make_biased_classification
    >>> X, y, s = make_biased_classification(600, return_X_y_s=True, random_state=0)
    >>> path = lambda_path(
    ...     X, y, sensitive_features=s, lambdas=[0, 1, 10], max_epochs=9, random_state=0
    ... )
    >>> display = InformationPlaneDisplay.from_path(path)
    >>> display.figures.shape
    (3, 2)
    """

    def __init__(
        self,
        figures: pd.DataFrame,
        *,
        entropy: float,
        view: str = "z",
        certain: bool = False,
    ) -> None:
        self.figures = figures
        self.entropy = entropy
        self.view = view
        self.certain = certain

    @classmethod
    def from_path(
        cls, path: LambdaPath, *, ax: Any = None, plot: bool = True
    ) -> "InformationPlaneDisplay":
        """Draw the points of a path, one for each lambda of its grid.

        Parameters
        ----------
        path : LambdaPath
            Of classifiers, with rows held out.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : InformationPlaneDisplay

        Raises
        ------
        TypeError
            If the path is one of regressors.
        ValueError
            If no rows were held out.
        """
        if not path.curve.of_classes:
            raise TypeError(
                "The plane needs what z tells of classes; got a path of regressors."
            )
        X, y, _ = path.held_out_
        if not len(y):
            raise ValueError(
                "No rows were held out; expected validation_fraction > 0 in "
                "lambda_path, got 0."
            )
        table = path.curve.encode(X)
        labels = np.searchsorted(path.classes_, y)
        points = [
            (path.information_of_s(value), _of_target(path, value, table, labels))
            for value in path.lambdas
        ]
        figures = pd.DataFrame(
            points,
            columns=["mi_sensitive", "mi_target"],
            index=pd.Index(path.lambdas, name="lambda_mi"),
        )
        certain = path.curve.fitted.spec.is_discrete
        view = VIEWS[path.curve.params["mi_target"]]
        display = cls(figures, entropy=_entropy(labels), view=view, certain=certain)
        return display.plot(ax=ax) if plot else display

    @classmethod
    def from_estimator(
        cls,
        estimator: MIDebiasedClassifier,
        y: Any,
        *,
        ax: Any = None,
        plot: bool = True,
    ) -> "InformationPlaneDisplay":
        """Draw a training, one point for each epoch.

        Parameters
        ----------
        estimator : MIDebiasedClassifier
            Fitted with sensitive features and ``lambda_mi`` above 0, without
            ``class_weight``.
        y : array-like of shape (n_samples,)
            The labels of the fit, whose entropy is that of the rows held out of it.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : InformationPlaneDisplay

        Raises
        ------
        ValueError
            If the fit measured neither or only one of both on held-out rows.
        """
        check_is_fitted(estimator)
        epochs = estimator.history_
        if estimator.class_weight is not None:
            raise ValueError(
                "With class_weight the task loss is of other rows than there are; "
                "expected class_weight=None."
            )
        if not estimator.lambda_mi or "valid_mi" not in epochs[-1]:
            raise ValueError(
                "The fit measured nothing on held-out rows; expected "
                "validation_fraction > 0, sensitive_features and lambda_mi > 0."
            )
        y = read_target(y, len(y), cls.__name__)
        entropy = _entropy(np.searchsorted(estimator.classes_, y))
        figures = pd.DataFrame(
            {
                "mi_sensitive": np.maximum(0.0, epochs[:, "valid_mi"]),
                "mi_target": np.maximum(
                    0.0, entropy - np.array(epochs[:, "valid_task_loss"])
                ),
            },
            index=pd.Index(epochs[:, "epoch"], name="epoch"),
        )
        display = cls(figures, entropy=entropy, view=VIEWS[estimator.mi_target])
        return display.plot(ax=ax) if plot else display

    def _frame(self) -> pd.DataFrame:
        return self.figures

    def plot(self, ax: Any = None) -> "InformationPlaneDisplay":
        """Draw the points, joined in their order.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : InformationPlaneDisplay
            This one.
        """
        ax = new_axes(ax, height=4.6)
        of_s, of_y = self.figures["mi_sensitive"], self.figures["mi_target"]
        ax.plot(of_s, of_y, "-", color=COLORS[0], lw=1, alpha=0.4)
        ax.plot(of_s, of_y, "o", color=COLORS[0], ms=4)
        named = np.linspace(0, len(of_s) - 1, min(MAX_NAMED, len(of_s)), dtype=int)
        name = {"lambda_mi": "λ"}.get(str(self.figures.index.name), "epoch")
        for i in named:
            ax.annotate(
                f"{name} = {self.figures.index[i]:.2g}",
                (of_s.iloc[i], of_y.iloc[i]),
                xytext=LABEL_OFFSET,
                textcoords="offset points",
                fontsize="small",
                color=COLORS[0],
            )
        label = f"all there is to tell of y: {self.entropy:.2f} nats"
        ax.axhline(self.entropy, ls=":", lw=1, color=INK, label=label)
        unit = "in nats" if self.certain else "in nats, at least"
        ax.set(
            xlabel=f"what {self.view} tells of S, {unit}",
            ylabel=f"what z tells of y, {unit}",
        )
        ax.margins(x=0.12)  # for the labels
        ax.set_xlim(left=0)
        ax.set_ylim(bottom=0)
        ax.grid(alpha=0.25)
        ax.legend(fontsize="small", loc="lower right")
        return self._drawn(ax)


def _of_target(
    path: LambdaPath, lambda_mi: float, table: Any, labels: NDArray
) -> float:
    """I(Z; Y) in nats at one lambda: counted of codes, else bounded by the head."""
    model = path.curve.at(lambda_mi)
    if path.curve.fitted.spec.is_discrete:
        return corrected_information(count_table(model._codes(table), labels))
    classes = np.arange(len(path.classes_))
    lost = log_loss(labels, model.predict_proba(table), labels=classes)
    return max(0.0, _entropy(labels) - float(lost))


def _entropy(labels: NDArray) -> float:
    share = np.bincount(labels) / len(labels)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())
