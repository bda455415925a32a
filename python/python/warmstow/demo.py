"""The demo: eight hours of real traffic under several keep-alive settings.

``python -m warmstow.demo``, or ``warmstow demo``, replays the Azure Functions
2019 sample of 100 functions that comes with the package on a small fleet with
an account limit that bites, prints what each setting costs and buys, and
writes a report page.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from warmstow.replaying import Replay
from warmstow.runs import Run
from warmstow.settings import NodeSpec, Settings
from warmstow.traces import read_azure2019

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from warmstow.workload import MinuteTrace

__all__ = ["ATTRIBUTION", "INTRODUCTION", "SHOWN", "demo_settings", "demo_trace", "run_demo"]

KEEP_ALIVE_MIN = (1, 2, 5, 10, 20, 60)
"""The settings that are replayed, minutes."""
SHOWN = (1, 10, 60)
"""Those of them that the table and the plots over time show, minutes."""

_STEP = 1 << 15
_SERIES_S = 1.0
"""Fine enough to see the bursts within a minute that reach the limit."""

INTRODUCTION = (
    "<p>The same eight hours of traffic to 100 functions of the Azure Functions trace 2019, "
    "replayed in virtual time through the scheduler&rsquo;s own pools, limits and placement, once "
    "for each time that an idle instance may be kept before it is stopped.</p>"
    "<p>Arrivals are drawn uniformly within the minute that the trace counts them in, durations "
    "from each function&rsquo;s percentiles and mean; the trace has no cold-start times, so those "
    "are assumed (see Configuration).</p>"
)
ATTRIBUTION = (
    "<p>Data: Azure Functions Trace 2019, "
    '<a href="https://github.com/Azure/AzurePublicDataset">Azure/AzurePublicDataset</a>, '
    '<a href="https://creativecommons.org/licenses/by/4.0/">CC-BY 4.0</a>; Shahrad et al., '
    "<i>Serverless in the Wild</i>, USENIX ATC 2020. Sampled to 100 functions and cut to "
    "08:00 to 16:00 by the authors of InVitro and Dirigent (EASL, ETH Z&uuml;rich).</p>"
)


def demo_trace() -> MinuteTrace:
    """The Azure Functions 2019 sample that comes with the package: 100
    functions, 339,657 requests in 8 hours. See the ATTRIBUTION.md beside it."""
    with as_file(files("warmstow") / "data" / "azure2019-100") as folder:
        return read_azure2019(folder)


def demo_settings(keep_alive_min: float, seed: int = 0) -> Settings:
    """The demo's fleet and limits under one keep-alive, minutes."""
    return Settings(
        seed=seed,
        account_limit=20,
        keep_alive_s=keep_alive_min * 60,
        nodes=[NodeSpec(cpu_units=2048, memory_mib=3072, zone=at % 3) for at in range(6)],
        strategy="binpack:memory",
        series_bucket_s=_SERIES_S,
    )


def run_demo(
    trace: MinuteTrace, seed: int, progress: Callable[[float], None]
) -> tuple[Sequence[Run], Sequence[Run]]:
    """Replay the trace under every setting.

    Returns the runs to show side by side, and all of them, by keep-alive.
    ``progress`` is called with the share of all the work that is done.
    """
    runs: list[Run] = []
    for minutes in KEEP_ALIVE_MIN:
        settings = demo_settings(minutes, seed)
        if minutes not in SHOWN:
            settings = replace(settings, series_bucket_s=None)
        replay = Replay(trace, settings)
        while replay.advance(_STEP):
            progress((len(runs) + replay.progress) / len(KEEP_ALIVE_MIN))
        runs.append(Run(f"{minutes} min", settings, replay.finish()))
    progress(1.0)
    labels = {f"{minutes} min" for minutes in SHOWN}
    return [run for run in runs if run.label in labels], runs


if __name__ == "__main__":
    # Imported here: the command line imports this module.
    from warmstow.cli import main

    sys.exit(main(["demo", *sys.argv[1:]]))
