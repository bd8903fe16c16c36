"""Pictures as Mermaid flowcharts, which forges and editors draw by themselves."""

from __future__ import annotations

from ..graph import ACTIVITY, CHILD, HANDLE, JOIN, SELECT, SIGNAL, TIMER, UNWINDING
from .looks import LIGHT, LINES, LOOK
from .picture import (
    AGAIN,
    BRANCH,
    CHOICE,
    ENDS,
    FAIL,
    FAILS,
    GIVE,
    LOOP,
    NEEDS,
    RETURN,
    START,
    UNDO,
    UNDOES,
    Node,
    Picture,
    Plane,
)
from .rows import frame_rows, rows_of

SHAPES = {
    ACTIVITY: ("[", "]"), CHILD: ("[[", "]]"), TIMER: ("([", "])"), SIGNAL: ("{{", "}}"), HANDLE: ("{{", "}}"),
    SELECT: ("{{", "}}"), UNWINDING: ("[", "]"), JOIN: ("[", "]"), LOOP: ("([", "])"), CHOICE: ("{", "}"),
    START: ("([", "])"), RETURN: ("([", "])"), FAIL: ("([", "])"), AGAIN: ("([", "])"), GIVE: ("([", "])"),
    BRANCH: ("[", "]"), UNDO: ("(", ")"),
}  # fmt: skip
ARROWS = {UNDOES: "-.->", NEEDS: "-->", FAILS: "-.->"}
PLAIN = frozenset(" .,()[]|$=+*/:_?!'@-…→")


def escape(text: str) -> str:
    """Text as entities wherever Mermaid might see a mark of its own."""
    return "".join(
        letter if letter.isalnum() or letter in PLAIN or ord(letter) > 159 else f"#{ord(letter)};" for letter in text
    )


def render(picture: Picture) -> str:
    """One flowchart."""
    rows = ["---", f"title: {quoted(f'{picture.name} version {picture.version}')}", "---", "flowchart TD"]
    drawing = _Drawing()
    drawing.plane(picture.plane, "  ")
    rows += drawing.rows
    used = {LOOK[node.kind] for node, _ in picture.plane.all_nodes() if node.inner is None}
    for name, look in LIGHT.items():
        if name in used:  # a light box with dark text can be read on a dark page too
            dashes = ",stroke-dasharray:4 3" if name == "undo" else ""
            rows.append(f"  classDef {name} fill:{look.fill},stroke:{look.line},color:{look.ink}{dashes}")
    if drawing.failing:
        numbers = ",".join(map(str, drawing.failing))
        rows.append(f"  linkStyle {numbers} stroke:{LINES[FAILS]}")
    return "\n".join(rows) + "\n"


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Drawing:
    def __init__(self) -> None:
        self.rows: list[str] = []
        self.edges = 0
        self.failing: list[int] = []

    def plane(self, plane: Plane, pad: str) -> None:
        for node in plane.nodes:
            self.node(node, pad)
        for edge in plane.edges:
            label = "<br/>".join(map(escape, edge.labels))
            arrow = ARROWS.get(edge.style, "-->") + (f'|"{label}"|' if label else "")
            if edge.style == FAILS:
                self.failing.append(self.edges)
            self.edges += 1
            self.rows.append(f"{pad}{edge.source.id} {arrow} {edge.target.id}")

    def node(self, node: Node, pad: str) -> None:
        label = label_of(node)
        if node.inner is None:
            left, right = SHAPES[node.kind]
            self.rows.append(f'{pad}{node.id}{left}"{label}"{right}:::{LOOK[node.kind]}')
            return
        self.rows.append(f'{pad}subgraph {node.id}["{label}"]')
        self.rows.append(f"{pad}  direction TB")
        self.plane(node.inner, pad + "  ")
        self.rows.append(f"{pad}end")


def label_of(node: Node) -> str:
    rows = [escape(row) for row in rows_of(node)]
    if node.kind not in (START, LOOP, CHOICE, *ENDS):
        rows[0] = f"<b>{rows[0]}</b>"
    return "<br/>".join([*rows, *(f"<i>{escape(row)}</i>" for row in frame_rows(node))])
