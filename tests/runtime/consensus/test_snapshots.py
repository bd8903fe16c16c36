"""Snapshots on their way: in chunks, checked, resumed after any loss."""

from __future__ import annotations

import hashlib
import random

import pytest

from raftoral.runtime.consensus.journal import Point
from raftoral.runtime.consensus.snapshots import Header, MemorySink, Receiver, Sender
from raftoral.runtime.faults import PeerError
from raftoral.runtime.proto import consensus_pb2 as pb


def sender(data: bytes, index: int = 7, group: int = 1) -> Sender:
    header = Header(group, Point(index, 2, frozenset("abc")), len(data), hashlib.sha256(data).digest())
    return Sender(header, lambda offset, count: data[offset : offset + count], chunk_bytes=10)


def receiver(group: int = 1) -> tuple[Receiver, MemorySink]:
    sink = MemorySink()
    return Receiver(group, sink), sink


DATA = bytes(range(95))


@pytest.mark.parametrize("size", [1, 9, 10, 11, 95])
def test_a_snapshot_arrives_whole(size):
    source, (target, sink) = sender(DATA[:size]), receiver()
    message: bytes | None = source.offer()
    while message is not None:
        answer = target.received(message)
        message = source.received(answer) if answer is not None else None
    assert target.whole == source.header
    assert sink.data == DATA[:size]
    assert source.done


@pytest.mark.parametrize("seed", range(20))
def test_it_arrives_whatever_is_lost_or_repeated(seed):
    chance = random.Random(seed)
    source, (target, sink) = sender(DATA), receiver()
    for _ in range(200):
        message: bytes | None = source.offer()  # said again every second, as long as the log does not reach
        while message is not None and chance.random() < 0.8:
            if chance.random() < 0.2:
                target.received(message)
            answer = target.received(message)
            message = source.received(answer) if answer is not None and chance.random() < 0.8 else None
        if source.done:
            break
    assert source.done and sink.data == DATA


def test_after_a_loss_it_goes_on_where_it_was():
    source, (target, _) = sender(DATA), receiver()
    want = target.received(source.offer())
    for _ in range(3):
        assert want is not None
        chunk = source.received(want)
        assert chunk is not None
        want = target.received(chunk)
    want = target.received(source.offer())
    assert want is not None
    assert pb.SnapshotMessage.FromString(want).want.offset == 30


def test_a_later_state_takes_the_place_of_one_that_is_on_its_way():
    source, later, (target, sink) = sender(DATA), sender(DATA[::-1], 9), receiver()
    want = target.received(source.offer())
    assert want is not None
    target.received(source.received(want) or b"")
    message: bytes | None = later.offer()
    while message is not None:
        answer = target.received(message)
        message = later.received(answer) if answer is not None else None
    assert target.whole == later.header
    assert sink.data == DATA[::-1]


def test_an_earlier_state_is_taken_only_when_the_other_sender_is_silent():
    later, earlier, (target, _) = sender(DATA, 9), sender(DATA[::-1], 5), receiver()
    assert target.received(later.offer())
    assert target.received(earlier.offer()) is None
    assert target.received(earlier.offer()) is not None


def damaged(message: bytes, **fields) -> bytes:
    parsed = pb.SnapshotMessage.FromString(message)
    for name, value in fields.items():
        setattr(parsed.chunk, name, value)
    return parsed.SerializeToString()


def test_a_damaged_chunk_costs_the_link_and_nothing_else():
    source, (target, sink) = sender(DATA), receiver()
    want = target.received(source.offer())
    assert want is not None
    chunk = source.received(want)
    assert chunk is not None
    with pytest.raises(PeerError, match="damaged"):
        target.received(damaged(chunk, data=b"x" * 10))
    assert sink.data == b""
    assert target.received(chunk) is not None


def test_a_chunk_of_another_place_is_not_taken():
    source, (target, sink) = sender(DATA), receiver()
    want = target.received(source.offer())
    assert want is not None
    chunk = source.received(want)
    assert chunk is not None
    assert target.received(damaged(chunk, offset=20)) is None
    assert sink.data == b""


def test_a_whole_snapshot_that_is_not_what_was_offered_is_refused():
    data = bytearray(DATA)
    header = Header(1, Point(7, 2, frozenset("a")), len(data), hashlib.sha256(DATA).digest())
    source = Sender(header, lambda offset, count: bytes(data[offset : offset + count]), chunk_bytes=50)
    data[60] ^= 1
    target, _ = receiver()
    want = target.received(source.offer())
    assert want is not None
    want = target.received(source.received(want) or b"")
    assert want is not None
    with pytest.raises(PeerError, match="not what was offered"):
        target.received(source.received(want) or b"")
    assert target.whole is None


@pytest.mark.parametrize(
    "message",
    [
        b"\xff\xff",
        pb.SnapshotMessage(group=1).SerializeToString(),
        pb.SnapshotMessage(group=2, offer=pb.SnapshotOffer(index=1)).SerializeToString(),
        pb.SnapshotMessage(group=1, offer=pb.SnapshotOffer(index=1, bytes=0), digest=bytes(32)).SerializeToString(),
        pb.SnapshotMessage(group=1, offer=pb.SnapshotOffer(index=1, bytes=5), digest=b"short").SerializeToString(),
        pb.SnapshotMessage(group=1, offer=pb.SnapshotOffer(index=2**63, bytes=5), digest=bytes(32)).SerializeToString(),
    ],
)
def test_nonsense_is_refused(message):
    target, _ = receiver()
    with pytest.raises(PeerError):
        target.received(message)


def test_an_answer_of_an_earlier_snapshot_is_not_meant_for_this_one():
    source, other, (target, _) = sender(DATA), sender(DATA[::-1]), receiver()
    want = target.received(source.offer())
    assert want is not None
    assert other.received(want) is None
