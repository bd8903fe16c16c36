"""Each deviation of the engine from Raft, by its number in `docs/pysyncobj.md`, and its cure.

A test with `off` runs twice: as it is, and with the cure switched off. The second run must show the defect, so that
the test is known to see it.
"""

from __future__ import annotations

import pytest

from raftoral.runtime.consensus import core, follower, guard as guards
from raftoral.runtime.consensus.elections import Elections
from raftoral.runtime.consensus.entries import PROPOSAL_BYTES_MAX, Change, pack_change
from raftoral.runtime.consensus.follower import Normal
from raftoral.runtime.consensus.guard import Guard
from raftoral.runtime.consensus.journal import BEGINNING, Point
from raftoral.runtime.consensus.leader import Flight, Followers
from raftoral.runtime.consensus.log import Busy, Committed, Limits, NotLeader, Readable, Refused, Unknown
from raftoral.runtime.consensus.members import Members
from raftoral.runtime.consensus.messages import (
    Append,
    Appended,
    PreVote,
    PreVoteRequest,
    TermHint,
    TimeoutNow,
    Vote,
    VoteRequest,
)
from raftoral.runtime.consensus.reads import Reads
from raftoral.runtime.consensus.tail import Tail
from raftoral.runtime.faults import BrokenInvariant

from .bench import Bench, appends, entry

CURED = pytest.mark.parametrize("off", [False, True], ids=["cured", "as the engine is"])


# --- the follower's side: 1, 4, 22, 20 -----------------------------------------------------------------------------


def raw(tail: Tail, append: Append) -> Normal:
    """No normalisation: the engine sees what was sent."""
    matches = tail.term_at(append.previous_index) == append.previous_term
    return Normal(append, append.previous_index + len(append.entries) if matches else None)


@CURED
def test_1_a_late_append_takes_nothing_away(off, monkeypatch):
    bench = Bench().follow("b", 1, last=9)
    if off:
        monkeypatch.setattr(guards, "normalised", raw)
    bench.say("b", appends(1, 3, 1, 7, commit=1))
    assert bench.log.status().last == (7 if off else 9)
    assert bench.to("b", Appended)[0].next_index == 8, "it says what this message verified, and not what else is there"


def test_1_what_conflicts_is_replaced():
    bench = Bench().follow("b", 1, last=9)
    bench.say("c", appends(2, 4, 1, 6, commit=1))
    assert [bench.guard.log.term_at(index) for index in range(3, 8)] == [1, 1, 2, 2, None]


def test_1_what_is_committed_is_never_replaced():
    bench = Bench().follow("b", 1, last=9, commit=6)
    bench.say("c", appends(2, 4, 1, 6, commit=1))
    (stopped,) = bench.ready.stopped
    assert "committed" in str(stopped.fault)
    assert bench.sent == []


@CURED
def test_4_what_was_not_verified_is_not_committed(off, monkeypatch):
    """Entries of an earlier leader lie behind what the new one has compared; it is far ahead with its commits."""
    bench = Bench().follow("b", 1, last=9)
    if off:
        whole = follower.normalised
        monkeypatch.setattr(
            guards,
            "normalised",
            lambda tail, m: whole(tail, m)._replace(append=whole(tail, m).append._replace(commit=m.commit)),
        )
    bench.say("c", Append(2, 3, 1, 900, 0, ()))
    assert bench.log.status().commit == (9 if off else 3)


@CURED
def test_22_a_mismatch_is_found_in_one_round_trip(off, monkeypatch):
    bench = Bench().follow("b", 1, last=400, commit=5)
    if off:
        monkeypatch.setattr(guards, "retry_at", lambda tail, asked: asked)
    bench.say("c", Append(3, 390, 2, 5, 0, ()))
    (answer,) = bench.to("c", Appended)
    assert answer.reset
    assert answer.next_index == (390 if off else 6)


def test_20_an_append_of_a_term_that_is_over_is_answered():
    bench = Bench().follow("b", 5, last=3)
    bench.say("c", appends(4, 1, 0, 2, commit=1))
    assert bench.to("c", TermHint) == [TermHint(5)]
    assert bench.log.status().last == 3


