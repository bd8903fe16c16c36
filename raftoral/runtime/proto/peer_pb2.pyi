from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Hello(_message.Message):
    __slots__ = ("protocol", "cluster", "node", "address", "abi", "version", "proof", "nonce", "to", "digest")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ABI_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    protocol: int
    cluster: str
    node: str
    address: str
    abi: int
    version: str
    proof: bytes
    nonce: bytes
    to: str
    digest: str
    def __init__(self, protocol: _Optional[int] = ..., cluster: _Optional[str] = ..., node: _Optional[str] = ..., address: _Optional[str] = ..., abi: _Optional[int] = ..., version: _Optional[str] = ..., proof: _Optional[bytes] = ..., nonce: _Optional[bytes] = ..., to: _Optional[str] = ..., digest: _Optional[str] = ...) -> None: ...

class Parcel(_message.Message):
    __slots__ = ("frame", "requests", "replies", "chunks", "following", "followed")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    REPLIES_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    FOLLOWING_FIELD_NUMBER: _ClassVar[int]
    FOLLOWED_FIELD_NUMBER: _ClassVar[int]
    frame: bytes
    requests: _containers.RepeatedCompositeFieldContainer[Request]
    replies: _containers.RepeatedCompositeFieldContainer[Reply]
    chunks: _containers.RepeatedCompositeFieldContainer[Chunk]
    following: Following
    followed: Followed
    def __init__(self, frame: _Optional[bytes] = ..., requests: _Optional[_Iterable[_Union[Request, _Mapping]]] = ..., replies: _Optional[_Iterable[_Union[Reply, _Mapping]]] = ..., chunks: _Optional[_Iterable[_Union[Chunk, _Mapping]]] = ..., following: _Optional[_Union[Following, _Mapping]] = ..., followed: _Optional[_Union[Followed, _Mapping]] = ...) -> None: ...

class Request(_message.Message):
    __slots__ = ("group", "request_id", "kind", "data", "node")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        PROPOSE: _ClassVar[Request.Kind]
        READ: _ClassVar[Request.Kind]
        BRING: _ClassVar[Request.Kind]
        REMOVE: _ClassVar[Request.Kind]
        TRANSFER: _ClassVar[Request.Kind]
    PROPOSE: Request.Kind
    READ: Request.Kind
    BRING: Request.Kind
    REMOVE: Request.Kind
    TRANSFER: Request.Kind
    GROUP_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    group: int
    request_id: bytes
    kind: Request.Kind
    data: bytes
    node: str
    def __init__(self, group: _Optional[int] = ..., request_id: _Optional[bytes] = ..., kind: _Optional[_Union[Request.Kind, str]] = ..., data: _Optional[bytes] = ..., node: _Optional[str] = ...) -> None: ...

class Reply(_message.Message):
    __slots__ = ("request_id", "kind", "index", "why", "code")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DONE: _ClassVar[Reply.Kind]
        NOT_LEADER: _ClassVar[Reply.Kind]
        BUSY: _ClassVar[Reply.Kind]
        REFUSED: _ClassVar[Reply.Kind]
        UNKNOWN: _ClassVar[Reply.Kind]
    DONE: Reply.Kind
    NOT_LEADER: Reply.Kind
    BUSY: Reply.Kind
    REFUSED: Reply.Kind
    UNKNOWN: Reply.Kind
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    kind: Reply.Kind
    index: int
    why: str
    code: str
    def __init__(self, request_id: _Optional[bytes] = ..., kind: _Optional[_Union[Reply.Kind, str]] = ..., index: _Optional[int] = ..., why: _Optional[str] = ..., code: _Optional[str] = ...) -> None: ...

class Following(_message.Message):
    __slots__ = ("index", "term", "state")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    index: int
    term: int
    state: Directory
    def __init__(self, index: _Optional[int] = ..., term: _Optional[int] = ..., state: _Optional[_Union[Directory, _Mapping]] = ...) -> None: ...

