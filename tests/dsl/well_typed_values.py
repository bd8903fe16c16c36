"""The declarations of random programs, and random expressions over them; `well_typed` has the statements."""

# ruff: noqa: E501 - ways to write a value stand side by side

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

PRELUDE = """rft 1
module m

enum Color { red, green, blue }
union Shape { Dot, Circle(r: int), Box(w: int, h: int = 2) }
record P { x: int, y: decimal = 1.5, note: str? = none, tint: Color = Color.red }
error Bad { code: int }
error Worse
error Lost { why: str, at: P? = none }

const ten = 10
const names: list[str] = ["ann", "bob"]
const no_ints: list[int] = []
const no_points: list[P] = []
const no_int: int? = none
const no_str: str? = none
const no_p: P? = none
const no_counts: map[str, int] = {}

activity get_int(k: str) -> int raises Bad { timeout: 1s }
activity get_str(k: str, n: int = 1) -> str { timeout: 1s }
activity get_opt(k: str) -> int? { timeout: 1s }
activity get_rate(k: str) -> decimal raises Worse { timeout: 1s }
activity get_p(k: str, p: P = P(x: 4)) -> P raises Worse, Lost { timeout: 1s }
activity get_ints(k: str) -> list[int] { timeout: 1s }
activity get_shape(k: str) -> Shape { timeout: 1s }
activity get_color(k: str) -> Color { timeout: 1s }
activity put(k: str, v: int = 7) raises Bad, Worse { timeout: 1s }
activity note(p: P?, s: Shape, m: map[str, int]) { timeout: 1s }
activity ask_once(k: str) -> int { timeout: 1s, once: at_most }
activity undo(k: str) { timeout: 1s, retry: forever }
activity undo_int(k: str, n: int) -> int { timeout: 1s, retry: forever }

fn double(n: int) -> int = n * 2
fn area(s: Shape) -> int = match s { Dot => 0 Circle(r) => 3 * r * r Box(w, h) => w * h }
fn largest(xs: list[int], least: int = 0) -> int? {
  var found: int? = none
  for x in xs {
    if x < least { continue }
    if found is none or x > found { found = x }
    if x > 100 { break }
  }
  return found
}
fn tally(colors: list[Color]) -> map[str, int] {
  var counts: map[str, int] = {}
  for c in colors { counts = counts.with_key(str(c), (counts[str(c)] ?? 0) + 1) }
  return counts
}

workflow Kid version 1 (n: int, why: str = "kid") -> int raises Bad {
  signal nudge(str)
  signal stop
  select {
    on nudge as text => log info text
    on stop => fail Bad(code: n)
    after 1d => log info why
  }
  return n
}

workflow W version 1 (n: int, s: str = "s", xs: list[int] = [3, 1, 2], opt: int? = none, p: P? = none) -> int
  raises Bad, Worse, Lost {
  checkpoint at = 0
  checkpoint last: str? = none
  checkpoint seen: list[int] = xs.take(1)
  signal go
  signal num(int)
  signal word(str)
  signal form(Shape)
  query where_at() -> int = at + len(seen)
  query last_word(other: str = "none") -> str = last ?? other
"""
SIGNALS = {"go": "", "num": "int", "word": "str", "form": "Shape"}
# what an effect gives -> its calls; {0} is a text, {1} an int
CALLS = {
    "int": ["do get_int({0})", "do ask_once({0})", "do Kid({1})", "do get_int({0}) with {{ timeout: 5s }}"],
    "str": ["do get_str({0})", "do get_str({0}, n: {1})", "do get_str(n: {1}, k: {0})"],
    "decimal": ["do get_rate({0})"],
    "P": ["do get_p({0})", "do get_p({0}, P(x: {1}))"],
    "list[int]": ["do get_ints({0})"],
    "Shape": ["do get_shape({0})"],
    "Color": ["do get_color({0})"],
    "int?": ["do get_opt({0})"],
    "unit": ["do put({0})", "do put({0}, {1})", "do undo({0})", "do note({2}, {3}, {4})"],
}
CATCHES = ["Bad", "Worse", "Lost", "ActivityFailed", "Cancelled", "Interrupted"]
VALUES = [kind for kind in CALLS if kind != "unit"]
LOCALS = ["int", "int", "str", "bool", "decimal", "P", "list[int]", "Shape", "Color", "int?", "P?", "map[str, int]",
          "(int, str)", "duration", "list[P]", "float", "timestamp"]  # fmt: skip


class Var(NamedTuple):
    name: str
    type: str
    kind: str  # let, var, checkpoint
    branch: int  # the branch that declares it


