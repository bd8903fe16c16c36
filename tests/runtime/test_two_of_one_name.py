"""Two modules may each declare an activity of one name: a run that is read again still calls the one that it called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from raftoral.runtime.core import commands as c
from raftoral.runtime.core.lifecycle import Perform
from raftoral.runtime.core.machine import Machine
from raftoral.runtime.edge.storage_memory import MemoryStorage
from tests.runtime.compiled import Both

MAIL = "rft 1\nmodule mail\nactivity notify(to: str) -> int { timeout: 1s }\n"
SHOP = """rft 1
module shop
import mail { notify as post }

activity notify(who: str) -> int { timeout: 1s }

workflow W version 1 () -> int {
  let a = do notify("own")
  let b = do post("other")
  return a + b
}
"""


@pytest.fixture
def both() -> Iterator[Both]:
    made = Both({"mail.rft": MAIL, "shop.rft": SHOP})
    yield made
    made.forget()


def test_each_keeps_its_own(both: Both) -> None:
    storage = MemoryStorage()
    called = []
    machine = Machine(both.programs, storage.row)
    applied = machine.apply([c.StartRun("a", "a", "shop.W", 1, b"[]")], 1)
    for _ in range(2):
        storage.commit(applied.changes)
        machine = Machine(both.programs, storage.row)
        assert machine.load(storage.live()) == []
        (perform,) = [each for each in machine.apply([c.Recover()], 2).actions if isinstance(each, Perform)]
        attempt = perform.attempt
        called.append((attempt.activity.full_name, attempt.args))
        applied = machine.apply([c.Finished("a", "a", attempt.op, b"1")], 3)
    assert called == [("shop.notify", ("own",)), ("mail.notify", ("other",))]
    assert applied.changes.rows["a"].result == b"2"
