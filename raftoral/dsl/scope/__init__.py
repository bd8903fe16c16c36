"""The names of one module: what it declares, what it imports, what every module has."""

from __future__ import annotations

from ..diagnostics import Problems
from ..facts import Interface
from ..facts.symbols import Meaning, ModuleAlias
from ..facts.types import INT, STR, ErrorType, Field
from ..source import Source
from ..syntax import Token, TypeName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..facts.types import Type
    from ..syntax import Parsed

_NOWHERE = Source("<built in>", "")


def _builtin_error(name: str, doc: str, **fields: Type) -> ErrorType:
    error = ErrorType(name, "", _NOWHERE, Token("TNAME", name, 0, 0), doc)
    error.builtin = True
    error.fields = {n: Field(n, t, None, error.node, n) for n, t in fields.items()}
    return error


# Errors that any effect may raise. They can be caught, and need not be declared.
ACTIVITY_FAILED = _builtin_error(
    "ActivityFailed",
    "Retries or the deadline ran out, or the activity raised something that it does not declare.",
    activity=STR,
    detail=STR,
    attempts=INT,
)
CANCELLED = _builtin_error("Cancelled", "Somebody cancelled this run.", reason=STR)
INTERRUPTED = _builtin_error(
    "Interrupted",
    "A node died during a call that is made at most once: whether it happened is not known.",
    activity=STR,
)
BUILTIN_ERRORS: dict[str, ErrorType] = {e.name: e for e in (ACTIVITY_FAILED, CANCELLED, INTERRUPTED)}


class Scope:
    """Looks up names at the top of a module, and remembers which imports were used."""

    __slots__ = ("errors", "imported", "interface", "names", "parsed", "problems", "used")

    def __init__(self, parsed: Parsed, interface: Interface, problems: Problems) -> None:
        self.parsed = parsed
        self.interface = interface
        self.problems = problems
        self.names: dict[str, Meaning] = dict(BUILTIN_ERRORS)
        self.imported: dict[str, Token] = {}
        self.used: set[str] = set()
        self.errors: dict[TypeName, ErrorType] = {}  # what a `raises`, `catch` or `except` names

    def find(self, name: str) -> Meaning | None:
        meaning = self.names.get(name)
        if meaning is not None and name in self.imported:
            self.used.add(name)
        return meaning

    def find_in(self, module: Token, name: Token) -> tuple[ModuleAlias | None, Meaning | None]:
        """`module.name` through an import under a name."""
        alias = self.find(module.text)
        if not isinstance(alias, ModuleAlias):
            return None, None
        alias.used = True
        return alias, alias.interface.names.get(name.text) if alias.interface else None

    def is_silent(self, name: str) -> bool:
        """Whether an unknown `name` was already reported, in this file or in one that it imports."""
        return name in self.parsed.poisoned or not name
