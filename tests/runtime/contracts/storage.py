"""The contract of `Storage`: every store passes all of it.

A module that tests stores has a class that inherits from `StorageContract`, the fixture `store` from here, and a
fixture `fresh` of its own: a function that makes a `Place` with nothing in it.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from raftoral.errors import UsageError
from raftoral.runtime.ports import LIVE, Changes, Query, Row, Storage
from tests.runtime.contracts.storage_model import (
    ENDS,
    IDS,
    Intent,
    Model,
    changes,
    intents,
    queries,
    random_row,
    row,
    step,
)


@dataclass(frozen=True)
class Place:
    """Where one store is. `opened` opens it, and opens it again; `keeps` says whether it then has what it had."""

    opened: Callable[[], contextlib.AbstractContextManager[Storage]]
    keeps: bool


RANDOM = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
ODD_IDS = ("", " ", "a\0b", "%", "o_1", "O-1", "it's", 'say "hi"', "back\\slash", "\U0010ffff", "\ue000", "ü" * 200)


class StorageContract:
    """What a store does, by its port alone."""

    # --- what comes back ---------------------------------------------------------------------------------------------

    def test_an_empty_store_has_nothing(self, store: Storage) -> None:
        Model().assert_is(store, ids=("a",))

    @pytest.mark.parametrize("status", [*sorted(LIVE), *ENDS])
    def test_a_row_comes_back_as_it_was(self, store: Storage, status: str) -> None:
        full = row(
            *("r", 7, status),
            parent="p",
            version=3,
            created=-5,
            updated=-(1 << 63),
            ended=1 << 62,
            tags='{"k":"ü"}',
            args=b"\0\xff",
            checkpoints='{"stage":"paid"}',
            result=b"",
            failure=b"{}",
            report=b"\xfe",
        )
        store.commit(changes(full))
        assert store.row("r") == full
        assert store.rows(Query()) == [full]

    def test_nothing_and_empty_bytes_are_two_things(self, store: Storage) -> None:
        store.commit(
            changes(row("a", 1, "failed", result=None, failure=b""), row("b", 2, args=b"", body=b"", tags="{}"))
        )
        assert store.row("a") == row("a", 1, "failed", result=None, failure=b"")
        assert store.row("b") == row("b", 2, args=b"", body=b"", tags="{}")

    def test_ids_may_be_any_text(self, store: Storage) -> None:
        model = Model()
        given = changes(
            *(row(id, seq) for seq, id in enumerate(ODD_IDS)), pieces={(id, id): id.encode() for id in ODD_IDS}
        )
        store.commit(given)
        model.commit(given)
        model.assert_is(store)
        store.commit(changes(steps=tuple(step(id) for id in ODD_IDS)))
        assert all(each.body == b"next" for each, _ in store.live())

    def test_a_megabyte_is_not_too_much(self, store: Storage) -> None:
        large = bytes(range(256)) * 4_096
        store.commit(changes(row("a", 1, args=large, body=large), pieces={("a", "k"): large}, meta={"m": large}))
        store.commit(changes(steps=(step("a", body=large[::-1]),)))
        assert list(store.live()) == [(store.row("a"), {"k": large})]
        assert store.row("a") == row("a", 1, updated=9_000, args=large, body=large[::-1])
        assert store.meta() == {"m": large}

    def test_a_row_replaces_the_whole_row(self, store: Storage) -> None:
        store.commit(changes(row("a", 1, parent="p", result=b"x", ended=5, checkpoints='{"n":1}')))
        after = row("a", 1, "paused", workflow="other", version=2)
        store.commit(changes(after))
        assert store.row("a") == after

    def test_a_step_changes_four_fields(self, store: Storage) -> None:
        before = row("a", 1, parent="p", tags='{"k":"v"}')
        store.commit(changes(before, row("b", 2)))
        store.commit(changes(steps=(step("a", "paused", 77, '{"n":1}', b"slot 2"),)))
        assert store.row("a") == before._replace(status="paused", updated=77, checkpoints='{"n":1}', body=b"slot 2")
        assert store.row("b") == row("b", 2)

    def test_facts_are_replaced_one_by_one(self, store: Storage) -> None:
        store.commit(Changes(meta={"a": b"1", "b": b""}))
        store.commit(Changes(meta={"a": b"2"}))
        assert store.meta() == {"a": b"2", "b": b""}

    def test_no_changes_are_no_fault(self, store: Storage) -> None:
        store.commit(Changes())
        Model().assert_is(store)

    # --- the order of the fields, and what goes with what ------------------------------------------------------------

    def test_a_run_can_be_deleted_and_begin_anew_in_one_commit(self, store: Storage) -> None:
        store.commit(changes(row("a", 1), pieces={("a", "old"): b"1"}))
        store.commit(changes(row("a", 2), deleted={"a", "nobody"}, pieces={("a", "new"): b"2"}))
        assert list(store.live()) == [(row("a", 2), {"new": b"2"})]

    def test_a_deleted_run_takes_everything_with_it(self, store: Storage) -> None:
        store.commit(changes(row("a", 1), row("b", 2), row("c", 3, "failed"), pieces={("a", "k"): b"1"}))
        store.commit(Changes(deleted={"a", "c"}, pieces={("a", "k"): b"2", ("a", "j"): None}))
        assert store.rows(Query()) == [row("b", 2)]
        assert store.pieces("a") == {}
        store.commit(changes(row("a", 4)))
        assert store.pieces("a") == {}

    def test_a_step_goes_on_from_a_row_of_the_same_commit(self, store: Storage) -> None:
        store.commit(changes(row("a", 1), steps=(step("a", body=b"slot 2"),), pieces={("a", "k"): b"1"}))
        assert list(store.live()) == [(row("a", 1, updated=9_000, body=b"slot 2"), {"k": b"1"})]

    def test_an_end_takes_body_and_pieces_away(self, store: Storage) -> None:
        store.commit(changes(row("a", 1), row("b", 2), pieces={("a", "k"): b"1", ("b", "k"): b"2"}))
        end = row("a", 1, "completed", result=b"42", report=b"one step")
        store.commit(changes(end._replace(body=b"left"), pieces={("a", "j"): b"3", ("a", "k"): None}))
        assert store.row("a") == end
        assert store.pieces("a") == {}
        assert list(store.live()) == [(row("b", 2), {"k": b"2"})]
        store.commit(changes(row("a", 1)))  # it may be set going again
        assert list(store.live()) == [(row("a", 1), {}), (row("b", 2), {"k": b"2"})]

    def test_pieces_are_put_replaced_and_taken(self, store: Storage) -> None:
        store.commit(changes(row("a", 1), row("b", 2), pieces={("a", "1"): b"x", ("a", "2"): b"", ("b", "1"): b"z"}))
        store.commit(Changes(pieces={("a", "1"): b"y", ("a", "2"): None, ("a", "3"): None, ("b", "4"): b"4"}))
        assert store.pieces("a") == {"1": b"y"}
        assert store.pieces("b") == {"1": b"z", "4": b"4"}

    def test_pieces_of_a_run_that_is_not_live_are_passed_over(self, store: Storage) -> None:
        """What is left of them when a run ended or was deleted in between."""
        store.commit(changes(row("done", 1, "completed")))
        store.commit(Changes(pieces={("done", "k"): b"1", ("nobody", "k"): b"1", ("nobody", "j"): None}))
        assert store.pieces("done") == store.pieces("nobody") == {}
        store.commit(changes(row("done", 1), row("nobody", 2)))
        assert store.pieces("done") == store.pieces("nobody") == {}

    def test_an_id_that_begins_anew_gets_another_number(self, store: Storage) -> None:
        """As a whole row that replaces the other. Its pieces belong to the id, and stay while it lives."""
        store.commit(changes(row("a", 1), row("b", 2), row("c", 3, "failed"), pieces={("a", "k"): b"1"}))
        store.commit(changes(row("a", 4), row("b", 2, "paused"), row("c", 5), row("d", 6)))
        assert list(store.live()) == [
            *[(row("b", 2, "paused"), {}), (row("a", 4), {"k": b"1"})],
            *[(row("c", 5), {}), (row("d", 6), {})],
        ]
        store.commit(changes(row("e", 1), row("b", 7, "completed"), steps=(step("a", body=b"x"),)))
        assert [each.id for each in store.rows(Query())] == ["b", "d", "c", "a", "e"]

    # --- what a store refuses ----------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "refused",
        [
            Changes(steps={"nobody": step("nobody")}),
            Changes(steps={"done": step("done")}),
            Changes(steps={"a": step("a", "completed")}),
            Changes(deleted={"a"}, steps={"a": step("a")}),
            changes(row("a", 1, "failed"), steps=(step("a"),)),
            changes(row("new", 1)),
            changes(row("new", 9), row("newer", 9)),
            changes(row("a", 2)),
        ],
        ids=["nobody", "ended", "to an end", "deleted", "ends", "number taken", "number twice", "another's number"],
    )
    def test_what_cannot_be_is_refused_as_a_whole(self, store: Storage, refused: Changes) -> None:
        model = Model()
        first = changes(
            row("a", 1), row("b", 2), row("done", 3, "completed"), pieces={("a", "k"): b"1"}, meta={"m": b""}
        )
        store.commit(first)
        model.commit(first)
        with_others = replace(
            refused, rows={"z": row("z", 99), **refused.rows}, pieces={("b", "k"): b"2"}, meta={"m": b"no"}
        )
        with pytest.raises(UsageError):
            store.commit(with_others)
        model.assert_is(store, ids=("z", "new", "nobody"))
        after = changes(steps=(step("a", body=b"on"),))
        store.commit(after)
        model.commit(after)
        model.assert_is(store)

    # --- live ----------------------------------------------------------------------------------------------------

    def test_live_runs_come_oldest_start_first(self, store: Storage) -> None:
        """More than fit into a page of any store, in no order."""
        order = [(seq * 377) % 1_000 for seq in range(1_000)]
        statuses = [*sorted(LIVE), *ENDS]
        rows = [row(f"r{seq}", seq, statuses[seq % len(statuses)]) for seq in order]
        store.commit(changes(*rows, pieces={(each.id, "k"): each.id.encode() for each in rows if each.seq % 3}))
        expected = [each for each in sorted(rows, key=lambda each: each.seq) if each.status in LIVE]
        found = list(store.live())
        assert [each for each, _ in found] == expected
        assert all(pieces == ({"k": each.id.encode()} if each.seq % 3 else {}) for each, pieces in found)

    def test_commits_while_live_runs_are_read(self, store: Storage) -> None:
        store.commit(changes(*(row(f"r{seq}", seq) for seq in range(500))))
        seen = []
        for each, _ in store.live():
            seen.append(each.id)
            if each.seq < 400:  # this one ends, the one behind it goes on
                store.commit(changes(row(each.id, each.seq, "completed"), steps=(step(f"r{each.seq + 1}"),)))
        assert seen == [f"r{seq}" for seq in range(500)]

    def test_what_a_store_gives_out_is_the_callers(self, store: Storage) -> None:
        store.commit(changes(row("a", 1), pieces={("a", "k"): b"1"}, meta={"m": b"1"}))
        store.pieces("a").clear()
        store.meta().clear()
        next(iter(store.live()))[1].clear()
        store.rows(Query()).clear()
        assert list(store.live()) == [(row("a", 1), {"k": b"1"})]
        assert store.meta() == {"m": b"1"}

    # --- lists ---------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("query", "ids"),
        [
            (Query(), "hgfedcba"),
            (Query(workflow="order"), "fedba"),
            (Query(workflow="nobody"), ""),
            (Query(version=2), "gfe"),
            (Query(workflow="order", version=2), "fe"),
            (Query(statuses=("running",)), "ba"),
            (Query(statuses=("running", "stalled")), "hba"),
            (Query(statuses=("failed",)), "e"),
            (Query(statuses=("failed", "completed")), "ed"),
            (Query(statuses=("failed", "paused")), "ec"),
            (Query(statuses=("completed",), workflow="order"), "d"),
            (Query(statuses=("no such",)), ""),
            (Query(parent="a"), "cb"),
            (Query(parent="a", statuses=("running",)), "b"),
            (Query(parent="b"), ""),
            (Query(since=1_003), "hgfedc"),
            (Query(until=1_003), "ba"),
            (Query(since=1_003, until=1_005), "dc"),
            (Query(since=1_005, until=1_003), ""),
            (Query(before=5), "dcba"),
            (Query(before=5, limit=2), "dc"),
            (Query(limit=3), "hgf"),
            (Query(limit=0), ""),
            (Query(where={"stage": '"paid"'}), "hd"),
            (Query(where={"stage": '"paid"', "n": "1"}), "d"),
            (Query(where={"gone": "1"}), ""),
            (Query(tags={"team": "red"}), "fa"),
            (Query(tags={"team": "red", "city": "Köln"}), "a"),
            (Query(tags={"team": "r"}), ""),
            (Query(where={"stage": '"paid"'}, statuses=("stalled",), workflow="bill", since=0, before=99), "h"),
        ],
    )
    def test_lists(self, store: Storage, query: Query, ids: str) -> None:
        paid = '{"n":1,"stage":"paid"}'
        store.commit(
            changes(
                row("a", 1, tags='{"city":"Köln","team":"red"}'),
                row("b", 2, parent="a"),
                row("c", 3, "paused", workflow="bill", parent="a"),
                row("d", 4, "completed", checkpoints=paid),
                row("e", 5, "failed", version=2),
                row("f", 6, "cancelled", version=2, tags='{"team":"red"}'),
                row("g", 7, "continued", version=2, workflow="bill"),
                row("h", 8, "stalled", workflow="bill", checkpoints='{"n":2,"stage":"new"}'),
            )
        )
        store.commit(changes(steps=(step("h", "stalled", checkpoints='{"n":2,"stage":"paid"}'),)))
        found = store.rows(query)
        assert "".join(each.id for each in found) == ids
        assert found == [store.row(each.id) for each in found]
        assert store.count(query) == (len(ids) if query.limit == 100 else store.count(replace(query, limit=100)))

    VALUES = ("null", "true", "false", "0", "1", "1.0", "-7", "1e+16", '"1"', '"true"', '"é\\n"', "[1]", '{"a":[1]}')

    @pytest.mark.parametrize("value", VALUES)
    def test_checkpoints_are_compared_with_their_type(self, store: Storage, value: str) -> None:
        rows = [row(f"{n}", n, checkpoints=f'{{"other":1,"v":{text}}}') for n, text in enumerate(self.VALUES)]
        store.commit(changes(*rows, row("without", 99), row("done", 100, "completed", checkpoints=f'{{"v":{value}}}')))
        expected = ["done", str(self.VALUES.index(value))]
        assert [each.id for each in store.rows(Query(where={"v": value}))] == expected
        assert [each.id for each in store.rows(Query(where={"v": f"  {value} "}))] == expected
        assert store.count(Query(where={"v": value, "other": "1"})) == 1

    def test_a_checkpoint_in_other_words_is_the_same(self, store: Storage) -> None:
        store.commit(changes(row("a", 1, checkpoints='{"größe":["é",{"b":1,"a":2}]}')))
        assert store.count(Query(where={"größe": r'[ "\u00e9", {"b": 1, "a": 2} ]'})) == 1

    @pytest.mark.parametrize("name", ["a.b", "$", "[0]", "it's", "ü", "", " ", "a b"])
    def test_names_of_tags_may_be_any_text(self, store: Storage, name: str) -> None:
        store.commit(changes(row("a", 1, tags=f'{{"{name}":"x","{name}z":"y"}}'), row("b", 2, tags='{"z":"x"}')))
        assert [each.id for each in store.rows(Query(tags={name: "x"}))] == ["a"]
        assert store.rows(Query(tags={name: "y"})) == []

    def test_tags_with_quotes(self, store: Storage) -> None:
        store.commit(changes(row("a", 1, tags=r'{"say \"hi\"":"back\\slash"}')))
        assert store.count(Query(tags={'say "hi"': "back\\slash"})) == 1

    @pytest.mark.parametrize("text", ["paid", "", "{", "NaN", "1 2"])
    def test_a_comparison_with_no_json_is_refused(self, store: Storage, text: str) -> None:
        with pytest.raises(UsageError, match="is not JSON"):
            store.rows(Query(where={"stage": text}))
        with pytest.raises(UsageError, match="is not JSON"):
            store.count(Query(where={"stage": text}))

    def test_a_limit_below_zero_is_refused(self, store: Storage) -> None:
        with pytest.raises(UsageError, match="limit"):
            store.rows(Query(limit=-1))

    @pytest.mark.parametrize(
        "prefix", ["", "a", "a\0", "%", "o_", "O", "\U0010ffff", "\ue000", "\ud7ff", "ü", "zz", "ü" * 200]
    )
    def test_prefixes(self, store: Storage, prefix: str) -> None:
        ids = [*ODD_IDS, "a", "aa", "A", "o-1", "order", "\ud7ff", "\ud7ffx", "\U0010ffff\U0010ffff", "zz\U0010ffffa"]
        store.commit(changes(*(row(id, seq) for seq, id in enumerate(ids))))
        expected = [id for id in reversed(ids) if id.startswith(prefix)]
        assert [each.id for each in store.rows(Query(prefix=prefix))] == expected
        assert store.count(Query(prefix=prefix)) == len(expected)

    @given(st.lists(queries(), min_size=1, max_size=8), st.randoms(use_true_random=False))
    @RANDOM
    def test_random_lists(self, fresh: Callable[[], Place], asked: list[Query], chance: random.Random) -> None:
        model = Model()
        given = changes(*(random_row(chance, seq) for seq in range(25)))
        model.commit(given)
        with fresh().opened() as store:
            store.commit(given)
            for query in asked:
                expected = model.matching(query)
                assert store.rows(query) == expected[: query.limit]
                assert store.count(query) == len(expected)

    def test_pages(self, store: Storage) -> None:
        store.commit(changes(*(row(f"r{seq}", seq, workflow="ab"[seq % 2]) for seq in range(0, 90, 3))))
        pages: list[list[Row]] = []
        query = Query(workflow="b", limit=4)
        while page := store.rows(query):
            pages.append(page)
            query = replace(query, before=page[-1].seq)
        assert [each.seq for page in pages for each in page] == [seq for seq in range(87, 0, -3) if seq % 2]
        assert [len(page) for page in pages] == [4, 4, 4, 3]

    # --- closing -------------------------------------------------------------------------------------------------

    CALLS: dict[str, Callable[[Storage], Any]] = {
        "commit": lambda store: store.commit(Changes(meta={"m": b""})),
        "commit nothing": lambda store: store.commit(Changes()),
        "live": lambda store: store.live(),
        "row": lambda store: store.row("a"),
        "pieces": lambda store: store.pieces("a"),
        "rows": lambda store: store.rows(Query()),
        "count": lambda store: store.count(Query()),
        "meta": lambda store: store.meta(),
    }

    @pytest.mark.parametrize("name", CALLS)
    def test_a_closed_store_refuses_every_call(self, store: Storage, name: str) -> None:
        store.commit(changes(row("a", 1)))
        store.close()
        store.close()
        with pytest.raises(UsageError, match="closed"):
            self.CALLS[name](store)

    def test_closing_ends_a_reading_of_live_runs(self, store: Storage) -> None:
        store.commit(changes(*(row(f"r{seq}", seq) for seq in range(1_000))))
        reading = store.live()
        next(reading)
        store.close()
        with pytest.raises(UsageError, match="closed"):
            list(reading)

    # --- threads -------------------------------------------------------------------------------------------------

    def test_many_threads_at_once(self, store: Storage) -> None:
        """Commits from two, lists from two: no call fails, and a list never shows half of a commit."""
        store.commit(
            changes(
                *(row(f"{name}{n}", 2 * number + n, updated=0) for number, name in enumerate("ab") for n in range(2))
            )
        )
        faults: list[BaseException] = []

        def work(body: Callable[[int], None]) -> threading.Thread:
            def run() -> None:
                try:
                    for number in range(50):
                        body(number)
                except BaseException as fault:
                    faults.append(fault)

            return threading.Thread(target=run)

        def write(name: str) -> Callable[[int], None]:
            def commit(number: int) -> None:
                store.commit(changes(steps=tuple(step(f"{name}{n}", updated=number) for n in range(2))))

            return commit

        def read(number: int) -> None:
            found = {each.id: each.updated for each in store.rows(Query())}
            assert (found["a0"], found["b0"]) == (found["a1"], found["b1"])
            assert [each.id for each, _ in store.live()] == ["a0", "a1", "b0", "b1"]

        threads = [work(write("a")), work(write("b")), work(read), work(read)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        assert {each.updated for each in store.rows(Query())} == {49}

    # --- anything at all -----------------------------------------------------------------------------------------

    @given(st.lists(intents(), max_size=12))
    @RANDOM
    def test_random_commits(self, fresh: Callable[[], Place], script: list[Intent]) -> None:
        model, place = Model(), fresh()
        with contextlib.ExitStack() as closing:
            store = closing.enter_context(place.opened())
            for number, intent in enumerate(script):
                given = intent.numbered(model, 100 * (number + 1))
                if model.commit(given):
                    store.commit(given)
                else:
                    with pytest.raises(UsageError):
                        store.commit(given)
                if intent.reopen and place.keeps:
                    closing.close()
                    store = closing.enter_context(place.opened())
                model.assert_is(store, IDS)


@pytest.fixture
def store(fresh: Callable[[], Place]) -> Iterator[Storage]:
    """One empty store."""
    with fresh().opened() as opened:
        yield opened
