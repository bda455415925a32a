"""The choice among the trace forms, and the ``poisson:`` form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import warmstow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import CliResult


def test_the_poisson_form() -> None:
    text = "poisson:rate=0.9,warm=exp:1.991,cold=lognormal:2,0.5,duration=1e6"
    assert warmstow.read_trace(text) == warmstow.Poisson(
        rate_per_s=0.9, warm="exp:1.991", duration_s=1e6, cold="lognormal:2,0.5"
    )


def test_cold_may_be_left_out() -> None:
    trace = warmstow.read_trace("poisson:duration=10,warm=det:1,rate=2")
    assert trace == warmstow.Poisson(rate_per_s=2.0, warm="det:1", duration_s=10.0)


BAD = {
    "unknown key": ("rate=1,warm=det:1,duration=9,speed=2", "speed=2"),
    "no key": ("fast", "fast"),
    "missing key": ("rate=1,warm=det:1", "duration= is missing"),
    "key twice": ("rate=1,rate=2,warm=det:1,duration=9", "rate= is given twice"),
    "rate no number": ("rate=many,warm=det:1,duration=9", "many"),
    "rate zero": ("rate=0,warm=det:1,duration=9", "rate 0"),
    "rate negative": ("rate=-1,warm=det:1,duration=9", "rate -1"),
    "rate NaN": ("rate=nan,warm=det:1,duration=9", "NaN"),
    "duration negative": ("rate=1,warm=det:1,duration=-9", "duration -9"),
    "duration endless": ("rate=1,warm=det:1,duration=inf", "duration inf"),
    "less than a nanosecond": ("rate=1,warm=det:1,duration=1e-12", "duration is 1e-12 s"),
    "too many requests": ("rate=1e6,warm=det:1,duration=1e5", "at most 1000000000"),
    "unknown distribution": ("rate=1,warm=gauss:1,duration=9", "gauss:1"),
    "negative mean": ("rate=1,warm=exp:-1,duration=9", "-1"),
    "no mean": ("rate=1,warm=exp:,duration=9", "warm"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD.keys())
def test_a_bad_poisson_form_is_named(
    cli: Callable[..., CliResult], text: str, message: str
) -> None:
    with pytest.raises(warmstow.TraceError) as caught:
        warmstow.read_trace(f"poisson:{text}")
    assert message in str(caught.value)
    status, out, err = cli("replay", f"poisson:{text}", "--json")
    assert (status, out) == (2, "")
    assert err == f"warmstow: error: {caught.value}\n"


def test_an_unknown_form_lists_the_known_ones(
    tmp_path: Path, cli: Callable[..., CliResult]
) -> None:
    unknown = tmp_path / "trace.xlsx"
    unknown.touch()
    for trace in (unknown, tmp_path / "absent", "burst:rate=1"):
        status, out, err = cli("replay", trace)
        assert (status, out) == (2, "")
        assert err.count("\n") == 1
        for word in (str(trace), "invocations.csv", "timestamp_s,function,duration_s", "poisson:"):
            assert word in err


def test_what_no_file_can_be_called_is_one_line(cli: Callable[..., CliResult]) -> None:
    for trace, words in (("", "names no trace"), ("n" * 300 + ".csv", "File name too long")):
        status, out, err = cli("replay", trace)
        assert (status, out) == (2, "")
        assert err.count("\n") == 1
        assert words in err
    with pytest.raises(warmstow.ConfigError, match="trace is 5: needs a folder with"):
        warmstow.read_trace(5)  # type: ignore[arg-type]


def test_an_empty_folder_names_the_missing_file(tmp_path: Path) -> None:
    with pytest.raises(warmstow.TraceError, match=r"invocations\.csv: no such file"):
        warmstow.read_trace(tmp_path)
