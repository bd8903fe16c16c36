"""Records that would have to contain themselves (RFT0211)."""

from __future__ import annotations

from .. import syntax as s
from ..facts.types import Field, RecordType, TupleType, Type, UnionType
from ..scope import Scope


def report_endless(scope: Scope) -> None:
    """A circle of fields without a list, a map or an optional in it has no end. Each circle is said once."""
    said: set[RecordType] = set()
    for decl in scope.parsed.module.decls:
        made = scope.names.get(decl.name.text) if isinstance(decl, s.Record) else None
        if isinstance(made, RecordType) and made not in said:
            circle = _circle(made)
            if circle:
                said.update(record for record, _ in circle)
                _report(scope, made, circle)


def _circle(start: RecordType) -> list[tuple[RecordType, Field]]:
    """A way from `start` back to itself through required fields, or nothing."""
    seen: set[Type] = set()
    path: list[tuple[RecordType, Field]] = []

    def walk(record: RecordType) -> bool:
        for field in record.fields.values():
            for inner in _contained(field.type):
                path.append((record, field))
                if inner is start:
                    return True
                if inner not in seen:
                    seen.add(inner)
                    if walk(inner):
                        return True
                path.pop()
        return False

    return path if walk(start) else []


def _contained(type: Type) -> list[RecordType]:
    """The records that every value of `type` holds."""
    if isinstance(type, RecordType):
        return [type]
    if isinstance(type, TupleType):
        return [record for item in type.items for record in _contained(item)]
    if isinstance(type, UnionType) and len(type.variants) == 1:
        only = next(iter(type.variants.values()))
        return [record for field in only.fields.values() for record in _contained(field.type)]
    return []


def _report(scope: Scope, made: RecordType, circle: list[tuple[RecordType, Field]]) -> None:
    field = circle[0][1]
    if len(circle) == 1:
        headline = f"a `{made.name}` would have to contain a whole `{made.name}`"
    else:
        way = " in ".join(f"a `{record.name}`" for record, _ in reversed(circle))
        headline = f"a `{made.name}` would have to contain itself: {way}"
    node = field.node.name if isinstance(field.node, s.Field) else field.node
    scope.problems.add(
        "RFT0211",
        headline,
        node,
        "so there could never be one",
        helps=[f"make the field optional (`{field.type}?`) or a list"],
    )
