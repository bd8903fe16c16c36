"""Problems -> text for people: the messages of the design, and what is hard to draw."""

from __future__ import annotations

import re

import pytest

from raftoral.dsl.diagnostics import Fix, Label
from raftoral.dsl.diagnostics.render import change, human, short
from raftoral.dsl.diagnostics.render.cells import clean, lay_out
from raftoral.dsl.diagnostics.render.style import Style
from raftoral.dsl.source import Source
from tests.dsl.messages import GOLDEN, at, file, missing_colon, problem, python_habit, race


@pytest.mark.parametrize("make", GOLDEN, ids=lambda make: make.__name__)
def test_a_message_of_the_design(make):
    assert human.one(make()) == GOLDEN[make]


@pytest.mark.parametrize("make", GOLDEN, ids=lambda make: make.__name__)
def test_colour_adds_nothing_but_colour(make):
    plain = re.sub(r"\x1b\[[0-9;]*m", "", human.one(make(), Style(color=True)))
    assert [line.rstrip() for line in plain.split("\n")] == GOLDEN[make].split("\n")


def test_colour_marks_the_parts():
    text = human.one(missing_colon(), Style(color=True))
    assert "\x1b[1;31merror[RFT0103]\x1b[0m\x1b[1m: expected" in text
    assert "\x1b[1;31m^^^^^^^\x1b[0m \x1b[1;31mthis policy has no `:`\x1b[0m" in text
    assert "\x1b[31m-   timeout 10s\x1b[0m" in text
    assert "\x1b[32m+   timeout: 10s\x1b[0m" in text


def test_ascii_draws_with_ascii():
    text = human.one(python_habit(), Style(ascii=True))
    assert text.isascii()
    assert text.startswith(
        """\
error[RFT0110]: blocks are written with braces
  --> shop/shipping.rft:10:16
   |
 9 | workflow Ship version 1 (id: str) {
10 |   if id == None:
   |            ----^ Python ends this line with `:`; here the block opens with `{`
   |            +- and `None` is spelled `none`
   |
   = help: `raftoral fmt` keeps the layout for you
   +- suggested fix
"""
    )


def test_an_empty_line_stands_between_two_problems():
    assert human.render([race(), race()]) == GOLDEN[race] + "\n" + GOLDEN[race]
    assert human.render([]) == ""


# --- labels ---------------------------------------------------------------------------------------


def drawn(text: str, *labels: tuple[int, int, str], style: Style | None = None) -> list[str]:
    """The lines below the frame, for labels in a file with this text."""
    source = Source("a.rft", text)
    made = [Label(source, lo, hi, said) for lo, hi, said in labels]
    rows = human.one(problem("RFT0201", "x", made), style or Style()).split("\n")
    return rows[3:-1]


def test_three_labels_on_a_line_hang_from_right_to_left():
    assert drawn("aa bb cc", (6, 8, "third"), (0, 2, "first"), (3, 5, "second")) == [
        "1 │ aa bb cc",
        "  │ -- -- ^^ third",
        "  │ │  ╰ second",
        "  │ ╰ first",
    ]


def test_a_label_without_text_is_only_underlined():
    assert drawn("aa bb", (0, 2, "said"), (3, 5, "")) == [
        "1 │ aa bb",
        "  │ ^^ --",
        "  │ ╰ said",
    ]


def test_labels_at_the_same_place():
    assert drawn("aa bb", (0, 2, "one"), (0, 2, "two")) == [
        "1 │ aa bb",
        "  │ ^^ two",
        "  │ ╰ one",
    ]


def test_a_label_inside_another():
    assert drawn("aa bb cc", (3, 5, "inner"), (0, 8, "outer")) == [
        "1 │ aa bb cc",
        "  │ ---^^---",
        "  │ │  ╰ inner",
        "  │ ╰ outer",
    ]


def test_a_span_over_lines_is_underlined_on_its_first():
    assert drawn("if x {  \n  y\n}\n", (0, 14, "all of this")) == [
        "1 │ if x {",
        "  │ ^^^^^^ all of this",
    ]


def test_an_empty_span_has_one_caret():
    assert drawn("ab", (2, 2, "here")) == ["1 │ ab", "  │   ^ here"]
    assert drawn("", (0, 0, "here")) == ["1 │", "  │ ^ here"]


