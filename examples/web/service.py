"""A web service that embeds a node and serves orders; every process of it is one more node of the cluster.

PYTHONPATH=examples/web uvicorn service:app --port 8001

NODE=127.0.0.1:7001 DATA=data-1                             the first one
NODE=127.0.0.1:7002 DATA=data-2 PEERS=127.0.0.1:7001        another one, with `--port 8002`
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal, InvalidOperation

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import raftoral
import raftoral.importer  # `import shop_web` finds shop_web.rft
import shop_web

CHARGES: dict[str, str] = {}


class Activities(shop_web.ShopWebActivities):
    """A bank and a post, in memory."""

    async def charge(self, customer: str, amount: Decimal) -> str:
        if customer == "bob":
            raise shop_web.CardDeclined(code="51")
        return CHARGES.setdefault(raftoral.activity().key, f"receipt-{len(CHARGES) + 1}")

    async def send_mail(self, to: str, text: str) -> None:
        raftoral.activity().log.info("to %s: %s", to, text)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """The node lives as long as the service. When the service stops, its runs go to the other nodes."""
    peers = os.environ.get("PEERS", "")
    async with raftoral.Node(
        listen=os.environ.get("NODE", "127.0.0.1:7001"),
        data=os.environ.get("DATA"),
        bootstrap=not peers,
        peers=peers.split(",") if peers else [],
        programs=[shop_web],
        activities=[Activities()],
    ) as node:
        app.state.node = node
        yield


async def create(request: Request) -> JSONResponse:
    """POST /orders/{id}: the same call again is the same order."""
    try:
        given = await request.json()
        basket = shop_web.Basket(customer=given["customer"], total=Decimal(str(given["total"])))
    except (ValueError, KeyError, TypeError, InvalidOperation) as error:
        return JSONResponse({"error": f"a basket has `customer` and `total`: {error}"}, 422)
    run = await shop_web.TakeOrder.start(request.app.state.node, basket, id=request.path_params["id"])
    return JSONResponse({"id": run.id}, 201)


async def show(request: Request) -> JSONResponse:
    """GET /orders/{id}: from any process, whichever owns the run."""
    run = shop_web.TakeOrder.get(request.app.state.node, request.path_params["id"])
    return JSONResponse({"id": run.id, "status": await run.status(), "stage": await run.progress()})


async def pay(request: Request) -> JSONResponse:
    """POST /orders/{id}/pay: waits until it is paid."""
    run = shop_web.TakeOrder.get(request.app.state.node, request.path_params["id"])
    await run.pay_now()
    paid = await run.result(timeout=30)
    return JSONResponse({"id": run.id, "receipt": paid.receipt})


async def withdraw(request: Request) -> JSONResponse:
    """DELETE /orders/{id}"""
    run = shop_web.TakeOrder.get(request.app.state.node, request.path_params["id"])
    await run.withdraw()
    return JSONResponse({"id": run.id}, 202)


STATUSES = {raftoral.NotFound: 404, raftoral.AlreadyExists: 409, raftoral.RunEnded: 409, raftoral.RunFailed: 402}


async def problem(request: Request, error: Exception) -> JSONResponse:
    """What raftoral says no to, in the words of the web."""
    return JSONResponse({"error": str(error)}, STATUSES.get(type(error), 503))


app = Starlette(
    routes=[
        Route("/orders/{id}", create, methods=["POST"]),
        Route("/orders/{id}", show),
        Route("/orders/{id}", withdraw, methods=["DELETE"]),
        Route("/orders/{id}/pay", pay, methods=["POST"]),
    ],
    exception_handlers={raftoral.RaftoralError: problem},
    lifespan=lifespan,
)
