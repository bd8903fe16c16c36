"""Facts of an entry, taken apart: what a released version knew of its types and activities.

    fields_of("id:str,qty:int=1")      -> {"id": ("str", False), "qty": ("int", True)}
    Known(entry, "shop.orders").is_old("shop.orders.Order", "channel") -> whether it had such a field

Input: texts that `describe` wrote. A text that it did not write gives less, never a fault.
"""

from __future__ import annotations

from .entries import Entry

Fields = dict[str, tuple[str, bool]]  # name -> type, and whether it has a default


def split(text: str, mark: str = ",") -> list[str]:
    """Parts of a text at the marks outside of all brackets."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == mark and not depth:
            parts.append(text[start:at])
            start = at + 1
    return [part for part in (*parts, text[start:]) if part]


def fields_of(text: str, mark: str = ",") -> Fields:
    """Fields or parameters."""
    found: Fields = {}
    for part in split(text, mark):
        name, _, rest = part.partition(":")
        type, equals, _ = rest.partition("=")
        found[name] = (type, bool(equals))
    return found


class Signature:
    """`(customer:str,amount:decimal)->str !CardDeclined`."""

    __slots__ = ("errors", "params", "result")

    def __init__(self, text: str) -> None:
        head, *errors = split(text, " ") or [""]
        params, _, self.result = head.rpartition("->")
        self.params = fields_of(params[1:-1])
        self.errors = sorted(error.removeprefix("!") for error in errors)


class Structure:
    """`record{id:str qty:int=1}`, `enum{low high}`, `union{Card(last4:str) Free}`; members of the last two by name."""

    __slots__ = ("kind", "members")

    def __init__(self, text: str) -> None:
        self.kind, _, inner = text.partition("{")
        inner = inner.removesuffix("}")
        self.members: dict[str, Fields] = {}
        if self.kind in ("record", "error"):
            self.members[""] = fields_of(inner, " ")
            return
        for part in split(inner, " "):
            name, _, fields = part.partition("(")
            self.members[name] = fields_of(fields.removesuffix(")"))


class Known:
    """What an entry says of the members of types and the parameters of activities, by full name."""

    __slots__ = ("members", "signatures", "structures")

    def __init__(self, entry: Entry, home: str) -> None:
        self.structures = {full(name, home): Structure(text) for name, text in entry.of("type").items()}
        self.signatures = {full(name, home): Signature(text) for name, text in entry.of("activity").items()}
        self.members: dict[str, set[str]] = {}
        for name, structure in self.structures.items():
            for member, fields in structure.members.items():
                if member:
                    self.members.setdefault(name, set()).add(member)
                self.members[f"{name}.{member}" if member else name] = set(fields)
            if structure.kind in ("enum", "union"):
                self.members[name] = set(structure.members)
        for name, signature in self.signatures.items():
            self.members[name] = set(signature.params)

    def is_old(self, owner: str, member: str) -> bool:
        """Whether the version had it; what it did not know of at all counts as old."""
        return owner not in self.members or member in self.members[owner]


def full(name: str, home: str) -> str:
    """The name with its module: the entry leaves out the one that it belongs to."""
    return name if "." in name else f"{home}.{name}"
