"""Types of `value.name`, `value?.name`, `Type.member` and `module.Type`."""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics.spelling import closest
from ..facts.symbols import Activity, Const, Function, ModuleAlias
from ..facts.types import (
    INT,
    POISON,
    STR,
    EnumType,
    ErrorType,
    Field,
    OneOf,
    OptionalType,
    RecordType,
    Type,
    UnionType,
    Variant as VariantOf,
    optional,
)
from .context import CONSTANT, EXPRESSIONS, FUNCTION, Cx
from .expressions import variant_without_args
from .mismatch import a, described
from .narrowing import path_of

WORKFLOW_FACTS = {"id": STR, "run": STR, "version": INT, "attempt": INT}


def _attr(cx: Cx, node: s.Attr, want: Type | None) -> Type:
    value = node.value
    if value.__class__ is s.TypeRef:
        return _enum_member(cx, node, value)
    if value.__class__ is s.NameRef and value.name.text not in cx.locals:
        special = _of_a_name(cx, node, value)
        if special is not None:
            return special
    elif value.__class__ is s.TypeAttr:
        special = _enum_of_module(cx, node, value)
        if special is not None:
            return special
    got = cx.expr(value)
    if cx.known and not node.optional:
        path = path_of(node)
        if path is not None and path in cx.known:
            cx.facts.narrowed.add(node)
            return cx.known[path]
    return field_type(cx, node, got)


def field_type(cx: Cx, node: s.Attr, got: Type) -> Type:
    """The type of the field `node.name` of a value of type `got`."""
    if got is POISON:
        return POISON
    inner = got
    if isinstance(got, OptionalType):
        inner = got.inner
        if not node.optional:
            _may_be_none(cx, node, got)
            return POISON
    elif node.optional and node.value not in cx.facts.narrowed:
        cx.problems.add(
            "RFT0312",
            f"{described(cx, node.value)} is never none",
            node.value,
            a(got),
            helps=["a plain `.` is enough"],
        )
    field = fields_of(inner).get(node.name.text)
    if field is None:
        _unknown_field(cx, node, inner)
        return POISON
    return optional(field.type) if node.optional and inner is not got else field.type


def fields_of(type: Type) -> dict[str, Field]:
    """What can be read from a value of this type by `.name`."""
    if isinstance(type, RecordType | ErrorType):
        return type.fields
    if isinstance(type, OneOf):
        first = type.errors[0].fields
        return {
            name: field
            for name, field in first.items()
            if all(name in e.fields and e.fields[name].type is field.type for e in type.errors)
        }
    return {}


def _may_be_none(cx: Cx, node: s.Attr, got: OptionalType) -> None:
    name = described(cx, node.value)
    short = name.strip("`")
    cx.problems.add(
        "RFT0304",
        f"{name} may be none here",
        node.value,
        f"it is `{got}`, and `{node.name.text}` is asked of it",
        helps=[
            f"`{short}?.{node.name.text}` is none when it is not there",
            f"or leave early: `if {short} is none {{ ... }}`",
        ],
    )


def _unknown_field(cx: Cx, node: s.Attr, inner: Type) -> None:
    name = node.name.text
    if cx.scope.is_silent(name):
        return
    fields = fields_of(inner)
    near = closest(name, fields)
    helps = [f"did you mean `{near}`?"] if near else []
    notes = []
    if fields:
        notes = [("its fields are " if not isinstance(inner, OneOf) else "all of them have ") + ", ".join(fields)]
    elif isinstance(inner, UnionType):
        helps = ["take it apart with `match`: each variant has its own fields"]
    from .methods import method_exists

    if method_exists(inner, name):
        helps = [f"it is a method: `{described(cx, node.value).strip('`')}.{name}(...)`"]
    elif name in ("length", "size", "count", "len"):
        helps = [f"`len({described(cx, node.value).strip('`')})`"]
    cx.problems.add(
        "RFT0203",
        f"`{inner}` has no field `{name}`",
        node.name,
        "no such field",
        notes=notes,
        helps=helps,
    )


def _enum_member(cx: Cx, node: s.Attr, value: s.TypeRef) -> Type:
    meaning = cx.scope.find(value.name.text)
    if isinstance(meaning, EnumType):
        return _member(cx, node, meaning)
    cx.expr(value)
    if isinstance(meaning, VariantOf):
        return field_type(cx, node, meaning.union)
    return POISON


