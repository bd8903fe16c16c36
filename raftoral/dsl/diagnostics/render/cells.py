"""Text of an author -> text that is safe on a terminal, and where each of its characters stands.

    "a\\tb"      a 1-cell, a tab to the next multiple of four, b
    "名"         two cells: carets below it are two wide
    "\\x1b[2J"   shown as the escape it is, so that a file cannot drive the terminal

In: a line, or a message with the author's names in it. Out: printable text and a table of columns.
"""

from __future__ import annotations

TAB_CELLS = 4
MESSAGE_CHARACTERS_MAX = 2_000


def escape(character: str) -> str:
    """How a character that cannot be printed is shown."""
    point = ord(character)
    if 0xDC80 <= point <= 0xDCFF:  # an undecodable byte of a file name, kept by surrogateescape
        return f"\\x{point - 0xDC00:02x}"
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def clean(text: str, ascii: bool = False, keep: str = "") -> str:
    """A message without control characters (but those in `keep`), and of bounded length."""
    if len(text) > MESSAGE_CHARACTERS_MAX:
        half = MESSAGE_CHARACTERS_MAX // 2
        text = text[:half] + "…" + text[-half:]
    if text.isprintable() and (text.isascii() or not ascii):
        return text
    if ascii:
        text = text.replace("…", "...")
    return "".join(c if c in keep or (c.isprintable() and (not ascii or c < "\x7f")) else escape(c) for c in text)


def lay_out(text: str, ascii: bool) -> tuple[str, list[int]]:
    """`text` as shown, and the cell at which each character begins (and the last ends)."""
    if text.isascii() and text.isprintable():
        return text, list(range(len(text) + 1))
    shown: list[str] = []
    columns = [0]
    at = 0
    for character in text:
        piece, cells = _one(character, at, ascii)
        shown.append(piece)
        at += cells
        columns.append(at)
    return "".join(shown), columns


def _one(character: str, at: int, ascii: bool) -> tuple[str, int]:
    if " " <= character < "\x7f":
        return character, 1
    if character == "\t":
        cells = TAB_CELLS - at % TAB_CELLS
        return " " * cells, cells
    if ascii or not character.isprintable():
        piece = escape(character)
        return piece, len(piece)
    import unicodedata  # only a line that is not ASCII pays for the tables

    if unicodedata.category(character) in ("Mn", "Me"):
        return character, 0
    return character, 2 if unicodedata.east_asian_width(character) in "WF" else 1
