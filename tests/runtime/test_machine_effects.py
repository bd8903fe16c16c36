"""Reports of attempts: which of them count, what follows when one failed, and what a new process does with the rest."""

from __future__ import annotations

import json

import pytest

from raftoral.runtime.core import commands as c
from tests.runtime.machines import DAY, HOUR, MINUTE, SECOND, START, Kit

MS = SECOND // 1000

PAY = """
activity pay(who: str, sum: decimal) -> str {
  timeout: 30s, heartbeat: 5s, grace: 2s, deadline: 10m, queue: "bank", key: "pay-${workflow.id}-${sum}", retry: forever
}
workflow W version 1 (n: int = 1) -> str {
  let one = CALL
  return one
}
"""

GET = """
error Bad { code: int }
error Worse
activity get(k: str) -> int raises Bad, Worse { timeout: 10s, retry: 3 times backoff 1s..1m except Bad }
workflow W version 1 () -> str {
  try {
    let n = do get("a")
    return "${n}"
  } catch Bad as bad {
    return "bad ${bad.code}"
  } catch Worse {
    return "worse"
  } catch ActivityFailed as failed {
    return "${failed.activity} failed ${failed.attempts} times: ${failed.detail}"
  } catch Cancelled as why {
    return "cancelled: ${why.reason}"
  }
}
"""


@pytest.fixture(params=[False, True], ids=["kept", "read-again"])
def crashing(request):
    return request.param


def made(text: str, crashing: bool = False):
    return Kit(text).bench(crashing=crashing)


@pytest.fixture(scope="module")
def getting():
    return Kit(GET)


@pytest.fixture
def bench(getting, crashing):
    bench = getting.bench(crashing=crashing)
    bench.start()
    return bench


# --- reports -----------------------------------------------------------------------------------------------------


def test_a_result_goes_on(bench):
    attempt = bench.attempt("get")
    assert (attempt.id, attempt.run, attempt.op, attempt.number, attempt.fence) == ("a", "run-1", 1, 1, 0)
    assert (attempt.timeout, attempt.deadline, attempt.heartbeat, attempt.grace) == (10.0, None, None, 0.0)
    assert (attempt.workflow, attempt.version, attempt.slot, attempt.queue) == ("m.W", 1, "get", "default")
    bench.done("get", 5)
    assert bench.result() == "5"


def test_it_counts_once(bench):
    attempt = bench.attempt("get")
    bench.done("get", 5)
    bench.done("get", 6, attempt=attempt)
    bench.fail("get", attempt=attempt)
    assert bench.result() == "5" and not bench.applied.changes


def test_two_results_of_one_entry(bench):
    attempt = bench.attempt("get")
    del bench.flying["run-1", 1]
    head = (attempt.id, attempt.run, attempt.op)
    bench.apply(c.Finished(*head, b"5"), c.Finished(*head, b"6"))
    assert bench.result() == "5"


@pytest.mark.parametrize(
    ("id", "run", "op"),
    [("a", "run-0", 1), ("b", "run-1", 1), ("a", "run-1", 2), ("a", "run-1", 0), ("a", "run-1", -1), ("", "", 1)],
)
def test_a_result_for_something_else(bench, id, run, op):
    for command in (
        c.Finished(id, run, op, b"5"),
        c.AttemptFailed(id, run, op, 1, "m.Bad", "", b"{}", "", True),
        c.Progress(id, run, op, b"1"),
        c.Stalled(id, op, "nobody", run),
    ):
        assert bench.one(command) is None
        assert not bench.applied.changes and not bench.applied.actions


def test_a_failure_of_an_older_attempt(bench):
    attempt = bench.attempt("get")
    bench.fail("get")
    bench.fail("get", attempt=attempt)
    bench.sleep(SECOND)
    assert bench.attempt("get").number == 2
    bench.fail("get", attempt=attempt)
    assert bench.attempt("get").number == 2 and not bench.applied.changes


def test_a_late_result_of_an_older_attempt_is_a_result(bench):
    """Whoever did it, it is done: the effect has its value, and the next attempt is not wanted."""
    attempt = bench.attempt("get")
    bench.fail("get")
    bench.done("get", 9, attempt=attempt)
    assert bench.result() == "9"
    bench.sleep(MINUTE)
    assert not bench.flying and bench.machine.deadlines.next is None


