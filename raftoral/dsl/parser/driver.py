"""An LALR(1) driver over the tables that lark computed: tokens -> values of the actions.

Why not lark itself: ten times the speed, a few milliseconds to be ready instead of forty, and a
recovery that works on copies of the state stack. A test compares its trees with lark's on the
whole corpus.

What makes it quick, and why it is written out in one loop:

- `quick` and `follow` of the tables remember each decision once it was made: what a state does on
  a word, defaults included; and the state after a reduction, with the chain of unit reductions
  (`1` is a literal, a primary, a postfix, ... an `expr`) that the look-ahead asks for.
- a reduction of a single value, which is every second one, replaces the top of the stacks.
- a helper's list (`x*` in the grammar) grows in place.
"""

from __future__ import annotations

import marshal
import os
from operator import itemgetter

from ..syntax import Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .depth import Meter

    Action = Callable[..., Any]
    Pick = tuple[int | None, ...]
    Rule = tuple[str, str, int, Pick, bool]
    # (length, origin, mode, action, what the mode needs to find its arguments)
    Recipe = tuple[int, str, int, Any, Any]

# What a reduction does with the values on the stack:
ONE = 0  # calls the action with one value, at an offset from the top
MANY = 1  # with several, by an itemgetter; one index behind the last is None
FIXED = 2  # with none, or with Nones alone
GROW = 3  # appends a value to the list that is the first
PASS = 4  # hands a value on
GATHER = 5  # makes a list of values, spliced lists and Nones; the action gets them as arguments


# Every so many tokens the stacks are looked at; a stack so high, or a statement so long, is measured.
WATCH_EVERY = 128
STATES_MAX = 120
STATEMENT_MAX = 300


class Stuck(Exception):
    """The token at `index` fits nothing here, or is nested `too_deep`; `states` is the stack that met it."""

    def __init__(self, index: int, states: list[int], too_deep: bool = False) -> None:
        super().__init__(index)
        self.index = index
        self.states = states
        self.too_deep = too_deep


class Tables:
    """The parse tables, unpacked for the driver. `quick` and `follow` are filled as texts are read."""

    __slots__ = (
        "ends", "follow", "gotos", "keywords", "marks", "passing", "quick", "rows", "rules", "starts",
    )  # fmt: skip

    def __init__(self, data: dict[str, Any]) -> None:
        self.rules: list[Rule] = data["rules"]
        self.rows: list[dict[str, int]] = data["rows"]
        self.gotos: list[dict[str, int]] = data["gotos"]
        self.keywords: dict[str, str] = data["keywords"]
        self.marks: dict[str, str] = data["marks"]
        self.starts: dict[str, int] = data["starts"]
        self.ends: dict[str, int] = data["ends"]
        # Rules that hand their only value on: a chain of them is one step.
        self.passing = {
            ~number: rule[0]
            for number, rule in enumerate(self.rules)
            if rule[4] and rule[2] == 1 and not rule[0].startswith("_")
        }
        self.quick: list[dict[str, int]] = [{} for _ in self.rows]
        self.follow: list[dict[str, dict[str, int]]] = [{} for _ in self.rows]

    def meanings(self, token: Token) -> tuple[str, str]:
        """The terminals that a token may be, in the order in which a state is asked.

        `timeout` is TIMEOUT or NAME; after a dot, `return` is a name at the end of its line too.
        """
        kind = token.type
        if kind == "NAME":
            return self.keywords.get(token.text, kind), kind
        return kind, "NAME" if kind == "RETURN_END" else kind

    def action(self, state: int, token: Token) -> int | None:
        """What `state` does on `token`: a shift (>= 0), a reduction (~rule), or None."""
        row = self.rows[state]
        word, kind = self.meanings(token)
        act = row.get(word)
        return row.get(kind, row.get("")) if act is None else act

    def after(self, under: int, origin: str, token: Token, word: str) -> int:
        """The state when `origin` was put on `under`, with all that is only handed on; remembered."""
        state = self.gotos[under][origin]
        while True:
            act = self.action(state, token)
            further = None if act is None else self.passing.get(act)
            if further is None:
                break
            state = self.gotos[under][further]
        self.follow[under].setdefault(origin, {})[word] = state
        return state


_loaded: list[Tables] = []


def load_tables() -> Tables:
    """The tables beside this package; fresh ones from lark when they are missing or outdated."""
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
    """Per rule, what the driver needs. An action that is `list` gets the bare list of its values."""
    return [_recipe(rule, action_of) for rule in tables.rules]


def _recipe(rule: Rule, action_of: Callable[[str], Action]) -> Recipe:
    origin, kind, length, pick, passes = rule
    if origin.startswith("_"):
        if len(pick) == 2 and pick[0] == ~0 and pick[1] is not None and pick[1] > 0:
            return length, origin, GROW, None, pick[1] - length
        return length, origin, GATHER, None, pick
    if passes and pick[0] is not None:
        return length, origin, PASS, None, pick[0] - length
    action = action_of(kind)
    if action is list:
        return length, origin, GATHER, None, pick
    present = [index for index in pick if index is not None]
    if any(index < 0 for index in present):
        return length, origin, GATHER, action, pick
    if not present:
        return length, origin, FIXED, action, pick
    if len(pick) == 1:
        return length, origin, ONE, action, present[0] - length
    return length, origin, MANY, action, itemgetter(*[length if i is None else i for i in pick])


