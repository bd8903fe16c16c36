"""A picture as SVG: one file with all it needs, readable on a light and on a dark page.

Fonts are those of the reader's machine, all monospaced, and every box was made for the widest usual one.
"""

from __future__ import annotations

from ..graph import ACTIVITY, CHILD, HANDLE, JOIN, SELECT, SIGNAL, TIMER, UNWINDING
from .channel import CORNER
from .layout import Box, Item, Layout, lay_out
from .picture import AGAIN, BRANCH, CHOICE, FAIL, FAILS, FLOW, GIVE, LOOP, NEEDS, RETURN, START, UNDO, UNDOES, Picture
from .rows import frame_rows, rows_of, wrapped
from .sizes import ICON, ICONS, PAD_X, PAD_Y, ROW_SIZE, ROW_STEP, TITLE_STEP, columns, has_bold_title, text_width

MARGIN = 24
HEAD_SIZE = 15.0
DOC_COLUMNS_MIN = 56

LOOK = {
    ACTIVITY: "slot", CHILD: "slot", JOIN: "join", BRANCH: "join", TIMER: "wait", SIGNAL: "wait", HANDLE: "wait",
    SELECT: "wait", UNWINDING: "fail", FAIL: "fail", UNDO: "undo", START: "ends", RETURN: "ends", AGAIN: "ends",
    GIVE: "ends", LOOP: "turn", CHOICE: "turn",
}  # fmt: skip
# name -> fill, line, text for a light page, then for a dark one
COLOURS = {
    "slot": ("#eaf2fb", "#3b6ea5", "#16324f", "#1c2c3f", "#6ea3dc", "#dbe9f8"),
    "join": ("#f6f8fa", "#8a96a3", "#24292f", "#1b2129", "#6b7682", "#d5dbe1"),
    "wait": ("#fdf3dc", "#a87900", "#4d3800", "#33290f", "#d9a52b", "#f6e6bd"),
    "fail": ("#fdeceb", "#b3372f", "#5c1a16", "#3a1d1b", "#e5786f", "#fbdad7"),
    "undo": ("#fbeaf3", "#a83279", "#571a3f", "#371d2d", "#dd7db3", "#f8d8e8"),
    "ends": ("#e8f3ea", "#2f7d46", "#173d23", "#16301d", "#5fb87a", "#d3ecda"),
    "turn": ("#f0f0f3", "#6b7280", "#24292f", "#2a2d33", "#9aa2ae", "#e3e6ea"),
}
LINES = {
    FLOW: ("#4b5563", "#9aa5b1", ""), NEEDS: ("#4b5563", "#9aa5b1", ""),
    FAILS: ("#b3372f", "#e5786f", "5 3"), UNDOES: ("#a83279", "#dd7db3", "2 3"),
}  # fmt: skip
PAGE, PAGE_DARK = "#ffffff", "#12161b"
INK, INK_DARK = "#24292f", "#d5dbe1"
DIM, DIM_DARK = "#6b7280", "#8b949e"
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def escape(text: str) -> str:
    """Text for SVG; what XML cannot hold at all becomes a box."""
    text = "".join(letter if letter >= " " and not 0xD7FF < ord(letter) < 0xE000 else "□" for letter in text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def render(picture: Picture) -> str:
    """The whole file."""
    layout = lay_out(picture.plane)
    head = f"{picture.name} version {picture.version}"
    per_row = max(DOC_COLUMNS_MIN, int((layout.w + 0.0) / (ROW_SIZE * 0.602)))
    doc = [row for part in picture.doc.split("\n\n")[:1] for row in wrapped(part, per_row)]
    top = MARGIN + 24 + ROW_STEP * len(doc) + 12
    inside = max([layout.w, int(text_width(head, HEAD_SIZE)) + 1, *(int(text_width(row, ROW_SIZE)) + 1 for row in doc)])
    width, height = inside + 2 * MARGIN, top + layout.h + MARGIN
    drawing = _Drawing()
    drawing.rows = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' font-family="{FONT}" role="img">',
        f"<title>{escape(head)}</title>",
        f"<style>{_style()}</style>",
        _markers(),
        f'<rect class="page" width="{width}" height="{height}" rx="8"/>',
        f'<text class="head" x="{MARGIN}" y="{MARGIN + 14}">{escape(head)}</text>',
    ]
    for at, row in enumerate(doc):
        drawing.text(row, "dim", MARGIN, MARGIN + 34 + at * ROW_STEP)
    drawing.layout(layout, MARGIN + (inside - layout.w) // 2, top)
    return "\n".join([*drawing.rows, "</svg>"]) + "\n"


def _style() -> str:
    light = [f".page{{fill:{PAGE}}}", f"text{{fill:{INK};font-size:{ROW_SIZE:g}px}}"]
    light += [f"text.dim{{fill:{DIM}}}", "text.head{font-size:15px;font-weight:bold}"]
    light += ["text.bold{font-size:12px;font-weight:bold}", "text.small,text.line{font-size:10px}"]
    light += ["text.line{text-anchor:end;opacity:.65}", ".wire{fill:none;stroke-width:1.3}", ".shape{stroke-width:1.2}"]
    light += [".icon{fill:none;stroke-width:1.2}"]
    dark = [f".page{{fill:{PAGE_DARK}}}", f"text{{fill:{INK_DARK}}}", f"text.dim{{fill:{DIM_DARK}}}"]
    for name, (fill, line, ink, fill2, line2, ink2) in COLOURS.items():
        light += [
            f".{name}{{fill:{fill};stroke:{line}}}",
            f"text.t-{name}{{fill:{ink}}}",
            f".i-{name}{{stroke:{line}}}",
        ]
        dark += [
            f".{name}{{fill:{fill2};stroke:{line2}}}",
            f"text.t-{name}{{fill:{ink2}}}",
            f".i-{name}{{stroke:{line2}}}",
        ]
    for name, (line, line2, dashes) in LINES.items():
        dashed = f";stroke-dasharray:{dashes}" if dashes else ""
        light += [f".w-{name}{{stroke:{line}{dashed}}}", f".a-{name}{{fill:{line}}}", f"text.l-{name}{{fill:{line}}}"]
        dark += [f".w-{name}{{stroke:{line2}}}", f".a-{name}{{fill:{line2}}}", f"text.l-{name}{{fill:{line2}}}"]
    return "".join(light) + "@media (prefers-color-scheme:dark){" + "".join(dark) + "}"


def _markers() -> str:
    arrows = "".join(
        f'<marker id="arrow-{name}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7"'
        f' orient="auto"><path class="a-{name}" d="M0 0.8L8 4L0 7.2Z"/></marker>'
        for name in LINES
    )
    return f"<defs>{arrows}</defs>"


class _Drawing:
    def __init__(self) -> None:
        self.rows: list[str] = []

    def text(self, text: str, look: str, x: float, y: float) -> None:
        self.rows.append(f'<text class="{look}" x="{x:g}" y="{y:g}">{escape(text)}</text>')

    def layout(self, layout: Layout, x: int, y: int) -> None:
        """A plane with its corner at (x, y): lines first, so that nothing is ever drawn through a text."""
        for wire in sorted(layout.wires, key=lambda wire: wire.style != FAILS):
            arrow = f' marker-end="url(#arrow-{wire.style})"' if wire.arrow else ""
            self.rows.append(f'<path class="wire w-{wire.style}" d="{_path(wire.points, x, y)}"{arrow}/>')
        for x1, y1, x2, y2 in layout.undoes:
            path = f"M{x + x1} {y + y1}L{x + x2} {y + y2}"
            self.rows.append(f'<path class="wire w-{UNDOES}" d="{path}" marker-end="url(#arrow-{UNDOES})"/>')
        for pill in layout.pills:
            self.pill(pill, x, y)
        for box in layout.boxes:
            self.box(box, x + box.x, y + box.y)

    def pill(self, pill: Item, x: int, y: int) -> None:
        for at, row in enumerate(pill.labels):
            left = x + pill.x - text_width(row, 10.0) / 2
            self.text(row, f"small l-{pill.style}", round(left, 1), y + pill.y + 11 + 13 * at)

    def box(self, box: Box, x: int, y: int) -> None:
        node = box.node
        look = LOOK[node.kind]
        self.shape(box, look, x, y)
        left = x + PAD_X + (8 if node.kind in (SIGNAL, HANDLE, CHOICE) else 0)
        title, *details = rows_of(node)
        at = y + PAD_Y + 10
        after_icon = left
        if node.kind in ICONS:
            self.icon(node.kind, look, left, at - 10)
            after_icon += ICON
        self.text(title, f"{'bold ' if has_bold_title(node) else ''}t-{look}", after_icon, at)
        if node.slot is not None:
            right = x + box.w - PAD_X - (8 if node.kind in (SIGNAL, HANDLE, CHOICE) else 0)
            self.text(f"L{node.line}", f"line t-{look}", right, at)
        at += TITLE_STEP - ROW_STEP
        for row in details:
            at += ROW_STEP
            self.text(row, f"t-{look}", left, at)
        at += 3
        for row in frame_rows(node):
            at += ROW_STEP
            self.text(row, "small dim", left, at)
        if box.inner is not None:
            self.layout(box.inner, x + box.inner_x, y + box.inner_y)

    def shape(self, box: Box, look: str, x: int, y: int) -> None:
        kind = box.node.kind
        dashed = ' stroke-dasharray="4 3"' if kind == UNDO else ""
        w, h = box.w, box.h
        if kind in (SIGNAL, HANDLE, CHOICE):
            cut = 9
            points = [(cut, 0), (w - cut, 0), (w, h / 2), (w - cut, h), (cut, h), (0, h / 2)]
            shown = " ".join(f"{x + a:g},{y + b:g}" for a, b in points)
            self.rows.append(f'<polygon class="shape {look}" points="{shown}"/>')
            return
        radius = {START: h / 2, RETURN: h / 2, FAIL: h / 2, AGAIN: h / 2, GIVE: h / 2, TIMER: 14, LOOP: 12}.get(kind, 5)
        radius = min(radius, 17)
        self.rows.append(
            f'<rect class="shape {look}" x="{x}" y="{y}" width="{w}" height="{h}" rx="{radius:g}"{dashed}/>'
        )
        if kind == CHILD:
            self.rows.append(
                f'<rect class="icon i-{look}" x="{x + 3}" y="{y + 3}" width="{w - 6}" height="{h - 6}" rx="3"/>'
            )

    def icon(self, kind: str, look: str, x: float, y: float) -> None:
        """12 by 12: a clock, a flag, a fork, a handle, a small box in a box, a turn."""
        path = _ICONS[kind]
        self.rows.append(f'<path class="icon i-{look}" transform="translate({x:g} {y:g})" d="{path}"/>')


_ICONS = {
    TIMER: "M6 0.5A5.5 5.5 0 1 0 6 11.5A5.5 5.5 0 1 0 6 0.5M6 3V6L8.5 7.5",
    SIGNAL: "M2 12V0.5H11L8.5 3.5L11 6.5H2",
    SELECT: "M6 0.5L11.5 6L6 11.5L0.5 6Z",
    HANDLE: "M2 12V0.5H11L8.5 3.5L11 6.5H2",
    CHILD: "M0.5 0.5H11.5V11.5H0.5ZM3.5 3.5H8.5V8.5H3.5Z",
    LOOP: "M10.9 4A5.3 5.3 0 1 0 11.3 7M11.3 0.8V4.2H7.9",
}


def _path(points: list[tuple[int, int]], dx: int, dy: int) -> str:
    """A line with round corners."""
    kept = [points[0]]
    for point, following in zip(points[1:], [*points[2:], None], strict=True):
        same = point == kept[-1]
        straight = following is not None and (
            kept[-1][0] == point[0] == following[0] or kept[-1][1] == point[1] == following[1]
        )
        if not same and not straight:
            kept.append(point)
    made = f"M{kept[0][0] + dx} {kept[0][1] + dy}"
    for at in range(1, len(kept)):
        x, y = kept[at]
        if at + 1 < len(kept):
            before, after = _toward(kept[at], kept[at - 1]), _toward(kept[at], kept[at + 1])
            made += f"L{before[0] + dx:g} {before[1] + dy:g}Q{x + dx} {y + dy} {after[0] + dx:g} {after[1] + dy:g}"
        else:
            made += f"L{x + dx} {y + dy}"
    return made


def _toward(corner: tuple[int, int], other: tuple[int, int]) -> tuple[float, float]:
    """A point near the corner, on the way to `other`."""
    length = abs(corner[0] - other[0]) + abs(corner[1] - other[1])
    part = min(CORNER, length / 2) / length if length else 0
    return corner[0] + (other[0] - corner[0]) * part, corner[1] + (other[1] - corner[1]) * part


__all__ = ["columns", "render"]
