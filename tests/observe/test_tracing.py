"""Traces: one for each run, over attempts, processes and children; and the spans of activities below their attempt."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, Sampler
from opentelemetry.trace import SpanKind, StatusCode

import raftoral
import raftoral.sync
from raftoral import errors as e, testing
from raftoral.runtime.edge.observe import Inside
from raftoral.tracing import Tracing
from tests.observe.records import TEXT
from tests.runtime.desk import Desk, on_a_loop
from tests.runtime.machines import HOUR, Kit


@pytest.fixture(scope="module")
def m():
    return Kit(TEXT).modules["m"]


@pytest.fixture
def desk():
    return Desk()


class Traced:
    """A provider of its own, and the spans that came to their end."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=sampler) if sampler is not None else TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracing = Tracing(self.provider)
        self.tracer = self.provider.get_tracer("a service")

    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def names(self) -> list[str]:
        return [span.name for span in self.spans()]

    def of(self, name: str) -> ReadableSpan:
        [found] = [span for span in self.spans() if span.name == name]
        return found

    def tree(self) -> dict[str, set[str]]:
        """The name of each span that has children -> their names. "" has those without a parent."""
        names = {span.context.span_id: span.name for span in self.spans() if span.context is not None}
        found: dict[str, set[str]] = {}
        for span in self.spans():
            parent = "" if span.parent is None else names.get(span.parent.span_id, "?")
            found.setdefault(parent, set()).add(span.name)
        return found

    def traces(self) -> set[int]:
        return {span.context.trace_id for span in self.spans() if span.context is not None}


@pytest.fixture
def traced():
    return Traced()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@on_a_loop
async def test_a_run_is_a_trace(m, desk, traced):
    async with desk.local(m, tracing=traced.tracing) as here:
        with traced.tracer.start_as_current_span("POST /orders"):
            run = await m.Sell.start(here, "ann", id="order-1")
        await desk.settle()
        desk.fail("charge", OSError("refused"))
        await desk.pass_(HOUR)
        desk.give("charge", 5)
        await desk.settle()
        desk.give("ship")
        assert await run.result() == 2
    assert len(traced.traces()) == 1
    assert traced.tree() == {
        "": {"POST /orders"},
        "POST /orders": {"start m.Sell"},
        "start m.Sell": {"charge", "ship", "run m.Sell"},
    }
    first, second = (span for span in traced.spans() if span.name == "charge")
    assert attributes(second) == {
        "raftoral.run_id": "order-1",
        "raftoral.run": attributes(first)["raftoral.run"],
        "raftoral.workflow": "m.Sell",
        "raftoral.version": 2,
        "raftoral.slot": "charge",
        "raftoral.activity": "m.charge",
        "raftoral.attempt": 2,
        "raftoral.outcome": "done",
    }
    assert (second.status.status_code, second.kind) == (StatusCode.UNSET, SpanKind.CONSUMER)
    whole = traced.of("run m.Sell")
    assert attributes(whole)["raftoral.status"] == "completed"
    assert whole.start_time == int(testing.START.timestamp()) * 10**9
    assert whole.end_time == whole.start_time + 3600 * 10**9


@on_a_loop
async def test_errors_are_recorded(m, desk, traced):
    async with desk.local(m, tracing=traced.tracing) as here:
        run = await m.Sell.start(here, "ann")
        await desk.settle()
        desk.fail("charge", OSError("refused"))
        await desk.pass_(HOUR)
        desk.fail("charge", m.Declined(code=51))
        with pytest.raises(e.RunFailed):
            await run.result()
    first, second = (span for span in traced.spans() if span.name == "charge")
    assert (first.status.status_code, first.status.description) == (StatusCode.ERROR, "OSError: refused")
    [event] = first.events
    seen = dict(event.attributes or {})
    assert (event.name, seen["exception.type"], seen["exception.message"]) == ("exception", "OSError", "refused")
    assert "OSError: refused" in str(seen["exception.stacktrace"])
    assert attributes(first)["raftoral.outcome"] == "raised"
    assert (second.status.status_code, attributes(second)["raftoral.outcome"]) == (StatusCode.ERROR, "declared")
    whole = traced.of("run m.Sell")
    assert (whole.status.status_code, whole.status.description) == (StatusCode.ERROR, "m.Declined")


