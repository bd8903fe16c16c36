"""Little languages inside Python's strings: patterns of `re`, codes of `strftime`, format specifications.

Each function gives the reason why such a text is not the same everywhere, or nothing.
"""

from __future__ import annotations

import ast

from .allowed import DATE_CODES, LOCALE, PATTERNS, UNICODE
from .values import Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

UNICODE_CLASSES = "wWdDbB"
NOT_WRITTEN = "this pattern cannot be read from the source: add re.ASCII"


def pattern_fault(values: Values, call: ast.Call, function: str) -> str:
    """`call` is of `re.function`: without re.ASCII, `\\w`, `\\d`, `\\b` and ignored case follow Unicode tables."""
    flags = [key.value for key in call.keywords if key.arg == "flags"]
    flags += call.args[PATTERNS[function] : PATTERNS[function] + 1]
    words = {_last(node) for flag in flags for node in ast.walk(flag)}
    if words & {"A", "ASCII"}:
        return ""
    patterns = [key.value for key in call.keywords if key.arg == "pattern"] or call.args[:1]
    if not patterns:
        return ""
    if isinstance(patterns[0], ast.Name) and isinstance(values.constant(patterns[0].id), ast.Call):
        return ""  # a compiled pattern, which is read where it is made
    text = values.text(patterns[0])
    if text is None:
        return NOT_WRITTEN
    if isinstance(text, bytes) or _inline(text, "a"):
        return ""
    if words & {"I", "IGNORECASE"} or _inline(text, "i"):
        return f"{UNICODE}: add re.ASCII"
    found = _unicode_class(text)
    return f"`\\{found}`: {UNICODE}; add re.ASCII" if found else ""


def _last(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _inline(pattern: str, flag: str) -> bool:
    """Whether the pattern begins with `(?ai)` or the like."""
    head, end, _ = pattern.partition(")")
    return bool(end) and head.startswith("(?") and head[2:].isalpha() and flag in head[2:]


def _unicode_class(pattern: str) -> str:
    at = pattern.find("\\")
    while 0 <= at < len(pattern) - 1:
        if pattern[at + 1] in UNICODE_CLASSES:
            return pattern[at + 1]
        at = pattern.find("\\", at + 2)
    return ""


def date_codes(arguments: Sequence[ast.expr]) -> str:
    """Why the format given to `strftime` or `strptime` is not the same everywhere."""
    form = arguments[0] if arguments else None
    if not isinstance(form, ast.Constant) or not isinstance(form.value, str):
        return LOCALE
    return "" if _codes(form.value) <= DATE_CODES else LOCALE


def _codes(text: str) -> set[str]:
    """The letters after `%`."""
    return {part[0] for part in text.replace("%%", "").split("%")[1:] if part}


def number_format(spec: ast.expr | None) -> str:
    """Why a format specification, as in `f"{x:n}"`, is not the same everywhere."""
    parts = spec.values if isinstance(spec, ast.JoinedStr) else [spec]
    text = "".join(p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str))
    codes = {code for code in _codes(text) if code.isalpha()}
    return LOCALE if (text.endswith("n") and not codes) or not codes <= DATE_CODES else ""
