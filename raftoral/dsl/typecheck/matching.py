"""`match` and its patterns: what they bind, whether they cover everything (RFT0401, 0402, 0409).

Coverage is decided on rows of normalized patterns, after Maranget: a pattern is None (takes anything) or
`(constructor, sub-patterns)`. `uncovered` finds values that no row takes; a row that takes no value which the rows
above it leave is unreachable.
"""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics.spelling import closest
from ..facts.types import (
    BOOL,
    NEVER,
    POISON,
    EnumType,
    ErrorType,
    Field,
    OneOf,
    OptionalType,
    OutcomeType,
    RecordType,
    Type,
    UnionType,
    Variant as VariantOf,
    errors_in,
    fits,
    join,
)
from ..scope.type_names import find_type_name
from ..syntax import Node
from .context import Cx
from .mismatch import a, described
from .narrowing import path_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Shape = tuple[str, list["Shape | None"]] | None
    Row = list[Shape]

WITNESSES_MAX = 8
WORK_MAX = 20_000  # steps of the coverage search; beyond it a match counts as covered


def variants_of(type: Type) -> dict[str, list[Field]] | None:
    """The constructors of a type with their fields; None when it has no finite list of them."""
    if isinstance(type, OptionalType):
        return {"some": [Field("", type.inner, None, _NOWHERE, "")], "none": []}
    if type is BOOL:
        return {"true": [], "false": []}
    if isinstance(type, EnumType):
        return {member: [] for member in type.members}
    if isinstance(type, UnionType | OutcomeType):
        return {name: list(variant.fields.values()) for name, variant in type.variants.items()}
    if isinstance(type, OneOf):
        return {_key(type, error) or "": list(error.fields.values()) for error in type.errors}
    if isinstance(type, ErrorType | RecordType):
        return {type.name: list(type.fields.values())}
    return None


_NOWHERE = Node(0, 0)


def _key(type: Type, meaning: object) -> str | None:
    """The key that `variants_of(type)` has for what a name stands for: `Gone`, or `shop.Gone` where there are two."""
    if isinstance(meaning, VariantOf):
        return meaning.name if meaning.union is type else None
    if isinstance(meaning, ErrorType) and meaning in errors_in(type):
        alone = [error.name for error in errors_in(type)].count(meaning.name) == 1
        return meaning.name if alone else f"{meaning.module}.{meaning.name}"
    return meaning.name if isinstance(meaning, RecordType) and meaning is type else None


def constructor(cx: Cx, place: Node, node: s.TypeName, type: Type) -> str | None:
    """The key of what `node` names in a pattern for `type`, or after `is`; `place` learns what it stands for."""
    name, found = node.name.text, variants_of(type) or {}
    if isinstance(type, OutcomeType):
        if name in found:
            return name
    elif any(name == key.rpartition(".")[2] for key in found) or (node.module is None and name in cx.scope.names):
        meaning = find_type_name(cx.scope, node)
        key = _key(type, meaning)
        if key is not None and isinstance(meaning, VariantOf | ErrorType | RecordType):
            cx.bindings[place] = meaning
            return key
        if name in found:
            return name
    unknown_variant(cx, node, type, name, list(found))
    return None


def match_arms(
    cx: Cx,
    node: s.MatchExpr | s.MatchStmt,
    subject: s.Expr,
    arms: Sequence[s.ValueArm | s.MatchArm],
    want: Type | None,
) -> Type:
    """Checks a whole match. Gives the type of an expression; NEVER for a statement
    that never goes on (a gap was said already), else POISON.
    """
    type = cx.expr(subject)
    before = cx.known
    rows: list[tuple[Row, Node, bool]] = []
    found: Type = NEVER
    goes_on = False
    sound = True
    for arm in arms:
        mark = len(cx.opened)
        before_reading = len(cx.problems.found)
        for pattern in arm.patterns:
            shape = _read_alternative(cx, pattern, type, arm.patterns[0], mark)
            rows.append(([shape], pattern, arm.guard is not None))
        sound = sound and len(cx.problems.found) == before_reading
        cx.known = _narrowed(cx, subject, type, arm.patterns, before)
        if arm.guard is not None:
            lazy, cx.lazy = cx.lazy, "a guard is evaluated only when its pattern fits"
            cx.condition(arm.guard)
            cx.lazy = lazy
        if isinstance(arm, s.ValueArm):
            found = _arm_value(cx, arm, found, want, arms[0])
        else:
            goes_on = cx.body(arm.body) or goes_on
        cx.leave(mark)
    cx.known = before
    if isinstance(node, s.MatchStmt):
        cx.forget_assigned(node)
    if type is POISON or not sound or cx.parsed.damaged(node):
        return found if isinstance(node, s.MatchExpr) and found is not NEVER else POISON
    _coverage(cx, node, subject, type, rows)
    if isinstance(node, s.MatchExpr):
        return found if found is not NEVER else POISON
    return POISON if goes_on else NEVER


