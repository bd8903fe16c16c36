"""`raftoral.connect`: a client of a cluster that runs elsewhere.

    async with raftoral.connect("10.0.0.1:7001", "10.0.0.2:7001", token="s3cret", tls=Tls(ca="ca.pem")) as client:
        run = ProcessOrder.get(client, "order-17")
        print(await run.result(timeout=30))

In: addresses of nodes, any of which may be away. Out: a `Client`. Nothing is sent before the first call.
"""

from __future__ import annotations

from importlib.util import find_spec
from ssl import SSLContext
from typing import Literal

from raftoral import errors as e
from raftoral.runtime.calls.client import Client

from .access import checked_token
from .remote import PATIENCE, TIMEOUT, Remote, Wire
from .tls import Tls

Transport = Literal["http", "grpc"]


def connect(
    *addresses: str,
    transport: Transport = "http",
    token: str | None = None,
    tls: Tls | SSLContext | bool | None = None,
    timeout: float = TIMEOUT,
    patience: float = PATIENCE,
) -> Client:
    """A client of the nodes at these addresses: `HOST:PORT`, or `https://HOST:PORT`.

    `timeout`: seconds for each call, with all its attempts; `patience`: seconds while no node takes a connection.
    `tls=True` trusts the certificates of this machine.
    """
    token = None if token is None else checked_token(token)
    chosen = Tls() if tls is True else (tls or None)
    return Client(Remote(_wire(transport, token, chosen), addresses, timeout=timeout, patience=patience))


def _wire(transport: str, token: str | None, tls: Tls | SSLContext | None) -> Wire:
    if transport == "http":
        from .http.client import HttpWire

        return HttpWire(token=token, tls=tls)
    if transport != "grpc":
        raise e.UsageError(f"transport is 'http' or 'grpc', not {transport!r}")
    if not has_grpc():
        raise e.UsageError(
            "transport='grpc' needs grpcio: pip install 'raftoral[grpc]'; transport='http' needs nothing"
        )
    if isinstance(tls, SSLContext):
        raise e.UsageError("gRPC takes no SSLContext: give tls=Tls(ca=..., cert=..., key=...)")
    from .grpc.client import GrpcWire

    return GrpcWire(token=token, tls=tls)


def has_grpc() -> bool:
    """Whether the extra is installed; it is not loaded before somebody needs it."""
    return all(find_spec(name) is not None for name in ("grpc", "grpc_health", "grpc_reflection"))
