"""`raftoral serve`: a node of a cluster, until it is told to stop.

    raftoral serve --listen 127.0.0.1:7001 --bootstrap --storage-path data/1 --app shop/orders.rft
    raftoral serve --listen 127.0.0.1:7002 --peers 127.0.0.1:7001 --storage-path data/2 --app shop/orders.rft

Says on standard output when it listens and when it is ready, and logs to standard error. SIGTERM and SIGINT have it
hand over its runs and its lead, give its activities their grace, and end with exit code 0; the second one ends it at
once. Started again on its data it is the node that it was, whatever --bootstrap and --peers say.

Exit code: 0 it was stopped, 1 a source has errors, or it was removed from its cluster, 2 wrong usage, 3 no node of the
cluster could be reached.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from raftoral import errors as e
from raftoral.cli import DONE, FOUND_PROBLEMS, NOT_SERVED
from raftoral.cli.options import Command, Option, Options
from raftoral.cli.running.logs import show_logs

if TYPE_CHECKING:
    from raftoral.cli.running.apps import App
    from raftoral.cli.terminal import Terminal
    from raftoral.runtime.cluster.node import Node
    from raftoral.runtime.edge.observe import Observer
    from raftoral.runtime.links.tls import Tls

LISTEN = "127.0.0.1:7001"
LOOK_S = 0.02
PATIENCE = 60

COMMAND = Command(
    "serve",
    "Is a node of a cluster: replicates runs, performs their effects, answers clients; one port for all,\n"
    "also for /healthz, /readyz and /metrics (if prometheus-client is installed).\n"
    "The first node begins the cluster with --bootstrap, others join any of its nodes with --peers.\n"
    "Started again on its data, a node is who it was: the same command line just works.\n"
    "--app names what it brings: an .rft file with the activities of the .py beside it, or a module or\n"
    ".py file that has `programs` (modules of workflows), `activities` (objects, functions) and\n"
    "`resources` (a raftoral.Resources); or an object with these: shop.service:app.\n"
    "Exit code: 0 it was stopped, 1 a source has errors, or the cluster has removed it, 2 wrong usage,\n"
    "3 no node of --peers serves.",
    words_max=0,
    options=(
        Option("listen", f"where it listens (default: {LISTEN}); port 0 has one chosen", value="HOST:PORT"),
        Option("bootstrap", "begin a new cluster"),
        Option("peers", "join the cluster of these nodes; more than once", value="HOST:PORT,..."),
        Option("advertise", "where others reach it (default: where it listens)", value="HOST:PORT"),
        Option("node-id", "its name in the cluster (default: one is drawn)", value="NAME"),
        Option("storage-path", "where it keeps what it knows; without it, nothing", letter="d", value="DIR"),
        Option("transport", "whom it answers (default: grpc too, if it is installed)", choices=("grpc", "http")),
        Option(
            "peer-transport",
            "how it dials other nodes (default: lean); all ways are accepted",
            choices=("lean", "grpc", "http"),
        ),
        Option("app", "programs and activities; more than once", letter="a", value="MODULE[:ATTR] or FILE"),
        Option("groups", "execution groups of a new cluster (default: 1)", value="N"),
        Option("tls-cert", "its certificate (PEM)", value="FILE"),
        Option("tls-key", "the key of its certificate", value="FILE"),
        Option("tls-ca", "whom it trusts: then clients and nodes show a certificate too", value="FILE"),
        Option("join-token", "made by `raftoral cluster token` (or RAFTORAL_JOIN_TOKEN)", value="TOKEN"),
        Option("token", "a token, and what it may: read, write, admin (or RAFTORAL_TOKENS)", value="TOKEN=RIGHT"),
        Option("insecure", "listen where others can reach it, without TLS and tokens"),
        Option("max-concurrency", "activities at one time (default: 1000)", value="N"),
        Option("thread-pool-size", "threads for activities that block", value="N"),
        Option("patience", f"to find a node of --peers, and be ready (default: {PATIENCE})", value="SECONDS"),
        Option("grace", "for activities and requests, when it stops (default: 5)", value="SECONDS"),
    ),
    example="raftoral serve --bootstrap --storage-path data/1 --app shop/orders.rft\n"
    "raftoral serve --listen 127.0.0.1:7002 --peers 127.0.0.1:7001 -d data/2 --app shop.service\n"
    "RAFTORAL_TOKENS=s3cret=admin raftoral serve --listen 10.0.0.1:7001 --bootstrap \\\n"
    "    --tls-cert node.pem --tls-key node.key --storage-path data/1",
)


def run(options: Options, terminal: Terminal) -> int:
    """Is a node until it is stopped; returns the exit code."""
    from raftoral.cli.running.apps import apps_of

    _check(options)
    try:
        app = apps_of(options.texts("app"))
    except e.RftError as error:
        terminal.complain(str(error))
        return FOUND_PROBLEMS
    show_logs(terminal, node=True)
    try:
        return asyncio.run(_serve(_node(options, app), app, options, terminal))
    except (e.Denied, e.AlreadyExists) as error:
        raise e.UsageError(f"the cluster does not let it in: {error}") from None
    except e.Unavailable as error:
        terminal.complain(f"raftoral serve: {error}")
        return NOT_SERVED
    except e.UsageError:
        raise
    except e.RaftoralError as error:
        terminal.complain(f"raftoral serve: {error}")
        return FOUND_PROBLEMS


def _check(options: Options) -> None:
    """What can be refused before anything is loaded."""
    from raftoral.runtime.links.listener import split_address

    for name in ("listen", "advertise"):
        if options.text(name):
            split_address(options.text(name))
    for peer in peers_of(options):
        if "://" not in peer:
            split_address(peer)
    if options.on("bootstrap") and peers_of(options):
        raise e.UsageError("--bootstrap begins a new cluster, and --peers joins one: give one of the two")
    if not options.text("storage-path") and not options.on("bootstrap") and not peers_of(options):
        raise e.UsageError(
            "begin a cluster with --bootstrap, or join one with --peers HOST:PORT; give --storage-path DIR, so that "
            "nothing is lost when it stops"
        )
    _check_exposure(options)
    if options.text("groups") and options.number("groups", 1) < 1:
        raise e.UsageError("--groups: a cluster has at least one group")


def _check_exposure(options: Options) -> None:
    """The rule is the listener's; these are the words of the command line."""
    from raftoral.runtime.links.listener import check_exposure, split_address

    host, _ = split_address(options.text("listen", LISTEN))
    tls, tokens = bool(options.text("tls-cert")), bool(tokens_of(options))
    try:
        check_exposure(host, tls, tokens, options.on("insecure"))
    except e.UsageError:
        lacks = [] if tls else ["--tls-cert and --tls-key"]
        lacks += [] if tokens else ["--token TOKEN=admin (or RAFTORAL_TOKENS)"]
        raise e.UsageError(
            f"others can reach {host}: give {' and '.join(lacks)}, or listen on 127.0.0.1; --insecure says that "
            "everybody in this network is trusted"
        ) from None


