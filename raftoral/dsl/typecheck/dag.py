"""`dag`: what a step mentions is what it waits for. Edges, circles (RFT0605), unknown steps (0611), and types.

total: = sum([l.rows for l in loaded])       total waits for loaded
"""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics import Label
from ..diagnostics.spelling import closest
from ..facts.symbols import BRANCH
from ..facts.types import POISON, Type
from ..syntax import Node, Token
from .context import STATEMENTS, Cx
from .effects import Inside, branch_undo, branch_value, duplicate_step, suspends

Mentions = dict[str, dict[str, Node]]  # step -> step that it needs -> where it says so


def _dag(cx: Cx, node: s.Dag) -> bool:
    suspends(cx, node, "dag")
    steps: dict[str, s.Step] = {}
    seen: dict[str, Token] = {}
    for step in node.steps:
        duplicate_step(cx, seen, step.name, "step")
        steps.setdefault(step.name.text, step)
    needs = {name: _mentions(cx, step, steps) for name, step in steps.items()}
    order = _in_order(steps, needs)
    circle: list[str] = []
    if order is None:
        circle = _circle(needs)
        _report_circle(cx, circle, steps, needs)
        order = list(steps)
    cx.facts.dag_edges[node] = {name: sorted(needed) for name, needed in needs.items()}
    _check_steps(cx, node, [steps[name] for name in order], set(circle))
    if not node.steps and not cx.parsed.damaged(node):
        cx.problems.add(
            "RFT0103",
            "this `dag` has no steps",
            node,
            "nothing to run",
            helps=["`name: do activity(...)`"],
        )
    return True


def _mentions(cx: Cx, step: s.Step, steps: dict[str, s.Step]) -> dict[str, Node]:
    """The steps that `step` waits for, with the place of the first mention."""
    found: dict[str, Node] = {}
    for name in step.after:
        if name.text in steps:
            found.setdefault(name.text, name)
            continue
        others = [other for other in steps if other != step.name.text]
        near = closest(name.text, others)
        cx.problems.add(
            "RFT0611",
            f"there is no step `{name.text}` in this dag",
            name,
            "not a step",
            notes=["its other steps are " + ", ".join(others)] if others else [],
            helps=[f"did you mean `{near}`?"] if near else [],
        )
    for inner in s.walk(step.body):
        if isinstance(inner, s.NameRef | s.Wait | s.OnSignal):
            name = inner.name
            if name.text in steps and name.text not in cx.locals and name.text not in cx.signals:
                found.setdefault(name.text, inner)
    return found


def _in_order(steps: dict[str, s.Step], needs: Mentions) -> list[str] | None:
    """Steps after what they need, otherwise as written; None when there is a circle."""
    order: list[str] = []
    placed: set[str] = set()
    while len(order) < len(steps):
        ready = [name for name in steps if name not in placed and placed.issuperset(needs[name])]
        if not ready:
            return None
        order += ready
        placed.update(ready)
    return order


def _circle(needs: Mentions) -> list[str]:
    """Some circle among the steps, beginning with the step that is written first."""
    for start in needs:
        path = _way_back(needs, start)
        if path:
            return path
    return []


def _way_back(needs: Mentions, start: str) -> list[str]:
    paths: list[list[str]] = [[start]]
    seen: set[str] = set()
    while paths:
        path = paths.pop(0)
        for needed in needs[path[-1]]:
            if needed == start:
                return path
            if needed not in seen:
                seen.add(needed)
                paths.append([*path, needed])
    return []


def _report_circle(cx: Cx, circle: list[str], steps: dict[str, s.Step], needs: Mentions) -> None:
    source = cx.problems.source
    labels: list[Label] = []
    for index, name in enumerate(circle):
        needed = circle[(index + 1) % len(circle)]
        token = steps[name].name
        last = index == len(circle) - 1
        text = f"and `{name}` needs `{needed}` again" if last else f"`{name}` needs `{needed}` …"
        labels.append(Label(source, token.lo, token.hi, text if len(circle) > 1 else "it mentions itself"))
    first = steps[circle[0]].name
    if len(circle) == 1:
        headline = f"step `{circle[0]}` waits for itself"
        helps = ["a step cannot use its own result"]
    else:
        headline = "these steps wait for each other in a circle"
        count = {2: "two", 3: "three", 4: "four"}.get(len(circle), str(len(circle)))
        helps = [f"break the circle: one of the {count} must start from something known before the block"]
    cx.problems.add("RFT0605", headline, first, labels[0].text, elsewhere=labels[1:], helps=helps)


def _check_steps(cx: Cx, node: s.Dag, order: list[s.Step], circle: set[str]) -> None:
    """Types the steps, each with the results of those before it in scope."""
    types: dict[str, Type] = {}
    mark = len(cx.opened)
    for step in order:
        inside = Inside(cx, step, "step", {})
        if step.name.text in circle:
            for name in circle - set(cx.locals):
                cx.scope.parsed.poisoned.add(name)
        types[step.name.text] = branch_value(cx, inside, step.body)
        inside.leave()
        branch_undo(cx, step, types[step.name.text], {})
        cx.declare(step.name, BRANCH, types[step.name.text] if step.name.text not in circle else POISON)
    made = {name: cx.locals[name] for name in cx.opened[mark:]}
    for step in node.steps:  # the order in which they were written is the order of the frame
        if step.name.text in made:
            cx.opened.remove(step.name.text)
            cx.opened.append(step.name.text)
    cx.forget_assigned(node)


STATEMENTS[s.Dag] = _dag
