"""Runs begin, are tagged and are deleted; and what the machine says to clients who ask for what cannot be."""

from __future__ import annotations

import json

import pytest

from raftoral.runtime.core import commands as c
from tests.runtime.machines import HOUR, START, Kit

PAIR = """
record Item { sku: str, qty: int }
activity put(k: str) { timeout: 1s }
workflow W version 1 (n: int, items: list[Item] = [], name: str? = none) -> int {
  checkpoint at = n
  signal go
  signal say(str)
  do put("one")
  at = 2
  return n + len(items)
}
workflow W version 2 (n: int, items: list[Item] = [], name: str? = none) -> int {
  do put("two")
  return -n
}
workflow Other version 1 (n: int) -> int {
  return n
}
"""


@pytest.fixture(scope="module")
def kit():
    return Kit(PAIR)


@pytest.fixture(params=[False, True], ids=["kept", "read-again"])
def bench(kit, request):
    return kit.bench(crashing=request.param)


# --- starts ------------------------------------------------------------------------------------------------------


def test_a_run_begins_on_the_newest_version(bench):
    assert bench.start("a", n=3) is None
    row = bench.row("a")
    assert (row.workflow, row.version, row.status, row.seq, row.parent) == ("m.W", 2, "running", 1, None)
    assert (row.created, row.updated, row.ended) == (START, START, None)
    assert bench.performed() == [("put", ("two",))]
    assert bench.moved() == [("a", "running")]


def test_or_on_the_one_that_is_asked_for(bench):
    assert bench.start("a", n=3, version=1) is None
    assert bench.row().version == 1
    assert bench.performed() == [("put", ("one",))]
    assert bench.checkpoints() == {"at": 3}


def test_a_run_that_never_waits_is_one_row(bench):
    bench.start("a", "Other", n=7)
    assert bench.result() == 7
    row = bench.row()
    assert (row.ended, row.body, row.failure) == (START, b"", None)
    assert list(bench.applied.changes.rows) == ["a"] and not bench.applied.changes.steps
    assert bench.moved() == [("a", "completed")]


def test_what_happened_first_comes_first_in_lists(bench):
    for id in ("b", "a", "c"):
        bench.start(id, n=1)
    assert [bench.row(id).seq for id in ("b", "a", "c")] == [1, 2, 3]


def test_the_same_start_again_is_the_same_run(bench):
    bench.start("a", n=3)
    assert bench.start("a", n=3) is None
    assert bench.start("a", n=3, version=2) is None
    assert not bench.applied.changes and not bench.applied.actions
    bench.done("put")
    assert bench.start("a", n=3) is None, "also when it has ended"
    assert bench.row().run == "run-1"


def test_two_starts_of_one_entry(bench):
    args = bench.args("m.W", 0, {"n": 1})
    two = [c.StartRun("a", f"run-{n}", "m.W", 0, args) for n in (1, 2)]
    assert bench.apply(*two) == [None, None]
    assert bench.row().run == "run-1" and len(bench.flying) == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"n": 4}, "of m.W version 2 with other arguments"),
        ({"n": 3, "version": 1}, "of m.W version 2; take another id"),
        ({"workflow": "Other", "n": 3}, "of m.W version 2; take another id"),
    ],
)
def test_another_start_under_its_id_is_refused(bench, asked, words):
    bench.start("a", n=3)
    for _ in range(2):
        refused = bench.start("a", **{"n": 3, **asked})
        assert refused.code == c.ALREADY_EXISTS and words in refused.message
        assert not bench.applied.changes
        if bench.flying:
            bench.done("put")
    assert bench.result() == -3


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [
        ("m.Nobody", 0, "the workflow m.Nobody is not known here; known are: m.Other, m.W"),
        ("m.W", 3, "m.W has no version 3 here; there are 1, 2"),
        ("W", 0, "the workflow W is not known here; known are: m.Other, m.W"),
    ],
)
def test_a_program_that_is_not_here(bench, name, version, words):
    refused = bench.one(c.StartRun("a", "run-1", name, version, b"[1]"))
    assert refused == (c.NO_PROGRAM, words)
    assert bench.storage.row("a") is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'["three",[],null]', "the input of m.W: [0]: not an int"),
        (b'[3,[{"qty":1}],null]', "the input of m.W: [1][0].sku: the field is missing"),
        (b'[3,[{"sku":"a","qty":1.5}],null]', "the input of m.W: [1][0].qty: not an int"),
        (b"[3,[],5]", "the input of m.W: [2]: not a text"),
        (b"[3]", "the input of m.W: [1]: the field is missing"),
        (b"3", "the input of m.W: not a tuple"),
        (b"{", "the input of m.W: this is not JSON"),
        (b"\xff", "the input of m.W: this is not JSON"),
    ],
)
def test_input_that_does_not_fit_names_the_field(bench, data, words):
    refused = bench.one(c.StartRun("a", "run-1", "m.W", 2, data))
    assert refused.code == c.WRONG_INPUT
    assert refused.message == words
    assert not bench.applied.changes


