"""Activities of an example that write down their calls, and one that never returns: for `raftoral run --activities`.

    RAFTORAL_TEST_CALLS=calls RAFTORAL_TEST_STOP=charge_card:1 raftoral run examples/orders.rft -a interrupted.py ...

The named activity stops in its first call (`:1`) that does not raise, *after* it has done its work and before anybody
knows: the worst moment to die. It says so on standard output. Loaded by the command line, never by pytest.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import raftoral
from raftoral.cli.running.sources import activities_beside
from raftoral.program.steps import Activity
from raftoral.runtime.bindings import Bindings
from raftoral.runtime.core.programs import Program
from raftoral.runtime.local import definitions_of

MODULE = sys.modules[__name__.partition("__activities_")[0]]
CALLS = os.environ["RAFTORAL_TEST_CALLS"]
STOP, _, NUMBER = os.environ.get("RAFTORAL_TEST_STOP", "").partition(":")

_successes = 0


def _note(what: str) -> None:
    """One line, in one write: it is there even if the process is killed at once."""
    call = raftoral.activity()
    line = {"what": what, "activity": call.activity, "key": call.key, "attempt": call.attempt}
    handle = os.open(CALLS, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, json.dumps(line).encode() + b"\n")
    os.close(handle)


def _stops_here() -> bool:
    global _successes
    name = raftoral.activity().activity
    if name != STOP:
        return False
    _successes += 1
    if _successes != int(NUMBER):
        return False
    print(f"in the middle of {name}", flush=True)
    return True


def _recorded(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def on_loop(*args: Any) -> Any:
        _note("begin")
        result = await function(*args)
        _note("end")
        if _stops_here():
            await asyncio.Event().wait()
        return result

    @functools.wraps(function)
    def in_thread(*args: Any) -> Any:
        _note("begin")
        result = function(*args)
        _note("end")
        if _stops_here():
            threading.Event().wait()
        return result

    return on_loop if inspect.iscoroutinefunction(function) else in_thread


def _recorded_all() -> dict[str, Callable[..., Any]]:
    bindings = Bindings(activities_beside(MODULE))
    used: list[Activity[Any]] = [each for d in definitions_of([MODULE]) for each in Program(d).uses()]
    bound = {each.name: bindings.of(each) for each in used}
    return {name: _recorded(binding.function) for name, binding in bound.items() if binding is not None}


globals().update(_recorded_all())
