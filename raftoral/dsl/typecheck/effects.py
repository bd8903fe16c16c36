"""Effects and waiting: `do`, `wait`, `spawn`, `send`, `select`, `parallel`, `parallel for`, `continue as new`.

Each of these suspends, so none may stand in a function (RFT0501). What an effect may raise is `effects`' business.
"""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics.spelling import closest
from ..facts.symbols import (
    BRANCH,
    Activity,
    Function,
    HandleType,
    Local,
    ModuleAlias,
    Signal,
    Workflow,
)
from ..facts.types import (
    DURATION,
    INT,
    NEVER,
    POISON,
    STR,
    UNIT,
    ListType,
    Type,
    list_of,
    optional,
    outcome_of,
)
from ..scope.type_names import find_type_name
from ..syntax import Node, Token
from ..syntax.literals import number_value
from .calls import Called, match_args, skip_args
from .context import EXPRESSIONS, FUNCTION, STATEMENTS, WORKFLOW, Cx, Target
from .expressions import bind_target, iterated
from .mismatch import a
from .names import unknown_effect, unknown_name
from .policies import check_overrides
from .statements import compensation, try_value

LIMIT_MAX = 10_000


def suspends(cx: Cx, node: Node, word: str) -> None:
    """Says RFT0501 when code that may not suspend does."""
    if cx.kind == WORKFLOW and not cx.in_final:
        return
    if cx.kind == FUNCTION:
        owner = cx.owner
        also = [(owner, "functions are pure: same arguments, same answer, on every node")] if owner is not None else []
        cx.problems.at(
            "RFT0501",
            "a function cannot perform an effect" if word == "do" else f"a function cannot `{word}`",
            node.lo,
            node.lo + len(word),
            f"`{word}` suspends the workflow and stores a slot; functions run in one go",
            also=[(Node(n.lo, n.lo + 2), text) for n, text in also],
            helps=["call it in the workflow and pass the result in"],
        )
    elif cx.in_final:
        cx.problems.at(
            "RFT0501",
            f"`finally` cannot `{word}`",
            node.lo,
            node.lo + len(word),
            "this suspends, and `finally` also runs on the way out of a cancelled run",
            helps=["what undoes an effect belongs beside it, in `compensate`"],
        )


# --- do -------------------------------------------------------------------------------------------------------


def _do(cx: Cx, node: s.Do, want: Type | None) -> Type:
    suspends(cx, node, "do")
    callee = node.callee
    found = _callee(cx, callee)
    if node.overrides is not None:
        check_overrides(cx, node.overrides, found if isinstance(found, Activity) else None)
    if isinstance(found, Activity):
        cx.facts.callees[node] = found
        called = Called(found.name, "activity", found.source, found.node)
        match_args(cx, node, node.args, found.params, called)
        return found.result
    if isinstance(found, Workflow):
        cx.facts.callees[node] = found
        newest = found.newest
        match_args(
            cx,
            node,
            node.args,
            newest.params,
            Called(found.name, "workflow", found.source, newest.decl.name),
        )
        return newest.result
    if isinstance(found, Function):
        cx.problems.add(
            "RFT0711",
            f"`{found.name}` is a function; it needs no `do`",
            Node(node.lo, callee.hi),
            "functions run at once and store nothing",
            helps=["leave out the `do`"],
        )
        skip_args(cx, node.args)
        return found.result
    return skip_args(cx, node.args)


def _callee(cx: Cx, callee: s.Callee) -> object | None:
    name = callee.name.text
    if callee.module is not None:
        if callee.is_workflow:
            return find_type_name(cx.scope, s.TypeName(callee.lo, callee.hi, callee.module, callee.name))
        return _in_module(cx, callee.module, callee.name)
    if name in cx.locals:
        cx.locals[name].reads += 1
        cx.problems.add(
            "RFT0710",
            f"`{name}` is a {cx.locals[name].kind}, not an activity",
            callee,
            "`do` performs an activity",
        )
        return None
    found = cx.scope.find(name)
    from .builtins import BUILTINS

    if found is None and name in BUILTINS:
        cx.problems.add("RFT0711", f"`{name}` is a function; it needs no `do`", callee, "functions run at once")
    elif found is None:
        unknown_effect(cx, callee, name)
    elif not isinstance(found, Activity | Workflow | Function):
        what = "a type" if callee.is_workflow else "not an activity"
        cx.problems.add(
            "RFT0710",
            f"`{name}` is not something to do",
            callee,
            what,
            helps=["leave out the `do`"],
        )
    return found


