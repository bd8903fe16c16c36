"""The language by example: every case file is what the compiler makes of its sources.

Input: `cases/*.md` (see `case_file`) and the wrong programs of `raftoral/dsl/explain/`. The test
writes each file anew from its sources and compares; with `pytest --update` it keeps what it wrote.
A title names the codes that its source is to give, so that an update cannot hide a lost problem.

A later stage (graph, frames, Python, a run) adds its section to `STAGES`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

import pytest

from raftoral.dsl.compile import check
from raftoral.dsl.diagnostics import Label, Problem
from raftoral.dsl.diagnostics.codes import CODES
from raftoral.dsl.diagnostics.render import human
from raftoral.dsl.diagram import graphs_of
from raftoral.dsl.format import format_source
from raftoral.dsl.graph import Graph
from raftoral.dsl.graph.text import print_frames, print_graph
from raftoral.dsl.source import Source
from tests.dsl.case_file import CaseFault, Fence, Program, read_case, write_case
from tests.dsl.test_explain import EXAMPLES, World, problems_in

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").glob("*.md"))
MESSAGES = HERE / "messages"

Stage = Callable[[Program], list[Fence] | None]


# --- stages: a program -> the fences of a section, or None when it has no such section ------------


def problems_of(program: Program) -> list[Fence]:
    """PROBLEMS: every problem with its labels, notes and helps; or `none`."""
    found = _check(program)
    home = None if len(program.rft) > 1 else program.rft[0].path
    return [Fence("text", "".join(_listing(problem, home) for problem in found) or "none\n")]


def formatted(program: Program) -> list[Fence] | None:
    """FORMATTED: the files that `raftoral fmt` would change."""
    changed = []
    for fence in program.rft:
        text = format_source(Source(fence.path, fence.text)).text
        if text != fence.text:
            changed.append(Fence("rft", text, fence.file))
    return changed or None


def graphs(program: Program) -> list[Fence] | None:
    """GRAPH: the blocks of every workflow, for the sources that ask by having the section."""
    return _drawn(program, print_graph) if "GRAPH" in program.expected else None


def frames(program: Program) -> list[Fence] | None:
    """FRAMES: what every slot keeps, for the sources that ask by having the section."""
    return _drawn(program, print_frames) if "FRAMES" in program.expected else None


def _drawn(program: Program, draw: Callable[[Graph, Source], str]) -> list[Fence]:
    sources = [Source(fence.path, fence.text) for fence in program.rft]
    texts = []
    for checked in check(sources, World(program.texts())):
        if not any(problem.is_error for problem in checked.problems):
            texts += [draw(graph, checked.source) for graph in graphs_of(checked.facts)]
    return [Fence("text", "\n".join(texts) or "none\n")]


STAGES: dict[str, Stage] = {"PROBLEMS": problems_of, "FORMATTED": formatted, "GRAPH": graphs, "FRAMES": frames}
KNOWN = list(STAGES)


def _check(program: Program) -> list[Problem]:
    sources = [Source(fence.path, fence.text) for fence in program.rft]
    return [p for checked in check(sources, World(program.texts())) for p in checked.problems]


def _listing(problem: Problem, home: str | None) -> str:
    """One problem: its place, code and headline, and below it all else that it says."""
    rows = [f"{_place(problem.primary, home)} {problem.code} {problem.headline}"]
    if problem.primary.text:
        rows.append(f"  label: {problem.primary.text}")
    rows += [f"  label {_place(label, home)}: {label.text}" for label in problem.labels[1:]]
    rows += [f"  note: {note}" for note in problem.notes]
    rows += [f"  help: {text}" for text in problem.helps]
    return "".join(row.replace("\n", "\n    ") + "\n" for row in rows)


def _place(label: Label, home: str | None) -> str:
    line, column = label.source.position(label.lo)
    path = "" if label.source.path == home else f"{label.source.path}:"
    return f"{path}{line}:{column}"


# --- the tests ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, update: bool) -> None:
    text = path.read_text(encoding="utf-8")
    case = read_case(text, KNOWN)
    for program in case.programs:
        made = {name: stage(program) for name, stage in STAGES.items()}
        program.expected = {name: fences for name, fences in made.items() if fences is not None}
    _keep(path, text, write_case(case, KNOWN), update)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case_gives_the_codes_in_its_titles(path: Path) -> None:
    for program in read_case(path.read_text(encoding="utf-8"), KNOWN).programs:
        found = _check(program)
        said = "\n".join(_listing(problem, None) for problem in found) or "nothing"
        wanted = ", ".join(program.codes) or "nothing"
        shown = f"`{program.title}` should give {wanted}, and gives\n{said}"
        assert sorted(p.code for p in found) == program.codes, shown


@pytest.mark.parametrize("code", sorted(CODES))
def test_message(code: str, update: bool) -> None:
    """`messages/RFTnnnn.txt` is what people read for the wrong programs of `explain/`."""
    path = MESSAGES / f"{code}.txt"
    reports = []
    for example in EXAMPLES:
        if example.code == code and example.kind == "wrong":
            reports.append(human.render(problems_in(example)))
    _keep(path, path.read_text("utf-8") if path.exists() else "", "\n".join(reports), update)


def test_no_message_is_left_over() -> None:
    assert {path.stem for path in MESSAGES.iterdir()} <= set(CODES)


def _keep(path: Path, kept: str, made: str, update: bool) -> None:
    """Under `--update` writes `made` to `path`; otherwise fails with the difference, if any."""
    if kept == made:
        return
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(made, encoding="utf-8")
        if not made:
            path.unlink()
        return
    rows = difflib.unified_diff(
        kept.splitlines(),
        made.splitlines(),
        f"{path.name} (kept)",
        f"{path.name} (made)",
        lineterm="",
    )
    diff = "\n".join(rows)
    pytest.fail(f"{diff}\n\n`pytest --update` keeps what was made", pytrace=False)


# --- what is not a case file ----------------------------------------------------------------------

GOOD = "# Title\n\nProse.\n\n## SOURCE\n\n```rft\nrft 1\n```\n\n## PROBLEMS\n\n```text\nnone\n```\n"


def test_a_case_is_written_as_it_was_read() -> None:
    assert write_case(read_case(GOOD, KNOWN), KNOWN) == GOOD


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD.replace("# Title\n\n", ""), "begins with"),
        (GOOD.replace("PROBLEMS", "PROBLEM"), "no section is called PROBLEM"),
        (GOOD.replace("## PROBLEMS", "## PROBLEMS: mine"), "no title"),
        (GOOD.replace("## SOURCE\n\n```rft\nrft 1\n```\n\n", ""), "below a source"),
        (GOOD + GOOD[GOOD.index("## PROBLEMS") :], "twice"),
        (GOOD.removesuffix("```\n"), "not closed"),
        (GOOD + "More.\n", "prose"),
        (GOOD.replace("```rft\n", "```rft here\n"), "first line of a fence"),
        (GOOD.replace("## SOURCE\n\n```rft", "## SOURCE\n\n```python"), "no program"),
        (GOOD.replace("rft 1\n```\n", "rft 1\n```\n\n```rft\nrft 1\n```\n"), "one path"),
        ("# Title\n\nProse.\n", "no `## SOURCE`"),
        ("# Title\n\n```rft\n```\n", "stands in a section"),
    ],
)
def test_what_is_not_a_case_is_refused(text: str, why: str) -> None:
    with pytest.raises(CaseFault, match=why):
        read_case(text, KNOWN)