def test_17_a_leader_that_this_log_does_not_know_is_followed():
    """The log of a member may be too old to name the members of now."""
    bench = Bench().follow("stranger", 3, last=4, commit=4)
    assert bench.log.status().leader == "stranger"
    assert bench.log.status().commit == 4


def test_two_leaders_in_one_term_stop_the_group():
    bench = Bench().follow("b", 3, last=4)
    bench.say("c", appends(3, 1, 0, 4, commit=1))
    (stopped,) = bench.ready.stopped
    assert isinstance(stopped.fault, BrokenInvariant)


# --- the leader's side: 2, 3, 23, 33, 35 ---------------------------------------------------------------------------


def propose(bench: Bench, count: int) -> None:
    """So many entries, each in a step of its own."""
    for number in range(count):
        bench.log.propose(b"data", b"id %d" % number)
        bench.step()


@CURED
def test_2_an_answer_does_not_send_again_what_is_on_its_way(off, monkeypatch):
    bench = Bench()
    term = bench.lead()
    propose(bench, 5)
    last = bench.log.status().last
    if off:
        monkeypatch.setattr(Followers, "answered", lambda self, peer, m, now: self._core.appended(peer, m))
    bench.say("b", Appended(term, last - 2, True, False, 0))
    again = [e.index for append in bench.to("b", Append) for e in append.entries]
    assert again == ([last - 2, last - 1, last] if off else [])


@CURED
def test_3_an_answer_of_another_term_is_not_counted(off, monkeypatch):
    bench = Bench()
    term = bench.lead()
    propose(bench, 1)
    commit, last = bench.log.status().commit, bench.log.status().last
    if off:
        monkeypatch.setattr(Followers, "counts", lambda self, peer, m: self._core.role == 2)
    bench.say("b", Appended(term - 1, last + 1, True, False, 0))
    assert bench.log.status().commit == (last if off else commit)


@CURED
def test_23_a_reset_beyond_the_end_does_not_silence_the_leader(off, monkeypatch):
    bench = Bench()
    term = bench.lead()
    if off:
        monkeypatch.setattr(Followers, "answered", lambda self, peer, m, now: self._core.appended(peer, m))
    bench.say("b", Appended(term, 50, False, True, 0, 60))
    bench.step(0.2)
    assert bool(bench.ready.stopped) == off, "the engine sends heartbeats without a place, which are refused here"
    if not off:
        assert bench.to("b", Append)


def test_23_a_reset_does_not_go_below_what_was_acknowledged():
    bench = Bench()
    term = bench.lead()
    propose(bench, 4)
    bench.copied("b")
    match = bench.log.status().followers["b"].match
    bench.say("b", Appended(term, 1, False, True, 0, match + 1))
    assert bench.log.status().followers["b"].next == match + 1
    bench.say("b", Appended(term, 1, False, True, 0, match))
    assert bench.log.status().followers["b"].next == match + 1


@CURED
def test_22_refusals_of_one_burst_lead_to_one_place(off, monkeypatch):
    """Appends that follow a refused one are refused as well, with another place to try. The last of them does not win:
    with it the leader went round in a circle (found by the simulator, with appends of three entries)."""
    bench = Bench()
    term = bench.lead()
    propose(bench, 20)
    last = bench.log.status().last
    if off:
        monkeypatch.setattr(Flight, "probing", property(lambda self: False, lambda self, value: None), raising=False)
    place = bench.log.status().followers["b"].match + 1
    refused = [Appended(term, place, False, True, 0, last - 4)]
    refused += [Appended(term, last - 5, False, True, 0, last - back) for back in (3, 2, 1)]
    bench.say("b", *refused)
    assert bench.log.status().followers["b"].next == (last + 1 if off else place)
    if not off:
        assert [len(append.entries) for append in bench.to("b", Append)] == [0], "it looks with empty hands"
        bench.say("b", Appended(term, place, True, False, 0, place - 1))
        assert sum(len(append.entries) for append in bench.to("b", Append)) == last - place + 1


