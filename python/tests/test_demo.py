"""The demo: what it prints, what it writes, and that its limit bites."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
import warmstow
from warmstow.demo import SHOWN, demo_settings, demo_trace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import CliResult


class _Balanced(HTMLParser):
    """Fails on a tag that closes another one than the last that is open."""

    VOID = frozenset({"meta", "br", "img", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            loads = tag != "a" and name in {"src", "href", "xlink:href", "action"}
            if loads and value and not value.startswith(("#", "data:")):
                self.outside.append(value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_demo(cli: Callable[..., CliResult], tmp_path: Path) -> None:
    folder = tmp_path / "demo-report"
    status, out, err = cli("demo", "--output", folder)
    assert status == 0
    assert "100%" in err
    for text in ("339,657", "1 min", "10 min", "60 min", "throttled, account limit", "held idle",
                 "in use, peak", "Cost on AWS Lambda", "p99"):  # fmt: skip
        assert text in out
    assert re.search(r"Computed 6 replays, 2,037,942 requests, in \d+\.\d\d s", out)
    assert f"Report page: {folder / 'index.html'}" in out

    page = (folder / "index.html").read_text()
    parser = _Balanced()
    parser.feed(page)
    assert parser.open == []
    assert parser.outside == []
    assert page.count("<svg") == 5
    for text in (
        "CC-BY 4.0",
        "Serverless in the Wild",
        "account limit",
        "throttled, account limit",
    ):
        assert text in page
    ticks = re.findall(r"<text[^>]*>([0-9.]+)</text>", (folder / "concurrency.svg").read_text())
    assert ticks
    assert not [tick for tick in ticks if "." in tick]
    assert "even the highest average stays below it" in page
    ids = re.findall(r' id="([^"]+)"', page)
    shared = {name for name in ids if ids.count(name) > 1}
    # Groups that only name a part may repeat; what is referred to may not.
    assert not shared & set(re.findall(r'(?:url\(|href=")#([^")]+)', page))
    for picture in folder.glob("*.svg"):
        ET.parse(picture)
    figures = json.loads((folder / "report.json").read_text())
    assert figures.keys() == {f"{minutes} min" for minutes in (1, 2, 5, 10, 20, 60)}
    assert len(figures["10 min"]["functions"]) == 100


def test_the_limit_bites_and_keeping_longer_saves_cold_starts() -> None:
    trace = demo_trace()
    reports = [warmstow.replay(trace, demo_settings(minutes)) for minutes in SHOWN]
    for report in reports:
        throttled = report.throttles["ConcurrentInvocationLimitExceeded"]
        assert 0.001 < throttled / report.invocations < 0.03
        assert report.peak_concurrency == 20
    cold = [report.cold_starts for report in reports]
    idle = [report.gb_seconds["idle"] for report in reports]
    assert cold == sorted(cold, reverse=True)
    assert idle == sorted(idle)


@pytest.mark.parametrize("output", ["taken"])
def test_the_demo_refuses_a_folder_that_is_a_file(
    cli: Callable[..., CliResult], tmp_path: Path, output: str
) -> None:
    (tmp_path / output).touch()
    status, out, err = cli("demo", "--output", tmp_path / output)
    assert (status, out) == (2, "")
    assert "is not a folder" in err
