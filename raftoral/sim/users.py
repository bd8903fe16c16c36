"""The simulator for workflows of others: their programs, their activities, their own invariants.

    report = raftoral.testing.simulate([shop.orders], Bank, seeds=1000, check=never_two_charges)

In: generated modules, activities, a check that raises when something does not hold. Out: what was run, or
`SimulationFailed` with the one line that repeats it. Activities are called as they are, in one thread: they may keep
what they like in memory, and wait for nothing. Without an implementation they give values by chance, and fail.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from raftoral.program.steps import Activity, Definition
from raftoral.runtime.bindings import Bindings

from .modes import MODES
from .oracle import Oracle
from .programs import Catalog
from .runner import Call
from .values import drawn
from .world import World


class SimulatedRun(NamedTuple):
    """One run, as it ended. Values are plain JSON."""

    id: str
    workflow: str
    version: int
    status: str
    args: Any
    result: Any
    failure: Any
    checkpoints: Any


class Simulated:
    """One world, when all is over: what a check looks at."""

    def __init__(self, world: World, activities: Any) -> None:
        self.seed = world.seed
        self.activities = activities  # those of this world: what they remember is what happened outside
        self.calls: list[Call] = world.calls  # all calls of activities, whatever became of them
        self.seconds = world.now
        self.runs = {run.id: run for oracle in world.checkers.oracles.values() for run in _runs(oracle)}

    def calls_of(self, activity: str) -> list[Call]:
        """The calls of one activity, in order."""
        return [call for call in self.calls if call.activity == activity]


class Report(NamedTuple):
    """What was run."""

    seeds: int
    runs: int
    calls: int
    crashes: int
    seconds: float  # of virtual time


class SimulationFailed(AssertionError):
    """Something did not hold. `seed` and `mode` repeat it."""

    def __init__(self, seed: int, mode: str, what: str) -> None:
        super().__init__(f"{what}\n  again: simulate(..., seeds=1, start={seed}, mode={mode!r})")
        self.seed = seed
        self.mode = mode


Check = Callable[[Simulated], object]


def simulate(
    programs: Iterable[Any],
    activities: Any = (),
    *,
    seeds: int = 100,
    start: int = 0,
    mode: str = "everything",
    check: Check | None = None,
    args: Callable[[Definition, random.Random], Any] | None = None,
    nodes: int = 0,
    seconds: float = 6.0,
) -> Report:
    """Runs workflows in so many worlds in which all goes wrong that can: nodes crash, the network cuts, disks lie.

    `activities`: an object, a list of them, or a class (or function) that makes a new one for each world. `args` makes
    the arguments of a start: a tuple in the order of the workflow's parameters; else they are by chance. `check` looks
    at each world when all is over.
    """
    catalog = Catalog.of(definitions_of(programs))
    runs = calls = crashes = 0
    virtual = 0.0
    for seed in range(start, start + seeds):
        own = activities() if callable(activities) else activities
        world = World(
            seed,
            MODES[mode],
            catalog=catalog,
            nodes=nodes,
            seconds=seconds,
            functions=_functions(own),
            args=_args(args),
        ).run()
        if world.found:
            found = "; ".join(f"{name}: {what}" for name, what in world.found.items())
            raise SimulationFailed(seed, mode, found) from world.fault
        simulated = Simulated(world, own)
        if check is not None:
            try:
                check(simulated)
            except AssertionError as error:
                raise SimulationFailed(seed, mode, str(error) or "the check failed") from error
        runs, calls = runs + len(simulated.runs), calls + len(world.calls)
        crashes, virtual = crashes + world.counts["crashes"], virtual + world.now
    return Report(seeds, runs, calls, crashes, virtual)


def definitions_of(programs: Iterable[Any]) -> list[Definition]:
    """The workflows of modules, with those that they start."""
    from raftoral.runtime.local import definitions_of as found

    return found(programs)


def _functions(activities: Any) -> Callable[[Activity[Any]], Callable[..., Any] | None]:
    given: Sequence[Any] = activities if isinstance(activities, list | tuple) else [activities]
    bindings = Bindings(given)

    def function_of(activity: Activity[Any]) -> Callable[..., Any] | None:
        binding = bindings.of(activity)
        return binding.function if binding is not None else None

    return function_of


def _args(given: Callable[[Definition, random.Random], Any] | None) -> Callable[[Definition, random.Random], Any]:
    if given is None:
        return lambda definition, chance: drawn(chance, definition.args)

    def made(definition: Definition, chance: random.Random) -> Any:
        values = given(definition, chance)
        return drawn(chance, definition.args) if values is None else definition.args(*values)

    return made


def _runs(oracle: Oracle) -> list[SimulatedRun]:
    """All runs of a group, in the order of their starts, but for those that somebody deleted."""
    found = []
    for row in oracle.rows():
        args, result, failure = (
            None if data is None else json.loads(data) for data in (row.args, row.result, row.failure)
        )
        checkpoints = json.loads(row.checkpoints)
        found.append(SimulatedRun(row.id, row.workflow, row.version, row.status, args, result, failure, checkpoints))
    return found


__all__ = ["Call", "Report", "Simulated", "SimulatedRun", "SimulationFailed", "simulate"]
