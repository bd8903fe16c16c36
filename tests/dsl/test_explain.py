"""The long form of every problem code, and the acceptance tests of the checker.

Input: `raftoral/dsl/explain/*.md`. A section is `## RFT0103 missing-token`, then prose, then pairs
of fenced programs. Each `wrong` one gives its code and nothing else, each `right` one nothing.

    rft wrong, rft right               one pair; a section may have several
    rft later-wrong, rft later-right   the code comes with migration: both are clean so far
    rft released                       before a pair: the program that raftoral.lock was made of, on its release;
                                       the right program has its place in the lock. `rft locked`: as a draft
    rft with file=, python with file=  another file of the pair above it; one that stands after
                                       `right` replaces its namesake for the right program only
    text wrong, text right             prose, for what cannot be shown as a program
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from raftoral.dsl.compile import Checked
from raftoral.dsl.diagnostics import Problem
from raftoral.dsl.diagnostics.codes import CODES
from raftoral.dsl.lock import Lock, Standing
from raftoral.dsl.source import Source

EXPLAIN = Path(__file__).parents[2] / "raftoral" / "dsl" / "explain"
HEADING = re.compile(r"^## (RFT\d{4}) ([a-z0-9-]+)$", re.MULTILINE)
FENCE = re.compile(r"^```(\w+) ([\w-]+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
UNNAMED = "program.rft"
NOT_RUNNABLE = {"RFT0115"}
LATER = {"RFT0902", "RFT0903", "RFT0904", "RFT0905", "RFT0910", "RFT0912"}
BESIDE = ("with", "released", "locked")
RELEASED_ON = "2026-11-02"
LINE_MAX = 100


class Example:
    """One program: what kind it is, the file to check, all files by name; and those that a lock was made of."""

    def __init__(self, code: str, kind: str, path: str, files: dict[str, str]) -> None:
        self.code = code
        self.kind = kind
        self.path = path
        self.files = files
        self.before: dict[str, str] = {}
        self.is_released = False

    def __str__(self) -> str:
        shown = [f"{self.code} {self.kind}"]
        for path, text in [*((f"{path} before", text) for path, text in self.before.items()), *self.files.items()]:
            shown.append(f"-- {path}")
            shown += [f"{n:4} | {line}" for n, line in enumerate(text.splitlines(), 1)]
        return "\n".join(shown)


class Section:
    """What one code says: its slug, its prose, its programs."""

    def __init__(self, room: str, code: str, slug: str, body: str) -> None:
        self.room = room
        self.code = code
        self.slug = slug
        self.body = body
        self.prose = FENCE.sub("", body).strip()
        self.examples = list(_examples(code, body))


class World:
    """Files in memory, as the compiler sees them: modules and Python sources by dotted name."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def _read(self, name: str, root: str, ending: str) -> Source | None:
        path = _join(root, name.replace(".", "/") + ending)
        return Source(path, self.files[path]) if path in self.files else None

    def module(self, name: str, root: str) -> Source | None:
        return self._read(name, root, ".rft")

    def python(self, name: str, root: str) -> Source | None:
        return self._read(name, root, ".py")

    def modules(self, root: str) -> list[str]:
        start = _join(root, "")
        inside = [p[len(start) :] for p in self.files if p.startswith(start) and p.endswith(".rft")]
        return sorted(p.removesuffix(".rft").replace("/", ".") for p in inside)


def _join(root: str, path: str) -> str:
    return path if root in ("", ".") else f"{root.rstrip('/')}/{path}"


def _examples(code: str, body: str) -> Iterator[Example]:
    """The programs of a section, each with its companion files."""
    pair: list[Example] = []
    before: dict[str, str] = {}
    is_released = False
    for language, kind, file, text in FENCE.findall(body):
        if language == "text":
            continue
        if kind in ("released", "locked"):
            is_released = kind == "released"
            before[file or UNNAMED] = text
            continue
        if kind == "with":
            for example in pair:
                example.files[file] = text
            continue
        path = file or UNNAMED
        if kind.endswith("wrong"):
            example = Example(code, kind, path, {path: text})
            pair = [example]
        else:
            example = Example(code, kind, path, {**pair[0].files, path: text})
            pair = [example]  # what follows belongs to the right program alone
        example.before, example.is_released = before, is_released
        yield example


