"""Searches that a clock or a budget ends, with reports of progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Search", "search"]

_SLICE_S = 0.05
"""Seconds between two reports of progress."""


class Search(Protocol):
    """A search that goes on for as long as it is let."""

    def advance(self, work: int) -> bool:
        """Spend about so much work; whether more can be gained."""

    def run(self, time_s: float) -> bool:
        """Spend so many seconds; whether more can be gained."""


def search(
    of: Search, time_s: float, work: int | None, progress: Callable[[float], None] | None
) -> None:
    """Let ``of`` search for about ``work``, or else for ``time_s``."""
    if work is not None:
        of.advance(work)
        return
    spent = 0.0
    while of.run(min(_SLICE_S, time_s - spent)):
        spent += _SLICE_S
        if progress is not None:
            progress(min(spent / time_s, 1.0) if time_s > 0 else 1.0)
        if spent >= time_s:
            break