def parse(tables: Tables, recipes: list[Recipe], tokens: list[Token], start: str, guarded: bool = True) -> Any:
    """The value of the start rule's action. Raises `Stuck` at the first token that does not fit.

    A text that is nested too deeply is `Stuck` too, if `guarded`: later passes walk by recursion.
    `starts[i]` is where the text of `values[i]` begins; where it ends is where the last shifted
    token ended.
    """
    quick, follow, keywords = tables.quick, tables.follow, tables.keywords
    state = tables.starts[start]
    states: list[int] = [state]
    values: list[Any] = []
    starts: list[int] = []
    end = tokens[0].lo
    guard = _Guard() if guarded and len(tokens) > WATCH_EVERY else None
    for low in range(0, len(tokens), WATCH_EVERY):
        if low and guard:
            guard.watch(tables, states, starts, tokens, low)
        for token in tokens[low : low + WATCH_EVERY]:
            word = token.type
            if word == "NAME":
                word = keywords.get(token.text, word)
            while True:
                try:
                    act = quick[state][word]
                except KeyError:
                    known = tables.action(state, token)
                    if known is None:
                        if word == "$END" and state == tables.ends[start]:
                            return values[-1]
                        raise Stuck(tokens.index(token), states) from None
                    act = quick[state][word] = known
                if act >= 0:
                    states.append(act)
                    values.append(token)
                    starts.append(token.lo)
                    state, end = act, token.hi
                    break
                length, origin, mode, action, pick = recipes[~act]
                if length == 1:
                    if mode == ONE:
                        values[-1] = action(starts[-1], end, values[-1])
                    elif mode != PASS:
                        values[-1] = _reduce(values, 1, starts[-1], end, mode, action, pick)
                elif length:
                    if mode == GROW:
                        value = values[-length]
                        value.append(values[pick])
                    elif mode == ONE:
                        value = action(starts[-length], end, values[pick])
                    else:
                        value = _reduce(values, length, starts[-length], end, mode, action, pick)
                    del states[1 - length :], values[1 - length :], starts[1 - length :]
                    values[-1] = value
                else:
                    states.append(0)
                    values.append(_reduce(values, 0, token.lo, token.lo, mode, action, pick))
                    starts.append(token.lo)
                under = states[-2]
                try:
                    state = states[-1] = follow[under][origin][word]
                except KeyError:
                    state = states[-1] = tables.after(under, origin, token, word)
    raise AssertionError("the last token is $END")  # pragma: no cover


class _Guard:
    """Notices what is nested too deeply, from samples: brackets by the height of the stack, chains such as
    `a + a + a` by the length of the statement. Only what looks suspicious is measured, once.
    """

    __slots__ = ("at", "begin", "high", "meter")

    def __init__(self) -> None:
        self.begin = -1  # where the statement begins that is being measured
        self.at = 0
        self.high = False
        self.meter: Meter | None = None

    def watch(self, tables: Tables, states: list[int], starts: list[int], tokens: list[Token], low: int) -> None:
        """Raises `Stuck` if the token at `low` is nested too deeply."""
        high = len(states) > STATES_MAX
        if high:
            from .depth import is_too_high

            if is_too_high(tables, states):
                raise Stuck(low, states, True)
        rows = tables.rows
        for place in range(len(starts) - 1, -1, -1):
            row = rows[states[place]]
            if row.get("LET", -1) >= 0 or row.get("RECORD", -1) >= 0:
                if high or self.high or tokens[low].lo - starts[place] > STATEMENT_MAX:
                    self._measure(starts[place], tokens, low, states)
                break
        self.high = high

    def _measure(self, begin: int, tokens: list[Token], low: int, states: list[int]) -> None:
        from .depth import DEPTH_MAX, Meter

        if begin != self.begin or self.meter is None:
            self.begin, self.meter, self.at = begin, Meter(), low
            while self.at > 0 and tokens[self.at - 1].lo >= begin:
                self.at -= 1
        for index in range(self.at, low):
            if self.meter.read(tokens[index]) > DEPTH_MAX:
                raise Stuck(index, states, True)
        self.at = low


def _reduce(values: list[Any], length: int, lo: int, hi: int, mode: int, action: Any, pick: Any) -> Any:
    """The value of a reduction of `length` values, in the modes that need several steps."""
    if mode == MANY:
        parts = values[-length:]
        parts.append(None)
        return action(lo, hi, *pick(parts))
    if mode == PASS:
        return values[pick]
    if mode == FIXED:
        return action(lo, hi, *pick)
    arguments: list[Any] = []
    for index in pick:
        if index is None:
            arguments.append(None)
        elif index >= 0:
            arguments.append(values[index - length])
        else:
            arguments += values[~index - length]
    return arguments if action is None else action(lo, hi, *arguments)
