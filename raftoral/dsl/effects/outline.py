"""The statements of a workflow at a glance: what is inside what, without going into expressions.

`inner(node)` gives the statements, blocks and effects directly inside; `outline(body)` all of them by class, in
source order. `effect_of(value)` finds the effect in `do f(x) ?? y`.
"""

from __future__ import annotations

from .. import syntax as s
from ..syntax import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Index = dict[type, list[Any]]

EFFECTS = frozenset((s.Do, s.Wait, s.ParallelFor, s.Spawn, s.Try, s.Select))
# Where a run comes to rest.
SUSPENDING = frozenset((s.Do, s.Wait, s.Select, s.Parallel, s.Dag, s.ParallelFor, s.Sleep))


def effect_of(value: Node | None) -> Node | None:
    """The effect that a value is, or that stands before its `??`."""
    while value.__class__ is s.Binary or value.__class__ is s.OrFail:
        value = value.left if value.__class__ is s.Binary else value.value  # type: ignore[union-attr]
    return value if value.__class__ in EFFECTS else None


def _some(*nodes: Node | None) -> list[Node]:
    return [node for node in nodes if node is not None]


def _try(node: s.Try) -> list[Node]:
    return _some(node.body, *(clause.body for clause in node.catches), node.final)


_INNER: dict[type, Callable[[Any], list[Node]]] = {
    s.Block: lambda n: n.stmts,
    s.Let: lambda n: _some(effect_of(n.value), n.compensate),
    s.Var: lambda n: _some(effect_of(n.value), n.compensate),
    s.Assign: lambda n: _some(effect_of(n.value)),
    s.DoStmt: lambda n: _some(n.call, n.compensate),
    s.WaitStmt: lambda n: [n.wait],
    s.SpawnStmt: lambda n: [n.spawn],
    s.Return: lambda n: _some(effect_of(n.value)),
    s.Give: lambda n: _some(effect_of(n.value)),
    s.Compensation: lambda n: [n.body],
    s.If: lambda n: _some(n.then, n.orelse),
    s.MatchStmt: lambda n: [arm.body for arm in n.arms],
    s.For: lambda n: [n.body],
    s.While: lambda n: [n.body],
    s.Try: _try,
    s.Parallel: lambda n: [part for b in n.branches for part in _some(b.body, b.compensate)],
    s.Dag: lambda n: [part for b in n.steps for part in _some(b.body, b.compensate) if part.__class__ is not s.Pure],
    s.ParallelFor: lambda n: [n.body],
    s.ParallelForStmt: lambda n: [n.loop],
    s.SelectStmt: lambda n: [n.select],
    s.Select: lambda n: [part for arm in n.arms for part in _some(getattr(arm, "call", None), arm.body)],
}


def inner(node: Node) -> list[Node]:
    """Statements, blocks and effects directly inside `node`."""
    parts = _INNER.get(node.__class__)
    return parts(node) if parts is not None else []


def outline(body: Node) -> Index:
    """Every statement and effect below `body`, by class, in source order."""
    index: Index = {}
    stack: list[Node] = [body]
    parts_of = _INNER
    while stack:
        node = stack.pop()
        kind = node.__class__
        if kind in index:
            index[kind].append(node)
        else:
            index[kind] = [node]
        parts = parts_of.get(kind)
        if parts is not None:
            found = parts(node)
            stack.extend(reversed(found) if len(found) > 1 else found)
    return index


def suspends(node: Node) -> bool:
    """Whether a run may come to rest inside `node`."""
    stack = [node]
    while stack:
        current = stack.pop()
        if current.__class__ in SUSPENDING:
            return True
        stack.extend(inner(current))
    return False
