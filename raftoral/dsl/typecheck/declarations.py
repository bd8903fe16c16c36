"""Declarations: defaults, constants, functions, policies, workflows with their members."""

from __future__ import annotations

from .. import syntax as s
from ..facts.symbols import CHECKPOINT, PARAMETER, Activity, Const, Function, Local, Workflow
from ..facts.types import NEVER, NONE, POISON, UNIT, Field, Type, UnionType
from ..scope.naming import check_lower, params_of
from ..scope.type_names import type_of
from ..syntax import Node
from .context import CONSTANT, FUNCTION, KEY, QUERY, WORKFLOW, Cx
from .expressions import cannot_infer
from .mismatch import a, described
from .policies import check_policies

MONEY = frozenset(
    [
        "price",
        "amount",
        "cost",
        "fee",
        "salary",
        "wage",
        "balance",
        "payment",
        "money",
        "discount",
        "subtotal",
        "revenue",
        "budget",
        "tax",
    ]
)


def check_constants(cx: Cx) -> None:
    """Constants first, since anything may use them, and each after those that it uses."""
    decls = {decl.name.text: decl for decl in cx.parsed.module.decls if isinstance(decl, s.Const)}
    needs = {name: _mentioned(decl, decls) for name, decl in decls.items()}
    done: set[str] = set()
    while len(done) < len(decls):
        ready = [name for name in decls if name not in done and done.issuperset(needs[name])]
        if not ready:
            _constants_in_circle(cx, [decls[name] for name in decls if name not in done])
            return
        for name in ready:
            cx.enter(CONSTANT, decls[name], None, None)
            try:
                _const(cx, decls[name])
            except RecursionError:
                report_too_deep(cx, decls[name])
        done.update(ready)


def report_too_deep(cx: Cx, decl: Node) -> None:
    """RFT0116 for a declaration that the recursion of the checks cannot follow."""
    cx.problems.at(
        "RFT0116",
        "this declaration is nested too deeply",
        decl.lo,
        decl.lo + 1,
        "it begins here",
        helps=["give parts of it names with `let`, or move them to functions"],
    )


def _mentioned(decl: s.Const, decls: dict[str, s.Const]) -> set[str]:
    return {part.name.text for part in s.walk(decl.value) if isinstance(part, s.NameRef) and part.name.text in decls}


def _constants_in_circle(cx: Cx, decls: list[s.Const]) -> None:
    cx.problems.add(
        "RFT0502",
        "these constants need each other" if len(decls) > 1 else f"`{decls[0].name.text}` needs itself",
        decls[0].name,
        "its value would have to be known first",
        also=[(decl.name, "and so would this") for decl in decls[1:4]],
        helps=["give one of them a value that needs no other"],
    )


def _const(cx: Cx, decl: s.Const) -> None:
    meaning = cx.scope.names.get(decl.name.text)
    if decl.type is not None:
        found = type_of(cx.scope, decl.type)
        cx.expect(
            decl.value,
            found,
            f"the constant is declared as `{found}`",
            [(decl.type, "declared here")],
        )
    else:
        found = cx.expr(decl.value)
        if found is NONE:
            found = cannot_infer(cx, decl.value, "none", "str? = none", "const")
    if isinstance(meaning, Const) and meaning.decl is decl:
        meaning.type = found
    _money_as_float(cx, decl.name.text, found, decl.name)


def check_declaration(cx: Cx, decl: s.Decl) -> None:
    """One declaration, all of it."""
    if isinstance(decl, s.Record | s.Error):
        cx.enter(CONSTANT, decl, None, None)
        _defaults(cx, [(f.name.text, f.default, f) for f in decl.fields], _fields_of(cx, decl))
    elif isinstance(decl, s.Union):
        cx.enter(CONSTANT, decl, None, None)
        union = cx.scope.names.get(decl.name.text)
        for variant in decl.variants:
            made = union.variants.get(variant.name.text) if isinstance(union, UnionType) else None
            _defaults(
                cx,
                [(p.name.text, p.default, p) for p in variant.params],
                made.fields if made else {},
            )
    elif isinstance(decl, s.Fn):
        _fn(cx, decl)
    elif isinstance(decl, s.Extern):
        for fn in decl.fns:
            cx.enter(CONSTANT, fn, None, None)
            meaning = cx.scope.names.get(fn.name.text)
            _param_defaults(cx, fn.params, meaning.params if isinstance(meaning, Function) else {})
    elif isinstance(decl, s.Activity):
        _activity(cx, decl)
    elif isinstance(decl, s.Workflow):
        _workflow(cx, decl)
    elif isinstance(decl, s.Migrate):
        _migrate(cx, decl)


