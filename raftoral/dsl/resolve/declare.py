"""Declarations -> symbols: first all names, then what their headers say, so that order in a file means nothing.

Input: a parsed module and its scope with imports in place. Output: the scope and the interface filled. Bodies and
values are not looked at; `typecheck` does that.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts.symbols import Activity, Const, Function, Meaning, Signal, Workflow, WorkflowVersion
from ..facts.types import (
    POISON,
    UNIT,
    EnumType,
    ErrorType,
    Field,
    RecordType,
    UnionType,
    Variant as VariantOf,
)
from ..scope import BUILTIN_ERRORS, Scope
from ..scope.naming import check_field, check_lower, check_upper, declared_once, params_of
from ..scope.python_names import check_attribute
from ..scope.type_names import errors_of, type_of
from ..syntax import Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def declare_names(scope: Scope) -> None:
    """Gives every declaration its symbol; says what is declared twice or spelled against its kind."""
    for decl in scope.parsed.module.decls:
        maker = _MAKERS.get(decl.__class__)
        if maker is not None:
            maker(scope, decl)


def _enter(scope: Scope, name: Token, meaning: Meaning) -> None:
    first = scope.names.get(name.text)
    if first is not None:
        _declared_twice(scope, name, first)
        return
    scope.names[name.text] = meaning
    scope.interface.names[name.text] = meaning


def _declared_twice(scope: Scope, name: Token, first: Meaning) -> None:
    text = name.text
    if text in BUILTIN_ERRORS:
        scope.problems.add(
            "RFT0206",
            f"`{text}` is an error of the language",
            name,
            "this name is taken in every module",
        )
        return
    where = scope.imported.get(text, first.node)
    said = "imported" if text in scope.imported else "first declared"
    line = scope.problems.source.line_of(where.lo)
    scope.problems.add(
        "RFT0206",
        f"`{text}` is declared twice in this module",
        name,
        "declared again",
        also=[(where, f"{said} on line {line}")],
        helps=["one name, one meaning: rename one of them"],
    )


def _doc(scope: Scope, node: s.Node) -> str:
    return scope.parsed.docs.get(node.lo, "")


def _record(scope: Scope, decl: s.Record) -> None:
    made = RecordType(decl.name.text, scope.interface.module, scope.problems.source, decl.name, _doc(scope, decl))
    made.fields = {}
    check_upper(scope, decl.name, "record")
    _enter(scope, decl.name, made)


def _error(scope: Scope, decl: s.Error) -> None:
    made = ErrorType(decl.name.text, scope.interface.module, scope.problems.source, decl.name, _doc(scope, decl))
    made.fields = {}
    made.builtin = False
    check_upper(scope, decl.name, "error")
    _enter(scope, decl.name, made)


def _enum(scope: Scope, decl: s.Enum) -> None:
    made = EnumType(decl.name.text, scope.interface.module, scope.problems.source, decl.name, _doc(scope, decl))
    made.members = {}
    made.retired = set()
    for member in decl.members:
        declared_once(scope, made.members, member, decl.name.text)
        made.members.setdefault(member.text, member)
        check_lower(scope, member, "member")
        if scope.parsed.retired and scope.problems.source.line_of(member.lo) in scope.parsed.retired:
            made.retired.add(member.text)
    if not decl.members and not scope.parsed.damaged(decl):
        scope.problems.add("RFT0103", f"`{decl.name.text}` needs at least one member", decl.name, "an empty enum")
    check_upper(scope, decl.name, "enum")
    _enter(scope, decl.name, made)


def _union(scope: Scope, decl: s.Union) -> None:
    made = UnionType(decl.name.text, scope.interface.module, scope.problems.source, decl.name, _doc(scope, decl))
    made.variants = {}
    check_upper(scope, decl.name, "union")
    _enter(scope, decl.name, made)
    for variant in decl.variants:
        declared_once(scope, made.variants, variant.name, decl.name.text)
        check_upper(scope, variant.name, "variant")
        if variant.name.text not in made.variants:
            made.variants[variant.name.text] = VariantOf(variant.name.text, variant.name, made)
            _enter(scope, variant.name, made.variants[variant.name.text])
    if not decl.variants and not scope.parsed.damaged(decl):
        scope.problems.add("RFT0103", f"`{decl.name.text}` needs at least one variant", decl.name, "an empty union")


def _const(scope: Scope, decl: s.Const) -> None:
    made = Const(decl.name.text, scope.interface.module, scope.problems.source, decl.name, _doc(scope, decl))
    made.decl = decl
    made.type = POISON
    check_lower(scope, decl.name, "constant")
    _enter(scope, decl.name, made)


def _fn(scope: Scope, decl: s.Fn) -> None:
    _function(scope, decl, None)


def _extern(scope: Scope, decl: s.Extern) -> None:
    for fn in decl.fns:
        _function(scope, fn, decl.path.text[1:-1])


def _function(scope: Scope, decl: s.Fn | s.ExternFn, extern: str | None) -> None:
    made = Function(decl.name.text, scope.interface.module, scope.problems.source, decl.name, _doc(scope, decl))
    made.decl = decl
    made.extern = extern
    made.params = {}
    made.result = POISON
    check_lower(scope, decl.name, "function")
    check_attribute(scope.problems, decl.name, "function")
    _enter(scope, decl.name, made)


def _activity(scope: Scope, decl: s.Activity) -> None:
    made = Activity(decl.name.text, scope.interface.module, scope.problems.source, decl.name, _doc(scope, decl))
    made.decl = decl
    made.params = {}
    made.result = UNIT
    made.raises = []
    made.at_most_once = any(p.name.text == "once" for p in decl.policies)
    check_lower(scope, decl.name, "activity")
    check_attribute(scope.problems, decl.name, "activity")
    _enter(scope, decl.name, made)


def _workflow(scope: Scope, decl: s.Workflow) -> None:
    check_upper(scope, decl.name, "workflow")
    known = scope.names.get(decl.name.text)
    number = int(decl.version.text[:18]) if decl.version.text.isdigit() else 1
    version = WorkflowVersion(decl, number, _doc(scope, decl))
    version.result = UNIT
    if isinstance(known, Workflow) and decl.name.text not in scope.imported:
        if number in known.versions:
            first = known.versions[number].decl.name
            line = scope.problems.source.line_of(first.lo)
            scope.problems.add(
                "RFT0206",
                f"`{decl.name.text}` version {number} is declared twice in this module",
                decl.name,
                "declared again",
                also=[(first, f"first declared on line {line}")],
                helps=["give this one the next version number"],
            )
        else:
            known.versions[number] = version
        return
    made = Workflow(decl.name.text, scope.interface.module, scope.problems.source, decl.name, version.doc)
    made.versions = {number: version}
    made.handle = None
    _enter(scope, decl.name, made)


_MAKERS: dict[type, Callable[[Scope, Any], None]] = {
    s.Record: _record,
    s.Error: _error,
    s.Enum: _enum,
    s.Union: _union,
    s.Const: _const,
    s.Fn: _fn,
    s.Extern: _extern,
    s.Activity: _activity,
    s.Workflow: _workflow,
}


def declare_headers(scope: Scope) -> None:
    """Resolves the types in fields, parameters, results and `raises`."""
    for decl in scope.parsed.module.decls:
        kind = decl.__class__
        if kind is s.Record or kind is s.Error:
            _fields(scope, decl)  # type: ignore[arg-type]
        elif kind is s.Union:
            _variants(scope, decl)  # type: ignore[arg-type]
        elif kind is s.Fn:
            _function_header(scope, decl)  # type: ignore[arg-type]
        elif kind is s.Extern:
            for fn in decl.fns:  # type: ignore[union-attr]
                _function_header(scope, fn)
        elif kind is s.Activity:
            _activity_header(scope, decl)  # type: ignore[arg-type]
        elif kind is s.Workflow:
            _workflow_header(scope, decl)  # type: ignore[arg-type]


def _fields(scope: Scope, decl: s.Record | s.Error) -> None:
    made = scope.names.get(decl.name.text)
    fields: dict[str, Field] = {}
    kind = "record" if isinstance(decl, s.Record) else "error"
    for field in decl.fields:
        declared_once(scope, fields, field.name, decl.name.text)
        check_field(scope, field.name, kind)
        stored = field.stored.text[1:-1] if field.stored else field.name.text
        fields.setdefault(
            field.name.text,
            Field(field.name.text, type_of(scope, field.type), field.default, field, stored),
        )
    if isinstance(made, RecordType | ErrorType) and made.node is decl.name:
        made.fields = fields


def _variants(scope: Scope, decl: s.Union) -> None:
    made = scope.names.get(decl.name.text)
    for variant in decl.variants:
        fields = params_of(scope, variant.params, variant.name.text, "variant")
        if isinstance(made, UnionType) and made.node is decl.name and variant.name.text in made.variants:
            made.variants[variant.name.text].fields = fields


def _function_header(scope: Scope, decl: s.Fn | s.ExternFn) -> None:
    params = params_of(scope, decl.params, decl.name.text, "function")
    result = type_of(scope, decl.result)
    made = scope.names.get(decl.name.text)
    if isinstance(made, Function) and made.node is decl.name:
        made.params = params
        made.result = result


def _activity_header(scope: Scope, decl: s.Activity) -> None:
    params = params_of(scope, decl.params, decl.name.text, "activity")
    result = type_of(scope, decl.result) if decl.result is not None else UNIT
    raises = errors_of(scope, decl.raises)
    made = scope.names.get(decl.name.text)
    if isinstance(made, Activity) and made.node is decl.name:
        made.params, made.result, made.raises = params, result, raises


def _workflow_header(scope: Scope, decl: s.Workflow) -> None:
    params = params_of(scope, decl.params, decl.name.text, "workflow")
    result = type_of(scope, decl.result) if decl.result is not None else UNIT
    raises = errors_of(scope, decl.raises)
    made = scope.names.get(decl.name.text)
    version = None
    if isinstance(made, Workflow):
        version = next((v for v in made.versions.values() if v.decl is decl), None)
    for member in decl.members:
        if isinstance(member, s.Signal):
            payload = type_of(scope, member.payload) if member.payload is not None else None
            check_lower(scope, member.name, "signal")
            check_attribute(scope.problems, member.name, "workflow")
            if version is not None:
                version.signals.setdefault(member.name.text, Signal(member.name.text, member.name, payload))
    if version is not None:
        version.params, version.result, version.raises = params, result, raises
