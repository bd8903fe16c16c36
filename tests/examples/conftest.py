"""The examples as a user's test loads them, without a trace of them in the tests of others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

import raftoral.testing
from raftoral import importer
from tests.examples.commands import README


@pytest.fixture
def load() -> Iterator[Callable[[str], raftoral.testing.Loaded]]:
    """`load("orders")`: the module of examples/orders.rft, and its activities."""
    path, finders, modules = list(sys.path), list(sys.meta_path), set(sys.modules)
    yield lambda name: raftoral.testing.load(str(README.parent / f"{name}.rft"))
    importer.uninstall()
    sys.path[:], sys.meta_path[:] = path, finders
    for name in set(sys.modules) - modules:
        if str(README.parent) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]