def _sections() -> list[Section]:
    found = []
    for room in sorted(EXPLAIN.glob("*.md")):
        pieces = HEADING.split(room.read_text(encoding="utf-8"))[1:]
        for code, slug, body in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
            found.append(Section(room.stem, code, slug, body))
    return found


SECTIONS = _sections()
EXAMPLES = [example for section in SECTIONS for example in section.examples]
NAMES = [f"{e.code}-{e.kind}-{n}" for n, e in enumerate(EXAMPLES)]


def problems_in(example: Example) -> list[Problem]:
    """All that the compiler says about the example, with its lock if it has one."""
    from raftoral.dsl.compile import check

    sources = [Source(path, text) for path, text in example.files.items() if path == example.path]
    checked = check(sources, World(example.files))
    problems = [problem for each in checked for problem in each.problems]
    if example.before and not any(problem.is_error for problem in problems):
        problems = _with_lock(example, checked)
    return problems


def _found(example: Example) -> list[tuple[str, str]]:
    """(code, the problem as text) for all of them."""
    return [(p.code, f"{p.labels[0].source.path} {p!r}") for p in problems_in(example)]


def _with_lock(example: Example, checked: list[Checked]) -> list[Problem]:
    """The problems of a text and those that a lock makes of it."""
    from raftoral.dsl import lock as door

    lock = _lock_of(example)
    standings = _standings(checked, example.files)
    door.compare(lock, standings, checked)
    problems = [problem for each in checked for problem in each.said.sorted()]
    wanted = door.update(lock, standings, None)
    if example.kind == "right":
        lock = wanted
    stale = door.report_stale(lock, wanted, standings, Source(door.FILE, door.write(lock)))
    if stale is not None and not any(problem.is_error for problem in problems) and example.code == "RFT0911":
        problems.append(stale)
    return problems


def _lock_of(example: Example) -> Lock:
    """The lock of the text before, read back as it would be from a file."""
    from raftoral.dsl import lock as door
    from raftoral.dsl.compile import check

    sources = [Source(path, text) for path, text in example.before.items() if path.endswith(".rft")]
    checked = check(sources, World(example.before))
    assert not [problem for each in checked for problem in each.problems], f"what was released is clean\n{example}"
    lock = door.update(door.Lock(), _standings(checked, example.before), None)
    if example.is_released:
        lock = door.release(lock, [entry.key for entry in lock.entries], RELEASED_ON)
    return door.parse(door.write(lock))


def _standings(checked: list[Checked], files: dict[str, str]) -> list[Standing]:
    from raftoral.dsl.lock import describe

    world = World(files)
    return [found for each in checked for found in describe(each, partial(world.python, root=each.root))]


def test_every_code_is_explained_once() -> None:
    assert [section.code for section in SECTIONS] == sorted(CODES)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.code)
def test_section_is_complete(section: Section) -> None:
    assert section.slug == CODES[section.code][0]
    assert section.room == section.code[3:5], "a section stands in the file of its hundred"
    assert section.prose, "the reason is the teaching"
    fences = re.findall(r"^```(\w.*)$", section.body, re.MULTILINE)
    assert len(fences) == len(FENCE.findall(section.body)), f"a fence is malformed: {fences}"
    expected = ["later-wrong", "later-right"] if section.code in LATER else ["wrong", "right"]
    kinds = [kind for _, kind, _, _ in FENCE.findall(section.body) if kind not in BESIDE]
    assert kinds
    assert kinds == expected * (len(kinds) // 2), "each wrong program is followed by the right one"


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_example_is_well_formed(example: Example) -> None:
    for path, text in [*example.files.items(), *example.before.items()]:
        width = max(len(line) for line in text.splitlines())
        assert width <= LINE_MAX, f"a line of {width} characters in {path}\n{example}"
        if path.endswith(".rft") and not (example.code == "RFT0101" and example.kind == "wrong"):
            assert text.startswith("rft "), f"{path} does not start with its edition\n{example}"


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_example_gives_its_code_and_nothing_else(example: Example) -> None:
    found = _found(example)
    expected = [example.code] if example.kind == "wrong" else []
    if [code for code, _ in found] != expected:
        said = "\n".join(f"  {text}" for _, text in found) or "  nothing"
        wanted = ", ".join(expected) or "nothing"
        pytest.fail(f"{example}\n\nexpected {wanted}; the compiler says\n{said}", pytrace=False)
