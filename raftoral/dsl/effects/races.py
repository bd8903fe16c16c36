"""Data races between branches: RFT0601 to 0603, and two that wait for one signal (0607).

A branch may read what lies around it, and may not write it: two writes race with each other (0601), one write races
with a read in another branch (0602), and every turn of a `parallel for` would overwrite the others (0603). An undo runs
later, in a frame of its own: what it writes of the locals around it is lost (0602 too).
"""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import BRANCH, CHECKPOINT, Local, Signal
from ..scope import Scope
from ..syntax import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    Uses = dict[Local, Node]


class _Branch:
    """What one branch writes, reads and waits for, of what lies outside of the whole construct."""

    __slots__ = ("name", "reads", "waits", "writes")

    def __init__(self, facts: Facts, name: str, body: Node, undo: Node | None, start: int) -> None:
        self.name = name
        self.writes: Uses = {}
        self.reads: Uses = {}
        self.waits: dict[str, Node] = {}
        for node in s.walk([body, undo] if undo is not None else body):
            meaning = facts.bindings.get(node)
            if isinstance(meaning, Local) and meaning.node.lo < start and meaning.kind != BRANCH:
                if node.__class__ is s.Assign:
                    self.writes.setdefault(meaning, node.name)
                else:
                    self.reads.setdefault(meaning, node)
            elif isinstance(meaning, Signal) and node.__class__ is not s.Send:
                self.waits.setdefault(meaning.name, node.name)  # type: ignore[attr-defined]


def check_parallel(scope: Scope, facts: Facts, node: s.Parallel | s.Dag) -> None:
    """Races between the branches of a `parallel`, or steps of a `dag` that do not wait for each other."""
    parts = node.branches if isinstance(node, s.Parallel) else node.steps
    branches = [_Branch(facts, part.name.text, part.body, part.compensate, node.lo) for part in parts]
    ordered = _order(facts, node) if isinstance(node, s.Dag) else {}
    word = "branch" if isinstance(node, s.Parallel) else "step"
    said: set[Local] = set()
    waited: dict[str, tuple[_Branch, Node]] = {}
    for one in branches:
        for local, place in one.writes.items():
            if local in said:
                continue
            said.add(local)
            others = [b for b in branches if b is not one and not _in_order(ordered, one.name, b.name)]
            _report_write(scope, local, one, place, others, word)
        for signal, place in one.waits.items():
            first = waited.setdefault(signal, (one, place))
            if first[0] is not one and not _in_order(ordered, one.name, first[0].name):
                _report_waiters(scope, signal, first[1], place, word)


def _order(facts: Facts, node: s.Dag) -> dict[str, set[str]]:
    """step -> all steps that end before it starts."""
    edges = facts.dag_edges.get(node, {})
    before: dict[str, set[str]] = {}
    for name in edges:
        found: set[str] = set()
        stack = list(edges[name])
        while stack:
            step = stack.pop()
            if step not in found:
                found.add(step)
                stack.extend(edges.get(step, ()))
        before[name] = found
    return before


def _in_order(before: dict[str, set[str]], one: str, two: str) -> bool:
    return two in before.get(one, ()) or one in before.get(two, ())


def _report_write(scope: Scope, local: Local, one: _Branch, place: Node, others: list[_Branch], word: str) -> None:
    writer = next((b for b in others if local in b.writes), None)
    if writer is not None:
        scope.problems.add(
            "RFT0601",
            f"two {word}{'es' if word == 'branch' else 's'} that run at the same time both write `{local.name}`",
            writer.writes[local],
            f"and by {word} `{writer.name}`: which one is last depends on timing",
            also=[(place, f"written by {word} `{one.name}`")],
            helps=["write it once, after the block"],
        )
        return
    reader = next((b for b in others if local in b.reads), None)
    if reader is not None:
        scope.problems.add(
            "RFT0602",
            f"one {word} writes `{local.name}` while another reads it",
            reader.reads[local],
            "read here: before or after the write?",
            also=[(place, "written here")],
            helps=[f"copy it before the block: `let {local.name}_before = {local.name}`"],
        )
        return
    scope.problems.add(
        "RFT0602",
        f"{word} `{one.name}` writes `{local.name}`, which lies outside of it",
        place,
        "the block around it may read it at any time",
        also=[(local.node, "declared out here")],
        notes=[f"a {word} has a frame of its own, and gives its result at its end"],
        helps=["`give` the value and assign it after the block"],
    )


def _report_waiters(scope: Scope, signal: str, first: Node, second: Node, word: str) -> None:
    scope.problems.add(
        "RFT0607",
        f"two {word}{'es' if word == 'branch' else 's'} wait for the signal `{signal}`",
        second,
        "and here: which of them gets the next one depends on timing",
        also=[(first, "waited for here")],
        helps=["wait once, before or after the block, and share what came"],
    )


def check_parallel_for(scope: Scope, facts: Facts, node: s.ParallelFor) -> None:
    """RFT0603; and RFT0607 when the turns wait for a signal of the workflow."""
    turn = _Branch(facts, "", node.body, None, node.lo)
    limit = scope.problems.source.text[node.limit.lo : node.limit.hi] if node.limit is not None else "several"
    for local, place in turn.writes.items():
        scope.problems.add(
            "RFT0603",
            f"every turn of this `parallel for` writes `{local.name}`",
            place,
            f"up to {limit} turns run at once, and each would overwrite the others",
            also=[(local.node, "declared outside the loop")],
            helps=["give the value out and add up afterwards: results come back in the order of the list"],
        )
    for signal, place in turn.waits.items():
        scope.problems.add(
            "RFT0607",
            f"every turn of this `parallel for` waits for the signal `{signal}`",
            place,
            "which turn gets the next one depends on timing",
            helps=["wait once, before or after the loop"],
        )


def check_undo(scope: Scope, facts: Facts, undo: s.Compensation, forks: list[Node]) -> None:
    """RFT0602 for an undo that writes a local around it. In `forks`, the branch that it belongs to is told already."""
    around = [fork.lo for fork in forks if fork.lo < undo.lo < fork.hi]
    for local, place in _Branch(facts, "", undo.body, None, undo.lo).writes.items():
        if local.kind == CHECKPOINT or any(local.node.lo < start for start in around):
            continue
        scope.problems.add(
            "RFT0602",
            f"a compensation writes `{local.name}`, which lies outside of it",
            place,
            "nobody sees this value",
            also=[(local.node, "declared out here")],
            notes=["a compensation runs later, in a frame of its own that keeps the values of now"],
            helps=["keep what others have to see in a `checkpoint`"],
        )
