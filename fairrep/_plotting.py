"""What the displays share."""

from typing import Any

# Of Okabe and Ito, told apart without colour vision; shapes tell the same again.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"]
MARKERS = ["o", "s", "D", "^", "v", "P"]
INK = "#333333"


def new_axes(ax: Any, height: float) -> Any:
    """`ax`, or the axes of a new figure that needs no display."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            'Pictures need matplotlib: pip install "fairrep[plot]".'
        ) from error
    _, ax = pyplot.subplots(figsize=(7, height), layout="constrained")
    return ax


class Display:
    """What the displays share: `ax_` and `figure_`, and where figures come from."""

    ax_: Any
    figure_: Any

    def _drawn(self, ax: Any) -> Any:
        ax.spines[["top", "right"]].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self
