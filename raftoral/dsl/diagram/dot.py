"""Pictures in the language of Graphviz. Planes inside nodes are clusters; edges to a cluster end at its border."""

from __future__ import annotations

from ..graph import ACTIVITY, CHILD, HANDLE, JOIN, SELECT, SIGNAL, TIMER, UNWINDING
from .looks import LIGHT, LINES, LOOK
from .picture import (
    AGAIN,
    BRANCH,
    CHOICE,
    FAIL,
    FAILS,
    GIVE,
    LOOP,
    RETURN,
    START,
    UNDO,
    UNDOES,
    Edge,
    Node,
    Picture,
    Plane,
)
from .rows import frame_rows, rows_of

SHAPES = {
    ACTIVITY: "box", CHILD: "box3d", JOIN: "box", BRANCH: "box", TIMER: "oval", SIGNAL: "hexagon", HANDLE: "hexagon",
    SELECT: "octagon", UNWINDING: "box", FAIL: "oval", UNDO: "box", START: "oval", RETURN: "oval", AGAIN: "oval",
    GIVE: "oval", LOOP: "box", CHOICE: "diamond",
}  # fmt: skip
STYLES = {UNDOES: " style=dotted constraint=false", FAILS: " style=dashed"}


def quoted(text: str) -> str:
    """A string of dot: only quotes and backslashes mean something, and a row ends with an escape."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def render(picture: Picture) -> str:
    """One digraph."""
    title = f"{picture.name} version {picture.version}"
    rows = [
        f"digraph {quoted(title)} {{",
        f'  graph [label={quoted(title)} labelloc=t compound=true fontname="Helvetica" rankdir=TB]',
        '  node [fontname="Helvetica" fontsize=11 style="filled" fontcolor="#1b1f24"]',
        '  edge [fontname="Helvetica" fontsize=10 color="#4b5563"]',
    ]
    _plane(picture.plane, "  ", rows)
    return "\n".join([*rows, "}"]) + "\n"


def _plane(plane: Plane, pad: str, rows: list[str]) -> None:
    for node in plane.nodes:
        _node(node, pad, rows)
    for edge in plane.edges:
        label = f" label={quoted(chr(10).join(edge.labels))}" if edge.labels else ""
        ends = f" ltail={quoted('cluster_' + edge.source.id)}" if edge.source.inner is not None else ""
        ends += f" lhead={quoted('cluster_' + edge.target.id)}" if edge.target.inner is not None else ""
        attributes = f"{label}{STYLES.get(edge.style, '')}{_colour(edge)}{ends}".strip()
        rows.append(f"{pad}{edge.source.id} -> {edge.target.id}" + (f" [{attributes}]" if attributes else ""))


def _colour(edge: Edge) -> str:
    line = LINES[edge.style]
    return f' color="{line}" fontcolor="{line}"' if edge.style in STYLES else ""


def _node(node: Node, pad: str, rows: list[str]) -> None:
    label = quoted("\n".join([*rows_of(node), *frame_rows(node)]))
    shape, look = SHAPES[node.kind], LIGHT[LOOK[node.kind]]
    dashed = ",dashed" if node.kind == UNDO else ""
    if node.inner is None:
        rounded = ",rounded" if node.kind in (UNDO, LOOP) else ""
        style = f' style="filled{dashed}{rounded}"'
        rows.append(f'{pad}{node.id} [label={label} shape={shape} fillcolor="{look.fill}" color="{look.line}"{style}]')
        return
    rows.append(f"{pad}subgraph cluster_{node.id} {{")
    rows.append(f'{pad}  graph [label={label} color="{look.line}" style="rounded{dashed}"]')
    rows.append(f'{pad}  {node.id} [label="" shape=point style=invis]')
    _plane(node.inner, pad + "  ", rows)
    rows.append(f"{pad}}}")
