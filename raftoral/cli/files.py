"""The disk, as the commands see it. The only room that reads `.rft` files.

    find(["shop"])      -> shop/catalog.rft, shop/orders.rft
    Disk().source(path) -> Source, or the Problem RFT0115 that says why it cannot be read
    DiskWorld           -> what the compiler may ask about files it was not given

Text is UTF-8; a byte order mark is dropped, and every line end becomes a line feed. Nothing raises
for what a disk can hold, reading is bounded, and each file is read once in a run. It never writes.
"""

from __future__ import annotations

import os
import sys

from raftoral.dsl.source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from raftoral.dsl.diagnostics import Problem

FILE_BYTES_MAX = 4 * 1024 * 1024  # about 100,000 lines; the trees take a hundred times as much memory
PIECE_BYTES = 64 * 1024  # read at once: nearly every file is smaller
MODULES_MAX = 2_000
ENTRIES_MAX = 50_000  # of the folders walked to find a module name that was meant
SUFFIX = ".rft"
READ_ONLY = os.O_RDONLY | getattr(os, "O_BINARY", 0)
STDIN = "<stdin>"

MISSING = "missing"
FOLDER = "folder"
TOO_LARGE = "too large"
UNWRITABLE = "cannot be written"


class Found:
    """The files that the words of a command mean, and which words mean nothing."""

    __slots__ = ("empty", "missing", "paths", "problems")

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.missing: list[str] = []
        self.empty: list[str] = []  # folders without any .rft file
        self.problems: list[Problem] = []  # folders that cannot be listed


def find(words: list[str]) -> Found:
    """Files as they are named, folders with all below them; each path once."""
    found = Found()
    seen: set[str] = set()
    for word in words:
        path = word if word == "-" else os.path.normpath(word)
        if path == "-":
            below = [STDIN]
        elif os.path.isdir(path):
            below, troubles = _below(path)
            found.problems += [unreadable(folder, reason) for folder, reason in troubles]
            if not below and not troubles:
                found.empty.append(word)
        elif os.path.lexists(path):
            below = [path]
        else:
            below = []
            found.missing.append(word)
        found.paths += [each for each in below if each not in seen]
        seen.update(below)
    return found


def _below(top: str, entries_max: int = sys.maxsize) -> tuple[list[str], list[tuple[str, str]]]:
    """All `.rft` files below a folder, sorted; and the folders that cannot be listed."""
    files: list[str] = []
    troubles: list[tuple[str, str]] = []
    waiting = [top]
    entries = 0
    while waiting and entries < entries_max:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as listing:
                for entry in listing:
                    entries += 1
                    name = entry.name
                    path = name if folder == "." else os.path.join(folder, name)
                    # Folders behind links are not entered: they may lead round in a circle.
                    if entry.is_dir(follow_symlinks=False):
                        if not name.startswith(".") and name != "node_modules":
                            waiting.append(path)
                    elif name.endswith(SUFFIX) and not entry.is_dir():
                        files.append(path)
        except OSError as fault:
            troubles.append((folder, fault.strerror or "it cannot be listed"))
    return sorted(files, key=lambda path: path.split(os.sep)), troubles


class Disk:
    """Reads each file once, and remembers in which state it was."""

    __slots__ = ("_raw", "_sources")

    def __init__(self) -> None:
        self._raw: dict[str, bytes | str] = {}
        self._sources: dict[str, Source | Problem] = {}

    def raw(self, path: str) -> bytes | str:
        """The bytes, or the reason why there are none."""
        known = self._raw.get(path)
        if known is None:
            known = self._raw[path] = read_bytes(path, FILE_BYTES_MAX)
        return known

    def source(self, path: str) -> Source | Problem:
        """The text, or the problem that stands for it."""
        known = self._sources.get(path)
        if known is None:
            known = self._sources[path] = decode(path, self.raw(path))
        return known

    @property
    def touched(self) -> list[str]:
        """Every path that was looked at, there or not."""
        return list(self._raw)

    def forget(self, path: str) -> None:
        """Reads the file again next time: it was written to."""
        self._raw.pop(path, None)
        self._sources.pop(path, None)


def read_bytes(path: str, bytes_max: int) -> bytes | str:
    """At most `bytes_max` bytes of a file, or the reason why it cannot be read."""
    try:
        if path == STDIN:
            raw = sys.stdin.buffer.read(bytes_max + 1) if sys.stdin else b""
        else:
            descriptor = os.open(path, READ_ONLY)
            try:
                raw = _read_all(descriptor, bytes_max + 1)
            finally:
                os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except IsADirectoryError:
        return FOLDER
    except OSError as fault:
        return fault.strerror or "it cannot be read"
    except ValueError:  # a NUL in the path
        return MISSING
    return raw if len(raw) <= bytes_max else TOO_LARGE


def _read_all(descriptor: int, bytes_max: int) -> bytes:
    """Up to `bytes_max` bytes; a device that never ends does no harm."""
    first = os.read(descriptor, min(PIECE_BYTES, bytes_max))
    piece = os.read(descriptor, min(PIECE_BYTES, bytes_max - len(first))) if first else b""
    if not piece:
        return first
    pieces, length = [first, piece], len(first) + len(piece)
    while length < bytes_max:
        piece = os.read(descriptor, min(1 << 20, bytes_max - length))
        if not piece:
            break
        pieces.append(piece)
        length += len(piece)
    return b"".join(pieces)


