"""Every rule of the grammar builds the node that it should, at the place where it stands.

The table is `tests/dsl/trees.md`: a snippet, and its tree as `tree.dump` shows it. `pytest --update`
rewrites the trees; read the change before you keep it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from raftoral.dsl import syntax as s
from raftoral.dsl.diagnostics import Problems
from raftoral.dsl.parser import driver, parse, tokens
from raftoral.dsl.parser.build import ACTIONS
from raftoral.dsl.source import Source
from tests.dsl import corpus, programs
from tests.dsl.tree import dump

TABLE = Path(__file__).with_name("trees.md")
ROW = re.compile(r"^```rft\n(.*?)^```\n\n```text\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
WIDTH = 96

# Where a snippet stands, and the way from the module to its node.
PLACES = {
    "Modules": "{}",
    "Declarations": "rft 1\n{}",
    "Statements": "rft 1\nworkflow W version 1 () {{\n{}\n}}",
    "Types": "rft 1\nconst c: {} = 1",
    "Expressions": "rft 1\nconst c = {}",
    "Patterns": "rft 1\nconst c = match x {{ {} => 1 }}",
}


def read(text: str) -> s.Module:
    """The tree of a text that must be in order."""
    problems = Problems(Source("test.rft", text))
    parsed = parse(problems.source, problems)
    assert problems.found == [], text
    return parsed.module


def node_at(place: str, snippet: str) -> Any:
    module = read(PLACES[place].format(snippet))
    if place == "Modules":
        return module
    decl: Any = module.decls[0]
    if place == "Statements":
        return decl.body.stmts[0]
    if place == "Types":
        return decl.type
    if place == "Expressions":
        return decl.value
    return decl.value.arms[0].patterns[0] if place == "Patterns" else decl


def rows(text: str) -> Iterator[tuple[str, str, str]]:
    """(place, snippet, tree) of each row of the table."""
    for section in text.split("\n## ")[1:]:
        place = section.partition("\n")[0]
        for found in ROW.finditer(section):
            yield place, found[1].rstrip("\n"), found[2].rstrip("\n")


TEXT = TABLE.read_text(encoding="utf-8")
ROWS = list(rows(TEXT))


def pretty(tree: str) -> str:
    """Broken at spaces, so that it can be read."""
    return "\n".join(textwrap.wrap(tree, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))


@pytest.mark.parametrize(("place", "snippet", "tree"), ROWS, ids=[row[1] for row in ROWS])
def test_snippet_builds_its_tree(place: str, snippet: str, tree: str) -> None:
    assert pretty(dump(node_at(place, snippet))) == tree


def test_the_table_is_as_update_writes_it(update: bool) -> None:
    def fresh(found: re.Match[str]) -> str:
        place = TEXT[: found.start()].rpartition("\n## ")[2].partition("\n")[0]
        tree = pretty(dump(node_at(place, found[1].rstrip("\n"))))
        return f"```rft\n{found[1]}```\n\n```text\n{tree}\n```\n"

    text = ROW.sub(fresh, TEXT)
    if update:
        TABLE.write_text(text, encoding="utf-8")
    assert text == TEXT or update
    assert [row[0] for row in ROWS if row[0] not in PLACES] == []
    assert TEXT.count("```rft\n") == len(ROWS), "a row is malformed"


def test_the_table_uses_every_rule() -> None:
    """A rule that no row uses is a rule that nobody looked at."""
    used: set[str] = set()

    def noting(kind: str) -> driver.Action:
        used.add(kind)
        return ACTIONS[kind]

    tables = driver.load_tables()
    asked: set[str] = set()
    recipes = driver.make_recipes(tables, lambda kind: spying(kind, asked, noting(kind)))
    for place, snippet, _ in ROWS:
        text = PLACES[place].format(snippet)
        driver.parse(tables, recipes, tokens.tokenize(text, tables.marks).tokens, "start")
    assert used - asked == set()
    assert set(ACTIONS) - used == set(), "an action without a rule"


def spying(kind: str, asked: set[str], action: driver.Action) -> driver.Action:
    def spy(*args: Any) -> Any:
        asked.add(kind)
        return list(args[2:]) if action is list else action(*args)

    return spy


# --- spans --------------------------------------------------------------------------------------

SAMPLE = {**corpus.right(), **programs.project(400, seed=3)}
STATEMENTS = s.Stmt.__args__
EXPRESSIONS = s.Expr.__args__
TYPES = s.TypeExpr.__args__


@pytest.mark.parametrize("name", SAMPLE)
def test_spans_hold_what_they_say(name: str) -> None:
    """Read by itself, the text of a node gives the same node."""
    text = SAMPLE[name]
    for node in s.walk(read(text)):
        said = text[node.lo : node.hi]
        assert said == said.strip(), repr(said)
        place = place_of(node)
        if place is not None:
            assert said, node
            again = node_at(place, said)
            assert dump(again) == dump(node), said


def place_of(node: s.Node) -> str | None:
    """Where the text of the node could stand alone; None if nowhere."""
    if isinstance(node, s.Assignment | s.Hole | s.Damaged):
        return None
    if isinstance(node, s.TypeRef | s.Attr | s.TypeAttr | s.Text | s.Call):
        return "Expressions"
    if isinstance(node, STATEMENTS):
        return "Statements"
    if isinstance(node, EXPRESSIONS):
        return "Expressions"
    if isinstance(node, TYPES):
        return "Types"
    return "Declarations" if isinstance(node, s.Decl.__args__) else None


@pytest.mark.parametrize("name", SAMPLE)
def test_spans_nest(name: str) -> None:
    """A node lies within its parent, and what lies beside it does not overlap."""
    text = SAMPLE[name]
    module = read(text)
    for node in s.walk(module):
        inner = children(node)
        for child in inner:
            assert node.lo <= child.lo <= child.hi <= node.hi, text[node.lo : node.hi]
        inner.sort(key=lambda child: (child.lo, child.hi))
        for left, right in pairwise(inner):
            assert left.hi <= right.lo, (text[left.lo : left.hi], text[right.lo : right.hi])


def children(node: s.Node) -> list[s.Node]:
    below: list[s.Node] = []
    for name in type(node).__slots__:
        if name == "members" and isinstance(node, s.Workflow):
            continue  # they stand in the braces of the body
        value = getattr(node, name)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, s.Node):
                below.append(each)
    return below


def test_operators_know_their_place() -> None:
    text = "rft 1\nconst c = aa + bb not in cc ?? dd\n"
    found = {n.op: n for n in s.walk(read(text)) if isinstance(n, s.Binary)}
    assert text[found["+"].op_lo] == "+"
    assert text[found["??"].op_lo :].startswith("??")
    assert text[found["not in"].op_lo :].lstrip().startswith("not in")


# --- strings ------------------------------------------------------------------------------------


def parts_of(literal: str) -> list[str]:
    """What a string consists of: plain text in quotes, expressions dumped."""
    value = node_at("Expressions", literal)
    assert isinstance(value, s.Text)
    return [repr(part) if isinstance(part, str) else dump(part) for part in value.parts]


@pytest.mark.parametrize(
    ("literal", "parts"),
    [
        ('""', ["''"]),
        ('"plain"', ["'plain'"]),
        ('"${a}"', ["(NameRef a)"]),
        ('"${a}${b}"', ["(NameRef a)", "(NameRef b)"]),
        ('"x${ a }y"', ["'x'", "(NameRef a)", "'y'"]),
        ('"costs $5, 10$"', ["'costs $5, 10$'"]),
        ('"$"', ["'$'"]),
        ('"$${a}"', ["'$'", "(NameRef a)"]),
        (r'"\${a}"', ["'${a}'"]),
        (r'"\\${a}"', [r"'\\'", "(NameRef a)"]),
        (r'"tab\tline\nquote\"back\\dollar\$"', [r"""'tab\tline\nquote"back\\dollar$'"""]),
        (r'"\u{20ac}\u{1F600}\u{0}"', [repr("€😀\0")]),
        ('"${f("in")}"', ["(Call callee:(NameRef f) args:[(Arg value:(Text ['in']))])"]),
        (
            '"a ${"b ${c} d"} e"',
            ["'a '", "(Text ['b ' (NameRef c) ' d'])", "' e'"],
        ),
        ('"${{"k": 1}}"', [
            "(MapLiteral [(Pair key:(Text ['k']) value:(Number 1))])"
        ]),
        ('"a } b { c"', ["'a } b { c'"]),
        ('"é ${a} 😀 ${b}"', ["'é '", "(NameRef a)", "' 😀 '", "(NameRef b)"]),
        (r'"${x ?? "no \"one\""}"', [
            """(Binary op:'??' left:(NameRef x) right:(Text ['no "one"']))"""
        ]),
        ('"# no comment"', ["'# no comment'"]),
    ],
)  # fmt: skip
def test_parts_of_strings(literal: str, parts: list[str]) -> None:
    assert parts_of(literal) == parts


def test_nodes_in_strings_stand_in_the_file() -> None:
    text = 'rft 1\nconst c = "é ${ order.id } of ${"n ${name}"}"\n'
    named = [node for node in s.walk(read(text)) if isinstance(node, s.NameRef | s.Attr)]
    assert [text[node.lo : node.hi] for node in named] == ["order.id", "order", "name"]


@pytest.mark.parametrize(
    ("literal", "code", "marked"),
    [
        (r'"a\qb"', "RFT0117", r"\q"),
        (r'"\u20ac"', "RFT0117", r"\u20ac"),
        (r'"\u{110000}"', "RFT0117", r"\u"),
        (r'"\u{d800}"', "RFT0117", r"\u"),
        (r'"\u{}"', "RFT0117", r"\u"),
        ('"a ${} b"', "RFT0109", "${}"),
        ('"a ${ } b"', "RFT0109", "${ }"),
        ('"a ${b + } c"', "RFT0109", "${b + }"),
        ('"a ${b c} d"', "RFT0109", "${b c}"),
        ('"a ${let} d"', "RFT0109", None),
        ('"a ${b ~ c} d"', "RFT0109", "${b ~ c}"),
        ('"a ${b"', "RFT0109", "${b"),
    ],
)
def test_what_is_wrong_in_strings(literal: str, code: str, marked: str | None) -> None:
    text = f"rft 1\nconst c = {literal}\n"
    problems = Problems(Source("test.rft", text))
    parsed = parse(problems.source, problems)
    if marked is None:
        return
    assert [problem.code for problem in problems.found] == [code]
    label = problems.found[0].primary
    assert text[label.lo : label.hi] == marked
    assert isinstance(parsed.module.decls[0], s.Const), "the file is read all the same"


# Deeper ones end at an inner quote, to the tokenizer's regular expression.
NESTED_STRINGS = 4


def test_strings_nest_to_a_bound() -> None:
    literal = "x"
    for depth in range(1, 12):
        literal = f'"{depth} ${{{literal}}}"'
        problems = Problems(Source("test.rft", f"rft 1\nconst c = {literal}\n"))
        parse(problems.source, problems)
        assert bool(problems.found) == (depth > NESTED_STRINGS), literal
