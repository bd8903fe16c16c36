"""Types of expressions, one handler a node. Operators, calls, members and patterns have rooms of their own."""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics import Fix
from ..facts.symbols import Activity, Const, Function, Local, ModuleAlias, Workflow
from ..facts.types import (
    BOOL,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    NEVER,
    NONE,
    POISON,
    STR,
    UNIT,
    EnumType,
    ErrorType,
    ListType,
    MapType,
    OptionalType,
    TupleType,
    Type,
    UnionType,
    Variant as VariantOf,
    fits,
    join,
    list_of,
    map_of,
    optional,
    tuple_of,
)
from .conditions import constant_condition
from .context import EXPRESSIONS, TAKEN, Cx
from .mismatch import a, described, report_mismatch
from .names import unknown_name
from .narrowing import learn

INT_MAX = 2**63 - 1
_OF_TOKEN = {"INT": INT, "DEC": DECIMAL, "FLOAT": FLOAT, "DURATION": DURATION, "SIZE": INT}


def _number(cx: Cx, node: s.Number, want: Type | None) -> Type:
    token = node.token
    kind = token.type
    if kind == "INT":
        if len(token.text) > 18 and int(token.text.replace("_", "")[:40]) > INT_MAX:
            cx.problems.add(
                "RFT0113",
                "this integer does not fit in 64 bits",
                node,
                "too large",
                notes=[f"the largest int is {INT_MAX}"],
                helps=["a decimal holds 34 digits: write it with a point"],
            )
            return POISON
        wanted = want.inner if isinstance(want, OptionalType) else want
        return wanted if wanted is FLOAT or wanted is DECIMAL else INT
    if kind == "DEC":
        return FLOAT if want is FLOAT or (isinstance(want, OptionalType) and want.inner is FLOAT) else DECIMAL
    if kind == "SIZE":
        cx.problems.add("RFT0301", "a size stands only after `max`", node, "a number of bytes is an int here")
        return POISON
    if kind == "DURATION" and not node.token.text[:-1].replace("m", "").isdigit():
        _units_in_order(cx, node)
    return _OF_TOKEN[kind]


def _units_in_order(cx: Cx, node: s.Number) -> None:
    """`1h30m`: from the largest unit down, each once."""
    text = node.token.text.replace("_", "").replace("ms", "u")
    units = [char for char in text if not char.isdigit()]
    order = ["wdhmsu".index(unit) for unit in units]
    if order != sorted(set(order)):
        cx.problems.add(
            "RFT0107",
            f"`{node.token.text}` is not a duration",
            node,
            "its units are not in order",
            helps=["units go from the largest down, each once: `1h30m`"],
        )


def _text(cx: Cx, node: s.Text, want: Type | None) -> Type:
    for part in node.parts:
        if part.__class__ is not str:
            got = cx.expr(part)  # type: ignore[arg-type]
            if got is UNIT:
                cx.problems.add("RFT0301", f"{described(cx, part)} gives no value", part, "nothing to print")  # type: ignore[arg-type]
    return STR


def _boolean(cx: Cx, node: s.Boolean, want: Type | None) -> Type:
    return BOOL


def _none(cx: Cx, node: s.NoneLiteral, want: Type | None) -> Type:
    return want if isinstance(want, OptionalType) else NONE


def _hole(cx: Cx, node: s.Hole, want: Type | None) -> Type:
    return POISON


def _name(cx: Cx, node: s.NameRef, want: Type | None) -> Type:
    name = node.name.text
    local = cx.locals.get(name)
    if local is None:
        return _global(cx, node, name)
    local.reads += 1
    cx.bindings[node] = local
    if cx.known and name in cx.known:
        cx.facts.narrowed.add(node)
        return cx.known[name]
    return local.type


