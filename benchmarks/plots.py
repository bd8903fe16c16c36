"""Pictures of a run of the benchmarks, from its JSON lines: `./dev plots build/bench.jsonl [--to docs/pictures]`.

Each picture is written twice: SVG for pages, PNG for everything else. A picture of which a file has no figures is left
as it is. What other systems took, where nobody measured it beside ours in this run, comes from peers.jsonl, and is
drawn with broken lines. A hollow mark is a figure that was taken while other processes used the machine.

All axes begin at zero, or are logarithmic and say so. The same lines make the same bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchmarks.measure import ROOT
from benchmarks.report import number

try:
    import matplotlib
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
except ImportError:
    raise SystemExit("plots: matplotlib draws them: pip install -e '.[dev]'") from None

KEPT = os.path.join(ROOT, "benchmarks", "peers.jsonl")
PICTURES = os.path.join(ROOT, "docs", "pictures")
DPI = 160

# A light card: the same on light and dark pages. Colours that also those tell apart who see few of them.
PAPER, INK, PALE, GRID = "#ffffff", "#1f2328", "#59636e", "#d9dee3"
OURS, OURS_TOO = "#0a5fb4", "#009e73"
COLOURS = {
    "raftoral": OURS,
    "one process": OURS,
    "64 runs in flight": OURS,
    "memory": OURS,
    "a run started alone, p50": OURS,
    "raftoral, 3 nodes": OURS_TOO,
    "three nodes": OURS_TOO,
    "disk": OURS_TOO,
}
OTHERS = ("#d55e00", "#b8860b", "#8e5ea2", "#8c564b", "#59636e")
MARKS = "osD^vP"
PARTS = {"p50": "-", "p99": ":"}  # of times: how a line of them is drawn


class Mark(NamedTuple):
    """One figure in a picture."""

    x: float
    y: float
    loaded: bool
    kept: bool


Lines = dict[str, list[Mark]]


class Panel(NamedTuple):
    """Axes with lines on them. `plots` are those of the figures' points, by the part that a line then is."""

    plots: dict[str, str]
    x: str
    y: str
    log_x: bool = True
    log_y: bool = False
    zero_x: bool = False  # logarithmic, with a place for 0


class Picture(NamedTuple):
    name: str
    title: str
    panels: list[Panel]
    under: str = ""


FLIGHT_X = "runs in flight (logarithmic)"
STEPS_Y = "effects a second"
RUN_Y = "ms for a run of ten effects (logarithmic)"

DRAWN = [
    Picture(
        "resume",
        "kill -9, and how long until the run has its result",
        [
            Panel(
                {"resume": ""},
                "effects that the run had done (logarithmic; 0 to 10 linear)",
                "ms (logarithmic)",
                log_y=True,
                zero_x=True,
            )
        ],
        "One process: from the start of the next one, Python's own start included. Three nodes: a run that "
        "waits goes on at another node, which is up;\none that has effects left goes on there once its owner is "
        "missed, after 2 s. Others: only the application is killed; what servers there are stay up.",
    ),
    Picture(
        "throughput",
        "Effects a second, each committed and synced",
        [Panel({"flight: steps": ""}, FLIGHT_X, f"{STEPS_Y} (logarithmic)", log_y=True)],
    ),
    Picture(
        "latency",
        "How long a run of ten effects takes, one after the other",
        [Panel({"flight: p50": "p50", "flight: p99": "p99"}, FLIGHT_X, RUN_Y, log_y=True)],
    ),
    Picture(
        "frames",
        "Effects a second, by what a run holds meanwhile (64 runs in flight)",
        [Panel({"frame: steps": ""}, "bytes in the frame (logarithmic)", f"{STEPS_Y} (logarithmic)", log_y=True)],
    ),
    Picture(
        "nodes",
        "Nodes and groups, 64 runs in flight at all nodes together",
        [
            Panel({"nodes: steps": ""}, "nodes, with one group", STEPS_Y, log_x=False),
            Panel({"groups: steps": ""}, "groups, on three nodes", STEPS_Y, log_x=False),
        ],
        "All nodes share the cores and the disk of one machine: more of them are more work, and no more machines.",
    ),
    Picture(
        "memory",
        "What finished runs leave behind, in one process",
        [
            Panel({"finished: memory": ""}, "finished runs (logarithmic)", "MiB (logarithmic)", log_y=True),
            Panel({"finished: start": ""}, "finished runs (logarithmic)", "ms for one more run, without effects"),
        ],
    ),
]
BESIDE = "beside: "


