"""One request to one node over gRPC: a channel for each address, made when it is first needed.

    wire = GrpcWire(token="s3cret")
    await wire.call("127.0.0.1:7001", "describe", {"id": "order-17"}, seconds=30.0)

In: an operation and its arguments. Out: what the node gave, or the exception that it raised. `NotSent` when no node can
have done it. Never tries twice, nor lets grpcio do so: `remote` does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import grpc
import grpc.aio

from raftoral import errors as e
from raftoral.runtime.links.listener import split_address
from raftoral.runtime.links.remote import NotSent
from raftoral.runtime.links.tls import Tls
from raftoral.runtime.proto import api_pb2_grpc as stubs
from raftoral.runtime.service import JSON

from .messages import ANSWER_BYTES_MAX, CODE, KEEPALIVE, METHODS, Method, packed, request_of

CONNECT_SECONDS = 5.0
OPTIONS: list[tuple[str, Any]] = [
    ("grpc.max_receive_message_length", ANSWER_BYTES_MAX),
    ("grpc.max_send_message_length", ANSWER_BYTES_MAX),
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.use_local_subchannel_pool", 1),  # else a second client would wait for the first one's backoff
    *KEEPALIVE,
]


class GrpcWire:
    """See the module."""

    def __init__(self, *, token: str | None = None, tls: Tls | None = None) -> None:
        self._metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        self._credentials = None if tls is None else _credentials(tls)
        self._options = [*OPTIONS]
        if tls is not None and tls.name is not None:
            self._options.append(("grpc.ssl_target_name_override", tls.name))
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._closed = False

    async def call(self, address: str, name: str, arguments: Mapping[str, Any], seconds: float) -> Any:
        method = METHODS[name.removesuffix("-post")]
        request = request_of(method, arguments)
        ask = await self._asked(address, method, seconds)
        with _translated(address, seconds):
            reply = await ask(request, timeout=seconds, metadata=self._metadata)
        return method.operation.gives.unpack(packed(reply))

    async def stream(
        self, address: str, name: str, arguments: Mapping[str, Any], seconds: float
    ) -> AsyncIterator[JSON]:
        method = METHODS[name]
        request = request_of(method, arguments)
        ask = await self._asked(address, method, seconds)
        call = ask(request, metadata=self._metadata)
        try:
            with _translated(address, seconds):
                async with asyncio.timeout(seconds):
                    reply = await call.read()
                while reply is not grpc.aio.EOF:
                    yield packed(reply)
                    reply = await call.read()
        except TimeoutError:
            raise e.Unavailable(f"{address} did not answer within {seconds:g} s") from None
        finally:
            call.cancel()

    async def close(self) -> None:
        self._closed = True
        channels = list(self._channels.values())
        self._channels.clear()
        for channel in channels:
            await channel.close(None)

    async def _asked(self, address: str, method: Method, seconds: float) -> Any:
        channel = self._channel(address)
        try:
            async with asyncio.timeout(min(seconds, CONNECT_SECONDS)):
                await _connected(channel)
        except TimeoutError:
            raise NotSent("cannot be reached: it did not answer in time") from None
        return getattr(getattr(stubs, f"{method.service}Stub")(channel), method.name)

    def _channel(self, address: str) -> grpc.aio.Channel:
        if self._closed:
            raise e.Closed("the client was closed")
        channel = self._channels.get(address)
        if channel is None:
            scheme, _, plain = address.rpartition("://")
            split_address(plain)
            if scheme not in ("", "http", "https"):
                raise e.UsageError(f"an address is HOST:PORT or https://HOST:PORT, not {address!r}")
            credentials = self._credentials
            if scheme == "https" and credentials is None:
                credentials = grpc.ssl_channel_credentials()
            if credentials is None or scheme == "http":
                channel = grpc.aio.insecure_channel(plain, options=self._options)
            else:
                channel = grpc.aio.secure_channel(plain, credentials, options=self._options)
            self._channels[address] = channel
        return channel


async def _connected(channel: grpc.aio.Channel) -> None:
    """Waits for a connection: when a call on a channel without one fails, nobody can say whether it went out."""
    state = channel.get_state(try_to_connect=True)
    while state is not grpc.ChannelConnectivity.READY:
        if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            raise NotSent("cannot be reached")
        await channel.wait_for_state_change(state)
        state = channel.get_state(try_to_connect=True)


@contextlib.contextmanager
def _translated(address: str, seconds: float) -> Iterator[None]:
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise _error(error, address, seconds) from None


def _error(error: grpc.aio.AioRpcError, address: str, seconds: float) -> e.RaftoralError:
    codes = [value for name, value in error.trailing_metadata() or () if name == CODE]
    words = error.details() or ""
    if codes:
        return e.of_code(str(codes[0]), words)
    status = error.code()
    if status is grpc.StatusCode.DEADLINE_EXCEEDED:
        return e.Unavailable(f"{address} did not answer within {seconds:g} s")
    if status is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return e.WrongInput(f"a message is too large: {words}")
    if status in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INVALID_ARGUMENT):
        return e.RaftoralError(f"{address} does not know this call: {words}")
    return e.Unavailable(f"the connection to {address} broke: {words}")


def _credentials(tls: Tls) -> grpc.ChannelCredentials:
    def content(name: str | None) -> bytes | None:
        if name is None:
            return None
        with open(name, "rb") as file:
            return file.read()

    try:
        return grpc.ssl_channel_credentials(content(tls.ca), content(tls.key or tls.cert), content(tls.cert))
    except OSError as error:
        raise e.UsageError(f"TLS cannot be set up: {error}") from None