def _global(cx: Cx, node: s.NameRef, name: str) -> Type:
    meaning = None if name in cx.siblings else cx.scope.find(name)
    if isinstance(meaning, Const):
        cx.bindings[node] = meaning
        return meaning.type
    if isinstance(meaning, Function) or (meaning is None and name in TAKEN and name not in cx.siblings):
        cx.problems.add(
            "RFT0314",
            "functions are called, not stored",
            node,
            f"`{name}` is a function",
            notes=["a frame holds data only"],
            helps=[f"call it where you need it: `{name}(...)`"],
        )
    elif isinstance(meaning, Activity):
        cx.problems.add(
            "RFT0314",
            "activities are performed, not stored",
            node,
            f"`{name}` is an activity",
            helps=[f"perform it where you need it: `do {name}(...)`"],
        )
    elif isinstance(meaning, ModuleAlias):
        meaning.used = True
        cx.problems.add(
            "RFT0314",
            f"`{name}` is a module, not a value",
            node,
            f"take something from it: `{name}.x`",
        )
    elif name == "workflow":
        cx.problems.add(
            "RFT0203",
            "`workflow` alone is not a value",
            node,
            "say what of it",
            helps=["workflow.id, .run, .version or .attempt"],
        )
    elif name in cx.signals:
        cx.problems.add(
            "RFT0314",
            f"`{name}` is a signal: it is waited for, not read",
            node,
            "a mailbox, not a value",
            helps=[f"`let x = wait {name} within 1d`"],
        )
    else:
        return unknown_name(cx, node, name)
    return POISON


def _type_ref(cx: Cx, node: s.TypeRef, want: Type | None) -> Type:
    name = node.name.text
    meaning = cx.scope.find(name)
    if isinstance(meaning, VariantOf):
        return variant_without_args(cx, node, meaning)
    if meaning is None:
        return unknown_name(cx, node, name)
    cx.problems.add("RFT0314", _not_a_value(meaning, name)[0], node, _not_a_value(meaning, name)[1])
    return POISON


def _not_a_value(meaning: object, name: str) -> tuple[str, str]:
    if isinstance(meaning, Workflow):
        return (
            f"`{name}` is a workflow, not a value",
            f"run it: `do {name}(...)`, or start it: `spawn {name}(...)`",
        )
    if isinstance(meaning, EnumType):
        first = next(iter(meaning.members), "member")
        return f"`{name}` is an enum, not a value", f"name a member: `{name}.{first}`"
    if isinstance(meaning, UnionType):
        first = next(iter(meaning.variants), "Variant")
        return f"`{name}` is a union, not a value", f"name a variant: `{first}`"
    return f"`{name}` is a type, not a value", f"make one: `{name}(...)`"


def variant_without_args(cx: Cx, node: s.Expr, variant: VariantOf) -> Type:
    """`Free`: a variant that has no fields needs no parentheses."""
    needed = [f.name for f in variant.fields.values() if f.default is None]
    if needed:
        field = variant.fields[needed[0]]
        cx.problems.add(
            "RFT0313",
            f"`{variant.name}` needs `{field.name}: {field.type}`",
            node,
            "fields without a default must be given",
            helps=[f"`{variant.name}({', '.join(f'{n}: ...' for n in needed)})`"],
        )
    cx.bindings[node] = variant
    return variant.union


def _if(cx: Cx, node: s.IfExpr, want: Type | None) -> Type:
    cx.condition(node.condition)
    constant_condition(cx, node.condition)
    before = cx.known
    true, false = learn(cx, node.condition)
    cx.known = {**before, **true} if true else before
    then = cx.maybe("only one of `then` and `else` is evaluated", node.then, want)
    cx.known = {**before, **false} if false else before
    hint = want if want is not None else (then if then is FLOAT else None)
    orelse = cx.maybe("only one of `then` and `else` is evaluated", node.orelse, hint)
    cx.known = before
    both = join(then, orelse)
    if both is None and want is not None and fits(then, want) != fits(orelse, want):
        side, got = (node.orelse, orelse) if fits(then, want) else (node.then, then)
        report_mismatch(cx, side, got, want, f"{a(want)} is needed")
        return want
    if both is None:
        _disagree(cx, node.orelse, orelse, node.then, then, "`then` and `else` must give the same type")
        return POISON
    for side, got in ((node.then, then), (node.orelse, orelse)):
        if got is not both:
            cx.facts.widened[side] = both
    return both


