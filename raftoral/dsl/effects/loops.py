"""Loops and time inside one transition: loops that never suspend (RFT0503), a clock that does not move (0504),
functions that call each other in a circle (0502), text that grows in a loop (0513)."""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import Local
from ..facts.types import STR
from ..scope import Scope
from ..syntax import Node
from .outline import SUSPENDING, effect_of, inner, suspends


def check_loop(scope: Scope, node: s.While) -> None:
    """RFT0503: a `while` suspends on every way round, so that one transition always ends."""
    if _Through().turn(node.body) and not scope.parsed.damaged(node):
        some = suspends(node.body)
        label = (
            "on some path through the body nothing suspends"
            if some
            else ("no path through the body reaches a `do`, `wait`, `sleep` or `select`")
        )
        scope.problems.at(
            "RFT0503",
            "this loop may run forever without suspending",
            node.lo,
            node.lo + len("while"),
            label,
            notes=[
                "a `while` must suspend on every path round it, so that one transition always ends;\n"
                "`for` over a list always ends and needs no suspension"
            ],
            helps=[
                "if it should wait between turns, sleep:   sleep 30s",
                "if it should visit each one, use:         for item in items { ... }",
            ],
        )  # fmt: skip


class _Through:
    """Whether control can come through statements without suspending: to their end, or to a `continue`."""

    __slots__ = ("continued",)

    def __init__(self) -> None:
        self.continued = False

    def turn(self, body: s.Block) -> bool:
        through = self.block(body.stmts)
        return through or self.continued

    def block(self, stmts: list[s.Stmt]) -> bool:
        return all(self.stmt(stmt) for stmt in stmts)

    def stmt(self, node: Node) -> bool:
        kind = node.__class__
        if kind is s.Continue:
            self.continued = True
            return False
        if kind in (s.Break, s.Return, s.Fail, s.Give, s.ContinueAsNew):
            return False
        if kind in SUSPENDING:
            return False
        if isinstance(node, s.If):
            then = self.block(node.then.stmts)
            if node.orelse is None:
                return True
            orelse = self.stmt(node.orelse)
            return then or orelse
        if isinstance(node, s.Block):
            return self.block(node.stmts)
        if isinstance(node, s.MatchStmt):
            ways = [self.stmt(arm.body) for arm in node.arms]
            return any(ways) or not ways
        if isinstance(node, s.For):
            return True  # the list may be empty
        if isinstance(node, s.While):
            return not (isinstance(node.condition, s.Boolean) and node.condition.value)
        if isinstance(node, s.Try):
            return self._try(node)
        return all(self.stmt(part) for part in inner(node) if part.__class__ is not s.Compensation)

    def _try(self, node: s.Try) -> bool:
        body = self.block(node.body.stmts)
        early = _fails_before_suspending(node.body)
        ways = [self.block(clause.body.stmts) and early for clause in node.catches]
        return body or any(ways)


def _fails_before_suspending(body: s.Block) -> bool:
    for stmt in body.stmts:
        if any(part.__class__ in (s.Fail, s.OrFail) for part in s.walk(stmt)):
            return True
        if suspends(stmt):
            return False
    return False


def check_recursion(scope: Scope, facts: Facts) -> None:
    """RFT0502: functions that come back to themselves. Each circle is said once."""
    calls: dict[str, dict[str, s.Call]] = {}
    for caller, function, node in facts.fn_calls:
        if function.module == scope.interface.module:
            calls.setdefault(caller.name.text, {}).setdefault(function.name, node)
    said: set[str] = set()
    for start in calls:
        circle = _circle(calls, start) if start not in said else []
        if circle:
            said.update(circle)
            _report_circle(scope, calls, circle)


def _circle(calls: dict[str, dict[str, s.Call]], start: str) -> list[str]:
    paths: list[list[str]] = [[start]]
    seen: set[str] = set()
    while paths:
        path = paths.pop(0)
        for callee in calls.get(path[-1], ()):
            if callee == start:
                return path
            if callee not in seen:
                seen.add(callee)
                paths.append([*path, callee])
    return []


def _report_circle(scope: Scope, calls: dict[str, dict[str, s.Call]], circle: list[str]) -> None:
    steps = list(zip(circle, [*circle[1:], circle[0]], strict=True))
    places = [(calls[one][two].callee, f"`{one}` calls `{two}`") for one, two in steps]
    first, label = places[0]
    headline = "these functions call each other without end in sight"
    if len(circle) == 1:
        headline, label = f"`{circle[0]}` calls itself without end in sight", "calls itself"
    scope.problems.add(
        "RFT0502",
        headline,
        first,
        label,
        also=[(node, text) for node, text in places[1:]],
        notes=[
            "functions may not be recursive: every transition must be known to end, on every node,\n"
            "and a Python stack that overflows on one node may not on another"
        ],
        helps=["walk the tree with `for` over a flattened list, or do it in an activity"],
    )


def check_clock(scope: Scope, facts: Facts, block: s.Block) -> None:
    """RFT0504: `let started = now()` and `now() - started` with nothing between that suspends."""
    for position, stmt in enumerate(block.stmts):
        if not isinstance(stmt, s.Let) or not isinstance(stmt.target, s.Token) or not _is_now(stmt.value):
            continue
        local = facts.targets.get(stmt.target)
        for later in block.stmts[position + 1 :]:
            found = _elapsed(facts, later, local) if effect_of(getattr(later, "value", None)) is None else None
            if found is not None and not suspends(later):
                _report_clock(scope, stmt, found)
                break
            if suspends(later):
                break


def _is_now(node: Node) -> bool:
    return isinstance(node, s.Call) and isinstance(node.callee, s.NameRef) and node.callee.name.text == "now"


def _elapsed(facts: Facts, stmt: Node, local: Local | None) -> Node | None:
    for part in s.walk(stmt):
        if isinstance(part, s.Binary) and part.op == "-" and _is_now(part.left):
            other = part.right
            if isinstance(other, s.NameRef) and facts.bindings.get(other) is local:
                return part.left
    return None


def _report_clock(scope: Scope, started: s.Let, later: Node) -> None:
    scope.problems.add(
        "RFT0504",
        "this is always 0s: nothing suspends between the two `now()`",
        later,
        "the same time: the clock moves only at `do`, `wait`, `sleep` and `select`",
        also=[(started.value, "the time this transition began")],
        notes=[
            "`now()` is the time written in the log entry that woke the workflow,\n"
            "so that every node computes the same value"
        ],
    )


def check_growing_text(scope: Scope, facts: Facts, loop: s.For | s.While) -> None:
    """RFT0513: `trail = trail + x` in a loop, where `trail` is text from outside of it."""
    turn = "item" if isinstance(loop, s.For) else "turn"
    for node in s.walk(loop.body):
        if not isinstance(node, s.Assign):
            continue
        local = facts.bindings.get(node)
        if not isinstance(local, Local) or local.type is not STR or local.node.lo >= loop.lo:
            continue
        if node.op == "+=" or _starts_with(facts, node.value, local):
            scope.problems.add(
                "RFT0513",
                f"`{local.name}` grows with every {turn} and is copied each time",
                node,
                "the whole text again, and a little more",
                helps=['collect the pieces and join them: `join("", [x.text for x in items])`'],
            )


def _starts_with(facts: Facts, value: Node, local: Local) -> bool:
    while isinstance(value, s.Binary) and value.op == "+":
        if isinstance(value.right, s.NameRef) and facts.bindings.get(value.right) is local:
            return True
        value = value.left
        if isinstance(value, s.NameRef) and facts.bindings.get(value) is local:
            return True
    return False
