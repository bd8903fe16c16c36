"""What two entries, or two locks, say differently, in words.

    differences(released, now) -> ["+ slot `score_fraud`, between `reserve_stock` and `charge_card`", ...]

Input: entries. Output: lines, the weightiest first: slots, frames, then what others see, then what it calls.
"""

from __future__ import annotations

from .entries import SLOT, UNNAMED, WORDS, Entry, Fact, Lock

VALUE_MAX = 48


def differences(old: Entry, new: Entry) -> list[str]:
    """What is different in `new`; a slot without a number is not asked for one."""
    found = [*_added(old, new), *_removed(old, new), *_reordered(old, new)]
    now = {fact.key: fact for fact in new.facts}
    for before in old.facts:
        after = now.get(before.key)
        if after is not None and before.word == SLOT:
            found += _slot(before, after)
    for word in WORDS:
        if word != SLOT:
            found += _others(word, old, new)
    if not found and old.meaning != new.meaning:
        found.append("~ what it computes between its slots")
    return found


def _added(old: Entry, new: Entry) -> list[str]:
    keys = [slot.name for slot in new.slots]
    known = {slot.name for slot in old.slots}
    return [f"+ slot `{key}`{_place(keys, at, known)}" for at, key in enumerate(keys) if key not in known]


def _place(keys: list[str], at: int, known: set[str]) -> str:
    """Between which old slots a new one stands."""
    before = next((key for key in reversed(keys[:at]) if key in known), None)
    after = next((key for key in keys[at + 1 :] if key in known), None)
    if before and after:
        return f", between `{before}` and `{after}`"
    return f", after `{before}`" if before else f", before `{after}`" if after else ""


def _removed(old: Entry, new: Entry) -> list[str]:
    keys = {slot.name for slot in new.slots}
    return [f"- slot `{slot.name}`" for slot in old.slots if slot.name not in keys]


def _reordered(old: Entry, new: Entry) -> list[str]:
    before = [slot.name for slot in old.slots]
    after = [slot.name for slot in new.slots]
    stayed, moved = [key for key in before if key in after], [key for key in after if key in before]
    if stayed == moved:
        return []
    first = next(two for one, two in zip(stayed, moved, strict=True) if one != two)
    return [f"~ slot `{first}` stands elsewhere"]


def _slot(old: Fact, new: Fact) -> list[str]:
    found = []
    if old.number != new.number and new.number:
        found.append(f"~ slot `{old.name}`: number {old.number} → {new.number}")
    (what, scopes, frame), (what_now, scopes_now, frame_now) = _parts(old.text), _parts(new.text)
    if what != what_now:
        found.append(f"~ slot `{old.name}`: {_arrow(what, what_now)}")
    if scopes != scopes_now:
        found.append(f"~ slot `{old.name}`: in {_arrow(scopes, scopes_now)}")
    if frame != frame_now:
        signs = [f"+ {name}" for name in frame_now if name not in frame and name != "-"]
        signs += [f"- {name}" for name in frame if name not in frame_now and name != "-"]
        found.append(f"~ frame at `{old.name}`: {', '.join(signs) or 'in another order'}")
    return found


def _parts(text: str) -> tuple[str, str, list[str]]:
    head, _, frame = text.partition(" frame ")
    what, _, scopes = head.rpartition(" in ")
    return what, scopes, frame.split(" ")


def _arrow(old: str, new: str) -> str:
    return f"{_short(old)} → {_short(new)}"


def _short(text: str) -> str:
    return text if len(text) <= VALUE_MAX else text[: VALUE_MAX - 1].rstrip() + "…"


def _others(word: str, old: Entry, new: Entry) -> list[str]:
    before, after = old.of(word), new.of(word)
    found = []
    for name in [*before, *(name for name in after if name not in before)]:
        said = word if word in UNNAMED else f"{word} `{name}`"
        if word == "policy":
            activity, _, policy = name.rpartition(".")
            if (activity in old.of("activity")) != (activity in new.of("activity")):
                continue  # it came or went with its policies
            said = f"{policy} of `{activity}`"
        if name not in after:
            found.append(f"- {said}")
        elif name not in before:
            found.append(f"+ {said}: {_short(after[name])}")
        elif before[name] != after[name]:
            change = "other Python" if word == "extern" else _arrow(before[name], after[name])
            found.append(f"~ {said}: {change}")
    return found


def lock_changes(old: Lock, new: Lock) -> list[str]:
    """What a new lock says differently, entry by entry."""
    rows = []
    before = {entry.key: entry for entry in old.entries}
    after = {entry.key: entry for entry in new.entries}
    for key in sorted({*before, *after}):
        if key not in before:
            entry = after[key]
            rows.append(f"+ {entry.title}  {_state(entry)}, {_count(len(entry.slots))}")
        elif key not in after:
            rows.append(f"- {before[key].title}  {_state(before[key])}")
        elif before[key].said != after[key].said:
            state = "" if before[key].released == after[key].released else f"  {_state(after[key])}"
            rows.append(f"~ {after[key].title}{state}")
            rows += [f"    {row}" for row in differences(before[key], after[key])]
    if not rows and (old.gone != new.gone):
        rows.append("~ numbers of slots that are gone")
    return rows


def _state(entry: Entry) -> str:
    return f"released {entry.released}" if entry.released else "draft"


def _count(slots: int) -> str:
    return f"{slots} slot{'' if slots == 1 else 's'}"
