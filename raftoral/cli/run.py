"""`raftoral run`: runs a workflow of a file here and now, in this process.

    raftoral run shop/orders.rft --input '{"order": {...}}' --data ./data

The activities are those of `shop/orders.py` beside it, or what `--activities` and `--stub` give. With `--data` the run
is durable: stopped in the middle, by Ctrl-C or kill -9, the same command goes on with it. The result goes to standard
output as JSON, everything else to standard error.

Exit code: 0 it has a result, 1 it failed or stands still, or the file has errors, 2 wrong usage.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

from raftoral.cli import DONE, FOUND_PROBLEMS, INTERRUPTED
from raftoral.cli.options import Command, Option, Options, suggestion
from raftoral.errors import RaftoralError, RunFailed, UsageError

if TYPE_CHECKING:
    from raftoral.cli.running import Loaded
    from raftoral.cli.terminal import Terminal
    from raftoral.runtime.local import Local

COMMAND = Command(
    "run",
    "Runs a workflow of a file here, in this process, without a cluster.\n"
    "Activities are those of the .py file of the same name beside it: its functions, or a class of them.\n"
    "With --data, what was done is on disk: after Ctrl-C or a crash the same command goes on.\n"
    "Exit code: 0 it has a result, 1 it failed or stands still, 2 wrong usage, 3 a bug of raftoral.",
    words="FILE [WORKFLOW]",
    words_max=2,
    options=(
        Option("input", "the arguments as JSON: {...} by name, [...] by place, @FILE, or -", letter="i", value="JSON"),
        Option("activities", "a .py file or module with the activities; more than once", letter="a", value="WHERE"),
        Option("stub", "the result of an activity, instead of calling it; more than once", value="NAME=JSON"),
        Option("signal", "a message that lies in its mailbox from the start; more than once", value="NAME=JSON"),
        Option("data", "the directory where runs are kept; without it, nothing is", letter="d", value="DIR"),
        Option("id", "the id of the run (default with --data: the name of the workflow)", value="ID"),
        Option("version", "this version of the workflow (default: the newest)", value="N"),
        Option("timeout", "how long to wait for its end; the run itself goes on", value="SECONDS"),
        Option("skip-time", "timers fire as soon as nothing else happens: days take no time"),
        Option("report", "print what became of each step, with durations, instead of the result"),
    ),
    example="""raftoral run shop/orders.rft --input '{"order": {"id": "o1", "customer": "ann", "items": []}}'\n"""
    'raftoral run shop/approval.rft --input @expense.json --data ./data --signal \'decide={"kind": "Approve", ...}\'\n'
    "raftoral run shop/orders.rft --input @order.json --stub 'charge_card=\"ch_1\"' --report",
)


def run(options: Options, terminal: Terminal) -> int:
    """Runs what the options ask for; returns the exit code."""
    from raftoral.cli.running import load

    if not options.words:
        raise UsageError("which file? name one .rft file")
    if options.text("version") and options.number("version", 0) < 1:
        raise UsageError("--version takes the number of a version, from 1")
    loaded = load(options, terminal)
    if loaded is None:
        return FOUND_PROBLEMS
    try:
        return asyncio.run(_run(loaded, options, terminal))
    except KeyboardInterrupt:
        if options.text("data"):
            terminal.complain("stopped; the run goes on when the same command is given again")
        return INTERRUPTED
    except UsageError:
        raise
    except RaftoralError as error:
        terminal.complain(f"raftoral run: {error}")
        return FOUND_PROBLEMS


async def _run(loaded: Loaded, options: Options, terminal: Terminal) -> int:
    from raftoral.runtime.edge.clock import SkippingClock, SystemClock
    from raftoral.runtime.local import Local

    clock = SkippingClock() if options.on("skip-time") else SystemClock()
    definition = loaded.definition
    here = Local(loaded.modules, loaded.activities, data=options.text("data") or None, clock=clock)
    async with here:
        if isinstance(clock, SkippingClock):
            clock.idle = here.is_idle
        _refuse_missing(loaded, here)
        id = options.text("id") or (definition.name.rpartition(".")[2] if options.text("data") else None)
        new = id is None or id not in [row.id for row in await here.list(prefix=id)]
        id = await here.start(definition, id, loaded.args)
        if not new and await here.status(id) == "faulted":
            await here.resume(id)
        for name, payload in loaded.signals:
            await here.signal(definition, id, name, payload)
        return await _follow(here, loaded, id, options, terminal)


def _refuse_missing(loaded: Loaded, here: Local) -> None:
    missing = here.missing_activities(loaded.definition)
    if missing:
        names = ", ".join(missing)
        raise UsageError(
            f"nobody implements {names}: write {'it' if len(missing) == 1 else 'them'} as functions in "
            f"{loaded.beside}, or give --activities, or a result with --stub {missing[0]}=JSON"
        )


async def _follow(here: Local, loaded: Loaded, id: str, options: Options, terminal: Terminal) -> int:
    """Waits for the end of the run, and says where it is meanwhile."""
    watcher = asyncio.create_task(_watch(here, id, terminal))
    timeout = options.number("timeout", 0) or None
    try:
        async with asyncio.timeout(timeout):
            stands_still = await watcher
    except TimeoutError:
        change = await here.describe(id)
        waits = ", ".join(f"{wait.kind} {wait.name or wait.step} (line {wait.line})" for wait in change.waits)
        terminal.complain(f"raftoral run: {id} is {change.status} after {timeout} s; it waits for {waits or 'nothing'}")
        return FOUND_PROBLEMS
    if options.on("report"):
        terminal.result(json.dumps((await here.report(id)).to_dict(), indent=2, ensure_ascii=False) + "\n")
    if stands_still:
        return await _stands_still(here, id, options, terminal)
    try:
        await here.result(loaded.definition, id)
    except RunFailed as failed:
        _say_failure(failed, await here.describe(id), terminal)
        return FOUND_PROBLEMS
    if not options.on("report"):
        shown = (await here.describe(id)).result
        terminal.result(json.dumps(shown, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False) + "\n")
    return DONE


async def _watch(here: Local, id: str, terminal: Terminal) -> bool:
    """Shows progress. True: the run stands still, and nobody will make it go on."""
    rests = 0
    async for change in here.watch(id):
        rests += 1
        terminal.progress(f"{id}  {change.status}  {rests:,} rests  {', '.join(change.steps[:3])}")
        if change.status in ("faulted", "stalled", "paused"):
            return True
    terminal.clear_progress()
    return False


async def _stands_still(here: Local, id: str, options: Options, terminal: Terminal) -> int:
    found = await here.describe(id)
    terminal.complain(f"raftoral run: {id} is {found.status}: {found.reason or 'somebody paused it'}")
    for line in found.note.splitlines():
        terminal.complain(f"  {line}")
    if options.text("data"):
        terminal.complain("nothing is lost: mend it, and give the same command again")
    return FOUND_PROBLEMS


def _say_failure(failed: RunFailed, found: Any, terminal: Terminal) -> None:
    terminal.complain(f"raftoral run: {failed}")
    if found.failure is not None:
        terminal.complain(f"  {json.dumps(found.failure, ensure_ascii=False)}")


__all__ = ["COMMAND", "run", "suggestion"]
