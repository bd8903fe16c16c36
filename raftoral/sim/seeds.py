"""Runs of seeds, their one line each, seeds that are kept, and shorter plans for those that fail.

    for line in failing(range(0, 1000), MODES["disk"]): ...      "disk 17: DIGEST at 3.210 s: n1 ... (raftoral sim ...)"
    kept_in("disk 9  what it was\\n")  ==  [("disk", 9)]
    shorter(World(17, mode).run(), lambda plan: World(17, mode, plan=plan))      the few items that it takes

In: seeds and modes. Out: words. A plan is made shorter by leaving out halves, quarters, and so on, as long as the same
thing is found: each item has a source of chance of its own, so the others do what they did. Never prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from raftoral.errors import UsageError

from .modes import MODES, Item
from .world import World

TRIES_MAX = 200  # worlds that are run to make a plan shorter


def failing(mode: str, seeds: Iterable[int], made: Callable[[int], World]) -> Iterator[tuple[World, str]]:
    """Runs a world for each seed; gives those in which something was found, with their line."""
    for seed in seeds:
        world = made(seed).run()
        if world.found:
            yield world, line_of(mode, world)


def line_of(mode: str, world: World) -> str:
    """What is known of a failing seed, on one line, with what repeats it."""
    found = "; ".join(f"{name} {what}" for name, what in world.found.items())
    found = " ".join(found.split())
    return f"{mode} {world.seed}: {found[:400]}  (raftoral sim --mode {mode} --seed {world.seed} --trace)"


def kept_in(text: str) -> list[tuple[str, int]]:
    """The seeds of a file of kept ones: a mode, a seed, and words for people."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) < 2 or words[0] not in MODES or not words[1].isdigit():
            raise UsageError(f"line {number} should begin with a mode and a seed: {line!r}")
        found.append((words[0], int(words[1])))
    return found


def shorter(world: World, made: Callable[[Sequence[Item]], World], tries: int = TRIES_MAX) -> list[Item]:
    """A part of a plan in which the same is found. Not the smallest one there is, but none of its items can go."""
    wanted = next(iter(world.found))
    plan, size, left = list(world.plan), max(1, len(world.plan) // 2), tries
    while left > 0:
        shortened = False
        at = 0
        while at < len(plan) and left > 0:
            less = plan[:at] + plan[at + size :]
            left -= 1
            if wanted in made(less).run().found:
                plan, shortened = less, True
            else:
                at += size
        if size == 1 and not shortened:
            break
        size = max(1, size // 2)
    return plan
