"""What SQLite complains about, in our words: what happened, where, and what to do.

    OperationalError: database or disk is full    becomes
    StorageFailed: The disk is full: /data/runs.db takes no more. Nothing of this change was kept. ...

In: an exception of `sqlite3` and the file. Out: an exception of ours, to be raised. SQLite's own words stay in it, as
they are what a search finds. Never raises, never touches a file.
"""

from __future__ import annotations

import sqlite3

from raftoral.errors import StorageFailed, StorageRefused

# Primary result code -> what happened, what to do. `{path}` is the file.
_SAYINGS = {
    sqlite3.SQLITE_FULL: (
        "The disk is full: {path} takes no more",
        "Make room; the store can be used again at once.",
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk did not do what it should: {path} could not be read or written",
        "Look for disk errors and quotas on this machine. The store can be used again when they are gone.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "The file {path} is damaged",
        "Stop, keep the directory for whoever wants to look at it, and put a copy from before in its place.",
    ),
    sqlite3.SQLITE_NOTADB: (
        "The file {path} is no store of Raftoral: it is not even a database of SQLite, or its beginning is damaged",
        "Give another directory, or put a copy from before in its place.",
    ),
    sqlite3.SQLITE_READONLY: (
        "The file {path} cannot be written",
        "Check the rights of the file and its directory, and whether the disk is mounted for reading only.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The file {path} cannot be opened",
        "Check the rights of the file and its directory.",
    ),
    sqlite3.SQLITE_BUSY: (
        "The file {path} is locked by another program",
        "Close what else has it open, for example a database browser.",
    ),
}
_OTHERWISE = ("SQLite could not do what it was asked with {path}", "If this stays, please report it.")

# Faults of the world and not of the directory: it may be fine tomorrow, as it is.
_PASSING = frozenset((sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR))


# When a damaged name stands in SQLite's own message, Python cannot read the message and raises this instead.
Fault = sqlite3.Error | UnicodeDecodeError


def of_commit(error: Fault, path: str) -> StorageFailed:
    """A commit that was taken back."""
    return StorageFailed(_text(error, path, " Nothing of this change was kept."))


def of_reading(error: Fault, path: str) -> StorageFailed:
    """Something could not be read."""
    return StorageFailed(_text(error, path))


def of_opening(error: Fault, path: str) -> StorageFailed | StorageRefused:
    """The store could not be opened. Refused is what will not change by waiting."""
    kind = StorageFailed if _code(error) in _PASSING else StorageRefused
    return kind(_text(error, path))


def of_damage(what: object, path: str) -> StorageFailed:
    """A checksum was wrong: `what` says of which run."""
    return StorageFailed(
        f"Damaged in {path}: {what}. What is stored there is not what was written, so it is not used. "
        f"{_SAYINGS[sqlite3.SQLITE_CORRUPT][1]}"
    )


def is_io(error: BaseException) -> bool:
    """Whether the disk, and not its size, was the reason."""
    return isinstance(error, sqlite3.Error) and _code(error) == sqlite3.SQLITE_IOERR


def _code(error: Fault) -> int | None:
    if isinstance(error, UnicodeDecodeError):
        return sqlite3.SQLITE_CORRUPT
    code: int | None = getattr(error, "sqlite_errorcode", None)  # Python's own complaints have none
    return None if code is None else code & 0xFF  # the rest says where exactly


def _text(error: Fault, path: str, kept: str = "") -> str:
    what, advice = _SAYINGS.get(_code(error) or 0, _OTHERWISE)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return f"{what.format(path=path)}.{kept} {advice} (SQLite says: {error}; {name})"
