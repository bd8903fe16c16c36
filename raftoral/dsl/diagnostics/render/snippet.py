"""The lines of a file that a problem speaks of, with its labels under them.

    38 │   stock: { status = Status.reserved  give do reserve_stock(order.items) }
       │            ------ written by branch `stock`

Shown are the lines with a label, the line before each (unless the label stands on the head of a
declaration, where what comes before tells nothing), and the `}` that closes the last. Of several
labels on one line, the last has its text to the right and the others hang below. In: a source, its
labels. Out: lines of text.
"""

from __future__ import annotations

from .cells import clean, lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...source import Source
    from .. import Label
    from .style import Style

_HEADS = frozenset(
    (
        *("rft", "module", "import", "enum", "record", "union", "error", "type", "const"),
        *("activity", "fn", "extern", "workflow", "migrate"),
    )
)


class Mark:
    """A label on one line, in code points from the start of that line."""

    __slots__ = ("hi", "lo", "primary", "text")

    def __init__(self, lo: int, hi: int, text: str, primary: bool) -> None:
        self.lo = lo
        self.hi = hi
        self.text = text
        self.primary = primary


def snippet(source: Source, labels: list[Label], primary: Label, gutter: int, severity: str, style: Style) -> list[str]:
    """The block of one file: where, then the lines."""
    path = clean(source.path, style.ascii)
    corner = " " * gutter + style.paint("frame", style.corner)
    if not source.text and not any(label.text for label in labels):
        return [f"{corner} {path}"]  # a file that could not be read has no lines to show
    line, column = source.position(labels[0].lo)
    out = [f"{corner} {path}:{line}:{column}", frame_lines(gutter, style)]
    marks = _marks(source, labels, primary)
    before = 0
    for number in _shown(source, marks):
        if before and number == before + 2 and not source.line(before + 1).strip():
            out.append(_numbered(before + 1, "", gutter, style))
        elif before and number > before + 1:
            out.append(" " * (gutter + 1) + style.paint("frame", style.gap))
        out += _line(source.line(number), number, marks.get(number, []), gutter, severity, style)
        before = number
    return out


def frame_lines(gutter: int, style: Style) -> str:
    """An empty line of the frame."""
    return " " * (gutter + 1) + style.paint("frame", style.bar)


def last_line(source: Source, labels: list[Label]) -> int:
    """The highest line number that the block of `labels` will show."""
    return _shown(source, _marks(source, labels, labels[0]))[-1]


def _marks(source: Source, labels: list[Label], primary: Label) -> dict[int, list[Mark]]:
    found: dict[int, list[Mark]] = {}
    for label in labels:
        lo = min(label.lo, len(source.text))
        number, column = source.position(lo)
        hi = column - 1 + max(label.hi - lo, 1)
        if label.hi > lo + 1:  # a span over several lines is underlined on its first
            written = len(source.line(number).rstrip())
            hi = max(min(hi, written), column)
        mark = Mark(column - 1, hi, label.text, label is primary)
        found.setdefault(number, []).append(mark)
    return found


def _shown(source: Source, marks: dict[int, list[Mark]]) -> list[int]:
    numbers = set(marks)
    for number in marks:
        words = source.line(number)[:12].split(" ", 1)
        above = source.line(number - 1)
        if words[0] not in _HEADS and above[:200].strip() not in ("", "}"):
            numbers.add(number - 1)
    below = max(marks) + 1
    if source.line(below)[:200].strip() == "}":
        numbers.add(below)
    return sorted(numbers)


def _numbered(number: int, text: str, gutter: int, style: Style) -> str:
    return style.paint("frame", f"{number:>{gutter}} {style.bar}") + f" {text}"


def _line(line: str, number: int, marks: list[Mark], gutter: int, severity: str, style: Style) -> list[str]:
    """One line and the rows under it; a very long line once for each group of labels."""
    out: list[str] = []
    margin = frame_lines(gutter, style) + " "
    for lo, hi, group in _windows(line, marks, style.width):
        text, columns = lay_out(line[lo:hi], style.ascii)
        lead = style.dots if lo else ""
        tail = style.dots if hi < len(line) else ""
        out.append(_numbered(number, lead + text + tail, gutter, style))
        placed = [_place(mark, lo, columns, len(lead)) for mark in group]
        out += [margin + row for row in _rows(placed, severity, style)]
    return out


def _windows(line: str, marks: list[Mark], width: int) -> list[tuple[int, int, list[Mark]]]:
    """Which parts of the line to show, and the labels of each."""
    if len(line) <= width:
        return [(0, len(line), marks)]
    if not marks:
        return [(0, width, [])]
    windows: list[tuple[int, int, list[Mark]]] = []
    for mark in sorted(marks, key=lambda m: m.lo):
        if windows and mark.lo < windows[-1][1] - 10:
            windows[-1][2].append(mark)
            continue
        lo = max(0, min(mark.lo - width // 3, len(line) - width))
        windows.append((lo, lo + width, [mark]))
    return windows


def _place(mark: Mark, lo: int, columns: list[int], lead: int) -> Mark:
    """The mark in cells of the screen."""
    last = len(columns) - 1
    begin, end = min(mark.lo - lo, last), min(mark.hi - lo, last)
    left = columns[begin] + lead
    right = max(columns[end] + lead, left + 1)
    return Mark(left, right, mark.text, mark.primary)


def _rows(marks: list[Mark], severity: str, style: Style) -> list[str]:
    """The underlines, the text of the last label, and the others hanging below, right to left."""
    if not marks:
        return []
    marks = sorted(marks, key=lambda m: (m.lo, m.hi))
    row = _underlines(marks, severity, style)
    hanging = [mark for mark in marks if mark.text]
    last = marks[-1]
    if last.text and last.hi == max(mark.hi for mark in marks):
        row += " " + _said(last, severity, style)
        hanging.remove(last)
    rows = [row]
    while hanging:
        mark = hanging.pop()
        bars = sorted({other.lo for other in hanging if other.lo < mark.lo})
        kinds = {other.lo: _kind(other, severity) for other in hanging}
        line, at = "", 0
        for column in bars:
            line += " " * (column - at) + style.paint(kinds[column], style.bar)
            at = column + 1
        hook = style.paint(_kind(mark, severity), style.hook)
        rows.append(line + " " * (mark.lo - at) + hook + " " + _said(mark, severity, style))
    return rows


def _underlines(marks: list[Mark], severity: str, style: Style) -> str:
    cells = [" "] * max(mark.hi for mark in marks)
    for mark in sorted(marks, key=lambda m: m.primary):
        cells[mark.lo : mark.hi] = ("^" if mark.primary else "-") * (mark.hi - mark.lo)
    if not style.color:
        return "".join(cells)
    out, at = "", 0
    while at < len(cells):
        end = at
        while end < len(cells) and cells[end] == cells[at]:
            end += 1
        run = "".join(cells[at:end])
        kind = {"^": severity, "-": "second"}.get(run[0])
        out += style.paint(kind, run) if kind else run
        at = end
    return out


def _said(mark: Mark, severity: str, style: Style) -> str:
    text = clean(" ".join(mark.text.split("\n")), style.ascii)
    return style.paint(_kind(mark, severity), text)


def _kind(mark: Mark, severity: str) -> str:
    return severity if mark.primary else "second"
