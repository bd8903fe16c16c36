"""What an entry of the log holds: one byte that says its kind, then protobuf.

    pack_batch(time, [Proposal(b"id-1", b"...")])  ->  Entry(data=b"\\0...", index=7, term=3)  ->  unpack_batch(data)

The kinds are those of the engine, which writes one of them itself (the entry that begins a leadership).
Never decides anything; bytes that it cannot read are a broken invariant, since only this file writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from google.protobuf.message import DecodeError

from ..faults import BrokenInvariant, check
from ..proto import consensus_pb2 as pb

BATCH, NOTHING, CHANGE = b"\0", b"\1", b"\2"
KINDS = frozenset((BATCH, NOTHING, CHANGE))

# Bounds. A third of the least size at which the engine would cut an entry into parts (`core.APPEND_BYTES_MAX`).
PROPOSAL_BYTES_MAX = 1024 * 1024
BATCH_PROPOSALS_MAX = 256
BATCH_BYTES_MAX = 1024 * 1024
ENTRY_BYTES_MAX = BATCH_BYTES_MAX + PROPOSAL_BYTES_MAX // 4
REQUEST_ID_BYTES_MAX = 64
NAME_BYTES_MAX = 255


class Entry(NamedTuple):
    """An entry of the log, in the order of fields that the engine knows."""

    data: bytes
    index: int  # type: ignore[assignment]  # the word of the paper, though tuples have a method of that name
    term: int


class Proposal(NamedTuple):
    """What somebody wants in the log. Its id names it for ever: a second try carries the same one."""

    request_id: bytes
    data: bytes


class Change(NamedTuple):
    """Of the members of a group: all of a new one, or one more, or one less."""

    members: frozenset[str] = frozenset()
    add: str = ""
    remove: str = ""


def pack_batch(time: int, proposals: Iterable[Proposal]) -> bytes:
    batch = pb.Batch(time=time, proposals=[pb.Proposal(request_id=id, data=data) for id, data in proposals])
    return BATCH + batch.SerializeToString()


def unpack_batch(data: bytes) -> tuple[int, Sequence[Proposal]]:
    """The leader's clock, and the proposals."""
    check(data[:1] == BATCH, "only a batch is read as one")
    try:
        batch = pb.Batch.FromString(data[1:])
    except DecodeError as error:
        raise BrokenInvariant(f"a batch in the log cannot be read: {error}") from None
    return batch.time, [Proposal(each.request_id, each.data) for each in batch.proposals]


def pack_change(change: Change) -> bytes:
    packed = pb.Change(members=sorted(change.members), add=change.add, remove=change.remove)
    return CHANGE + packed.SerializeToString(deterministic=True)


def unpack_change(data: bytes) -> Change:
    check(data[:1] == CHANGE, "only a change is read as one")
    try:
        change = pb.Change.FromString(data[1:])
    except DecodeError as error:
        raise BrokenInvariant(f"a change of members in the log cannot be read: {error}") from None
    return Change(frozenset(change.members), change.add, change.remove)
