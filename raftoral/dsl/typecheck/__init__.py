"""Types, names in bodies, and whether control goes on: one walk over the tree of a module.

    typecheck(scope) -> Facts        problems go to `scope.problems`

Rooms: `context` (the state of the walk), `declarations`, `statements`, `effects`, `dag`, `policies`, `expressions`,
`operators`, `members`, `calls`, `methods`, `builtins`, `matching`, `patterns`, `narrowing`, and for the words
`names` and `mismatch`. They register their handlers by node class in `context`.
"""

from __future__ import annotations

from ..facts import Facts
from ..scope import Scope
from ..syntax import Node
from . import calls, dag, effects, expressions, matching, members, methods, operators, statements
from .context import TAKEN, Cx
from .declarations import check_constants, check_declaration, report_too_deep

HANDLERS = (calls, dag, effects, expressions, matching, members, methods, operators, statements)


def typecheck(scope: Scope) -> Facts:
    """Checks every declaration of the module. One that nests too deeply to follow is said to (RFT0116)."""
    facts = Facts(scope.parsed, scope.interface)
    facts.errors = scope.errors
    cx = Cx(scope, facts)
    for name, meaning in scope.interface.names.items():
        if name in TAKEN:
            _hides_builtin(scope, name, meaning.node)
    check_constants(cx)
    for decl in scope.parsed.module.decls:
        try:
            check_declaration(cx, decl)
            cx.finish()
        except RecursionError:
            report_too_deep(cx, decl)
    return facts


def _hides_builtin(scope: Scope, name: str, node: Node) -> None:
    scope.problems.add(
        "RFT0207",
        f"`{name}` already names something here",
        node,
        f"`{name}` is a function of the language",
        notes=["a name has one meaning in every module"],
        helps=["give this one a name of its own"],
    )
