"""Metrics: what a scrape says after things happened, and that it never stands in the way of what happens."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import subprocess
import sys
import threading
import urllib.request
import weakref
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.parser import text_string_to_metric_families

import raftoral
from raftoral import errors as e
from raftoral.metrics import Metrics, _of_groups, _of_links
from raftoral.runtime.edge.observe import OUTCOMES, Inside, Member
from raftoral.runtime.ports import LIVE, Row
from tests.house import laws
from tests.observe.records import TEXT, listening
from tests.observe.test_logs import Ill
from tests.runtime.desk import Desk, on_a_loop
from tests.runtime.machines import HOUR, SECOND, Kit


@pytest.fixture(scope="module")
def m():
    return Kit(TEXT).modules["m"]


@pytest.fixture
def desk():
    return Desk()


class Scraped:
    """A registry with our metrics, read as Prometheus reads it: from the text."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)

    def __call__(self, name: str, **labels: str) -> float | None:
        """The value of a sample; None if there is none."""
        return self.all().get((name, frozenset(labels.items())))

    def all(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        families = text_string_to_metric_families(self.metrics.text())
        return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}

    def rest(self) -> dict[str, float]:
        """The gauges that say what goes on; those that are 0 are left out."""
        gauges = ("raftoral_runs", "raftoral_attempts", "raftoral_commands_waiting", "raftoral_timers")
        return {
            "/".join([name, *sorted(value for _, value in labels)]): value
            for (name, labels), value in self.all().items()
            if name in gauges and value
        }


@pytest.fixture
def scraped():
    return Scraped()


@on_a_loop
async def test_runs_that_start_and_end(m, desk, scraped):
    async with desk.local(m, metrics=scraped.metrics) as here:
        run = await m.Sell.start(here, "ann", id="a")
        await m.Sell.start(here, "ann", id="a")  # the same run
        await m.Wait.start(here, id="b")
        await desk.settle()
        sell = {"workflow": "m.Sell", "version": "2"}
        assert scraped("raftoral_runs_started_total", **sell) == 1
        assert scraped("raftoral_runs_ended_total", **sell, status="completed") is None
        assert scraped.rest() == {
            "raftoral_runs/m.Sell/running": 1,
            "raftoral_runs/m.Wait/running": 1,
            "raftoral_attempts/running": 1,
            "raftoral_timers": 1,
        }
        desk.give("charge", 5)
        await desk.pass_(60 * SECOND)
        desk.give("ship")
        await run.result()
        await here.cancel("b")
        await here.tag("b", after="its end")
        assert scraped("raftoral_runs_ended_total", **sell, status="completed") == 1
        assert scraped("raftoral_runs_ended_total", workflow="m.Wait", version="1", status="cancelled") == 1
        assert scraped("raftoral_run_duration_seconds_sum", workflow="m.Sell", status="completed") == 60
        assert scraped("raftoral_run_duration_seconds_count", workflow="m.Sell", status="completed") == 1
        assert scraped.rest() == {}


@on_a_loop
async def test_children_count_as_runs(m, desk, scraped):
    async with desk.local(m, metrics=scraped.metrics) as here:
        run = await m.Parent.start(here)
        await desk.settle()
        desk.give("charge", 5)
        await desk.settle()
        desk.give("ship")
        assert await run.result() == 2
    assert scraped("raftoral_runs_started_total", workflow="m.Sell", version="2") == 1
    assert scraped("raftoral_runs_ended_total", workflow="m.Sell", version="2", status="completed") == 1
    assert scraped("raftoral_runs_ended_total", workflow="m.Parent", version="1", status="completed") == 1


@on_a_loop
async def test_attempts_by_outcome(m, desk, scraped):
    def attempts(outcome: str) -> float | None:
        found: float | None = scraped("raftoral_attempt_duration_seconds_count", activity="m.charge", outcome=outcome)
        return found

    async with desk.local(m, metrics=scraped.metrics) as here:
        await m.Sell.start(here, "ann", id="a")
        await desk.settle()
        desk.fail("charge", OSError("refused"))
        await desk.settle()
        assert scraped.rest() == {"raftoral_runs/m.Sell/running": 1, "raftoral_timers": 1}  # it waits for its next one
        await desk.pass_(HOUR)
        desk.give("charge", "no int")  # final
        await desk.settle()
        await m.Sell.start(here, "bob", id="b")
        await desk.settle()
        desk.fail("charge", m.Declined(code=1))
        await desk.settle()
        await m.Sell.start(here, "cem", id="c")
        await desk.settle()
        await here.terminate("c")
        await desk.settle()
        await m.Sell.start(here, "dan", id="d")
        await desk.settle()
        desk.give("charge", 5)
        await desk.settle()
    counted = {outcome: attempts(outcome) for outcome in OUTCOMES if attempts(outcome) is not None}
    assert counted == {"raised": 1, "wrong_result": 1, "declared": 1, "stopped": 1, "done": 1}
    assert scraped("raftoral_attempt_duration_seconds_count", activity="m.ship", outcome="stopped") == 1  # by the close


