"""Channels of grpcio, as we want them: no proxy, no second try, no connection that others share.

    channel = opened("127.0.0.1:7001", credentials_of(tls), options_of(tls)); await connected(channel)

In: addresses, TLS. Out: channels that are connected, or `NotSent`.
"""

from __future__ import annotations

from typing import Any

import grpc
import grpc.aio

from raftoral import errors as e
from raftoral.runtime.links.listener import split_address
from raftoral.runtime.links.remote import NotSent
from raftoral.runtime.links.tls import Tls

from .messages import ANSWER_BYTES_MAX, KEEPALIVE

Options = list[tuple[str, Any]]
OPTIONS: Options = [
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


def options_of(tls: Tls | None) -> Options:
    name = None if tls is None else tls.name
    return [*OPTIONS, *([("grpc.ssl_target_name_override", name)] if name is not None else [])]


def opened(address: str, credentials: grpc.ChannelCredentials | None, options: Options) -> grpc.aio.Channel:
    """A channel; nothing is connected yet."""
    scheme, _, plain = address.rpartition("://")
    split_address(plain)
    if scheme not in ("", "http", "https"):
        raise e.UsageError(f"an address is HOST:PORT or https://HOST:PORT, not {address!r}")
    if scheme == "https" and credentials is None:
        credentials = grpc.ssl_channel_credentials()
    if credentials is None or scheme == "http":
        return grpc.aio.insecure_channel(plain, options=options)
    return grpc.aio.secure_channel(plain, credentials, options=options)


async def connected(channel: grpc.aio.Channel) -> None:
    """Waits for a connection: when a call on a channel without one fails, nobody can say whether it went out."""
    state = channel.get_state(try_to_connect=True)
    while state is not grpc.ChannelConnectivity.READY:
        if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            raise NotSent("cannot be reached")
        await channel.wait_for_state_change(state)
        state = channel.get_state(try_to_connect=True)


def credentials_of(tls: Tls | None) -> grpc.ChannelCredentials | None:
    if tls is None:
        return None
    try:
        return grpc.ssl_channel_credentials(_content(tls.ca), _content(tls.key or tls.cert), _content(tls.cert))
    except OSError as error:
        raise e.UsageError(f"TLS cannot be set up: {error}") from None


def _content(name: str | None) -> bytes | None:
    if name is None:
        return None
    with open(name, "rb") as file:
        return file.read()