def _in_module(cx: Cx, module: Token, name: Token) -> object | None:
    alias = cx.scope.find(module.text)
    if not isinstance(alias, ModuleAlias):
        unknown_name(cx, module, module.text)
        return None
    alias.used = True
    if alias.interface is None:
        return None
    found = alias.interface.names.get(name.text)
    if found is None and not alias.interface.broken:
        near = closest(
            name.text,
            sorted(n for n, m in alias.interface.names.items() if isinstance(m, Activity)),
        )
        cx.problems.add(
            "RFT0201",
            f"`{alias.interface.module}` has nothing called `{name.text}`",
            name,
            "not declared there",
            helps=[f"did you mean `{near}`?"] if near else [],
        )
    return found


# --- waiting --------------------------------------------------------------------------------------------------


def _wait(cx: Cx, node: s.Wait, want: Type | None) -> Type:
    suspends(cx, node, "wait")
    got = awaited(cx, node, node.name)
    if node.within is None:
        return got
    cx.expect(node.within, DURATION, "`within` wants a duration")
    return optional(got)


def awaited(cx: Cx, node: Node, token: Token) -> Type:
    """What a signal or a child's handle brings."""
    name = token.text
    signal = cx.signals.get(name)
    if signal is not None:
        cx.bindings[node] = signal
        return UNIT if signal.payload is None else signal.payload
    local = cx.locals.get(name)
    if local is None:
        if cx.scope.is_silent(name):
            return POISON
        near = closest(name, cx.signals)
        if near or (cx.scope.find(name) is None and name not in cx.siblings):
            _unknown_signal(cx, token, near)
        else:
            unknown_name(cx, token, name) if name in cx.siblings else _not_awaited(cx, token, "not a signal")
        return POISON
    local.reads += 1
    cx.bindings[node] = local
    if isinstance(local.type, HandleType):
        return local.type.workflow.newest.result
    if local.type is not POISON:
        _not_awaited(cx, token, a(local.type))
    return POISON


def _unknown_signal(cx: Cx, token: Token, near: str | None) -> None:
    notes = ["signals of this workflow: " + ", ".join(cx.signals)] if cx.signals else []
    helps = [f"did you mean `{near}`?"] if near else [f"declare it at the top of the workflow: `signal {token.text}`"]
    cx.problems.add(
        "RFT0201",
        f"there is no signal called `{token.text}`",
        token,
        "not declared",
        notes=notes,
        helps=helps,
    )


def _not_awaited(cx: Cx, token: Token, label: str) -> None:
    cx.problems.add(
        "RFT0301",
        f"`{token.text}` cannot be waited for",
        token,
        label,
        notes=["what can be waited for is a signal, or the handle of a child"],
    )


def _spawn(cx: Cx, node: s.Spawn, want: Type | None) -> Type:
    suspends(cx, node, "spawn")
    found = find_type_name(cx.scope, node.workflow)
    if node.id is not None:
        cx.expect(node.id, STR, "the id of a run is text")
    if not isinstance(found, Workflow):
        if found is not None:
            cx.problems.add(
                "RFT0301",
                f"`{node.workflow.name.text}` is not a workflow",
                node.workflow,
                "only workflows are spawned",
            )
        return skip_args(cx, node.args)
    cx.facts.callees[node] = found
    match_args(
        cx,
        node,
        node.args,
        found.newest.params,
        Called(found.name, "workflow", found.source, found.node),
    )
    return HandleType.of(found)