def test_a_place_after_the_end_is_the_end():
    assert drawn("ab\n", (99, 120, "here")) == ["1 │ ab", "2 │", "  │ ^ here"]


def test_one_empty_line_between_two_shown_is_shown():
    assert drawn("a\n\nb\n", (0, 1, "x"), (3, 4, "y")) == [
        "1 │ a",
        "  │ ^ x",
        "2 │",
        "3 │ b",
        "  │ - y",
    ]


def test_a_label_in_another_file_has_its_own_frame():
    here = file("shop/orders.rft", "let item = Item(skuu: 1)\n", 9)
    there = file("shop/catalog.rft", "record Item { sku: str }\n", 104)
    made = problem(
        "RFT0203",
        "`Item` has no field `skuu`",
        [at(here, "skuu", "no such field"), at(there, "Item", "declared here")],
        helps=["did you mean `sku`?"],
    )
    assert (
        human.one(made)
        == """\
error[RFT0203]: `Item` has no field `skuu`
    ┌─ shop/orders.rft:9:17
    │
  9 │ let item = Item(skuu: 1)
    │                 ^^^^ no such field
    │
    ┌─ shop/catalog.rft:104:8
    │
104 │ record Item { sku: str }
    │        ---- declared here
    │
    = help: did you mean `sku`?
"""
    )


def test_a_file_without_text_has_no_lines():
    made = problem("RFT0115", "`a.rft` cannot be read", [Label(Source("a.rft", ""), 0, 0, "")])
    assert human.one(made) == "error[RFT0115]: `a.rft` cannot be read\n  ┌─ a.rft\n"


def test_a_warning_says_so():
    source = file("a.rft", "let a = 1")
    text = human.one(problem("RFT0209", "`a` is never read", [at(source, "a")]))
    assert text.startswith("warning[RFT0209]: `a` is never read\n")


def test_a_long_note_is_wrapped_and_code_in_it_is_not():
    source = file("a.rft", "let a = 1")
    code = "  " + "x" * 150
    made = problem("RFT0209", "h", [at(source, "a")], notes=["word " * 30 + "end\n" + code])
    rows = human.one(made).split("\n")
    note = [row for row in rows if "word" in row or "xxx" in row]
    assert [len(row) <= 108 for row in note] == [True, True, False]
    assert note[1].startswith("          word")


# --- what is hard to draw -------------------------------------------------------------------------


def test_tabs_are_drawn_as_spaces():
    assert drawn("\tab\tcd", (1, 3, "ab"), (4, 6, "cd")) == [
        "1 │     ab  cd",
        "  │     ^^  -- cd",
        "  │     ╰ ab",
    ]


def test_wide_characters_are_two_cells():
    assert drawn('"名前" x', (5, 6, "x")) == ['1 │ "名前" x', "  │        ^ x"]
    assert drawn('"名前" x', (1, 3, "name")) == ['1 │ "名前" x', "  │  ^^^^ name"]


def test_combining_characters_take_no_cell():
    assert drawn("e\u0301 x", (3, 4, "x")) == ["1 │ e\u0301 x", "  │   ^ x"]


def test_a_file_cannot_drive_the_terminal():
    source = Source("a\x1b.rft", 'let a = "\x1b[2J\u202e\x07"')
    made = problem("RFT0201", "no \x1b[31m", [Label(source, 8, 10, "a\x1bb")], notes=["\x9b1m"])
    made.fix = Fix([(4, 5, "\x1b]0;x\x07")])
    for style in (Style(), Style(ascii=True)):
        text = human.one(made, style)
        assert text.replace("\n", "").isprintable()
        assert "\\x1b[2J\\u202e\\x07" in text
        assert "^^^^^" in text  # the quote and the four cells of the escape
    assert short.render([made]).strip().isprintable()


def test_ascii_keeps_carets_right_below_escapes():
    rows = drawn("é x", (2, 3, "x"), style=Style(ascii=True))
    assert rows == ["1 | \\xe9 x", "  |      ^ x"]


