"""The driver reads as lark would: same trees, same spans, same refusals; and its tables are lark's.

lark with the same grammar is the oracle. The driver runs with a generic action here, so that its
trees are lark's to the last token, before `build` makes nodes of them.
"""

from __future__ import annotations

import io
import logging
import marshal
import random
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from lark import Lark, Token as LarkToken, Tree, UnexpectedInput, logger

from raftoral.dsl import make_tables
from raftoral.dsl.diagnostics import Problems
from raftoral.dsl.parser import driver, parse, tokens
from raftoral.dsl.source import Source
from raftoral.dsl.syntax import Token
from tests.dsl import corpus, grown, programs

GENERATED = {f"project {path}": text for path, text in programs.project(1500, seed=7).items()}
TEXTS = {**corpus.texts(), **GENERATED}
GRAMMAR = Path(make_tables.grammar_path()).read_text(encoding="utf-8")


class Branch:
    """A rule of the grammar as it was used: what the generic action makes."""

    __slots__ = ("args", "hi", "kind", "lo")

    def __init__(self, kind: str, lo: int, hi: int, args: tuple[Any, ...]) -> None:
        self.kind = kind
        self.lo = lo
        self.hi = hi
        self.args = args


def branch_maker(kind: str) -> driver.Action:
    return lambda lo, hi, *args: Branch(kind, lo, hi, args)


@cache
def lark() -> Lark:
    return Lark(
        GRAMMAR,
        parser="lalr",
        start=["start", "expr"],
        maybe_placeholders=True,
        propagate_positions=True,
    )


@cache
def tables() -> driver.Tables:
    return driver.load_tables()


@cache
def generic() -> list[driver.Recipe]:
    return driver.make_recipes(tables(), branch_maker)


def by_driver(text: str, start: str = "start") -> Branch | None:
    """The generic tree, or None where the text is refused."""
    lexed = tokens.tokenize(text, tables().marks)
    if lexed.flaws:
        return None
    try:
        tree = driver.parse(tables(), generic(), lexed.tokens, start, guarded=False)
    except driver.Stuck:
        return None
    assert isinstance(tree, Branch)
    return tree


def by_lark(text: str, start: str = "start") -> Tree[Any] | None:
    try:
        return lark().parse(text, start=start)
    except UnexpectedInput:
        return None


def by_lark_words(text: str) -> Tree[Any] | None:
    """lark's parser on our words; its own lexer reads `x info` as `x in fo`.

    As in its own contextual lexer, a word is the keyword where the state has a use for it.
    """
    run = lark().parse_interactive(start="start")
    rows = run.parser_state.parse_conf.parse_table.states
    try:
        for token in tokens.tokenize(text, tables().marks).tokens[:-1]:
            row = rows[run.parser_state.position]
            word, kind = tables().meanings(token)
            spot = {"start_pos": token.lo, "end_pos": token.hi, "line": 1, "column": 1}
            spot |= {"end_line": 1, "end_column": 1}
            run.feed_token(LarkToken(word if word in row else kind, token.text, **spot))
        tree: Tree[Any] = run.feed_eof()
        return tree
    except UnexpectedInput:
        return None


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Where two trees differ, the first few places."""
    if isinstance(theirs, Tree):
        if not isinstance(ours, Branch) or ours.kind != theirs.data:
            return [f"{path}: {show(ours)} instead of {theirs.data}"]
        here = f"{path}/{ours.kind}"
        span = (theirs.meta.start_pos, theirs.meta.end_pos) if not theirs.meta.empty else None
        if span is not None and (ours.lo, ours.hi) != span:
            return [f"{here}: span {(ours.lo, ours.hi)} instead of {span}"]
        if span is None and ours.lo != ours.hi:
            return [f"{here}: span {(ours.lo, ours.hi)} of nothing"]
        if len(ours.args) != len(theirs.children):
            return [f"{here}: {len(ours.args)} arguments instead of {len(theirs.children)}"]
        pairs = zip(ours.args, theirs.children, strict=True)
        found = [each for one, other in pairs for each in differences(one, other, here)]
        return found[:5]
    if theirs is None:
        return [] if ours is None else [f"{path}: {show(ours)} instead of nothing"]
    return [] if same_token(ours, theirs) else [f"{path}: {show(ours)} instead of {theirs!r}"]


def same_token(ours: Any, theirs: LarkToken) -> bool:
    """A keyword is a NAME to the tokenizer; which word it was, the state of the driver knew."""
    return (
        isinstance(ours, Token)
        and ours.text == str(theirs)
        and theirs.type in tables().meanings(ours)
        and (ours.lo, ours.hi) == (theirs.start_pos, theirs.end_pos)
    )


def show(ours: Any) -> str:
    return ours.kind if isinstance(ours, Branch) else repr(ours)


@pytest.mark.parametrize("name", TEXTS)
def test_trees_equal_larks(name: str) -> None:
    ours, theirs = by_driver(TEXTS[name]), by_lark(TEXTS[name])
    assert (ours is None) == (theirs is None), "one of them refuses"
    assert theirs is None or differences(ours, theirs) == []


def test_the_corpus_has_both_kinds() -> None:
    """Otherwise the comparison above would show nothing."""
    refused = [name for name, text in TEXTS.items() if by_driver(text) is None]
    assert len(refused) > 5
    assert len(TEXTS) - len(refused) > 200


@pytest.mark.parametrize("name", [*corpus.right(), *GENERATED])
def test_right_programs_parse(name: str) -> None:
    assert by_driver(TEXTS[name]) is not None


# --- the grammar and its tables -----------------------------------------------------------------


def test_the_grammar_has_no_conflict() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        Lark(GRAMMAR, parser="lalr", start=["start", "expr"], debug=True)
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
    assert "conflict" not in stream.getvalue().lower()


def test_a_conflict_would_be_seen() -> None:
    """The test above reads a log: here is what it would find."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    ambiguous = 'start: "if" start ["else" start] | "x"'
    try:
        Lark(ambiguous, parser="lalr", debug=True)
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
    assert "conflict" in stream.getvalue().lower()


