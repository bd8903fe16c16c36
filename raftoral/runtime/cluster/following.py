"""Nodes without a vote in group 0 follow the directory: its leader tells them, they say how far they are.

    leader   following.tell(directory)          once a second, or when there is news; all of it to whoever lacks it
    learner  following.told("a", Following)     the directory is as that says; "I have 41" goes back

So a cluster may have many more nodes than group 0 has voters: each knows who is there and whose the groups are. What a
learner knows is a moment old; what matters is decided by decrees, in the log of group 0.

In: parcels, the directory of the leader. Out: parcels for others. Never decides anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..proto import peer_pb2 as pb
from .directory import Directory

if TYPE_CHECKING:
    from .host import Host

TELL_S = 1.0


class Following:
    def __init__(self, host: Host) -> None:
        self._host = host
        self._has: dict[str, int] = {}  # learner -> how far it says that it is
        self._told_at: dict[str, float] = {}
        self._told: dict[str, pb.Following] = {}
        self._answers: dict[str, pb.Followed] = {}
        self._news = False

    @property
    def waits(self) -> bool:
        """Whether there is something to be sent."""
        return bool(self._told or self._answers)

    def taken(self) -> tuple[dict[str, pb.Following], dict[str, pb.Followed]]:
        """What is to be sent, by peer."""
        told, self._told = self._told, {}
        answers, self._answers = self._answers, {}
        return told, answers

    def news(self) -> bool:
        """Whether this node learned something since the last call."""
        news, self._news = self._news, False
        return news

    # --- the leader of group 0 -------------------------------------------------------------------------------

    def tell(self, directory: Directory) -> None:
        """Asked in every look of the leader."""
        host, members = self._host, directory.point.members
        learners = [name for name in directory.nodes if name not in members and name != host.node]
        for name in [name for name in self._has if name not in learners]:
            del self._has[name]
            self._told_at.pop(name, None)
        for name in learners:
            news = self._has.get(name, directory.applied) < directory.applied
            if news or self._told_at.get(name, float("-inf")) + TELL_S <= host.now:
                self._told_at[name] = host.now
                lacks = self._has.get(name, -1) < directory.applied
                told = pb.Following(index=directory.applied, term=directory.point.term)
                if lacks:
                    told.state.CopyFrom(directory.state)
                    self._has.pop(name, None)  # until it answers, it is told as seldom as one that is away
                self._told[name] = told

    def answered(self, peer: str, followed: pb.Followed) -> None:
        """A learner says how far it is."""
        if self._host.leads(0):
            self._has[peer] = followed.index

    # --- a node without a vote in it -------------------------------------------------------------------------

    def told(self, peer: str, following: pb.Following) -> None:
        """A leader of group 0 says what there is."""
        host = self._host
        if host.holds(0):
            return  # it learns from the log
        directory = host.follow()
        if following.HasField("state"):
            self._news |= directory.follow(following.index, following.term, following.state)
        self._answers[peer] = pb.Followed(index=directory.followed[1])
