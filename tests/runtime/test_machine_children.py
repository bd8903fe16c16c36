"""Runs that start others: children that are waited for, children that live beside, and what becomes of both."""

from __future__ import annotations

import pytest

from raftoral.runtime.core import commands as c, lifecycle
from raftoral.runtime.ports import Query
from tests.runtime.machines import DAY, HOUR, Kit, kept_events

TEXT = """
error Bad { code: int }
activity get(k: str) -> int { timeout: 10s }
activity put(k: str) { timeout: 10s }
activity undo(k: str) { timeout: 10s, retry: forever }

workflow Kid version 1 (n: int, how: str = "well") -> int raises Bad {
  checkpoint at = "begun"
  signal nudge(str)
  signal stop
  if how == "at once" { return n * 10 }
  if how == "fails" { fail Bad(code: n) }
  try {
    let m = do get("kid ${n}")
    at = "got"
    if how == "bad" { fail Bad(code: m) }
    if how == "faults" { return n // (m - m) }
    let text = wait nudge within 1d
    return n + m + len(text ?? "")
  } catch Cancelled as why {
    at = "cancelled: ${why.reason}"
    do put("cleaning up")
    return -1
  }
}

workflow Waits version 1 (n: int, how: str = "well") -> str {
  try {
    let got = do Kid(n, how: how)
    return "${got}"
  } catch Bad as bad {
    return "bad ${bad.code}"
  } catch ActivityFailed as failed {
    return "${failed.activity}: ${failed.detail}"
  } catch Cancelled as why {
    return "cancelled: ${why.reason}"
  }
}

workflow Spawns version 1 (how: str = "well", first: str = "wait") -> str {
  signal go
  let kid = spawn Kid(7, how: how) id "kid"
  send kid.nudge("abc")
  do put("between")
  try {
    if first == "leave" { return "left" }
    let got = wait kid
    let again = wait kid within 1h
    return "${got} ${again ?? 0}"
  } catch Bad as bad {
    return "bad ${bad.code}"
  } catch ActivityFailed as failed {
    return "${failed.activity}: ${failed.detail}"
  } catch Cancelled as why {
    return "cancelled: ${why.reason}"
  }
}

workflow Both version 1 () -> str raises Bad {
  let kid = spawn Kid(1)
  parallel {
    a: wait kid
    b: { let n = wait kid  do put("b")  give n }
    c: select { on kid as n => give n  after 9d => give 0 }
  }
  return "${a} ${b} ${c}"
}

workflow Careful version 1 () -> str raises Bad {
  try {
    let got = do Kid(1) compensate do undo("kid ${got}")
    do put("behind")
    return "${got}"
  } catch Cancelled {
    return "cancelled"
  }
}

workflow Deep version 1 (n: int) -> int {
  if n == 0 {
    let m = do get("bottom")
    return m
  }
  # rft: allow endless-children
  let below = do Deep(n - 1)
  return below + 1
}

workflow Race version 1 () -> str raises Bad {
  let got = select {
    do Kid(1) as n => give "kid ${n}"
    do Kid(2) as n => give "other ${n}"
    after 1h => give "late"
  }
  do put(got)
  return got
}
"""


def compiled(text):
    return Kit(text.replace("  # rft: allow endless-children\n", ""))


@pytest.fixture(scope="module")
def kit():
    return compiled(TEXT)


@pytest.fixture(params=[False, True], ids=["kept", "read-again"])
def bench(kit, request):
    return kit.bench(crashing=request.param)


# --- children that are waited for --------------------------------------------------------------------------------


def test_a_child_gives_its_result(bench):
    bench.start(workflow="Waits", n=4)
    child = bench.row("a/Kid.1")
    assert (child.parent, child.workflow, child.status, child.args) == ("a", "m.Kid", "running", b'[4,"well"]')
    assert [id for id, _ in bench.moved()] == ["a", "a/Kid.1"]
    bench.done("get", 5)
    bench.signal("a/Kid.1", "nudge", "xy")
    assert bench.result() == "11" and bench.result("a/Kid.1") == 11


@pytest.mark.parametrize(("how", "result"), [("at once", "40"), ("fails", "bad 4")])
def test_in_one_entry(bench, how, result):
    bench.start(workflow="Waits", n=4, how=how)
    assert bench.result() == result and not bench.machine.runs
    assert sorted(bench.applied.changes.rows) == ["a", "a/Kid.1"]


def test_its_error_is_raised(bench):
    bench.start(workflow="Waits", n=4, how="bad")
    bench.done("get", 9)
    assert bench.result() == "bad 9"
    assert bench.status("a/Kid.1") == "failed" and bench.failure("a/Kid.1") == ("m.Bad", {"code": 9})


