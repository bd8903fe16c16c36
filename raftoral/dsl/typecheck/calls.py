"""Calls: functions, constructors, methods; arguments against parameters (RFT0301 to 0303, 0313, 0710)."""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics import Fix
from ..diagnostics.spelling import closest
from ..facts.symbols import Activity, Function, ModuleAlias, Workflow
from ..facts.types import (
    POISON,
    EnumType,
    ErrorType,
    Field,
    RecordType,
    Type,
    Variant as VariantOf,
    fits,
)
from ..source import Source
from ..syntax import Node
from .builtins import BUILTINS
from .context import EXPRESSIONS, FUNCTION, TAKEN, Cx
from .members import meaning_of_type_attr
from .methods import call_method
from .mismatch import a
from .names import unknown_name

TAKEN.update(BUILTINS)


def _call(cx: Cx, node: s.Call, want: Type | None) -> Type:
    callee = node.callee
    if isinstance(callee, s.NameRef):
        return _call_name(cx, node, callee, want)
    if isinstance(callee, s.TypeRef):
        meaning = cx.scope.find(callee.name.text)
        if meaning is None:
            unknown_name(cx, callee, callee.name.text)
            return skip_args(cx, node.args)
        return construct(cx, node, callee, meaning)
    if isinstance(callee, s.TypeAttr):
        found = meaning_of_type_attr(cx, callee)
        return construct(cx, node, callee, found) if found is not None else skip_args(cx, node.args)
    if isinstance(callee, s.Attr):
        return _call_attr(cx, node, callee, want)
    got = cx.expr(callee)
    if got is not POISON:
        cx.problems.add("RFT0301", f"{a(got)} cannot be called", callee, "only functions are called")
    return skip_args(cx, node.args)


def _call_name(cx: Cx, node: s.Call, callee: s.NameRef, want: Type | None) -> Type:
    name = callee.name.text
    if name in cx.locals:
        cx.locals[name].reads += 1
        if cx.locals[name].type is not POISON:
            cx.problems.add(
                "RFT0301",
                f"`{name}` is a {cx.locals[name].kind}, and only functions are called",
                callee,
                "not a function",
            )
        return skip_args(cx, node.args)
    meaning = cx.scope.find(name)
    if isinstance(meaning, Function):
        return _call_function(cx, node, meaning)
    if isinstance(meaning, Activity):
        _needs_do(cx, node, callee, "an activity is performed with `do`")
        skip_args(cx, node.args)
        return meaning.result
    builtin = BUILTINS.get(name)
    if meaning is None and builtin is not None:
        cx.bindings.pop(callee, None)
        return builtin(cx, node, want)
    if meaning is None:
        from .methods import report_unicode_case

        if not report_unicode_case(cx, callee, name):
            unknown_name(cx, callee, name)
    else:
        cx.expr(callee)
    return skip_args(cx, node.args)


def _needs_do(cx: Cx, node: s.Call, callee: Node, headline: str) -> None:
    cx.problems.add(
        "RFT0710",
        headline,
        callee,
        "this suspends the workflow and can fail, so it is marked",
        notes=["every `do` is a slot: the place a workflow is stored and resumed"],
        helps=["write `do` before it"],
        fix=Fix([(node.lo, node.lo, "do ")]),
    )


def _call_function(cx: Cx, node: s.Call, function: Function) -> Type:
    cx.facts.callees[node] = function
    if cx.kind == FUNCTION and isinstance(cx.owner, s.Fn):
        cx.facts.fn_calls.append((cx.owner, function, node))
    match_args(
        cx,
        node,
        node.args,
        function.params,
        Called(function.name, "function", function.source, function.node),
    )
    return function.result


def _call_attr(cx: Cx, node: s.Call, callee: s.Attr, want: Type | None) -> Type:
    value = callee.value
    if isinstance(value, s.NameRef) and value.name.text not in cx.locals:
        alias = cx.scope.find(value.name.text)
        if isinstance(alias, ModuleAlias):
            alias.used = True
            return _call_in_module(cx, node, callee, alias)
    return call_method(cx, node, callee, want)


def _call_in_module(cx: Cx, node: s.Call, callee: s.Attr, alias: ModuleAlias) -> Type:
    if alias.interface is None:
        return skip_args(cx, node.args)
    found = alias.interface.names.get(callee.name.text)
    if isinstance(found, Function):
        return _call_function(cx, node, found)
    if isinstance(found, Activity):
        _needs_do(cx, node, callee, "an activity is performed with `do`")
        skip_args(cx, node.args)
        return found.result
    cx.expr(callee)
    return skip_args(cx, node.args)


