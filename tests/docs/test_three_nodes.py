"""What README.md says of three nodes is played: with its commands, in its order, and it prints what stands there."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.played import is_as_said, three_nodes

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PORTS = ("7001", "7002", "7003", "7004")
TIMEOUT_SECONDS = 300


class Terminals:
    """A folder with the examples, and a `raftoral` on the path. Nodes are what each terminal runs at the moment."""

    def __init__(self, folder: Path, ports: dict[str, str]) -> None:
        self.folder = folder
        self.ports = ports
        self.nodes: dict[str, subprocess.Popen[str]] = {}
        shutil.copytree(ROOT / "examples", folder / "examples")
        (folder / "bin").mkdir()
        door = folder / "bin" / "raftoral"
        door.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m raftoral "$@"\n')
        door.chmod(0o755)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RAFTORAL_")},
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "TMPDIR": str(folder),
        }

    def here(self, text: str) -> str:
        """With ports that are free on this machine."""
        for shown, port in self.ports.items():
            text = text.replace(f":{shown}", f":{port}")
        return text

    def play(self, text: str) -> str:
        """What a command prints; of a node, until it is ready."""
        command = self.here(text)
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            self.environment[name] = value
            return ""
        if command.startswith("raftoral serve "):
            return self._serve(command)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def _serve(self, command: str) -> str:
        before = self.nodes.pop(command, None)
        if before is not None:
            before.communicate(timeout=TIMEOUT_SECONDS)
        with (self.folder / "log").open("a") as log:
            node = self.nodes[command] = subprocess.Popen(
                shlex.split(command),
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert node.stdout is not None
        return node.stdout.readline() + node.stdout.readline()

    def close(self) -> None:
        for node in self.nodes.values():
            node.kill()
            node.communicate()


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Terminals]:
    with_ports = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    ports = dict(zip(PORTS, (str(each.getsockname()[1]) for each in with_ports), strict=True))
    for each in with_ports:
        each.close()
    made = Terminals(tmp_path, ports)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a shell, and kill")
@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_the_commands_do_what_the_page_says(terminals: Terminals, transport: str) -> None:
    if transport == "grpc":
        pytest.importorskip("grpc")
    terminals.environment["RAFTORAL_TRANSPORT"] = transport
    for command in [command for block in three_nodes(README) for command in block]:
        printed = terminals.play(command.text)
        said = [terminals.here(line) for line in command.printed]
        log = (terminals.folder / "log").read_text("utf-8")
        assert is_as_said(said, printed), "\n".join(
            [f"$ {command.text}", "--- the page says:", *said, "--- it prints:", printed, "--- nodes log:", log]
        )


def test_lines_and_columns() -> None:
    assert is_as_said(["a  b", "…", "c …"], "a b\nx\ny\nc d\n")
    assert is_as_said(["a  b", "…", "c …"], "a b\nc \n") is False
    assert is_as_said(["a  b", "…"], "a    b\n")
    assert not is_as_said(["a"], "a\nb\n")
