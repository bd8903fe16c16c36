"""The graph: it holds together, its text is readable and stable, and each frame holds what is read later.

The listing of blocks and frames itself is shown by `cases/graph_*.md`. Here stand the properties that hold for every
program: frames against `later`, which finds out by itself what may be read after a slot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from raftoral.dsl.compile import Checked, check
from raftoral.dsl.diagram import graphs_of
from raftoral.dsl.facts.types import UNIT
from raftoral.dsl.graph import Block, Goto, Graph, Return, Strand, Suspend, blocks_of
from raftoral.dsl.graph.text import one_line, print_frames, print_graph
from raftoral.dsl.graph.verify import BrokenGraph, verify, verify_frames
from raftoral.dsl.source import Source
from tests.dsl import corpus, programs
from tests.dsl.grown import well_typed
from tests.dsl.later import Later
from tests.dsl.test_explain import World


def checked_texts(texts: dict[str, str], files: dict[str, str]) -> Iterator[Checked]:
    """Those of the texts that have no errors."""
    for path, text in texts.items():
        (checked,) = check([Source(path, text)], World(files))
        if not any(problem.is_error for problem in checked.problems):
            yield checked


def graphs_in(files: dict[str, str], asked: str = "") -> list[tuple[Source, Graph]]:
    """The graphs of a project, or of one of its files; a module with errors has none."""
    found = []
    sources = [Source(path, text) for path, text in files.items() if not asked or path == asked]
    for checked in check(sources, World(files)):
        if not any(problem.is_error for problem in checked.problems):
            found += [(checked.source, graph) for graph in graphs_of(checked.facts)]
    assert found or not asked, f"{asked} has errors"
    return found


def examples() -> dict[str, str]:
    """The examples by the path that an import finds, with the Python that one of them uses."""
    files = {name.removeprefix("examples/"): text for name, text in corpus.examples().items()}
    return files | {"tax.py": (corpus.ROOT / "examples" / "tax.py").read_text("utf-8")}


EXAMPLES = [path for path, text in examples().items() if "\nworkflow " in text]


def assert_frames(graph: Graph) -> None:
    later = Later(graph)
    for slot, needed in later.frames().items():
        assert set(slot.frame) == needed, f"{graph.name}: the frame of {slot.key}"
    for strand in graph.strands():
        assert set(strand.captured) == later.captured(strand), f"{graph.name}: what {strand.name} takes"


# --- frames -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES)
def test_frames_of_an_example_hold_what_is_read_later(path: str) -> None:
    for _, graph in graphs_in(examples(), path):
        assert_frames(graph)


def test_frames_of_every_right_text_hold_what_is_read_later() -> None:
    slots = 0
    for checked in checked_texts({name: text for name, text in corpus.texts().items() if "fuzz" not in name}, {}):
        for graph in graphs_of(checked.facts):
            slots += len(graph.slots)
            assert_frames(graph)
    assert slots > 100


@given(well_typed())
@settings(max_examples=25, deadline=None)
def test_frames_of_a_grown_project_hold_what_is_read_later(files: dict[str, str]) -> None:
    for _, graph in graphs_in(files):
        assert_frames(graph)


# --- the whole ----------------------------------------------------------------------------------------------------


def test_slots_are_met_once_and_stand_in_the_strand_that_they_name() -> None:
    for _, graph in graphs_in(programs.project(1_500, seed=3)):
        met = [
            (block.exit.slot, strand)
            for strand in graph.strands()
            for block in blocks_of(strand)
            if isinstance(block.exit, Suspend)
        ]
        assert sorted(slot.key for slot, _ in met) == sorted(slot.key for slot in graph.slots)
        assert all(slot.strand is strand for slot, strand in met)


def test_text_is_the_same_in_every_run_and_refers_to_blocks_that_are_there() -> None:
    first, second = graphs_in(programs.project(600, seed=4)), graphs_in(programs.project(600, seed=4))
    for (source, graph), (_, again) in zip(first, second, strict=True):
        text = print_graph(graph, source)
        assert text == print_graph(again, source)
        assert print_frames(graph, source) == print_frames(again, source)
        numbers = {int(number) for number in re.findall(r"^ {0,3}(\d+)  ", text, re.MULTILINE)}
        assert numbers == set(range(1, len(numbers) + 1))
        assert {int(number) for number in re.findall(r"(?:then|else|goto|failed) (\d+)", text)} <= numbers
        assert all(slot.key in text for slot in graph.slots)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a(\n  b,  # why\n  c\n)", "a( b, c )"),
        ('log "# of\n  rows"', 'log "# of rows"'),
        ('f("\\"#",\n 1)', 'f("\\"#", 1)'),
        ("x" * 80, "x" * 75 + "…"),
    ],
)
def test_text_of_the_source_stands_on_one_line(text: str, shown: str) -> None:
    assert one_line(text) == shown


# --- verify can fail ----------------------------------------------------------------------------------------------


def broken() -> Graph:
    return graphs_in(examples(), "orders.rft")[-1][1]


def first_suspend(graph: Graph) -> Suspend:
    return next(b.exit for b in blocks_of(graph.root) if isinstance(b.exit, Suspend))


def no_exit(graph: Graph) -> None:
    graph.root.entry.exit = None


def one_key_twice(graph: Graph) -> None:
    graph.slots[1].key = graph.slots[0].key


def another_strand(graph: Graph) -> None:
    graph.slots[0].strand = Strand("elsewhere", graph.root, UNIT)


def met_twice(graph: Graph) -> None:
    exit = first_suspend(graph)
    block = Block()
    block.exit = Suspend(exit.slot, exit.request, [], exit.then, None)
    exit.then = block


def not_listed(graph: Graph) -> None:
    del graph.slots[0]


def nowhere_to_go(graph: Graph) -> None:
    first_suspend(graph).then = None


@pytest.mark.parametrize("damage", [no_exit, one_key_twice, another_strand, met_twice, not_listed, nowhere_to_go])
def test_a_damaged_graph_is_refused(damage) -> None:
    graph = broken()
    verify(graph)
    damage(graph)
    with pytest.raises(BrokenGraph, match="ProcessOrder"):
        verify(graph)


def test_what_is_read_and_never_given_is_refused() -> None:
    graph = broken()
    verify_frames(graph)
    graph.root.captured.append(graph.root.params[0])
    with pytest.raises(BrokenGraph, match="order may be read before"):
        verify_frames(graph)


def test_a_block_leads_on_in_the_order_of_the_text() -> None:
    root = Strand("", None, UNIT)
    second = Block()
    root.entry.exit = Goto(second)
    second.exit = Return(None, broken().decl)
    assert blocks_of(root) == [root.entry, second]
