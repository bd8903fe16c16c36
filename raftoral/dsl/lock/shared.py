"""What old runs share with a new text, and what it may therefore not change (language reference 5.2).

RFT0906 activities    what old runs call keeps a signature that fits
RFT0907, 0908 types   values that were stored can be read: new fields have defaults, members stay
RFT0913 signals       and queries, which must read both ways

    check_shared(entry, texts) -> whether something was said        `entry` is a released version

Input: entries and the modules that were looked at. Adds problems, where the change was made. What stands in a module
that was not looked at is not judged.
"""

from __future__ import annotations

import re

from ..facts.symbols import Activity
from ..facts.types import Declared, EnumType, ErrorType, Field, RecordType, UnionType
from ..syntax import Node
from .describe import Standing
from .entries import Entry
from .known import Known, Signature, Structure
from .spelled import spell_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..compile import Checked
    from ..diagnostics import Problems

NAME = re.compile(r"[A-Za-z_][\w.]*")


class Texts:
    """The modules that were looked at, by name."""

    __slots__ = ("checked",)

    def __init__(self, checked: list[Checked]) -> None:
        self.checked = {each.name: each for each in checked}

    def find(self, name: str) -> tuple[Checked | None, object | None]:
        """The module of a full name, and what it declares by that name."""
        module, _, short = name.rpartition(".")
        checked = self.checked.get(module)
        return checked, None if checked is None else checked.facts.interface.names.get(short)


