"""Takes `?? fail` out of expressions: `charge(card ?? fail NoCard, 5)` becomes a test before and `charge(card', 5)`.

A copy of the expression is made with what is known of it; the tree that the author wrote stays as it is.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import Local
from ..syntax import Node, Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def or_fails(node: Node) -> list[s.OrFail]:
    """The `?? fail`s of an expression, innermost first, in the order in which they are evaluated."""
    found = [part for part in s.walk(node) if isinstance(part, s.OrFail)]
    errors = [(part.error.lo, part.error.hi) for part in found]  # what stands there is evaluated only if it fails
    found = [part for part in found if not any(lo <= part.lo and part.hi <= hi for lo, hi in errors)]
    return sorted(found, key=lambda part: (part.hi, -part.lo))


def reference(facts: Facts, local: Local, like: Node) -> s.NameRef:
    """An expression that reads `local`, at the place of `like`."""
    name = s.NameRef(like.lo, like.hi, Token("NAME", local.name, like.lo, like.hi))
    facts.types[name] = local.type
    facts.bindings[name] = local
    return name


def replaced(facts: Facts, node: Any, put: dict[Node, Node]) -> Any:
    """`node` with the parts in `put` replaced; parts that do not change are shared."""
    if isinstance(node, list):
        made = [replaced(facts, part, put) for part in node]
        return made if any(a is not b for a, b in zip(made, node, strict=True)) else node
    if not isinstance(node, Node) or isinstance(node, Token):
        return node
    if node in put:
        return put[node]
    kind = node.__class__
    names = [n for k in kind.__mro__ for n in getattr(k, "__slots__", ()) if n not in ("lo", "hi")]
    values = {name: replaced(facts, getattr(node, name), put) for name in names}
    if all(values[name] is getattr(node, name) for name in names):
        return node
    copy = kind.__new__(kind)
    copy.lo, copy.hi = node.lo, node.hi
    for name, value in values.items():
        setattr(copy, name, value)
    put[node] = copy
    _copy_facts(facts, node, copy, put)
    return copy


def _copy_facts(facts: Facts, node: Node, copy: Node, put: dict[Node, Node]) -> None:
    tables: tuple[dict[Node, Any], ...] = (facts.types, facts.widened, facts.bindings, facts.callees)
    for table in tables:
        if node in table:
            table[copy] = table[node]
    if node in facts.narrowed:
        facts.narrowed.add(copy)
    if node in facts.calls:
        facts.calls[copy] = [
            (field, None if value is None else put.get(value, value))  # type: ignore[misc]
            for field, value in facts.calls[node]
        ]