FOUR = """
workflow Kid version 1 (n: int) -> int {
  sleep 1d
  return n
}
workflow W version 1 () -> str {
  signal say(str)
  let kid = spawn Kid(1) id "kid"
  parallel {
    timer: { sleep 1h  give "timer" }
    signal_: { let text = wait say within 1d  give text ?? "none" }
    spawned: { let n = wait kid within 2d  give n ?? 0 }
    child: do Kid(2)
  }
  return "${timer} ${signal_} ${spawned} ${child}"
}
"""


def test_reports_are_for_effects_only(crashing):
    """Nobody may end a timer, a wait or a child by a report."""
    bench = made(FOUR, crashing)
    bench.start()
    for op in range(1, 8):
        for command in (
            c.Finished("a", "run-1", op, b"5"),
            c.AttemptFailed("a", "run-1", op, 1, "OSError", "", None, "", False),
            c.Progress("a", "run-1", op, b"1"),
            c.Stalled("a", op, "nobody"),
        ):
            bench.one(command)
            assert not bench.applied.changes, (op, command)
    bench.sleep(HOUR)
    bench.signal("a", "say", "hello")
    bench.sleep(2 * DAY)
    assert bench.result() == "timer hello 1 2"


def test_a_result_that_is_no_value_of_its_type_faults(bench):
    """A worker of another release, or a bug of ours: nothing is thrown away, and nothing is made up."""
    attempt = bench.attempt("get")
    bench.done("get", "five")
    assert bench.status() == "faulted"
    assert (bench.run().code, bench.run().reason) == ("misfit", "not an int")
    bench.done("get", 5, attempt=attempt)
    assert bench.status() == "faulted", "it has got its result"


def test_heartbeats_are_there_for_the_next_attempt(crashing):
    bench = made(PAY.replace("CALL", 'do pay("ann", 5.00)'), crashing)
    bench.start()
    attempt = bench.attempt("pay")
    assert attempt.details is None
    for details in (b'"one"', b'{"at": 2}'):
        bench.one(c.Progress("a", attempt.run, attempt.op, details))
    assert not bench.applied.actions or bench.moved() == [("a", "running")]
    bench.fail("pay")
    bench.sleep(SECOND)
    assert bench.attempt("pay").details == b'{"at": 2}'
    bench.crash()
    assert bench.attempt("pay").details == b'{"at": 2}'


def test_what_an_attempt_knows(crashing):
    bench = made(PAY.replace("CALL", 'do pay("ann", 5.50)'), crashing)
    bench.start("order-7")
    attempt = bench.attempt("pay")
    assert attempt.key == "pay-order-7-5.5"
    assert (attempt.timeout, attempt.heartbeat, attempt.grace) == (30.0, 5.0, 2.0)
    assert (attempt.deadline, attempt.queue) == (600.0, "bank")
    bench.now += 4 * MINUTE
    bench.fail("pay")
    bench.sleep(SECOND)
    left = bench.attempt("pay").deadline
    assert left is not None and 359 <= left <= 359.1, "what is left for all attempts together"


def test_one_call_may_say_otherwise(crashing):
    over = 'with { timeout: 5s, deadline: 1m, heartbeat: 1s, grace: 3s, queue: "slow", key: "mine-${n}", retry: never }'
    bench = made(PAY.replace("CALL", f'do pay("ann", 5.50) {over}'), crashing)
    bench.start()
    attempt = bench.attempt("pay")
    assert (attempt.timeout, attempt.deadline, attempt.heartbeat, attempt.grace) == (5.0, 60.0, 1.0, 3.0)
    assert (attempt.queue, attempt.key) == ("slow", "mine-1")
    bench.fail("pay")
    assert bench.failure() == ("ActivityFailed", {"activity": "pay", "attempts": 1, "detail": "OSError: refused"})


# --- retries -----------------------------------------------------------------------------------------------------

CALLS = """
error Bad
error Worse
activity get(k: str) -> int raises Bad, Worse {{ timeout: 10s, {} }}
workflow W version 1 () -> int raises Bad, Worse {{
  let n = do get("a") {}
  return n
}}
"""

