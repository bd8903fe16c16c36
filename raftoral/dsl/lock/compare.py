"""The lock against the text: what a released version was promised, and whether the lock is up to date.

    compare(lock, standings, checked) -> None       adds RFT0901, 0506, 0906 to 0909, 0913, and the warning 0914
    report_stale(lock, wanted, ...) -> Problem      RFT0911

Problems go to the file in which the change was made. Nothing here writes, and a draft may be anything.
"""

from __future__ import annotations

from ..diagnostics import LIKELY, Fix, Label, Problem
from ..source import Source
from ..syntax import ExternFn, Node
from .changes import differences, lock_changes
from .describe import Standing
from .digest import digest
from .entries import Entry, Lock
from .renames import check_renames
from .shared import Shared, Texts
from .text import FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..compile import Checked

CHANGES_MAX = 6


def compare(lock: Lock, standings: list[Standing], checked: list[Checked]) -> None:
    """Everything but whether the lock is up to date. `checked` are the modules that were looked at."""
    texts = Texts(checked)
    by_name: dict[str, list[Standing]] = {}
    for standing in standings:
        by_name.setdefault(standing.entry.name, []).append(standing)
    back = {name for name, versions in by_name.items() if _went_back(lock, versions)}
    changed: set[tuple[str, int]] = set()
    for entry in lock.entries:
        if entry.released and entry.name not in back and Shared(entry, texts).check(by_name.get(entry.name, [])):
            changed.add(entry.key)
    for standing in standings:
        entry = standing.entry
        if entry.name in back:
            continue
        before = lock.find(*entry.key)
        if before is not None and before.released:
            _check_externs(before, standing)
            if entry.key not in changed:
                _check_meaning(lock, before, standing, by_name[entry.name])
        else:
            _check_renames(lock, before, standing)


def _went_back(lock: Lock, versions: list[Standing]) -> bool:
    """RFT0909: the lock has a higher released version than the text."""
    newest = max(versions, key=lambda standing: standing.entry.version)
    released = lock.released(newest.entry.name)
    if not released or released[-1].version <= newest.entry.version:
        return False
    last = released[-1]
    token = newest.graph.decl.version
    newest.checked.said.add(
        "RFT0909",
        f"{FILE} has version {last.version} of `{newest.short}`; this is version {newest.entry.version}",
        token,
        f"version {last.version} was released on {last.released}",
        helps=[f"take the newer text, or go on with version {last.version + 1}"],
    )
    return True


def _check_meaning(lock: Lock, before: Entry, standing: Standing, versions: list[Standing]) -> None:
    """RFT0901: a released version says something else than on the day of its release."""
    entry, decl = standing.entry, standing.graph.decl
    if entry.meaning == before.meaning or digest(standing.graph, standing.modules, before) == before.meaning:
        return
    found = differences(before, entry)
    shown = found[:CHANGES_MAX]
    if len(found) > CHANGES_MAX:
        shown.append(f"and {len(found) - CHANGES_MAX} more")
    taken = [*(each.version for each in lock.versions(entry.name)), *(each.entry.version for each in versions)]
    unfinished = [
        v
        for v in (each.entry.version for each in versions)
        if v > entry.version and not _is_released(lock, entry.name, v)
    ]
    following = max(taken) + 1
    if unfinished:
        helps, fix = [f"put it back as it was, and make the change in version {min(unfinished)}"], None
    else:
        helps = [f"make it version {following}; version {entry.version} keeps running from its released module"]
        fix = Fix([(decl.version.lo, decl.version.hi, str(following))], LIKELY)
    standing.checked.said.add(
        "RFT0901",
        f"`{standing.short}` changed, but is still version {entry.version}",
        _version_words(standing),
        f"version {entry.version} was released on {before.released} ({FILE})",
        notes=["what changed since then:\n" + "\n".join(f"  {row}" for row in shown)],
        helps=helps,
        fix=fix,
    )


def _is_released(lock: Lock, name: str, version: int) -> bool:
    entry = lock.find(name, version)
    return entry is not None and bool(entry.released)


def _version_words(standing: Standing) -> Node:
    """`version 1` in the header."""
    decl = standing.graph.decl
    text = standing.checked.source.text
    lo = text.rfind("version", decl.name.hi, decl.version.lo)
    return Node(lo if lo >= 0 else decl.version.lo, decl.version.hi)


def _check_externs(before: Entry, standing: Standing) -> None:
    """RFT0506: Python that a released version computes with is not what it was."""
    pinned = before.of("extern")
    for name, now in standing.entry.of("extern").items():
        was = pinned.get(name, now)
        if was == now or "trusted" in (was, now):
            continue
        function = standing.reached.externs[name]
        assert isinstance(function.decl, ExternFn)
        said = f"`{name}` changed since {standing.short} version {before.version} was released"
        notes = [f"its source is pinned in {FILE}: two nodes with different code would disagree"]
        helps = [f"make it another version, or, if the results are the same: `raftoral lock --accept {name}`"]
        at = function.decl.name
        if function.source is standing.checked.source:
            standing.checked.said.add("RFT0506", said, at, "declared here", notes=notes, helps=helps)
        else:
            elsewhere = [Label(function.source, at.lo, at.hi, "declared here")]
            standing.checked.said.add("RFT0506", said, _version_words(standing), "released", elsewhere=elsewhere,
                                      notes=notes, helps=helps)  # fmt: skip


def _check_renames(lock: Lock, draft: Entry | None, standing: Standing) -> None:
    """RFT0914, against the last released version, or else what the draft was when the lock was written."""
    released = [e for e in lock.released(standing.entry.name) if e.version < standing.entry.version]
    before = released[-1] if released else draft
    if before is not None:
        check_renames(standing, before)


def report_stale(lock: Lock | None, wanted: Lock, standings: list[Standing], source: Source) -> Problem | None:
    """RFT0911: the lock is not what `raftoral lock` would write. `source` is its text."""
    rows = lock_changes(lock or Lock(), wanted)
    if not rows:
        return None
    shown = rows[:CHANGES_MAX]
    if len(rows) > CHANGES_MAX:
        shown.append(f"and {len(rows) - CHANGES_MAX} more lines")
    headline = f"{FILE} is out of date" if lock is not None else f"there is no {FILE}"
    label = Label(source, 0, len(FILE), "not what it should be")
    for standing in standings:
        before = lock.find(*standing.entry.key) if lock is not None else None
        after = wanted.find(*standing.entry.key)
        if before is None or after is None or before.said != after.said:
            words = _version_words(standing)
            text = "not in it yet" if before is None else "changed since it was written"
            label = Label(standing.checked.source, words.lo, words.hi, text)
            break
    notes = ["`raftoral lock` would write:\n" + "\n".join(f"  {row}" for row in shown)]
    return Problem("RFT0911", headline, [label], notes, ["run `raftoral lock`, and commit the file"], None)