@CURED
def test_33_an_answer_of_who_is_no_longer_a_member_is_dropped(off, monkeypatch):
    bench = Bench()
    term = bench.lead()
    bench.log.remove("c", b"bye")
    bench.step().copied("b")
    assert "c" not in bench.log.status().members
    if off:
        monkeypatch.setattr(Followers, "counts", lambda self, peer, m: True)
    bench.say("c", Appended(term, 3, True, False, 0))
    assert bool(bench.ready.stopped) == off, "a KeyError half-way through"


def test_35_what_is_on_its_way_is_bounded():
    bench = Bench(limits=Limits(flight_messages_max=10))
    bench.lead()
    propose(bench, 30)
    assert len(bench.guard.followers.flight("b").appends) == 10
    bench.step(0.2)
    (heartbeat,) = bench.to("b", Append)
    assert not heartbeat.entries
    bench.copied("b")  # answers for all that left: the rest leaves in the next step
    bench.step()
    assert bench.log.status().followers["b"].next == bench.log.status().last + 1


def test_an_answer_beyond_the_log_costs_the_link():
    bench = Bench()
    term = bench.lead()
    bench.say("b", Appended(term, 99, True, False, 0))
    ((peer, why),) = bench.ready.distrusted
    assert peer == "b" and "acknowledges entry 98" in why
    assert bench.log.status().role == "leader"


# --- elections: 16, 18, 19, 20 -------------------------------------------------------------------------------------


@CURED
@pytest.mark.parametrize("voters", [("b", "b"), ("x", "y")], ids=["twice", "strangers"])
def test_18_a_vote_counts_once_and_only_of_members(voters, off, monkeypatch):
    bench = Bench(members="abcde")
    term = bench.stand()
    if off:
        monkeypatch.setattr(Elections, "counts", lambda self, peer, vote: True)
    for voter in voters:
        bench.say(voter, Vote(term))
    assert bench.log.status().role == ("leader" if off else "candidate")


@CURED
def test_19_who_is_cut_off_does_not_come_back_with_a_high_term(off, monkeypatch):
    bench = Bench()
    if off:
        monkeypatch.setattr(Elections, "before_tick", lambda self, now: None)
    for _ in range(10):
        bench.step(1.1)
    assert (bench.log.status().term > 5) == off
    assert bool(bench.to("b", PreVoteRequest)) == (not off)


@CURED
def test_19_nobody_votes_while_a_leader_is_heard(off, monkeypatch):
    bench = Bench().follow("b", 1, last=3)
    if off:
        monkeypatch.setattr(Elections, "has_leader", lambda self, now: False)
    bench.say("c", PreVoteRequest(1, 9, 1, 2))
    assert bench.to("c", PreVote)[0].granted == off
    bench.say("c", VoteRequest(2, 9, 1, False))
    assert bool(bench.to("c", Vote)) == off
    assert bench.log.status().term == (2 if off else 1)


def test_19_a_vote_that_was_lost_is_given_again_and_to_nobody_else():
    bench = Bench()
    assert bench.say("b", VoteRequest(1, 9, 1, False)).to("b", Vote) == [Vote(1)]
    assert bench.say("b", VoteRequest(1, 9, 1, False)).to("b", Vote) == [Vote(1)]
    assert bench.say("c", VoteRequest(1, 9, 1, False)).to("c", Vote) == []


def test_19_a_vote_survives_a_restart():
    bench = Bench()
    bench.say("b", VoteRequest(1, 9, 1, False))
    bench.restart()
    assert bench.say("c", VoteRequest(1, 9, 1, False)).to("c", Vote) == []
    assert bench.say("b", VoteRequest(1, 9, 1, False)).to("b", Vote) == [Vote(1)]


