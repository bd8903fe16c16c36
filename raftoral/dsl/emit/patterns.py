"""Patterns -> tests and paths.

    some(Approve(by))   on `f.decision`   ->   "isinstance(f.decision, Approve)", {by: "f.decision.by"}

A name that a pattern binds is read where it lies; a statement may give it a variable of its own.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts.symbols import Local
from ..facts.types import (
    BOOL,
    DECIMAL,
    EnumType,
    ErrorType,
    Field,
    OptionalType,
    OutcomeType,
    RecordType,
    Type,
    UnionType,
    Variant as VariantOf,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .expressions import Expressions

    Binds = dict[Local | str, str]


def tests_of(out: Expressions, arm: s.ValueArm | s.MatchArm, type: Type, subject: str) -> list[tuple[str, Binds]]:
    """One test for an arm, or one for each alternative when they bind names."""
    found = [_test(out, pattern, type, subject) for pattern in arm.patterns]
    if len(found) > 1 and not any(binds for _, binds in found):
        tests = [f"({test})" if " and " in test else test for test, _ in found]
        return [("True" if "True" in tests else " or ".join(tests), {})]
    return found


def guarded(test: str, guard: str) -> str:
    """A test with the guard of its arm: the guard holds for every alternative."""
    if test == "True":
        return guard
    return f"({test}) and {guard}" if " or " in test else f"{test} and {guard}"


def _test(out: Expressions, pattern: s.Pattern, type: Type, path: str) -> tuple[str, Binds]:
    if isinstance(pattern, s.AnyPattern):
        return "True", {}
    if isinstance(pattern, s.BindPattern):
        local = out.facts.targets.get(pattern.name)
        return "True", {local: path} if local is not None else {}
    if isinstance(pattern, s.MemberPattern):
        enum = type.inner if isinstance(type, OptionalType) else type
        assert isinstance(enum, EnumType)
        return f"{path} is {out.types.text(enum)}.{pattern.name.text.upper()}", {}
    if isinstance(pattern, s.SomePattern):
        assert isinstance(type, OptionalType)
        test, binds = _test(out, pattern.inner, type.inner, path)
        return (f"{path} is not None" if test == "True" else test), binds
    if isinstance(pattern, s.VariantPattern):
        return _variant(out, pattern, type, path)
    if isinstance(pattern, s.NamedPattern):
        return _test(out, pattern.pattern, type, path)
    return _literal(out, pattern.value, type, path), {}


def _literal(out: Expressions, value: s.Expr, type: Type, path: str) -> str:
    if isinstance(value, s.NoneLiteral):
        return f"{path} is None"
    if isinstance(value, s.Boolean):
        inner = type.inner if isinstance(type, OptionalType) else type
        if inner is BOOL and inner is type:
            return path if value.value else f"not {path}"
        return f"{path} is {value.value}"
    text = out.value(value, DECIMAL if type is DECIMAL else None)
    return f"{path} == {text}"


def _variant(out: Expressions, pattern: s.VariantPattern, type: Type, path: str) -> tuple[str, Binds]:
    inner = type.inner if isinstance(type, OptionalType) else type
    name = pattern.type.name.text
    meaning = out.facts.bindings.get(pattern)
    tests = [f"isinstance({path}, {out.named_variant(inner, name, meaning)})"]
    binds: Binds = {}
    fields = _fields(inner, name, meaning)
    position = 0
    for arg in pattern.args or ():
        if isinstance(arg, s.NamedPattern):
            field = next(f for f in fields if f.name == arg.name.text)
        else:
            field = fields[position]
            position += 1
        test, inside = _test(out, arg, field.type, f"{path}.{field.name}")
        binds.update(inside)
        if test != "True":
            tests.append(test)
    return " and ".join(tests), binds


def _fields(type: Type, name: str, meaning: object) -> list[Field]:
    if isinstance(meaning, VariantOf | ErrorType | RecordType):
        return list(meaning.fields.values())
    assert isinstance(type, UnionType | OutcomeType)
    return list(type.variants[name].fields.values())
