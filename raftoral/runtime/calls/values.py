"""Between Python values and the bytes that are stored: arguments, messages, results, failures.

    arguments_bytes(program, (order,)) == b'[{"customer":"ann",...}]'
    arguments_from(program, b'{"order": {"customer": "ann"}}') == b'[{"customer":"ann","items":[],...}]'

In: values of a workflow's types, or JSON of somebody who does not have them. Out: canonical bytes, and values again.
What does not fit is `WrongInput` in words that name the field. `Local`, the node and the client share it, so that they
say the same. Never asks a run.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_type_hints
from uuid import uuid4

from pydantic_core import from_json, to_json

from raftoral import errors as e
from raftoral.program.codec import codec_of
from raftoral.program.faults import Fault
from raftoral.program.plans import known_errors
from raftoral.program.steps import Definition, Query
from raftoral.program.values import WorkflowError
from raftoral.runtime.core.programs import Program

ID_MAX = 200  # characters


def checked_id(id: str) -> str:
    if not isinstance(id, str) or not id or len(id) > ID_MAX or not id.isprintable():
        raise e.UsageError(f"an id is a printable text of 1 to {ID_MAX} characters, not {id!r}")
    return id


def drawn_id() -> str:
    """An id for a run that nobody named, or a key for a call that may be repeated."""
    return uuid4().hex


def checked_tags(tags: Mapping[str, str] | None) -> Mapping[str, str]:
    if tags and not all(isinstance(name, str) and isinstance(value, str) for name, value in tags.items()):
        raise e.UsageError("tags are texts by name")
    return tags or {}


def tags_text(tags: Mapping[str, str] | None) -> str:
    """Tags as they are stored."""
    return json.dumps(dict(sorted(checked_tags(tags).items())), ensure_ascii=False) if tags else "{}"


def checked_changes(tags: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Tags to set, and with None to take away."""
    if not all(value is None or isinstance(value, str) for value in tags.values()):
        raise e.WrongInput("tags are texts by name; None takes one away")
    return tags


def parsed(data: bytes, what: str) -> Any:
    """JSON that somebody sent."""
    try:
        return from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise e.WrongInput(f"{what} is not JSON: {error}") from None


def json_bytes(value: Any, what: str) -> bytes:
    """A value of somebody without types, as JSON."""
    try:
        return to_json(value, inf_nan_mode="constants")
    except ValueError as error:
        raise e.WrongInput(f"{what} cannot be written as JSON: {error}") from None


def definitions_among(values: Iterable[Any]) -> list[Definition]:
    """The workflows among the names of a module."""
    held = [value if isinstance(value, Definition) else getattr(value, "DEFINITION", None) for value in values]
    return [each for each in held if isinstance(each, Definition)]


# --- arguments ---------------------------------------------------------------------------------------------------


def fields_of(definition: Definition) -> tuple[str, ...]:
    """The names of a workflow's parameters."""
    return tuple(getattr(definition.args, "_fields", ()))


def arguments_bytes(program: Program, args: Sequence[Any]) -> bytes:
    """Arguments as values, by place."""
    definition = program.definition
    try:
        return program.args.dumps(args if isinstance(args, definition.args) else definition.args(*args))
    except TypeError:
        takes = ", ".join(fields_of(definition)) or "no arguments"
        raise e.WrongInput(f"the input of {program.name}: it takes {takes}, and got {len(args)}") from None
    except Fault as fault:
        raise e.WrongInput(f"the input of {program.name}: {_by_field(definition, fault.message)}") from None


def arguments_from(program: Program, data: bytes) -> bytes:
    """Arguments as JSON, a list or an object by name; canonical bytes."""
    what = f"the input of {program.name}"
    values = arguments_by_name(program.definition, parsed(data, what), what, lambda name, known: "")
    return arguments_bytes(program, values)


Suggest = Callable[[str, Sequence[str]], str]


