"""Names in the generated module: what it imports, and how the language's names are spelled in Python."""

from __future__ import annotations

from ..facts.symbols import Activity, Const, Local
from ..scope.python_names import KEYWORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..facts import Facts

# Names that generated functions use themselves.
TAKEN = frozenset(("a", "c", "cx", "f", "rt", "s", "won", "problem", "results", "self", "id", "print", "range", "len"))


def safe(name: str) -> str:
    """A name of the language as a Python name: `class` becomes `class_`."""
    return f"{name}_" if name in KEYWORDS or name in TAKEN else name


def field(name: str) -> str:
    """A name as a field of a NamedTuple: tuples have methods `count` and `index`."""
    return f"{name}_" if name in ("count", "index") else name


def constant(name: str) -> str:
    """`charge_card` -> `_CHARGE_CARD`."""
    return "_" + name.upper().replace(".", "_").replace("+", "_")


def snaked(key: str) -> str:
    """`loaded.child.ShipOrder` -> `loaded_child_ship_order`."""
    return "_".join(snake(part) for part in key.replace("+", ".").split("."))


def camel(name: str) -> str:
    """`charge_card.2` -> `ChargeCard2`."""
    return "".join(part[:1].upper() + part[1:] for part in name.replace(".", "_").replace("+", "_").split("_") if part)


def snake(name: str) -> str:
    """`ProcessOrder` -> `process_order`."""
    return "".join("_" + char.lower() if char.isupper() and at else char.lower() for at, char in enumerate(name))


def authors_names(facts: Facts) -> set[str]:
    """Every name that a module gives to something, as it is in Python: a name of ours must be none of them."""
    names = {local.name for local in facts.targets.values() if local.kind != "hidden"}
    for name, meaning in facts.interface.names.items():
        names |= {name, name.upper()} if isinstance(meaning, Const) else {name}
        names |= {constant(name)} if isinstance(meaning, Activity) else set()
    return {safe(name) for name in names}


def imported_names(facts: Facts) -> dict[tuple[str, str], str]:
    """How the author calls what the module takes from others by name, as it is in Python.

    `import shop { Item as Thing }` -> `{("shop", "Item"): "Thing"}`. A name in small letters is that of a function, a
    constant or an activity, which Python spells each in its way: all three stand here.
    """
    found = {}
    for line in facts.parsed.module.imports:
        for each in line.names or []:
            name, alias = each.name.text, (each.alias or each.name).text
            for spelled in (safe, constant, str.upper) if name[0].islower() else (safe,):
                found[line.path.text, spelled(name)] = spelled(alias)
    return found


class Imports:
    """Collects what a module needs from elsewhere, by the names that its author gave. What has no such name, and one
    that is taken, becomes an `_alias`."""

    __slots__ = ("authors", "given", "modules", "taken")

    def __init__(self, taken: set[str], authors: dict[tuple[str, str], str]) -> None:
        self.taken = taken
        self.authors = authors
        self.given: dict[tuple[str, str], str] = {}
        self.modules: dict[str, set[str]] = {}

    def name(self, module: str, name: str) -> str:
        """`Decimal`, after noting `from decimal import Decimal`."""
        shown = self.given.get((module, name))
        if shown is None:
            shown = self.authors.get((module, name), name)
            others = {author for key, author in self.authors.items() if key != (module, name)}
            while shown in self.taken or shown in others:
                shown = f"_{shown}"
            self.taken.add(shown)
            self.given[module, name] = shown
            self.modules.setdefault(module, set()).add(f"{name} as {shown}" if shown != name else name)
        return shown

    def lines(self, used: set[str]) -> list[str]:
        """The import lines by module, in the order that ruff and isort want: `TOTAL, Item, sum_of`, aliases below.

        Only of what is `used`: a class may have been named for a test that was left out, as nothing else is left.
        """
        lines = []
        for module, all_names in sorted(self.modules.items()):
            names = {name for name in all_names if name.rpartition(" ")[2] in used}
            plain = sorted((name for name in names if " as " not in name), key=lambda n: (_rank(n), n))
            lines += [f"from {module} import {', '.join(plain)}"] if plain else []
            aliased = sorted(names - set(plain), key=lambda n: (_rank(n), n))
            lines += [f"from {module} import {name}" for name in aliased]
        return lines

    def fresh(self, name: str) -> str:
        """A name for something of ours: `OrderState`, or `OrderState_` where the author has an `OrderState`."""
        while name in self.taken or name in self.authors.values():
            name += "_"
        self.taken.add(name)
        return name


def _rank(name: str) -> int:
    name = name.partition(" ")[0]
    return 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2


class Spelling:
    """Gives each local of a workflow or function one Python name. Hidden ones lose their number where that is not
    ambiguous; of two that have one name and different types, the second one gets a number."""

    __slots__ = ("given", "taken", "used")

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
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
            while self._is_anothers(name, local):
                name = f"{safe(base)}_{number}"
                number += 1
            self.given[local] = name
            self.used.setdefault(name, local)
        return name

    def _is_anothers(self, name: str, local: Local) -> bool:
        other = self.used.get(name)
        if local.kind == "hidden":
            return name in self.taken or other is not None
        return other is not None and other.type is not local.type
