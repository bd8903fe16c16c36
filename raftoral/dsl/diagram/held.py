"""At which slots a run may hold undos: which scopes had a `compensate` on some way there."""

from __future__ import annotations

from ..graph import Block, Register, Settle, Slot, Strand, Suspend, Unwind, blocks_of, ways_on

NOTHING: frozenset[str] = frozenset()


def undos_held(strand: Strand) -> dict[Slot, frozenset[str]]:
    """Slot of the strand -> the scopes of which undos may be registered there."""
    blocks = blocks_of(strand)
    into: dict[Block, frozenset[str]] = dict.fromkeys(blocks, NOTHING)
    out: dict[Block, frozenset[str]] = {}
    waiting = list(blocks)
    while waiting:
        block = waiting.pop(0)
        held = _after(block, into[block])
        if out.get(block) == held:
            continue
        out[block] = held
        for way in ways_on(block):
            if not held <= into[way]:
                into[way] |= held
                waiting.append(way)
    found = {}
    for block in blocks:
        if isinstance(block.exit, Suspend):
            found[block.exit.slot] = _through(block, into[block])
    return found


def _through(block: Block, held: frozenset[str]) -> frozenset[str]:
    for op in block.ops:
        if isinstance(op, Register):
            held |= {op.scope}
        elif isinstance(op, Settle):
            held -= {op.scope}
    return held


def _after(block: Block, held: frozenset[str]) -> frozenset[str]:
    held = _through(block, held)
    if isinstance(block.exit, Suspend) and isinstance(block.exit.request, Unwind):
        held -= {block.exit.request.scope}
    return held
