"""What the runtime tells `logging`: which records, at which level, with which fields; and `raftoral.logs`."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import functools
import json
import logging
import logging.config
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from raftoral import errors as e, logs
from raftoral.runtime.edge import telling
from raftoral.runtime.edge.effect_runner import ANSWER_SECONDS
from raftoral.runtime.edge.observe import Inside
from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.ports import Changes, Row
from tests.house import laws
from tests.observe.records import TEXT, fields, listening
from tests.runtime.desk import Desk, on_a_loop
from tests.runtime.kit import CHARGE, World, attempt, on_loop
from tests.runtime.machines import HOUR, SECOND, Kit


@pytest.fixture(scope="module")
def m():
    return Kit(TEXT).modules["m"]


@pytest.fixture
def desk():
    return Desk()


# --- which records -----------------------------------------------------------------------------------------------


@on_a_loop
async def test_the_life_of_a_run(m, desk):
    with listening() as records:
        async with desk.local(m) as here:
            run = await m.Sell.start(here, "ann", id="order-1")
            await desk.settle()
            desk.fail("charge", OSError("refused"))
            await desk.pass_(HOUR)
            desk.give("charge", 5)
            await desk.settle()
            desk.give("ship")
            assert await run.result() == 2
    assert records.events() == [("DEBUG", "run_started"), ("WARNING", "attempt_failed"), ("INFO", "run_ended")]
    started, failed, ended = (records.of(name) for name in ("run_started", "attempt_failed", "run_ended"))
    names = ("run_id", "workflow", "version", "run")
    assert fields(started, *names[:3]) == ("order-1", "m.Sell", 2)
    assert fields(started, *names) == fields(failed, *names) == fields(ended, *names)
    assert fields(failed, "slot", "activity", "attempt", "error") == ("charge", "m.charge", 1, "OSError")
    assert "in performed" in str(vars(failed)["traceback"])
    assert failed.getMessage() == "order-1: charge failed (attempt 1): OSError: refused"
    assert fields(ended, "status", "seconds") == ("completed", 3600.0)
    assert (started.name, failed.name, ended.name) == ("raftoral.runs", "raftoral.effects", "raftoral.runs")


@on_a_loop
async def test_what_a_workflow_says(m, desk):
    with listening() as records:
        async with desk.local(m) as here:
            await m.Sell.start(here, "ann", id="order-1")
            await desk.settle()
            desk.give("charge", 5)
            await desk.settle()
    assert records.said("raftoral.workflow") == ["order-1: selling to ann", "order-1: paid"]
    first, second = (each for each in records.all if each.name == "raftoral.workflow")
    names = ("levelname", "run_id", "workflow", "version", "slot")
    assert fields(first, *names) == ("INFO", "order-1", "m.Sell", 2, "")
    assert fields(second, *names) == ("WARNING", "order-1", "m.Sell", 2, "charge")


@on_a_loop
async def test_a_run_that_fails_as_it_says_is_no_warning_and_keeps_its_secrets(m, desk):
    with listening() as records:
        async with desk.local(m) as here:
            run = await m.Sell.start(here, "ann", id="order-1")
            await desk.settle()
            desk.fail("charge", m.Declined(code=471_147_114_711))
            with pytest.raises(e.RunFailed):
                await run.result()
    ended = records.of("run_ended")
    assert fields(ended, "levelname", "status", "error") == ("INFO", "failed", "m.Declined")
    assert "471147114711" not in ended.getMessage() + repr(vars(ended))
    assert fields(records.of("attempt_failed"), "levelname", "error") == ("DEBUG", "m.Declined")


@on_a_loop
async def test_a_fault_says_where(m, desk):
    with listening() as records:
        async with desk.local(m) as here:
            run = await m.Sell.start(here, "ann", id="order-1")
            await desk.settle()
            desk.give("charge", 0)
            await desk.settle()
            desk.give("ship")
            await desk.settle()
            assert await run.status() == "faulted"
    faulted = records.of("run_faulted")
    assert fields(faulted, "levelname", "name", "run_id", "slot") == ("ERROR", "raftoral.runs", "order-1", "ship")
    assert faulted.getMessage().startswith("order-1: faulted: ")
    assert "order-1: faulted" not in "".join(records.said("raftoral.workflow"))


@on_a_loop
async def test_a_stall_says_where(m, desk):
    with listening() as records:
        async with desk.local(m, missing=("charge",)) as here:
            await m.Sell.start(here, "ann", id="order-1")
            await desk.settle()
    stalled = records.of("run_stalled")
    assert fields(stalled, "levelname", "run_id", "slot") == ("WARNING", "order-1", "charge")


@on_a_loop
async def test_ends_are_told_once(m, desk):
    """Also when the row is written anew afterwards, when a child ends, or when one is forced away."""
    with listening() as records:
        async with desk.local(m) as here:
            await m.Parent.start(here, id="p")
            await desk.settle()
            desk.give("charge", 5)
            await desk.settle()
            desk.give("ship")
            await desk.settle()
            await here.tag("p", seen="yes")
            await m.Wait.start(here, id="w")
            await here.pause("w")
            await here.tag("w", seen="yes")
            await here.delete("w", force=True)
        async with desk.local(m) as here:
            await m.Wait.start(here, id="w")
            await here.cancel("w")
    told = [(vars(each)["event"], vars(each)["run_id"]) for each in records.all if "event" in vars(each)]
    [kid] = {id for _, id in told} - {"p", "w"}
    life = [("run_started", "p"), ("run_started", kid), ("run_ended", kid), ("run_ended", "p")]
    assert sorted(told[:4]) == sorted(life)
    assert told[4:] == [("run_started", "w"), ("run_ended", "w")] * 2
    statuses = [vars(each).get("status") for each in records.all if vars(each).get("event") == "run_ended"]
    assert statuses[2:] == ["terminated", "cancelled"]


@on_a_loop
async def test_an_attempt_that_is_stopped_is_no_failure(m, desk):
    with listening() as records:
        async with desk.local(m) as here:
            run = await m.Sell.start(here, "ann")
            await desk.settle()
            await run.cancel()
            await desk.settle()
            assert await run.status() == "cancelled"
    assert [event for _, event in records.events()] == ["run_started", "run_ended"]


class Ill(MemoryStorage):
    ill = blind = False

    def commit(self, changes: Changes) -> None:
        if self.ill:
            raise e.StorageFailed("the disk is full")
        super().commit(changes)

    def live(self) -> Iterator[tuple[Row, dict[str, bytes]]]:
        if self.blind:
            raise e.StorageFailed("the disk is gone")
        return super().live()


@on_a_loop
async def test_what_could_not_be_written_is_told_when_it_is(m, desk):
    """Nothing is said of a run before it is on disk; that the store is ill is."""
    store = Ill()
    with listening() as records:
        async with desk.local(m, storage=store) as here:
            store.ill = True
            with pytest.raises(e.StorageFailed):
                await m.Wait.start(here, id="w")
            assert records.events() == [("ERROR", "storage_failed")]
            assert fields(records.of("storage_failed"), "operation") == ("write",)
            store.ill = False
            desk.clock.advance(desk.clock.now() + SECOND)
            await m.Wait.start(here, id="w")
            assert records.events()[1:] == [("DEBUG", "run_started")]


@on_loop
async def test_one_that_is_abandoned():
    begun, go = asyncio.Event(), asyncio.Event()

    async def charge(customer: str) -> str:
        begun.set()
        while not go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await go.wait()
        return "too late"

    world = World({"charge": charge}, max_concurrency=1)
    asked = attempt(CHARGE, "ann")
    with listening() as records:
        world.start(asked)
        await begun.wait()
        world.runner.stop(asked.run, asked.op, "the race is over")
        world.clock.advance(ANSWER_SECONDS)
        await world.reports.failed()
    attempts = Inside(list, lambda: world.runner).attempts()
    go.set()
    await world.ends_alone()
    assert attempts == {"running": 0, "waiting": 0, "abandoned": 1}
    expected = ("WARNING", "order-17", "charge_card", "charge", 1)
    told = records.of("attempt_abandoned")
    assert fields(told, "levelname", "run_id", "slot", "activity", "attempt") == expected


@on_a_loop
async def test_nothing_is_put_together_for_nobody(m, desk, monkeypatch):
    """With logging at its usual level, neither fields nor texts are made for a run that goes well."""
    made: list[str] = []
    factory = logging.getLogRecordFactory()

    def counting(*args: Any, **named: Any) -> logging.LogRecord:
        made.append(args[0])
        return factory(*args, **named)

    monkeypatch.setattr(telling, "_fields_of_run", lambda *of: made.append("fields"))
    logging.setLogRecordFactory(counting)
    try:
        with listening(logging.ERROR):
            async with desk.local(m) as here:
                run = await m.Sell.start(here, "ann")
                await desk.settle()
                desk.fail("charge", OSError("refused"))
                await desk.pass_(HOUR)
                desk.give("charge", 5)
                await desk.settle()
                desk.give("ship")
                await run.result()
    finally:
        logging.setLogRecordFactory(factory)
    assert made == []


# --- of activities -----------------------------------------------------------------------------------------------


@on_loop
async def test_logs_of_activities_say_whose_they_are():
    """Of a library that knows nothing of us, on the loop and in threads, and in tasks that an activity starts."""
    library = logging.getLogger("a.library")
    bound = logs.bound(library)

    async def charge(customer: str) -> str:
        library.info("plain")
        library.info("of another run", extra={"run_id": "another"})
        bound.info("bound", extra={"amount": 5, "slot": "mine"})
        await asyncio.create_task(asyncio.to_thread(library.info, "of a task"))
        return ""

    def charge_in_a_thread(customer: str) -> str:
        library.info("of a thread")
        return ""

    with listening(logging.INFO, "a.library") as records:
        records.addFilter(logs.CallFields())
        for number, performer in enumerate((charge, charge_in_a_thread), 1):
            world = World({"charge": performer})
            world.start(attempt(CHARGE, "ann", number=number))
            await world.reports.done()
            await world.end()
        library.info("outside")
        bound.info("outside too")
    whose = [fields(each, "run_id", "slot", "attempt") for each in records.all]
    first = ("order-17", "charge_card", 1)
    elsewhere = (None, None, None)
    expected = [
        first,
        ("another", None, None),
        ("order-17", "mine", 1),
        first,
        ("order-17", "charge_card", 2),
        elsewhere,
        elsewhere,
    ]
    assert whose == expected
    assert fields(records.all[2], "amount") == (5,)


def test_a_format_may_name_fields_that_are_missing():
    record = logging.LogRecord("x", logging.INFO, "", 0, "hello", (), None)
    assert logs.CallFields(missing="-").filter(record)
    assert logging.Formatter("%(run_id)s %(slot)s %(attempt)s %(message)s").format(record) == "- - - hello"
    assert set(logs.FIELDS) <= set(vars(record))
    record.run_id = "order-1"
    assert logs.CallFields(missing="-").filter(record) and vars(record)["run_id"] == "order-1"


# --- lines of JSON -----------------------------------------------------------------------------------------------


def line(message: object = "hello", *args: Any, **extra: Any) -> dict[str, Any]:
    info = extra.pop("exc_info", None)
    record = logging.getLogger("x").makeRecord("x", logging.INFO, "", 0, message, args, info, extra=extra)
    record.created = 1_767_225_600.25
    text = logs.JsonLines().format(record)
    assert "\n" not in text
    text.encode()
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def test_a_line():
    assert line("hello %s", "ann", run_id="order-1", attempt=2) == {
        "time": "2026-01-01T00:00:00.250000+00:00",
        "level": "info",
        "logger": "x",
        "message": "hello ann",
        "run_id": "order-1",
        "attempt": 2,
    }


class Rude:
    def __str__(self) -> str:
        raise RuntimeError("no")


def circle() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"a": [1, None, "é\n"]}, {"a": [1, None, "é\n"]}),
        ({1, }, "{1}"),
        (b"raw", "b'raw'"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (circle(), "[[...]]"),
        ({(1, 2): 3}, "{(1, 2): 3}"),
        ("half \ud800", "half \ud800"),
        (Rude(), "<Rude, whose text cannot be had: RuntimeError>"),
    ],
)  # fmt: skip
def test_a_line_holds_whatever_it_is_given(value, written):
    assert line(value=value)["value"] == written


def test_names_that_we_use_ourselves():
    found = line(level="high", time=5)
    assert (found["level"], found["level_"], found["time_"]) == ("info", "high", 5)


def test_a_message_whose_arguments_do_not_fit():
    assert line("%d items", "many")["message"] == "%d items ('many',)"


def test_an_exception():
    try:
        raise OSError("refused")
    except OSError:
        found = line(exc_info=sys.exc_info())
    assert found["exception"].startswith("Traceback") and found["exception"].endswith("OSError: refused")


CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"run": {"()": "raftoral.logs.CallFields"}},
    "formatters": {"json": {"()": "raftoral.logs.JsonLines"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["run"]}},
    "root": {"level": "INFO", "handlers": ["out"]},
}


def test_dict_config_in_a_process_of_its_own():
    code = (
        f"import logging.config; logging.config.dictConfig({CONFIG!r})\n"
        "logging.getLogger('raftoral.runs').info('%s: ended', 'a', extra={'run_id': 'a'})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=laws.ROOT)
    assert (done.returncode, json.loads(done.stderr)["run_id"]) == (0, "a")


# --- what the document says --------------------------------------------------------------------------------------

OPERATIONS = laws.read(os.path.join(laws.ROOT, "docs", "operations.md"))


def first_column(head: str) -> set[str]:
    """The words in code marks that begin the rows of a table."""
    table = OPERATIONS[OPERATIONS.index(f"| {head} |") :].partition("\n\n")[0]
    return {word for row in table.splitlines()[2:] for word in re.findall(r"`([\w.]+)`", row.split("|")[1])}


@functools.cache
def runtime() -> list[laws.Module]:
    return [each for each in laws.read_tree(laws.ROOT) if each.name.startswith("raftoral.runtime")]


def text(node: ast.AST | None) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""


def test_the_document_has_every_event():
    found = set()
    for node in (node for each in runtime() for node in ast.walk(each.tree)):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            found |= {text(value) for key, value in pairs if text(key) == "event"}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_tell":
            found |= {text(each) for each in node.args[3:4]}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_fields_of_run":
            found |= {text(each) for each in node.args[1:2]}
    assert first_column("event") == found - {""}


def test_the_document_has_every_logger():
    found = {name for each in runtime() for name in re.findall(r'getLogger\("([\w.]+)"\)', each.text)}
    assert first_column("logger") == found


def test_the_document_has_every_field():
    fields = first_column("field")
    assert set(logs.FIELDS) <= fields
    assert {"event", "status", "seconds", "error", "traceback", "operation"} <= fields
