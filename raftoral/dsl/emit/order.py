"""In what order declarations stand in a module: what is computed while it is imported comes after what that needs.

    record Order { rate: decimal = usual(vat) }     ->     VAT, def usual, class Order

A function needs nothing to be defined but its defaults; to be called it needs what its body names. All else stays as
written: types, then constants, then functions.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import Const, Function
from ..facts.types import Declared, EnumType, Variant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def in_order(facts: Facts) -> tuple[list[s.Decl], list[s.Decl], list[s.Decl]]:
    """Types, constants and functions of a module, each with what has to stand before some of them."""
    placed: set[s.Decl] = set()
    sections: list[list[s.Decl]] = []
    decls = facts.parsed.module.decls
    for kinds in ((s.Record, s.Enum, s.Union, s.Error), (s.Const, s.Activity), (s.Fn,)):
        section: list[s.Decl] = []
        for decl in decls:
            if isinstance(decl, kinds):
                _place(facts, decl, placed, section)
        sections.append([decl for decl in section if not isinstance(decl, s.Activity)])  # they come between
    types, constants, functions = sections
    return types, constants, functions


def _place(facts: Facts, decl: s.Decl, placed: set[s.Decl], section: list[s.Decl]) -> None:
    if decl not in placed:
        placed.add(decl)
        for part in _computed(decl):
            for needed in _named(facts, part, set()):
                _place(facts, needed, placed, section)
        section.append(decl)


def _computed(decl: s.Decl) -> list[s.Node]:
    """What is evaluated where a declaration stands."""
    if isinstance(decl, s.Const):
        return [decl.value]
    fields: list[s.Field | s.Param] = []
    if isinstance(decl, s.Record | s.Error):
        fields = list(decl.fields)
    elif isinstance(decl, s.Union):
        fields = [param for variant in decl.variants for param in variant.params]
    elif isinstance(decl, s.Fn | s.Activity):
        fields = list(decl.params)
    return [field.default for field in fields if field.default is not None]


def _named(facts: Facts, node: s.Node, called: set[Function]) -> Iterator[s.Decl]:
    """The declarations of this module that must be there to evaluate `node`."""
    own = facts.interface
    for part in s.walk(node):
        meaning = facts.callees.get(part) or facts.bindings.get(part)
        if meaning is None and isinstance(part, s.TypeRef | s.TypeAttr | s.Attr):
            found = facts.types.get(part)  # of what is made, or of a member: `Color.red`
            meaning = found if isinstance(found, EnumType if isinstance(part, s.Attr) else Declared) else None
        holder = meaning.union if isinstance(meaning, Variant) else meaning
        if getattr(holder, "module", None) != own.module:
            continue
        if isinstance(meaning, Function) and isinstance(meaning.decl, s.Fn):
            if meaning not in called:
                called.add(meaning)
                yield meaning.decl
                yield from _named(facts, meaning.decl, called)
        elif isinstance(meaning, Const):
            yield meaning.decl
        elif isinstance(holder, Declared):
            yield from (decl for decl in facts.parsed.module.decls if _declares(decl, holder))


def _declares(decl: s.Decl, type: Declared) -> bool:
    return isinstance(decl, s.Record | s.Enum | s.Union | s.Error) and decl.name is type.node