@on_a_loop
async def test_attempts_that_wait_for_a_place(m, desk, scraped):
    async with desk.local(m, metrics=scraped.metrics, max_concurrency=1) as here:
        for name in ("a", "b", "c"):
            await m.Sell.start(here, name, id=name)
        await desk.settle()
        assert scraped("raftoral_attempts", state="running") == 1
        assert scraped("raftoral_attempts", state="waiting") == 2
        assert scraped("raftoral_attempts", state="abandoned") == 0


@on_a_loop
async def test_runs_that_stand_still(m, desk, scraped):
    async with desk.local(m, metrics=scraped.metrics, missing=("ship",)) as here:
        for name in ("stalls", "faults", "pauses"):
            await m.Sell.start(here, name, id=name)
        await here.pause("pauses")
        await desk.settle()
        while desk.waiting("charge"):
            desk.give("charge", 5)
            await desk.settle()
        assert scraped("raftoral_runs", workflow="m.Sell", status="stalled") == 2
        assert scraped("raftoral_runs", workflow="m.Sell", status="paused") == 1
    other = Desk()
    async with other.local(m, metrics=scraped.metrics) as here:
        await m.Sell.start(here, "faults")
        await other.settle()
        other.give("charge", 0)
        await other.settle()
        other.give("ship")
        await other.settle()
        assert scraped.rest() == {"raftoral_runs/faulted/m.Sell": 1}


@on_a_loop
async def test_runs_whose_program_is_gone_are_stalled(m, scraped, tmp_path):
    """Until somebody takes them away."""
    path = str(tmp_path / "data")
    async with Desk().local(m, data=path) as here:
        await m.Wait.start(here, id="w")
        await m.Wait.start(here, id="x")
    other = Kit("workflow Other version 1 () { sleep 1h }").modules["m"]
    async with Desk().local(other, data=path, metrics=scraped.metrics) as here:
        assert scraped("raftoral_runs", workflow="m.Wait", status="stalled") == 2
        await here.delete("w", force=True)
        assert scraped("raftoral_runs", workflow="m.Wait", status="stalled") == 1


@on_a_loop
async def test_commits(m, desk, scraped):
    async with desk.local(m, metrics=scraped.metrics) as here:
        before = here.engine.commits
        await m.Wait.start(here, id="a")
        assert scraped("raftoral_commit_commands_sum") == scraped("raftoral_commit_commands_count") == 1
        await asyncio.gather(*(m.Wait.start(here, id=f"b{n}") for n in range(20)))
        assert here.engine.commits - before == 2
        assert scraped("raftoral_commit_commands_sum") == 21
        assert scraped("raftoral_commit_commands_count") == scraped("raftoral_commit_duration_seconds_count") == 2
        seconds = scraped("raftoral_commit_duration_seconds_sum")
        assert seconds is not None and seconds > 0


@on_a_loop
async def test_a_store_that_is_ill(m, desk, scraped):
    store = Ill()
    async with desk.local(m, storage=store, metrics=scraped.metrics) as here:
        assert scraped("raftoral_storage_errors_total", operation="write") == 0
        store.ill = True
        with pytest.raises(e.StorageFailed):
            await m.Wait.start(here, id="w")
        assert scraped("raftoral_storage_errors_total", operation="write") == 1
        assert scraped("raftoral_storage_errors_total", operation="read") == 0
        assert scraped("raftoral_runs_started_total", workflow="m.Wait", version="1") is None
        assert scraped("raftoral_stopped") == 0


