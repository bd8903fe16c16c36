"""One node of the simulated world: the production host over a simulated disk, stepped as its engine would.

    node.start()                 a process begins: reads the disk, opens its groups
    node.submit(1, command)      what its runner and its clients want
    node.crash()                 all is gone but the disk

In: parcels, requests, time. Out: parcels, calls of activities, jobs. A fault of the journal, or the power, ends the
process; it comes back after a while. Never decides about anything that the host decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from raftoral.errors import StorageFailed, StorageRefused, UsageError
from raftoral.runtime.cluster.host import PROPOSE, Done, Host, State, Step
from raftoral.runtime.cluster.replica import Replica
from raftoral.runtime.consensus.log import Ready
from raftoral.runtime.core.commands import Command
from raftoral.runtime.core.programs import Programs
from raftoral.runtime.core.wire import command_bytes

from .disk import Crash, SimulatedStates
from .runner import Runner

if TYPE_CHECKING:
    from .world import World

NEVER = float("inf")
AGAIN_S = 0.0005  # the shortest time between two steps
BATCH_S = 0.002  # what comes within it shares a step


class Watched(Host):
    """The production host; what it applies is looked at before and after."""

    world: World
    place: Node

    def _apply(self, ready: Ready, step: Step) -> bool:
        self.world.checkers.committed(self.place, ready.applied)
        changed = super()._apply(ready, step)
        self.world.checkers.applied(self.place, ready.applied)
        return changed


class Node:
    """See the module."""

    def __init__(self, world: World, name: str, *, drift: float, skew: int) -> None:
        self.world = world
        self.name = name
        self.drift = drift  # its clock runs this much faster
        self.skew = skew  # microseconds that its calendar is off
        self.disk = world.new_disk(name)
        self.disk.on_write = lambda writes: world.checkers.writes(self, writes)
        self.host: Host | None = None
        self.states: SimulatedStates | None = None
        self.runner: Runner | None = None
        self.life = 0  # counts starts
        self.paused_until = 0.0
        self.retired = False
        self.founds: dict[int, list[str]] = {}  # groups that it makes at its first start, with their members
        self.joins: list[int] = []  # groups into which it is going to be brought
        self._wake_at = NEVER

    @property
    def up(self) -> bool:
        return self.host is not None

    def clock(self) -> float:
        """Seconds that never go back."""
        return 1000.0 + self.world.now * self.drift

    def time(self) -> int:
        """Microseconds since 1970, as this machine believes."""
        return self.world.time + self.skew

    # --- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """A process begins."""
        if self.up or self.retired:
            return
        world = self.world
        self.life += 1
        self.paused_until, self._wake_at = 0.0, NEVER
        self.disk.is_full = False
        self.states = self.disk.states()
        host = self.host = Watched(
            self.name,
            self.disk.journal(),
            self.states,
            Programs,
            world.install,
            life=self.time(),
            chance=world.chance_of(f"chance {self.name} {self.life}").random,
            timing=world.timing,
            limits=world.limits,
            down_after=world.down_after,
        )
        host.world, host.place = world, self
        host.activities = self._activities
        self.runner = Runner(world, self)
        world.note("start", self.name, self.life)
        if not self._guarded(self._open):
            return
        world.network.started(self)
        self.wake(world.now + world.network.chance.uniform(0, 0.02))

    def _open(self) -> None:
        assert self.host is not None
        self.host.open(self.clock())
        for group, members in self.founds.items():
            self.host.found(group, members)
        for group in self.joins:
            self.host.wait_for(group)
        self.founds, self.joins = {}, []

    def _activities(self, replica: Replica) -> frozenset[str]:
        return self.world.able(self.name)

    def crash(self, *, power: bool = True) -> None:
        """The process ends. Without `power` the disk keeps what was written, synced or not."""
        if not self.up:
            return
        self.host = self.runner = self.states = None
        self.disk.ends(power=power)
        self.world.note("crash", self.name)
        self.world.count("crashes")
        self.world.network.stopped(self)
        self.world.clients.lost(self.name)

    def _guarded(self, act: Callable[[], object]) -> bool:
        """Does something with the host that may be its end. Says whether it lives."""
        life = self.life
        try:
            act()
        except Crash:
            self._end(power=True)
        except StorageFailed:
            self.world.count("journal failures")
            self._end(power=False)
        except Exception as fault:
            if isinstance(fault, UsageError) and not isinstance(fault, StorageRefused):
                raise  # of the user's own activities
            self.world.bad("RAISED", f"{self.name}: {type(fault).__name__}: {fault}", fault)
            self._end(power=True)
        return self.host is not None and self.life == life

    def _end(self, *, power: bool) -> None:
        self.crash(power=power)
        world = self.world
        world.after(world.network.chance.uniform(0.05, 1.0) + (0.5 if self.disk.is_full else 0.0), self.start)

    # --- what comes in ---------------------------------------------------------------------------------------------

    def receive(self, peer: str, data: bytes) -> None:
        """A parcel of another node."""
        host = self.host
        if host is not None and self._guarded(lambda: host.receive(peer, data)):
            self.wake(self.world.now + BATCH_S)

    def submit(self, group: int, command: Command, done: Done | None = None, *, key: str = "") -> bytes:
        """Wants a command in the log of a group."""
        return self.propose(group, command_bytes(command), done, key=key)

    def propose(self, group: int, data: bytes, done: Done | None = None, *, key: str = "") -> bytes:
        """The same for whatever a group understands: the directory has decrees."""
        host = self.host
        assert host is not None
        timeout = 3.0 if done is not None else None
        request_id = host.request(group, PROPOSE, data, done, key=key, timeout=timeout)
        self.wake(self.world.now)
        return request_id

    def report(self, id: str, command: Command) -> None:
        """What became of an attempt, for the group in which its run lives."""
        group = self.host.group_of(id) if self.host is not None else None
        if group is not None:  # else the run is over, or not here any more
            self.submit(group, command)

    def wake(self, at: float) -> None:
        """Wants a step at this time of the world, or earlier."""
        if at < self.paused_until:
            at = self.paused_until
        if at < self._wake_at:
            self._wake_at = at
            self.world.at(at, self._woken, self.life, at)

    def _woken(self, life: int, at: float) -> None:
        if life != self.life or at != self._wake_at or self.host is None:
            return
        self._wake_at = NEVER
        if self.world.now < self.paused_until:
            self.wake(self.paused_until)
        elif self._guarded(self._step):
            host = self.host
            assert host is not None
            due = (host.deadline() - self.clock()) / self.drift
            self.wake(self.world.now + max(due, AGAIN_S))

    # --- a step ----------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        host, world, runner = self.host, self.world, self.runner
        assert host is not None and runner is not None
        world.steps += 1
        parcels = host.advance(self.clock(), self.time())
        if parcels:
            self._send(parcels, early=True)
        if self.disk.next_write == "unsynced":
            raise Crash
        step = host.settle()
        if step.parcels:
            self._send(step.parcels, early=False)
        for halt in step.halts:
            runner.stop(halt.run, halt.op, halt.reason)
        if step.performs:
            runner.start(step.performs)
        for peer, why in step.distrusted:
            world.bad("DISTRUST", f"{self.name} of {peer}: {why}")
        world.checkers.after_step(self, step)
        if host.jobs:
            jobs, host.jobs = host.jobs, []
            for kind, group in jobs:
                self._begin_job(host, kind, group)

    def _send(self, parcels: dict[str, bytes], *, early: bool) -> None:
        for peer, data in parcels.items():
            self.world.checkers.leaves(self, peer, data, early)
            self.world.network.send(self.name, peer, data)

    def _begin_job(self, host: Host, kind: str, group: int) -> None:
        """What the engine's thread would do: it takes a while, and the host goes on meanwhile."""
        states, state, world = self.states, host.state(group), self.world
        if states is None or state is None or (kind == "sync" and group in host.syncing):
            return
        seconds = world.network.chance.expovariate(4)
        if kind == "save":
            try:
                snapshot = states.save(group)
            except StorageFailed:
                snapshot = None
            world.count("snapshots")
            world.after(seconds, self._job, self.life, lambda: host.saved(group, snapshot))
        else:
            kept, commits = state.kept, states.unsynced(group)
            host.syncing.add(group)
            world.after(seconds, self._job, self.life, lambda: self._synced(host, state, group, kept, commits))

    def _job(self, life: int, act: Callable[[], object]) -> None:
        if self.up and life == self.life and self._guarded(act):
            self.wake(self.world.now)

    def _synced(self, host: Host, state: State, group: int, kept: int, commits: int) -> None:
        host.syncing.discard(group)
        if host.state(group) is state and not self.disk.is_full:
            self.disk.sync(group, commits)
            host.duties.synced(group, kept)
