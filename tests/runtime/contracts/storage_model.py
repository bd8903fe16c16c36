"""What a store should hold, as plain dicts, and makers of rows, steps and random changes.

The model says by itself what the port means: it shares no code with any store.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from raftoral.runtime.ports import LIVE, Changes, Query, Row, Step, Storage

ENDS = ("cancelled", "completed", "continued", "failed", "terminated")


def row(id: str, seq: int, status: str = "running", **fields: Any) -> Row:
    """A row of a run; what a test does not name has some value that is no default anywhere."""
    live = status in LIVE
    common = Row(
        *(id, seq, f"{id}/{seq}", "order", 1, "d41d8c", status, None, 1_000 + seq, 2_000 + seq),
        *(None if live else 3_000 + seq, "{}", b"[1]", "{}", b"frame" if live else b"", None, None, None),
    )
    return common._replace(**fields)


def step(
    id: str, status: str = "running", updated: int = 9_000, checkpoints: str = "{}", body: bytes = b"next"
) -> Step:
    return Step(status, updated, checkpoints, body, id)


def changes(*rows: Row, steps: tuple[Step, ...] = (), **others: Any) -> Changes:
    """Changes from rows and steps, which know their ids."""
    return Changes(rows={each.id: each for each in rows}, steps={each.id: each for each in steps}, **others)


@dataclass
class Model:
    """All that a store holds."""

    rows: dict[str, Row] = field(default_factory=dict)
    pieces: dict[str, dict[str, bytes]] = field(default_factory=dict)
    meta: dict[str, bytes] = field(default_factory=dict)

    def commit(self, given: Changes) -> bool:
        """False, and nothing changed, when the changes are none that a store takes."""
        rows = {id: each for id, each in self.rows.items() if id not in given.deleted}
        pieces = {id: dict(each) for id, each in self.pieces.items() if id not in given.deleted}
        for each in given.rows.values():
            rows[each.id] = each if each.status in LIVE else each._replace(body=b"")
            if each.status not in LIVE:
                pieces.pop(each.id, None)
        for change in given.steps.values():
            old = rows.get(change.id)
            if old is None or old.status not in LIVE or change.status not in LIVE:
                return False
            rows[change.id] = old._replace(**change._asdict())
        for (id, key), value in given.pieces.items():
            if id in rows and rows[id].status in LIVE:
                of_run = pieces.setdefault(id, {})
                of_run.pop(key, None)
                if value is not None:
                    of_run[key] = value
        self.rows, self.pieces, self.meta = rows, pieces, self.meta | given.meta
        return True

    def assert_is(self, store: Storage, ids: tuple[str, ...] = ()) -> None:
        """Compares by every way in which a store can be asked."""
        newest_first = sorted(self.rows.values(), key=lambda each: -each.seq)
        assert store.rows(Query(limit=1_000_000)) == newest_first
        assert store.count(Query()) == len(newest_first)
        live = [each for each in reversed(newest_first) if each.status in LIVE]
        assert list(store.live()) == [(each, self.pieces.get(each.id, {})) for each in live]
        assert store.meta() == self.meta
        for id in {*ids, *self.rows}:
            assert store.row(id) == self.rows.get(id)
            assert store.pieces(id) == self.pieces.get(id, {})

    def matching(self, query: Query) -> list[Row]:
        """What a list shows, without its limit: each condition takes away what does not fit."""
        found = sorted(self.rows.values(), key=lambda each: -each.seq)
        for name in ("workflow", "version", "parent"):
            wanted = getattr(query, name)
            found = [each for each in found if wanted is None or getattr(each, name) == wanted]
        if query.statuses:
            found = [each for each in found if each.status in query.statuses]
        if query.prefix is not None:
            found = [each for each in found if each.id[: len(query.prefix)] == query.prefix]
        for name, text in query.where.items():
            found = [each for each in found if f'"{name}":{text}' in each.checkpoints]
        for name, text in query.tags.items():
            found = [each for each in found if f'"{name}":"{text}"' in each.tags]
        first = -1 if query.since is None else query.since
        last = 1 << 60 if query.until is None else query.until - 1
        before = 1 << 60 if query.before is None else query.before
        return [each for each in found if first <= each.created <= last and each.seq < before]


def content(store: Storage) -> Model:
    """All that a store says it holds."""
    rows = {each.id: each for each in store.rows(Query(limit=1_000_000))}
    pieces = {id: found for id in rows if (found := store.pieces(id))}
    return Model(rows, pieces, store.meta())


# --- random changes ------------------------------------------------------------------------------------------------

IDS = ("a", "b", "order-1", "order-2", "ünïcode 😀", "x" * 200)
KEYS = ("", "k", "mailbox/1")
BYTES = st.one_of(st.binary(max_size=20), st.builds(bytes, st.sampled_from([5_000, 70_000])))
STATUSES = st.sampled_from([*sorted(LIVE), *sorted(LIVE), *ENDS])


@dataclass(frozen=True)
class Intent:
    """One random commit, not yet numbered: which rows begin anew decides what their numbers are."""

    deleted: frozenset[str]
    rows: Mapping[str, tuple[str, bool, bytes]]  # status, whether with a new number, body
    steps: Mapping[str, tuple[str, bytes]]
    pieces: Mapping[tuple[str, str], bytes | None]
    meta: Mapping[str, bytes]
    reopen: bool

    def numbered(self, model: Model, next_seq: int) -> Changes:
        rows = {}
        for id, (status, anew, body) in self.rows.items():
            old = None if id in self.deleted else model.rows.get(id)
            seq = next_seq if old is None or anew else old.seq
            next_seq += 1
            rows[id] = row(id, seq, status, body=body, args=body[:7], result=body[:3] or None, report=body[:1])
        steps = {
            id: step(id, status, next_seq, f'{{"n":{next_seq}}}', body) for id, (status, body) in self.steps.items()
        }
        return Changes(set(self.deleted), rows, steps, dict(self.pieces), dict(self.meta))


def intents() -> st.SearchStrategy[Intent]:
    """Most steps fit; some find no run, which a store must refuse."""
    ids = st.sampled_from(IDS)
    return st.builds(
        Intent,
        st.frozensets(ids, max_size=2),
        st.dictionaries(ids, st.tuples(STATUSES, st.booleans(), BYTES), max_size=4),
        st.dictionaries(ids, st.tuples(st.sampled_from(sorted(LIVE)), BYTES), max_size=2),
        st.dictionaries(st.tuples(ids, st.sampled_from(KEYS)), st.none() | BYTES, max_size=4),
        st.dictionaries(st.sampled_from(["", "m", "höhe"]), BYTES, max_size=2),
        st.booleans(),
    )


# --- random lists --------------------------------------------------------------------------------------------------

WORKFLOWS, PARENTS, TEXTS, NAMES = ("order", "bill"), ("p1", "p2"), ("1", "true", '"x"'), ("n", "m")


def random_row(chance: random.Random, seq: int) -> Row:
    """A row that differs from others in everything that a list may ask for. No value is part of another."""
    tags = {name: chance.choice(("red", "blue")) for name in NAMES if chance.random() < 0.7}
    checkpoints = [f'"{name}":{chance.choice(TEXTS)}' for name in NAMES if chance.random() < 0.7]
    return row(
        chance.choice(("a-", "b-", "ä-")) + str(seq),
        seq,
        chance.choice([*sorted(LIVE), *ENDS]),
        workflow=chance.choice(WORKFLOWS),
        version=chance.choice((1, 2)),
        parent=chance.choice((None, *PARENTS)),
        created=1_000 + chance.randrange(20),
        tags=json.dumps(tags, separators=(",", ":")),
        checkpoints="{" + ",".join(checkpoints) + "}",
    )


def queries() -> st.SearchStrategy[Query]:
    """Lists that ask for some of it."""

    def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.none() | values

    numbers = st.integers(1_000, 1_020)
    names = st.sampled_from(NAMES)
    return st.builds(
        Query,
        workflow=maybe(st.sampled_from(WORKFLOWS)),
        version=maybe(st.sampled_from([1, 2])),
        statuses=st.lists(st.sampled_from([*sorted(LIVE), *ENDS]), max_size=4).map(tuple),
        parent=maybe(st.sampled_from(PARENTS)),
        prefix=maybe(st.sampled_from(["", "a", "ä-1"])),
        since=maybe(numbers),
        until=maybe(numbers),
        where=st.dictionaries(names, st.sampled_from(TEXTS), max_size=1),
        tags=st.dictionaries(names, st.sampled_from(["red", "blue"]), max_size=1),
        before=maybe(st.integers(0, 30)),
        limit=st.sampled_from([100, 0, 1, 3]),
    )
