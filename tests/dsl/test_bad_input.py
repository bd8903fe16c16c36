"""Texts that nobody means: bytes, nothing, far too much, far too deep. Problems, bounded, and never a traceback.

What a file is (missing, not UTF-8, `\\r\\n`) is for the command line; here is what a text may hold.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings, strategies as st

from raftoral.dsl.diagnostics import Problem, Problems
from raftoral.dsl.parser import Parsed, parse
from raftoral.dsl.parser.depth import DEPTH_MAX, Meter
from raftoral.dsl.parser.driver import load_tables
from raftoral.dsl.parser.tokens import tokenize
from raftoral.dsl.source import Source
from tests.dsl import corpus

PROBLEMS_MAX = 110  # a hundred, and what one last statement adds


def read(text: str) -> tuple[Parsed, list[Problem]]:
    source = Source("bad.rft", text)
    problems = Problems(source)
    parsed = parse(source, problems)
    assert len(problems.found) <= PROBLEMS_MAX
    return parsed, problems.sorted()


def codes(text: str) -> list[str]:
    return [problem.code for problem in read(text)[1]]


# --- little, or nothing --------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\n", "   \n\t\n", "# only a comment", "## docs\n# more\n"])
def test_a_text_without_a_program(text):
    assert codes(text) == ["RFT0101"]


@pytest.mark.parametrize("text", ["rft 1", "rft 1\n", "\t rft\t1\n\n# nothing else\n"])
def test_an_empty_program_is_right(text):
    assert codes(text) == []


def test_tabs_are_white_space():
    text = corpus.examples()["orders.rft" if "orders.rft" in corpus.examples() else "examples/orders.rft"]
    assert codes(text.replace("  ", "\t")) == []


def test_a_byte_order_mark_inside_is_told_once():
    found = read("rft 1\n\ufeffconst x = 1\n")[1]
    assert [problem.code for problem in found] == ["RFT0114"]
    assert "U+FEFF" in found[0].headline


def test_nul_is_told_once():
    assert codes("rft 1\nconst x = 1\0\0\0\0\n") == ["RFT0114"]


def test_control_characters_are_told_once():
    assert codes("rft 1\nconst x = \x01 1 \x02\nconst y \x03 = 2\n") == ["RFT0114"]


# --- no text at all ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-16-le"])
def test_random_bytes(seed, encoding):
    data = random.Random(seed).randbytes(4096)
    assert 1 <= len(codes(data.decode(encoding, "replace"))) <= 40


def test_a_picture_is_one_problem():
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + random.Random(1).randbytes(20_000)
    assert len(codes(picture.decode("latin-1").replace("\r\n", "\n"))) <= 5


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text(text):
    read(text)
    read("rft 1\nworkflow W version 1 () {\n" + text + "\n}\n")


@given(st.text(alphabet="(){}[]<>=:,.;'\"`$&|!?@#\\/-+*%~^ \nabAB12", max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_punctuation(text):
    read("rft 1\nconst x = " + text)
    read("rft 1\nfn f() -> int {\n" + text + "\n}\nfn g() -> int = 1\n")


# --- too deep ------------------------------------------------------------------------------------

HEAD = "rft 1\nfn first() -> int = 1\n"
TAIL = "\nfn last() -> int = 1\n"
MANY = 10_000


def const(value: str) -> str:
    return HEAD + "const deep = " + value + TAIL


def body(statements: str) -> str:
    return HEAD + "workflow W version 1 () {\n" + statements + "\n}" + TAIL


DEEP = {
    "parentheses": const("(" * MANY + "1" + ")" * MANY),
    "lists": const("[" * MANY + "1" + "]" * MANY),
    "maps": const("{1: " * MANY + "1" + "}" * MANY),
    "calls": const("f(" * MANY + "1" + ")" * MANY),
    "matches": const("match a { _ => " * MANY + "1" + "}" * MANY),
    "sums in matches": const(("a + " * 50 + "match a { _ => ") * 500 + "1" + "}" * 500),
    "types": HEAD + "fn f(x: " + "list[" * MANY + "int" + "]" * MANY + ") -> int = 1" + TAIL,
    "optionals": HEAD + "fn f(x: int" + "?" * MANY + ") -> int = 1" + TAIL,
    "blocks": body("if true {\n" * MANY + "}\n" * MANY),
    "blocks on one line": body("if true { " * MANY + "} " * MANY),
    "tries": body("let x = try {\n" * MANY + "}\n" * MANY),
    "else ifs": body("if a { } " + "else if a { } " * MANY),
    "not": const("not " * MANY + "true"),
    "minus": const("- " * MANY + "1"),
    "sum": const("a + " * MANY + "1"),
    "sum on many lines": const("a +\n" * MANY + "1"),
    "fields": const("a." * MANY + "b"),
    "fields called let": const("a." + "let." * MANY + "b"),
    "force": const("a" + "!" * MANY),
    "empty calls": const("a" + "()" * MANY),
    "defaults": const("a ?? " * MANY + "b"),
    "choices": const("if a then b else " * MANY + "b"),
    "or": const("a or " * MANY + "b"),
}


@pytest.mark.parametrize("name", DEEP)
def test_what_is_too_deep_is_said_once_and_left_out(name):
    parsed, problems = read(DEEP[name])
    assert [problem.code for problem in problems] == ["RFT0116"]
    assert [decl.name.text for decl in parsed.module.decls] == ["first", "last"]  # type: ignore[union-attr]
    assert len(parsed.holes) == 1


@pytest.mark.parametrize(("opening", "closing"), ["()", "[]", ("f(", ")"), ("{1: ", "}")])
@pytest.mark.parametrize("before", ["", "const y = 1 + 2 + 3 + 4 + 5\n" * 9])
def test_the_bound_is_exact(opening, closing, before):
    def nested(count: int) -> str:
        return f"{HEAD}{before}const x = {opening * count}1{closing * count}\n"

    assert codes(nested(DEPTH_MAX)) == []
    assert codes(nested(DEPTH_MAX + 1)) == ["RFT0116"]


def test_open_brackets_without_an_end():
    for text in ("(" * MANY, "[" * MANY, "{" * MANY, "f(" * MANY):
        assert codes(HEAD + "const x = " + text) == ["RFT0116"]
    assert codes(HEAD + "workflow W version 1 () {\n" + "if true {\n" * MANY) == ["RFT0116"]


def test_deep_interpolations_are_told():
    assert codes(body('log info "${' + "(" * 300 + "1" + ")" * 300 + '}"')) == ["RFT0109"]
    assert codes(body('log info "' + '${"' * 50 + '"}' * 50 + '"'))


def test_long_but_flat_is_right():
    flat = {
        "list": const("[" + "1, " * 30_000 + "]"),
        "map": const("{" + "1: a.b, " * 20_000 + "}"),
        "arms": body("match x {\n" + "a => log info y.z + 1\n" * 10_000 + "}"),
        "statements": body("log info a + b\n" * 20_000),
        "fields": HEAD + "record R {\n" + "a: int? = none\n" * 10_000 + "}" + TAIL,
        "dag": body("dag {\n" + "a: do f(b.c, d.e)\n" * 5_000 + "}"),
    }
    for name, text in flat.items():
        assert codes(text) == [], name


def test_people_do_not_nest_deeply():
    for text in corpus.examples().values():
        meter = Meter()
        lexed = tokenize(text, load_tables().marks)
        assert max(meter.read(token) for token in lexed.tokens) < DEPTH_MAX // 4


# --- too much ------------------------------------------------------------------------------------

MEGABYTE = 1_000_000
LONG = {
    "a string": const('"' + "a" * MEGABYTE + '"'),
    "an open string": const('"' + "a" * MEGABYTE),
    "a name": const("a" * MEGABYTE),
    "a number": const("1" * MEGABYTE),
    "a comment": HEAD + "#" * MEGABYTE + TAIL,
    "a line": const("a b " * (MEGABYTE // 4)),
    "white space": HEAD + " \t\n" * (MEGABYTE // 3) + TAIL,
    "open quotes": HEAD + '"\n' * (MEGABYTE // 2),
    "semicolons": body("break;" * (MEGABYTE // 6)),
    "numbers": HEAD + "1x 2y " * (MEGABYTE // 6),
    "foreign names": HEAD + "имя " * (MEGABYTE // 4),
    "backslashes": HEAD + "\\" * MEGABYTE,
    "escapes": const('"' + "\\q" * 2000 + '"'),
}


@pytest.mark.parametrize("name", LONG)
def test_a_megabyte_of(name):
    read(LONG[name])


HUGE = {
    "marks": '%$# {[( ) x 1 "' * 700_000,
    "nul": "\0" * 10_000_000,
    "names": HEAD + "foo bar baz\n" * 800_000,
    "statements": HEAD + "let x = (((\n" * 800_000,
    "semicolons": HEAD + "a;" * 5_000_000,
    "quotes": HEAD + "'\n" * 5_000_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HUGE)
def test_ten_megabytes_of(name):
    assert codes(HUGE[name])


def test_a_hundred_problems_are_enough():
    text = HEAD + "".join(f"record R{n} {{ a int, b: , }}\n" for n in range(1000))
    assert 90 <= len(codes(text)) <= PROBLEMS_MAX
