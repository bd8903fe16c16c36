"""`raftoral start` and `raftoral result`: a run begins, and what it ended with.

In: the name of a workflow and JSON, or an id. Out: the id, or the result as JSON on standard output. A start that was
given an id may be repeated: the same command again is the same run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from raftoral import errors as e
from raftoral.cli import DONE, FOUND_PROBLEMS
from raftoral.cli.options import Option, Options, suggestion

from .errand import AS_JSON, Errand, as_json, one_word

if TYPE_CHECKING:
    from raftoral.cli.terminal import Terminal
    from raftoral.runtime.calls.client import Client
    from raftoral.runtime.service import Ended


async def _start(client: Client, options: Options, terminal: Terminal) -> int:
    from raftoral.cli.running.inputs import json_given, pair_given

    named = one_word(options, "workflow")
    version = options.number("version", 0)
    if options.text("version") and version < 1:
        raise e.UsageError("--version takes the number of a version, from 1")
    timeout = _timeout(options)
    if timeout is not None and not options.on("wait"):
        raise e.UsageError("--timeout is for --wait: a start itself takes no time")
    given = json_given(options.text("input"), "--input", {})
    if not isinstance(given, dict | list):
        raise e.UsageError("--input: an object with the arguments by name, or a list of them")
    tags = dict(pair_given(each, "--tag") for each in options.texts("tag"))
    workflow = await full_name(client, named)
    id = await client.start(workflow, options.text("id") or None, given, tags=tags, version=version)
    if options.on("wait"):
        terminal.remark(f"started {id}")
        terminal.flush()
        return await _ended(client, id, timeout, options, terminal)
    if options.on("json"):
        as_json(terminal, {"id": id})
    else:
        terminal.result(id + "\n")
    return DONE


async def full_name(client: Client, named: str) -> str:
    """The full name of a workflow; a short one is enough where it is the only one."""
    if "." in named:
        return named
    known = sorted({each["workflow"] for each in await client.programs()})
    found = [each for each in known if each.rpartition(".")[2] == named]
    if len(found) > 1:
        raise e.UsageError(f"which {named}? there are {', '.join(found)}")
    if not found and named not in known:
        close = suggestion(named, [*known, *(each.rpartition(".")[2] for each in known)])
        there = f"there are {', '.join(known)}" if known else "deploy one, or serve one with --app"
        raise e.UnknownProgram(f"there is no workflow {named!r}{close}; {there}")
    return found[0] if found else named


async def _result(client: Client, options: Options, terminal: Terminal) -> int:
    return await _ended(client, one_word(options, "run"), _timeout(options), options, terminal)


def _timeout(options: Options) -> float | None:
    return float(options.number("timeout", 0)) if options.text("timeout") else None


async def _ended(client: Client, id: str, timeout: float | None, options: Options, terminal: Terminal) -> int:
    """Waits for the end, and says what it was."""
    ended = await client.service.ended(id, timeout)
    result, failure = _plain(ended.result), _plain(ended.failure)
    if options.on("json"):
        as_json(terminal, {**_head(ended), "result": result, "failure": failure})
    elif ended.status == "completed":
        as_json(terminal, result)
    if ended.status == "completed":
        return DONE
    terminal.complain(f"the run {id!r} {'was ' if ended.status in ('cancelled', 'terminated') else ''}{ended.status}")
    if failure is not None and not options.on("json"):
        terminal.complain(f"  {json.dumps(failure, ensure_ascii=False)}")
    return FOUND_PROBLEMS


def _plain(data: bytes | None) -> Any:
    return None if data is None else json.loads(data)


def _head(ended: Ended) -> dict[str, Any]:
    return {"id": ended.id, "workflow": ended.workflow, "version": ended.version, "status": ended.status}


TIMEOUT = Option("timeout", "how long to wait for its end; the run itself goes on", value="SECONDS")

START = Errand(
    "start",
    "Starts a run of a workflow that the cluster knows, and prints its id; with --wait, its result.\n"
    "A start with an --id may be repeated: the same command again is the same run.",
    _start,
    words="WORKFLOW",
    words_max=1,
    options=(
        Option("input", "the arguments as JSON: {...} by name, [...] by place, @FILE, or -", letter="i", value="JSON"),
        Option("id", "the id of the run (default: one is drawn)", value="ID"),
        Option("version", "this version of the workflow (default: the newest)", value="N"),
        Option("tag", "a tag of the run; more than once", value="NAME=VALUE"),
        Option("wait", "wait for its end, and print its result"),
        TIMEOUT,
        AS_JSON,
    ),
    example="""raftoral start PingPong --input '{"ping": {"text": "hello"}}' --wait\n"""
    "raftoral start shop.orders.ProcessOrder --id order-17 --input @order.json --tag shop=berlin",
)

RESULT = Errand(
    "result",
    "Waits for the end of a run, and prints its result as JSON. A run that failed: why, and exit code 1.",
    _result,
    words="ID",
    words_max=1,
    options=(TIMEOUT, AS_JSON),
    example="raftoral result order-17\nraftoral result order-17 --timeout 30 --json",
)
