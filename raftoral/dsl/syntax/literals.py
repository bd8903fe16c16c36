"""The values of literal numbers, for checks that compare constants."""

from __future__ import annotations

from decimal import Decimal

from .expressions import Expr, Number, Unary
from .statements import Policy


def number_value(node: Expr) -> Decimal | None:
    """The value of a literal number (a duration in milliseconds), for checks that compare constants."""
    if isinstance(node, Unary) and node.op == "-":
        inner = number_value(node.operand)
        return -inner if inner is not None else None
    if not isinstance(node, Number) or node.token.type == "SIZE":
        return None
    text = node.token.text.replace("_", "")
    if node.token.type == "DURATION":
        ms = duration_ms(text)
        return Decimal(ms) if ms is not None else None
    return Decimal(text) if text[:1].isdigit() and len(text) < 400 else None


_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


DIGITS_MAX = 18  # more milliseconds than the age of the universe; and Python refuses to read very long numbers


def duration_ms(text: str) -> int | None:
    """`1h30m` -> 5,400,000; None when it is not a duration."""
    total, digits, unit = 0, "", ""
    for char in text + "\0":
        if unit and (char.isdigit() or char == "\0"):
            if unit not in _UNIT_MS or not digits:
                return None
            if len(digits) > DIGITS_MAX:
                return None
            total += int(digits) * _UNIT_MS[unit]
            digits, unit = "", ""
        if char.isdigit():
            digits += char
        else:
            unit += char
    return total


def policy_ms(seen: dict[str, Policy], name: str) -> Decimal | None:
    """A policy's duration in milliseconds, when it is a literal."""
    policy = seen.get(name)
    if policy is None or not isinstance(policy.value, Number) or policy.value.token.type != "DURATION":
        return None
    return number_value(policy.value)
