"""The typed surface over a node, wherever it is: what `raftoral.Node` is, and what `raftoral.connect` gives.

    run = await ProcessOrder.start(client, order, id="order-17")        a generated handle, or by name and JSON:
    await client.start("orders.ProcessOrder", "order-17", {"order": {...}}, tags={"shop": "berlin"})
    print(await client.result(ProcessOrder.DEFINITION, "order-17"))

In: values of the workflow's types. Out: values, views and the exceptions of `raftoral.errors`, as `Local` has them. It
asks a `Service`, and knows nothing of what lies between. Where no definition is given, values are plain JSON.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple, Self

from pydantic_core import from_json

from raftoral.program.clients import Run
from raftoral.program.steps import Definition
from raftoral.runtime.core.programs import Program
from raftoral.runtime.service import JSON, Ended, Service, Source, Start
from raftoral.runtime.views import Branch, Change, Description, RunReport, Summary, branch_from, change_from

from . import values
from .filters import checked_statuses, filters_of


class Listing(NamedTuple):
    """A page of runs; `next` is given to `before=`, and empty at the end."""

    runs: Sequence[Summary]
    next: str


class Client:
    """See the module."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._programs: dict[int, Program] = {}  # by the identity of their definitions, which exist once

    # --- starting, and what comes of it ----------------------------------------------------------------------

    async def start(
        self,
        workflow: Definition | str,
        id: str | None = None,
        args: Sequence[Any] | Mapping[str, Any] = (),
        *,
        tags: Mapping[str, str] | None = None,
        version: int = 0,
    ) -> str:
        """Starts a run; gives its id. When it returns, the run is durable. The same start again is the same run.

        By name, `args` are what JSON can write: a list, or an object with the arguments by name.
        """
        id = values.drawn_id() if id is None else values.checked_id(id)  # drawn here: so a start may be repeated
        tags = values.checked_tags(tags)
        if isinstance(workflow, Definition):
            program = self._program(workflow)
            given = values.arguments_bytes(program, args)  # type: ignore[arg-type]  # a definition takes a sequence
            return await self.service.start(Start(program.name, program.version, id, given, tags))
        plain = args if isinstance(args, Mapping) else list(args)
        given = values.json_bytes(plain, f"the input of {workflow}")
        return await self.service.start(Start(workflow, version, id, given, tags))

    def run(self, id: str) -> Run[Any]:
        """A run of which no more than the id is known: what it takes and gives is plain JSON."""
        return _Plain(self, id)

    async def result(self, workflow: Definition | None, id: str, timeout: float | None = None) -> Any:
        """What a run ended with, when it has; raises `RunFailed` when it failed."""
        ended = await self.service.ended(id, timeout)
        program = self._program_of(workflow, ended)
        if ended.status == "completed":
            return values.result_of(program, ended.result or b"null")
        raise values.failure_of(ended.id, ended.status, ended.failure, program)

    async def signal(self, workflow: Definition | None, id: str, name: str, payload: Any = None) -> None:
        """Puts a message into a mailbox of a run. When it returns, the message is durable."""
        if workflow is not None and name in workflow.signals:
            data = values.signal_bytes(self._program(workflow), name, payload)
        else:  # the run may be of a version that has it; its node knows
            data = values.json_bytes(payload, f"the signal {name}")
        await self.service.signal(id, name, data, values.drawn_id())

    async def query(self, workflow: Definition | None, id: str, name: str, args: Sequence[Any] = ()) -> Any:
        """Answers a query from the checkpoints of a run, whether it has ended or not."""
        if workflow is None or name not in workflow.queries:
            return from_json(await self.service.query(id, name, values.json_bytes(list(args), f"the query {name}")))
        program = self._program(workflow)
        answer = await self.service.query(id, name, values.query_bytes(program, name, args))
        return values.query_answer(program, name, answer)

    # --- looking -------------------------------------------------------------------------------------------

    async def status(self, id: str) -> str:
        """`running`, `paused`, `stalled`, `faulted`, or how it ended."""
        return str((await self.service.describe(id))["status"])

    async def describe(self, id: str) -> Description:
        """Everything that is known of a run: what it waits for, where, since when; why it stands still."""
        return Description.from_dict(await self.service.describe(id))

    async def report(self, id: str) -> RunReport:
        """What became of each step of a run, with durations: S2.5."""
        return RunReport.from_dict(await self.service.report(id))

    async def list(self, **filters: Any) -> Sequence[Summary]:
        """Runs, newest start first. `where` compares checkpoints; `page` tells where the next page begins."""
        return (await self.page(**filters)).runs

    async def page(self, **filters: Any) -> Listing:
        """The same, with what the next page begins `before`."""
        runs, after = await self.service.list(filters_of(**filters))
        return Listing([Summary.from_dict(run) for run in runs], after)

    async def all(self, **filters: Any) -> AsyncIterator[Summary]:
        """Every run that the filters show, page after page."""
        wanted = filters_of(**filters)
        while True:
            runs, after = await self.service.list(wanted)
            for run in runs:
                yield Summary.from_dict(run)
            if not after:
                return
            wanted = replace(wanted, before=after)

    async def count(self, **filters: Any) -> int:
        """How many runs there are; the filters of `list`."""
        return await self.service.count(filters_of(**filters))

    async def tree(self, id: str) -> Branch:
        """A run with the runs that it started, and theirs."""
        return branch_from(await self.service.tree(id))

    async def watch(self, id: str) -> AsyncIterator[Change]:
        """Where a run rests, now and whenever that changes; ends with it."""
        changes = self.service.watch(id)
        try:
            async for change in changes:
                yield change_from(change)
        finally:
            if hasattr(changes, "aclose"):  # so that whoever stops early is forgotten at once, also far away
                await changes.aclose()

    # --- operating -----------------------------------------------------------------------------------------

    async def cancel(self, id: str, reason: str = "cancelled by a client") -> None:
        """Raises `Cancelled` wherever the run rests: `catch`, undos and `finally` run."""
        await self.service.cancel(id, reason, values.drawn_id())

    async def terminate(self, id: str, reason: str = "terminated by a client") -> None:
        """Ends a run at once. Nothing of it runs any more: no undo either."""
        await self.service.terminate(id, reason)

    async def pause(self, id: str) -> None:
        """Effects in flight end, and nothing new begins."""
        await self.service.pause(id)

    async def resume(self, id: str) -> None:
        """A paused run goes on; a faulted one tries again."""
        await self.service.resume(id)

    async def tag(self, id: str, /, **tags: str | None) -> None:
        """Sets tags of a run; None takes one away."""
        await self.service.tag(id, values.checked_changes(tags))

    async def delete(self, id: str, *, force: bool = False, cascade: bool = True) -> int:
        """Takes a run away, with the runs that it started; gives how many. Never one that lives, unless forced."""
        return await self.service.delete(id, force, cascade)

    async def delete_many(self, *, force: bool = False, **filters: Any) -> int:
        """Takes away all runs that `list` would show; those that live only if forced. Gives how many."""
        return await self.service.delete_many(filters_of(**filters), force)

    async def prune(self, older_than: timedelta, *, status: str | Sequence[str] | None = None) -> int:
        """Takes away runs that ended longer ago than that. Gives how many."""
        return await self.service.prune(older_than.total_seconds(), checked_statuses(status))

    # --- programs and the cluster ----------------------------------------------------------------------------

    async def deploy(self, sources: Mapping[str, str] | Sequence[Source], *, dry: bool = False) -> Sequence[JSON]:
        """Makes workflows known to all nodes; `sources` are the texts of `.rft` files by their paths."""
        if isinstance(sources, Mapping):
            sources = [Source(path, text) for path, text in sources.items()]
        return await self.service.deploy(sources, dry)

    async def programs(self) -> Sequence[JSON]:
        """The workflows that are known, and which nodes can run them."""
        return await self.service.programs()

    async def retire(self, workflow: str, version: int) -> None:
        """No new runs of it; `InUse` while there are live ones."""
        await self.service.retire(workflow, version)

    async def cluster(self) -> JSON:
        """The nodes, the groups, and who leads them."""
        return await self.service.cluster()

    async def catch_up(self) -> None:
        """Reads of this client that follow show everything that anybody was answered before the call."""
        await self.service.catch_up()

    async def health(self) -> JSON:
        """Whether the node that answers can serve."""
        return await self.service.health()

    # --- inside --------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        return await self.open()

    async def open(self) -> Self:
        """Nothing is connected before the first call."""
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Lets go of connections, where there are some."""
        close = getattr(self.service, "close", None)
        if close is not None:
            await close()

    def _program(self, definition: Definition) -> Program:
        program = self._programs.get(id(definition))
        if program is None:
            program = self._programs[id(definition)] = Program(definition)
        return program

    def _program_of(self, definition: Definition | None, ended: Ended) -> Program | None:
        """What a run was of. That need not be what its handle is of: another version may have the id."""
        wanted = ended.workflow, ended.version
        known = (
            [] if definition is None else [definition, *values.definitions_among(definition.begin.__globals__.values())]
        )
        for each in [*known, *(program.definition for program in self._programs.values())]:
            if (each.name, each.version) == wanted:
                return self._program(each)
        return None


class _Plain(Run[Any]):
    """A run without types."""

    DEFINITION = None  # type: ignore[assignment]  # the client takes that for plain JSON
