"""The world of a simulated run: virtual time, a network, faults and clients, all from one seed.

    World(seed).run().checkers.found     ->     {} when all is well; {"ELECTION": "at 3.2 s: ..."} when not

Everything that happens is an event on one heap. Every chance comes from one source, and every set is sorted before it
is walked, so the same seed gives the same trace in every process: `trace` is a checksum of all that was sent and
applied.
"""

from __future__ import annotations

import functools
import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from raftoral.runtime.consensus.core import Timing
from raftoral.runtime.consensus.log import Answer, Committed, Limits, Readable

from .checkers import Checkers
from .node import Node

STEPS_MAX = 300_000


@dataclass
class Request:
    name: str
    group: int
    asked: float
    acked: float = 0.0
    result: tuple[int, str] | None = None


class World:
    def __init__(self, seed: int, *, network: str = "", nodes: int = 0, seconds: float = 8.0) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        pick = self.random.choice
        self.network = network or pick(["ordered", "ordered", "wild"])
        self.members_change = pick([True, True, False])
        self.fault_pause = pick([0.3, 0.6, 1.2])  # between two faults, about
        self.keep_chance = pick([0.02, 0.2])
        self.crash_in_install = 0.1
        self.limits = Limits(
            tail_entries=pick([3, 20, 10_000]), append_entries_max=pick([3, 1024]), flight_messages_max=pick([2, 128])
        )
        self.delay_max = pick([0.004, 0.03])
        self.timing = Timing(heartbeat=0.05, election_min=0.3, election_max=0.7)
        self.groups = [1, 2] if pick([0, 0, 1]) else [1]
        self.seconds = seconds
        self.now = 0.0
        self.steps = 0
        self.trace = 0
        self.counts: Counter[str] = Counter()
        self.faults_seen: list[Exception] = []
        self.checkers = Checkers(self)
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._serial = 0
        self._healed = False
        # The network: links that are cut, one way each; links that stall; epochs of links.
        self.cut: set[tuple[str, str]] = set()
        self.stalled: dict[tuple[str, str], float] = {}
        self.epochs: Counter[tuple[str, str]] = Counter()
        self.broken: set[tuple[str, str]] = set()
        self.arrives: dict[tuple[str, str], float] = {}
        # Clients.
        self.requests: dict[str, Request] = {}
        self.probes: list[Request] = []
        self.highest: Counter[int] = Counter()  # highest acknowledged position of each group, plus one
        self.reads: dict[bytes, int] = {}
        count = nodes or pick([3, 3, 3, 5, 2])
        names = [f"n{i}" for i in range(count)]
        self.nodes: dict[str, Node] = {}
        for name in names:
            node = self.nodes[name] = Node(self, name, 1.0 + self.random.uniform(-0.03, 0.03))
            for group in self.groups:
                node.prepare(group, names)

    # --- events -----------------------------------------------------------------------------------------------------

    def at(self, time: float, call: Callable[..., None], *words: Any) -> None:
        self._serial += 1
        heapq.heappush(self._events, (max(time, self.now), self._serial, call, words))

    def after(self, seconds: float, call: Callable[..., None], *words: Any) -> None:
        self.at(self.now + seconds, call, *words)

    def count(self, what: str, by: int = 1) -> None:
        self.counts[what] += by

    def note(self, *words: object) -> None:
        self.trace = crc32(repr(words).encode(), self.trace)

    def skew(self, node: Node) -> int:
        return crc32(node.name.encode()) % 5_000_000

    def run(self) -> World:
        for node in list(self.nodes.values()):
            node.start()
        self.after(0.5, self.client)
        self.after(1.0, self.fault)
        self._until(self.seconds)
        self.heal()
        self._until(self.seconds + 4)
        for group in self.groups:
            self.probes += [self.ask(group) for _ in range(3)]
        self._until(self.seconds + 7)
        self.checkers.at_the_end()
        self.note(sorted(self.counts.items()))
        return self

    def _until(self, end: float) -> None:
        events = self._events
        while events and events[0][0] <= end:
            self.now, _, call, words = heapq.heappop(events)
            call(*words)
            if self.steps > STEPS_MAX:
                self.checkers.bad("STORM", "too many steps")
                break
        self.now = end

    def heal(self) -> None:
        self._healed = True
        self.cut.clear()
        self.stalled.clear()
        for node in list(self.nodes.values()):
            node.crash_at = None
            node.paused_until = 0.0
            node.disk_full_until = 0.0
            if node.up:
                node.wake_at = float("inf")
                node.wake(self.now)
            else:
                node.start()
        self.restore_links()

    # --- the network ------------------------------------------------------------------------------------------------

    def send(self, node: Node, frames: dict[str, bytes], *, early: bool) -> None:
        for peer, frame in frames.items():
            self.checkers.leaves(node, peer, frame, early)
            self.note("send", round(self.now, 6), node.name, peer, crc32(frame))
            self.carry(node.name, peer, functools.partial(_frame, node.name, frame))

    def send_snapshot(self, node: Node, peer: str, group: int, data: bytes, *, to_receiver: bool) -> None:
        self.carry(node.name, peer, functools.partial(_snapshot, node.name, group, data, to_receiver))

    def carry(self, source: str, target: str, deliver: Callable[[Node], None]) -> None:
        """Ordered per link and lost only with it, as a stream; or wild: lost, doubled, late, in any order."""
        link = (source, target)
        chance = self.random
        if link in self.cut or target not in self.nodes:
            return
        delay = chance.uniform(0.0005, self.delay_max)
        held = max(0.0, self.stalled.get(link, 0.0) - self.now)
        if self.network == "ordered":
            if link in self.broken:
                return
            at = max(self.now + delay + held, self.arrives.get(link, 0.0) + 1e-6)
            self.arrives[link] = at
            self.at(at, self._arrive, link, self.epochs[link], deliver)
            return
        if chance.random() < (0.0 if self._healed else 0.03):
            return
        if chance.random() < 0.1:
            delay += chance.expovariate(3)
        self.after(delay + held, self._arrive, link, -1, deliver)
        if chance.random() < 0.05:
            self.after(delay + held + chance.expovariate(4), self._arrive, link, -1, deliver)

    def _arrive(self, link: tuple[str, str], epoch: int, deliver: Callable[[Node], None]) -> None:
        node = self.nodes[link[1]]
        if link in self.cut or not node.up or epoch not in (-1, self.epochs[link]):
            return
        if self.now < node.paused_until:
            self.at(node.paused_until, self._arrive, link, epoch, deliver)
            return
        deliver(node)
        if node.up:
            node.wake(self.now + self.random.uniform(0, 0.002))

    def break_link(self, a: str, b: str) -> None:
        """Both ways; what is on its way is lost. It comes back after a while, as a new link."""
        if self.network != "ordered":
            return
        for link in ((a, b), (b, a)):
            self.broken.add(link)
            self.epochs[link] += 1
            self.arrives.pop(link, None)
            node = self.nodes[link[0]]
            if node.groups is not None:
                node.groups.link(link[1], False)
        self.after(self.random.uniform(0.03, 0.3), self.restore_links)

    def restore_links(self) -> None:
        for link in sorted(self.broken):
            back = (link[1], link[0])
            if link in self.cut or back in self.cut or not (self.nodes[link[0]].up and self.nodes[link[1]].up):
                continue
            self.broken.discard(link)
            groups = self.nodes[link[0]].groups
            assert groups is not None
            groups.link(link[1], True)
            self.nodes[link[0]].wake(self.now)

    def started(self, node: Node) -> None:
        assert node.groups is not None
        for link in sorted(self.broken):
            if link[0] == node.name:
                node.groups.link(link[1], False)
        self.restore_links()

    def stopped(self, node: Node) -> None:
        for other in sorted(self.nodes):
            if other != node.name:
                self.break_link(node.name, other)

    # --- clients ----------------------------------------------------------------------------------------------------

    def leader(self, group: int) -> Node | None:
        leaders = [
            n for n in self.nodes.values() if n.up and group in n.logs and n.logs[group].status().role == "leader"
        ]
        return max(leaders, key=lambda n: n.logs[group].status().term, default=None)

    def client(self) -> None:
        if self._healed:
            return
        self.after(self.random.expovariate(1 / 0.03), self.client)
        group = self.random.choice(self.groups)
        self.ask(group)
        if self.random.random() < 0.3:
            self.read(group)

    def ask(self, group: int) -> Request:
        name = f"{group}-{len(self.requests)}"
        request = self.requests[name] = Request(name, group, self.now)
        self.submit(request)
        return request

    def submit(self, request: Request) -> None:
        """To the leader, mostly, or to anybody who is up; again, with the same id, until there is an answer."""
        if request.acked:
            return
        if self.now < self.seconds + 6.5:
            self.after(self.random.uniform(0.3, 1.0), self.submit, request)
        up = [n for n in self.nodes.values() if n.up and request.group in n.logs and self.now >= n.paused_until]
        leaders = [n for n in up if n.logs[request.group].status().role == "leader"]
        if not up:
            return
        node = self.random.choice(leaders if leaders and (self._healed or self.random.random() < 0.8) else up)
        node.logs[request.group].propose(bytes(self.random.randrange(60)), request.name.encode())
        node.wake(self.now)

    def read(self, group: int) -> None:
        leaders = [
            n for n in self.nodes.values() if n.up and group in n.logs and n.logs[group].status().role == "leader"
        ]
        if leaders:
            node = self.random.choice(leaders)
            name = f"read {len(self.reads)}".encode()
            self.reads[name] = self.highest[group]
            node.logs[group].read_barrier(name)
            node.wake(self.now)

    def answered(self, node: Node, answer: Answer) -> None:
        machine = node.machines[answer.group]
        self.note("answer", node.name, answer)
        self.count(f"answers {type(answer.outcome).__name__}")
        if isinstance(answer.outcome, Readable):
            floor = self.reads[answer.request_id]
            if machine.index < answer.outcome.index or machine.count < floor:
                self.checkers.bad("STALE", f"{node.name} reads {machine.count}, {floor} were acknowledged before")
        elif isinstance(answer.outcome, Committed):
            request = self.requests.get(answer.request_id.decode())
            if request is not None and not request.acked:
                request.acked = self.now
                request.result = machine.answers.get(request.name)
                if request.result is None:
                    self.checkers.bad("LOST", f"{request.name} is acknowledged, and not in the state")
                else:
                    self.highest[request.group] = max(self.highest[request.group], request.result[0] + 1)

    # --- faults -----------------------------------------------------------------------------------------------------

    def fault(self) -> None:
        if self._healed:
            return
        chance = self.random
        self.after(chance.uniform(0.2, 1.8) * self.fault_pause, self.fault)
        up = [n for n in self.nodes.values() if n.up]
        if not up:
            return
        group = chance.choice(self.groups)
        leader = self.leader(group)
        victim = leader if leader is not None and chance.random() < 0.5 else chance.choice(up)
        kinds = [self._crash, self._bad_disk, self._partition, self._stall, self._pause, self._break, self._transfer]
        if self.members_change:
            kinds += [self._members] * 3
        kind = chance.choice(kinds)
        self.note("fault", round(self.now, 6), kind.__name__, victim.name)
        kind(victim, group)

    def _crash(self, node: Node, group: int) -> None:
        node.stop()
        self.after(self.random.uniform(0.05, 2.0), node.start)

    def _bad_disk(self, node: Node, group: int) -> None:
        how = self.random.choice(["lost", "kept", "torn", "torn", "io", "unsynced", "full"])
        if how == "full":
            node.disk_full_until = self.now + self.random.uniform(0.1, 1.0)
        else:
            node.crash_at = how
        self.count(f"disk {how}")

    def _partition(self, node: Node, group: int) -> None:
        chance, names = self.random, sorted(self.nodes)
        side = {node.name} if chance.random() < 0.6 else set(chance.sample(names, chance.randrange(1, len(names))))
        one_way = chance.random() < 0.3
        for a in sorted(side):
            for b in names:
                if b not in side:
                    self.break_link(a, b)
                    self.cut.add((a, b))
                    if not one_way:
                        self.cut.add((b, a))
        self.after(chance.uniform(0.5, 3.0), self._mend)

    def _mend(self) -> None:
        self.cut.clear()
        self.restore_links()

    def _stall(self, node: Node, group: int) -> None:
        other = self.random.choice(sorted(self.nodes))
        link = (node.name, other) if self.random.random() < 0.5 else (other, node.name)
        self.stalled[link] = self.now + self.random.uniform(0.2, 2.0)

    def _pause(self, node: Node, group: int) -> None:
        node.paused_until = self.now + self.random.uniform(0.2, 1.5)

    def _break(self, node: Node, group: int) -> None:
        others = sorted(set(self.nodes) - {node.name})
        self.break_link(node.name, self.random.choice(others))

    def _transfer(self, node: Node, group: int) -> None:
        leader = self.leader(group)
        if leader is not None:
            others = sorted(leader.logs[group].status().members - {leader.name})
            if others:
                leader.logs[group].transfer(self.random.choice(others))
                leader.wake(self.now)
                self.count("transfers")

    def _members(self, node: Node, group: int) -> None:
        """Some changes at once, often asked of a leader that is cut off: at most one of them may be taken."""
        leaders = [n for n in self.nodes.values() if n.up and n.logs[group].status().role == "leader"]
        if not leaders:
            return
        leader = self.random.choice(leaders)
        if self.random.random() < 0.4:
            self._partition(leader, group)
        for turn in range(self.random.randrange(1, 4)):
            self.after(turn * self.random.uniform(0.005, 0.05), self._change, leader, leader.life, group)

    def _change(self, leader: Node, life: int, group: int) -> None:
        if not leader.up or leader.life != life:
            return
        log = leader.logs[group]
        members = log.status().members
        name = f"change {self._serial}".encode()
        strangers = sorted(set(self.nodes) - members)
        if self.random.random() < 0.4 and len(members) < 6 and len(self.nodes) < 9:
            fresh = Node(self, f"n{len(self.nodes)}", 1.0)
            for each in self.groups:
                fresh.prepare(each, None)
            self.nodes[fresh.name] = fresh
            log.add(fresh.name, name)
            self.after(self.random.uniform(0, 0.5), fresh.start)
        elif self.random.random() < 0.3 and strangers:
            log.add(self.random.choice(strangers), name)
        elif len(members) > 1:
            log.remove(self.random.choice(sorted(members)), name)
        self.count("changes asked")
        leader.wake(self.now)


def _frame(sender: str, frame: bytes, node: Node) -> None:
    assert node.groups is not None
    node.groups.receive(sender, frame)


def _snapshot(sender: str, group: int, data: bytes, to_receiver: bool, node: Node) -> None:
    node.on_snapshot(sender, group, data, to_receiver)
