"""Where runs are: the same on every node, even, and steady when groups are added."""

from __future__ import annotations

from collections import Counter

import pytest

from raftoral.runtime.cluster.placing import home, homes


def test_every_group_has_its_share() -> None:
    counts = Counter(home(f"order-{number}", [1, 2, 3, 4]) for number in range(4_000))
    assert all(850 < counts[group] < 1150 for group in (1, 2, 3, 4)), counts


def test_a_new_group_takes_from_all_and_moves_nothing_else() -> None:
    moved = [(home(f"r{n}", [1, 2, 3]), home(f"r{n}", [1, 2, 3, 4])) for n in range(3_000)]
    assert all(before == after or after == 4 for before, after in moved)
    assert Counter(before for before, after in moved if after == 4).keys() == {1, 2, 3}


def test_it_does_not_depend_on_the_order_of_groups() -> None:
    assert [home(f"r{n}", [3, 1, 2]) for n in range(100)] == [home(f"r{n}", [1, 2, 3]) for n in range(100)]


@pytest.mark.parametrize("child", ["order-1/Pay.3", "order-1~2/Pay.4", "order-1/Pay/0b-9"])
def test_children_live_with_their_parents(child: str) -> None:
    assert home(child, range(1, 20)) == home("order-1", range(1, 20))


@pytest.mark.parametrize("id", ["/", "~", "//a"])
def test_odd_ids_have_a_home_too(id: str) -> None:
    assert home(id, [1, 2]) in (1, 2)


def test_where_a_run_would_have_been_is_found_in_one_pass() -> None:
    for n in range(200):
        id, groups = f"order-{n}/Pay.3", list(range(1, 12))
        each = [home(id, groups[:count]) for count in range(1, len(groups) + 1)]
        assert homes(id, groups) == list(dict.fromkeys(each))
