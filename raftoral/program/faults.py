"""Faults: what stops a transition because the workflow has a bug. Not errors: no `.rft` program can catch them.

A fault discards the transition; the run stays at its slot, and an operator reads `code` and `message`. Both are stored,
and every node must store the same, so they are our own words: Python's differ between versions.

    Overflow().message == "an int left its 64 bits"
    Misfit("a decimal was expected").inside("price").inside(0).inside("items").message
        == "items[0].price: a decimal was expected"

In: what went wrong, perhaps as an exception of Python (`fault_of`). Out: a `Fault`. Never a text of Python's.
"""

from __future__ import annotations

import decimal
from typing import ClassVar, Self

_PLACE_MAX = 100  # characters of a path; a reader needs its end


class Fault(Exception):
    """The base of all faults. `code` is stable and for programs, `message` is for people."""

    code: ClassVar[str] = "fault"
    usual: ClassVar[str] = "the workflow cannot go on"

    def __init__(self, what: str = "") -> None:
        super().__init__()
        self.what = what or self.usual
        self.where = ""

    @property
    def message(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what

    def inside(self, part: str | int) -> Self:
        """The same fault, seen from a value in which it happened to `part`: a field's name, or a position."""
        if len(self.where) < _PLACE_MAX:
            before = f"[{part}]" if isinstance(part, int) else part
            dot = "." if self.where and not self.where.startswith("[") else ""
            self.where = before + dot + self.where
        elif not self.where.startswith("…"):
            self.where = "…" + self.where
        return self

    def __str__(self) -> str:
        return self.message

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.message == str(other)

    def __hash__(self) -> int:
        return hash((self.code, self.message))


class Overflow(Fault):
    """A number, a duration or a timestamp outside of its type."""

    code = "overflow"
    usual = "an int left its 64 bits"


class DivisionByZero(Fault):
    code = "division-by-zero"
    usual = "division by zero"


class NotFinite(Fault):
    """A float that is infinite or no number."""

    code = "not-finite"
    usual = "a float is infinite or not a number"


class OutOfRange(Fault):
    """An argument for which a function of the language has no answer."""

    code = "out-of-range"
    usual = "an argument is out of range"


class NothingThere(Fault):
    """`x!` where `x` is none."""

    code = "nothing-there"
    usual = "a value was asserted with `!`, and it is none"


class AssertionFailed(Fault):
    """`assert condition, "why"`; the message is the author's."""

    code = "assertion-failed"
    usual = "an assertion does not hold"


class StepBudget(Fault):
    """A transition that does more than it may. Steps are counted, not timed: every node stops at the same one."""

    code = "step-budget"
    usual = "the transition took more steps than it may"


class TooLarge(Fault):
    """A value, frame or nesting above its bound."""

    code = "too-large"
    usual = "a value is larger than it may be"


class Misfit(Fault):
    """A value, or stored bytes, that do not have the type that they should have."""

    code = "misfit"
    usual = "a value does not fit its type"


class ContextChanged(Fault):
    """An extern function changed the decimal context of the transition."""

    code = "context-changed"
    usual = "an extern function changed the decimal context"


class Crashed(Fault):
    """An exception that no rule of the language explains: from an extern function, or from our own bug.

    Its text is Python's, so only the name of its type is kept here; the traceback goes to the node's log.
    """

    code = "crashed"
    usual = "an exception that the language does not know"


def fault_of(error: BaseException) -> Fault:
    """The fault that stands for an exception out of generated code.

    Generated code uses Python's own operators where they are as fast as they are safe; what they raise becomes a fault
    here. What says something about this machine, and nothing about the program, is raised again: out of memory, Ctrl-C.
    """
    if isinstance(error, Fault):
        return error
    if isinstance(error, MemoryError) or not isinstance(error, Exception):
        raise error
    if isinstance(error, ZeroDivisionError) or _is_zero_by_zero(error):
        return DivisionByZero()
    if isinstance(error, decimal.Overflow):
        return Overflow("a decimal has more digits before its point than it may")
    if isinstance(error, decimal.DecimalException):
        return OutOfRange("an operation on decimals has no result")
    if isinstance(error, OverflowError):
        return Overflow("a duration or a timestamp left its range")
    if isinstance(error, KeyError):
        return OutOfRange("a map has no such key")
    if isinstance(error, RecursionError):
        return TooLarge("a value is nested too deeply")
    return Crashed(f"{type(error).__name__} was raised")


def _is_zero_by_zero(error: Exception) -> bool:
    """`Decimal(0) / 0` raises InvalidOperation and says in its arguments that it was a division."""
    if not isinstance(error, decimal.InvalidOperation) or not error.args:
        return False
    signals = error.args[0]
    return isinstance(signals, list) and decimal.DivisionUndefined in signals


def check(condition: bool, why: str = "") -> None:
    """`assert condition, "why"`."""
    if not condition:
        raise AssertionFailed(why)
