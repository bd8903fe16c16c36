"""One simulated world: nodes, a network, disks, clients and faults, from one seed, in one thread.

    world = World(7, MODES["everything"]).run()
    world.found        {} when all is well; {"DIGEST": "at 3.210 s: ..."} when not
    world.trace        a checksum of all that happened: the same for the same seed, in every process

All that happens is an event on one heap, and each thing that needs chance has a source of its own, named after it. So
a world is the same every time, and almost the same when its plan gets shorter. Never reads a clock or the
environment, nor a file but for the states of worlds that have them in files.
"""

from __future__ import annotations

import heapq
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zlib import crc32

from raftoral.program.steps import Activity, Definition
from raftoral.runtime.cluster import placing
from raftoral.runtime.cluster.packages import installed
from raftoral.runtime.consensus.core import Timing
from raftoral.runtime.consensus.log import Limits
from raftoral.runtime.core import commands as c
from raftoral.runtime.core.programs import Programs
from raftoral.runtime.core.state import Run
from raftoral.runtime.ports import Attempt

from .checkers import Checkers
from .clients import TALLY_ID, Clients
from .disk import Disk
from .faults import Faults
from .files import FileDisk
from .modes import BEGINS, Item, Mode, plan_of
from .network import Network
from .node import Node
from .operators import Operators
from .oracle import Oracle
from .programs import TALLY, Catalog, shipped
from .runner import Call
from .values import drawn

EPOCH_US = 1_767_225_600_000_000  # 2026-01-01
STEPS_MAX = 60_000
HEAL_MAX = 120.0  # seconds that a healed world may take until all is over
FORCE_AT = 40  # looks at runs that wait for the world, until they are ended
ROUNDS_MAX = 40
CALM_S = 0.4  # between two looks at a world that heals


