"""The door: all passes on one screen.

    check(sources, world) -> [Checked]      every problem of every file that was asked for

Input: texts, and a world that finds imported ones. Output: problems and, for later stages, trees and facts. Opens
no file, prints nothing, and never raises for what an author wrote. What follows for modules without errors is in
`modules`: `check` must not load it.
"""

from __future__ import annotations

from ..diagnostics import Problem
from ..effects import check_effects
from ..facts import Facts, Interface
from ..facts.types import forget_types
from ..resolve import resolve
from ..resolve.imports import report_unused
from ..source import Source
from ..typecheck import typecheck
from .frames import check_frames
from .project import Unit, load_units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..graph import Graph
    from .project import World


class Checked:
    """One file after all checks. `imports` are the paths of every file that its result depends on."""

    __slots__ = ("facts", "imports", "modules", "name", "problems", "root", "said", "source")

    def __init__(self, unit: Unit, facts: Facts, imports: list[str], modules: dict[str, Facts]) -> None:
        self.source: Source = unit.source
        self.name: str = unit.name
        self.root: str = unit.root
        self.said = unit.problems  # for what a door finds later: it knows which warnings the file allows
        self.problems: list[Problem] = unit.problems.sorted()
        self.facts = facts
        self.imports = imports
        self.modules = modules  # the facts of this module and of all that it imports, by name


def check(sources: list[Source], world: World) -> list[Checked]:
    """Checks `sources` and what they import; returns those asked for, in the order given."""
    forget_types()
    interfaces: dict[Unit, Interface] = {}
    reached: dict[Unit, set[str]] = {}
    modules: dict[Unit, dict[str, Facts]] = {}
    checked: dict[Source, Checked] = {}
    for unit in load_units(sources, world):
        facts = _check_unit(unit, interfaces, world)
        interfaces[unit] = facts.interface
        paths = reached[unit] = set()
        known = modules[unit] = {unit.name: facts}
        for other in unit.imports.values():
            if other is not None:
                paths |= {other.source.path} | reached.get(other, set())
                known |= modules.get(other, {})
        if unit.asked:
            checked[unit.source] = Checked(unit, facts, sorted(paths), known)
    return [checked[source] for source in sources if source in checked]


def lowered(facts: Facts) -> list[Graph]:
    """The graphs of a module without errors, with frames: one for each version of each workflow."""
    from ..graph.verify import verify, verify_frames
    from ..lower import lower
    from ..lower.liveness import find_live

    graphs = lower(facts)
    for graph in graphs:
        verify(graph)
        find_live(graph)
        verify_frames(graph)
    return graphs


def _check_unit(unit: Unit, interfaces: dict[Unit, Interface], world: World) -> Facts:
    def find(name: str) -> Interface | None:
        other = unit.imports.get(name)
        return interfaces.get(other) if other is not None else None

    _broken_imports(unit)
    scope = resolve(unit.parsed, unit.name, find, unit.problems)
    facts = typecheck(scope)
    check_effects(scope, facts, lambda name: world.python(name, unit.root))
    report_unused(scope)
    if unit.asked and not unit.problems.has_errors:
        check_frames(facts, unit.problems, lambda: lowered(facts))
    return facts


def _broken_imports(unit: Unit) -> None:
    """RFT0214: an imported file that nobody asked about has errors. Its names are silent here, so this must not be."""
    for line in unit.parsed.module.imports:
        other = unit.imports.get(line.path.text)
        if other is None or other.asked or not other.problems.has_errors:
            continue
        errors = [problem for problem in other.problems.sorted() if problem.is_error]
        first = errors[0]
        path = other.source.path
        where = f"{path}:{other.source.line_of(first.primary.lo)}"
        unit.problems.add(
            "RFT0214",
            f"the module `{other.name}` has {len(errors)} error{'s' if len(errors) != 1 else ''} of its own",
            line.path,
            "what it offers may be incomplete",
            notes=[f"{where}  {first.code} {first.headline}"],
            helps=[f"check it too: `raftoral check {path}`"],
        )
