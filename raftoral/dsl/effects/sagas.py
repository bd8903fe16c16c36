"""Compensation: gaps in a saga (RFT0708), undos that give up (0709), `continue as new` that forgets them (0809)."""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import Activity
from ..scope import Scope
from ..syntax import Node
from .outline import effect_of, inner, outline


def check_sagas(scope: Scope, facts: Facts, body: s.Block, index: dict[type, list[s.Compensation]]) -> None:
    """All three, for one workflow; `index` is its outline."""
    undos = index.get(s.Compensation, [])
    for undo in undos:
        _gives_up(scope, facts, undo)
    if undos:
        for trial in outline(body).get(s.Try, []):
            _gaps(scope, facts, trial)
            _forgotten(scope, trial)


def _gives_up(scope: Scope, facts: Facts, undo: s.Compensation) -> None:
    for call in outline(undo.body).get(s.Do, []):
        activity = facts.callees.get(call)
        if not isinstance(activity, Activity):
            continue
        retry = _retry_of(call.overrides) or _retry_of(activity.decl.policies)
        if retry is not None and not retry.never and retry.count is None:
            continue
        attempts = 3 if retry is None else 1 if retry.never else int(retry.count.text.replace("_", "")[:9] or 1)  # type: ignore[union-attr]
        scope.problems.add(
            "RFT0709",
            f"`{activity.name}` stops trying after {attempts} attempt{'s' if attempts != 1 else ''}",
            call,
            "used as a compensation here",
            notes=["a compensation that gives up leaves the saga half undone and the run stuck for an operator"],
            helps=["say `retry: forever` in the activity, with a `key`"],
        )


def _retry_of(policies: list[s.Policy] | None) -> s.Retry | None:
    for policy in policies or ():
        if isinstance(policy.value, s.Retry):
            return policy.value
    return None


def _gaps(scope: Scope, facts: Facts, trial: s.Try) -> None:
    """An effect with a key changes something that must happen once. Without an undo, in a `try` where others have
    one, it stays when a later effect fails with a declared error."""
    calls = _calls_in_order(trial.body)
    if not any(undone for _, undone in calls):
        return
    for position, (call, undone) in enumerate(calls):
        activity = facts.callees.get(call)
        if undone or not isinstance(activity, Activity) or not _has_key(activity):
            continue
        later = next((c for c, _ in calls[position + 1 :] if _declares_error(facts, c)), None)
        if later is not None:
            _report_gap(scope, facts, calls, call, activity, later)


def _report_gap(
    scope: Scope, facts: Facts, calls: list[tuple[s.Do, bool]], call: s.Do, activity: Activity, later: s.Do
) -> None:
    raiser = facts.callees[later]
    errors = raiser.raises if isinstance(raiser, Activity) else []
    name = errors[0].name if errors else "an error"
    scope.problems.add(
        "RFT0708",
        f"`{activity.name}` is not undone when a later step fails",
        call,
        "what this did stays …",
        also=[(later, f"… if this raises {name}, while what stands before is undone")],
        helps=["say how to undo it with `compensate`, or move it to the end of the `try`"],
    )


def _calls_in_order(body: Node) -> list[tuple[s.Do, bool]]:
    """The `do`s of a body in source order, with whether each has an undo; inner `try`s are their own business."""
    found: list[tuple[s.Do, bool]] = []

    def walk(node: Node, undone: bool) -> None:
        if isinstance(node, s.Do):
            found.append((node, undone))
            return
        if isinstance(node, s.Try | s.Compensation):
            return
        if isinstance(node, s.Let | s.Var | s.DoStmt):
            value = node.call if isinstance(node, s.DoStmt) else effect_of(node.value)
            if value is not None:
                walk(value, node.compensate is not None)
            return
        if isinstance(node, s.Parallel | s.Dag):
            for branch in node.branches if isinstance(node, s.Parallel) else node.steps:
                if not isinstance(branch.body, s.Pure):
                    walk(branch.body, branch.compensate is not None)
            return
        for part in inner(node):
            walk(part, False)

    walk(body, False)
    return found


def _has_key(activity: Activity) -> bool:
    return any(policy.name.text == "key" for policy in activity.decl.policies)


def _declares_error(facts: Facts, call: s.Do) -> bool:
    callee = facts.callees.get(call)
    return isinstance(callee, Activity) and bool(callee.raises)


def _forgotten(scope: Scope, trial: s.Try) -> None:
    """`continue as new` inside a `try` whose undos are registered before it."""
    inside = outline(trial.body)
    undos = inside.get(s.Compensation, [])
    for node in inside.get(s.ContinueAsNew, []):
        before = [undo for undo in undos if undo.lo < node.lo]
        if before:
            undo = before[-1]
            named = _named_by(trial.body, undo)
            what = f"how to release `{named}`" if named else "what has to be undone"
            scope.problems.at(
                "RFT0809",
                f"`continue as new` would forget {what}",
                node.lo,
                node.lo + len("continue as new"),
                "starts again with an empty frame",
                also=[(Node(undo.lo, undo.lo + len("compensate")), "still to be undone if something fails")],
                helps=["leave the `try` first; its compensations are dropped when it ends well"],
            )


def _named_by(body: Node, undo: s.Compensation) -> str:
    for let in outline(body).get(s.Let, []):
        if let.compensate is undo and isinstance(let.target, s.Token):
            return let.target.text
    return ""
