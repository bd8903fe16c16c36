"""What `raftoral.lock` means for generated modules: numbers of slots, and released versions that must not change.

    project_lock(["shop/"], disk) -> the Lock of that project, or None      lock_faults(lock, checked, disk) -> problems

It reads the lock and never writes it. The rooms of the lock are loaded only where there is one.
"""

from __future__ import annotations

import os

from raftoral.cli.files import MISSING, DiskWorld
from raftoral.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from raftoral.cli.files import Disk
    from raftoral.dsl.compile import Checked
    from raftoral.dsl.diagnostics import Problem
    from raftoral.dsl.lock import Lock

FILE = "raftoral.lock"


def lock_place(words: list[str]) -> str:
    """The path of the lock that belongs to what the words name; nothing if there is none."""
    if not any(map(_has_lock_above, words or ["."])):
        return ""
    from raftoral.cli.lock import place

    return place(words)


def _has_lock_above(word: str) -> bool:
    folder = os.path.abspath(word)
    while not os.path.lexists(os.path.join(folder, FILE)):
        parent = os.path.dirname(folder)
        if parent == folder:
            return False
        folder = parent
    return True


def read_lock(path: str, disk: Disk) -> Lock | None:
    """The lock at `path`, if it is there."""
    raw = disk.raw(path) if path else MISSING
    if raw == MISSING:
        return None
    from raftoral.dsl.lock import parse

    shown = os.path.relpath(path)
    if isinstance(raw, str):
        raise UsageError(f"{shown} cannot be read: {raw}")
    try:
        return parse(raw.decode("utf-8"), shown)
    except UnicodeDecodeError:
        raise UsageError(f"{shown} is not UTF-8 text, so it is no lock file") from None


def lock_faults(lock: Lock, checked: Sequence[Checked], disk: Disk) -> list[Problem]:
    """What has become of released versions: the problems beside those that the checks have found."""
    from raftoral.cli.lock import Python
    from raftoral.dsl.lock import compare, describe

    world = DiskWorld(disk)
    standings = [each for made in checked for each in describe(made, Python(world, made.root))]
    known = {id(problem) for made in checked for problem in made.problems}
    compare(lock, standings, list(checked))
    return [problem for made in checked for problem in made.said.sorted() if id(problem) not in known]
