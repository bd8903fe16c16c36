"""What a condition teaches about optionals: after `if card is none { return }`, `card` is there.

    learn(cx, `card is not none and x`)   ->   ({"card": str}, {})      when true, when false

Only paths of names (`card`, `order.card`) are followed: records do not change, and a `var` is forgotten when it is
assigned (`Cx.forget`).
"""

from __future__ import annotations

from .. import syntax as s
from ..facts.types import NONE, OptionalType
from .context import Cx

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .context import Known

_NOTHING: Known = {}


def path_of(node: s.Expr) -> str | None:
    """`order.card` as a key, when `node` is a plain path of names."""
    if node.__class__ is s.NameRef:
        return node.name.text
    if node.__class__ is s.Attr and not node.optional:
        inner = path_of(node.value)
        return f"{inner}.{node.name.text}" if inner else None
    return None


def learn(cx: Cx, node: s.Expr) -> tuple[Known, Known]:
    """What is known when the condition held, and when it did not. The condition was typed before."""
    if isinstance(node, s.Binary):
        return _from_binary(cx, node)
    if isinstance(node, s.Is):
        return _about_none(cx, node.value, node.negated) if node.what is None else (_NOTHING, _NOTHING)
    if isinstance(node, s.Unary) and node.op == "not":
        true, false = learn(cx, node.operand)
        return false, true
    return _NOTHING, _NOTHING


def _from_binary(cx: Cx, node: s.Binary) -> tuple[Known, Known]:
    op = node.op
    if op == "and" or op == "or":
        true1, false1 = learn(cx, node.left)
        true2, false2 = learn(cx, node.right)
        if op == "and":
            return ({**true1, **true2} if true1 or true2 else _NOTHING), _NOTHING
        return _NOTHING, ({**false1, **false2} if false1 or false2 else _NOTHING)
    if op == "==" or op == "!=":
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if other.__class__ is s.NoneLiteral:
                return _about_none(cx, side, op == "!=")
        if op == "==":
            return _equal_to_something(cx, node)
    return _NOTHING, _NOTHING


def _about_none(cx: Cx, node: s.Expr, there: bool) -> tuple[Known, Known]:
    path = path_of(node)
    type = cx.types.get(node)
    if path is None or not isinstance(type, OptionalType):
        return _NOTHING, _NOTHING
    known = {path: type.inner}
    return (known, _NOTHING) if there else (_NOTHING, known)


def _equal_to_something(cx: Cx, node: s.Binary) -> tuple[Known, Known]:
    """`x == "a"`: then x is there."""
    for side, other in ((node.left, node.right), (node.right, node.left)):
        type, against = cx.types.get(side), cx.types.get(other)
        path = path_of(side)
        if path and isinstance(type, OptionalType) and against is not NONE and not isinstance(against, OptionalType):
            return {path: type.inner}, _NOTHING
    return _NOTHING, _NOTHING