class Followed(_message.Message):
    __slots__ = ("index",)
    INDEX_FIELD_NUMBER: _ClassVar[int]
    index: int
    def __init__(self, index: _Optional[int] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("group", "to_receiver", "data")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    TO_RECEIVER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    group: int
    to_receiver: bool
    data: bytes
    def __init__(self, group: _Optional[int] = ..., to_receiver: _Optional[bool] = ..., data: _Optional[bytes] = ...) -> None: ...

class Decree(_message.Message):
    __slots__ = ("founded", "admitted", "left", "group_made", "token_made", "leaving", "group_now", "group_sized")
    FOUNDED_FIELD_NUMBER: _ClassVar[int]
    ADMITTED_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    GROUP_MADE_FIELD_NUMBER: _ClassVar[int]
    TOKEN_MADE_FIELD_NUMBER: _ClassVar[int]
    LEAVING_FIELD_NUMBER: _ClassVar[int]
    GROUP_NOW_FIELD_NUMBER: _ClassVar[int]
    GROUP_SIZED_FIELD_NUMBER: _ClassVar[int]
    founded: Founded
    admitted: Admitted
    left: Left
    group_made: GroupMade
    token_made: TokenMade
    leaving: Leaving
    group_now: GroupNow
    group_sized: GroupSized
    def __init__(self, founded: _Optional[_Union[Founded, _Mapping]] = ..., admitted: _Optional[_Union[Admitted, _Mapping]] = ..., left: _Optional[_Union[Left, _Mapping]] = ..., group_made: _Optional[_Union[GroupMade, _Mapping]] = ..., token_made: _Optional[_Union[TokenMade, _Mapping]] = ..., leaving: _Optional[_Union[Leaving, _Mapping]] = ..., group_now: _Optional[_Union[GroupNow, _Mapping]] = ..., group_sized: _Optional[_Union[GroupSized, _Mapping]] = ...) -> None: ...

class Founded(_message.Message):
    __slots__ = ("cluster", "node", "address", "secret", "groups")
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    cluster: str
    node: str
    address: str
    secret: bytes
    groups: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, cluster: _Optional[str] = ..., node: _Optional[str] = ..., address: _Optional[str] = ..., secret: _Optional[bytes] = ..., groups: _Optional[_Iterable[int]] = ...) -> None: ...

class Admitted(_message.Message):
    __slots__ = ("node", "address", "token")
    NODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    node: str
    address: str
    token: bytes
    def __init__(self, node: _Optional[str] = ..., address: _Optional[str] = ..., token: _Optional[bytes] = ...) -> None: ...

class Left(_message.Message):
    __slots__ = ("node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    node: str
    def __init__(self, node: _Optional[str] = ...) -> None: ...

class Leaving(_message.Message):
    __slots__ = ("node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    node: str
    def __init__(self, node: _Optional[str] = ...) -> None: ...

class GroupNow(_message.Message):
    __slots__ = ("group", "members", "at")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    group: int
    members: _containers.RepeatedScalarFieldContainer[str]
    at: int
    def __init__(self, group: _Optional[int] = ..., members: _Optional[_Iterable[str]] = ..., at: _Optional[int] = ...) -> None: ...

class GroupSized(_message.Message):
    __slots__ = ("group", "size")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    group: int
    size: int
    def __init__(self, group: _Optional[int] = ..., size: _Optional[int] = ...) -> None: ...

class GroupMade(_message.Message):
    __slots__ = ("group", "members", "open", "now", "size")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    group: int
    members: _containers.RepeatedScalarFieldContainer[str]
    open: bool
    now: GroupNow
    size: int
    def __init__(self, group: _Optional[int] = ..., members: _Optional[_Iterable[str]] = ..., open: _Optional[bool] = ..., now: _Optional[_Union[GroupNow, _Mapping]] = ..., size: _Optional[int] = ...) -> None: ...

class TokenMade(_message.Message):
    __slots__ = ("token", "until")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    token: bytes
    until: int
    def __init__(self, token: _Optional[bytes] = ..., until: _Optional[int] = ...) -> None: ...

class Directory(_message.Message):
    __slots__ = ("cluster", "secret", "nodes", "groups", "tokens", "named", "voters")
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    NAMED_FIELD_NUMBER: _ClassVar[int]
    VOTERS_FIELD_NUMBER: _ClassVar[int]
    cluster: str
    secret: bytes
    nodes: _containers.RepeatedCompositeFieldContainer[Member]
    groups: _containers.RepeatedCompositeFieldContainer[GroupMade]
    tokens: _containers.RepeatedCompositeFieldContainer[TokenMade]
    named: int
    voters: GroupNow
    def __init__(self, cluster: _Optional[str] = ..., secret: _Optional[bytes] = ..., nodes: _Optional[_Iterable[_Union[Member, _Mapping]]] = ..., groups: _Optional[_Iterable[_Union[GroupMade, _Mapping]]] = ..., tokens: _Optional[_Iterable[_Union[TokenMade, _Mapping]]] = ..., named: _Optional[int] = ..., voters: _Optional[_Union[GroupNow, _Mapping]] = ...) -> None: ...

class Member(_message.Message):
    __slots__ = ("node", "address", "leaving")
    NODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    LEAVING_FIELD_NUMBER: _ClassVar[int]
    node: str
    address: str
    leaving: bool
    def __init__(self, node: _Optional[str] = ..., address: _Optional[str] = ..., leaving: _Optional[bool] = ...) -> None: ...
