"""What a scenario led to, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmstow.output import count, duration

if TYPE_CHECKING:
    from warmstow.scenarios import ScenarioEvent, ScenarioReport

__all__ = ["clock", "figures", "told", "whose"]

_ROUTINE = (" has started ", " has stopped ", " has reached a steady state")


def told(report: ScenarioReport) -> list[ScenarioEvent]:
    """The events that a reader wants: not each task, not each step of the
    scaler or the group."""
    return [
        event
        for event in report.events
        if event.of not in ("scaler", "group")
        and not (event.of == "service" and any(text in event.text for text in _ROUTINE))
    ]


def whose(event: ScenarioEvent) -> str:
    """Whose an event is: its own word, and the service where its text does not say."""
    said = event.service is None or event.service in event.text
    return event.of if said else f"{event.of} {event.service}"


def clock(seconds: float) -> str:
    """A time of the scenario: ``1 d 02:03:04``."""
    days, rest = divmod(int(seconds), 86_400)
    text = f"{rest // 3_600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} d {text}" if days else text


def figures(report: ScenarioReport) -> list[tuple[str, str]]:
    """What was found, in words; a heading has no value."""
    totals, bill = report.totals, report.bill
    return [
        ("requests", ""),
        ("asked for", count(totals["requests"])),
        ("lost", f"{count(totals['lost'])}  {report.lost_share:.3%}"),
        ("tasks", ""),
        ("started", count(totals["tasks_started"])),
        ("failed by their own fault", count(totals["tasks_failed"])),
        ("lost with their instance", count(totals["tasks_lost"])),
        ("most at a time", count(totals["peak_running"])),
        ("hours", f"{totals['task_hours']:,.1f}"),
        ("changes of the desired count", count(totals["scaled"])),
        *_by_service(report),
        (f"instances, {report.instance_type}", ""),
        ("launched", count(totals["instances_launched"])),
        ("Spot interruptions", count(totals["interruptions"])),
        ("hours on demand", f"{bill.on_demand_hours:,.1f}"),
        ("hours on Spot", f"{bill.spot_hours:,.1f}"),
        ("cost, US dollars", ""),
        ("the instances", _usd(bill.instances_usd)),
        ("the same tasks, at least, on", ""),
        *((launch, _usd(usd)) for launch, usd, _ in bill.compared),
        ("the simulation", ""),
        ("time played", duration(report.horizon_s)),
        ("wall time", f"{report.wall_s * 1e3:,.0f} ms"),
    ]


def _by_service(report: ScenarioReport) -> list[tuple[str, str]]:
    """Of several services each: the most tasks at a time, and requests lost."""
    if len(report.services) == 1:
        return []
    rows = [
        (of.name, f"{count(of.totals['peak_running'])} tasks, {of.lost_share:.3%} lost")
        for of in report.services
    ]
    return [("by service, the most tasks and requests lost", ""), *rows]


def _usd(usd: float | None) -> str:
    return "no price given" if usd is None else f"{usd:,.2f}"
