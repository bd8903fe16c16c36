from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Frame(_message.Message):
    __slots__ = ("messages",)
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[Message]
    def __init__(self, messages: _Optional[_Iterable[_Union[Message, _Mapping]]] = ...) -> None: ...

class Message(_message.Message):
    __slots__ = ("group", "term", "append", "appended", "vote_request", "vote", "pre_vote_request", "pre_vote", "term_hint", "timeout_now")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    APPEND_FIELD_NUMBER: _ClassVar[int]
    APPENDED_FIELD_NUMBER: _ClassVar[int]
    VOTE_REQUEST_FIELD_NUMBER: _ClassVar[int]
    VOTE_FIELD_NUMBER: _ClassVar[int]
    PRE_VOTE_REQUEST_FIELD_NUMBER: _ClassVar[int]
    PRE_VOTE_FIELD_NUMBER: _ClassVar[int]
    TERM_HINT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_NOW_FIELD_NUMBER: _ClassVar[int]
    group: int
    term: int
    append: Append
    appended: Appended
    vote_request: VoteRequest
    vote: Vote
    pre_vote_request: PreVoteRequest
    pre_vote: PreVote
    term_hint: TermHint
    timeout_now: TimeoutNow
    def __init__(self, group: _Optional[int] = ..., term: _Optional[int] = ..., append: _Optional[_Union[Append, _Mapping]] = ..., appended: _Optional[_Union[Appended, _Mapping]] = ..., vote_request: _Optional[_Union[VoteRequest, _Mapping]] = ..., vote: _Optional[_Union[Vote, _Mapping]] = ..., pre_vote_request: _Optional[_Union[PreVoteRequest, _Mapping]] = ..., pre_vote: _Optional[_Union[PreVote, _Mapping]] = ..., term_hint: _Optional[_Union[TermHint, _Mapping]] = ..., timeout_now: _Optional[_Union[TimeoutNow, _Mapping]] = ...) -> None: ...

class Append(_message.Message):
    __slots__ = ("previous_index", "previous_term", "commit", "round", "entries")
    PREVIOUS_INDEX_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_TERM_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    previous_index: int
    previous_term: int
    commit: int
    round: int
    entries: _containers.RepeatedCompositeFieldContainer[LogEntry]
    def __init__(self, previous_index: _Optional[int] = ..., previous_term: _Optional[int] = ..., commit: _Optional[int] = ..., round: _Optional[int] = ..., entries: _Optional[_Iterable[_Union[LogEntry, _Mapping]]] = ...) -> None: ...

