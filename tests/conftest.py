"""What all tests share: `--update`, which rewrites the kept expectations of case files."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# A run in CI says something about the commit and not about its luck; everywhere else each run tries new examples.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update",
        action="store_true",
        help="rewrite the expected parts of case files; runs only the tests that have such files",
    )


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """True if the test shall rewrite its case file instead of comparing with it."""
    return bool(request.config.getoption("update"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under `--update`, run only the tests that ask for the fixture `update`."""
    if not config.getoption("update"):
        return
    wanted = {id(item) for item in items if "update" in getattr(item, "fixturenames", ())}
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in wanted])
    items[:] = [item for item in items if id(item) in wanted]
