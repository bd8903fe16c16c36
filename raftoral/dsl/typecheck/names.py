"""Names inside bodies: new ones (RFT0105, 0106, 0207), unknown ones (0201, 0210, 0604, 0713), unused ones (0209)."""

from __future__ import annotations

from ..diagnostics import SAFE, Fix
from ..diagnostics.spelling import closest
from ..facts.symbols import Activity, Const, Function, Local, ModuleAlias, Workflow
from ..facts.types import POISON, Declared, Type
from ..scope.naming import check_lower
from ..syntax import Node, Token
from .context import QUERY, RESERVED, TAKEN, Cx

# Names from elsewhere that would read the world (RFT0512), and what to do instead.
AMBIENT = {
    "env": "the environment", "getenv": "the environment", "environ": "the environment", "os": "the machine",
    "open": "files", "read_file": "files", "input": "the terminal", "print": "the terminal",
    "requests": "the network", "http": "the network", "fetch": "the network", "socket": "the network",
    "time": "the clock", "datetime": "the clock", "today": "the clock", "utcnow": "the clock", "date": "the clock",
    "uuid4": "the random source", "uuid1": "the random source", "randint": "the random source",
    "choice": "the random source", "randrange": "the random source",
}  # fmt: skip
INSTEAD = {
    "the clock": "`now()` is the time in the log entry that woke the workflow: the same on every node",
    "the random source": "`new_uuid()`, `random()` and `random_int(a, b)` give the same on every node",
    "the terminal": "`log info \"...\"` writes once per committed step",
}  # fmt: skip
PYTHON = {"None": "none", "True": "true", "False": "false"}


def check_new_name(cx: Cx, token: Token, kind: str) -> None:
    """Why `token` cannot name a new local, if there is a reason."""
    name = token.text
    if name == "_" or not name:
        return
    cx.spoiled.add(name)
    if name in RESERVED:
        cx.problems.add(
            "RFT0105",
            f"`{name}` is a word of the language and cannot be a name",
            token,
            "a reserved word",
            helps=[f"try `{name}_`, or a name that says what it holds"],
        )
        return
    check_lower(cx.scope, token, kind)
    if name in cx.parsed.poisoned:
        return
    first: Node | None = None
    if name in cx.locals:
        first, said = cx.locals[name].node, f"`{name}` is a {cx.locals[name].kind} here already"
    elif name in cx.signals:
        first, said = cx.signals[name].node, f"`{name}` is a signal here already"
    elif name in TAKEN:
        said = f"`{name}` is a function of the language"
    elif name in cx.scope.names:
        first, said = cx.scope.imported.get(name), f"`{name}` is a name of this module"
        if first is None:
            first = cx.scope.names[name].node
    else:
        return
    cx.problems.add(
        "RFT0207",
        f"`{name}` already names something here",
        token,
        "the same name again" if first is not None else said,
        also=[(first, said)] if first is not None else [],
        notes=["names are never reused inside a workflow: a frame has one place for each"],
        helps=["give this one a name of its own"],
    )


def report_unused_local(cx: Cx, local: Local) -> None:
    """RFT0209, or 0610 for the results of a `parallel for`."""
    if local.type is POISON:
        return
    if local.parallel_for:
        cx.problems.add(
            "RFT0610",
            f"the results in `{local.name}` are never read",
            local.node,
            "kept for nothing",
            notes=["they would be stored until the loop ends"],
            helps=[f"drop `let {local.name} =` and `give`"],
        )
        return
    cx.problems.add(
        "RFT0209",
        f"`{local.name}` is never read" if not local.writes else f"`{local.name}` is written but never read",
        local.node,
        "no use below",
        helps=["if only the effect matters, leave out the name; or start it with `_`"],
    )


