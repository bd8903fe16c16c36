"""Whatever stands in a file, and wherever a label points: every format draws it, safely."""

from __future__ import annotations

import json

from hypothesis import given, settings, strategies as st

from raftoral.dsl.diagnostics import LIKELY, SAFE, SKETCH, Fix, Label, Problem
from raftoral.dsl.diagnostics.codes import CODES
from raftoral.dsl.diagnostics.render import change, github, human, records, sarif, short
from raftoral.dsl.diagnostics.render.style import Style
from raftoral.dsl.source import Source

ORDINARY = ("a", "let x = 1", " ", "\n", "\n\n", "}", "`", "│", "%", ":", ",", "x" * 200)
UNUSUAL = ("\t", "é", "名", "e\u0301", "\x1b[2J", "\x00", "\r", "\u202e", "\U0001f600")
BROKEN = ("\ud800", "\udcff")
PIECES = st.sampled_from(ORDINARY + UNUSUAL + BROKEN)
TEXTS = st.lists(PIECES, max_size=12).map("".join)
WORDS = st.lists(PIECES, max_size=4).map("".join)
PLACES = st.integers(0, 400)
EDITS = st.lists(st.tuples(PLACES, PLACES, WORDS), max_size=3)


@st.composite
def problems(draw) -> Problem:
    sources = [Source(path, draw(TEXTS)) for path in ("a.rft", draw(WORDS))]
    labels = []
    for _ in range(draw(st.integers(1, 4))):
        source = draw(st.sampled_from(sources))
        labels.append(Label(source, draw(PLACES), draw(PLACES), draw(WORDS)))
    fix = Fix(draw(EDITS), draw(st.sampled_from([SAFE, LIKELY, SKETCH])))
    return Problem(
        draw(st.sampled_from(list(CODES))),
        draw(WORDS),
        labels,
        draw(st.lists(WORDS, max_size=2)),
        draw(st.lists(WORDS, max_size=2)),
        draw(st.sampled_from([fix, None])),
    )


@given(problems(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_people_get_printable_text(problem, ascii):
    text = human.one(problem, Style(ascii=ascii, width=60))
    assert text.replace("\n", "").replace("\u0301", "").isprintable()
    assert text.isascii() or not ascii
    assert all(line == line.rstrip() for line in text.split("\n"))
    line = short.one(problem, ascii)
    assert line.replace("\u0301", "").isprintable()


@given(st.lists(problems(), max_size=3))
@settings(max_examples=100, deadline=None)
def test_programs_get_what_they_can_read(found):
    assert len(json.loads(records.render(found, 1))["problems"]) == len(found)
    assert len(json.loads(sarif.render(found, "1"))["runs"][0]["results"]) == len(found)
    assert github.render(found).count("\n") == len(found)


@given(st.text("ab \n}", max_size=30), EDITS)
@settings(max_examples=300, deadline=None)
def test_the_lines_of_a_fix_are_what_its_edits_do(text, edits):
    """The hunks, made on the lines, give the text that the edits give."""
    source = Source("a.rft", text)
    lines = text.split("\n")
    for hunk in reversed(change.hunks(source, edits)):
        assert lines[hunk.at - 1 : hunk.at - 1 + len(hunk.old)] == hunk.old
        lines[hunk.at - 1 : hunk.at - 1 + len(hunk.old)] = hunk.new
    assert "\n".join(lines) == change.apply(text, edits)


@given(st.text("ab cd", max_size=300), st.text("ab cd", max_size=300), st.integers(1, 30))
@settings(max_examples=200, deadline=None)
def test_carets_stand_under_what_they_mark(before, after, length):
    source = Source("a.rft", before + "X" * length + after)
    label = Label(source, len(before), len(before) + length, "")
    rows = human.one(Problem("RFT0201", "h", [label], [], [], None)).split("\n")
    assert rows[4].index("^" * length) == rows[3].index("X" * length)
    assert rows[4].count("^") == length
    assert len(rows[3]) < 160
