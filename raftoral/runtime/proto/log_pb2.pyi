from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Command(_message.Message):
    __slots__ = ("start", "finished", "attempt_failed", "progress", "signal", "cancel", "terminate", "pause", "resume", "stalled", "tag", "delete", "tick", "recover", "node_up", "node_down", "deploy", "retire")
    START_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FAILED_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    TERMINATE_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    RESUME_FIELD_NUMBER: _ClassVar[int]
    STALLED_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    DELETE_FIELD_NUMBER: _ClassVar[int]
    TICK_FIELD_NUMBER: _ClassVar[int]
    RECOVER_FIELD_NUMBER: _ClassVar[int]
    NODE_UP_FIELD_NUMBER: _ClassVar[int]
    NODE_DOWN_FIELD_NUMBER: _ClassVar[int]
    DEPLOY_FIELD_NUMBER: _ClassVar[int]
    RETIRE_FIELD_NUMBER: _ClassVar[int]
    start: Start
    finished: Finished
    attempt_failed: AttemptFailed
    progress: Progress
    signal: Signal
    cancel: Reasoned
    terminate: Reasoned
    pause: Named
    resume: Named
    stalled: Stalled
    tag: Tag
    delete: Delete
    tick: Nothing
    recover: Nothing
    node_up: NodeUp
    node_down: NodeDown
    deploy: Deploy
    retire: Retire
    def __init__(self, start: _Optional[_Union[Start, _Mapping]] = ..., finished: _Optional[_Union[Finished, _Mapping]] = ..., attempt_failed: _Optional[_Union[AttemptFailed, _Mapping]] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., signal: _Optional[_Union[Signal, _Mapping]] = ..., cancel: _Optional[_Union[Reasoned, _Mapping]] = ..., terminate: _Optional[_Union[Reasoned, _Mapping]] = ..., pause: _Optional[_Union[Named, _Mapping]] = ..., resume: _Optional[_Union[Named, _Mapping]] = ..., stalled: _Optional[_Union[Stalled, _Mapping]] = ..., tag: _Optional[_Union[Tag, _Mapping]] = ..., delete: _Optional[_Union[Delete, _Mapping]] = ..., tick: _Optional[_Union[Nothing, _Mapping]] = ..., recover: _Optional[_Union[Nothing, _Mapping]] = ..., node_up: _Optional[_Union[NodeUp, _Mapping]] = ..., node_down: _Optional[_Union[NodeDown, _Mapping]] = ..., deploy: _Optional[_Union[Deploy, _Mapping]] = ..., retire: _Optional[_Union[Retire, _Mapping]] = ...) -> None: ...

