"""`raftoral fmt`: lays out files in the one style, or says which ones are not (`--check`,
`--diff`).

    read -> (with --fix: make the safe fixes) -> lay out -> write, if and only if the bytes change

A file is replaced as a whole, in one step, with its mode; behind a link, the file it leads to. What
does not parse is left as it is and reported; the rest of the file is laid out all the same. Line
ends stay as the file has them.
"""

from __future__ import annotations

import os

from raftoral.cli import DONE, FOUND_PROBLEMS
from raftoral.cli.check import look_for
from raftoral.cli.collector import Paused
from raftoral.cli.files import STDIN, UNWRITABLE, Disk, unreadable
from raftoral.cli.options import Command, Option, Options
from raftoral.dsl.source import Source
from raftoral.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from raftoral.cli.terminal import Terminal
    from raftoral.dsl.diagnostics import Problem

    class Formatted(Protocol):
        """What the door `raftoral.dsl.format` returns; `skipped` are spans that do not parse.

        `fault` is a bug of ours: the text is then as it came.
        """

        fault: Exception | None
        text: str
        problems: list[Problem]
        skipped: list[tuple[int, int]]


FIX_ROUNDS_MAX = 8  # a fix may uncover the next; each round makes at least one

COMMAND = Command(
    "fmt",
    "Lays out .rft files in the one style. Without PATH, all below the current folder;\n"
    "`-` reads standard input and writes standard output.\n"
    "Exit code: 0 done, 1 something does not parse or is not laid out (--check, --diff), 2 usage.",
    words="[PATH or -]...",
    options=(
        Option("check", "write nothing; list the files that are not laid out"),
        Option("diff", "write nothing; show what would change"),
        Option("fix", "also make the fixes that `raftoral check` calls safe"),
        Option("stdin-filename", "the name of what comes in through -", value="PATH"),
    ),
    example="raftoral fmt .\nraftoral fmt --check examples/\nraftoral fmt - < orders.rft",
)


class Outcome:
    """One file: its bytes before and after, and what stood in the way: problems, or a bug of ours."""

    __slots__ = ("after", "before", "fault", "path", "problems")

    def __init__(
        self, path: str, before: bytes, after: bytes, problems: list[Problem], fault: Exception | None = None
    ) -> None:
        self.path = path
        self.before = before
        self.after = after
        self.problems = problems
        self.fault = fault

    @property
    def changed(self) -> bool:
        return self.before != self.after


def run(options: Options, terminal: Terminal) -> int:
    """Formats what the words name; returns the exit code."""
    if options.text("stdin-filename") and "-" not in options.words:
        raise UsageError("--stdin-filename goes with `-`")
    if "-" in options.words and len(options.words) > 1:
        raise UsageError("`-` goes alone")
    found = look_for(options.words, terminal)
    looking = options.on("check") or options.on("diff")
    disk = Disk()
    problems = list(found.problems)
    changed = 0
    faults: list[Exception] = []
    for path in found.paths:
        with Paused():
            outcome = format_file(path, disk, options)
        if outcome.fault is not None:
            faults.append(outcome.fault)
        problems += outcome.problems
        changed += outcome.changed
        if path == STDIN:
            _pass_through(outcome, options, terminal)
        elif outcome.changed and looking:
            _show(outcome, options, terminal)
        elif outcome.changed:
            fault = replace(path, outcome.after)
            disk.forget(path)
            if fault is not None:
                problems.append(fault)
                changed -= 1
    _complain(problems, terminal)
    if found.paths != [STDIN]:
        terminal.remark(_summary(changed, len(found.paths) - changed, looking))
    if faults:  # the other files are done; those that showed our bugs are as they were
        raise faults[0]
    return FOUND_PROBLEMS if problems or (looking and changed) else DONE


