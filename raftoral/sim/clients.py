"""Clients of the simulated cluster: they ask some node, wait, ask another one with the same key, and write down all.

    clients.begin(Item(1.2, "start", 4))     one more of them wants something
    clients.requests                         what they asked for, when, and what they were told

A client that loses its node, or hears nothing, tries again with the same key: so everything is done once. In: the plan,
and the outcome of each call. Out: requests, appends and looks for the checkers. Never looks into a host, but through
the calls that any client has, and after a read barrier.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from raftoral.program.codec import codec_of
from raftoral.program.steps import Definition
from raftoral.runtime.cluster.host import PROPOSE, READ, Outcome
from raftoral.runtime.core import commands as c
from raftoral.runtime.core.commands import Command, Refused
from raftoral.runtime.core.state import Run
from raftoral.runtime.core.wire import command_bytes
from raftoral.runtime.proto import peer_pb2 as pb

from .histories import Append, Look
from .programs import TALLY
from .values import drawn

if TYPE_CHECKING:
    from .modes import Item
    from .world import World

TALLY_ID = "tally"
OfRun = c.StartRun | c.Signal | c.Cancel | c.Terminate | c.Pause | c.Resume | c.Tag | c.Delete
PATIENCE_S = 4.0  # until a client asks another node


class Request:
    """What a client wants, and what it was told."""

    __slots__ = ("answered", "asked", "command", "group", "ids", "key", "node", "number", "outcome", "tries")

    def __init__(self, number: int, group: int, command: Command | pb.Decree, key: str, asked: float) -> None:
        self.number = number
        self.group = group
        self.command = command
        self.key = key
        self.asked = asked
        self.answered: float | None = None
        self.outcome: Outcome = None
        self.ids: list[bytes] = []  # under which it was asked for
        self.node = ""  # that was asked last
        self.tries = 0


class Clients:
    def __init__(self, world: World) -> None:
        self._world = world
        self.requests: list[Request] = []
        self.looks: list[Look] = []
        self.started: dict[str, Request] = {}  # by id of the run: the first start of it
        self.deleted: set[str] = set()  # runs that somebody wanted gone
        self.waiting: dict[int, Request] = {}
        self._values: dict[str, Request] = {}
        self._tally: Request | None = None

    @property
    def appends(self) -> list[Append]:
        """What was to be added to the tally."""
        told = ((value, each) for value, each in self._values.items())
        return [Append(value, each.asked, each.answered if each.outcome is None else None) for value, each in told]

    @property
    def begun(self) -> float | None:
        """When somebody was told that the tally is there."""
        return self._tally.answered if self._tally is not None else None

    # --- asking ----------------------------------------------------------------------------------------------------

    def ask_run(self, command: OfRun) -> Request:
        """Wants something of a run, in the group where it lives or would live."""
        return self.ask(command, self._world.group_of(command.id))

    def ask(self, command: Command | pb.Decree, group: int) -> Request:
        """Wants a command, until there is an answer; of group 0, a decree."""
        number = len(self.requests)
        request = Request(number, group, command, f"client {number}", self._world.now)
        self.requests.append(request)
        self.waiting[number] = request
        self._try(request)
        return request

    def _try(self, request: Request) -> None:
        if request.number not in self.waiting:
            return
        world = self._world
        request.tries += 1
        node = self._some_node(f"{request.key} {request.tries}")
        world.after(PATIENCE_S if node else 0.5, self._again, request, request.tries)
        if node:
            request.node = node
            done = partial(self._answered, request, request.tries)
            wish = request.command
            data = wish.SerializeToString() if isinstance(wish, pb.Decree) else command_bytes(wish)
            request_id = world.nodes[node].propose(request.group, data, done, key=request.key)
            if not request.ids or request.ids[-1] != request_id:
                request.ids.append(request_id)

    def _again(self, request: Request, tries: int) -> None:
        if request.tries == tries:
            self._try(request)

    def lost(self, node: str) -> None:
        """Whoever waits for an answer of this node hears that its connection is gone."""
        for request in list(self.waiting.values()):
            if request.node == node:
                self._world.after(0.1, self._again, request, request.tries)

    def _answered(self, request: Request, tries: int, outcome: Outcome) -> None:
        if request.number not in self.waiting:
            return
        if outcome is None or isinstance(outcome, Refused):
            del self.waiting[request.number]
            request.answered, request.outcome = self._world.now, outcome
            self._world.note("answer", request.number, outcome)
            self._world.count("answers")
        elif request.tries == tries:  # a timeout, or a group that stands still there: somebody else may know more
            self._world.after(0.2, self._again, request, tries)

    def _some_node(self, why: str) -> str:
        """Any member that is up: a client does not know who leads."""
        world = self._world
        up = [name for name, node in sorted(world.nodes.items()) if node.up and name not in world.coming]
        return world.chance_of(why).choice(up) if up else ""

    # --- what clients want -----------------------------------------------------------------------------------------

    def begin(self, item: Item) -> None:
        """One of them wants something."""
        chance = self._world.chance_of(f"item {item.number}")
        ways: dict[str, Callable[[random.Random, int], object]] = {
            "start": self._start,
            "add": self._add,
            "look": self._look,
            "signal": self._signal,
            "cancel": lambda chance, number: self.ask_run(c.Cancel(self._some_run(chance), "enough")),
            "pause": lambda chance, number: self.ask_run(c.Pause(self._some_run(chance))),
            "resume": lambda chance, number: self.ask_run(c.Resume(self._some_run(chance))),
            "terminate": lambda chance, number: self.ask_run(c.Terminate(self._some_run(chance), "over")),
            "tag": lambda chance, number: self.ask_run(c.Tag(self._some_run(chance), json.dumps({"x": str(number)}))),
            "delete": self._delete,
            "again": self._start_again,
            "decree": self._decree,
            "deploy": self._deploy,
            "retire": self._retire,
        }
        ways[item.what](chance, item.number)

    def deploy(self, number: int) -> None:
        """One of the packages of the catalog, for all groups."""
        for group in self._world.groups[1:]:
            self.ask(c.Deploy(self._world.catalog.packages[number]), group)

    def _retire(self, chance: random.Random, number: int) -> None:
        """A version of a workflow that nobody is to start any more. The tally is wanted by the checkers."""
        known = [each for each in self._world.catalog.definitions if each.name != TALLY]
        if not known:
            return
        definition = chance.choice(known)
        for group in self._world.groups[1:]:
            self.ask(c.Retire(definition.name, definition.version), group)

    def _deploy(self, chance: random.Random, number: int) -> None:
        self.deploy(chance.randrange(len(self._world.catalog.packages)))

    def _some_run(self, chance: random.Random) -> str:
        """The id of a run that somebody has started, mostly of late; now and then of none."""
        known = list(self.started)
        return chance.choice([*known[-6:], *known, "nobody"])

    def _start(self, chance: random.Random, number: int) -> None:
        world = self._world
        definitions = world.catalog.definitions
        definition = chance.choice(definitions)
        id = f"r{number}"
        command = c.StartRun(
            id,
            f"{id}-run",
            definition.name,
            chance.choice([0, definition.version]),
            self._args(chance, definition),
            owner=self._owner(chance, number),
            fresh=chance.random() < 0.5,
        )
        self.started[id] = self.ask_run(command)

    def _owner(self, chance: random.Random, number: int) -> str:
        """Mostly a node that is there; now and then one that is not any more, or not yet."""
        every = sorted(self._world.nodes)
        return chance.choice(every) if chance.random() < 0.2 else self._some_node(f"owner {number}") or every[0]

    def _args(self, chance: random.Random, definition: Definition) -> bytes:
        return codec_of(definition.args).dumps(self._world.args_of(definition, chance))

    def _start_again(self, chance: random.Random, number: int) -> None:
        """A second start under an id that is taken: the same one, or another."""
        known = list(self.started.values())
        if known:
            before = chance.choice(known).command
            assert isinstance(before, c.StartRun)
            self.ask_run(before._replace(fresh=False, run=f"again-{number}"))

    def _signal(self, chance: random.Random, number: int) -> None:
        id = self._some_run(chance)
        request = self.started.get(id)
        name = request.command.workflow if request is not None and isinstance(request.command, c.StartRun) else ""
        signals = next((each.signals for each in self._world.catalog.definitions if each.name == name), {})
        if not signals:
            self.ask_run(c.Signal(id, "nobody", b"null"))
            return
        signal = chance.choice(sorted(signals))
        self.ask_run(c.Signal(id, signal, codec_of(signals[signal]).dumps(drawn(chance, signals[signal]))))

    def wish(self, run: Run, group: int, chance: random.Random) -> None:
        """A signal that a run may be waiting for, now that the world comes to its end."""
        signals = run.program.definition.signals
        if signals:
            name = "stop" if "stop" in signals else chance.choice(sorted(signals))
            self.ask(c.Signal(run.id, name, codec_of(signals[name]).dumps(drawn(chance, signals[name]))), group)

    def _delete(self, chance: random.Random, number: int) -> None:
        id = self._some_run(chance)
        self.deleted.add(id)
        self.ask_run(c.Delete(id, chance.random() < 0.3))

    def _decree(self, chance: random.Random, number: int) -> None:
        """Something for group 0: an address that changes."""
        node = self._some_node(f"decree {number}")
        if node:
            decree = pb.Decree(admitted=pb.Admitted(node=node, address=f"{node}:{number}"))
            host = self._world.nodes[node].host
            assert host is not None
            host.request(0, PROPOSE, decree.SerializeToString(), key=f"decree {number}", timeout=3.0)
            self._world.nodes[node].wake(self._world.now)

    # --- the tally: a list to which everybody appends ----------------------------------------------------------------

    def begin_tally(self) -> None:
        """Starts it, if these programs have one."""
        if self._world.catalog.workflow(TALLY):
            self._tally = self.ask_run(c.StartRun(TALLY_ID, "tally-run", TALLY, 0, b"[]"))

    def _add(self, chance: random.Random, number: int) -> None:
        self.add(number)

    def add(self, number: float) -> None:
        """One more value for the tally."""
        if self._tally is not None and self._tally.answered is not None and not self._world.healed:
            value = f"v{number}"
            self._values[value] = self.ask_run(c.Signal(TALLY_ID, "add", json.dumps(value).encode()))

    def _look(self, chance: random.Random, number: int) -> None:
        self.look_at(self._some_node(f"look {number}"))

    def look_at(self, name: str) -> None:
        """A linearizable read: first a barrier, then what this node has."""
        node = self._world.nodes.get(name)
        host = node.host if node is not None else None
        if node is not None and host is not None and self._tally is not None:
            asked = self._world.now
            group = self._tally.group
            if not host.holds(group):
                return  # a service would ask a node that has it
            host.request(group, READ, done=partial(self._looked, name, group, node.life, asked), timeout=3.0)
            node.wake(asked)

    def _looked(self, name: str, group: int, life: int, asked: float, outcome: Outcome) -> None:
        host = self._world.nodes[name].host
        if outcome is not None or host is None or group in host.broken or self._world.nodes[name].life != life:
            return
        if not host.holds(group):
            return  # it was taken out meanwhile, and says so
        row = host.replicas[group].storage.row(TALLY_ID)
        values: Any = json.loads(row.checkpoints)["seen"] if row is not None else []
        self.looks.append(Look(tuple(values), asked, self._world.now, row is not None))
        self._world.count("looks")