POLICIES = [
    # what is written, the pauses before attempt 2, 3, ... without chance, whether it gives up behind them
    ("", "", [1_000, 2_000], True),
    ("retry: never", "", [], True),
    ("retry: 2 times", "", [1_000], True),
    ("retry: 4 times backoff 3s", "", [3_000, 3_000, 3_000], True),
    ("retry: 7 times backoff 250ms..2s", "", [250, 500, 1_000, 2_000, 2_000, 2_000], True),
    ("retry: 5 times backoff 1s..20s factor 3", "", [1_000, 3_000, 9_000, 20_000], True),
    ("retry: 5 times backoff 1s..1m step 5s", "", [1_000, 6_000, 11_000, 16_000], True),
    ("retry: 4 times backoff 8s..10s step 5s", "", [8_000, 10_000, 10_000], True),
    ("retry: forever backoff 1s..4s", "", [1_000, 2_000, 4_000, 4_000, 4_000, 4_000], False),
    ("retry: forever", "with { retry: 2 times backoff 7s }", [7_000], True),
    ("retry: never", "with { retry: 3 times backoff 1s..1m factor 5 }", [1_000, 5_000], True),
    ("retry: 9 times backoff 10s, deadline: 35s", "", [10_000, 10_000, 10_000], True),
    ("retry: forever backoff 10s", "with { deadline: 15s }", [10_000], True),
]


@pytest.mark.parametrize(("policy", "over", "pauses", "ends"), POLICIES, ids=[f"{p} {o}" for p, o, _, _ in POLICIES])
def test_policies(policy, over, pauses, ends, crashing):
    bench = made(CALLS.format(policy, over), crashing)
    bench.start()
    for number, pause in enumerate(pauses, 1):
        assert bench.attempt("get").number == number
        bench.fail("get")
        due = bench.machine.deadlines.next
        assert due is not None, f"no attempt {number + 1}"
        waited = due - bench.now
        assert pause * MS * 0.9 <= waited <= pause * MS, f"{waited / MS} ms before attempt {number + 1}"
        bench.now = due - 1
        bench.tick()
        assert not bench.flying, "not before its time"
        bench.now = due
        bench.tick()
    assert bench.attempt("get").number == len(pauses) + 1
    bench.fail("get")
    if ends:
        attempts = len(pauses) + 1
        assert bench.failure() == ("ActivityFailed", {"activity": "get", "attempts": attempts,
                                                      "detail": "OSError: refused"})  # fmt: skip
    else:
        assert bench.status() == "running"


def test_chance_is_drawn_from_the_run(getting):
    """So that a thousand runs do not come back at one moment, and every node waits for the same one."""
    waited = set()
    for at in range(40):
        for _ in range(2):
            bench = getting.bench()
            bench.names = at
            bench.start()
            bench.fail("get")
            waited.add((at, (bench.machine.deadlines.next or 0) - bench.now))
    assert len(waited) == 40, "the same run waits as long"
    pauses = {pause for _, pause in waited}
    assert len(pauses) > 35 and min(pauses) >= 0.9 * SECOND and max(pauses) <= SECOND


@pytest.mark.parametrize(
    ("kind", "fields", "retryable", "said"),
    [
        ("Worse", {}, True, None),
        ("OSError", None, True, None),
        ("Timeout", None, True, None),
        ("Bad", {"code": 4}, True, "bad 4"),
        ("Worse", {}, False, "worse"),
        ("Bad", {"code": 4}, False, "bad 4"),
        ("OSError", None, False, "get failed 1 times: OSError: no"),
        ("WrongResult", None, False, "get failed 1 times: WrongResult: no"),
        ("Error", None, False, "get failed 1 times: no"),
        ("Stopped", None, True, "cancelled: no"),
        ("Bad", {"code": "four"}, False, "get failed 1 times: Bad: no"),
        ("Elsewhere", {"x": 1}, False, "get failed 1 times: Elsewhere: no"),
    ],
)
def test_what_the_run_sees(bench, kind, fields, retryable, said):
    bench.fail("get", kind, "no", error=fields, retryable=retryable)
    if said is None:
        bench.sleep(SECOND)
        assert bench.attempt("get").number == 2
    else:
        assert bench.result() == said


