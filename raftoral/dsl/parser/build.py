"""Rule -> node: what the driver calls at each reduction. No decision here but the shape of the tree.

Most rules of the grammar have the arguments of their node's constructor, so the action *is* the class. A rule
that is a list (`params`, `policies`, ...) has `list` itself as its action: the driver then makes no call.
"""

from __future__ import annotations

from .. import syntax as s
from ..syntax import Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Action = Callable[..., Any]


def _module(lo: int, hi: int, edition: Token, name: s.Dotted | None, *rest: Any) -> s.Module:
    imports = [node for node in rest if node.__class__ is s.Import]
    decls = [node for node in rest if node.__class__ is not s.Import]
    return s.Module(lo, hi, edition, name, imports, decls)


def _dotted(lo: int, hi: int, *parts: Token) -> s.Dotted:
    return s.Dotted(lo, hi, list(parts), ".".join(part.text for part in parts))


def _slot_ref(lo: int, hi: int, *parts: Token) -> s.SlotRef:
    return s.SlotRef(lo, hi, list(parts), ".".join(part.text for part in parts))


def _error(lo: int, hi: int, name: Token, fields: list[s.Field] | None) -> s.Error:
    return s.Error(lo, hi, name, fields or [])


def _variant(lo: int, hi: int, name: Token, params: list[s.Param] | None) -> s.Variant:
    return s.Variant(lo, hi, name, params or [])


def _extern_fn(
    lo: int, hi: int, name: Token, params: list[s.Param], result: s.TypeExpr, trusted: Token | None
) -> s.ExternFn:
    return s.ExternFn(lo, hi, name, params, result, trusted is not None)


def _activity(
    lo: int,
    hi: int,
    name: Token,
    params: list[s.Param],
    result: s.TypeExpr | None,
    raises: list[s.TypeName] | None,
    policies: list[s.Policy] | None,
) -> s.Activity:
    return s.Activity(lo, hi, name, params, result, raises or [], policies or [])


def _retry_never(lo: int, hi: int) -> s.Retry:
    return s.Retry(lo, hi, True, None, None, None, None, None, [])


def _retry_times(
    lo: int, hi: int, count: Token | None, pauses: _Backoff | None, excepts: list[s.TypeName] | None
) -> s.Retry:
    if pauses is None:
        return s.Retry(lo, hi, False, count, None, None, None, None, excepts or [])
    return s.Retry(lo, hi, False, count, pauses.first, pauses.most, pauses.factor, pauses.step, excepts or [])


class _Backoff:
    """`backoff first..most factor f`, before it becomes part of its `Retry`."""

    __slots__ = ("factor", "first", "most", "step")

    def __init__(
        self,
        lo: int,
        hi: int,
        first: s.Expr,
        most: s.Expr | None,
        growth: tuple[str, s.Expr] | None,
    ):
        self.first = first
        self.most = most
        self.factor = growth[1] if growth and growth[0] == "factor" else None
        self.step = growth[1] if growth and growth[0] == "step" else None


def _workflow(
    lo: int,
    hi: int,
    name: Token,
    version: Token,
    params: list[s.Param],
    result: s.TypeExpr | None,
    raises: list[s.TypeName] | None,
    body: s.Block,
) -> s.Workflow:
    split = 0
    everything: list[Any] = body.stmts
    while split < len(everything) and everything[split].__class__ in (
        s.Checkpoint,
        s.Signal,
        s.Query,
    ):
        split += 1
    members = everything[:split]
    return s.Workflow(
        lo,
        hi,
        name,
        version,
        params,
        result,
        raises or [],
        members,
        s.Block(body.lo, body.hi, everything[split:]),
    )


def _block(lo: int, hi: int, *stmts: s.Stmt) -> s.Block:
    return s.Block(lo, hi, list(stmts))


def _tuple_target(lo: int, hi: int, *names: Token) -> s.TupleTarget:
    return s.TupleTarget(lo, hi, list(names))


def _first(lo: int, hi: int, value: Any) -> Any:
    return value


def _none(lo: int, hi: int, *_: Any) -> None:
    return None


def _sleep(lo: int, hi: int, label: Token | None, until: Token | None, value: s.Expr) -> s.Sleep:
    return s.Sleep(lo, hi, label, until is not None, value)


def _log(lo: int, hi: int, level: str | None, message: s.Expr) -> s.Log:
    return s.Log(lo, hi, level or "info", message)


def _word(lo: int, hi: int, token: Token) -> str:
    return token.text


def _return_unit(lo: int, hi: int, *_: Token) -> s.Return:
    return s.Return(lo, lo + len("return"), None)  # an arm's comma is not part of it


