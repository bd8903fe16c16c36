"""Between operations of the table and messages of `api.proto`, by the names of their fields.

    METHODS["cancel"] == Method("Runs", "Cancel", pb.CancelRequest, pb.Done)
    request_of(METHODS["cancel"], {"id": "a", "reason": "x", "key": ""})            a pb.CancelRequest
    packed(pb.Summary(...)) == {"id": "a", "created": "2026-01-01T00:00:00Z", "checkpoints": {...}, ...}

In: arguments of `Service`, views as dicts, messages. Out: the other one. A field that ends in `_json` holds what has no
message; `more_json` what a view has and our messages do not know. Never a message that HTTP could not say.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic_core import from_json, to_json

from raftoral import errors as e
from raftoral.runtime.links import kinds as k
from raftoral.runtime.links.table import OPERATIONS, REQUIRED, Operation, Param
from raftoral.runtime.proto import api_pb2 as pb
from raftoral.runtime.service import Source

MORE = "more_json"
CODE = "raftoral-code"  # in the trailing metadata of an error
ANSWER_BYTES_MAX = 64 * 1024 * 1024
# A client that vanished is noticed, behind the listener too. Ours ask as often; grpcio would take that for an attack.
KEEPALIVE = (
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)
_NAMES = {
    "start-wait": "Runs.StartAndWait",
    "programs": "Programs.List",
    "deploy": "Programs.Deploy",
    "retire": "Programs.Retire",
    "cluster": "Cluster.Show",
    "make_group": "Cluster.MakeGroup",
    "change_group": "Cluster.ChangeGroup",
    "catch_up": "Cluster.CatchUp",
    **{name: f"Cluster.{name.title()}" for name in ("discover", "admit", "remove", "transfer", "token", "health")},
}


class Method(NamedTuple):
    """An operation as gRPC knows it."""

    operation: Operation
    service: str
    name: str
    request: type[Message]
    reply: type[Message]


def _method(operation: Operation) -> Method:
    usual = "Runs." + "".join(map(str.title, operation.name.split("_")))
    service, _, name = _NAMES.get(operation.name, usual).partition(".")
    described = pb.DESCRIPTOR.services_by_name[service].methods_by_name[name]
    request, reply = getattr(pb, described.input_type.name), getattr(pb, described.output_type.name)
    return Method(operation, service, name, request, reply)


METHODS: Mapping[str, Method] = {
    name: _method(operation) for name, operation in OPERATIONS.items() if name != "query-post"
}


# --- requests ------------------------------------------------------------------------------------------------------


def request_of(method: Method, arguments: Mapping[str, Any]) -> Message:
    """The message with the arguments of an operation."""
    request = method.request()
    found = method.operation.found(arguments)
    for param in method.operation.params:
        value = found[param.name]
        if value is None:
            continue
        try:
            _put(request, param, value)
        except (TypeError, ValueError, OverflowError) as error:  # half a surrogate pair, an int that is too large
            raise e.WrongInput(f"{param.name}: it cannot be sent: {error}") from None
    return request


def _put(request: Any, param: Param, value: Any) -> None:
    field = getattr(request, param.name)
    if param.kind is k.TIME:
        field.FromMicroseconds(value)
    elif param.kind is k.SOURCES:
        field.extend(pb.Source(path=each.path, text=each.text) for each in value)
    elif param.kind is k.CHANGES:
        for name, text in value.items():
            field[name].CopyFrom(pb.TagValue(text=text))
    elif param.kind in (k.MAP, k.WHERE):
        field.update(value)
    elif param.kind is k.TEXTS:
        field.extend(value)
    else:
        setattr(request, param.name, value)


def arguments_of(method: Method, request: Any) -> dict[str, Any]:
    """The parameters of a request, by their names in the table."""
    found: dict[str, Any] = {}
    fields = request.DESCRIPTOR.fields_by_name
    for param in method.operation.params:
        value: Any = getattr(request, param.name)
        if fields[param.name].has_presence and not request.HasField(param.name):
            value = param.default
        elif param.kind is k.TIME:
            value = value.ToMicroseconds()
        elif param.kind is k.SOURCES:
            value = [Source(each.path, each.text) for each in value]
        elif param.kind is k.CHANGES:
            value = {name: each.text if each.HasField("text") else None for name, each in value.items()}
        elif param.kind in (k.MAP, k.WHERE):
            value = dict(value)
        elif param.kind is k.TEXTS:
            value = tuple(value)
        elif param.kind is k.SECONDS:
            value = k.given(param.name, param.kind.from_json, value)
        if value is REQUIRED:
            raise e.WrongInput(f"{param.name}: it is missing")
        found[param.name] = value
    return found


# --- replies -------------------------------------------------------------------------------------------------------


def filled(cls: type[Message], data: Mapping[str, Any]) -> Message:
    """The message with the fields of an object."""
    message = cls()
    left = dict(data)
    has_more = MORE in cls.DESCRIPTOR.fields_by_name
    for field in cls.DESCRIPTOR.fields:
        name = field.name.removesuffix("_json")
        if field.name == MORE or name not in left or (left[name] is None and has_more):
            continue
        value = left.pop(name)
        if field.name != name:
            setattr(message, field.name, to_json(value).decode())
        elif value is not None:
            _fill(message, field, value)
    if left and has_more:
        setattr(message, MORE, to_json(left).decode())
    return message


def _fill(message: Message, field: Any, value: Any) -> None:
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        getattr(message, field.name).update(value)
    elif field.is_repeated:
        class_ = getattr(pb, inner.name) if inner is not None else None
        getattr(message, field.name).extend(filled(class_, each) if class_ is not None else each for each in value)
    elif inner is None:
        setattr(message, field.name, value)
    elif inner.full_name == Timestamp.DESCRIPTOR.full_name:
        getattr(message, field.name).FromDatetime(datetime.fromisoformat(value))
    else:
        getattr(message, field.name).CopyFrom(filled(getattr(pb, inner.name), value))


def packed(message: Message) -> dict[str, Any]:
    """The object of which these are the fields. What is optional and not there is null, or not there either where
    `more_json` would say that it is null."""
    found: dict[str, Any] = {}
    has_more = MORE in message.DESCRIPTOR.fields_by_name
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.name == MORE:
            found |= from_json(value) if value else {}
        elif field.name.endswith("_json"):
            found[field.name.removesuffix("_json")] = from_json(value) if value else None
        elif not (has_more and field.has_presence and not message.HasField(field.name)):
            found[field.name] = _packed(message, field, value)
    return found


def _packed(message: Message, field: Any, value: Any) -> Any:
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        return dict(value)
    if field.is_repeated:
        return [packed(each) if inner is not None else each for each in value]
    if field.has_presence and not message.HasField(field.name):
        return None
    if inner is None:
        return value
    if inner.full_name == Timestamp.DESCRIPTOR.full_name:
        return value.ToDatetime(UTC).isoformat().replace("+00:00", "Z")
    return packed(value)