def arguments_by_name(definition: Definition, given: Any, what: str, suggest: Suggest) -> tuple[Any, ...]:
    """Values from JSON that was parsed, by name or by place; what has a default may be left out.

    `what` begins every message; `suggest` may end one, with the name that was meant.
    """
    fields = fields_of(definition)
    defaults: dict[str, Any] = getattr(definition.args, "_field_defaults", {})
    if isinstance(given, list):
        if len(given) > len(fields):
            raise e.WrongInput(f"{what}: it takes {', '.join(fields) or 'no arguments'}, and got {len(given)}")
        given = dict(zip(fields, given, strict=False))
    if not isinstance(given, dict):
        raise e.WrongInput(f"{what}: an object with the arguments by name, or a list of them")
    names = {field.rstrip("_") if field.rstrip("_") in given else field: field for field in fields}
    unknown = [name for name in given if name not in names]
    if unknown:
        close = suggest(unknown[0], list(names))
        takes = ", ".join(names) or "none"
        raise e.WrongInput(f"{what}: there is no argument {unknown[0]!r}{close}; it takes {takes}")
    missing = [name for name, field in names.items() if name not in given and field not in defaults]
    if missing:
        raise e.WrongInput(f"{what}: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    hints = get_type_hints(definition.args) if fields else {}
    return tuple(
        definition.args(
            *(
                _read(hints[field], given[name], what, name) if name in given else defaults[field]
                for name, field in names.items()
            )
        )
    )


def _read(type_: Any, value: Any, what: str, name: str) -> Any:
    try:
        return codec_of(type_).loads(to_json(value))
    except Fault as fault:
        raise e.WrongInput(f"{what}: {fault.inside(name).message}") from None


def _by_field(definition: Definition, message: str) -> str:
    """`[0].items`: arguments are fields for people, and places for the codec."""
    for place, name in enumerate(fields_of(definition)):
        if message.startswith(f"[{place}]"):
            return name + message[len(f"[{place}]") :]
    return message


# --- signals and queries -----------------------------------------------------------------------------------------


def signal_type(program: Program, name: str) -> Any:
    signals = program.definition.signals
    if name not in signals:
        known = ", ".join(sorted(signals)) or "none"
        raise e.UnknownSignal(f"{program.name} has no signal {name!r}; it has: {known}")
    return signals[name]


def signal_bytes(program: Program, name: str, payload: Any) -> bytes:
    """The payload of a signal, from a value."""
    try:
        return codec_of(signal_type(program, name)).dumps(payload)
    except Fault as fault:
        raise e.WrongInput(f"the signal {name} of {program.name}: {fault.message}") from None


def signal_from(program: Program, name: str, data: bytes) -> bytes:
    """The payload of a signal, from JSON."""
    try:
        codec = codec_of(signal_type(program, name))
        return codec.dumps(codec.loads(data))
    except Fault as fault:
        raise e.WrongInput(f"the signal {name} of {program.name}: {fault.message}") from None


def query_of(program: Program, name: str) -> Query:
    query = program.definition.queries.get(name)
    if query is None:
        known = ", ".join(sorted(program.definition.queries)) or "none"
        raise e.UnknownSignal(f"{program.name} has no query {name!r}; it has: {known}")
    return query


def query_bytes(program: Program, name: str, args: Sequence[Any]) -> bytes:
    """The arguments of a query, from values."""
    query = query_of(program, name)
    check_query(program, name, args)
    written = (codec_of(type_).dumps(value) for type_, value in zip(query.params, args, strict=False))
    return b"[" + b",".join(written) + b"]"


def query_args(program: Program, name: str, data: bytes) -> tuple[Any, ...]:
    """The arguments of a query, from a JSON list."""
    what, query = f"the query {name} of {program.name}", query_of(program, name)
    given = parsed(data, f"{what}: what it is asked with")
    if not isinstance(given, list):
        raise e.WrongInput(f"{what}: its arguments are a list")
    if len(given) > len(query.params):
        raise e.WrongInput(f"{what}: it takes {len(query.params)} arguments, and got {len(given)}")
    return tuple(
        _read(type_, value, what, f"argument {place}")
        for place, (type_, value) in enumerate(zip(query.params, given, strict=False), 1)
    )


def query_answer(program: Program, name: str, data: bytes) -> Any:
    """What a query gave, as a value."""
    return codec_of(query_of(program, name).result).loads(data)


def check_query(program: Program, name: str, args: Sequence[Any]) -> None:
    """Refuses arguments of a query that do not fit."""
    what, query = f"the query {name} of {program.name}", query_of(program, name)
    if len(args) > len(query.params):
        raise e.WrongInput(f"{what}: it takes {len(query.params)} arguments, and got {len(args)}")
    try:
        inspect.signature(query.answer).bind(None, None, None, *args)
    except TypeError:
        raise e.WrongInput(f"{what}: it takes {len(query.params)} arguments, and got {len(args)}") from None
    for place, (type_, value) in enumerate(zip(query.params, args, strict=False), 1):
        try:
            codec_of(type_).dumps(value)
        except Fault as fault:
            raise e.WrongInput(f"{what}: argument {place}: {fault.message}") from None


# --- how a run ended ---------------------------------------------------------------------------------------------


def result_of(program: Program | None, result: bytes) -> Any:
    """What a run gave; as plain JSON when its program is not known here."""
    return program.result.loads(result) if program is not None else json.loads(result)


def failure_of(id: str, status: str, failure: bytes | None, program: Program | None) -> e.RunFailed:
    """The exception for a run that ended without a result."""
    error: WorkflowError | None = None
    if failure is not None and program is not None:
        kind = str(json.loads(failure).get("kind"))
        if kind in known_errors(program.module):
            error = program.error(failure)
    kinds = {"cancelled": e.RunCancelled, "terminated": e.RunTerminated}
    shown = str(error) if error is not None else (failure or b"").decode()
    how = status
    if status in kinds:
        how, shown = f"was {status}", getattr(error, "reason", shown)
    failed = kinds.get(status, e.RunFailed)(id, status, error, f"the run {id!r} {how}: {shown}")
    failed.__cause__ = error
    return failed
