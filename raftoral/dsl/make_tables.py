"""Compiles `parser/grammar.lark` to the tables that `parser/driver.py` runs on. The only room that knows lark.

Run when a wheel or an editable install is built (`hatch_build.py`), by `./dev tables`, and at run time when the
grammar was edited since: then the driver works from fresh tables, slowly but rightly.

The tables are plain lists and dicts, saved with `marshal`:

    grammar   the text they were made from; compared byte by byte before use
    rules     (origin, kind, length, pick, passes): `pick` says which right-hand values become arguments: an
              index, None for an optional part that is missing, or `~index` for a helper's list that is spliced in;
              `passes` marks a rule that only hands its one value on
    rows      per state: terminal -> action; `n >= 0` shifts to n, `n < 0` reduces rule `~n`; key "" is the default
    gotos     per state: origin -> state
"""

from __future__ import annotations

import marshal
import os
from collections import Counter
from typing import Any

FORMAT = 1  # raise it in the same change that alters the layout
STARTS = ("start", "expr")


def grammar_path() -> str:
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "parser", "grammar.lark")


def make_tables(grammar: str) -> dict[str, Any]:
    """The tables of `grammar`, from lark's LALR analysis."""
    from lark import Lark
    from lark.parsers.lalr_analysis import Shift

    lark = Lark(grammar, parser="lalr", start=list(STARTS), maybe_placeholders=True)
    table: Any = lark.parser.parser._parse_table
    rule_numbers = {rule: number for number, rule in enumerate(lark.rules)}
    keywords, marks = _words(lark.terminals)
    order = _reached(table)
    number = {state: new for new, state in enumerate(order)}
    rows: list[dict[str, int]] = []
    gotos: list[dict[str, int]] = []
    for state in order:
        row: dict[str, int] = {}
        goto: dict[str, int] = {}
        for symbol, (action, argument) in sorted(table.states[state].items()):
            if action is not Shift:
                row[str(symbol)] = ~rule_numbers[argument]
            elif _is_terminal(symbol):
                row[str(symbol)] = number[argument]
            else:
                goto[str(symbol)] = number[argument]
        rows.append(_with_default(row, {*keywords.values(), "RETURN_END"}))
        gotos.append(goto)
    return {
        "format": FORMAT,
        "grammar": grammar,
        "rules": [_rule(rule) for rule in lark.rules],
        "rows": _shared(rows),
        "gotos": _shared(gotos),
        "keywords": keywords,
        "marks": marks,
        "starts": {name: number[table.start_states[name]] for name in STARTS},
        "ends": {name: number[table.end_states[name]] for name in STARTS},
    }


def _is_terminal(symbol: str) -> bool:
    return symbol.isupper() or symbol.startswith("$")


def _reached(table: Any) -> list[int]:
    """lark's states in the order of first use: its own numbers differ from run to run."""
    from lark.parsers.lalr_analysis import Shift

    order = [int(table.start_states[name]) for name in STARTS]
    seen = set(order)
    for state in order:  # it grows
        for _, (action, argument) in sorted(table.states[state].items()):
            if action is Shift and argument not in seen:
                seen.add(argument)
                order.append(argument)
    return order


def _shared(rows: list[dict[str, int]]) -> list[dict[str, int]]:
    """Equal rows as one object, which marshal writes and reads once."""
    known: dict[tuple[tuple[str, int], ...], dict[str, int]] = {}
    return [known.setdefault(tuple(row.items()), row) for row in rows]


def write_tables(path: str) -> None:
    """Writes the tables of the grammar in this checkout to `path`."""
    with open(grammar_path(), encoding="utf-8") as file:
        grammar = file.read()
    data = marshal.dumps(make_tables(grammar), 4)
    temporary = f"{path}.{os.getpid()}.new"
    with open(temporary, "wb") as out:
        out.write(data)
    os.replace(temporary, path)


def _words(terminals: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Terminals that are fixed texts: keywords (`when` -> WHEN), and marks (`->` -> __ANON_3)."""
    keywords: dict[str, str] = {}
    marks: dict[str, str] = {}
    for terminal in terminals:
        texts = [terminal.pattern.value]
        if terminal.pattern.type != "str":
            texts = {
                "CMP": ["==", "!=", "<=", ">=", "<", ">"],
                "ADD": ["+", "-"],
                "MUL": ["*", "//", "/", "%"],
            }.get(terminal.name, [])
        for text in texts:
            (keywords if text.replace("_", "a").isalpha() else marks)[text] = str(terminal.name)
    return keywords, marks


def _rule(rule: Any) -> tuple[str, str, int, tuple[int | None, ...], bool]:
    """(origin, kind, length, pick, passes) of one lark rule; mirrors lark's own filtering of children."""
    origin = str(rule.origin.name)
    empty = rule.options.empty_indices
    missing = [len(run) for run in "".join(str(int(bit)) for bit in empty).split("0")] if empty else None
    pick: list[int | None] = []
    for index, symbol in enumerate(rule.expansion):
        if missing:
            pick += [None] * missing[index]
        if symbol.is_term:
            if rule.options.keep_all_tokens or not symbol.filter_out:
                pick.append(index)
        else:
            pick.append(~index if str(symbol.name).startswith("_") else index)
    if missing:
        pick += [None] * missing[-1]
    passes = bool(rule.options.expand1 and not rule.alias and len(pick) == 1 and pick[0] is not None and pick[0] >= 0)
    return origin, str(rule.alias or origin), len(rule.expansion), tuple(pick), passes


def _with_default(row: dict[str, int], keywords: set[str]) -> dict[str, int]:
    """Folds the commonest reduction of a row into its default, key "".

    A reduction on a keyword stays explicit where the row treats NAME in another way: the driver asks for the
    keyword first and for NAME next, and must not take a keyword for a name here.
    """
    reductions = Counter(action for action in row.values() if action < 0)
    if not reductions:
        return row
    default, _ = reductions.most_common(1)[0]
    keep_words = "NAME" in row and row["NAME"] != default
    folded = {
        symbol: action for symbol, action in row.items() if action != default or (keep_words and symbol in keywords)
    }
    folded[""] = default
    return folded
