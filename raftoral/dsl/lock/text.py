"""The lock as text, one fact a line, and back. It parses without a library, and two branches conflict where their
facts do.

    raftoral.lock 1
    gone shop.orders.Fulfil 6 ask_again
    workflow shop.orders.Fulfil@1  released 2026-11-02  abi 1  source sha256:5b0e...
      args order:Order
      slot 1 reserve_stock activity reserve_stock(list[Item])->str !OutOfStock in try.1 frame order:Order

    parse(write(lock)) is the same lock; a text that is not one raises `UsageError` with its line

Entries are sorted, and so are facts within their kind; slots stand in the order of the source. Opens no file.
"""

from __future__ import annotations

import re

from ...errors import UsageError
from .entries import FORMAT, SLOT, UNNAMED, WORDS, Entry, Fact, Lock

FILE = "raftoral.lock"
CONFLICT = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
HEAD = re.compile(
    r"workflow (?P<name>[\w.]+)@(?P<version>[1-9]\d{0,17})  (?:draft|released (?P<day>\d{4}-\d\d-\d\d))"
    r"  abi (?P<abi>[1-9]\d{0,8})  source sha256:(?P<meaning>[0-9a-f]{64})(?:  module sha256:(?P<module>[0-9a-f]{64}))?"
)
GONE = re.compile(r"gone (?P<name>[\w.]+) (?P<number>[1-9]\d{0,8}) (?P<key>\S+)")
NUMBER = re.compile(r"[1-9]\d{0,8}")


def write(lock: Lock) -> str:
    """The text of a lock, byte for byte the same for the same lock."""
    rows = [f"{FILE} {FORMAT}"]
    for (name, key), number in sorted(lock.gone.items(), key=lambda item: (item[0][0], item[1])):
        rows.append(f"gone {name} {number} {key}")
    for entry in lock.entries:
        state = f"released {entry.released}" if entry.released else "draft"
        module = f"  module sha256:{entry.module}" if entry.module else ""
        rows.append(f"workflow {entry.title}  {state}  abi {entry.abi}  source sha256:{entry.meaning}{module}")
        rows += [f"  {fact!r}" for fact in entry.facts]
    return "\n".join(rows) + "\n"


def parse(text: str, path: str = FILE) -> Lock:
    """The lock in `text`."""
    rows = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    _check_conflicts(rows, path)
    _check_first(rows[0], path)
    reader = _Reader(path)
    for number, row in enumerate(rows[1:], 2):
        if row.strip():
            reader.take(row.rstrip(), number)
    return reader.done()


def _check_conflicts(rows: list[str], path: str) -> None:
    for number, row in enumerate(rows, 1):
        if row.startswith(CONFLICT):
            raise UsageError(
                f"{path}:{number}: a merge was not finished here. Keep every line that begins with `workflow` and says"
                " `released`, with the lines below it, from both sides; leave out what says `draft`, and run"
                " `raftoral lock`, which writes the drafts again"
            )


def _check_first(row: str, path: str) -> None:
    word, _, number = row.strip().partition(" ")
    if word != FILE or NUMBER.fullmatch(number) is None:
        raise UsageError(f"{path}:1: this is no lock file of raftoral: such a file begins with `{FILE} {FORMAT}`")
    if int(number) > FORMAT:
        raise UsageError(
            f"{path}:1: written by a newer raftoral (format {number}; this one reads {FORMAT}): update raftoral"
        )


class _Reader:
    """Takes line by line."""

    __slots__ = ("entries", "entry", "gone", "owners", "path", "seen")

    def __init__(self, path: str) -> None:
        self.path = path
        self.entry: Entry | None = None
        self.entries: dict[tuple[str, int], Entry] = {}
        self.seen: dict[tuple[str, str], int] = {}  # facts of the open entry -> line
        self.gone: dict[tuple[str, str], int] = {}
        self.owners: dict[tuple[str, int], tuple[str, int]] = {}  # (workflow, number) -> key, line

    def take(self, row: str, line: int) -> None:
        if row.startswith("  ") and not row.startswith("   ") and self.entry is not None:
            self._fact(self.entry, row[2:], line)
        elif (head := HEAD.fullmatch(row)) is not None:
            self._entry(head, line)
        elif (gone := GONE.fullmatch(row)) is not None and self.entry is None:
            self.gone[gone["name"], gone["key"]] = int(gone["number"])
            self._own(gone["name"], int(gone["number"]), gone["key"], line)
        else:
            raise self._damaged(row, line)

    def done(self) -> Lock:
        return Lock([entry.sorted() for entry in self.entries.values()], self.gone)

    def _entry(self, head: re.Match[str], line: int) -> None:
        entry = Entry(head["name"], int(head["version"]), head["meaning"], [])
        entry.released, entry.abi, entry.module = head["day"] or "", int(head["abi"]), head["module"] or ""
        entry.line = line
        if entry.key in self.entries:
            first = self.entries[entry.key].line
            raise UsageError(f"{self.path}:{line}: {entry.title} stands here again; it is in line {first} already")
        self.entries[entry.key] = self.entry = entry
        self.seen = {}

    def _fact(self, entry: Entry, row: str, line: int) -> None:
        word, _, rest = row.partition(" ")
        number, name = 0, ""
        if word == SLOT:
            said, _, rest = rest.partition(" ")
            number = int(said) if NUMBER.fullmatch(said) else 0
        if word not in UNNAMED:
            name, _, rest = rest.partition(" ")
        if word not in WORDS or (word not in UNNAMED and not name) or (word == SLOT and not number):
            raise self._damaged(row, line)
        fact = Fact(word, name, rest, number)
        if fact.key in self.seen:
            raise UsageError(f"{self.path}:{line}: `{word} {name}`".rstrip("` ") + "` stands here again"
                             f"; it is in line {self.seen[fact.key]} already")  # fmt: skip
        self.seen[fact.key] = line
        entry.facts.append(fact)
        if number:
            self._own(entry.name, number, name, line)

    def _own(self, workflow: str, number: int, key: str, line: int) -> None:
        """A number stands for one slot, for ever."""
        other, first = self.owners.setdefault((workflow, number), (key, line))
        if other != key:
            raise UsageError(
                f"{self.path}:{line}: slot {number} of {workflow} is `{key}` here and `{other}` in line {first}: two"
                " branches gave out the same number. Remove the one that is in a draft only, and run `raftoral lock`"
            )

    def _damaged(self, row: str, line: int) -> UsageError:
        shown = row.strip()[:60]
        return UsageError(
            f"{self.path}:{line}: `{shown}` cannot be read. Take the file back from version control, or remove"
            " the lines of drafts, and run `raftoral lock`"
        )
