"""How two nodes find out that they are who they should be: three frames and an answer, before any other counts.

    await greet(link, identity, "b")                        dialled: the other end is `b` of this cluster, or `Refused`
    other = await welcome(link, identity, admitted)         accepted: and `admitted(hello)` has not refused it

In: a link that is new, and who this node is. Out: the other's `Hello`, proved. The proof is a digest under the secret
of the cluster over the other's nonce and both names, so that none can be used for another link, name or direction.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from raftoral import __version__
from raftoral.runtime.faults import PeerError
from raftoral.runtime.proto import peer_pb2 as pb

from .link import Link

PROTOCOL = 2
HELLO_BYTES_MAX = 4096
_WELCOME = b"ok"


@dataclass
class Identity:
    """Who this node is. `secret` is empty until it belongs to a cluster."""

    node: str
    cluster: str
    secret: bytes
    address: str
    abi: int
    digest: str = ""  # of determinism

    def __post_init__(self) -> None:
        self.process = secrets.token_hex(8)


class Refused(Exception):
    """The other end is not who it should be. The words are for the log of both."""


async def greet(link: Link, identity: Identity, name: str) -> None:
    """Over a link that was dialled."""
    own = _hello(identity, name)
    link.send(own.SerializeToString())
    other = await _hello_from(link)
    _check(identity, other, name)
    if not hmac.compare_digest(other.proof, _proof(identity, b"accepts", own.nonce, other)):
        raise Refused(f"{name} does not know the secret of this cluster")
    link.send(_proof(identity, b"dials", other.nonce, own))
    if await link.frame(HELLO_BYTES_MAX) != _WELCOME:
        raise Refused(f"{name} does not take this node for a member")


async def welcome(link: Link, identity: Identity, admitted: Callable[[pb.Hello], None]) -> pb.Hello:
    """Over a link that was accepted."""
    other = await _hello_from(link)
    if not identity.secret:
        raise Refused(f"{other.node} dials a node that belongs to no cluster yet")
    _check(identity, other, other.node)
    if other.to != identity.node:
        raise Refused(f"{other.node} looks for {other.to}, and this is {identity.node}")
    admitted(other)
    own = _hello(identity, other.node)
    own.proof = _proof(identity, b"accepts", other.nonce, own)
    link.send(own.SerializeToString())
    proof = await link.frame(HELLO_BYTES_MAX)
    if not hmac.compare_digest(proof, _proof(identity, b"dials", own.nonce, other)):
        raise Refused(f"{other.node} does not know the secret of this cluster")
    link.send(_WELCOME)
    return other


async def _hello_from(link: Link) -> pb.Hello:
    try:
        return pb.Hello.FromString(await link.frame(HELLO_BYTES_MAX))
    except DecodeError:
        raise PeerError("what should say who it is cannot be read") from None


def _hello(identity: Identity, to: str) -> pb.Hello:
    return pb.Hello(
        protocol=PROTOCOL,
        cluster=identity.cluster,
        node=identity.node,
        address=identity.address,
        abi=identity.abi,
        version=f"{__version__} {identity.process}",
        nonce=secrets.token_bytes(16),
        to=to,
        digest=identity.digest,
    )


def _proof(identity: Identity, role: bytes, nonce: bytes, hello: pb.Hello) -> bytes:
    """Says: I know the secret, I am who `hello` names, and this is an answer to your nonce."""
    said = b"\0".join((role, hello.cluster.encode(), hello.node.encode(), hello.to.encode(), nonce))
    return hmac.digest(identity.secret, said, "sha256")


def _check(identity: Identity, other: pb.Hello, name: str) -> None:
    if other.protocol != PROTOCOL:
        raise Refused(f"{name} speaks protocol {other.protocol} of links, and this node {PROTOCOL}: upgrade one")
    if other.cluster != identity.cluster:
        raise Refused(f"{name} belongs to the cluster {other.cluster!r}, and this node to {identity.cluster!r}")
    if other.node != name:
        raise Refused(f"at that address is {other.node}, not {name}")
    if other.abi != identity.abi:
        raise Refused(f"{name} runs programs by ABI {other.abi}, and this node by {identity.abi}: upgrade one")
    if other.digest != identity.digest:
        raise Refused(
            f"{name} computes otherwise (determinism digest {other.digest[:12]}, and {identity.digest[:12]} here): the "
            "states of the two would differ. Install the same raftoral, pydantic and Python on both"
        )
