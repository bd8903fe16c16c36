"""Pictures: golden ones to read, and what holds for all of them.

A picture has every slot once, its edges end at nodes of their plane, its text comes out as it went in, and in an SVG
nothing covers anything: boxes and labels keep apart, and no line runs through a box or a text.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings, strategies as st

from raftoral.dsl.diagram import FORMATS, draw, graphs_of
from raftoral.dsl.diagram.contract import picture_of
from raftoral.dsl.diagram.isotonic import spread
from raftoral.dsl.diagram.layout import Layout, lay_out
from raftoral.dsl.diagram.picture import CHOICE, FAILS, FLOW, NEEDS, UNDOES, Edge, Node, Picture, Plane
from raftoral.dsl.graph import ACTIVITY, Suspend, blocks_of
from raftoral.dsl.source import Source
from tests.dsl import corpus, programs
from tests.dsl.grown import well_typed
from tests.dsl.test_graph import EXAMPLES, checked_texts, examples, graphs_in

PICTURES = Path(__file__).parent / "pictures"
SVG = "{http://www.w3.org/2000/svg}"
GOLDEN = ["approval", "nightly", "orders"]


def pictures_of(files: dict[str, str], asked: str = "") -> list[Picture]:
    return [picture_of(graph, source) for source, graph in graphs_in(files, asked)]


# --- to read ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["mermaid", "text", "dot"])
@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str, format: str, update: bool) -> None:
    """`pictures/` shows what people get; `pytest --update` keeps what was drawn."""
    found = graphs_in(examples(), f"{name}.rft")
    made = draw([graph for _, graph in found], found[0][0], format)
    path = PICTURES / f"{name}.{format}"
    if update:
        PICTURES.mkdir(exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == made, "`pytest --update` keeps what was drawn"


# --- what holds for every picture ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES)
def test_example(path: str) -> None:
    for source, graph in graphs_in(examples(), path):
        assert_picture(picture_of(graph, source))
        assert_texts(graph, source)


def test_every_right_text() -> None:
    texts = {name: text for name, text in corpus.texts().items() if "fuzz" not in name}
    for checked in checked_texts(texts, {}):
        for graph in graphs_of(checked.facts):
            assert_picture(picture_of(graph, checked.source))


@given(well_typed())
@settings(max_examples=15, deadline=None)
def test_a_grown_project(files: dict[str, str]) -> None:
    for source, graph in graphs_in(files):
        assert_picture(picture_of(graph, source))
        assert_texts(graph, source)


def assert_picture(picture: Picture) -> None:
    graph = picture.graph
    nodes = [node for node, _ in picture.plane.all_nodes()]
    reached = [
        block.exit.slot.key
        for strand in graph.strands()
        for block in blocks_of(strand)
        if isinstance(block.exit, Suspend)
    ]
    assert sorted(node.slot.key for node in nodes if node.slot is not None) == sorted(reached)
    assert len({node.id for node in nodes}) == len(nodes)
    assert all(node.id and node.title for node in nodes)
    for plane in [picture.plane, *(node.inner for node in nodes if node.inner is not None)]:
        for edge in plane.edges:
            assert edge.source in plane.nodes
            assert edge.target in plane.nodes
            assert all(edge.labels)
        layout = lay_out(plane)
        assert_layout(layout)
        assert_lines_apart(layout)


def assert_texts(graph, source: Source) -> None:
    """Each format can be read back as far as a small reader of it goes."""
    picture = picture_of(graph, source)
    ids = {node.id for node, _ in picture.plane.all_nodes()}
    edges = sorted((edge.source.id, edge.target.id) for edge in picture.plane.all_edges())
    mermaid = draw([graph], source, "mermaid")
    arrows = re.findall(r'^ *(n\d+) -(?:-|\.-)>(?:\|"[^"\n]*"\|)? (n\d+)$', mermaid, re.MULTILINE)
    assert sorted(arrows) == edges
    assert set(re.findall(r"^ *(?:subgraph )?(n\d+)[\[({]", mermaid, re.MULTILINE)) == ids
    dot = draw([graph], source, "dot")
    assert sorted(re.findall(r"^ *(n\d+) -> (n\d+)(?: \[.*\])?$", dot, re.MULTILINE)) == edges
    assert dot.count("{") - dot.count("}") == sum(
        text.count("{") - text.count("}") for text in re.findall(r'"(?:[^"\\]|\\.)*"', dot)
    )
    record = json.loads(draw([graph], source, "json"))
    assert record["schema"] == 1
    (workflow,) = record["workflows"]
    assert {node["id"] for node in workflow["nodes"]} == ids
    assert sorted((edge["from"], edge["to"]) for edge in workflow["edges"]) == edges
    assert {node["slot"] for node in workflow["nodes"]} - {None} == {slot["key"] for slot in workflow["slots"]}
    assert {slot["strand"] for slot in workflow["slots"]} <= {strand["number"] for strand in workflow["strands"]}
    shown = {text.text for text in ElementTree.fromstring(draw([graph], source, "svg")).iter(f"{SVG}text")}
    assert {slot["key"] for slot in workflow["slots"]} <= shown


def test_all_workflows_of_a_file_are_one_document() -> None:
    found = graphs_in(examples(), "parent.rft")
    graphs, source = [graph for _, graph in found], found[0][0]
    names = [each["workflow"] for each in json.loads(draw(graphs, source, "json"))["workflows"]]
    assert names == ["parent.Pack", "parent.Deliver", "parent.Survey", "parent.Fulfil"]
    assert draw(graphs, source, "mermaid").count("flowchart TD") == 4
    assert draw(graphs, source, "dot").count("digraph ") == 4
    assert draw(graphs, source, "text").count("strand root(") == 4


# --- layout -------------------------------------------------------------------------------------------------------

Area = tuple[float, float, float, float]  # left, top, right, bottom


def assert_layout(layout: Layout) -> None:
    boxes: list[Area] = [(box.x, box.y, box.x + box.w, box.y + box.h) for box in layout.boxes]
    labels: list[Area] = [
        (pill.x - pill.left, pill.y + 2, pill.x + pill.right, pill.y + pill.h - 2) for pill in layout.pills
    ]
    for one, other in itertools.combinations([*boxes, *labels], 2):
        assert not _cover(one, other), (one, other)
    for area in [*boxes, *labels]:
        assert min(area[:2]) >= 0
        assert area[2] <= layout.w
        assert area[3] <= layout.h
    for wire in layout.wires:
        for start, end in itertools.pairwise(wire.points):
            assert start[0] == end[0] or start[1] == end[1], wire.points
            line = (min(start[0], end[0]), min(start[1], end[1]), max(start[0], end[0]), max(start[1], end[1]))
            for area in [*boxes, *labels]:
                assert not _cover(line, area), (line, area)
            assert 0 <= line[0] <= line[2] <= layout.w
            assert 0 <= line[1] <= line[3] <= layout.h
        if wire.arrow:
            assert any(_touches(wire.points[-1], area) for area in boxes), wire.points
    for box in layout.boxes:
        if box.inner is not None:
            assert box.inner_x + box.inner.w <= box.w
            assert box.inner_y + box.inner.h <= box.h


def assert_lines_apart(layout: Layout) -> None:
    """What leads to different places is never drawn on one line."""
    lines = [(wire.net, ends) for wire in layout.wires for ends in itertools.pairwise(wire.points)]
    for (one, (a, b)), (other, (c, d)) in itertools.combinations(lines, 2):
        for along, across in ((0, 1), (1, 0)):
            on_one_line = a[across] == b[across] and c[across] == d[across] and abs(a[across] - c[across]) < 4
            if one is not other and on_one_line:
                low, high = (
                    max(min(a[along], b[along]), min(c[along], d[along])),
                    min(max(a[along], b[along]), max(c[along], d[along])),
                )
                assert low >= high, (a, b, c, d)


def _cover(one: Area, other: Area) -> bool:
    """Whether two areas share more than their borders."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _touches(point: tuple[int, int], area: Area) -> bool:
    """Whether an arrow comes in at the top of a box, not at its corner."""
    return area[0] + 4 < point[0] < area[2] - 4 and point[1] == area[1]