def read(paths: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The lines of files, those of other systems that were kept before all others."""
    for path in (KEPT, *paths):
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.startswith("{"):
                    yield {**json.loads(line), "kept": path == KEPT}


def gathered(records: Iterable[dict[str, Any]]) -> dict[str, Lines]:
    """The lines of each plot. Of two figures at one place the later one counts, and a line is of one origin."""
    found: dict[str, dict[str, dict[float, Mark]]] = {}
    for each in records:
        if "plot" in each and each["value"] is not None:
            line = found.setdefault(each["plot"], {}).setdefault(each["line"], {})
            if not each["kept"] and any(mark.kept for mark in line.values()):
                line.clear()
            line[each["x"]] = Mark(each["x"], each["value"], bool(each.get("loaded")), each["kept"])
    return {
        plot: {name: [line[x] for x in sorted(line)] for name, line in lines.items()} for plot, lines in found.items()
    }


def draw(plots: dict[str, Lines], folder: str, about: str) -> list[str]:
    """Writes all pictures of which there are figures; gives their names."""
    os.makedirs(folder, exist_ok=True)
    matplotlib.rcParams.update(_style())
    drawn = []
    for picture in DRAWN:
        ours = [plots[plot] for panel in picture.panels for plot in panel.plots if plot in plots]
        if not any(not mark.kept for lines in ours for line in lines.values() for mark in line):
            continue
        figure = Figure(figsize=(8.0, 4.6))
        axes = figure.subplots(1, len(picture.panels), squeeze=False)[0]
        for panel, each in zip(picture.panels, axes, strict=True):
            _panel(panel, each, plots)
        _save(figure, picture.title, picture.under, about, folder, picture.name, ours)
        drawn.append(picture.name)
    beside = {plot.removeprefix(BESIDE): lines for plot, lines in plots.items() if plot.startswith(BESIDE)}
    if beside:
        _beside(beside, folder, about)
        drawn.append("beside")
    return drawn


def marks_of(panel: Panel, plots: dict[str, Lines]) -> list[Mark]:
    """All that a panel shows."""
    return [mark for plot in panel.plots for line in plots.get(plot, {}).values() for mark in line]


def _style() -> dict[str, Any]:
    return {
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": PALE,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "xtick.color": PALE,
        "ytick.color": PALE,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
        "svg.fonttype": "path",  # the same letters on every machine
        "svg.hashsalt": "raftoral",
    }


def _panel(panel: Panel, axes: Axes, plots: dict[str, Lines]) -> None:
    others = iter(zip(OTHERS, MARKS[2:], strict=False))
    looks: dict[str, tuple[str, str]] = {}
    for plot, part in panel.plots.items():
        for name, marks in plots.get(plot, {}).items():
            if name not in looks:
                looks[name] = (COLOURS[name], "o") if name in COLOURS else next(others)
            _line(axes, marks, f"{name}, {part}" if part else name, looks[name], PARTS.get(part, "-"))
    axes.set_xlabel(panel.x)
    axes.set_ylabel(panel.y)
    if panel.zero_x:
        axes.set_xscale("symlog", linthresh=10, linscale=0.5)
        axes.set_xlim(left=-1)
    elif panel.log_x:
        axes.set_xscale("log")
    else:
        axes.set_xticks(sorted({mark.x for mark in marks_of(panel, plots)}))
        axes.set_xlim(0, max(mark.x for mark in marks_of(panel, plots)) * 1.05)
    heights = [mark.y for mark in marks_of(panel, plots)]
    if panel.log_y:
        axes.set_yscale("log")
        few = max(heights) < 300 * min(heights)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(0, max(heights) * 1.15)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_formatter(FuncFormatter(_number))
    axes.yaxis.set_major_formatter(FuncFormatter(_number))


def _line(axes: Axes, marks: list[Mark], label: str, look: tuple[str, str], style: str) -> None:
    colour, shape = look
    kept = any(mark.kept for mark in marks)
    ours = colour in (OURS, OURS_TOO)
    x, y = [mark.x for mark in marks], [mark.y for mark in marks]
    axes.plot(x, y, "--" if kept else style, color=colour, linewidth=2.4 if ours else 1.5, zorder=3 if ours else 2)
    for hollow in (False, True):
        there = [mark for mark in marks if mark.loaded == hollow]
        axes.plot(
            [mark.x for mark in there],
            [mark.y for mark in there],
            shape,
            color=colour,
            markerfacecolor=PAPER if hollow else colour,
            markersize=5.5,
            zorder=4,
        )
    # A line of its own for the legend: with its mark, filled.
    axes.plot([], [], "--" if kept else style, marker=shape, color=colour, markersize=5.5, label=label)


def _number(value: float, _: int = 0) -> str:
    """1,000 and 10 k and 1 M: as wide as a tick has room for."""
    if value >= 1e6:
        return f"{value / 1e6:g} M"
    if value >= 1e4:
        return f"{value / 1e3:g} k"
    return f"{value:,g}"


def _beside(plots: dict[str, Lines], folder: str, about: str) -> None:
    """Bars beside each other, a panel for each workload: what was measured in turns, in one run."""
    figure = Figure(figsize=(8.0, 4.6))
    panels = figure.subplots(len(plots), 1, squeeze=False)
    for axes, (name, lines) in zip(panels[:, 0], plots.items(), strict=True):
        bars = sorted(((marks[-1].x, system, marks[-1]) for system, marks in lines.items()), reverse=True)
        values = [mark.y for _, _, mark in bars]
        colours = [COLOURS.get(system, OTHERS[0]) for _, system, _ in bars]
        drawn = axes.barh([system for _, system, _ in bars], values, color=colours, height=0.65)
        axes.bar_label(drawn, [number(value) for value in values], padding=4)
        for bar, colour, (_, _, mark) in zip(drawn, colours, bars, strict=True):
            if mark.loaded:
                bar.set(facecolor=PAPER, edgecolor=colour, linewidth=1.5)
        axes.set_title(name + (", ms" if "second" not in name else ""), loc="left", fontsize=10)
        axes.margins(x=0.12)
        axes.grid(False)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
    _save(
        figure, "The same workloads, in turns, on the same machine", "", about, folder, "beside", list(plots.values())
    )


def _save(figure: Figure, title: str, under: str, about: str, folder: str, name: str, plots: list[Lines]) -> None:
    """Title and legend above, notes below, and the panels between them."""
    figure.text(0.012, 0.985, title, ha="left", va="top", fontsize=13, fontweight="bold")
    top = 0.985 - 0.055 - _legend(figure, 0.985 - 0.06)
    marks = [mark for lines in plots for line in lines.values() for mark in line]
    notes = [
        under,
        "Broken lines: measured before, on a machine of the same kind." if any(mark.kept for mark in marks) else "",
        "Hollow: taken while other processes used the machine." if any(mark.loaded for mark in marks) else "",
        about,
    ]
    notes = [row for note in notes if note for row in note.split("\n")]
    for row, note in enumerate(reversed(notes)):
        figure.text(0.012, 0.015 + 0.03 * row, note, ha="left", va="bottom", fontsize=7.5, color=PALE)
    bottom = 0.025 + 0.03 * len(notes)
    figure.set_layout_engine("constrained", rect=(0.005, bottom, 0.985, top - bottom))
    figure.savefig(os.path.join(folder, f"{name}.svg"), metadata={"Date": None})
    figure.savefig(os.path.join(folder, f"{name}.png"), dpi=DPI, metadata={"Software": None})


def _legend(figure: Figure, top: float) -> float:
    """Ours first. Gives how high it is, as a part of the figure."""
    entries: dict[str, Any] = {}
    for axes in figure.axes:
        entries.update({label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)})
    if len(entries) < 2:
        return 0.0
    labels = sorted(entries, key=lambda label: entries[label].get_color() not in (OURS, OURS_TOO))
    place: Any = {"loc": "upper left", "bbox_to_anchor": (0.0, top), "frameon": False, "columnspacing": 1.5}
    figure.legend([entries[label] for label in labels], labels, ncols=4, fontsize=9, **place)
    return 0.048 * -(-len(labels) // 4) + 0.01


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev plots", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("files", nargs="+", metavar="FILE", help="lines of `./dev bench --out FILE`")
    parser.add_argument("--to", default=PICTURES, metavar="DIR", help="where pictures go (docs/pictures)")
    options = parser.parse_args(words)
    try:
        records = list(read(options.files))
    except (OSError, ValueError) as error:
        print(f"plots: {error}", file=sys.stderr)
        return 1
    last: dict[str, Any] = next((each for each in reversed(records) if "version" in each), {})
    about = (
        f"raftoral {last.get('version', '?')}, {last.get('date', '?')}; {os.cpu_count()} cores. benchmarks/RESULTS.md"
    )
    drawn = draw(gathered(records), options.to, about)
    print(f"{options.to}: {', '.join(drawn) or 'nothing to draw'}")
    return 0 if drawn else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
