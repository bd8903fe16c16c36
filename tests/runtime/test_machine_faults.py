"""Runs with a bug: they stand still at their slot, with all that had arrived, until the program is mended."""

from __future__ import annotations

import json

import pytest

from raftoral.runtime.core import commands as c, execution, stored
from tests.runtime.machines import HOUR, MINUTE, SECOND, Kit, kept_events

TEXT = """
error Bad { code: int }
activity get(k: str) -> int { timeout: 10s }
activity read(k: str) -> str { timeout: 10s }
activity hold(k: str) -> str { timeout: 10s }
activity free(h: str) { timeout: 10s, retry: never } # rft: allow giving-up-undo
activity write(text: str) { timeout: 10s }

workflow Divides version 1 (n: int) -> int {
  checkpoint at = "begun"
  signal say(str)
  at = "asking"
  log info "about to ask"
  let by = do get("by")
  at = "asked"
  log info "got ${by}"
  do write("between")
  let found = n // by
  at = "divided"
  let text = wait say within 1d
  return found + len(text ?? "")
}

workflow Bug version 1 (what: str, n: int) -> int {
  checkpoint at = 0
  let m = do get("m")
  at = 5
  match what {
    "divide" => return n // (m - m)
    "remainder" => return n % (m - m)
    "overflow" => return 9223372036854775807 + m
    "assert" => assert m > 100, "m is ${m}"
    "silent" => assert m > 100
    "nothing" => return [1].drop(1).first()!
    "random" => return random_int(m, -m)
    "decimal" => return int(decimal(n) / decimal(m - m))
    "float" => return int(1.0e308 * float(m) * 10.0)
    "sleep" => sleep 100000000000000d * 1
    "limit" => parallel for i in 1..3 limit (m - m) { do write("${i}") }
    _ => return n
  }
  return n
}

workflow Large version 1 (what: str, size: int) -> str raises Huge {
  checkpoint kept = ""
  let text = do read("a")
  match what {
    "frame" => {
      let all = join("", [text for i in range(size)])
      sleep 1h
      return all
    }
    "checkpoint" => kept = join("", [text for i in range(size)])
    "args" => do write(join("", [text for i in range(size)]))
    "result" => return join("", [text for i in range(size)])
    "error" => fail Huge(text: join("", [text for i in range(size)]))
    "turns" => {
      let sizes = parallel for i in range(size) limit 10 { give do get("${i}") }
      log info len(sizes)
    }
    "branch" => {
      parallel {
        a: { do get("a")  give join("", [text for i in range(size)]) }
        b: do get("b")
      }
      log info "${len(a)} ${b}"
    }
    "undos" => {
      for i in 1..size { let h = do hold("h") compensate do free(h)  log info h }
    }
    _ => log info "nothing"
  }
  sleep 1h
  return "small ${len(kept)}"
}
error Huge { text: str }

workflow Loops version 1 (n: int) -> int {
  checkpoint at = 0
  at = 1
  let m = do get("m")
  at = 2
  var turns = 0
  for i in 1..n {
    if m > 0 { sleep 1h }
    turns += 1
  }
  return turns
}

workflow Early version 1 (n: int) -> int {
  checkpoint at = 10 // n
  query now_at() -> int = at
  log info at
  let m = do get("m")
  return m + at
}

workflow Side version 1 () -> str {
  parallel settle {
    a: { let n = do get("a")  log info "a"  let m = 10 // n  do write("a ${m}") }
    b: { let n = do get("b")  do write("b ${n}") }
  }
  return "${a} ${b}"
}

workflow Saga version 1 (n: int) -> str {
  checkpoint at = "begun"
  try {
    let one = do hold("one") compensate do free(one)
    let two = do hold("two") compensate {
      at = "undoing two"
      do free(two)
      at = "undone two"
    }
    do write("both")
    fail Bad(code: n)
  } catch Bad as bad {
    return "bad ${bad.code}"
  } catch Cancelled as why {
    return why.reason
  }
}
"""
TEXT = TEXT.replace(" # rft: allow giving-up-undo", "")


@pytest.fixture(scope="module")
def kit():
    return Kit(TEXT)


@pytest.fixture(params=[False, True], ids=["kept", "read-again"])
def bench(kit, request):
    return kit.bench(crashing=request.param)


# --- a fault takes its turn back ---------------------------------------------------------------------------------