def test_a_declared_error_is_what_is_left_when_retries_are_over(bench):
    for _ in range(2):
        bench.fail("get", "Worse", error={})
        bench.sleep(MINUTE)
    bench.fail("get", "Worse", error={})
    assert bench.result() == "worse"


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[", b'{"kind":"m.Bad"}', b'{"kind":"m.Bad","fields":{"code":"x"}}', b"\xff"]
)
def test_an_error_that_cannot_be_read(bench, data):
    attempt = bench.attempt("get")
    bench.flying.clear()
    bench.one(c.AttemptFailed("a", attempt.run, attempt.op, 1, "m.Bad", "no", data, "", False))
    assert bench.result() == "get failed 1 times: Bad: no"


def test_words_of_an_activity_are_bounded_and_can_be_written(bench):
    bench.fail("get", "OSError", "\udcff" + "x" * 100_000, retryable=False)
    said = bench.result()
    assert said.startswith("get failed 1 times: OSError: ?xxx") and len(said) < 5_000


# --- time --------------------------------------------------------------------------------------------------------

SLEEPS = """
activity put(k: str) { timeout: 1s }
workflow W version 1 (first: duration, then_: duration) -> str {
  let begun = now()
  parallel {
    a: { sleep first  log info "a"  give now() - begun }
    b: { sleep then_  log info "b"  give now() - begun }
    c: { sleep first  log info "c"  give now() - begun }
  }
  return "${a} ${b} ${c}"
}
workflow Until version 1 (moment: timestamp) -> str {
  sleep until moment
  return "${now()}"
}
"""


@pytest.fixture(scope="module")
def sleeping():
    return Kit(SLEEPS)


def test_timers_fire_in_order_of_time_run_and_op(sleeping, crashing):
    bench = sleeping.bench(crashing=crashing)
    for id, first, then in (("b", HOUR, MINUTE), ("a", HOUR, MINUTE), ("c", MINUTE, HOUR)):
        bench.start(id, first=first, then_=then)
    bench.tick(2 * HOUR)
    said = [(action.id, action.message) for action in bench.applied.actions if hasattr(action, "message")]
    assert said == [
        ("a", "b"), ("b", "b"), ("c", "a"), ("c", "c"),
        ("a", "a"), ("a", "c"), ("b", "a"), ("b", "c"), ("c", "b"),
    ]  # fmt: skip
    assert bench.result("a") == "2h 2h 2h", "log time is that of the tick, not of the timer"


def test_not_before_their_time(sleeping, crashing):
    bench = sleeping.bench(crashing=crashing)
    bench.start(first=HOUR, then_=2 * HOUR)
    assert bench.machine.deadlines.next == START + HOUR
    bench.tick(HOUR - 1)
    assert not bench.applied.changes
    bench.tick(1)
    assert len(bench.run().waiting) == 1
    bench.tick(HOUR)
    assert bench.result() == "1h 2h 1h"


def test_a_clock_that_goes_back_fires_nothing_twice(sleeping, crashing):
    bench = sleeping.bench(crashing=crashing)
    bench.start(first=HOUR, then_=3 * HOUR)
    bench.tick(HOUR)
    bench.now -= 5 * HOUR
    bench.tick()
    bench.start("b", first=MINUTE, then_=MINUTE)
    assert bench.row("b").created == START + HOUR
    bench.tick(5 * HOUR)
    assert bench.machine.now == START + HOUR and bench.status("b") == "running"
    bench.tick(MINUTE)
    assert bench.result("b") == "1m 1m 1m"
    bench.now += 400 * DAY
    bench.tick()
    assert bench.status() == "completed"


@pytest.mark.parametrize("moment", ["1970-01-01T00:00:00Z", "1969-07-20T20:17:00Z", "0001-01-01T00:00:00Z",
                                    "2026-01-01T00:00:00Z"])  # fmt: skip
def test_a_sleep_until_what_is_over(sleeping, crashing, moment):
    bench = sleeping.bench(crashing=crashing)
    bench.start(workflow="Until", moment=moment)
    assert bench.status() == "running", "it rests all the same"
    bench.tick()
    assert bench.result() == "2026-01-01T00:00:00Z"


