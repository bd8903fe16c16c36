"""A node in a thread of this process, with a program of its own, for commands that talk to a cluster.

    with served(folder) as node:  main(["start", "Pay", "--node", node.address, ...])

What is written in `DESK` are a workflow that waits for a message, one that ends at once, and one that fails.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from raftoral.cli.running.apps import apps_of
from raftoral.runtime.cluster.node import Node

DESK = """rft 1
module cli_desk

error Broke { why: str }

activity charge(amount: int) -> str { timeout: 60s }

workflow Pay version 1 (amount: int, note: str = "none") -> str {
  signal paid(int)
  checkpoint stage = "new"
  query now_at(mark: str) -> str = "${mark}${stage}"
  let first = do charge(amount)
  stage = "charged"
  let more = wait paid
  return "${first} ${more} ${note}"
}

workflow Twice version 1 (n: int) -> int {
  return n * 2
}

workflow Breaks version 1 () -> int raises Broke {
  fail Broke(why: "it always does")
}
"""

ACTIVITIES = '''"""The activities of the desk."""


def charge(amount: int) -> str:
    return f"charged {amount}"
'''


def write_desk(folder: Path) -> Path:
    """The source, with its activities beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cli_desk.rft").write_text(DESK, encoding="utf-8")
    (folder / "cli_desk.py").write_text(ACTIVITIES, encoding="utf-8")
    return folder / "cli_desk.rft"


@contextmanager
def served(folder: Path, tokens: Mapping[str, str] | None = None, **options: Any) -> Iterator[Node]:
    """A node that has begun a cluster of its own."""
    app = apps_of([str(write_desk(folder / "desk"))])
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="served")
    thread.start()

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    node = Node(
        bootstrap=True,
        node_id="one",
        programs=app.programs,
        activities=app.activities,
        data=str(folder / "data"),
        tokens=tokens,
        grace=0.1,
        **options,
    )
    try:
        run(node.open())
        yield node
    finally:
        run(node.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
