"""`raftoral lock`: brings raftoral.lock up to date, or says what stands in the way. `check --locked` and `release`
use its parts.

    find the lock -> check the files -> hold released versions against the text -> write, if something changed

The lock is the raftoral.lock of the folder that is named, or of the nearest folder above it in the same project. The
file is replaced in one step. Nothing is written while there is an error.
"""

from __future__ import annotations

import os

from raftoral.cli import DONE, FOUND_PROBLEMS
from raftoral.cli.check import look_for
from raftoral.cli.files import MISSING, STDIN, Disk, DiskWorld, read_bytes
from raftoral.cli.options import Command, Option, Options
from raftoral.dsl.lock import (
    FILE,
    Lock,
    Standing,
    accept,
    compare,
    describe,
    lock_changes,
    parse,
    report_stale,
    update,
    write,
)
from raftoral.dsl.source import Source
from raftoral.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from raftoral.cli.files import Found
    from raftoral.cli.terminal import Terminal
    from raftoral.dsl.diagnostics import Problem

LOCK_BYTES_MAX = 64 * 1024 * 1024
PROJECT_ENDS = (".git", "pyproject.toml")  # a folder with one of them is the last in which a lock is looked for

COMMAND = Command(
    "lock",
    "Brings raftoral.lock up to date: the number of every slot, what each version promises.\n"
    "Drafts follow the text; a released version that changed is a problem. Commit the file.\n"
    "Without PATH: the current folder. Exit code: 0 done, 1 there are problems, 2 wrong usage.",
    words="[PATH]...",
    options=(
        Option("check", "write nothing; the same as `raftoral check --locked`"),
        Option("accept", "an extern function whose Python changed, and whose results did not", value="NAME"),
    ),
    example="raftoral lock\nraftoral lock --check\nraftoral lock --accept shop.tax.vat",
)


def run(options: Options, terminal: Terminal) -> int:
    """Writes the lock of what the words name; returns the exit code."""
    if options.on("check"):
        if options.text("accept"):
            raise UsageError("--accept writes, and --check does not: one of them")
        return _check(options, terminal)
    held = hold(options.words, terminal, options.text("accept"))
    if not held.report(terminal):
        return FOUND_PROBLEMS
    held.save(held.wanted, terminal)
    return DONE


def _check(options: Options, terminal: Terminal) -> int:
    from raftoral.cli import check

    options.set(Option("locked", ""), None)
    return check.run(options, terminal)


def check_locked(found: Found, words: list[str]) -> list[Problem]:
    """All problems of the files, those with the lock included: it is not written."""
    held = Held(found, words, "")
    if not any(problem.is_error for problem in held.problems):
        text = Source(held.shown, held.text or f"{FILE}\n")
        stale = report_stale(held.lock, held.wanted, held.standings, text)
        held.problems += [stale] if stale is not None else []
    return held.problems


def hold(words: list[str], terminal: Terminal, accepted: str = "") -> Held:
    """The lock of what the words name, beside the text."""
    return Held(look_for(words, terminal), words, accepted)


