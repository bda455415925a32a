"""``warmstow ecs``: calls of Amazon ECS against a model of it.

The state file is a journal of the calls, each with its time. It is played
again from the start by every command, which gives the same state each time.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from warmstow._warmstow import Ecs, ecs_operations
from warmstow.errors import ApiError, ConfigError

__all__ = ["ecs"]

_SKELETONS = dict(ecs_operations())
_READS = ("list-", "describe-", "get-")
_STRUCTURED = ("{", "[", "file://")


@click.group(cls=click.Group, short_help="Amazon ECS's commands, against a model of it.")
def ecs() -> None:
    """Run Amazon ECS's commands against a model of it.

    Options have aws's names: --cluster, --task-definition, --count and so on.
    Lists are given as words after the option or as JSON, structures as JSON.
    """


def _words_after(arguments: list[str]) -> dict[str, list[str]]:
    """The words after each option."""
    given: dict[str, list[str]] = {}
    name = None
    for word in arguments:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if name in given:
                raise click.UsageError(f"--{name} is given twice")
            given[name] = [value] if equals else []
        elif name is None:
            raise click.UsageError(f"unexpected argument {word!r}")
        else:
            given[name].append(word)
    return given


def _camel(name: str) -> str:
    first, *rest = name.split("-")
    return first + "".join(part.capitalize() for part in rest)


def _from_json(text: str, option: str) -> Any:
    if text.startswith("file://"):
        path = Path(text.removeprefix("file://"))
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{option}: cannot read {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{option}: cannot read {path}: it is not UTF-8 text") from None
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{option} is not JSON: {error}") from None


def _value(name: str, words: list[str], example: Any) -> Any:
    """What was written after an option, as the request has it."""
    if not words:
        return True
    if isinstance(example, list):
        return _list(f"--{name}", words)
    if len(words) > 1:
        raise click.UsageError(f"--{name} takes one value, not {len(words)}")
    return _one(f"--{name}", words[0], example)


def _list(option: str, words: list[str]) -> list[Any]:
    if not words[0].startswith(_STRUCTURED):
        return list(words)
    values = [_from_json(word, option) for word in words]
    if len(values) == 1 and isinstance(values[0], list):
        return values[0]
    return values


def _one(option: str, word: str, example: Any) -> Any:
    if isinstance(example, str):
        # A document inside the request is a text, even where it is JSON.
        return word
    if word.startswith(_STRUCTURED) or isinstance(example, dict):
        return _from_json(word, option)
    if isinstance(example, bool):
        return _from_json(word, option)
    try:
        return int(word)
    except ValueError:
        raise click.UsageError(f"{option}: {word!r} is not a whole number") from None


def _request(operation: str, arguments: list[str]) -> dict[str, Any]:
    """The request that the options make."""
    example: dict[str, Any] = json.loads(_SKELETONS[operation])
    given = _words_after(arguments)
    request: dict[str, Any] = {}
    if base := given.pop("cli-input-json", None):
        loaded = _from_json(" ".join(base), "--cli-input-json")
        if not isinstance(loaded, dict):
            raise ConfigError("--cli-input-json is not a JSON object")
        request.update(loaded)
    for name, words in given.items():
        if name.startswith("no-") and not words:
            request[_camel(name.removeprefix("no-"))] = False
            continue
        key = _camel(name)
        if key == "serviceName" and key not in example and "service" in example:
            # ``update-service --service-name NAME``, as older guides have it.
            key = "service"
        if key not in example and f"{key}s" in example:
            # ``describe-clusters --cluster NAME`` and ``list-tasks`` alike.
            key = f"{key}s"
        if key not in example:
            known = ", ".join(sorted(example)) or "none"
            raise click.UsageError(f"no option --{name} of {operation}; fields: {known}")
        request[key] = _value(name, words, example[key])
    return request


def _journal(state: Path | None) -> list[dict[str, Any]]:
    if state is None or not state.exists():
        return []
    try:
        lines = state.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise ConfigError(f"{state} is not a journal of calls: {error}") from None


def _replayed(state: Path | None) -> tuple[Ecs, int]:
    """The account after all calls of the journal, and the time of the last."""
    account, last = Ecs(), 0
    for entry in _journal(state):
        try:
            last = int(entry["now_ns"])
            operation, request = str(entry["operation"]), json.dumps(entry["request"])
        except (KeyError, TypeError, ValueError):
            raise ConfigError(f"{state} is not a journal of calls") from None
        account.call(operation, request, now_ns=last)
    return account, last


def _command(operation: str) -> click.Command:
    @click.command(
        operation,
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
        add_help_option=False,
        short_help="Fields: " + (", ".join(json.loads(_SKELETONS[operation])) or "none"),
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:
        words = list(arguments)
        if "--help" in words or "-h" in words:
            click.echo(f"Usage: warmstow ecs {operation} [--state FILE] [--now SECONDS]")
            click.echo("       [--cli-input-json JSON] [--generate-cli-skeleton] [OPTIONS]")
            click.echo(json.dumps(json.loads(_SKELETONS[operation]), indent=4))
            return
        if "--generate-cli-skeleton" in words:
            click.echo(json.dumps(json.loads(_SKELETONS[operation]), indent=4))
            return
        state, words = _option(words, "--state")
        now, words = _option(words, "--now")
        words = [word for word in words if word != "--json"]
        request = _request(operation, words)
        path = Path(state) if state else None
        account, last = _replayed(path)
        now_ns = _nanoseconds(now) if now else max(last, time.time_ns())
        try:
            answer = account.call(operation, json.dumps(request), now_ns=now_ns)
        except ApiError as error:
            message = f"An error occurred ({error.code}) when calling {operation}: {error}"
            raise ApiError(message, error.code) from None
        if path and not operation.startswith(_READS):
            entry = {"now_ns": now_ns, "operation": operation, "request": request}
            with path.open("a", encoding="utf-8") as journal:
                journal.write(json.dumps(entry) + "\n")
        click.echo(json.dumps(json.loads(answer), indent=4))

    return command


def _option(words: list[str], name: str) -> tuple[str | None, list[str]]:
    """The value of one option, and the words without it."""
    for at, word in enumerate(words):
        if word == name:
            if at + 1 == len(words):
                raise click.UsageError(f"{name} needs a value")
            return words[at + 1], words[:at] + words[at + 2 :]
        if word.startswith(name + "="):
            return word.partition("=")[2], words[:at] + words[at + 1 :]
    return None, words


def _nanoseconds(text: str) -> int:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1.8e10:
        raise click.UsageError(f"--now: {text!r} is not a number of seconds from 0 to 1.8e10")
    return round(seconds * 1e9)


for _name in _SKELETONS:
    ecs.add_command(_command(_name))
