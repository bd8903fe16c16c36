"""Types and values as words of the lock: no blank within one, so that a line falls apart at its blanks.

    spell_type(map_of(STR, DECIMAL)) -> "map[str,decimal]"       spell_field(...) -> `currency:str="EUR"`

Names of other modules carry their path, names of `home` do not. Input: types, fields, syntax. Changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left

from ..facts import Facts
from ..facts.symbols import HandleType
from ..facts.types import (
    Declared,
    Field,
    ListType,
    MapType,
    OneOf,
    OptionalType,
    OutcomeType,
    TupleType,
    Type,
)
from ..syntax import Node

PLAIN = re.compile(r'[\w.+-]{1,30}|"[\w.:/+-]{0,30}"|\[\]|\{\}', re.ASCII)
NO_BLANK_AROUND = frozenset([".", "..", "(", ")", "[", "]", "{", "}", ",", ":", "=", "?", "?."])


def spell_type(type: Type, home: str = "") -> str:
    """A type without blanks."""
    if isinstance(type, Declared):
        return named(type.module, type.name, home)
    if isinstance(type, ListType):
        return f"list[{spell_type(type.item, home)}]"
    if isinstance(type, MapType):
        return f"map[{spell_type(type.key, home)},{spell_type(type.value, home)}]"
    if isinstance(type, OptionalType):
        return spell_type(type.inner, home) + "?"
    if isinstance(type, TupleType):
        return "(" + ",".join(spell_type(item, home) for item in type.items) + ")"
    if isinstance(type, OutcomeType):
        return f"outcome[{spell_type(type.item, home)}]"
    if isinstance(type, OneOf):
        return "|".join(sorted(spell_type(error, home) for error in type.errors))
    if isinstance(type, HandleType):
        return f"handle[{named(type.workflow.module, type.workflow.name, home)}]"
    return type.name


def named(module: str, name: str, home: str = "") -> str:
    """`Order` at home, `shop.orders.Order` elsewhere; what is built in has no module."""
    return name if module in ("", home) else f"{module}.{name}"


def spell_field(facts: Facts | None, field: Field, name: str, home: str) -> str:
    """`qty:int=1`: a field of a type, or a parameter. `facts` are those of the module that declares it."""
    default = ""
    if field.default is not None:
        said = spell_code(facts, field.default) if facts is not None else "?"
        # Others than short plain ones are told apart by their hash alone: a line is split at blanks and commas.
        shown = said if PLAIN.fullmatch(said) else "~" + hashlib.sha256(said.encode()).hexdigest()[:8]
        default = f"={shown}"
    return f"{name}:{spell_type(field.type, home)}{default}"


def spell_code(facts: Facts, node: Node) -> str:
    """Source text as its tokens, so that layout and comments do not show; on one line."""
    tokens = facts.parsed.tokens
    first = bisect_left(tokens, node.lo, key=lambda token: token.lo)
    text, before = "", ""
    for token in tokens[first:]:
        if token.lo >= node.hi:
            break
        blank = "" if not text or before in NO_BLANK_AROUND or token.text in NO_BLANK_AROUND else " "
        text += blank + token.text.replace("\n", "\\n")
        before = token.text
    return text