def test_a_child_that_faults_is_waited_for(bench):
    bench.start(workflow="Waits", n=4, how="faults")
    bench.done("get", 9)
    assert (bench.status("a/Kid.1"), bench.status()) == ("faulted", "running")
    bench.one(c.Terminate("a/Kid.1", "hopeless"))
    assert bench.result() == "m.Kid: the child a/Kid.1 was terminated: hopeless"


def test_a_child_that_somebody_cancels(bench):
    """The parent was not cancelled: it sees a child that failed."""
    bench.start(workflow="Waits", n=4)
    bench.done("get", 1)
    bench.one(c.Cancel("a/Kid.1", "enough"))
    bench.done("put")
    assert bench.result() == "-1", "it may end well all the same"
    bench.start("b", "Waits", n=4)
    bench.one(c.Terminate("b/Kid.1", "at once"))
    assert bench.result("b") == "m.Kid: the child b/Kid.1 was terminated: at once"


def test_children_are_cancelled_with_their_parent(bench):
    bench.start(workflow="Waits", n=4)
    bench.one(c.Cancel("a", "enough"))
    assert bench.result() == "cancelled: enough", "the parent does not wait for it"
    assert bench.checkpoints("a/Kid.1") == {"at": "cancelled: its parent a needs it no longer"}
    bench.done("put")
    assert bench.result("a/Kid.1") == -1 and not bench.machine.runs


def test_one_with_an_undo_is_waited_for(bench):
    bench.start(workflow="Careful")
    bench.one(c.Cancel("a", "enough"))
    assert bench.status() == "running"
    bench.done("put")
    assert bench.performed() == [("undo", ("kid -1",))], "it ended well all the same"
    bench.done("undo")
    assert bench.result() == "cancelled"


def test_losers_of_a_race_are_cancelled(bench):
    bench.start(workflow="Race")
    bench.done("get", 1)
    bench.done("get", 2)
    bench.signal("a/Kid.2", "nudge", "xyz")
    assert bench.performed()[-1] == ("put", ("cleaning up",))
    assert bench.checkpoints("a/Kid.1")["at"].startswith("cancelled")
    bench.done("put", id="a")
    assert bench.result() == "other 7"
    bench.done("put")
    assert bench.result("a/Kid.1") == -1


def test_terminated_with_their_parent(bench):
    bench.start(workflow="Deep", n=3)
    ids = ["a", "a/Deep.1", "a/Deep.1/Deep.1", "a/Deep.1/Deep.1/Deep.1"]
    assert sorted(bench.machine.runs) == ids
    bench.one(c.Terminate("a", "enough"))
    assert [bench.status(id) for id in ids] == ["terminated"] * 4 and not bench.machine.runs
    assert bench.halted == [("a/Deep.1/Deep.1/Deep.1#4", 1)]
    assert bench.failure("a/Deep.1")[1]["reason"] == "its parent a was terminated"


def test_deep_families(bench):
    bench.start(workflow="Deep", n=30)
    assert len(bench.machine.runs) == 31
    bench.done("get", 5)
    assert bench.result() == 35 and not bench.machine.runs
    bench.start("b", "Deep", n=30)
    bench.one(c.Terminate("b", "enough"))
    assert not bench.machine.runs


def test_families_have_an_end(kit):
    """Endless recursion is a mistake of the author: somebody is told, and nobody's machine stops."""
    bench = kit.bench()
    bench.start(workflow="Deep", n=1_000_000)
    assert bench.status() == "failed" and not bench.machine.runs
    kind, fields = bench.failure()
    assert kind == "ActivityFailed" and "nested too deeply" in fields["detail"]


def test_a_child_tells_its_parent_when_it_goes_on(bench):
    bench.start(workflow="Waits", n=4)
    bench.one(c.Pause("a"))
    bench.done("get", 5)
    bench.signal("a/Kid.1", "nudge", "")
    assert (bench.status(), bench.status("a/Kid.1")) == ("paused", "completed")
    bench.crash()
    bench.one(c.Resume("a"))
    assert bench.result() == "9"


def test_forced_away_under_its_parent(bench):
    bench.start(workflow="Waits", n=4)
    bench.one(c.Delete("a/Kid.1", True))
    assert bench.storage.row("a/Kid.1") is None
    assert bench.result() == "m.Kid: the child a/Kid.1 was terminated: it was deleted"


# --- spawned children --------------------------------------------------------------------------------------------


