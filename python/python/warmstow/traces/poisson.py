"""The ``poisson:`` form: a synthetic workload written in one word.

``poisson:rate=0.9,warm=exp:1.991,cold=exp:2.244,duration=1e6``: arrivals a
second, the service time of warm and of cold requests, and how long requests
arrive, in seconds. ``cold`` may be left out. A distribution is ``exp:MEAN``,
``det:VALUE`` or ``lognormal:MEAN,CV``. The core reads it.
"""

from __future__ import annotations

from warmstow import _warmstow
from warmstow.errors import ConfigError, TraceError
from warmstow.workload import Poisson

__all__ = ["parse_poisson"]

_PREFIX = "poisson:"
_SHORTEST_S = 1e-9
"""The core counts in nanoseconds."""


def parse_poisson(text: str) -> Poisson:
    """Read the ``poisson:`` form.

    Raises:
        TraceError: an unknown, missing or repeated key, a value that is no
            number or out of range, or an unknown distribution.
    """
    if not text.startswith(_PREFIX):
        raise TraceError(text, None, f"does not start with {_PREFIX}")
    try:
        rate_per_s, warm, cold, duration_s = _warmstow.parse_poisson(text)
    except ConfigError as error:
        raise TraceError(text, None, str(error)) from error
    if duration_s < _SHORTEST_S:
        problem = f"duration is {duration_s:g} s: averages need time, at least {_SHORTEST_S:g} s"
        raise TraceError(text, None, problem)
    return Poisson(rate_per_s, warm, duration_s, cold)
