import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Nothing(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Done(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StartRequest(_message.Message):
    __slots__ = ("workflow", "version", "id", "input", "tags")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    workflow: str
    version: int
    id: str
    input: bytes
    tags: _containers.ScalarMap[str, str]
    def __init__(self, workflow: _Optional[str] = ..., version: _Optional[int] = ..., id: _Optional[str] = ..., input: _Optional[bytes] = ..., tags: _Optional[_Mapping[str, str]] = ...) -> None: ...

class StartAndWaitRequest(_message.Message):
    __slots__ = ("workflow", "version", "id", "input", "tags", "timeout")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    workflow: str
    version: int
    id: str
    input: bytes
    tags: _containers.ScalarMap[str, str]
    timeout: float
    def __init__(self, workflow: _Optional[str] = ..., version: _Optional[int] = ..., id: _Optional[str] = ..., input: _Optional[bytes] = ..., tags: _Optional[_Mapping[str, str]] = ..., timeout: _Optional[float] = ...) -> None: ...

class StartReply(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class RunRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class EndedRequest(_message.Message):
    __slots__ = ("id", "timeout")
    ID_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    id: str
    timeout: float
    def __init__(self, id: _Optional[str] = ..., timeout: _Optional[float] = ...) -> None: ...

class EndedReply(_message.Message):
    __slots__ = ("id", "workflow", "version", "status", "result", "failure")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    id: str
    workflow: str
    version: int
    status: str
    result: bytes
    failure: bytes
    def __init__(self, id: _Optional[str] = ..., workflow: _Optional[str] = ..., version: _Optional[int] = ..., status: _Optional[str] = ..., result: _Optional[bytes] = ..., failure: _Optional[bytes] = ...) -> None: ...

class SignalRequest(_message.Message):
    __slots__ = ("id", "name", "payload", "key")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    payload: bytes
    key: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., payload: _Optional[bytes] = ..., key: _Optional[str] = ...) -> None: ...

class QueryRequest(_message.Message):
    __slots__ = ("id", "name", "args")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    args: bytes
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., args: _Optional[bytes] = ...) -> None: ...

class QueryReply(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bytes
    def __init__(self, result: _Optional[bytes] = ...) -> None: ...

class ListRequest(_message.Message):
    __slots__ = ("workflow", "version", "status", "parent", "prefix", "since", "until", "where", "tags", "limit", "before")
    class WhereEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    WHERE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    workflow: str
    version: int
    status: _containers.RepeatedScalarFieldContainer[str]
    parent: str
    prefix: str
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    where: _containers.ScalarMap[str, str]
    tags: _containers.ScalarMap[str, str]
    limit: int
    before: str
    def __init__(self, workflow: _Optional[str] = ..., version: _Optional[int] = ..., status: _Optional[_Iterable[str]] = ..., parent: _Optional[str] = ..., prefix: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., where: _Optional[_Mapping[str, str]] = ..., tags: _Optional[_Mapping[str, str]] = ..., limit: _Optional[int] = ..., before: _Optional[str] = ...) -> None: ...

class ListReply(_message.Message):
    __slots__ = ("runs", "next")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[Summary]
    next: str
    def __init__(self, runs: _Optional[_Iterable[_Union[Summary, _Mapping]]] = ..., next: _Optional[str] = ...) -> None: ...

class CountRequest(_message.Message):
    __slots__ = ("workflow", "version", "status", "parent", "prefix", "since", "until", "where", "tags")
    class WhereEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    WHERE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    workflow: str
    version: int
    status: _containers.RepeatedScalarFieldContainer[str]
    parent: str
    prefix: str
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    where: _containers.ScalarMap[str, str]
    tags: _containers.ScalarMap[str, str]
    def __init__(self, workflow: _Optional[str] = ..., version: _Optional[int] = ..., status: _Optional[_Iterable[str]] = ..., parent: _Optional[str] = ..., prefix: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., where: _Optional[_Mapping[str, str]] = ..., tags: _Optional[_Mapping[str, str]] = ...) -> None: ...

class CountReply(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: int
    def __init__(self, count: _Optional[int] = ...) -> None: ...

class DeleteManyRequest(_message.Message):
    __slots__ = ("workflow", "version", "status", "parent", "prefix", "since", "until", "where", "tags", "force")
    class WhereEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    WHERE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    workflow: str
    version: int
    status: _containers.RepeatedScalarFieldContainer[str]
    parent: str
    prefix: str
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    where: _containers.ScalarMap[str, str]
    tags: _containers.ScalarMap[str, str]
    force: bool
    def __init__(self, workflow: _Optional[str] = ..., version: _Optional[int] = ..., status: _Optional[_Iterable[str]] = ..., parent: _Optional[str] = ..., prefix: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., where: _Optional[_Mapping[str, str]] = ..., tags: _Optional[_Mapping[str, str]] = ..., force: _Optional[bool] = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("id", "reason", "key")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    key: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ..., key: _Optional[str] = ...) -> None: ...

class TerminateRequest(_message.Message):
    __slots__ = ("id", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class TagRequest(_message.Message):
    __slots__ = ("id", "tags")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: TagValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[TagValue, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    id: str
    tags: _containers.MessageMap[str, TagValue]
    def __init__(self, id: _Optional[str] = ..., tags: _Optional[_Mapping[str, TagValue]] = ...) -> None: ...

class TagValue(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class DeleteRequest(_message.Message):
    __slots__ = ("id", "force", "cascade")
    ID_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    CASCADE_FIELD_NUMBER: _ClassVar[int]
    id: str
    force: bool
    cascade: bool
    def __init__(self, id: _Optional[str] = ..., force: _Optional[bool] = ..., cascade: _Optional[bool] = ...) -> None: ...

class DeleteReply(_message.Message):
    __slots__ = ("deleted",)
    DELETED_FIELD_NUMBER: _ClassVar[int]
    deleted: int
    def __init__(self, deleted: _Optional[int] = ...) -> None: ...

class PruneRequest(_message.Message):
    __slots__ = ("older_than", "status")
    OLDER_THAN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    older_than: float
    status: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, older_than: _Optional[float] = ..., status: _Optional[_Iterable[str]] = ...) -> None: ...

class Summary(_message.Message):
    __slots__ = ("id", "workflow", "version", "status", "parent", "created", "updated", "ended", "tags", "checkpoints_json", "seq")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_JSON_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    id: str
    workflow: str
    version: int
    status: str
    parent: str
    created: _timestamp_pb2.Timestamp
    updated: _timestamp_pb2.Timestamp
    ended: _timestamp_pb2.Timestamp
    tags: _containers.ScalarMap[str, str]
    checkpoints_json: str
    seq: int
    def __init__(self, id: _Optional[str] = ..., workflow: _Optional[str] = ..., version: _Optional[int] = ..., status: _Optional[str] = ..., parent: _Optional[str] = ..., created: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tags: _Optional[_Mapping[str, str]] = ..., checkpoints_json: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class Description(_message.Message):
    __slots__ = ("id", "workflow", "version", "status", "parent", "created", "updated", "ended", "tags", "checkpoints_json", "seq", "args_json", "code", "reason", "note", "waits", "mail", "children", "undos", "steps", "result_json", "failure_json", "owner")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class MailEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_JSON_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    ARGS_JSON_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    WAITS_FIELD_NUMBER: _ClassVar[int]
    MAIL_FIELD_NUMBER: _ClassVar[int]
    CHILDREN_FIELD_NUMBER: _ClassVar[int]
    UNDOS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    RESULT_JSON_FIELD_NUMBER: _ClassVar[int]
    FAILURE_JSON_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    id: str
    workflow: str
    version: int
    status: str
    parent: str
    created: _timestamp_pb2.Timestamp
    updated: _timestamp_pb2.Timestamp
    ended: _timestamp_pb2.Timestamp
    tags: _containers.ScalarMap[str, str]
    checkpoints_json: str
    seq: int
    args_json: str
    code: str
    reason: str
    note: str
    waits: _containers.RepeatedCompositeFieldContainer[Wait]
    mail: _containers.ScalarMap[str, int]
    children: _containers.RepeatedScalarFieldContainer[str]
    undos: int
    steps: int
    result_json: str
    failure_json: str
    owner: str
    def __init__(self, id: _Optional[str] = ..., workflow: _Optional[str] = ..., version: _Optional[int] = ..., status: _Optional[str] = ..., parent: _Optional[str] = ..., created: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tags: _Optional[_Mapping[str, str]] = ..., checkpoints_json: _Optional[str] = ..., seq: _Optional[int] = ..., args_json: _Optional[str] = ..., code: _Optional[str] = ..., reason: _Optional[str] = ..., note: _Optional[str] = ..., waits: _Optional[_Iterable[_Union[Wait, _Mapping]]] = ..., mail: _Optional[_Mapping[str, int]] = ..., children: _Optional[_Iterable[str]] = ..., undos: _Optional[int] = ..., steps: _Optional[int] = ..., result_json: _Optional[str] = ..., failure_json: _Optional[str] = ..., owner: _Optional[str] = ...) -> None: ...

class Wait(_message.Message):
    __slots__ = ("step", "line", "kind", "name", "since", "due", "attempt", "failures")
    STEP_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    step: str
    line: int
    kind: str
    name: str
    since: _timestamp_pb2.Timestamp
    due: _timestamp_pb2.Timestamp
    attempt: int
    failures: int
    def __init__(self, step: _Optional[str] = ..., line: _Optional[int] = ..., kind: _Optional[str] = ..., name: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempt: _Optional[int] = ..., failures: _Optional[int] = ...) -> None: ...

class RunReport(_message.Message):
    __slots__ = ("workflow_id", "status", "result_json", "results_json", "errors", "total_duration", "metrics_json", "steps")
    class ErrorsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    RESULT_JSON_FIELD_NUMBER: _ClassVar[int]
    RESULTS_JSON_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_DURATION_FIELD_NUMBER: _ClassVar[int]
    METRICS_JSON_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    status: str
    result_json: str
    results_json: str
    errors: _containers.ScalarMap[str, str]
    total_duration: float
    metrics_json: str
    steps: _containers.RepeatedCompositeFieldContainer[StepReport]
    def __init__(self, workflow_id: _Optional[str] = ..., status: _Optional[str] = ..., result_json: _Optional[str] = ..., results_json: _Optional[str] = ..., errors: _Optional[_Mapping[str, str]] = ..., total_duration: _Optional[float] = ..., metrics_json: _Optional[str] = ..., steps: _Optional[_Iterable[_Union[StepReport, _Mapping]]] = ...) -> None: ...

class StepReport(_message.Message):
    __slots__ = ("step", "activity", "calls", "attempts", "failures", "seconds", "result_json", "error", "trace")
    STEP_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    RESULT_JSON_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    step: str
    activity: str
    calls: int
    attempts: int
    failures: int
    seconds: float
    result_json: str
    error: str
    trace: str
    def __init__(self, step: _Optional[str] = ..., activity: _Optional[str] = ..., calls: _Optional[int] = ..., attempts: _Optional[int] = ..., failures: _Optional[int] = ..., seconds: _Optional[float] = ..., result_json: _Optional[str] = ..., error: _Optional[str] = ..., trace: _Optional[str] = ...) -> None: ...

class Branch(_message.Message):
    __slots__ = ("run", "children")
    RUN_FIELD_NUMBER: _ClassVar[int]
    CHILDREN_FIELD_NUMBER: _ClassVar[int]
    run: Summary
    children: _containers.RepeatedCompositeFieldContainer[Branch]
    def __init__(self, run: _Optional[_Union[Summary, _Mapping]] = ..., children: _Optional[_Iterable[_Union[Branch, _Mapping]]] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("id", "status", "steps", "updated")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    id: str
    status: str
    steps: _containers.RepeatedScalarFieldContainer[str]
    updated: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., status: _Optional[str] = ..., steps: _Optional[_Iterable[str]] = ..., updated: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DeployRequest(_message.Message):
    __slots__ = ("sources", "dry")
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    DRY_FIELD_NUMBER: _ClassVar[int]
    sources: _containers.RepeatedCompositeFieldContainer[Source]
    dry: bool
    def __init__(self, sources: _Optional[_Iterable[_Union[Source, _Mapping]]] = ..., dry: _Optional[bool] = ...) -> None: ...

class Source(_message.Message):
    __slots__ = ("path", "text")
    PATH_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    path: str
    text: str
    def __init__(self, path: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class ProgramsReply(_message.Message):
    __slots__ = ("programs",)
    PROGRAMS_FIELD_NUMBER: _ClassVar[int]
    programs: _containers.RepeatedCompositeFieldContainer[Program]
    def __init__(self, programs: _Optional[_Iterable[_Union[Program, _Mapping]]] = ...) -> None: ...

class Program(_message.Message):
    __slots__ = ("workflow", "version", "digest", "new", "live", "retired", "more_json")
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    NEW_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    RETIRED_FIELD_NUMBER: _ClassVar[int]
    MORE_JSON_FIELD_NUMBER: _ClassVar[int]
    workflow: str
    version: int
    digest: str
    new: bool
    live: int
    retired: bool
    more_json: str
    def __init__(self, workflow: _Optional[str] = ..., version: _Optional[int] = ..., digest: _Optional[str] = ..., new: _Optional[bool] = ..., live: _Optional[int] = ..., retired: _Optional[bool] = ..., more_json: _Optional[str] = ...) -> None: ...

class RetireRequest(_message.Message):
    __slots__ = ("workflow", "version")
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    workflow: str
    version: int
    def __init__(self, workflow: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class ClusterReply(_message.Message):
    __slots__ = ("cluster", "node", "nodes", "groups", "more_json")
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    MORE_JSON_FIELD_NUMBER: _ClassVar[int]
    cluster: str
    node: str
    nodes: _containers.RepeatedCompositeFieldContainer[Node]
    groups: _containers.RepeatedCompositeFieldContainer[Group]
    more_json: str
    def __init__(self, cluster: _Optional[str] = ..., node: _Optional[str] = ..., nodes: _Optional[_Iterable[_Union[Node, _Mapping]]] = ..., groups: _Optional[_Iterable[_Union[Group, _Mapping]]] = ..., more_json: _Optional[str] = ...) -> None: ...

class Node(_message.Message):
    __slots__ = ("node", "address", "up", "here", "activities", "more_json")
    NODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    UP_FIELD_NUMBER: _ClassVar[int]
    HERE_FIELD_NUMBER: _ClassVar[int]
    ACTIVITIES_FIELD_NUMBER: _ClassVar[int]
    MORE_JSON_FIELD_NUMBER: _ClassVar[int]
    node: str
    address: str
    up: bool
    here: bool
    activities: _containers.RepeatedScalarFieldContainer[str]
    more_json: str
    def __init__(self, node: _Optional[str] = ..., address: _Optional[str] = ..., up: _Optional[bool] = ..., here: _Optional[bool] = ..., activities: _Optional[_Iterable[str]] = ..., more_json: _Optional[str] = ...) -> None: ...

class Group(_message.Message):
    __slots__ = ("group", "leader", "term", "members", "commit", "applied", "more_json")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    LEADER_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    MORE_JSON_FIELD_NUMBER: _ClassVar[int]
    group: int
    leader: str
    term: int
    members: _containers.RepeatedScalarFieldContainer[str]
    commit: int
    applied: int
    more_json: str
    def __init__(self, group: _Optional[int] = ..., leader: _Optional[str] = ..., term: _Optional[int] = ..., members: _Optional[_Iterable[str]] = ..., commit: _Optional[int] = ..., applied: _Optional[int] = ..., more_json: _Optional[str] = ...) -> None: ...

class DiscoverReply(_message.Message):
    __slots__ = ("cluster", "abi", "version", "more_json")
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    ABI_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MORE_JSON_FIELD_NUMBER: _ClassVar[int]
    cluster: str
    abi: int
    version: str
    more_json: str
    def __init__(self, cluster: _Optional[str] = ..., abi: _Optional[int] = ..., version: _Optional[str] = ..., more_json: _Optional[str] = ...) -> None: ...

class AdmitRequest(_message.Message):
    __slots__ = ("node", "address", "token")
    NODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    node: str
    address: str
    token: str
    def __init__(self, node: _Optional[str] = ..., address: _Optional[str] = ..., token: _Optional[str] = ...) -> None: ...

class AdmitReply(_message.Message):
    __slots__ = ("node", "more_json")
    NODE_FIELD_NUMBER: _ClassVar[int]
    MORE_JSON_FIELD_NUMBER: _ClassVar[int]
    node: str
    more_json: str
    def __init__(self, node: _Optional[str] = ..., more_json: _Optional[str] = ...) -> None: ...

class RemoveRequest(_message.Message):
    __slots__ = ("node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    node: str
    def __init__(self, node: _Optional[str] = ...) -> None: ...

class TransferRequest(_message.Message):
    __slots__ = ("group", "node")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    group: int
    node: str
    def __init__(self, group: _Optional[int] = ..., node: _Optional[str] = ...) -> None: ...

class MakeGroupRequest(_message.Message):
    __slots__ = ("members",)
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    members: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, members: _Optional[_Iterable[str]] = ...) -> None: ...

class ChangeGroupRequest(_message.Message):
    __slots__ = ("group", "node", "member")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    group: int
    node: str
    member: bool
    def __init__(self, group: _Optional[int] = ..., node: _Optional[str] = ..., member: _Optional[bool] = ...) -> None: ...

class GroupReply(_message.Message):
    __slots__ = ("group", "more_json")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    MORE_JSON_FIELD_NUMBER: _ClassVar[int]
    group: int
    more_json: str
    def __init__(self, group: _Optional[int] = ..., more_json: _Optional[str] = ...) -> None: ...

class TokenReply(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class HealthReply(_message.Message):
    __slots__ = ("ready", "why", "more_json")
    READY_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    MORE_JSON_FIELD_NUMBER: _ClassVar[int]
    ready: bool
    why: str
    more_json: str
    def __init__(self, ready: _Optional[bool] = ..., why: _Optional[str] = ..., more_json: _Optional[str] = ...) -> None: ...