def test_19_who_has_less_gets_no_vote():
    bench = Bench().follow("b", 3, last=5)
    bench.step(5.0)
    assert bench.say("c", VoteRequest(9, 4, 3, False)).to("c", Vote) == []
    assert bench.say("c", VoteRequest(10, 99, 2, False)).to("c", Vote) == []
    assert bench.say("c", VoteRequest(11, 5, 3, False)).to("c", Vote) == [Vote(11)]


def test_20_a_leader_that_nobody_answers_steps_down():
    bench = Bench()
    bench.lead()
    bench.log.propose(b"data", b"id")
    bench.step()
    bench.step(1.1)
    assert bench.log.status().role == "follower"
    assert [answer.outcome for answer in bench.answers()] == [Unknown()]


def test_20_a_leader_that_hears_of_a_later_term_steps_down():
    bench = Bench()
    term = bench.lead()
    bench.say("b", Appended(term + 3, 1, False, True, 0, 9))
    assert (bench.log.status().role, bench.log.status().term) == ("follower", term + 3)


@CURED
def test_16_who_was_removed_does_not_stand(off, monkeypatch):
    bench = Bench().follow("b", 1, last=3, commit=3)
    gone = (core_change(4, 1, remove="a"),)
    bench.say("b", Append(1, 3, 1, 4, 0, gone))
    assert "a" not in bench.log.status().members
    if off:
        monkeypatch.setattr(Elections, "before_tick", lambda self, now: None)
    bench.step(5.0).step()
    assert (bench.log.status().role == "candidate") == off
    assert off or bench.sent == []


def core_change(index: int, term: int, add: str = "", remove: str = ""):
    return entry(index, term)._replace(data=pack_change(Change(add=add, remove=remove)))


# --- members: 13 to 16 ---------------------------------------------------------------------------------------------


@CURED
def test_13_one_change_at_a_time(off, monkeypatch):
    bench = Bench()
    bench.lead()
    if off:
        monkeypatch.setattr(Members, "last_change", property(lambda self: 0))
    bench.log.add("d", b"first")
    bench.step()
    bench.log.add("e", b"second")
    bench.step()
    refused = [answer for answer in bench.answers() if isinstance(answer.outcome, Busy)]
    assert bool(refused) == (not off)
    assert ("e" in bench.log.status().members) == off


def test_13_a_new_leader_changes_nothing_before_its_first_entry_is_committed():
    bench = Bench()
    bench.say("b", Vote(bench.stand()))
    assert bench.log.status().role == "leader"
    bench.log.add("d", b"id")
    bench.step()
    assert [answer.outcome for answer in bench.answers()] == [Busy("this leader is new")]


def test_14_the_members_after_a_restart_are_those_of_the_log():
    bench = Bench()
    bench.lead()
    bench.log.add("d", b"id")
    bench.step()
    assert bench.log.status().commit < bench.log.status().last
    bench.restart()
    assert bench.log.status().members == set("abcd")


def test_14_a_change_that_is_taken_from_the_log_is_undone():
    bench = Bench().follow("b", 1, last=3)
    bench.say("b", Append(1, 3, 1, 1, 0, (core_change(4, 1, add="d"),)))
    assert bench.log.status().members == set("abcd")
    bench.say("c", appends(2, 3, 1, 4, commit=1))
    assert bench.log.status().members == set("abc")


def test_15_a_snapshot_has_the_members_of_its_index():
    members = Members(frozenset("abc"))
    for index, change in ((5, {"add": "d"}), (8, {"remove": "a"})):
        members.added(core_change(index, 1, **change))
    assert [members.at(index) for index in (4, 5, 7, 8, 99)] == [
        set("abc"),
        set("abcd"),
        set("abcd"),
        set("bcd"),
        set("bcd"),
    ]


def test_16_the_leader_cannot_remove_itself():
    bench = Bench()
    bench.lead()
    bench.log.remove("a", b"id")
    bench.step()
    assert isinstance(bench.answers()[0].outcome, Refused)


