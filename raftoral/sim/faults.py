"""What goes wrong in a simulated world, one function for each item of a plan.

    faults.strike(Item(2.3, "partition", 17))

In: an item, and its own source of chance. Out: a world that is worse than before, for a while: whatever is broken here
mends itself or is mended by `heal`. Never reaches into a host but through the calls that an operator has.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from raftoral.runtime.cluster.host import TRANSFER

if TYPE_CHECKING:
    from .modes import Item
    from .node import Node
    from .world import World

DAY_US = 86_400_000_000


class Faults:
    def __init__(self, world: World) -> None:
        self._world = world
        ways: dict[str, Callable[[Node, random.Random], None]] = {
            "crash": lambda node, chance: self._crash(node, chance, power=True),
            "kill": lambda node, chance: self._crash(node, chance, power=False),
            "pause": self._pause,
            "partition": lambda node, chance: self._partition(node, chance, one_way=False),
            "one_way": lambda node, chance: self._partition(node, chance, one_way=True),
            "stall": self._stall,
            "reset": lambda node, chance: world.network.reset(node.name, self._other(node, chance)),
            "disk_full": self._full,
            "transfer": self._transfer,
            "bring": lambda node, chance: world.operators.bring(),
            "remove": lambda node, chance: world.operators.remove(node),
            "group": lambda node, chance: world.operators.make_group(),
            "clock_jump": self._clock_jump,
            "days": lambda node, chance: world.days_pass(chance.randint(1, 40) * DAY_US // 10),
        }
        for how in ("lost", "kept", "torn", "io", "unsynced"):
            ways[f"disk_{how}"] = partial(self._write, how)
        for what in ("state_io", "state_crash"):
            ways[what] = partial(self._commit, what.removeprefix("state_"))
        ways["install_crash"] = self._install
        self.ways = ways

    def strike(self, item: Item) -> None:
        """One thing goes wrong."""
        world = self._world
        chance = world.chance_of(f"item {item.number}")
        up = [node for _, node in sorted(world.nodes.items()) if node.up]
        if not up:
            return
        leader = world.leader(chance.choice([0, *world.groups[1:], *world.groups[1:]]))
        victim = leader if leader is not None and chance.random() < 0.5 else chance.choice(up)
        world.note("fault", item.what, victim.name)
        world.count(item.what)
        self.ways[item.what](victim, chance)

    def _other(self, node: Node, chance: random.Random) -> str:
        others = sorted(set(self._world.nodes) - {node.name})
        return chance.choice(others) if others else node.name

    # --- processes and machines ------------------------------------------------------------------------------------

    def _crash(self, node: Node, chance: random.Random, *, power: bool) -> None:
        node.crash(power=power)
        self._world.after(chance.uniform(0.05, 2.5), node.start)

    def _pause(self, node: Node, chance: random.Random) -> None:
        """The process stands still, and its clock goes on: it believes that it leads, owns, and is in time."""
        seconds = chance.uniform(0.3, 4.0)
        node.paused_until = self._world.now + seconds
        self._stale_looks(node, chance, seconds)

    def _stale_looks(self, node: Node, chance: random.Random, seconds: float) -> None:
        """Somebody reads there while others may have gone on without it."""
        for _ in range(3):
            self._world.after(chance.uniform(0.5, 1.1) * seconds, self._world.clients.look_at, node.name)
            self._world.after(chance.uniform(0.2, 1.0) * seconds, self._world.clients.add, chance.random())

    def _clock_jump(self, node: Node, chance: random.Random) -> None:
        node.skew += chance.choice([-1, 1]) * chance.choice([1_000, 2_000_000, 3_600_000_000, DAY_US])

    def _write(self, how: str, node: Node, chance: random.Random) -> None:
        node.disk.next_write = how

    def _commit(self, how: str, node: Node, chance: random.Random) -> None:
        node.disk.next_commit = how

    def _install(self, node: Node, chance: random.Random) -> None:
        """The next snapshot that comes to any node: few do."""
        for _, each in sorted(self._world.nodes.items()):
            each.disk.next_install = chance.choice(["before", "behind"])

    def _full(self, node: Node, chance: random.Random) -> None:
        node.disk.is_full = True
        self._world.after(chance.uniform(0.1, 1.5), self._room, node)

    def _room(self, node: Node) -> None:
        node.disk.is_full = False

    # --- the network -----------------------------------------------------------------------------------------------

    def _partition(self, node: Node, chance: random.Random, *, one_way: bool) -> None:
        names = sorted(self._world.nodes)
        alone = chance.random() < 0.6 or len(names) < 2
        side = [node.name] if alone else chance.sample(names, chance.randrange(1, len(names)))
        self._world.network.cut_off(side, one_way=one_way)
        seconds = chance.uniform(0.5, 6.0)
        self._world.after(seconds, self._world.network.mend)
        self._stale_looks(node, chance, min(seconds, 3.0))

    def _stall(self, node: Node, chance: random.Random) -> None:
        other = self._other(node, chance)
        link = (node.name, other) if chance.random() < 0.5 else (other, node.name)
        self._world.network.stall(link, chance.uniform(0.3, 3.0))

    def _transfer(self, node: Node, chance: random.Random) -> None:
        host = node.host
        if host is not None:
            group = chance.choice(self._world.groups)
            host.request(group, TRANSFER, node=self._other(node, chance), timeout=1.0)
            node.wake(self._world.now)