class World:
    """See the module. `plan`: what happens from outside, when it is not drawn from the seed."""

    def __init__(
        self,
        seed: int,
        mode: Mode,
        *,
        catalog: Catalog | None = None,
        plan: Sequence[Item] | None = None,
        nodes: int = 0,
        seconds: float = 6.0,
        rate: float = 1.0,
        functions: Callable[[Activity[Any]], Callable[..., Any] | None] = lambda activity: None,
        args: Callable[[Definition, random.Random], Any] = lambda definition, chance: drawn(chance, definition.args),
        lasts: Callable[[Attempt], float] | None = None,
        story: list[str] | None = None,
    ) -> None:
        self.seed, self.mode, self.seconds = seed, mode, seconds
        self.catalog = catalog if catalog is not None else shipped()
        self.function_of, self.args_of = functions, args
        self.lasts = lasts  # seconds that an attempt takes, when that is not by chance
        chance = self.chance_of("world")
        self.plan = list(plan) if plan is not None else plan_of(seed, mode, seconds, rate)
        heartbeat = chance.choice([0.1, 0.25])
        self.timing = Timing(heartbeat, heartbeat * 5, heartbeat * 12)
        self.down_after = chance.choice([1.0, 3.0])
        self.limits = Limits(tail_entries=chance.choice([3, 20, 10_000]), append_entries_max=chance.choice([3, 1024]))
        self.now = 0.0
        self.steps = 0
        self.trace = 0
        self.story = story
        self.counts: Counter[str] = Counter()
        self.calls: list[Call] = []
        self.fault: BaseException | None = None  # the first that production code raised
        self.healed = False
        self.open_groups = list(range(1, self.chance_of("groups").choice(mode.groups) + 1))  # where runs are placed
        self.groups = [0, *self.open_groups]
        self._homes: dict[str, int] = {}  # the group in which an id was first asked for
        self.coming_into: set[tuple[int, str]] = set()  # (group, node) that is not a member yet
        self.going: set[tuple[int, str]] = set()  # (group, node) that is to be a member no more
        self._days = 0  # microseconds that passed for all calendars at once
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._serial = 0
        self._uses = self._used()
        self.checkers = Checkers(self)
        network = self.chance_of("network")
        self.network = Network(self, network, delay_max=chance.choice([0.004, 0.03]), loss=mode.loss)
        self.clients = Clients(self)
        self.faults = Faults(self)
        self.operators = Operators(self)
        self.nodes: dict[str, Node] = {}
        self._able: dict[str, frozenset[str]] = {}
        self._first_nodes(nodes or chance.choice([3, 3, 3, 5, 2] if mode.grows else [3, 3, 3, 5]))

    def _first_nodes(self, count: int) -> None:
        """Those with which the cluster begins."""
        names = [f"n{number}" for number in range(count)]
        for _ in names:
            node = self.new_node()
            node.founds = dict.fromkeys(self.groups, names)

    def new_node(self, *, joins: bool = False) -> Node:
        """One more node; with `joins` it waits until it is brought in."""
        name = f"n{len(self.nodes)}"
        chance = self.chance_of(f"node {name}")
        skewed = self.mode.skewed
        drift = 1.0 + (chance.uniform(-0.03, 0.03) if skewed else 0.0)
        node = self.nodes[name] = Node(self, name, drift=drift, skew=chance.randrange(5_000_000) if skewed else 0)
        if joins:
            node.joins = list(self.groups)
            self.coming_into |= {(group, name) for group in self.groups}
        every = sorted(self._uses)
        if self.mode.unequal and len(self.nodes) > 2 and chance.random() < 0.4:
            every = [each for each in every if chance.random() < 0.6]
        self._able[name] = frozenset(every)
        return node

    def new_disk(self, name: str) -> Disk:
        """What outlives the processes of a node."""
        chance = self.chance_of(f"disk {name}")
        return FileDisk(chance) if self.mode.files else Disk(chance)

    # --- what everybody asks -----------------------------------------------------------------------------------------

    @property
    def found(self) -> dict[str, str]:
        """What does not hold, by name."""
        return self.checkers.found

    @property
    def time(self) -> int:
        """The true time, in microseconds since 1970."""
        return EPOCH_US + int(self.now * 1e6) + self._days

    @property
    def members(self) -> list[str]:
        """The nodes that are to stay."""
        return [name for name, node in sorted(self.nodes.items()) if not node.retired]

    @property
    def coming(self) -> set[str]:
        """Nodes that are not members of all groups yet."""
        return {name for _, name in self.coming_into}

    def chance_of(self, name: str) -> random.Random:
        """A source of chance for one thing alone."""
        return random.Random(f"{self.seed} {name}")

    def install(self, package: bytes) -> list[Definition]:
        """Makes definitions of a package."""
        return installed(package, self.catalog.definitions)

    def group_of(self, run: str) -> int:
        """Where a run lives that somebody started, or would be started now."""
        return self._homes.setdefault(run, placing.home(run, self.open_groups))

    def oracle_of(self, run: str) -> Oracle:
        """The group in which a run lives just now, also as a child of another one."""
        oracles = self.checkers.oracles.values()
        return next((oracle for oracle in oracles if run in oracle.runs), self.checkers.oracle(self.group_of(run)))

    def can(self, node: str, activity: str) -> bool:
        """Whether a node performs an activity."""
        return activity in self._able[node]

    def able(self, node: str) -> frozenset[str]:
        """All activities that a node performs."""
        return self._able[node]

    def _used(self) -> set[str]:
        programs = Programs(self.catalog.definitions)
        return {each.full_name for definition in self.catalog.definitions for each in programs.of(definition).uses()}

    def leader(self, group: int) -> Node | None:
        """Who leads a group: of several that believe it, the one in the latest term."""
        leading = [node for node in self.nodes.values() if node.host is not None and node.host.leads(group)]
        return max(leading, key=lambda node: node.host._leaders[group][1] if node.host else 0, default=None)

    def called(self, call: Call) -> None:
        """A runner calls an activity."""
        self.calls.append(call)
        self.checkers.called(call)
        self.count("calls")

    def final_tally(self, oracle: Oracle) -> list[str] | None:
        """All that was added to it, in order; None: it never began."""
        row = oracle.storage.row(TALLY_ID)
        if row is None or row.workflow != TALLY:
            return None
        found: list[str] = json.loads(row.checkpoints)["seen"]
        return found

    # --- notes -------------------------------------------------------------------------------------------------------

    def count(self, what: str) -> None:
        """One more of it."""
        self.counts[what] += 1

    def note(self, *words: object) -> None:
        """Something happened."""
        self.trace = crc32(repr(words).encode(), self.trace)
        if self.story is not None:
            self.story.append(f"{self.now:9.4f}  " + " ".join(str(word) for word in words))

    def bad(self, name: str, what: str, fault: BaseException | None = None) -> None:
        """Something does not hold."""
        self.fault = self.fault or fault
        self.note(name, what)
        self.checkers.bad(name, what)

    # --- events ------------------------------------------------------------------------------------------------------

    def at(self, time: float, call: Callable[..., None], *words: Any) -> None:
        """Something is going to happen."""
        self._serial += 1
        heapq.heappush(self._events, (time if time > self.now else self.now, self._serial, call, words))

    def after(self, seconds: float, call: Callable[..., None], *words: Any) -> None:
        """The same, so many seconds from now."""
        self.at(self.now + seconds, call, *words)

    def until(self, end: float) -> None:
        """Lets time pass."""
        events = self._events
        while events and events[0][0] <= end:
            self.now, _, call, words = heapq.heappop(events)
            call(*words)
            if self.steps > STEPS_MAX:
                self.bad("STORM", "too many steps")
                events.clear()
        self.now = end

    def days_pass(self, microseconds: int) -> None:
        """For all calendars: timers of days ring, and nothing else is older."""
        self._days += microseconds
        for node in self.nodes.values():
            node.wake(self.now)

    # --- a run -------------------------------------------------------------------------------------------------------

    def run(self) -> World:
        """From the first start to the last look."""
        for node in list(self.nodes.values()):
            node.start()
        self.at(BEGINS / 2, self.clients.deploy, 0)
        self.at(BEGINS / 2, self.clients.begin_tally)
        if len(self.mode.groups) > 1:
            self.at(BEGINS / 4, self.operators.found)
        for item in self.plan:
            self.at(item.at, self.faults.strike if item.what in self.faults.ways else self.clients.begin, item)
        self.until(self.seconds)
        self.heal()
        self._come_to_rest()
        self.checkers.at_the_end()
        self.note(sorted(self.counts.items()), sorted(self.found.items()))
        for node in self.nodes.values():
            node.disk.close()
        return self

    def heal(self) -> None:
        """Nothing is wrong any more, and activities do well."""
        self.healed = True
        self.note("healed")
        for node in list(self.nodes.values()):
            node.disk.is_full = False
            node.disk.next_write = node.disk.next_commit = node.disk.next_install = None
            node.paused_until, node.skew = 0.0, 0
            node.start()
            node.wake(self.now)
        self.network.heal()

    def _come_to_rest(self) -> None:
        """Until all requests are answered and all runs have ended: by themselves as far as that goes, then by force."""
        end = self.now + HEAL_MAX
        quiet, rounds, waited = "", 0, 0
        while self.now < end and "STORM" not in self.found:
            self.until(self.now + CALM_S)
            if self._waits():
                continue
            hung = self.checkers.hung()
            if hung:
                waited = waited + 1 if hung == quiet else 0
                quiet = hung
                if waited * CALM_S > 20.0:
                    self.bad("HUNG", hung)
                    return
                continue
            runs = [id for oracle in self.checkers.oracles.values() for id in oracle.runs]
            if not runs and self._agrees():
                return
            rounds += 1
            if rounds > self._patience + ROUNDS_MAX:
                return
            if runs:
                self._nudge(sorted(runs), rounds)

    @property
    def _patience(self) -> int:
        """How often runs are given what they wait for, one deadline after the other, until they are ended."""
        return FORCE_AT + 2 * len(self.clients.started)

    def _waits(self) -> bool:
        """Somebody has no answer yet, or is on the way."""
        return bool(self.clients.waiting or self.operators.busy)

    def _agrees(self) -> bool:
        """Whether all nodes have applied all, and have nothing to do."""
        for node in self.nodes.values():
            if node.retired:
                continue
            host = node.host
            if (
                host is None or host._pending or host._reads or host._foreign
            ):  # parcels may come that were held for long
                return False
            for group, oracle in self.checkers.oracles.items():
                replica = host.replicas.get(group)
                if replica is None or replica.digest != oracle.replica.digest or replica.applied < oracle.applied:
                    return False
        return True

    def _nudge(self, ids: Iterable[str], rounds: int) -> None:
        """Runs that wait for the world get what they wait for; in the end they are ended."""
        chance = self.chance_of(f"nudge {rounds}")
        homes = [(id, self.oracle_of(id)) for id in ids]
        still = [(id, oracle) for id, oracle in homes if oracle.runs[id].status in ("paused", "faulted")]
        if still and rounds < self._patience:
            for id, oracle in still:
                self.clients.ask(c.Resume(id), oracle.group)
            return
        due = min((due for oracle in self.checkers.oracles.values() if (due := oracle.due()) is not None), default=None)
        if due is not None:
            self.days_pass(max(0, due[0] - self.time))
            return
        for id, oracle in homes:
            run = oracle.runs[id]
            if rounds > self._patience + 10:
                self._force(run, oracle.group, c.Terminate(id, "the world ends"))
            elif rounds > self._patience:
                self._force(run, oracle.group, c.Cancel(id, "the world ends"))
            else:
                self.clients.wish(run, oracle.group, chance)

    def _force(self, run: Run, group: int, command: c.Command) -> None:
        """A run is ended. Those of our own programs all come to their end without that."""
        if self.catalog is shipped():
            self.bad("STUCK", f"{run.id} does not come to its end: {run.root}")
        self.count("forced")
        self.clients.ask(command, group)