class LogEntry(_message.Message):
    __slots__ = ("term", "data")
    TERM_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    term: int
    data: bytes
    def __init__(self, term: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class Appended(_message.Message):
    __slots__ = ("next_index", "success", "reset", "round", "previous_index")
    NEXT_INDEX_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_INDEX_FIELD_NUMBER: _ClassVar[int]
    next_index: int
    success: bool
    reset: bool
    round: int
    previous_index: int
    def __init__(self, next_index: _Optional[int] = ..., success: _Optional[bool] = ..., reset: _Optional[bool] = ..., round: _Optional[int] = ..., previous_index: _Optional[int] = ...) -> None: ...

class VoteRequest(_message.Message):
    __slots__ = ("last_index", "last_term", "transfer")
    LAST_INDEX_FIELD_NUMBER: _ClassVar[int]
    LAST_TERM_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    last_index: int
    last_term: int
    transfer: bool
    def __init__(self, last_index: _Optional[int] = ..., last_term: _Optional[int] = ..., transfer: _Optional[bool] = ...) -> None: ...

class Vote(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PreVoteRequest(_message.Message):
    __slots__ = ("last_index", "last_term", "next_term")
    LAST_INDEX_FIELD_NUMBER: _ClassVar[int]
    LAST_TERM_FIELD_NUMBER: _ClassVar[int]
    NEXT_TERM_FIELD_NUMBER: _ClassVar[int]
    last_index: int
    last_term: int
    next_term: int
    def __init__(self, last_index: _Optional[int] = ..., last_term: _Optional[int] = ..., next_term: _Optional[int] = ...) -> None: ...

class PreVote(_message.Message):
    __slots__ = ("next_term", "granted")
    NEXT_TERM_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    next_term: int
    granted: bool
    def __init__(self, next_term: _Optional[int] = ..., granted: _Optional[bool] = ...) -> None: ...

class TermHint(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TimeoutNow(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Batch(_message.Message):
    __slots__ = ("time", "proposals")
    TIME_FIELD_NUMBER: _ClassVar[int]
    PROPOSALS_FIELD_NUMBER: _ClassVar[int]
    time: int
    proposals: _containers.RepeatedCompositeFieldContainer[Proposal]
    def __init__(self, time: _Optional[int] = ..., proposals: _Optional[_Iterable[_Union[Proposal, _Mapping]]] = ...) -> None: ...

class Proposal(_message.Message):
    __slots__ = ("request_id", "data")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    data: bytes
    def __init__(self, request_id: _Optional[bytes] = ..., data: _Optional[bytes] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("members", "add", "remove")
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    ADD_FIELD_NUMBER: _ClassVar[int]
    REMOVE_FIELD_NUMBER: _ClassVar[int]
    members: _containers.RepeatedScalarFieldContainer[str]
    add: str
    remove: str
    def __init__(self, members: _Optional[_Iterable[str]] = ..., add: _Optional[str] = ..., remove: _Optional[str] = ...) -> None: ...

class GroupRecord(_message.Message):
    __slots__ = ("term", "vote", "commit", "base_index", "base_term", "base_members", "last_index")
    TERM_FIELD_NUMBER: _ClassVar[int]
    VOTE_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    BASE_INDEX_FIELD_NUMBER: _ClassVar[int]
    BASE_TERM_FIELD_NUMBER: _ClassVar[int]
    BASE_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    LAST_INDEX_FIELD_NUMBER: _ClassVar[int]
    term: int
    vote: str
    commit: int
    base_index: int
    base_term: int
    base_members: _containers.RepeatedScalarFieldContainer[str]
    last_index: int
    def __init__(self, term: _Optional[int] = ..., vote: _Optional[str] = ..., commit: _Optional[int] = ..., base_index: _Optional[int] = ..., base_term: _Optional[int] = ..., base_members: _Optional[_Iterable[str]] = ..., last_index: _Optional[int] = ...) -> None: ...

class SnapshotMessage(_message.Message):
    __slots__ = ("group", "digest", "offer", "want", "chunk", "done")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    OFFER_FIELD_NUMBER: _ClassVar[int]
    WANT_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    group: int
    digest: bytes
    offer: SnapshotOffer
    want: SnapshotWant
    chunk: SnapshotChunk
    done: SnapshotDone
    def __init__(self, group: _Optional[int] = ..., digest: _Optional[bytes] = ..., offer: _Optional[_Union[SnapshotOffer, _Mapping]] = ..., want: _Optional[_Union[SnapshotWant, _Mapping]] = ..., chunk: _Optional[_Union[SnapshotChunk, _Mapping]] = ..., done: _Optional[_Union[SnapshotDone, _Mapping]] = ...) -> None: ...

class SnapshotOffer(_message.Message):
    __slots__ = ("index", "term", "members", "bytes")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    index: int
    term: int
    members: _containers.RepeatedScalarFieldContainer[str]
    bytes: int
    def __init__(self, index: _Optional[int] = ..., term: _Optional[int] = ..., members: _Optional[_Iterable[str]] = ..., bytes: _Optional[int] = ...) -> None: ...

class SnapshotWant(_message.Message):
    __slots__ = ("offset",)
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    offset: int
    def __init__(self, offset: _Optional[int] = ...) -> None: ...

class SnapshotChunk(_message.Message):
    __slots__ = ("offset", "data", "crc")
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    CRC_FIELD_NUMBER: _ClassVar[int]
    offset: int
    data: bytes
    crc: int
    def __init__(self, offset: _Optional[int] = ..., data: _Optional[bytes] = ..., crc: _Optional[int] = ...) -> None: ...

class SnapshotDone(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
