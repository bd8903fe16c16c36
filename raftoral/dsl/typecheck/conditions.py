"""Conditions that depend on nothing (RFT0410)."""

from __future__ import annotations

from .. import syntax as s
from ..syntax.literals import number_value
from .context import Cx


def constant_condition(cx: Cx, node: s.Expr, loop: bool = False) -> None:
    """RFT0410: a condition of literals only. `while true` is an idiom, not a slip."""
    value = _constant(node)
    if value is None or (loop and value):
        return
    cx.problems.add(
        "RFT0410",
        f"this condition is always {'true' if value else 'false'}",
        node,
        "it depends on nothing",
        helps=["leave out the test, or compare with what was meant"],
    )


def _constant(node: s.Expr) -> bool | None:
    if isinstance(node, s.Boolean):
        return node.value
    if isinstance(node, s.Unary) and node.op == "not":
        inner = _constant(node.operand)
        return None if inner is None else not inner
    if not isinstance(node, s.Binary):
        return None
    if node.op in ("and", "or"):
        sides = (_constant(node.left), _constant(node.right))
        short = node.op == "or"
        return short if short in sides else None if None in sides else not short
    left, right = number_value(node.left), number_value(node.right)
    if left is None or right is None:
        return None
    order = {
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
    }
    return order.get(node.op, left >= right if node.op == ">=" else None)