def peers_of(options: Options) -> list[str]:
    """The addresses of --peers."""
    return [each.strip() for given in options.texts("peers") for each in given.split(",") if each.strip()]


def tokens_of(options: Options) -> dict[str, str]:
    """Rights by token: from RAFTORAL_TOKENS, and from the command line."""
    said = os.environ.get("RAFTORAL_TOKENS", "")
    found: dict[str, str] = {}
    for each in [*said.replace("\n", ",").split(","), *options.texts("token")]:
        if not each.strip():
            continue
        token, equals, right = each.strip().rpartition("=")
        if not equals or not token:
            where = "--token" if each in options.texts("token") else "RAFTORAL_TOKENS"
            raise e.UsageError(f"{where} takes TOKEN=RIGHT, where the right is read, write or admin")
        found[token] = right
    return found


def _tls(options: Options) -> Tls | None:
    from raftoral.runtime.links.tls import Tls

    cert, key, ca = (options.text(name) or None for name in ("tls-cert", "tls-key", "tls-ca"))
    if not (cert or key or ca):
        return None
    if cert is None:
        raise e.UsageError("a node that has TLS shows a certificate: give --tls-cert and --tls-key")
    return Tls(cert=cert, key=key, ca=ca)


def _node(options: Options, app: App) -> Node:
    from raftoral.runtime.cluster.node import Node

    return Node(
        listen=options.text("listen", LISTEN),
        data=options.text("storage-path") or None,
        bootstrap=options.on("bootstrap"),
        peers=peers_of(options),
        programs=app.programs,
        activities=app.activities,
        resources=app.resources,
        node_id=options.text("node-id") or None,
        advertise=options.text("advertise") or None,
        groups=options.number("groups", 1),
        tls=_tls(options),
        tokens=tokens_of(options) or None,
        join_token=options.text("join-token") or os.environ.get("RAFTORAL_JOIN_TOKEN", ""),
        insecure=options.on("insecure"),
        max_concurrency=options.number("max-concurrency", 1_000),
        thread_pool_size=options.number("thread-pool-size", 0) or None,
        grace=float(options.number("grace", 5)),
        grpc={"grpc": True, "http": False}.get(options.text("transport")),
        peer_transport=options.text("peer-transport", "lean"),
        patience=_patience(options),
        metrics=_metrics(),
    )


