"""The reader of the Azure 2019 form: what it makes of good and bad folders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import warmstow
from conftest import AzureFolder, CliResult
from warmstow.traces import read_azure2019


def test_rows_join_by_function_whatever_their_order(azure: AzureFolder) -> None:
    trace = read_azure2019(azure.write())
    assert [f.name for f in trace.functions] == ["f1", "f2"]
    assert trace.counts.tolist() == [[3, 0, 2], [1, 1, 1]]
    assert trace.duration_percentiles_ms.tolist() == [[0, 1, 10, 20, 30, 90, 100], [50.0] * 7]
    assert trace.mean_duration_ms is not None
    assert trace.mean_duration_ms.tolist() == [20, 50]
    assert len(trace) == 8


def test_memory_is_rounded_up_and_at_least_128_mib(azure: AzureFolder) -> None:
    azure.memory.append(["f2", "o", "a", "1", "3.5"])
    trace = read_azure2019(azure.write())
    assert [f.memory_mib for f in trace.functions] == [201, 128]


def test_a_function_without_memory_has_128_mib(azure: AzureFolder) -> None:
    assert read_azure2019(azure.write()).functions[1].memory_mib == 128


def test_the_replay_offers_exactly_the_counted_requests(azure: AzureFolder) -> None:
    report = warmstow.replay(read_azure2019(azure.write()))
    assert report.invocations == 8
    assert report.horizon_s == 180.0
    assert {f.function: f.invocations for f in report.functions} == {"f1": 5, "f2": 3}


Spoil = Callable[[AzureFolder], None]


def _set(file: str, row: int, column: int, value: str) -> Spoil:
    def spoil(azure: AzureFolder) -> None:
        getattr(azure, file)[row][column] = value

    return spoil


def _append(file: str, row: list[str]) -> Spoil:
    return lambda azure: getattr(azure, file).append(row)


def _empty(file: str) -> Spoil:
    return lambda azure: getattr(azure, file).clear()


def _ragged(file: str) -> Spoil:
    return lambda azure: getattr(azure, file)[1].append("1")


def _drop(file: str, row: int) -> Spoil:
    return lambda azure: getattr(azure, file).pop(row)


BAD = {
    "count is no number": (
        _set("invocations", 1, 5, "many"),
        "invocations.csv, line 2: minute 481 is 'many', not a number",
    ),
    "negative count": (
        _set("invocations", 2, 4, "-1"),
        "invocations.csv, line 3: minute 480 is '-1', below the least, 0",
    ),
    "half a request": (
        _set("invocations", 2, 4, "1.5"),
        "invocations.csv, line 3: minute 480 is '1.5', not a whole number of requests",
    ),
    "count too large": (
        _set("invocations", 1, 4, "4294967296"),
        "invocations.csv, line 2: minute 480 is '4294967296', above the limit, 4294967295",
    ),
    "count not finite": (
        _set("invocations", 1, 4, "nan"),
        "invocations.csv, line 2: minute 480 is 'nan', which is not a number (NaN)",
    ),
    "empty cell": (
        _set("invocations", 1, 4, ""),
        "invocations.csv, line 2: minute 480 is '', not a number",
    ),
    "minutes not consecutive": (
        _set("invocations", 0, 5, "483"),
        "invocations.csv, line 1: minute column '483' stands where minute 481 belongs",
    ),
    "minute of 5000 digits": (
        _set("invocations", 0, 4, "9" * 5000),
        "9...' has too many digits",
    ),
    "next minute of 5000 digits": (
        _set("invocations", 0, 5, "9" * 5000),
        "9...' stands where minute 481 belongs",
    ),
    "digits of another alphabet": (
        _set("invocations", 1, 4, "٣"),
        "invocations.csv, line 2: minute 480 is '٣', not a number",
    ),
    "ragged row": (
        _ragged("invocations"),
        "invocations.csv, line 2: the row has 8 columns, the header 7",
    ),
    "empty file": (
        _empty("durations"),
        "durations.csv: the file is empty; needs a header and at least one row",
    ),
    "missing column": (
        _set("durations", 0, 8, "p50"),
        "durations.csv, line 1: column 'percentile_Average_50' is missing",
    ),
    "duration is no number": (
        _set("durations", 1, 5, "fast"),
        "durations.csv, line 2: percentile_Average_0 is 'fast', not a number",
    ),
    "negative duration": (
        _set("durations", 2, 5, "-3"),
        "durations.csv, line 3: percentile_Average_0 is '-3', below the least, 0",
    ),
    "percentiles go down": (
        _set("durations", 2, 7, "95"),
        "durations.csv, line 3: percentile_Average_50 is 20, below percentile_Average_25, 95",
    ),
    "unknown function in durations": (
        _append("durations", ["o", "a", "f3", "1", "1", *["1"] * 7]),
        "durations.csv, line 4: function 'f3' is not in invocations.csv",
    ),
    "no durations of a function": (
        _drop("durations", 1),
        "durations.csv: there is no row for function 'f2' of invocations.csv",
    ),
    "unknown function in memory": (
        _append("memory", ["f9", "o", "a", "1", "1"]),
        "memory.csv, line 3: function 'f9' is not in invocations.csv",
    ),
    "memory is no number": (
        _set("memory", 1, 4, "big"),
        "memory.csv, line 2: AverageAllocatedMb is 'big', not a number",
    ),
    "negative memory": (
        _set("memory", 1, 4, "-0.5"),
        "memory.csv, line 2: AverageAllocatedMb is '-0.5', below the least, 0",
    ),
    "function twice": (
        _append("invocations", ["o", "a", "f1", "http", "0", "0", "0"]),
        "invocations.csv, line 4: HashFunction 'f1' is already on line 2",
    ),
    "no row": (
        lambda azure: azure.memory.pop(),
        "memory.csv, line 1: there is no row below the header; needs at least one",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), BAD.values(), ids=BAD.keys())
def test_a_fault_is_named_by_file_line_value_and_limit(
    azure: AzureFolder, cli: Callable[..., CliResult], spoil: Spoil, message: str
) -> None:
    spoil(azure)
    folder = azure.write()
    with pytest.raises(warmstow.TraceError) as caught:
        read_azure2019(folder)
    assert message in str(caught.value)
    status, out, err = cli("replay", folder, "--json")
    assert (status, out) == (2, "")
    assert err == f"warmstow: error: {caught.value}\n"


def test_a_missing_file_is_named(azure: AzureFolder) -> None:
    folder = azure.write()
    (folder / "memory.csv").unlink()
    with pytest.raises(warmstow.TraceError, match=r"memory\.csv: no such file"):
        read_azure2019(folder)


def test_a_trace_that_calls_no_function_is_refused(azure: AzureFolder) -> None:
    for row in azure.invocations[1:]:
        row[4:] = ["0", "0", "0"]
    with pytest.raises(warmstow.TraceError, match=r"trace/invocations\.csv: no function is ever"):
        read_azure2019(azure.write())


def test_a_trace_of_too_many_requests_is_refused(azure: AzureFolder) -> None:
    azure.invocations[1][4] = "1000000001"
    with pytest.raises(warmstow.TraceError) as caught:
        read_azure2019(azure.write())
    assert "invocations.csv: 1000000006 requests, above the limit, 1000000000" in str(caught.value)


def test_the_sample_of_the_demo_is_the_published_one() -> None:
    from warmstow.demo import demo_trace

    trace = demo_trace()
    assert trace.counts.shape == (100, 480)
    assert len(trace) == 339_657
    assert int(trace.counts.sum(axis=1).max()) == 273_379
    assert np.all(np.diff(trace.duration_percentiles_ms, axis=1) >= 0)


def test_the_load_is_the_one_that_the_trace_states() -> None:
    from warmstow.demo import demo_trace

    trace = demo_trace()
    assert trace.mean_duration_ms is not None
    requests = trace.counts.sum(axis=1)
    offered_load = float((requests * trace.mean_duration_ms).sum() / 1e3 / (480 * 60))
    stages = {"cold_start_environment": "det:0", "cold_start_code": "det:0"}
    report = warmstow.replay(trace, warmstow.Settings(account_limit=1000, **stages))
    assert offered_load == pytest.approx(10.68, abs=0.01)
    assert report.mean_busy_instances == pytest.approx(offered_load, rel=0.02)