class Nothing(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Named(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class Reasoned(_message.Message):
    __slots__ = ("id", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Start(_message.Message):
    __slots__ = ("id", "run", "workflow", "version", "args", "tags", "fresh", "owner")
    ID_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    FRESH_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    id: str
    run: str
    workflow: str
    version: int
    args: bytes
    tags: str
    fresh: bool
    owner: str
    def __init__(self, id: _Optional[str] = ..., run: _Optional[str] = ..., workflow: _Optional[str] = ..., version: _Optional[int] = ..., args: _Optional[bytes] = ..., tags: _Optional[str] = ..., fresh: _Optional[bool] = ..., owner: _Optional[str] = ...) -> None: ...

class Finished(_message.Message):
    __slots__ = ("id", "run", "op", "result", "seconds")
    ID_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    id: str
    run: str
    op: int
    result: bytes
    seconds: float
    def __init__(self, id: _Optional[str] = ..., run: _Optional[str] = ..., op: _Optional[int] = ..., result: _Optional[bytes] = ..., seconds: _Optional[float] = ...) -> None: ...

class AttemptFailed(_message.Message):
    __slots__ = ("id", "run", "op", "attempt", "kind", "detail", "error", "trace", "retryable", "seconds")
    ID_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    RETRYABLE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    id: str
    run: str
    op: int
    attempt: int
    kind: str
    detail: str
    error: bytes
    trace: str
    retryable: bool
    seconds: float
    def __init__(self, id: _Optional[str] = ..., run: _Optional[str] = ..., op: _Optional[int] = ..., attempt: _Optional[int] = ..., kind: _Optional[str] = ..., detail: _Optional[str] = ..., error: _Optional[bytes] = ..., trace: _Optional[str] = ..., retryable: _Optional[bool] = ..., seconds: _Optional[float] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("id", "run", "op", "details")
    ID_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    id: str
    run: str
    op: int
    details: bytes
    def __init__(self, id: _Optional[str] = ..., run: _Optional[str] = ..., op: _Optional[int] = ..., details: _Optional[bytes] = ...) -> None: ...

class Signal(_message.Message):
    __slots__ = ("id", "name", "payload")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    payload: bytes
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., payload: _Optional[bytes] = ...) -> None: ...

class Stalled(_message.Message):
    __slots__ = ("id", "op", "reason", "run", "fence")
    ID_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    id: str
    op: int
    reason: str
    run: str
    fence: int
    def __init__(self, id: _Optional[str] = ..., op: _Optional[int] = ..., reason: _Optional[str] = ..., run: _Optional[str] = ..., fence: _Optional[int] = ...) -> None: ...

class Tag(_message.Message):
    __slots__ = ("id", "tags")
    ID_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    id: str
    tags: str
    def __init__(self, id: _Optional[str] = ..., tags: _Optional[str] = ...) -> None: ...

class Delete(_message.Message):
    __slots__ = ("id", "force")
    ID_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    id: str
    force: bool
    def __init__(self, id: _Optional[str] = ..., force: _Optional[bool] = ...) -> None: ...

class NodeUp(_message.Message):
    __slots__ = ("node", "life", "activities")
    NODE_FIELD_NUMBER: _ClassVar[int]
    LIFE_FIELD_NUMBER: _ClassVar[int]
    ACTIVITIES_FIELD_NUMBER: _ClassVar[int]
    node: str
    life: int
    activities: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, node: _Optional[str] = ..., life: _Optional[int] = ..., activities: _Optional[_Iterable[str]] = ...) -> None: ...

class NodeDown(_message.Message):
    __slots__ = ("node", "life")
    NODE_FIELD_NUMBER: _ClassVar[int]
    LIFE_FIELD_NUMBER: _ClassVar[int]
    node: str
    life: int
    def __init__(self, node: _Optional[str] = ..., life: _Optional[int] = ...) -> None: ...

class Deploy(_message.Message):
    __slots__ = ("package",)
    PACKAGE_FIELD_NUMBER: _ClassVar[int]
    package: bytes
    def __init__(self, package: _Optional[bytes] = ...) -> None: ...

class Retire(_message.Message):
    __slots__ = ("workflow", "version")
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    workflow: str
    version: int
    def __init__(self, workflow: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class Package(_message.Message):
    __slots__ = ("compiler", "abi", "files", "programs")
    COMPILER_FIELD_NUMBER: _ClassVar[int]
    ABI_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    PROGRAMS_FIELD_NUMBER: _ClassVar[int]
    compiler: str
    abi: int
    files: _containers.RepeatedCompositeFieldContainer[File]
    programs: _containers.RepeatedCompositeFieldContainer[Program]
    def __init__(self, compiler: _Optional[str] = ..., abi: _Optional[int] = ..., files: _Optional[_Iterable[_Union[File, _Mapping]]] = ..., programs: _Optional[_Iterable[_Union[Program, _Mapping]]] = ...) -> None: ...

class File(_message.Message):
    __slots__ = ("path", "source", "module", "text")
    PATH_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    MODULE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    path: str
    source: str
    module: str
    text: str
    def __init__(self, path: _Optional[str] = ..., source: _Optional[str] = ..., module: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Program(_message.Message):
    __slots__ = ("workflow", "version", "digest")
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    workflow: str
    version: int
    digest: str
    def __init__(self, workflow: _Optional[str] = ..., version: _Optional[int] = ..., digest: _Optional[str] = ...) -> None: ...

class Place(_message.Message):
    __slots__ = ("index", "term", "time", "members", "digest")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    index: int
    term: int
    time: int
    members: _containers.RepeatedScalarFieldContainer[str]
    digest: bytes
    def __init__(self, index: _Optional[int] = ..., term: _Optional[int] = ..., time: _Optional[int] = ..., members: _Optional[_Iterable[str]] = ..., digest: _Optional[bytes] = ...) -> None: ...

class Answered(_message.Message):
    __slots__ = ("request_id", "code", "message")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    code: str
    message: str
    def __init__(self, request_id: _Optional[bytes] = ..., code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class Nodes(_message.Message):
    __slots__ = ("nodes",)
    NODES_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedCompositeFieldContainer[Node]
    def __init__(self, nodes: _Optional[_Iterable[_Union[Node, _Mapping]]] = ...) -> None: ...

class Node(_message.Message):
    __slots__ = ("node", "life", "up", "activities")
    NODE_FIELD_NUMBER: _ClassVar[int]
    LIFE_FIELD_NUMBER: _ClassVar[int]
    UP_FIELD_NUMBER: _ClassVar[int]
    ACTIVITIES_FIELD_NUMBER: _ClassVar[int]
    node: str
    life: int
    up: bool
    activities: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, node: _Optional[str] = ..., life: _Optional[int] = ..., up: _Optional[bool] = ..., activities: _Optional[_Iterable[str]] = ...) -> None: ...