@on_a_loop
async def test_what_is_stopped_is_no_error(m, desk, traced):
    async with desk.local(m, tracing=traced.tracing) as here:
        run = await m.Sell.start(here, "ann")
        await desk.settle()
        await run.terminate()
        await desk.settle()
    assert not traced.tracing._spans  # nothing is kept of what has ended
    span = traced.of("charge")
    assert (span.status.status_code, span.events) == (StatusCode.UNSET, ())
    assert attributes(span)["raftoral.outcome"] == "stopped"
    assert attributes(traced.of("run m.Sell"))["raftoral.status"] == "terminated"


@on_a_loop
async def test_one_that_waits_for_a_place_has_no_span_yet(m, desk, traced):
    async with desk.local(m, tracing=traced.tracing, max_concurrency=1) as here:
        await m.Sell.start(here, "ann")
        second = await m.Sell.start(here, "bob")
        await desk.settle()
        await second.terminate()  # while it waits
        await desk.settle()
    assert traced.names().count("charge") == 1


@on_a_loop
async def test_spans_of_activities_are_below_their_attempt(m, traced):
    """On the loop, in tasks of their own, and in threads; and nothing of it is seen by others."""

    async def charge(who: str) -> int:
        with traced.tracer.start_as_current_span("POST /charges"):
            await asyncio.sleep(0)
        await asyncio.create_task(in_a_task())
        return 5

    async def in_a_task() -> None:
        traced.tracer.start_span("in a task").end()

    def ship(who: str) -> None:
        traced.tracer.start_span(f"in a thread {threading.current_thread() is threading.main_thread()}").end()

    async with raftoral.local([m], [{"charge": charge, "ship": ship}], tracing=traced.tracing) as here:
        with traced.tracer.start_as_current_span("around"):
            assert await (await m.Sell.start(here, "ann")).result() == 2
        assert not trace.get_current_span().get_span_context().is_valid
    tree = traced.tree()
    assert tree["charge"] == {"POST /charges", "in a task"}
    assert tree["ship"] == {"in a thread False"}
    assert "start m.Sell" in tree["around"] and len(traced.traces()) == 1


@on_a_loop
async def test_a_runtime_opened_inside_of_a_span_does_not_keep_it(m, desk, traced):
    """The span of whoever opened it is not the parent of what happens later."""
    with traced.tracer.start_as_current_span("startup"):
        here = await desk.local(m, tracing=traced.tracing).open()
    await m.Sell.start(here, "ann", id="traced")
    await here.start(m.Sell.DEFINITION, "other", ("bob",), tags={"traceparent": "nonsense"})
    await desk.settle()
    await here.close()
    assert traced.tree()["start m.Sell"] == {"charge"}
    assert traced.tree()[""] == {"startup", "start m.Sell", "charge"}


@on_a_loop
async def test_another_process_goes_on_with_the_trace(m, tmp_path):
    """What was in flight is called again by whoever opens the data, with another provider: the same trace."""
    before, after, path = Traced(), Traced(), str(tmp_path / "data")
    first, second = Desk(), Desk()
    async with first.local(m, data=path, tracing=before.tracing) as here:
        with before.tracer.start_as_current_span("POST /orders"):
            await m.Sell.start(here, "ann", id="order-1")
        await first.settle()
        assert "traceparent" in (await here.describe("order-1")).tags
    async with second.local(m, data=path, tracing=after.tracing) as here:
        await second.settle()
        second.give("charge", 5)
        await second.settle()
        second.give("ship")
        assert await m.Sell.get(here, "order-1").result() == 2
    assert before.traces() == after.traces()
    starts = before.of("start m.Sell").context
    assert starts is not None
    assert {span.parent.span_id for span in after.spans() if span.parent} == {starts.span_id}
    assert [attributes(span)["raftoral.attempt"] for span in after.spans() if span.name == "charge"] == [2]