def test_input_that_is_too_large(bench):
    text = json.dumps([1, [], "x" * (1 << 20)]).encode()
    refused = bench.one(c.StartRun("a", "run-1", "m.W", 2, text))
    assert refused.code == c.TOO_LARGE
    assert "1,048,576" in refused.message


def test_a_drawn_id_is_not_looked_up(bench):
    """`fresh` spares a look into the store; it never takes the place of a run that lives."""
    asked: list[str] = []
    bench.machine._ended = asked.append
    args = bench.args("m.W", 0, {"n": 1})
    bench.one(c.StartRun("drawn", "run-1", "m.W", 0, args, fresh=True))
    assert not asked
    bench.apply(c.StartRun("drawn", "run-2", "m.W", 0, args, fresh=True))
    assert bench.run("drawn").run == "run-1"


# --- tags --------------------------------------------------------------------------------------------------------


def test_tags_are_set_changed_and_taken_away(bench):
    args = bench.args("m.W", 0, {"n": 1})
    bench.one(c.StartRun("a", "run-1", "m.W", 0, args, '{"x":"1"}'))
    assert json.loads(bench.row().tags) == {"x": "1"}
    assert bench.one(c.Tag("a", '{"y": "é", "x": null, "z": null}')) is None
    assert bench.row().tags == '{"y": "é"}'
    assert bench.row().status == "running" and len(bench.flying) == 1
    bench.done("put")
    assert bench.one(c.Tag("a", '{"late": "yes"}')) is None
    assert json.loads(bench.row().tags) == {"y": "é", "late": "yes"}
    assert bench.result() == -1, "the row of a run that has ended keeps all else"


@pytest.mark.parametrize("tags", ["", "x", "[]", '["x"]', "5", '{"x": 5}', '{"x": {}}', '{"x": "\\ud800"}', "[" * 9000])
def test_tags_that_are_none(bench, tags):
    bench.start("a", n=1)
    assert bench.one(c.Tag("a", tags)).code == c.WRONG_INPUT
    assert bench.row().tags == "{}"
    assert bench.one(c.StartRun("b", "run-2", "m.W", 0, bench.args("m.W", 0, {"n": 1}), tags)).code == c.WRONG_INPUT
    assert bench.storage.row("b") is None


def test_nobody_can_be_tagged(bench):
    assert bench.one(c.Tag("nobody", "{}")) == (c.NOT_FOUND, "there is no run 'nobody'")


# --- deleting ----------------------------------------------------------------------------------------------------


def test_a_run_that_has_ended_is_deleted(bench):
    bench.start("a", "Other", n=1)
    assert bench.one(c.Delete("a")) is None
    assert bench.storage.row("a") is None
    assert bench.one(c.Delete("a")) == (c.NOT_FOUND, "there is no run 'a'")


def test_one_that_lives_only_by_force(bench):
    bench.start("a", n=1)
    refused = bench.one(c.Delete("a"))
    assert refused == (c.STILL_RUNNING, "the run 'a' is running: cancel it first, or force it")
    attempt = bench.attempt("put")
    assert bench.one(c.Delete("a", True)) is None
    assert bench.storage.row("a") is None and not bench.machine.runs
    assert bench.halted == [("run-1", 1)]
    bench.done("put", attempt=attempt)
    assert not bench.applied.changes, "what it was busy with interests nobody"


def test_its_id_is_free_afterwards_also_in_the_same_entry(bench):
    bench.start("a", n=1)
    other = c.StartRun("a", "run-2", "m.W", 1, bench.args("m.W", 1, {"n": 5}))
    stale = bench.attempt("put")
    assert bench.apply(c.Delete("a", True), other) == [None, None]
    assert (bench.row().run, bench.row().version, bench.row().seq) == ("run-2", 1, 2)
    bench.done("put", attempt=stale)
    assert bench.status() == "running", "a report is for one run, not for an id"
    bench.flying = {key: attempt for key, attempt in bench.flying.items() if key[0] == "run-2"}
    assert bench.apply(c.Delete("a", True), other, c.Delete("a", True)) == [None, None, None]
    assert bench.storage.row("a") is None


