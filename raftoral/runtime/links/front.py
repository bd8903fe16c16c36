"""The front of a node: its one port, with everything behind it that clients talk to.

    front = Front(service, "127.0.0.1:7001", tokens={"s3cret": "admin"}, peer=links.accept)
    await front.open()
    ...
    await front.close(grace=5.0)

In: a `Service`, and how it may be reached. Out: answers over HTTP and, when grpcio is installed, over gRPC. Never knows
what a node is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Self

from raftoral import errors as e
from raftoral.runtime.service import Service

from .access import Access
from .connect import has_grpc
from .http.app import Metrics, Within
from .http.connection import Limits
from .http.server import HttpServer
from .listener import Listener, is_loopback, split_address
from .peers.lean import accepting
from .peers.wires import Accept
from .tls import Tls

if TYPE_CHECKING:
    from .grpc.server import GrpcServer

GRACE = 5.0  # seconds that requests have to end


class Front:
    """See the module. `tokens` are rights by token: read, write, admin. `origins` are those whose pages may ask (CORS);
    `grpc` says whether gRPC is served: None, if grpcio is installed. `peer` takes what other nodes dial, over any
    transport; `within` and `secret` are for what they ask of one group; `folder` is where gRPC may have its private
    socket."""

    def __init__(
        self,
        service: Service,
        address: str,
        *,
        tokens: Mapping[str, str] | None = None,
        tls: Tls | None = None,
        insecure: bool = False,
        origins: Sequence[str] = (),
        metrics: Metrics | None = None,
        peer: Accept | None = None,
        grpc: bool | None = None,
        within: Within | None = None,
        secret: Callable[[], bytes] = bytes,
        limits: Limits | None = None,
        folder: str | None = None,
    ) -> None:
        access = Access(tokens, secret)
        self._limits = limits or Limits()
        own_machine_only = is_loopback(split_address(address)[0]) and not access.guarded and not insecure
        self.http = HttpServer(
            service,
            access,
            origins=origins,
            metrics=metrics,
            limits=self._limits,
            own_machine_only=own_machine_only,
            within=within,
            peer=peer,
        )
        self._grpc: GrpcServer | None = None
        there = has_grpc() and hasattr(asyncio, "open_unix_connection")  # not on Windows
        if grpc and not there:
            raise e.UsageError("grpc=True needs grpcio, and a system with unix sockets: pip install 'raftoral[grpc]'")
        if there and grpc is not False:
            from .grpc.server import GrpcServer

            most = self._limits.body_bytes_max
            self._grpc = GrpcServer(service, access, message_bytes_max=most, peer=peer, near=folder)
        self._listener = Listener(
            address,
            http=self.http.serve,
            peer=accepting(peer) if peer is not None else None,
            tls=tls,
            guarded=access.guarded,
            insecure=insecure,
            first_seconds=self._limits.head_seconds,
        )

    @property
    def address(self) -> str:
        """HOST:PORT, with the port that was chosen."""
        return self._listener.address

    async def open(self) -> Self:
        if self._grpc is not None:
            await self._grpc.open()
            self._listener.grpc = self._grpc.path
        try:
            await self._listener.open()
        except BaseException:
            if self._grpc is not None:
                await self._grpc.close(0)
            raise
        return self

    async def close(self, grace: float = GRACE) -> None:
        """No new connections; what is being answered has `grace` seconds, and streams are told to go elsewhere."""
        self._listener.stop()
        draining = [self.http.close(grace), *([self._grpc.drain(grace)] if self._grpc is not None else [])]
        await asyncio.gather(*draining)
        if self._grpc is not None:
            await self._grpc.close(0.0)
        await self._listener.close()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *raised: object) -> None:
        await self.close()