def _read_alternative(cx: Cx, pattern: s.Pattern, type: Type, first: s.Pattern, mark: int) -> Shape:
    """One of `a | b`. All bind the same names with the same types: the body may run after any of them."""
    if pattern is first:
        return read_pattern(cx, pattern, type)
    bound = {name: cx.locals[name] for name in cx.opened[mark:]}
    for name in bound:  # the alternative binds them again; they are the same locals
        del cx.locals[name]
    del cx.opened[mark:]
    shape = read_pattern(cx, pattern, type)
    again = {name: cx.locals[name] for name in cx.opened[mark:]}
    for name in {**bound, **again}:
        one, two = bound.get(name), again.get(name)
        if one is None or two is None or (one.type is not two.type and POISON not in (one.type, two.type)):
            there, missing = (one, pattern) if one is not None else (two, first)
            assert there is not None
            cx.problems.add(
                "RFT0409",
                f"`{name}` is not bound in the same way by every alternative",
                missing,
                "not here" if one is None or two is None else f"here it is {a(two.type)}",
                also=[(there.node, f"bound here, as {a(there.type)}")],
                helps=["bind the same names in all of them, or write two arms"],
            )
    for name, local in bound.items():
        if name in again:
            cx.facts.targets[again[name].node] = local
        cx.locals[name] = local
        if name not in cx.opened[mark:]:
            cx.opened.append(name)
    return shape


def _arm_value(cx: Cx, arm: s.ValueArm, found: Type, want: Type | None, first: s.ValueArm | s.MatchArm) -> Type:
    hint = want if want is not None or found is NEVER else found
    got = cx.maybe("only one arm is evaluated", arm.value, hint)
    both = join(found, got)
    if both is None:
        cx.problems.add(
            "RFT0301",
            f"{described(cx, arm.value)} is {a(got)}, but all arms give the same type",
            arm.value,
            a(got),
            also=[(first.value, a(found))] if isinstance(first, s.ValueArm) else [],
        )
        return POISON
    return both


def _narrowed(
    cx: Cx, subject: s.Expr, type: Type, patterns: list[s.Pattern], before: dict[str, Type]
) -> dict[str, Type]:
    """In an arm for `some(...)`, the subject itself is known to be there."""
    path = path_of(subject)
    if path and isinstance(type, OptionalType) and all(isinstance(p, s.SomePattern) for p in patterns):
        return {**before, path: type.inner}
    return before


# --- reading patterns --------------------------------------------------------------------------------------------


def read_pattern(cx: Cx, node: s.Pattern, type: Type) -> Shape:
    """Checks a pattern against the type it meets, binds its names, and gives its normalized shape."""
    if isinstance(node, s.AnyPattern):
        return None
    if isinstance(node, s.BindPattern):
        cx.declare(node.name, "bound name", type)
        return None
    if isinstance(node, s.MemberPattern):
        return _member(cx, node, type)
    if isinstance(node, s.SomePattern):
        return _some(cx, node, type)
    if isinstance(node, s.VariantPattern):
        return _variant(cx, node, type)
    if isinstance(node, s.NamedPattern):
        return read_pattern(cx, node.pattern, type)
    return _literal(cx, node, type)


def _member(cx: Cx, node: s.MemberPattern, type: Type) -> Shape:
    name = node.name.text
    if type is POISON or cx.scope.is_silent(name):
        return None
    inner = type.inner if isinstance(type, OptionalType) else type
    if isinstance(inner, EnumType):
        if name not in inner.members:
            unknown_variant(cx, node, inner, name, list(inner.members))
            return None
        return (name, []) if inner is type else ("some", [(name, [])])
    cx.problems.add(
        "RFT0409",
        f"`{name}` is not a member: {a(type)} is matched here",
        node,
        "a bare name in a pattern is a member of an enum",
        notes=["a name is bound only inside parentheses, so that a slip is an error and not a catch-all"],
        helps=["`_` takes anything"],
    )
    return None


