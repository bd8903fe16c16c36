"""Statements: what they bind, what they need, and whether control goes on after them."""

from __future__ import annotations

from .. import syntax as s
from ..facts.symbols import CHECKPOINT, LET, VAR, Local
from ..facts.types import (
    DURATION,
    NEVER,
    NONE,
    POISON,
    STR,
    TIMESTAMP,
    UNIT,
    ErrorType,
    OptionalType,
    Type,
    fits,
    is_stored,
    one_of,
)
from ..scope.type_names import errors_of, type_of
from ..syntax import Node, Token
from ..syntax.literals import number_value
from .conditions import constant_condition
from .context import FUNCTION, STATEMENTS, Cx, Loop, Target
from .expressions import bind_target, cannot_infer, check_error_value, iterated
from .matching import match_arms
from .mismatch import a, described
from .names import unknown_name
from .narrowing import learn

EFFECTS = (s.Do, s.Wait, s.ParallelFor, s.Spawn, s.Try, s.Select)


def _let(cx: Cx, node: s.Let) -> bool:
    type = _initial(cx, node.type, node.value, "let")
    if isinstance(node.target, Token):
        locals = [_declare_value(cx, node.target, LET, type, node.value)]
    else:
        locals = bind_target(cx, node.target, type, LET)
    if node.value.__class__ is s.ParallelFor:
        for local in locals:
            local.parallel_for = True
    if node.compensate is not None:
        compensation(cx, node.compensate, node.value, named=True)
    return cx.types[node.value] is not NEVER


def _var(cx: Cx, node: s.Var) -> bool:
    type = _initial(cx, node.type, node.value, "var")
    _declare_value(cx, node.name, VAR, type, node.value)
    if isinstance(type, OptionalType):
        _learn_value(cx, node.name.text, type, cx.types[node.value])
    if node.compensate is not None:
        compensation(cx, node.compensate, node.value, named=True)
    return cx.types[node.value] is not NEVER


def _initial(cx: Cx, annotation: s.TypeExpr | None, value: s.Value, word: str) -> Type:
    """The type of a new variable, from what is written or what it gets."""
    if annotation is not None:
        want = type_of(cx.scope, annotation)
        cx.expect(value, want, f"the {word} is declared as `{want}`", [(annotation, "declared here")])
        return want
    got = cx.expr(value)
    if got is NONE:
        return cannot_infer(cx, value, "none", "str? = none", word)
    return got


def _declare_value(cx: Cx, name: Token, kind: str, type: Type, value: s.Value) -> Local:
    if not is_stored(type) and type is not NEVER:
        helps = ["leave out the name"] if isinstance(value, EFFECTS) else []
        cx.problems.add(
            "RFT0301",
            f"{_called(cx, value)} gives no value to keep",
            value,
            "nothing to name",
            helps=helps,
        )
        type = POISON
    return cx.declare(name, kind, POISON if type is NEVER else type)


def _called(cx: Cx, value: s.Value) -> str:
    if isinstance(value, s.Do):
        return f"`{value.callee.name.text}`"
    if isinstance(value, s.Wait):
        return f"`wait {value.name.text}`"
    return described(cx, value)


def _learn_value(cx: Cx, name: str, declared: Type, got: Type) -> None:
    """After `found = some(x)` or `found = x`, the optional is known to be there while nobody assigns to it again."""
    if isinstance(declared, OptionalType) and not isinstance(got, OptionalType) and got not in (NONE, POISON, NEVER):
        cx.known = {**cx.known, name: declared.inner}


def _assign(cx: Cx, node: s.Assign) -> bool:
    name = node.name.text
    local = cx.locals.get(name)
    if local is None:
        cx.expr(node.value)
        _assign_to_unknown(cx, node, name)
        return True
    local.writes += 1
    cx.bindings[node] = local
    if local.kind not in (VAR, CHECKPOINT):
        cx.expr(node.value)
        _assign_to_fixed(cx, node, local)
        return True
    if node.op == "=":
        got = cx.expect(
            node.value,
            local.type,
            f"`{name}` is {a(local.type)}",
            [(local.node, f"declared as `{local.type}`")],
        )
        cx.forget(name)
        _learn_value(cx, name, local.type, got)
    else:
        _augment(cx, node, local)
    return cx.types[node.value] is not NEVER


