"""What a diagram shows, before anybody decides how: nodes, edges, and planes inside nodes.

An edge never leaves its plane: the branches of a `parallel` are planes inside the node of its join. So every format
may draw a plane by itself. Pure data; nothing here knows a format.
"""

from __future__ import annotations

from ..facts.symbols import Local
from ..graph import Graph, Slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Kinds of nodes besides those of slots.
START, RETURN, FAIL, AGAIN, GIVE = "start", "return", "fail", "again", "give"
LOOP, CHOICE, BRANCH, UNDO = "loop", "choice", "branch", "undo"
ENDS = (RETURN, FAIL, AGAIN, GIVE)

# Styles of edges.
FLOW, FAILS, UNDOES, NEEDS = "flow", "fails", "undoes", "needs"


class Node:
    """A box. `frame` is what is kept there (None: it is no slot); `inner` is drawn inside."""

    __slots__ = ("details", "frame", "id", "inner", "kind", "line", "slot", "title")

    def __init__(self, kind: str, title: str, line: int) -> None:
        self.id = ""
        self.kind = kind
        self.title = title
        self.line = line
        self.details: list[str] = []
        self.frame: list[str] | None = None
        self.slot: Slot | None = None
        self.inner: Plane | None = None


class Edge:
    """From one node of a plane to another; `labels` are the ways that have become one edge."""

    __slots__ = ("labels", "source", "style", "target")

    def __init__(self, source: Node, target: Node, style: str, labels: list[str]) -> None:
        self.source = source
        self.target = target
        self.style = style
        self.labels = labels


class Plane:
    """Nodes in the order in which control meets them, and the edges between them."""

    __slots__ = ("edges", "nodes")

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []

    def leaving(self, node: Node) -> list[Edge]:
        return [edge for edge in self.edges if edge.source is node]

    def entering(self, node: Node) -> list[Edge]:
        return [edge for edge in self.edges if edge.target is node]

    def drop(self, node: Node) -> None:
        """Takes a node away, with its edges."""
        self.nodes.remove(node)
        self.edges = [edge for edge in self.edges if node not in (edge.source, edge.target)]

    def all_nodes(self) -> Iterator[tuple[Node, Node | None]]:
        """Every node with the node that it stands in, outer ones first."""
        waiting: list[tuple[Plane, Node | None]] = [(self, None)]
        while waiting:
            plane, around = waiting.pop(0)
            for node in plane.nodes:
                yield node, around
                if node.inner is not None:
                    waiting.append((node.inner, node))

    def all_edges(self) -> Iterator[Edge]:
        yield from self.edges
        for node, _ in self.all_nodes():
            if node.inner is not None:
                yield from node.inner.edges


class Picture:
    """One version of one workflow."""

    __slots__ = ("doc", "graph", "name", "plane", "version")

    def __init__(self, graph: Graph, plane: Plane) -> None:
        self.graph = graph
        self.plane = plane
        self.name = graph.name
        self.version = graph.version.number
        self.doc = graph.version.doc
        for number, (node, _) in enumerate(plane.all_nodes(), 1):
            node.id = f"n{number}"


def shown(local: Local) -> str:
    """A local as people know it: what the compiler made loses its number."""
    name = local.name
    return name.removesuffix("__").rpartition("_")[0] if name.endswith("__") else name
