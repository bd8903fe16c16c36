"""Tables and times for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from raftoral.cli.remote.tables import ago, one_line, plural, span, table

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_columns_are_as_wide_as_they_must_be() -> None:
    rows = [("RUN", "CALLS", "WHY"), ("a", "1", "x"), ("order-17", "1,200", ""), ("名", "-", "y")]
    assert table(rows) == [
        "RUN       CALLS  WHY",
        "a             1  x",
        "order-17  1,200",
        "名            -  y",
    ]
    assert table([]) == []
    assert table([("RUN", "CALLS")]) == ["RUN  CALLS"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((-3, "0 s"), (0, "0.0 s"), (0.44, "0.4 s"), (1, "1 s"), (59.9, "59 s"), (60, "1 min"), (3_599, "59 min")),
        *((3_600, "1 h"), (86_399, "23 h"), (86_400, "1 d"), (86_400 * 4_000, "4,000 d")),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert span(timedelta(seconds=seconds)) == text


def test_how_long_ago() -> None:
    assert ago(None, NOW) == "-"
    assert ago(NOW, NOW) == "just now"
    assert ago(NOW - timedelta(minutes=3), NOW) == "3 min ago"
    assert ago(NOW + timedelta(days=2, hours=1), NOW) == "in 2 d"


def test_texts() -> None:
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("x" * 90) == "x" * 79 + "…"
    assert plural(1, "run") == "1 run"
    assert plural(1_200, "run") == "1,200 runs"
    assert plural(2, "activity", "activities") == "2 activities"