def _fields_of(cx: Cx, decl: s.Record | s.Error) -> dict[str, Field]:
    meaning = cx.scope.names.get(decl.name.text)
    fields: dict[str, Field] = getattr(meaning, "fields", {})
    return fields


def _defaults(cx: Cx, written: list[tuple[str, s.Expr | None, Node]], fields: dict[str, Field]) -> None:
    for name, default, node in written:
        field = fields.get(name)
        if field is None:
            continue
        if default is not None:
            cx.expect(default, field.type, f"`{name}` is {a(field.type)}")
        if isinstance(node, s.Field | s.Param):
            _money_as_float(cx, name, field.type, node.name)


def _money_as_float(cx: Cx, name: str, type: Type, node: Node) -> None:
    if str(type) in ("float", "float?") and not MONEY.isdisjoint(name.split("_")):
        cx.problems.add(
            "RFT0311",
            f"`{name}` looks like money, and float cannot hold 0.10 exactly",
            node,
            "a float",
            helps=["use `decimal`, or silence this with `# rft: allow money-as-float`"],
        )


def _param_defaults(cx: Cx, params: list[s.Param], fields: dict[str, Field]) -> None:
    _defaults(cx, [(p.name.text, p.default, p) for p in params], fields)


def _parameters(cx: Cx, params: list[s.Param], fields: dict[str, Field]) -> None:
    for param in params:
        field = fields.get(param.name.text)
        cx.declare(param.name, PARAMETER, field.type if field is not None else POISON)


def _fn(cx: Cx, decl: s.Fn) -> None:
    meaning = cx.scope.names.get(decl.name.text)
    function = meaning if isinstance(meaning, Function) and meaning.decl is decl else None
    params = function.params if function else {}
    result = function.result if function else POISON
    cx.enter(CONSTANT, decl, None, None)
    _param_defaults(cx, decl.params, params)
    cx.enter(FUNCTION, decl, result, decl.result)
    _parameters(cx, decl.params, params)
    if isinstance(decl.body, s.Pure):
        cx.expect(
            decl.body.value,
            result,
            f"`{decl.name.text}` returns {a(result)}",
            [(decl.result, "promised here")],
        )
    else:
        goes_on = cx.block(decl.body)
        if goes_on:
            missing_return(cx, decl, decl.body, result, decl.result)
    cx.leave(0)


def missing_return(cx: Cx, decl: Node, body: s.Block, result: Type, result_node: Node | None) -> None:
    """RFT0403: control can come to the end of something that promises a value."""
    if result is UNIT or result is POISON or cx.parsed.damaged(decl):
        return
    also: list[tuple[Node, str]] = [(result_node, "promised here")] if result_node is not None else []
    last = body.stmts[-1] if body.stmts else None
    notes = []
    if isinstance(last, s.If) and last.orelse is None:
        notes = [f"when {described(cx, last.condition)} is false it ends without a value"]
    elif isinstance(last, s.While):
        notes = ["when the loop is over it ends without a value"]
    cx.problems.at(
        "RFT0403",
        f"not every path returns {a(result)}",
        body.hi - 1,
        body.hi,
        "control can come to this end",
        also=also,
        notes=notes,
        helps=["return a value on every way, or `fail`"],
    )