def unknown_name(cx: Cx, node: Node, name: str) -> Type:
    """Says that nothing is called `name`, in the words that fit the case; always POISON."""
    if cx.scope.is_silent(name) or name in cx.unknown:
        return POISON
    cx.spoiled.add(name)
    cx.unknown.add(name)  # said once in a declaration
    if name in cx.siblings:
        _sibling(cx, node, name)
    elif cx.in_compensation and name not in cx.ended:
        cx.problems.add(
            "RFT0713",
            f"`{name}` has no value when this compensation is registered",
            node,
            "not known yet",
            notes=["a compensation is registered when its effect succeeds, with the values of that moment"],
            helps=[f"name the result: `let {name} = do ... compensate do ...({name})`"],
        )
    elif name in cx.ended:
        ended = cx.ended[name]
        cx.problems.add(
            "RFT0210",
            f"`{name}` ends with the block that declares it",
            node,
            "no longer there",
            also=[(ended.node, "declared in here")],
            helps=[
                f"declare it before the block: `var {name}: {ended.type} = ...`",
                f"or let the choice be a value: `let {name} = if ... then ... else ...`",
            ],
        )
    elif name in AMBIENT:
        _ambient(cx, node, name)
    elif name in PYTHON:
        cx.problems.add(
            "RFT0110",
            f"`{name}` is spelled `{PYTHON[name]}`",
            node,
            "this is Python's spelling",
            helps=["`true`, `false` and `none` are written in lower case"],
            fix=Fix([(node.lo, node.hi, PYTHON[name])], SAFE),
        )
    else:
        _not_in_scope(cx, node, name)
    return POISON


def _sibling(cx: Cx, node: Node, name: str) -> None:
    cx.problems.add(
        "RFT0604",
        f"branch `{cx.branch_name}` uses `{name}`, which runs at the same time",
        node,
        "it has no value yet",
        also=[(cx.siblings[name], f"branch `{name}` starts together with this one")],
        helps=["write `dag { ... }`: it starts a step when what it mentions is done"],
    )


def _ambient(cx: Cx, node: Node, name: str) -> None:
    what = AMBIENT[name]
    cx.problems.add(
        "RFT0512",
        f"a workflow cannot read {what}",
        node,
        f"`{name}` does not exist here",
        notes=["two nodes may differ, and each computes every step for itself"],
        helps=[INSTEAD.get(what, "pass it as an argument of the workflow, or read it in an activity")],
    )


def _not_in_scope(cx: Cx, node: Node, name: str) -> None:
    visible = _visible(cx)
    near = closest(name, visible)
    helps = []
    if near:
        kind = _kind_of(cx, near)
        helps.append(f"there is {kind} with a similar name: `{near}`" if kind else f"did you mean `{near}`?")
    if cx.kind == QUERY:
        helps = ["a query sees the checkpoints and the arguments of its workflow, not its locals"]
    upper = name[:1].isupper()
    what = "not a type, an error or a workflow" if upper else "not an activity, a function or a variable"
    cx.problems.add("RFT0201", f"nothing called `{name}` is in scope", node, what, helps=helps)


def _visible(cx: Cx) -> list[str]:
    return sorted({*cx.locals, *cx.scope.names, *TAKEN})


def _kind_of(cx: Cx, name: str) -> str:
    if name in cx.locals:
        kind = cx.locals[name].kind
        return "a variable" if kind in ("let", "var") else f"a {kind}"
    meaning = cx.scope.names.get(name)
    kinds: tuple[tuple[type, str], ...] = (
        (Activity, "an activity"),
        (Function, "a function"),
        (Workflow, "a workflow"),
        (Const, "a constant"),
        (Declared, "a type"),
        (ModuleAlias, "a module"),
    )
    return next((text for kind_, text in kinds if isinstance(meaning, kind_)), "")


def unknown_effect(cx: Cx, node: Node, name: str) -> None:
    """`do` of something that is not there: like `unknown_name`, with the activities that are."""
    if cx.scope.is_silent(name):
        return
    cx.parsed.poisoned.add(name)  # said once in a file
    activities = sorted(n for n, m in cx.scope.names.items() if isinstance(m, Activity))
    near = closest(name, activities) or closest(name, _visible(cx))
    kind = _kind_of(cx, near) if near else ""
    shown = ", ".join(activities[:8]) + (", ..." if len(activities) > 8 else "")
    cx.problems.add(
        "RFT0201",
        f"nothing called `{name}` is in scope",
        node,
        "not an activity, a function or a variable",
        notes=[f"activities visible here: {shown}"] if activities else [],
        helps=[f"there is {kind or 'something'} with a similar name: `{near}`"] if near else [],
        fix=Fix([(node.lo, node.hi, near)]) if near else None,
    )
