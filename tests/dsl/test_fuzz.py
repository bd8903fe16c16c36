"""Anything in, problems out: whatever stands in a file, the compiler answers and never breaks.

What must hold is in `tests/fuzz/pipeline.py`. Here hypothesis chooses the input: bytes, text, and
programs that parse; `tests/fuzz/` spoils the programs that there are.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from raftoral.dsl.compile import check
from raftoral.dsl.source import Source
from tests.dsl import corpus, grown, programs
from tests.fuzz.mutations import KEYWORDS, NUMBERS, ODD
from tests.fuzz.pipeline import World, faults

HALF_A_LINE = st.sampled_from([*KEYWORDS, *ODD, *NUMBERS, "\n", " ", "rft 1\n", "A", "a", ": ", " = "])
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(st.binary(max_size=300))
@SLOW
def test_any_bytes(raw: bytes) -> None:
    assert faults(raw) == []


@given(st.text(max_size=200))
@SLOW
def test_any_text(text: str) -> None:
    assert faults(text.encode("utf-8", "surrogatepass")) == []
    assert faults(f"rft 1\n{text}".encode("utf-8", "surrogatepass")) == []


@given(st.lists(HALF_A_LINE, max_size=60))
@SLOW
def test_words_in_any_order(words: list[str]) -> None:
    assert faults(" ".join(words).encode("utf-8", "replace")) == []


@given(grown.programs())
@SLOW
def test_programs_that_parse(text: str) -> None:
    assert faults(text.encode("utf-8")) == []


@given(st.sampled_from(sorted(corpus.texts().values())), st.data())
@SLOW
def test_files_that_end_anywhere(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    assert faults(text[:at].encode("utf-8")) == []


DEEP = {
    "parentheses": ("const a = ", "(", "1", ")"),
    "lists": ("const a = ", "[", "1", "]"),
    "calls": ("const a = ", "f(", "1", ")"),
    "not": ("const a = ", "not ", "true", ""),
    "minus": ("const a = ", "-", "1", ""),
    "sum": ("const a = ", "1 + ", "1", ""),
    "default": ("const a = ", "b ?? ", "1", ""),
    "fields": ("const a = b", ".c", "", ""),
    "indexes": ("const a = b", "[0]", "", ""),
    "force": ("const a = b", "!", "", ""),
    "if": ("const a = ", "if true then 1 else ", "1", ""),
    "types": ("const a: ", "list[", "int", "] = 1"),
    "optional": ("const a: int", "?", "", " = 1"),
    "blocks": ("workflow W version 1 () {", "if a { ", "", "} "),
    "else if": ("workflow W version 1 () {", "if a { } else ", "{ }", ""),
    "try": ("workflow W version 1 () {", "try { ", "", "} "),
    "match": ("const a = ", "match x { _ => ", "1", " }"),
    "patterns": ("const a = match x { ", "some(", "b", ")"),
    "alternatives": ("const a = match x { ", "b | ", "c", " => 1 }"),
    "strings": ("const a = ", '"${', "1", '}"'),
    "open parentheses": ("const a = ", "(", "", ""),
    "open braces": ("", "{", "", ""),
    "closed braces": ("", "}", "", ""),
    "quotes": ("const a = ", '"', "", ""),
    "comments": ("", "##\n", "", ""),
    "statements": ("workflow W version 1 () {\n", "log info \"x\"\n", "}", ""),
    "constants": ("", "const a = 1\n", "", ""),
    "members": ("enum E { ", "a, ", "b }", ""),
    "unknown": ("workflow W version 1 () {\n", "let a = b + c\n", "}", ""),
}  # fmt: skip


@pytest.mark.parametrize("depth", [150, 1_500, pytest.param(10_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", DEEP)
def test_depth_has_a_bound(name: str, depth: int) -> None:
    head, before, middle, after = DEEP[name]
    text = f"rft 1\n{head}{before * depth}{middle}{after * depth}\n"
    assert faults(text.encode("utf-8")) == []


@pytest.mark.slow
@pytest.mark.parametrize("size", [200_000])
@pytest.mark.parametrize("piece", ["a", "é", '"', "#", "(", " ", "\n", "1", "${", "\\", "x = "])
def test_size_is_no_harm(piece: str, size: int) -> None:
    """A great deal of one thing, also as the name, string or number that it may be."""
    text = f'rft 1\nconst a = "{piece * (size // len(piece))}"\nconst b = {piece * 1000}\n'
    assert faults(text.encode("utf-8")) == []


@given(grown.well_typed())
@example(programs.project(145, 595))  # once had a heartbeat as long as its timeout
@settings(max_examples=10, deadline=None)
def test_well_typed_projects_are_clean(files: dict[str, str]) -> None:
    """What the benchmarks measure is a project without a problem."""
    assert problems_of(files) == []


def test_a_large_project_is_clean() -> None:
    assert problems_of(programs.project(4_000, seed=2)) == []


def problems_of(files: dict[str, str]) -> list[str]:
    """Each problem of a project as one line."""
    sources = [Source(path, text) for path, text in files.items()]
    checked = check(sources, Shelf(sources))
    return [f"{each.source.path} {problem!r}" for each in checked for problem in each.problems]


class Shelf(World):
    """A world of the given files."""

    def __init__(self, files: list[Source]) -> None:
        self.files = {file.path.removesuffix(".rft").replace("/", "."): file for file in files}

    def module(self, name: str, root: str) -> Source | None:
        return self.files.get(name)

    def modules(self, root: str) -> list[str]:
        return sorted(self.files)