@on_a_loop
async def test_what_waits_while_the_store_is_ill(m, desk, scraped):
    store = Ill()
    async with desk.local(m, storage=store, metrics=scraped.metrics) as here:
        await m.Sell.start(here, "ann", id="a")
        await desk.settle()
        store.ill = store.blind = True
        with pytest.raises(e.StorageFailed):
            await here.pause("a")
        assert scraped("raftoral_storage_errors_total", operation="read") == 1
        desk.give("charge", 5)
        for _ in range(20):
            await asyncio.sleep(0)
        assert scraped("raftoral_commands_waiting") == 1
        store.ill = store.blind = False
        desk.clock.advance(desk.clock.now() + SECOND)
        for _ in range(20):
            await asyncio.sleep(0)
        desk.clock.advance(desk.clock.now() + SECOND)
        await desk.settle()
        assert scraped("raftoral_commands_waiting") == 0
        assert len(desk.waiting("ship")) == 1


class Fickle:
    """A run that is looked at while another one begins."""

    def __init__(self, runs: dict[str, Any]) -> None:
        self.runs = runs
        self.program = self
        self.name = "m.Fickle"

    @property
    def status(self) -> str:
        self.runs[f"new {len(self.runs)}"] = self
        return "running"


@on_a_loop
async def test_runs_that_begin_while_they_are_counted(m, desk, scraped):
    async with desk.local(m, metrics=scraped.metrics) as here:
        runs = here.engine.machine.runs
        runs["fickle"] = Fickle(runs)
        assert scraped("raftoral_runs", workflow="m.Fickle", status="running") == 1
        runs.clear()


@on_a_loop
async def test_one_that_is_closed_is_forgotten(m, scraped):
    desk = Desk()
    async with desk.local(m, metrics=scraped.metrics) as here:
        await m.Wait.start(here)
    gone = weakref.ref(here)
    desk.here = None
    del here
    gc.collect()
    assert gone() is None


@on_a_loop
async def test_a_bug_of_ours_shows(m, desk, scraped, monkeypatch):
    async with desk.local(m, metrics=scraped.metrics) as here:
        monkeypatch.setattr(here.engine.machine, "apply", lambda *of: 1 / 0)
        with listening(), pytest.raises(e.RaftoralError):
            await m.Wait.start(here, id="w")
        assert scraped("raftoral_stopped") == 1


@on_a_loop
async def test_several_runtimes_and_one_that_is_closed(m, scraped):
    one, two = Desk(), Desk()
    async with one.local(m, metrics=scraped.metrics) as here:
        await m.Wait.start(here, id="w")
        async with two.local(m, metrics=scraped.metrics) as there:
            await m.Wait.start(there, id="w")
            assert scraped("raftoral_runs", workflow="m.Wait", status="running") == 2
        assert scraped("raftoral_runs", workflow="m.Wait", status="running") == 1
    assert scraped.rest() == {}
    assert scraped("raftoral_runs_started_total", workflow="m.Wait", version="1") == 2


@on_a_loop
async def test_a_scrape_from_another_thread(m, desk, scraped):
    """A server of prometheus-client asks while runs come and go."""
    server, thread = start_http_server(0, "127.0.0.1", registry=scraped.registry)
    wrong: list[BaseException] = []
    over = threading.Event()
    url = f"http://127.0.0.1:{server.server_port}/metrics"
    texts: list[str] = []

    def scrape() -> None:
        try:
            while not over.is_set():
                with urllib.request.urlopen(url) as answer:
                    texts.append(answer.read().decode())
        except BaseException as error:
            wrong.append(error)

    asking = threading.Thread(target=scrape)
    asking.start()
    try:
        async with desk.local(m, metrics=scraped.metrics) as here:
            for round_ in range(30):
                for n in range(10):
                    await m.Wait.start(here, id=f"{round_}/{n}")
                for n in range(10):
                    await here.cancel(f"{round_}/{n}")
                while len(texts) <= round_ // 10 and not wrong:
                    await desk.settle()
    finally:
        over.set()
        asking.join()
        server.shutdown()
        server.server_close()
        thread.join()
    assert not wrong and len(texts) >= 3
    assert "raftoral_runs_ended_total" in texts[-1]


@pytest.mark.parametrize("name", ["metrics", "tracing"])
def test_what_is_no_observer_is_refused(m, name):
    with pytest.raises(e.UsageError, match=f"{name}= takes an observer, as raftoral.{name} makes one, not <class"):
        raftoral.local([m], **{name: Metrics})  # the class, not one of it


def test_one_registry_has_one():
    registry = CollectorRegistry()
    Metrics(registry)
    with pytest.raises(e.UsageError, match="make one Metrics"):
        Metrics(registry)


