"""`continue as new`: one id, one run after the other, on the newest version, with the mail that nobody read."""

from __future__ import annotations

import json

import pytest

from raftoral.runtime.core import commands as c, lifecycle
from tests.runtime.machines import DAY, HOUR, Kit

TEXT = """
activity get(k: str) -> int { timeout: 10s }
activity put(k: str) { timeout: 10s }
activity undo(k: str) { timeout: 10s, retry: forever }

workflow Monthly version 1 (n: int, most: int = 3) -> str {
  checkpoint at = "month ${n}"
  checkpoint last = ""
  signal say(str)
  signal stop
  if n > most { return "the end of ${n}" }
  let m = do get("${n}")
  select {
    on stop => return "stopped in ${n}"
    on say as text => { last = text  at = "said ${text}" }
    after 30d => log info "month ${n}"
  }
  continue as new(n + 1, most)
}

workflow Kid version 1 (n: int) -> int {
  let m = do get("kid ${n}")
  return m
}

workflow Parent version 1 (n: int) -> int {
  let m = do Kid(n)
  if n == 3 { return m }
  continue as new(n + 1)
}

workflow Child version 1 (n: int) -> int {
  do put("child ${n}")
  if n == 3 { return n * 100 }
  continue as new(n + 1)
}

workflow Calls version 1 () -> int {
  let one = do Child(1)
  let kid = spawn Child(2)
  let two = wait kid
  return one + two
}

workflow Endless version 1 (n: int) {
  continue as new(n + 1)
}

workflow Chats version 1 (n: int) -> str {
  checkpoint seen = ""
  signal say(str)
  query has_seen() -> str = seen
  if n == 0 { continue as new(n + 1) }
  let one = wait say within 1d
  let two = wait say within 1d
  return "${one ?? "-"}${two ?? "-"}"
}

workflow Sends version 1 () -> str {
  let kid = spawn Chats(0)
  send kid.say("a")
  send kid.say("b")
  let said = wait kid
  return said
}

workflow Grows version 1 (n: int, text: list[str] = []) {
  if n == 1 { continue as new(9223372036854775807 + n) }
  continue as new(n, ["x" for i in range(400_000)])
}

workflow Keeps version 1 (n: int) {
  spawn Kid(n) id "kept"
  sleep 1d
  continue as new(n + 1)
}
"""


@pytest.fixture(scope="module")
def kit():
    return Kit(TEXT)


@pytest.fixture(params=[False, True], ids=["kept", "read-again"])
def bench(kit, request):
    return kit.bench(crashing=request.param)


def test_one_id_and_one_run_after_the_other(bench):
    bench.one(c.StartRun("a", "first", "m.Monthly", 1, b"[1,3]", '{"who":"ann"}'))
    keys = []
    for n in (1, 2, 3):
        attempt = bench.attempt("get")
        keys.append(attempt.key)
        assert attempt.args == (str(n),) and (attempt.op, attempt.number) == (1, 1)
        bench.done("get", 0)
        bench.sleep(30 * DAY)
        if n < 3:
            row = bench.row()
            assert (row.run, row.args, row.status) == (f"first~{n}", f"[{n + 1},3]".encode(), "running")
            assert (row.seq, row.tags, row.created) == (1, '{"who":"ann"}', bench.now - n * 30 * DAY)
            assert bench.checkpoints() == {"at": f"month {n + 1}", "last": ""}
    assert bench.result() == "the end of 4" and not bench.machine.runs
    assert len(set(keys)) == 3, "each month is charged for itself"


def test_mail_that_nobody_read_is_carried_over(bench):
    bench.start(workflow="Monthly", n=1)
    for text in "xyz":
        bench.signal("a", "say", text)
    bench.done("get", 0)
    assert bench.row().run == "run-1~1" and [text for _, text in bench.run().mail["say"]] == ["y", "z"]
    bench.crash()
    bench.done("get", 0)
    bench.done("get", 0)
    assert bench.result() == "the end of 4" and not bench.storage.pieces("a")


def test_reports_of_the_run_before_are_stale(bench):
    bench.start(workflow="Monthly", n=1)
    old = bench.attempt("get")
    bench.done("get", 0)
    bench.signal("a", "say", "x")
    assert bench.attempt("get").op == old.op and bench.attempt("get").run != old.run
    bench.done("get", 5, attempt=old)
    bench.fail("get", attempt=old)
    bench.one(c.Progress("a", old.run, old.op, b"1"))
    bench.one(c.Stalled("a", old.op, "nobody", old.run))
    assert not bench.applied.changes


