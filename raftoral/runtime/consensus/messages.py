"""What members of a group say to each other, and its form on the wire.

    Append(term=3, previous_index=6, ...)   ->   pb.Message   ->   with others of the same link: one frame of bytes

In: frames from links whose other end is known (the transport saw to that). Out: messages that are sound in themselves,
or `PeerError`. What stands in them may still be late, repeated, or from a node that is no longer a member. Never: runs
anything that it reads (no pickle), or holds a message that breaks a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, assert_never

from google.protobuf.message import DecodeError

from ..faults import PeerError
from ..proto import consensus_pb2 as pb
from .entries import ENTRY_BYTES_MAX, KINDS, Entry

NUMBER_MAX = 2**62  # of indexes and terms: a peer must not make them leave what SQLite and protobuf hold
GROUP_MAX = 2**18


class Append(NamedTuple):
    """From the leader: `entries` follow `previous`. Without entries it is a heartbeat."""

    term: int
    previous_index: int
    previous_term: int
    commit: int
    round: int
    entries: Sequence[Entry]


class Appended(NamedTuple):
    """Answer to an append. `success`: the sender's log is the leader's below `next_index`, durably.

    `reset`: it is not; try again from `next_index`. Neither: only a sign of life.
    """

    term: int
    next_index: int
    success: bool
    reset: bool
    round: int
    previous_index: int = 0  # of the append that it answers


class VoteRequest(NamedTuple):
    """From a candidate. With `transfer` the leader wants it so, and the vote is given although there is a leader."""

    term: int
    last_index: int
    last_term: int
    transfer: bool


class Vote(NamedTuple):
    """Given, durably. Who does not give one says nothing."""

    term: int


class PreVoteRequest(NamedTuple):
    """Would you vote for me in `next_term`? Asking changes nobody's term."""

    term: int
    last_index: int
    last_term: int
    next_term: int


class PreVote(NamedTuple):
    term: int
    next_term: int
    granted: bool


class TermHint(NamedTuple):
    """Your message was of a term that is over."""

    term: int


class TimeoutNow(NamedTuple):
    """From the leader: stand for election at once."""

    term: int


Message = Append | Appended | VoteRequest | Vote | PreVoteRequest | PreVote | TermHint | TimeoutNow


def packed(group: int, message: Message) -> pb.Message:
    """A message, ready to stand in a frame."""
    out = pb.Message(group=group, term=message.term)
    match message:
        case Append(_, index, term, commit, round, entries):
            out.append.previous_index = index
            out.append.previous_term = term
            out.append.commit = commit
            out.append.round = round
            out.append.entries.extend([pb.LogEntry(term=each.term, data=each.data) for each in entries])
            out.append.SetInParent()
        case Appended(_, next_index, success, reset, round, index):
            out.appended.CopyFrom(
                pb.Appended(next_index=next_index, success=success, reset=reset, round=round, previous_index=index)
            )
        case VoteRequest(_, index, term, transfer):
            out.vote_request.CopyFrom(pb.VoteRequest(last_index=index, last_term=term, transfer=transfer))
        case Vote():
            out.vote.SetInParent()
        case PreVoteRequest(_, index, term, next_term):
            out.pre_vote_request.CopyFrom(pb.PreVoteRequest(last_index=index, last_term=term, next_term=next_term))
        case PreVote(_, next_term, granted):
            out.pre_vote.CopyFrom(pb.PreVote(next_term=next_term, granted=granted))
        case TermHint():
            out.term_hint.SetInParent()
        case TimeoutNow():
            out.timeout_now.SetInParent()
        case _:
            assert_never(message)
    return out


def frame_of(messages: Sequence[pb.Message]) -> bytes:
    return pb.Frame(messages=messages).SerializeToString()


def unpacked(frame: bytes) -> list[tuple[int, Message]]:
    """All messages of a frame with their groups, in order; `PeerError` when one of them is nonsense."""
    try:
        parsed = pb.Frame.FromString(frame)
    except DecodeError as error:
        raise PeerError(f"a frame of {len(frame)} bytes cannot be read: {error}") from None
    return [(each.group, _sound(each)) for each in parsed.messages]


def _sound(message: pb.Message) -> Message:
    _bounded(message.term)
    if message.group > GROUP_MAX:
        raise PeerError(f"there is no group {message.group}")
    match message.WhichOneof("body"):
        case "append":
            return _append(message.term, message.append)
        case "appended":
            answer = message.appended
            _bounded(answer.next_index, answer.round, answer.previous_index)
            if answer.success and answer.reset:
                raise PeerError("an answer says that it has it and has it not")
            if answer.success and answer.next_index == 0:
                raise PeerError("an answer says that it has less than nothing")
            if answer.reset and answer.next_index > answer.previous_index:
                raise PeerError("an answer asks for more than it was offered")
            return Appended(
                message.term, answer.next_index, answer.success, answer.reset, answer.round, answer.previous_index
            )
        case "vote_request":
            request = message.vote_request
            _bounded(request.last_index, request.last_term)
            return VoteRequest(message.term, request.last_index, request.last_term, request.transfer)
        case "vote":
            return Vote(message.term)
        case "pre_vote_request":
            asked = message.pre_vote_request
            _bounded(asked.last_index, asked.last_term, asked.next_term)
            return PreVoteRequest(message.term, asked.last_index, asked.last_term, asked.next_term)
        case "pre_vote":
            _bounded(message.pre_vote.next_term)
            return PreVote(message.term, message.pre_vote.next_term, message.pre_vote.granted)
        case "term_hint":
            return TermHint(message.term)
        case "timeout_now":
            return TimeoutNow(message.term)
        case other:
            raise PeerError(f"a message of kind {other or 'unknown'}; the peer may be newer than this node")


def _append(term: int, append: pb.Append) -> Append:
    """Indexes of entries follow from where they stand, so they cannot have gaps; terms never fall, nor pass the
    sender's."""
    _bounded(append.previous_index, append.previous_term, append.commit, append.round)
    entries = []
    before = append.previous_term
    for index, entry in enumerate(append.entries, append.previous_index + 1):
        data = entry.data
        if len(data) > ENTRY_BYTES_MAX or data[:1] not in KINDS:
            raise PeerError(f"entry {index} has {len(data)} bytes and begins with {data[:1]!r}")
        if not before <= entry.term <= term:
            raise PeerError(f"entry {index} is of term {entry.term}, after {before}, from a leader of {term}")
        before = entry.term
        entries.append(Entry(data, index, entry.term))
    return Append(term, append.previous_index, append.previous_term, append.commit, append.round, entries)


def _bounded(*numbers: int) -> None:
    for number in numbers:
        if number > NUMBER_MAX:
            raise PeerError(f"the number {number} is out of bounds")