def _disagree(cx: Cx, node: s.Expr, got: Type, first: s.Expr, type: Type, rule: str) -> None:
    if {got, type} == {DECIMAL, FLOAT}:
        from .mismatch import report_mixed

        report_mixed(cx, node, a(got), [(first, a(type))])
        return
    cx.problems.add(
        "RFT0301",
        f"{described(cx, node)} is {a(got)}, but {rule}",
        node,
        a(got),
        also=[(first, a(type))],
    )


def _list(cx: Cx, node: s.ListLiteral, want: Type | None) -> Type:
    wanted = want.inner if isinstance(want, OptionalType) else want
    item = wanted.item if isinstance(wanted, ListType) else None
    if not node.items:
        return list_of(item) if item is not None else cannot_infer(cx, node, "list", "list[str] = []")
    return list_of(_joined(cx, node.items, item, "the items of a list have one type"))


def _joined(cx: Cx, items: list[s.Expr], want: Type | None, rule: str) -> Type:
    found: Type = NEVER
    first = items[0]
    for item in items:
        got = cx.expr(item, want if want is not None else (found if found is FLOAT else None))
        both = join(found, got)
        if both is None:
            _disagree(cx, item, got, first, found, rule)
            return POISON
        found = both
    if want is not None and fits(found, want):
        found = want
    for item in items:
        if cx.types[item] is not found:
            cx.facts.widened[item] = found
    return found


def cannot_infer(cx: Cx, node: s.Node, what: str, example: str, word: str = "var") -> Type:
    """RFT0307: nothing says what an empty list, map or `none` holds."""
    cx.problems.add(
        "RFT0307",
        f"the type of this empty {what} is not known" if what != "none" else "the type of this `none` is not known",
        node,
        "nothing says what it holds",
        helps=[f"write the type: `{word} seen: {example}`"],
    )
    return POISON


def _map(cx: Cx, node: s.MapLiteral, want: Type | None) -> Type:
    wanted = want.inner if isinstance(want, OptionalType) else want
    key = wanted.key if isinstance(wanted, MapType) else None
    value = wanted.value if isinstance(wanted, MapType) else None
    if not node.pairs:
        if isinstance(wanted, MapType):
            return wanted
        return cannot_infer(cx, node, "map", "map[str, int] = {}")
    keys = _joined(cx, [pair.key for pair in node.pairs], key, "the keys of a map have one type")
    values = _joined(cx, [pair.value for pair in node.pairs], value, "the values of a map have one type")
    from ..facts.types import KEYS

    if keys not in KEYS and not isinstance(keys, EnumType) and keys is not POISON:
        cx.problems.add(
            "RFT0310",
            f"a map key cannot be {a(keys)}",
            node.pairs[0].key,
            "not a key",
            helps=["keys are str, int, bool, uuid, timestamp or an enum"],
        )
        return POISON
    return map_of(keys, values)


def _tuple(cx: Cx, node: s.TupleLiteral, want: Type | None) -> Type:
    wants = want.items if isinstance(want, TupleType) and len(want.items) == len(node.items) else None
    types = []
    for index, item in enumerate(node.items):
        got = cx.expr(item, wants[index] if wants else None)
        if wants and got is not wants[index] and fits(got, wants[index]):
            cx.facts.widened[item] = got = wants[index]
        types.append(got)
    return tuple_of(tuple(types))


def _some(cx: Cx, node: s.SomeOf, want: Type | None) -> Type:
    inner = want.inner if isinstance(want, OptionalType) else None
    got = cx.expr(node.value, inner)
    if inner is not None and got is not inner and fits(got, inner):
        cx.facts.widened[node.value] = got = inner
    return optional(got)


