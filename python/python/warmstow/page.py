"""The report page: one HTML file that needs nothing else, and its data.

Needs matplotlib (the extra ``report``). All files are written
to a folder of their own beside the target and moved there when complete, so
a failure leaves nothing half written.
"""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import tempfile
from collections import Counter
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmstow import markup
from warmstow.errors import ConfigError
from warmstow.output import count, duration, metrics, milliseconds, short_name
from warmstow.settings import CPU_UNITS_PER_VCPU, NodeSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from warmstow.markup import Pictures
    from warmstow.runs import Run
    from warmstow.settings import Settings

__all__ = ["PageTarget"]

_FUNCTIONS_SHOWN = 10
_DATA = "report.json"


class PageTarget:
    """A folder that a report page will be written to."""

    def __init__(self, folder: Path, *, page: str = "report.html") -> None:
        """Check, before anything is computed, that the page can be written.

        Raises:
            ConfigError: matplotlib is missing, the path is no folder, or no
                file can be made in it.
        """
        if importlib.util.find_spec("matplotlib") is None:
            raise ConfigError("the report needs matplotlib: pip install matplotlib")
        self._folder = folder.absolute()
        self._page = page
        try:
            above = next(path for path in (self._folder, *self._folder.parents) if path.exists())
            self._refuse_folders((page, _DATA))
        except (OSError, ValueError) as error:
            problem = getattr(error, "strerror", None) or error
            raise ConfigError(f"{folder}: {problem}") from error
        if not above.is_dir():
            raise ConfigError(f"{folder}: {above} is not a folder")
        if not os.access(above, os.W_OK):
            raise ConfigError(f"{folder}: no file can be made in {above}")

    @property
    def index(self) -> Path:
        """The page itself."""
        return self._folder / self._page

    def write(
        self,
        *,
        title: str,
        trace: str,
        runs: Sequence[Run],
        trade_off: Sequence[Run] = (),
        introduction: str = "",
        attribution: str = "",
        command: str = "",
    ) -> None:
        """Write the page, ``report.json`` and the plots.

        ``runs`` stand side by side, and need a series; ``trade_off`` are more
        runs, only for the plot of cold starts against idle memory.
        ``introduction`` and ``attribution`` are HTML, all else is text.

        Raises:
            ConfigError: a file cannot be written; nothing was.
        """
        pictures = _pictures(runs, trade_off)
        html = _page(title, trace, runs, pictures, introduction, attribution, command)
        self.store({self._page: html, _DATA: _data(runs, trade_off)}, pictures)

    def store(self, content: dict[str, str], pictures: Pictures) -> None:
        """Write files by name, and the plots: all of them, or none.

        Raises:
            ConfigError: a file cannot be written; nothing was.
        """
        try:
            self._store(content | {f"{name}.svg": svg for name, (_, _, svg) in pictures.items()})
        except OSError as error:
            raise ConfigError(f"{self._folder}: {error.strerror or error}") from error

    def _store(self, content: dict[str, str]) -> None:
        """Write every file beside the folder, then move them in."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=self._folder.parent, prefix=f".{self._folder.name}-"
        ) as staging:
            for name, text in content.items():
                (Path(staging) / name).write_text(text, encoding="utf-8")
            # Before the first is moved: all are written or none.
            self._refuse_folders(content)
            self._folder.mkdir(exist_ok=True)
            for name in content:
                (Path(staging) / name).replace(self._folder / name)

    def _refuse_folders(self, names: Iterable[str]) -> None:
        """Raise where a file to be written is a folder."""
        for name in names:
            if (self._folder / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, f"{name} is a folder, and to be a file")


def _pictures(runs: Sequence[Run], trade_off: Sequence[Run]) -> Pictures:
    """The plots of the page."""
    # matplotlib takes half a second to import and is only needed here.
    from warmstow import plots

    middle = runs[len(runs) // 2]
    several = len(runs) > 1
    of_run = f" Shown for a {middle.label} keep-alive." if several else ""
    pictures = {
        "concurrency": (
            "Concurrency over time",
            "Instances that start or run a request. Requests that arrive when the account's limit "
            f"is reached are throttled; below are all that were refused.{_averages(middle)}"
            f"{of_run}",
            plots.concurrency(middle),
        ),
        "cold-starts": (
            "Cold starts over time",
            "A request that finds no idle instance starts one. "
            + ("All replays begin" if several else "The replay begins")
            + " with none: hence the burst at the start.",
            plots.cold_starts(runs),
        ),
    }
    if middle.settings.nodes:
        pictures["node-use"] = (
            "Memory set aside on each node",
            f"Each row of a panel is a node. {_placement(middle.settings.strategy)} "
            "Memory stays set aside while an instance is kept idle.",
            plots.node_use(runs),
        )
        pictures["nodes-used"] = (
            "Nodes in use over time",
            "Nodes that hold at least one instance: what a fleet that follows demand would pay "
            "for.",
            plots.nodes_used(runs),
        )
    if trade_off:
        pictures["trade-off"] = (
            "What keeping instances warm buys",
            "Each point is one replay of the same requests under another keep-alive. Down and to "
            "the left is better; the curve flattens where more idle memory hardly saves a cold "
            "start.",
            plots.trade_off(trade_off, runs),
        )
    return pictures


def _averages(run: Run) -> str:
    """Why the curve may stay below a limit that refuses requests."""
    from warmstow import plots

    if not run.report.refused:
        return ""
    series = run.report.series
    step = "its time" if series is None else f"its {plots.span(series.bucket_s)}"
    return (
        f" A value is the average of {step}: a limit that is reached for part of that time refuses "
        "requests while even the highest average stays below it."
    )


def _placement(strategy: str) -> str:
    """What a strategy aims at, in a sentence."""
    kind, _, by = strategy.partition(":")
    if kind == "binpack":
        return (
            f"Instances are packed on the node that has least {by} left, so that others stay empty."
        )
    if kind == "spread":
        return f"Instances are spread evenly by {by}."
    return "Instances are placed at random."


def _page(
    title: str,
    trace: str,
    runs: Sequence[Run],
    pictures: Pictures,
    introduction: str,
    attribution: str,
    command: str,
) -> str:
    """The whole page."""
    parts = [
        _cards(runs),
        _summary(runs),
        markup.plots(pictures),
        _functions(runs),
        _configuration(trace, runs, command),
    ]
    introduction = introduction or f"<p>{escape(trace)}</p>"
    return markup.page(title, introduction, parts, given="settings", attribution=attribution)


def _cards(runs: Sequence[Run]) -> str:
    """The figures that a reader wants first."""
    first, middle = runs[0].report, runs[len(runs) // 2].report
    wall_s = sum(run.report.wall_s for run in runs)
    figures = [
        (count(first.invocations), "requests replayed"),
        (duration(first.horizon_s), "of traffic"),
        (f"{middle.cold_start_probability:.2%}", _beside("served cold", runs)),
        (f"{middle.refused / max(middle.invocations, 1):.2%}", _beside("refused", runs)),
        (milliseconds(middle.latency_ms["p99"]), _beside("p99 latency", runs)),
        (
            f"{wall_s * 1e3:,.0f} ms",
            f"to compute {len(runs)} replays" if len(runs) > 1 else "to compute",
        ),
    ]
    return markup.cards(figures)


def _beside(text: str, runs: Sequence[Run]) -> str:
    """``text``, with the run that it is of where there are several."""
    return text if len(runs) == 1 else f"{text}, at {runs[len(runs) // 2].label}"


def _summary(runs: Sequence[Run]) -> str:
    """The summary table, one column a run."""
    rows = []
    for label, values in metrics(runs):
        if not values:
            rows.append(
                f'<tr class="group"><td colspan="{len(runs) + 1}">{escape(label)}</td></tr>'
            )
            continue
        kind = ' class="sub"' if label.startswith(" ") else ""
        cells = "".join(f"<td>{_cell(value)}</td>" for value in values)
        rows.append(f"<tr><td{kind}>{escape(label.strip())}</td>{cells}</tr>")
    heads = "".join(f"<th>{escape(run.label)}</th>" for run in runs)
    first = "keep-alive" if len(runs) > 1 else ""
    return (
        "<section><h2>Summary</h2><p>Means are averages over the whole time of the trace. "
        "Latency counts from arrival to completion, cold start included, over the requests that "
        "were served. 1 GB is 1,024 MiB.</p>"
        f'<div class="wide"><table><thead><tr><th>{first}</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _cell(value: str) -> str:
    """A value; its share, where it has one, set apart."""
    number, space, share = value.partition("  ")
    return f"{escape(number)}<em>{escape(share.strip())}</em>" if space else escape(value)


def _functions(runs: Sequence[Run]) -> str:
    """The functions with the most requests, in the middle one of the runs."""
    run = runs[len(runs) // 2]
    functions = sorted(run.report.functions, key=lambda f: -f.invocations)
    if len(functions) < 2:
        return ""
    rows = "".join(
        f"<tr><td><code>{escape(short_name(f.function))}</code></td>"
        f"<td>{count(f.invocations)}</td><td>{count(f.cold_starts)}</td>"
        f"<td>{count(f.refused)}</td><td>{milliseconds(f.latency_ms['p50'])}</td>"
        f"<td>{milliseconds(f.latency_ms['p99'])}</td><td>{f.mean_busy_instances:,.2f}</td>"
        f"<td>{f.mean_idle_instances:,.2f}</td></tr>"
        for f in functions[:_FUNCTIONS_SHOWN]
    )
    heads = "".join(
        f"<th>{name}</th>"
        for name in ("function", "arrived", "cold", "refused", "p50", "p99",
                     "busy, mean", "idle, mean")
    )  # fmt: skip
    return (
        f"<section><h2>Busiest functions</h2><p>The {min(len(functions), _FUNCTIONS_SHOWN)} of "
        f"{len(functions)} functions with the most requests{escape(_beside('', runs))}. "
        f"report.json has all.</p>"
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
        "</div></section>"
    )


def _keep_alive(settings: Settings) -> str:
    """The policy of all functions, or how many have which."""
    given = settings.keep_alive
    if given is None:
        return duration(settings.keep_alive_s)
    if isinstance(given, str):
        return given
    counts = Counter(given.values())
    by_policy = ", ".join(f"{policy} for {count}" for policy, count in sorted(counts.items()))
    return f"{by_policy or 'none by name'}, else {duration(settings.keep_alive_s)}"


def _configuration(trace: str, runs: Sequence[Run], command: str) -> str:
    """What was replayed, so that a reader can do it again."""
    settings = runs[0].settings
    keep_alive = _keep_alive(settings)
    if len(runs) > 1:
        keep_alive = ", ".join(run.label for run in runs)
    items = [
        ("trace", trace),
        ("seed", str(settings.seed)),
        ("account limit", f"{settings.account_limit} concurrent requests"),
        ("reserved", _reserved(settings.reserved)),
        ("keep-alive", keep_alive),
        ("idle instance taken", settings.pick),
        ("nodes", _nodes(settings.nodes)),
        ("placement", settings.strategy if settings.nodes else "none"),
        ("cold start", f"environment {settings.cold_start_environment} s, then code "
                       f"{settings.cold_start_code} s, where the trace gives none"),
        ("timeout", "none" if settings.timeout_s is None else duration(settings.timeout_s)),
        ("crash rate", f"{settings.crash_rate:g}"),
        ("a crash or a timeout", f"{settings.lifecycle} the instance"),
        ("architecture", settings.architecture),
    ]  # fmt: skip
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in items)
    block = f"<pre>{escape(command)}</pre>" if command else ""
    return f"<section><h2>Configuration</h2><dl>{rows}</dl>{block}</section>"


def _reserved(reserved: Any) -> str:
    if not reserved:
        return "none"
    return ", ".join(f"{number} for {short_name(name)}" for name, number in reserved.items())


def _nodes(nodes: Sequence[NodeSpec]) -> str:
    """The fleet in words, equal nodes together."""
    if not nodes:
        return "none: instances always find room"
    zones = len({node.zone for node in nodes})
    sizes: dict[tuple[int, int], int] = {}
    for node in nodes:
        size = (node.cpu_units, node.memory_mib)
        sizes[size] = sizes.get(size, 0) + 1
    groups = [
        f"{number} of {cpu / CPU_UNITS_PER_VCPU:g} vCPU and {count(memory)} MiB"
        for (cpu, memory), number in sizes.items()
    ]
    return f"{', '.join(groups)}, in {zones} zone{'s' if zones > 1 else ''}"


def _data(runs: Sequence[Run], trade_off: Sequence[Run]) -> str:
    """The figures behind the page: one object for one run, else by label."""
    if len(runs) == 1:
        figures: Any = runs[0].report.as_dict(functions=True)
    else:
        figures = {run.label: run.report.as_dict(functions=True) for run in runs}
        figures |= {
            run.label: run.report.as_dict() for run in trade_off if run.label not in figures
        }
    return json.dumps(figures, indent=2, allow_nan=False) + "\n"
