"""The values of the command line's options, each read by one type here."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warmstow import _warmstow
from warmstow.arguments import WHOLE_MAX
from warmstow.errors import ConfigError
from warmstow.settings import CPU_UNITS_PER_VCPU, NodeSpec
from warmstow.traces.table import parse_number, parse_whole, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "ASSIGNMENT",
    "BOUND",
    "COUNT",
    "DISTRIBUTION",
    "FOLDER",
    "KEEP_ALIVE",
    "NODES",
    "SEED",
    "SHARE",
    "TIMEOUT",
    "Command",
    "by_function",
    "seed",
]

_UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_TIME = re.compile(r"(?P<number>[^a-z]+|[^a-z]*e[+-]?\d+)(?P<unit>ms|s|m|h)?")
_TIME_MAX_S = 1e9
_SHORTEST_S = 1e-9
_ZONES_MAX = 64
_NODES_MAX = 1_000_000
_PREFIX_MIN = 4
"""Shortest beginning of a function's name that stands for it."""


def seed(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option ``--seed`` of every command that draws at random."""
    return click.option(
        "--seed",
        type=SEED,
        default=0,
        show_default=True,
        help="Seed of all that is drawn at random.",
    )(command)


class Command(click.Command):
    """A command that refuses an option given twice, where only one can hold."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments as click does, once no option comes twice."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        single = [
            given
            for given in order
            if isinstance(given, click.Option) and not (given.multiple or given.is_flag)
        ]
        for at, given in enumerate(single):
            if given in single[:at]:
                raise click.UsageError(f"{given.opts[0]} is given twice", ctx)
        return super().parse_args(ctx, args)


class _Whole(click.ParamType[int]):
    """A whole number."""

    name = "integer"

    def __init__(self, most: int) -> None:
        self._most = most

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        return value if isinstance(value, int) else _whole("", value, 0, self._most, param, ctx)


def _whole(what: str, text: str, least: int, most: int, param: Any, ctx: Any) -> int:
    """``text``, which is the part ``what`` of an option's value, as a count."""
    number = parse_whole(text)
    if number is None or not least <= number <= most:
        subject = f"{what} is {shown(text)}, not" if what else f"{shown(text)} is not"
        raise click.BadParameter(f"{subject} a whole number from {least} to {most}", ctx, param)
    return number


class _Folder(click.ParamType[Path]):
    """A folder that may not be there yet."""

    name = "folder"

    def convert(self, value: Any, param: Any, ctx: Any) -> Path:
        if value == "":
            self.fail("'' names no folder", param, ctx)
        return Path(value)


class _Time(click.ParamType[float]):
    """A length of time in seconds: ``600s``, ``10m``, ``1h``, ``250ms``, ``30``."""

    name = "time"

    def __init__(self, *, zero: bool) -> None:
        self._zero = zero

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        if isinstance(value, float):
            return value
        match = _TIME.fullmatch(value.strip())
        number = parse_number(match["number"]) if match else None
        if match is None or number is None:
            self.fail(f"{value!r} is no time; give a number and a unit, ms, s, m or h", param, ctx)
        seconds = number * _UNITS[match["unit"] or "s"]
        if seconds < _SHORTEST_S and not self._zero:
            self.fail(f"{value!r} is no time above 0; leave the option out for none", param, ctx)
        if not 0 <= seconds <= _TIME_MAX_S:
            self.fail(f"{value!r} is not between 0 and {_TIME_MAX_S:g} s", param, ctx)
        return seconds


_POLICIES = "fixed:TIME, histogram, greedy-dual, lru, lru:TIME, adaptive or adaptive:GB_SECONDS"


class _KeepAlive(click.ParamType[float | str]):
    """A keep-alive policy. Gives the seconds of ``fixed:TIME``, else its text."""

    name = "policy"

    def convert(self, value: Any, param: Any, ctx: Any) -> float | str:
        if isinstance(value, float):
            return value
        policy, colon, rest = value.partition(":")
        if policy == "fixed" and colon:
            return _TIME_FROM_0.convert(rest, param, ctx)
        if policy not in ("histogram", "greedy-dual", "lru", "adaptive"):
            self.fail(f"{value!r} is unknown; give {_POLICIES}", param, ctx)
        try:
            return _warmstow.check_keep_alive(value)
        except ConfigError as error:
            self.fail(str(error), param, ctx)


class _Share(click.ParamType[float]):
    """A share from 0 to 1."""

    name = "share"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        number = value if isinstance(value, float) else parse_number(value)
        # Written so that not-a-number fails too.
        if number is None or not 0 <= number <= 1:
            self.fail(f"{value!r} is not a number from 0 to 1", param, ctx)
        return number


class _Distribution(click.ParamType[str]):
    """A distribution of seconds, checked and passed on as text."""

    name = "distribution"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        try:
            _warmstow.check_distribution(value)
        except ConfigError as error:
            self.fail(str(error), param, ctx)
        return str(value)


class _Nodes(click.ParamType[tuple[NodeSpec, ...]]):
    """Equal nodes: ``N:CPU:MEM[:ZONES]``, vCPU and MiB; zones in turn."""

    name = "n:cpu:mem[:zones]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[NodeSpec, ...]:
        if isinstance(value, tuple):
            return value
        parts = value.split(":")
        if len(parts) not in (3, 4):
            self.fail(f"{value!r} is not N:CPU:MEM or N:CPU:MEM:ZONES", param, ctx)
        count = _whole("N", parts[0], 1, _NODES_MAX, param, ctx)
        memory_mib = _whole("MEM", parts[2], 1, 2**24 - 1, param, ctx)
        zones = _whole("ZONES", parts[3], 1, _ZONES_MAX, param, ctx) if len(parts) == 4 else 1
        vcpu = parse_number(parts[1])
        most = (2**24 - 1) // CPU_UNITS_PER_VCPU
        if vcpu is None or not 1 / CPU_UNITS_PER_VCPU <= vcpu <= most:
            self.fail(f"CPU is {parts[1]!r}, not a number of vCPU up to {most}", param, ctx)
        cpu_units = math.floor(vcpu * CPU_UNITS_PER_VCPU)
        return tuple(NodeSpec(cpu_units, memory_mib, at % zones) for at in range(count))


class _Assignment(click.ParamType[tuple[str, int]]):
    """``F=N``: a function and a count from ``least``. With ``all_``, ``N``
    alone is for all."""

    name = "f=n"

    def __init__(self, *, all_: bool, least: int) -> None:
        self._all = all_
        self._least = least

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        function, equals, text = value.rpartition("=")
        if not (equals and function) and not (self._all and not equals):
            form = "F=N or N" if self._all else "F=N"
            self.fail(f"{value!r} is not {form}", param, ctx)
        what = f"N of function {shown(function)}" if function else ""
        return function, _whole(what, text, self._least, WHOLE_MAX, param, ctx)


COUNT = _Whole(WHOLE_MAX)
SEED = _Whole(2**64 - 1)
FOLDER = _Folder()
TIMEOUT = _Time(zero=False)
_TIME_FROM_0 = _Time(zero=True)
KEEP_ALIVE = _KeepAlive()
SHARE = _Share()
DISTRIBUTION = _Distribution()
NODES = _Nodes()
ASSIGNMENT = _Assignment(all_=False, least=0)
BOUND = _Assignment(all_=True, least=1)


def by_function(
    option: str, assignments: Sequence[tuple[str, int]], names: Sequence[str]
) -> tuple[dict[str, int], int | None]:
    """Counts by the full name of the function, and the count for all others.

    A function may be written by its whole name or by a beginning of at least
    four characters that no other function shares.
    """
    counts: dict[str, int] = {}
    others: int | None = None
    for written, count in assignments:
        if not written:
            if others is not None:
                raise click.BadParameter(
                    "a count for all functions is given twice", param_hint=option
                )
            others = count
            continue
        name = _resolve(option, written, names)
        if name in counts:
            raise click.BadParameter(f"function {written!r} is given twice", param_hint=option)
        counts[name] = count
    return counts, others


def bounds(
    counts: Mapping[str, int], others: int | None, names: Sequence[str]
) -> int | Mapping[str, int] | None:
    """The same as one value, as :class:`warmstow.Settings` takes it."""
    if not counts:
        return others
    if others is None:
        return counts
    return {name: counts.get(name, others) for name in names}


def _resolve(option: str, written: str, names: Sequence[str]) -> str:
    """The one function that ``written`` means."""
    if written in names:
        return written
    matches = [name for name in names if name.startswith(written)]
    if len(matches) == 1 and len(written) >= _PREFIX_MIN:
        return matches[0]
    if len(matches) > 1:
        problem = f"{written!r} begins the names of {len(matches)} functions"
    else:
        problem = f"the trace has no function {written!r}"
    raise click.BadParameter(problem, param_hint=option)
