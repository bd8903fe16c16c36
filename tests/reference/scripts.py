"""Random scripts of events: the same seed and the same questions give the same answers, whatever it is that runs.

script = Script(7)
script.next(run.pending(), run.version_.signals, run.children())
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from raftoral.dsl.facts import types as t
from raftoral.dsl.facts.symbols import Signal
from tests.reference.values import Arrive, Broke, Cancel, Done, Ended, Event, Fire, Gone, Member, Op, Rec


def value_of(source: random.Random, type: t.Type | None) -> Any:
    """A value of a type."""
    simple: dict[t.Type | None, Callable[[], Any]] = {
        None: lambda: None,
        t.UNIT: lambda: None,
        t.INT: lambda: source.randint(-2, 9),
        t.STR: lambda: source.choice(["", "a", "ab", "7"]),
        t.DECIMAL: lambda: Decimal(source.choice(["0", "1.5", "0.125", "3"])),
        t.FLOAT: lambda: source.choice([0.0, 0.5, 0.95, -2.25]),
        t.BOOL: lambda: source.random() < 0.5,
        t.BYTES: lambda: source.randbytes(2),
        t.UUID: lambda: UUID(int=source.randint(1, 9)),
        t.DURATION: lambda: timedelta(minutes=source.randint(0, 90)),
        t.TIMESTAMP: lambda: datetime(2026, 1, source.randint(1, 9), tzinfo=UTC),
    }
    if type in simple:
        return simple[type]()
    if isinstance(type, t.OptionalType):
        return None if source.random() < 0.4 else value_of(source, type.inner)
    if isinstance(type, t.ListType):
        return [value_of(source, type.item) for _ in range(source.randint(0, 3))]
    if isinstance(type, t.MapType):
        return {value_of(source, type.key): value_of(source, type.value) for _ in range(source.randint(0, 3))}
    if isinstance(type, t.EnumType):
        return Member(type.name, source.choice(list(type.members)))
    if isinstance(type, t.UnionType):
        variant = source.choice(list(type.variants.values()))
        return Rec(variant.name, fields_of(source, variant.fields), type.module)
    assert isinstance(type, t.RecordType | t.ErrorType), type
    return Rec(type.name, fields_of(source, type.fields), type.module)


def fields_of(source: random.Random, fields: dict[str, t.Field]) -> dict[str, Any]:
    return {name: value_of(source, field.type) for name, field in fields.items()}


class Script:
    """Random events for whatever runs: the same questions get the same answers. `None`: nothing can come any more.

    `ops` is what is waited for, oldest first; `signals` the mailboxes; `children` the spawned ones that have not ended.
    """

    def __init__(self, seed: int, cancels: float = 0.02) -> None:
        self.source = random.Random(f"script {seed}")
        self.cancels = cancels

    def next(self, ops: list[Op], signals: dict[str, Signal], children: list[tuple[int, Any]]) -> Event | None:
        source = self.source
        effects = [op for op in ops if op.kind in ("activity", "child")]
        timers = [op for op in ops if op.kind == "timer"]
        awaited = [op for op in ops if op.kind == "signal"]
        kinds = ["effect"] * 6 * bool(effects) + ["timer"] * 2 * bool(timers) + ["awaited"] * 2 * bool(awaited)
        kinds += ["child"] * bool(children)
        if not kinds:
            return None
        if source.random() < self.cancels:
            return Cancel(source.choice(["enough", "wrong"]))
        if signals and source.random() < 0.07:
            name = source.choice(sorted(signals))
            return Arrive(name, value_of(source, signals[name].payload))
        kind = source.choice(kinds)
        if kind == "timer":
            return Fire()
        if kind == "awaited":
            name = source.choice(awaited).name
            return Arrive(name, value_of(source, signals[name].payload))
        if kind == "child":
            number, workflow = source.choice(children)
            return self._child_ends(number, workflow)
        return self._effect_ends(source.choice(effects))

    def _child_ends(self, number: int, workflow: Any) -> Event:
        source, newest = self.source, workflow.newest
        if newest.raises and source.random() < 0.3:
            return Ended(number, value_of(source, source.choice(newest.raises)), failed=True)
        return Ended(number, value_of(source, newest.result))

    def _effect_ends(self, op: Op) -> Event:
        source = self.source
        if op.stopping and source.random() < 0.5:
            return Gone(op.number)
        if op.undo or source.random() < 0.85:
            return Done(op.number, value_of(source, op.type))
        errors = [*op.raises, *op.raises, None]
        error = source.choice(errors)
        if error is not None:
            return Broke(op.number, value_of(source, error))
        if op.name == "ask_once":
            return Broke(op.number, Rec("Interrupted", {"activity": op.name}))
        return Broke(op.number, Rec("ActivityFailed", {"activity": op.name, "detail": "gave up", "attempts": 3}))
