"""Results of `check`, kept between runs in `.raftoral_cache/check.bin` of the current folder.

A result is used again when the compiler is the same and the file and everything it was checked with
have the same content: the files it imports, and those that were looked for and not there. The
contents are kept too, and compared byte for byte: that is exact, and five times as fast as a hash.
Dates mean nothing. The rest is plain data (marshal), checked by a checksum; a file that is damaged,
from elsewhere or not writable is as good as none, and is never reported.

    magic, checksum, length of the head | head: entries, world, places | the contents, end to end
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from raftoral.cli.files import Disk
    from raftoral.dsl.diagnostics import Problem

    # code, headline, labels (path, lo, hi, text), notes, helps, fix (applicability, edits)
    LabelRecord = tuple[str, int, int, str]
    FixRecord = tuple[str, list[tuple[int, int, str]]]
    Record = tuple[str, str, list[LabelRecord], list[str], list[str], FixRecord | None]
    # the paths of all files that it depends on, the problems
    Entry = tuple[tuple[str, ...], list[Record]]
    # where the content begins and how long it is, or the reason why there is none
    Place = tuple[int, int] | str

try:  # the part of hashlib that is needed, at a tenth of its import
    from _blake2 import blake2b
except ImportError:  # pragma: no cover - another implementation of Python
    from hashlib import blake2b

FOLDER = ".raftoral_cache"
NAME = "check.bin"
MAGIC = b"RFTC\x02\r\n\0"  # raise the number in the same change that alters the layout
HEAD_BEGIN = len(MAGIC) + 16 + 8
CACHE_BYTES_MAX = 32 * 1024 * 1024
TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Results of `raftoral check`; safe to delete. See https://bford.info/cachedir/\n"
)

# Rooms that `check` never enters: a change there is none of its results. A test follows the imports.
UNINVOLVED = frozenset(("__pycache__", "diagram", "explain", "format", "render"))

# Problems about which file an import means: they depend on what else was asked for.
PLACE_CODES = frozenset(("RFT0115", "RFT0204", "RFT0205", "RFT0213"))


def digest(*pieces: bytes) -> bytes:
    """A hash of the pieces and of where one ends and the next begins."""
    hashed = blake2b(digest_size=16)
    for piece in pieces:
        hashed.update(len(piece).to_bytes(8, "little"))
        hashed.update(piece)
    return hashed.digest()


def compiler_fingerprint(package: str) -> bytes:
    """Names this very compiler: its version is not enough while somebody works on it.

    The size and time of each of its files decide, which is what Python itself trusts for `.pyc`
    files; the author's files are compared by content.
    """
    seen: list[str] = [sys.version]
    waiting = [package]
    while waiting:
        folder = waiting.pop()
        with os.scandir(folder) as listing:
            for entry in listing:
                name = entry.name
                if name.endswith((".py", ".bin", ".lark")):
                    status = entry.stat()
                    seen.append(f"{folder}/{name} {status.st_size} {status.st_mtime_ns}")
                elif name not in UNINVOLVED and entry.is_dir():
                    waiting.append(entry.path)
    return digest("\n".join(sorted(seen)).encode("utf-8", "surrogateescape"))


class Results:
    """The kept results of earlier runs, and the new ones of this run."""

    __slots__ = (
        "_asked", "_begin", "_disk", "_entries", "_fingerprint", "_folder", "_listed", "_packed", "_places", "_put",
        "_same", "_used",
    )  # fmt: skip

    def __init__(self, folder: str, fingerprint: bytes, disk: Disk) -> None:
        self._folder = os.path.join(folder, FOLDER)
        self._fingerprint = fingerprint
        self._disk = disk
        self._entries: dict[str, Entry] = {}
        # What the compiler looked at without importing it: files, and roots -> their module names.
        self._asked: set[str] = set()
        self._listed: dict[str, bytes] = {}
        self._packed = b""
        self._begin = 0  # of the contents
        self._places: dict[str, Place] = {}
        self._same: dict[str, bool] = {}  # as far as it was asked for
        self._used: set[str] = set()
        self._put: set[str] = set()
        self._load()

    def _load(self) -> None:
        packed = _read(os.path.join(self._folder, NAME))
        begin = _contents_begin(packed, self._fingerprint)
        if not begin:
            return
        entries: dict[str, Entry]
        asked: list[str]
        listed: dict[str, bytes]
        entries, asked, listed, places = marshal.loads(memoryview(packed)[HEAD_BEGIN:begin])
        self._packed, self._begin, self._places = packed, begin, places
        # A file that appears may be what any import means: then nothing holds.
        if all(map(self._is_same, asked)) and all(_names(root) == names for root, names in listed.items()):
            self._entries, self._asked, self._listed = entries, set(asked), listed

    def get(self, path: str) -> list[Record] | None:
        """The problems of a file, if nothing that they depend on has changed."""
        entry = self._entries.get(path)
        if entry is None or not self._is_same(path):
            return None
        same = self._same
        for each in entry[0]:
            if not (same[each] if each in same else self._is_same(each)):
                return None
        self._used.add(path)
        return entry[1]

    def put(self, path: str, depends: Sequence[str], records: list[Record]) -> None:
        """Keeps the problems of a file, with the paths of all files that they depend on."""
        self._entries[path] = (tuple(depends), records)
        self._put.add(path)

    def note(self, asked: Iterable[str], listed: Iterable[str]) -> None:
        """Keeps what the world answered, beside the files that the new results name as their own."""
        self._asked |= set(asked) - self._named(self._put)
        self._listed.update({root: _names(root) for root in listed})

    def save(self) -> None:
        """Writes, if there is news; never fails."""
        if not self._put:
            return
        moved = {path for path in self._named(self._put) | self._asked if not self._is_same(path)}
        # Older results that this run has not looked at may have been found with other contents.
        holding = {
            path
            for path, (depends, _) in self._entries.items()
            if path in self._put or not (path in moved or moved.intersection(depends))
        }
        packed = self._pack(holding, moved)
        if len(packed) > CACHE_BYTES_MAX:  # only what this run needed
            packed = self._pack(holding & (self._put | self._used), moved)
        if len(packed) <= CACHE_BYTES_MAX:
            _write(self._folder, packed)

    def _named(self, paths: Iterable[str]) -> set[str]:
        """Results, and all files that they depend on."""
        return {each for path in paths for each in (path, *self._entries[path][0])}

    def _is_same(self, path: str) -> bool:
        """Whether a file is what it was."""
        known = self._same.get(path)
        if known is None:
            raw = self._disk.raw(path)
            place = self._places.get(path)
            if isinstance(raw, str) or place is None or isinstance(place, str):
                known = raw == place
            else:
                known = place[1] == len(raw) and self._packed.startswith(raw, self._begin + place[0])
            self._same[path] = known
        return known

    def _pack(self, paths: set[str], moved: set[str]) -> bytes:
        contents: list[bytes] = []
        places: dict[str, Place] = {}
        at = 0
        for path in sorted(self._named(paths) | self._asked):
            place = self._places.get(path)
            content = self._disk.raw(path) if place is None or path in moved else place
            if isinstance(content, tuple):
                begin = self._begin + content[0]
                content = self._packed[begin : begin + content[1]]
            if isinstance(content, bytes):
                places[path] = (at, len(content))
                contents.append(content)
                at += len(content)
            else:
                places[path] = content
        entries = {path: self._entries[path] for path in sorted(paths)}
        head = marshal.dumps((entries, sorted(self._asked), self._listed, places), 4)
        blob = b"".join(contents)
        size = len(head).to_bytes(8, "little")
        return b"".join((MAGIC, _checksum(self._fingerprint, head, len(blob)), size, head, blob))


def _checksum(fingerprint: bytes, head: bytes, size: int) -> bytes:
    # It covers the fingerprint too, so that nothing is unpacked but what this very compiler, as it
    # is installed here, has packed: marshal is no reader for files of strangers. The contents need
    # none: a damaged one differs from its file.
    return digest(fingerprint, head, size.to_bytes(8, "little"))


def _contents_begin(packed: bytes, fingerprint: bytes) -> int:
    """Where the head ends; 0 if it is none of ours."""
    if not packed.startswith(MAGIC):
        return 0
    end = HEAD_BEGIN + int.from_bytes(packed[HEAD_BEGIN - 8 : HEAD_BEGIN], "little")
    if end > len(packed):
        return 0
    told = _checksum(fingerprint, packed[HEAD_BEGIN:end], len(packed) - end)
    return end if packed[len(MAGIC) : HEAD_BEGIN - 8] == told else 0


def _names(root: str) -> bytes:
    from raftoral.cli.files import module_names

    return digest("\n".join(module_names(root)).encode("utf-8", "surrogateescape"))


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            return (file.read(size) or b"") if size <= CACHE_BYTES_MAX else b""
    except OSError:
        return b""


def _write(folder: str, packed: bytes) -> None:
    target = os.path.join(folder, NAME)
    new = f"{target}.{os.getpid()}.new"
    if os.path.islink(folder):  # a link that came with the project may lead anywhere
        return
    try:
        if not os.path.isdir(folder):
            os.mkdir(folder)
            for name, text in ((".gitignore", "*\n"), ("CACHEDIR.TAG", TAG)):
                with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                    file.write(text)
        with open(new, "wb") as file:
            file.write(packed)
        os.replace(new, target)
    except OSError:
        try:
            os.unlink(new)
        except OSError:
            return


def record(problem: Problem) -> Record:
    """A problem as plain data."""
    fix: FixRecord | None = None
    if problem.fix is not None:
        fix = (problem.fix.applicability, problem.fix.edits)
    labels = [(each.source.path, each.lo, each.hi, each.text) for each in problem.labels]
    return (problem.code, problem.headline, labels, problem.notes, problem.helps, fix)


def restore(kept: Record, disk: Disk) -> Problem:
    """The problem that a record was made of; its labels stand in the files as they are now."""
    from raftoral.dsl.diagnostics import Fix, Label, Problem
    from raftoral.dsl.source import Source

    code, headline, labels, notes, helps, fix = kept
    placed: list[Label] = []
    for path, lo, hi, text in labels:
        source = disk.source(path)
        if not isinstance(source, Source):
            source = source.primary.source
        placed.append(Label(source, lo, hi, text))
    made = Fix(fix[1], fix[0]) if fix is not None else None
    return Problem(code, headline, placed, notes, helps, made)
