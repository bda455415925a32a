"""What every report page has: its frame, cards of figures, plots."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from warmstow._warmstow import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Pictures", "cards", "page", "plots"]

Pictures = dict[str, tuple[str, str, str]]
"""Title, caption and SVG of each plot, by the name of its file."""


def page(
    title: str, introduction: str, parts: Iterable[str], *, given: str, attribution: str = ""
) -> str:
    """The whole page; a part may be empty.

    ``given`` says what, with the seed, gives the same figures again. It and
    ``title`` are text, all else is HTML.
    """
    css = (files("warmstow") / "data" / "report.css").read_text(encoding="utf-8")
    whole = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{css}</style></head><body><main>",
        f"<header><h1>{escape(title)}</h1>",
        introduction,
        "</header>",
        *parts,
        f"<footer>{attribution}<p>Written by warmstow {escape(__version__)}. The same "
        f"{escape(given)} and seed give the same figures, but for the wall time.</p></footer>",
        "</main></body></html>\n",
    ]
    return "\n".join(part for part in whole if part)


def cards(figures: Iterable[tuple[str, str]]) -> str:
    """The figures that a reader wants first, each with what it is."""
    boxes = (
        f'<div class="card"><b>{escape(figure)}</b><span>{escape(what)}</span></div>'
        for figure, what in figures
    )
    return f'<div class="cards">{"".join(boxes)}</div>'


def plots(pictures: Pictures) -> str:
    """A section for each plot."""
    return "\n".join(
        f"<section><h2>{escape(heading)}</h2><p>{escape(caption)}</p>"
        f'<figure role="img" aria-label="{escape(heading)}">{svg}</figure></section>'
        for heading, caption, svg in pictures.values()
    )
