"""Arbitrary bytes as traces: a workload or a ``ConfigError``, nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from warmstow.errors import ConfigError, TraceError
from warmstow.traces import read_azure2019, read_canonical, read_trace
from warmstow.traces.poisson import parse_poisson

HEADER = "timestamp_s,function,duration_s"
NUMBERS = ["0", "1", "-1", "1e9", "1e10", "nan", "inf", "1_0", "", " 2 ", "0x1", "1e400", "٣"]
NAMES = ["f", "g", '"a,b"', '"', "\x00", "é", "a" * 300]

# Reading is quick; what takes time is the file system.
quick = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)

cells = st.sampled_from([*NUMBERS, *NAMES])
lines = st.lists(cells, min_size=1, max_size=6).map(",".join)
breaks = st.sampled_from(["\n", "\r\n", "\r", "\n\n"])


@st.composite
def tables(draw: st.DrawFn, headers: list[str]) -> bytes:
    """Mostly the right header, with rows of likely cells or a piece of noise."""
    header = draw(st.sampled_from(headers))
    rows = draw(st.lists(lines, max_size=6))
    text = draw(breaks).join([header, *rows]).encode()
    noise = draw(st.binary(max_size=8))
    at = draw(st.integers(0, len(text)))
    return text[:at] + noise + text[at:]


def check(error: TraceError, where: str) -> None:
    """The fault has a place and a message."""
    assert where in error.path
    assert error.line is None or error.line >= 1
    assert str(error).startswith(error.path)
    assert str(error.args[2])


@quick
@given(st.binary(max_size=200) | tables([HEADER, f"{HEADER},memory_mib", f"{HEADER},cold_start_s"]))
@example(b"")
@example(b"\xff\xfe")
@example(f'{HEADER}\n0,"f,1\n'.encode())
def test_canonical_bytes(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.csv"
        path.write_bytes(data)
        try:
            trace = read_canonical(path)
        except TraceError as error:
            check(error, "trace.csv")
        else:
            assert len(trace) >= 1
            assert (trace.arrival_ns[1:] >= trace.arrival_ns[:-1]).all()


AZURE = {
    "invocations.csv": ["HashOwner,HashApp,HashFunction,Trigger,1,2\no,a,f,http,3,0"],
    "durations.csv": [
        "HashOwner,HashApp,HashFunction,Average,Count,"
        + ",".join(f"percentile_Average_{p}" for p in (0, 1, 25, 50, 75, 99, 100))
        + "\no,a,f,20,3,0,1,10,20,30,90,100"
    ],
    "memory.csv": [
        "HashFunction,HashOwner,HashApp,SampleCount,AverageAllocatedMb\nf,o,a,10,200.25"
    ],
}


@quick
@given(st.sampled_from(sorted(AZURE)), st.data())
def test_azure_with_one_file_spoilt(spoilt: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, (sound,) in AZURE.items():
            text = data.draw(tables([sound])) if name == spoilt else sound.encode()
            (Path(folder) / name).write_bytes(text)
        try:
            read_azure2019(folder)
        except TraceError as error:
            check(error, folder)


WORDS = ["poisson:", "rate=", "warm=", "cold=", "duration=", ",", "exp:", "lognormal:", "det:"]
words = st.lists(st.sampled_from([*WORDS, *NUMBERS]), max_size=14).map("".join)


@quick
@given(st.text(max_size=60) | words)
@example("poisson:rate=1,warm=exp:1,duration=1e-300")
def test_poisson_text(text: str) -> None:
    try:
        poisson = parse_poisson(text)
    except TraceError as error:
        check(error, text)
    else:
        assert poisson.rate_per_s > 0


@quick
@given(st.text(max_size=60).filter(lambda text: "poisson:" not in text))
def test_a_path_that_is_any_text(text: str) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.raises(ConfigError, match=r"\S"),
    ):
        read_trace(f"{folder}/none/{text}")
