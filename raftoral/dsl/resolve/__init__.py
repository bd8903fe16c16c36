"""Names at the top of a module -> symbols; type expressions -> types.

    resolve(parsed, name, find, problems) -> Scope      with the interface that others import

Rooms: `modules` (which files, in which order), `imports`, `declare` (symbols and headers), `type_names`, `endless`
(RFT0211), `python_names` (RFT0212), `scope`. Names inside bodies are `typecheck`'s.
"""

from __future__ import annotations

from ..diagnostics import Problems
from ..facts import Interface
from ..scope import Scope
from ..syntax import Parsed
from .declare import declare_headers, declare_names
from .endless import report_endless
from .imports import bring_imports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .imports import Find


def resolve(parsed: Parsed, name: str, find: Find, problems: Problems) -> Scope:
    """The scope of one module; all that it declares stands in `scope.interface`."""
    interface = Interface(name, problems.source)
    scope = Scope(parsed, interface, problems)
    bring_imports(scope, find)
    declare_names(scope)
    declare_headers(scope)
    report_endless(scope)
    interface.broken = bool(parsed.holes)
    return scope
