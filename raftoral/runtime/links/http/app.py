"""From a request to a response: rights, origins, routes, errors. Knows nothing of connections.

    response = await app.answer(Request("GET", "/v1/runs/order-17", headers, b""))
    response.status == 200, response.body == b'{"id":"order-17",...}'

In: requests that were read whole. Out: responses, whose body is bytes, or comes bit by bit. Whatever goes wrong is a
problem document with a code.

A page of the web that somebody has open beside a node must not reach it: a browser sends `Origin` with what such a page
asks for, and that is refused unless it is this node's own or was allowed (`origins`). Without tokens, when only this
machine may ask, `Host` must be a name of this machine too: else a page could give its own name our address.
"""

from __future__ import annotations

import asyncio
import inspect
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from raftoral import errors as e
from raftoral.runtime.links.access import Access, bearer
from raftoral.runtime.links.forms import ENDED
from raftoral.runtime.links.problems import public
from raftoral.runtime.links.streams import begun
from raftoral.runtime.links.table import Operation
from raftoral.runtime.service import Service

from . import events, openapi
from .requests import GROUP_HEADER, Request, found_route, path_of, read
from .responses import Response, refusal

Within = Callable[[int], Service]  # a service of one group
Metrics = Callable[[], str] | Callable[[], Awaitable[str]]

PING_SECONDS = 15.0
PREFLIGHT_SECONDS = 600
JSON_TYPE, EVENTS_TYPE = "application/json", "text/event-stream"


