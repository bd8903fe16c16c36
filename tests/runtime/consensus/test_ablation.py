"""The simulator sees it when a cure is missing: each is switched off once, and something must be found.

What no seed finds in a reasonable time (votes that count twice, answers of another term, stickiness) stands in
`test_deviations` as a scene of its own: there the defect shows at once.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from raftoral.runtime.consensus import follower, guard as guards
from raftoral.runtime.consensus.follower import Normal
from raftoral.runtime.consensus.guard import Guard
from raftoral.runtime.consensus.leader import Flight
from raftoral.runtime.consensus.members import Members
from raftoral.runtime.consensus.messages import Append, Message
from raftoral.runtime.consensus.reads import Reads
from raftoral.runtime.consensus.tail import Tail

from .world import World

normalised = follower.normalised


def raw_appends(monkeypatch):
    """1, 2: the engine sees appends as they were sent."""

    def raw(tail: Tail, append: Append) -> Normal:
        matches = tail.term_at(append.previous_index) == append.previous_term
        return Normal(append, append.previous_index + len(append.entries) if matches else None)

    monkeypatch.setattr(guards, "normalised", raw)


def unverified_commits(monkeypatch):
    """4: a follower takes the leader's commit index for its own."""

    def believing(tail: Tail, append: Append) -> Normal:
        normal = normalised(tail, append)
        return normal._replace(append=normal.append._replace(commit=append.commit))

    monkeypatch.setattr(guards, "normalised", believing)


def answers_for_more(monkeypatch):
    """An answer says how long the follower's log is, and not what the append has verified."""

    def boasting(tail: Tail, append: Append) -> Normal:
        normal = normalised(tail, append)
        return normal if normal.verified is None else normal._replace(verified=max(tail.last.index, normal.verified))

    monkeypatch.setattr(guards, "normalised", boasting)


def many_changes(monkeypatch):
    """13: several changes of members at once."""
    monkeypatch.setattr(Members, "last_change", property(lambda self: 0))


def reads_at_once(monkeypatch):
    """21: a leader answers reads without asking anybody."""
    monkeypatch.setattr(Reads, "served", lambda self, others, applied: self.drop())


def forgotten_votes(monkeypatch):
    """10: the vote is not written."""
    record = Tail.record
    monkeypatch.setattr(Tail, "record", lambda self: replace(record(self), vote=None))


def all_at_once(monkeypatch):
    """Answers leave before the sync."""

    def later(self: Guard, peer: str, message: Message) -> None:
        self.early.append((peer, message))

    monkeypatch.setattr(Guard, "_later", later)


def no_probing(monkeypatch):
    """22: each refusal of a burst leads to another place."""
    monkeypatch.setattr(Flight, "probing", property(lambda self: False, lambda self, value: None), raising=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("switch_off", "seeds"),
    [
        (raw_appends, (5,)),
        (unverified_commits, (0, 5)),
        (answers_for_more, (0, 2)),
        (many_changes, (5, 6)),
        (reads_at_once, (1, 6)),
        (forgotten_votes, (0,)),
        (all_at_once, (0,)),
        (no_probing, (19, 48)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_simulator_finds_it(switch_off, seeds, monkeypatch):
    assert not World(seeds[0]).run().checkers.found
    switch_off(monkeypatch)
    assert any(World(seed).run().checkers.found for seed in seeds)
