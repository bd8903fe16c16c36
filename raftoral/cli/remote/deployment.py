"""The files of a deployment: `.rft` files with all that they import, their pure Python, and the lock.

    gathered(["shop/orders.rft"], terminal) == [Source("shop/orders.rft", ...), Source("shop/tax.py", ...)]

In: words. Out: paths below the root of the project, with `/`, and texts. None: the files have errors, which were shown.
It reads files, and writes none.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from raftoral.cli.check import look_for, report
from raftoral.cli.files import Disk, DiskWorld
from raftoral.cli.lock import place
from raftoral.dsl.compile import check
from raftoral.dsl.source import Source
from raftoral.errors import UsageError
from raftoral.runtime.service import Source as File

if TYPE_CHECKING:
    from raftoral.cli.terminal import Terminal

LOCK = "raftoral.lock"


class _World(DiskWorld):
    """The disk, and which Python modules sources name."""

    __slots__ = ("python_files",)

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk)
        self.python_files: dict[str, Source] = {}

    def python(self, name: str, root: str) -> Source | None:
        found = super().python(name, root)
        if found is not None:
            self.python_files[os.path.abspath(found.path)] = found
        return found


def gathered(words: list[str], terminal: Terminal) -> list[File] | None:
    """See the module."""
    found = look_for(words, terminal)
    disk = Disk()
    world = _World(disk)
    sources = {path: disk.source(path) for path in found.paths}
    problems = [*found.problems, *(each for each in sources.values() if not isinstance(each, Source))]
    checked = check([each for each in sources.values() if isinstance(each, Source)], world)
    problems += [problem for each in checked for problem in each.problems if problem.is_error]
    if problems:
        report(problems, len(found.paths), "human", -1, terminal)
        return None
    roots = {os.path.abspath(each.root or ".") for each in checked}
    if len(roots) > 1:
        raise UsageError(f"these belong to several projects: deploy what is below {' and '.join(sorted(roots))} apart")
    (root,) = roots
    texts: dict[str, str] = {}
    for each in checked:
        for path in [each.source.path, *each.imports]:
            source = disk.source(path)
            if isinstance(source, Source) and path.endswith(".rft"):
                texts[os.path.abspath(path)] = source.text
    texts |= {path: source.text for path, source in world.python_files.items()}
    files = [File(_below(path, root), text) for path, text in sorted(texts.items())]
    lock = _lock(words)
    return files if lock is None else [*files, File(LOCK, lock)]


def _below(path: str, root: str) -> str:
    relative = os.path.relpath(path, root)
    if relative.startswith(os.pardir):
        raise UsageError(f"{path} is not below {root}, where the project of the other files is")
    return relative.replace(os.sep, "/")


def _lock(words: list[str]) -> str | None:
    path = place(words)
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
