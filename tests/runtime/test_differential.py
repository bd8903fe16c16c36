"""The compiled module does what the reference interpreter does, event by event, with a crash behind each of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from raftoral.dsl.facts.symbols import Workflow
from raftoral.program import codec
from tests.dsl.well_typed import workflow
from tests.reference import interpreter as ref, programs, test_examples
from tests.reference.scripts import Script, value_of
from tests.runtime.compiled import Both, Twin

EVENTS_MAX = 400


@pytest.mark.parametrize("case", programs.CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("crash", [False, True], ids=["calm", "crashing"])
def test_small_programs(case: programs.Case, crash: bool) -> None:
    text = programs.PRELUDE + programs.HEAD.format(case.result, programs.MEMBERS) + case.body + "\n}\n"
    both = Both({"m.rft": text})
    twin = Twin(both, ref.Run(both.reference, "m", "W", case.args), case.args, crash=crash)
    assert not twin.difference()
    for event in case.events:
        twin.deliver(event)
        assert not twin.difference(), event


def differs(seed: int, size: int = 40, crash: bool = True) -> str:
    """How a random program differs, if it does."""
    made = workflow(seed, size)
    both = Both({"m.rft": made.text})
    run, script = ref.Run(both.reference, "m", "W", made.args), Script(seed)
    twin = Twin(both, run, made.args, crash=crash)
    for _ in range(EVENTS_MAX):
        found = twin.difference()
        if found or run.outcome:
            return found
        event = script.next(run.pending(), run.version_.signals, run.children())
        if event is None:
            return found
        twin.deliver(event)
    return twin.difference()


@pytest.mark.parametrize("start", range(0, 1000, 50))
def test_random_programs(start: int) -> None:
    for seed in range(start, start + 50):
        found = differs(seed)
        assert not found, f"seed {seed}: {found}"


@pytest.fixture(scope="module")
def examples() -> Iterator[Both]:
    both = Both(test_examples.FILES, test_examples.EXTERNS)
    yield both
    both.forget()


@pytest.mark.parametrize("name", test_examples.CASES)
def test_examples_end_as_they_should(name: str, examples: Both) -> None:
    module, workflow, version, args, events, *_ = test_examples.CASES[name]
    twin = Twin(examples, ref.Run(examples.reference, module, workflow, args, version), args)
    assert not twin.difference()
    for event in events:
        twin.deliver(event)
        assert not twin.difference(), event


@pytest.mark.parametrize(("module", "name", "version"), test_examples.WORKFLOWS)
def test_examples_whatever_happens(module: str, name: str, version: int, examples: Both) -> None:
    meaning = examples.reference.modules[module].interface.names[name]
    assert isinstance(meaning, Workflow)
    for seed in range(20):
        source = random.Random(seed)
        args = {field: value_of(source, param.type) for field, param in meaning.versions[version].params.items()}
        run, script = ref.Run(examples.reference, module, name, args, version), Script(seed, cancels=0.05)
        twin = Twin(examples, run, args)
        for _ in range(EVENTS_MAX):
            assert not twin.difference(), seed
            event = None if run.outcome else script.next(run.pending(), run.version_.signals, run.children())
            if event is None:
                break
            twin.deliver(event)


def test_it_finds_a_frame_that_lacks_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that cannot fail shows nothing: what is kept in a frame is changed, and the difference is seen."""
    loads = codec.Codec.loads

    def forgetful(self: codec.Codec[Any], data: bytes) -> Any:
        value = loads(self, data)
        is_frame = isinstance(value, tuple) and type(value).__name__.startswith("_At")
        return value._replace(**{value._fields[0]: 41}) if is_frame and isinstance(value[0], int) else value

    monkeypatch.setattr(codec.Codec, "loads", forgetful)
    assert any(differs(seed) for seed in range(40))
