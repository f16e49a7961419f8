"""Displays become SVG inside a page, in its colours, light or dark."""

import re
from io import StringIO
from typing import Any

from ..._utils.plotting import COLORS, INK
from .._showing.groups_display import GroupsDisplay
from .._showing.leakage_display import LeakageDisplay
from .._showing.proxies_display import ProxyDisplay


class Pictures:
    """Draws the pictures of one page, no two of which have an id in common."""

    def __init__(self) -> None:
        self.n_drawn = 0

    def draw(self, display: Any, alt: str) -> dict[str, str]:
        """The picture as "svg", and what it shows in words as "alt"."""
        import matplotlib as mpl
        from matplotlib.figure import Figure

        self.n_drawn += 1
        settings = {
            "svg.fonttype": "none",
            "svg.hashsalt": f"fairrep-{self.n_drawn}",
            "font.family": "sans-serif",
            "text.color": INK,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            # Names of groups and columns are text, not mathematics.
            "text.parse_math": False,
        }
        with mpl.rc_context(settings):
            figure = Figure(figsize=(7.2, _height(display)), layout="constrained")
            display.plot(ax=figure.subplots())
            file = StringIO()
            figure.savefig(
                file, format="svg", transparent=True, metadata={"Date": None}
            )
        return {"svg": _for_page(file.getvalue()), "alt": alt}


def _height(display: Any) -> float:
    if isinstance(display, GroupsDisplay):
        return 1.3 + 0.42 * len(display.figures.value)
    if isinstance(display, LeakageDisplay):
        n_marks = 1 + len(display.views[0].references)
        return 1.1 + 0.5 * (len(display.views) + n_marks)
    if isinstance(display, ProxyDisplay):
        return 1.1 + 0.33 * min(10, len(display.table))
    return 4.2


def _for_page(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # the same in every picture
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    # The picture beside it is named in the page: a screen reader shall not spell this.
    svg = svg.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)
    svg = re.sub(r"font: [\d.]+px [^;\"]*", lambda m: _font(m.group()), svg)
    for i, color in enumerate(COLORS):
        svg = re.sub(color, f"var(--series-{i + 1})", svg, flags=re.IGNORECASE)
    return re.sub(INK, "currentColor", svg, flags=re.IGNORECASE)


def _font(style: str) -> str:
    size = style.split()[1]
    return f"font: {size} system-ui, sans-serif"
