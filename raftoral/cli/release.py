"""`raftoral release`: drafts become released versions, which never change again.

    raftoral release ProcessOrder shop/      the newest version of it
    raftoral release --all                   every draft

Brings raftoral.lock up to date first, as `raftoral lock` does, and refuses as it does. The day that is noted is today,
or that of `--date`.
"""

from __future__ import annotations

import os
import re

from raftoral.cli import DONE, FOUND_PROBLEMS
from raftoral.cli.lock import Held, hold
from raftoral.cli.options import Command, Option, Options, suggestion
from raftoral.dsl.lock import Entry, release
from raftoral.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from raftoral.cli.terminal import Terminal

# Names of workflows begin with a capital, so they are told from folders; what exists as a path is a path.
WORKFLOW = re.compile(r"(?:[a-z_]\w*\.)*[A-Z]\w*(?:@[1-9]\d{0,17})?", re.ASCII)

COMMAND = Command(
    "release",
    "Turns drafts into released versions and notes the day in raftoral.lock. From then on a\n"
    "change of such a version is a problem: instances of it run to their end as they began.\n"
    "Without @VERSION: the newest. Exit code: 0 done, 1 there are problems, 2 wrong usage.",
    words="[WORKFLOW[@VERSION]]... [PATH]...",
    options=(
        Option("all", "every draft"),
        Option("date", "the day to note (default: today)", value="YYYY-MM-DD"),
    ),
    example="raftoral release ProcessOrder\nraftoral release shop.orders.ProcessOrder@2 shop/\nraftoral release --all",
)


def run(options: Options, terminal: Terminal) -> int:
    """Releases what the words name; returns the exit code."""
    names = [word for word in options.words if WORKFLOW.fullmatch(word) and not os.path.lexists(word)]
    paths = [word for word in options.words if word not in names]
    if names and options.on("all"):
        raise UsageError("--all means every draft: leave out the names, or --all")
    day = _day(options.text("date"))
    held = hold(paths, terminal)
    if not held.report(terminal):
        return FOUND_PROBLEMS
    chosen = _chosen(held, names, options.on("all"))
    for entry in chosen:
        if entry.released:
            terminal.remark(f"{entry.title} was released on {entry.released} already")
    drafts = {entry.key for entry in chosen if not entry.released}
    if not chosen:
        terminal.remark("nothing to release: there is no draft")
    held.save(release(held.wanted, drafts, day), terminal)
    return DONE


def _day(given: str) -> str:
    if not given:
        import time

        return time.strftime("%Y-%m-%d")
    import datetime

    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", given, re.ASCII):
            raise ValueError
        datetime.date.fromisoformat(given)
    except ValueError:
        raise UsageError(f"--date takes a day like 2026-11-02, and {given!r} is none") from None
    return given


def _chosen(held: Held, names: list[str], everything: bool) -> list[Entry]:
    """The entries that were named; all drafts of the files that were looked at with `everything`."""
    here = {standing.entry.key for standing in held.standings}
    entries = [entry for entry in held.wanted.entries if entry.key in here]
    if everything:
        return [entry for entry in entries if not entry.released]
    if not names:
        drafts = ", ".join(entry.title for entry in entries if not entry.released)
        raise UsageError(f"name what to release, or --all; drafts are {drafts}" if drafts else "there is no draft here")
    return [_named(entries, word) for word in names]


def _named(entries: list[Entry], word: str) -> Entry:
    name, _, version = word.partition("@")
    fit = [e for e in entries if name in (e.name, e.name.rpartition(".")[2])]
    full = sorted({entry.name for entry in fit})
    if len(full) > 1:
        raise UsageError(f"{name!r} may be {' or '.join(full)}: say which")
    if not fit:
        known = sorted({entry.name.rpartition(".")[2] for entry in entries} | {entry.name for entry in entries})
        raise UsageError(f"there is no workflow {name!r} here{suggestion(name, known)}")
    if not version:
        return fit[-1]
    found = next((entry for entry in fit if entry.version == int(version)), None)
    if found is None:
        versions = ", ".join(str(entry.version) for entry in fit)
        raise UsageError(f"{full[0]} has no version {version} here; it has {versions}")
    return found