def test_what_lies_in_an_inbox_is_for_the_id(bench):
    """Messages, and a cancellation, that came while it stood still reach the run that it has become."""
    bench.start(workflow="Chats", n=1)
    bench.one(c.Pause("a"))
    for text in "ab":
        bench.signal("a", "say", text)
    bench.one(c.Resume("a"))
    assert bench.result() == "ab"
    bench.start("b", "Monthly", n=1)
    bench.done("get", 0)
    bench.one(c.Pause("b"))
    for text in "xyz":
        bench.signal("b", "say", text)
    bench.one(c.Cancel("b", "enough"))
    bench.one(c.Resume("b"))
    assert bench.status("b") == "cancelled", "`x` continued it, `y` and `z` lay in its mailbox when it was cancelled"
    bench.start("d", "Monthly", n=1)
    bench.done("get", 0)
    bench.one(c.Pause("d"))
    for text in "xyz":
        bench.signal("d", "say", text)
    bench.one(c.Resume("d"))
    assert [text for _, text in bench.run("d").mail["say"]] == ["y", "z"]


def test_messages_wait_until_it_has_begun(bench):
    """Those of its parent, in the entry in which the child continues as new."""
    bench.start(workflow="Sends")
    assert bench.result() == "ab"


def test_children_of_each_link(bench):
    """Each has an id of its own: the second month gets what the second child gave."""
    bench.start(workflow="Parent", n=1)
    ids = []
    for n in (1, 2, 3):
        attempt = bench.attempt("get")
        ids.append(attempt.id)
        assert attempt.args == (f"kid {n}",)
        bench.done("get", n * 10)
    assert bench.result() == 30 and len(set(ids)) == 3
    assert ids == ["a/Kid.1", "a~1/Kid.1", "a~2/Kid.1"]


def test_a_child_that_continues_tells_its_parent_at_its_end(bench):
    bench.start(workflow="Calls")
    for n in (1, 2, 3):
        assert bench.attempt("put").args == (f"child {n}",)
        bench.done("put")
    assert bench.status("a/Child.1") == "completed"
    bench.done("put")
    bench.done("put")
    assert bench.result() == 600


def test_a_child_that_lives_is_found_again(bench):
    bench.start(workflow="Keeps", n=1)
    bench.sleep(DAY)
    assert bench.row().run == "run-1~1" and bench.row("kept").args == b"[1]"
    assert bench.run().children["kept"].ended is False
    bench.done("get", 5)
    assert bench.run().children["kept"].value == 5
    bench.sleep(DAY)
    error = bench.run().children["kept"].error
    assert "there is a run 'kept' already" in str(error), "what it gave a month ago is not given again"


def test_without_a_rest_it_has_an_end(bench, monkeypatch):
    monkeypatch.setattr(lifecycle, "LINKS_MAX", 50)
    bench.start(workflow="Endless", n=0)
    assert (bench.status(), bench.run().code) == ("faulted", "step-budget")
    assert bench.row().run == "run-1~51"
    bench.one(c.Resume("a"))
    assert (bench.status(), bench.row().run) == ("faulted", "run-1~102")
    bench.one(c.Terminate("a", "endless"))
    assert not bench.machine.runs and not bench.storage.pieces("a")


def test_many_runs_may_continue_in_one_entry(bench, monkeypatch):
    """The bound is for one run: the first of the month comes for all of them at once."""
    monkeypatch.setattr(lifecycle, "LINKS_MAX", 5)
    args = b"[1,3]"
    bench.apply(*[c.StartRun(f"m{n}", f"run-{n}", "m.Monthly", 1, args) for n in range(20)])
    for attempt in bench.attempts("get"):
        bench.done("get", 0, attempt=attempt)
    bench.tick(30 * DAY)
    assert {run.status for run in bench.machine.runs.values()} == {"running"}
    assert {run.link for run in bench.machine.runs.values()} == {1}
    for attempt in bench.attempts("get"):
        bench.done("get", 0, attempt=attempt)
    bench.apply(*[c.Signal(f"m{n}", "say", b'"x"') for n in range(20)])
    assert {run.link for run in bench.machine.runs.values()} == {2}


