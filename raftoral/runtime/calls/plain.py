"""The run operations of `Service` over one desk: plain data in, plain data out.

    service = DeskService(desk)
    await service.start(Start("orders.ProcessOrder", input=b'{"order": {...}}', id="order-17"))

In: texts, numbers, JSON as bytes. Out: the same; views are dicts. What the types of a workflow make of JSON is decided
here, where the program is known. A node has one for each of its groups. Never anything about programs or nodes: that is
the matter of the whole cluster.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches

from raftoral import errors as e
from raftoral.program.codec import codec_of
from raftoral.runtime.core import commands as c
from raftoral.runtime.core.programs import Program
from raftoral.runtime.desk import Desk, raise_refused
from raftoral.runtime.service import JSON, Ended, Filters, Page, Start
from raftoral.runtime.views import Branch, change_dict, summary

from . import values
from .filters import PAGE_MAX, store_query


class DeskService:
    """See the module."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def start(self, start: Start) -> str:
        program = self._program(start.workflow, start.version)
        id = values.checked_id(start.id) if start.id else values.drawn_id()
        args, tags = values.arguments_from(program, start.input), values.tags_text(start.tags)
        command = c.StartRun(id, values.drawn_id(), program.name, program.version, args, tags, not start.id)
        raise_refused(await self._desk.engine.submit(command))
        return id

    async def ended(self, id: str, timeout: float | None) -> Ended:
        row = await self._desk.ended(id, timeout)
        return Ended(row.id, row.workflow, row.version, row.status, row.result, row.failure)

    async def signal(self, id: str, name: str, payload: bytes, key: str = "") -> None:
        data = values.signal_from(self._desk.program_of(id), name, payload)
        raise_refused(await self._desk.engine.submit(c.Signal(id, name, data), key))

    async def query(self, id: str, name: str, args: bytes) -> bytes:
        program = self._desk.program_of(id)
        answer = await self._desk.query(None, id, name, values.query_args(program, name, args))
        return codec_of(values.query_of(program, name).result).dumps(answer)

    # --- looking -------------------------------------------------------------------------------------------

    async def describe(self, id: str) -> JSON:
        return (await self._desk.describe(id)).to_dict()

    async def report(self, id: str) -> JSON:
        return (await self._desk.report(id)).to_dict()

    async def list(self, filters: Filters) -> Page:
        if filters.limit < 1:
            raise e.UsageError(f"limit: a page has 1 to {PAGE_MAX} runs, not {filters.limit}")
        size = min(filters.limit, PAGE_MAX)  # one more is asked for: it says whether there is another page
        rows = self._desk.engine.storage.rows(replace(store_query(filters), limit=size + 1))
        more = len(rows) > size
        return Page([summary(row).to_dict() for row in rows[:size]], str(rows[size - 1].seq) if more else "")

    async def count(self, filters: Filters) -> int:
        return self._desk.engine.storage.count(store_query(filters))

    async def tree(self, id: str) -> JSON:
        return _tree(await self._desk.tree(id))

    async def watch(self, id: str) -> AsyncIterator[JSON]:
        changes = self._desk.watch(id)
        try:
            async for change in changes:
                yield change_dict(change)
        finally:
            await changes.aclose()  # type: ignore[attr-defined]  # a generator, which forgets its watcher then

    # --- operating -----------------------------------------------------------------------------------------

    async def cancel(self, id: str, reason: str, key: str = "") -> None:
        raise_refused(await self._desk.engine.submit(c.Cancel(id, reason), key))

    async def terminate(self, id: str, reason: str) -> None:
        await self._desk.terminate(id, reason)

    async def pause(self, id: str) -> None:
        await self._desk.pause(id)

    async def resume(self, id: str) -> None:
        await self._desk.resume(id)

    async def tag(self, id: str, tags: Mapping[str, str | None]) -> None:
        await self._desk.tag(id, **tags)

    async def delete(self, id: str, force: bool, cascade: bool) -> int:
        return await self._desk.delete(id, force=force, cascade=cascade)

    async def delete_many(self, filters: Filters, force: bool) -> int:
        return await self._desk.delete_all(filters, force)

    async def prune(self, older_than: float, status: Sequence[str]) -> int:
        return await self._desk.prune(timedelta(seconds=older_than), status=status)

    # --- inside --------------------------------------------------------------------------------------------

    def _program(self, name: str, version: int) -> Program:
        programs = self._desk.programs
        found = programs.get(name, version) if version else programs.newest(name)
        if found is not None:
            return found
        versions = sorted(v for known, v in programs.all() if known == name)
        if versions:
            there = ", ".join(map(str, versions))
            raise e.UnknownProgram(f"{name} has no version {version} here; there are: {there}")
        names = sorted({known for known, _ in programs.all()})
        close = [each for each in names if each.rpartition(".")[2] == name] or get_close_matches(name, names, 1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise e.UnknownProgram(f"there is no workflow {name!r} here{hint}; known are: {', '.join(names) or 'none'}")


def _tree(branch: Branch) -> JSON:
    return {"run": branch.run.to_dict(), "children": [_tree(child) for child in branch.children]}