def _activity(cx: Cx, decl: s.Activity) -> None:
    meaning = cx.scope.names.get(decl.name.text)
    activity = meaning if isinstance(meaning, Activity) and meaning.decl is decl else None
    params = activity.params if activity else {}
    cx.enter(CONSTANT, decl, None, None)
    _param_defaults(cx, decl.params, params)
    cx.enter(KEY, decl, None, None)
    for name, field in params.items():  # a key may use them; they hide nothing, for there is no body
        cx.locals[name] = Local(name, PARAMETER, field.type, decl.name)
    check_policies(cx, decl.policies, activity)
    cx.leave(0)


def _workflow(cx: Cx, decl: s.Workflow) -> None:
    meaning = cx.scope.names.get(decl.name.text)
    version = None
    if isinstance(meaning, Workflow):
        version = next((v for v in meaning.versions.values() if v.decl is decl), None)
    params = version.params if version else {}
    result = version.result if version else POISON
    cx.enter(CONSTANT, decl, None, None)
    _param_defaults(cx, decl.params, params)
    cx.enter(WORKFLOW, decl, result, decl.result or decl.name)
    cx.signals = dict(version.signals) if version else {}
    _parameters(cx, decl.params, params)
    _members(cx, decl)
    goes_on = cx.block(decl.body)
    if goes_on:
        missing_return(cx, decl, decl.body, result, decl.result)
    cx.leave(0)


def _members(cx: Cx, decl: s.Workflow) -> None:
    seen: dict[str, Node] = {}
    for member in decl.members:
        name = member.name.text
        if name in seen:
            cx.problems.add(
                "RFT0206",
                f"`{name}` is declared twice in this workflow",
                member.name,
                "again",
                also=[(seen[name], "first declared here")],
            )
            continue
        seen[name] = member.name
        if isinstance(member, s.Checkpoint):
            _checkpoint(cx, member)
    for member in decl.members:
        if isinstance(member, s.Query):
            _query(cx, decl, member)


def _checkpoint(cx: Cx, member: s.Checkpoint) -> None:
    kind, cx.kind = cx.kind, WORKFLOW
    if member.type is not None:
        found = type_of(cx.scope, member.type)
        cx.expect(
            member.value,
            found,
            f"the checkpoint is declared as `{found}`",
            [(member.type, "declared here")],
        )
    else:
        found = cx.expr(member.value)
        if found is NONE:
            found = cannot_infer(cx, member.value, "none", "str? = none", "checkpoint")
    cx.kind = kind
    cx.declare(member.name, CHECKPOINT, found if found is not NEVER else POISON)


def _query(cx: Cx, decl: s.Workflow, member: s.Query) -> None:
    check_lower(cx.scope, member.name, "query")
    params = params_of(cx.scope, member.params, member.name.text, "workflow")
    result = type_of(cx.scope, member.result)
    mark = len(cx.opened)
    kind, cx.kind = cx.kind, QUERY
    _parameters(cx, member.params, params)
    if isinstance(member.value, s.QueryWrite):
        cx.problems.add(
            "RFT0803",
            "a query is an expression that reads",
            member.value,
            f"this writes to `{member.value.name.text}`",
            notes=["it runs on any node, at any time, outside the log"],
            helps=["to change something from outside, send a signal"],
        )
        local = cx.locals.get(member.value.name.text)
        if local is not None:
            local.reads += 1
    else:
        cx.expect(
            member.value,
            result,
            f"`{member.name.text}` returns {a(result)}",
            [(member.result, "promised here")],
        )
    cx.kind = kind
    cx.leave(mark)


def _migrate(cx: Cx, decl: s.Migrate) -> None:
    """What can be checked without the lock: the workflow is there, and its `let`s hold together."""
    meaning = cx.scope.find(decl.name.text)
    if not isinstance(meaning, Workflow):
        if not cx.scope.is_silent(decl.name.text):
            cx.problems.add(
                "RFT0201",
                f"there is no workflow called `{decl.name.text}`",
                decl.name,
                "not declared here",
            )
        return
    number = int(decl.version.text[:18])
    if number >= max(meaning.versions):
        cx.problems.add(
            "RFT0201",
            f"`{decl.name.text}` has no version after {number} to migrate to",
            decl.version,
            f"the newest is {max(meaning.versions)}",
        )
