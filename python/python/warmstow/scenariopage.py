"""The report page of a scenario: one HTML file that needs nothing else, its
plots and its data. Needs matplotlib (the extra ``report``)."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from warmstow import markup
from warmstow.output import count, duration
from warmstow.page import PageTarget
from warmstow.scenariofigures import clock, figures, told, whose

if TYPE_CHECKING:
    from warmstow.markup import Pictures
    from warmstow.scenarios import ScenarioReport

__all__ = ["ScenarioPage"]

_EVENTS = 60
"""Events that the page lists; report.json has all."""
_SERVICES = 12
"""Services that have plots of their own; report.json has all."""


class ScenarioPage(PageTarget):
    """A folder that the page of a scenario will be written to."""

    def write_scenario(self, report: ScenarioReport, source: str) -> None:
        """Write ``report.html``, ``report.json`` and the plots. ``source`` is
        the scenario as the page calls it.

        Raises:
            ConfigError: a file cannot be written; nothing was.
        """
        pictures = _pictures(report)
        html = _page(report, source, pictures)
        data = json.dumps(report.as_dict(minutes=True), allow_nan=False) + "\n"
        self.store({self.index.name: html, "report.json": data}, pictures)


def _pictures(report: ScenarioReport) -> Pictures:
    """The plots of the page."""
    # matplotlib takes half a second to import and is only needed here.
    from warmstow import scenarioplots as plots

    several = report.services[:_SERVICES] if len(report.services) > 1 else ()
    own: Pictures = {}
    for at, of in enumerate(several, 1):
        own[f"load-{at}"] = (f"{of.name}: load", "Of this service alone.", plots.load(report, of))
        own[f"tasks-{at}"] = (
            f"{of.name}: tasks",
            "Of this service alone.",
            plots.tasks(report, of),
        )
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
        **own,
    }


def _page(report: ScenarioReport, source: str, pictures: Pictures) -> str:
    parts = [
        _unmet(report),
        _cards(report),
        markup.plots(pictures),
        _summary(report),
        _events(report),
    ]
    introduction = f"<p>{escape(source)}, seed {report.seed}</p>"
    return markup.page(f"Scenario: {report.service}", introduction, parts, given="scenario")


def _unmet(report: ScenarioReport) -> str:
    """What did not come as the scenario expects."""
    if not report.unmet:
        return ""
    items = "".join(f"<li>{escape(text)}</li>" for text in report.unmet)
    return f"<section><h2>Not as expected</h2><ul>{items}</ul></section>"


def _cards(report: ScenarioReport) -> str:
    usd = report.bill.instances_usd
    return markup.cards(
        [
            (duration(report.horizon_s), "played"),
            (count(report.totals["requests"]), "requests"),
            (f"{report.lost_share:.3%}", "of them lost"),
            (count(report.totals["peak_running"]), "tasks at most"),
            ("no price" if usd is None else f"${usd:,.2f}", "for the instances"),
            (f"{report.wall_s * 1e3:,.0f} ms", "to compute"),
        ]
    )


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
        f"<tr><td>{clock(event.at_s)}</td><td>{escape(whose(event))}</td>"
        f'<td style="text-align: left; white-space: normal">{escape(event.text)}</td></tr>'
        for event in events[:_EVENTS]
    )
    return (
        f"<section><h2>Events</h2><p>Without each task that started or stopped and each step of "
        f"scaling: report.json has all {len(report.events):,}.</p>"
        '<div class="wide"><table><thead><tr><th>at</th><th>of</th><th>what</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )
