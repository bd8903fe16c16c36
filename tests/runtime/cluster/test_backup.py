"""What `docs/cluster.md` says of backups: copies of all nodes, taken while all were stopped, are a cluster again.

Copies of one node after the other are not: the last one may have an entry as committed that most of the others lack.
They elect a leader without it, and the last one refuses that leader ("has another entry, committed here").
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from raftoral import errors as e
from tests.runtime.cluster.nodes import cluster, until
from tests.runtime.kit import on_loop

NAMES = ("a", "b", "c")


@on_loop
async def _restored(m: ModuleType, folder: Path) -> None:
    live, copies = folder / "live", folder / "copies"
    async with cluster(m, live, *NAMES) as made:
        await (await m.Pay.start(made.nodes["a"], 5, id="waits")).describe()
        quick = await m.Quick.start(made.nodes["b"], 4, id="quick")
        assert await quick.result() == 8
        addresses = {name: node.address for name, node in made.nodes.items()}
        await made.close()
    shutil.copytree(live, copies)
    async with cluster(m, live) as made:
        await asyncio.gather(*(made.start(name, listen=addresses[name]) for name in NAMES))
        later = await m.Quick.start(made.nodes["a"], 5, id="later")
        assert await later.result() == 10
        await m.Pay.get(made.nodes["b"], "waits").paid(7)

    shutil.rmtree(live)
    shutil.copytree(copies, live)
    async with cluster(m, live) as back:
        await asyncio.gather(*(back.start(name, listen=addresses[name]) for name in NAMES))
        assert await m.Quick.get(back.nodes["a"], "quick").result() == 8
        with pytest.raises(e.NotFound):
            await m.Quick.get(back.nodes["c"], "later").result()  # what came after the copies is gone
        waits = m.Pay.get(back.nodes["b"], "waits")
        await until(lambda: _is_charged(waits))
        await waits.paid(3)
        result = await waits.result()
        assert result.split()[1][1:] == "3"
        new = await m.Quick.start(back.nodes["c"], 6, id="new")
        assert await new.result() == 12


async def _is_charged(run: object) -> bool:
    return await run.now_at() == "charged"  # type: ignore[attr-defined, no-any-return]


def test_a_cluster_is_restored_from_copies_of_stopped_nodes(m: ModuleType, tmp_path: Path) -> None:
    _restored(m, tmp_path)
