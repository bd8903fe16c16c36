"""The OpenAPI document, made from the table of operations.

    document()["paths"]["/v1/runs/{id}:cancel"]["post"]["operationId"] == "cancel"

In: the table, and the views as dataclasses. Out: a document of OpenAPI 3.1, as a dict. Never written by hand: what the
server does and what it says it does cannot differ.
"""

from __future__ import annotations

import inspect
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter

import raftoral
from raftoral.runtime.links.forms import VIEWS, ref
from raftoral.runtime.links.table import OPERATIONS, REQUIRED, Operation, Param, Place
from raftoral.runtime.service import Service

PROBLEM = {
    "type": "object",
    "required": ["status", "code", "detail"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "detail", "category")},
        "code": {"type": "string", "description": "stable, for programs"},
        "status": {"type": "integer"},
        "retryable": {"type": "boolean"},
    },
}


def document() -> dict[str, Any]:
    """All operations, with their schemas."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS.values():
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Raftoral", "version": raftoral.__version__, "description": "Durable workflows."},
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM, **_views()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    about = operation.about or inspect.getdoc(getattr(Service, operation.asks)) or ""
    made: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": " ".join(about.split()),
        "responses": {str(operation.gives.status): _response(operation), "default": _problem()},
        "security": [{"token": [operation.right]}] if operation.right else [],
    }
    if parameters := [_parameter(p) for p in operation.params if p.place not in (Place.BODY, Place.WHOLE)]:
        made["parameters"] = parameters
    if body := _body(operation):
        made["requestBody"] = body
    return made


def _parameter(param: Param) -> dict[str, Any]:
    made: dict[str, Any] = {"name": param.wire, "in": param.place.value, "schema": _schema(param)}
    if param.default is REQUIRED:
        made["required"] = True
    if param.about:
        made["description"] = param.about
    if made["schema"].get("type") == "object":  # name=value, once for each
        made["schema"] = {"type": "array", "items": {"type": "string"}}
    return made


def _schema(param: Param) -> dict[str, Any]:
    plain = isinstance(param.default, str | int | float) and param.default != ""
    return {**param.kind.schema, **({"default": param.default} if plain else {})}


def _body(operation: Operation) -> dict[str, Any] | None:
    for param in operation.params:
        if param.place is Place.WHOLE:
            return {"content": {"application/json": {"schema": {**param.kind.schema, "description": param.about}}}}
    fields = [param for param in operation.params if param.place is Place.BODY]
    if not fields:
        return None
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {p.wire: {**_schema(p), **({"description": p.about} if p.about else {})} for p in fields},
        "additionalProperties": False,
    }
    if required := [param.wire for param in fields if param.default is REQUIRED]:
        schema["required"] = required
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}


def _response(operation: Operation) -> dict[str, Any]:
    gives = operation.gives
    if gives.status == 204:
        return {"description": "it was done"}
    media = "text/event-stream" if operation.name == "watch" else "application/json"
    return {"description": "it was done", "content": {media: {"schema": gives.schema}}}


def _problem() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "it was not", "content": {"application/problem+json": {"schema": schema}}}


def _views() -> dict[str, Any]:
    """Schemas of the views, and of what they hold."""
    found: dict[str, Any] = {}
    for name, view in VIEWS.items():
        if issubclass(view, tuple):  # named, and so it is an object on the wire
            hints = get_type_hints(view)
            properties = {field: _of_type(hint) for field, hint in hints.items()}
            found[name] = {"type": "object", "required": [*hints], "properties": properties}
        else:
            schema = _schema_of(view)
            found |= schema.pop("$defs", {})
            found[name] = schema
    return found


def _of_type(hint: Any) -> dict[str, Any]:
    for name, view in VIEWS.items():
        if hint is view:
            return ref(name)
        if get_args(hint) == (view, ...):  # tuple[view, ...]
            return {"type": "array", "items": ref(name)}
    return _schema_of(hint)


def _schema_of(hint: Any) -> dict[str, Any]:
    return TypeAdapter(hint).json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
