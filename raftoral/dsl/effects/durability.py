"""What lasts: labels (RFT0805), signals and checkpoints nobody uses (0802, 0804), waits without end (0807), children
whose id repeats (0811) or who spawn themselves (0810)."""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import Local, Signal, Workflow
from ..scope import Scope
from ..syntax import Node, Token
from .outline import effect_of, inner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .outline import Index


def check_labels(scope: Scope, index: Index) -> None:
    """A label names one slot."""
    seen: dict[str, Token] = {}
    labels = [node.label for nodes in index.values() for node in nodes if getattr(node, "label", None) is not None]
    for label in sorted(labels, key=lambda token: token.lo):
        first = seen.setdefault(label.text, label)
        if first is label:
            continue
        at = Node(label.lo - 1, label.hi)
        scope.problems.add(
            "RFT0805",
            f"two slots are labelled `{label.text}`",
            at,
            "a label names one slot: runs in flight are found by it",
            also=[(Node(first.lo - 1, first.hi), "first used here")],
            helps=["give this one a name of its own"],
        )


def check_signals(scope: Scope, facts: Facts, decl: s.Workflow, index: Index) -> None:
    """RFT0802: a signal that nothing waits for."""
    waited = set()
    for kind in (s.Wait, s.Select):
        for node in index.get(kind, ()):
            for part in [node] if kind is s.Wait else node.arms:
                meaning = facts.bindings.get(part)
                if isinstance(meaning, Signal):
                    waited.add(meaning.name)
    for member in decl.members:
        if isinstance(member, s.Signal) and member.name.text not in waited:
            scope.problems.add(
                "RFT0802",
                f"the signal `{member.name.text}` is accepted but never waited for",
                member.name,
                "nobody takes it",
                notes=["it would be kept until the workflow ends"],
                helps=[f"wait for it (`wait {member.name.text} within 1d`), or remove it"],
            )


def check_checkpoints(scope: Scope, facts: Facts, decl: s.Workflow) -> None:
    """RFT0804: a checkpoint that no query and no code reads."""
    for member in decl.members:
        if not isinstance(member, s.Checkpoint):
            continue
        local = facts.targets.get(member.name)
        if isinstance(local, Local) and not local.reads:
            name = member.name.text
            scope.problems.add(
                "RFT0804",
                f"`{name}` is stored but no query and no code reads it",
                member.name,
                "in every frame, for nobody",
                helps=[f"expose it: `query {name}_now() -> {local.type} = {name}`, or remove it"],
            )


def check_waits(scope: Scope, facts: Facts, index: Index) -> None:
    """RFT0807: a wait for a signal that may never come. A child always ends, so its handle needs no limit."""
    for node in index.get(s.Wait, ()):
        meaning = facts.bindings.get(node)
        if node.within is None and isinstance(meaning, Signal):
            gets = "with none" if meaning.payload is not None else "and goes on"
            scope.problems.add(
                "RFT0807",
                "this can wait for ever",
                node,
                f"nobody may ever send `{node.name.text}`",
                helps=[f"`wait {node.name.text} within 7d` gives up, {gets}"],
            )
    for node in index.get(s.Select, ()):
        arms = node.arms
        if arms and all(isinstance(arm, s.OnSignal) for arm in arms) and _only_signals(facts, arms):
            scope.problems.at(
                "RFT0807",
                "this can wait for ever",
                node.lo,
                node.lo + len("select"),
                "every arm waits for a signal that may never come",
                helps=["add an arm that gives up: `after 7d => ...`"],
            )


def _only_signals(facts: Facts, arms: list[s.SelectArm]) -> bool:
    return all(isinstance(facts.bindings.get(arm), Signal) for arm in arms)


def check_children(scope: Scope, facts: Facts, decl: s.Workflow, index: Index) -> None:
    """RFT0810 and RFT0811."""
    for node in [*index.get(s.Spawn, ()), *index.get(s.Do, ())]:
        child = facts.callees.get(node)
        own = scope.names.get(decl.name.text)
        if isinstance(child, Workflow) and child is own:
            scope.problems.add(
                "RFT0810",
                f"`{child.name}` starts another `{child.name}` each time it runs",
                node,
                "and that one another",
                helps=["`continue as new(...)` keeps one run and one id"],
            )
    for kind in (s.For, s.While, s.ParallelFor):
        for loop in index.get(kind, ()):
            _repeated_ids(scope, facts, loop)


def _repeated_ids(scope: Scope, facts: Facts, loop: Node) -> None:
    stack = list(inner(loop))
    while stack:
        node = stack.pop()
        if node.__class__ in (s.For, s.While, s.ParallelFor):
            continue  # said of the inner loop
        stack.extend(inner(node))
        if isinstance(node, s.Spawn) and node.id is not None and not _varies(facts, node.id, loop):
            text = scope.problems.source.text[node.id.lo : node.id.hi]
            scope.problems.add(
                "RFT0811",
                f"every turn of this loop spawns a child called {text}",
                node.id,
                "the same each time",
                notes=["the second would be refused as a duplicate"],
                helps=["put something that varies into the id: `\"ship-${order.id}-${item.sku}\"`"],
            )  # fmt: skip


def _varies(facts: Facts, value: s.Expr, loop: Node) -> bool:
    """Whether an expression mentions something that the loop changes."""
    for node in s.walk(value):
        meaning = facts.bindings.get(node)
        if isinstance(meaning, Local) and (meaning.node.lo >= loop.lo or meaning.kind in ("var", "checkpoint")):
            return True
        if isinstance(node, s.Call):
            return True
    return False


def check_label_has_slot(scope: Scope, index: Index) -> None:
    """RFT0812: a label on a statement that never rests."""
    for kind in (s.Let, s.Var, s.Assign, s.SpawnStmt):
        for node in index.get(kind, ()):
            value = effect_of(getattr(node, "value", None))
            if node.label is None or (value is not None and value.__class__ not in (s.Spawn, s.Try)):
                continue
            scope.problems.at(
                "RFT0812",
                f"nothing here can be labelled `{node.label.text}`",
                node.label.lo - 1,
                node.label.hi,
                "this statement has no slot",
                notes=["a label names a place where the run rests: at `do`, `wait`, `sleep`, `select` and the like"],
                helps=["remove the label"],
            )
