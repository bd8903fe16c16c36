"""The network between simulated nodes: one stream per direction, in order, that may lose, stall, and break.

    network.send("a", "b", data)
    network.cut_off(["a"], one_way=False)     ...     network.mend()

What the transports promise holds here too: the order of a link is kept, nothing comes twice, and a link that broke
comes back as a new one, of which both ends are told. All else may happen. Never looks into what it carries.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from .node import Node
    from .world import World

Link = tuple[str, str]
ANY = -1  # the epoch of what survives a reset of its link


class Network:
    def __init__(self, world: World, chance: random.Random, *, delay_max: float, loss: float) -> None:
        self.chance = chance
        self.delay_max = delay_max
        self.loss = loss  # part of all parcels that nobody ever sees
        self._world = world
        self._cut: set[Link] = set()
        self._stalled: dict[Link, float] = {}
        self._epochs: Counter[Link] = Counter()
        self._broken: set[Link] = set()
        self._arrives: dict[Link, float] = {}

    def send(self, source: str, target: str, data: bytes) -> None:
        """Carries a parcel, if it can."""
        world, link, chance = self._world, (source, target), self.chance
        world.note("send", source, target, crc32(data))
        if target not in world.nodes or link in self._cut or link in self._broken:
            return
        if self.loss and chance.random() < self.loss:
            world.count("lost")
            return
        if world.mode.wild:
            self._wildly(link, data)
            return
        held = max(0.0, self._stalled.get(link, 0.0) - world.now)
        at = max(world.now + chance.uniform(0.0005, self.delay_max) + held, self._arrives.get(link, 0.0) + 1e-6)
        self._arrives[link] = at
        world.at(at, self._arrive, link, self._epochs[link], data)

    def _wildly(self, link: Link, data: bytes) -> None:
        """In any order, and some of it twice."""
        world, chance = self._world, self.chance
        delay = chance.uniform(0.0005, self.delay_max) + max(0.0, self._stalled.get(link, 0.0) - world.now)
        late = not world.healed and chance.random() < 0.1
        world.after(delay + (chance.expovariate(3) if late else 0.0), self._arrive, link, ANY, data)
        if not world.healed and chance.random() < 0.08:
            world.after(delay + chance.expovariate(2), self._arrive, link, ANY, data)

    def _arrive(self, link: Link, epoch: int, data: bytes) -> None:
        node = self._world.nodes[link[1]]
        if link in self._cut or node.host is None or (epoch != ANY and epoch != self._epochs[link]):
            return
        if self._world.now < node.paused_until:
            self._world.at(node.paused_until, self._arrive, link, epoch, data)
            return
        node.receive(link[0], data)

    # --- links -----------------------------------------------------------------------------------------------------

    def reset(self, a: str, b: str) -> None:
        """A link breaks, both ways; what is on its way is lost. It comes back after a while, as a new one."""
        for link in ((a, b), (b, a)):
            self._broken.add(link)
            self._epochs[link] += 1
            self._arrives.pop(link, None)
            host = self._world.nodes[link[0]].host
            if host is not None:
                host.link(link[1], False)
        self._world.after(self.chance.uniform(0.03, 0.3), self._restore)

    def _restore(self) -> None:
        nodes = self._world.nodes
        for link in sorted(self._broken):
            host, back = nodes[link[0]].host, (link[1], link[0])
            if link in self._cut or back in self._cut or host is None or not nodes[link[1]].up:
                continue
            self._broken.discard(link)
            host.link(link[1], True)
            nodes[link[0]].wake(self._world.now)

    def started(self, node: Node) -> None:
        """A process began: it learns which of its links do not stand."""
        assert node.host is not None
        for link in sorted(self._broken):
            if link[0] == node.name:
                node.host.link(link[1], False)
        self._restore()

    def stopped(self, node: Node) -> None:
        """A process ended, and its links with it."""
        for other in sorted(self._world.nodes):
            if other != node.name:
                self.reset(node.name, other)

    def stall(self, link: Link, seconds: float) -> None:
        """What goes over a link now arrives late, and all behind it."""
        self._stalled[link] = self._world.now + seconds

    def cut_off(self, names: Iterable[str], *, one_way: bool) -> None:
        """No parcel goes from these nodes to the others; nor back, unless it is cut one way only."""
        side = set(names)
        for a in sorted(side):
            for b in sorted(set(self._world.nodes) - side):
                self.reset(a, b)
                self._cut.add((a, b))
                if not one_way:
                    self._cut.add((b, a))

    def mend(self) -> None:
        """All cuts are over."""
        self._cut.clear()
        self._restore()

    def heal(self) -> None:
        """Nothing is wrong any more."""
        self.loss = 0.0
        self._stalled.clear()
        self.mend()