class Called:
    """What a message says about the thing that is called."""

    __slots__ = ("kind", "name", "node", "source")

    def __init__(self, name: str, kind: str, source: Source, node: Node) -> None:
        self.name = name
        self.kind = kind
        self.source = source
        self.node = node

    @property
    def has_fields(self) -> bool:
        return self.kind in ("record", "error", "variant")

    def signature(self, params: dict[str, Field], cx: Cx) -> str:
        """`activity charge_card(customer: str, amount: decimal)      shop/orders.rft:20`"""
        inner = ", ".join(f"{p.name}: {p.type}" for p in params.values())
        where = ""
        if self.source.text:
            where = f"      {self.source.path}:{self.source.line_of(self.node.lo)}"
        return f"{self.kind} {self.name}({inner}){where}"


def construct(cx: Cx, node: s.Call, callee: s.TypeRef | s.TypeAttr, meaning: object) -> Type:
    """`Order(id: "a")`: a record, an error or a variant."""
    if isinstance(meaning, RecordType | ErrorType):
        kind = "record" if isinstance(meaning, RecordType) else "error"
        cx.types[callee] = meaning
        match_args(
            cx,
            node,
            node.args,
            meaning.fields,
            Called(meaning.name, kind, meaning.source, meaning.node),
            meaning,
        )
        return meaning
    if isinstance(meaning, VariantOf):
        cx.bindings[callee] = meaning
        called = Called(meaning.name, "variant", cx.problems.source, meaning.node)
        match_args(cx, node, node.args, meaning.fields, called, meaning.union)
        return meaning.union
    if isinstance(meaning, Workflow):
        _needs_do(
            cx,
            node,
            callee,
            f"the workflow `{meaning.name}` is run with `do`, or started with `spawn`",
        )
        skip_args(cx, node.args)
        return meaning.newest.result
    name = callee.name.text
    if isinstance(meaning, EnumType):
        first = next(iter(meaning.members), "member")
        cx.problems.add(
            "RFT0314",
            f"`{name}` is an enum: its members are not made",
            callee,
            f"write `{name}.{first}`",
        )
    else:
        cx.problems.add(
            "RFT0314",
            f"`{name}` is a union: one of its variants is made",
            callee,
            "name the variant",
        )
    return skip_args(cx, node.args)


def skip_args(cx: Cx, args: list[s.Arg]) -> Type:
    """Arguments of what is not known: they are still checked for themselves."""
    for arg in args:
        cx.expr(arg.value)
    return POISON


def match_args(
    cx: Cx,
    node: Node,
    args: list[s.Arg],
    params: dict[str, Field],
    called: Called,
    whole: Type | None = None,
) -> None:
    """Pairs arguments with parameters, checks their types, and remembers the order in `facts.calls`."""
    given: dict[str, s.Expr] = {}
    names = list(params)
    spread: s.Arg | None = None
    extra: s.Arg | None = None
    position = 0
    for arg in args:
        if arg.spread:
            spread = arg
            _check_spread(cx, arg, called, whole)
        elif arg.name is not None:
            _named(cx, arg, params, given, called)
        elif position < len(names) and names[position] not in given:
            given[names[position]] = arg.value
            position += 1
        else:
            extra = extra or arg
            cx.expr(arg.value)
    if extra is not None:
        _too_many(cx, extra, params, args, called)
    _check_types(cx, node, params, given, called, args)
    cx.facts.calls[node] = [(field, given.get(name)) for name, field in params.items()]
    missing = [f for name, f in params.items() if name not in given and f.default is None]
    if missing and spread is None and extra is None and not any(_is_unknown(arg, params) for arg in args):
        _missing(cx, node, missing, params, args, called)


def _is_unknown(arg: s.Arg, params: dict[str, Field]) -> bool:
    return arg.name is not None and arg.name.text not in params


def _check_spread(cx: Cx, arg: s.Arg, called: Called, whole: Type | None) -> None:
    if whole is None or not called.has_fields or called.kind == "variant":
        cx.expr(arg.value)
        cx.problems.add(
            "RFT0303",
            "`..` copies a record or an error",
            arg,
            f"`{called.name}` is {'a ' + called.kind}",
            helps=["name the arguments"],
        )
    else:
        cx.expect(arg.value, whole, f"`..` copies another `{whole}`")