def _comprehension(cx: Cx, node: s.Comprehension, want: Type | None) -> Type:
    item = iterated(cx, node.source)
    mark = len(cx.opened)
    bind_target(cx, node.target, item, "bound name")
    before = cx.known
    lazy, cx.lazy = cx.lazy, "evaluated for each item, and not at all for none"
    if node.guard is not None:
        cx.condition(node.guard)
        true, _ = learn(cx, node.guard)
        cx.known = {**cx.known, **true} if true else cx.known
    wanted = want.item if isinstance(want, ListType) else None
    got = cx.expr(node.item, wanted)
    if wanted is not None and got is not wanted and fits(got, wanted):
        cx.facts.widened[node.item] = got = wanted
    if got is UNIT:
        cx.problems.add("RFT0301", f"{described(cx, node.item)} gives no value", node.item, "nothing to collect")
        got = POISON
    cx.known, cx.lazy = before, lazy
    cx.leave(mark)
    return list_of(got)


def iterated(cx: Cx, node: s.Iterable) -> Type:
    """What one turn over `node` gets: an item of a list, or an int of a range."""
    if isinstance(node, s.Range):
        cx.expect(node.first, INT, "a range runs over ints")
        cx.expect(node.last, INT, "a range runs over ints")
        return INT
    got = cx.expr(node)
    if isinstance(got, ListType):
        return got.item
    if got is not POISON:
        helps = []
        if isinstance(got, MapType):
            helps = ["a map is walked by `.keys()`, `.values()` or `.items()`, in the order of its keys"]
        elif got is INT:
            helps = ["`0..n` runs over the ints from 0 to n"]
        elif isinstance(got, OptionalType) and isinstance(got.inner, ListType):
            from .mismatch import report_optional

            report_optional(cx, node, "a list is needed", got)
            return POISON
        cx.problems.add(
            "RFT0301",
            f"{described(cx, node)} is {a(got)}, and only lists and ranges are walked",
            node,
            a(got),
            helps=helps,
        )
    return POISON


def bind_target(cx: Cx, target: s.Target, type: Type, kind: str) -> list[Local]:
    """Brings the name or names of a `let`, `for` or comprehension into scope."""
    if isinstance(target, s.Token):
        return [cx.declare(target, kind, type)]
    items: tuple[Type, ...] = (POISON,) * len(target.names)
    if isinstance(type, TupleType):
        if len(type.items) == len(target.names):
            items = type.items
        else:
            cx.problems.add(
                "RFT0301",
                f"{len(target.names)} names for {len(type.items)} values",
                target,
                f"what is taken apart here is a `{type}`",
            )
    elif type is not POISON:
        cx.problems.add(
            "RFT0301",
            f"{a(type)} cannot be taken apart",
            target,
            "only a tuple has parts in this sense",
        )
    return [cx.declare(name, kind, item) for name, item in zip(target.names, items, strict=True)]


def _force(cx: Cx, node: s.Force, want: Type | None) -> Type:
    got = cx.expr(node.value, optional(want) if want is not None else None)
    if isinstance(got, OptionalType):
        return got.inner
    if got is POISON or node.value in cx.facts.narrowed:
        return got
    if got is NONE:
        cx.problems.add("RFT0301", "`none!` is always a fault", node, "there is nothing here")
        return POISON
    cx.problems.add(
        "RFT0312",
        f"{described(cx, node.value)} is never none",
        node,
        "this `!` asserts nothing",
        helps=["leave out the `!`"],
    )
    return got


def _index(cx: Cx, node: s.Index, want: Type | None) -> Type:
    got = cx.expr(node.value)
    if isinstance(got, ListType):
        cx.expect(node.key, INT, "a list is indexed by an int")
        return optional(got.item)
    if isinstance(got, MapType):
        cx.expect(node.key, got.key, f"the keys of this map are {got.key}")
        return optional(got.value)
    cx.expr(node.key)
    if got is STR:
        cx.expect(node.key, INT, "text is indexed by an int")
        return optional(STR)
    if isinstance(got, OptionalType):
        from .mismatch import report_optional

        report_optional(cx, node.value, "only a list or a map is indexed", got)
    elif isinstance(got, TupleType):
        cx.problems.add(
            "RFT0301",
            "a tuple is not indexed",
            node,
            "a tuple",
            helps=["take it apart: `let (a, b) = pair`"],
        )
    elif got is not POISON:
        cx.problems.add(
            "RFT0301",
            f"{described(cx, node.value)} is {a(got)} and has no items",
            node.value,
            a(got),
        )
    return POISON