def test_a_spawned_child_lives_beside(bench):
    bench.start(workflow="Spawns")
    assert (bench.row("kid").parent, bench.run("kid").parent_op) == ("a", 0)
    bench.done("get", 1)
    bench.done("put")
    assert bench.result() == "11 11", "what it gave can be waited for twice"


def test_it_may_end_before_it_is_waited_for(bench):
    bench.start(workflow="Spawns", how="at once")
    assert bench.result("kid") == 70
    bench.crash()
    bench.done("put")
    assert bench.result() == "70 70"


def test_its_error_waits_too(bench):
    bench.start(workflow="Spawns", how="fails")
    bench.crash()
    bench.done("put")
    assert bench.result() == "bad 7"


def test_its_parent_may_be_gone(bench):
    bench.start(workflow="Spawns", first="leave")
    bench.done("put")
    assert bench.result() == "left" and bench.status("kid") == "running"
    bench.done("get", 1)
    assert bench.result("kid") == 11 and not bench.machine.runs


@pytest.mark.parametrize("end", [c.Cancel("a", "enough"), c.Terminate("a", "enough"), c.Delete("a", True)])
def test_nobody_ends_it_with_its_parent(bench, end):
    bench.start(workflow="Spawns")
    bench.one(end)
    assert bench.status("kid") == "running" and "a" not in bench.machine.runs
    bench.done("get", 1)
    assert bench.result("kid") == 11


def test_cancelled_by_itself_its_parent_sees_a_failure(bench):
    bench.start(workflow="Spawns")
    bench.one(c.Terminate("kid", "at once"))
    bench.done("put")
    assert bench.result() == "m.Kid: the child kid was terminated: at once"


def test_all_who_wait_for_it_get_its_result(bench):
    bench.start(workflow="Both")
    (id,) = [id for id in bench.machine.runs if id != "a"]
    bench.done("get", 1)
    bench.signal(id, "nudge", "x")
    assert bench.names_in_flight("a") == ["put"]
    bench.done("put")
    assert bench.result() == "3 3 3"


def test_all_who_wait_for_it_get_its_error(bench):
    bench.start(workflow="Both")
    (id,) = [id for id in bench.machine.runs if id != "a"]
    bench.one(c.Terminate(id, "at once"))
    assert bench.status() == "failed"


# --- ids ---------------------------------------------------------------------------------------------------------


def test_an_id_that_is_taken(bench):
    bench.start("kid", "Kid", n=1)
    bench.start("a", "Spawns")
    bench.done("put")
    assert bench.result() == "m.Kid: there is a run 'kid' already"
    assert bench.row("kid").parent is None and not bench.run("kid").mail, "its mail is not for the other one"


@pytest.mark.parametrize("ended", [False, True])
def test_an_id_that_is_taken_for_one_that_is_waited_for(bench, ended):
    bench.start("a/Kid.1", "Kid", n=1, how="at once" if ended else "well")
    bench.start("a", "Waits", n=4)
    assert bench.result() == "m.Kid: there is a run 'a/Kid.1' already"


def test_nobody_ends_the_run_that_has_its_id(bench):
    """Of a parent that stands still, and has not heard yet that its child could not begin."""
    bench.start("b/Kid.1", "Kid", n=1)
    bench.start("b", "Waits", n=4)
    assert bench.result("b").endswith("already")
    bench.start("d/Kid.2", "Kid", n=1)
    text = """
workflow Kid version 1 (n: int) -> int { sleep 1d  return n }
workflow W version 1 (n: int) -> int {
  sleep 1h
  let m = do Kid(n)
  assert m > 0
  return m
}
"""
    bench = Kit(text).bench(crashing=bench.crashing)
    bench.start("d/Kid.2", "Kid", n=1)
    bench.start("d", n=1)
    bench.sleep(HOUR)
    assert bench.status("d") == "failed" and bench.status("d/Kid.2") == "running"


def test_the_children_of_an_earlier_life(bench):
    """A run was deleted and begins again: what its child gave then is not given now."""
    bench.start(workflow="Waits", n=4, how="at once")
    bench.one(c.Delete("a"))
    bench.start(workflow="Waits", n=5, how="at once")
    assert bench.result() == "m.Kid: there is a run 'a/Kid.1' already"
    bench.one(c.Delete("a"))
    bench.one(c.Delete("a/Kid.1"))
    bench.start(workflow="Waits", n=5, how="at once")
    assert bench.result() == "50"


