"""A file as the parser read it: the tree, and what stands beside it."""

from __future__ import annotations

from ..source import Source
from .declarations import Module
from .node import Node, Token


class Parsed:
    """A file as it was read.

    docs      offset of a declaration, member or field -> its `##` text
    retired   lines that carry `# rft: retired`
    holes     spans that could not be read, `poisoned` the names that stood in them: both are to be passed over
              in silence by all later checks
    """

    __slots__ = ("comments", "docs", "holes", "module", "poisoned", "retired", "source", "tokens")

    def __init__(
        self,
        source: Source,
        module: Module,
        tokens: list[Token],
        comments: list[tuple[int, int]],
        docs: dict[int, str],
        retired: set[int],
    ) -> None:
        self.source = source
        self.module = module
        self.tokens = tokens
        self.comments = comments
        self.docs = docs
        self.retired = retired
        self.holes: list[tuple[int, int]] = []
        self.poisoned: set[str] = set()

    def damaged(self, node: Node) -> bool:
        """Whether part of `node` could not be read."""
        return any(lo < node.hi and hi > node.lo for lo, hi in self.holes)
