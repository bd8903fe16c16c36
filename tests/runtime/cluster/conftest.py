"""The program that tests of embedded nodes run, compiled once for each module of them."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.runtime.cluster.nodes import TEXT
from tests.runtime.machines import Kit, forget


@pytest.fixture(scope="module")
def m() -> Iterator[ModuleType]:
    kit = Kit({"pay.rft": TEXT})
    module = kit.modules["pay"]
    # As an importer would have loaded it: nodes deploy the text of what they have imported.
    text = kit.both.texts["pay.py"]
    module.__loader__ = type("Loader", (), {"get_source": staticmethod(lambda name: text)})()
    yield module
    forget([kit])
