"""The service, through its own requests. Needs Starlette: `pip install 'raftoral[examples]'`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="Starlette is not installed: it comes with the extra `examples`")

sys.path.insert(0, os.path.dirname(__file__))

import service


async def ask(method: str, path: str, body: object = None) -> tuple[int, Any]:
    """A request as a web server hands it on: the status, and the JSON that came."""
    sent: list[dict[str, Any]] = []
    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b"", "app": service.app}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode()}

    async def send(message: Any) -> None:
        sent.append(message)

    await service.app(scope, receive, send)
    return sent[0]["status"], json.loads(b"".join(each.get("body", b"") for each in sent))


def told(story: Callable[[], Coroutine[Any, Any, None]], folder: Path) -> None:
    """A story with a node that lives as long as it."""

    async def inside() -> None:
        os.environ.update(NODE="127.0.0.1:0", DATA=str(folder))
        async with service.lifespan(service.app):
            await story()

    asyncio.run(inside())


def test_an_order_is_paid(tmp_path: Path) -> None:
    async def story() -> None:
        assert await ask("POST", "/orders/o1", {"customer": "ann", "total": "12.50"}) == (201, {"id": "o1"})
        assert await ask("GET", "/orders/o1") == (200, {"id": "o1", "status": "running", "stage": "open"})
        assert await ask("POST", "/orders/o1/pay") == (200, {"id": "o1", "receipt": "receipt-1"})
        assert await ask("GET", "/orders/o1") == (200, {"id": "o1", "status": "completed", "stage": "paid"})

    told(story, tmp_path)


def test_what_is_refused_is_said(tmp_path: Path) -> None:
    async def story() -> None:
        assert (await ask("GET", "/orders/nobody"))[0] == 404
        assert (await ask("POST", "/orders/o1", {"customer": "ann"}))[0] == 422
        for _ in range(2):  # the same order twice is one
            assert (await ask("POST", "/orders/o1", {"customer": "bob", "total": 1}))[0] == 201
        assert (await ask("POST", "/orders/o1", {"customer": "bob", "total": 2}))[0] == 409
        status, said = await ask("POST", "/orders/o1/pay")
        assert status == 402
        assert "CardDeclined" in said["error"]

    told(story, tmp_path)


def test_an_order_is_withdrawn_and_another_process_knows(tmp_path: Path) -> None:
    async def first() -> None:
        await ask("POST", "/orders/o1", {"customer": "ann", "total": "5"})
        assert await ask("DELETE", "/orders/o1") == (202, {"id": "o1"})

    async def later() -> None:
        assert (await ask("GET", "/orders/o1"))[1]["stage"] == "withdrawn"
        assert (await ask("POST", "/orders/o1/pay"))[0] == 409

    told(first, tmp_path)
    told(later, tmp_path)
