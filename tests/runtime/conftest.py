"""Where stores are. Contract suites are no test modules by their names, but their asserts explain themselves too."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.runtime.contracts", "tests.runtime.stores")


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """A directory for a store, not made yet."""
    return tmp_path / "data"