class Wrong(raftoral.Observer):
    """One whose every hook fails."""

    def run_started(self, row: Row, inside: Inside) -> None:
        raise RuntimeError("not today")

    attempt_begins = attempt_ended = committed = run_ended = opened = closed = starting = run_started  # type: ignore


@on_a_loop
async def test_an_observer_that_fails_harms_nobody(m, desk, scraped):
    """It is said once for each hook, and others are told all the same."""
    with listening() as records:
        async with desk.local(m, metrics=Wrong(), tracing=scraped.metrics) as here:
            for _ in range(2):
                run = await m.Sell.start(here, "ann")
                await desk.settle()
                desk.give("charge", 5)
                await desk.settle()
                desk.give("ship")
                assert await run.result() == 2
    said = sorted(text for text in records.said("raftoral") if text.startswith("Wrong."))
    hooks = ["attempt_begins", "attempt_ended", "closed", "committed", "opened", "run_ended", "run_started", "starting"]
    assert [text.partition(" ")[0] for text in said] == [f"Wrong.{hook}" for hook in hooks]
    assert scraped("raftoral_runs_ended_total", workflow="m.Sell", version="2", status="completed") == 2


# --- what the document says --------------------------------------------------------------------------------------

OPERATIONS = laws.read(os.path.join(laws.ROOT, "docs", "operations.md"))


@on_a_loop
async def test_the_document_has_every_metric(m, desk, scraped):
    """Each name with its labels, and none that is not there."""
    async with desk.local(m, metrics=scraped.metrics) as here:
        await m.Sell.start(here, "ann")
        await m.Wait.start(here, id="w")
        await desk.settle()
        desk.give("charge", 5)
        await desk.settle()
        await here.cancel("w")
        found: dict[str, set[str]] = {}
        for name, labels in scraped.all():
            name = re.sub(r"(_bucket|_sum|_count)$", "", name)
            if not name.endswith("_created"):
                found.setdefault(name, set()).update({label for label, _ in labels} - {"le"})
    rows = re.findall(r"^\| `(raftoral_\w+)` \| \w+ \|([^|]*)\|", OPERATIONS, re.MULTILINE)
    assert {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows} == found


def test_links_that_ended_are_counted_where_there_are_links():
    (family,) = _of_links({"silent": 2, "full": 0})
    samples = {(sample.name, sample.labels["why"]): sample.value for sample in family.samples}
    assert samples == {("raftoral_links_lost_total", "full"): 0, ("raftoral_links_lost_total", "silent"): 2}
    assert list(_of_links({})) == []
    assert "`raftoral_links_lost_total`" in OPERATIONS


def test_the_queries_of_the_document_ask_for_what_there_is():
    tables = set(re.findall(r"^\| `(raftoral_\w+)`", OPERATIONS, re.MULTILINE))
    tables |= {family.name for family in _of_groups([Member("a", 1, 1, True, 3, 9, 9, 0)])}
    blocks = re.findall(r"^```(?:promql|yaml)\n(.*?)^```", OPERATIONS, re.MULTILINE | re.DOTALL)
    asked = {re.sub(r"(_bucket|_sum|_count)$", "", name) for name in re.findall(r"\braftoral_\w+", "".join(blocks))}
    assert asked and asked <= tables
    for status in re.findall(r'status="(\w+)"', "".join(blocks)):
        assert status in {*LIVE, "completed", "failed", "cancelled", "terminated"}
    for outcome in re.findall(r'outcome!?="(\w+)"', "".join(blocks)):
        assert outcome in OUTCOMES


# --- extras that are not there -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("room", "library", "extra"),
    [("metrics", "prometheus_client", "metrics"), ("tracing", "opentelemetry", "otel")],
)
def test_without_its_extra_it_says_what_to_install(room, library, extra):
    code = f"import sys; sys.modules[{library!r}] = None\nimport raftoral.{room}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=laws.ROOT)
    assert done.returncode == 1
    assert f"pip install 'raftoral[{extra}]'" in done.stderr.splitlines()[-1]


def test_nobody_imports_an_extra_who_does_not_ask_for_it():
    code = (
        "import sys, raftoral, raftoral.sync, raftoral.testing, raftoral.logs\n"
        "raftoral.local\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('prometheus_client', 'opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=laws.ROOT)
    assert done.stdout == "[]\n", done.stderr
