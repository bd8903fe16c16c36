"""Colours, for all formats: which look a kind of node has, and what a look is on a light and on a dark page."""

from __future__ import annotations

from ..graph import ACTIVITY, CHILD, HANDLE, JOIN, SELECT, SIGNAL, TIMER, UNWINDING
from .picture import (
    AGAIN,
    BRANCH,
    CHOICE,
    FAIL,
    FAILS,
    FLOW,
    GIVE,
    LOOP,
    NEEDS,
    RETURN,
    START,
    UNDO,
    UNDOES,
)

LOOK = {
    ACTIVITY: "slot", CHILD: "slot", JOIN: "join", BRANCH: "join", TIMER: "wait", SIGNAL: "wait", HANDLE: "wait",
    SELECT: "wait", UNWINDING: "fail", FAIL: "fail", UNDO: "undo", START: "ends", RETURN: "ends", AGAIN: "ends",
    GIVE: "ends", LOOP: "turn", CHOICE: "turn",
}  # fmt: skip


class Colours:
    """Of one look on one page."""

    __slots__ = ("fill", "ink", "line")

    def __init__(self, fill: str, line: str, ink: str) -> None:
        self.fill = fill
        self.line = line
        self.ink = ink


LIGHT = {
    "slot": Colours("#eaf2fb", "#3b6ea5", "#16324f"),
    "join": Colours("#f6f8fa", "#8a96a3", "#24292f"),
    "wait": Colours("#fdf3dc", "#a87900", "#4d3800"),
    "fail": Colours("#fdeceb", "#b3372f", "#5c1a16"),
    "undo": Colours("#fbeaf3", "#a83279", "#571a3f"),
    "ends": Colours("#e8f3ea", "#2f7d46", "#173d23"),
    "turn": Colours("#f0f0f3", "#6b7280", "#24292f"),
}
DARK = {
    "slot": Colours("#1c2c3f", "#6ea3dc", "#dbe9f8"),
    "join": Colours("#1b2129", "#6b7682", "#d5dbe1"),
    "wait": Colours("#33290f", "#d9a52b", "#f6e6bd"),
    "fail": Colours("#3a1d1b", "#e5786f", "#fbdad7"),
    "undo": Colours("#371d2d", "#dd7db3", "#f8d8e8"),
    "ends": Colours("#16301d", "#5fb87a", "#d3ecda"),
    "turn": Colours("#2a2d33", "#9aa2ae", "#e3e6ea"),
}
DASHES = {FLOW: "", NEEDS: "", FAILS: "5 3", UNDOES: "2 3"}
LINES = {FLOW: "#4b5563", NEEDS: "#4b5563", FAILS: "#b3372f", UNDOES: "#a83279"}
LINES_DARK = {FLOW: "#9aa5b1", NEEDS: "#9aa5b1", FAILS: "#e5786f", UNDOES: "#dd7db3"}
PAGE, INK, DIM = "#ffffff", "#24292f", "#626973"
PAGE_DARK, INK_DARK, DIM_DARK = "#12161b", "#d5dbe1", "#98a1ab"


def style_sheet() -> str:
    """CSS for an SVG: dark colours where the reader's page is dark.

    Classes: `slot` and its like are boxes, `t-slot` texts in them, `i-slot` icons; `w-flow` and its like are lines,
    `a-flow` arrow heads, `l-flow` labels.
    """
    shared = ".wire,.icon{fill:none}.wire{stroke-width:1.3}.shape,.icon{stroke-width:1.2}text{font-size:11px}"
    shared += "text.head{font-size:15px;font-weight:bold}text.bold{font-size:12px;font-weight:bold}"
    shared += "text.small,text.line{font-size:10px}text.line{text-anchor:end;opacity:.75}"
    shared += "".join(f".w-{name}{{stroke-dasharray:{dashes}}}" for name, dashes in DASHES.items() if dashes)
    light = _colours(LIGHT, LINES, (PAGE, INK, DIM))
    dark = _colours(DARK, LINES_DARK, (PAGE_DARK, INK_DARK, DIM_DARK))
    return f"{shared}{light}@media(prefers-color-scheme:dark){{{dark}}}"


def _colours(looks: dict[str, Colours], lines: dict[str, str], page: tuple[str, str, str]) -> str:
    paper, ink, dim = page
    made = f".page{{fill:{paper}}}text{{fill:{ink}}}text.dim{{fill:{dim}}}"
    for name, look in looks.items():
        made += f".{name}{{fill:{look.fill};stroke:{look.line}}}text.t-{name}{{fill:{look.ink}}}"
        made += f".i-{name}{{stroke:{look.line}}}"
    for name, line in lines.items():
        made += f".w-{name}{{stroke:{line}}}.a-{name},text.l-{name}{{fill:{line}}}"
    return made
