"""What `raftoral.lock` says, as data: a list of entries, one for each version of each workflow, and numbers given out.

    Entry("shop.orders.Fulfil", 2, facts=[Fact("slot", "charge_card", "activity ...", number=2), ...])

An entry stands for itself: it names all that its version reaches, also types and activities that other versions
reach too. So an entry that was released never changes, whatever happens to the rest. Data only; `text` reads and
writes it.
"""

from __future__ import annotations

FORMAT = 1  # of the file; a higher one is refused, so raise it only for what an older reader would misread
ABI = 1  # of `raftoral.program` that generated modules are made for

# The kinds of facts, in the order of an entry. Those of `UNNAMED` stand once in it; the others have a name.
UNNAMED = ("args", "result", "raises")
NAMED = ("checkpoint", "signal", "query", "slot", "undo", "activity", "policy", "extern", "type")
WORDS = (*UNNAMED, *NAMED)
SLOT = "slot"


class Fact:
    """One line: `slot 2 charge_card activity charge_card(str,decimal)->str ...` has a word, name, number and text."""

    __slots__ = ("name", "number", "text", "word")

    def __init__(self, word: str, name: str, text: str, number: int = 0) -> None:
        self.word = word
        self.name = name
        self.text = text
        self.number = number

    @property
    def key(self) -> tuple[str, str]:
        """What it is a fact of."""
        return self.word, self.name

    @property
    def said(self) -> tuple[str, str, str, int]:
        """All of it, to compare."""
        return self.word, self.name, self.text, self.number

    def __repr__(self) -> str:
        return " ".join(str(part) for part in (self.word, self.number or "", self.name, self.text) if part)


class Entry:
    """One version of a workflow. `released` is its day, or nothing while it is a draft."""

    __slots__ = ("abi", "facts", "line", "meaning", "module", "name", "released", "version")

    def __init__(self, name: str, version: int, meaning: str, facts: list[Fact]) -> None:
        self.name = name
        self.version = version
        self.meaning = meaning  # the digest of what it does
        # Sorted, but for slots, which stand in the order of the source: what is new is told by what stands around it.
        self.facts = sorted(facts, key=lambda fact: (WORDS.index(fact.word), "" if fact.word == SLOT else fact.name))
        self.released = ""
        self.abi = ABI
        self.module = ""  # the digest of the generated module, when that is known
        self.line = 0  # where it stands in the file

    @property
    def key(self) -> tuple[str, int]:
        return self.name, self.version

    @property
    def title(self) -> str:
        """`shop.orders.Fulfil@2`."""
        return f"{self.name}@{self.version}"

    @property
    def slots(self) -> list[Fact]:
        """In the order of the source, which is the order of the file."""
        return [fact for fact in self.facts if fact.word == SLOT]

    def of(self, word: str) -> dict[str, str]:
        """name -> text of all facts of one kind."""
        return {fact.name: fact.text for fact in self.facts if fact.word == word}

    @property
    def said(self) -> tuple[object, ...]:
        """All of it, to compare."""
        head = (self.name, self.version, self.released, self.abi, self.meaning, self.module)
        return (*head, *(fact.said for fact in self.facts))

    def numbered(self, numbers: dict[str, int]) -> Entry:
        """The same with other numbers for its slots."""
        facts = [Fact(f.word, f.name, f.text, numbers[f.name] if f.word == SLOT else 0) for f in self.facts]
        return self._with(facts)

    def accepted(self, extern: str, text: str) -> Entry:
        """The same with another hash for one extern function."""
        is_it = ("extern", extern)
        return self._with([Fact(f.word, f.name, text if f.key == is_it else f.text, f.number) for f in self.facts])

    def released_on(self, day: str) -> Entry:
        """The same as a released version."""
        copy = self._with(self.facts)
        copy.released = day
        return copy

    def sorted(self) -> Entry:
        """The same with its facts in order, after some were added one by one."""
        return self._with(self.facts)

    def _with(self, facts: list[Fact]) -> Entry:
        copy = Entry(self.name, self.version, self.meaning, facts)
        copy.released, copy.abi, copy.module, copy.line = self.released, self.abi, self.module, self.line
        return copy


class Lock:
    """The whole file. `gone` keeps the numbers of slots that no entry has any more: (workflow, key) -> number."""

    __slots__ = ("entries", "gone")

    def __init__(self, entries: list[Entry] | None = None, gone: dict[tuple[str, str], int] | None = None) -> None:
        self.entries = sorted(entries or [], key=lambda entry: entry.key)
        self.gone = gone or {}

    def find(self, name: str, version: int) -> Entry | None:
        return next((entry for entry in self.entries if entry.key == (name, version)), None)

    def versions(self, name: str) -> list[Entry]:
        """All entries of a workflow, the oldest first."""
        return [entry for entry in self.entries if entry.name == name]

    def released(self, name: str) -> list[Entry]:
        """Its released entries, the oldest first."""
        return [entry for entry in self.versions(name) if entry.released]

    def numbers(self, name: str) -> dict[str, int]:
        """Every number that a slot of the workflow ever got."""
        found = {key: number for (workflow, key), number in self.gone.items() if workflow == name}
        for entry in self.versions(name):
            found.update({slot.name: slot.number for slot in entry.slots})
        return found