def _parallel(lo: int, hi: int, label: Token | None, settle: Token | None, branches: list[s.Branch]) -> s.Parallel:
    return s.Parallel(lo, hi, label, settle is not None, branches)


def _step(lo: int, hi: int, name: Token, after: list[Token] | None, body: Any, undo: s.Compensation | None) -> s.Step:
    return s.Step(lo, hi, name, after or [], body, undo)


def _parallel_for(
    lo: int,
    hi: int,
    target: s.Target,
    source: s.Iterable,
    limit: s.Expr | None,
    settle: Token | None,
    body: s.Block,
) -> s.ParallelFor:
    return s.ParallelFor(lo, hi, target, source, limit, settle is not None, body)


def _callee(lo: int, hi: int, name: Token) -> s.Callee:
    return s.Callee(lo, hi, None, name, False)


def _module_callee(lo: int, hi: int, module: Token, name: Token) -> s.Callee:
    return s.Callee(lo, hi, module, name, False)


def _do(lo: int, hi: int, callee: s.Callee | s.TypeName, args: list[s.Arg], overrides: Any) -> s.Do:
    if callee.__class__ is s.TypeName:
        callee = s.Callee(callee.lo, callee.hi, callee.module, callee.name, True)
    return s.Do(lo, hi, callee, args, overrides)  # type: ignore[arg-type]


def _prim(lo: int, hi: int, name: str) -> s.PrimType:
    return s.PrimType(lo, hi, name)


def _local_type(lo: int, hi: int, name: Token) -> s.TypeName:
    return s.TypeName(lo, hi, None, name)


def _tuple_type(lo: int, hi: int, *items: s.TypeExpr) -> s.TupleType:
    return s.TupleType(lo, hi, list(items))


def _binary(lo: int, hi: int, left: s.Expr, op: Token, right: s.Expr) -> s.Expr:
    if right.__class__ is s.OrFail and op.text == "??":  # `a ?? b ?? fail E`: the `fail` is for both
        first = s.Binary(lo, right.value.hi, op.text, left, right.value, op.lo)
        return s.OrFail(lo, hi, first, right.error)
    return s.Binary(lo, hi, op.text, left, right, op.lo)


def _not_in(lo: int, hi: int, left: s.Expr, right: s.Expr) -> s.Binary:
    return s.Binary(lo, hi, "not in", left, right, left.hi)


def _is(lo: int, hi: int, value: s.Expr, what: s.TypeName | Token) -> s.Is:
    return s.Is(lo, hi, value, what if isinstance(what, s.TypeName) else None, False)


def _is_not(lo: int, hi: int, value: s.Expr, what: s.TypeName | Token) -> s.Is:
    return s.Is(lo, hi, value, what if isinstance(what, s.TypeName) else None, True)


def _not(lo: int, hi: int, operand: s.Expr) -> s.Unary:
    return s.Unary(lo, hi, "not", operand)


def _negate(lo: int, hi: int, op: Token, operand: s.Expr) -> s.Unary:
    return s.Unary(lo, hi, op.text, operand)


def _attr(lo: int, hi: int, value: s.Expr, name: Token) -> s.Attr:
    return s.Attr(lo, hi, value, name, False)


def _optional_attr(lo: int, hi: int, value: s.Expr, name: Token) -> s.Attr:
    return s.Attr(lo, hi, value, name, True)


def _tuple(lo: int, hi: int, *items: s.Expr) -> s.TupleLiteral:
    return s.TupleLiteral(lo, hi, list(items))


def _list(lo: int, hi: int, *items: s.Expr) -> s.ListLiteral:
    return s.ListLiteral(lo, hi, list(items))


def _map(lo: int, hi: int, *pairs: s.Pair) -> s.MapLiteral:
    return s.MapLiteral(lo, hi, list(pairs))


def _plain_arg(lo: int, hi: int, value: s.Expr) -> s.Arg:
    return s.Arg(lo, hi, None, value, False)


def _named_arg(lo: int, hi: int, name: Token, value: s.Expr) -> s.Arg:
    return s.Arg(lo, hi, name, value, False)


def _spread_arg(lo: int, hi: int, value: s.Expr) -> s.Arg:
    return s.Arg(lo, hi, None, value, True)


def _boolean(lo: int, hi: int, token: Token) -> s.Boolean:
    return s.Boolean(lo, hi, token.text == "true")


def _none_literal(lo: int, hi: int, token: Token) -> s.NoneLiteral:
    return s.NoneLiteral(lo, hi)


def _name_ref(lo: int, hi: int, name: Token) -> s.Expr:
    return s.NameRef(lo, hi, name) if name.text else s.Hole(lo, hi)  # an empty name was put in by the recovery


