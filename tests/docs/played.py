"""The section of README.md about three nodes, as commands that can be played, and what it says that they print.

    three_nodes(text) == [[Command("raftoral serve --listen ...", ["listening on ..."]), ...], ...]

`…` stands for anything within a line, and alone on a line for any lines. How wide a column is depends on what is in it,
so spaces count as one.
"""

from __future__ import annotations

import re

from tests.examples.commands import Block, commands

TITLE = "Three nodes"


def three_nodes(text: str) -> list[Block]:
    """The blocks of the section."""
    (section,) = re.findall(rf"^## {TITLE}\n(.*?)^## ", text, re.M | re.S)
    return [commands(body) for body in re.findall(r"^```console\n(.*?)^```$", section, re.M | re.S)]


def is_as_said(said: list[str], printed: str) -> bool:
    """Whether this is what the page shows."""
    pattern = "".join(f"{_pattern(line)}\n" if line != "…" else "(?:.*\n)*" for line in said)
    return re.fullmatch(pattern, "".join(f"{_narrow(line)}\n" for line in printed.splitlines())) is not None


def _pattern(line: str) -> str:
    return re.escape(_narrow(line)).replace("…", ".*")


def _narrow(line: str) -> str:
    return " ".join(line.split())
