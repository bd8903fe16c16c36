"""Random well-typed workflows: the same seed gives the same program.

    made = workflow(7)              text of a module `m` with a workflow `W`, and its arguments
    workflow(7, size=5)             a smaller one; `smallest(7, fails)` looks for one that still fails

Programs use every construct, check without errors, and end: loops are short, text and lists do not double.
`tests.reference.scripts` plays events.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from tests.dsl.well_typed_values import CALLS, CATCHES, LOCALS, PRELUDE, SIGNALS, VALUES, Values, Var
from tests.reference.values import Member, Rec

DEPTH_MAX = 4


class Made(NamedTuple):
    text: str
    args: dict[str, Any]


def workflow(seed: int, size: int = 40) -> Made:
    """A module with a workflow `W`, and arguments for it."""
    source = random.Random(seed)
    args: dict[str, Any] = {"n": source.randint(-2, 6)}
    if source.random() < 0.5:
        args |= {"s": source.choice(["", "ab"]), "xs": [source.randint(-3, 9) for _ in range(source.randint(0, 4))]}
    if source.random() < 0.5:
        args["opt"] = source.randint(0, 5)
        args["p"] = Rec("P", _fields_of_p(source), "m")
    body = Writer(source, size, False).body()
    return Made(PRELUDE + "\n".join(body) + "\n}\n", args)


def smallest(seed: int, fails: Callable[[Made], bool]) -> Made:
    """The first program of this seed, from small to large, that still fails: what to look at."""
    return next(made for size in range(1, 200) if fails(made := workflow(seed, size)))


def _fields_of_p(source: random.Random) -> dict[str, Any]:
    return {"x": source.randint(0, 9), "y": Decimal("2.5"), "note": source.choice([None, "n"]),
            "tint": Member("Color", "blue")}  # fmt: skip


class Writer(Values):
    """Writes the body of one workflow."""

    def body(self) -> list[str]:
        lines, leaves = self.block(self.left, top=True)
        return lines if leaves else [*lines, f"  return {self.expr('int')}"]

    # --- blocks and statements

    def block(self, most: int, top: bool = False) -> tuple[list[str], bool]:
        """Lines, and whether control never comes to their end."""
        lines: list[str] = []
        with self.changed(depth=self.depth + 1):
            for _ in range(most if top else self.source.randint(1, min(most, 4))):
                if self.left <= 0:
                    break
                self.left -= 1
                made, leaves = self.statement()
                lines += made
                if leaves:
                    return lines, True
            if not top and self.chance(0.08):
                last = self.leave()
                if last is not None:
                    return [*lines, last], True
        return lines or ['  log debug "nothing"'], False

    def inner(self, least: list[str] | None = None) -> tuple[str, bool]:
        lines, leaves = self.block(4)
        text = "\n".join("  " + line for line in [*(least or []), *lines])
        return "{\n" + text + "\n  }", leaves

    def giving(self, type: str) -> str:
        """A block that gives a `type` on each way."""
        with self.changed(target=type):
            lines, leaves = self.block(3)
            if leaves:  # it gives somewhere: else it would have no type
                lines.insert(0, f"  if n == 5 {{ give {self.expr(type)} }}")
            else:
                lines.append(f"  give {self.right(type)}")
        return "{\n" + "\n".join("  " + line for line in lines) + "\n  }"

    def leave(self) -> str | None:
        """A way out that is allowed here."""
        if self.pure or self.in_undo:
            return None
        ways = [f"fail {self.error()}"]
        ways += ["break", "continue"] * 2 if self.in_loop else []
        ways += [f"give {self.expr(self.target)}"] * 2 if self.target not in (None, "unit") else []
        ways += [f"return {self.expr('int')}"] if not self.branch else []
        if not self.branch and not self.in_try and self.chance(0.2):
            ways.append(f"continue as new({self.expr('int')}, xs: {self.expr('list[int]')})")
        return "  " + str(self.pick(ways))

    def error(self) -> str:
        options = [f"Bad(code: {self.expr('int', 1)})", "Worse", f"Lost(why: {self.expr('str', 1)})", *self.caught]
        return str(self.pick(options))

    def statement(self) -> tuple[list[str], bool]:
        if self.pure:
            return self.pick([self.s_let, self.s_assign, self.s_log, self.s_if])()  # type: ignore[no-any-return]
        if self.in_undo:
            return self.pick([self.s_log, self.s_let, self.s_undo, self.s_undo, self.s_sleep, self.s_if])()  # type: ignore[no-any-return]
        plain: list[Callable[[], tuple[list[str], bool]]] = [
            self.s_let, self.s_var, self.s_assign, self.s_assign, self.s_log, self.s_if, self.s_match, self.s_for,
            self.s_assert, self.s_narrow,
        ]  # fmt: skip
        waiting = [
            self.s_do, self.s_do, self.s_do, self.s_value, self.s_value, self.s_value, self.s_try, self.s_try,
            self.s_select, self.s_parallel, self.s_parallel, self.s_dag, self.s_each, self.s_each, self.s_while,
            self.s_wait, self.s_sleep, self.s_child,
        ]  # fmt: skip
        if self.depth > DEPTH_MAX:
            plain, waiting = plain[:5], [self.s_do, self.s_do, self.s_wait, self.s_sleep, self.s_child]
        return self.pick(plain if self.chance(0.4) else waiting)()  # type: ignore[no-any-return]

    def s_let(self) -> tuple[list[str], bool]:
        type = self.pick(LOCALS)
        if type == "(int, str)" and self.chance(0.5):
            value, one, two = self.expr(type), self.name(), self.name()
            self.declare(one, "int")
            self.declare(two, "str")
            return [f"  let ({one}, {two}) = {value}"], False
        value = self.expr(type)
        if self.chance(0.1):  # where a type is written, what has none of its own may stand
            value = {"l": "[]", "m": "{}"}.get(type[0], "none" if type[-1] == "?" else value)
        return [f"  let {self.declare(self.name(), type)}: {type} = {value}"], False

    def s_var(self) -> tuple[list[str], bool]:
        type = self.pick(["int", "str", "list[int]", "decimal", "int?", "Shape"])
        value = self.expr(type)
        return [f"  var {self.declare(self.name('w'), type, 'var')}: {type} = {value}"], False

    def s_assign(self) -> tuple[list[str], bool]:
        free = [v for v in self.vars if v.kind != "let" and v.branch == self.branch]
        if self.in_undo or not free:
            return self.s_log()
        var = self.pick(free)
        if var.type == "int" and self.chance(0.4):
            effect = self.call("int") if self.chance(0.4) and not self.pure else self.expr("int")
            return [f"  {var.name} {self.pick(['+=', '-='])} {effect}"], False
        value = self.expr(var.type, 1)
        if var.type.startswith("list"):
            value = f"({value}).take(5)"
        elif var.type == "str":
            value = self.pick(['"fixed"', f"str({self.expr('int', 1)})", "s"])
        elif var.type in VALUES and not self.pure and self.chance(0.3):
            value = self.right(var.type)
        return [f"  {var.name} = {value}"], False

    def s_log(self) -> tuple[list[str], bool]:
        level = self.pick(["", "debug ", "warn ", "error ", "info "])
        return [f"  log {level}{self.text() if self.chance(0.7) else self.expr(self.pick(LOCALS))}"], False

    def s_assert(self) -> tuple[list[str], bool]:
        if self.chance(0.7):
            return [f"  assert {self.expr('int')} < 1_000_000, {self.text()}"], False
        return [f"  assert {self.expr('bool')} or n > -5"], False

    def s_if(self) -> tuple[list[str], bool]:
        then, one = self.inner()
        condition = self.expr("bool")
        if self.chance(0.5):
            return [f"  if {condition} {then}"], False
        orelse, two = self.inner()
        if self.chance(0.3):
            return [f"  if {condition} {then} else if {self.expr('bool')} {orelse}"], False
        return [f"  if {condition} {then} else {orelse}"], one and two

    def s_narrow(self) -> tuple[list[str], bool]:
        """After `x is none`, x is plain."""
        free = [v for v in self.vars if v.kind == "let" and v.type.endswith("?")]
        if not free:
            return self.s_let()
        var = self.pick(free)
        way = self.leave()
        if way is None:
            return self.s_let()
        with self.changed():
            self.vars.remove(var)
            then, _ = self.inner()
        plain = Var(var.name, var.type[:-1], "let", var.branch)
        if self.chance(0.5):
            with self.changed(vars=[v for v in self.vars if v is not var] + [plain]):
                orelse, _ = self.inner()
            return [f"  if {var.name} is none {then} else {orelse}"], False
        self.vars = [v for v in self.vars if v is not var] + [plain]
        return [f"  if {var.name} is none {{ {way.strip()} }}"], False

    def s_match(self) -> tuple[list[str], bool]:
        arms: list[tuple[str, list[tuple[str, str]]]]
        pick = self.source.randint(0, 2)
        if pick == 0:
            subject = self.expr("Color")
            arms = [(f"green if {self.guard()}", []), ("red | green", []), ("blue", [])]
        elif pick == 1:
            a, b, c = self.name(), self.name(), self.name()
            subject = self.expr("Shape")
            arms = [("Dot", []), (f"Circle({a}) if {self.guard()}", [(a, "int")]), ("Circle(_)", []),
                    (f"Box({b}, h: {c})", [(b, "int"), (c, "int")])]  # fmt: skip
        else:
            a = self.name()
            subject = self.optional("int?")
            arms = [("none", []), ("some(3)", []), (f"some({a})", [(a, "int")])]
        lines, ends = [f"  match {subject} {{"], []
        for pattern, bound in arms:
            with self.changed():
                for name, type in bound:
                    self.declare(name, type)
                if self.chance(0.3):
                    lines.append(f"    {pattern} => log info {self.text()}")
                    ends.append(False)
                else:
                    inside, leaves = self.inner()
                    lines.append(f"    {pattern} => {inside}")
                    ends.append(leaves)
        return [*lines, "  }"], all(ends)

    def guard(self) -> str:
        with self.changed(pure=True):
            return self.expr("bool", 1)

    def s_for(self) -> tuple[list[str], bool]:
        with self.changed(in_loop=True):
            head = self.walked()
            inside, _ = self.inner()
        return [f"  for {head} {inside}"], False

    def walked(self) -> str:
        """`x in xs`: what is bound and what is walked over, a few items."""
        pick = self.source.randint(0, 3)
        if pick == 0:
            last = self.expr("int", 1)
            return f"{self.declare(self.name('i'), 'int')} in 1..min({last}, {self.source.randint(1, 3)})"
        if pick == 1:
            items, one, two = self.expr("list[int]", 1), self.name("i"), self.name("x")
            self.declare(one, "int")
            self.declare(two, "int")
            return f"({one}, {two}) in enumerate(({items}).take(3))"
        if pick == 2:
            return f"{self.declare(self.name('x'), 'str')} in names"
        items = self.expr("list[int]", 1)
        return f"{self.declare(self.name('x'), 'int')} in ({items}).take(3)"

    def s_while(self) -> tuple[list[str], bool]:
        turns = self.declare(self.name("w"), "int", "var")
        condition = f"{turns} < {self.source.randint(1, 3)}"
        if self.chance(0.5):
            condition += f" and {self.expr('bool', 1)}"
        with self.changed(in_loop=True, vars=[v for v in self.vars if v.name != turns]):
            rest = self.pick(["sleep 1h", f"do put({self.expr('str', 1)})"])
            inside, _ = self.inner([f"  {turns} += 1", f"  {rest}"])
        return [f"  var {turns} = 0", f"  while {condition} {inside}"], False

    # --- effects

    def call(self, type: str) -> str:
        call = self.pick(CALLS[type])
        parts = [self.expr(kind, 1) for kind in ("str", "int", "P?", "Shape", "map[str, int]")]
        return str(call.format(*parts))

    def right(self, type: str) -> str:
        """What may stand on the right of `let`: an expression or a whole effect."""
        pick = self.source.random()
        if self.pure or self.in_undo or pick < 0.2 or type not in VALUES:
            return self.expr(type)
        if pick < 0.6:
            if type == "int" and self.chance(0.3):
                behind = self.pick([f"?? {self.expr('int', 1)}", f"?? fail {self.error()}"])
                if self.fails_inside and self.chance(0.2):
                    behind = f"?? {self.optional('int?')} ?? fail {self.error()}"
                return f"{self.call('int?')} {behind}"
            return self.call(type)
        if self.left < 3 or self.depth > DEPTH_MAX:
            return self.call(type)
        if pick < 0.8:
            return self.trying(type)
        return self.selecting(type)

    def s_do(self) -> tuple[list[str], bool]:
        if self.chance(0.3):
            type = self.pick(["int", "P", "str"])
            call, name = self.call(type), self.name()
            label = f"@{self.name('at_')} " if self.chance(0.3) else ""
            self.declare(name, type)
            return [f"  {label}let {name} = {call}{self.undo(0.8)}"], False
        return [f"  {self.call('unit')}{self.undo(0.5)}"], False

    def undo(self, share: float) -> str:
        if not self.chance(share):
            return ""
        if self.chance(0.6):
            if self.chance(0.2):
                return f" compensate do undo_int({self.expr('str', 1)}, {self.expr('int', 1)})"
            return f" compensate do undo({self.text()})"
        with self.changed(in_undo=True, target=None, in_loop=False, signals=[]):
            return f" compensate {self.inner()[0]}"

    def s_undo(self) -> tuple[list[str], bool]:
        """An effect inside of a compensation."""
        if self.chance(0.5):
            return [f"  do undo({self.text()})"], False
        if self.chance(0.5):
            call = f"do undo_int({self.text()}, {self.expr('int', 1)})"
            return [f"  let {self.declare(self.name(), 'int')} = {call}"], False
        one, two = self.name("b"), self.name("b")
        text = f"  parallel {{ {one}: do undo({self.text()})  {two}: do undo_int({self.text()}, 1) }}"
        self.declare(two, "int")
        return [text], False

    def s_value(self) -> tuple[list[str], bool]:
        type = self.pick(VALUES)
        value = self.right(type)
        kind = "var" if self.chance(0.2) else "let"
        return [f"  {kind} {self.declare(self.name(), type, kind)}: {type} = {value}"], False

    def catches(self, give: str | None) -> tuple[str, list[bool]]:
        text, ends = "", []
        for group in self.groups():
            name = self.name("e") if self.chance(0.6) else ""
            with self.changed(caught=[*self.caught, name] if name else self.caught):
                if name and group == ["Bad"]:
                    self.declare(f"{name}.code", "int")
                if give is None:
                    inside, leaves = self.inner([f'  log info "${{{name}}}"'] if name else None)
                    ends.append(leaves)
                else:
                    inside = self.giving(give)
            text += f" catch {' | '.join(group)}{' as ' + name if name else ''} {inside}"
        if self.chance(0.35):
            with self.changed(pure=True):
                text += f" finally {self.inner()[0]}"
        return text, ends

    def groups(self) -> list[list[str]]:
        errors = self.source.sample(CATCHES, self.source.randint(0, 3))
        if len(errors) > 1 and self.chance(0.4):
            return [errors[:2], *([e] for e in errors[2:])]
        return [[e] for e in errors]

    def s_try(self) -> tuple[list[str], bool]:
        with self.changed(in_try=True):
            inside, leaves = self.inner()
        text, ends = self.catches(None)
        return [f"  try {inside}{text}"], leaves and all(ends)

    def trying(self, type: str) -> str:
        with self.changed(in_try=True):
            inside = self.giving(type)
        return f"try {inside}{self.catches(type)[0]}"

    def arms(self, give: str | None) -> tuple[str, list[bool]]:
        heads: list[tuple[str, str, str]] = []
        for signal in self.source.sample(self.signals, min(len(self.signals), self.source.randint(0, 2))):
            name = self.name() if SIGNALS[signal] and self.chance(0.8) else ""
            heads.append((f"on {signal}{' as ' + name if name else ''}", name, SIGNALS[signal]))
        for handle in self.named("handle")[:1]:
            name = self.name()
            heads.append((f"on {handle} as {name}", name, "int"))
        if self.chance(0.6):
            type = self.pick(VALUES)
            name = self.name()
            heads.append((f"{self.call(type)} as {name}", name, type))
        if self.chance(0.7) or not heads:
            heads.append((f"after {self.expr('duration', 1)}", "", ""))
        self.source.shuffle(heads)
        text, ends = "", []
        for head, name, type in heads:
            with self.changed():
                if name:
                    self.declare(name, type)
                if give is not None:
                    text += f"    {head} => {self.giving(give)}\n"
                elif self.chance(0.3):
                    text += f"    {head} => log info {self.text()}\n"
                    ends.append(False)
                else:
                    inside, leaves = self.inner()
                    text += f"    {head} => {inside}\n"
                    ends.append(leaves)
        return "select {\n" + text + "  }", ends

    def selecting(self, type: str) -> str:
        return self.arms(type)[0]

    def s_select(self) -> tuple[list[str], bool]:
        text, ends = self.arms(None)
        return ["  " + text], all(ends)

    def s_wait(self) -> tuple[list[str], bool]:
        if not self.signals:
            return self.s_sleep()
        signal = self.pick(self.signals)
        if signal == "go":
            if self.chance(0.5):
                return ["  wait go"], False
            name = self.name()
            within = f"  let {name} = wait go within {self.expr('duration', 1)}"
            return [within, f'  log info if {name} is none then "late" else "in time"'], False
        if self.chance(0.3):
            return [f"  let {self.declare(self.name(), SIGNALS[signal])} = wait {signal}"], False
        within = f"wait {signal} within {self.expr('duration', 1)}"
        return [f"  let {self.declare(self.name(), SIGNALS[signal] + '?')} = {within}"], False

    def s_sleep(self) -> tuple[list[str], bool]:
        if self.chance(0.2):
            return [f"  sleep until now() + {self.expr('duration', 1)}"], False
        return ["  sleep 20m" if self.chance(0.5) else f"  sleep {self.expr('duration', 1)}"], False

    def s_child(self) -> tuple[list[str], bool]:
        if self.chance(0.2):
            return [f"  spawn Kid({self.expr('int', 1)})"], False
        handle = self.name("k")
        lines = [f"  let {handle} = spawn Kid({self.expr('int', 1)}, why: {self.text()})"]
        if self.chance(0.4):
            lines.append(f"  send {handle}.nudge({self.expr('str', 1)})")
        if self.chance(0.2):
            lines.append(f"  send {handle}.stop()")
        self.declare(handle, "handle")
        if self.chance(0.5):
            lines.append(f"  let {self.declare(self.name(), 'int')} = wait {handle}")
        elif self.chance(0.5):
            lines.append(f"  let {self.declare(self.name(), 'int?')} = wait {handle} within 2h")
        return lines, False

    # --- side by side

    def part(self, name: str, type: str, equals: bool = False) -> str:
        """What a branch or step runs."""
        if equals and type not in ("unit",) and self.chance(0.4):
            return f"= {self.expr(type)}"
        if self.chance(0.5):
            call = self.call(type)
            shown = f"${{{name}}}" if type != "unit" else "u"
            return call + (f' compensate do undo("{name} {shown}")' if self.chance(0.4) else "")
        if type == "unit":
            return self.inner()[0]
        return self.giving(type)

    def s_parallel(self) -> tuple[list[str], bool]:
        settle = self.chance(0.35)
        signals = self.shared(3)
        made, text = [], ""
        for number in range(self.source.randint(1, 3)):
            name, type = self.name("b"), self.pick([*VALUES, "unit"])
            with self.own_branch(signals[number]):
                text += f"    {name}: {self.part(name, type)}\n"
            made.append((name, type))
        for name, type in made:
            if settle:
                self.declare(name, f"outcome[{type}]")
            elif type != "unit":
                self.declare(name, type)
        return [f"  parallel {'settle ' if settle else ''}{{\n{text}  }}"], False

    def shared(self, parts: int) -> list[list[str]]:
        """The signals, dealt out: no two branches wait for one."""
        dealt: list[list[str]] = [[] for _ in range(parts)]
        for signal in self.signals:
            dealt[self.source.randrange(parts)].append(signal)
        return dealt

    def s_dag(self) -> tuple[list[str], bool]:
        signals = self.shared(4)
        lines: list[str] = []
        made: list[tuple[str, str]] = []
        for number in range(self.source.randint(2, 4)):
            name, type = self.name("d"), self.pick([*VALUES, "unit"])
            after = f" after {self.pick(made)[0]}" if made and self.chance(0.3) else ""
            with self.own_branch(signals[number]):
                for other, kind in made:
                    if kind != "unit" and self.chance(0.6):
                        self.declare(other, kind)
                if self.chance(0.2):
                    type, body = "list[int]", self.each("int")
                else:
                    body = self.part(name, type, equals=True)
            lines.append(f"    {name}{after}: {body}")
            made.append((name, type))
        self.source.shuffle(lines)
        for name, type in made:
            if type != "unit":
                self.declare(name, type)
        return ["  dag {", *lines, "  }"], False

    def each(self, type: str, settle: bool = False) -> str:
        with self.own_branch([]):
            head = self.walked()
            limit = self.pick(["1", "2", "16", "len(xs) + 1"])
            inside = self.inner()[0] if type == "unit" else self.giving(type)
        return f"parallel for {head} limit {limit}{' settle' if settle else ''} {inside}"

    def s_each(self) -> tuple[list[str], bool]:
        if self.chance(0.4):
            return ["  " + self.each("unit", self.chance(0.3))], False
        type = self.pick(["int", "P"])
        settle = type == "int" and self.chance(0.4)
        text = self.each(type, settle)
        item = f"outcome[{type}]" if settle else type
        return [f"  let {self.declare(self.name(), f'list[{item}]')} = {text}"], False
