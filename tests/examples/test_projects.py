"""Examples that are projects of their own: their tests pass, with what is installed."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.examples.commands import ROOT, environment, finished

EXAMPLES = ROOT / "examples"
PROJECTS = sorted(path.parent for path in EXAMPLES.glob("*/test_*.py"))
SMALL = sorted(path.parent for path in EXAMPLES.glob("projects/*/test_*.py"))  # of the examples that are read first
NEEDS = {"web": "starlette"}  # `./dev` has it, and so has CI; elsewhere the project's own tests are skipped, and say so


def test_each_is_whole() -> None:
    assert {path.name for path in PROJECTS} == {"ledger", "web"}
    for folder in PROJECTS:
        assert list(folder.glob("*.rft"))
        assert len((folder / "README.md").read_text("utf-8").splitlines()) <= 15
        assert f"]({folder.name}/README.md)" in (EXAMPLES / "README.md").read_text("utf-8")


def test_ci_has_what_they_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    known = {re.split(r"[^\w-]", each)[0] for each in project["optional-dependencies"]["dev"]}
    assert set(NEEDS.values()) <= known


def test_each_small_one_is_whole() -> None:
    """Its workflow and its activities are those of `examples/`, which its page leads to; its tests are its own."""
    names = [folder.name for folder in SMALL]
    assert names == ["approval", "onboarding", "orders", "payment", "ping_pong", "subscription"]
    for name, folder in zip(names, SMALL, strict=True):
        page = (folder / "README.md").read_text("utf-8")
        assert len(page.splitlines()) <= 15
        for file in (f"../../{name}.rft", f"../../{name}.py", f"test_{name}.py"):
            assert f"]({file})" in page
            assert (folder / file).exists()
        assert f"](projects/{name}/README.md)" in (EXAMPLES / "README.md").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("folder", SMALL, ids=lambda path: path.name)
def test_the_command_of_its_page_works(folder: Path) -> None:
    page = (folder / "README.md").read_text("utf-8")
    [command] = [line for line in page.splitlines() if line.startswith("raftoral ")]
    code, lines = finished([sys.executable, "-m", "raftoral", *shlex.split(command)[1:]])
    assert code == 0, lines


@pytest.mark.slow
@pytest.mark.parametrize("folder", [*PROJECTS, *SMALL], ids=lambda path: path.name)
def test_its_tests_pass(folder: Path) -> None:
    missing = NEEDS.get(folder.name)
    if missing and importlib.util.find_spec(missing) is None:
        pytest.skip(f"{missing} is not installed: it comes with the extra `examples`")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
