"""What people and programs see of a run: a summary, a description, a report. Data only; made from rows and runs.

    description.waits == [Wait(step="charge_card", kind="activity", name="charge_card", attempt=2, ...)]

In: what the machine keeps, or what another node wrote (`from_dict`). Out: plain values that `json` can write
(`to_dict`). Never anything that a change of the run could change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

from pydantic_core import from_json

from .core.execution import EPOCH, MICROSECOND
from .core.lifecycle import all_ops
from .core.state import Kind, Op, Run
from .ports import Row
from .proto import state_pb2 as pb

KINDS = {
    Kind.EFFECT: "activity",
    Kind.TIMER: "timer",
    Kind.SIGNAL: "signal",
    Kind.CHILD: "spawned child",
    Kind.RUN: "child",
}


def moment(us: int) -> datetime:
    return EPOCH + MICROSECOND * us


@dataclass(frozen=True, slots=True)
class Summary:
    """A line of a list."""

    id: str
    workflow: str
    version: int
    status: str
    parent: str | None
    created: datetime
    updated: datetime
    ended: datetime | None
    tags: Mapping[str, str]
    checkpoints: Mapping[str, Any]
    seq: int

    def to_dict(self) -> dict[str, Any]:
        return plain(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """What `to_dict` gave. What a newer node added is passed over."""
        return cls(**_known(cls, data))


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that a run waits for, and where."""

    step: str
    line: int
    kind: str
    name: str
    since: datetime
    due: datetime | None
    attempt: int
    failures: int


@dataclass(frozen=True, slots=True)
class Description(Summary):
    """Everything that is known of a run. `reason` says why it stands still; `failure` how it failed; `owner` which node
    of a cluster performs its effects."""

    args: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    reason: str = ""
    note: str = ""
    waits: tuple[Wait, ...] = ()
    mail: Mapping[str, int] = field(default_factory=dict)
    children: tuple[str, ...] = ()
    undos: int = 0
    steps: int = 0
    owner: str = ""
    result: Any = None
    failure: Any = None


@dataclass(frozen=True, slots=True)
class StepReport:
    """What became of one step: how often it was called and tried, how long that took, and what came last."""

    step: str
    activity: str
    calls: int
    attempts: int
    failures: int
    seconds: float
    result: Any
    error: str
    trace: str


@dataclass(frozen=True, slots=True)
class RunReport:
    """S2.5: `results` by the name of the step, `errors`, how long it took, and metrics."""

    workflow_id: str
    status: str
    result: Any
    results: Mapping[str, Any]
    errors: Mapping[str, str]
    total_duration: float
    metrics: Mapping[str, Any]
    steps: tuple[StepReport, ...]

    def to_dict(self) -> dict[str, Any]:
        return plain(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """What `to_dict` gave. What a newer node added is passed over."""
        return cls(**_known(cls, data))


class Change(NamedTuple):
    """What a watcher sees: where a run rests now."""

    id: str
    status: str
    steps: tuple[str, ...]
    updated: datetime


class Branch(NamedTuple):
    """A run with the runs that it started."""

    run: Summary
    children: tuple[Branch, ...]


def plain(value: Any) -> dict[str, Any]:
    """As JSON knows it: times as RFC 3339, tuples as lists."""
    made: dict[str, Any] = json.loads(json.dumps(asdict(value), default=_text))
    return made


def _text(value: object) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def change_dict(change: Change) -> dict[str, Any]:
    return {**change._asdict(), "steps": list(change.steps), "updated": _text(change.updated)}


def change_from(data: Mapping[str, Any]) -> Change:
    return Change(data["id"], data["status"], tuple(data["steps"]), datetime.fromisoformat(data["updated"]))


def branch_from(data: Mapping[str, Any]) -> Branch:
    return Branch(Summary.from_dict(data["run"]), tuple(branch_from(child) for child in data["children"]))


# What JSON has no form for, by the name of the field; all other fields are as they are read.
_READ: dict[str, Any] = {
    **dict.fromkeys(("created", "updated", "ended", "since", "due"), datetime.fromisoformat),
    "waits": lambda waits: tuple(Wait(**_known(Wait, wait)) for wait in waits),
    "children": tuple,
}


def _known(cls: type, data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a view, from what JSON made of them."""
    read = _READ
    if cls is RunReport:
        read = {"steps": lambda steps: tuple(StepReport(**_known(StepReport, step)) for step in steps)}
    names = [each.name for each in fields(cls) if each.name in data]
    return {name: read[name](data[name]) if name in read and data[name] is not None else data[name] for name in names}


def summary(row: Row) -> Summary:
    return Summary(**_head(row))


def _head(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "workflow": row.workflow,
        "version": row.version,
        "status": row.status,
        "parent": row.parent,
        "created": moment(row.created),
        "updated": moment(row.updated),
        "ended": None if row.ended is None else moment(row.ended),
        "tags": json.loads(row.tags),
        "checkpoints": json.loads(row.checkpoints),
        "seq": row.seq,
    }


def description(row: Row, run: Run | None, params: tuple[str, ...]) -> Description:
    """`params` are the names of the parameters; `run` is there while it lives."""
    values = from_json(row.args)
    more: dict[str, Any] = {"args": dict(zip(params, values, strict=False)) if params else {}}
    if run is not None:
        more |= {
            "code": run.code.partition(":")[0],
            "reason": run.reason,
            "note": run.note,
            "waits": tuple(_wait(run, op) for op in all_ops(run)),
            "mail": {name: len(box) for name, box in run.mail.items()},
            "children": tuple(run.children),
            "undos": len(run.undos),
            "steps": run.steps,
            "owner": run.owner,
        }
    if row.result is not None:
        more["result"] = from_json(row.result)
    if row.failure is not None:
        more["failure"] = from_json(row.failure)
    return Description(**_head(row), **more)


def _wait(run: Run, op: Op) -> Wait:
    strand, _ = run.waiting[op.number]
    line = strand.slot.line if strand.slot is not None else 0
    due = moment(op.due) if op.due else None
    return Wait(op.step, line, KINDS[op.kind], op.name, moment(op.asked), due, op.attempt, op.failures)


def report(row: Row, trails: Mapping[str, pb.Trail], now: int, resources: Mapping[str, int]) -> RunReport:
    """`results` of steps that were called; the last of each, when a loop called it often."""
    steps = tuple(_step(step, trail) for step, trail in trails.items())
    errors = {each.step: each.error for each in steps if each.error}
    if row.failure is not None:
        errors["workflow"] = row.failure.decode()
    ended = row.ended if row.ended is not None else now
    return RunReport(
        workflow_id=row.id,
        status=row.status,
        result=from_json(row.result) if row.result is not None else None,
        results={each.step: each.result for each in steps if each.calls},
        errors=errors,
        total_duration=timedelta(microseconds=ended - row.created).total_seconds(),
        metrics={
            "node_durations": {each.step: each.seconds for each in steps},
            "attempts": {each.step: each.attempts for each in steps},
            "resource_access_count": dict(resources),
        },
        steps=steps,
    )


def _step(step: str, trail: pb.Trail) -> StepReport:
    result = from_json(trail.result) if trail.result else None
    return StepReport(
        step,
        trail.activity,
        trail.calls,
        trail.attempts,
        trail.failures,
        trail.seconds,
        result,
        trail.detail if trail.failures and not trail.calls else "",
        trail.trace,
    )


__all__ = [
    *("LIVE", "Branch", "Change", "Description", "RunReport", "StepReport", "Summary", "Wait"),
    *("branch_from", "change_dict", "change_from", "description", "report", "summary"),
]
