"""Did you mean ...? Names that are one or two slips away. Deterministic; knows nothing of what names stand for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def closest(word: str, names: Iterable[str]) -> str | None:
    """The name that was most likely meant, or None when nothing is near."""
    limit = 1 if len(word) <= 4 else 2 if len(word) <= 8 else 3
    best: tuple[int, str] | None = None
    for name in names:
        if abs(len(name) - len(word)) > limit or not name:
            continue
        distance = slips(word.lower(), name.lower(), limit)
        if distance <= limit and distance < len(name) and (best is None or (distance, name) < best):
            best = (distance, name)
    return best[1] if best else None


def slips(one: str, two: str, limit: int) -> int:
    """Letters to insert, drop, change or swap between neighbours; anything above `limit` is `limit + 1`."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, b in enumerate(two, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]