class Values:
    """Writes expressions. What may stand where is in the attributes."""

    def __init__(self, source: random.Random, size: int, fails_inside: bool) -> None:
        self.source = source
        self.left = size
        self.fails_inside = fails_inside
        self.vars = [Var("n", "int", "let", 0), Var("s", "str", "let", 0), Var("xs", "list[int]", "let", 0),
                     Var("opt", "int?", "let", 0), Var("p", "P?", "let", 0), Var("at", "int", "checkpoint", 0),
                     Var("last", "str?", "checkpoint", 0), Var("seen", "list[int]", "checkpoint", 0)]  # fmt: skip
        self.count = 0
        self.depth = 0
        self.branch = 0  # 0 is the body of the workflow
        self.branches = 0
        self.signals = list(SIGNALS)
        self.target: str | None = None  # what `give` gives here
        self.in_loop = False
        self.in_try = False
        self.pure = False  # `finally`, guards: nothing fails or waits
        self.in_undo = False
        self.caught: list[str] = []

    # --- small tools

    def pick(self, options: Sequence[Any]) -> Any:
        return self.source.choice(options)

    def chance(self, share: float) -> bool:
        return self.source.random() < share

    def name(self, start: str = "v") -> str:
        self.count += 1
        return f"{start}{self.count}"

    @contextmanager
    def changed(self, **attributes: Any) -> Any:
        """Other attributes for a while; names declared meanwhile end with it."""
        kept = {name: getattr(self, name) for name in attributes}
        variables = list(self.vars)
        self.__dict__.update(attributes)
        try:
            yield
        finally:
            self.__dict__.update(kept)
            self.vars = variables

    def own_branch(self, signals: list[str]) -> Any:
        self.branches += 1
        return self.changed(branch=self.branches, signals=signals, in_loop=False, target=None, caught=[])

    def declare(self, name: str, type: str, kind: str = "let") -> str:
        self.vars.append(Var(name, type, kind, self.branch))
        return name

    def named(self, *types: str) -> list[str]:
        return [v.name for v in self.vars if v.type in types]

    # --- expressions

    def text(self) -> str:
        """A string with a value or two in it; never two that could grow."""
        parts = self.source.sample(["int", "bool", "decimal", "Color", "duration", "int?", "Shape"], 2)
        if self.chance(0.3):
            parts[0] = self.pick(LOCALS)
        shown = [self.pick(self.named(part) or [self.expr(part, 0)]) for part in parts]
        return '"' + f"t ${{{shown[0]}}} and ${{{shown[1]}}}" + '"'

    def optional(self, type: str) -> str:
        """An optional that nothing has narrowed."""
        options = {"int?": ["xs[0]", "xs.last()", "parse_int(s)", "largest(xs, n)", 'tally([])["a"]']}[type]
        return str(self.pick(options))

    def expr(self, type: str | None, depth: int = 2) -> str:
        assert type is not None
        known = self.named(type)
        if known and self.chance(0.45):
            return str(self.pick(known))
        if depth <= 0:
            return str(self.pick(self.leaves(type)))
        return str(self.pick(self.leaves(type) + self.inners(type, depth - 1)))

    def leaves(self, type: str) -> list[str]:
        number = self.source.randint(0, 9)
        return {
            "int": [str(number), "n", "ten", "at", "len(s)", "workflow.version"],
            "str": ['"a"', '"b\\n"', "s", '"${n}"'],
            "float": [f"{number}.5e0", "float(n)", "2.5e-3"],
            "timestamp": ["now()"],
            "bool": ["true", "n > 2", 's == ""', "opt is none", '"a" in s', "at != n"],
            "decimal": [f"{number}.25", "2.0", "decimal(n)"],
            "duration": ["1h", "90m", "20s", f"{number + 1}d"],
            "Color": ["Color.red", "Color.green", "Color.blue"],
            "Shape": ["Dot", f"Circle({number})", "Box(2)", f"Shape.Box(h: {number}, w: n)"],
            "P": [f"P(x: {number})", "P(n, 2, note: s)"],
            "int?": ["no_int", f"some({number})", "xs[1]", "xs[n]"],
            "str?": ["no_str", "some(s)", "names.first()", "s[0]"],
            "P?": ["no_p", "P(x: 1)"],
            "list[int]": ["xs", "[n, 2]", "no_ints", "seen"],
            "list[P]": ["[P(x: n)]", "no_points"],
            "map[str, int]": ['{"b": n, "a": 1}', "no_counts"],
            "(int, str)": ['(n, "t")', "(len(xs), s)"],
        }[type]

    def inners(self, type: str, depth: int) -> list[str]:
        """Ways to make a value from others; only what is picked matters, so they are cheap."""
        way = self.source.randint(0, 5)
        sub = self.expr
        a = self.name()
        if way == 0:
            return [f"(if {sub('bool', depth)} then {sub(type, depth)} else {sub(type, depth)})"]
        if way == 1 and type not in ("int?", "str?", "P?", "list[int]", "list[P]", "map[str, int]"):
            return [
                f"(match {sub('Color', depth)} {{ red => {sub(type, depth)} _ => {sub(type, depth)} }})",
                f"(match {sub('Shape', depth)} {{ Dot => {sub(type, depth)} Circle({a}) if {a} > 2 => {sub(type, depth)}"
                f" Circle(_) | Box(_, _) => {sub(type, depth)} }})",
            ]
        ways: dict[str, Callable[[str, int, str], list[str]]] = {
            "int": self._int, "int?": self._optional_int, "str": self._str, "bool": self._bool, "P": self._p,
            "decimal": self._decimal, "Shape": self._shape, "duration": self._duration, "map[str, int]": self._map,
            "float": self._float,
            "timestamp": self._timestamp,
            "list[int]": self._list, "list[P]": self._points, "str?": self._optional_str, "P?": self._optional_p,
        }  # fmt: skip
        return ways[type](type, depth, a) if type in ways else self.leaves(type)

    def _optional_int(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [
            f"some({sub('int', depth)})", f"largest({sub('list[int]', depth)})", f"({sub('list[int]', depth)})[0]",
            f"({sub('map[str, int]', depth)})[{sub('str', 0)}]", "p?.x", f"min({sub('list[int]', depth)})",
            f"parse_int({sub('str', 0)})",
            "opt",
        ]  # fmt: skip

    def _int(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        made = [
            f"({sub('int', depth)} + {sub('int', depth)})", f"({sub('int', depth)} - {sub('int', depth)})",
            f"({sub('int', depth)} * {sub('int', depth)})", f"({sub('int', depth)} // 3)", f"({sub('int', depth)} % 4)",
            f"-{sub('int', 0)}", f"double({sub('int', depth)})", f"area({sub('Shape', depth)})",
            f"len({sub('list[int]', depth)})", f"sum({sub('list[int]', depth)})", f"max({sub('int', depth)}, 1)",
            f"({self.optional('int?')} ?? {sub('int', depth)})", f"({sub('P', depth)}).x", f"abs({sub('int', depth)})",
            f"({sub('map[str, int]', depth)}).get(\"a\", {sub('int', depth)})", f"len({sub('str', depth)})",
            f"int({sub('decimal', depth)})", f"({sub('duration', depth)} // 1h)", f"int({sub('float', depth)})",
        ]  # fmt: skip
        made += [
            f"(match {name} {{ Ok({a}) => {a} Failed(_, {a}x) => len({a}x) }})" for name in self.named("outcome[int]")
        ]
        made += [f"len([{a} for {a} in {name} if {a} is Ok])" for name in self.named("list[outcome[int]]")]
        if self.chance(0.06):
            made += [f"({sub('int', depth)} // {sub('int', 0)})", f"{self.optional('int?')}!"]
        if self.fails_inside and not self.pure and not self.in_undo and self.chance(0.15):
            made = [f"({self.optional('int?')} ?? fail {self.pick(['Worse', 'Bad(code: 5)'])})"]
        return made

    def _optional_str(self, type: str, depth: int, a: str) -> list[str]:
        return ["last", f"some({self.expr('str', depth)})", f"({self.expr('P', depth)}).note"]

    def _str(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [
            f"str({sub('int', depth)})", f"upper_ascii({sub('str', depth)})", f"trim({sub('str', depth)})",
            "join(\"-\", names)", f"({sub('str?', 0)} ?? {sub('str', depth)})", f"({sub('decimal', depth)}).fixed(1)",
            f"replace({sub('str', depth)}, \"a\", \"b\")", self.text(), f"str({sub('Color', depth)})",
            *(f"(match {name} {{ Ok(_) => \"ok\" Failed({a}, {a}x) => {a} + {a}x }})"
              for name in self.named("outcome[unit]", "outcome[str]", "outcome[P]")),
        ]  # fmt: skip

    def _bool(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        sign = self.pick(["<", "<=", ">", ">=", "==", "!="])
        return [
            f"({sub('int', depth)} {sign} {sub('int', depth)})", f"({sub('decimal', depth)} {sign} {sub('int', depth)})",
            f"({sub('bool', depth)} and {sub('bool', depth)})", f"({sub('bool', depth)} or {sub('bool', depth)})",
            f"(not {sub('bool', depth)})", f"({sub('Shape', depth)} is {self.pick(['Dot', 'Circle', 'not Box'])})",
            f"({sub('int', depth)} in {sub('list[int]', depth)})", f"({sub('P', depth)} == {sub('P', depth)})",
            f"starts_with({sub('str', depth)}, \"a\")", f"({self.optional('int?')} is not none)",
            f"({sub('duration', depth)} < {sub('duration', depth)})", f"({sub('float', depth)} < {sub('float', depth)})",
            f"({sub('timestamp', depth)} <= {sub('timestamp', depth)})", f"({sub('duration', depth)} > 1h)", f"(\"a\" not in {sub('map[str, int]', depth)})",
            *(f"({name} is Failed)" for v in self.vars if v.type.startswith("outcome") for name in [v.name]),
        ]  # fmt: skip

    def _decimal(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [
            f"({sub('decimal', depth)} + {sub('decimal', depth)})", f"({sub('decimal', depth)} * {sub('int', depth)})",
            f"({sub('decimal', depth)} / 3)", f"({sub('decimal', depth)}).round(2)", f"({sub('P', depth)}).y",
            f"sum([{a}.y for {a} in {sub('list[P]', depth)}])", f"({sub('int', depth)} - {sub('decimal', depth)})",
            f"(match {sub('Color', 0)} {{ red => 1 _ => {sub('decimal', depth)} }})",
        ]  # fmt: skip

    def _optional_p(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [f"some({sub('P', depth)})", f"({sub('list[P]', depth)}).first()", f"({sub('list[P]', depth)})[1]"]

    def _p(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [
            f"P(x: {sub('int', depth)}, y: {sub('decimal', depth)})", f"P(..{sub('P', depth)}, x: {sub('int', depth)})",
            f"P(tint: {sub('Color', depth)}, x: {sub('int', depth)}, y: {sub('int', depth)})",
            f"(({sub('list[P]', 0)})[0] ?? {sub('P', depth)})",
        ]  # fmt: skip

    def _shape(self, type: str, depth: int, a: str) -> list[str]:
        return [f"Circle(r: {self.expr('int', depth)})", f"Box({self.expr('int', depth)}, {self.expr('int', depth)})"]

    def _float(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [
            f"({sub('float', depth)} + {sub('float', depth)})", f"({sub('float', depth)} * {sub('float', depth)})",
            f"({sub('float', depth)} / 3.0e0)", f"float(decimal({sub('int', depth)}))", f"({sub('float', depth)}).round(1)",
            f"sum([float({a}) for {a} in {sub('list[int]', depth)}])",
        ]  # fmt: skip

    def _timestamp(self, type: str, depth: int, a: str) -> list[str]:
        return [f"({self.expr('timestamp', depth)} + {self.expr('duration', depth)})"]

    def _duration(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [
            f"({sub('duration', depth)} + {sub('duration', depth)})", f"({sub('duration', depth)} * 2)",
            f"({sub('duration', depth)} // 2)", f"({sub('timestamp', depth)} - {sub('timestamp', depth)})",
            f"({sub('duration', depth)} % 1h)", f"abs({sub('duration', depth)})",
        ]  # fmt: skip

    def _map(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [
            f"({sub(type, depth)}).with_key({sub('str', 0)}, {sub('int', depth)})", f"({sub(type, depth)}).without(\"a\")",
            f"tally([{sub('Color', depth)}, {sub('Color', depth)}])", f"{{{sub('str', 0)}: {sub('int', depth)}}}",
        ]  # fmt: skip

    def _points(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [f"[{sub('P', depth)}, {sub('P', depth)}]", f"[P(x: {a}) for {a} in {sub('list[int]', depth)}]"]

    def _list(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [
            f"[{sub('int', depth)}, {sub('int', depth)}]", f"sorted({sub(type, depth)})", f"reversed({sub(type, depth)})",
            f"({sub(type, depth)} + [{sub('int', depth)}])", f"unique({sub(type, depth)})", f"({sub(type, depth)}).take(2)",
            f"[{a} * 2 for {a} in {sub(type, depth)} if {a} > 1]", f"range(min(abs({sub('int', 0)}), 3))",
            f"({sub('map[str, int]', depth)}).values()", f"[{a}.x for {a} in {sub('list[P]', depth)}]",
            f"[{a} + {a}y for ({a}, {a}y) in enumerate({sub(type, depth)})]",
        ]  # fmt: skip
