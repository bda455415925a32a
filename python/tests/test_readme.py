"""The examples in the README files run as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import CliResult

_HERE = Path(__file__).resolve().parents[1]
_READMES = [path for path in (_HERE / "README.md", _HERE.parent / "README.md") if path.exists()]
_BLOCKS = [
    pytest.param(code, id=f"{path.parent.name}-{at}")
    for path in _READMES
    for at, code in enumerate(
        re.findall(r"^```python\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)
    )
]


@pytest.mark.parametrize("code", _BLOCKS)
def test_an_example_runs(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    capsys.readouterr()


def test_the_commands_run(
    cli: Callable[..., CliResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (_HERE / "README.md").read_text()
    [sample] = re.findall(r"^```csv\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    commands = re.findall(r"^\$ warmstow (.*)$", readme, re.MULTILINE)
    assert len(commands) >= 3
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trace.csv").write_text(sample)
    for command in commands:
        status, out, err = cli(*shlex.split(command))
        assert status == 0, err
        assert "warm starts" in out


def test_the_commands_of_the_project_page_run(
    cli: Callable[..., CliResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = _HERE.parent / "README.md"
    if not page.exists():  # A source distribution comes without it.
        return
    readme = page.read_text()
    [sample] = re.findall(r"^```csv\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    (tmp_path / "own.csv").write_text(sample)
    (tmp_path / "python").symlink_to(_HERE)
    monkeypatch.chdir(tmp_path)
    unbroken = readme.replace("\\\n", " ")
    commands = re.findall(r"^\.venv/bin/warmstow (replay .*)$", unbroken, re.MULTILINE)
    assert len(commands) >= 2
    for command in [*commands, "replay own.csv"]:
        status, out, err = cli(*shlex.split(command, comments=True))
        assert status == 0, err
        assert "warm" in out
    assert (tmp_path / "report" / "report.html").is_file()


def test_the_quick_start_is_there() -> None:
    assert len(_BLOCKS) >= 2
