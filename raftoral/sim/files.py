"""States of a simulated node as the real ones are: files of SQLite, and what a power cut leaves of them.

    disk = FileDisk(chance)      a disk whose states are `FileStates`, in a folder of its own that goes with it

The production store and all that it does with SQLite are in the loop. A process that ends leaves its files as they
are. When the power goes, the file stays, since it is only written by a sync; its log is cut somewhere behind what was
synced of it, and SQLite must find whole commits in whatever is left, in their order. A log that was copied into the
file is begun anew, and all of it may be lost then. The same seed writes the same bytes, but for the salts of logs, on
which nothing in a world depends.
"""

from __future__ import annotations

import contextlib
import os
import random
import tempfile

from raftoral.runtime.cluster.states import FileStates
from raftoral.runtime.edge.storage_file import NAME
from raftoral.runtime.edge.storage_sqlite import SqliteStorage
from raftoral.runtime.ports import Changes, Storage

from .disk import Crash, Disk

IN_MEMORY = "/dev/shm"  # where there is one, files cost no disk
LOG = f"{NAME}-wal"
LOG_HEAD = 32  # bytes; they are others when the log is begun anew


class FileDisk(Disk):
    """See the module."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._folder = tempfile.TemporaryDirectory(dir=IN_MEMORY if os.path.isdir(IN_MEMORY) else None)
        self._process: SimulatedFiles | None = None
        self.durable: dict[int, tuple[bytes, int]] = {}  # of each log: its head, and the length that was synced of it

    def states(self) -> SimulatedFiles:
        """The states of a process that begins."""
        self._process = SimulatedFiles(self, self._folder.name)
        return self._process

    def sync(self, group: int, count: int) -> None:
        """What the engine's thread does: all that was committed by now is copied into the file, and synced."""
        if self._process is not None:
            self._process.sync(group)

    def ends(self, *, power: bool) -> None:
        """The process ends. With the power goes a part of what was not synced."""
        process, self._process = self._process, None
        if process is not None:
            process.ends(self.chance if power else None)
        if power:
            self.forget_faults()

    def close(self) -> None:
        """The world is over."""
        self.ends(power=False)
        self._folder.cleanup()


class SimulatedFiles(FileStates):
    """The production's states, with faults from outside."""

    def __init__(self, disk: FileDisk, folder: str) -> None:
        super().__init__(folder)
        self._disk = disk

    def open(self, group: int) -> Storage:
        storage = self._open[group] = _State(self._disk, group, os.path.join(self.folder, f"group-{group}"))
        return storage

    def unsynced(self, group: int) -> int:
        """A sync that begins now brings all of them."""
        return 0

    def sync(self, group: int) -> None:
        super().sync(group)
        # What is known of all logs together, in the form that SQLite documents: frames in the log, frames copied.
        index = _read(self._place(group, f"{NAME}-shm"))
        if index[16:20] == index[96:100]:
            self._is_durable(group, _read(self._place(group, LOG)))

    def _is_durable(self, group: int, data: bytes) -> None:
        self._disk.durable[group] = data[:LOG_HEAD], len(data)

    def install(self, group: int) -> None:
        how, self._disk.next_install = self._disk.next_install, None
        if how == "before":
            raise Crash
        super().install(group)
        self._disk.durable.pop(group, None)
        if how == "behind":
            raise Crash

    def ends(self, chance: random.Random | None) -> None:
        """Lets go of all files as a process does that is killed: nothing is copied, and nothing tidied up."""
        for group, storage in sorted(self._open.items()):
            state, log = _read(self._place(group, NAME)), _read(self._place(group, LOG))
            storage.close()  # which does tidy up
            if chance is not None:
                head, synced = self._disk.durable.get(group, (b"", 0))
                kept = synced if head == log[:LOG_HEAD] else 0
                log = log[: chance.choice([kept, len(log), chance.randint(kept, len(log))])]
                self._is_durable(group, log)
            for name, data in ((NAME, state), (LOG, log)):
                with open(self._place(group, name), "wb") as file:
                    file.write(data)
            with contextlib.suppress(FileNotFoundError):
                os.remove(self._place(group, f"{NAME}-shm"))
        self._open.clear()


class _State(SqliteStorage):
    """A state that this process has open."""

    def __init__(self, disk: Disk, group: int, path: str) -> None:
        super().__init__(path, sync=False)
        self._disk = disk
        self._group = group

    def commit(self, changes: Changes) -> None:
        self._disk.commits(self._group, changes)
        super().commit(changes)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