class Held:
    """A lock and the text beside it: `wanted` is the lock as it should be, `problems` is why it may not be written."""

    __slots__ = ("lock", "path", "problems", "standings", "text", "wanted")

    def __init__(self, found: Found, words: list[str], accepted: str) -> None:
        if STDIN in found.paths:
            raise UsageError("what comes in through `-` belongs to no project, so no lock is held against it")
        self.path = place(words)
        self.text = _read(self.path)
        self.lock = None if self.text is None else parse(self.text, self.shown)
        self.standings: list[Standing] = []
        self.wanted = self.lock or Lock()
        disk = Disk()
        sources = {path: disk.source(path) for path in found.paths}
        self.problems = [*found.problems, *(each for each in sources.values() if not isinstance(each, Source))]
        self._look([each for each in sources.values() if isinstance(each, Source)], DiskWorld(disk), words, accepted)

    @property
    def shown(self) -> str:
        """The path of the lock as people see it."""
        near = os.path.relpath(self.path)
        return self.path if near.startswith(os.path.join("..", "..", "..")) else near

    def _look(self, sources: list[Source], world: DiskWorld, words: list[str], accepted: str) -> None:
        from raftoral.dsl.compile import check

        checked = check(sources, world)
        if self.problems or any(each.said.has_errors for each in checked):
            self.problems += [problem for each in checked for problem in each.problems]
            return
        for each in checked:
            self.standings += describe(each, Python(world, each.root))
        lock = self.lock or Lock()
        if accepted:
            lock = accept(lock, accepted, self.standings)
        compare(lock, self.standings, checked)
        self.problems += [problem for each in checked for problem in each.said.sorted()]
        modules = None if covers(words, self.path) else {each.name for each in checked}
        self.wanted = update(lock, self.standings, modules)

    def report(self, terminal: Terminal) -> bool:
        """Shows the problems; whether the lock may be written all the same."""
        if not self.problems:
            return True
        from raftoral.dsl.diagnostics.render import human

        terminal.complain(human.render(self.problems, terminal.style(terminal.err)))
        errors = sum(problem.is_error for problem in self.problems)
        if errors:
            terminal.remark(f"{human.count(errors, 'error')}: {self.shown} is left as it was")
        return not errors

    def save(self, wanted: Lock, terminal: Terminal) -> None:
        """Writes a lock if it says something new, and says what."""
        rows = lock_changes(self.lock or Lock(), wanted)
        text = write(wanted)
        if self.lock is None and not wanted.entries:
            terminal.remark("there is no workflow here: nothing to lock")
            return
        if self.text is not None and self.text.replace("\r\n", "\n") == text:
            terminal.remark(f"{self.shown} is up to date")
            return
        if self.text is not None and "\r\n" in self.text:
            text = text.replace("\n", "\r\n")
        put(self.path, text)
        if rows:
            terminal.result("\n".join(rows) + "\n")
        terminal.remark(f"{self.shown} {'written' if self.text is None else 'brought up to date'}")


class Python:
    """The Python modules that a file may name."""

    __slots__ = ("root", "world")

    def __init__(self, world: DiskWorld, root: str) -> None:
        self.world = world
        self.root = root

    def __call__(self, name: str) -> Source | None:
        return self.world.python(name, self.root)


# --- where the lock is ---------------------------------------------------------------------------------------------


def place(words: list[str]) -> str:
    """The full path of the lock that belongs to what the words name; it need not be there yet."""
    starts = sorted({_folder(word) for word in words or ["."]})
    found = {path for path in map(_above, starts) if path}
    if len(found) > 1:
        one, two = sorted(found)[:2]
        raise UsageError(f"these belong to two projects, with {os.path.relpath(one)} and {os.path.relpath(two)}")
    if found:
        return found.pop()
    folder = starts[0] if len(starts) == 1 and all(os.path.isdir(word) for word in words) else os.getcwd()
    return os.path.join(folder, FILE)


def _folder(word: str) -> str:
    path = os.path.abspath(word)
    return path if os.path.isdir(path) else os.path.dirname(path)


def _above(folder: str) -> str | None:
    """The lock of a folder, or of the nearest one above it in the same project."""
    while True:
        path = os.path.join(folder, FILE)
        if os.path.lexists(path):
            return path
        parent = os.path.dirname(folder)
        if parent == folder or any(os.path.lexists(os.path.join(folder, name)) for name in PROJECT_ENDS):
            return None
        folder = parent


def covers(words: list[str], path: str) -> bool:
    """Whether the words name everything that the lock is about: what is not found then is not there."""
    root = os.path.dirname(path)
    folders = [os.path.abspath(word) for word in words or ["."] if os.path.isdir(word)]
    return any(root == folder or root.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def _read(path: str) -> str | None:
    raw = read_bytes(path, LOCK_BYTES_MAX)
    if raw == MISSING:
        return None
    if isinstance(raw, str):
        raise UsageError(f"{os.path.relpath(path)} cannot be read: {raw}")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        raise UsageError(f"{os.path.relpath(path)}:{line}: this is not UTF-8 text, so it is no lock file") from None


def put(path: str, text: str) -> None:
    """Writes the file in one step: a crash leaves the old or the new."""
    target = os.path.realpath(path)
    new = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}.new")
    try:
        mode = os.stat(target).st_mode & 0o7777 if os.path.exists(target) else None
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with open(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(descriptor)
        if mode is not None:
            os.chmod(new, mode)
        os.replace(new, target)
    except OSError as fault:
        _remove(new)
        raise UsageError(f"{os.path.relpath(path)} cannot be written: {fault.strerror}") from None


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
