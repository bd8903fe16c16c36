"""Several hosts in one thread, with files, a clock of our own and a network that loses nothing it is not told to lose.

world = Hosts(tmp_path, ["a", "b", "c"], programs)
world.until(lambda: world.leader(1))
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from raftoral.program.steps import Definition
from raftoral.runtime.cluster.host import Host, Outcome, Step
from raftoral.runtime.cluster.packages import installed
from raftoral.runtime.cluster.states import FileStates
from raftoral.runtime.consensus.log import Limits
from raftoral.runtime.core.commands import Command
from raftoral.runtime.core.programs import Programs
from raftoral.runtime.edge.journal_sqlite import SqliteJournal
from raftoral.runtime.ports import Attempt, Row


class Node:
    """A host with its disk; what its runner would have to do is kept in `attempts`."""

    def __init__(self, world: Hosts, name: str) -> None:
        self.world = world
        self.name = name
        self.attempts: list[Attempt] = []
        self.halted: list[tuple[str, int]] = []
        self.folder = world.folder / name
        self.folder.mkdir(exist_ok=True)
        self.host: Host | None = None

    def start(self) -> Host:
        self.journal = SqliteJournal(str(self.folder / "log.db"), self.name)
        self.host = host = Host(
            self.name,
            self.journal,
            FileStates(str(self.folder)),
            lambda: Programs(self.world.definitions),
            lambda data: installed(data, self.world.definitions),
            life=int(self.world.now * 1000) + 1,
            chance=self.world.random.random,
            limits=Limits(tail_entries=20),
        )
        host.activities = lambda replica: self.world.able.get(self.name, frozenset())
        host.open(self.world.now)
        return host

    def stop(self) -> None:
        """Crashes: nothing is said to anybody."""
        assert self.host is not None
        for group in list(self.host.logs):
            self.host.states.close(group)
        self.journal.close()
        self.host = None
        self.attempts.clear()


class Hosts:
    def __init__(self, folder: Path, names: list[str], definitions: list[Definition], groups: int = 1) -> None:
        self.folder = folder
        self.now = 1000.0
        self.random = random.Random(7)
        self.definitions = definitions
        self.able: dict[str, frozenset[str]] = {}
        self.cut: set[str] = set()
        self.nodes = {name: Node(self, name) for name in names}
        for node in self.nodes.values():
            host = node.start()
            for group in range(groups + 1):
                host.found(group, names)
        self.mail: list[tuple[str, str, bytes]] = []
        self.snapshots = 0

    @property
    def time(self) -> int:
        return int(self.now * 1e6)

    def host(self, name: str) -> Host:
        host = self.nodes[name].host
        assert host is not None
        return host

    def row(self, name: str, run: str) -> Row:
        """A run, as a node has it."""
        row = self.host(name).replicas[1].storage.row(run)
        assert row is not None
        return row

    def leader(self, group: int) -> str:
        """Who leads, when all that are up agree."""
        said = {node.host.leader(group) for node in self.nodes.values() if node.host and node.name not in self.cut}
        return said.pop() if len(said) == 1 else ""

    def step(self) -> None:
        self.now += 0.01
        mail, self.mail = self.mail, []
        for sender, to, data in mail:
            host = self.nodes[to].host if to in self.nodes else None
            if host is not None and not {sender, to} & self.cut:
                host.receive(sender, data)
        for name, node in self.nodes.items():
            host = node.host
            if host is None:
                continue
            self._post(name, host.advance(self.now, self.time))
            step = host.settle()
            self._post(name, step.parcels)
            self._done(node, step)
            jobs, host.jobs = host.jobs, []
            for kind, group in jobs:
                if kind == "save":
                    self.snapshots += 1
                    host.saved(group, host.states.save(group))
                else:
                    state = host.state(group)
                    assert state is not None
                    kept = state.kept
                    host.states.sync(group)
                    host.duties.synced(group, kept)

    def up(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.host is not None]

    def close(self) -> None:
        for node in self.up():
            node.stop()

    def _post(self, sender: str, parcels: dict[str, bytes]) -> None:
        self.mail += [(sender, to, data) for to, data in parcels.items()]

    def _done(self, node: Node, step: Step) -> None:
        node.attempts += step.performs
        node.halted += [(halt.run, halt.op) for halt in step.halts]
        assert not step.distrusted, step.distrusted

    def until(self, what: Callable[[], Any], most: int = 3000) -> Any:
        for _ in range(most):
            found = what()
            if found:
                return found
            self.step()
        raise AssertionError("it did not come to that")

    def run(self, name: str, group: int, command: Command, key: str = "") -> Outcome:
        """Submits a command at a node, and waits for its answer."""
        outcomes: list[Outcome] = []
        self.host(name).submit(group, command, outcomes.append, key=key)
        self.until(lambda: outcomes)
        return outcomes[0]
