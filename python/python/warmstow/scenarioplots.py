"""The plots of a scenario's page, each as the text of an SVG picture.

Needs matplotlib (the extra ``report``). The same report draws the same bytes.
Colours are those of Okabe and Ito, which people tell apart who see fewer;
lines differ in their dashes too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from warmstow.drawing import INK, LIMIT, SOFT, STYLE, WIDTH_IN, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from warmstow.scenarios import ScenarioReport, ScenarioService

__all__ = ["bill", "instances", "load", "marks", "tasks", "use", "zones"]

_BLUE, _ORANGE, _GREEN, _SKY = "#0072B2", "#D55E00", "#009E73", "#56B4E9"
_POINTS = 720
"""Most points along a plot; a longer time is drawn by means."""
_MARKS = 8
"""Most events marked."""


def marks(report: ScenarioReport, of: ScenarioService | None = None) -> list[tuple[float, str]]:
    """Events that the plots point out: their time, and a word or two. ``of``: not
    those of another service."""
    found = []
    for event in report.events:
        if of is not None and event.service not in (None, of.name):
            continue
        if event.of == "deploy":
            found.append((event.at_s, event.text))
        elif event.of == "zone":
            found.append((event.at_s, event.text.split(" is lost")[0] + " lost"))
        elif event.of == "spot":
            found.append((event.at_s, "Spot interruption"))
        elif event.of == "service" and "rolling back" in event.text:
            found.append((event.at_s, "rolled back"))
    return found if len(found) <= _MARKS else []


def load(report: ScenarioReport, of: ScenarioService | None = None) -> str:
    """Requests asked for against what can be served, and those lost; of one service
    or of all."""
    minutes = (of or report).minutes
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 4.4))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        time = _time(report)
        above.plot(time, _mean(minutes.capacity_per_s), color=_BLUE, linewidth=1.3,
                   linestyle=(0, (5, 2)), label="can be served")  # fmt: skip
        above.plot(time, _mean(minutes.load_per_s), color=_ORANGE, linewidth=1.5, label="asked for")
        above.set_ylabel("requests per second")
        _legend(above, 2)
        width = float(time[1] - time[0]) if len(time) > 1 else 1.0
        below.bar(time - width, _mean(minutes.lost) / 60, width=width, align="edge", color=LIMIT,
                  edgecolor=LIMIT, linewidth=0.8)  # fmt: skip
        below.set_ylabel("lost per\nsecond")
        below.set_ylim(0, max(1.0, 1.1 * float(_mean(minutes.lost).max(initial=0.0)) / 60))
        _marks(above, report, of)
        _axis(below, report)
        return svg(figure, _salt("load", of))


def tasks(report: ScenarioReport, of: ScenarioService | None = None) -> str:
    """Tasks desired, running and on their way; of one service or of all."""
    minutes = (of or report).minutes
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 3.4))
        axes = figure.subplots()
        time = _time(report)
        axes.fill_between(time, _mean(minutes.pending), color=_SKY, alpha=0.75, linewidth=0,
                          label="on their way")  # fmt: skip
        # The wide one beneath: most of the time both are the same.
        axes.plot(time, _mean(minutes.desired), color=_ORANGE, linewidth=4.0, alpha=0.45,
                  label="desired")  # fmt: skip
        axes.plot(time, _mean(minutes.running), color=_BLUE, linewidth=1.3, label="running")
        axes.set_ylabel("tasks")
        _whole(axes)
        _legend(axes, 3)
        _marks(axes, report, of)
        _axis(axes, report)
        return svg(figure, _salt("tasks", of))


def zones(report: ScenarioReport) -> str:
    """Running tasks of each zone, a panel each, on equal scales."""
    by_zone = report.minutes.running_by_zone
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 0.8 + 1.05 * len(by_zone)))
        panels = figure.subplots(len(by_zone), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        time = _time(report)
        for zone, (axes, running) in enumerate(zip(panels, by_zone, strict=True)):
            axes.fill_between(time, _mean(running), color=_BLUE, alpha=0.3, linewidth=0)
            axes.plot(time, _mean(running), color=_BLUE, linewidth=1.3)
            axes.set_ylabel(f"zone {zone}", rotation=0, ha="right", va="center")
            _whole(axes, 3)
            _marks(axes, report, words=zone == 0, top=float(by_zone.max(initial=0)))
        _axis(panels[-1], report)
        return svg(figure, "scenario-zones")


def instances(report: ScenarioReport) -> str:
    """Instances ready and booting, and the capacity provider's reservation."""
    minutes = report.minutes
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 4.0))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        time = _time(report)
        ready, booting = _mean(minutes.instances), _mean(minutes.booting)
        above.fill_between(time, ready, color=_GREEN, alpha=0.35, linewidth=0, label="ready")
        above.plot(time, ready, color=_GREEN, linewidth=1.3)
        above.fill_between(time, ready, ready + booting, color=_ORANGE, alpha=0.8, linewidth=0,
                           label="booting")  # fmt: skip
        above.set_ylabel("instances")
        _whole(above)
        _legend(above, 2)
        _marks(above, report)
        below.plot(time, _mean(minutes.reservation_percent), color=INK, linewidth=1.1)
        below.set_ylabel("reservation,\npercent")
        below.set_ylim(bottom=0)
        _axis(below, report)
        return svg(figure, "scenario-instances")


