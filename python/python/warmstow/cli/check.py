"""``warmstow check``: whether a settings file builds a region, and which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warmstow import _warmstow
from warmstow.cli import options
from warmstow.errors import ConfigError
from warmstow.output import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check"]


@click.command(cls=options.Command, short_help="Check a settings file.")
@click.argument("settings", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option("--strict", is_flag=True, help="Exit with 1 where there are warnings.")
@click.pass_context
def check(context: click.Context, settings: Path, *, as_json: bool, strict: bool) -> None:
    """Read SETTINGS, TOML or JSON, and build the region that it describes.

    A fault is named with its line and key, and the exit status is 2. Warnings
    are of what works and is not wise, such as a network in one zone.
    """
    try:
        text = settings.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{settings}: {error.strerror or error}"
        raise click.ClickException(message) from error
    except UnicodeDecodeError as error:
        message = f"{settings}: not UTF-8"
        raise click.ClickException(message) from error
    try:
        said = _warmstow.read_settings(text)
    except ConfigError as error:
        message = f"{settings}: {error}"
        raise click.ClickException(message) from error
    if as_json:
        click.echo(json.dumps(said, indent=2))
    else:
        for line in _lines(said):
            click.echo(printable(line))
    if strict and said["warnings"]:
        context.exit(1)


def _lines(said: dict[str, Any]) -> Iterator[str]:
    functions = said["functions"]
    reserved = [function["reserved_concurrency"] for function in functions.values()]
    together = sum(number for number in reserved if number is not None)
    yield f"account limit {said['account_limit']}, {together} of it reserved"
    yield f"nodes         {len(said['nodes'])}, {said['strategy']}"
    yield f"functions     {len(functions)}"
    provisioned = sum(function["provisioned_concurrency"] for function in functions.values())
    if provisioned:
        yield f"provisioned   {provisioned}"
    kept = sorted({of["keep_alive"] for of in functions.values() if of["keep_alive"]})
    if kept:
        yield f"kept by       {', '.join(kept)}"
    yield from (f"warning: {warning}" for warning in said["warnings"])