def test_a_line_of_a_million_characters_is_cut_around_its_labels():
    text = "a" * 500_000 + " XX " + "b" * 500_000 + " YY"
    rows = drawn(text, (500_001, 500_003, "here"), (1_000_005, 1_000_007, "and here"))
    assert len(rows) == 4
    assert max(map(len, rows)) < 160
    for caret, row, name in (("^", 0, "XX"), ("-", 2, "YY")):
        lo = rows[row].index(name)
        assert rows[row + 1].index(caret * 2) == lo
        assert rows[row].startswith("1 │ …")
    assert rows[0].endswith("…")
    assert rows[2].endswith(" YY")


def test_a_fix_of_a_very_long_line_is_cut_around_the_change():
    source = Source("a.rft", "a" * 300_000 + "X" + "b" * 300_000)
    made = problem("RFT0201", "h", [Label(source, 0, 1, "x")], fix=[(300_000, 300_001, "YYY")])
    rows = human.one(made).split("\n")
    assert max(map(len, rows)) < 160
    assert any(row.startswith("1 - …aaa") and "aXb" in row for row in rows)
    assert any(row.startswith("1 + …aaa") and "aYYYb" in row for row in rows)


def test_a_fix_of_very_many_lines_is_cut_short():
    source = Source("a.rft", "x\n")
    made = problem("RFT0201", "h", [Label(source, 0, 1, "x")], fix=[(0, 0, "y\n" * 5_000)])
    rows = human.one(made).split("\n")
    assert len(rows) < 40
    assert "4,976 more lines" in rows[-2]


def test_long_names_in_messages_are_cut():
    source = Source("a.rft", "x")
    text = human.one(problem("RFT0201", "`" + "n" * 1_000_000 + "`", [Label(source, 0, 1, "")]))
    assert len(text) < 5_000


@pytest.mark.parametrize(
    ("text", "shown", "columns"),
    [
        ("abc", "abc", [0, 1, 2, 3]),
        ("", "", [0]),
        ("a\tb", "a   b", [0, 1, 4, 5]),
        ("\x00", "\\x00", [0, 4]),
        ("\ud800", "\\ud800", [0, 6]),
        ("\udcff", "\\xff", [0, 4]),
        ("\U000e0001", "\\U000e0001", [0, 10]),
        ("가", "가", [0, 2]),
        ("\xa0", "\\xa0", [0, 4]),
    ],
)
def test_cells(text, shown, columns):
    assert lay_out(text, ascii=False) == (shown, columns)


def test_clean_keeps_what_it_is_told_to():
    assert clean("a\nb\r", keep="\n") == "a\nb\\x0d"
    assert clean("né…", ascii=True) == "n\\xe9..."


# --- fixes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([(2, 3, "X")], [(2, ["b"], ["X"])]),
        ([(2, 2, "new\n")], [(2, [], ["new"])]),
        ([(1, 1, "\nnew")], [(2, [], ["new"])]),
        ([(2, 4, "")], [(2, ["b"], [])]),
        ([(1, 2, " ")], [(1, ["a", "b"], ["a b"])]),
        ([(6, 6, "end\n")], [(4, [], ["end"])]),
        ([(0, 1, "A"), (4, 5, "C")], [(1, ["a"], ["A"]), (3, ["c"], ["C"])]),
        ([(0, 1, "A"), (2, 3, "B")], [(1, ["a"], ["A"]), (2, ["b"], ["B"])]),
        ([(4, 5, "C"), (0, 1, "A")], [(1, ["a"], ["A"]), (3, ["c"], ["C"])]),
        ([(0, 1, "a")], []),
        ([(90, 99, "x")], [(4, [""], ["x"])]),
    ],
)
def test_edits_as_lines(edits, expected):
    source = Source("a.rft", "a\nb\nc\n")
    found = change.hunks(source, edits)
    assert [(hunk.at, hunk.old, hunk.new) for hunk in found] == expected


def test_of_overlapping_edits_the_first_is_made():
    assert change.apply("abcdef", [(3, 6, "Y"), (1, 4, "X")]) == "aXef"


# --- the last line --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ((2, 1, 3), "2 errors, 1 warning in 3 files"),
        ((1, 0, 1), "1 error in 1 file"),
        ((0, 12_000, 40), "12,000 warnings in 40 files"),
        ((0, 0, 1), "0 errors in 1 file"),
    ],
)
def test_summary(counts, text):
    assert human.summary(*counts) == text
