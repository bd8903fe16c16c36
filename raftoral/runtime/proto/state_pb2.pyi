from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Strand(_message.Message):
    __slots__ = ("mode", "slot", "frame", "op", "kind", "name", "args", "due", "attempt", "asked", "failures", "stopping", "overrides", "details", "workflow", "version", "stalled", "ops", "join", "undoing", "pending", "result", "failed", "steps", "op_count", "position", "undo_count", "forks", "fence", "parent_op", "link", "inbox", "code", "reason", "note", "owner", "trails")
    MODE_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    STOPPING_FIELD_NUMBER: _ClassVar[int]
    OVERRIDES_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STALLED_FIELD_NUMBER: _ClassVar[int]
    OPS_FIELD_NUMBER: _ClassVar[int]
    JOIN_FIELD_NUMBER: _ClassVar[int]
    UNDOING_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    OP_COUNT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    UNDO_COUNT_FIELD_NUMBER: _ClassVar[int]
    FORKS_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    PARENT_OP_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    INBOX_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    TRAILS_FIELD_NUMBER: _ClassVar[int]
    mode: int
    slot: int
    frame: bytes
    op: int
    kind: int
    name: str
    args: bytes
    due: int
    attempt: int
    asked: int
    failures: int
    stopping: bool
    overrides: bytes
    details: bytes
    workflow: str
    version: int
    stalled: bool
    ops: _containers.RepeatedCompositeFieldContainer[Op]
    join: Join
    undoing: Undoing
    pending: bytes
    result: bytes
    failed: bytes
    steps: int
    op_count: int
    position: int
    undo_count: int
    forks: int
    fence: int
    parent_op: int
    link: int
    inbox: int
    code: str
    reason: str
    note: str
    owner: str
    trails: _containers.RepeatedCompositeFieldContainer[Trail]
    def __init__(self, mode: _Optional[int] = ..., slot: _Optional[int] = ..., frame: _Optional[bytes] = ..., op: _Optional[int] = ..., kind: _Optional[int] = ..., name: _Optional[str] = ..., args: _Optional[bytes] = ..., due: _Optional[int] = ..., attempt: _Optional[int] = ..., asked: _Optional[int] = ..., failures: _Optional[int] = ..., stopping: _Optional[bool] = ..., overrides: _Optional[bytes] = ..., details: _Optional[bytes] = ..., workflow: _Optional[str] = ..., version: _Optional[int] = ..., stalled: _Optional[bool] = ..., ops: _Optional[_Iterable[_Union[Op, _Mapping]]] = ..., join: _Optional[_Union[Join, _Mapping]] = ..., undoing: _Optional[_Union[Undoing, _Mapping]] = ..., pending: _Optional[bytes] = ..., result: _Optional[bytes] = ..., failed: _Optional[bytes] = ..., steps: _Optional[int] = ..., op_count: _Optional[int] = ..., position: _Optional[int] = ..., undo_count: _Optional[int] = ..., forks: _Optional[int] = ..., fence: _Optional[int] = ..., parent_op: _Optional[int] = ..., link: _Optional[int] = ..., inbox: _Optional[int] = ..., code: _Optional[str] = ..., reason: _Optional[str] = ..., note: _Optional[str] = ..., owner: _Optional[str] = ..., trails: _Optional[_Iterable[_Union[Trail, _Mapping]]] = ...) -> None: ...

class Op(_message.Message):
    __slots__ = ("op", "kind", "name", "args", "due", "attempt", "asked", "failures", "stopping", "overrides", "details", "workflow", "version", "stalled")
    OP_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    STOPPING_FIELD_NUMBER: _ClassVar[int]
    OVERRIDES_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STALLED_FIELD_NUMBER: _ClassVar[int]
    op: int
    kind: int
    name: str
    args: bytes
    due: int
    attempt: int
    asked: int
    failures: int
    stopping: bool
    overrides: bytes
    details: bytes
    workflow: str
    version: int
    stalled: bool
    def __init__(self, op: _Optional[int] = ..., kind: _Optional[int] = ..., name: _Optional[str] = ..., args: _Optional[bytes] = ..., due: _Optional[int] = ..., attempt: _Optional[int] = ..., asked: _Optional[int] = ..., failures: _Optional[int] = ..., stopping: _Optional[bool] = ..., overrides: _Optional[bytes] = ..., details: _Optional[bytes] = ..., workflow: _Optional[str] = ..., version: _Optional[int] = ..., stalled: _Optional[bool] = ...) -> None: ...

