"""An operation and its arguments, as a request of HTTP, and back: both ends use the same table.

    written(OPERATIONS["cancel"], {"id": "a/b", "reason": "x", "key": "k"})
        == ("POST", "/v1/runs/a%2Fb:cancel", {"Idempotency-Key": "k"}, b'{"reason":"x"}')

In: the table, and arguments or the parts of a request. Out: the other one. What does not fit is `WrongInput`, and names
the parameter. Never sends anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode

from pydantic_core import from_json, to_json

from raftoral import errors as e
from raftoral.runtime.links.kinds import ANY, given
from raftoral.runtime.links.table import OPERATIONS, REQUIRED, Operation, Param, Place

QUERY_PARTS_MAX = 1_000
GROUP_HEADER = "Raftoral-Group"  # from node to node: what the asked one itself has of this group, and nobody else's
KEY_SAFE = "".join(map(chr, range(33, 127))).replace("%", "")  # a header takes no more than these


class Request(NamedTuple):
    """What came in. Names of headers are lower case; `target` is as it was sent."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Route(NamedTuple):
    operation: Operation
    pattern: re.Pattern[str]


def _route(operation: Operation) -> Route:
    parts = re.split(r"\{(\w+)\}", operation.path)
    texts = [f"(?P<{part}>[^/]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts)]
    return Route(operation, re.compile("".join(texts)))


# Those with a verb (`:cancel`) come first: an id may hold a colon.
ROUTES = sorted(map(_route, OPERATIONS.values()), key=lambda route: ":" not in route.operation.path)


def path_of(target: str) -> str:
    return target.partition("?")[0].partition("#")[0]


def found_route(method: str, path: str) -> tuple[Operation | None, Mapping[str, str], set[str]]:
    """The operation, what stands in the path, and the methods that the path has."""
    methods: set[str] = set()
    for operation, pattern in ROUTES:
        if match := pattern.fullmatch(path):
            if operation.method == method:
                return operation, match.groupdict(), set()
            methods.add(operation.method)
    return None, {}, methods


def read(operation: Operation, path: Mapping[str, str], request: Request) -> dict[str, Any]:
    """The parameters of a request, by their names in the table."""
    query = _query(request.target)
    places = {param.place for param in operation.params}
    body = _body(request.body) if Place.BODY in places else {}
    found: dict[str, Any] = {}
    for param in operation.params:
        value = _read(param, path, query, body, request)
        if value is REQUIRED:
            raise e.WrongInput(f"{param.wire}: it is missing")
        found[param.name] = value
    _refuse_unknown("the address", query, operation, Place.QUERY)
    _refuse_unknown("the body", body, operation, Place.BODY)
    return found


def _read(param: Param, path: Mapping[str, str], query: dict[str, list[str]], body: Any, request: Request) -> Any:
    kind, name = param.kind, param.wire
    if param.place is Place.PATH:
        return given(name, kind.from_query, [_decoded(path[param.name])])
    if param.place is Place.QUERY:
        return given(name, kind.from_query, query[name]) if name in query else param.default
    if param.place is Place.KEY:
        return _decoded(request.headers.get(name.lower(), param.default))
    if param.place is Place.WHOLE:
        return given(name, kind.from_json, _json(request.body)) if request.body.strip() else param.default
    value = body.get(name)
    usual = param.default is None and value is None  # what may be left out may be null too
    return param.default if usual or name not in body else given(name, kind.from_json, value)


def _query(target: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    text = target.partition("?")[2].partition("#")[0]
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=QUERY_PARTS_MAX)
    except ValueError as error:
        raise e.WrongInput(f"the address cannot be read: {error}") from None
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _body(data: bytes) -> dict[str, Any]:
    value = _json(data) if data.strip() else {}
    if not isinstance(value, dict):
        raise e.WrongInput("the body is an object, with the parameters by name")
    return value


def _json(data: bytes) -> Any:
    try:
        return from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise e.WrongInput(f"the body is not JSON: {error}") from None


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise e.WrongInput("the address is not UTF-8") from None


def _refuse_unknown(where: str, found: Mapping[str, Any], operation: Operation, place: Place) -> None:
    """A parameter with a typing error must not be passed over: `?focre=true`, `?worklfow=...` with a delete."""
    known = [param.wire for param in operation.params if param.place is place]
    for name in found:
        if name not in known:
            takes = ", ".join(known) or "none"
            raise e.WrongInput(f"{where} has a parameter {name!r} that is not known; there are: {takes}")


def written(operation: Operation, arguments: Mapping[str, Any]) -> tuple[str, str, dict[str, str], bytes]:
    """Method, target, headers and body."""
    found = operation.found(arguments)
    path: dict[str, str] = {}
    query: list[tuple[str, str]] = []
    headers: dict[str, str] = {}
    body: list[bytes] = []
    whole = b""
    for param in operation.params:
        value, kind = found[param.name], param.kind
        try:
            if param.place is Place.PATH:
                path[param.name] = quote(kind.to_query(value)[0], safe="", errors="replace")
            elif param.place is Place.WHOLE:
                whole = value if kind is ANY else to_json(kind.to_json(value))
            elif value is None or (value == param.default and param.default is not REQUIRED):
                continue
            elif param.place is Place.QUERY:
                query += [(param.wire, text) for text in kind.to_query(value)]
            elif param.place is Place.KEY:
                headers[param.wire] = quote(value, safe=KEY_SAFE)
            else:
                body.append(b'"%s":%s' % (param.name.encode(), to_json(kind.to_json(value))))
        except (ValueError, TypeError, OverflowError) as error:  # half a surrogate pair, a time of another era
            raise e.WrongInput(f"{param.wire}: it cannot be sent: {error}") from None
    target = operation.path.format(**path) + (f"?{urlencode(query, errors='replace')}" if query else "")
    has_body = any(param.place is Place.BODY for param in operation.params)
    return operation.method, target, headers, whole or (b"{%s}" % b",".join(body) if has_body else b"")
