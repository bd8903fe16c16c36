"""A tree as text, for tests: `(Let target:x value:(Number 1))`.

Fields that are None, False or empty are left out; a node with one field shows it without a name.
Tokens show their text, plain text of strings stands in quotes. Spans are not shown.
"""

from __future__ import annotations

from raftoral.dsl.syntax import Node, Token

HIDDEN = ("lo", "hi", "op_lo")


def fields_of(kind: type) -> list[str]:
    """The fields of a class of nodes, in the order of its constructor."""
    return [name for base in reversed(kind.__mro__) for name in getattr(base, "__slots__", ()) if name not in HIDDEN]


def dump(value: object) -> str:
    """`value` with all below it on one line."""
    if isinstance(value, Token):
        return value.text
    if isinstance(value, Node):
        return _node(value)
    if isinstance(value, list):
        return "[" + " ".join(dump(each) for each in value) + "]"
    if isinstance(value, str):
        return repr(value)
    return str(value)


def _node(node: Node) -> str:
    names = fields_of(node.__class__)
    shown = [(name, getattr(node, name)) for name in names]
    shown = [(name, field) for name, field in shown if field not in (None, False, [])]
    if len(names) == 1 and shown:
        return f"({node.__class__.__name__} {dump(shown[0][1])})"
    parts = [node.__class__.__name__, *(f"{name}:{dump(field)}" for name, field in shown)]
    return f"({' '.join(parts)})"
