"""One process for one directory. The lock ends with the process, however it ends.

In: a directory. Out: a lock on the file `lock` in it, which holds the number of the process for people to read; or
`StorageRefused`. The lock belongs to the open file (`flock`), and the system lets go of it when a process dies: there
is nothing to clean up after a crash, and the file itself stays, since removing it could let two in. A child that was
forked gives up its copy, or it would hold the directory after its parent has crashed. Never waits.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import weakref

from raftoral.errors import StorageRefused

NAME = "lock"
_HELD = frozenset((errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK))

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        # Locked bytes cannot be read there: one far behind the number, which people shall see.
        os.lseek(file, 1 << 30, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)

else:
    import fcntl

    def _take(file: int) -> None:
        # Not `lockf`: its locks go when anybody in this process closes the file, for example after copying it.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class DirectoryLock:
    """Holds a directory from its making until `release`."""

    def __init__(self, directory: str) -> None:
        path = os.path.join(directory, NAME)
        self._file = -1
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StorageRefused(
                f"The directory {directory} cannot be written: {error.strerror}. A store needs one of its own, with "
                f"the right to make files in it."
            ) from None
        try:
            _take(self._file)
        except OSError as error:
            refusal = _held(directory, self._file) if error.errno in _HELD else _cannot(directory, error)
            self.release()
            raise refusal from None
        with contextlib.suppress(OSError):  # for people only, and a full disk must not keep a store closed
            os.ftruncate(self._file, 0)
            os.write(self._file, b"%d\n" % os.getpid())
        _locks.add(self)

    def __del__(self) -> None:
        self.release()

    def release(self) -> None:
        """Lets others in. A second call does nothing."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


_locks: weakref.WeakSet[DirectoryLock] = weakref.WeakSet()


def _give_up_copies() -> None:
    """In a forked child: closing a copy leaves the parent's lock alone."""
    for lock in list(_locks):
        with contextlib.suppress(OSError):
            lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_give_up_copies)


def _held(directory: str, file: int) -> StorageRefused:
    number = os.read(file, 32).decode("ascii", "replace").strip()
    if number == str(os.getpid()):
        return StorageRefused(
            f"The directory {directory} is open in this very process. Close the store that uses it first."
        )
    who = f"by process {number}" if number.isdigit() else "by another process"
    return StorageRefused(
        f"The directory {directory} is used {who}. Only one process can run what is in it: stop that one, or give "
        f"this one a directory of its own."
    )


def _cannot(directory: str, error: OSError) -> StorageRefused:
    return StorageRefused(
        f"The directory {directory} cannot be locked: {error.strerror}. Locks and a log that is shared in memory need "
        f"a disk of this machine; a network share will not do."
    )
