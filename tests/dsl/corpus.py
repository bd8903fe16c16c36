"""Every `.rft` text that the repository holds, for tests and the fuzzer: name -> text.

Sources: `examples/*.rft`, the programs in `raftoral/dsl/explain/*.md`, the sources of
`tests/dsl/cases/*.md`, and what the fuzzer once found (`tests/fuzz/found/*.rft`). Never compiles
anything; whether a text is right or wrong is not known here, but for `right()`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOUND = ROOT / "tests" / "fuzz" / "found"
FENCE = re.compile(r"^```rft(?: ([\w-]+))?[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def examples() -> dict[str, str]:
    """The programs that are meant to be read."""
    return {_name(path): _text(path) for path in sorted((ROOT / "examples").glob("*.rft"))}


@cache
def right() -> dict[str, str]:
    """What the explanations of the codes show as right, and the examples."""
    explained = _fences("raftoral/dsl/explain", ("right", "later-right", "later-wrong"))
    return {**examples(), **explained}


@cache
def texts() -> dict[str, str]:
    """All of it, right and wrong."""
    found = {_name(path): _text(path) for path in sorted(FOUND.glob("*.rft"))}
    explained = _fences("raftoral/dsl/explain", None)
    return {**examples(), **explained, **_fences("tests/dsl/cases", None), **found}


def _fences(folder: str, kinds: tuple[str, ...] | None) -> dict[str, str]:
    """The `rft` blocks of the Markdown files in `folder`, of some kinds or of all."""
    blocks: dict[str, str] = {}
    for path in sorted((ROOT / folder).glob("*.md")):
        for found in FENCE.finditer(_text(path)):
            if kinds is None or found[1] in kinds:
                blocks[f"{_name(path)}@{found.start()}"] = found[2]
    return blocks


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _text(path: Path) -> str:
    """As the compiler sees it: `Source` has line feeds only."""
    raw = path.read_bytes().decode("utf-8", "replace")
    return raw.replace("\r\n", "\n").replace("\r", "\n")
