"""The examples in the extension's docstrings are run."""

from __future__ import annotations

import doctest

import pytest
import warmstow

CLASSES = [
    warmstow.AsyncQueue,
    warmstow.Backlog,
    warmstow.FrontEnd,
    warmstow.Keeper,
    warmstow.PolledSource,
    warmstow.Scaler,
    warmstow.TenantFunction,
    warmstow.VersionedFunction,
    warmstow.View,
]


@pytest.mark.parametrize("shown", CLASSES, ids=lambda shown: shown.__name__)
def test_the_example_of_a_class_is_right(shown: type) -> None:
    text = shown.__doc__
    assert text is not None
    parsed = doctest.DocTestParser().get_doctest(
        text, vars(warmstow).copy(), shown.__name__, None, 0
    )
    assert parsed.examples, "it has an example"
    report: list[str] = []
    doctest.DocTestRunner().run(parsed, out=report.append)
    assert not report, "".join(report)