class Shared:
    """Holds one released version against the text."""

    __slots__ = ("entry", "found", "home", "known", "texts")

    def __init__(self, entry: Entry, texts: Texts) -> None:
        self.entry = entry
        self.texts = texts
        self.home = entry.name.rpartition(".")[0]
        self.known = Known(entry, self.home)
        self.found = False

    @property
    def who(self) -> str:
        return f"version {self.entry.version}"

    def check(self, standings: list[Standing]) -> bool:
        """Whether something was said. `standings` are the versions of the same workflow in the text."""
        for name, signature in self.known.signatures.items():
            self._activity(name, signature)
        for name, structure in self.known.structures.items():
            self._type(name, structure)
        for standing in standings:
            if standing.entry.version > self.entry.version:
                self._messages(standing)
        return self.found

    def say(self, problems: Problems, code: str, headline: str, at: Node, label: str, **more: list[str]) -> None:
        problems.add(code, headline, at, label, **more)  # type: ignore[arg-type]  # notes and helps only
        self.found = True

    @property
    def since(self) -> list[str]:
        """Why an old version still counts."""
        return [f"{self.entry.name.rpartition('.')[2]} {self.who} was released on {self.entry.released};"
                " runs of it end on it"]  # fmt: skip

    # --- RFT0906 -----------------------------------------------------------------------------------------------

    def _activity(self, name: str, old: Signature) -> None:
        checked, meaning = self.texts.find(name)
        if checked is None:
            return
        short = name.rpartition(".")[2]
        if not isinstance(meaning, Activity):
            head = checked.facts.parsed.module
            self.say(checked.said, "RFT0906", f"{self.who} still calls `{short}`, and nothing here is called so",
                     head.name or Node(head.lo, head.lo + 5), "no such activity any more", notes=self.since,
                     helps=["keep it for as long as runs of that version may call it"])  # fmt: skip
            return
        said = len(checked.said.found)
        for field in meaning.params.values():
            self._parameter(checked.said, short, field, old)
        gone = [param for param in old.params if param not in meaning.params]
        if gone and said == len(checked.said.found):  # else it was renamed, and that was said
            self._signature(checked.said, meaning, f"`{short}` takes no `{gone[0]}` any more, and {self.who} gives one")
        result = spell_type(meaning.result, self.home)
        if not reads_as(result, old.result):
            self._signature(
                checked.said, meaning, f"`{short}` gives {_a(result)}, and {self.who} waits for {_a(old.result)}"
            )
        for error in sorted(spell_type(error, self.home) for error in meaning.raises):
            if error not in old.errors:
                self._signature(checked.said, meaning, f"`{short}` may raise {error}, which {self.who} does not know")

    def _parameter(self, problems: Problems, name: str, field: Field, old: Signature) -> None:
        type = spell_type(field.type, self.home)
        if field.name not in old.params:
            if field.default is None:
                self.say(
                    problems,
                    "RFT0906",
                    f"calls of `{name}` already in flight have no `{field.name}`",
                    field.node,
                    "new, and without a default",
                    notes=self.since,
                    helps=[f"give it a default (`{field.name}: {field.type} = ...`), or the activity a new name"],
                )
        elif not reads_as(old.params[field.name][0], type):
            was = old.params[field.name][0]
            self.say(
                problems,
                "RFT0906",
                f"calls of `{name}` already in flight give {_a(was)} as `{field.name}`",
                field.node,
                f"now {_a(type)}",
                notes=self.since,
                helps=["give the changed activity a new name, and keep the old one"],
            )

    def _signature(self, problems: Problems, activity: Activity, headline: str) -> None:
        self.say(
            problems,
            "RFT0906",
            headline,
            activity.node,
            "changed since",
            notes=self.since,
            helps=["give the changed activity a new name, and keep the old one"],
        )

    # --- RFT0907, 0908 -------------------------------------------------------------------------------------------

    def _type(self, name: str, old: Structure) -> None:
        checked, made = self.texts.find(name)
        if checked is None:
            return
        if isinstance(made, RecordType | ErrorType) and old.kind in ("record", "error"):
            self._fields(checked.said, made, made.name, list(made.fields.values()), set(old.members[""]))
        elif isinstance(made, UnionType) and old.kind == "union":
            for variant, fields in old.members.items():
                if variant in made.variants:
                    known = list(made.variants[variant].fields.values())
                    self._fields(checked.said, made, f"{made.name}.{variant}", known, set(fields))
        if isinstance(made, UnionType | EnumType) and old.kind in ("union", "enum"):
            members = set(made.variants if isinstance(made, UnionType) else made.members)
            for member in old.members:
                if member not in members:
                    self._member(checked.said, made, member)

    def _fields(self, problems: Problems, made: Declared, shown: str, now: list[Field], old: set[str]) -> None:
        for field in now:
            if field.default is None and field.stored not in old:
                self.say(
                    problems,
                    "RFT0907",
                    f"`{shown}` values stored by {self.who} have no `{field.name}`",
                    field.node,
                    "new, and without a default",
                    notes=self.since,
                    helps=[f"add a default: `{field.name}: {field.type} = {_example(field)}`"],
                )

    def _member(self, problems: Problems, made: Declared, member: str) -> None:
        kept = (
            f"`{member}  # rft: retired` so that new code cannot use it" if isinstance(made, EnumType) else "all of it"
        )
        self.say(
            problems,
            "RFT0908",
            f"stored values may still be `{made.name}.{member}`",
            made.node,
            f"{self.who} had `{member}`",
            notes=self.since,
            helps=[f"keep it: {kept}"],
        )

    # --- RFT0913 -------------------------------------------------------------------------------------------------

    def _messages(self, standing: Standing) -> None:
        places = {member.name.text: member.name for member in standing.graph.decl.members}
        for word, hold in (("signal", "that are already queued hold"), ("query", "are asked by old clients for")):
            before, after = self.entry.of(word), standing.entry.of(word)
            for name, old in before.items():
                if name not in after:
                    continue
                change = f"now {_a(_shown(after[name]))}" if old != after[name] else self._changed_inside(old, standing)
                if change:
                    plural = "signals" if word == "signal" else "queries"
                    self.say(
                        standing.checked.said,
                        "RFT0913",
                        f"{plural} of {self.who} {hold} {_a(_shown(old))}",
                        places[name],
                        change,
                        notes=self.since,
                        helps=[f"give the new {word} another name, and keep this one for as long as old runs live"],
                    )

    def _changed_inside(self, text: str, standing: Standing) -> str:
        """The first type below `text` of which one side could not read what the other writes."""
        now = Known(standing.entry, standing.home)
        waiting, seen = NAME.findall(text), set()
        while waiting:
            name = waiting.pop(0)
            full = name if "." in name else f"{self.home}.{name}"
            old, new = self.known.structures.get(full), now.structures.get(full)
            if full in seen or old is None or new is None:
                continue
            seen.add(full)
            for member, fields in old.members.items():
                waiting += [part for type, _ in fields.values() for part in NAME.findall(type)]
                for field, (type, _) in fields.items():
                    other = new.members.get(member, {}).get(field)
                    if other is not None and other[0] != type:
                        return f"`{field}` of `{name}` was {_a(type)}, and is {_a(other[0])}"
            if set(new.members) - set(old.members):
                return f"`{name}` has a member that old runs do not know"
        return ""


def reads_as(old: str, new: str) -> bool:
    """Whether a stored value of the one type reads as the other; of declared types, only by their names."""
    if old == new or (old, new) == ("int", "decimal"):
        return True
    if new.endswith("?"):
        return reads_as(old.removesuffix("?"), new[:-1])
    if old.startswith("list[") and new.startswith("list[") and old.endswith("]") and new.endswith("]"):
        return reads_as(old[5:-1], new[5:-1])
    return False


def _shown(text: str) -> str:
    """Of a query its result."""
    return text.rpartition("->")[2]


def _a(type: str) -> str:
    if type == "unit":
        return "nothing"
    return f"an {type}" if type[:1].lower() in "aeiou" else f"a {type}"


def _example(field: Field) -> str:
    if str(field.type).endswith("?"):
        return "none"
    return {"str": '""', "int": "0", "bool": "false", "decimal": "0.00"}.get(str(field.type), "...")
