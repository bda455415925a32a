"""The report page of a scenario: one HTML file that needs nothing else, its
plots and its data. Needs matplotlib (the extra ``report``)."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from warmstow._warmstow import __version__
from warmstow.output import count, duration
from warmstow.page import PageTarget
from warmstow.scenariofigures import clock, figures, told

if TYPE_CHECKING:
    from warmstow.scenarios import ScenarioReport

__all__ = ["ScenarioPage"]

_EVENTS = 60
"""Events that the page lists; report.json has all."""


class ScenarioPage(PageTarget):
    """A folder that the page of a scenario will be written to."""

    def write_scenario(self, report: ScenarioReport, source: str) -> None:
        """Write ``report.html``, ``report.json`` and the plots. ``source`` is
        the scenario as the page calls it.

        Raises:
            ConfigError: a file cannot be written; nothing was.
        """
        pictures = _pictures(report)
        content = {self.index.name: _page(report, source, pictures)}
        figures_ = report.as_dict(minutes=True)
        content["report.json"] = json.dumps(figures_, allow_nan=False) + "\n"
        for name, (_, _, svg) in pictures.items():
            content[f"{name}.svg"] = svg
        self.store(content)


def _pictures(report: ScenarioReport) -> dict[str, tuple[str, str, str]]:
    """Title, caption and SVG of each plot, by the name of its file."""
    # matplotlib takes half a second to import and is only needed here.
    from warmstow import scenarioplots as plots

    return {
        "load": (
            "Load, and what could be served",
            "Where the load is above the dashed line, running tasks are too few and requests are "
            "lost.",
            plots.load(report),
        ),
        "tasks": (
            "Tasks",
            "Running above desired: a deployment starts new tasks before it stops old ones.",
            plots.tasks(report),
        ),
        "zones": ("Running tasks by zone", "On equal scales.", plots.zones(report)),
        "instances": (
            "Instances",
            "Reservation is the instances needed, as a share of those there: above managed "
            "scaling's target it launches more, below it for long enough it stops empty ones.",
            plots.instances(report),
        ),
        "use": (
            "CPU and memory of the running tasks",
            "What target tracking and step scaling see.",
            plots.use(report),
        ),
        "bill": (
            "The bill, compared",
            "These instances are what was paid for, boot and spare room included. The others are "
            "the least that the same running tasks would cost: on Fargate for what they reserve, "
            "on instances packed as full as they go. Prices are the list prices of us-east-1 where "
            "the scenario gives none; Spot prices move.",
            plots.bill(report),
        ),
    }


def _page(report: ScenarioReport, source: str, pictures: dict[str, tuple[str, str, str]]) -> str:
    css = (files("warmstow") / "data" / "report.css").read_text(encoding="utf-8")
    title = f"Scenario: {report.service}"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{css}</style></head><body><main>",
        f"<header><h1>{escape(title)}</h1><p>{escape(source)}, seed {report.seed}</p></header>",
        _unmet(report),
        _cards(report),
    ]
    parts += [
        f"<section><h2>{escape(heading)}</h2><p>{escape(caption)}</p>"
        f'<figure role="img" aria-label="{escape(heading)}">{svg}</figure></section>'
        for heading, caption, svg in pictures.values()
    ]
    parts += [
        _summary(report),
        _events(report),
        f"<footer><p>Written by warmstow {escape(__version__)}. The same scenario and seed give "
        "the same figures, but for the wall time.</p></footer>",
        "</main></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _unmet(report: ScenarioReport) -> str:
    """What did not come as the scenario expects."""
    if not report.unmet:
        return ""
    items = "".join(f"<li>{escape(text)}</li>" for text in report.unmet)
    return f"<section><h2>Not as expected</h2><ul>{items}</ul></section>"


def _cards(report: ScenarioReport) -> str:
    usd = report.bill.instances_usd
    cards = [
        (duration(report.horizon_s), "played"),
        (count(report.totals["requests"]), "requests"),
        (f"{report.lost_share:.3%}", "of them lost"),
        (count(report.totals["peak_running"]), "tasks at most"),
        ("no price" if usd is None else f"${usd:,.2f}", "for the instances"),
        (f"{report.wall_s * 1e3:,.0f} ms", "to compute"),
    ]
    boxes = (
        f'<div class="card"><b>{escape(b)}</b><span>{escape(s)}</span></div>' for b, s in cards
    )
    return f'<div class="cards">{"".join(boxes)}</div>'


def _summary(report: ScenarioReport) -> str:
    rows = [
        f"<tr><td>{escape(label)}</td><td>{escape(value)}</td></tr>"
        if value
        else f'<tr class="group"><td colspan="2">{escape(label)}</td></tr>'
        for label, value in figures(report)
    ]
    return (
        '<section><h2>Summary</h2><div class="wide"><table><tbody>'
        f"{''.join(rows)}</tbody></table></div></section>"
    )


def _events(report: ScenarioReport) -> str:
    events = told(report)
    rows = "".join(
        f"<tr><td>{clock(event.at_s)}</td><td>{escape(event.of)}</td>"
        f'<td style="text-align: left; white-space: normal">{escape(event.text)}</td></tr>'
        for event in events[:_EVENTS]
    )
    return (
        f"<section><h2>Events</h2><p>Without each task that started or stopped and each step of "
        f"scaling: report.json has all {len(report.events):,}.</p>"
        '<div class="wide"><table><thead><tr><th>at</th><th>of</th><th>what</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )
