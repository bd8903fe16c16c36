"""What is known of an int before it is there: between which two numbers it lies. Durations likewise, in microseconds.

    len(xs) - 1          (-1, 2**40)            turn + 1, in `for turn in 1..n`     (2, 2**56 + 2)
    left - right         more than 64 bits: this one has to be checked

Only so many steps fit into the life of a run, and only so many items into memory: a number that is counted up from a
small one does not leave 64 bits. What is not known lies between the bounds of its type.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import Const, Local
from ..facts.types import DURATION, INT, TIMESTAMP, OptionalType
from ..syntax.literals import duration_ms

Range = tuple[int, int]

FULL: Range = (-(2**63), 2**63 - 1)
ITEMS_MAX = 2**40  # in one list or text: more than memory holds
TURNS_MAX = 2**56  # of one loop or counter, in all the life of a run: at 100 million a second, more than 20 years
STEP_MAX = 127  # what a counter grows by: TURNS_MAX of them fit into 64 bits
MOMENTS_MAX = 10_000 * 366 * 86_400 * 1_000_000  # between two timestamps


def fits(found: Range) -> bool:
    """Whether all of it has 64 bits."""
    return FULL[0] <= found[0] and found[1] <= FULL[1]


class Ranges:
    """The ranges of one module's expressions."""

    __slots__ = ("facts", "given", "known", "loops")

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.known: dict[Local, Range] = {}
        self.given: dict[Local, list[tuple[str, s.Node]]] = {}  # what is assigned to a local, and how
        self.loops: dict[Local, s.Node] = {}  # what a local counts through
        for decl in facts.parsed.module.decls:
            for node in s.walk(decl):
                self._note(node)

    def _note(self, node: s.Node) -> None:
        targets = self.facts.targets
        if isinstance(node, s.Let | s.Var | s.Checkpoint):
            name = node.target if isinstance(node, s.Let) else node.name
            if isinstance(name, s.Token) and name in targets:
                self.given.setdefault(targets[name], []).append(("=", node.value))
        elif isinstance(node, s.Assign):
            local = self.facts.bindings.get(node)
            if isinstance(local, Local):
                self.given.setdefault(local, []).append((node.op, node.value))
        elif isinstance(node, s.For | s.ParallelFor | s.Comprehension):
            name = node.target if isinstance(node.target, s.Token) else node.target.names[0]
            counted = _is_enumerate(node.source) if isinstance(node.target, s.TupleTarget) else True
            if counted and name in targets:
                self.loops[targets[name]] = node.source

    def of(self, node: s.Node) -> Range:
        """Where the value of an expression lies."""
        if isinstance(node, s.Number):
            return _number(node)
        if isinstance(node, s.NameRef):
            meaning = self.facts.bindings.get(node)
            if isinstance(meaning, Const) and meaning.module == self.facts.interface.module:
                return self.of(meaning.decl.value)
            return self.of_local(meaning) if isinstance(meaning, Local) else FULL
        if isinstance(node, s.Binary):
            return self._binary(node)
        if isinstance(node, s.Unary) and node.op == "-":
            low, high = self.of(node.operand)
            return -high, -low
        if isinstance(node, s.IfExpr):
            return _hull(self.of(node.then), self.of(node.orelse))
        if isinstance(node, s.Call) and isinstance(node.callee, s.NameRef) and node not in self.facts.callees:
            return self._builtin(node, node.callee.name.text)
        return FULL

    def of_local(self, local: Local) -> Range:
        """Where all values of a local lie, whenever it is looked at."""
        found = self.known.get(local)
        if found is None:
            self.known[local] = FULL  # while it is not known
            found = self.known[local] = self._local(local)
        return found

    def of_step(self, local: Local, op: str, value: s.Node) -> Range:
        """Where a local lies after `local += value`."""
        found, by = self.of_local(local), self.of(value)
        low, high = by if op == "+=" else _negative(by)
        return found[0] + low, found[1] + high

    def _local(self, local: Local) -> Range:
        if local in self.loops:
            return self._loop(self.loops[local])
        given = self.given.get(local, [])
        firsts = [self.of(value) for op, value in given if op == "="]
        if not firsts:
            return FULL
        low, high = min(first[0] for first in firsts), max(first[1] for first in firsts)
        down = up = 0
        for op, value in given:
            if op != "=":
                least, most = self.of(value) if op == "+=" else _negative(self.of(value))
                if least < -STEP_MAX or most > STEP_MAX or local.type is not INT:
                    return FULL
                down, up = min(down, least), max(up, most)
        return max(low + down * TURNS_MAX, FULL[0]), min(high + up * TURNS_MAX, FULL[1])

    def _loop(self, source: s.Node) -> Range:
        if isinstance(source, s.Range):
            first, last = self.of(source.first), self.of(source.last)
            return first[0], max(first[0], min(last[1], first[1] + TURNS_MAX))
        return (0, ITEMS_MAX) if _is_enumerate(source) else FULL

    def _builtin(self, node: s.Call, name: str) -> Range:
        values = [self.of(arg.value) for arg in node.args]
        if name == "len":
            return 0, ITEMS_MAX
        if name in ("min", "max") and len(values) > 1:
            pick = min if name == "min" else max
            return pick(low for low, _ in values), pick(high for _, high in values)
        if name == "random_int" and len(values) == 2:
            return values[0][0], values[1][1]
        return FULL

    def _binary(self, node: s.Binary) -> Range:
        types, left, right = self.facts.types, self.of(node.left), self.of(node.right)
        if types.get(node) not in (INT, DURATION):
            return FULL
        if types.get(node.left) is TIMESTAMP:
            return -MOMENTS_MAX, MOMENTS_MAX
        if node.op == "+":
            return left[0] + right[0], left[1] + right[1]
        if node.op == "-":
            return left[0] - right[1], left[1] - right[0]
        if node.op == "*":
            return _hull(*[(a * b, a * b) for a in left for b in right])
        if node.op == "??":
            return _hull(left, right) if isinstance(types.get(node.left), OptionalType) else left
        if node.op == "%":
            most = max(abs(right[0]), abs(right[1])) - 1
            return (0 if right[0] >= 0 else -most), (0 if right[1] <= 0 else most)
        if node.op == "//":
            divisors = [d for d in (*right, 1, -1) if d != 0 and right[0] <= d <= right[1]]
            return _hull(*[(a // b, a // b) for a in left for b in divisors]) if divisors else FULL
        return FULL


def _number(node: s.Number) -> Range:
    text = node.token.text.replace("_", "")
    if node.token.type == "INT":
        return int(text), int(text)
    if node.token.type == "DURATION":
        micros = (duration_ms(text) or 0) * 1000
        return micros, micros
    return FULL


def _hull(*ranges: Range) -> Range:
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _negative(found: Range) -> Range:
    return -found[1], -found[0]


def _is_enumerate(node: s.Node) -> bool:
    return isinstance(node, s.Call) and isinstance(node.callee, s.NameRef) and node.callee.name.text == "enumerate"