def decode(path: str, raw: bytes | str) -> Source | Problem:
    """Bytes -> the text that the compiler sees."""
    if isinstance(raw, str):
        return unreadable(path, raw)
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        return _not_utf8(path, raw, fault.start)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        return _has_nul(path, text)
    return Source(placed(path, text), text)


def placed(path: str, text: str) -> str:
    """The path with as many folders as the `module` line has, if the file does stand there.

    In the folder shop, orders.rft with `module shop.orders` is ../shop/orders.rft: its imports are
    looked up from the folder above.
    """
    at = 0 if text.startswith("module ") else text.find("\nmodule ", 0, 8192) + 1
    if not text.startswith("module ", at):
        return path
    name = text[at + 7 : at + 300].split("\n", 1)[0].split("#", 1)[0].strip()
    parts = path.replace("\\", "/").split("/")
    folders = name.count(".")
    if folders < len(parts) or path == STDIN:
        return path
    tail = name.split(".")
    full = os.path.abspath(path).replace("\\", "/").removesuffix(SUFFIX).split("/")
    if full[-len(tail) :] != tail:
        return path
    up = [".."] * (folders + 1 - len(parts))
    return "/".join([*up, *full[-len(tail) :]]) + SUFFIX


def unreadable(path: str, reason: str) -> Problem:
    """RFT0115 for a file without a text to show, or that refuses a new one."""
    helps: list[str] = []
    if reason.startswith(UNWRITABLE):
        headline = f"`{path}` {reason}"
    elif reason == MISSING:
        headline = f"there is no file `{path}`"
    elif reason == FOLDER:
        headline = f"`{path}` is a folder, not a file"
    elif reason == TOO_LARGE:
        headline = f"`{path}` is larger than {FILE_BYTES_MAX >> 20} MB"
        helps = ["split it into modules; nothing that a person wrote is this long"]
    else:
        headline = f"`{path}` cannot be read: {reason}"
    return _problem(headline, Source(path, ""), 0, 0, "", helps)


def _not_utf8(path: str, raw: bytes, at: int) -> Problem:
    helps = ["save it as UTF-8"]
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _problem(f"`{path}` is UTF-16, not UTF-8", Source(path, ""), 0, 0, "", helps)
    before = raw[:at].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    after = raw[at : at + 2_000].decode("utf-8", "replace").split("\n", 1)[0].rstrip("\r")
    source = Source(path, before + after)
    label = f"the byte 0x{raw[at]:02x}, at byte {at:,} of the file"
    line = source.line_of(len(before))
    headline = f"`{path}` is not UTF-8: line {line} has a byte that means nothing there"
    return _problem(headline, source, len(before), len(before) + 1, label, helps)


def _has_nul(path: str, text: str) -> Problem:
    at = text.index("\0")
    source = Source(path, text)
    headline = f"`{path}` has a NUL byte in line {source.line_of(at)}: it is not a text"
    return _problem(headline, source, at, at + 1, "here", [])


def _problem(headline: str, source: Source, lo: int, hi: int, text: str, helps: list[str]) -> Problem:
    from raftoral.dsl.diagnostics import Label, Problem

    return Problem("RFT0115", headline, [Label(source, lo, hi, text)], [], helps, None)


class DiskWorld:
    """What the compiler may ask of the disk. Remembers what was asked."""

    __slots__ = ("_listed", "asked", "disk")

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.asked: set[str] = set()  # every path that was looked at, there or not
        self._listed: dict[str, list[str]] = {}

    def module(self, name: str, root: str) -> Source | Problem | None:
        """`shop.catalog` below `root`; None when there is no such file."""
        path = os.path.join(root, name.replace(".", "/") + SUFFIX)
        self.asked.add(path)
        return None if self.disk.raw(path) == MISSING else self.disk.source(path)

    def modules(self, root: str) -> list[str]:
        """The names of modules below `root`, a bounded number of them."""
        known = self._listed.get(root)
        if known is None:
            known = self._listed[root] = module_names(root)
        return known

    @property
    def listed(self) -> dict[str, list[str]]:
        """The roots whose modules were asked for, with the answers."""
        return self._listed

    def python(self, name: str, root: str) -> Source | None:
        """The Python module `shop.tax`: shop/tax.py, or shop/tax/__init__.py."""
        stem = os.path.join(root, name.replace(".", "/"))
        for path in (stem + ".py", os.path.join(stem, "__init__.py")):
            self.asked.add(path)
            raw = self.disk.raw(path)
            if isinstance(raw, bytes):
                found = decode(path, raw)
                return found if isinstance(found, Source) else None
        return None


def module_names(root: str) -> list[str]:
    """`shop.catalog` for shop/catalog.rft below `root`."""
    files, _ = _below(root or ".", ENTRIES_MAX)
    names: list[str] = []
    for path in files:
        inner = os.path.relpath(path, root or ".").removesuffix(SUFFIX)
        parts = inner.replace(os.sep, "/").split("/")
        if all(part.isidentifier() for part in parts):
            names.append(".".join(parts))
    return names[:MODULES_MAX]