@cache
def _metrics() -> Observer | None:
    """What /metrics shows, if there is a Prometheus client to write it; one for the process, as its registry is."""
    if find_spec("prometheus_client") is None:
        return None
    from raftoral.metrics import Metrics

    return Metrics()


def _patience(options: Options) -> float:
    """A node that is known waits for the others as long as it takes: after a power cut, the first one back is alone."""
    from raftoral.runtime.cluster.identity import IDENTITY

    if options.text("patience"):
        return float(options.number("patience", 0))
    known = os.path.exists(os.path.join(options.text("storage-path"), IDENTITY))
    return float("inf") if options.text("storage-path") and known else PATIENCE


async def _serve(node: Node, app: App, options: Options, terminal: Terminal) -> int:
    stopped = asyncio.Event()
    _catch_signals(stopped, terminal)
    opening = asyncio.ensure_future(node.open())
    saying = asyncio.ensure_future(_say_where(node, terminal))
    stopping, removed = asyncio.ensure_future(stopped.wait()), asyncio.ensure_future(node.removed.wait())
    try:
        await asyncio.wait([opening, stopping, removed], return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
        else:
            await opening
            await saying
            await _say_ready(node, app, terminal)
            if not options.text("storage-path"):
                terminal.remark("without --storage-path, nothing that it knows is there when it is started again")
            await asyncio.wait([stopping, removed], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in (saying, stopping, removed):
            each.cancel()
        await node.close()
    if node.removed.is_set() and not stopped.is_set():
        return FOUND_PROBLEMS  # it was logged
    terminal.remark("stopped")
    return DONE


def _catch_signals(stopped: asyncio.Event, terminal: Terminal) -> None:
    """The first signal stops the node with its manners, the second at once."""

    def stop(number: int) -> None:
        if stopped.is_set():
            terminal.complain("stopped at once")
            terminal.flush()
            os._exit(128 + number)
        stopped.set()
        terminal.remark("stopping: its runs go to other nodes; the same signal again stops at once")

    if sys.platform == "win32":
        return  # Ctrl-C is KeyboardInterrupt there
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)


async def _say_where(node: Node, terminal: Terminal) -> None:
    while not node.address:
        await asyncio.sleep(LOOK_S)
    _say(f"listening on {node.address}", terminal)


async def _say_ready(node: Node, app: App, terminal: Terminal) -> None:
    from raftoral.runtime.local import definitions_of

    found = await node.cluster()
    own = definitions_of(app.programs) if app.programs else []
    names = ", ".join(f"{each.name} v{each.version}" for each in sorted(own, key=lambda d: (d.name, d.version)))
    _say(
        f"ready: {node.address}, node {found['node']}, cluster {found['cluster']}, {names or 'no programs of its own'}",
        terminal,
    )


def _say(text: str, terminal: Terminal) -> None:
    terminal.result(text + "\n")
    terminal.flush()
