"""What an activity gives or raises, as it is reported: values, declared errors, everything else."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable
from typing import Any
from unittest.mock import AsyncMock

import pytest

from raftoral.errors import UsageError
from raftoral.program import v1 as rt
from raftoral.program.codec import codec_of
from raftoral.runtime.edge.effect_runner import EffectRunner
from raftoral.runtime.edge.effects.outcomes import DETAIL_CHARS_MAX, TRACE_CHARS_MAX, VALUE_BYTES_MAX
from tests.runtime.kit import (
    CHARGE,
    NOTHING,
    CardDeclined,
    HandClock,
    Hold,
    World,
    activity,
    attempt,
    failure,
    on_loop,
)


class Refused(rt.WorkflowError):
    retryable: bool


class Receipt(rt.Record):
    id: str
    lines: list[int]


LIST = activity("listed", list[Receipt])
REFUSE = activity("charge", str, (str,), raises=(Refused,))


# --- results -----------------------------------------------------------------------------------------------------


async def coroutine(customer: str) -> str:
    return f"charged {customer}"


def plain(customer: str) -> str:
    return f"charged {customer}"


def gives_coroutine(customer: str) -> Any:
    return coroutine(customer)


def promises(customer: str) -> Awaitable[str]:
    return asyncio.ensure_future(coroutine(customer))


def promises_and_does_not(customer: str) -> Awaitable[str]:
    return f"charged {customer}"  # type: ignore[return-value]


class Charging:
    async def __call__(self, customer: str) -> str:
        return f"charged {customer}"


@pytest.mark.parametrize(
    "function",
    [
        *(coroutine, plain, gives_coroutine, promises, promises_and_does_not, Charging(), lambda c: f"charged {c}"),
        functools.partial(lambda verb, customer: f"{verb} {customer}", "charged"),
        functools.partial(coroutine),
        AsyncMock(return_value="charged ann"),
    ],
)
@on_loop
async def test_every_kind_of_function_performs(function):
    world = World({"charge": function})
    asked = attempt(CHARGE, "ann")
    world.start(asked)
    done = await world.reports.done()
    assert (done.attempt, done.result, done.seconds) == (asked, b'"charged ann"', 0.0)
    await world.end()


@on_loop
async def test_seconds_are_those_of_the_clock():
    hold = Hold()
    world = World([hold])
    world.start(attempt(CHARGE, "ann"))
    await hold.begun.get()
    world.clock.advance(2.5)
    hold.go.set()
    assert (await world.reports.done()).seconds == 2.5
    await world.end()


@pytest.mark.parametrize("threaded", [False, True])
@pytest.mark.parametrize(
    ("of", "value", "kind", "said"),
    [
        (CHARGE, None, "WrongResult", "the result of charge: a text was expected, not none"),
        (CHARGE, 5, "WrongResult", "the result of charge: a text was expected"),
        (CHARGE, "\ud800", "WrongResult", "the result of charge: "),
        (NOTHING, 5, "WrongResult", "the result of nothing: none was expected"),
        (LIST, [Receipt(id="a", lines=[1]), "b"], "WrongResult", "the result of listed: [1]: a Receipt was expected"),
        (LIST, [Receipt.model_construct(id="a", lines=["x"])], "WrongResult", "[0].lines[0]: an int was expected"),
        (CHARGE, "x" * VALUE_BYTES_MAX, "TooLarge", "the result of charge has 1,048,578 bytes"),
    ],
)
@on_loop
async def test_a_result_that_does_not_fit_is_final(threaded, of, value, kind, said):
    async def on_the_loop(*args: Any) -> Any:
        return value

    world = World({of.name: (lambda *args: value) if threaded else on_the_loop})
    world.start(attempt(of, *["ann"][: len(of.params)]))
    failed = await world.reports.failed()
    assert (failed.kind, failed.error, failed.retryable) == (kind, None, False)
    assert said in failed.detail
    await world.end()


@on_loop
async def test_the_largest_result_fits():
    async def charge(customer: str) -> str:
        return "x" * (VALUE_BYTES_MAX - 2)

    world = World({"charge": charge})
    world.start(attempt(CHARGE, "ann"))
    assert len((await world.reports.done()).result) == VALUE_BYTES_MAX
    await world.end()


# --- errors ------------------------------------------------------------------------------------------------------


def raising(error: BaseException) -> dict[str, Any]:
    async def charge(customer: str) -> str:
        raise error

    return {"charge": charge}


@on_loop
async def test_a_declared_error_arrives_as_its_bytes():
    failed = await failure(raising(CardDeclined(code="51")))
    assert (failed.kind, failed.retryable, failed.trace) == ("CardDeclined", True, "")
    assert failed.error == b'{"fields":{"code":"51"},"kind":"CardDeclined"}'
    assert codec_of(CardDeclined).loads(failed.error) == CardDeclined(code="51")


@on_loop
async def test_a_subclass_of_a_declared_error_is_that_error():
    class Stolen(CardDeclined):
        where: str

    failed = await failure(raising(Stolen(code="43", where="here")))
    assert failed.error == b'{"fields":{"code":"43"},"kind":"CardDeclined"}'
    assert failed.kind == "CardDeclined"


@on_loop
async def test_a_field_called_retryable_is_data():
    failed = await failure(raising(Refused(retryable=False)), of=REFUSE)
    assert (failed.kind, failed.retryable) == ("Refused", True)


@on_loop
async def test_a_declared_error_that_does_not_fit_is_final():
    failed = await failure(raising(CardDeclined(code=51)))  # type: ignore[arg-type]
    assert (failed.kind, failed.error, failed.retryable) == ("WrongResult", None, False)
    assert "the error CardDeclined of charge: code: a text was expected" in failed.detail
    failed = await failure(raising(CardDeclined(code="x" * VALUE_BYTES_MAX)))
    assert (failed.kind, failed.error, failed.retryable) == ("TooLarge", None, False)


@on_loop
async def test_an_undeclared_error_of_a_workflow_is_any_exception():
    class Unknown(rt.WorkflowError):
        why: str

    failed = await failure(raising(Unknown(why="because")))
    assert (failed.kind, failed.error, failed.retryable) == ("Unknown", None, True)
    assert "because" in failed.detail


def deeper() -> None:
    raise OSError("connection refused")


async def charge_async(customer: str) -> str:
    deeper()
    return ""


def charge_plain(customer: str) -> str:
    deeper()
    return ""


def charge_wrapped(customer: str) -> Any:
    return charge_async(customer)


def charge_promised(customer: str) -> Awaitable[str]:
    raise OSError("connection refused")


@pytest.mark.parametrize("function", [charge_async, charge_plain, charge_wrapped, charge_promised])
@on_loop
async def test_a_trace_begins_with_the_activity(function):
    failed = await failure({"charge": function})
    assert (failed.kind, failed.detail, failed.error) == ("OSError", "connection refused", None)
    assert failed.retryable
    frames = [line.strip() for line in failed.trace.splitlines() if line.startswith("  File")]
    assert all("test_outcomes.py" in frame for frame in frames)
    first = "charge_async" if function is charge_wrapped else function.__name__
    assert frames[0].endswith(f"in {first}")
    assert failed.trace.endswith("OSError: connection refused\n")


@on_loop
async def test_what_people_read_is_bounded_and_can_be_stored():
    failed = await failure(raising(ValueError("long " * 10_000 + "\ud800")))
    assert len(failed.detail) == DETAIL_CHARS_MAX
    assert len(failed.trace) == TRACE_CHARS_MAX
    failed = await failure(raising(ValueError("half \ud800")))
    assert failed.detail == "half ?"
    assert "half ?" in failed.trace

    def recurse(customer: str) -> str:
        return recurse(customer)

    failed = await failure({"charge": recurse})
    assert failed.kind == "RecursionError"
    assert len(failed.trace) <= TRACE_CHARS_MAX


@on_loop
async def test_an_exception_that_cannot_be_shown_does_no_harm():
    class Vicious(Exception):
        def __str__(self) -> str:
            raise ValueError("no")

        @property
        def retryable(self) -> bool:
            raise ValueError("no")

    failed = await failure(raising(Vicious()))
    assert (failed.kind, failed.retryable) == ("Vicious", True)
    assert "ValueError" in failed.detail


@on_loop
async def test_an_exception_may_say_that_another_attempt_is_no_use():
    class Gone(Exception):
        retryable = False

    assert not (await failure(raising(Gone()))).retryable
    assert not (await failure(raising(UsageError("no such resource")))).retryable
    assert (await failure(raising(ValueError()))).retryable


@on_loop
async def test_a_cause_is_shown():
    async def charge(customer: str) -> str:
        try:
            deeper()
        except OSError as error:
            raise ValueError("no bank") from error
        return ""

    failed = await failure({"charge": charge})
    assert "OSError: connection refused" in failed.trace
    assert failed.trace.endswith("ValueError: no bank\n")


class OutOfOrder(BaseException):
    pass


@pytest.mark.parametrize("threaded", [False, True])
@on_loop
async def test_any_exception_is_reported(threaded):
    def charge(customer: str) -> str:
        raise OutOfOrder

    assert (await failure({"charge": charge} if threaded else raising(OutOfOrder()))).kind == "OutOfOrder"
    assert (await failure(raising(asyncio.CancelledError()))).kind == "CancelledError"


@pytest.mark.parametrize("fatal", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("kind", ["coroutine", "thread", "promised"])
def test_what_ends_the_process_ends_it(kind, fatal):
    async def on_the_loop(customer: str) -> str:
        raise fatal

    def in_a_thread(customer: str) -> str:
        raise fatal

    def promised(customer: str) -> Awaitable[str]:
        raise fatal

    function = {"coroutine": on_the_loop, "thread": in_a_thread, "promised": promised}[kind]
    reports: list[Any] = []

    async def main() -> None:
        runner = EffectRunner({"charge": function}, report=reports.append, clock=HandClock())
        runner.start([attempt(CHARGE, "ann")])
        await asyncio.Event().wait()

    with pytest.raises(fatal):
        asyncio.run(main())
    assert [report.kind for report in reports] == [fatal.__name__]


@on_loop
async def test_what_nothing_performs_is_reported():
    failed = await failure({})
    assert (failed.kind, failed.retryable) == ("UsageError", True)
    assert "charge" in failed.detail
    failed = await failure({"charge": lambda: ""})
    assert "1 argument" in failed.detail


@on_loop
async def test_implements_says_who_can():
    world = World({"charge": plain, "listed": lambda wrong: []})
    assert world.runner.implements(CHARGE)
    assert not world.runner.implements(NOTHING)
    with pytest.raises(UsageError, match="0 arguments"):
        world.runner.implements(LIST)
    await world.end()
