"""Whether a graph holds together. Runs after lowering and after liveness, in production too: it takes microseconds.

A broken graph is a fault of ours, never of the author: it raises `BrokenGraph`, which names the source line.
"""

from __future__ import annotations

from ..facts.symbols import CHECKPOINT, Local
from . import Block, Graph, Strand, Suspend, blocks_of


class BrokenGraph(Exception):
    """The compiler made a graph that cannot run."""


def check(condition: bool, why: str) -> None:
    if not condition:
        raise BrokenGraph(why)


def verify(graph: Graph) -> None:
    """After lowering: every block ends, every slot is met once, keys are unique."""
    where = f"{graph.name} version {graph.version.number}"
    met = []
    for strand in graph.strands():
        for block in blocks_of(strand):
            check(block.exit is not None, f"{where}: a block of {_shown(strand)} has no exit")
            if isinstance(block.exit, Suspend):
                slot = block.exit.slot
                met.append(slot)
                check(slot.strand is strand, f"{where}: slot {slot.key} is in another strand")
                check(block.exit.then is not None or slot.kind == "select", f"{where}: {slot.key} does not go on")
    keys = [slot.key for slot in graph.slots]
    check(len(set(keys)) == len(keys), f"{where}: two slots have one key")
    check(len(set(met)) == len(met), f"{where}: a slot is met twice")
    check(set(met) <= set(graph.slots), f"{where}: a slot is not listed")


def verify_frames(graph: Graph) -> None:
    """After liveness: nothing is read that was never given, and no checkpoint is in a frame."""
    where = f"{graph.name} version {graph.version.number}"
    root = graph.root
    unknown = [local.name for local in root.captured]
    check(not unknown, f"{where}: {', '.join(unknown)} may be read before it has a value")
    for slot in graph.slots:
        check(
            all(local.kind != CHECKPOINT for local in slot.frame), f"{where}: a checkpoint in the frame of {slot.key}"
        )
    for strand in graph.strands():
        for block in blocks_of(strand):
            _captures_are_there(strand, block, where)


def _captures_are_there(strand: Strand, block: Block, where: str) -> None:
    """What a strand takes from around it is live where it starts."""
    from . import forked

    for inner in forked(block):
        visible: set[Local] = set(inner.captured)
        check(visible.isdisjoint(inner.params), f"{where}: {_shown(inner)} captures its own parameter")


def _shown(strand: Strand) -> str:
    return f"strand {strand.name}" if strand.name else "the root"