def _text(lo: int, hi: int, token: Token) -> s.Text:
    if token.__class__ is s.TextToken:
        return s.Text(lo, hi, token.parts)
    return s.Text(lo, hi, [token.text[1:-1]])


ACTIONS: dict[str, Action] = {
    "start": _module, "edition": _first, "module_decl": _first, "import_": s.Import, "import_name": s.ImportName,
    "import_names": list, "dotted": _dotted,
    "record": s.Record, "error_decl": _error, "fields": list, "field": s.Field, "enum": s.Enum,
    "members": list, "union": s.Union, "variants": list, "variant": _variant, "const": s.Const,
    "fn": s.Fn, "pure_body": s.Pure, "extern": s.Extern, "extern_fns": list, "extern_fn": _extern_fn,
    "params": list, "param": s.Param,
    "activity": _activity, "raises": list, "policies": list, "policy": s.Policy,
    "retry_never": _retry_never, "retry_times": _retry_times, "retry_count": _first, "retry_forever": _none,
    "backoff": _Backoff, "growth_factor": lambda lo, hi, value: ("factor", value),
    "growth_step": lambda lo, hi, value: ("step", value), "excepts": list,
    "workflow": _workflow, "workflow_body": _block, "checkpoint": s.Checkpoint, "signal": s.Signal,
    "query": s.Query, "query_write": _first, "bare_assign": lambda lo, hi, name, op, value: s.QueryWrite(lo, hi, name),
    "migrate": s.Migrate, "migrate_rules": list, "migrate_slot": s.MigrateSlot, "migrate_let": s.MigrateLet,
    "slot_ref": _slot_ref,
    "block": _block, "return_unit": _return_unit, "let": s.Let, "var": s.Var, "assign": s.Assign, "assign_op": _word,
    "tuple_target": _tuple_target, "do_stmt": s.DoStmt, "do_": _do, "callee_local": _callee,
    "callee_module": _module_callee, "overrides": _first, "compensate": s.Compensation, "label": _first,
    "wait_stmt": s.WaitStmt, "wait": s.Wait, "spawn": s.Spawn, "spawn_stmt": s.SpawnStmt, "send": s.Send,
    "sleep": _sleep, "log": _log, "level": _word, "assert_": s.Assert,
    "if_stmt": s.If, "assignment_as_condition": s.Assignment, "match_stmt": s.MatchStmt, "arms": list,
    "match_arm": s.MatchArm, "patterns": list, "any_pattern": s.AnyPattern, "member_pattern": s.MemberPattern,
    "some_pattern": s.SomePattern, "literal_pattern": s.LiteralPattern, "variant_pattern": s.VariantPattern,
    "subpatterns": list, "named_pattern": s.NamedPattern, "bind_pattern": s.BindPattern,
    "for_stmt": s.For, "range": s.Range, "while_stmt": s.While, "try_": s.Try, "catches": list,
    "catch": s.Catch, "catch_types": list, "parallel": _parallel, "branches": list, "branch": s.Branch,
    "dag": s.Dag, "steps": list, "step": _step, "after": list, "parallel_for": _parallel_for,
    "parallel_for_stmt": s.ParallelForStmt, "select_stmt": s.SelectStmt, "select_value": s.Select,
    "select_arms": list, "on_signal": s.OnSignal, "on_timer": s.OnTimer, "on_done": s.OnDone,
    "return_": s.Return, "fail": s.Fail, "give": s.Give, "break_": s.Break, "continue_": s.Continue,
    "continue_as_new": s.ContinueAsNew,
    "optional_type": s.OptionalType, "bounded_type": s.BoundedType, "prim_type": _prim, "prim": _word,
    "list_type": s.ListType, "map_type": s.MapType, "handle_type": s.HandleType, "outcome_type": s.OutcomeType,
    "tuple_type": _tuple_type, "local_type": _local_type, "module_type": s.TypeName,
    "if_expr": s.IfExpr, "binary": _binary, "not_in": _not_in, "is_expr": _is, "is_not_expr": _is_not,
    "not_expr": _not, "negate": _negate, "or_fail": s.OrFail, "attr": _attr, "optional_attr": _optional_attr,
    "type_attr": s.TypeAttr, "call": s.Call, "index": s.Index, "force": s.Force, "name_ref": _name_ref,
    "type_ref": s.TypeRef, "tuple_": _tuple, "list_": _list, "comprehension": s.Comprehension, "map_": _map,
    "some": s.SomeOf, "match_expr": s.MatchExpr, "value_arms": list, "value_arm": s.ValueArm, "pair": s.Pair,
    "args": list, "plain_arg": _plain_arg, "named_arg": _named_arg, "spread_arg": _spread_arg,
    "number": s.Number, "string": _text, "boolean": _boolean, "none": _none_literal,
}  # fmt: skip
