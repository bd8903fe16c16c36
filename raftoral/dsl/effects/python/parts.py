"""What was read of one definition: findings, and what its callers must know. Data only."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast

    from ...source import Source
    from .modules import PyFile

CHANGED, ORDERED_BY = "changed", "taken in order"  # what a function may do with a parameter


class Finding:
    """A line, and why it is not pure. `plain` lines (imports) explain themselves."""

    __slots__ = ("line", "plain", "source", "why")

    def __init__(self, source: Source, line: int, why: str, plain: bool = False) -> None:
        self.source = source
        self.line = line
        self.why = why
        self.plain = plain


class Hand:
    """An argument whose fate the called function decides."""

    __slots__ = ("callee", "demand", "finding", "place")

    def __init__(self, callee: ast.AST, demand: str, place: int | str, finding: Finding) -> None:
        self.callee = callee
        self.demand = demand
        self.place = place  # position, or name of the parameter
        self.finding = finding


class Part:
    """What was read of one definition."""

    __slots__ = ("changes", "demands", "findings", "gives_many", "hands", "uses")

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.uses: list[tuple[PyFile, str]] = []
        self.changes: list[tuple[str, int]] = []  # (global, line)
        self.demands: set[tuple[str, int | str]] = set()
        self.hands: list[Hand] = []
        self.gives_many = False  # a generator