def test_a_joining_node_learns_the_members_with_the_log():
    bench = Bench("d", "d")
    bench.groups.forget(1)
    bench.groups.join(1)
    bench.log = bench.groups.open(1, BEGINNING, bench.now)
    assert bench.log.status().members == frozenset()
    first = entry(1, 0)._replace(data=pack_change(Change(members=frozenset("abc"))))
    bench.say("a", Append(1, 0, 0, 2, 0, (first, core_change(2, 1, add="d"))))
    assert bench.log.status().members == set("abcd")
    assert [applied.members for applied in bench.ready.applied] == [frozenset("abc"), frozenset("abcd")]


# --- snapshots: 5, 6, 8, 26, 31 ------------------------------------------------------------------------------------


def test_5_an_older_snapshot_is_not_installed():
    bench = Bench().follow("b", 2, last=9, commit=6)
    swapped: list[int] = []
    assert not bench.log.install(Point(5, 2, frozenset("abc")), lambda: swapped.append(5))
    assert not bench.log.install(Point(8, 2, frozenset("abc")), lambda: swapped.append(8)), "the log has it, and more"
    assert swapped == []
    assert bench.log.install(Point(12, 2, frozenset("ab")), lambda: swapped.append(12))
    bench.step()
    status = bench.log.status()
    assert (status.base, status.last, status.commit, status.applied, status.members) == (
        12,
        12,
        12,
        12,
        frozenset("ab"),
    )
    assert bench.durable[1].record.base == Point(12, 2, frozenset("ab"))


def test_6_a_snapshot_that_cannot_be_put_in_place_is_not_acknowledged():
    bench = Bench().follow("b", 2, last=9, commit=6)

    def swap() -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        bench.log.install(Point(12, 2, frozenset("ab")), swap)
    bench.say("b", Append(2, 12, 2, 12, 0, ()))
    assert bench.to("b", Appended)[0].reset
    assert bench.log.status().last == 9


def test_8_a_crash_between_a_snapshot_and_its_log_is_mended():
    bench = Bench().follow("b", 2, last=9, commit=6)
    point = Point(40, 3, frozenset("abcd"))
    bench.restart(point)
    status = bench.log.status()
    assert (status.base, status.last, status.applied, status.members) == (40, 40, 40, frozenset("abcd"))
    assert bench.durable[1].record.base == point


def test_8_entries_after_the_state_stay():
    bench = Bench().follow("b", 2, last=9, commit=6)
    bench.restart(Point(5, 2, frozenset("abc")))
    assert bench.log.status().last == 9
    bench.say("b", Append(2, 9, 2, 9, 0, ()))
    assert [applied.index for applied in bench.ready.applied] == [6, 7, 8, 9]


def test_26_a_snapshot_is_asked_for_once_a_second_and_without_a_storm():
    bench = Bench(limits=Limits(tail_entries=2))
    term = bench.lead()
    propose(bench, 20)
    bench.copied("b").step()
    bench.log.durable(bench.log.status().applied)
    bench.step()
    assert bench.log.status().base > 10
    asked = messages = 0
    for _ in range(30):
        bench.say("b", Appended(term, bench.log.status().last + 1, True, False, 0))
        bench.say("c", Appended(term, 2, False, True, 0, bench.log.status().last), seconds=0.1)
        asked += len(bench.ready.lacking)
        messages = max(messages, len(bench.sent))
    assert 2 <= asked <= 4
    assert messages <= 4


def test_a_log_with_large_entries_is_cut_by_its_size():
    bench = Bench(limits=Limits(tail_bytes=5000))
    bench.lead()
    for number in range(10):
        bench.log.propose(bytes(1000), b"id %d" % number)
        bench.step()
    bench.copied("b").step()
    bench.log.durable(3)
    assert bench.log.status().base == 3
    bench.log.durable(3)
    bench.step()
    assert bench.groups.deadline() > bench.now, "nothing is left to be done"
    bench.log.durable(bench.log.status().applied)
    assert bench.guard.log.bytes <= 4500
    bench.step()
    assert bench.durable[1].record.base.index == bench.log.status().base > 5


