"""A progress bar on standard error."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["bar"]


@contextmanager
def bar(label: str, *, always: bool = False) -> Iterator[Callable[[float], None]]:
    """Show a bar while the block runs; call what it gives with the share done.

    Where standard error is no terminal nothing is shown, but with ``always``
    the finished bar is.
    """
    console = Console(stderr=True)
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=40),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not (console.is_terminal or always),
    )
    with progress:
        task = progress.add_task(label, total=1.0)
        yield lambda done: progress.update(task, completed=done)
