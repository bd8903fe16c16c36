"""How statements and effects are laid out: a small function per kind of node (see `expressions`)."""

from __future__ import annotations

from .. import syntax as s
from .expressions import alternatives, arguments
from .groups import SOFT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .expressions import Shape
    from .row import Row


# --- blocks -------------------------------------------------------------------------------------------------


def blocks(row: Row, node: s.Node, bodies: list[s.Block], todo: list[Any]) -> None:
    """A statement with blocks: all of them stand on its line, or none."""
    for body in bodies:
        todo += body.stmts
    row.braces(node, [(row.at[body.lo], row.firsts(body.stmts)) for body in bodies], " ", True)


def block(row: Row, node: s.Block, todo: list[Any]) -> None:
    blocks(row, node, [node], todo)


def pure(row: Row, node: s.Pure, todo: list[Any]) -> None:
    todo.append(node.value)


def if_stmt(row: Row, node: s.If, todo: list[Any]) -> None:
    bodies: list[s.Block] = []
    part: s.If | s.Block | None = node
    while part.__class__ is s.If:
        row.wide.add(id(part.condition))
        todo.append(part.condition)
        bodies.append(part.then)
        part = part.orelse
    if part is not None:
        bodies.append(part)  # type: ignore[arg-type]
    blocks(row, node, bodies, todo)


def for_stmt(row: Row, node: s.For, todo: list[Any]) -> None:
    row.wide.add(id(node.source))
    todo += (node.target, node.source)
    blocks(row, node, [node.body], todo)


def while_stmt(row: Row, node: s.While, todo: list[Any]) -> None:
    row.wide.add(id(node.condition))
    todo.append(node.condition)
    blocks(row, node, [node.body], todo)


def try_(row: Row, node: s.Try, todo: list[Any]) -> None:
    bodies = [node.body]
    for catch in node.catches:
        bodies.append(catch.body)
        if len(catch.errors) > 1:
            gaps = row.firsts(catch.errors[1:])
            row.group(row.at[catch.lo], row.ends[catch.errors[-1].hi], gaps, SOFT, 4)
    if node.final is not None:
        bodies.append(node.final)
    blocks(row, node, bodies, todo)


def parallel_for(row: Row, node: s.ParallelFor, todo: list[Any]) -> None:
    row.wide.add(id(node.source))
    todo += (node.target, node.source, node.limit)
    blocks(row, node, [node.body], todo)


# --- braces with something else in them ---------------------------------------------------------------------


def match_stmt(row: Row, node: s.MatchStmt, todo: list[Any]) -> None:
    opening = row.partner[row.ends[node.hi]]
    row.wide.add(id(node.subject))
    row.braces(node, [(opening, row.firsts(node.arms))], "  ", True)
    todo.append(node.subject)
    todo += node.arms


def match_arm(row: Row, node: s.MatchArm, todo: list[Any]) -> None:
    alternatives(row, node.patterns, todo)
    todo += (node.guard, node.body)


def select(row: Row, node: s.Select, todo: list[Any]) -> None:
    opening = row.partner[row.ends[node.hi]]
    row.braces(node, [(opening, row.firsts(node.arms))], "  ", True)
    todo += node.arms


def on_signal(row: Row, node: s.OnSignal, todo: list[Any]) -> None:
    todo.append(node.body)


def on_timer(row: Row, node: s.OnTimer, todo: list[Any]) -> None:
    todo += (node.delay, node.body)


def on_done(row: Row, node: s.OnDone, todo: list[Any]) -> None:
    todo += (node.call, node.body)


def branches(row: Row, node: s.Node, inside: list[Any], todo: list[Any]) -> None:
    opening = row.partner[row.ends[node.hi]]
    row.braces(node, [(opening, row.firsts(inside))], ", ", True)
    todo += inside


def parallel(row: Row, node: s.Parallel, todo: list[Any]) -> None:
    branches(row, node, node.branches, todo)


def dag(row: Row, node: s.Dag, todo: list[Any]) -> None:
    branches(row, node, node.steps, todo)


def branch(row: Row, node: s.Branch | s.Step, todo: list[Any]) -> None:
    todo.append(node.body)
    compensated(row, node, todo)


# --- one after the other ------------------------------------------------------------------------------------


def compensated(row: Row, node: Any, todo: list[Any], value: s.Node | None = None) -> None:
    """Breaks before `compensate`; without one, before a `value` that cannot break itself."""
    undo = node.compensate
    if undo is not None:
        todo.append(undo.body)
        row.soft(node, [row.at[undo.lo]])
    elif value.__class__ is s.Text:
        row.soft(node, [row.at[value.lo]])


def let(row: Row, node: s.Let, todo: list[Any]) -> None:
    todo += (node.target, node.type, node.value)
    compensated(row, node, todo, node.value)