@pytest.mark.parametrize(("n", "code"), [(1, "overflow"), (2, "too-large")])
def test_arguments_that_cannot_be_written(bench, n, code):
    bench.start(workflow="Grows", n=n)
    assert (bench.status(), bench.run().code) == ("faulted", code)
    assert bench.row().run == "run-1" and bench.row().args == f"[{n},[]]".encode()


def test_a_name_with_a_tilde(bench):
    """Runs of children are called after their ids, which an author chooses."""
    text = """
activity put(k: str) { timeout: 1s }
workflow Kid version 1 (n: int) {
  do put("kid")
  continue as new(n + 1)
}
workflow W version 1 () {
  for name in ["x~a", "x~b", "x~1"] { spawn Kid(1) id name }
}
"""
    bench = Kit(text).bench(crashing=bench.crashing)
    bench.start()
    keys = set()
    for _ in range(3):
        for attempt in bench.attempts("put"):
            keys.add(attempt.key)
            bench.done("put", attempt=attempt)
    assert len(keys) == 9


# --- the newest version ------------------------------------------------------------------------------------------

ONE = """
record Item { sku: str, qty: int = 1 }
activity put(k: str) { timeout: 10s }
workflow W version 1 (n: int, items: list[Item] = []) -> str {
  checkpoint at = n
  signal say(str)
  signal old(int)
  do put("one ${n}")
  continue as new(n + 1, items)
}
"""
SECOND = """
workflow W version 2 (%s) -> str {
  checkpoint at = n
  signal say(%s)
  do put("two ${n}")
  return "${n}"
}
"""


@pytest.mark.parametrize(
    ("params", "args"),
    [
        ("n: int, items: list[Item] = []", [2, [{"qty": 1, "sku": "a"}]]),
        ("items: list[Item], n: int", [[{"qty": 1, "sku": "a"}], 2]),
        ("n: int", [2]),
        ('n: int, note: str = "new"', [2, "new"]),
        ("n: decimal", ["2"]),
    ],
)
def test_the_newest_version_takes_over(bench, params, args):
    bench = Kit(ONE).bench(crashing=bench.crashing)
    bench.start(n=1, items=[{"sku": "a"}])
    bench.signal("a", "say", "x")
    bench.signal("a", "old", 5)
    both = Kit(ONE + SECOND % (params, "str"))
    bench.kit = both
    bench.crash(both.programs)
    assert bench.row().version == 1, "not before it continues"
    bench.done("put")
    row = bench.row()
    assert (row.version, row.run, json.loads(row.args)) == (2, "run-1~1", args)
    assert bench.performed() == [("put", ("two 2",))]
    assert [text for _, text in bench.run().mail["say"]] == ["x"] and "old" not in bench.run().mail
    assert bench.told[-1] == "warn: a message of the signal old is dropped: version 2 has no such signal"
    bench.done("put")
    assert bench.result() == "2"


@pytest.mark.parametrize("params", ["n: str, items: list[Item] = []", "n: int, who: str", "n: int, items: list[int]"])
def test_one_that_takes_other_arguments_does_not(bench, params):
    bench = Kit(ONE).bench(crashing=bench.crashing)
    bench.start(n=1, items=[{"sku": "a"}])
    both = Kit(ONE + SECOND % (params, "str"))
    bench.kit = both
    bench.crash(both.programs)
    bench.done("put")
    assert (bench.row().version, bench.row().run, bench.status()) == (1, "run-1~1", "running")
    assert bench.told[-1].startswith("warn: it stays on version 1: version 2 cannot take over: ")
    assert bench.performed() == [("put", ("one 2",))]


def test_mail_of_another_type_is_dropped_with_a_word(bench):
    bench = Kit(ONE).bench(crashing=bench.crashing)
    bench.start(n=1)
    bench.signal("a", "say", "x")
    both = Kit(ONE + SECOND % ("n: int", "int"))
    bench.kit = both
    bench.crash(both.programs)
    bench.one(c.Pause("a"))
    bench.done("put")
    bench.signal("a", "say", "y")
    bench.one(c.Resume("a"))
    assert bench.row().version == 2 and not bench.run().mail
    assert [said for said in bench.told if "dropped" in said] == [
        "warn: a message of the signal say is dropped: not an int"
    ] * 2


def test_time_goes_on(bench):
    bench.start(workflow="Monthly", n=1)
    bench.sleep(HOUR)
    bench.done("get", 0)
    bench.signal("a", "say", "x")
    assert bench.row().updated == bench.now and bench.row().created == bench.now - HOUR
