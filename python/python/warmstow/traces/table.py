"""A csv file as checked columns, with the line of every fault.

Numbers are read by numpy a column at a time; only where that fails is the
column walked again to find the line, so a good file costs one pass.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from warmstow.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Table", "fast_numbers", "parse_number", "parse_whole", "read_table", "shown"]

_DIGITS = 20
"""As many as the largest number of 64 bits has."""
_SHOWN = 40
"""Characters of an offending value that a message repeats."""


def shown(value: object) -> str:
    """``value`` as a message repeats it: quoted, and cut where it is long."""
    text = str(value)
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def parse_number(text: str) -> float | None:
    """``text`` as a number, or ``None``; digits are those of ASCII, and
    Python's ``1_000`` is no number."""
    if "_" in text or not text.isascii():
        return None
    try:
        return float(text)
    except ValueError:
        return None


def parse_whole(text: str) -> int | None:
    """``text`` as a whole number from 0 of at most 20 digits, or ``None``."""
    # Python refuses to convert thousands of digits, with an error of its own.
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS:
        return None
    return int(text)


def fast_numbers(cells: list[str]) -> NDArray[np.float64] | None:
    """All ``cells`` as numbers, or ``None`` where one may be none."""
    # numpy reads Python's 1_000 as a number, and any alphabet's digits.
    text = "".join(cells)
    if "_" in text or not text.isascii():
        return None
    try:
        return np.array(cells, dtype=np.str_).astype(np.float64)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a csv file below its header, all as long as the header."""

    path: Path
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    """The line in the file at which each row ends, from 1."""

    def fault(self, row: int, problem: str) -> TraceError:
        """The error of a fault in ``row``, counted from 0."""
        return TraceError(self.path, self.lines[row], problem)

    def require(self, columns: Sequence[str]) -> None:
        """Raise unless the header has each of ``columns``."""
        for column in columns:
            if column not in self.header:
                raise TraceError(
                    self.path,
                    1,
                    f"column {column!r} is missing; needs {', '.join(columns)}, "
                    f"has {shown(','.join(self.header))}",
                )

    def text(self, column: str) -> list[str]:
        """A column as it stands; an empty cell is a fault."""
        at = self.header.index(column)
        values = [row[at].strip() for row in self.rows]
        for row, value in enumerate(values):
            if not value:
                raise self.fault(row, f"{column} is empty")
        return values

    def numbers(self, column: str, *, maximum: float) -> NDArray[np.float64]:
        """A column of numbers between 0 and ``maximum``."""
        at = self.header.index(column)
        cells = [row[at] for row in self.rows]
        values = fast_numbers(cells)
        if values is not None and bool(np.all((values >= 0) & (values <= maximum))):
            return values
        return np.array(
            [self.number(row, column, cell, maximum=maximum) for row, cell in enumerate(cells)]
        )

    def number(self, row: int, column: str, cell: str, *, maximum: float) -> float:
        """One number between 0 and ``maximum``."""
        value = parse_number(cell)
        if value is None:
            raise self.fault(row, f"{column} is {shown(cell)}, not a number")
        if math.isnan(value):
            raise self.fault(row, f"{column} is {shown(cell)}, which is not a number (NaN)")
        if value < 0:
            raise self.fault(row, f"{column} is {shown(cell)}, below the least, 0")
        if value > maximum:
            raise self.fault(row, f"{column} is {shown(cell)}, above the limit, {maximum:.12g}")
        return value

    def unique(self, column: str) -> dict[str, int]:
        """The row of each value of a column; a value that comes twice is a fault."""
        position: dict[str, int] = {}
        for row, value in enumerate(self.text(column)):
            first = position.setdefault(value, row)
            if first != row:
                raise self.fault(
                    row, f"{column} {shown(value)} is already on line {self.lines[first]}"
                )
        return position


def read_table(path: Path) -> Table:
    """Read a csv file with a header, UTF-8, blank lines skipped.

    Raises:
        TraceError: no such file, not text, a NUL character, empty, no row
            below the header, a column named twice, or a row that is not as
            long as the header.
    """
    rows, lines = _read_rows(path)
    if not rows:
        raise TraceError(path, None, "the file is empty; needs a header and at least one row")
    header = tuple(name.strip() for name in rows.pop(0))
    first = lines.pop(0)
    for name in header:
        if header.count(name) > 1:
            raise TraceError(path, first, f"column {shown(name)} is named twice")
    if not rows:
        raise TraceError(path, first, "there is no row below the header; needs at least one")
    for at, row in enumerate(rows):
        if len(row) != len(header):
            raise TraceError(
                path, lines[at], f"the row has {len(row)} columns, the header {len(header)}"
            )
    return Table(path, header, rows, lines)


def _read_rows(path: Path) -> tuple[list[list[str]], list[int]]:
    """The rows of a csv file that are not blank, and the line of each."""
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                # C and numpy end text there, so names could be confused.
                if "\0" in "".join(row):
                    raise TraceError(path, reader.line_num, "holds a NUL character")
                if row:
                    rows.append(row)
                    lines.append(reader.line_num)
    except FileNotFoundError as error:
        raise TraceError(path, None, "no such file") from error
    except OSError as error:
        raise TraceError(path, None, f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise TraceError(path, None, f"is not UTF-8 text (byte {error.start})") from error
    except csv.Error as error:
        raise TraceError(path, reader.line_num, f"is not csv: {error}") from error
    return rows, lines