def test_begun_and_deleted_in_one_entry(bench):
    start = c.StartRun("a", "run-1", "m.W", 1, bench.args("m.W", 1, {"n": 5}))
    bench.apply(start, c.Signal("a", "say", b'"hello"'), c.Delete("a", True))
    assert bench.storage.row("a") is None
    assert not bench.applied.changes.rows and not bench.applied.changes.pieces


# --- clients who are late, or wrong ------------------------------------------------------------------------------

ASKED = [
    c.Signal("a", "go", b"null"),
    c.Cancel("a", "enough"),
    c.Terminate("a", "enough"),
    c.Pause("a"),
    c.Resume("a"),
]


@pytest.mark.parametrize("command", ASKED, ids=lambda command: type(command).__name__)
def test_nobody_to_talk_to(bench, command):
    assert bench.one(command) == (c.NOT_FOUND, "there is no run 'a'")
    bench.start("a", "Other", n=1)
    before = bench.row()
    refused = bench.one(command)
    assert refused.code == c.ENDED
    assert refused.message.startswith("the run 'a' is completed already: ")
    assert bench.row() == before and not bench.applied.changes


@pytest.mark.parametrize("command", ASKED, ids=lambda command: type(command).__name__)
def test_a_run_whose_program_is_not_here(kit, bench, command):
    from raftoral.runtime.core.machine import Machine
    from raftoral.runtime.core.programs import Programs

    bench.start("a", n=1)
    stranger = Machine(Programs([d for d in kit.definitions if d.name == "m.Other"]), bench.storage.row, seq=1)
    (row,) = stranger.load(bench.storage.live())
    assert row.id == "a" and not stranger.runs
    (refused,) = stranger.apply([command], START).answers
    assert refused is not None and refused.code == c.NO_PROGRAM
    assert "'a' waits for its program: the workflow m.W is not known here" in refused.message
    answers = stranger.apply([c.Tag("a", '{"x":"1"}'), c.Delete("a"), c.Recover(), c.Tick()], START).answers
    assert answers[0] is None and answers[1] is not None and answers[1].code == c.STILL_RUNNING


@pytest.mark.parametrize(
    ("name", "payload", "code", "words"),
    [
        ("no", "null", c.NO_SIGNAL, "m.W has no signal 'no'; it has: go, say"),
        ("say", "5", c.WRONG_INPUT, "the signal say of m.W: not a text"),
        ("say", "null", c.WRONG_INPUT, "the signal say of m.W: not a text"),
        ("go", "5", c.WRONG_INPUT, "the signal go of m.W: not none"),
        ("say", "", c.WRONG_INPUT, "the signal say of m.W: this is not JSON"),
    ],
)
def test_signals_that_do_not_fit(bench, name, payload, code, words):
    bench.start("a", n=1, version=1)
    before = bench.row()
    assert bench.one(c.Signal("a", name, payload.encode())) == (code, words)
    assert bench.row() == before


def test_reasons_are_bounded_and_can_be_written(bench):
    """A client's words never fault a run, and never stop a machine."""
    for id in ("a", "b", "d"):
        bench.start(id, n=1)
    bench.one(c.Cancel("a", "\ud800" + "x" * 2_000_000))
    bench.one(c.Terminate("b", "\udfff" + "é" * 2_000_000))
    assert bench.status("a") == "cancelled" and bench.status("b") == "terminated"
    for id, start in (("a", "?xxx"), ("b", "?ééé")):
        kind, fields = bench.failure(id)
        assert kind == "Cancelled" and fields["reason"].startswith(start) and len(fields["reason"]) <= 4_000
    bench.one(c.Pause("d"))
    bench.one(c.Cancel("d", "\ud800"))
    assert bench.status("d") == "paused"


def test_log_time_never_goes_back(bench):
    bench.start("a", n=1)
    bench.now -= 5 * HOUR
    bench.start("b", n=1)
    assert bench.row("b").created == START
    bench.now += 6 * HOUR
    bench.start("d", n=1)
    assert bench.row("d").created == START + HOUR