def _augment(cx: Cx, node: s.Assign, local: Local) -> None:
    """`x += y` is `x = x + y`."""
    from .operators import binary_type

    known = cx.known.get(node.name.text, local.type)
    if isinstance(node.value, EFFECTS):
        cx.expect(node.value, local.type, f"`{node.name.text}` is {a(local.type)}")
        return
    got = binary_type(cx, node, node.name, known, node.op[0], node.value)
    if got is not POISON and not fits(got, local.type):
        from .mismatch import report_mismatch

        report_mismatch(cx, node.value, got, local.type, f"`{node.name.text}` is {a(local.type)}")


def _assign_to_unknown(cx: Cx, node: s.Assign, name: str) -> None:
    meaning = None if name in cx.siblings else cx.scope.find(name)
    if meaning is None:
        unknown_name(cx, node.name, name)
        return
    cx.problems.add(
        "RFT0407",
        f"`{name}` is a name of this module and does not change",
        node.name,
        "assigned here",
        helps=["use `var` for a local, or `checkpoint` if queries should see it"],
    )


def _assign_to_fixed(cx: Cx, node: s.Assign, local: Local) -> None:
    how = {"let": "was declared with `let`", "parameter": "is a parameter"}.get(local.kind, f"is a {local.kind}")
    cx.problems.add(
        "RFT0407",
        f"`{local.name}` {how} and does not change",
        node.name,
        "assigned here",
        also=[(local.node, "declared here")],
        helps=["use `var` for a local, or `checkpoint` if queries should see it"],
    )


def _do(cx: Cx, node: s.DoStmt) -> bool:
    cx.expr(node.call)
    if node.compensate is not None:
        compensation(cx, node.compensate, node.call, named=False)
    return True


def compensation(cx: Cx, node: s.Compensation, value: s.Value, named: bool) -> None:
    """`compensate do undo(...)`: sees the names of that moment, the result included when it has a name."""
    if not isinstance(value, s.Do):
        cx.problems.add(
            "RFT0713",
            "only a `do` can be compensated",
            node,
            "there is no effect to undo here",
            helps=["put `compensate` after the `do` that it undoes"],
        )
    before, cx.in_compensation = cx.in_compensation, not named
    targets, cx.targets = cx.targets, []
    loops, cx.loops = cx.loops, []
    branch, cx.branch = cx.branch, "compensation"
    lazy, cx.lazy = cx.lazy, "a compensation is registered after its effect, and must not fail then"
    if isinstance(node.body, s.Do):
        cx.expr(node.body)
    else:
        cx.block(node.body)
    cx.in_compensation, cx.targets, cx.loops, cx.branch, cx.lazy = before, targets, loops, branch, lazy


def _wait(cx: Cx, node: s.WaitStmt) -> bool:
    cx.expr(node.wait)
    return True


def _spawn(cx: Cx, node: s.SpawnStmt) -> bool:
    cx.expr(node.spawn)
    return True


def _send(cx: Cx, node: s.Send) -> bool:
    from .effects import send

    send(cx, node)
    return True


def _sleep(cx: Cx, node: s.Sleep) -> bool:
    from .effects import suspends

    suspends(cx, node, "sleep")
    if node.until:
        cx.expect(node.value, TIMESTAMP, "`sleep until` wants a timestamp")
        return True
    cx.expect(node.value, DURATION, "`sleep` wants a duration")
    value = number_value(node.value)
    if value is not None and value <= 0:
        cx.problems.add(
            "RFT0808",
            f"a sleep of {described(cx, node.value).strip('`')} does nothing but store a slot",
            node.value,
            "not a pause",
            helps=["remove it"],
        )
    return True


def _log(cx: Cx, node: s.Log) -> bool:
    if cx.kind == FUNCTION:
        cx.problems.add(
            "RFT0501",
            "a function cannot write to the log",
            node,
            "functions are pure: they only give a value",
        )
    got = cx.expr(node.message)
    if got is UNIT:
        cx.problems.add(
            "RFT0301",
            f"{described(cx, node.message)} gives no value",
            node.message,
            "nothing to print",
        )
    return True


def _assert(cx: Cx, node: s.Assert) -> bool:
    cx.condition(node.condition)
    if node.message is not None:
        cx.expect(node.message, STR, "the message of an `assert` is text")
    true, _ = learn(cx, node.condition)
    if true:
        cx.known = {**cx.known, **true}
    return not (isinstance(node.condition, s.Boolean) and not node.condition.value)