class Join(_message.Message):
    __slots__ = ("settle", "limit", "branches", "items", "each", "failure", "cancelled", "number")
    SETTLE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    BRANCHES_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    EACH_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    settle: bool
    limit: int
    branches: _containers.RepeatedCompositeFieldContainer[Branch]
    items: bytes
    each: bool
    failure: bytes
    cancelled: bytes
    number: int
    def __init__(self, settle: _Optional[bool] = ..., limit: _Optional[int] = ..., branches: _Optional[_Iterable[_Union[Branch, _Mapping]]] = ..., items: _Optional[bytes] = ..., each: _Optional[bool] = ..., failure: _Optional[bytes] = ..., cancelled: _Optional[bytes] = ..., number: _Optional[int] = ...) -> None: ...

class Branch(_message.Message):
    __slots__ = ("part", "captured", "after")
    PART_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    part: str
    captured: bytes
    after: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, part: _Optional[str] = ..., captured: _Optional[bytes] = ..., after: _Optional[_Iterable[str]] = ...) -> None: ...

class Undoing(_message.Message):
    __slots__ = ("all", "scope", "error", "stuck")
    ALL_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STUCK_FIELD_NUMBER: _ClassVar[int]
    all: bool
    scope: str
    error: bytes
    stuck: bool
    def __init__(self, all: _Optional[bool] = ..., scope: _Optional[str] = ..., error: _Optional[bytes] = ..., stuck: _Optional[bool] = ...) -> None: ...

class Undo(_message.Message):
    __slots__ = ("scope", "path", "activity", "args", "part", "captured")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_FIELD_NUMBER: _ClassVar[int]
    scope: str
    path: str
    activity: str
    args: bytes
    part: str
    captured: bytes
    def __init__(self, scope: _Optional[str] = ..., path: _Optional[str] = ..., activity: _Optional[str] = ..., args: _Optional[bytes] = ..., part: _Optional[str] = ..., captured: _Optional[bytes] = ...) -> None: ...

class Mail(_message.Message):
    __slots__ = ("position", "payload", "signal")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    position: int
    payload: bytes
    signal: str
    def __init__(self, position: _Optional[int] = ..., payload: _Optional[bytes] = ..., signal: _Optional[str] = ...) -> None: ...

class Child(_message.Message):
    __slots__ = ("workflow", "version", "ended", "position", "value", "error")
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    workflow: str
    version: int
    ended: bool
    position: int
    value: bytes
    error: bytes
    def __init__(self, workflow: _Optional[str] = ..., version: _Optional[int] = ..., ended: _Optional[bool] = ..., position: _Optional[int] = ..., value: _Optional[bytes] = ..., error: _Optional[bytes] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("what", "op", "attempt", "name", "value", "error", "detail", "final")
    WHAT_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    what: int
    op: int
    attempt: int
    name: str
    value: bytes
    error: bytes
    detail: str
    final: bool
    def __init__(self, what: _Optional[int] = ..., op: _Optional[int] = ..., attempt: _Optional[int] = ..., name: _Optional[str] = ..., value: _Optional[bytes] = ..., error: _Optional[bytes] = ..., detail: _Optional[str] = ..., final: _Optional[bool] = ...) -> None: ...

class Trail(_message.Message):
    __slots__ = ("slot", "calls", "attempts", "failures", "seconds", "result", "error", "detail", "trace", "activity", "first", "last", "step")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    slot: int
    calls: int
    attempts: int
    failures: int
    seconds: float
    result: bytes
    error: bytes
    detail: str
    trace: str
    activity: str
    first: int
    last: int
    step: str
    def __init__(self, slot: _Optional[int] = ..., calls: _Optional[int] = ..., attempts: _Optional[int] = ..., failures: _Optional[int] = ..., seconds: _Optional[float] = ..., result: _Optional[bytes] = ..., error: _Optional[bytes] = ..., detail: _Optional[str] = ..., trace: _Optional[str] = ..., activity: _Optional[str] = ..., first: _Optional[int] = ..., last: _Optional[int] = ..., step: _Optional[str] = ...) -> None: ...

class Trails(_message.Message):
    __slots__ = ("steps",)
    STEPS_FIELD_NUMBER: _ClassVar[int]
    steps: _containers.RepeatedCompositeFieldContainer[Trail]
    def __init__(self, steps: _Optional[_Iterable[_Union[Trail, _Mapping]]] = ...) -> None: ...
