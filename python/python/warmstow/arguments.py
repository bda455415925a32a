"""Checks of what callers pass: each refusal names the argument and the value."""

from __future__ import annotations

import operator

from warmstow.errors import ConfigError

__all__ = ["WHOLE_MAX", "refusal", "whole"]

WHOLE_MAX = 2**32 - 1
"""The largest count that the core takes."""

_SHOWN = 60
"""Characters of an offending value that a message repeats."""


def refusal(name: str, value: object, needs: str) -> ConfigError:
    """The error for an argument ``name`` that is not what it ``needs`` to be."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - whatever it raises, the message must not
        text = f"a {type(value).__name__}"
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return ConfigError(f"{name} is {text}: needs {needs}")


def whole(name: str, value: object) -> int:
    """``value`` as a whole number that the core takes.

    Raises:
        ConfigError: it is no whole number from 0 to :data:`WHOLE_MAX`.
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if not 0 <= number <= WHOLE_MAX:
        raise refusal(name, value, f"a whole number from 0 to {WHOLE_MAX}")
    return number