def test_the_turn_is_taken_back(bench):
    bench.start(workflow="Divides", n=8)
    bench.done("get", 0)
    before = bench.row()
    bench.told.clear()
    bench.done("write")
    row, run = bench.row(), bench.run()
    assert (row.status, row.checkpoints) == ("faulted", before.checkpoints)
    assert (run.code, run.reason) == ("division-by-zero", "division by zero")
    assert "m.rft" in run.note and "n // by" in run.note, run.note
    assert bench.told[0].startswith("error: faulted: division by zero\n")
    assert not bench.performed() and bench.moved() == [("a", "faulted")]
    assert [(event.what, event.op) for event in kept_events(run)] == [(c.What.DONE, 2)]
    assert run.root.slot is not None and run.root.slot.key == "write"


def test_what_arrives_is_kept_behind_it(bench):
    bench.start(workflow="Divides", n=8)
    bench.done("get", 0)
    bench.done("write")
    assert bench.signal("a", "say", "hello") is None
    bench.tick(HOUR)
    kinds = [event.what for event in kept_events(bench.run())]
    assert kinds == [c.What.DONE, c.What.ARRIVED]
    for _ in range(3):
        bench.one(c.Resume("a"))
        assert bench.status() == "faulted", "the same bug again"
        assert [event.what for event in kept_events(bench.run())] == kinds


def test_it_goes_on_when_the_program_is_mended(bench):
    bench.start(workflow="Divides", n=8)
    bench.done("get", 0)
    bench.done("write")
    bench.signal("a", "say", "hello")
    mended = Kit(TEXT.replace("let found = n // by", "let found = if by == 0 then 1 else n // by"))
    bench.kit = mended
    bench.crash(mended.programs)
    assert bench.status() == "faulted", "not by itself"
    bench.one(c.Resume("a"))
    assert bench.result() == 6


@pytest.mark.parametrize(
    ("what", "code", "reason"),
    [
        ("divide", "division-by-zero", "division by zero"),
        ("remainder", "division-by-zero", "division by zero"),
        ("decimal", "division-by-zero", "division by zero"),
        ("overflow", "overflow", "an int left its 64 bits"),
        ("assert", "assertion-failed", "m is 7"),
        ("silent", "assertion-failed", "an assertion does not hold"),
        ("nothing", "nothing-there", "a value was asserted with `!`, and it is none"),
        ("random", "out-of-range", "random_int wants the lower end first"),
        ("float", "not-finite", "a float is infinite or not a number"),
        ("sleep", "overflow", "a duration or a timestamp left its range"),
        ("limit", "out-of-range", "a limit is from 1 to 10,000"),
    ],
)
def test_faults(bench, what, code, reason):
    bench.start(workflow="Bug", what=what, n=3)
    bench.done("get", 7)
    assert (bench.status(), bench.run().code, bench.run().reason) == ("faulted", code, reason)
    assert bench.checkpoints() == {"at": 0} and not bench.flying
    assert what in ("overflow", "limit") or "m.rft" in bench.run().note
    bench.one(c.Resume("a"))
    assert (bench.status(), bench.run().inbox) == ("faulted", 1)
    bench.one(c.Terminate("a", "hopeless"))
    assert bench.status() == "terminated" and not bench.storage.pieces("a")


def test_a_fault_before_the_first_rest(bench):
    bench.start(workflow="Early", n=0)
    assert (bench.status(), bench.checkpoints(), bench.told[0][:16]) == ("faulted", {}, "error: faulted: ")
    assert bench.run().root.slot is None and bench.run().code == "division-by-zero"
    assert bench.start(workflow="Early", n=0) is None, "it is there"
    bench.crash()
    bench.one(c.Resume("a"))
    assert bench.status() == "faulted"
    mended = Kit(TEXT.replace("checkpoint at = 10 // n", "checkpoint at = n"))
    bench.kit = mended
    bench.crash(mended.programs)
    bench.one(c.Resume("a"))
    bench.done("get", 5)
    assert bench.result() == 5


def test_a_fault_in_one_strand_is_the_runs(bench):
    """Also in a `settle`. What other strands wait for stays in flight, and is kept when it comes."""
    bench.start(workflow="Side")
    bench.done("get", 0, attempt=bench.attempts("get")[0])
    assert bench.status() == "faulted" and "info: a" not in bench.told
    assert bench.names_in_flight()[-1] == "get"
    bench.done("get", 4, attempt=bench.attempts("get")[-1])
    mended = Kit(TEXT.replace("let m = 10 // n", "let m = n"))
    bench.kit = mended
    bench.crash(mended.programs)
    bench.one(c.Resume("a"))
    assert bench.names_in_flight() == ["write", "write"] and bench.told[-1] == "info: a"


# --- bounds ------------------------------------------------------------------------------------------------------

