"""The command line as a real process: encodings, pipes, interrupts, and what it imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.house import laws

ROOT = laws.ROOT


def start(*words: str, folder, environment=None, python: tuple[str, ...] = (), **more):
    plain = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "PYTHONIOENCODING")}
    return subprocess.Popen(
        [sys.executable, *python, "-m", "raftoral", *words],
        cwd=folder,
        env={**plain, "PYTHONPATH": ROOT, **(environment or {})},
        stdin=subprocess.DEVNULL,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )


def finish(*words: str, **more) -> tuple[int, bytes, bytes]:
    process = start(*words, **more)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


BAD_BYTES = b"rft 1\nlet \xe9 = 1\n"


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"},
        {"NO_COLOR": "1", "TERM": "xterm"},
    ],
)
def test_encodings(tmp_path, environment):
    name = "é名\x1b.rft"
    (tmp_path / name).write_bytes(BAD_BYTES)
    (tmp_path / os.fsdecode(b"\xff.rft")).write_bytes(BAD_BYTES)
    for format in ("human", "short", "json", "sarif", "github"):
        code, out, err = finish("check", "--format", format, ".", folder=tmp_path, environment=environment)
        assert code == 1
        assert b"RFT0115" in out
        assert b"Traceback" not in err
        assert format == "github" or b"\x1b" not in out
        if environment.get("PYTHONIOENCODING") == "ascii":
            assert out.isascii()


def test_the_reader_goes_away(tmp_path):
    for number in range(300):
        (tmp_path / f"{number}.rft").write_bytes(BAD_BYTES)
    process = start("check", "--max-problems=0", folder=tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()


def test_no_reader_at_all(tmp_path):
    (tmp_path / "a.rft").write_bytes(BAD_BYTES)
    read, write = os.pipe()
    os.close(read)
    try:
        code, _, err = finish("explain", folder=tmp_path, stdout=write)
    finally:
        os.close(write)
    assert (code, err) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device here")
def test_a_full_disk(tmp_path):
    with open("/dev/full", "wb") as full:
        code, _, err = finish("explain", folder=tmp_path, stdout=full)
    assert code == 2
    assert err == b"raftoral: the output cannot be written: No space left on device\n"


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c(tmp_path):
    os.mkfifo(tmp_path / "slow.rft")
    process = start("check", "slow.rft", folder=tmp_path)
    # It is surely at work when it has opened the pipe to read from it.
    with open(tmp_path / "slow.rft", "wb"):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_an_empty_standard_input(tmp_path):
    code, out, err = finish("check", "-", "--format=short", folder=tmp_path)
    assert (code, err) == (1, b"")
    assert out.startswith(b"<stdin>:1:1: error[RFT0101]: ")


def test_a_command_imports_only_its_room(tmp_path):
    _, _, err = finish("--version", folder=tmp_path, python=("-X", "importtime"))
    names = {line.rpartition(b"|")[2].strip().decode() for line in err.splitlines()}
    assert "raftoral.cli.options" in names
    ours = {name for name in names if name.startswith("raftoral.")}
    assert ours == {
        "raftoral.cli", "raftoral.cli.options", "raftoral.cli.terminal", "raftoral.errors",
    }  # fmt: skip


HIT = """\
import sys
from raftoral.__main__ import main
code = main(["check"])
print(code, *sorted(name for name in sys.modules if name.startswith("raftoral")))
"""


def test_a_cached_clean_run_loads_no_compiler(tmp_path):
    (tmp_path / "a.rft").write_text("rft 1\n")
    fill = (
        "import sys, types\n"
        "from tests.cli import doors\n"
        "fake = types.ModuleType('raftoral.dsl.compile')\n"
        "fake.check = doors.Door().check\n"
        "sys.modules['raftoral.dsl.compile'] = fake\n"
        "from raftoral.__main__ import main\n"
        "sys.exit(main(['check']))\n"
    )
    environment = {**os.environ, "PYTHONPATH": ROOT}
    for program in (fill, HIT):
        ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True)
        assert ran.returncode == 0, ran.stderr
    assert ran.stdout.decode().split() == [
        "0", "raftoral", "raftoral.__main__", "raftoral.cli", "raftoral.cli.cache",
        "raftoral.cli.check", "raftoral.cli.collector", "raftoral.cli.files", "raftoral.cli.options",
        "raftoral.cli.terminal", "raftoral.dsl", "raftoral.dsl.source", "raftoral.errors",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["start", "list", "cancel", "deploy", "cluster"])
def test_help_of_a_command_loads_no_client(tmp_path, name):
    _, _, err = finish(name, "--help", folder=tmp_path, python=("-X", "importtime"))
    names = {line.rpartition(b"|")[2].strip().decode() for line in err.splitlines()}
    assert "raftoral.cli.remote.errand" in names
    for heavy in ("raftoral.runtime", "raftoral.dsl.compile", "asyncio", "pydantic_core", "h11", "grpc"):
        assert heavy not in names
