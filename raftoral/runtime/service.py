"""What a node offers to whoever calls it: the same operations on every transport, as plain data.

    await service.start(Start("orders.ProcessOrder", input=b'{"order": {...}}', id="order-17"))
    ended = await service.ended("order-17", timeout=30.0)       ended.result == b'{"charge_id": ...}'

In and out: texts, numbers, and JSON as bytes; what a workflow's types make of it is known to the node that runs it and
to typed callers (`client`), not to what lies between. Errors are those of `raftoral.errors`, which travel as code and
words. Views (`describe`, `report`, `list`, ...) are what `json` would write of them. Data and the port only.

`key` makes a call safe to repeat: the same key again, here or at another node, is done once. Calls without one that are
harmless twice (a start under an id, a read) need none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Start:
    """A run to begin. `version` 0 is the newest. `input` is an object with the arguments by name, or a list of them; an
    empty `id` has one drawn."""

    workflow: str
    version: int = 0
    id: str = ""
    input: bytes = b"{}"
    tags: Mapping[str, str] = field(default_factory=dict)


class Ended(NamedTuple):
    """How a run ended: with a `result`, or with a `failure` (an error as JSON, with its `kind`)."""

    id: str
    workflow: str
    version: int
    status: str
    result: bytes | None
    failure: bytes | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which runs are meant. `where` compares checkpoints with JSON texts. Times are microseconds since 1970."""

    workflow: str | None = None
    version: int | None = None
    status: Sequence[str] = ()
    parent: str | None = None
    prefix: str | None = None
    since: int | None = None
    until: int | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    limit: int = 100
    before: str = ""  # what a page gave for the next one


class Page(NamedTuple):
    """Runs, newest start first; `next` is given to `Filters.before`, and empty at the end."""

    runs: Sequence[JSON]
    next: str


class Source(NamedTuple):
    """A file of a deployment: its path below the root of the project, with `/`, and its text."""

    path: str
    text: str


class Service(Protocol):
    # --- runs ------------------------------------------------------------------------------------------------

    async def start(self, start: Start) -> str:
        """Begins a run; gives its id. When it returns, the run is durable."""

    async def ended(self, id: str, timeout: float | None) -> Ended:
        """Waits for a run to end; `WaitTimeout` when it has not in time (0: no wait)."""

    async def signal(self, id: str, name: str, payload: bytes, key: str = "") -> None:
        """Puts a message, as JSON, into a mailbox."""

    async def query(self, id: str, name: str, args: bytes) -> bytes:
        """Asks a query with a JSON list of arguments; gives JSON."""

    async def describe(self, id: str) -> JSON:
        """A `views.Description`."""

    async def report(self, id: str) -> JSON:
        """A `views.RunReport`."""

    async def list(self, filters: Filters) -> Page:
        """Runs as `views.Summary`."""

    async def count(self, filters: Filters) -> int:
        """How many runs there are; the limit does not matter."""

    async def tree(self, id: str) -> JSON:
        """{"run": Summary, "children": [...]}"""

    def watch(self, id: str) -> AsyncIterator[JSON]:
        """{"id", "status", "steps", "updated"}: now, and whenever that changes; ends with the run."""

    async def cancel(self, id: str, reason: str, key: str = "") -> None:
        """Raises `Cancelled` wherever the run rests."""

    async def terminate(self, id: str, reason: str) -> None:
        """Ends a run at once."""

    async def pause(self, id: str) -> None:
        """Nothing new begins."""

    async def resume(self, id: str) -> None:
        """It goes on."""

    async def tag(self, id: str, tags: Mapping[str, str | None]) -> None:
        """Sets tags; None takes one away."""

    async def delete(self, id: str, force: bool, cascade: bool) -> int:
        """Takes a run away; gives how many went."""

    async def delete_many(self, filters: Filters, force: bool) -> int:
        """Takes away all that the filters show; those that live only with `force`."""

    async def prune(self, older_than: float, status: Sequence[str]) -> int:
        """Takes away what ended longer ago than so many seconds."""

    # --- programs --------------------------------------------------------------------------------------------

    async def deploy(self, sources: Sequence[Source], dry: bool = False) -> Sequence[JSON]:
        """Makes workflows known to all nodes, from their `.rft` files. Gives {"workflow", "version", "digest", "new"}
        for each; `WrongInput` with the problems when the compiler finds some, and nothing is changed."""

    async def programs(self) -> Sequence[JSON]:
        """{"workflow", "version", "digest", "live", "nodes": those with all activities, "retired"}"""

    async def retire(self, workflow: str, version: int) -> None:
        """No new runs of it; `InUse` while there are live ones."""

    # --- the cluster -----------------------------------------------------------------------------------------

    async def cluster(self) -> JSON:
        """{"cluster", "node", "nodes": [{"node", "address", "up", "here", "activities", "owned", ...}], "groups": [{
        "group", "leader", "term", "members", "commit", "applied", "runs"}]}"""

    async def discover(self) -> JSON:
        """What a new node needs to know before it asks to be let in: {"cluster", "abi", "version", "nodes"}."""

    async def admit(self, node: str, address: str, token: str) -> JSON:
        """Lets a node in, which waits with empty logs; returns when it has a vote. An empty name has one drawn."""

    async def remove(self, node: str) -> None:
        """Takes a node out: one that left, or is dead for good."""

    async def transfer(self, group: int, node: str) -> None:
        """Asks a group's leader to hand over; an empty name leaves the choice to it."""

    async def make_group(self, members: Sequence[str] = ()) -> JSON:
        """One more execution group: {"group": its number, "members"}. New runs are placed there too. Without members:
        all nodes; where there are many, some that have the least to do."""

    async def change_group(self, group: int, node: str, member: bool) -> JSON:
        """Makes a node a member of an execution group, or takes it out: {"group", "members"}. The group is kept at as
        many members from then on."""

    async def catch_up(self) -> None:
        """Returns when what this node shows is as new as anything that was answered before the call: reads that follow
        are linearizable."""

    async def token(self) -> str:
        """A token with which one node may join within an hour."""

    async def health(self) -> JSON:
        """{"ready": bool, "why": text, ...}: whether this node can serve."""


# What a token must allow. Everything that is not here needs "read".
RIGHTS: Mapping[str, str] = {
    **dict.fromkeys(("start", "signal", "cancel", "terminate", "pause", "resume", "tag"), "write"),
    **dict.fromkeys(("delete", "delete_many", "prune", "deploy", "retire"), "admin"),
    **dict.fromkeys(("remove", "transfer", "make_group", "change_group", "token"), "admin"),
}
FREE = frozenset({"discover", "admit", "health"})  # `admit` has a token of its own
