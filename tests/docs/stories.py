"""Documents that are played: their files are written, their commands run in order, and print what stands there.

    <!-- file: shop/orders.rft -->      the block below is this file
    ```console                          commands behind `$`, each with what it prints: standard error first
    $ python -m shop.service &          goes on beside the others; what it prints is waited for
    $ cd shop                           moves

`…` stands for anything within a line, and alone on a line for any lines. Spaces count as one. A block of ```text may be
as long as it likes: it is not played. Each story has a folder of its own, with a copy of `examples/`, and ports of its
own. In: Markdown. Out: `Step`s, and what differs.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.examples.commands import ROOT

PART = re.compile(r"(?:^<!-- file: (\S+) -->\n+)?^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORT = re.compile(r"127\.0\.0\.1:(70\d\d)")
TIMEOUT_S = 90


@dataclass
class Step:
    """A file to write, or a command to run."""

    file: str = ""
    text: str = ""
    printed: list[str] = field(default_factory=list)


def story(text: str, without: str = "") -> list[Step]:
    """The steps of a document; not those of the section `without`."""
    if without:
        text = re.sub(rf"^## {without}\n.*?(?=^## )", "", text, flags=re.MULTILINE | re.DOTALL)
    steps: list[Step] = []
    for file, language, body in PART.findall(text):
        if file:
            steps.append(Step(file=file, text=body))
        elif language == "console":
            steps += _commands(body)
    return steps


def _commands(body: str) -> list[Step]:
    found: list[Step] = []
    is_open = False
    for line in body.splitlines():
        if is_open:
            found[-1].text += f"\n{line}"
        elif line.startswith("$ "):
            found.append(Step(text=line.removeprefix("$ ")))
        else:
            found[-1].printed.append(line)
            continue
        is_open = line.endswith("\\") or not _is_closed(found[-1].text)
    return found


def _is_closed(text: str) -> bool:
    try:
        shlex.split(text)
    except ValueError:
        return False
    return True


class Stage:
    """Where a story is played."""

    def __init__(self, folder: Path) -> None:
        self.top = folder / "here"
        self.here = self.top
        self.top.mkdir()
        shutil.copytree(ROOT / "examples", self.top / "examples", ignore=shutil.ignore_patterns("__pycache__"))
        programs = folder / "bin"
        programs.mkdir()
        # As an installed command is: without the current folder on the path, which `python -m` would put there.
        for name, words in (("python", ""), ("python3", ""), ("raftoral", " -P -m raftoral")):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{words} "$@"\n', encoding="utf-8")
            (programs / name).chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAFTORAL_", "PYTEST_"))}
        self.environment = {
            **kept,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }
        self.beside: list[subprocess.Popen[str]] = []
        self.ports: dict[str, str] = {}
        self.environment["LISTEN"] = self._with_ports("127.0.0.1:7001")  # what the service of `raftoral new` reads

    def play(self, step: Step) -> str:
        """Does a step; says what differs, or nothing."""
        if step.file:
            path = self.top / step.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text, encoding="utf-8")
            return ""
        words = self._with_ports(step.text)
        if words.startswith("cd "):
            self.here = self.here / words.removeprefix("cd ").strip()
            return "" if self.here.is_dir() else f"there is no folder {self.here.name}"
        said = [self._with_ports(line) for line in step.printed]
        printed = self._beside(words[:-1], said) if words.endswith(" &") else self._run(words)
        if is_as_said(said, printed):
            return ""
        return "\n".join(["$ " + words, "--- the page says:", *said, "--- it prints:", printed])

    def _run(self, words: str) -> str:
        done = subprocess.run(
            ["bash", "-c", words],
            cwd=self.here,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
        )
        return done.stderr + done.stdout

    def _beside(self, words: str, said: list[str]) -> str:
        """Starts a process, and gives what it prints until that is what the page says, or for too long."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {words}"],
            cwd=self.here,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self.beside.append(process)
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        assert process.stdout is not None
        threading.Thread(target=_hand_on, args=(process.stdout, lines), daemon=True).start()
        printed, deadline = "", time.monotonic() + TIMEOUT_S
        while not is_as_said(said, printed) and time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(queue.Empty):
                printed += lines.get(timeout=0.2)
        return printed

    def _with_ports(self, text: str) -> str:
        """Ports of the page, as ports that are free here."""
        return PORT.sub(lambda found: f"127.0.0.1:{self._port(found[1])}", text)

    def _port(self, wanted: str) -> str:
        if wanted not in self.ports:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.ports[wanted] = str(free.getsockname()[1])
        return self.ports[wanted]

    def close(self) -> None:
        for process in self.beside:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def _hand_on(stream: IO[str], lines: queue.SimpleQueue[str]) -> None:
    for line in stream:
        lines.put(line)


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A stage that is cleared at the end."""
    made = Stage(folder)
    try:
        yield made
    finally:
        made.close()


def is_as_said(said: list[str], printed: str) -> bool:
    """Whether this is what the page shows."""
    pattern = "".join("(?:.*\n)*" if line == "…" else f"{_pattern(line)}\n" for line in said)
    return re.fullmatch(pattern, "".join(f"{_narrow(line)}\n" for line in printed.splitlines())) is not None


def _pattern(line: str) -> str:
    return re.escape(_narrow(line)).replace("…", ".*")


def _narrow(line: str) -> str:
    return " ".join(line.split())