def send(cx: Cx, node: s.Send) -> None:
    """`send child.cancelled("...")`."""
    suspends(cx, node, "send")
    call = node.call
    if not isinstance(call, s.Call) or not isinstance(call.callee, s.Attr):
        cx.problems.add(
            "RFT0103", "`send` names a handle, a signal and its payload", call, "this does not",
            helps=["`send child.cancelled(\"...\")`, or `send child.stop()`"],
        )  # fmt: skip
        return
    got = cx.expr(call.callee.value)
    if not isinstance(got, HandleType):
        skip_args(cx, call.args)
        if got is not POISON:
            cx.problems.add(
                "RFT0301",
                f"signals are sent to children, and this is {a(got)}",
                call.callee.value,
                a(got),
            )
        return
    workflow, name = got.workflow, call.callee.name
    signal = workflow.newest.signals.get(name.text)
    if signal is None:
        skip_args(cx, call.args)
        near = closest(name.text, workflow.newest.signals)
        cx.problems.add(
            "RFT0201",
            f"`{workflow.name}` has no signal `{name.text}`",
            name,
            "not declared there",
            notes=["its signals are " + ", ".join(workflow.newest.signals)] if workflow.newest.signals else [],
            helps=[f"did you mean `{near}`?"] if near else [],
        )
        return
    cx.bindings[node] = signal
    _check_payload(cx, call, signal)


def _check_payload(cx: Cx, call: s.Call, signal: Signal) -> None:
    wanted = 0 if signal.payload is None else 1
    if len(call.args) != wanted:
        skip_args(cx, call.args)
        carries = "carries nothing" if signal.payload is None else f"carries {a(signal.payload)}"
        code = "RFT0302" if len(call.args) < wanted else "RFT0303"
        cx.problems.add(code, f"the signal `{signal.name}` {carries}", call, f"{len(call.args)} given")
    elif signal.payload is not None:
        cx.expect(call.args[0].value, signal.payload, f"`{signal.name}` carries {a(signal.payload)}")


def continue_as_new(cx: Cx, node: s.ContinueAsNew) -> None:
    """Ends this run and begins another under the same id."""
    suspends(cx, node, "continue")
    owner = cx.owner
    if cx.branch is not None:
        cx.problems.add(
            "RFT0609", f"a {cx.branch} cannot `continue as new`", node, "the others are still running",
            helps=["`give` a value and decide after the block"],
        )  # fmt: skip
    workflow = cx.scope.names.get(owner.name.text) if isinstance(owner, s.Workflow) else None
    if not isinstance(workflow, Workflow):
        skip_args(cx, node.args)
        return
    version = next((v for v in workflow.versions.values() if v.decl is owner), workflow.newest)
    match_args(
        cx,
        node,
        node.args,
        version.params,
        Called(workflow.name, "workflow", workflow.source, version.decl.name),
    )


# --- select ---------------------------------------------------------------------------------------------------


def _select_arms(cx: Cx, node: s.Select) -> list[tuple[Node, bool]]:
    suspends(cx, node, "select")
    before = cx.known
    ends: list[tuple[Node, bool]] = []
    for arm in node.arms:
        mark = len(cx.opened)
        cx.known = before
        if isinstance(arm, s.OnTimer):
            cx.expect(arm.delay, DURATION, "`after` wants a duration")
        else:
            got = awaited(cx, arm, arm.name) if isinstance(arm, s.OnSignal) else cx.expr(arm.call)
            if arm.bind is not None:
                if got is UNIT:
                    cx.problems.add(
                        "RFT0301",
                        "this brings no value to name",
                        arm.bind,
                        "nothing to name",
                        helps=["leave out `as`"],
                    )
                    got = POISON
                cx.declare(arm.bind, "bound name", got)
        ends.append((arm.body, cx.body(arm.body)))
        cx.leave(mark)
    cx.known = before
    cx.forget_assigned(node)
    if not node.arms and not cx.parsed.damaged(node):
        cx.problems.add(
            "RFT0103",
            "this `select` waits for nothing",
            node,
            "no arms",
            helps=["add `on signal => ...` or `after 1h => ...`"],
        )
    return ends