@on_a_loop
async def test_a_crash_in_a_world_of_tests(m, traced):
    """The same in memory: whoever tests a service with tracing sees what production would show."""

    async def charge(who: str) -> int:
        return 5

    async def ship(who: str) -> None: ...

    async with testing.world([m], [{"charge": charge, "ship": ship}], tracing=traced.tracing) as w:
        w.crash_in("charge")
        run = await m.Sell.start(w, "ann")
        await w.settle()
        assert await run.result() == 2
    assert traced.names().count("charge") == 2 and len(traced.traces()) == 1


@on_a_loop
async def test_children_belong_to_the_trace_of_their_parent(m, desk, traced):
    """Also after both have ended: the child's own end is told behind that of its parent, or before."""
    async with desk.local(m, tracing=traced.tracing) as here:
        run = await m.Parent.start(here)
        await desk.settle()
        desk.give("charge", 5)
        await desk.settle()
        desk.give("ship")
        assert await run.result() == 2
    assert len(traced.traces()) == 1
    assert traced.tree()["start m.Parent"] == {"charge", "ship", "run m.Sell", "run m.Parent"}
    assert attributes(traced.of("run m.Sell"))["raftoral.parent"] == run.id


@on_a_loop
async def test_a_child_whose_parent_has_ended(desk, traced):
    text = """
activity ship() { timeout: 10s }
workflow Kid version 1 () {
  sleep 1h
  do ship()
}
workflow Leaves version 1 () { let kid = spawn Kid() id "kid" }
"""
    m = Kit(text).modules["m"]
    async with desk.local(m, tracing=traced.tracing) as here:
        await (await m.Leaves.start(here)).result()
        await desk.pass_(HOUR)
        desk.give("ship")
        await desk.settle()
        assert await here.status("kid") == "completed"
    assert traced.tree()["start m.Leaves"] == {"run m.Leaves", "ship", "run m.Kid"}


@on_a_loop
async def test_parents_in_a_circle(desk):
    """An id may be used again when its run was deleted: a run can then seem to be its own ancestor."""
    text = """
activity ship() { timeout: 10s }
workflow Kid version 1 (next: str) {
  signal go
  if next == "" { do ship() } else {
    wait go
    let kid = spawn Kid("") id next
    wait kid
  }
}
workflow Leaves version 1 (id: str, next: str) { let kid = spawn Kid(next) id id }
"""
    m = Kit(text).modules["m"]
    async with desk.local(m) as here:
        await (await m.Leaves.start(here, "b", "a", id="a")).result()
        await here.delete("a", cascade=False)
        await m.Kid.get(here, "b").go()
        await desk.settle()
        assert (await here.describe("a")).parent == "b" and (await here.describe("b")).parent == "a"
        assert Inside(lambda: [here.engine], lambda: None).tags("a", "traceparent") == {}


@on_a_loop
async def test_a_run_that_was_started_without_tracing(m, tmp_path, traced):
    path = str(tmp_path / "data")
    async with Desk().local(m, data=path) as here:
        await m.Sell.start(here, "ann", id="order-1")
        assert (await here.describe("order-1")).tags == {}
    desk = Desk()
    async with desk.local(m, data=path, tracing=traced.tracing) as here:
        await desk.settle()
        desk.give("charge", 5)
        await desk.settle()
        desk.give("ship")
        await desk.settle()
    assert traced.tree() == {"": {"charge", "ship", "run m.Sell"}} and len(traced.traces()) == 3
    assert {attributes(span)["raftoral.run_id"] for span in traced.spans()} == {"order-1"}