def _member(cx: Cx, node: s.Attr, enum: EnumType) -> Type:
    name = node.name.text
    if name not in enum.members:
        near = closest(name, enum.members)
        cx.problems.add(
            "RFT0203",
            f"`{enum.name}` has no member `{name}`",
            node.name,
            "not a member",
            notes=["its members are " + ", ".join(enum.members)],
            helps=[f"did you mean `{near}`?"] if near else [],
        )
    elif name in enum.retired:
        cx.problems.add(
            "RFT0203",
            f"`{enum.name}.{name}` is retired",
            node.name,
            "marked `# rft: retired`: only stored values may still have it",
            helps=["use another member"],
        )
    return enum


def _of_a_name(cx: Cx, node: s.Attr, value: s.NameRef) -> Type | None:
    """`workflow.id` and `module.name`; None when it is neither."""
    name = value.name.text
    if name == "workflow":
        return _workflow_fact(cx, node)
    meaning = cx.scope.find(name)
    if not isinstance(meaning, ModuleAlias):
        return None
    meaning.used = True
    if meaning.interface is None:
        return POISON
    found = meaning.interface.names.get(node.name.text)
    if isinstance(found, Const):
        cx.bindings[node] = found
        return found.type
    if isinstance(found, Function | Activity):
        cx.problems.add(
            "RFT0314",
            "functions are called, not stored",
            node,
            f"`{node.name.text}` is not a value",
        )
    elif not meaning.interface.broken:
        near = closest(node.name.text, sorted(n for n in meaning.interface.names if n[:1].islower()))
        cx.problems.add(
            "RFT0201",
            f"`{meaning.interface.module}` has nothing called `{node.name.text}`",
            node.name,
            "not declared there",
            helps=[f"did you mean `{near}`?"] if near else [],
        )
    return POISON


def _workflow_fact(cx: Cx, node: s.Attr) -> Type:
    name = node.name.text
    if name not in WORKFLOW_FACTS:
        near = closest(name, WORKFLOW_FACTS)
        cx.problems.add(
            "RFT0203",
            f"`workflow` has no field `{name}`",
            node.name,
            "not known of a run",
            notes=["there are workflow.id, workflow.run, workflow.version and workflow.attempt"],
            helps=[f"did you mean `{near}`?"] if near else [],
        )
        return POISON
    if cx.kind in (FUNCTION, CONSTANT):
        what = "a function" if cx.kind == FUNCTION else "a constant"
        cx.problems.add(
            "RFT0501",
            f"{what} does not know which run it is in",
            node,
            "same arguments, same answer",
            helps=[f"pass `workflow.{name}` in as an argument"],
        )
    return WORKFLOW_FACTS[name]


def _enum_of_module(cx: Cx, node: s.Attr, value: s.TypeAttr) -> Type | None:
    meaning = meaning_of_type_attr(cx, value)
    if isinstance(meaning, EnumType):
        cx.types[value] = meaning
        return _member(cx, node, meaning)
    return None


def meaning_of_type_attr(cx: Cx, node: s.TypeAttr) -> object | None:
    """What `alias.Name` or `Union.Variant` stands for; reports when there is nothing."""
    value = node.value
    if isinstance(value, s.NameRef) and value.name.text not in cx.locals:
        alias = cx.scope.find(value.name.text)
        if isinstance(alias, ModuleAlias):
            from ..scope.type_names import find_type_name

            return find_type_name(cx.scope, s.TypeName(node.lo, node.hi, value.name, node.name))
    if isinstance(value, s.TypeRef):
        union = cx.scope.find(value.name.text)
        if isinstance(union, UnionType):
            found = union.variants.get(node.name.text)
            if found is None:
                from .matching import unknown_variant

                unknown_variant(cx, node.name, union, node.name.text, list(union.variants))
            return found
    return None


def _type_attr(cx: Cx, node: s.TypeAttr, want: Type | None) -> Type:
    before = len(cx.problems.found)
    meaning = meaning_of_type_attr(cx, node)
    if isinstance(meaning, VariantOf):
        return variant_without_args(cx, node, meaning)
    if meaning is not None:
        cx.problems.add("RFT0314", f"`{node.name.text}` is not a value", node, "call it to make one")
    elif len(cx.problems.found) == before:
        got = cx.expr(node.value)
        if got is not POISON:
            cx.problems.add(
                "RFT0203",
                f"`{got}` has no field `{node.name.text}`",
                node.name,
                "fields are written in lower case",
            )
    return POISON


EXPRESSIONS.update({s.Attr: _attr, s.TypeAttr: _type_attr})
