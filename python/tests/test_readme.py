"""The examples in the README files run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parents[1]
_READMES = [path for path in (_HERE / "README.md", _HERE.parent / "README.md") if path.exists()]
_PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
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


def test_the_quick_start_is_there() -> None:
    assert len(_BLOCKS) >= 2
