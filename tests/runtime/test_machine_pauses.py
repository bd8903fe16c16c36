"""Signals, cancelling, terminating, pausing and resuming: what arrives while a run cannot go on, and in which order."""

from __future__ import annotations

import pytest

from raftoral.runtime.core import commands as c
from raftoral.runtime.core.lifecycle import INBOX_MAX
from raftoral.runtime.core.stored import MAILBOX_MAX
from tests.runtime.machines import DAY, HOUR, SECOND, Kit, kept_events

TEXT = """
error Bad { code: int }
activity get(k: str) -> int raises Bad { timeout: 10s }
activity hold(k: str) -> str { timeout: 10s }
activity free(h: str) { timeout: 10s, retry: forever }
activity dial(k: str) -> int { timeout: 1s, once: at_most }

workflow W version 1 (n: int = 2) -> str {
  signal say(str)
  signal go
  var found = ""
  for i in 1..n {
    let text = wait say within 7d
    found = "${found}${text ?? "-"}"
  }
  return found
}

workflow Mixed version 1 () -> str raises Bad {
  signal say(str)
  parallel {
    effects: { let a = do get("a")  let b = do get("b")  give "${a}${b}" }
    words: { let a = wait say within 9d  let b = wait say within 9d  give "${a ?? "-"}${b ?? "-"}" }
    timer: { sleep 1h  log info "one hour"  sleep 1h  give now() }
  }
  return "${effects} ${words} ${timer}"
}

workflow Careful version 1 () -> str raises Bad {
  checkpoint at = "begun"
  try {
    let one = do hold("one") compensate do free(one)
    at = "held"
    let two = do get("two")
    return "${two}"
  } catch Cancelled as why {
    at = "catching"
    let last = do get("last words")
    return "${why.reason} ${last}"
  } finally {
    at = "left"
  }
}

workflow Plain version 1 () -> int raises Bad {
  let n = do get("plain")
  let m = do dial("once")
  return n + m
}
"""


@pytest.fixture(scope="module")
def kit():
    return Kit(TEXT)


@pytest.fixture(params=[False, True], ids=["kept", "read-again"])
def bench(kit, request):
    return kit.bench(crashing=request.param)


# --- signals -----------------------------------------------------------------------------------------------------


def test_who_waits_gets_it(bench):
    bench.start()
    assert bench.signal("a", "say", "x") is None
    assert bench.signal("a", "say", "y") is None
    assert bench.result() == "xy"


def test_messages_that_nobody_waits_for_yet_wait_in_order(bench):
    bench.start(workflow="Mixed")
    for text in "abcd":
        bench.signal("a", "say", text)
    assert [payload for _, payload in bench.run().mail["say"]] == ["c", "d"]
    bench.sleep(2 * HOUR)
    bench.done("get", 1)
    bench.done("get", 2)
    assert bench.result() == "12 ab 2026-01-01T02:00:00Z"
    assert not bench.storage.pieces("a")


def test_a_mailbox_that_is_full_says_so(bench, monkeypatch):
    monkeypatch.setattr("raftoral.runtime.core.stored.MAILBOX_MAX", 5)
    monkeypatch.setattr("raftoral.runtime.core.machine.MAILBOX_MAX", 5)
    assert MAILBOX_MAX == 10_000
    bench.start(workflow="Mixed")
    for at in range(7):
        assert bench.signal("a", "say", str(at)) is None
    refused = bench.signal("a", "say", "8")
    assert refused.code == c.FULL
    assert refused.message == "the mailbox say of the run 'a' holds 5 messages that nobody has read, and no more"
    assert bench.status() == "running", "what a client sends too often faults nobody"
    assert bench.one(c.Cancel("a", "enough")) is None
    assert bench.status() == "cancelled"


def test_signals_without_payload(bench):
    bench.start()
    assert bench.signal("a", "go") is None
    assert bench.run().mail == {"go": [(2, None)]}


# --- cancelling --------------------------------------------------------------------------------------------------


def test_cancelled_where_it_rests(bench):
    bench.start()
    assert bench.one(c.Cancel("a", "enough")) is None
    assert bench.status() == "cancelled"
    assert bench.failure() == ("Cancelled", {"reason": "enough"})
    assert not bench.machine.runs and not bench.machine.deadlines.next