def test_26_what_comes_after_the_base_needs_no_snapshot():
    bench = Bench(limits=Limits(tail_entries=2))
    term = bench.lead()
    propose(bench, 20)
    bench.copied("b").step()
    bench.log.durable(bench.log.status().applied)
    base = bench.log.status().base
    bench.say("c", Appended(term, base + 1, False, True, 0, base + 9))
    bench.say("c", Appended(term, base + 1, True, False, 0, base))
    sent = [e.index for m in bench.to("c", Append) for e in m.entries]
    assert not bench.ready.lacking
    assert sent[:1] == [base + 1]


# --- requests and answers: 21, 24, 27 to 30 ------------------------------------------------------------------------


@CURED
def test_21_a_read_needs_a_majority_that_answers_after_it(off, monkeypatch):
    bench = Bench()
    term = bench.lead()
    if off:
        monkeypatch.setattr(Reads, "served", lambda self, others, applied: self.drop())
    bench.log.read_barrier(b"read")
    bench.step()
    assert bool(bench.answers()) == off
    if off:
        return
    (append,) = bench.to("b", Append)
    bench.say("b", Appended(term, bench.log.status().last + 1, True, False, append.round - 1))
    assert bench.answers() == [], "it left before the read was asked for"
    bench.say("b", Appended(term, bench.log.status().last + 1, True, False, append.round))
    assert [answer.outcome for answer in bench.answers()] == [Readable(bench.log.status().commit)]


def test_24_the_largest_proposal_goes_in_one_piece():
    bench = Bench()
    bench.lead()
    bench.log.propose(bytes(PROPOSAL_BYTES_MAX), b"large")
    bench.log.propose(bytes(PROPOSAL_BYTES_MAX + 1), b"larger")
    bench.step()
    assert [type(answer.outcome) for answer in bench.answers()] == [Refused]
    (append,) = bench.to("b", Append)
    assert len(append.entries) == 1
    assert len(append.entries[0].data) < core.APPEND_BYTES_MAX / 2


def test_27_an_answer_comes_with_the_entry_that_holds_the_request():
    bench = Bench()
    term = bench.lead()
    bench.log.propose(b"one", b"id 1")
    bench.log.propose(b"two", b"id 2")
    bench.step()
    assert bench.answers() == []
    bench.copied("b")
    (applied,) = bench.ready.applied
    assert [proposal.request_id for proposal in applied.batch] == [b"id 1", b"id 2"]
    committed = Committed(applied.index, term)
    assert [(answer.request_id, answer.outcome) for answer in bench.answers()] == [
        (b"id 1", committed),
        (b"id 2", committed),
    ]


def test_28_an_answer_to_an_earlier_life_answers_nothing():
    bench = Bench()
    bench.lead()
    bench.log.propose(b"one", b"id 1")
    bench.step()
    bench.restart()
    bench.lead()
    assert bench.log.status().applied == bench.log.status().last
    assert bench.answers() == []


def test_29_not_done_and_not_known_are_different_answers():
    bench = Bench()
    term = bench.lead()
    bench.log.propose(b"in the log", b"known?")
    bench.step()
    bench.log.propose(b"not yet", b"not done")
    bench.say("b", TermHint(term + 1))
    outcomes = {answer.request_id: answer.outcome for answer in bench.answers()}
    assert outcomes == {b"known?": Unknown(), b"not done": NotLeader("")}


def test_29_a_follower_takes_nothing_and_says_who_leads():
    bench = Bench().follow("b", 1, last=3)
    bench.log.propose(b"data", b"id")
    bench.log.read_barrier(b"read")
    bench.log.add("d", b"add")
    bench.step()
    assert [answer.outcome for answer in bench.answers()] == [NotLeader("b")] * 3
    assert bench.sent == []