MIB = 1 << 20


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("frame", "a frame: 1,"),
        ("checkpoint", "all checkpoints together: 1,"),
        ("args", "the arguments of a call: 1,"),
        ("result", "the result: 1,"),
        ("error", "the error: 1,"),
    ],
)
def test_what_is_too_large_faults(bench, what, words):
    text = "é" * 1_000  # two bytes each: a text of so many characters may be in memory
    bench.start(workflow="Large", what=what, size=600)
    bench.done("read", text)
    assert (bench.status(), bench.run().code) == ("faulted", "too-large"), bench.run().reason
    assert bench.run().reason.startswith(words), bench.run().reason
    assert not bench.flying and bench.checkpoints() == {"kept": ""}
    bench.start("b", "Large", what=what, size=500)
    bench.done("read", text, id="b")
    assert bench.status("b") != "faulted"


def test_results_that_wait_for_others_have_bounds_too(bench):
    bench.start(workflow="Large", what="branch", size=600)
    bench.done("read", "é" * 1_000)
    bench.done("get", 1)
    assert (bench.status(), bench.run().reason[:11]) == ("faulted", "a value: 1,")


def test_a_heartbeat_never_makes_a_strand_too_large(bench):
    """The bound is for what the author keeps; what we keep beside it must not break a machine."""
    bench.start("a", "Side")
    attempt = bench.attempts("get")[0]
    bench.one(c.Progress("a", attempt.run, attempt.op, b'"' + b"x" * (2 * MIB) + b'"'))
    bench.fail("get", attempt=attempt)
    assert bench.status() == "running"


@pytest.fixture
def smaller(monkeypatch):
    monkeypatch.setattr(execution, "STRANDS_MAX", 50)
    monkeypatch.setattr(execution, "UNDOS_MAX", 20)
    monkeypatch.setattr(execution, "STEPS_MAX", 500)
    assert (stored.FRAME_BYTES_MAX, stored.VALUE_BYTES_MAX) == (MIB, MIB)


@pytest.mark.parametrize(("size", "status"), [(50, "running"), (51, "faulted")])
def test_so_many_turns(bench, smaller, size, status):
    bench.start(workflow="Large", what="turns", size=size)
    bench.done("read", "x")
    assert bench.status() == status
    if status == "faulted":
        assert bench.run().reason == "a run may have 50 branches and turns at once"


def test_so_many_undos(bench, smaller):
    bench.start(workflow="Large", what="undos", size=25)
    bench.done("read", "x")
    for _ in range(20):
        bench.done("hold", "h")
    assert bench.status() == "running"
    bench.done("hold", "h")
    assert (bench.status(), bench.run().reason) == ("faulted", "a run may have 20 undos")


def test_so_many_steps_without_a_rest(bench, smaller):
    bench.start("good", "Loops", n=400)
    bench.done("get", 0)
    assert bench.result("good") == 400
    bench.start("long", "Loops", n=1_000_000)
    bench.done("get", 0)
    assert (bench.status("long"), bench.run("long").code) == ("faulted", "step-budget")
    assert bench.checkpoints("long") == {"at": 1}
    bench.start("slow", "Loops", n=3)
    bench.done("get", 1)
    bench.sleep(3 * HOUR)
    assert bench.result("slow") == 3


LAST = """
activity get(k: str) -> int { timeout: 10s }
workflow W version 1 (how: str) -> int {
  checkpoint at = 1
  checkpoint text: list[str] = []
  let m = do get("m")
  if how == "overflow" { at = 9223372036854775807 + m }
  if how == "size" { text = ["x" for i in range(m * 400_000)] }
  return 1
}
"""


@pytest.mark.parametrize(("how", "code"), [("overflow", "overflow"), ("size", "too-large")])
def test_checkpoints_that_cannot_be_written_at_the_end(bench, how, code):
    bench = Kit(LAST).bench(crashing=bench.crashing)
    bench.start(how=how)
    bench.done("get", 1)
    assert (bench.status(), bench.run().code) == ("faulted", code)
    assert bench.checkpoints() == {"at": 1, "text": []}


# --- undos that give up ------------------------------------------------------------------------------------------


