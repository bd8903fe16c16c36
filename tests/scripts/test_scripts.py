"""The scripts do what they say, and nothing of them is left: no process and no directory."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"
SHARED = "nodes.sh"
TIMEOUT_SECONDS = 600

# Script -> what it says at its end. The longer ones run over one transport each: what differs is the client's.
SAYS = {
    "ping_pong.sh": "ping pong works over {}",
    "two_nodes.sh": "two nodes work as one over {}",
    "resume.sh": "a run goes on after kill -9 over {}",
    "rolling_restart.sh": "a rolling restart loses nothing over {}",
    "failover.sh": "runs outlive their owner and their leader over {}",
}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shell scripts")


def test_every_script_is_run() -> None:
    assert {path.name for path in SCRIPTS.glob("*.sh")} == {*SAYS, SHARED}


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory with a short name: that of a socket must not be long."""
    with tempfile.TemporaryDirectory(prefix="rft-") as folder:
        yield Path(folder)


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHON": sys.executable, "TMPDIR": str(folder), **more}


def finished(script: Path, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(script)],
        cwd=folder,
        env=environment(folder, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT_SECONDS,
    )


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["http", "grpc"])
@pytest.mark.parametrize("name", SAYS)
def test_a_script_shows_what_it_says(name: str, transport: str, short: Path) -> None:
    if transport == "grpc" and find_spec("grpc") is None:
        pytest.skip("grpcio is not installed")
    done = finished(SCRIPTS / name, short, TRANSPORT=transport)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == SAYS[name].format(transport)
    assert list(short.iterdir()) == [], "it left something behind"


# --- what they share ---------------------------------------------------------------------------------------------


def shell(folder: Path, text: str) -> Path:
    """A script of our own beside a copy of what the others share."""
    (folder / "scripts").mkdir()
    path = folder / "scripts" / "own.sh"
    (folder / "scripts" / SHARED).write_text((SCRIPTS / SHARED).read_text(encoding="utf-8"), encoding="utf-8")
    path.write_text(f'#!/bin/sh\n. "$(dirname "$0")/{SHARED}"\n{text}\n', encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("done_well fine", 0, ""),
        ("true", 1, "own.sh: this did not happen"),
        ("false\ndone_well fine", 1, "own.sh: this did not happen"),
        ("same 'the sum' 4 5\ndone_well fine", 1, "own.sh: the sum: expected '4', and found '5'"),
        ("PATIENCE=0\nuntil_true 'it is so' false\ndone_well fine", 1, "it is still not so that it is so"),
        ("kill -TERM $$\ndone_well fine", 143, ""),
    ],
)
def test_a_script_that_fails_says_so(tmp_path: Path, text: str, code: int, said: str) -> None:
    script = shell(tmp_path, text)
    (tmp_path / "tmp").mkdir()
    done = finished(script, tmp_path / "tmp")
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_transport_that_there_is_not(tmp_path: Path) -> None:
    done = finished(SCRIPTS / "ping_pong.sh", tmp_path, TRANSPORT="pigeon")
    assert (done.returncode, done.stderr) == (2, "TRANSPORT is http or grpc, not pigeon\n")


@pytest.mark.slow
def test_a_script_that_fails_leaves_no_node(tmp_path: Path, short: Path) -> None:
    text = 'serve one --listen 127.0.0.1:0 --bootstrap\necho "pid $(pid_of one)"\nfalse'
    done = finished(shell(tmp_path, f"export PYTHONPATH={shlex.quote(str(ROOT))}\n{text}"), short)
    assert done.returncode == 1
    assert "--- one said:" in done.stderr
    pid = int(done.stdout.split("pid ")[1])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert list(short.iterdir()) == []
