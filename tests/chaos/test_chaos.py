"""A few seconds of chaos with real processes: `./dev chaos --minutes 60` is the same for longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_nothing_that_was_acknowledged_is_lost() -> None:
    words = [sys.executable, str(HERE / "chaos.py"), "--minutes", "0.15", "--seed", "7"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " starts" in done.stdout and "WRONG" not in done.stdout