def test_an_undo_that_gives_up_stands_still_there(bench):
    bench.start(workflow="Saga", n=4)
    bench.done("hold", "h1")
    bench.done("hold", "h2")
    bench.done("write")
    assert bench.performed() == [("free", ("h2",))]
    bench.fail("free", detail="no answer")
    assert (bench.status(), bench.run().code) == ("faulted", "undo-failed")
    assert "no answer" in bench.run().reason
    assert bench.checkpoints() == {"at": "undoing two"} and not bench.flying
    assert [undo.number for undo in bench.run().undos] == [1, 2], "nothing is lost"
    for _ in range(2):
        bench.one(c.Resume("a"))
        assert bench.performed() == [("free", ("h2",))] and bench.status() == "running"
        bench.fail("free", detail="still not")
        assert bench.status() == "faulted"
    bench.crash()
    assert bench.status() == "faulted" and not bench.flying
    bench.one(c.Resume("a"))
    bench.done("free")
    assert bench.performed() == [("free", ("h1",))] and bench.checkpoints() == {"at": "undone two"}
    bench.fail("free")
    bench.one(c.Resume("a"))
    bench.done("free")
    assert bench.result() == "bad 4"


def test_what_arrives_meanwhile_comes_after_it(bench):
    bench.start(workflow="Saga", n=4)
    bench.done("hold", "h1")
    bench.done("hold", "h2")
    bench.done("write")
    bench.fail("free")
    bench.one(c.Cancel("a", "enough"))
    assert bench.status() == "faulted" and len(kept_events(bench.run())) == 1
    bench.one(c.Resume("a"))
    assert bench.names_in_flight() == ["free"]
    bench.done("free")
    bench.done("free")
    assert bench.result() == "bad 4", "an undo is not cancelled, and behind it there was no rest"


def test_a_stuck_run_can_be_terminated(bench):
    bench.start(workflow="Saga", n=4)
    bench.done("hold", "h1")
    bench.done("hold", "h2")
    bench.one(c.Cancel("a", "enough"))
    bench.fail("free")
    assert bench.status() == "faulted"
    bench.one(c.Terminate("a", "by hand"))
    assert bench.status() == "terminated" and not bench.storage.pieces("a") and not bench.machine.runs


BRANCH = """
error Bad
activity hold(k: str) -> str { timeout: 10s }
activity free(h: str) { timeout: 10s, retry: forever }
workflow W version 1 () -> str {
  parallel settle {
    a: {
      let h = do hold("a") compensate { do free(h) }
      fail Bad
    }
    b: do hold("b")
  }
  return "${a} ${b}"
}
"""


def test_an_undo_of_a_branch_is_tried_once_when_it_goes_on(bench):
    """Who reads the run again must not believe that it is still stuck."""
    bench = Kit(BRANCH).bench(crashing=bench.crashing)
    bench.start()
    bench.done("hold", "h1")
    for _ in range(3):
        bench.fail("free", retryable=False)
        assert bench.status() == "faulted"
        bench.one(c.Resume("a"))
        assert bench.performed() == [("free", ("h1",))]
        bench.read_again()
    bench.done("free")
    bench.done("hold", "h2")
    assert bench.result() == "Failed(error: Bad, detail: Bad) Ok(value: h2)"


# --- programs that are other ones now ----------------------------------------------------------------------------

BEFORE = """
activity get(k: str) -> int { timeout: 10s }
workflow W version 1 (n: int) -> int {
  checkpoint at = 1
  let m = do get("m")
  return n + m + at
}
"""


def test_a_mended_program_may_have_another_checkpoint(bench):
    bench = Kit(BEFORE).bench(crashing=bench.crashing)
    bench.start(n=1)
    mended = Kit(BEFORE.replace("checkpoint at = 1", "checkpoint at = 1\n  checkpoint more = 40").replace(
        "+ at", "+ at + more"))  # fmt: skip
    bench.kit, crashing, bench.crashing = mended, bench.crashing, False
    bench.programs = mended.programs
    machine = type(bench.machine)(mended.programs, bench.storage.row, seq=1)
    assert not machine.load(bench.storage.live())
    bench.machine, bench.crashing = machine, crashing
    bench.flying = {}
    bench.machine.apply([c.Recover()], bench.now)
    applied = bench.machine.apply([c.Finished("a", "run-1", 1, b"1")], bench.now)
    assert json.loads(applied.changes.rows["a"].result or b"") == 43


def test_the_order_of_time_is_kept_while_it_stands_still(bench):
    bench.start(workflow="Side")
    first, second = bench.attempts("get")
    bench.fail("get", attempt=second)
    bench.done("get", 0, attempt=first)
    assert bench.status() == "faulted"
    bench.sleep(MINUTE)
    assert not bench.attempts(id="a")[1:], "no other attempt while it stands still"
    bench.one(c.Resume("a"))
    assert bench.attempts("get")[-1].number == 2
    bench.sleep(SECOND)
