"""The one table of operations: what each is called in HTTP, what it takes, gives and needs.

    OPERATIONS["cancel"]      POST /v1/runs/{id}:cancel, a body with a reason, a key; gives nothing; needs "write"

The server's routes, the client's requests and the OpenAPI document all come from here; gRPC takes the names. Data only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields
from enum import Enum
from typing import Any, NamedTuple

from raftoral.runtime.service import FREE, RIGHTS, Ended, Filters, Service, Start

from . import forms as f, kinds as k
from .forms import Form
from .kinds import Kind

REQUIRED: Any = object()


class Place(Enum):
    """Where a parameter stands in a request."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"  # a field of it
    WHOLE = "whole"  # the body itself
    KEY = "header"  # Idempotency-Key


class Param(NamedTuple):
    """`called` is its name on the wire, when that is not the one in `Service`."""

    name: str
    place: Place
    kind: Kind = k.TEXT
    default: Any = REQUIRED
    called: str = ""
    about: str = ""

    @property
    def wire(self) -> str:
        return self.called or self.name


Group = type[Start] | type[Filters]


class Operation(NamedTuple):
    """`group`: the argument of `Service` that some of the parameters are fields of. `waits`: it may take as long as
    the client likes, so nobody does it for a client that is gone. `again`: it is harmless when done twice."""

    name: str
    method: str
    path: str
    gives: Form
    params: tuple[Param, ...] = ()
    group: tuple[str, Group] | None = None
    tag: str = "runs"
    waits: bool = False
    again: bool = False
    call: Callable[..., Awaitable[Any]] | None = None
    about: str = ""

    @property
    def asks(self) -> str:
        """The method of `Service`; several operations may ask the same."""
        return self.name.partition("-")[0]

    @property
    def right(self) -> str:
        """What a token must allow; empty: nothing."""
        return "" if self.asks in FREE else RIGHTS.get(self.asks, "read")

    def arguments(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of the method, from parameters by their names."""
        given = dict(found)
        if self.group is not None:
            name, cls = self.group
            parts = {each.name: given.pop(each.name) for each in fields(cls) if each.name in given}
            given[name] = cls(**parts)
        return given

    async def perform(self, service: Service, found: Mapping[str, Any]) -> Any:
        """Does it; all but `watch`, which gives one thing after the other."""
        arguments = self.arguments(found)
        if self.call is not None:
            return await self.call(service, **arguments)
        return await getattr(service, self.asks)(**arguments)

    def found(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The other way round."""
        given = dict(arguments)
        if self.group is not None:
            name, cls = self.group
            held = given.pop(name)
            given |= {each.name: getattr(held, each.name) for each in fields(cls)}
        return given


async def start_and_wait(service: Service, start: Start, timeout: float | None) -> Ended:
    return await service.ended(await service.start(start), timeout)


ID = Param("id", Place.PATH, about="of the run; a / in it is %2F")
KEY = Param("key", Place.KEY, default="", called="Idempotency-Key", about="the same key again is done once")
WAIT = Param("timeout", Place.QUERY, k.SECONDS, 0.0, "wait", "seconds")
START = (
    Param("workflow", Place.BODY, about="its full name: orders.ProcessOrder"),
    Param("version", Place.BODY, k.INT, 0, about="0 is the newest"),
    Param("id", Place.BODY, default="", about="drawn when there is none"),
    Param("input", Place.BODY, k.ANY, b"{}", about="the arguments: an object by name, or a list"),
    Param("tags", Place.BODY, k.MAP, {}),
)


def filters(place: Place) -> tuple[Param, ...]:
    single = place is Place.QUERY  # there a name stands before each value, and is repeated
    return (
        Param("workflow", place, default=None),
        Param("version", place, k.INT, None),
        Param("status", place, k.TEXTS, (), about="one, or several"),
        Param("parent", place, default=None, about="the run that started it"),
        Param("prefix", place, default=None, about="of the id"),
        Param("since", place, k.TIME, None, about="started then or later"),
        Param("until", place, k.TIME, None, about="started before"),
        Param("where", place, k.WHERE, {}, about='a checkpoint and its JSON: stage="paid"'),
        Param("tags", place, k.MAP, {}, "tag" if single else "", "a tag and its value: shop=berlin"),
    )


LIMIT = Param("limit", Place.QUERY, k.INT, 100)
BEFORE = Param("before", Place.QUERY, default="", about="`next` of the page before")
FORCE = Param("force", Place.QUERY, k.BOOL, False, about="also what lives")
RUN = "/v1/runs/{id}"

_START, _FILTERS = ("start", Start), ("filters", Filters)


def _reason(usual: str) -> Param:
    return Param("reason", Place.BODY, default=usual)


_ALL = (
    Operation("start", "POST", "/v1/runs", f.ID, START, _START),
    Operation(
        *("start-wait", "POST", "/v1/runs:wait", f.ENDED, (*START, WAIT._replace(default=30.0)), _START),
        waits=True,
        call=start_and_wait,
        about="Begins a run, and waits for it to end. Give it an id, so that it can be asked for again.",
    ),
    Operation(
        *("list", "GET", "/v1/runs", f.PAGE, (*filters(Place.QUERY), LIMIT, BEFORE), _FILTERS),
        again=True,
        about="Runs, newest start first.",
    ),
    Operation("count", "GET", "/v1/runs:count", f.COUNT, filters(Place.QUERY), _FILTERS, again=True),
    Operation(
        *("delete_many", "POST", "/v1/runs:delete", f.DELETED),
        params=(*filters(Place.BODY), FORCE._replace(place=Place.BODY)),
        group=_FILTERS,
    ),
    Operation(
        *("prune", "POST", "/v1/runs:prune", f.DELETED),
        params=(Param("older_than", Place.BODY, k.SECONDS), Param("status", Place.BODY, k.TEXTS, ())),
    ),
    Operation("describe", "GET", RUN, f.view("Description"), (ID,), again=True, about="What is known of a run."),
    Operation(
        *("report", "GET", f"{RUN}/report", f.view("RunReport"), (ID,)),
        again=True,
        about="What became of each step of a run, with durations.",
    ),
    Operation(
        *("tree", "GET", f"{RUN}/tree", f.view("Branch"), (ID,)),
        again=True,
        about="A run with the runs that it started.",
    ),
    Operation(
        *("ended", "GET", f"{RUN}/result", f.ENDED, (ID, WAIT)),
        waits=True,
        again=True,
        about="How a run ended; waits for it. With `Accept: text/event-stream`, as one event.",
    ),
    Operation(
        *("watch", "GET", f"{RUN}/watch", f.view("Change"), (ID,)),
        waits=True,
        again=True,
        about="Where a run rests, now and whenever that changes: server-sent events. `event: end` is the last.",
    ),
    Operation(
        *("signal", "POST", f"{RUN}/signals/{{name}}", f.NOTHING),
        params=(ID, Param("name", Place.PATH), Param("payload", Place.WHOLE, k.ANY, b"null"), KEY),
    ),
    Operation(
        *("query", "GET", f"{RUN}/queries/{{name}}", f.RAW),
        params=(ID, Param("name", Place.PATH), Param("args", Place.QUERY, k.ANY, b"[]", about="a JSON list")),
        again=True,
    ),
    Operation(
        *("query-post", "POST", f"{RUN}/queries/{{name}}", f.RAW),
        params=(ID, Param("name", Place.PATH), Param("args", Place.WHOLE, k.ANY, b"[]", about="a JSON list")),
        again=True,
        about="The same; for arguments that are too long for an address.",
    ),
    Operation("cancel", "POST", f"{RUN}:cancel", f.NOTHING, (ID, _reason("cancelled by a client"), KEY)),
    Operation("terminate", "POST", f"{RUN}:terminate", f.NOTHING, (ID, _reason("terminated by a client"))),
    Operation("pause", "POST", f"{RUN}:pause", f.NOTHING, (ID,)),
    Operation("resume", "POST", f"{RUN}:resume", f.NOTHING, (ID,)),
    Operation("tag", "PATCH", f"{RUN}/tags", f.NOTHING, (ID, Param("tags", Place.WHOLE, k.CHANGES))),
    Operation(
        *("delete", "DELETE", RUN, f.DELETED),
        params=(ID, FORCE, Param("cascade", Place.QUERY, k.BOOL, True, about="also the runs that it started")),
    ),
    Operation(
        *("deploy", "POST", "/v1/programs", f.PROGRAMS),
        params=(Param("sources", Place.BODY, k.SOURCES), Param("dry", Place.BODY, k.BOOL, False)),
        tag="programs",
        again=True,
    ),
    Operation(
        *("programs", "GET", "/v1/programs", f.PROGRAMS),
        tag="programs",
        again=True,
        about="The workflows that are known, and the nodes that can run them.",
    ),
    Operation(
        *("retire", "POST", "/v1/programs/{workflow}/{version}:retire", f.NOTHING),
        params=(Param("workflow", Place.PATH), Param("version", Place.PATH, k.INT)),
        tag="programs",
    ),
    Operation("cluster", "GET", "/v1/cluster", f.view(), tag="cluster", again=True, about="Nodes, groups, leaders."),
    Operation("discover", "GET", "/v1/discovery", f.view(), tag="cluster", again=True),
    Operation(
        *("admit", "POST", "/v1/cluster/nodes", f.view()),
        params=(Param("node", Place.BODY, default=""), Param("address", Place.BODY), Param("token", Place.BODY)),
        tag="cluster",
    ),
    Operation("remove", "DELETE", "/v1/cluster/nodes/{node}", f.NOTHING, (Param("node", Place.PATH),), tag="cluster"),
    Operation(
        *("transfer", "POST", "/v1/cluster/groups/{group}:transfer", f.NOTHING),
        params=(Param("group", Place.PATH, k.INT), Param("node", Place.BODY, default="")),
        tag="cluster",
    ),
    Operation(
        *("make_group", "POST", "/v1/cluster/groups", f.view()),
        params=(Param("members", Place.BODY, k.TEXTS, (), about="without them: all nodes, or of many some"),),
        tag="cluster",
        about="One more group for runs.",
    ),
    Operation(
        *("change_group", "POST", "/v1/cluster/groups/{group}:change", f.view()),
        params=(
            Param("group", Place.PATH, k.INT),
            Param("node", Place.BODY),
            Param("member", Place.BODY, k.BOOL, about="true: it becomes one; false: it is taken out"),
        ),
        tag="cluster",
        again=True,
        about="Makes a node a member of a group of runs, or takes it out.",
    ),
    Operation(
        *("catch_up", "POST", "/v1/cluster:catch-up", f.NOTHING),
        tag="cluster",
        again=True,
        about="Returns when what this node shows is as new as anything that was answered before the call.",
    ),
    Operation("token", "POST", "/v1/cluster/tokens", f.TOKEN, tag="cluster"),
    Operation("health", "GET", "/readyz", f.view(), tag="cluster", again=True, about="200 when it can serve, or 503."),
)

OPERATIONS: Mapping[str, Operation] = {each.name: each for each in _ALL}
