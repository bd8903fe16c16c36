"""Random programs that parse, grown from the grammar itself: what the grammar allows can come up.

    program([3, 0, 7]) -> "rft 1 const a = 1\\n"        the same choices give the same text
    programs()         -> a hypothesis strategy of such texts, simple ones first
    well_typed()       -> one of whole projects without a problem, see `programs.project`

Each number chooses a rule where there are several; when the numbers run out, the shortest rule is
taken, so that every list of numbers gives a program, and a shorter list a smaller one. Grown
programs mean nothing: their names are from a small pool and their types do not fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st

from raftoral.dsl.make_tables import grammar_path
from tests.dsl import programs as written

CHOICES_MAX = 220
NAMES = ["a", "b", "order", "total", "each", "timeout_at", "x1"]
TNAMES = ["A", "Order", "Paid", "T2"]
SPELLED = {
    "NAME": NAMES,
    "TNAME": TNAMES,
    "INT": ["1", "0", "42", "1_000"],
    "DEC": ["12.50", "0.1"],
    "FLOAT": ["1.5e0", "1e-9"],
    "DURATION": ["30s", "1h30m", "250ms"],
    "SIZE": ["16kb", "2mb"],
    "STRING": ['""', '"s"', '"a ${b} c"', r'"\n\"\u{e9}"', '"${"${a}"}"', '"é"'],
    "CMP": ["==", "<", "!=", ">="],
    "ADD": ["+", "-"],
    "MUL": ["*", "//", "/", "%"],
    "RETURN_END": ["return\n"],
}
BLANKS = ["", "", "", "\n", "\n", "\n\n", "\n\n\n", "  ", "\t", " # note\n", "\n# above\n", "\n## doc\n"]

LADDER = ["expr", "or_", "and_", "not_", "comparison", "coalesce", "sum_", "term", "unary", "postfix"]
# How deep the rules that hold themselves may be nested; or no choice would be left for the others.
NESTED = {"type": 2, "base_type": 2, "expr": 4, "stmt": 9, "pattern": 5, "subpattern": 5}
DEPTH_MAX = 9

Rules = dict[str, list[list[str]]]


@cache
def rules() -> tuple[Rules, dict[str, list[str]]]:
    """Per rule its expansions, the shortest first; and the texts of each terminal."""
    from lark import Lark

    with open(grammar_path(), encoding="utf-8") as file:
        lark = Lark(file.read(), parser="lalr", start=["start", "expr"], maybe_placeholders=True)
    spelled = dict(SPELLED)
    for terminal in lark.terminals:
        if terminal.name not in spelled and terminal.pattern.type == "str":
            spelled[terminal.name] = [terminal.pattern.value]
    found: Rules = {}
    for rule in lark.rules:
        symbols = [str(symbol.name) for symbol in rule.expansion]
        expansions = found.setdefault(str(rule.origin.name), [])
        if symbols not in expansions:
            expansions.append(symbols)
    lengths = _lengths(found)
    for expansions in found.values():
        expansions.sort(key=lambda symbols: (_length(symbols, lengths), symbols != ["NAME"]))
    return found, spelled


def _lengths(found: Rules) -> dict[str, float]:
    """The number of tokens in the shortest text of each rule."""
    lengths: dict[str, float] = dict.fromkeys(found, float("inf"))
    changed = True
    while changed:
        changed = False
        for origin, expansions in found.items():
            best = min(_length(symbols, lengths) for symbols in expansions)
            if best < lengths[origin]:
                lengths[origin], changed = best, True
    return lengths


def _length(symbols: list[str], lengths: dict[str, float]) -> float:
    return sum(lengths.get(symbol, 1) for symbol in symbols)


def words(choices: Sequence[int], start: str = "start") -> list[str]:
    """The tokens of a grown text. Choices go to the rules level by level: the outline comes first."""
    found, spelled = rules()
    left = list(reversed(choices))
    root: list[Any] = [start]
    level = [(root, 0, 0)]  # a place in a list of symbols or lists, and how deep it is nested
    while level:
        below: list[tuple[list[Any], int, int]] = []
        for home, place, depth in level:
            symbol = home[place]
            options: list[Any] = found[symbol] if symbol in found else spelled[symbol]
            free = left and len(options) > 1 and depth < NESTED.get(symbol, DEPTH_MAX)
            chosen = options[_index(symbol, left.pop(), options) if free else 0]
            home[place] = list(chosen) if symbol in found else (chosen,)
            if symbol in found:
                deeper = depth + (symbol in NESTED)
                below += [(home[place], index, deeper) for index in range(len(chosen))]
        level = below
    return list(_leaves(root))


def _leaves(root: list[Any]) -> Iterator[str]:
    """The tokens, which are tuples, from left to right."""
    waiting: list[Any] = [root]
    while waiting:
        last = waiting.pop()
        if isinstance(last, tuple):
            yield last[0]
        else:
            waiting.extend(reversed(last))


def _index(symbol: str, choice: int, options: list[Any]) -> int:
    """Which of the options a choice means. All are alike, but for what would crowd out the rest."""
    if symbol in LADDER and choice < 170:
        return 0  # straight down to what stands alone
    if symbol == "decl" and choice >= 128:  # most of the grammar is in these two
        return options.index(["workflow" if choice >= 180 else "activity"])
    if symbol == "stmt":
        return options.index(["assert_" if choice < 10 else "plain_stmt"])
    if symbol.startswith("__"):
        return int(choice % 3 > 0)  # one more, or the last one
    return choice % len(options)


def program(choices: Sequence[int], blanks: Sequence[int] = ()) -> str:
    """A text that parses. `blanks` choose what stands between its words, again and again."""
    parts: list[str] = []
    for number, word in enumerate(words(choices)):
        blank = BLANKS[blanks[number % len(blanks)] % len(BLANKS)] if blanks else ""
        if word == "return":
            blank = ""  # what follows is its value, and a line's end would part them
        parts += [word, blank or (" " if not word.endswith("\n") else "")]
    return "".join(parts).strip() + "\n"


def programs() -> st.SearchStrategy[str]:
    """Texts that parse; they shrink to `rft 1`."""
    blanks = st.lists(st.integers(0, len(BLANKS) - 1), max_size=7)
    return st.builds(program, _choices(CHOICES_MAX), blanks)


def expressions() -> st.SearchStrategy[str]:
    """Expressions that parse."""
    return _choices(60).map(lambda choices: " ".join(words(choices, "expr")))


def _choices(most: int) -> st.SearchStrategy[list[int]]:
    """Lists of any length alike: hypothesis by itself prefers short ones."""
    number = st.integers(0, 255)
    return st.integers(0, most).flatmap(lambda n: st.lists(number, min_size=n, max_size=n))


def well_typed() -> st.SearchStrategy[dict[str, str]]:
    """Projects without a problem: path -> text."""
    return st.builds(written.project, st.integers(1, 600), st.integers(0, 10_000))
