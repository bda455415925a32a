"""The plots of a report page, each as the text of an SVG picture.

Needs matplotlib (the extra ``report``). The pictures use no
random ids and no dates: the same runs draw the same bytes. Figures are made
without pyplot, so no window system and no global list of figures is involved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from warmstow.drawing import LIMIT, SOFT, STYLE, WIDTH_IN, svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from warmstow.results import Series
    from warmstow.runs import Run

__all__ = ["cold_starts", "concurrency", "node_use", "nodes_used", "span", "trade_off"]

_COLOURS = ("#d9822b", "#2b6cb0", "#2f855a", "#805ad5", "#b83280", "#4a5568")
"""One a run, in order; told apart without colour by their labels too."""
_POINTS = 480
"""Most points along a plot; finer series are drawn by mean and maximum."""
_SHARE = LinearSegmentedColormap.from_list("share", ["#f0f4f8", "#90cdf4", "#2b6cb0", "#1a365d"])
"""From an empty node to a full one: the lightest is almost the paper."""


def concurrency(run: Run) -> str:
    """Busy instances over time against the limit, and what was refused."""
    series = _series(run)
    time, mean, highest = _mean_and_highest(series, series.busy)
    width = float(time[1] - time[0]) if len(time) > 1 else 1.0
    refused = _sums(series, series.throttles)
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 4.6))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        above.fill_between(
            time, mean, highest, step="post", color=_COLOURS[1], alpha=0.22, linewidth=0,
            label=f"up to the highest {span(series.bucket_s)}",
        )  # fmt: skip
        above.step(time, mean, where="post", color=_COLOURS[1], linewidth=1.3, label="mean")
        limit = run.settings.account_limit
        top = max(float(highest.max(initial=0.0)), 1.0)
        # A limit far above the load would flatten the load to a line.
        if limit <= 4 * top:
            top = max(top, limit)
            above.axhline(limit, color=LIMIT, linewidth=1.3, linestyle=(0, (5, 3)),
                          label=f"account limit, {limit}")  # fmt: skip
        above.set_ylim(0, 1.08 * top)
        above.set_ylabel("busy instances")
        above.legend(loc="upper center", ncols=3, bbox_to_anchor=(0.5, 1.16))
        below.bar(time, refused, width=width, align="edge", color=LIMIT, linewidth=0)
        below.set_ylabel("refused\nrequests")
        _counted(above, below)
        below.set_ylim(0, max(1.0, 1.05 * float(refused.max(initial=0.0))))
        _time_axis(below, series)
        return svg(figure, "concurrency")


def cold_starts(runs: Sequence[Run]) -> str:
    """Cold starts over time, one panel a run, equal scales."""
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 0.7 + 1.35 * len(runs)))
        panels = figure.subplots(len(runs), 1, sharex=True, sharey=True, squeeze=False)
        for at, (run, axes) in enumerate(zip(runs, panels[:, 0], strict=True)):
            series = _series(run)
            time, counts = _coarse(series, series.cold, points=96)
            width = float(time[1] - time[0]) if len(time) > 1 else 1.0
            axes.bar(time, counts, width=width * 0.86, align="edge", color=_colour(at))
            axes.set_title(
                f"{run.label}: {run.report.cold_starts:,} cold starts",
                loc="left", fontsize=10, color=_colour(at), fontweight="bold",
            )  # fmt: skip
            axes.grid(axis="x", visible=False)
            _counted(axes)
        step = span(_coarse_step(_series(runs[0]), 96) * _series(runs[0]).bucket_s)
        figure.supylabel(f"cold starts in {step}", color=SOFT, fontsize=10)
        _time_axis(panels[-1, 0], _series(runs[-1]))
        return svg(figure, "cold-starts")


def node_use(runs: Sequence[Run]) -> str:
    """Share of each node's memory set aside over time, one panel a run."""
    nodes = len(runs[0].settings.nodes)
    with rc_context({**STYLE, "axes.grid": False}):
        height = 0.9 + len(runs) * (0.45 + 0.14 * min(nodes, 16))
        figure = Figure(figsize=(WIDTH_IN, height))
        panels = figure.subplots(len(runs), 1, sharex=True, squeeze=False)
        picture = None
        for at, (run, axes) in enumerate(zip(runs, panels[:, 0], strict=True)):
            series = _series(run)
            share = _means(series, series.node_memory_share)
            end = len(series.arrivals) * series.bucket_s / _time_unit(series)[0]
            picture = axes.imshow(
                100 * share.T, aspect="auto", origin="lower", interpolation="nearest",
                cmap=_SHARE, vmin=0, vmax=100, extent=(0, end, -0.5, nodes - 0.5),
            )  # fmt: skip
            axes.set_title(run.label, loc="left", fontsize=10, color=_colour(at), fontweight="bold")
            _counted(axes, most=4)
        figure.supylabel("node", color=SOFT, fontsize=10)
        _time_axis(panels[-1, 0], _series(runs[-1]))
        if picture is not None:
            scale = figure.colorbar(picture, ax=panels[:, 0].tolist(), pad=0.015, aspect=30)
            scale.set_label("memory set aside, % of the node")
            scale.outline.set_visible(False)
        return svg(figure, "node-use")


