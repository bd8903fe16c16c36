"""Random stories: what clients, activities and time may do to the runs of a random program, one entry after the other.

    story = Story(7)                     a random program, and a source of chance
    for entry in story.entries(bench): bench.apply(*entry)

The same seed and the same answers of the machine give the same entries. Most of them mean something; some are stale,
come twice, or are garbage: nothing that a client or a runner says may break a machine.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

from raftoral.dsl.facts import types as t
from raftoral.dsl.facts.symbols import Activity, Workflow
from raftoral.program.codec import codec_of
from raftoral.runtime.core import commands as c
from raftoral.runtime.core.lifecycle import all_ops
from raftoral.runtime.ports import Attempt
from tests.dsl.well_typed import workflow
from tests.reference.scripts import value_of
from tests.runtime import zoo
from tests.runtime.machines import DAY, HOUR, MINUTE, SECOND, Bench, Kit

GARBAGE = [
    b"",
    b"null",
    b"7",
    b"[",
    b'"\xff"',
    b"\x00\x01",
    b'{"kind": 5}',
    b'{"kind":"Nobody","fields":{}}',
    b"[" * 500,
]
IDS = ["kid", "x", "y", "kept"]
RUNS_MIN = 4  # that live at once


class Story:
    """See the module."""

    def __init__(self, seed: int, size: int = 25) -> None:
        self.source = random.Random(f"story {seed}")
        text = zoo.TEXT if seed % 4 == 3 else workflow(seed, size + seed % 40).text
        self.kit = Kit({"m.rft": text})
        self.words = sorted({*re.findall(r'== "([^"]*)"', text), "", "a", "7"})
        self.names = self.kit.both.reference.facts("m").interface.names
        self.told: list[Any] = []  # reports that were made before
        self.workflows = {f"m.{name}": each for name, each in self.names.items() if isinstance(each, Workflow)}
        self.runs = 0
        self.calm = False  # towards the end: everything goes well

    def bench(self) -> Bench:
        return self.kit.bench()

    def entries(self, bench: Bench, count: int) -> Iterator[list[c.Command]]:
        """So many entries; time goes on before each of them."""
        yield [self._start(bench)]
        for _ in range(count):
            self._time(bench)
            yield [self._command(bench) for _ in range(self.source.choice([1, 1, 1, 2, 3]))]

    def ending(self, bench: Bench) -> Iterator[list[c.Command]]:
        """Until all has ended: what stands still goes on, activities do well, time passes; what is left is ended."""
        self.calm = True
        for _ in range(150):
            runs = list(bench.machine.runs.values())
            if not runs:
                return
            source = self.source
            still = [c.Resume(run.id) for run in runs if run.status in ("paused", "faulted")]
            if still and source.random() < 0.3:
                yield [source.choice(still)]
            elif bench.flying and source.random() < 0.8:
                yield [self._report(bench)]
            elif bench.machine.deadlines.next is not None and source.random() < 0.9:
                bench.now = max(bench.now, bench.machine.deadlines.next)
                yield [c.Tick()]
            else:
                yield [self._signal(bench)]
        for id in sorted(bench.machine.runs):
            yield [c.Terminate(id, "the story is over")]

    # --- one entry -----------------------------------------------------------------------------------------

    def _time(self, bench: Bench) -> None:
        source, due = self.source, bench.machine.deadlines.next
        if due is not None and source.random() < 0.15:
            bench.now = max(bench.now, due)
        else:
            bench.now += source.choice([0, 0, 1, SECOND, MINUTE, HOUR, -HOUR, -DAY])

    def _command(self, bench: Bench) -> c.Command:
        source = self.source
        ways: list[tuple[int, Any]] = [
            (50 if bench.flying else 5, self._report),
            (8, self._signal),
            (8, lambda bench: c.Tick()),
            (60 if len(bench.machine.runs) < RUNS_MIN else 2, self._start),
            (2, lambda bench: c.Cancel(self._id(bench), source.choice(["enough", "wrong", "\ud800", "x" * 9_000]))),
            (1, lambda bench: c.Terminate(self._id(bench), source.choice(["over", "\udfff"]))),
            (2, lambda bench: c.Pause(self._id(bench))),
            (5, self._resume),
            (2, self._stalled),
            (
                1,
                lambda bench: c.Tag(
                    self._id(bench), source.choice(['{"x": "1"}', '{"x": null, "y": "é"}', "[1]", "x"])
                ),
            ),
            (1, lambda bench: c.Delete(self._id(bench), source.random() < 0.3)),
            (3, self._stale),
            (3, self._nonsense),
            (1, self._recover),
        ]
        (way,) = source.choices([way for _, way in ways], [weight for weight, _ in ways])
        made: c.Command = way(bench)
        return made

    def _id(self, bench: Bench) -> str:
        living = sorted(bench.machine.runs)
        return self.source.choice([*living, *living, *IDS, "nobody", ""])

    def _start(self, bench: Bench) -> c.Command:
        """A new run, as long as few are there; or one more under an id that is known."""
        source = self.source
        self.runs += 1
        known = [*bench.machine.runs, *IDS]
        id = source.choice(known) if source.random() < 0.2 else f"r{self.runs}"
        name = source.choice(sorted(self.workflows)) if source.random() < 0.7 else max(self.workflows)
        fields = self.workflows[name].newest.params.values()
        given = [self._value(field.type) for field in fields]
        program = self.kit.programs.newest(name)
        assert program is not None
        data = program.args.dumps(program.definition.args(*[self.kit.both.given(value, "m") for value in given]))
        if source.random() < 0.03:
            data = source.choice(GARBAGE)
        version = source.choice([0, 0, 1, 1, 1, 9])
        return c.StartRun(id, f"run-{self.runs}", name, version, data, source.choice(["{}", "{}", '{"x":"1"}', "]"]))

    def _value(self, type: Any) -> Any:
        return self.source.choice(self.words) if type is t.STR else value_of(self.source, type)

    def _resume(self, bench: Bench) -> c.Command:
        still = [run.id for run in bench.machine.runs.values() if run.status in ("paused", "faulted")]
        return c.Resume(self.source.choice([*still, *still, self._id(bench)]))

    def _recover(self, bench: Bench) -> c.Command:
        """The process died, and all that was in flight with it."""
        bench.flying.clear()
        return c.Recover()

    def _signal(self, bench: Bench) -> c.Command:
        source, id = self.source, self._id(bench)
        run = bench.machine.runs.get(id)
        meaning = self.workflows[run.program.name if run is not None else min(self.workflows)]
        if not meaning.newest.signals:
            return c.Signal(id, "nobody", b"null")
        name = source.choice(sorted(meaning.newest.signals))
        if source.random() < 0.05:
            return c.Signal(id, source.choice([name, "nobody"]), source.choice(GARBAGE))
        return c.Signal(id, name, self._bytes(meaning.newest.signals[name].payload))

    def _stalled(self, bench: Bench) -> c.Command:
        attempts = sorted(bench.flying.values(), key=lambda a: (a.id, a.op))
        if not attempts or self.source.random() < 0.3:
            return c.Stalled(self._id(bench), self.source.randint(0, 9), self.source.choice(["", "nobody here"]))
        attempt = self.source.choice(attempts)
        run = bench.machine.runs.get(attempt.id)
        op = run.op(attempt.op) if run is not None and run.run == attempt.run else None
        if op is not None and op.attempt == attempt.number:
            bench.flying.pop((attempt.run, attempt.op))
            return c.Stalled(attempt.id, attempt.op, "nobody here can")
        return c.Tick()

    # --- reports -------------------------------------------------------------------------------------------

    def _bytes(self, type: Any) -> bytes:
        value = self.kit.both.given(self._value(type), "m")
        hint = _Bare(type, self.kit)
        return codec_of(hint.hint).dumps(value)

    def _report(self, bench: Bench) -> c.Command:
        """What becomes of an attempt that is in flight."""
        attempts = sorted(bench.flying.values(), key=lambda a: (a.id, a.run, a.op))
        if not attempts:
            return c.Tick()
        attempt = self.source.choice(attempts)
        if not self.calm and self.source.random() < 0.1:
            return c.Progress(attempt.id, attempt.run, attempt.op, self.source.choice([b"1", b'"half"', b"\xff"]))
        bench.flying.pop((attempt.run, attempt.op))
        report = self._outcome(attempt, (attempt.run, attempt.op) in bench.halted)
        self.told.append(report)
        return report

    def _outcome(self, attempt: Attempt, halted: bool) -> c.Command:
        source, head = self.source, (attempt.id, attempt.run, attempt.op)
        if halted and source.random() < 0.5:
            return c.AttemptFailed(*head, attempt.number, "Stopped", "it was told to", None, "", True)
        meaning = self.names[attempt.activity.name]
        assert isinstance(meaning, Activity)
        share = 0.9 if attempt.activity.name.startswith("undo") else 0.75
        if self.calm or source.random() < share:
            if not self.calm and source.random() < 0.01:
                return c.Finished(*head, source.choice(GARBAGE))
            value = self.kit.both.given(value_of(source, meaning.result), "m")
            return c.Finished(*head, codec_of(attempt.activity.result).dumps(value), 0.5)
        retryable = source.random() < 0.5
        if attempt.activity.raises and source.random() < 0.6:
            place = source.randrange(len(attempt.activity.raises))
            cls = attempt.activity.raises[place]
            data = codec_of(cls).dumps(self.kit.both.given(value_of(source, meaning.raises[place]), "m"))
            if source.random() < 0.03:
                data = source.choice(GARBAGE)
            return c.AttemptFailed(*head, attempt.number, cls.KIND, "no", data, "", retryable, 0.5)
        detail = source.choice(["refused", "é" * 9_000, "\ud800"])
        return c.AttemptFailed(*head, attempt.number, "OSError", detail, None, "trace \udc00", retryable, 0.5)

    def _stale(self, bench: Bench) -> c.Command:
        return self.source.choice(self.told) if self.told else c.Tick()

    def _nonsense(self, bench: Bench) -> c.Command:
        """Reports for what is not waited for, or not by an activity."""
        source, id = self.source, self._id(bench)
        run = bench.machine.runs.get(id)
        name = run.run if run is not None and source.random() < 0.8 else "run-0"
        others = [op.number for op in all_ops(run) if op.activity is None] if run is not None else []
        op = source.choice([*others, *others, 0, -1, 10_000])
        data = source.choice(GARBAGE)
        ways: list[c.Command] = [
            c.Finished(id, name, op, data),
            c.AttemptFailed(id, name, op, source.choice([0, 1, 2]), "m.Bad", "no", data, "", True),
            c.Progress(id, name, op, data),
            c.Stalled(id, op, "nobody"),
        ]
        return source.choice(ways)


class _Bare:
    """The hint of a type of the language, by name, as the generated module has it."""

    def __init__(self, type: Any, kit: Kit) -> None:
        plain: dict[Any, Any] = {None: None, t.UNIT: None, t.INT: int, t.STR: str}
        self.hint: Any = plain[type] if type in plain else getattr(kit.modules["m"], type.name)
