"""Who may stand, who is voted for, and whose votes count.

    no leader for a while  ->  pre-vote: "would you?"  ->  a majority would  ->  the engine stands  ->  votes

The engine stands whenever its timer runs out, so a node that was cut off returns with a high term and deposes a
healthy leader (deviation 19); it counts messages, not voters, and strangers too (18); it says nothing to a node whose
term is over (20). Here a node asks before it stands (pre-vote), nobody votes while a leader is heard (stickiness),
each member's vote counts once, and who is behind is told so.

Never: votes or stands by itself (the engine does, and the journal is written before either leaves), or lets a node
stand that its own log does not name as a member.
"""

from __future__ import annotations

from collections.abc import Callable

from .core import CANDIDATE, LEADER, Core, Timing
from .messages import Message, PreVote, PreVoteRequest, TermHint, TimeoutNow, Vote, VoteRequest
from .tail import Tail


class Elections:
    def __init__(self, own: str, core: Core, tail: Tail, timing: Timing, send: Callable[[str, Message], None]) -> None:
        self._own = own
        self._core = core
        self._tail = tail
        self._timing = timing
        self._send = send
        self._heard_at = float("-inf")  # when an append of a leader came last
        self._would: set[str] = set()  # those who said yes in this pre-vote
        self._asking = False
        self._may_stand = False  # a majority said yes: the engine's next tick stands
        self._asked_to = False  # the leader told us to stand: say so, or nobody would leave it
        self._voters: set[str] = set()
        self._voters_term = 0

    # --- time -----------------------------------------------------------------------------------------------------

    def before_tick(self, now: float) -> None:
        core = self._core
        if core.role == LEADER or not core.election_at < now:
            return
        if self._own not in self._tail.members.now:
            core.postpone_election()  # not yet a member, or no longer one
            return
        if core.transferring or self._may_stand or self._tail.members.now == {self._own}:
            return
        core.postpone_election()
        self._asking = True
        self._would = {self._own}
        last = self._tail.last
        for peer in sorted(self._tail.members.now - {self._own}):
            self._send(peer, PreVoteRequest(core.term, last.index, last.term, core.term + 1))

    def term_changed(self) -> None:
        """What was agreed on for another term is over."""
        self._asking = self._may_stand = self._asked_to = False

    # --- messages --------------------------------------------------------------------------------------------------

    def heard(self, now: float) -> None:
        """An append of the leader of our term came."""
        self._heard_at = now
        self._asking = self._may_stand = False

    def has_leader(self, now: float) -> bool:
        """Within the shortest time after which anybody could have stood, a leader was heard."""
        core = self._core
        if core.role == LEADER:
            return True
        return core.leader is not None and now - self._heard_at < self._timing.election_min

    def asked_for_vote(self, peer: str, request: VoteRequest, now: float) -> None:
        core = self._core
        if request.term < core.term:
            self._send(peer, TermHint(core.term))
        elif request.term > core.term and self.has_leader(now) and not request.transfer:
            pass  # stickiness: not even its term is taken over, or the leader would fall
        elif request.term == core.term and core.vote == peer and core.role != LEADER:
            self._send(peer, Vote(core.term))  # it has our vote already, durably; the answer was lost
        else:
            core.vote_request(peer, request)

    def leaving(self, request: VoteRequest) -> VoteRequest:
        """A request that the engine sends."""
        return request._replace(transfer=self._asked_to)

    def counts(self, peer: str, vote: Vote) -> bool:
        """Whether a vote may be counted: for this candidacy, from a member, and the first from it."""
        core = self._core
        if core.role != CANDIDATE or vote.term != core.term or peer not in self._tail.members.now:
            return False
        if self._voters_term != core.term:
            self._voters_term, self._voters = core.term, set()
        if peer in self._voters:
            return False
        self._voters.add(peer)
        return True

    def asked_before(self, peer: str, request: PreVoteRequest, now: float) -> None:
        core = self._core
        last = self._tail.last
        free = request.next_term > core.term or (request.next_term == core.term and core.vote is None)
        complete = (request.last_term, request.last_index) >= (last.term, last.index)
        granted = free and complete and not self.has_leader(now)
        self._send(peer, PreVote(core.term, request.next_term, granted))

    def answered_before(self, peer: str, answer: PreVote) -> None:
        core = self._core
        if not (answer.granted and self._asking and answer.next_term == core.term + 1):
            return
        members = self._tail.members.now
        if core.role == LEADER or peer not in members:
            return
        self._would.add(peer)
        if 2 * len(self._would & members) > len(members):
            self._asking = False
            self._may_stand = True
            core.election_at = float("-inf")

    def told_to_stand(self, peer: str, message: TimeoutNow) -> None:
        if message.term != self._core.term or self._own not in self._tail.members.now:
            return  # of another leadership; the engine would also take one of a term that it does not know yet
        self._core.timeout_now(peer, message)
        self._asked_to = self._core.transferring

    def hinted(self, term: int) -> None:
        """Somebody is in a later term: whatever this node is, it is it no longer."""
        if term > self._core.term:
            led = self._core.role == LEADER
            self._core.adopt(term)
            self.term_changed()
            if led:
                self._core.postpone_election()
