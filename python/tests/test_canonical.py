"""The reader of canonical csv files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import warmstow
from warmstow.traces import read_canonical

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import CliResult

HEADER = "timestamp_s,function,duration_s"


def _write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "trace.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_time_counts_from_the_first_row(tmp_path: Path) -> None:
    trace = read_canonical(_write(tmp_path, f"{HEADER}\n1700000000.5,a,1\n1700000002,b,0.25\n"))
    assert trace.arrival_ns.tolist() == [0, 1_500_000_000]
    assert trace.duration_ns.tolist() == [1_000_000_000, 250_000_000]
    assert trace.function.tolist() == [0, 1]
    assert trace.cold_start_ns is None
    assert [f.name for f in trace.functions] == ["a", "b"]


def test_optional_columns_in_any_order(tmp_path: Path) -> None:
    text = (
        "cold_start_s,function,memory_mib,duration_s,timestamp_s\n"
        "0.5,a,512,1,0\n0.25,b,,1,1\n1,a,,1,2\n"
    )
    trace = read_canonical(_write(tmp_path, text))
    assert trace.cold_start_ns is not None
    assert trace.cold_start_ns.tolist() == [500_000_000, 250_000_000, 1_000_000_000]
    assert [f.memory_mib for f in trace.functions] == [512, 128]


def test_byte_order_mark_crlf_blank_lines_and_quotes_are_no_fault(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + f'{HEADER}\r\n0,"a,b",1\r\n\r\n1,"a,b",1\r\n'.encode()
    trace = read_canonical(_write(tmp_path, text))
    assert [f.name for f in trace.functions] == ["a,b"]
    assert len(trace) == 2


def test_a_replay_of_known_requests(tmp_path: Path) -> None:
    # The second finds the first's instance busy, the third one idle.
    path = _write(tmp_path, f"{HEADER},cold_start_s\n0,f,2,1\n1,f,2,1\n10,f,2,1\n")
    report = warmstow.replay(read_canonical(path))
    assert (report.warm_starts, report.cold_starts) == (1, 2)
    assert report.latency_ms["max"] == 3000.0
    assert report.latency_ms["p50"] == 3000.0
    assert report.horizon_s == 13.0
    # Busy from 0 to 3, 1 to 4 and 10 to 12 of 13 seconds.
    assert report.mean_busy_instances == pytest.approx(8 / 13)
    assert report.gb_seconds["init"] == pytest.approx(2 * 128 / 1024)


BAD: dict[str, tuple[str | bytes, str]] = {
    "empty file": ("", ": the file is empty; needs a header and at least one row"),
    "blank file": ("\n\n", ": the file is empty"),
    "no row": (f"{HEADER}\n", ", line 1: there is no row below the header"),
    "missing column": (
        "timestamp_s,function\n0,f\n",
        ", line 1: column 'duration_s' is missing; needs timestamp_s, function, duration_s, "
        "has 'timestamp_s,function'",
    ),
    "unknown column": (
        f"{HEADER},memory_mb\n0,f,1,128\n",
        ", line 1: column 'memory_mb' is unknown",
    ),
    "column twice": (f"{HEADER},function\n0,f,1,f\n", ", line 1: column 'function' is named twice"),
    "ragged row": (
        f"{HEADER}\n0,f,1\n1,f\n",
        ", line 3: the row has 2 columns, the header 3",
    ),
    "time no number": (f"{HEADER}\nnow,f,1\n", ", line 2: timestamp_s is 'now', not a number"),
    "time with underscore": (f"{HEADER}\n1_0,f,1\n", ", line 2: timestamp_s is '1_0', not a"),
    "time NaN": (f"{HEADER}\n0,f,1\nnan,f,1\n", ", line 3: timestamp_s is 'nan', which is not a"),
    "time infinite": (f"{HEADER}\n0,f,1\ninf,f,1\n", ", line 3: timestamp_s is 'inf', above the"),
    "negative time": (f"{HEADER}\n-1,f,1\n", ", line 2: timestamp_s is '-1', below the least, 0"),
    "time goes back": (
        f"{HEADER}\n0,f,1\n5,f,1\n4,f,1\n",
        ", line 4: timestamp_s is 4, before that of line 3, 5; sort the rows by time",
    ),
    "trace too long": (
        f"{HEADER}\n0,f,1\n2e9,f,1\n",
        ", line 3: timestamp_s is 2000000000 s after the first, above the limit, 1000000000 s",
    ),
    "negative duration": (
        f"{HEADER}\n0,f,1\n1,f,-0.5\n",
        ", line 3: duration_s is '-0.5', below the least, 0",
    ),
    "duration NaN": (f"{HEADER}\n0,f,NaN\n", ", line 2: duration_s is 'NaN', which is not a"),
    "duration empty": (f"{HEADER}\n0,f,\n", ", line 2: duration_s is '', not a number"),
    "duration too long": (
        f"{HEADER}\n0,f,1e10\n",
        ", line 2: duration_s is '1e10', above the limit, 1000000000",
    ),
    "function empty": (f"{HEADER}\n0, ,1\n", ", line 2: function is empty"),
    "memory no number": (
        f"{HEADER},memory_mib\n0,f,1,lots\n",
        ", line 2: memory_mib is 'lots', not a number",
    ),
    "memory zero": (
        f"{HEADER},memory_mib\n0,f,1,0\n",
        ", line 2: memory_mib is '0', not a whole number from 1",
    ),
    "memory differs": (
        f"{HEADER},memory_mib\n0,f,1,128\n1,g,1,64\n2,f,1,256\n",
        ", line 4: memory_mib of function 'f' is 256, but 128 on line 2",
    ),
    "cold start negative": (
        f"{HEADER},cold_start_s\n0,f,1,-1\n",
        ", line 2: cold_start_s is '-1', below the least, 0",
    ),
    "NUL in a name": (f"{HEADER}\n0,f,1\n1,f\0,1\n", "line 3: holds a NUL character"),
    "digits of another alphabet": (f"{HEADER}\n0,f,٣\n", ", line 2: duration_s is '٣', not a"),
    "no time": (f"{HEADER}\n5,f,0\n", ": all requests arrive at one time and last 0 s"),
    "not text": (b"\xff\xfe\x00\x01", ": is not UTF-8 text"),
    "unclosed quote": (f'{HEADER}\n0,"f,1\n', "is not csv"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD.keys())
def test_a_fault_is_named_by_file_line_value_and_limit(
    tmp_path: Path, cli: Callable[..., CliResult], text: str | bytes, message: str
) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(warmstow.TraceError) as caught:
        read_canonical(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    status, out, err = cli("replay", path)
    assert (status, out) == (2, "")
    assert err == f"warmstow: error: {caught.value}\n"


def test_a_fault_far_down_is_found_in_its_line(tmp_path: Path) -> None:
    rows = [f"{at},f,1" for at in range(5000)]
    rows[4321] = "4321,f,x"
    path = _write(tmp_path, "\n".join([HEADER, *rows]))
    with pytest.raises(warmstow.TraceError) as caught:
        read_canonical(path)
    assert caught.value.line == 4323
