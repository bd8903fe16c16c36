"""Every way to a service against the contract: none, HTTP, gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from raftoral.runtime.links.connect import connect
from raftoral.runtime.links.front import Front
from tests.runtime.contracts.service import Opened, Place, ServiceContract, Whole
from tests.runtime.desk import TEXT, Desk
from tests.runtime.machines import Kit

WAYS = ("none", "http", "grpc")


@pytest.fixture(scope="module")
def m() -> Any:
    return Kit(TEXT).modules["m"]


@pytest.fixture(params=WAYS)
def opened(request: pytest.FixtureRequest, m: Any) -> Opened:
    """Opens a service with a `Local` behind it."""
    way = request.param

    @asynccontextmanager
    async def between() -> AsyncIterator[Place]:
        desk = Desk()
        async with desk.local(m) as here:
            behind = Whole(here)
            if way == "none":
                yield Place(behind, behind, here, desk, m)
                return
            async with (
                Front(behind, "127.0.0.1:0", grpc=way == "grpc") as front,
                connect(front.address, transport=way) as client,
            ):
                yield Place(client.service, behind, here, desk, m, front.address)

    return between


class TestService(ServiceContract):
    """All of the contract, for each way."""
