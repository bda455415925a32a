"""A settings file, TOML or JSON, as a replay takes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmstow import _warmstow
from warmstow.errors import ConfigError
from warmstow.settings import NodeSpec, Settings

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from warmstow.workload import Workload

__all__ = ["read_settings"]


def read_settings(path: str | os.PathLike[str], workload: Workload) -> Settings:
    """What the settings file ``path`` says, for a replay of ``workload``.

    The file is the one that :class:`~warmstow.Region`, C and Rust hosts open, and
    that ``warmstow check`` looks at. Functions that the workload lacks are passed
    over, and those that the file lacks have the defaults of :class:`Settings`.
    Memory and CPU of an instance are the workload's. A replay has one ``pick``,
    one ``instance_concurrency`` and one ``timeout_s`` for all functions, so the
    file must not give different ones. Networks and roles do not matter in a
    replay, how long cold starts take is drawn, and what is provisioned is there
    from the start.

    Raises:
        ConfigError: the file cannot be read, or names what cannot be, by line and
            key; or its functions differ where a replay has one value.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8") from error
    try:
        said = _warmstow.read_settings(text)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    known = {function.name for function in workload.functions}
    functions = {name: of for name, of in said["functions"].items() if name in known}
    reserved = {name: of["reserved_concurrency"] for name, of in functions.items()}
    provisioned = {name: of["provisioned_concurrency"] for name, of in functions.items()}
    return Settings(
        seed=said["seed"],
        account_limit=said["account_limit"],
        unreserved_minimum=said["unreserved_minimum"],
        requests_per_concurrency=said["requests_per_concurrency"],
        scaling_rate=said["scaling_rate"],
        strategy=said["strategy"],
        nodes=tuple(NodeSpec(cpu, memory, zone) for cpu, memory, zone in said["nodes"]),
        reserved={name: count for name, count in reserved.items() if count is not None},
        provisioned={name: count for name, count in provisioned.items() if count},
        max_instances={name: of["max_instances"] for name, of in functions.items()} or None,
        keep_alive={
            name: of["keep_alive"] or f"fixed:{of['keep_alive_s']:.9f}s"
            for name, of in functions.items()
        }
        or None,
        timeout_s=_one(path, functions, "timeout_s", None),
        pick=_one(path, functions, "pick", "packed"),
        instance_concurrency=_one(path, functions, "instance_concurrency", 1),
    )


def _one(
    path: str | os.PathLike[str], functions: Mapping[str, Mapping[str, Any]], key: str, default: Any
) -> Any:
    """The value that all functions have."""
    values = {of[key] for of in functions.values()}
    if len(values) > 1:
        both = ", ".join(sorted(str(value) for value in values))
        raise ConfigError(f"{path}: {key} is {both}: a replay has one for all functions")
    return values.pop() if values else default
