"""How much room texts and nodes take. All text is monospaced, so one number is the whole table of widths.

0.602 is the width of a letter of DejaVu Sans Mono and Menlo, in ems; the other usual fonts are narrower.
"""

from __future__ import annotations

from unicodedata import east_asian_width

from ..graph import CHILD, HANDLE, SELECT, SIGNAL, TIMER
from .picture import BRANCH, CHOICE, LOOP, Node
from .rows import frame_rows, rows_of, wrapped

EM = 0.602
HEAD_SIZE, TITLE_SIZE, ROW_SIZE, SMALL_SIZE = 15.0, 12.0, 11.0, 10.0
TITLE_STEP, ROW_STEP, PILL_STEP = 17, 14, 13  # from one row to the next
PAD_X, PAD_Y = 12, 9
WIDTH_MIN = 64  # room for the ends of a few edges
ICON = 18  # what an icon before the title takes
PILL_COLUMNS = 38
LINE_NUMBER = 34  # what the number of the line after the title takes
ICONS = (TIMER, SIGNAL, SELECT, HANDLE, CHILD, LOOP)
SLANTED, SLANT = (SIGNAL, HANDLE, CHOICE), 16  # boxes with pointed sides, and what both points take


def columns(text: str) -> int:
    """Letters of the far East are as wide as two of the others."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def text_width(text: str, size: float) -> float:
    return columns(text) * size * EM


def has_bold_title(node: Node) -> bool:
    return node.slot is not None or node.inner is not None or node.kind == BRANCH


def header_size(node: Node) -> tuple[int, int]:
    """Width and height of the texts of a node, padding included."""
    title, *details = rows_of(node)
    frame = frame_rows(node)
    size = TITLE_SIZE if has_bold_title(node) else ROW_SIZE
    first = text_width(title, size) + (ICON if node.kind in ICONS else 0) + (LINE_NUMBER if node.slot else 0)
    widths = [first]
    widths += [text_width(row, ROW_SIZE) for row in details]
    widths += [text_width(row, SMALL_SIZE) for row in frame]
    slanted = SLANT if node.kind in SLANTED else 0
    height = 2 * PAD_Y + TITLE_STEP - 3 + ROW_STEP * (len(details) + len(frame)) + (3 if frame else 0)
    return max(int(max(widths)) + 1 + 2 * PAD_X + slanted, WIDTH_MIN), height


def pill_rows(labels: list[str]) -> list[str]:
    """The rows of the label of an edge."""
    rows: list[str] = []
    for label in labels:
        condition, comma, failure = label.rpartition(", fail ")
        if comma and len(label) > PILL_COLUMNS:
            rows += [*wrapped(condition + ",", PILL_COLUMNS), "fail " + failure]
        else:
            rows += wrapped(label, PILL_COLUMNS)
    return rows


def pill_size(rows: list[str]) -> tuple[int, int]:
    """Width and height of the label of an edge."""
    return int(max(text_width(row, SMALL_SIZE) for row in rows)) + 11, PILL_STEP * len(rows) + 3
