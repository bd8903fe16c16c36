"""A picture as SVG: one file with all it needs, readable on a light and on a dark page.

Fonts are those of the reader's machine, all monospaced, and every box was made for the widest usual one.
"""

from __future__ import annotations

from ..graph import CHILD, HANDLE, SELECT, SIGNAL, TIMER
from .channel import CORNER
from .layout import Box, Item, Layout, lay_out
from .looks import LINES, LOOK, style_sheet
from .picture import ENDS, FAILS, LOOP, START, UNDO, UNDOES, Picture
from .rows import frame_rows, rows_of, wrapped
from .sizes import (
    HEAD_SIZE,
    ICON,
    ICONS,
    PAD_X,
    PAD_Y,
    PILL_STEP,
    ROW_SIZE,
    ROW_STEP,
    SLANT,
    SLANTED,
    SMALL_SIZE,
    TITLE_STEP,
    has_bold_title,
    text_width,
)

MARGIN = 24
DOC_COLUMNS_MIN = 56
RADIUS, ROUND = 5, 16
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

# 12 by 12: a clock, a flag, a diamond, a box in a box, a turn.
FLAG = "M2 12V0.5H11L8.5 3.5L11 6.5H2"
ICON_PATHS = {
    TIMER: "M6 0.5A5.5 5.5 0 1 0 6 11.5A5.5 5.5 0 1 0 6 0.5M6 3V6L8.5 7.5",
    SIGNAL: FLAG,
    HANDLE: FLAG,
    SELECT: "M6 0.5L11.5 6L6 11.5L0.5 6Z",
    CHILD: "M0.5 0.5H11.5V11.5H0.5ZM3.5 3.5H8.5V8.5H3.5Z",
    LOOP: "M10.9 4A5.3 5.3 0 1 0 11.3 7M11.3 0.8V4.2H7.9",
}