def test_a_sleep_until_the_end_of_time(sleeping, crashing):
    bench = sleeping.bench(crashing=crashing)
    bench.start(workflow="Until", moment="9999-12-31T23:59:59.999999Z")
    bench.tick(1_000 * 365 * DAY)
    assert bench.status() == "running"
    bench.one(c.Cancel("a", "enough"))
    assert bench.status() == "cancelled"


def test_a_delay_of_nothing_still_waits_for_its_tick(sleeping, crashing):
    bench = sleeping.bench(crashing=crashing)
    bench.start(first=0, then_=-HOUR)
    assert len(bench.run().waiting) == 3
    bench.tick()
    assert bench.result() == "0s 0s 0s"


# --- a new process -----------------------------------------------------------------------------------------------


def test_what_was_in_flight_is_called_again(bench):
    first = bench.attempt("get")
    for number in (2, 3, 4):
        bench.crash()
        attempt = bench.attempt("get")
        assert (attempt.number, attempt.fence, attempt.key, attempt.op) == (number, number - 1, first.key, first.op)
    bench.fail("get")
    bench.sleep(SECOND)
    assert bench.attempt("get").number == 5, "a crash of ours is no attempt that failed: two are left"
    bench.fail("get")
    bench.sleep(2 * SECOND)
    bench.fail("get")
    assert bench.result() == "get failed 6 times: OSError: refused"


def test_what_waits_for_its_next_attempt_goes_on_waiting(bench):
    bench.fail("get")
    bench.crash()
    assert not bench.flying and bench.run().fence == 0
    bench.sleep(SECOND)
    assert (bench.attempt("get").number, bench.attempt("get").key) == (2, "run-1/get/1")


def test_timers_that_were_due_meanwhile_fire(sleeping):
    bench = sleeping.bench()
    bench.start(first=HOUR, then_=2 * HOUR)
    bench.now += DAY
    bench.crash()
    assert bench.status() == "running" and bench.machine.deadlines.next == START + HOUR
    bench.tick()
    assert bench.result() == "1d 1d 1d"


ONCE = """
activity dial(k: str) -> int { timeout: 1s, once: at_most, retry: 2 times }
activity put(k: str) -> int { timeout: 1s }
workflow W version 1 () -> str {
  parallel settle {
    a: do dial("a")
    b: do put("b")
    c: { try { let n = do dial("c")  give "${n}" } catch Interrupted as why { give "${why.activity} was interrupted" } }
  }
  return "${a} ${b} ${c}"
}
workflow One version 1 () -> int {
  assert workflow.version == 1
  let n = do dial("one")
  return n
}
"""


def test_at_most_once_is_not_called_again(crashing):
    bench = made(ONCE, crashing)
    bench.start()
    bench.crash()
    assert bench.names_in_flight() == ["put"]
    bench.done("put", 4)
    failed = "Failed(error: Interrupted, detail: Interrupted(activity: dial))"
    assert bench.result() == f"{failed} Ok(value: 4) Ok(value: dial was interrupted)"


def test_but_what_failed_may_be(crashing):
    """The attempt said that it failed: whether another is made says the policy."""
    bench = made(ONCE, crashing)
    bench.start(workflow="One")
    bench.fail("dial")
    bench.crash()
    assert bench.status() == "running", "nothing was in flight"
    bench.sleep(SECOND)
    bench.done("dial", 3)
    assert bench.result() == 3


def test_an_interruption_that_faults_leaves_no_effect_alone(crashing):
    """The run is read again when it faults; what else was in flight is called again all the same."""
    text = ONCE.replace(
        'let n = do dial("c")  give "${n}" } catch Interrupted as why { give',
        'let n = do dial("c")  give "${n}" } catch Interrupted as why { assert why.activity == ""  give',
    )
    bench = made(text, crashing)
    bench.start()
    bench.crash()
    assert bench.status() == "faulted" and bench.run().code == "assertion-failed"
    assert bench.names_in_flight() == ["put"], "asked for before the run stood still"
    bench.crash()
    assert not bench.flying, "called again when it goes on"
    bench.one(c.Resume("a"))
    assert bench.names_in_flight() == ["put"] and bench.status() == "faulted"
    bench.done("put", 4)
    assert len(bench.run().arrived) == 2


