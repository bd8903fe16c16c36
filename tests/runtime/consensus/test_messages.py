"""Messages keep their meaning on the wire, and nonsense is refused before anything of it is believed."""

from __future__ import annotations

import random

import pytest

from raftoral.runtime.consensus import messages
from raftoral.runtime.consensus.entries import (
    ENTRY_BYTES_MAX,
    Change,
    Entry,
    Proposal,
    pack_batch,
    pack_change,
    unpack_batch,
    unpack_change,
)
from raftoral.runtime.consensus.messages import (
    Append,
    Appended,
    PreVote,
    PreVoteRequest,
    TermHint,
    TimeoutNow,
    Vote,
    VoteRequest,
    frame_of,
    packed,
    unpacked,
)
from raftoral.runtime.faults import BrokenInvariant, PeerError
from raftoral.runtime.proto import consensus_pb2 as pb

ALL: list[messages.Message] = [
    Append(3, 6, 2, 5, 9, [Entry(b"\0abc", 7, 2), Entry(b"\1", 8, 3)]),
    Append(3, 6, 2, 5, 9, []),
    Append(0, 0, 0, 0, 0, []),
    Appended(3, 9, True, False, 9, 6),
    Appended(3, 4, False, True, 9, 6),
    Appended(3, 4, False, False, 0, 0),
    VoteRequest(4, 8, 3, True),
    VoteRequest(0, 0, 0, False),
    Vote(4),
    PreVoteRequest(4, 8, 3, 5),
    PreVote(4, 5, True),
    PreVote(4, 5, False),
    TermHint(0),
    TimeoutNow(7),
]


@pytest.mark.parametrize("message", ALL, ids=lambda message: type(message).__name__)
def test_a_message_arrives_as_it_was(message):
    assert unpacked(frame_of([packed(7, message)])) == [(7, message)]


def test_a_frame_holds_messages_of_all_groups_in_order():
    frame = frame_of([packed(group, message) for group, message in enumerate(ALL)])
    assert unpacked(frame) == list(enumerate(ALL))


def append(*entries: tuple[int, bytes], term: int = 5, previous: tuple[int, int] = (3, 2)) -> pb.Message:
    message = pb.Message(group=1, term=term)
    message.append.previous_index, message.append.previous_term = previous
    message.append.entries.extend([pb.LogEntry(term=entry_term, data=data) for entry_term, data in entries])
    return message


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (pb.Message(group=1, term=1), "kind unknown"),
        (pb.Message(group=2**40, term=1, vote=pb.Vote()), "no group"),
        (pb.Message(group=1, term=2**63, vote=pb.Vote()), "out of bounds"),
        (pb.Message(group=1, term=1, appended=pb.Appended(success=True, reset=True)), "has it and has it not"),
        (pb.Message(group=1, term=1, appended=pb.Appended(success=True)), "less than nothing"),
        (pb.Message(group=1, term=1, appended=pb.Appended(reset=True, next_index=4, previous_index=3)), "more than"),
        (append((6, b"\0")), "of a leader of 5|from a leader of 5"),
        (append((3, b"\0"), (2, b"\0")), "after 3"),
        (append((1, b"\0")), "after 2"),
        (append((3, b"\3version")), "begins with"),
        (append((3, b"")), "begins with"),
        (append((3, b"\0" * (ENTRY_BYTES_MAX + 1))), "bytes and begins"),
        (append(previous=(2**63, 1)), "out of bounds"),
    ],
)
def test_nonsense_is_refused(message, why):
    with pytest.raises(PeerError, match=why):
        unpacked(frame_of([packed(1, Vote(1)), message]))


def test_any_bytes_are_read_or_refused():
    chance = random.Random(1)
    whole = frame_of([packed(group, message) for group, message in enumerate(ALL)])
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            unpacked(bytes(data[: chance.randrange(len(data))]))
        except PeerError:
            continue


def test_a_batch_keeps_its_proposals_and_their_order():
    proposals = [Proposal(b"1", b""), Proposal(b"2", bytes(1000)), Proposal(b"1", b"again")]
    assert unpack_batch(pack_batch(-5, proposals)) == (-5, proposals)


def test_a_change_is_the_same_bytes_everywhere():
    assert pack_change(Change(frozenset("cab"))) == pack_change(Change(frozenset("abc")))
    assert unpack_change(pack_change(Change(add="d"))) == Change(add="d")


def test_what_stands_in_the_log_and_cannot_be_read_is_our_fault():
    with pytest.raises(BrokenInvariant):
        unpack_batch(b"\0\xff\xff")
    with pytest.raises(BrokenInvariant):
        unpack_batch(b"\1")


def test_numbers_on_the_wire_and_on_disk_never_change():
    """A new field takes a new number, and no number is ever used again: nodes of several versions talk, logs outlive
    them."""
    numbers = {
        message.name: {field.name: field.number for field in message.fields}
        for message in pb.DESCRIPTOR.message_types_by_name.values()
    }
    expected = {
        "Frame": "messages",
        "Message": "group term append appended vote_request vote pre_vote_request pre_vote term_hint timeout_now",
        "Append": "previous_index previous_term commit round entries",
        "LogEntry": "term data",
        "Appended": "next_index success reset round previous_index",
        "VoteRequest": "last_index last_term transfer",
        "PreVoteRequest": "last_index last_term next_term",
        "PreVote": "next_term granted",
        "Batch": "time proposals",
        "Proposal": "request_id data",
        "Change": "members add remove",
        "GroupRecord": "term vote commit base_index base_term base_members last_index",
        "SnapshotMessage": "group digest offer want chunk done",
        "SnapshotOffer": "index term members bytes",
        "SnapshotChunk": "offset data crc",
    }
    for name, fields in expected.items():
        assert numbers[name] == {field: number for number, field in enumerate(fields.split(), 1)}


def test_the_bounds_fit_together():
    """The largest entry is far below the size at which the engine would cut it into pickled parts."""
    from raftoral.runtime.consensus import core, entries

    largest = pack_batch(2**62, [Proposal(bytes(64), bytes(entries.PROPOSAL_BYTES_MAX))])
    assert len(largest) <= entries.ENTRY_BYTES_MAX < core.APPEND_BYTES_MAX / 2
    tiny = pack_batch(
        2**62,
        [Proposal(bytes(64), bytes(entries.BATCH_BYTES_MAX // 256 - 64)) for _ in range(entries.BATCH_PROPOSALS_MAX)],
    )
    assert len(tiny) <= entries.ENTRY_BYTES_MAX
    assert messages.NUMBER_MAX < 2**63
