"""One node of the simulator: the production `Groups` over a journal with faults, and a host as small as can be.

A crash leaves the journal as it was synced (or with the write that was on its way whole, torn, or not at all) and the
state as it was last made durable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from raftoral.errors import StorageFailed
from raftoral.runtime.consensus.groups import Groups
from raftoral.runtime.consensus.journal import MemoryJournal, Stored, Write, apply, torn
from raftoral.runtime.consensus.log import Applied, Lacking, ReplicatedLog
from raftoral.runtime.consensus.snapshots import Header, MemorySink, Receiver, Sender

from .machine import Machine

if TYPE_CHECKING:
    from .world import World


class Crash(Exception):
    """The power is gone."""


class Node:
    def __init__(self, world: World, name: str, drift: float) -> None:
        self.world = world
        self.name = name
        self.drift = drift  # its clock runs this much faster
        self.groups: Groups | None = None
        self.logs: dict[int, ReplicatedLog] = {}
        self.machines: dict[int, Machine] = {}
        self.receivers: dict[int, tuple[Receiver, MemorySink]] = {}
        self.senders: dict[tuple[int, str], Sender] = {}
        self.life = 0  # counts starts
        self.wake_at = float("inf")
        self.paused_until = 0.0
        self.retired = False
        self.crash_at: str | None = None  # the next write, or the moment before it, is the end
        self.disk_full_until = 0.0
        self.commits: dict[int, int] = {}
        # What outlives a crash.
        self.durable: dict[int, Stored] = {}
        self.states: dict[int, Machine] = {}

    @property
    def up(self) -> bool:
        return self.groups is not None

    def clock(self) -> float:
        return 1000.0 + self.world.now * self.drift

    # --- life -------------------------------------------------------------------------------------------------------

    def prepare(self, group: int, members: list[str] | None) -> None:
        """Before the first start: with members it creates the group, else it joins."""
        groups = Groups(self.name, MemoryJournal(self.durable), chance=self.world.random.random)
        groups.create(group, members) if members else groups.join(group)
        self.states[group] = Machine()

    def start(self) -> None:
        if self.up or self.retired:
            return
        world = self.world
        self.life += 1
        self.crash_at = None
        self.paused_until = 0.0
        self.wake_at = float("inf")
        journal = MemoryJournal(self.durable)
        journal.fault = self._fault
        self.journal = journal
        self.groups = groups = Groups(
            self.name, journal, chance=world.random.random, timing=world.timing, limits=world.limits
        )
        self.receivers = {}
        self.senders = {}
        self.machines, self.logs = {}, {}
        for group in journal.groups():
            self.reopen(group)
        if groups is self.groups:
            world.started(self)
            self.wake(world.now + world.random.uniform(0, 0.02))

    def reopen(self, group: int) -> None:
        assert self.groups is not None
        machine = self.machines[group] = self.states[group].copy()
        try:
            self.logs[group] = self.groups.open(group, machine.point, self.clock())
        except (Crash, StorageFailed):
            return self.stop()
        self.commits[group] = self.logs[group].status().commit
        return None

    def stop(self) -> None:
        if not self.up:
            return
        self.groups = None
        self.logs = {}
        self.world.count("crash")
        self.world.stopped(self)

    def _fault(self, writes: Mapping[int, Write]) -> None:
        """Called instead of the write that is about to be made."""
        self.world.checkers.before_write(self, writes)
        how, self.crash_at = self.crash_at, None
        if self.world.now < self.disk_full_until:
            raise StorageFailed("the disk is full")
        if how is None:
            return
        for group, write in writes.items():
            if how == "kept":
                apply(self.durable, group, write)
            elif how == "torn":
                keep = self.world.random.randrange(len(write.entries) + 1)
                apply(self.durable, group, torn(write, self.durable.get(group), keep))
        raise StorageFailed("an I/O error") if how == "io" else Crash

    # --- a step -----------------------------------------------------------------------------------------------------

    def wake(self, at: float) -> None:
        """Wants a step at this time of the world, or earlier."""
        at = max(at, self.paused_until)
        if at < self.wake_at:
            self.wake_at = at
            self.world.at(at, self._woken, self.life, at)

    def _woken(self, life: int, at: float) -> None:
        if life == self.life and self.up and at == self.wake_at:
            self.wake_at = float("inf")
            if self.world.now < self.paused_until:
                return self.wake(self.paused_until)
            self.step()
        return None

    def step(self) -> None:
        world = self.world
        groups = self.groups
        assert groups is not None
        world.steps += 1
        try:
            early = groups.advance(self.clock(), int(self.clock() * 1e6) + world.skew(self))
            world.send(self, early, early=True)
            if self.crash_at == "unsynced":
                raise Crash
            ready = groups.settle()
        except (Crash, StorageFailed):
            self.stop()
            world.at(world.now + world.random.uniform(0.05, 1.5), self.start)
            return
        world.send(self, ready.frames, early=False)
        for applied in ready.applied:
            self.apply(applied)
        for answer in ready.answers:
            world.answered(self, answer)
        for lacking in ready.lacking:
            self.offer(lacking)
        for stopped in ready.stopped:
            world.checkers.bad("STOPPED", f"{self.name} group {stopped.group}: {stopped.fault!r}")
            world.faults_seen.append(stopped.fault)
            self.reopen(stopped.group)
        for peer, why in ready.distrusted:
            world.checkers.bad("DISTRUST", f"{self.name} of {peer}: {why}")
        if not self.up:
            return
        world.checkers.after_step(self)
        self.keep_states()
        due = (groups.deadline() - self.clock()) / self.drift
        self.wake(world.now + max(due, 0.0005))

    def apply(self, applied: Applied) -> None:
        self.machines[applied.group].apply(applied)
        self.world.checkers.applied(self, applied)

    def keep_states(self) -> None:
        """Now and then the state becomes durable: only then may the log be cut."""
        for group, machine in sorted(self.machines.items()):
            if machine.index > self.states[group].index and self.world.random.random() < self.world.keep_chance:
                self.states[group] = machine.copy()
                self.logs[group].durable(machine.index)

    # --- snapshots --------------------------------------------------------------------------------------------------

    def offer(self, lacking: Lacking) -> None:
        key = (lacking.group, lacking.peer)
        sender = self.senders.get(key)
        state = self.states[lacking.group]
        if sender is None or sender.done or sender.header.point.index < self.logs[lacking.group].status().base:
            if state.index == 0:
                return  # nothing durable that is of use yet; it is asked for again
            data = state.pack()
            header = Header(lacking.group, state.point, len(data), hashlib.sha256(data).digest())
            sender = Sender(header, lambda at, count: data[at : at + count], chunk_bytes=max(1, len(data) // 4))
            self.senders[key] = sender
        self.world.count("snapshot offers")
        self.world.send_snapshot(self, lacking.peer, lacking.group, sender.offer(), to_receiver=True)

    def on_snapshot(self, peer: str, group: int, data: bytes, to_receiver: bool) -> None:
        """A part of a snapshot, or the answer to one."""
        if group not in self.logs:
            return
        if not to_receiver:
            sender = self.senders.get((group, peer))
            part = sender.received(data) if sender is not None else None
            if part is not None:
                self.world.send_snapshot(self, peer, group, part, to_receiver=True)
            return
        receiver, sink = self.receivers.setdefault(group, _receiver(group))
        answer = receiver.received(data)
        if receiver.whole is not None:
            self.install(receiver.whole, bytes(sink.data))
            receiver.clear()
        if answer is not None and self.up:
            self.world.send_snapshot(self, peer, group, answer, to_receiver=False)

    def install(self, header: Header, data: bytes) -> None:
        group = header.group

        def swap() -> None:
            machine = Machine.unpack(data)
            assert machine.point == header.point
            self.states[group] = machine
            if self.world.random.random() < self.world.crash_in_install:
                raise Crash  # the state is there, and the log is not reset

        try:
            if self.logs[group].install(header.point, swap):
                self.world.count("snapshot installs")
                self.machines[group] = self.states[group].copy()
                self.commits[group] = header.point.index
                self.world.checkers.installed(self, group)
        except Crash:
            self.stop()
            self.world.at(self.world.now + 0.3, self.start)
            return
        self.wake(self.world.now)


def _receiver(group: int) -> tuple[Receiver, MemorySink]:
    sink = MemorySink()
    return Receiver(group, sink), sink