WAYS_MAX = 4


@st.composite
def planes(draw) -> Plane:
    """Nodes and edges as workflows make them: circles, several edges to one node, labels of any length.

    Boxes are at least as wide as a key of a dozen letters, and few ways meet in one: with many ways into a narrow box
    an arrow may still come in at its corner.
    """
    plane = Plane()
    count = draw(st.integers(1, 14))
    for number in range(count):
        node = Node(draw(st.sampled_from([ACTIVITY, CHOICE])), "n" * draw(st.integers(12, 40)), number)
        node.details = ["detail"] * draw(st.integers(0, 2))
        plane.nodes.append(node)
    ends = st.integers(0, count - 1)
    label = st.lists(st.text("ab ,", min_size=1, max_size=60).map(lambda text: text.strip() or "x"), max_size=2)
    edges = draw(st.lists(st.tuples(ends, ends, st.sampled_from([FLOW, FAILS, NEEDS]), label), max_size=24))
    known: set[tuple[int, int, str]] = set()
    for source, target, style, labels in edges:
        ways = [known_way for known_way in known if known_way[1] == target or known_way[0] == source]
        if (source, target, style) not in known and len(ways) < WAYS_MAX:
            known.add((source, target, style))
            plane.edges.append(Edge(plane.nodes[source], plane.nodes[target], style, labels))
    for owner in draw(st.lists(ends, max_size=3)):
        undo = Node("undo", "undo it", 1)
        plane.edges.append(Edge(plane.nodes[owner], undo, UNDOES, ["undo"]))
        plane.nodes.append(undo)
    return plane


