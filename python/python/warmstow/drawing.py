"""How the plots of all pages look, and how a figure becomes text.

Needs matplotlib (the extra ``report``).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["GRID", "INK", "LIMIT", "SOFT", "STYLE", "WIDTH_IN", "svg"]

INK, SOFT, GRID, LIMIT = "#1f2933", "#616e7c", "#e4e7eb", "#c53030"
WIDTH_IN = 9.2

# Typed loosely: matplotlib's type lists every parameter, in newer versions only.
STYLE: Any = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.edgecolor": "#9aa5b1",
    "axes.labelcolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "text.color": INK,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def svg(figure: Figure, name: str) -> str:
    """The figure as an SVG element for use inside a page."""
    text = io.StringIO()
    # The salt keeps ids apart where several pictures share a page.
    with rc_context({"svg.hashsalt": f"warmstow-{name}"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :]
