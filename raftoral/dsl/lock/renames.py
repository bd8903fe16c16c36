"""RFT0914: a slot that got another key, because a use of the same thing was added or removed before it.

    before:  reserve  charge          now:  charge  reserve  charge.2         the old `charge` is `charge.2` now

Which slot is which is told by their order: the two lists of slots are aligned, as lines of text are in a diff. Input:
an entry of the lock and a version as it stands now. Adds a warning; a label settles it.
"""

from __future__ import annotations

import re

from ..graph import Slot
from .describe import Standing
from .entries import Entry, Fact

COUNTED = re.compile(r"\.\d+$")
SLOTS_MAX = 500  # the work grows with the square; nobody reads a workflow with more


def check_renames(standing: Standing, before: Entry) -> None:
    """Says it for each slot of `standing` that `before` knew by another key."""
    old, new = before.slots, standing.graph.slots
    if len(old) > SLOTS_MAX or len(new) > SLOTS_MAX:
        return
    texts = [fact.text for fact in standing.entry.slots]
    for fact, slot in _renamed(old, new, texts):
        _report(standing, fact.name, slot)


def _renamed(old: list[Fact], new: list[Slot], texts: list[str]) -> list[tuple[Fact, Slot]]:
    crowded = _crowded([*(fact.name for fact in old)]) | _crowded([slot.key for slot in new])
    if not crowded:
        return []
    pairs = _aligned(old, new, texts)
    return [(fact, slot) for fact, slot in pairs if fact.name != slot.key and _base(slot.key) in crowded]


def _crowded(keys: list[str]) -> set[str]:
    """What several slots wait for."""
    return {_base(key) for key in keys if COUNTED.search(key)}


def _base(key: str) -> str:
    return COUNTED.sub("", key)


def _aligned(old: list[Fact], new: list[Slot], texts: list[str]) -> list[tuple[Fact, Slot]]:
    """The best way to pair slots in order; what else they say, then their keys, decide where the order does not."""

    def worth(i: int, j: int) -> int:
        fact, slot = old[i], new[j]
        if slot.labelled or _base(fact.name) != _base(slot.key):
            return 1110 if fact.name == slot.key else 0
        return 1000 + 100 * (fact.text == texts[j]) + 10 * (fact.name == slot.key)

    best = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            value = worth(i, j)
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + value if value else 0)
    pairs, i, j = [], 0, 0
    while i < len(old) and j < len(new):
        value = worth(i, j)
        if value and best[i][j] == best[i + 1][j + 1] + value:
            pairs.append((old[i], new[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _report(standing: Standing, key: str, slot: Slot) -> None:
    taker = next((other for other in standing.graph.slots if other.key == key), None)
    becomes = f"was `{key}`, and is `{slot.key}` now"
    notes = ["runs that rest there are found by the key of the slot"]
    if taker is None:
        standing.checked.said.add(
            "RFT0914",
            f"the slot `{key}` would be called `{slot.key}`",
            slot.node,
            becomes,
            notes=notes,
            helps=[
                f"one before it is gone; a label gives it a key of its own: `@{_base(key).replace('.', '_')}_again`"
            ],
        )
        return
    standing.checked.said.add(
        "RFT0914",
        f"the key `{key}` would go to another slot",
        taker.node,
        "new, and before the other: it takes the key",
        also=[(slot.node, becomes)],
        notes=notes,
        helps=[f"give the new one a label: `@{_base(key).rpartition('.')[2]}_first` before its statement"],
    )
