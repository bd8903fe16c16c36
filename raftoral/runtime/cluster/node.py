"""A node of the cluster, embedded in a service: `raftoral.Node`.

    async with raftoral.Node(listen="127.0.0.1:7001", data="./data", bootstrap=True,
                             programs=[shop.orders], activities=[Activities()]) as node:
        run = await ProcessOrder.start(node, order, id="order-17")
        receipt = await run.result(timeout=30)

The first node begins the cluster (`bootstrap`), others join through any of them (`peers`). Started again on its data, a
node is who it was, whatever the options say. What it deploys, performs and answers begins when it is ready.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import secrets
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Self

from raftoral import __version__, errors as e
from raftoral.program.probes import determinism_digest
from raftoral.program.steps import Activity, Definition

from ..bindings import Binding, Bindings, method_of
from ..calls.client import Client
from ..calls.values import drawn_id
from ..consensus.core import Timing
from ..core import commands as c
from ..core.lifecycle import Halt
from ..core.programs import Programs
from ..edge.clock import SystemClock
from ..edge.directory_lock import DirectoryLock
from ..edge.effect_runner import EffectRunner
from ..edge.journal_sqlite import SqliteJournal
from ..edge.observe import Observer, Observers, observers_of
from ..engine import command_of, tell
from ..links.access import node_token
from ..links.connect import connect
from ..links.front import Front
from ..links.http.client import HttpWire
from ..links.peers.choose import chosen
from ..links.peers.greeting import Identity
from ..links.peers.links import Peers
from ..links.peers.wires import Transport
from ..links.peers.within import Exchange
from ..links.remote import Remote
from ..links.tls import Tls
from ..local import definitions_of
from ..ports import Attempt, Report
from ..proto import peer_pb2 as pb
from ..resources import Resources
from ..service import JSON, Service, Source
from .crossing import Crossing
from .engine import HostThread
from .host import Host, Step
from .identity import LOG, read_identity, refuse_lost_log, write_begun, write_identity
from .packages import ABI, Module, deployed_name, gathered, installed
from .replica import Replica
from .serving.membership import moving_proof, removed_text
from .serving.service import NodeService
from .states import FileStates
from .threaded import Threaded
from .watching import NodeInside, Watch

log = logging.getLogger("raftoral")

READY_S = 60.0  # to become a node of the cluster that has a leader and knows the programs
LOOK_S = 0.05
SAY_S = 2.0  # after which a node that is not ready says why
MISSED_MAX = 2
AGAIN_S = 2.0  # between two requests to be let in
ASK_S = 2.0  # for peers to say of which cluster they are
LEAVE_S = 5.0
AWAY_PATIENCE_S = 3.0  # while no member of a group takes a connection


class Node(Client):
    """See the module."""

    def __init__(
        self,
        *,
        listen: str = "127.0.0.1:0",
        data: str | None = None,
        bootstrap: bool = False,
        peers: Iterable[str] = (),
        programs: Iterable[Any] = (),
        activities: Iterable[Any] | Any = (),
        node_id: str | None = None,
        advertise: str | None = None,
        groups: int = 1,
        tls: Tls | None = None,
        tokens: Mapping[str, str] | None = None,
        join_token: str = "",
        token: str = "",
        insecure: bool = False,
        origins: Sequence[str] = (),
        metrics: Observer | None = None,
        tracing: Observer | None = None,
        resources: Resources | None = None,
        max_concurrency: int = 1_000,
        thread_pool_size: int | None = None,
        queues: Mapping[str, int] | None = None,
        profile: bool = True,
        retention: timedelta | None = None,
        grace: float = 5.0,
        down_after: float = 2.0,
        timing: Timing | None = None,
        grpc: bool | None = None,
        peer_transport: str | Transport = "lean",
        patience: float = READY_S,
    ) -> None:
        self._peers_given = list(peers)
        if bootstrap and self._peers_given:
            raise e.UsageError("bootstrap begins a new cluster, and peers join one: give one of the two")
        self._listen, self._data, self._bootstrap = listen, data, bootstrap
        self._programs_given = list(programs)
        self._definitions = definitions_of(self._programs_given) if self._programs_given else []
        self._activities = activities if isinstance(activities, list | tuple | set) else [activities]
        self._activities = [each for each in self._activities if each != ()]
        self._name, self._advertise, self._groups = node_id or "", advertise, groups
        self._tls, self._tokens, self._insecure, self._origins = tls, tokens, insecure, origins
        self._join_token, self._token = join_token, token
        self._resources = resources
        self._max_concurrency, self._threads, self._queues = max_concurrency, thread_pool_size, queues
        self._profile, self._grace, self._down_after = profile, grace, down_after
        self._retention = retention
        self._timing = timing or Timing()
        self._grpc, self._patience = grpc, patience
        self._peer_transport = chosen(peer_transport, tls, grpc=grpc)
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._lock: DirectoryLock | None = None
        self._thread: HostThread | None = None
        self._runner: EffectRunner | None = None
        self._reports: list[tuple[str, c.Command]] = []
        observers = observers_of(metrics=metrics, tracing=tracing)
        inside = NodeInside(lambda: self._thread, lambda: self._runner, lambda: self._links)
        self._observers = Observers(observers, inside) if observers else None
        self._page = getattr(metrics, "text", None)
        self._watch = Watch(self._observers)
        self._abilities: dict[int, tuple[Replica, int, frozenset[str]]] = {}
        self._closing = self._has_begun = False
        self._belonging: asyncio.Task[None] | None = None
        self._front: Front | None = None
        self._links: Peers | None = None
        self._missed = 0  # how often in a row others said that they do not know this node
        self.removed = asyncio.Event()  # from the cluster: it can do nothing any more, and is to be closed
        self.address = ""  # where others reach it

    @property
    def node_id(self) -> str:
        """The name of this node in its cluster."""
        return self._identity.node

    # --- life ------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        return await self.open()

    async def open(self) -> Self:
        """Begins, and returns when the node is ready: it belongs to a cluster with a leader that knows its programs."""
        if self._thread is not None:
            return self
        folder = self._folder()
        self._lock = DirectoryLock(folder)
        try:
            await self._open(folder)
        except BaseException:
            await self.close()
            raise
        return self

    def _folder(self) -> str:
        if self._data is not None:
            try:
                os.makedirs(self._data, exist_ok=True)
            except OSError as error:
                why = f"the directory {self._data} cannot be made: {error.strerror}. Give another one"
                raise e.StorageRefused(why) from None
            return self._data
        self._temporary = tempfile.TemporaryDirectory(prefix="raftoral-", ignore_cleanup_errors=True)
        return self._temporary.name

    async def _open(self, folder: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._outward = Crossing(self._loop)
        if self._resources is not None:
            await self._resources.open()
        self._runner = self._made_runner()
        known = read_identity(folder)
        if known is None and not self._bootstrap and not self._peers_given:
            raise e.UsageError(
                "a node that has no data yet either begins a cluster (bootstrap=True, --bootstrap) or joins one "
                "(peers=[...], --peers HOST:PORT)"
            )
        self._identity = Identity(
            node=known["node"] if known else self._name or f"n-{secrets.token_hex(3)}",
            cluster=known["cluster"] if known else "",
            secret=bytes.fromhex(known["secret"]) if known else b"",
            address="",
            abi=ABI,
            digest=determinism_digest(),
        )
        if known and self._name and self._name != known["node"]:
            raise e.UsageError(f"the data in {folder} is that of the node {known['node']}, not of {self._name}")
        thread = self._thread = HostThread(lambda: self._made_host(folder), self._send, self._came)
        thread.start()
        service = NodeService(
            thread,
            SystemClock(),
            self._resources,
            self._compiled,
            self._away,
            needs_token=bool(self._tokens or self._tls),
        )
        self._local = service
        super().__init__(Threaded(service, thread))
        await thread.call(lambda: self._begin(folder, known))
        await self._until_ready()
        self._has_begun = True
        write_begun(folder, read_identity(folder) or {})
        if self._definitions:
            await self._deploy()
            await self._until_ready()
        if self._observers is not None:
            self._observers.opened()

    async def _begin(self, folder: str, known: JSON | None) -> None:
        """On the engine's loop: listens, opens what is on the disk, founds or joins a cluster."""
        assert self._thread is not None
        transport = self._peer_transport
        links = Peers(self._identity, transport, self._thread.received, self._thread.linked)
        self._links = links
        self._front = await Front(
            self._local,
            self._listen,
            tokens=self._tokens,
            tls=self._tls,
            insecure=self._insecure,
            origins=self._origins,
            metrics=self._page,
            peer=links.accept,
            grpc=self._grpc,
            within=self._local.within,
            secret=lambda: self._identity.secret,
            folder=folder,
        ).open()
        self.address = self._front.address
        self._identity.address = self._advertise or self.address
        if isinstance(transport, Exchange):
            transport.listen(self._identity.address, links.accept)
        if known is not None and self._peers_given:
            await self._refuse_others(folder, known)
        if known is None and not self._bootstrap:
            known = await self._join(folder)
        elif known is None:
            secret = secrets.token_bytes(32)
            known = {"node": self._identity.node, "cluster": secrets.token_hex(8), "secret": secret.hex()}
            write_identity(folder, known)
        self._identity.cluster, self._identity.secret = known["cluster"], bytes.fromhex(known["secret"])
        host = self._thread.open()
        founds = self._bootstrap and "joined" not in known
        if not host.logs and founds:
            for group in range(self._groups + 1):
                host.found(group, [host.node])
        else:
            host.follow()
            for group in known.get("groups", ()) if not host.logs else ():
                host.wait_for(group)
        if founds:
            founded = pb.Founded(
                cluster=known["cluster"],
                node=host.node,
                address=self._identity.address,
                secret=self._identity.secret,
                groups=range(1, self._groups + 1),
            )
            host.request(0, pb.Request.PROPOSE, pb.Decree(founded=founded).SerializeToString())
        nodes = known.get("nodes") or (host.directory.nodes if host.directory is not None else {})
        links.address(nodes)
        self._local.membership.tend()
        if self._retention is not None:
            self._local.prune_every(self._retention.total_seconds())
        others = [at for name, at in nodes.items() if name != host.node] or self._peers_given or known.get("joined", [])
        self._belonging = asyncio.ensure_future(self._belong(others, asked="nodes" in known or not others))
        self._thread.wake()

    async def _belong(self, others: list[str], *, asked: bool) -> None:
        """Says where this node listens, until the cluster has it: whoever was asked before may have lost the lead, or
        its memory of it. From then on, sees whether it was removed."""
        node, address = self._identity.node, self._identity.address
        proof = moving_proof(self._identity.secret, node, address)
        while not self._closing:
            if asked:
                await asyncio.sleep(AGAIN_S)
            asked = True
            if self._belongs():
                await self._look_for_itself()
                continue
            try:
                async with connect(*others, token=self._token or None, tls=self._tls) as client:
                    found = await client.service.admit(node, address, proof)
            except e.RaftoralError as error:
                if isinstance(error, e.Denied) and str(error) == removed_text(node):
                    self._is_removed()
                    return
                log.warning("the other nodes do not have %s at %s yet: %s", node, address, error)
                continue
            host = self._thread.host if self._thread is not None else None
            if host is not None and self._links is not None and (host.directory is None or not host.directory.cluster):
                self._links.address(found["nodes"])

    async def _look_for_itself(self) -> None:
        """Nobody sends a node the entry of the log that removed it. Who has no link at all asks whether it was that."""
        host = self._thread.host if self._thread is not None else None
        directory = host.directory if host is not None else None
        if host is None or directory is None or self._links is None or self._local.shutting:
            return
        others = [at for name, at in directory.nodes.items() if name != host.node]
        if not others or self._links.up():
            self._missed = 0
            return
        try:
            async with connect(*others, tls=self._tls, timeout=ASK_S, patience=0.0) as client:
                health, found = await client.service.health(), await client.service.discover()
        except e.RaftoralError:
            return
        gone = health["ready"] and found["cluster"] == directory.cluster and host.node not in found["nodes"]
        self._missed = self._missed + 1 if gone else 0
        if self._missed >= MISSED_MAX:
            self._is_removed()

    def _is_removed(self) -> None:
        self._local.shutting = removed_text(self._identity.node)
        log.error("%s", self._local.shutting)
        self._loop.call_soon_threadsafe(self.removed.set)

    def _belongs(self) -> bool:
        """Whether the cluster knows where this node is; or it was removed for good."""
        host = self._thread.host if self._thread is not None else None
        directory = host.directory if host is not None else None
        if host is None or directory is None or not directory.cluster:
            return False
        at = directory.nodes.get(host.node)
        return at is None or at == self._identity.address

    async def _refuse_others(self, folder: str, known: JSON) -> None:
        """`peers` of another cluster than that of the data are a mistake. Peers that are away are none."""
        try:
            async with connect(*self._peers_given, tls=self._tls, timeout=ASK_S, patience=0.0) as others:
                found = await others.service.discover()
        except e.RaftoralError:
            return
        if known["node"] not in found["nodes"] and found["cluster"] == known["cluster"]:
            log.warning(
                "%s do not know %s. If it was removed from the cluster, take another directory to join it anew",
                ", ".join(self._peers_given),
                known["node"],
            )
        if found["cluster"] != known["cluster"]:
            raise e.UsageError(
                f"the data in {folder} is that of {known['node']} in the cluster {known['cluster']}, and at "
                f"{', '.join(self._peers_given)} is the cluster {found['cluster']}: take another directory to join it"
            )

    async def _join(self, folder: str) -> JSON:
        """Asks a node of the cluster to be let in; keeps who it is from then on."""
        tls = self._tls
        async with connect(*self._peers_given, token=self._token or None, tls=tls, patience=self._patience) as others:
            service: Service = others.service
            found = await service.discover()
            if found["abi"] != ABI:
                raise e.UsageError(
                    f"the cluster runs programs by ABI {found['abi']} (raftoral {found['version']}), and this node by "
                    f"{ABI} (raftoral {__version__}): install the same version"
                )
            if found.get("digest", self._identity.digest) != self._identity.digest:
                raise e.UsageError(
                    f"the cluster (raftoral {found['version']}) computes otherwise than this node (raftoral "
                    f"{__version__}): by the determinism digest their states would differ. Install the same raftoral, "
                    "pydantic and Python"
                )
            known = await service.admit(self._identity.node, self._identity.address, self._join_token)
        kept = {name: known[name] for name in ("node", "cluster", "secret")}
        write_identity(folder, {**kept, "joined": sorted(known["nodes"].values())})
        return known

    def _made_host(self, folder: str) -> Host:
        if self._has_begun:
            refuse_lost_log(folder)
        journal = SqliteJournal(os.path.join(folder, LOG), self._identity.node)
        own = self._definitions
        host = Host(
            self._identity.node,
            journal,
            FileStates(folder),
            Programs,
            lambda data: installed(data, own),
            life=time.time_ns() // 1000,
            chance=random.random,
            timing=self._timing,
            down_after=self._down_after,
            trails=self._profile,
        )
        host.activities = self._able
        host.linked |= self._links.up() if self._links is not None else frozenset()  # of one that is made anew
        return host

    async def _until_ready(self) -> None:
        began = time.monotonic()
        why = said = ""
        while (passed := time.monotonic() - began) < self._patience:
            health = await self.health()
            if health["ready"]:
                return
            why = health["why"]
            if self.removed.is_set():
                raise e.StorageRefused(why)
            if passed > SAY_S and why != said:
                log.info("not ready yet: %s", why)
                said = why
            await asyncio.sleep(LOOK_S)
        raise e.Unavailable(f"the node is not ready after {self._patience:g} s: {why}")

    async def _deploy(self) -> None:
        """What the cluster lacks of the programs of this service."""
        modules = gathered(self._definitions)
        service, definitions = self._local, self._definitions
        assert self._thread is not None
        await self._thread.call(lambda: service.install(modules, definitions))

    def _away(self, group: int, addresses: Sequence[str]) -> Remote:
        """What other nodes have of a group of which this one is no member."""
        wire = HttpWire(token=node_token(self._identity.secret), tls=self._tls, group=group)
        return Remote(wire, addresses, patience=AWAY_PATIENCE_S)

    async def _compiled(self, sources: Sequence[Source]) -> tuple[Sequence[Module], Sequence[Definition]]:
        from raftoral.deploying import compiled

        return await asyncio.get_running_loop().run_in_executor(None, compiled, sources)

    async def start(
        self,
        workflow: Definition | str,
        id: str | None = None,
        args: Sequence[Any] | Mapping[str, Any] = (),
        *,
        tags: Mapping[str, str] | None = None,
        version: int = 0,
    ) -> str:
        """Starts a run; gives its id. When it returns, a majority has it on disk. The same start again is the same
        run."""
        if self._observers is None:
            return await super().start(workflow, id, args, tags=tags, version=version)
        id = drawn_id() if id is None else id
        named = workflow if isinstance(workflow, str) else workflow.name
        number = version if isinstance(workflow, str) else workflow.version
        with self._observers.starting(named, number, id) as more:
            return await super().start(workflow, id, args, tags={**more, **(tags or {})}, version=version)

    async def close(self, *, leave: bool = False) -> None:
        """Stops: its runs go to other nodes at once, activities get their grace. With `leave` it gives up its vote."""
        thread, self._thread = self._thread, None
        self._closing = True
        if thread is not None:
            if self._observers is not None:
                self._observers.closed()
            if thread.host is not None:  # else it never began
                await self._hand_over(thread, leave)
            if self._runner is not None:
                await self._runner.close(self._grace)
            await thread.call(self._shut)
            await thread.close()
        elif self._runner is not None:
            await self._runner.close(0.0)
        if self._resources is not None:
            await self._resources.close()
        if self._lock is not None:
            self._lock.release()
        if self._temporary is not None:
            self._temporary.cleanup()

    async def _hand_over(self, thread: HostThread, leave: bool) -> None:
        """Others take the lead and the runs, if there are others; a node that is alone just stops."""
        try:
            async with asyncio.timeout(LEAVE_S):
                await thread.call(lambda: self._leave_to_others(leave))
        except (e.RaftoralError, TimeoutError) as error:
            log.info("the node stops without handing over: %s", str(error) or "nobody took it in time")

    async def _leave_to_others(self, leave: bool) -> None:
        service = self._local
        service.shutting = "this node is being stopped: ask another one"
        host = service.host
        alive = self._links.up() if self._links is not None else frozenset()
        groups = []
        for group in sorted(host.logs):
            members = host.logs[group].status().members
            agree = host.node in members and 2 * (len(alive & members) + 1) > len(members) > 1
            if agree:  # else nobody could
                groups.append(group)
        host.leaving = bool(groups)
        for group in groups:
            if group:
                await service.membership.hand_over(group, host.node)
        for group in groups:
            if host.leads(group):
                await service.transfer(group, "")
        if leave and (alive or groups):
            await service.remove(host.node)

    async def _shut(self) -> None:
        await self._local.close()
        if self._belonging is not None:
            self._belonging.cancel()
        if self._front is not None:
            await self._front.close(self._grace)
        if self._links is not None:
            if isinstance(self._peer_transport, Exchange):
                self._peer_transport.leave(self._identity.address)
            await self._links.close()

    # --- between the engine and the service --------------------------------------------------------------------

    def _send(self, peer: str, parcel: bytes) -> None:
        if self._links is not None:
            self._links.send(peer, parcel)

    def _came(self, step: Step, seconds: float) -> None:
        """On the engine's loop: what a step brought goes to those whom it concerns."""
        if self._thread is not None and self._thread.host is not None:
            self._watch.step(self._thread.host, step, seconds)
        for group, id, status in step.moved:
            self._local.moved(group, id, status)
        self._local.look_again()
        if step.performs or step.halts:
            self._outward.post(partial(self._act, step.performs, step.halts))
        for each in step.tells:
            tell(each)
        links = self._links
        assert links is not None, "a host has links"
        for peer, why in step.distrusted:
            links.drop(peer, why)
        host = self._thread.host if self._thread is not None else None
        if step.changed and host is not None and host.directory is not None and host.directory.nodes:
            links.address(host.directory.nodes)

    def _act(self, performs: list[Attempt], halts: list[Halt]) -> None:
        """On the service's loop: effects begin and end."""
        runner = self._runner
        if runner is None or self._closing:
            return
        for halt in halts:
            runner.stop(halt.run, halt.op, halt.reason)
        able = []
        for attempt in performs:
            if runner.implements(attempt.activity):
                able.append(attempt)
            else:
                name = deployed_name(attempt.activity.full_name)
                method = method_of(attempt.activity)
                hint = "" if method == attempt.activity.name else f" (in Python its name is {method})"
                reason = f"no node that is up implements the activity {name}{hint}"
                self._post(attempt.id, c.Stalled(attempt.id, attempt.op, reason, attempt.run, attempt.fence))
        if able:
            runner.start(able)

    def _report(self, report: Report) -> None:
        """On the service's loop: how an attempt ended. All of one moment go over in one go."""
        self._post(report.attempt.id, command_of(report))

    def _post(self, id: str, command: c.Command) -> None:
        if not self._reports:
            self._loop.call_soon(self._hand_reports_over)
        self._reports.append((id, command))

    def _hand_reports_over(self) -> None:
        reports, self._reports = self._reports, []
        if self._thread is not None:  # else: what ends while we close is called again by whoever has the run then
            self._thread.post(partial(self._submit, reports))

    def _submit(self, reports: list[tuple[str, c.Command]]) -> None:
        """On the engine's loop."""
        host = self._thread.host if self._thread is not None else None
        if host is None or self._thread is None:
            return  # a host that begins anew calls them again
        for id, command in reports:
            group = host.group_of(id)
            if group is not None:  # else the run is over, or not here any more
                host.submit(group, command)
        self._thread.wake()

    # --- activities ------------------------------------------------------------------------------------------

    def _made_runner(self) -> EffectRunner:
        runner = EffectRunner(
            _ByName(self._activities, self._definitions),
            report=self._report,
            resources=self._resources,
            observers=self._observers,
            max_concurrency=self._max_concurrency,
            thread_pool_size=self._threads,
            queues=self._queues,
        )
        for program in Programs(self._definitions).all().values():
            for activity in program.uses():
                runner.implements(activity)  # one that two could perform is said now, not in the middle of a run
        return runner

    def _able(self, replica: Replica) -> frozenset[str]:
        """The activities of a group's programs that this node performs."""
        runner = self._runner
        if runner is None or self._closing:
            return frozenset()
        programs = replica.programs.all()
        known = self._abilities.get(replica.group)
        if known is None or known[:2] != (replica, len(programs)):  # asked in every look, and programs come seldom
            uses = [activity for program in programs.values() for activity in program.uses()]
            able = frozenset(each.full_name for each in uses if runner.implements(each))
            known = self._abilities[replica.group] = replica, len(programs), able
        return known[2]


class _ByName(Bindings):
    """Finds who performs an activity of a deployed program: the service's own activity of the same full name does."""

    def __init__(self, implementations: Iterable[object], definitions: Sequence[Definition]) -> None:
        super().__init__(implementations)
        own = [activity for program in Programs(definitions).all().values() for activity in program.uses()]
        self._own = {activity.full_name: activity for activity in own}

    def of(self, activity: Activity[Any]) -> Binding | None:
        own = self._own.get(activity.full_name)
        if own is None or own is activity:
            return super().of(activity)
        found = super().of(own)
        return None if found is None else replace(found, activity=activity)
