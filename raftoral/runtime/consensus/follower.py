"""What a follower makes of an append before the engine sees it: harmless in each of its parts.

    log 1..9, committed 5; append after 3 with 4..7, commit 8   ->   a heartbeat at 9, commit 7; the answer: "next is 8"

The engine deletes everything after `previous_index` on *every* append, matching or not; it takes the leader's commit
index for its own without a look at what the message verified; it answers a mismatch one index at a time (deviations 1,
2, 4, 22). So an append is rewritten: what we hold already is left out, and what is deleted is only what really
conflicts.

Never: lets the engine delete an entry that the leader has too, or commit an entry that this very message did not
verify.
"""

from __future__ import annotations

from typing import NamedTuple

from ..faults import check
from .messages import Append
from .tail import Tail


class Normal(NamedTuple):
    """An append for the engine, and the answer that it stands for."""

    append: Append
    verified: int | None  # our log is the leader's up to here; None: it does not match, and the engine will say so


def normalised(tail: Tail, append: Append) -> Normal:
    last = tail.last
    commit = min(tail.commit, last.index)
    previous, previous_term, entries = append.previous_index, append.previous_term, list(append.entries)

    if previous > last.index:
        # There is a gap. The engine finds nothing at this place and asks for what follows our end.
        return Normal(append._replace(previous_index=last.index + 1, entries=()), None)

    if previous < commit:
        # What is committed here is in the log of every later leader (Leader Completeness), so it need not be compared,
        # and some of it may be gone from our log. A difference would mean that the property is broken: stop.
        for entry in entries:
            if entry.index <= commit:
                own = tail.term_at(entry.index)
                check(own is None or own == entry.term, f"the leader has another entry {entry.index}, committed here")
        entries = [entry for entry in entries if entry.index > commit]
        previous, previous_term = commit, _term(tail, commit)

    if tail.term_at(previous) != previous_term:
        check(previous > commit, f"the leader has another entry {previous}, committed here")
        # The engine finds another term at this place and asks to go back.
        return Normal(append._replace(previous_index=previous, previous_term=previous_term, entries=()), None)

    held = 0  # entries at the beginning that are in our log already
    while held < len(entries) and tail.term_at(entries[held].index) == entries[held].term:
        held += 1
    # Entries of ours after these may be of another leader. They are not committed by this message, whatever it says.
    verified = previous + len(entries)
    append = append._replace(commit=min(append.commit, verified))
    if held == len(entries):
        # Nothing is new. At the end of our own log there is nothing that the engine could delete: an append that came
        # late must not take away what came after it and was acknowledged.
        return Normal(append._replace(previous_index=last.index, previous_term=last.term, entries=()), verified)
    place = previous + held
    check(place >= commit, f"entries after {place} would be deleted, and {commit} is committed")
    rest = append._replace(previous_index=place, previous_term=_term(tail, place), entries=tuple(entries[held:]))
    return Normal(rest, verified)


def _term(tail: Tail, index: int) -> int:
    term = tail.term_at(index)
    check(term is not None, f"entry {index} is committed and not in the log")
    assert term is not None
    return term


def retry_at(tail: Tail, asked: int | None) -> int:
    """Where the leader should try again after a mismatch.

    The engine goes back by one index for each round: after a few hundred entries of a leader that was cut off, a group
    stands still for minutes. Everything up to our commit index matches, so we go there at once, in one round trip.
    """
    end = tail.last.index + 1
    if asked is None or asked >= end:
        return end
    return min(asked, tail.commit + 1)