@given(planes())
@settings(max_examples=150, deadline=None)
def test_nothing_covers_anything(plane: Plane) -> None:
    assert_layout(lay_out(plane))


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 9)), min_size=1, max_size=7))
def test_places_keep_their_distance_and_differ_little_from_the_wishes(items: list[tuple[int, int]]) -> None:
    wishes = [float(wish) for wish, _ in items]
    gaps = [float(gap) for _, gap in items[1:]]
    places = spread(wishes, gaps, [1.0] * len(items))
    assert all(b - a > gap - 1e-6 for (a, b), gap in zip(itertools.pairwise(places), gaps, strict=True))
    best = sum((place - wish) ** 2 for place, wish in zip(places, wishes, strict=True))
    pushed = [wishes[0]]
    for wish, gap in zip(wishes[1:], gaps, strict=True):
        pushed.append(max(wish, pushed[-1] + gap))
    assert best <= sum((place - wish) ** 2 for place, wish in zip(pushed, wishes, strict=True)) + 1e-6


# --- texts come out as they went in -------------------------------------------------------------------------------

HOSTILE = """\
rft 1

error Odd { why: str }

activity say(text: str) -> bool { timeout: 1m }

## Marks & <b>tags</b>: "quotes", back\\slashes, ]]> --> %%{init: x}%% `ticks` ; # and 漢字.
workflow Hostile version 1 (text: str) -> str raises Odd {
  signal stop
  let done = do say("<i>\\"${text}\\" --> | %%{init}%% & ; # ]]></i>")
  if text == "\\"a\\" | <b> & ]]> \\\\ ${text} # ; %%{" { fail Odd(why: "漢字漢字漢字漢字") }
  select {
    on stop => return "</text>"
    after 1h => log info "${done}"
  }
  return "end"
}
"""


def hostile(format: str) -> str:
    found = graphs_in({"hostile.rft": HOSTILE}, "hostile.rft")
    return draw([graph for _, graph in found], found[0][0], format)


def test_marks_in_svg() -> None:
    texts = [text.text or "" for text in ElementTree.fromstring(hostile("svg")).iter(f"{SVG}text")]
    assert any(text.startswith('do say("<i>\\"${text}\\" --> |') for text in texts), texts
    assert any('"quotes", back\\slashes, ]]> -->' in text for text in texts), texts
    assert 'return "</text>"' in texts


def test_marks_in_mermaid() -> None:
    made = hostile("mermaid")
    labels = re.findall(r'"([^"\n]*)"', made)
    assert labels
    for label in labels[1:]:
        plain = re.sub(r"</?[bi]>|<br/>|#\d+;", "", label)
        assert not re.search(r"[<>\"{}`;#%&\\]", plain), label
    decoded = [re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label) for label in labels]
    assert any('do say("<i>\\"${text}\\" --> |' in label for label in decoded)


def test_marks_in_dot() -> None:
    made = hostile("dot")
    for row in made.splitlines():
        assert not re.sub(r'"(?:[^"\\]|\\.)*"', "", row).count('"'), row
    assert r"do say(\"<i>\\\"${text}\\\" --> |" in made


def test_control_characters_do_not_break_an_svg() -> None:
    from raftoral.dsl.diagram.svg import escape

    assert escape("a\x00b\x1bc\ud800d\x85e\ufffe") == "a□b□c□d□e□"


def test_text_of_the_far_east_is_wide() -> None:
    from raftoral.dsl.diagram.sizes import columns

    assert columns("ab") == 2
    assert columns("漢字") == 4


# --- the same in every run ----------------------------------------------------------------------------------------

DRAW_ALL = """
import sys
from raftoral.dsl.diagram import FORMATS, draw
from tests.dsl import programs
from tests.dsl.test_graph import examples, graphs_in
for files in (examples(), programs.project(400, seed=8)):
    for source, graph in graphs_in(files):
        for format in FORMATS:
            sys.stdout.write(draw([graph], source, format))
"""


@pytest.mark.slow
def test_hash_seeds_do_not_matter() -> None:
    outputs = set()
    for seed in ("1", "2", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            [sys.executable, "-c", DRAW_ALL], cwd=corpus.ROOT, env=environment, capture_output=True, check=True
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert len(outputs.pop()) > 100_000


def test_formats_are_those_of_the_command() -> None:
    from raftoral.cli import graph

    assert graph.FORMATS == FORMATS


def test_a_long_workflow_is_drawn() -> None:
    """Three hundred slots in a row, every tenth in a condition: nothing recurses, nothing explodes."""
    rows = []
    for number in range(300):
        rows.append(f"  if n > {number} {{ do step({number}) }}" if number % 10 == 0 else f"  do step({number})")
    body = "\n".join(rows)
    text = f"rft 1\n\nactivity step(n: int) {{ timeout: 1m }}\n\nworkflow Long version 1 (n: int) {{\n{body}\n}}\n"
    (picture,) = pictures_of({"long.rft": text}, "long.rft")
    assert len(picture.plane.nodes) == 302
    assert_picture(picture)


def test_programs_of_the_benchmark_are_drawn() -> None:
    for picture in pictures_of(programs.project(800, seed=9)):
        assert_picture(picture)