def var(row: Row, node: s.Var, todo: list[Any]) -> None:
    todo += (node.type, node.value)
    compensated(row, node, todo, node.value)


def assign(row: Row, node: s.Assign, todo: list[Any]) -> None:
    todo.append(node.value)
    if node.value.__class__ is s.Text:
        row.soft(node, [row.at[node.value.lo]])


def do_stmt(row: Row, node: s.DoStmt, todo: list[Any]) -> None:
    todo.append(node.call)
    compensated(row, node, todo)


def do(row: Row, node: s.Do, todo: list[Any]) -> None:
    opening = row.ends[node.callee.hi] + 1
    row.seps[opening] = ""
    arguments(row, opening, node.args, todo)
    if node.overrides is not None:
        policies(row, node, node.overrides, todo)


def policies(row: Row, node: s.Node, inside: list[s.Policy], todo: list[Any]) -> None:
    opening = row.partner[row.ends[node.hi]]
    row.braces(node, [(opening, row.firsts(inside))], ", ", False)
    todo += inside


def policy(row: Row, node: s.Policy, todo: list[Any]) -> None:
    todo.append(node.value)


def retry(row: Row, node: s.Retry, todo: list[Any]) -> None:
    """`5 times backoff 1s..1m except A | B`: breaks before `except`."""
    todo += (node.first, node.most, node.factor, node.step)
    if node.excepts:
        row.soft(node, [row.at[node.excepts[0].lo] - 1])


def wait_stmt(row: Row, node: s.WaitStmt, todo: list[Any]) -> None:
    todo.append(node.wait)


def wait(row: Row, node: s.Wait, todo: list[Any]) -> None:
    todo.append(node.within)


def spawn_stmt(row: Row, node: s.SpawnStmt, todo: list[Any]) -> None:
    todo.append(node.spawn)


def spawn(row: Row, node: s.Spawn, todo: list[Any]) -> None:
    """Breaks before `id`."""
    opening = row.ends[node.workflow.hi] + 1
    row.seps[opening] = ""
    arguments(row, opening, node.args, todo)
    if node.id is not None:
        row.soft(node, [row.partner[opening] + 1])
        todo.append(node.id)


def send(row: Row, node: s.Send, todo: list[Any]) -> None:
    todo.append(node.call)


def value(row: Row, node: Any, todo: list[Any]) -> None:
    """`sleep`, `return` and `give`. Nothing may come between `return` and its value, so they never break."""
    todo.append(node.value)


def log(row: Row, node: s.Log, todo: list[Any]) -> None:
    todo.append(node.message)
    if node.message.__class__ is s.Text:
        row.soft(node, [row.at[node.message.lo]])


def assert_(row: Row, node: s.Assert, todo: list[Any]) -> None:
    todo += (node.condition, node.message)
    if node.message is not None:
        gap = row.at[node.message.lo]
        while not row.commas[gap]:  # opening parentheses around the message
            gap -= 1
        row.soft(node, [gap])


def fail(row: Row, node: s.Fail, todo: list[Any]) -> None:
    todo.append(node.error)


def parallel_for_stmt(row: Row, node: s.ParallelForStmt, todo: list[Any]) -> None:
    todo.append(node.loop)


def select_stmt(row: Row, node: s.SelectStmt, todo: list[Any]) -> None:
    todo.append(node.select)


def continue_as_new(row: Row, node: s.ContinueAsNew, todo: list[Any]) -> None:
    opening = row.partner[row.ends[node.hi]]
    row.seps[opening] = ""
    arguments(row, opening, node.args, todo)


SHAPES: dict[type, Shape] = {
    s.Block: block,
    s.Pure: pure,
    s.If: if_stmt,
    s.For: for_stmt,
    s.While: while_stmt,
    s.Try: try_,
    s.ParallelFor: parallel_for,
    s.MatchStmt: match_stmt,
    s.MatchArm: match_arm,
    s.Select: select,
    s.OnSignal: on_signal,
    s.OnTimer: on_timer,
    s.OnDone: on_done,
    s.Parallel: parallel,
    s.Dag: dag,
    s.Branch: branch,
    s.Step: branch,
    s.Let: let,
    s.Var: var,
    s.Assign: assign,
    s.DoStmt: do_stmt,
    s.Do: do,
    s.Policy: policy,
    s.Retry: retry,
    s.WaitStmt: wait_stmt,
    s.Wait: wait,
    s.SpawnStmt: spawn_stmt,
    s.Spawn: spawn,
    s.Send: send,
    s.Sleep: value,
    s.Return: value,
    s.Give: value,
    s.Log: log,
    s.Assert: assert_,
    s.Fail: fail,
    s.ParallelForStmt: parallel_for_stmt,
    s.SelectStmt: select_stmt,
    s.ContinueAsNew: continue_as_new,
}
