"""Which group a run belongs to: a function of its id and of the groups that there are.

    home("order-17", [1, 2, 3]) == 2        and so is that of "order-17/Pay.3", which it started

Every node comes to the same, without asking. A group that is added takes its share of ids from all others, and no id
goes from one of the others to another (rendezvous hashing).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import accumulate

_ROOT = re.compile(r"[^/~]+")


def home(id: str, groups: Iterable[int]) -> int:
    """The group in which a run is started. Children live where their parents do, whatever their ids."""
    return max(_weights(id, groups))[1]


def homes(id: str, groups: Iterable[int]) -> list[int]:
    """The groups in which a run would have been started when there were fewer of them, and is now: in their order."""
    return [group for _, group in dict.fromkeys(accumulate(_weights(id, groups), max))]


def _weights(id: str, groups: Iterable[int]) -> Iterator[tuple[bytes, int]]:
    found = _ROOT.match(id)
    root = found.group() if found is not None else id
    return ((hashlib.blake2b(f"{group}:{root}".encode(), digest_size=8).digest(), group) for group in groups)
