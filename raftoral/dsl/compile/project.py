"""Which modules there are, in an order in which each comes after those that it imports.

Input: the files to check, and the world to find imported ones in. Output: every module that is reachable, parsed,
with its problems so far (RFT0204, 0205, 0213). It opens no file itself.
"""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics import Problem, Problems
from ..diagnostics.spelling import closest
from ..parser import parse
from ..source import Source
from ..syntax import Parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class World(Protocol):
        """What the compiler may ask about files it was not given. `root` is a source root, as found from a path."""

        def module(self, name: str, root: str) -> Source | Problem | None: ...

        def modules(self, root: str) -> list[str]: ...

        def python(self, name: str, root: str) -> Source | None: ...


class Unit:
    """One file on its way through the compiler."""

    __slots__ = ("asked", "imports", "name", "parsed", "problems", "root", "source")

    def __init__(self, source: Source, asked: bool) -> None:
        self.source = source
        self.asked = asked
        self.problems = Problems(source)
        self.parsed: Parsed = parse(source, self.problems)
        self.name, self.root = _place(source, self.parsed.module)
        self.imports: dict[str, Unit | None] = {}


def _place(source: Source, module: s.Module) -> tuple[str, str]:
    """The module's name, and the source root that its path gives."""
    path = source.path.replace("\\", "/")
    folder, _, file = path.rpartition("/")
    stem = file.removesuffix(".rft")
    if module.name is None:
        return stem, folder
    tail = module.name.text.replace(".", "/") + ".rft"
    if path == tail:
        return module.name.text, ""
    if path.endswith("/" + tail):
        return module.name.text, path[: -len(tail) - 1] or "/"
    return module.name.text, folder


def load_units(sources: list[Source], world: World) -> list[Unit]:
    """All reachable units, imported ones first."""
    loader = _Loader(world)
    for source in sources:
        loader.add(Unit(source, True))
    for unit in list(loader.asked):
        loader.visit(unit)
    return loader.order


class _Loader:
    __slots__ = ("asked", "by_name", "done", "order", "stack", "world")

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked: list[Unit] = []
        self.by_name: dict[tuple[str, str], Unit] = {}
        self.order: list[Unit] = []
        self.done: set[Unit] = set()
        self.stack: list[tuple[Unit, s.Import]] = []

    def add(self, unit: Unit) -> None:
        self.asked.append(unit)
        self.by_name.setdefault((unit.root, unit.name), unit)
        _check_place(unit)

    def visit(self, unit: Unit) -> None:
        """Depth first, with a stack of our own: a chain of imports may be as long as it likes."""
        pending: list[tuple[Unit, list[s.Import]]] = [(unit, list(unit.parsed.module.imports))]
        if unit in self.done:
            return
        self.done.add(unit)
        path: list[Unit] = [unit]
        while pending:
            current, lines = pending[-1]
            if not lines:
                pending.pop()
                path.pop()
                self.order.append(current)
                continue
            line = lines.pop(0)
            found = self._find(current, line)
            current.imports[line.path.text] = found
            if found is None:
                continue
            if found in path:
                _report_cycle(path[path.index(found) :])
                current.imports[line.path.text] = None
            elif found not in self.done:
                self.done.add(found)
                path.append(found)
                pending.append((found, list(found.parsed.module.imports)))

    def _find(self, unit: Unit, line: s.Import) -> Unit | None:
        name = line.path.text
        if name in unit.imports:
            return unit.imports[name]
        known = self.by_name.get((unit.root, name))
        if known is not None:
            return known
        if line.names is None and line.alias is None:
            return None  # it takes nothing: said by `resolve`
        found = self.world.module(name, unit.root)
        if isinstance(found, Source):
            other = Unit(found, False)
            self.by_name[(unit.root, name)] = other
            return other
        if isinstance(found, Problem):
            unit.problems.add("RFT0204", f"the module `{name}` cannot be read", line.path, found.headline)
            return None
        near = closest(name, self.world.modules(unit.root))
        near = near or closest(name, [n for r, n in self.by_name if r == unit.root])
        tail = f" ({near.replace('.', '/')}.rft)" if near else ""
        unit.problems.add(
            "RFT0204",
            f"there is no module `{name}`",
            line.path,
            f"no file {name.replace('.', '/')}.rft below the source root",
            helps=[f"there is `{near}`{tail}"] if near else [],
        )
        return None


def _check_place(unit: Unit) -> None:
    name = unit.parsed.module.name
    path = unit.source.path.replace("\\", "/")
    if name is None or not path.endswith(".rft"):
        return
    tail = name.text.replace(".", "/") + ".rft"
    if path != tail and not path.endswith("/" + tail):
        unit.problems.add(
            "RFT0213",
            f"`module {name.text}` does not stand in {tail}",
            name,
            f"this file is {path}",
            notes=["an import finds a module by its path, so the two must say the same"],
            helps=["rename the one or move the other"],
        )


def _report_cycle(circle: list[Unit]) -> None:
    """Says RFT0205 once, in the file of the circle that was met first: the one that was asked for."""
    unit = circle[0]
    names = [member.name for member in circle]
    following = names[1] if len(names) > 1 else names[0]
    line = next(line for line in unit.parsed.module.imports if line.path.text == following)
    way = " → ".join([*names, names[0]])
    unit.problems.add(
        "RFT0205",
        f"these modules import each other: {way}" if len(names) > 1 else f"`{unit.name}` imports itself",
        line.path,
        "the circle begins here",
        helps=["move the shared types to a third module"] if len(names) > 1 else ["remove the import"],
    )
