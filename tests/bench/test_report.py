"""Figures as people read them."""

from __future__ import annotations

from benchmarks import report
from benchmarks.measure import Figure, Point


def test_what_is_measured_many_times_is_a_grid() -> None:
    figures = [
        Figure("steps a second, 4 in flight", 15_570.2, "1/s", point=Point("flight", "here", 4)),
        Figure("p50, 4 in flight", 5.834, "ms", load=0.5),
        Figure("steps a second, 1,024 in flight", 17_000, "1/s", point=Point("flight", "here", 1_024)),
        Figure("memory, with 10 finished runs", 44, "MiB", point=Point("finished", "memory", 10)),
        Figure("memory, with 100 finished runs", 45, "MiB", point=Point("finished", "memory", 100)),
        Figure("opening the store, with 100 finished runs", 0.04, "s"),
    ]
    assert report.grids(figures) == [
        "| | steps a second, 1/s | p50, ms |",
        "|---|--:|--:|",
        "| 4 in flight | 15,570 | 5.83* |",
        "| 1,024 in flight | 17,000 |  |",
        "",
        "| | memory, MiB | opening the store, s |",
        "|---|--:|--:|",
        "| with 10 finished runs | 44.00 |  |",
        "| with 100 finished runs | 45.00 | 0.040 |",
        "",
    ]


def test_a_page_quotes_figures_by_their_names() -> None:
    head = "<!-- figures of benchmarks/RESULTS.md, ... -->\n\n| figure | reached |\n|---|--:|\n"
    page = head + "| W1 a, b | old |\n| gone | 5 |\n\nText\n"
    results = "| W1 a, b | 1.5 ms | <= 2 | pass | |\n| W1 a, b: other | 7 ms | | | |\n"
    made = report.quoting(page, results)
    assert "| W1 a, b | 1.5 ms |\n| gone |  |\n\nText" in made
    assert report.quoting(made, results) == made
