"""ChangesDisplay draws the selection rates of groups before and after."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..._utils.plotting import COLORS, MARKERS, Display, new_axes
from .._measuring.rates.groups import GroupFigures


class ChangesDisplay(Display):
    """The selection rate of each group under several models, a line of dots a group.

    Parameters
    ----------
    figures : list of GroupFigures
        Of one class and attribute, for each model.
    models : list of str
        Their names.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    """

    def __init__(self, figures: Sequence[GroupFigures], models: Sequence[str]) -> None:
        self.figures = figures
        self.models = models

    def _frame(self) -> Any:
        return pd.concat(
            {
                name: figures.value["selection_rate"]
                for name, figures in zip(self.models, self.figures, strict=True)
            },
            axis=1,
        )

    def plot(self, ax: Any = None) -> "ChangesDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        display : ChangesDisplay
            This one.
        """
        groups = self.figures[0].groups
        ax = new_axes(ax, 1.4 + 0.42 * len(groups))
        rates = np.array([f.value.loc[groups, "selection_rate"] for f in self.figures])
        place = np.arange(len(groups))
        ax.hlines(place, rates.min(axis=0), rates.max(axis=0), color="0.6", linewidth=1)
        for i, (model, of_model) in enumerate(zip(self.models, rates, strict=True)):
            color, marker = COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]
            ax.plot(of_model, place, marker, color=color, label=model, markersize=8)
        ax.set_yticks(place, [self.figures[0].labels[group] for group in groups])
        ax.set_ylim(len(groups) - 0.5, -0.5)
        ax.set_xlim(left=0)
        ax.set_xlabel(f"share predicted {self.figures[0].pos_label!r}")
        ax.grid(axis="x", alpha=0.3)
        ax.legend(
            loc="lower right", bbox_to_anchor=(1, 1), ncols=min(3, len(self.models)),
            frameon=False,
        )  # fmt: skip
        return self._drawn(ax)
