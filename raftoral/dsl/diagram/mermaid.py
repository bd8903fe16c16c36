"""Pictures as Mermaid flowcharts, which forges and editors draw by themselves."""

from __future__ import annotations

from ..graph import ACTIVITY, CHILD, HANDLE, JOIN, SELECT, SIGNAL, TIMER, UNWINDING
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

# Colours that can be read on light and dark pages: the text stays dark on a light box.
CLASSES = (
    ("slot", "fill:#eef4fb,stroke:#3b6ea5,color:#1b1f24"),
    ("wait", "fill:#fdf3dc,stroke:#a87900,color:#1b1f24"),
    ("undo", "fill:#fbeaf3,stroke:#a83279,color:#1b1f24,stroke-dasharray:4 3"),
    ("fail", "fill:#fdeceb,stroke:#b3372f,color:#1b1f24"),
    ("ends", "fill:#e8f3ea,stroke:#2f7d46,color:#1b1f24"),
    ("turn", "fill:#f3f3f5,stroke:#6b7280,color:#1b1f24"),
)
CLASS_OF = {
    ACTIVITY: "slot", CHILD: "slot", JOIN: "slot", BRANCH: "slot", TIMER: "wait", SIGNAL: "wait", HANDLE: "wait",
    SELECT: "wait", UNWINDING: "fail", FAIL: "fail", UNDO: "undo", START: "ends", RETURN: "ends", AGAIN: "ends",
    GIVE: "ends", LOOP: "turn", CHOICE: "turn",
}  # fmt: skip


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
    used = {CLASS_OF[node.kind] for node, _ in picture.plane.all_nodes()}
    rows += [f"  classDef {name} {style}" for name, style in CLASSES if name in used]
    if drawing.failing:
        numbers = ",".join(map(str, drawing.failing))
        rows.append(f"  linkStyle {numbers} stroke:#b3372f")
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
            self.rows.append(f'{pad}{node.id}{left}"{label}"{right}:::{CLASS_OF[node.kind]}')
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