def _select(cx: Cx, node: s.Select, want: Type | None) -> Type:
    target = Target(node, want)
    cx.targets.append(target)
    for body, goes_on in _select_arms(cx, node):
        if goes_on:
            value_missing(cx, body, node, "select", "this arm")
            target.type = POISON if target.type is NEVER else target.type
    cx.targets.remove(target)
    return target.type


def _select_stmt(cx: Cx, node: s.SelectStmt) -> bool:
    ends = _select_arms(cx, node.select)
    return not ends or any(goes_on for _, goes_on in ends)


def value_missing(cx: Cx, place: Node, node: Node, word: str, what: str) -> None:
    """RFT0406: control comes to the end of something that should give a value."""
    if cx.parsed.damaged(place):
        return
    cx.problems.at(
        "RFT0406",
        f"this `{word}` should give a value, and {what} ends without one",
        place.lo if place.lo != node.lo else node.lo,
        max(place.lo + 1, min(place.hi, place.lo + 1)),
        "control can come to its end",
        also=[(Node(node.lo, node.lo + len(word)), "its value is used")] if place.lo != node.lo else [],
        helps=["end it with `give ...`"],
    )


# --- parallel, parallel for -----------------------------------------------------------------------------------


class Inside:
    """Enters a branch: its own `give`, no loop of outside, no `return`; puts all back at the end."""

    __slots__ = ("cx", "kept", "target")

    def __init__(self, cx: Cx, node: Node, kind: str, siblings: dict[str, Token]) -> None:
        self.cx = cx
        self.target = Target(node, None)
        self.kept = (cx.targets, cx.loops, cx.branch, cx.siblings, cx.known, len(cx.opened), cx.branch_name)
        cx.targets, cx.loops, cx.branch = [self.target], [], kind
        if isinstance(node, s.Branch | s.Step):
            cx.branch_name = node.name.text
        cx.siblings = {**cx.siblings, **siblings}

    def leave(self) -> None:
        cx = self.cx
        cx.leave(self.kept[5])
        cx.targets, cx.loops, cx.branch, cx.siblings, cx.known, _, cx.branch_name = self.kept


def branch_value(cx: Cx, inside: Inside, body: s.Effect | s.Block | s.Pure) -> Type:
    """The value of a branch, step or turn: of its effect, or what its block gives; `unit` when it gives nothing."""
    if isinstance(body, s.Pure):
        return cx.expr(body.value)
    if isinstance(body, s.ParallelFor):
        type = cx.types[body] = _parallel_for(cx, body, None)
        return UNIT if type.item is UNIT else type
    if not isinstance(body, s.Block):
        return cx.expr(body)
    goes_on = cx.block(body)
    target = inside.target
    if target.gave is None:
        return UNIT
    if goes_on and not cx.parsed.damaged(body):
        cx.problems.at(
            "RFT0406",
            "this block gives a value on one way, and ends without one on another",
            body.hi - 1,
            body.hi,
            "control can come to this end",
            also=[(target.gave, "a value is given here")],
            helps=["end it with `give ...`"],
        )
    return target.type if target.type is not NEVER else POISON


def _parallel(cx: Cx, node: s.Parallel) -> bool:
    suspends(cx, node, "parallel")
    names = {branch.name.text: branch.name for branch in node.branches}
    results: list[tuple[Token, Type]] = []
    seen: dict[str, Token] = {}
    for branch in node.branches:
        duplicate_step(cx, seen, branch.name, "branch")
        siblings = {n: t for n, t in names.items() if n != branch.name.text and n not in cx.locals}
        inside = Inside(cx, branch, "branch", siblings)
        type = branch_value(cx, inside, branch.body)
        inside.leave()
        results.append((branch.name, outcome_of(type) if node.settle else type))
        branch_undo(cx, branch, type, siblings)
    cx.forget_assigned(node)
    for name, type in results:
        if name.text not in cx.locals or cx.locals[name.text].node is not seen.get(name.text):
            cx.declare(name, BRANCH, type)
    if not node.branches and not cx.parsed.damaged(node):
        cx.problems.add(
            "RFT0103",
            "this `parallel` has no branches",
            node,
            "nothing to run",
            helps=["`name: do activity(...)`"],
        )
    return True


