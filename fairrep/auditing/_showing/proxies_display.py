"""ProxyDisplay draws the columns of X that tell S."""

from typing import Any

import numpy as np
import pandas as pd

from ..._utils.plotting import COLORS, INK, MARKERS, Display, new_axes


class ProxyDisplay(Display):
    """The columns of X that tell most of one attribute, as bars of nats.

    A bar is what a column tells alone; a mark, what it adds to the others.

    Parameters
    ----------
    table : DataFrame
        As in ``AuditReport.proxies``: one row a column, most first, with "mutual_info"
        and "share". Each further column of nats, such as "given_others", is drawn as
        marks.
    attribute : str
        Name of the sensitive column.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import pandas as pd
    >>> from fairrep.auditing import ProxyDisplay
    >>> table = pd.DataFrame({"mutual_info": [0.2], "share": [0.3]}, index=["job"])
    >>> ProxyDisplay(table, "sex").plot().ax_.get_xlabel()
    'mutual information with sex, in nats'
    """

    def __init__(self, table: pd.DataFrame, attribute: str) -> None:
        self.table = table
        self.attribute = attribute

    def _frame(self) -> Any:
        return self.table

    def plot(self, ax: Any = None, *, max_columns: int = 10) -> "ProxyDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        max_columns : int, default=10
            Columns to show, the strongest.

        Returns
        -------
        display : ProxyDisplay
            This one.
        """
        top = self.table.head(max_columns)
        ax = new_axes(ax, 1.2 + 0.35 * len(top))
        place = np.arange(len(top))
        ax.barh(place, top["mutual_info"], color=COLORS[0], height=0.6, label="alone")
        marked = top.drop(columns=["mutual_info", "share"])
        for i, (name, nats) in enumerate(marked.items()):
            ax.plot(
                nats.astype(float),
                place,
                MARKERS[1 + i % (len(MARKERS) - 1)],
                color=COLORS[1 + i % (len(COLORS) - 1)],
                mec=INK,
                mew=0.5,
                zorder=3,
                clip_on=False,  # whole at 0 too
                label=str(name).replace("_", " "),
            )
        for y, most, share in zip(
            place, top.drop(columns="share").max(axis=1), top["share"], strict=True
        ):
            ax.annotate(
                f"{share:.0%} of H(S)",
                (most, y),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
            )
        if len(marked.columns):
            ax.legend(loc="lower right", fontsize="small")
        ax.set_yticks(place, [str(name) for name in top.index])
        ax.set_ylim(len(top) - 0.4, -0.6)
        ax.margins(x=0.2)
        ax.set_xlabel(f"mutual information with {self.attribute}, in nats")
        return self._drawn(ax)
