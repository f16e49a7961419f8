"""What the displays share, and pictures as files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .._version import __version__
from .files import check_writable, replacing

# Of Okabe and Ito, told apart without colour vision; shapes tell the same again.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"]
MARKERS = ["o", "s", "D", "^", "v", "P"]
INK = "#333333"


def new_axes(ax: Any, height: float) -> Any:
    """Return `ax`, or the axes of a new figure that needs no display."""
    if ax is not None:
        return ax
    with _needs_matplotlib():
        from matplotlib import pyplot
    _, ax = pyplot.subplots(figsize=(7, height), layout="constrained")
    return ax


def new_figure(**options: Any) -> Any:
    """A figure that no window or global state knows of."""
    with _needs_matplotlib():
        from matplotlib.figure import Figure
    return Figure(**options)


@contextmanager
def _needs_matplotlib() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ImportError(
            'Pictures need matplotlib: pip install "fairrep[plot]".'
        ) from error


def check_picture(path: Path) -> None:
    """Find out now, not after the work, that the picture cannot be written."""
    formats = new_figure().canvas.get_supported_filetypes()
    check_writable(path)
    if _format(path) not in formats:
        raise ValueError(
            f"cannot write {path}: expected a name that ends in one of "
            f"{', '.join(sorted(formats))}"
        )


def save_picture(figure: Any, path: Path, *, dpi: int) -> None:
    """Write it in the format that the ending says, PNG without one."""
    with replacing(path) as file:
        # By which the next run knows that it may replace the picture.
        key = {"png": "Software", "svg": "Creator", "pdf": "Creator"}.get(_format(path))
        metadata = {key: f"made by fairrep {__version__}"} if key else None
        figure.savefig(file, format=_format(path), dpi=dpi, metadata=metadata)
    print(f"Picture: {path}")


def _format(path: Path) -> str:
    return path.suffix[1:].lower() or "png"


class Display:
    """What the displays share: `ax_` and `figure_`, and where figures come from."""

    ax_: Any
    figure_: Any

    def _frame(self) -> Any:
        """The figures that are drawn, as a DataFrame."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        """The figures in a notebook, which shows the picture by itself."""
        table: str = self._frame().to_html(
            float_format="{:.3f}".format, na_rep="-", border=0
        )
        return table

    def _drawn(self, ax: Any) -> Any:
        ax.spines[["top", "right"]].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self