def _named(cx: Cx, arg: s.Arg, params: dict[str, Field], given: dict[str, s.Expr], called: Called) -> None:
    assert arg.name is not None
    name = arg.name.text
    if name in given:
        cx.expr(arg.value)
        cx.problems.add(
            "RFT0303",
            f"`{name}` is given twice",
            arg.name,
            "again",
            also=[(given[name], "given here")],
        )
    elif name in params:
        given[name] = arg.value
    else:
        cx.expr(arg.value)
        if cx.scope.is_silent(name):
            return
        near = closest(name, params)
        word = "field" if called.has_fields else "parameter"
        helps = [f"did you mean `{near}`?"] if near else []
        if not helps and params:
            helps = [f"it has {', '.join(params)}"]
        cx.problems.add(
            "RFT0303",
            f"`{called.name}` has no {word} `{name}`",
            arg.name,
            "not known",
            helps=helps,
            fix=Fix([(arg.name.lo, arg.name.hi, near)]) if near else None,
        )


def _too_many(cx: Cx, extra: s.Arg, params: dict[str, Field], args: list[s.Arg], called: Called) -> None:
    count = len(params)
    takes = "no arguments" if not count else "1 argument" if count == 1 else f"{count} arguments"
    cx.problems.add(
        "RFT0303",
        f"`{called.name}` takes {takes}, and {len(args)} are given",
        extra,
        "one too many",
        notes=[called.signature(params, cx)],
    )


def _missing(
    cx: Cx,
    node: Node,
    missing: list[Field],
    params: dict[str, Field],
    args: list[s.Arg],
    called: Called,
) -> None:
    if len(missing) == 1:
        needs = f"`{missing[0].name}: {missing[0].type}`"
    else:
        needs = ", ".join(f"`{f.name}: {f.type}`" for f in missing[:-1])
        needs += f" and `{missing[-1].name}: {missing[-1].type}`"
    if called.has_fields:
        cx.problems.add(
            "RFT0313",
            f"`{called.name}` needs {needs}",
            node,
            "not given here",
            notes=["fields without a default must be given"],
        )
        return
    count = (
        f"{len(params)} parameter{'s' if len(params) != 1 else ''}, {len(args)} argument{'s' if len(args) != 1 else ''}"
    )
    also = "also needs" if args else "needs"
    cx.problems.add(
        "RFT0302",
        f"`{called.name}` {also} {needs}",
        node,
        count,
        notes=[called.signature(params, cx)],
    )


def _check_types(
    cx: Cx,
    node: Node,
    params: dict[str, Field],
    given: dict[str, s.Expr],
    called: Called,
    args: list[s.Arg],
) -> None:
    got: dict[str, Type] = {}
    wrong: list[str] = []
    for name, value in given.items():
        want = params[name].type
        found = got[name] = cx.expr(value, want)
        if found is not want:
            if fits(found, want):
                cx.facts.widened[value] = want
            else:
                wrong.append(name)
    if not wrong:
        return
    if len(wrong) == 2 and all(arg.name is None for arg in args) and _swapped(cx, wrong, params, given, got, called):
        return
    from .mismatch import report_mismatch

    for name in wrong:
        want = params[name].type
        report_mismatch(cx, given[name], got[name], want, f"`{name}` wants {a(want)}")


def _swapped(
    cx: Cx,
    wrong: list[str],
    params: dict[str, Field],
    given: dict[str, s.Expr],
    got: dict[str, Type],
    called: Called,
) -> bool:
    """Two arguments that fit when they change places."""
    first, second = wrong
    if not (fits(got[first], params[second].type) and fits(got[second], params[first].type)):
        return False
    one, two = given[first], given[second]
    text = cx.problems.source.text
    cx.problems.add(
        "RFT0301",
        "arguments are in the wrong order",
        one,
        f"this is {a(got[first])}, but `{first}` wants {a(params[first].type)}",
        also=[(two, f"this is {a(got[second])}, but `{second}` wants {a(params[second].type)}")],
        notes=[called.signature(params, cx)],
        helps=["swap them, or name them"],
        fix=Fix([(one.lo, one.hi, text[two.lo : two.hi]), (two.lo, two.hi, text[one.lo : one.hi])]),
    )
    return True


EXPRESSIONS[s.Call] = _call