def unknown_variant(cx: Cx, node: Node, type: Type, name: str, names: list[str]) -> None:
    """RFT0409, with what was likely meant."""
    if cx.scope.is_silent(name):
        return
    near = closest(name, names)
    word = "member" if isinstance(type, EnumType) else "variant"
    article = "a " + word
    cx.problems.add(
        "RFT0409",
        f"`{type}` has no {word} `{name}`",
        node,
        f"not {article}",
        notes=[f"a name in a pattern is always {article}, so a slip is an error and not a catch-all"] if near else
        [f"its {word}s are " + ", ".join(names)],
        helps=[f"did you mean `{near}`?"] if near else [],
    )  # fmt: skip


def _some(cx: Cx, node: s.SomePattern, type: Type) -> Shape:
    if isinstance(type, OptionalType):
        return ("some", [read_pattern(cx, node.inner, type.inner)])
    read_pattern(cx, node.inner, POISON)
    if type is not POISON:
        cx.problems.add(
            "RFT0409",
            f"`some(...)` takes an optional, and this is {a(type)}",
            node,
            "never none, so match it directly",
        )
    return None


def _variant(cx: Cx, node: s.VariantPattern, type: Type) -> Shape:
    inner = type.inner if isinstance(type, OptionalType) else type
    found = variants_of(inner)
    if type is POISON or found is None or isinstance(inner, OptionalType | EnumType) or inner is BOOL:
        _bind_all(cx, node)
        if type is not POISON:
            cx.problems.add(
                "RFT0409",
                f"{a(type)} has no variants",
                node,
                f"`{node.type.name.text}` would be a variant of a union, or an error",
            )
        return None
    name = constructor(cx, node, node.type, inner)
    if name is None:
        _bind_all(cx, node)
        return None
    shape: Shape = (name, _subpatterns(cx, node, found[name]))
    return shape if inner is type else ("some", [shape])


def _bind_all(cx: Cx, node: s.VariantPattern) -> None:
    for arg in node.args or ():
        read_pattern(cx, arg, POISON)


def _subpatterns(cx: Cx, node: s.VariantPattern, fields: list[Field]) -> list[Shape]:
    shapes: list[Shape] = [None] * len(fields)
    if node.args is None:
        return shapes
    names = [field.name for field in fields]
    position = 0
    for arg in node.args:
        if isinstance(arg, s.NamedPattern):
            name = arg.name.text
            if name in names:
                shapes[names.index(name)] = read_pattern(cx, arg.pattern, fields[names.index(name)].type)
                continue
            near = closest(name, names)
            cx.problems.add(
                "RFT0203",
                f"`{node.type.name.text}` has no field `{name}`",
                arg.name,
                "no such field",
                notes=["its fields are " + ", ".join(names)] if names else [],
                helps=[f"did you mean `{near}`?"] if near else [],
            )
            read_pattern(cx, arg.pattern, POISON)
        elif position < len(fields):
            shapes[position] = read_pattern(cx, arg, fields[position].type)
            position += 1
        else:
            count = len(fields)
            cx.problems.add(
                "RFT0303",
                f"`{node.type.name.text}` has {count} field{'s' if count != 1 else ''}",
                arg,
                "one too many",
            )
            read_pattern(cx, arg, POISON)
    return shapes


def _literal(cx: Cx, node: s.LiteralPattern, type: Type) -> Shape:
    value = node.value
    if isinstance(value, s.NoneLiteral):
        if isinstance(type, OptionalType):
            cx.types[value] = type
            return ("none", [])
        if type is not POISON:
            cx.problems.add("RFT0409", f"`none` takes an optional, and this is {a(type)}", node, "never none")
        return None
    inner = type.inner if isinstance(type, OptionalType) else type
    got = cx.expr(value, inner)
    if not fits(got, inner) and type is not POISON and got is not POISON:
        cx.problems.add("RFT0301", f"this pattern is {a(got)}, and {a(type)} is matched", node, a(got))
        return None
    if isinstance(value, s.Boolean):
        shape: Shape = ("true" if value.value else "false", [])
    elif isinstance(value, s.Text) and any(not isinstance(part, str) for part in value.parts):
        cx.problems.add(
            "RFT0409",
            "a text pattern has no `${...}`",
            node,
            "known only when it runs",
            helps=["compare in a guard: `_ if x == ...`"],
        )
        return None
    else:
        shape = (cx.problems.source.text[value.lo : value.hi], [])
    return shape if inner is type else ("some", [shape])


# --- coverage ----------------------------------------------------------------------------------------------------