def test_an_effect_is_told_to_stop_and_its_answer_dropped(bench):
    bench.start(workflow="Plain")
    attempt = bench.attempt("get")
    bench.one(c.Cancel("a", "enough"))
    assert bench.halted == [("run-1", 1)] and bench.status() == "cancelled"
    bench.done("get", 5, attempt=attempt)
    assert not bench.applied.changes


def test_catch_and_undos_run(bench):
    bench.start(workflow="Careful")
    bench.done("hold", "h1")
    bench.one(c.Cancel("a", "enough"))
    assert bench.performed() == [("free", ("h1",))]
    bench.done("free")
    assert bench.performed() == [("get", ("last words",))]
    bench.done("get", 7)
    assert bench.result() == "enough 7"


def test_an_effect_with_an_undo_is_waited_for(bench):
    bench.start(workflow="Careful")
    bench.one(c.Cancel("a", "enough"))
    assert bench.status() == "running" and bench.halted == [("run-1", 1)]
    bench.one(c.Cancel("a", "again"))
    assert bench.halted == [("run-1", 1)], "told once"
    bench.done("hold", "h1")
    assert bench.performed() == [("free", ("h1",))], "it had happened all the same"
    bench.done("free")
    bench.done("get", 7)
    assert bench.result() == "enough 7"


@pytest.mark.parametrize("kind", ["Stopped", "OSError", "Timeout"])
def test_and_when_it_did_not_happen(bench, kind):
    bench.start(workflow="Careful")
    bench.one(c.Cancel("a", "enough"))
    bench.fail("hold", kind)
    assert bench.performed() == [("get", ("last words",))], "no undo, and no other attempt"
    bench.done("get", 7)
    assert bench.result() == "enough 7"


def test_between_two_attempts_nothing_is_waited_for(bench):
    bench.start(workflow="Careful")
    bench.fail("hold")
    bench.one(c.Cancel("a", "enough"))
    assert bench.performed() == [("get", ("last words",))]
    bench.sleep(DAY)
    assert bench.names_in_flight() == ["get"]


def test_a_process_that_died_in_it_may_have_done_it(bench):
    """Told to stop, then a crash: it is called again with its key, since it may have happened."""
    bench.start(workflow="Careful")
    bench.one(c.Cancel("a", "enough"))
    bench.crash()
    assert [(a.activity.name, a.number, a.key) for a in bench.attempts()] == [("hold", 2, "run-1/hold/1")]
    bench.done("hold", "h1")
    assert bench.performed() == [("free", ("h1",))]


# --- terminating -------------------------------------------------------------------------------------------------


def test_terminated_nothing_runs(bench):
    bench.start(workflow="Careful")
    bench.done("hold", "h1")
    bench.one(c.Terminate("a", "at once"))
    assert bench.status() == "terminated" and not bench.performed()
    assert bench.failure() == ("Cancelled", {"reason": "at once"})
    assert bench.halted == [("run-1", 2)]
    assert bench.checkpoints() == {"at": "held"}
    assert bench.storage.pieces("a") == {} and not bench.machine.runs


@pytest.mark.parametrize("before", [c.Pause("a"), c.Stalled("a", 1, "nobody here")])
def test_terminated_while_it_stands_still(bench, before):
    bench.start(workflow="Mixed")
    bench.one(before)
    bench.signal("a", "say", "x")
    bench.one(c.Terminate("a", "at once"))
    assert bench.status() == "terminated" and bench.storage.pieces("a") == {}


# --- pausing -----------------------------------------------------------------------------------------------------


def test_nothing_new_begins_while_it_is_paused(bench):
    bench.start(workflow="Plain")
    assert bench.one(c.Pause("a")) is None
    assert bench.status() == "paused" and bench.moved() == [("a", "paused")]
    assert bench.one(c.Pause("a")) is None
    assert not bench.applied.changes
    bench.done("get", 5)
    assert bench.status() == "paused" and not bench.flying
    assert bench.one(c.Resume("a")) is None
    assert bench.performed() == [("dial", ("once",))] and bench.status() == "running"
    assert bench.one(c.Resume("a")) is None
    assert not bench.applied.changes and not bench.applied.actions, "it goes on already"
    assert not [key for key in bench.run().pieces if key[0] == "q"]
    bench.done("dial", 1)
    assert bench.result() == 6


