"""The ``warmstow`` command.

Exit status: 0 done, 1 ran and found the answer "no", 2 bad usage or input
(one line on standard error says what, and nothing was written), 130
interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import click

from warmstow import __version__
from warmstow.cli.check import check
from warmstow.cli.consolidate import consolidate
from warmstow.cli.demo import demo
from warmstow.cli.ecs import ecs
from warmstow.cli.explain import explain
from warmstow.cli.pack import pack
from warmstow.cli.replay import replay
from warmstow.cli.simulate import simulate
from warmstow.errors import WarmstowError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "run"]

_BAD_INPUT = 2
_INTERRUPTED = 130
"""What a shell reports for a program that an interrupt ended."""


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=False,
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="warmstow")
@click.pass_context
def cli(context: click.Context) -> None:
    """Schedule functions: warm pools, concurrency limits, placement."""
    if context.invoked_subcommand is None:
        raise click.UsageError("missing command; see warmstow --help")


cli.add_command(replay)
cli.add_command(explain)
cli.add_command(simulate)
cli.add_command(pack)
cli.add_command(consolidate)
cli.add_command(demo)
cli.add_command(ecs)
cli.add_command(check)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    ``arguments`` are those after the program's name; ``None`` takes the
    process's own.
    """
    try:
        status = _dispatch(sys.argv[1:] if arguments is None else list(arguments))
        # What cannot be written must be found here, not when Python exits.
        sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        return _complain("interrupted", _INTERRUPTED)
    except click.ClickException as error:
        return _complain(error.format_message(), _BAD_INPUT)
    except WarmstowError as error:
        return _complain(str(error), _BAD_INPUT)
    except BrokenPipeError:
        # The reader has gone, and wants no more.
        _drop_output()
        return 0
    except OSError as error:
        _drop_output()
        return _complain(f"cannot write: {error.strerror or error}", _BAD_INPUT)
    return status


def run() -> None:
    """The console script: run, then leave with the status."""
    for stream in (sys.stdout, sys.stderr):
        # A name with letters that the terminal lacks is no reason to stop.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())


def _dispatch(arguments: list[str]) -> int:
    """Run the command; its exit status. Like click's own ``main``, but that
    a reader that has gone is left to the caller."""
    try:
        with cli.make_context("warmstow", arguments) as context:
            cli.invoke(context)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    return 0


def _drop_output() -> None:
    """What Python still holds for standard output, and writes out at exit,
    must not make it complain again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def _complain(problem: str, status: int) -> int:
    """One line on standard error."""
    click.echo(f"warmstow: error: {' '.join(problem.split())}", err=True)
    return status