def test_30_a_fault_drops_the_group_and_nothing_of_its_step_is_kept(monkeypatch):
    bench = Bench()
    bench.lead()
    bench.groups.create(2, "a")
    other = bench.groups.open(2, BEGINNING, bench.now)
    bench.step().step()
    before = bench.durable[1]
    last = before.record.last

    bench.log.propose(b"data", b"id")
    asks = Guard.core_asks

    def asks_and_fails(guard: Guard) -> None:
        asks(guard)
        if guard is broken:
            raise ZeroDivisionError

    broken = bench.guard
    monkeypatch.setattr(Guard, "core_asks", asks_and_fails)
    other.propose(b"data", b"other")
    bench.step()
    assert [(answer.request_id, answer.outcome) for answer in bench.answers()] == [(b"id", Unknown())]
    bench.step()
    assert bench.durable[1].record.last == last
    assert bench.durable[2].entries[-1].data.endswith(b"data")
    assert other.status().role == "leader"
    bench.log = bench.groups.open(1, BEGINNING, bench.now)
    assert bench.log.status().last == last


def test_32_nothing_is_pickled_logged_or_forked():
    for name in ("dumps", "loads"):
        with pytest.raises(BrokenInvariant, match="pickle"):
            getattr(core._engine.pickle, name)(b"")
    with pytest.raises(BrokenInvariant, match="truncating"):
        core._engine.logger.critical("truncating already-applied log entries")


def test_38_a_transfer_waits_for_the_log_and_is_told_to_voters():
    bench = Bench()
    bench.lead()
    bench.log.propose(b"data", b"id")
    bench.step()
    bench.log.transfer("c")
    bench.log.propose(b"more", b"later")
    bench.step()
    assert [answer.outcome for answer in bench.answers()] == [Busy("handing over to c")]
    assert not bench.to("c", TimeoutNow)
    bench.copied("c").step()
    assert bench.log.status().commit == bench.log.status().last
    assert bench.to("c", TimeoutNow) or bench.step(0.2).to("c", TimeoutNow)


def test_38_who_is_told_to_stand_does_so_although_a_leader_is_heard():
    bench = Bench().follow("b", 1, last=3)
    bench.say("b", TimeoutNow(1)).step()
    assert bench.log.status().role == "candidate"
    (request,) = bench.to("c", VoteRequest) or [VoteRequest(2, 3, 1, True)]
    assert request.transfer
    other = Bench("c").follow("b", 1, last=3)
    assert other.say("a", request).to("a", Vote) == [Vote(2)]


def test_38_a_transfer_that_does_not_happen_is_given_up():
    bench = Bench()
    bench.lead()
    bench.log.transfer("c")
    for _ in range(12):
        bench.step(0.1)
        bench.copied("b")
    bench.log.propose(b"data", b"id")
    bench.step().copied("b").step()
    assert bench.log.status().commit == bench.log.status().last


# --- the order of a step -------------------------------------------------------------------------------------------


def test_a_leaders_appends_leave_before_its_sync_and_all_else_after():
    bench = Bench()
    bench.lead()
    bench.log.propose(b"data", b"id")
    bench.step()
    assert [type(message) for _, message in bench.early] == [Append, Append]
    follower = Bench("b").follow("a", 1, last=3)
    assert follower.early == []
    assert follower.to("a", Appended)


def test_a_failed_sync_sends_nothing_and_ends_the_node():
    from raftoral.errors import StorageFailed

    bench = Bench()
    sent = []

    def fault(writes: object) -> None:
        raise StorageFailed("no room")

    bench.journal.fault = fault
    with pytest.raises(StorageFailed):
        sent.append(bench.say("b", VoteRequest(1, 9, 1, False)))
    assert not sent
    with pytest.raises(StorageFailed, match="dead"):
        bench.step()
    bench.restart()
    assert bench.say("c", VoteRequest(1, 9, 1, False)).to("c", Vote) == [Vote(1)], "the vote for b never left"


def test_a_single_node_answers_after_its_own_sync():
    bench = Bench("a", "a")
    bench.step().step()
    assert bench.log.status().role == "leader"
    bench.log.propose(b"data", b"id")
    bench.step()
    assert bench.answers() == []
    bench.step()
    assert [type(answer.outcome) for answer in bench.answers()] == [Committed]