def format_file(path: str, disk: Disk, options: Options) -> Outcome:
    """Reads and lays out one file; writes nothing."""
    raw = disk.raw(path)
    source = disk.source(path)
    if not isinstance(source, Source) or not isinstance(raw, bytes):
        assert not isinstance(source, Source)
        return Outcome(path, b"", b"", [source])
    if path == STDIN and options.text("stdin-filename"):
        source = Source(options.text("stdin-filename"), source.text)
    text = fixed(source, disk) if options.on("fix") else source.text
    formatted = _lay_out(Source(source.path, text))
    if formatted.fault is not None:
        return Outcome(source.path, raw, raw, [], formatted.fault)
    after = formatted.text
    if raw.find(b"\r\n") == raw.find(b"\n") - 1 and b"\n" in raw:
        after = after.replace("\n", "\r\n")
    return Outcome(source.path, raw, after.encode("utf-8"), formatted.problems)


def _lay_out(source: Source) -> Formatted:
    from raftoral.dsl.format import format_source

    formatted: Formatted = format_source(source)
    if formatted.fault is not None:
        formatted.fault.add_note(f"while laying out {source.path}, which is as it was")
    return formatted


def fixed(source: Source, disk: Disk) -> str:
    """The text with all safe fixes made, one round after the other: a fix may uncover another."""
    from raftoral.cli.files import DiskWorld
    from raftoral.dsl.compile import check
    from raftoral.dsl.format import apply_fixes

    for _ in range(FIX_ROUNDS_MAX):
        try:
            problems = check([source], DiskWorld(disk))[0].problems
        except Exception as fault:
            fault.add_note(f"while checking {source.path}")
            raise
        better = apply_fixes(source, problems)
        if better.text == source.text:
            break
        source = better
    return source.text


def replace(path: str, content: bytes) -> Problem | None:
    """Puts `content` in the place of the file in one step: a crash leaves the old or the new."""
    target = os.path.realpath(path)
    new = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}.new")
    made = False
    try:
        if not os.access(target, os.W_OK):
            return unreadable(path, f"{UNWRITABLE}: Permission denied")
        mode = os.stat(target).st_mode & 0o7777
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        made = True
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.chmod(new, mode)
        os.replace(new, target)
    except OSError as fault:
        if made:
            _remove(new)
        return unreadable(path, f"{UNWRITABLE}: {fault.strerror}")
    return None


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return


def _pass_through(outcome: Outcome, options: Options, terminal: Terminal) -> None:
    if options.on("diff"):
        _show(outcome, options, terminal)
    elif not options.on("check"):
        terminal.result(outcome.after.decode("utf-8"))


def _show(outcome: Outcome, options: Options, terminal: Terminal) -> None:
    from raftoral.dsl.diagnostics.render.cells import clean

    if not options.on("diff"):
        terminal.result(clean(outcome.path) + "\n")
        return
    if not outcome.changed:
        return
    import difflib

    style = terminal.style(terminal.out)
    before = _lines(outcome.before)
    after = _lines(outcome.after)
    rows = difflib.unified_diff(before, after, outcome.path, outcome.path + " (laid out)")
    kinds = {"+": "added", "-": "removed", "@": "frame"}
    for row in rows:
        kind = "bold" if row.startswith(("+++", "---")) else kinds.get(row[:1], "")
        text = clean(row.rstrip("\n"), style.ascii, keep="\t")
        terminal.result((style.paint(kind, text) if kind else text) + "\n")


def _lines(raw: bytes) -> list[str]:
    lines = raw.decode("utf-8", "replace").split("\n")
    if not lines[-1]:
        lines.pop()
    return [line + "\n" for line in lines]


def _complain(problems: list[Problem], terminal: Terminal) -> None:
    if not problems:
        return
    from raftoral.dsl.diagnostics.render import human

    terminal.complain(human.render(problems, terminal.style(terminal.err)))


def _summary(changed: int, same: int, looking: bool) -> str:
    from raftoral.dsl.diagnostics.render.human import count

    if looking:
        done = f"{count(changed, 'file')} would be reformatted" if changed else ""
    else:
        done = f"{count(changed, 'file')} reformatted" if changed else ""
    rest = f"{same:,} left alone" if changed else f"{count(same, 'file')} left alone"
    return ", ".join(part for part in (done, rest if same or not changed else "") if part)