def _if(cx: Cx, node: s.If) -> bool:
    cx.condition(node.condition)
    constant_condition(cx, node.condition)
    before = cx.known
    true, false = learn(cx, node.condition)
    cx.known = {**before, **true} if true else before
    then_on = cx.block(node.then)
    after_then = cx.known
    cx.known = {**before, **false} if false else before
    else_on = True
    if isinstance(node.orelse, s.If):
        else_on = _if(cx, node.orelse)
    elif node.orelse is not None:
        else_on = cx.block(node.orelse)
    if then_on and else_on:
        if cx.known is not after_then:
            after_else = cx.known
            cx.known = {k: t for k, t in after_then.items() if after_else.get(k) is t}
    elif then_on:
        cx.known = after_then
    return then_on or else_on


def _match(cx: Cx, node: s.MatchStmt) -> bool:
    return match_arms(cx, node, node.subject, node.arms, None) is not NEVER


def _for(cx: Cx, node: s.For) -> bool:
    item = iterated(cx, node.source)
    cx.forget_assigned(node.body)
    mark = len(cx.opened)
    bind_target(cx, node.target, item, "bound name")
    cx.loops.append(Loop())
    before = cx.known
    cx.block(node.body)
    cx.known = before
    cx.loops.pop()
    cx.leave(mark)
    return True


def _while(cx: Cx, node: s.While) -> bool:
    cx.forget_assigned(node.body)
    cx.condition(node.condition)
    constant_condition(cx, node.condition, loop=True)
    before = cx.known
    true, false = learn(cx, node.condition)
    cx.known = {**before, **true} if true else before
    loop = Loop()
    cx.loops.append(loop)
    cx.block(node.body)
    cx.loops.pop()
    cx.known = {**before, **false} if false and not loop.broken else before
    forever = isinstance(node.condition, s.Boolean) and node.condition.value
    return not forever or loop.broken


def _break(cx: Cx, node: s.Break) -> bool:
    if cx.loops:
        cx.loops[-1].broken = True
    else:
        _no_loop(cx, node, "break out of", "`break`")
    return False


def _continue(cx: Cx, node: s.Continue) -> bool:
    if not cx.loops:
        _no_loop(cx, node, "continue", "`continue`")
    return False


def _no_loop(cx: Cx, node: Node, what: str, word: str) -> None:
    notes = [f"{word} in a `select` arm concerns the loop around it"]
    if cx.branch is not None:
        notes = ["a branch runs by itself: it cannot leave a loop that is outside of it"]
    cx.problems.add("RFT0405", f"there is no loop here to {what}", node, "not in a loop", notes=notes)


def _leaves_finally(cx: Cx, node: Node, word: str) -> None:
    """RFT0411: `finally` runs on every way out, so it must not choose one."""
    if cx.in_final:
        cx.problems.at(
            "RFT0411",
            f"`finally` cannot `{word}`",
            node.lo,
            node.lo + len(word),
            "this would swallow the error or the value that is on its way out",
            notes=["`finally` runs on every way out of its `try`: after it, control goes on where it was going"],
            helps=["decide after the `try`, or in a `catch`"],
        )


def _return(cx: Cx, node: s.Return) -> bool:
    _leaves_finally(cx, node, "return")
    if cx.branch is not None:
        cx.problems.add(
            "RFT0609",
            f"a {cx.branch} cannot `return` from the workflow",
            node,
            *leaving(cx),
        )
        if node.value is not None:
            cx.expr(node.value)
        return False
    want = cx.result
    if node.value is None:
        if want is not None and want is not UNIT and want is not POISON:
            _return_without_value(cx, node, want)
        return False
    if want is None:
        cx.expr(node.value)
    elif want is UNIT:
        got = cx.expr(node.value)
        if got is not UNIT and got is not POISON and got is not NEVER:
            cx.problems.add(
                "RFT0301",
                f"this returns {a(got)}, and the {cx.kind} promises nothing",
                node.value,
                a(got),
                also=[(cx.result_node, "no `->` here")] if cx.result_node is not None else [],
                helps=[f"add `-> {got}` after the parameters, or return nothing"],
            )
    else:
        also = [(cx.result_node, f"promised here: `{want}`")] if cx.result_node is not None else []
        cx.expect(node.value, want, f"the {cx.kind} returns {a(want)}", also)
    return False


def leaving(cx: Cx) -> tuple[str]:
    """Why nothing leaves from inside a branch or a compensation: the label of RFT0609."""
    return (
        ("it runs while the workflow is on its way out",) if cx.branch == "compensation" else ("the others still run",)
    )


def _return_without_value(cx: Cx, node: s.Return, want: Type) -> None:
    also: list[tuple[Node, str]] = []
    if cx.result_node is not None:
        also.append((cx.result_node, f"promised here: `{want}`"))
    cx.problems.add(
        "RFT0301",
        f"this returns nothing, but the {cx.kind} returns {a(want)}",
        node,
        "no value",
        also=also,
        notes=["the value of a `return` begins on its own line"],
    )