def test_keys_differ_between_effects_and_runs(crashing):
    bench = made("""
activity put(k: str) { timeout: 1s }
workflow W version 1 () {
  for i in 1..2 { do put("${i}") }
  parallel for i in 1..2 limit 2 { do put("p${i}") }
}
""", crashing)  # fmt: skip
    for id in ("a", "b"):
        bench.start(id)
    keys = []
    while bench.flying:
        attempt = bench.attempts()[0]
        keys.append(attempt.key)
        bench.done("put", attempt=attempt)
    assert len(keys) == 8 and len(set(keys)) == 8


KEYED = """
activity pay(xs: list[int], n: int) { timeout: 1s, key: "pay-${xs[0]!}-${10 // n}" }
workflow W version 1 (xs: list[int], n: int = 1) -> str {
  checkpoint at = 0
  at = 1
  do pay(xs, n)
  return "paid"
}
"""


def test_a_key_that_faults_faults_the_run(crashing):
    """A key is an expression of the author like another."""
    bench = made(KEYED, crashing)
    bench.start("good", xs=[3])
    assert bench.attempt("pay").key == "pay-3-10"
    bench.done("pay")
    assert bench.result("good") == "paid"
    for id, args, code in (("none", {"xs": []}, "nothing-there"), ("zero", {"xs": [1], "n": 0}, "division-by-zero")):
        bench.start(id, **args)
        assert (bench.status(id), bench.run(id).code) == ("faulted", code)
        assert not bench.flying and bench.checkpoints(id) == {}, "nothing of the turn counts"
        bench.one(c.Resume(id))
        assert bench.status(id) == "faulted"


# --- what a report is made of ------------------------------------------------------------------------------------


def test_trails(bench):
    bench.fail("get", "Worse", "first", error={})
    bench.sleep(MINUTE)
    trail = bench.run().trails["get"]
    assert (trail.activity, trail.calls, trail.attempts, trail.failures, trail.detail) == (
        "get",
        0,
        1,
        1,
        "Worse: first",
    )
    assert (trail.first, trail.last, trail.trace) == (START, START, "trace")
    bench.crash()
    trail = bench.run().trails["get"]
    assert (trail.attempts, trail.failures) == (1, 1), "they are kept"
    bench.done("get", 5)
    assert bench.result() == "5"


def test_trails_are_one_for_each_step(crashing):
    bench = made("""
activity put(k: str) -> str { timeout: 1s }
workflow W version 1 (n: int) {
  for i in 1..n { let x = do put("${i}")  log info x }
  sleep 1h
}
""", crashing)  # fmt: skip
    bench.start(n=30)
    for at in range(30):
        bench.done("put", f"value {at}")
    assert not bench.run().pieces
    (trail,) = bench.run().trails.values()
    assert (trail.calls, trail.attempts, trail.seconds) == (30, 30, 7.5)
    assert json.loads(trail.result) == "value 29"


def test_many_trails_become_pieces(crashing):
    names = [f"step_{number}" for number in range(20)]
    calls = "\n".join(f'  let {name} = do put("{name}")' for name in names)
    bench = made(f"""
activity put(k: str) -> str {{ timeout: 1s }}
workflow W version 1 (n: int) {{
{calls}
  sleep 1h
}}
""", crashing)  # fmt: skip
    bench.start(n=1)
    for _ in names:
        bench.done("put", "v")
    run = bench.run()
    kept = [key for key in run.pieces if key[0] == "t"]
    assert 0 < len(kept) < len(names) and len(run.behind) <= 400
    assert len(kept) + len(run.near) == len(run.trails) == len(names)
    assert {trail.calls for trail in run.trails.values()} == {1}


def test_trails_can_be_switched_off(getting):
    bench = getting.bench(trails=False)
    bench.start()
    bench.fail("get")
    assert not bench.run().trails and not bench.run().pieces


def test_a_large_result_is_not_kept_in_a_trail(crashing):
    bench = made("""
activity read(k: str) -> str { timeout: 1s }
workflow W version 1 () -> int {
  let text = do read("a")
  sleep 1h
  return len(text)
}
""", crashing)  # fmt: skip
    bench.start()
    bench.done("read", "x" * 50_000)
    assert bench.run().trails["read"].result == b'"(50002 bytes)"'
    bench.sleep(HOUR)
    assert bench.result() == 50_000
