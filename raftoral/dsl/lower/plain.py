"""Which statements need no graph: they neither suspend nor leave, so Python's own control flow carries them."""

from __future__ import annotations

from .. import syntax as s
from ..syntax import Node

_LEAVES = frozenset((
    s.Do, s.Wait, s.Sleep, s.Select, s.Parallel, s.Dag, s.ParallelFor, s.Return, s.Fail, s.Give, s.OrFail,
    s.ContinueAsNew, s.Try,
))  # fmt: skip


def is_plain(node: Node) -> bool:
    """Whether control always comes out at the end of `node`, in the same transition.

    `break` and `continue` are plain inside their own loop, and not without it.
    """
    return not any(part.__class__ in _LEAVES for part in s.walk(node)) and not _leaves_loop(node, False)


def _leaves_loop(node: Node, inside: bool) -> bool:
    if isinstance(node, s.Break | s.Continue):
        return not inside
    if isinstance(node, s.Block):
        return any(_leaves_loop(stmt, inside) for stmt in node.stmts)
    if isinstance(node, s.If):
        return _leaves_loop(node.then, inside) or (node.orelse is not None and _leaves_loop(node.orelse, inside))
    if isinstance(node, s.MatchStmt):
        return any(_leaves_loop(arm.body, inside) for arm in node.arms)
    if isinstance(node, s.For | s.While):
        return _leaves_loop(node.body, True)
    return False