def escape(text: str) -> str:
    """Text for SVG; what XML cannot hold at all becomes a box."""
    text = "".join(letter if _is_xml(ord(letter)) else "□" for letter in text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _is_xml(code: int) -> bool:
    return 0x20 <= code < 0x7F or 0xA0 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code > 0xFFFF


def render(picture: Picture) -> str:
    """The whole file."""
    layout = lay_out(picture.plane)
    head = f"{picture.name} version {picture.version}"
    per_row = max(DOC_COLUMNS_MIN, int(layout.w / text_width("m", ROW_SIZE)))
    doc = wrapped(picture.doc.split("\n\n")[0], per_row)
    top = MARGIN + 24 + ROW_STEP * len(doc) + 12
    widths = [layout.w, text_width(head, HEAD_SIZE), *(text_width(row, ROW_SIZE) for row in doc)]
    inside = int(max(widths)) + 1
    width, height = inside + 2 * MARGIN, top + layout.h + MARGIN
    drawing = _Drawing()
    drawing.rows = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' font-family="{FONT}" role="img">',
        f"<title>{escape(head)}</title>",
        f"<style>{style_sheet()}</style>",
        _arrow_heads(),
        f'<rect class="page" width="{width}" height="{height}" rx="8"/>',
    ]
    drawing.text(head, "head", MARGIN, MARGIN + 14)
    for at, row in enumerate(doc):
        drawing.text(row, "dim", MARGIN, MARGIN + 34 + at * ROW_STEP)
    drawing.layout(layout, MARGIN + (inside - layout.w) // 2, top)
    return "\n".join([*drawing.rows, "</svg>"]) + "\n"


def _arrow_heads() -> str:
    heads = "".join(
        f'<marker id="arrow-{name}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7"'
        f' orient="auto"><path class="a-{name}" d="M0 0.8L8 4L0 7.2Z"/></marker>'
        for name in LINES
    )
    return f"<defs>{heads}</defs>"


class _Drawing:
    def __init__(self) -> None:
        self.rows: list[str] = []

    def text(self, text: str, look: str, x: float, y: float) -> None:
        self.rows.append(f'<text class="{look}" x="{x:g}" y="{y:g}">{escape(text)}</text>')

    def layout(self, layout: Layout, x: int, y: int) -> None:
        """A plane with its corner at (x, y): lines first, failing ones below the others."""
        for wire in sorted(layout.wires, key=lambda wire: wire.style != FAILS):
            self.line(_path(wire.points, x, y), wire.style, wire.arrow)
        for x1, y1, x2, y2 in layout.undoes:
            self.line(f"M{x + x1} {y + y1}L{x + x2} {y + y2}", UNDOES, True)
        for pill in layout.pills:
            self.pill(pill, x, y)
        for box in layout.boxes:
            self.box(box, x + box.x, y + box.y)

    def line(self, path: str, style: str, arrow: bool) -> None:
        end = f' marker-end="url(#arrow-{style})"' if arrow else ""
        self.rows.append(f'<path class="wire w-{style}" d="{path}"{end}/>')

    def pill(self, pill: Item, x: int, y: int) -> None:
        for at, row in enumerate(pill.labels):
            at_x = x + pill.x - text_width(row, SMALL_SIZE) / 2
            self.text(row, f"small l-{pill.style}", round(at_x, 1), y + pill.y + 11 + PILL_STEP * at)

    def box(self, box: Box, x: int, y: int) -> None:
        node = box.node
        look = LOOK[node.kind]
        self.shape(box, look, x, y)
        slant = SLANT // 2 if node.kind in SLANTED else 0
        left, right, base = x + PAD_X + slant, x + box.w - PAD_X - slant, y + PAD_Y + 10
        title, *details = rows_of(node)
        icon = ICON_PATHS.get(node.kind) if node.kind in ICONS else None
        if icon is not None:
            moved = f"translate({left} {base - 10})"
            self.rows.append(f'<path class="icon i-{look}" transform="{moved}" d="{icon}"/>')
        bold = "bold " if has_bold_title(node) else ""
        self.text(title, f"{bold}t-{look}", left + (ICON if icon is not None else 0), base)
        if node.slot is not None:
            self.text(f"L{node.line}", f"line t-{look}", right, base)
        base += TITLE_STEP - ROW_STEP
        for row in details:
            base += ROW_STEP
            self.text(row, f"t-{look}", left, base)
        base += 3
        for row in frame_rows(node):
            base += ROW_STEP
            self.text(row, "small dim", left, base)
        if box.inner is not None:
            self.layout(box.inner, x + box.inner_x, y + box.inner_y)

    def shape(self, box: Box, look: str, x: int, y: int) -> None:
        kind, w, h = box.node.kind, box.w, box.h
        if kind in SLANTED:
            cut = SLANT // 2 + 1
            corners = [(cut, 0), (w - cut, 0), (w, h / 2), (w - cut, h), (cut, h), (0, h / 2)]
            shown = " ".join(f"{x + a:g},{y + b:g}" for a, b in corners)
            self.rows.append(f'<polygon class="shape {look}" points="{shown}"/>')
            return
        radius = ROUND if kind in (START, TIMER, LOOP, *ENDS) else RADIUS
        dashed = ' stroke-dasharray="4 3"' if kind == UNDO else ""
        at = f'x="{x}" y="{y}" width="{w}" height="{h}" rx="{min(radius, h // 2)}"'
        self.rows.append(f'<rect class="shape {look}" {at}{dashed}/>')
        if kind == CHILD:
            at = f'x="{x + 3}" y="{y + 3}" width="{w - 6}" height="{h - 6}" rx="3"'
            self.rows.append(f'<rect class="icon i-{look}" {at}/>')


def _path(points: list[tuple[int, int]], dx: int, dy: int) -> str:
    """A line with round corners."""
    kept = _corners(points)
    made = f"M{kept[0][0] + dx} {kept[0][1] + dy}"
    for at, (x, y) in enumerate(kept[1:-1], 1):
        (x1, y1), (x2, y2) = _toward((x, y), kept[at - 1]), _toward((x, y), kept[at + 1])
        made += f"L{x1 + dx:g} {y1 + dy:g}Q{x + dx} {y + dy} {x2 + dx:g} {y2 + dy:g}"
    return made + f"L{kept[-1][0] + dx} {kept[-1][1] + dy}"


def _corners(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The points without those at which the line goes straight on."""
    kept = [points[0]]
    for number, point in enumerate(points[1:], 1):
        last = number + 1 == len(points)
        following = point if last else points[number + 1]
        straight = any(kept[-1][axis] == point[axis] == following[axis] for axis in (0, 1))
        if last or not straight:
            kept.append(point)
    return kept


def _toward(corner: tuple[int, int], other: tuple[int, int]) -> tuple[float, float]:
    """A point near the corner, on the way to `other`."""
    length = abs(corner[0] - other[0]) + abs(corner[1] - other[1])
    part = min(CORNER, length / 2) / length if length else 0
    return corner[0] + (other[0] - corner[0]) * part, corner[1] + (other[1] - corner[1]) * part
