"""How values of a type are written and read: the plan of a codec, made from the type's Python annotation.

    list[Item]  ->  Plan(schema: a list of models, which pydantic-core reads;  write: one function for the whole value)

One walk over the type gives both, so that they cannot disagree about it. Reading is pydantic-core's work, in one pass
over the bytes. Writing is ours, because it decides about equality: text fragments that the writers put together.

In: annotations, as they stand in generated modules. Out: plans. A type that the language does not have is a
TypeError: a bug of the one who generated it, never of a value.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from inspect import get_annotations
from typing import Annotated, Any, ClassVar, ForwardRef, Literal, NamedTuple, Protocol, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import core_schema as cs, to_json

from . import readers as r, writers as w
from .values import Failed, Handle, Ok, Record, Variant, WorkflowError
from .writers import Write

_NOTHING: Any = object()


class Plan(NamedTuple):
    """How one type is read and written."""

    schema: cs.CoreSchema
    write: Write


class Field(NamedTuple):
    """A field of a record or error: its name in Python, its stored name, its type, its default."""

    name: str
    stored: str
    hint: Any
    default: Any = _NOTHING


class Coding(Protocol):
    """What a planner needs of a finished codec, for errors whose class shows only when they are there."""

    def dumps(self, value: Any) -> bytes: ...
    def loads(self, data: bytes) -> Any: ...


class Planner:
    """Makes the plan of one type. Classes that contain themselves become definitions of the schema."""

    def __init__(self, codec_of: Callable[[Any], Coding]) -> None:
        self.recursive = False
        self._codec_of = codec_of
        self._module = ""  # of the frame that is being planned
        self._open: dict[type, list[Write]] = {}  # classes that are being planned -> their writer, once there is one
        self._circles: set[type] = set()
        self._definitions: list[cs.CoreSchema] = []

    def complete(self, plan: Plan) -> cs.CoreSchema:
        """The schema of a plan with the definitions that it needs."""
        return cs.definitions_schema(plan.schema, self._definitions) if self._definitions else plan.schema

    def plan(self, hint: Any) -> Plan:
        origin = get_origin(hint)
        if origin is Annotated:
            return self.plan(get_args(hint)[0])
        if hint in _PLAIN:
            return _PLAIN[hint]
        if origin in (Union, types.UnionType):
            return self._union(get_args(hint))
        if origin is list:
            item = self.plan(get_args(hint)[0])
            return Plan(cs.list_schema(item.schema), w.list_writer(item.write))
        if origin is dict:
            return self._map(*get_args(hint))
        if origin is tuple:
            return self._tuple(get_args(hint))
        if origin is Literal:
            return Plan(cs.literal_schema(list(get_args(hint))), w.literal_writer(get_args(hint)))
        if origin is Ok:
            return self._ok(get_args(hint)[0])
        if origin is Handle or hint is Handle:
            return Plan(cs.no_info_after_validator_function(Handle, r.STR), w.write_str)
        if isinstance(hint, type):
            return self._class(hint)
        raise TypeError(f"no type of the language: {hint!r}")

    def named(self, hints: Mapping[str, Any]) -> Plan:
        """An object with these fields, as a dict."""
        plans = {name: self.plan(hint) for name, hint in hints.items()}
        schema = _object_schema([Field(name, name, hint) for name, hint in hints.items()], plans)
        return Plan(schema, w.dict_writer([(name, plan.write) for name, plan in plans.items()]))

    # --- collections -------------------------------------------------------------------------------------------

    def _map(self, key: Any, value: Any) -> Plan:
        read_key, write_key = _key(key)
        item = self.plan(value)
        return Plan(cs.dict_schema(read_key, item.schema), w.map_writer(write_key, item.write))

    def _tuple(self, hints: tuple[Any, ...]) -> Plan:
        if len(hints) == 2 and hints[1] is ...:
            item = self.plan(hints[0])
            return Plan(cs.tuple_variable_schema(item.schema), w.list_writer(item.write, tuple))
        items = [self.plan(hint) for hint in hints]
        writes = [(str(at), item.write) for at, item in enumerate(items)]
        return Plan(cs.tuple_positional_schema([item.schema for item in items]), w.tuple_writer(tuple, writes))

    # --- classes -----------------------------------------------------------------------------------------------

    def _class(self, cls: type) -> Plan:
        if issubclass(cls, Enum):
            return Plan(r.enum_schema(cls), w.enum_writer(cls))
        if cls is WorkflowError:
            return self._any_error()
        if issubclass(cls, Failed):
            return self._failed()
        make = _maker_of(cls)
        if cls in self._open:
            return self._again(cls)
        self._open[cls] = later = []
        plan = make(self, cls)
        del self._open[cls]
        if cls not in self._circles:
            return plan
        self.recursive = True
        later.append(w.bounded_writer(plan.write))
        schema: Any = {**plan.schema, "ref": _ref(cls)}
        self._definitions.append(schema)
        return Plan(cs.definition_reference_schema(_ref(cls)), later[0])

    def _again(self, cls: type) -> Plan:
        """A class inside of itself: read by reference, written by a writer that is not there yet."""
        self._circles.add(cls)
        return Plan(cs.definition_reference_schema(_ref(cls)), w.later_writer(self._open[cls]))

    def _record(self, cls: type[Record]) -> Plan:
        fields = record_fields(cls)
        plans = {field.name: self.plan(field.hint) for field in fields}
        inside = cs.model_fields_schema(
            {f.name: cs.model_field(_with_default(f, plans), validation_alias=f.stored) for f in fields},
            extra_behavior="ignore",
        )
        schema = cs.no_info_after_validator_function(r.record_maker(cls), inside)
        return Plan(schema, w.record_writer(cls, [(f.stored, f.name, plans[f.name].write) for f in fields]))

    def _frame(self, cls: Any) -> Plan:
        hints = annotations_of(cls)
        self._module = cls.__module__
        plans = {name: self.plan(hints[name]) for name in cls._fields}
        array = cs.tuple_positional_schema([plan.schema for plan in plans.values()])
        schema = cs.no_info_after_validator_function(cls._make, array)
        return Plan(schema, w.tuple_writer(cls, [(name, plan.write) for name, plan in plans.items()]))

    def _error(self, cls: type[WorkflowError]) -> Plan:
        fields = error_fields(cls)
        plans = {field.name: self.plan(field.hint) for field in fields}

        def made(value: dict[str, Any]) -> WorkflowError:
            inside = value["fields"]
            return cls(**{field.name: inside[field.stored] for field in fields})

        kind = cs.typed_dict_field(cs.literal_schema([cls.KIND]))
        inside = cs.typed_dict_field(_object_schema(fields, plans))
        schema = cs.no_info_after_validator_function(
            made, cs.typed_dict_schema({"kind": kind, "fields": inside}, extra_behavior="ignore")
        )
        write = w.record_writer(cls, [(field.stored, field.name, plans[field.name].write) for field in fields])
        return Plan(schema, w.error_writer(cls.KIND, write))

    def _any_error(self) -> Plan:
        """Any error of which this process knows the class, for handlers that pass on what they got."""
        codec_of, module = self._codec_of, self._module

        def made(value: dict[str, Any]) -> WorkflowError:
            cls = known_errors(module).get(str(value.get("kind")))
            if cls is None:
                raise ValueError("`kind` is not known")
            error: WorkflowError = codec_of(cls).loads(to_json(value))
            return error

        schema = cs.no_info_after_validator_function(made, cs.dict_schema(r.STR))
        return Plan(schema, w.any_error_writer(lambda error: codec_of(type(error)).dumps(error)))

    # --- unions ------------------------------------------------------------------------------------------------

    def _union(self, hints: tuple[Any, ...]) -> Plan:
        present = [hint for hint in hints if hint is not type(None)]
        if len(present) < len(hints):
            inner = self._union(tuple(present))
            return Plan(cs.nullable_schema(inner.schema), w.optional_writer(inner.write))
        if len(present) == 1:
            return self.plan(present[0])
        choices: dict[str, Any] = {}
        writes: dict[type, Write] = {}
        for hint in present:
            cls = get_origin(hint) or hint
            kind, plan = _kind(cls), self.plan(hint)
            if kind in choices:
                raise TypeError(f"two members of a union are called {kind}: give one of the classes a kind")
            choices[kind] = plan.schema
            writes[cls] = plan.write
        return Plan(cs.tagged_union_schema(choices, discriminator="kind"), w.union_writer(writes))

    def _ok(self, hint: Any) -> Plan:
        plan = self.plan(hint)
        fields = [Field("kind", "kind", Literal["Ok"]), Field("value", "value", hint)]
        read = _object_schema(fields, {"kind": self.plan(Literal["Ok"]), "value": plan})
        schema = cs.no_info_after_validator_function(lambda found: Ok(found["value"]), read)
        return Plan(schema, w.record_writer(Ok, [("value", "value", plan.write)], kind="Ok"))

    def _failed(self) -> Plan:
        read = self.named({"detail": str, "error": str, "kind": Literal["Failed"]}).schema
        schema = cs.no_info_after_validator_function(lambda found: Failed(found["error"], found["detail"]), read)
        fields = [(name, name, w.write_str) for name in ("detail", "error")]
        return Plan(schema, w.record_writer(Failed, fields, kind="Failed"))


def _object_schema(fields: list[Field], plans: Mapping[str, Plan]) -> cs.CoreSchema:
    """An object that becomes a dict by stored names."""
    return cs.typed_dict_schema(
        {field.stored: cs.typed_dict_field(_with_default(field, plans)) for field in fields}, extra_behavior="ignore"
    )


def _maker_of(cls: type) -> Callable[[Planner, Any], Plan]:
    if issubclass(cls, Record):
        return Planner._record
    if issubclass(cls, WorkflowError):
        return Planner._error
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return Planner._frame
    raise TypeError(f"no type of the language: {cls.__name__}")


def _with_default(field: Field, plans: Mapping[str, Plan]) -> cs.CoreSchema:
    schema = plans[field.name].schema
    if field.default is _NOTHING:
        return schema
    default = field.default
    if isinstance(default, list | dict):  # one for each value: user code may change what Python lets it change
        return cs.with_default_schema(schema, default_factory=default.copy)
    return cs.with_default_schema(schema, default=default)


def _kind(cls: Any) -> str:
    """The tag of a member of a union."""
    if isinstance(cls, type) and issubclass(cls, WorkflowError):
        return cls.KIND
    if isinstance(cls, type) and issubclass(cls, Variant | Ok | Failed):
        return cls.__name__
    raise TypeError(f"no member of a union of the language: {cls!r}")


def _ref(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}:{id(cls)}"  # it stays in this process


def _key(hint: Any) -> tuple[cs.CoreSchema, Write]:
    """How the keys of a map are read and written."""
    if isinstance(hint, type) and issubclass(hint, Enum):
        return r.enum_schema(hint), w.enum_writer(hint)
    if hint in _KEYS:
        return _KEYS[hint]
    raise TypeError(f"no type of a key: {hint!r}")


_KEYS: dict[Any, tuple[cs.CoreSchema, Write]] = {
    str: (r.STR, w.write_str),
    int: (r.KEY_INT, w.key_int),
    bool: (r.KEY_BOOL, w.key_bool),
    UUID: (r.UUID_TEXT, w.write_uuid),
    datetime: (r.TIMESTAMP, w.write_timestamp),
}
_PLAIN: dict[Any, Plan] = {
    None: Plan(r.NONE, w.write_none),
    type(None): Plan(r.NONE, w.write_none),
    bool: Plan(r.BOOL, w.write_bool),
    int: Plan(r.INT, w.write_int),
    float: Plan(r.FLOAT, w.write_float),
    str: Plan(r.STR, w.write_str),
    Decimal: Plan(r.DECIMAL, w.write_decimal),
    bytes: Plan(r.BYTES, w.write_bytes),
    timedelta: Plan(r.DURATION, w.write_duration),
    datetime: Plan(r.TIMESTAMP, w.write_timestamp),
    UUID: Plan(r.UUID_TEXT, w.write_uuid),
}


# --- what classes say of themselves ------------------------------------------------------------------------------


def record_fields(cls: type[Record]) -> list[Field]:
    hints = annotations_of(cls)
    fields = []
    for name, info in cls.model_fields.items():
        default = _NOTHING if info.is_required() else info.get_default(call_default_factory=True)
        fields.append(Field(name, _stored(info) or name, hints[name], default))
    return fields


def error_fields(cls: type[WorkflowError]) -> list[Field]:
    hints = annotations_of(cls)
    fields = []
    for name in cls.FIELDS:
        infos = [info for info in getattr(hints[name], "__metadata__", ()) if isinstance(info, FieldInfo)]
        stored = next((found for info in infos if (found := _stored(info))), name)
        fields.append(Field(name, stored, hints[name], getattr(cls, name, _NOTHING)))
    return fields


def _stored(info: FieldInfo) -> str | None:
    alias = info.validation_alias or info.alias
    return alias if isinstance(alias, str) else None


# Classes that have annotations of their own, which are no fields.
_BASES = (Record, Variant, WorkflowError, BaseModel)


def annotations_of(cls: type) -> dict[str, Any]:
    """The evaluated annotations of a class and its bases. A field does not hide a type of the same name."""
    hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base in _BASES or base.__module__ == "builtins":
            continue
        names = vars(sys.modules[base.__module__])
        for name, hint in get_annotations(base).items():
            written = hint.__forward_arg__ if isinstance(hint, ForwardRef) else hint  # NamedTuple wraps what it gets
            found = eval(written, names) if isinstance(written, str) else written
            if get_origin(found) is not ClassVar:
                hints[name] = found
    return hints


def known_errors(module: str) -> dict[str, type[WorkflowError]]:
    """Kind -> class, of every error of this process. A kind is the full name of an error (`shop.Gone`), so only the
    modules of several versions of a program have classes of the same kind: those that `module` names come before
    others, and those that it declares before those that it imports."""
    declared: list[type[WorkflowError]] = []
    waiting = WorkflowError.__subclasses__()
    while waiting:
        cls = waiting.pop()
        declared.append(cls)
        waiting += cls.__subclasses__()
    names = vars(sys.modules[module]).values() if module else ()
    named = [cls for cls in list(names) if isinstance(cls, type) and issubclass(cls, WorkflowError)]
    own = [cls for cls in named if cls.__module__ == module]
    return {cls.KIND: cls for cls in (*declared, *named, *own) if cls is not WorkflowError}