def _fail(cx: Cx, node: s.Fail) -> bool:
    _leaves_finally(cx, node, "fail")
    if cx.kind == FUNCTION:
        cx.problems.add(
            "RFT0501",
            "a function cannot fail a workflow",
            node,
            "functions give a value for every argument",
            helps=["give an optional (`T?`) and let the workflow decide"],
        )
    check_error_value(cx, node.error)
    return False


def _give(cx: Cx, node: s.Give) -> bool:
    if not cx.targets:
        cx.expr(node.value)
        cx.problems.add(
            "RFT0408",
            "`give` hands a value out of `try`, `select`, a branch or a `parallel for` body",
            node,
            "there is none around this",
            helps=[
                "in an `if`, write `let x = if ... then ... else ...`",
                "to end the workflow with it, write `return`",
            ],
        )
        return False
    target = cx.targets[-1]
    if target.want is not None:
        cx.expect(node.value, target.want, f"what is given here must be {a(target.want)}")
        cx.give(target, target.want, node)
    else:
        got = cx.expr(node.value)
        if got is UNIT and not isinstance(node.value, EFFECTS):
            got = POISON
        cx.give(target, got, node)
    cx.facts.gives[node] = target.type
    return False


def _continue_as_new(cx: Cx, node: s.ContinueAsNew) -> bool:
    from .effects import continue_as_new

    continue_as_new(cx, node)
    return False


def try_value(cx: Cx, node: s.Try, want: Type | None) -> Type:
    """`try` as a value: what its body or a `catch` gives."""
    from .effects import value_missing

    target = Target(node, want)
    cx.targets.append(target)
    for place, goes_on in _try_parts(cx, node):
        if goes_on:
            value_missing(cx, place, node, "try", "its body" if place is node.body else "this `catch`")
            target.type = POISON if target.type is NEVER else target.type
    cx.targets.remove(target)
    _finally(cx, node)
    return target.type


def _try(cx: Cx, node: s.Try) -> bool:
    parts = _try_parts(cx, node)
    _finally(cx, node)
    return any(on for _, on in parts)


def _try_parts(cx: Cx, node: s.Try) -> list[tuple[s.Block, bool]]:
    before = cx.known
    parts = [(node.body, cx.block(node.body))]
    cx.known = before
    cx.forget_assigned(node.body)
    at_catch = cx.known
    caught: dict[ErrorType, Node] = {}
    for clause in node.catches:
        mark = len(cx.opened)
        cx.known = at_catch
        errors = _catch_errors(cx, clause, caught)
        if clause.name is not None:
            cx.declare(clause.name, "bound name", one_of(tuple(errors)) if errors else POISON)
        parts.append((clause.body, cx.block(clause.body)))
        cx.leave(mark)
    cx.known = before
    cx.forget_assigned(node)
    return parts


def _catch_errors(cx: Cx, clause: s.Catch, caught: dict[ErrorType, Node]) -> list[ErrorType]:
    errors: list[ErrorType] = []
    for name in clause.errors:
        for error in errors_of(cx.scope, [name]):
            if error in caught:
                cx.problems.add(
                    "RFT0715",
                    f"`{error.name}` is already caught above",
                    name,
                    "never reached",
                    also=[(caught[error], "caught here")],
                    helps=["remove it here"],
                )
            else:
                caught[error] = name
            errors.append(error)
    return errors


def _finally(cx: Cx, node: s.Try) -> None:
    """Checks `finally`. Control goes on after it where it was going: it cannot choose (RFT0411)."""
    if node.final is None:
        return
    before, cx.in_final = cx.in_final, True
    targets, cx.targets = cx.targets, []
    loops, cx.loops = cx.loops, []
    cx.block(node.final)
    cx.in_final, cx.targets, cx.loops = before, targets, loops


def _damaged(cx: Cx, node: s.Damaged) -> bool:
    return True


STATEMENTS.update({
    s.Let: _let, s.Var: _var, s.Assign: _assign, s.DoStmt: _do, s.WaitStmt: _wait, s.SpawnStmt: _spawn, s.Send: _send,
    s.Sleep: _sleep, s.Log: _log, s.Assert: _assert, s.If: _if, s.MatchStmt: _match, s.For: _for, s.While: _while,
    s.Break: _break, s.Continue: _continue, s.Return: _return, s.Fail: _fail, s.Give: _give, s.Try: _try,
    s.ContinueAsNew: _continue_as_new, s.Damaged: _damaged,
})  # fmt: skip
