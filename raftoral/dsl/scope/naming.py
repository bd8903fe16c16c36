"""New names: how they are spelled (RFT0106), that they stand once (RFT0206), parameters in order."""

from __future__ import annotations

from .. import syntax as s
from ..facts.types import Field
from ..syntax import Token
from . import Scope
from .python_names import check_attribute
from .type_names import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def check_upper(scope: Scope, name: Token, kind: str) -> None:
    """UpperCamelCase for types, errors, variants and workflows."""
    text = name.text
    if "_" in text and text.isascii():
        better = "".join(part[:1].upper() + part[1:] for part in text.split("_"))
        _name_case(scope, name, f"{kind} names are written in UpperCamelCase", better)


# Words that begin an expression: such a field could be declared, but never be given by name.
NEVER_A_FIELD = frozenset(["if", "match", "some", "not", "true", "false", "none"])


def check_field(scope: Scope, name: Token, kind: str) -> None:
    """The name of a field or parameter: RFT0105 and 0106."""
    if name.text in NEVER_A_FIELD:
        scope.problems.add(
            "RFT0105",
            f"`{name.text}` is a word of the language and cannot be a name",
            name,
            "it begins an expression, so it could not be given by name",
            helps=[f"try `{name.text}_`, or a name that says what it holds"],
        )
        return
    check_lower(scope, name, kind)
    check_attribute(scope.problems, name, kind)


def check_lower(scope: Scope, name: Token, kind: str) -> None:
    """lower_snake_case for everything else."""
    text = name.text
    if not text.islower() and text.isascii() and text.strip("_0123456789"):
        better = "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(text))
        _name_case(scope, name, f"{kind} names are written in lower_snake_case", better.replace("__", "_"))


def _name_case(scope: Scope, name: Token, headline: str, better: str) -> None:
    scope.problems.add(
        "RFT0106",
        headline,
        name,
        f"rename it `{better}`",
        helps=["the case of a name tells the parser, and the reader, what kind of thing it is"],
    )


def declared_once(scope: Scope, known: dict[str, Any], name: Token, owner: str) -> None:
    """Says RFT0206 when `name` is already among `known`."""
    if name.text in known:
        first = known[name.text]
        node = first if isinstance(first, Token) else first.node
        node = getattr(node, "name", node)
        scope.problems.add(
            "RFT0206",
            f"`{name.text}` is declared twice in `{owner}`",
            name,
            "declared again",
            also=[(node, "first declared here")],
        )


def params_of(scope: Scope, params: list[s.Param], owner: str, kind: str) -> dict[str, Field]:
    """Parameters in order, with their types."""
    fields: dict[str, Field] = {}
    optional_from: s.Param | None = None
    for param in params:
        name = param.name.text
        declared_once(scope, fields, param.name, owner)
        check_field(scope, param.name, kind)
        if param.default is not None:
            optional_from = param
        elif optional_from is not None:
            scope.problems.add(
                "RFT0302",
                f"`{name}` has no default, and stands after one that has",
                param.name,
                "this one must always be given",
                also=[(optional_from.name, "this one may be left out")],
                helps=["put parameters with defaults last"],
            )
        fields.setdefault(name, Field(name, type_of(scope, param.type), param.default, param, name))
    return fields
