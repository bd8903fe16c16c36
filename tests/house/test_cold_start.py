"""`raftoral check` starts fast when cold: what it must not import, counted instead of timed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.house import laws

# Each of them costs several milliseconds, or brings others that do.
SLOW = {
    *("argparse", "asyncio", "dataclasses", "importlib.metadata", "inspect", "json", "pathlib"),
    *("black", "jinja2", "lark", "pydantic", "typing"),
}

PROGRAM = "rft 1\n\nfn double(n: int) -> int = n * 2\n"


def imported(*command: str, folder: str) -> set[str]:
    """The modules that `python -m command` loads, by Python's own account."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": laws.ROOT},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return loaded(result.stderr)


def loaded(report: str) -> set[str]:
    """The names in a report of `-X importtime`."""
    lines = [line for line in report.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines[1:]}


def slow(names: set[str]) -> set[str]:
    return {name for name in names if any(laws.within(name, heavy) for heavy in SLOW)}


@pytest.mark.skipif(
    not os.path.exists(os.path.join(laws.ROOT, "raftoral", "cli", "check.py")),
    reason="raftoral/cli/check.py does not exist yet; this law begins with it",
)
def test_check_imports_nothing_slow(tmp_path):
    (tmp_path / "double.rft").write_text(PROGRAM)
    (tmp_path / "nothing.py").write_text("")
    # What Python, and this environment, load for any module is not ours to answer for.
    before = imported("nothing", folder=str(tmp_path))
    ours = imported("raftoral", "check", "double.rft", folder=str(tmp_path)) - before
    assert "raftoral.cli.check" in ours
    assert slow(ours) == set()


# --- the law can fail -----------------------------------------------------------------------------


def test_a_planted_slow_import_is_found(tmp_path):
    (tmp_path / "nothing.py").write_text("")
    (tmp_path / "planted.py").write_text("def f():\n    import json.decoder\nf()\n")
    folder = str(tmp_path)
    found = slow(imported("planted", folder=folder) - imported("nothing", folder=folder))
    assert {"json", "json.decoder"} <= found
