"""The commands in `examples/README.md`, and what it says that they print.

    sections(text)["orders"] == [[Command("raftoral run ...", ["ProcessOrder: ...", "{...}"]), ...], ...]

A block of ```console has commands behind `$`, which go on below a `\\` or inside of quotes, each with the lines that it
prints: first those of standard error, then those of standard output. `…` stands for anything. A command fails if it
prints that `raftoral run` has a complaint.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "examples" / "README.md"
TIMEOUT_SECONDS = 120


@dataclass
class Command:
    """One command of the page."""

    text: str
    printed: list[str]

    @property
    def fails(self) -> bool:
        return any(line.startswith("raftoral run: ") for line in self.printed)

    def words(self, data: str) -> list[str]:
        """What to start. Data is kept in `data`, wherever the page keeps it."""
        words = shlex.split(self.text.replace("\\\n", " "))  # which a shell does, and shlex does not
        assert words[0] == "raftoral", self.text
        words = [data if before == "--data" else word for before, word in zip(["", *words], words, strict=False)]
        return [sys.executable, "-m", "raftoral", *words[1:]]


Block = list[Command]


def sections(text: str) -> dict[str, list[Block]]:
    """The blocks below each heading."""
    found: dict[str, list[Block]] = {}
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        name = section.partition("\n")[0]
        found[name] = [commands(body) for body in re.findall(r"^```console\n(.*?)^```$", section, re.M | re.S)]
    return found


def commands(body: str) -> Block:
    made: Block = []
    open_ = False
    for line in body.splitlines():
        if open_:
            made[-1].text += f"\n{line}"
        elif line.startswith("$ "):
            made.append(Command(line.removeprefix("$ "), []))
        else:
            made[-1].printed.append(line)
            continue
        open_ = line.endswith("\\") or not _is_closed(made[-1].text)
    return made


def _is_closed(text: str) -> bool:
    try:
        shlex.split(text)
    except ValueError:  # a quotation goes on
        return False
    return True


def written(block: Block) -> str:
    """Commands and their output as they stand on the page."""
    return "".join(f"{line}\n" for command in block for line in (f"$ {command.text}", *command.printed))


def finished(words: list[str]) -> tuple[int, list[str]]:
    """The exit code and the lines of a process: those of standard error first."""
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT_SECONDS,
    )
    return done.returncode, [*done.stderr.splitlines(), *done.stdout.splitlines()]


def environment(**more: str) -> dict[str, str]:
    """This process's, with this checkout first on the path."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **more}


def is_as_said(said: list[str], printed: list[str]) -> bool:
    """Whether lines are those of the page, where `…` stands for anything."""
    pattern = re.escape("\n".join(said)).replace("…", ".*")
    return re.fullmatch(pattern, "\n".join(printed)) is not None
