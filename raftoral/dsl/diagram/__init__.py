"""The door to pictures of workflows: what a file's workflows do, as text that people and tools can look at.

    graphs_of(facts)                    -> the graphs of a checked module, with frames
    draw(graphs, source, "mermaid")     -> text: mermaid, dot, svg, json or text

The graph is the one that is compiled, so a picture shows what runs. Rooms: `picture` (what is shown), `contract`
(graph -> picture), `words` (labels), `mermaid`, `dot`, `record` (JSON), `layout` and `svg`. It opens no file.
"""

from __future__ import annotations

from ..facts import Facts
from ..graph import Graph
from ..graph.text import print_frames, print_graph
from ..graph.verify import verify, verify_frames
from ..lower import lower
from ..lower.liveness import find_live
from ..source import Source

FORMATS = ("mermaid", "dot", "svg", "json", "text")


def graphs_of(facts: Facts) -> list[Graph]:
    """The graphs of a module in which no error was found, in source order."""
    graphs = lower(facts)
    for graph in graphs:
        verify(graph)
        find_live(graph)
        verify_frames(graph)
    return graphs


def draw(graphs: list[Graph], source: Source, format: str) -> str:
    """The graphs in one of FORMATS. `svg` draws one graph only."""
    from .contract import picture_of

    if format == "text":
        return "\n".join(f"{print_graph(graph, source)}\n{print_frames(graph, source)}" for graph in graphs)
    pictures = [picture_of(graph, source) for graph in graphs]
    if format == "json":
        from . import record

        return record.render(pictures, source)
    if format == "svg":
        from . import svg

        (picture,) = pictures
        return svg.render(picture)
    if format == "dot":
        from . import dot

        return "\n".join(dot.render(picture) for picture in pictures)
    from . import mermaid

    return "\n".join(mermaid.render(picture) for picture in pictures)
