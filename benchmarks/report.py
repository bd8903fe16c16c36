"""Shows figures: as a table, as lines of JSON, and in benchmarks/RESULTS.md.

In RESULTS.md each suite has a section between `<!-- begin: NAME -->` and `<!-- end: NAME -->`;
what stands around it is written by people and stays. README.md quotes some figures. Nothing here says which host
it was.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import re
import time

from benchmarks.measure import LOAD_MAX, ROOT, Figure

RESULTS = os.path.join(ROOT, "benchmarks", "RESULTS.md")
README = os.path.join(ROOT, "README.md")
QUOTES = re.compile(r"(<!-- figures of benchmarks/RESULTS\.md.*?-->\n\n.*?\n.*?\n)(.*?)(?=\n\n)", re.DOTALL)
GRIDS = ("scaling",)  # suites in which the same is measured many times
HEAD = "# Results\n\nWritten by `./dev bench --write`; what was tried stands in NOTES.md.\n"


def number(value: float) -> str:
    """Few digits: 23,410 or 5.83 or 0.041."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"


def rows(figures: list[Figure]) -> list[tuple[str, str, str, str, str]]:
    """(what, reached, target, verdict, remark) of each figure."""
    shown = []
    for figure in figures:
        target = f"{figure.target.sign} {number(figure.target.value)}" if figure.target else ""
        remarks = [figure.note] if figure.note else []
        if figure.spread:
            remarks.append(f"{number(figure.spread[0])} to {number(figure.spread[1])}")
        if figure.loaded:
            remarks.append(f"under load: others used {figure.load:.2f} cores")
        reached = f"{number(figure.value)} {figure.unit}".strip()
        shown.append((figure.name, reached, target, figure.verdict, "; ".join(remarks)))
    return shown


def show(figures: list[Figure], as_json: bool) -> None:
    """On standard output."""
    print("\n".join(json.dumps(figure.record()) for figure in figures) if as_json else table(figures), flush=True)


def append(path: str, suite: str, figures: list[Figure]) -> None:
    """Adds a JSON line for each figure to a file: several commands make one run."""
    from raftoral import __version__

    about = {"suite": suite, "date": time.strftime("%Y-%m-%d", time.gmtime()), "version": __version__}
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(json.dumps({**about, **figure.record()}) + "\n" for figure in figures)


def table(figures: list[Figure]) -> str:
    """For the terminal."""
    lines = [("figure", "reached", "target", "", ""), *rows(figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    text = []
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        text.append("  ".join([*cells, line[4]]).rstrip())
    return "\n".join(text)


def grids(figures: list[Figure]) -> list[str]:
    """Tables of figures that are named `what, where`: a column for each what, a row for each where, a table for rows
    that are on one line of a picture. An asterisk is the mark of load."""
    rows: dict[str, list[Figure]] = {}
    for figure in figures:
        rows.setdefault(figure.name.partition(", ")[2], []).append(figure)
    text: list[str] = []
    for _, group in itertools.groupby(rows.items(), key=lambda row: row[1][0].point and row[1][0].point[:2]):
        table = {where: {_column(figure): figure for figure in row} for where, row in group}
        columns = list(dict.fromkeys(column for values in table.values() for column in values))
        text += ["| | " + " | ".join(columns) + " |", "|---|" + "--:|" * len(columns)]
        for where, values in table.items():
            cells = [_cell(values[column]) if column in values else "" for column in columns]
            text.append(f"| {where} | " + " | ".join(cells) + " |")
        text.append("")
    return text


def _column(figure: Figure) -> str:
    what = figure.name.partition(", ")[0]
    return f"{what}, {figure.unit}" if figure.unit else what


def _cell(figure: Figure) -> str:
    return number(figure.value) + ("*" if figure.loaded else "")


def section(name: str, figures: list[Figure]) -> str:
    """For RESULTS.md: when, on what, and the table."""
    from raftoral import __version__

    text = [
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, raftoral {__version__}, "
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores.",
        "",
        *(grids(figures) if name in GRIDS else _table(figures)),
    ]
    if any(figure.loaded for figure in figures):
        text.append(f"Marked figures were taken while other processes used more than {LOAD_MAX} cores.")
        text.append("")
    return "\n".join(text)


def _table(figures: list[Figure]) -> list[str]:
    lines = ["| figure | reached | target | | remark |", "|---|---|---|---|---|"]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows(figures)), ""]


def write(name: str, figures: list[Figure]) -> None:
    """Puts the section of `name` in the place of the old one."""
    try:
        with open(RESULTS, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        text = HEAD
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    if begin not in text:
        text += f"\n## {name.capitalize()}\n\n{begin}\n{end}\n"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    text = pattern.sub(lambda _: f"{begin}\n{section(name, figures)}{end}", text)
    with open(RESULTS, "w", encoding="utf-8") as file:
        file.write(text)
    with open(README, encoding="utf-8") as file:
        page = file.read()
    with open(README, "w", encoding="utf-8") as file:
        file.write(quoting(page, text))


def quoting(page: str, results: str) -> str:
    """A page with the figures that it quotes by their names, as they stand in the results. One that is not there is
    left empty."""

    def quoted(row: str) -> str:
        name = row.split("|")[1].strip()
        found = re.search(rf"^\| {re.escape(name)} \| ([^|]*) \|", results, re.MULTILINE)
        return f"| {name} | {found[1].strip() if found else ''} |"

    return QUOTES.sub(lambda found: found[1] + "\n".join(map(quoted, found[2].splitlines())), page)
