"""The programs that all tests of links start, compiled once for each module of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.runtime.desk import TEXT
from tests.runtime.machines import Kit


@pytest.fixture(scope="module")
def m() -> Any:
    return Kit(TEXT).modules["m"]
