"""The lock as it should be: drafts follow the text, released entries stay, and slots keep their numbers.

    update(lock, standings, modules) -> Lock        release(lock, keys, day) -> Lock

A number is given once per key of a workflow and never again, whatever becomes of the slot: stored runs know it. The
next number is one above the highest ever given. Pure: the same text and the same lock give the same lock.
"""

from __future__ import annotations

from ...errors import UsageError
from .describe import Standing
from .entries import Entry, Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection


def update(lock: Lock, standings: list[Standing], modules: Collection[str] | None) -> Lock:
    """The lock for a text. `modules` are those that were looked at; None: there are no others."""
    _check_unique(standings)
    kept = [entry for entry in lock.entries if entry.released or not _was_looked_at(entry, modules)]
    have = {entry.key for entry in kept}
    numbers = {name: lock.numbers(name) for name in {entry.name for entry in lock.entries}}
    for standing in sorted(standings, key=lambda each: each.entry.key):
        entry = standing.entry
        known = numbers.setdefault(entry.name, {})
        if entry.key not in have:
            draft = entry.numbered(_give(known, [slot.name for slot in entry.slots]))
            before = lock.find(*entry.key)
            if before is not None and before.meaning == draft.meaning:
                draft.module = before.module
            kept.append(draft)
    names = {entry.name for entry in kept}
    used = {(entry.name, slot.name) for entry in kept for slot in entry.slots}
    gone = {(name, key): n for name in names for key, n in numbers[name].items() if (name, key) not in used}
    return Lock(kept, gone)


def _was_looked_at(entry: Entry, modules: Collection[str] | None) -> bool:
    return modules is None or entry.name.rpartition(".")[0] in modules


def _give(known: dict[str, int], keys: list[str]) -> dict[str, int]:
    """The numbers of `keys`; new ones are noted in `known`."""
    for key in keys:
        if key not in known:
            known[key] = max(known.values(), default=0) + 1
    return known


def _check_unique(standings: list[Standing]) -> None:
    seen: dict[tuple[str, int], str] = {}
    for standing in standings:
        path = standing.checked.source.path
        other = seen.setdefault(standing.entry.key, path)
        if other != path:
            raise UsageError(
                f"{other} and {path} both declare {standing.entry.title}: a lock tells workflows apart by their"
                " modules, so give each file a `module` line that says where it stands"
            )


def release(lock: Lock, keys: Collection[tuple[str, int]], day: str) -> Lock:
    """The same with some drafts released on `day`."""
    return Lock([e.released_on(day) if e.key in keys and not e.released else e for e in lock.entries], lock.gone)


def accept(lock: Lock, name: str, standings: list[Standing]) -> Lock:
    """The same with the hash that the extern function `name` has now, in every entry that pins another."""
    hashes = {standing.entry.of("extern")[name] for standing in standings if name in standing.entry.of("extern")}
    if not hashes:
        externs = sorted({each for standing in standings for each in standing.entry.of("extern")})
        known = f"; there are {', '.join(externs)}" if externs else ""
        raise UsageError(f"no workflow here uses an extern function {name!r}{known}")
    (hash,) = hashes
    return Lock([entry.accepted(name, hash) for entry in lock.entries], lock.gone)
