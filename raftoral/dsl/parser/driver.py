"""An LALR(1) driver over the tables that lark computed: tokens -> values of the actions.

Why not lark itself: several times the speed, a few milliseconds to be ready instead of forty, and a recovery that
works on copies of the state stack. A test compares its trees with lark's on the whole corpus.

Chains of unit reductions (`1` is a literal, a primary, a postfix, ... an `expr`) are followed once per state and
look-ahead and remembered in `chains`; that is most of the speed.
"""

from __future__ import annotations

import marshal
import os

from ..syntax import Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Action = Callable[..., Any]
    Rule = tuple[str, str, int, tuple[int | None, ...], bool]
    Recipe = tuple[int, str, int, Action | None, tuple[int | None, ...]]

# What a reduction does with the values on the stack.
LIST, PASS, PLAIN, SPLICED = range(4)


class Stuck(Exception):
    """The token at `index` fits nothing here; `states` is the stack that met it."""

    def __init__(self, index: int, states: list[int]) -> None:
        super().__init__(index)
        self.index = index
        self.states = states


class Tables:
    """The parse tables, unpacked for the driver."""

    __slots__ = ("chains", "ends", "gotos", "keywords", "marks", "rows", "rules", "starts")

    def __init__(self, data: dict[str, Any]) -> None:
        self.rules: list[Rule] = data["rules"]
        self.rows: list[dict[str, int]] = data["rows"]
        self.gotos: list[dict[str, int]] = data["gotos"]
        self.keywords: dict[str, str] = data["keywords"]
        self.marks: dict[str, str] = data["marks"]
        self.starts: dict[str, int] = data["starts"]
        self.ends: dict[str, int] = data["ends"]
        self.chains: dict[tuple[int, str, str], int] = {}

    def action(self, state: int, token: Token) -> int | None:
        """What `state` does on `token`: a shift (>= 0), a reduction (< 0), or None. A keyword goes before a name."""
        row = self.rows[state]
        word, kind = self.meanings(token)
        act = row.get(word)
        if act is None:
            act = row.get(kind, row.get(""))
        return act

    def meanings(self, token: Token) -> tuple[str, str]:
        """The terminals that a token may be, in the order in which a state is asked: `timeout` is TIMEOUT or NAME."""
        kind = token.type
        if kind == "NAME":
            return self.keywords.get(token.text, kind), kind
        return kind, "NAME" if kind == "RETURN_END" else kind


_loaded: list[Tables] = []


def load_tables() -> Tables:
    """The tables beside this package; fresh ones from lark when they are missing or older than the grammar."""
    if not _loaded:
        here = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(here, "grammar.lark"), encoding="utf-8") as file:
            grammar = file.read()
        data = _saved_tables(os.path.join(os.path.dirname(here), "tables.bin"))
        if data is None or data.get("format") != 1 or data.get("grammar") != grammar:
            from ..make_tables import make_tables

            data = make_tables(grammar)
        _loaded.append(Tables(data))
    return _loaded[0]


def _saved_tables(path: str) -> dict[str, Any] | None:
    try:
        with open(path, "rb") as file:
            data = marshal.loads(file.read())
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return data if isinstance(data, dict) else None


def make_recipes(tables: Tables, action_of: Callable[[str], Action]) -> list[Recipe]:
    """Per rule, what the driver needs: (length, origin, mode, action, pick)."""
    return [_recipe(rule, action_of) for rule in tables.rules]


def _recipe(rule: Rule, action_of: Callable[[str], Action]) -> Recipe:
    origin, kind, length, pick, passes = rule
    if origin.startswith("_"):
        return length, origin, LIST, None, pick
    if passes:
        return length, origin, PASS, None, pick
    spliced = any(index is not None and index < 0 for index in pick)
    return length, origin, SPLICED if spliced else PLAIN, action_of(kind), pick


def parse(tables: Tables, recipes: list[Recipe], tokens: list[Token], start: str) -> Any:
    """The value of the start rule's action. Raises `Stuck` at the first token that does not fit.

    `starts[i]` is where the text of `values[i]` begins; where it ends is where the last shifted token ended.
    """
    rows, gotos, keywords, chains = tables.rows, tables.gotos, tables.keywords, tables.chains
    final = tables.ends[start]
    state = tables.starts[start]
    states, values, starts = [state], [], []
    end = tokens[0].lo
    for token in tokens:
        kind = token.type
        word = kind
        if kind == "NAME":
            word = keywords.get(token.text, kind)
        elif kind == "RETURN_END":
            kind = "NAME"  # after a dot, `return` is a name at the end of its line too
        while True:
            row = rows[state]
            act = row.get(word)
            if act is None:
                act = row.get(kind)
                if act is None:
                    act = row.get("")
                    if act is None:
                        raise Stuck(tokens.index(token), states)
            if act >= 0:
                states.append(act)
                values.append(token)
                starts.append(token.lo)
                state, end = act, token.hi
                break
            length, origin, mode, action, pick = recipes[~act]
            if length:
                lo = starts[-length]
                if mode == 2:  # PLAIN
                    parts = values[-length:]
                    value = action(lo, end, *[None if i is None else parts[i] for i in pick])
                elif mode == 1:  # PASS
                    value = values[pick[0] - length]
                else:
                    value = _gather(values, length, lo, end, action, pick)
                del states[-length:], values[-length:], starts[-length:]
            else:
                lo = token.lo
                value = action(lo, lo, *pick) if action is not None else []
            under = states[-1]
            key = (under, origin, word)
            try:
                state = chains[key]
            except KeyError:
                state = chains[key] = _chain(tables, recipes, under, origin, word, kind)
            states.append(state)
            values.append(value)
            starts.append(lo)
            if state == final and kind == "$END":
                return value
    raise AssertionError("the last token is $END")  # pragma: no cover


def _gather(
    values: list[Any],
    length: int,
    lo: int,
    end: int,
    action: Action | None,
    pick: tuple[int | None, ...],
) -> Any:
    """Arguments with a helper's list spliced in; a helper's own list grows in place."""
    parts = values[-length:]
    if action is None and pick and pick[0] == -1:
        grown: list[Any] = parts[0]
        for index in pick[1:]:
            _take(grown, parts, index)
        return grown
    arguments: list[Any] = []
    for index in pick:
        _take(arguments, parts, index)
    return arguments if action is None else action(lo, end, *arguments)


def _take(into: list[Any], parts: list[Any], index: int | None) -> None:
    if index is None:
        into.append(None)
    elif index >= 0:
        into.append(parts[index])
    else:
        into.extend(parts[~index])


def _chain(tables: Tables, recipes: list[Recipe], under: int, origin: str, word: str, kind: str) -> int:
    """The state after `origin` on top of `under`, with all reductions that only pass a single value on."""
    rows, gotos = tables.rows, tables.gotos
    state = gotos[under][origin]
    while True:
        row = rows[state]
        act = row.get(word)
        if act is None:
            act = row.get(kind, row.get(""))
        if act is None or act >= 0:
            return state
        length, origin, mode, _, _ = recipes[~act]
        if mode != PASS or length != 1:
            return state
        state = gotos[under][origin]
