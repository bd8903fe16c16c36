"""Whose fault it is: two of the house's three kinds of fault (the third, `UsageError`, is public and stands in
`errors`).

    check(prev <= last, "an append ends where the log ends")     raises BrokenInvariant when it does not hold

A run that fails is none of them: that is a value.
"""

from __future__ import annotations


class BrokenInvariant(Exception):
    """We are wrong. Whoever catches it stops the part that raised it, and never goes on with it half-way."""


class PeerError(Exception):
    """A peer sent nonsense. Its link is dropped and the fault counted; nothing of the message had an effect."""


def check(cond: bool, why: str) -> None:
    """An invariant. It stays on in production: a stopped group is a smaller fault than a wrong one."""
    if not cond:
        raise BrokenInvariant(why)