def test_the_same_id_is_another_run(bench):
    """Keys and reports are for one life of an id."""
    keys = set()
    for n in range(3):
        bench.start(workflow="Waits", n=4)
        attempt = bench.attempt("get")
        keys.add((attempt.run, attempt.key))
        bench.one(c.Delete("a", True))
        bench.one(c.Delete("a/Kid.1", True))
        bench.done("get", n, attempt=attempt)
        bench.crash()
    assert len(keys) == 3


AGAIN = """
workflow Kid version 1 (n: int) -> int { sleep 1d  return n }
workflow Other version 1 (n: int) -> int { return n }
workflow W version 1 (n: int, how: str) -> str {
  let one = spawn Kid(n) id "x"
  if how == "other" {
    let two = spawn Other(n) id "x"
    let m = wait two
    return "${m}"
  }
  let two = spawn Kid(if how == "same" then n else n + 1) id "x"
  let m = wait two
  let k = wait one
  return "${m} ${k}"
}
"""


def test_spawned_twice_it_is_one_child(bench):
    bench = Kit(AGAIN).bench(crashing=bench.crashing)
    bench.start(n=3, how="same")
    bench.sleep(DAY)
    assert bench.result() == "3 3" and bench.row("x").seq == 2


def test_an_id_is_for_one_workflow(bench):
    """A handle of `Other` must not give what `Kid` gave."""
    bench = Kit(AGAIN).bench(crashing=bench.crashing)
    bench.start(n=3, how="other")
    assert bench.status() == "faulted" and bench.run().reason == "x is the id of a child of another workflow"


# --- bounds ------------------------------------------------------------------------------------------------------

MANY = """
workflow Kid version 1 (n: int) -> int {
  signal nudge(int)
  return n
}
workflow W version 1 (n: int) -> int {
  for i in 1..n { spawn Kid(i) id "${workflow.id}-${i}" }
  sleep 1h
  return n
}
workflow Wild version 1 (n: int) {
  for i in 1..n { spawn Wild(n) id "${workflow.id}.${i}" }
}
workflow Sends version 1 (n: int) -> int {
  let kid = spawn Kid(1)
  let m = wait kid
  send kid.nudge(n + 9223372036854775807)
  return m
}
workflow Gives version 1 (n: int) -> str {
  try {
    let m = do Kid(n + 9223372036854775807)
    return "${m}"
  } catch ActivityFailed as failed {
    return failed.detail
  }
}
workflow Starts version 1 (n: int) {
  spawn Kid(n + 9223372036854775807)
}
"""


@pytest.fixture(scope="module")
def many():
    return Kit(MANY)


@pytest.fixture
def fewer(monkeypatch):
    monkeypatch.setattr(lifecycle, "FOLLOWING_MAX", 200)


@pytest.mark.parametrize(("n", "status"), [(150, "running"), (201, "faulted"), (5_000, "faulted")])
def test_one_entry_starts_so_many(many, bench, fewer, n, status):
    bench = many.bench(crashing=bench.crashing)
    bench.start(n=n)
    assert bench.status() == status
    assert bench.storage.count(Query()) == (n + 1 if status == "running" else 1)
    if status == "faulted":
        assert bench.run().code == "step-budget"


def test_a_flood_of_runs_comes_to_rest(many, fewer):
    bench = many.bench()
    bench.start(workflow="Wild", n=3)
    runs = bench.machine.runs
    assert 0 < len(runs) < 700 and {run.status for run in runs.values()} == {"faulted"}
    assert bench.apply(c.Tick()) == [None]


@pytest.mark.parametrize("name", ["Sends", "Gives", "Starts"])
def test_what_a_child_cannot_be_given(many, bench, name):
    bench = many.bench(crashing=bench.crashing)
    bench.start(workflow=name, n=5)
    assert (bench.status(), bench.run().code) == ("faulted", "overflow")


def test_ids_do_not_grow_with_each_generation(bench):
    text = """
activity put(k: str) { timeout: 1s }
workflow W version 1 (n: int) {
  do put("${n}")
  spawn W(n + 1)
}
"""
    bench = Kit(text).bench(crashing=bench.crashing)
    bench.start(n=1)
    for _ in range(30):
        bench.done("put")
    (run,) = bench.machine.runs.values()
    assert len(run.id) <= 300 and len(run.run) <= 300


# --- mail --------------------------------------------------------------------------------------------------------


def test_mail_for_a_child_that_stands_still_waits(bench):
    bench.start(workflow="Spawns", how="faults")
    bench.done("get", 5)
    assert bench.status("kid") == "faulted"
    events = kept_events(bench.run("kid"))
    assert [event.what for event in events] == [c.What.DONE]
    assert [text for _, text in bench.run("kid").mail["nudge"]] == ["abc"]