def test_all_that_arrives_is_applied_in_its_order(bench):
    bench.start(workflow="Mixed")
    bench.one(c.Pause("a"))
    bench.signal("a", "say", "x")
    bench.done("get", 1)
    bench.tick(HOUR)
    bench.signal("a", "say", "y")
    bench.signal("a", "say", "z")
    assert [event.what for event in kept_events(bench.run())] == [3, 0, 2, 3, 3]
    assert not bench.run().mail and bench.told == []
    bench.tick(5 * HOUR)
    bench.one(c.Resume("a"))
    assert bench.told == ["info: one hour"] and bench.performed() == [("get", ("b",))]
    assert [payload for _, payload in bench.run().mail["say"]] == ["z"]
    bench.done("get", 2)
    assert bench.machine.deadlines.next == bench.now + HOUR, "the second hour begins when it goes on"
    bench.tick(HOUR)
    assert bench.result() == "12 xy 2026-01-01T07:00:00Z"


def test_a_result_that_lies_there_counts_once(bench):
    bench.start(workflow="Plain")
    attempt = bench.attempt("get")
    bench.one(c.Pause("a"))
    bench.done("get", 5)
    bench.done("get", 6, attempt=attempt)
    bench.fail("get", attempt=attempt)
    bench.one(c.Stalled("a", 1, "nobody here"))
    assert len(kept_events(bench.run())) == 1
    for _ in range(2):
        bench.crash()
        assert not bench.flying and bench.status() == "paused", "it has been performed"
    bench.one(c.Resume("a"))
    assert bench.names_in_flight() == ["dial"]


def test_a_timer_that_fired_fires_once(bench):
    bench.start(workflow="Mixed")
    bench.one(c.Pause("a"))
    bench.tick(HOUR)
    for _ in range(3):
        bench.crash()
        bench.tick(HOUR)
    assert len(kept_events(bench.run())) == 1
    bench.one(c.Resume("a"))
    assert bench.told == ["info: one hour"]


def test_the_next_attempt_waits_too(bench):
    bench.start(workflow="Plain")
    bench.one(c.Pause("a"))
    bench.fail("get")
    bench.sleep(SECOND)
    assert not bench.flying and bench.status() == "paused"
    bench.one(c.Resume("a"))
    assert bench.attempt("get").number == 2


def test_goes_on_before_its_next_attempt_is_due(bench):
    bench.start(workflow="Plain")
    bench.one(c.Pause("a"))
    bench.fail("get")
    bench.one(c.Resume("a"))
    assert not bench.flying
    bench.sleep(SECOND)
    assert bench.attempt("get").number == 2


def test_a_process_that_died_while_it_was_paused(bench):
    bench.start(workflow="Plain")
    bench.one(c.Pause("a"))
    bench.crash()
    assert not bench.flying, "called again when it goes on"
    bench.crash()
    bench.one(c.Resume("a"))
    attempt = bench.attempt("get")
    assert (attempt.number, attempt.fence) == (2, 1)
    bench.done("get", 1)
    bench.one(c.Pause("a"))
    bench.crash()
    bench.crash()
    assert len(kept_events(bench.run())) == 1, "interrupted once"
    bench.one(c.Resume("a"))
    assert bench.failure() == ("Interrupted", {"activity": "dial"})


def test_cancelled_while_it_is_paused(bench):
    bench.start(workflow="Careful")
    bench.one(c.Pause("a"))
    bench.done("hold", "h1")
    bench.one(c.Cancel("a", "enough"))
    assert bench.status() == "paused"
    bench.one(c.Resume("a"))
    assert bench.names_in_flight()[-1] == "free" and bench.checkpoints() == {"at": "held"}


def test_an_inbox_that_is_full_says_so(bench, monkeypatch):
    """What a client was told is kept is kept; and what an effect gave is kept, whatever clients sent."""
    monkeypatch.setattr("raftoral.runtime.core.lifecycle.INBOX_MAX", 4)
    monkeypatch.setattr("raftoral.runtime.core.machine.INBOX_MAX", 4)
    assert INBOX_MAX == 10_000
    bench.start(workflow="Mixed")
    bench.one(c.Pause("a"))
    for text in "wxyz":
        assert bench.signal("a", "say", text) is None
    for command in (c.Signal("a", "say", b'"!"'), c.Cancel("a", "enough")):
        refused = bench.one(command)
        assert refused is not None and refused.code == c.FULL
        assert (
            refused.message == "the inbox of the run 'a', which is paused, holds 4 events, and no more: resume it first"
        )
    bench.done("get", 1)
    bench.tick(HOUR)
    assert len(kept_events(bench.run())) == 6
    bench.one(c.Resume("a"))
    assert bench.signal("a", "say", "!") is None
    assert bench.names_in_flight() == ["get"] and bench.told == ["info: one hour"]


