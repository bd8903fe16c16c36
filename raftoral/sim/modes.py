"""What may go wrong in a simulated world: modes by name, and the plan of one world, from a seed.

    MODES["crashes"]                    which faults, how often
    plan_of(7, MODES["crashes"], 8.0)   [Item(0.61, "start", 0), Item(0.74, "crash", 1), ...]

A plan is all that happens to a world from outside, in order. Each item draws from a source of its own, so that a world
whose plan lacks some of them does with the others what it did before: that is how a plan is made shorter.
"""

from __future__ import annotations

import random
from typing import NamedTuple


class Item(NamedTuple):
    """Something that happens. The number names its source of chance."""

    at: float
    what: str
    number: int


class Mode(NamedTuple):
    """How hostile a world is."""

    about: str
    faults: dict[str, int]  # what, and how often against the others
    pause: float  # seconds between two faults, about; 0: there are none
    loss: float = 0.0  # of parcels
    trouble: float = 1.0  # of activities
    skewed: bool = False  # clocks differ, and jump
    grows: bool = False  # nodes come and go
    unequal: bool = False  # not every node can do everything
    wild: bool = False  # links keep no order, and bring things twice: more than any transport of ours does
    groups: tuple[int, ...] = (1,)  # how many groups of runs there may be when a world begins
    files: bool = False  # states are files of SQLite, as in production
    clients: dict[str, int] | None = None  # what clients want beside the usual, and how often against the others


NETWORK = {"partition": 4, "one_way": 2, "stall": 2, "reset": 3}
CRASHES = {"crash": 4, "kill": 2, "pause": 3, "transfer": 2}
DISK = {"disk_lost": 2, "disk_kept": 2, "disk_torn": 3, "disk_io": 2, "disk_unsynced": 2, "disk_full": 1}
STATES = {"state_io": 2, "state_crash": 2, "install_crash": 2}
MEMBERS = {"bring": 4, "remove": 3, "transfer": 2}
CLOCKS = {"clock_jump": 2, "days": 2}
PROGRAMS = {"deploy": 3, "retire": 4}

MODES = {
    "calm": Mode("nothing goes wrong but activities", {"transfer": 1, "days": 1}, 2.0),
    "lossy": Mode("the network loses, cuts, stalls and resets", NETWORK, 0.45, loss=0.05),
    "crashes": Mode("processes crash, are killed and stand still", {**CRASHES, **CLOCKS}, 0.4, skewed=True),
    "disk": Mode("writes are lost, torn, refused; disks are full", {**DISK, **STATES, "crash": 3, "transfer": 1}, 0.4),
    "files": Mode(
        "the same, and processes that are killed, with states in files of SQLite",
        {**DISK, **STATES, "crash": 6, "kill": 4, "transfer": 1, "bring": 2, "remove": 1},
        0.4,
        grows=True,
        files=True,
    ),
    "wild": Mode(
        "links that keep no promise: any order, twice, late",
        {**NETWORK, **CRASHES, "clock_jump": 1},
        0.45,
        loss=0.03,
        skewed=True,
        wild=True,
    ),
    "membership": Mode(
        "nodes come and go", {**MEMBERS, "crash": 2, "partition": 2, "install_crash": 2}, 0.4, grows=True
    ),
    "everything": Mode(
        "all of it",
        {**NETWORK, **CRASHES, **DISK, **STATES, **MEMBERS, **CLOCKS},
        0.3,
        loss=0.01,
        skewed=True,
        grows=True,
        unequal=True,
    ),
    "groups": Mode(
        "several groups of runs, one more on the way, programs that come and go, and most of what can go wrong",
        {**NETWORK, **CRASHES, **STATES, **MEMBERS, "disk_torn": 2, "disk_io": 1, "days": 2, "group": 4},
        0.35,
        loss=0.01,
        grows=True,
        groups=(1, 2, 3),
        clients=PROGRAMS,
    ),
}

CLIENTS = {
    "start": 10,
    "add": 8,
    "look": 5,
    "signal": 5,
    "cancel": 1,
    "pause": 3,
    "resume": 2,
    "terminate": 1,
    "tag": 1,
    "delete": 1,
    "again": 1,
    "decree": 1,
    "deploy": 2,
}
CLIENT_PAUSE = 0.16  # seconds between two calls of clients, about
BEGINS = 1.0  # when clients begin: there is a leader by then, mostly
TROUBLE = 0.3  # when faults begin


def plan_of(seed: int, mode: Mode, seconds: float, rate: float = 1.0) -> list[Item]:
    """All that happens to a world within so many seconds, in order."""
    chance = random.Random(f"plan {seed}")
    drawn: list[tuple[float, str]] = []
    faults = mode.pause * chance.choice([0.6, 1.0, 2.0])
    wishes = {**CLIENTS, **(mode.clients or {})}
    for kinds, pause, at in ((wishes, CLIENT_PAUSE / rate, BEGINS), (mode.faults, faults, TROUBLE)):
        while pause:
            at += chance.expovariate(1 / pause)
            if at > seconds:
                break
            (kind,) = chance.choices(list(kinds), list(kinds.values()))
            drawn.append((at, kind))
    drawn.sort()
    return [Item(at, kind, number) for number, (at, kind) in enumerate(drawn)]
