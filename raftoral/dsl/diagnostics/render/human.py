"""A problem -> the message that people read: the headline, the lines it speaks of, the reason, the
way out.

    error[RFT0103]: expected `:` after `timeout`
       ┌─ shop/orders.rft:15:3
       │
    14 │ activity reserve_stock(items: list[Item]) -> str {
    15 │   timeout 10s
       │   ^^^^^^^ this policy has no `:`
       │
       = note: policies are written `name: value`, like record fields
       ╭─ suggested fix
    15 -   timeout 10s
    15 +   timeout: 10s

In: problems and a `Style`. Out: text. What an author wrote reaches the terminal only through
`cells`, and a line is cut to a bounded width, however long it is.
"""

from __future__ import annotations

from .cells import clean
from .change import hunks
from .snippet import frame_lines, last_line, snippet
from .style import PLAIN, Style

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...source import Source
    from .. import Label, Problem
    from .change import Hunk

WRAP_COLUMNS = 100
WRAP_GRACE = 8  # a line that is hardly too long reads better whole than with one word below it
LABELS_MAX = 24
FIX_LINES_MAX = 24


def render(problems: Iterable[Problem], style: Style = PLAIN) -> str:
    """All problems, an empty line between two; nothing for none."""
    return "\n".join(one(problem, style) for problem in problems)


def one(problem: Problem, style: Style = PLAIN) -> str:
    """One problem, every line with its end."""
    severity = "error" if problem.is_error else "warning"
    blocks = _by_source(problem.labels[:LABELS_MAX])
    changes = hunks(problem.primary.source, problem.fix.edits) if problem.fix else []
    numbers = [last_line(source, labels) for source, labels in blocks]
    numbers += [change.last_line for change in changes]
    gutter = len(str(max(numbers)))
    out = [
        style.paint(severity, f"{severity}[{problem.code}]")
        + style.paint("bold", ": " + clean(problem.headline, style.ascii))
    ]
    for index, (source, labels) in enumerate(blocks):
        if index:
            out.append(frame_lines(gutter, style))
        out += snippet(source, labels, problem.primary, gutter, severity, style)
    if problem.notes or problem.helps or changes:
        out.append(frame_lines(gutter, style))
    for word, texts in (("note", problem.notes), ("help", problem.helps)):
        for text in texts:
            out += _remark(word, text, gutter, style)
    if changes:
        out += _fix(changes, gutter, style)
    return "".join(line.rstrip() + "\n" for line in out)


def summary(errors: int, warnings: int, files: int) -> str:
    """`2 errors, 1 warning in 3 files`."""
    said = [count(errors, "error")] if errors or not warnings else []
    said += [count(warnings, "warning")] if warnings else []
    return f"{', '.join(said)} in {count(files, 'file')}"


def count(number: int, noun: str) -> str:
    """`1 file`, `2 files`, `12,000 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _by_source(labels: list[Label]) -> list[tuple[Source, list[Label]]]:
    """The labels of each file, the file of the primary label first."""
    found: dict[str, tuple[Source, list[Label]]] = {}
    for label in labels:
        found.setdefault(label.source.path, (label.source, []))[1].append(label)
    return list(found.values())


def _remark(word: str, text: str, gutter: int, style: Style) -> list[str]:
    head = " " * (gutter + 1) + f"= {word}: "
    rows: list[str] = []
    for line in clean(text, style.ascii, keep="\n").split("\n"):
        rows += _wrap(line, WRAP_COLUMNS - len(head))
    painted = " " * (gutter + 1) + style.paint("frame", "=") + style.paint("bold", f" {word}: ")
    return [painted + rows[0]] + [" " * len(head) + row for row in rows[1:]]


def _wrap(line: str, room: int) -> list[str]:
    """A long sentence on several lines; a line that begins with a space is code and stays whole."""
    rows: list[str] = []
    while len(line) > room + WRAP_GRACE and not line.startswith(" "):
        cut = line.rfind(" ", 0, room + 1)
        if cut <= 0:
            cut = line.find(" ", room)
        if cut < 0:
            break
        rows.append(line[:cut])
        line = line[cut:].lstrip(" ")
    return [*rows, line]


def _fix(changes: list[Hunk], gutter: int, style: Style) -> list[str]:
    rows: list[str] = []
    for change in changes:
        skip = _agreement(change, style.width)
        for sign, kind, lines in (("-", "removed", change.old), ("+", "added", change.new)):
            for number, line in enumerate(lines, change.at):
                text = f"{sign} {_excerpt(line, skip, style)}".rstrip()
                rows.append(f"{number:>{gutter}} " + style.paint(kind, text))
    head = " " * (gutter + 1) + style.paint("frame", style.fix) + " suggested fix"
    if len(rows) > FIX_LINES_MAX:
        left = count(len(rows) - FIX_LINES_MAX, "more line")
        rows = [*rows[:FIX_LINES_MAX], " " * (gutter + 1) + f"{style.dots} {left}"]
    return [head, *rows]


def _agreement(change: Hunk, width: int) -> int:
    """How many characters at the start of a very long changed line need not be shown."""
    if len(change.old) != 1 or len(change.new) != 1 or len(change.old[0]) <= width:
        return 0
    old, new = change.old[0], change.new[0]
    same, step = 0, 4096
    while step:  # whole stretches first: the line may have a million characters
        while same < len(old) and old[same : same + step] == new[same : same + step]:
            same += step
        step //= 4
    return max(0, min(same, len(old), len(new)) - width // 3)


def _excerpt(line: str, skip: int, style: Style) -> str:
    end = skip + style.width
    part = clean(line[skip:end].expandtabs(4), style.ascii)
    return (style.dots if skip else "") + part + (style.dots if end < len(line) else "")