# --- stalled -----------------------------------------------------------------------------------------------------


def stall(bench, name, reason="nobody here can"):
    attempt = bench.attempt(name)
    del bench.flying[attempt.run, attempt.op]
    bench.apply(c.Stalled(attempt.id, attempt.op, reason, attempt.run))


def test_a_run_that_nobody_performs_says_so(bench):
    bench.start(workflow="Plain")
    stall(bench, "get")
    assert (bench.status(), bench.run().code, bench.run().reason) == ("stalled", "stalled", "nobody here can")
    assert bench.told == ["warn: stalled: nobody here can"] and bench.moved() == [("a", "stalled")]
    bench.one(c.Stalled("a", 1, "nobody here can"))
    assert not bench.applied.changes, "said once"
    bench.one(c.Stalled("a", 1, ""))
    assert (bench.status(), bench.run().reason) == ("running", "")
    assert bench.attempt("get").number == 1, "it was never begun"
    bench.done("get", 4)
    stall(bench, "dial")
    bench.crash()
    assert bench.status() == "running" and bench.attempt("dial").number == 1, "not interrupted: nobody began it"
    bench.done("dial", 4)
    assert bench.result() == 8


MANY = """
activity get(k: str) -> int { timeout: 10s }
activity put(k: str) -> int { timeout: 10s }
activity hold(k: str) -> int { timeout: 10s }
activity free(n: int) { timeout: 10s, retry: forever }
workflow W version 1 () -> int {
  signal stop
  parallel {
    a: select { do get("a") as n => give n  on stop => give 0 }
    b: do put("b")
  }
  return a + b
}
workflow Holding version 1 () -> int {
  let n = do hold("h") compensate do free(n)
  sleep 1h
  return n
}
"""


@pytest.fixture(scope="module")
def many():
    return Kit(MANY)


def test_stalled_as_long_as_one_effect_is(many, bench):
    bench = many.bench(crashing=bench.crashing)
    bench.start()
    stall(bench, "get")
    stall(bench, "put")
    bench.signal("a", "stop")
    assert bench.status() == "stalled", "b is still without anybody"
    bench.one(c.Stalled("a", 3, ""))
    assert bench.status() == "running"
    bench.done("put", 5)
    assert bench.result() == 5


def test_paused_and_resumed_it_is_asked_for_again(many, bench):
    bench = many.bench(crashing=bench.crashing)
    bench.start()
    stall(bench, "get")
    bench.one(c.Pause("a"))
    stall(bench, "put")
    assert bench.status() == "paused"
    bench.one(c.Resume("a"))
    assert bench.status() == "running" and bench.names_in_flight() == ["get", "put"]
    bench.one(c.Pause("a"))
    stall(bench, "get")
    bench.one(c.Stalled("a", 1, ""))
    assert bench.names_in_flight() == ["put"], "when it goes on"
    bench.one(c.Resume("a"))
    assert bench.names_in_flight() == ["get", "put"]


def test_stalled_and_cancelled(many, bench):
    """Nobody began it, so nobody need be waited for, undo or not."""
    bench = many.bench(crashing=bench.crashing)
    bench.start(workflow="Holding")
    stall(bench, "hold")
    bench.one(c.Cancel("a", "enough"))
    assert bench.status() == "cancelled"
    bench.start("b", "Holding")
    attempt = bench.attempt("hold")
    bench.apply(c.Cancel("b", "enough"))
    assert bench.status("b") == "running"
    bench.apply(c.Stalled("b", attempt.op, "nobody here can", attempt.run))
    assert bench.status("b") == "cancelled", "told to stop before it was known that nobody had begun"


def test_stalled_after_a_crash_and_cancelled(many, bench):
    """An earlier process may have done it: somebody who can must say so first."""
    bench = many.bench(crashing=bench.crashing)
    bench.start(workflow="Holding")
    bench.crash()
    stall(bench, "hold")
    bench.one(c.Cancel("a", "enough"))
    assert bench.status() == "stalled"
    bench.one(c.Stalled("a", 1, ""))
    bench.done("hold", 3)
    bench.done("free")
    assert bench.status() == "cancelled"
