"""The port behind `metrics=` and `tracing=`: who wants to know what a runtime does, while it does it.

    class Loud(Observer):
        def run_ended(self, row: Row, inside: Inside) -> None:
            print(row.id, row.status)

Hooks are called on the loop of the runtime, behind the commit that made true what they are told. What is so at a moment
is read when somebody asks: `Inside`. Without an observer nothing of this is called.

An observer decides nothing. What it raises is logged, and harms no run.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from raftoral.errors import UsageError

from ..ports import Attempt, Done, Failed, Row, Storage
from .telling import tell_ended, tell_started

if TYPE_CHECKING:
    from ..core.machine import Machine
    from ..core.state import Run

LOG = logging.getLogger("raftoral")

ANCESTORS_MAX = 100  # runs that are asked for a tag; those above are not

_REASONS = {
    "Timeout": "timeout",
    "NoHeartbeat": "no_heartbeat",
    "Stopped": "stopped",
    "WrongResult": "wrong_result",
    "TooLarge": "too_large",
}
OUTCOMES = ("done", "declared", "raised", *_REASONS.values())


def outcome_of(report: Done | Failed) -> str:
    """What became of an attempt, as one of the `OUTCOMES`: `declared` is an error that its workflow knows."""
    if isinstance(report, Done):
        return "done"
    return "declared" if report.error is not None else _REASONS.get(report.kind, "raised")


class Moving(Protocol):
    """What moves runs: an engine, or a member of a group."""

    @property
    def machine(self) -> Machine: ...

    @property
    def storage(self) -> Storage: ...

    @property
    def unknown(self) -> Sequence[Row]:
        """Runs that live, and whose program is not here."""

    @property
    def waiting(self) -> int:
        """Commands that are in no commit yet."""

    @property
    def broken(self) -> Exception | None:
        """Why nothing moves any more."""


class Calling(Protocol):
    """What calls activities. `running` counts those that were abandoned too."""

    @property
    def running(self) -> int: ...

    @property
    def waiting(self) -> int: ...

    @property
    def abandoned(self) -> int: ...


class Member(NamedTuple):
    """A node in one group of its cluster, at this moment."""

    node: str
    group: int
    term: int
    leads: bool
    members: int
    commit: int
    applied: int
    waiting: int


class Inside:
    """A runtime at this moment, for any thread. One that is closed shows nothing."""

    def __init__(self, moving: Callable[[], Sequence[Moving]], calling: Callable[[], Calling | None]) -> None:
        self._moving = moving
        self._calling = calling

    def runs(self) -> Mapping[tuple[str, str], int]:
        """How many runs have not ended, by workflow and status. One whose program is not here is stalled."""
        found: Counter[tuple[str, str]] = Counter()
        for each in self._moving():
            found.update((run.program.name, run.status) for run in list(each.machine.runs.values()))
            found.update((row.workflow, "stalled") for row in each.unknown)
        return found

    def commands_waiting(self) -> int:
        """Commands that are in no commit yet."""
        return sum(each.waiting for each in self._moving())

    def members(self) -> Sequence[Member]:
        """The groups that a node of a cluster is in; none for a runtime that is alone."""
        return ()

    def links(self) -> Mapping[str, int]:
        """Links to and from other nodes that a node refused or broke, by why; none for a runtime that is alone."""
        return {}

    def timers(self) -> int:
        """What waits for a time: sleeps, deadlines of waits, next attempts. Some may be needed no longer."""
        return sum(len(each.machine.deadlines) for each in self._moving())

    def stopped(self) -> int:
        """How many a bug of ours has stopped: nothing moves there until the process is started again."""
        return sum(each.broken is not None for each in self._moving())

    def attempts(self) -> Mapping[str, int]:
        """How many attempts run, wait for a place, or were abandoned and did not end."""
        calling = self._calling()
        if calling is None:
            return {}
        abandoned = calling.abandoned
        return {"running": calling.running - abandoned, "waiting": calling.waiting, "abandoned": abandoned}

    def tags(self, of: Row | str, having: str) -> Mapping[str, str]:
        """The tags of a run, if they have that one; else those of the run that started it, and so on."""
        found = of if isinstance(of, Row) else self._run(of)
        for _ in range(ANCESTORS_MAX):
            if found is None:
                break
            if having in found.tags:  # as it is stored: most have none, and need not be read
                tags: Mapping[str, str] = json.loads(found.tags)
                if having in tags:
                    return tags
            found = self._run(found.parent) if found.parent is not None else None
        return {}

    def _run(self, id: str) -> Run | Row | None:
        for each in self._moving():
            found = each.machine.runs.get(id) or each.storage.row(id)
            if found is not None:
                return found
        return None


class Observer:
    """What there is to be known. Every hook does nothing: have those that you want."""

    def opened(self, inside: Inside) -> None:
        """A runtime is at work. It may say so again: after a crash in a test."""

    def closed(self, inside: Inside) -> None:
        """It is no longer."""

    def starting(self, workflow: str, version: int, id: str) -> AbstractContextManager[Mapping[str, str]]:
        """Somebody here starts a run. Around all of it; gives tags for the run."""
        return nullcontext({})

    def run_started(self, row: Row, inside: Inside) -> None:
        """A run began, also as a child of another one."""

    def run_ended(self, row: Row, inside: Inside) -> None:
        """A run ended. It is told once."""

    def attempt_begins(self, attempt: Attempt, inside: Inside) -> None:
        """An activity is about to be called. Called in the context in which it will be: variables may be set for it."""

    def attempt_ended(self, report: Done | Failed) -> None:
        """The attempt has been reported; of the same object `attempt`. Some end without a beginning."""

    def committed(self, commands: int, seconds: float) -> None:
        """That many commands became durable together, and it took so long to write them."""

    def storage_failed(self, operation: str) -> None:
        """The store could not be written ("write") or read again ("read")."""


def observers_of(**given: Observer | None) -> Sequence[Observer]:
    """Those that were given, by the names of the options: what is no observer is refused."""
    for name, observer in given.items():
        if observer is not None and not isinstance(observer, Observer):
            raise UsageError(f"{name}= takes an observer, as raftoral.{name} makes one, not {observer!r}")
    return [each for each in given.values() if each is not None]


class Observers:
    """All who look at one runtime, for those who have something to tell them."""

    def __init__(self, observers: Sequence[Observer], inside: Inside) -> None:
        self._observers = observers
        self._inside = inside
        self._blamed: set[tuple[int, str]] = set()

    def opened(self) -> None:
        self._each("opened", self._inside)

    def closed(self) -> None:
        self._each("closed", self._inside)

    @contextmanager
    def starting(self, workflow: str, version: int, id: str) -> Iterator[Mapping[str, str]]:
        tags: dict[str, str] = {}
        with ExitStack() as stack:
            for observer in self._observers:
                try:
                    around = observer.starting(workflow, version, id)
                    tags.update(around.__enter__())
                except Exception as error:
                    self._blame(observer, "starting", error)
                else:
                    stack.push(partial(self._leave, observer, around))
            yield tags

    def _leave(self, observer: Observer, around: AbstractContextManager[Any], *raised: Any) -> bool:
        try:
            around.__exit__(*raised)
        except Exception as error:
            if error is not raised[1]:
                self._blame(observer, "starting", error)
        return False  # what was raised inside is for whoever starts the run

    def run_started(self, row: Row) -> None:
        self._each("run_started", row, self._inside)

    def run_ended(self, row: Row) -> None:
        self._each("run_ended", row, self._inside)

    def attempt_begins(self, attempt: Attempt) -> None:
        self._each("attempt_begins", attempt, self._inside)

    def attempt_ended(self, report: Done | Failed) -> None:
        self._each("attempt_ended", report)

    def committed(self, commands: int, seconds: float) -> None:
        self._each("committed", commands, seconds)

    def storage_failed(self, operation: str) -> None:
        self._each("storage_failed", operation)

    def _each(self, hook: str, *args: Any) -> None:
        for observer in self._observers:
            try:
                getattr(observer, hook)(*args)
            except Exception as error:
                self._blame(observer, hook, error)

    def _blame(self, observer: Observer, hook: str, error: Exception) -> None:
        """Said once: what fails for one attempt fails for all of them."""
        place = (id(observer), hook)
        if place not in self._blamed:
            self._blamed.add(place)
            LOG.error("%s.%s failed; this is said once", type(observer).__name__, hook, exc_info=error)


class Life:
    """Tells, to `logging` and to observers, that runs began and ended: each once, though rows are new for other reasons
    too. `seq` is the last start that was told; whoever applied an entry of the log sets it behind that."""

    __slots__ = ("_observers", "seq")

    def __init__(self, seq: int, observers: Observers | None) -> None:
        self.seq = seq
        self._observers = observers

    def tell(self, row: Row) -> None:
        """The new row of a run (`Moved`). In a group, only its owner tells."""
        if row.seq > self.seq:
            tell_started(row)
            if self._observers is not None:
                self._observers.run_started(row)
        if row.ended is not None:
            tell_ended(row)
            if self._observers is not None:
                self._observers.run_ended(row)


__all__ = ["OUTCOMES", "Inside", "Life", "Observer", "Observers", "outcome_of"]
