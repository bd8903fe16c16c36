"""`raftoral run`: runs a workflow of a file here and now, in this process.

    raftoral run shop/orders.rft --input '{"order": {...}}' --data ./data

The activities are those of `shop/orders.py` beside it, or what `--activities` and `--stub` give. With `--data` the run
is durable: stopped in the middle, by Ctrl-C or kill -9, the same command goes on with it. The result goes to standard
output as JSON, everything else to standard error: what the workflow and its activities log, from `info` on.

Exit code: 0 it has a result, 1 it failed or stands still, or the file has errors, 2 wrong usage.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from typing import TYPE_CHECKING, Any

from raftoral.cli import DONE, FOUND_PROBLEMS, INTERRUPTED
from raftoral.cli.options import Command, Option, Options, suggestion
from raftoral.cli.running.logs import show_logs
from raftoral.errors import NotFound, RaftoralError, RunFailed, UsageError

if TYPE_CHECKING:
    from raftoral.cli.running.sources import Loaded
    from raftoral.cli.terminal import Terminal
    from raftoral.runtime.core.commands import Signal
    from raftoral.runtime.local import Branch, Local

STANDING = ("faulted", "stalled", "paused")
SENT = "run.signals"  # a tag: which messages a command has sent already
LOOK_SECONDS = 0.5  # between two looks at the children of a run that waits

COMMAND = Command(
    "run",
    "Runs a workflow of a file here, in this process, without a cluster.\n"
    "Activities are those of the .py file of the same name beside it, or of activities.py where that\n"
    "one was generated: its functions, or a class of them.\n"
    "With --data, what was done is on disk: after Ctrl-C or a crash the same command goes on.\n"
    "Exit code: 0 it has a result, 1 it failed or stands still, 2 wrong usage, 3 a bug of raftoral.",
    words="FILE [WORKFLOW]",
    words_max=2,
    options=(
        Option("input", "the arguments as JSON: {...} by name, [...] by place, @FILE, or -", letter="i", value="JSON"),
        Option("activities", "a .py file or module with the activities; more than once", letter="a", value="WHERE"),
        Option("stub", "the result of an activity, instead of calling it; more than once", value="NAME[=JSON]"),
        Option("signal", "a message for the run, sent once; more than once", value="NAME[=JSON]"),
        Option("data", "the directory where runs are kept; without it, nothing is", letter="d", value="DIR"),
        Option("id", "the id of the run (default: the name of the workflow)", value="ID"),
        Option("version", "this version of the workflow (default: the newest)", value="N"),
        Option("timeout", "how long to wait for its end; the run itself goes on", value="SECONDS"),
        Option("skip-time", "timers fire as soon as nothing else happens: days take no time"),
        Option("report", "print what became of each step instead of the result"),
    ),
    example="""raftoral run shop/orders.rft --input '{"order": {"id": "o1", "customer": "ann", "items": []}}'\n"""
    "raftoral run shop/approval.rft --input @expense.json --data data --signal withdraw --skip-time\n"
    "raftoral run shop/orders.rft --input @order.json --stub 'charge_card=\"ch_1\"' --report",
)


def run(options: Options, terminal: Terminal) -> int:
    """Runs what the options ask for; returns the exit code."""
    from raftoral.cli.running.sources import load

    if not options.words:
        raise UsageError("which file? name one .rft file")
    if options.text("version") and options.number("version", 0) < 1:
        raise UsageError("--version takes the number of a version, from 1")
    loaded = load(options, terminal)
    if loaded is None:
        return FOUND_PROBLEMS
    show_logs(terminal)
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
        id = options.text("id") or definition.name.rpartition(".")[2]
        await _begin(here, loaded, id, terminal)
        return await _follow(here, loaded, id, options, terminal)


async def _begin(here: Local, loaded: Loaded, id: str, terminal: Terminal) -> None:
    """Starts the run with its mail, or takes it up again, with mail that it did not get before.

    What is submitted together shares one commit: a run and all of its mail, a message and the note that it was sent. So
    the same command never delivers one twice, and no activity is called before the messages of the start are there.
    """
    from raftoral.program.codec import codec_of
    from raftoral.runtime.core.commands import Signal, Tag
    from raftoral.runtime.ports import LIVE

    definition, submit = loaded.definition, here.engine.submit
    mail = [Signal(id, name, codec_of(definition.signals[name]).dumps(value)) for name, value in loaded.signals]
    tags = {SENT: " ".join(map(_mark, mail))} if mail else {}
    try:
        known = await here.describe(id)
    except NotFound:
        await asyncio.gather(here.start(definition, id, loaded.args, tags=tags), *map(submit, mail))
        return
    await here.start(definition, id, loaded.args)  # refuses other arguments
    before = known.tags.get(SENT, "").split()
    new = _not_among(before, mail)
    if known.status not in LIVE:
        if new:
            terminal.remark(f"{id} is {known.status} already: nobody reads {', '.join(each.name for each in new)}")
        return
    if new:
        note = Tag(id, json.dumps({SENT: " ".join([*before, *map(_mark, new)])}))
        await asyncio.gather(*map(submit, new), submit(note))
    await _resume(here, await here.tree(id))


def _not_among(marks: list[str], mail: list[Signal]) -> list[Signal]:
    """The messages of which there are no marks; one that is there twice needs two."""
    left, new = list(marks), []
    for each in mail:
        if _mark(each) in left:
            left.remove(_mark(each))
        else:
            new.append(each)
    return new


def _mark(signal: Signal) -> str:
    """A message, by what it says."""
    return hashlib.sha256(signal.name.encode() + b"=" + signal.payload).hexdigest()[:12]


async def _resume(here: Local, branch: Branch) -> None:
    """What stood still tries again: somebody may have mended it."""
    if branch.run.status == "faulted":
        await here.resume(branch.run.id)
    for child in branch.children:
        await _resume(here, child)


def _refuse_missing(loaded: Loaded, here: Local) -> None:
    missing = here.missing_activities(loaded.definition)
    if missing:
        from raftoral.runtime.bindings import spelled
        from raftoral.runtime.core.programs import Program

        names = ", ".join(spelled(each) for each in Program(loaded.definition).uses() if each.name in missing)
        raise UsageError(
            f"nobody implements {names}: write {'it' if len(missing) == 1 else 'them'} as functions in "
            f"{loaded.beside}, or give --activities, or a result with --stub {missing[0]}=JSON"
        )


async def _follow(here: Local, loaded: Loaded, id: str, options: Options, terminal: Terminal) -> int:
    """Waits for the end of the run, and says where it is meanwhile."""
    timeout = options.number("timeout", 0) or None
    try:
        async with asyncio.timeout(timeout):
            stuck = await _watch(here, id, terminal)
    except TimeoutError:
        change = await here.describe(id)
        waits = ", ".join(f"{wait.kind} {wait.name or wait.step} (line {wait.line})" for wait in change.waits)
        terminal.complain(f"raftoral run: {id} is {change.status} after {timeout} s; it waits for {waits or 'nothing'}")
        return FOUND_PROBLEMS
    if options.on("report"):
        terminal.result(json.dumps((await here.report(id)).to_dict(), indent=2, ensure_ascii=False) + "\n")
    if stuck:
        return await _stands_still(here, stuck, options, terminal)
    try:
        await here.result(loaded.definition, id)
    except RunFailed as failed:
        _say_failure(failed, await here.describe(id), terminal)
        return FOUND_PROBLEMS
    if not options.on("report"):
        shown = (await here.describe(id)).result
        terminal.result(json.dumps(shown, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False) + "\n")
    return DONE


async def _watch(here: Local, id: str, terminal: Terminal) -> str:
    """Shows progress until the run has ended, or stands still and nobody will make it go on: then which run does."""
    rests, stuck = 0, ""
    changes = aiter(here.watch(id))
    while not stuck:
        # A child that stands still is no change of its parent, so we look for ourselves too.
        coming = asyncio.ensure_future(anext(changes, None))
        while not stuck and not (await asyncio.wait([coming], timeout=LOOK_SECONDS))[0]:
            stuck = await _stuck(here, id)
        if stuck:
            coming.cancel()
            break
        change = coming.result()
        if change is None:
            break
        rests += 1
        terminal.progress(f"{id}  {change.status}  {rests:,} rests  {', '.join(change.steps[:3])}")
        stuck = await _stuck(here, id) if change.status in STANDING else ""
    terminal.clear_progress()
    return stuck


async def _stuck(here: Local, id: str) -> str:
    """The run because of which this one does not go on: itself, or a child, if it waits for nothing but children that
    do not go on either. Empty if there is none."""
    found = await here.describe(id)
    if found.status in STANDING:
        return id
    children = [wait.name for wait in found.waits if wait.kind in ("child", "spawned child")]
    if not children or len(children) < len(found.waits):
        return ""
    stuck = [await _stuck(here, child) for child in children]
    return stuck[0] if all(stuck) else ""


async def _stands_still(here: Local, id: str, options: Options, terminal: Terminal) -> int:
    found = await here.describe(id)  # why it stands still was logged when it happened
    terminal.complain(f"raftoral run: {id} is {found.status}" + (": " + found.code if found.code else ""))
    if options.text("data"):
        terminal.complain("nothing is lost: mend it, and give the same command again")
    return FOUND_PROBLEMS


def _say_failure(failed: RunFailed, found: Any, terminal: Terminal) -> None:
    terminal.complain(f"raftoral run: {failed}")
    if found.failure is not None and terminal.verbose:  # the same once more, for a program to read
        terminal.complain(f"  {json.dumps(found.failure, ensure_ascii=False)}")


__all__ = ["COMMAND", "run", "suggestion"]
