"""Results of `check`, kept between runs in `.raftoral_cache/check.bin` of the current folder.

A result is used again when the compiler is the same and the file and everything it was checked with
have the same content: the files it imports, and those that were looked for and not there. Content
is compared by hash, never by date. What is kept is plain data (marshal), checked by a checksum; a
file that is damaged, from elsewhere or not writable is as good as none, and is never reported.
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
    # digest of the file and all it depends on, the paths of those, the problems
    Entry = tuple[bytes, tuple[str, ...], list[Record]]

try:  # the part of hashlib that is needed, at a tenth of its import
    from _blake2 import blake2b
except ImportError:  # pragma: no cover - another implementation of Python
    from hashlib import blake2b

FOLDER = ".raftoral_cache"
NAME = "check.bin"
MAGIC = b"RFTC\x02\r\n\0"  # raise the number in the same change that alters the layout
CACHE_BYTES_MAX = 32 * 1024 * 1024
TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Results of `raftoral check`; safe to delete. See https://bford.info/cachedir/\n"
)

# Rooms of the compiler without a say in what the problems are; a test holds the others to that.
UNINVOLVED = frozenset(("__pycache__", "diagram", "emit", "explain", "format", "render"))

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

    __slots__ = ("_changed", "_entries", "_fingerprint", "_folder", "_states", "_touched", "_world")

    def __init__(self, folder: str, fingerprint: bytes) -> None:
        self._folder = os.path.join(folder, FOLDER)
        self._fingerprint = fingerprint
        self._entries: dict[str, Entry] = {}
        # What the compiler looked at without importing it: path -> state, root -> its module names.
        self._world: dict[str, bytes] = {}
        self._states: dict[str, bytes] = {}
        self._touched: set[str] = set()
        self._changed = False

    def load(self, disk: Disk) -> None:
        """Takes in what an earlier run kept, as far as it still holds."""
        kept = _unpack(_read(os.path.join(self._folder, NAME)), self._fingerprint)
        if kept is None:
            return
        entries, world = kept
        if all(self._world_state(key, disk) == state for key, state in world.items()):
            self._entries, self._world = entries, world

    def get(self, path: str, disk: Disk) -> list[Record] | None:
        """The problems of a file, if nothing that they depend on has changed."""
        entry = self._entries.get(path)
        if entry is None or entry[0] != self._key(path, entry[1], disk):
            return None
        self._touched.add(path)
        return entry[2]

    def put(self, path: str, depends: Sequence[str], records: list[Record], disk: Disk) -> None:
        """Keeps the problems of a file, with the paths of all files that they depend on."""
        self._entries[path] = (self._key(path, depends, disk), tuple(depends), records)
        self._touched.add(path)
        self._changed = True

    def note(self, asked: Iterable[str], listed: Iterable[str], disk: Disk) -> None:
        """Keeps what the world answered, beside the files that some result names as its own."""
        named = {path for entry in self._entries.values() for path in entry[1]}
        for key in [*sorted(set(asked) - named), *(f"{root}/*" for root in listed)]:
            self._world[key] = self._world_state(key, disk)

    def save(self) -> None:
        """Writes, if there is news; never fails."""
        if not self._changed:
            return
        packed = _pack(self._fingerprint, self._entries, self._world)
        if len(packed) > CACHE_BYTES_MAX:  # only what this run needed
            few = {path: self._entries[path] for path in self._touched}
            packed = _pack(self._fingerprint, few, self._world)
        if len(packed) <= CACHE_BYTES_MAX:
            _write(self._folder, packed)

    def _key(self, path: str, depends: Sequence[str], disk: Disk) -> bytes:
        own = self._state(path, disk)
        if not depends:
            return own
        state = self._state
        return blake2b(b"".join([own, *[state(each, disk) for each in depends]]), digest_size=16).digest()

    def _state(self, path: str, disk: Disk) -> bytes:
        """16 bytes that stand for the content of a file, or for the reason why there is none."""
        known = self._states.get(path)
        if known is None:
            raw = disk.raw(path)
            if isinstance(raw, bytes):
                known = blake2b(raw, digest_size=16).digest()
            else:
                known = blake2b(raw.encode("utf-8", "replace"), digest_size=16, person=b"reason").digest()
            self._states[path] = known
        return known

    def _world_state(self, key: str, disk: Disk) -> bytes:
        if not key.endswith("/*"):
            return self._state(key, disk)
        from raftoral.cli.files import module_names

        return digest("\n".join(module_names(key[:-2])).encode("utf-8", "surrogateescape"))


def _pack(fingerprint: bytes, entries: dict[str, Entry], world: dict[str, bytes]) -> bytes:
    body = marshal.dumps((entries, world), 4)
    return MAGIC + digest(fingerprint, body) + body


def _unpack(packed: bytes, fingerprint: bytes) -> tuple[dict[str, Entry], dict[str, bytes]] | None:
    # The checksum covers the fingerprint too, so that nothing is unpacked but what this very
    # compiler, as it is installed here, has packed: marshal is no reader for files of strangers.
    start = len(MAGIC) + 16
    body = packed[start:]
    if not packed.startswith(MAGIC) or packed[len(MAGIC) : start] != digest(fingerprint, body):
        return None
    entries: dict[str, Entry]
    world: dict[str, bytes]
    entries, world = marshal.loads(body)
    return entries, world


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(CACHE_BYTES_MAX + 1)
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
