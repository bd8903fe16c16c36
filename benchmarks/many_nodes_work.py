"""A cluster of many nodes in this one process, on 127.0.0.1: prints one line of JSON.

    python benchmarks/many_nodes_work.py DIR 20 [quick]

The nodes are those of a service, each with its thread, its directory, its port and its links to all others. They share
this process, and so one interpreter: what is counted (frames, bytes, entries, syncs) is what it would be on machines of
their own, the CPU is that of all together, and every time is longer than it would be there. Progress goes to standard
error.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

import raftoral  # noqa: E402
from benchmarks.counting import Kept, journals  # noqa: E402
from benchmarks.driving import ACTIVITIES, middle, one, workloads  # noqa: E402
from benchmarks.measure import Progress  # noqa: E402
from raftoral.runtime.cluster.directory import Directory  # noqa: E402
from raftoral.runtime.cluster.host import Host  # noqa: E402
from raftoral.runtime.cluster.placing import home  # noqa: E402
from raftoral.runtime.links.peers.link import Link  # noqa: E402

SIZE = 3  # of the groups that are made here
SETTLE_S, IDLE_S = 3.0, 10.0  # before it counts, and while it counts; a tenth of it when it is to be quick
RUNS = 12  # of each kind, each with ten effects
GIVE_UP_S = 60.0

Answer = dict[str, Any]


class Sent:
    """Frames that went over all links of this process. An empty one is a beat."""

    def __init__(self) -> None:
        self.frames = self.beats = self.bytes = 0
        send = Link.send

        def counted(link: Link, frame: bytes) -> None:
            self.frames += 1
            self.beats += not frame
            self.bytes += len(frame) + 4  # its length goes before it
            send(link, frame)

        Link.send = counted  # type: ignore[method-assign, assignment]


def host_of(node: raftoral.Node) -> Host:
    thread = node._thread
    assert thread is not None and thread.host is not None
    return thread.host


def directory_of(node: raftoral.Node) -> Directory:
    directory = host_of(node).directory
    assert directory is not None
    return directory


async def until(what: Callable[[], bool], why: str) -> float:
    """Seconds until it is so."""
    begun = time.perf_counter()
    while not what():
        if time.perf_counter() - begun > GIVE_UP_S:
            raise SystemExit(f"after {GIVE_UP_S:g} s it is not so that {why}")
        await asyncio.sleep(0.005)
    return time.perf_counter() - begun


class Cluster:
    def __init__(self, folder: str, kept: Kept, sent: Sent) -> None:
        self.folder, self.kept, self.sent = folder, kept, sent
        self.nodes: list[raftoral.Node] = []

    async def start(self) -> tuple[float, float]:
        """One more node. Seconds until it is ready, and from its first word until all others know it."""
        name = f"n{len(self.nodes) + 1:03}"
        peers = [node.address for node in self.nodes[:3]]
        how: Answer = {"peers": peers} if peers else {"bootstrap": True}
        data = os.path.join(self.folder, name)
        node = raftoral.Node(node_id=name, data=data, programs=[workloads], activities=[ACTIVITIES], grace=0.1, **how)
        begun = time.perf_counter()
        count = len(self.nodes) + 1
        others = list(self.nodes)
        known = asyncio.ensure_future(
            until(lambda: all(len(directory_of(each).state.nodes) == count for each in others), f"all know {name}")
        )
        await node.open()
        ready = time.perf_counter() - begun
        self.nodes.append(node)
        return ready, await known

    async def idle(self, share: float) -> Answer:
        """What a second costs in which nobody asks for anything, over all nodes."""
        await asyncio.sleep(SETTLE_S * share)
        sent, kept = self.sent, self.kept
        before = (sent.frames, sent.beats, sent.bytes, kept.writes, kept.entries, self._steps())
        begun, cpu = time.perf_counter(), time.process_time()
        await asyncio.sleep(IDLE_S * share)
        seconds, used = time.perf_counter() - begun, time.process_time() - cpu
        after = (sent.frames, sent.beats, sent.bytes, kept.writes, kept.entries, self._steps())
        rates = [(last - first) / seconds for first, last in zip(before, after, strict=True)]
        names = ("frames", "beats", "bytes", "syncs", "entries", "steps")
        return {"cpu": used / seconds, **dict(zip(names, rates, strict=True))}

    def _steps(self) -> int:
        return sum(node._thread.steps for node in self.nodes if node._thread is not None)

    async def make_groups(self, count: int) -> list[float]:
        """Groups of three, of the nodes with the least to do: seconds until each is open, and all nodes know it."""
        taken = []
        for _ in range(count):
            begun = time.perf_counter()
            made = await self.nodes[0].service.make_group()
            await self._all_know(made["group"])
            taken.append(time.perf_counter() - begun)
        return taken

    async def _all_know(self, group: int) -> None:
        known = [directory_of(node) for node in self.nodes]
        await until(lambda: all(group in each.open_groups for each in known), f"all know group {group}")

    def member(self, group: int, *, leads: bool) -> raftoral.Node:
        """One that leads the group; or one that is no member of it."""
        for node in self.nodes:
            host = host_of(node)
            if host.leads(group) if leads else not host.holds(group):
                return node
        return self.nodes[-1]

    async def work(self, group: int) -> Answer:
        """Runs of ten effects, one at a time, in one group: at its leader, and at a node that has not got it."""
        groups = directory_of(self.nodes[0]).open_groups
        ids = [f"run-{at}" for at in range(100 * len(groups) * RUNS) if home(f"run-{at}", groups) == group]
        found: Answer = {}
        for name, leads in (("leader", True), ("far", False)):
            node = self.member(group, leads=leads)
            sent, before, entries = self.sent, 0, 0
            taken = []
            for at in range(RUNS + 1):
                if at == 1:
                    before, entries = sent.frames - sent.beats, self.kept.entries  # the first one opened connections
                id = ids.pop()
                ms = await one(lambda node=node, id=id: workloads.Chain.start(node, 10, id=id))  # type: ignore[misc]
                taken.append(ms)
            found[name] = middle(taken[1:])
            found[f"{name} entries"] = (self.kept.entries - entries) / RUNS
            found[f"{name} frames"] = (sent.frames - sent.beats - before) / RUNS
        return found


async def main(folder: str, count: int, share: float) -> Answer:
    logging.getLogger("raftoral").setLevel(logging.CRITICAL)  # a node that joins is dialled before it knows who may
    progress = Progress(f"{count} nodes")
    with journals() as kept:
        made = Cluster(folder, kept, Sent())
        begun = time.perf_counter()
        joined = []
        for at in range(count):
            progress.say(f"starting {at + 1}")
            joined.append(await made.start())
        answer: Answer = {"started": time.perf_counter() - begun}
        last = joined[-min(5, count - 1) :]
        answer |= {"ready": middle([each[0] for each in last]), "known": middle([each[1] for each in last])}
        progress.say("idle, one group")
        answer["one group"] = await made.idle(share)
        groups = max(1, math.ceil(count / SIZE)) if count > SIZE else 0
        if groups:
            progress.say(f"making {groups} groups")
            answer["made"] = middle(await made.make_groups(groups))
            progress.say("idle, all groups")
            answer["all groups"] = await made.idle(share)
        answer["groups"] = groups + 1
        progress.say("work")
        answer["work"] = await made.work(max(directory_of(made.nodes[0]).open_groups))
        answer["links"] = sum(len(node._links.up()) for node in made.nodes if node._links is not None)
        answer["directory"] = len(directory_of(made.nodes[-1]).state.SerializeToString())
        answer["threads"] = len(os.listdir("/proc/self/task"))
        progress.close()
        return answer


if __name__ == "__main__":
    quick = sys.argv[3:] == ["quick"]
    loop = asyncio.new_event_loop()
    print(json.dumps(loop.run_until_complete(main(sys.argv[1], int(sys.argv[2]), 0.1 if quick else 1.0))), flush=True)
    os._exit(0)  # nobody wants the goodbyes of so many
