"""What becomes of a run when its owner dies, its leader is cut off, a node joins, a disk is full: as scripts, with the
transcripts that `docs/stories.md` shows. `pytest --update` writes them anew."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raftoral.sim.programs import shipped
from tests.sim.scenes import Scene

DOCUMENT = Path(__file__).parents[2] / "docs" / "stories.md"


def order(id: str) -> Any:
    """An `Order` of the simulator's own programs."""
    definition = next(each for each in shipped().definitions if each.name.endswith(".Pay"))
    cls = definition.begin.__globals__["Order"]
    return cls(id=id, amount=2)


def the_owner_dies_in_an_effect() -> Scene:
    """Another node takes the run over, and calls again: the same key, the next attempt, a greater fence."""
    scene = Scene(slow={"charge": 2.0}, newest=True)
    leader = scene.leader
    owner = scene.other(leader)
    scene.start("order-1", "Pay", order("order-1"), on=owner, version=2)
    scene.until_called("charge")
    scene.crash(owner)
    again = scene.until_called("charge", times=2)
    assert again.node != owner and again.key == scene.calls[-2].key and again.fence > scene.calls[-2].fence
    scene.until_ended("order-1")
    scene.back(owner)
    return scene


def the_owner_dies_in_a_call_that_may_happen_once_only() -> Scene:
    """Nobody calls again. The workflow is told `Interrupted`, and decides itself."""
    scene = Scene(slow={"dial": 2.0})
    owner = scene.other(scene.leader)
    scene.start("ring", "Dial", "112", 1, on=owner)
    scene.until_called("dial")
    scene.crash(owner)
    scene.until_ended("ring")
    scene.back(owner)
    scene.wait(1.0)
    assert [call.activity for call in scene.calls] == ["dial"]
    return scene


def the_leader_is_cut_off() -> Scene:
    """The others elect one of them. What a client asks of the old one has no answer, and is done once when it asks
    again elsewhere; nothing that was acknowledged is lost."""
    scene = Scene()
    old = scene.leader
    owner = scene.other(old)
    scene.start("order-1", "Pay", order("order-1"), on=owner, version=1)
    scene.until_called("quote")
    scene.cut_off(old)
    assert scene.signal("order-1", "hurry", None, old) is not None
    scene.until(lambda: scene.world.leader(1) is not None and scene.leader != old)
    scene.signal("order-1", "hurry", None, scene.other(old))
    scene.mend()
    scene.days(1)
    scene.until_ended("order-1")
    return scene


def an_owner_wakes_up_late() -> Scene:
    """It stood still for so long that others took its run over. What it reports then is of an attempt that nobody waits
    for any more; its fence is the older one, and a store that compares fences refuses it."""
    scene = Scene(slow={"charge": 1.0}, newest=True)
    owner = scene.other(scene.leader)
    scene.start("order-1", "Pay", order("order-1"), on=owner, version=2)
    scene.until_called("charge")
    scene.pause(owner, 6.0)
    scene.until_called("charge", times=2)
    scene.until_ended("order-1")
    scene.wait(6.0)
    assert scene.calls[-1].fence > scene.calls[0].fence
    return scene


def a_node_joins_in_mid_run() -> Scene:
    """It gets a snapshot first, then a vote; runs go on meanwhile. When their owner goes, it takes some of them."""
    scene = Scene(nodes=2)
    first = scene.leader
    for number in range(3):
        scene.start(f"order-{number}", "Pay", order(f"order-{number}"), on=first, version=1)
    fresh = scene.bring()
    scene.crash(first)
    scene.until(lambda: scene.leader != first)
    scene.days(1)
    scene.until_ended("order-0", "order-1", "order-2")
    assert {call.node for call in scene.calls if call.activity == "charge"} >= {fresh}
    scene.back(first)
    return scene


def a_rolling_upgrade() -> Scene:
    """Every node is restarted, one after the other, and a new version is deployed in the middle. Runs of the old
    version go on; new ones are of the new version."""
    scene = Scene()
    scene.start("old", "Pay", order("old"), on=scene.leader)
    scene.until_called("quote")
    for number, name in enumerate(sorted(scene.world.nodes)):
        if scene.leader == name:
            scene.transfer(scene.other(name))
        scene.crash(name)
        scene.wait(0.5)
        scene.back(name)
        scene.until_member(name)
        if number == 1:
            scene.say("version 2 of Pay is deployed")
            scene.world.clients.deploy(1)
            scene.until(lambda: not scene.world.clients.waiting)
    scene.start("new", "Pay", order("new"), on=scene.leader)
    scene.days(1)
    scene.until_ended("old", "new")
    rows = {row.id: row.version for row in scene.world.checkers.oracle(1).rows()}
    assert rows == {"old": 1, "new": 2}
    return scene


def a_disk_is_full() -> Scene:
    """Its node steps aside, and comes back by itself when there is room. Nobody else notices but by its absence."""
    scene = Scene(newest=True)
    full = scene.other(scene.leader)
    scene.say(f"the disk of {full} is full")
    scene.world.nodes[full].disk.is_full = True
    for number in range(3):
        scene.start(f"order-{number}", "Pay", order(f"order-{number}"), on=scene.other(full), version=2)
    scene.until_ended("order-0", "order-1", "order-2")
    scene.say(f"there is room on {full}")
    scene.world.nodes[full].disk.is_full = False
    scene.until(lambda: full in scene.members())
    return scene


def most_nodes_are_gone() -> Scene:
    """One of three cannot decide anything, and says so. When another one is back, all goes on where it was."""
    scene = Scene()
    last = scene.leader
    scene.start("order-1", "Pay", order("order-1"), on=last, version=1)
    scene.until_called("quote")
    gone = [name for name in sorted(scene.world.nodes) if name != last]
    for name in gone:
        scene.crash(name)
    scene.signal("order-1", "hurry", None, last)
    scene.back(gone[0])
    scene.until(lambda: scene.world.leader(1) is not None and gone[0] in scene.members())
    scene.days(1)
    scene.until_ended("order-1")
    scene.back(gone[1])
    return scene


STORIES: list[Callable[[], Scene]] = [
    the_owner_dies_in_an_effect,
    the_owner_dies_in_a_call_that_may_happen_once_only,
    an_owner_wakes_up_late,
    the_leader_is_cut_off,
    most_nodes_are_gone,
    a_node_joins_in_mid_run,
    a_rolling_upgrade,
    a_disk_is_full,
]


def title_of(story: Callable[[], Scene]) -> str:
    return story.__name__.replace("_", " ").capitalize()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_story_goes_as_its_transcript_says(story: Callable[[], Scene], update: bool) -> None:
    transcript = "\n".join(story().end())
    text = DOCUMENT.read_text("utf-8")
    said = textwrap.fill(" ".join((story.__doc__ or "").split()), 130)
    section = f"## {title_of(story)}\n\n{said}\n\n```text\n{transcript}\n```\n"
    pattern = re.compile(rf"^## {re.escape(title_of(story))}\n.*?^```text\n.*?^```\n", re.MULTILINE | re.DOTALL)
    found = pattern.search(text)
    if update:
        new = text.replace(found.group(), section) if found else f"{text.rstrip()}\n\n{section}"
        DOCUMENT.write_text(new, "utf-8")
        return
    assert found is not None and found.group() == section
