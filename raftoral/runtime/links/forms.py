"""What operations give: each form as bytes of JSON, back from them, and its schema.

    DELETED.write(3) == b'{"deleted":3}'          DELETED.read(b'{"deleted":3}') == 3

In: what a method of `Service` returned. Out: the body of a response, and the value again at the other end. JSON of a
workflow's types is passed through as it is. Never decides whether something went well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from raftoral.runtime.service import Ended, Page
from raftoral.runtime.views import Branch, Change, Description, RunReport, Summary


class Form(NamedTuple):
    """`write` and `read` are for bytes; nothing is no bytes. `pack` and `unpack` are the same for an object, for those
    who write it otherwise."""

    schema: dict[str, Any]
    write: Callable[[Any], bytes]
    read: Callable[[bytes], Any]
    pack: Callable[[Any], dict[str, Any]]
    unpack: Callable[[dict[str, Any]], Any]
    status: int = 200


VIEWS: dict[str, Any] = {each.__name__: each for each in (Summary, Description, RunReport, Branch, Change)}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _under(name: str, schema: dict[str, Any], status: int = 200) -> Form:
    """One value, as an object with one field: so that another one may come beside it."""
    whole = {"type": "object", "required": [name], "properties": {name: schema}}
    return _object(whole, lambda value: {name: value}, lambda packed: packed[name], status)


def _object(
    schema: dict[str, Any], pack: Callable[[Any], dict[str, Any]], unpack: Callable[[dict[str, Any]], Any], status: int
) -> Form:
    return Form(schema, lambda value: to_json(pack(value)), lambda data: unpack(from_json(data)), pack, unpack, status)


def _same(value: dict[str, Any]) -> dict[str, Any]:
    return value


def _ended_bytes(ended: Ended) -> bytes:
    """The result goes through as it is: not even a number of it is written anew."""
    head = to_json({"id": ended.id, "workflow": ended.workflow, "version": ended.version, "status": ended.status})
    return b'%s,"result":%s,"failure":%s}' % (head[:-1], ended.result or b"null", ended.failure or b"null")


def _ended(data: bytes) -> Ended:
    value = from_json(data)
    result, failure = value.get("result"), value.get("failure")
    done = value["status"] == "completed"
    return Ended(
        value["id"],
        value["workflow"],
        value["version"],
        value["status"],
        to_json(result) if done else None,
        None if failure is None else to_json(failure),
    )


_STRING = {"type": "string"}
_OBJECT = {"type": "object"}
_ENDED = {
    "type": "object",
    "required": ["id", "workflow", "version", "status", "result", "failure"],
    "properties": {
        **dict.fromkeys(("id", "workflow", "status"), _STRING),
        "version": {"type": "integer"},
        "result": {"description": "what the run gave, when it is completed"},
        "failure": {"description": "an error with its kind, when it is not"},
    },
}
_PAGE = {
    "type": "object",
    "required": ["runs", "next"],
    "properties": {"runs": {"type": "array", "items": ref("Summary")}, "next": _STRING},
}

NOTHING = Form({}, lambda value: b"", lambda data: None, lambda value: {}, lambda packed: None, 204)
ID = _under("id", _STRING, 201)
TOKEN = _under("token", _STRING, 201)
COUNT = _under("count", {"type": "integer"})
DELETED = _under("deleted", {"type": "integer"})
PROGRAMS = _under("programs", {"type": "array", "items": _OBJECT})
ENDED = Form(_ENDED, _ended_bytes, _ended, lambda ended: ended._asdict(), lambda packed: Ended(**packed))
PAGE = _object(
    _PAGE,
    lambda page: {"runs": list(page.runs), "next": page.next},
    lambda packed: Page(packed["runs"], packed["next"]),
    200,
)
RAW = Form({}, bytes, bytes, lambda data: {"result": data}, lambda packed: packed["result"])


def view(name: str = "") -> Form:
    """A dict that the service gave, as it is."""
    return _object(ref(name) if name else _OBJECT, _same, _same, 200)
