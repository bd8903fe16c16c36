"""Examples that are projects of their own: their tests pass, with what is installed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.commands import ROOT, environment

PROJECTS = sorted(path.parent for path in (ROOT / "examples").glob("*/test_*.py"))
NEEDS = {"web": "starlette"}  # an extra; without it the project's own tests are skipped, and say so


def test_each_is_whole() -> None:
    assert {path.name for path in PROJECTS} == {"ledger", "web"}
    for folder in PROJECTS:
        assert list(folder.glob("*.rft"))
        assert len((folder / "README.md").read_text("utf-8").splitlines()) <= 15
        assert f"]({folder.name}/README.md)" in (ROOT / "examples" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda path: path.name)
def test_its_tests_pass(folder: Path) -> None:
    missing = NEEDS.get(folder.name)
    if missing and importlib.util.find_spec(missing) is None:
        pytest.skip(f"{missing} is not installed: it comes with the extra `examples`")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