def test_making_tables_is_deterministic() -> None:
    """lark numbers its states as its sets come out; a wheel must not differ from build to build."""
    assert repr(make_tables.make_tables(GRAMMAR)) == repr(make_tables.make_tables(GRAMMAR))


def test_saved_tables_are_those_of_the_grammar(tmp_path: Path) -> None:
    path = tmp_path / "tables.bin"
    make_tables.write_tables(str(path))
    assert marshal.loads(path.read_bytes()) == make_tables.make_tables(GRAMMAR)
    assert [each.name for each in tmp_path.iterdir()] == ["tables.bin"], "no temporary file is left"


SPOILED = {
    "missing": None,
    "empty": b"",
    "not marshal": b"\xff garbage",
    "cut short": marshal.dumps(make_tables.make_tables(GRAMMAR), 4)[:2_000],
    "not a dict": marshal.dumps([1, 2, 3], 4),
    "another layout": marshal.dumps({**make_tables.make_tables(GRAMMAR), "format": -1}, 4),
    "another grammar": marshal.dumps(make_tables.make_tables('start: "x"\nexpr: "y"\n'), 4),
}


@pytest.mark.parametrize("saved", SPOILED.values(), ids=SPOILED)
def test_spoiled_tables_are_replaced_by_larks(
    saved: bytes | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Slower, but right. The package is where `driver.__file__` says."""
    (tmp_path / "parser").mkdir()
    (tmp_path / "parser" / "grammar.lark").write_text(GRAMMAR, encoding="utf-8")
    if saved is not None:
        (tmp_path / "tables.bin").write_bytes(saved)
    asked: list[str] = []
    monkeypatch.setattr(driver, "__file__", str(tmp_path / "parser" / "driver.py"))
    monkeypatch.setattr(driver, "_loaded", [])
    monkeypatch.setattr(make_tables, "make_tables", fresh_tables(asked, make_tables.make_tables))
    loaded = driver.load_tables()
    assert asked == [GRAMMAR]
    assert (loaded.rules, loaded.rows, loaded.gotos) == (
        tables().rules,
        tables().rows,
        tables().gotos,
    )


def fresh_tables(asked: list[str], make: Any) -> Any:
    """`make_tables`, and a note that it was asked."""

    def make_and_note(grammar: str) -> Any:
        asked.append(grammar)
        return make(grammar)

    return make_and_note


def test_good_tables_are_used_as_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "parser").mkdir()
    (tmp_path / "parser" / "grammar.lark").write_text(GRAMMAR, encoding="utf-8")
    make_tables.write_tables(str(tmp_path / "tables.bin"))
    monkeypatch.setattr(driver, "__file__", str(tmp_path / "parser" / "driver.py"))
    monkeypatch.setattr(driver, "_loaded", [])
    monkeypatch.setattr(make_tables, "make_tables", lambda _: pytest.fail("lark was asked"))
    assert driver.load_tables().rows == tables().rows


def test_long_lists_grow_in_place() -> None:
    """A list that were copied for each of its items would take quadratic time."""
    recipes = zip(tables().rules, generic(), strict=True)
    again = [recipe for rule, recipe in recipes if rule[0].startswith("_") and rule[3][0] == ~0]
    assert again
    assert {mode for _, _, mode, _, _ in again} == {driver.GROW}


# --- words --------------------------------------------------------------------------------------


def words() -> list[str]:
    return sorted(tables().keywords)


@pytest.mark.parametrize("word", words())
def test_every_keyword_is_a_field_name(word: str) -> None:
    """Words are free where nothing else could stand, so a new word breaks no record."""
    text = f"rft 1\nrecord R {{ {word}: int }}\nfn f(r: R) -> int = r.{word} + r?.{word}\n"
    ours, theirs = by_driver(text), by_lark(text)
    assert ours is not None
    assert differences(ours, theirs) == []


@pytest.mark.parametrize("word", words())
def test_every_keyword_ends_a_line_as_a_field(word: str) -> None:
    """`return` that ends its line is another token; after a dot it is a name all the same."""
    text = f"rft 1\nfn f(r: R) -> int {{\n  let a = r.{word}\n  return a\n}}\n"
    assert differences(by_driver(text), by_lark(text)) == []


@pytest.mark.parametrize("word", words())
def test_keywords_are_told_from_names_as_lark_does(word: str) -> None:
    for pattern in (
        "rft 1\nconst {} = 1\n",
        "rft 1\nfn f({}: int) -> int = 1\n",
        "rft 1\nfn f(x: int) -> int = {}\n",
        "rft 1\nfn f(x: int) -> int = g({}: x)\n",
        "rft 1\nworkflow W version 1 () {{ {} = 1 }}\n",
        "rft 1\nworkflow W version 1 () {{ let {} = 1 }}\n",
        "rft 1\nworkflow W version 1 () {{ do {}() }}\n",
        "rft 1\nworkflow W version 1 () {{ parallel {{ {}: do f() }} }}\n",
        "rft 1\nworkflow W version 1 () {{ dag {{ {}: do f() }} }}\n",
        "rft 1\nworkflow W version 1 () {{ checkpoint {} = 1 }}\n",
        "rft 1\nworkflow W version 1 () {{ @{} do f() }}\n",
        "rft 1\nenum E {{ {} }}\nfn f(e: E) -> int = match e {{ {} => 1 }}\n",
        "rft 1\nimport {}.{} {{ f }}\n",
        "rft 1\nactivity {}() {{ timeout: 5s }}\n",
        "rft 1\nactivity f() {{ {}: 5s }}\n",
        "rft 1\nunion U {{ V({}: int) }}\n",
        "rft 1\nfn f(u: U) -> int = match u {{ V({}: x) => 1 }}\n",
    ):
        text = pattern.replace("{}", word).replace("{{", "{").replace("}}", "}")
        ours, theirs = by_driver(text), by_lark(text)
        assert (ours is None) == (theirs is None), text
        assert theirs is None or differences(ours, theirs) == [], text


# --- acceptance ---------------------------------------------------------------------------------
# Rows keep their commonest reduction as a default (make_tables). A default may reduce on a token
# that fits nothing, but must never let it be shifted: what is accepted stays the same.

ROUNDS = 500  # for each seed and kind of text
PIECE = re.compile(r"return(?=[ \t]*\n)\n?|\"(?:[^\"\\\n]|\\.)*\"|\w+|[-=]>|\?[?.]|[-+=!<>]=|\S")


def pieces(text: str) -> list[str]:
    """The words of a text without comments; a `return` that ends its line keeps its line feed."""
    return PIECE.findall(re.sub(r"#[^\n]*", "", text))


@cache
def pools() -> tuple[list[list[str]], list[str]]:
    """Small files as lists of words, and every word there is."""
    small = [pieces(text) for text in corpus.right().values()]
    small = [each for each in small if len(each) < 160]
    vocabulary = sorted({*words(), *tables().marks, "x", "T", "1", "2.5", "3s", '"s"', "return\n"})
    return small, vocabulary


def mutated(random: random.Random) -> str:
    """A small program with one to three words deleted, doubled, swapped, replaced or put in."""
    small, vocabulary = pools()
    piece = list(random.choice(small))
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(piece))
        other = random.randrange(len(piece))
        change = random.randrange(6)
        if change == 0 and len(piece) > 3:
            del piece[at]
        elif change == 1:
            piece.insert(at, piece[at])
        elif change == 2:
            piece[at], piece[other] = piece[other], piece[at]
        elif change == 3:
            piece[at] = random.choice(vocabulary)
        elif change == 4:
            piece.insert(at, random.choice(vocabulary))
        else:
            piece[at] = piece[other]
    return " ".join(piece)


def widened(random: random.Random) -> str:
    """A small program with words put in that some state of the tables has a use for."""
    rows, keywords = tables().rows, tables().keywords
    spelled = {kind: text for text, kind in {**tables().marks, **keywords}.items()}
    spelled |= {"NAME": "x", "TNAME": "T", "INT": "1", "DEC": "2.5", "FLOAT": "1e3"}
    spelled |= {"DURATION": "3s", "SIZE": "4kb", "STRING": '"s"', "RETURN_END": "return\n"}
    row = random.choice(rows)
    fitting = [spelled[kind] for kind in row if kind in spelled]
    lead, _ = pools()
    start = list(random.choice(lead))
    at = random.randrange(len(start))
    return " ".join([*start[:at], *random.sample(fitting, min(2, len(fitting))), *start[at:]])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("make", [mutated, widened])
def test_defaults_accept_what_lark_accepts(make: Any, seed: int) -> None:
    """Lark's lexer takes a word for a keyword where a merged state would accept it, and then refuses the text; the
    driver asks the state itself, and reads a name. That is rare, and the other way round it never happens."""
    source = random.Random(seed)
    accepted = softer = 0
    for _ in range(ROUNDS):
        text = make(source)
        ours, theirs = by_driver(text), by_lark_words(text)
        assert ours is not None or theirs is None, text
        accepted += ours is not None
        softer += ours is not None and theirs is None
        if ours is not None and theirs is not None:
            assert differences(ours, theirs) == [], text
    assert 0 < accepted < ROUNDS
    assert softer <= ROUNDS // 100


@given(grown.programs())
def test_grown_programs_have_larks_trees(text: str) -> None:
    ours, theirs = by_driver(text), by_lark_words(text)
    assert ours is not None, "what the grammar made was refused"
    assert differences(ours, theirs) == []


def test_every_rule_can_grow() -> None:
    """What `grown.programs` never makes would never be tried."""
    chance = random.Random(1)
    kinds: set[str] = set()
    recipes = driver.make_recipes(tables(), lambda kind: lambda lo, hi, *args: kinds.add(kind))
    for _ in range(800):
        choices = [chance.randrange(256) for _ in range(3 * grown.CHOICES_MAX)]
        lexed = tokens.tokenize(grown.program(choices), tables().marks)
        driver.parse(tables(), recipes, lexed.tokens, "start")
    named = {kind for _, kind, _, _, passes in tables().rules if not passes and kind[0] != "_"}
    assert named - kinds == set()


def test_the_door_keeps_tokens_and_comments() -> None:
    """`parse` hands on what the formatter needs: all tokens in order, and all comments."""
    path, text = next(iter(programs.project(200, seed=1).items()))
    problems = Problems(Source(path, text))
    parsed = parse(problems.source, problems)
    assert problems.found == []
    spans = sorted([(token.lo, token.hi) for token in parsed.tokens] + parsed.comments)
    gaps = [text[hi:lo] for (_, hi), (lo, _) in pairwise(spans)]
    assert all(gap.strip() == "" for gap in gaps), "between tokens there is white space alone"
    assert text[: spans[0][0]].strip() == ""
