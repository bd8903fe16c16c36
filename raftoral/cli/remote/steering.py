"""`raftoral signal`, `cancel`, `terminate`, `pause`, `resume`, `delete`: what people do to runs.

In: ids. Out: a line on standard error for each, when it is durable. Several ids are done in order; the first one that
cannot be done ends the command.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from raftoral import errors as e
from raftoral.cli import DONE
from raftoral.cli.options import Option, Options

from .errand import AS_JSON, Errand, as_json
from .tables import plural

if TYPE_CHECKING:
    from raftoral.cli.terminal import Terminal
    from raftoral.runtime.calls.client import Client

    Act = Callable[[Client, str, Options], Awaitable[object]]


async def _signal(client: Client, options: Options, terminal: Terminal) -> int:
    from raftoral.cli.running.inputs import json_given

    if len(options.words) < 2:
        raise e.UsageError("which run, and which of its signals? raftoral signal ID NAME [JSON]")
    id, name, *rest = options.words
    payload = json_given(rest[0] if rest else "", "the message", None)
    await client.signal(None, id, name, payload)
    _say(options, terminal, [id], f"{id} has the message {name}")
    return DONE


def _each(act: Act, said: str) -> Callable[[Client, Options, Terminal], Awaitable[int]]:
    """A command that does the same to each run that is named."""

    async def work(client: Client, options: Options, terminal: Terminal) -> int:
        if not options.words:
            raise e.UsageError("which run?")
        for id in options.words:
            await act(client, id, options)
            if not options.on("json"):
                terminal.remark(f"{id} {said}")
        if options.on("json"):
            as_json(terminal, {"runs": options.words})
        return DONE

    return work


def _say(options: Options, terminal: Terminal, ids: list[str], text: str) -> None:
    if options.on("json"):
        as_json(terminal, {"runs": ids})
    else:
        terminal.remark(text)


async def _cancel(client: Client, id: str, options: Options) -> None:
    await client.cancel(id, options.text("reason", "cancelled by a client"))


async def _terminate(client: Client, id: str, options: Options) -> None:
    await client.terminate(id, options.text("reason", "terminated by a client"))


async def _pause(client: Client, id: str, options: Options) -> None:
    await client.pause(id)


async def _resume(client: Client, id: str, options: Options) -> None:
    await client.resume(id)


async def _delete(client: Client, options: Options, terminal: Terminal) -> int:
    if not options.words:
        raise e.UsageError("which run?")
    gone = 0
    for id in options.words:
        gone += await client.delete(id, force=options.on("force"), cascade=not options.on("keep-children"))
    if options.on("json"):
        as_json(terminal, {"deleted": gone})
    else:
        terminal.remark(f"{plural(gone, 'run is', 'runs are')} gone")
    return DONE


REASON = Option("reason", "why, for whoever looks later", value="TEXT")

SIGNAL = Errand(
    "signal",
    "Puts a message into a mailbox of a run: JSON of the signal's type, or nothing. When it returns, the\n"
    "message is durable, whether the run reads it now or in a year.",
    _signal,
    words="ID NAME [JSON | @FILE | -]",
    words_max=3,
    options=(AS_JSON,),
    example='raftoral signal order-17 withdraw\nraftoral signal expense-3 decide \'{"kind": "Approve", "by": "bo"}\'',
)

CANCEL = Errand(
    "cancel",
    "Has runs end in good order: `Cancelled` is raised where they rest; `catch`, undos and `finally` run.",
    _each(_cancel, "is being cancelled"),
    words="ID...",
    words_max=10_000,
    options=(REASON, AS_JSON),
    example="raftoral cancel order-17 --reason 'the customer called'",
)

TERMINATE = Errand(
    "terminate",
    "Ends runs at once: nothing of them runs any more, and nothing is undone. `cancel` is kinder.",
    _each(_terminate, "is terminated"),
    words="ID...",
    words_max=10_000,
    options=(REASON, AS_JSON),
    example="raftoral terminate order-17 --reason 'it never worked'",
)

PAUSE = Errand(
    "pause",
    "Pauses runs: effects in flight end, and nothing new begins until `raftoral resume`.",
    _each(_pause, "is paused"),
    words="ID...",
    words_max=10_000,
    options=(AS_JSON,),
    example="raftoral pause order-17",
)

RESUME = Errand(
    "resume",
    "Has runs go on: those that were paused; and those that are faulted try again where they stand.",
    _each(_resume, "goes on"),
    words="ID...",
    words_max=10_000,
    options=(AS_JSON,),
    example="raftoral resume order-17",
)

DELETE = Errand(
    "delete",
    "Takes runs away that have ended, with the runs that they started. Nothing of them is left.",
    _delete,
    words="ID...",
    words_max=10_000,
    options=(
        Option("force", "also those that live"),
        Option("keep-children", "leave the runs that they started"),
        AS_JSON,
    ),
    example="raftoral delete order-17",
)