def _or_fail(cx: Cx, node: s.OrFail, want: Type | None) -> Type:
    got = cx.expr(node.value, optional(want) if want is not None else None)
    check_error_value(cx, node.error)
    if cx.kind == "function":
        _no_fail_here(cx, node.error)
    elif cx.lazy is not None:
        cx.problems.at(
            "RFT0412",
            "`?? fail` stands where it may not be reached",
            node.value.hi,
            node.hi,
            cx.lazy,
            notes=["a `fail` is a way out of the workflow: it is taken, or not, by the statement as a whole"],
            helps=["give the value a name before: `let x = ... ?? fail E`", "or decide with `if`"],
        )
    elif cx.in_final:
        cx.problems.add(
            "RFT0411",
            "`finally` cannot `fail`",
            node.error,
            "this would swallow the error or the value that is on its way out",
        )
    if isinstance(got, OptionalType):
        return got.inner
    if got is not POISON and got is not NONE and node.value not in cx.facts.narrowed:
        cx.problems.add(
            "RFT0312",
            f"{described(cx, node.value)} is never none",
            node.value,
            "always there",
            helps=["the right-hand side can not be reached: remove it"],
        )
    return POISON if got is NONE else got


def _no_fail_here(cx: Cx, node: s.Node) -> None:
    cx.problems.add(
        "RFT0501",
        "a function cannot fail a workflow",
        node,
        "functions give a value for every argument",
        helps=["give an optional (`T?`) and let the workflow decide"],
    )


def check_error_value(cx: Cx, node: s.Expr) -> Type:
    """The operand of `fail`: an error, or one that was caught."""
    got: Type
    if isinstance(node, s.TypeRef):
        meaning = cx.scope.find(node.name.text)
        if isinstance(meaning, ErrorType):
            needed = [f for f in meaning.fields.values() if f.default is None]
            if needed:
                names = ", ".join(f"{f.name}: ..." for f in needed)
                cx.problems.add(
                    "RFT0313",
                    f"`{meaning.name}` needs `{needed[0].name}: {needed[0].type}`",
                    node,
                    "fields without a default must be given",
                    helps=[f"`{meaning.name}({names})`"],
                )
            cx.types[node] = meaning
            return meaning
    got = cx.expr(node)
    from ..facts.types import errors_in

    if got is not POISON and not errors_in(got):
        cx.problems.add(
            "RFT0301",
            f"{described(cx, node)} is {a(got)}, and only errors can be failed with",
            node,
            a(got),
            helps=["declare one: `error OutOfStock { sku: str }`"],
        )
        return POISON
    return got


def _match(cx: Cx, node: s.MatchExpr, want: Type | None) -> Type:
    from .matching import match_arms

    return match_arms(cx, node, node.subject, node.arms, want)


def _assignment(cx: Cx, node: s.Assignment, want: Type | None) -> Type:
    left = cx.expr(node.left)
    cx.expr(node.right, left)
    text = cx.problems.source.text
    at = text.find("=", node.left.hi, node.right.lo)
    if at < 0:
        return BOOL  # the recovery put it in, and said so
    cx.problems.at(
        "RFT0112",
        "`=` assigns; a condition compares with `==`",
        at,
        at + 1,
        "this would assign",
        helps=[f"write `{text[node.left.lo : node.left.hi]} == {text[node.right.lo : node.right.hi]}`"],
        fix=Fix([(at, at + 1, "==")]),
    )
    return BOOL


EXPRESSIONS.update({
    s.Number: _number, s.Text: _text, s.Boolean: _boolean, s.NoneLiteral: _none, s.Hole: _hole, s.NameRef: _name,
    s.TypeRef: _type_ref, s.IfExpr: _if, s.ListLiteral: _list, s.MapLiteral: _map, s.TupleLiteral: _tuple,
    s.SomeOf: _some, s.Comprehension: _comprehension, s.Force: _force, s.Index: _index, s.OrFail: _or_fail,
    s.MatchExpr: _match, s.Assignment: _assignment,
})  # fmt: skip
