"""Goes over a tree without knowing its nodes: `walk` yields a node and all below it, parents first."""

from __future__ import annotations

from .node import Node, Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_slots: dict[type, tuple[str, ...]] = {}


def _slots_of(kind: type) -> tuple[str, ...]:
    names = [n for k in kind.__mro__ for n in getattr(k, "__slots__", ()) if n not in ("lo", "hi", "op_lo")]
    _slots[kind] = tuple(names)
    return _slots[kind]


def walk(root: object) -> Iterator[Node]:
    """Every node of the tree, tokens left out, in source order; a stack of our own, so depth does not matter."""
    stack: list[object] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(reversed(node))
        elif isinstance(node, Node) and not isinstance(node, Token):
            yield node
            kind = node.__class__
            for name in reversed(_slots.get(kind) or _slots_of(kind)):
                value = getattr(node, name)
                if value.__class__ is list or isinstance(value, Node):
                    stack.append(value)
