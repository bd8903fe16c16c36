"""The workflows that a machine knows, with what it looks up in them by name or number.

    programs = Programs([ProcessOrder.DEFINITION])
    programs.newest("orders.ProcessOrder").slots[3]

Slots have numbers and parts have keys, because stored runs name them: functions of a generated module may be called
otherwise after the next compile.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import CodeType
from typing import Any

from pydantic_core import from_json, to_json

from raftoral.program.codec import Codec, codec_of, object_codec
from raftoral.program.faults import Misfit
from raftoral.program.plans import known_errors
from raftoral.program.steps import Activity, Definition, Part, Slot
from raftoral.program.values import WorkflowError


class Program:
    """One version of a workflow, ready to run."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.name = definition.name
        self.version = definition.version
        self.module: str = definition.begin.__module__
        self.slots: dict[int, Slot[Any, Any, Any]] = {slot.number: slot for slot in definition.slots}
        self.parts: dict[str, Part[Any, Any]] = {part.key: part for part in definition.parts}
        self.args: Codec[Any] = codec_of(definition.args)
        self.result: Codec[Any] = codec_of(definition.result)
        self.checkpoints: Codec[dict[str, Any]] = object_codec(definition.checkpoints)
        # (name of the language, attribute of the state): a checkpoint called `class` is `class_` in Python
        fields: tuple[str, ...] = getattr(definition.state, "__slots__", ())
        self.kept = [(name, name if name in fields else f"{name}_") for name in definition.checkpoints]
        self._errors: dict[str, type[WorkflowError]] | None = None
        self._activities: dict[str, Activity[Any]] | None = None

    def activity(self, name: str) -> Activity[Any]:
        """An activity that the module calls, its own or an imported one."""
        if self._activities is None:
            values = vars(sys.modules[self.module]).values() if self.module in sys.modules else ()
            values = values or self.definition.begin.__globals__.values()
            self._activities = {value.full_name: value for value in values if isinstance(value, Activity)}
        return self._activities[name]

    def uses(self) -> list[Activity[Any]]:
        """The activities that this workflow and its children may call, in order of their names: those that their
        functions mention. Two of them may have one name, when they are of two modules."""
        waiting: list[Any] = [self.definition]
        scopes: list[dict[str, Any]] = []
        seen: set[int] = set()
        found: list[Activity[Any]] = []
        while waiting:
            value = waiting.pop()
            if id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, Activity):
                found.append(value)
            elif isinstance(value, Definition):
                scopes.append(value.begin.__globals__)
                waiting += [value.begin, *value.slots, *value.parts]
            elif isinstance(value, type):
                waiting.append(getattr(value, "DEFINITION", None))  # a child, if it is a workflow
            elif isinstance(value, Slot):
                waiting += [value.then, value.failed]
            elif isinstance(value, Part):
                waiting.append(value.start)
            else:
                for names in scopes:
                    if getattr(value, "__globals__", None) is names:
                        waiting += [names[name] for name in _mentioned(value.__code__) if name in names]
        return sorted(found, key=lambda activity: (activity.name, activity.full_name))

    def error(self, data: bytes) -> WorkflowError:
        """The error of which these are the bytes."""
        kind = str(from_json(data)["kind"])
        if self._errors is None or kind not in self._errors:
            self._errors = known_errors(self.module)
        cls = self._errors.get(kind)
        if cls is None:
            raise Misfit(f"an error {kind} that this program does not know")
        error: WorkflowError = codec_of(cls).loads(data)
        return error

    def state_of(self, state: Any) -> bytes:
        """The checkpoints of a run, as a JSON object."""
        if not self.kept:
            return b"{}"
        return self.checkpoints.dumps({name: getattr(state, attribute) for name, attribute in self.kept})

    def state_from(self, data: bytes, args: Any) -> Any:
        """The checkpoints that were stored. Those that a newer version added begin as they do in a new run."""
        state = self.definition.state(args)
        if self.kept:
            stored = self.checkpoints.loads(data if self._has_all(data) else self._completed(data, state))
            for name, attribute in self.kept:
                setattr(state, attribute, stored[name])
        return state

    def _has_all(self, data: bytes) -> bool:
        known = from_json(data)
        return all(name in known for name, _ in self.kept)

    def _completed(self, data: bytes, state: Any) -> bytes:
        return bytes(to_json(from_json(self.state_of(state)) | from_json(data)))


def _mentioned(code: CodeType) -> list[str]:
    """The global names in a function, also in the comprehensions inside of it."""
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return [*code.co_names, *(name for each in inner for name in _mentioned(each))]


def error_bytes(error: WorkflowError) -> bytes:
    return codec_of(type(error)).dumps(error)


def args_bytes(activity: Activity[Any], args: tuple[Any, ...]) -> bytes:
    """The arguments of a call."""
    codec = _args_codec(activity)
    return b"[]" if codec is None else codec.dumps(args)


def args_from(activity: Activity[Any], data: bytes) -> tuple[Any, ...]:
    codec = _args_codec(activity)
    return () if codec is None else codec.loads(data)


_codecs: dict[int, tuple[Activity[Any], Codec[Any] | None]] = {}


def _args_codec(activity: Activity[Any]) -> Codec[Any] | None:
    found = _codecs.get(id(activity))  # an activity has no hash, since its policies may hold maps
    if found is None or found[0] is not activity:
        codec = codec_of(tuple[tuple(activity.params)]) if activity.params else None  # type: ignore[misc]
        found = _codecs[id(activity)] = activity, codec
    return found[1]


class Programs:
    """Every program by its name and version."""

    def __init__(self, definitions: Iterable[Definition] = ()) -> None:
        self._all: dict[tuple[str, int], Program] = {}
        self._newest: dict[str, Program] = {}
        for definition in definitions:
            self.add(definition)

    def add(self, definition: Definition) -> Program:
        """Makes a program known. One that is known already stays."""
        key = definition.name, definition.version
        known = self._all.get(key)
        if known is not None and known.definition is definition:
            return known
        program = self._all[key] = Program(definition)
        newest = self._newest.get(definition.name)
        if newest is None or newest.version <= definition.version:
            self._newest[definition.name] = program
        return program

    def of(self, definition: Definition) -> Program:
        known = self._all.get((definition.name, definition.version))
        return known if known is not None else self.add(definition)

    def get(self, name: str, version: int) -> Program | None:
        return self._all.get((name, version))

    def newest(self, name: str) -> Program | None:
        return self._newest.get(name)

    def all(self) -> Mapping[tuple[str, int], Program]:
        return self._all