def duplicate_step(cx: Cx, seen: dict[str, Token], name: Token, word: str) -> None:
    """Two branches or steps of one name: RFT0206."""
    if name.text in seen:
        cx.problems.add(
            "RFT0206", f"two {word}{'es' if word == 'branch' else 's'} are called `{name.text}`", name, "again",
            also=[(seen[name.text], "first here")],
        )  # fmt: skip
    seen.setdefault(name.text, name)


def branch_undo(cx: Cx, branch: s.Branch | s.Step, type: Type, siblings: dict[str, Token]) -> None:
    if branch.compensate is None:
        return
    inside = Inside(cx, branch, "branch", siblings)
    local = Local(branch.name.text, BRANCH, type, branch.name)
    hidden = cx.locals.get(local.name)
    cx.locals[local.name] = local
    compensation(cx, branch.compensate, branch.body, named=True)  # type: ignore[arg-type]
    if hidden is None:
        del cx.locals[local.name]
    else:
        cx.locals[local.name] = hidden
    inside.leave()


def _parallel_for(cx: Cx, node: s.ParallelFor, want: Type | None) -> ListType:
    suspends(cx, node, "parallel")
    item = iterated(cx, node.source)
    _check_limit(cx, node)
    cx.forget_assigned(node.body)
    inside = Inside(cx, node, "turn", {})
    bind_target(cx, node.target, item, "bound name")
    type = branch_value(cx, inside, node.body)
    inside.leave()
    return list_of(outcome_of(type) if node.settle else type)


def _check_limit(cx: Cx, node: s.ParallelFor) -> None:
    if node.limit is None:
        if not cx.parsed.damaged(node):
            cx.problems.at(
                "RFT0606",
                "say how many may run at once",
                node.lo,
                node.source.hi,
                "no `limit`",
                notes=["a list of 100,000 parts must not start 100,000 activities"],
                helps=["add `limit 16` after the list"],
            )
        return
    cx.expect(node.limit, INT, "a limit is an int")
    value = number_value(node.limit)
    if value is not None and not 1 <= value <= LIMIT_MAX:
        cx.problems.add(
            "RFT0608",
            f"`limit {value}` would never start anything" if value < 1 else f"`limit {value}` is too many at once",
            node.limit,
            "not a useful limit",
            helps=[f"a limit is 1 to {LIMIT_MAX}"],
        )


def _parallel_for_value(cx: Cx, node: s.ParallelFor, want: Type | None) -> Type:
    got = _parallel_for(cx, node, want)
    if got.item is UNIT:
        cx.problems.at(
            "RFT0406",
            "this `parallel for` should give values, and its body ends without one",
            node.body.hi - 1,
            node.body.hi,
            "control can come to this end",
            also=[(Node(node.lo, node.lo + 8), "its results are used")],
            helps=["end the body with `give ...`, or leave out the name"],
        )
        return POISON
    return got


def _parallel_for_stmt(cx: Cx, node: s.ParallelForStmt) -> bool:
    cx.types[node.loop] = _parallel_for(cx, node.loop, None)
    return True


EXPRESSIONS.update({
    s.Do: _do, s.Wait: _wait, s.Spawn: _spawn, s.Select: _select, s.Try: try_value, s.ParallelFor: _parallel_for_value,
})  # fmt: skip
STATEMENTS.update({
    s.Parallel: _parallel, s.ParallelForStmt: _parallel_for_stmt, s.SelectStmt: _select_stmt,
})  # fmt: skip
