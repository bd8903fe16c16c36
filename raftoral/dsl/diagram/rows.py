"""The rows of text in a node, for every format: title, what the title does not say, the frame."""

from __future__ import annotations

from .picture import Node

FRAME_COLUMNS = 34


def rows_of(node: Node) -> list[str]:
    """Title first. A detail that the title says already is left out."""
    rows = [node.title]
    for detail in node.details:
        name = detail.partition("(")[0]
        if name != detail or detail not in node.title:
            rows.append(detail)
    return rows


def frame_rows(node: Node) -> list[str]:
    """`frame: order, total`, on as many rows as it takes; nothing for what is no slot."""
    if node.frame is None:
        return []
    return wrapped("frame: " + (", ".join(node.frame) or "nothing"), FRAME_COLUMNS)


def wrapped(text: str, columns: int) -> list[str]:
    """Rows of whole words, none longer than `columns` unless a word is."""
    rows: list[str] = []
    for word in text.split():
        if rows and len(rows[-1]) + 1 + len(word) <= columns:
            rows[-1] += " " + word
        else:
            rows.append(word)
    return rows
