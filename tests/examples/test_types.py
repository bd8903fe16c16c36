"""The activities of the examples are typed, and fit the modules that are made of their sources."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.commands import README, ROOT, environment

FOLDER = README.parent


@pytest.mark.slow
def test_mypy_accepts_the_activities(tmp_path: Path) -> None:
    # In the folder of the examples `orders` is the file of the activities for mypy, so they get other names elsewhere.
    compile_ = [sys.executable, "-m", "raftoral", "compile", str(FOLDER), "--out", str(tmp_path)]
    subprocess.run(compile_, cwd=ROOT, env=environment(), check=True, capture_output=True)
    externs = {"tax.py"}
    for path in FOLDER.glob("*.py"):
        shutil.copy(path, tmp_path / (path.name if path.name in externs else f"{path.stem}_activities.py"))
    names = sorted(path.name for path in tmp_path.glob("*_activities.py"))
    mypy = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", *names]
    path_ = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(mypy, cwd=tmp_path, env=environment(MYPYPATH=path_), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