def _coverage(
    cx: Cx,
    node: s.MatchExpr | s.MatchStmt,
    subject: s.Expr,
    type: Type,
    rows: list[tuple[Row, Node, bool]],
) -> None:
    seen: list[Row] = []
    for row, pattern, guarded in rows:
        if seen and not _Search().useful(seen, row, [type]):
            by = next(
                (p for r, p, g in rows if not g and r[0] is None and p is not pattern and p.lo < pattern.lo),
                None,
            )
            cx.problems.add(
                "RFT0402",
                "this arm can never be taken",
                pattern,
                "nothing is left for it",
                also=[(by, "this takes everything")] if by is not None else [],
                helps=["move it up, or remove it"],
            )
        if not guarded:
            seen.append(row)
    missing = _Search().uncovered(seen, [type])
    if missing is not None:
        _not_covered(cx, node, subject, type, [w[0] for w in missing], rows)


def _not_covered(
    cx: Cx,
    node: Node,
    subject: s.Expr,
    type: Type,
    missing: list[str],
    rows: list[tuple[Row, Node, bool]],
) -> None:
    notes = ["missing:\n" + "\n".join(f"  {name}" for name in missing)]
    inner = type.inner if isinstance(type, OptionalType) else type
    if isinstance(inner, UnionType | EnumType) and inner.source.text:
        word = "union" if isinstance(inner, UnionType) else "enum"
        notes.append(f"{word} {inner.name} is declared in {inner.source.path}:{inner.source.line_of(inner.node.lo)}")
    helps = [f"add `{missing[0]} => ...`, or `_ => ...` for all that is left"]
    guarded = [pattern for _, pattern, g in rows if g]
    cx.problems.at(
        "RFT0401",
        f"this match does not cover every `{type}`",
        node.lo,
        subject.hi,
        "a value could arrive that no arm takes",
        also=[(guarded[0], "an arm with a guard may refuse")] if guarded and len(rows) == len(guarded) else [],
        notes=notes,
        helps=helps,
    )


class _Search:
    """Looks for values that rows of patterns do not take; gives up quietly after `WORK_MAX` steps."""

    __slots__ = ("work",)

    def __init__(self) -> None:
        self.work = 0

    def useful(self, rows: list[Row], row: Row, types: list[Type]) -> bool:
        """Whether `row` takes a value that none of `rows` takes."""
        self.work += 1
        if not types or self.work > WORK_MAX:
            return not rows or self.work > WORK_MAX
        head, found = row[0], variants_of(types[0])
        if head is not None:
            fields = found[head[0]] if found and head[0] in found else []
            return self.useful(
                _specialize(rows, head[0], len(fields)),
                [*head[1], *row[1:]],
                [f.type for f in fields] + types[1:],
            )
        used = {r[0][0] for r in rows if r[0] is not None}
        if found is not None and set(found) <= used:
            return any(
                self.useful(
                    _specialize(rows, name, len(fields)),
                    [*([None] * len(fields)), *row[1:]],
                    [f.type for f in fields] + types[1:],
                )
                for name, fields in found.items()
            )
        return self.useful([r[1:] for r in rows if r[0] is None], row[1:], types[1:])

    def uncovered(self, rows: list[Row], types: list[Type]) -> list[list[str]] | None:
        """Examples of values that no row takes, as text per column; None when there are none."""
        self.work += 1
        if self.work > WORK_MAX:
            return None
        if not types:
            return None if rows else [[]]
        found = variants_of(types[0])
        used = {r[0][0] for r in rows if r[0] is not None}
        if found is None or not used:
            rest = self.uncovered([r[1:] for r in rows if r[0] is None], types[1:])
            if rest is None:
                return None
            heads = (
                ["_"]
                if found is None or len(found) > WITNESSES_MAX or rows
                else [_shown(n, f) for n, f in found.items()]
            )
            return [[head, *tail] for head in heads for tail in rest][:WITNESSES_MAX]
        witnesses: list[list[str]] = []
        for name, fields in found.items():
            inner = self.uncovered(_specialize(rows, name, len(fields)), [f.type for f in fields] + types[1:])
            for witness in inner or ():
                head = witness[: len(fields)]
                named = [f.name if text == "_" and f.name else text for f, text in zip(fields, head, strict=True)]
                text = f"{name}({', '.join(named)})" if fields else name
                witnesses.append([text, *witness[len(fields) :]])
        return witnesses[:WITNESSES_MAX] or None


def _shown(name: str, fields: list[Field]) -> str:
    return f"{name}({', '.join(f.name or '_' for f in fields)})" if fields else name


def _specialize(rows: list[Row], name: str, arity: int) -> list[Row]:
    """The rows that can take constructor `name`, with its fields as columns."""
    out: list[Row] = []
    for row in rows:
        head = row[0]
        if head is None:
            out.append([*([None] * arity), *row[1:]])
        elif head[0] == name:
            args = head[1] if len(head[1]) == arity else [None] * arity
            out.append([*args, *row[1:]])
    return out