@on_a_loop
async def test_the_same_start_again_is_a_span_and_no_other_trace(m, desk, traced):
    """Whoever was first has the run in their trace. A start that is refused is an error of its span."""
    async with desk.local(m, tracing=traced.tracing) as here:
        for who in ("first", "second"):
            with traced.tracer.start_as_current_span(who):
                await m.Sell.start(here, "ann", id="order-1")
        with pytest.raises(e.AlreadyExists):
            await m.Sell.start(here, "bob", id="order-1")
        await desk.settle()
    starts = [span for span in traced.spans() if span.name == "start m.Sell"]
    assert [span.status.status_code.name for span in starts] == ["UNSET", "UNSET", "ERROR"]
    first, charged = traced.of("first").context, traced.of("charge").context
    assert first is not None and charged is not None and first.trace_id == charged.trace_id


@on_a_loop
async def test_tags_of_the_starter_stay_and_win(m, desk, traced):
    own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with desk.local(m, tracing=traced.tracing) as here:
        await here.start(m.Sell.DEFINITION, "a", ("ann",), tags={"team": "red"})
        await here.start(m.Sell.DEFINITION, "b", ("bob",), tags={"traceparent": own})
        assert set((await here.describe("a")).tags) == {"team", "traceparent"}
        await desk.settle()
    [b] = [span for span in traced.spans() if attributes(span) and attributes(span)["raftoral.run_id"] == "b"][1:]
    assert b.context is not None and f"{b.context.trace_id:032x}" == own.split("-")[1]


@on_a_loop
async def test_what_is_not_sampled_is_not_sampled_later(m, desk):
    traced = Traced(ParentBased(ALWAYS_OFF))
    always = Traced()
    async with desk.local(m, tracing=traced.tracing) as here:
        await m.Sell.start(here, "ann", id="a")
        tags = (await here.describe("a")).tags
    assert int(tags["traceparent"].rpartition("-")[2], 16) & 1 == 0
    other = Desk()
    async with other.local(m, tracing=always.tracing) as here:
        await here.start(m.Sell.DEFINITION, "a", ("ann",), tags=tags)
        await other.settle()
    assert [name for name in always.names() if name == "charge"] == [] and traced.names() == []


@on_a_loop
async def test_without_an_sdk_nothing_is_stored(m, desk):
    """The API alone makes no spans: runs get no tags."""
    async with desk.local(m, tracing=Tracing(trace.NoOpTracerProvider())) as here:
        await m.Sell.start(here, "ann", id="a")
        await desk.settle()
        assert (await here.describe("a")).tags == {} and len(desk.waiting("charge")) == 1


@on_a_loop
async def test_one_observer_for_several_runtimes_with_the_same_ids(m, traced):
    one, two = Desk(), Desk()
    async with one.local(m, tracing=traced.tracing) as here, two.local(m, tracing=traced.tracing) as there:
        for runtime in (here, there):
            await m.Parent.start(runtime, id="same")
        for desk in (one, two):
            await desk.settle()
            desk.give("charge", 5)
            await desk.settle()
    assert len(traced.traces()) == 2
    for name in ("charge", "ship"):
        assert len({s.context.trace_id for s in traced.spans() if s.name == name and s.context}) == 2


def test_blocking_code_has_its_context_too(m, traced):
    """`raftoral.sync` runs on a loop in a thread of its own, and the span of the caller is the parent all the same."""

    def charge(who: str) -> int:
        return 5

    def ship(who: str) -> None: ...

    with (
        raftoral.sync.local([m], [{"charge": charge, "ship": ship}], tracing=traced.tracing) as here,
        traced.tracer.start_as_current_span("POST /orders"),
    ):
        assert here.start(m.Sell, "ann").result(timeout=timedelta(minutes=1).total_seconds()) == 2
    assert traced.tree()["POST /orders"] == {"start m.Sell"}
