"""Cluster stories: a script that reads like one, and a transcript of what really happened.

    scene = Scene(nodes=3, slow={"charge": 2.0})
    scene.start("order-1", "Pay", Order(...), on="n1")
    scene.until_called("charge")
    scene.crash("n1")
    scene.until_ended("order-1")
    scene.transcript

The production host, in a simulated world in which nothing goes wrong but what the script says. Whatever can be told of
a run, of calls and of leaders is written down when it happens.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from raftoral.program.codec import codec_of
from raftoral.program.steps import Activity
from raftoral.runtime.cluster.host import TRANSFER, Outcome
from raftoral.runtime.core import commands as c
from raftoral.runtime.core.commands import Refused
from raftoral.runtime.ports import Attempt
from raftoral.sim.modes import Mode
from raftoral.sim.programs import MODULE, shipped
from raftoral.sim.runner import Call
from raftoral.sim.world import World

STEP_S = 0.01
MODE = Mode("a story: only what the script says", {}, 0.0, trouble=0.0)
VALUES: dict[str, Callable[..., Any]] = {
    "quote": lambda order: 40,
    "charge": lambda id, amount: f"receipt of {id}",
    "dial": lambda number: 7,
    "hold": lambda item: f"held {item}",
    "release": lambda held: None,
    "refund": lambda id: None,
}


class Scene:
    def __init__(self, nodes: int = 3, slow: Mapping[str, float] | None = None, newest: bool = False) -> None:
        self.slow = dict(slow or {})
        self.transcript: list[str] = []
        self.calls: list[Call] = []
        self._leader = ""
        self._status: dict[str, str] = {}
        self._up: dict[str, bool] = {}
        self.world = world = World(
            1, MODE, plan=[], nodes=nodes, functions=self._function, lasts=self._lasts, seconds=1e9
        )
        for node in list(world.nodes.values()):
            node.start()
        world.clients.deploy(0)
        if newest:
            world.clients.deploy(1)
        self.until(lambda: not world.clients.waiting and len(self.members()) == nodes)

    def _function(self, activity: Activity[Any]) -> Callable[..., Any] | None:
        return VALUES.get(activity.name)

    def _lasts(self, attempt: Attempt) -> float:
        return self.slow.get(attempt.activity.name, 0.05)

    # --- what happens ----------------------------------------------------------------------------------------------

    def say(self, words: str) -> None:
        self.transcript.append(f"{self.world.now:6.2f} s  {words}")

    def until(self, what: Callable[[], object], most: float = 60.0) -> None:
        """Lets time pass until something is so."""
        end = self.world.now + most
        while not what():
            assert self.world.now < end, "\n".join([*self.transcript, "it does not come to that"])
            self.world.until(self.world.now + STEP_S)
            self._look()
        self._look()

    def wait(self, seconds: float) -> None:
        end = self.world.now + seconds
        self.until(lambda: self.world.now >= end)

    def _look(self) -> None:
        """Writes down what is new."""
        world = self.world
        assert world.found == {}, world.found
        leader = world.leader(1)
        if leader is not None and leader.name != self._leader:
            self._leader = leader.name
            self.say(f"{leader.name} leads")
        for call in world.calls[len(self.calls) :]:
            self.calls.append(call)
            args = ", ".join(_short(value) for value in call.args)
            self.say(
                f"{call.node} calls {call.activity}({args}) for {call.id}: attempt {call.attempt}, fence {call.fence}"
            )
        for row in world.checkers.oracle(1).rows():
            if self._status.get(row.id) != row.status:
                self._status[row.id] = row.status
                result = f" with {row.result.decode()}" if row.result is not None else ""
                self.say(f"{row.id} is {row.status}{result}")

    # --- what the script says ----------------------------------------------------------------------------------------

    def members(self) -> list[str]:
        """Nodes that the group knows to be there."""
        return [name for name, each in self.world.checkers.oracle(1).replica.machine.nodes.items() if each.up]

    @property
    def leader(self) -> str:
        self.until(lambda: self.world.leader(1) is not None)
        return self._leader

    def other(self, *than: str) -> str:
        """A node that is none of these."""
        return next(name for name, node in sorted(self.world.nodes.items()) if name not in than and node.up)

    def start(self, id: str, workflow: str, *args: Any, on: str = "", version: int = 0) -> None:
        definition = next(each for each in shipped().definitions if each.name == f"{MODULE}.{workflow}")
        data = codec_of(definition.args).dumps(definition.args(*args))
        owner = on or self.other()
        self.say(f"a client starts {workflow} as {id} at {owner}")
        self.ask(c.StartRun(id, f"{id}-run", definition.name, version, data, owner=owner), owner)

    def ask(self, command: c.Command, node: str) -> Outcome:
        """A client asks a node, and waits for its answer."""
        outcomes: list[Outcome] = []
        self.world.nodes[node].submit(1, command, outcomes.append, key=f"{self.world.now} {command!r}"[:200])
        self.until(lambda: outcomes)
        [outcome] = outcomes
        if isinstance(outcome, Refused):
            self.say(f"refused: {outcome.message}")
        elif outcome is not None:
            self.say(f"no answer: {type(outcome).__name__}")
        return outcome

    def signal(self, id: str, name: str, payload: Any, node: str) -> Outcome:
        self.say(f"a client signals {name} to {id} at {node}")
        return self.ask(c.Signal(id, name, json.dumps(payload).encode()), node)

    def crash(self, name: str) -> None:
        self.say(f"{name} crashes")
        self.world.nodes[name].crash()

    def back(self, name: str) -> None:
        self.say(f"{name} is back")
        self.world.nodes[name].start()

    def cut_off(self, *names: str) -> None:
        self.say(f"{' and '.join(names)} can reach nobody else any more")
        self.world.network.cut_off(names, one_way=False)

    def mend(self) -> None:
        self.say("the network is whole again")
        self.world.network.mend()

    def pause(self, name: str, seconds: float) -> None:
        self.say(f"{name} stands still for {seconds:g} s")
        self.world.nodes[name].paused_until = self.world.now + seconds

    def days(self, days: float) -> None:
        self.say(f"{days:g} days pass")
        self.world.days_pass(int(days * 86_400_000_000))

    def bring(self) -> str:
        """A new node asks to come in."""
        node = self.world.new_node(joins=True)
        self.say(f"{node.name} wants to join")
        node.start()
        for group in self.world.groups:
            self.world.operators.want(group, node.name)
        self.until(lambda: not self.world.coming)
        self.say(f"{node.name} is a member")
        self.until(lambda: node.name in self.members())
        return node.name

    def transfer(self, to: str) -> None:
        self.say(f"somebody asks that {to} lead")
        host = self.world.nodes[to].host
        assert host is not None
        host.request(1, TRANSFER, node=to, timeout=1.0)
        self.world.nodes[to].wake(self.world.now)
        self.until(lambda: self._leader == to)

    def until_member(self, name: str) -> None:
        """Until the group knows that a node is there, and somebody leads."""
        self.until(lambda: name in self.members() and self.world.leader(1) is not None)

    def until_called(self, activity: str, times: int = 1) -> Call:
        """Until an activity was called so often; gives the latest call."""
        self.until(lambda: sum(call.activity == activity for call in self.calls) >= times)
        found: list[Call] = [call for call in self.calls if call.activity == activity]
        return found[-1]

    def until_ended(self, *ids: str) -> None:
        self.until(lambda: all(self._status.get(id) in ("completed", "failed", "cancelled") for id in ids))

    def end(self) -> list[str]:
        """All is well again: the same state everywhere, and nothing was found."""
        self.world.heal()
        self.until(self.world._agrees)
        assert self.world.found == {}
        return self.transcript


def _short(value: Any) -> str:
    name = getattr(value, "id", None)
    return repr(name if name is not None else value)
