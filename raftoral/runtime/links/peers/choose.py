"""Transports by their names, as an option says them.

    transport = chosen("grpc", tls)

In: a name, or a transport that somebody brings; whether this node serves gRPC (None: if it can). Out: a transport;
`UsageError` when there is none of that name here.
"""

from __future__ import annotations

from raftoral import errors as e
from raftoral.runtime.links.connect import has_grpc
from raftoral.runtime.links.http.peers import HttpPeers
from raftoral.runtime.links.tls import Tls

from .lean import Lean
from .wires import Transport

NAMES = ("lean", "grpc", "http")


def chosen(given: str | Transport, tls: Tls | None, *, grpc: bool | None = None) -> Transport:
    if not isinstance(given, str):
        return given
    if given == "lean":
        return Lean(tls)
    if given == "http":
        return HttpPeers(tls)
    if given != "grpc":
        raise e.UsageError(f"nodes talk to each other by {', '.join(NAMES)}; there is no transport {given!r}")
    if grpc is False:
        raise e.UsageError("a node that does not serve gRPC cannot have peers over it: take another transport")
    if not has_grpc():
        raise e.UsageError("peer_transport='grpc' needs grpcio on every node: pip install 'raftoral[grpc]'")
    from raftoral.runtime.links.grpc.peers import GrpcPeers

    return GrpcPeers(tls)
