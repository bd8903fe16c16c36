"""`import` lines -> names in scope; afterwards, which of them nobody used."""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics import LIKELY, SAFE, Fix
from ..diagnostics.spelling import closest
from ..facts import Interface
from ..facts.symbols import ModuleAlias
from ..scope import Scope
from ..syntax import Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Find = Callable[[str], Interface | None]


def bring_imports(scope: Scope, find: Find) -> None:
    """Enters what the module imports. `find` gives a module's interface, None when it was reported as missing."""
    for line in scope.parsed.module.imports:
        interface = find(line.path.text)
        if line.names is None and line.alias is None:
            _says_nothing(scope, line)
        if line.alias is not None:
            _enter(scope, line.alias, ModuleAlias(line.alias.text, line.alias, interface))
        for taken in line.names or ():
            name = taken.alias or taken.name
            meaning = interface.names.get(taken.name.text) if interface else None
            if isinstance(meaning, ModuleAlias):
                meaning = None
            if meaning is None:
                scope.parsed.poisoned.add(name.text)
                if interface is not None and not interface.broken:
                    _not_there(scope, taken.name, interface)
            else:
                _enter(scope, name, meaning)


def _enter(scope: Scope, name: Token, meaning: object) -> None:
    if name.text in scope.names:
        first = scope.imported.get(name.text)
        scope.problems.add(
            "RFT0206",
            f"`{name.text}` is declared twice in this module",
            name,
            "imported again" if first else "this name is taken in every module",
            also=[(first, "first imported here")] if first else [],
            helps=[f"import it under another name: `{name.text} as ...`"],
        )
        return
    scope.names[name.text] = meaning  # type: ignore[assignment]
    scope.imported[name.text] = name


def _says_nothing(scope: Scope, line: s.Import) -> None:
    last = line.path.parts[-1].text
    scope.problems.add(
        "RFT0103",
        "this import does not say what to take",
        line,
        "nothing would come into scope",
        helps=[
            f"name what you need: `import {line.path.text} {{ Name }}`",
            f"or bind the module: `import {line.path.text} as {last}`",
        ],
    )


def _not_there(scope: Scope, name: Token, interface: Interface) -> None:
    upper = name.text[:1].isupper()
    near = closest(name.text, sorted(n for n in interface.names if n[:1].isupper() == upper))
    helps = [f"did you mean `{near}`?"] if near else []
    if not helps and interface.names:
        same = sorted(n for n in interface.names if n[:1].isupper() == upper)
        if same:
            helps = ["it has " + ", ".join(same[:8]) + (", ..." if len(same) > 8 else "")]
    if upper:
        headline = f"`{interface.module}` has no type called `{name.text}`"
    else:
        headline = f"`{interface.module}` has nothing called `{name.text}`"
    scope.problems.add("RFT0202" if upper else "RFT0201", headline, name, "not declared there", helps=helps)


def _without(scope: Scope, token: Token) -> Fix:
    """Takes the name out of its import, or the import out of the file when nothing else is in it."""
    text = scope.problems.source.text
    line = next(line for line in scope.parsed.module.imports if line.lo <= token.lo < line.hi)
    taken = line.names or []
    if len(taken) + (line.alias is not None) == 1:
        end = line.hi + 1 if text.startswith("\n", line.hi) else line.hi
        return Fix([(line.lo, end, "")], SAFE)
    for position, item in enumerate(taken):
        if item.lo <= token.lo < item.hi:
            following = taken[position + 1].lo if position + 1 < len(taken) else item.hi
            start = taken[position - 1].hi if position + 1 == len(taken) and position else item.lo
            return Fix([(start, following, "")], SAFE)
    return Fix([(taken[-1].hi, line.hi, " }")], LIKELY)  # the alias of an import that also takes names


def report_unused(scope: Scope) -> None:
    """RFT0208, unless part of the file could not be read: the use may have stood there."""
    if scope.parsed.holes:
        return
    for name, token in scope.imported.items():
        meaning = scope.names[name]
        used = meaning.used if isinstance(meaning, ModuleAlias) else name in scope.used
        if not used:
            scope.problems.add(
                "RFT0208",
                f"`{name}` is imported but not used",
                token,
                "never mentioned below",
                helps=["remove it"],
                fix=_without(scope, token),
            )
