"""Names in the generated module: what it imports, and how the language's names are spelled in Python."""

from __future__ import annotations

from ..facts.symbols import Local
from ..scope.python_names import KEYWORDS

# Names that generated functions use themselves.
TAKEN = frozenset(("a", "c", "cx", "f", "rt", "s", "won", "problem", "results", "self", "id", "print", "range", "len"))


def safe(name: str) -> str:
    """A name of the language as a Python name: `class` becomes `class_`."""
    return f"{name}_" if name in KEYWORDS or name in TAKEN else name


def constant(name: str) -> str:
    """`charge_card` -> `_CHARGE_CARD`."""
    return "_" + name.upper().replace(".", "_").replace("+", "_")


def camel(name: str) -> str:
    """`charge_card.2` -> `ChargeCard2`."""
    return "".join(part[:1].upper() + part[1:] for part in name.replace(".", "_").replace("+", "_").split("_") if part)


def snake(name: str) -> str:
    """`ProcessOrder` -> `process_order`."""
    return "".join("_" + char.lower() if char.isupper() and at else char.lower() for at, char in enumerate(name))


class Imports:
    """Collects what a module needs from elsewhere. A user's type of the same name makes the import an `_alias`."""

    __slots__ = ("modules", "taken")

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self.modules: dict[str, set[str]] = {}

    def name(self, module: str, name: str) -> str:
        """`Decimal`, after noting `from decimal import Decimal`."""
        shown = f"_{name}" if name in self.taken else name
        self.modules.setdefault(module, set()).add(f"{name} as {shown}" if shown != name else name)
        return shown

    def lines(self) -> list[str]:
        """The import lines, standard library first; black and ruff leave them as they are."""
        return [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(self.modules.items())]


class Spelling:
    """Gives each local of a workflow one Python name. Hidden ones lose their number where that is not ambiguous."""

    __slots__ = ("given", "used")

    def __init__(self) -> None:
        self.given: dict[Local, str] = {}
        self.used: dict[str, Local] = {}

    def of(self, local: Local) -> str:
        name = self.given.get(local)
        if name is None:
            base = (
                local.name.removesuffix("__").rstrip("0123456789").rstrip("_") if local.kind == "hidden" else local.name
            )
            name = safe(base)
            number = 2
            while local.kind == "hidden" and name in self.used and self.used[name] is not local:
                name = f"{safe(base)}_{number}"
                number += 1
            self.given[local] = name
            self.used.setdefault(name, local)
        return name
