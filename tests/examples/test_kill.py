"""`kill -9` in the middle of every example: the same command goes on, and calls nothing again that was done.

The commands are those of `examples/README.md`, with `--data`. An activity dies after it has done its work and before
its result is known (`interrupted.py`). Of all calls only that one is made again: the next attempt, with the same key.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.examples.commands import README, ROOT, TIMEOUT_SECONDS, Command, environment, is_as_said, sections

INTERRUPTED = "tests/examples/interrupted.py"
COMMANDS = {
    f"{name}-{block_at}-{at}": command
    for name, blocks in sections(README.read_text(encoding="utf-8")).items()
    for block_at, block in enumerate(blocks, 1)
    for at, command in enumerate(block, 1)
}


class Case(NamedTuple):
    """`beside`: what is called at the same time as what is killed, so it may be in flight too."""

    workflow: str
    command: str
    stop: str
    beside: tuple[str, ...] = ()
    calls_again: bool = True
    then: tuple[str, ...] = ()  # called only because of the crash


CASES = [
    Case("PingPong", "ping_pong-1-1", "answer:1"),
    Case("ProcessOrder", "orders-1-1", "charge_card:1"),
    Case("ProcessOrder", "orders-1-2", "release_stock:1"),
    Case("ProcessOrder", "orders-1-4", "send_receipt:1"),
    Case("Pay", "payment-1-1", "authorize:1"),
    Case("Pay", "payment-1-1", "capture:1", calls_again=False, then=("find_capture",)),
    Case("Pay", "payment-1-2", "refund:1"),
    Case("ApproveExpense", "approval-1-1", "notify:2"),
    Case("ApproveExpense", "approval-1-2", "pay:1"),
    Case("Onboard", "onboarding-1-2", "send_mail:2"),
    Case("Nightly", "nightly-1-1", "publish:1"),
    Case("Nightly", "nightly-1-1", "load:2", beside=("load", "transform")),
    Case("CustomerPage", "aggregate-1-1", "fetch_offers:1", beside=("fetch_invoices", "fetch_tickets")),
    Case("PatientPage", "aggregate-1-3", "fetch_tickets:1", beside=("fetch_profile",)),
    Case("AskSuppliers", "aggregate-1-4", "ask_quote:2", beside=("ask_quote",)),
    Case("MeasuredCounter", "counter-1-2", "measure:100"),
    Case("BookTrip", "saga_trip-1-1", "take_payment:1"),
    Case("BookTrip", "saga_trip-1-2", "cancel_room:1"),
    Case("Subscription", "subscription-1-1", "charge:1"),
    Case("Fulfil", "parent-1-1", "pick:1", beside=("pick", "label_parcel")),
    Case("Fulfil", "parent-1-1", "hurry:1"),
    Case("Pack", "parent-1-2", "label_parcel:1"),
    Case("Deliver", "parent-1-3", "hand_over:1"),
    Case("Survey", "parent-1-5", "ask_opinion:1"),
    Case("Geocode", "geocode-1-3", "ask_archive:1"),
    Case("Reminder", "reminder-1-1", "remind:2"),
    Case("Restock", "restock-1-1", "order_more:1"),
    Case("Vote", "vote-1-1", "announce:1"),
    Case("WriteInvoice", "invoice-1-1", "number_of_sale:1"),
]
NO_MIDDLE = {"Counter"}  # it computes: all of it is one entry in the log, and there is no effect to die in


def test_every_workflow_is_killed() -> None:
    sources = [path.read_text(encoding="utf-8") for path in README.parent.glob("*.rft")]
    workflows = {name for text in sources for name in re.findall(r"^workflow (\w+)", text, re.MULTILINE)}
    assert {case.workflow for case in CASES} == workflows - NO_MIDDLE


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.workflow}-{case.stop.partition(':')[0]}")
def test_the_same_command_goes_on(case: Case, tmp_path: Path) -> None:
    command = COMMANDS[case.command]
    assert case.workflow in command.text or f"\nworkflow {case.workflow} " in _source(command)

    whole = Run(command, tmp_path / "whole")
    assert whole.finish()
    run = Run(command, tmp_path / "killed")
    run.kill_in(case.stop)
    before = len(run.calls("begin"))
    assert run.finish()
    assert before < len(run.calls("begin")) or not case.calls_again

    activity, _, number = case.stop.partition(":")
    doomed = [call.key for call in run.calls("end") if call.activity == activity][int(number) - 1]
    done = Counter(call.key for call in run.calls("end"))
    twice = {call.key for call in run.calls("end") if done[call.key] > 1 and call.activity not in case.beside}
    assert twice == ({doomed} if case.calls_again and activity not in case.beside else set())
    assert max(done.values()) <= 2
    assert max(Counter(run.calls("begin")).values()) == 1, "one attempt of one effect was made twice"
    assert run.effects() == whole.effects() + Counter(case.then)


def _source(command: Command) -> str:
    path = next(word for word in command.words("") if word.endswith(".rft"))
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_has_ended_is_not_computed_again(tmp_path: Path) -> None:
    run = Run(COMMANDS["counter-1-1"], tmp_path)
    assert run.finish()
    assert run.finish()
    assert run.calls("begin") == []


# --- processes --------------------------------------------------------------------------------------------------


class Call(NamedTuple):
    activity: str
    key: str
    attempt: int


class Run:
    """A command of the page in a folder of its own."""

    def __init__(self, command: Command, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.command = command
        self._words = [*command.words(""), "--data", str(folder / "data"), "--activities", INTERRUPTED]
        self._calls = folder / "calls.jsonl"
        self._errors = folder / "stderr.txt"

    def kill_in(self, activity: str) -> None:
        """Starts the command and kills its process as soon as the activity says that it has done its work."""
        process = self._start(RAFTORAL_TEST_STOP=activity)
        assert process.stdout is not None
        watchdog = threading.Timer(TIMEOUT_SECONDS, process.kill)
        watchdog.start()
        line = process.stdout.readline()
        process.kill()
        watchdog.cancel()
        rest, _ = process.communicate()
        assert line == f"in the middle of {activity.partition(':')[0]}\n", self._errors.read_text(encoding="utf-8")
        assert rest == ""

    def finish(self) -> bool:
        """Runs the command to its end; says whether it printed the result that stands on the page."""
        process = self._start()
        printed, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        if not self.command.fails:
            return process.returncode == 0 and is_as_said(self.command.printed[-1:], printed.splitlines())
        [said] = [line for line in self.command.printed if line.startswith("raftoral run: ")]
        return process.returncode == 1 and not printed and said in self._errors.read_text(encoding="utf-8")

    def _start(self, **environment_: str) -> subprocess.Popen[str]:
        with self._errors.open("w", encoding="utf-8") as errors:
            return subprocess.Popen(
                self._words,
                cwd=ROOT,
                env=environment(RAFTORAL_TEST_CALLS=str(self._calls), **environment_),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
            )

    def calls(self, what: str) -> list[Call]:
        """The calls that began, or that came to their end without raising."""
        text = self._calls.read_text(encoding="utf-8") if self._calls.exists() else ""
        found = [json.loads(line) for line in text.splitlines()]
        return [Call(each["activity"], each["key"], each["attempt"]) for each in found if each["what"] == what]

    def effects(self) -> Counter[str]:
        """How many effects of each activity there were, however often each was called."""
        return Counter(activity for activity, _ in {(call.activity, call.key) for call in self.calls("begin")})
