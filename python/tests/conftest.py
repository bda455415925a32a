"""Fixtures that several tests share."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest
from warmstow.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CliResult = tuple[int, str, str]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., CliResult]:
    """Run the command line; gives exit status, standard output and error."""

    def run(*arguments: object) -> CliResult:
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def figures(cli: Callable[..., CliResult]) -> Callable[..., dict[str, Any]]:
    """Run a command with ``--json`` and give its one object."""

    def run(*arguments: object) -> dict[str, Any]:
        status, out, err = cli(*arguments, "--json")
        assert (status, err) == (0, "")
        report: dict[str, Any] = json.loads(out)
        return report

    return run


PERCENTILES = [f"percentile_Average_{p}" for p in (0, 1, 25, 50, 75, 99, 100)]


class AzureFolder:
    """A small trace in Azure 2019 form, to be spoilt before it is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.invocations = [
            ["HashOwner", "HashApp", "HashFunction", "Trigger", "480", "481", "482"],
            ["o", "a", "f1", "http", "3", "0", "2"],
            ["o", "a", "f2", "timer", "1", "1", "1"],
        ]
        self.durations = [
            ["HashOwner", "HashApp", "HashFunction", "Average", "Count", *PERCENTILES],
            # Not in the order of invocations.csv.
            ["o", "a", "f2", "50", "3", *["50"] * 7],
            ["o", "a", "f1", "20", "5", "0", "1", "10", "20", "30", "90", "100"],
        ]
        self.memory = [
            ["HashFunction", "HashOwner", "HashApp", "SampleCount", "AverageAllocatedMb"],
            ["f1", "o", "a", "10", "200.25"],
        ]

    def write(self) -> Path:
        self.path.mkdir(exist_ok=True)
        for name in ("invocations", "durations", "memory"):
            rows: list[list[str]] = getattr(self, name)
            with (self.path / f"{name}.csv").open("w", newline="") as file:
                csv.writer(file).writerows(rows)
        return self.path


@pytest.fixture
def azure(tmp_path: Path) -> AzureFolder:
    return AzureFolder(tmp_path / "trace")