class App:
    """See the module."""

    def __init__(
        self,
        service: Service,
        access: Access,
        *,
        origins: Sequence[str] = (),
        metrics: Metrics | None = None,
        own_machine_only: bool = False,
        within: Within | None = None,
    ) -> None:
        self._service = service
        self._within = within
        self._access = access
        self._origins = frozenset(origins)
        self._metrics = metrics
        self._own_machine_only = own_machine_only
        self._document = b""
        self.closing = asyncio.Event()

    def waits(self, request: Request) -> bool:
        """Whether the answer takes as long as the client likes."""
        operation, _, _ = _found(request)
        return operation is not None and operation.waits

    async def answer(self, request: Request) -> Response:
        """Never raises, but when it is cancelled."""
        response = self.refused(request)
        if response is None:
            try:
                response = await self._answer(request)
            except Exception as error:
                response = refusal(public(error))
        return self._shown(request, response)

    def refused(self, head: Request) -> Response | None:
        """What can be said before a body is read: whoever may not ask at all need not send one."""
        response = self._foreign(head)
        if response is None:
            try:
                self._access.check(self._right(head), bearer(head.headers.get("authorization", "")))
            except e.Denied as denied:
                response = refusal(denied)
                if not head.headers.get("authorization"):
                    response = refusal(denied, 401, {"WWW-Authenticate": "Bearer"})
        return None if response is None else self._shown(head, response)

    def _right(self, head: Request) -> str:
        operation, _, _ = _found(head)
        if operation is not None:
            return operation.right
        return "read" if path_of(head.target) == "/metrics" and self._metrics is not None else ""

    def _shown(self, request: Request, response: Response) -> Response:
        return response._replace(headers={**response.headers, **self._allowed(request)})

    async def _answer(self, request: Request) -> Response:
        path = path_of(request.target)
        special = {"/healthz": self._alive, "/metrics": self._measured, "/openapi.json": self._described}.get(path)
        if special is not None and request.method in ("GET", "HEAD"):
            return await special(request)
        operation, found, methods = _found(request)
        if operation is None:
            if not methods and special is None:
                raise e.NotFound(f"there is no {path} here; /openapi.json says what there is")
            allowed = ", ".join(sorted(methods or {"GET"}))
            wrong = e.UsageError(f"{path} takes {allowed}, not {request.method}")
            return refusal(wrong, 405, {"Allow": allowed})
        given = read(operation, found, request)
        service = self._asked(request)
        if operation.name == "watch":
            return await self._stream(service.watch(**operation.arguments(given)), operation.gives.write)
        if operation.name == "ended" and EVENTS_TYPE in request.headers.get("accept", ""):
            return await self._stream_end(service, operation, given)
        return await self._perform(service, operation, given)

    def _asked(self, request: Request) -> Service:
        """The whole node, or one group of it, when another node asks for that."""
        group = request.headers.get(GROUP_HEADER.lower())
        if group is None or self._within is None:
            return self._service
        if not (group.isascii() and group.isdigit() and len(group) < 6):
            raise e.UsageError(f"{GROUP_HEADER} is a number, not {group!r}")
        return self._within(int(group))

    async def _perform(self, service: Service, operation: Operation, given: Mapping[str, Any]) -> Response:
        gives = operation.gives
        value = await operation.perform(service, given)
        body = gives.write(value)
        status = gives.status
        if operation.name == "health":
            status = 200 if value["ready"] else 503
        return Response(status, {"Content-Type": JSON_TYPE} if body else {}, body)

    async def _stream(self, values: AsyncIterator[Any], write: Callable[[Any], bytes]) -> Response:
        _, all_of_them = await begun(values)
        body = events.written(all_of_them, write, self.closing, PING_SECONDS)
        return Response(200, {"Content-Type": EVENTS_TYPE, "Cache-Control": "no-store"}, body)

    async def _stream_end(self, service: Service, operation: Operation, given: Mapping[str, Any]) -> Response:
        """How a run ended, as one event; until then, signs of life."""

        async def wait() -> AsyncIterator[Any]:
            yield {"id": given["id"]}  # it exists, and is waited for
            yield await operation.perform(service, given)

        await service.describe(given["id"])  # `NotFound` is a response, and no event

        def write(value: Any) -> bytes:
            return to_json(value) if isinstance(value, dict) else ENDED.write(value)

        return await self._stream(wait(), write)

    # --- what is no operation of a service -------------------------------------------------------------------

    async def _alive(self, request: Request) -> Response:
        return Response(200, {"Content-Type": JSON_TYPE}, b'{"alive":true}')

    async def _measured(self, request: Request) -> Response:
        if self._metrics is None:
            raise e.NotFound("this node has no metrics")
        text = self._metrics()
        text = await text if inspect.isawaitable(text) else text
        return Response(200, {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}, text.encode())

    async def _described(self, request: Request) -> Response:
        self._document = self._document or to_json(openapi.document())
        return Response(200, {"Content-Type": JSON_TYPE}, self._document)

    # --- other origins ---------------------------------------------------------------------------------------

    def _foreign(self, request: Request) -> Response | None:
        """What no client but a browser is asked."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if self._own_machine_only and not _of_this_machine(host):
            return refusal(e.Denied(f"{host!r} is no name of this machine, and without tokens only it may ask"))
        if origin is None or origin.partition("://")[2].lower() == host.lower():
            return None
        if not self._is_allowed(origin):
            return refusal(e.Denied(f"pages of {origin} may not ask this node: it was not given among origins="))
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            headers = {
                "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
                "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
                "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
            }
            return Response(204, headers, b"")
        return None

    def _is_allowed(self, origin: str) -> bool:
        return "*" in self._origins or origin in self._origins

    def _allowed(self, request: Request) -> dict[str, str]:
        origin = request.headers.get("origin")
        if origin is None or not self._is_allowed(origin):
            return {}
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def _found(request: Request) -> tuple[Operation | None, Mapping[str, str], set[str]]:
    """What is asked for; and what is needed for it, since who asks only for the head is told as much."""
    return found_route("GET" if request.method == "HEAD" else request.method, path_of(request.target))


def _of_this_machine(host: str) -> bool:
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    name = name.strip("[]").lower()
    if name in ("", "localhost") or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