def use(report: ScenarioReport, of: ScenarioService | None = None) -> str:
    """CPU and memory that the running tasks use; of one service or of all."""
    minutes = (of or report).minutes
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 3.0))
        axes = figure.subplots()
        time = _time(report)
        axes.plot(time, _mean(minutes.cpu_percent), color=_BLUE, linewidth=1.3, label="CPU")
        axes.plot(time, _mean(minutes.memory_percent), color=_ORANGE, linewidth=1.3,
                  linestyle=(0, (4, 1.5)), label="memory")  # fmt: skip
        axes.set_ylabel("percent of what\nrunning tasks have")
        _legend(axes, 2)
        _marks(axes, report, of)
        _axis(axes, report)
        return svg(figure, _salt("use", of))


def bill(report: ScenarioReport) -> str:
    """What was paid, and the same tasks on each launch type."""
    rows = [(launch, usd, _SKY) for launch, usd, _ in reversed(report.bill.compared)]
    if report.bill.instances_usd is not None:
        rows.append(("these instances", report.bill.instances_usd, _ORANGE))
    with rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(WIDTH_IN, 0.7 + 0.34 * len(rows)))
        axes = figure.subplots()
        names, amounts, colours = zip(*rows, strict=True) if rows else ((), (), ())
        bars = axes.barh(names, amounts, color=colours, height=0.68)
        axes.bar_label(bars, [f"{usd:,.2f}" for usd in amounts], padding=4, color=SOFT)
        axes.set_xlim(0, 1.12 * max(amounts, default=1.0) or 1.0)
        axes.set_xlabel("US dollars for the whole time")
        return svg(figure, "scenario-bill")


def _salt(name: str, of: ScenarioService | None) -> str:
    """Names the parts of a picture, apart from those of all others on the page."""
    return f"scenario-{name}" if of is None else f"scenario-{name}-{of.name}"


def _step(count: int) -> int:
    """Minutes that become one point."""
    return max(1, -(-count // _POINTS))


def _mean(column: NDArray[Any]) -> NDArray[np.float64]:
    """The column's means over :func:`_step` minutes."""
    step = _step(len(column))
    starts = np.arange(0, len(column), step)
    if not len(column):
        return np.zeros(0)
    sums = np.add.reduceat(column.astype(np.float64), starts)
    return np.asarray(sums / np.diff(np.append(starts, len(column))), dtype=np.float64)


def _unit(report: ScenarioReport) -> tuple[float, str]:
    if report.horizon_s >= 3 * 86_400:
        return 86_400.0, "days"
    return (3_600.0, "hours") if report.horizon_s > 4 * 3_600 else (60.0, "minutes")


def _time(report: ScenarioReport) -> NDArray[np.float64]:
    """The end of each point's time, in the axis's unit."""
    at = report.minutes.at_s
    step = _step(len(at))
    last = np.minimum(np.arange(0, len(at), step) + step, len(at)) - 1
    return np.asarray(at[last] / _unit(report)[0], dtype=np.float64)


def _axis(axes: Axes, report: ScenarioReport) -> None:
    unit, name = _unit(report)
    axes.set_xlim(0, report.horizon_s / unit)
    axes.set_xlabel(f"{name} from the start")


def _whole(axes: Axes, most: int = 6) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(nbins=most, integer=True, min_n_ticks=1))


def _legend(axes: Axes, columns: int) -> None:
    axes.legend(loc="lower right", ncols=columns, bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2)


def _marks(
    axes: Axes,
    report: ScenarioReport,
    of: ScenarioService | None = None,
    *,
    words: bool = True,
    top: float | None = None,
) -> None:
    """A line at each event worth it, with its words within the plot.

    Words that would run into the ones before stand a line lower. The axis
    begins at 0, with room for the words above what is drawn, or above ``top``."""
    unit = _unit(report)[0]
    reach, row, rows = 0.0, 0, 0
    found = marks(report, of)
    for at_s, text in found:
        share = at_s / report.horizon_s
        axes.axvline(at_s / unit, color=SOFT, linewidth=1.0, linestyle=(0, (1, 1.5)), zorder=1)
        if not words:
            continue
        row = row + 1 if share < reach else 0
        rows = max(rows, row + 1)
        reach = share + 0.012 * len(text)
        right = share > 0.85
        axes.annotate(
            text, (at_s / unit, 1.0), xycoords=("data", "axes fraction"),
            xytext=(-3 if right else 3, -3 - 11 * row), textcoords="offset points",
            ha="right" if right else "left", va="top", fontsize=8.5, color=INK,
            bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
    if words:
        high = axes.get_position().height * axes.figure.bbox.height * 72 / axes.figure.dpi
        highest = max(axes.dataLim.y1 if top is None else top, 1.0)
        axes.set_ylim(0, 1.06 * highest / max(1.0 - (11 * rows + 4) / high, 0.4))