def nodes_used(runs: Sequence[Run]) -> str:
    """Nodes that hold at least one instance over time, one line a run."""
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 2.6))
        axes = figure.subplots()
        for at, run in enumerate(runs):
            series = _series(run)
            time, used = _coarse(series, series.nodes_used, points=160, mean=True)
            # The last step reaches to the end.
            ends = np.append(time, len(series.arrivals) * series.bucket_s / _time_unit(series)[0])
            used = np.append(used, used[-1])
            axes.step(ends, used, where="post", color=_colour(at), linewidth=1.5, label=run.label)
        axes.set_ylim(0, 1.06 * max(len(runs[0].settings.nodes), 1))
        _counted(axes)
        axes.set_ylabel("nodes in use")
        axes.legend(loc="upper center", ncols=len(runs), bbox_to_anchor=(0.5, 1.2))
        _time_axis(axes, _series(runs[0]))
        return svg(figure, "nodes-used")


def trade_off(runs: Sequence[Run], shown: Sequence[Run]) -> str:
    """Cold starts against memory held idle; ``shown`` are marked in colour."""
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 3.7))
        axes = figure.subplots()
        idle = [run.report.gb_seconds["idle"] for run in runs]
        cold = [run.report.cold_starts for run in runs]
        axes.plot(idle, cold, color="#9aa5b1", linewidth=1.2, zorder=1)
        labels = [run.label for run in shown]
        for x, y, run in zip(idle, cold, runs, strict=True):
            marked = run.label in labels
            colour = _colour(labels.index(run.label)) if marked else "#9aa5b1"
            axes.scatter(x, y, s=70 if marked else 30, color=colour, zorder=2)
            axes.annotate(
                run.label, (x, y), xytext=(8, 6), textcoords="offset points",
                color=colour if marked else SOFT, fontweight="bold" if marked else "normal",
            )  # fmt: skip
        _counted(axes)
        axes.set_xlabel("memory held idle, GB-seconds")
        axes.set_ylabel("cold starts")
        axes.set_ylim(bottom=0, top=1.12 * max(cold, default=1))
        axes.set_xlim(left=0, right=1.1 * max(idle, default=1.0))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        return svg(figure, "trade-off")


def _series(run: Run) -> Series:
    """The series of a run that has one."""
    if run.report.series is None:
        raise ValueError(f"run {run.label!r} was replayed without a series")
    return run.report.series


def _colour(at: int) -> str:
    return _COLOURS[at % len(_COLOURS)]


def _counted(*panels: Axes, most: int = 6) -> None:
    """Tick whole numbers only, evenly: the vertical axes count things."""
    for axes in panels:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=most, steps=[1, 2, 5, 10], integer=True))


def _coarse_step(series: Series, points: int) -> int:
    """Buckets that make one point where at most ``points`` are drawn."""
    return max(1, -(-len(series.arrivals) // points))


def _groups(column: NDArray[Any], step: int) -> NDArray[Any]:
    """A column in rows of ``step`` buckets; the last is filled up with its own
    last value, so that neither a mean nor a maximum sees what never was."""
    missing = -len(column) % step
    padding = [(0, missing)] + [(0, 0)] * (column.ndim - 1)
    filled = np.pad(column, padding, mode="edge")
    return filled.reshape(-1, step, *column.shape[1:])


def _mean_and_highest(
    series: Series, column: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Start, mean and maximum of each point."""
    step = _coarse_step(series, _POINTS)
    groups = _groups(column, step)
    highest: NDArray[np.float64] = groups.max(axis=1)
    return _starts(series, step, len(groups)), _mean(groups), highest


def _means(series: Series, column: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of each point."""
    return _mean(_groups(column, _coarse_step(series, _POINTS)))


def _mean(groups: NDArray[Any]) -> NDArray[np.float64]:
    """The mean over each row of :func:`_groups`."""
    return np.asarray(groups.mean(axis=1), dtype=np.float64)


def _sums(series: Series, column: NDArray[np.uint64]) -> NDArray[np.float64]:
    """The sum of each point, as many points as :func:`_mean_and_highest`."""
    step = _coarse_step(series, _POINTS)
    return np.add.reduceat(column, np.arange(0, len(column), step)).astype(np.float64)


def _coarse(
    series: Series, column: NDArray[Any], *, points: int, mean: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Start and sum (or mean) of each of at most ``points`` points."""
    step = _coarse_step(series, points)
    if mean:
        values = _mean(_groups(column, step))
    else:
        values = np.add.reduceat(column, np.arange(0, len(column), step)).astype(np.float64)
    return _starts(series, step, len(values)), values


def _starts(series: Series, step: int, points: int) -> NDArray[np.float64]:
    """Where each point starts, in the unit of the time axis."""
    return np.arange(points, dtype=np.float64) * (step * series.bucket_s / _time_unit(series)[0])


def _time_unit(series: Series) -> tuple[float, str]:
    """The unit of the time axis: its seconds and its name."""
    length = len(series.arrivals) * series.bucket_s
    for seconds, name in ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")):
        if length >= 3 * seconds:
            return seconds, name
    return 1.0, "seconds"


def span(seconds: float) -> str:
    """A width of time in words, as after "the": ``second``, ``5 minutes``."""
    for unit, name in ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute")):
        if seconds >= unit:
            number = seconds / unit
            return name if number == 1 else f"{number:g} {name}s"
    return "second" if seconds == 1 else f"{seconds:g} seconds"


def _time_axis(axes: Axes, series: Series) -> None:
    unit, name = _time_unit(series)
    axes.set_xlim(0, len(series.arrivals) * series.bucket_s / unit)
    axes.set_xlabel(f"{name} from the start")
