"""What comments say to the compiler: `##` documentation, `# rft: allow slug`, `# rft: retired`.

Input: the comments' spans and the text. Output: docs by the offset of what they document, allowed warnings (into
`problems`), lines on which a member is marked as retired. Ordinary comments mean nothing here.
"""

from __future__ import annotations

import re

from ..diagnostics import Problems
from ..diagnostics.codes import CODES, SLUGS

BLANK = re.compile(r"[ \t\n]*+")
PRAGMA = re.compile(r"#\s*rft:\s*(\w+)\s*(.*)")


def read_docs(text: str, comments: list[tuple[int, int]]) -> dict[int, str]:
    """`##` lines -> offset of the next token: the documentation of what begins there."""
    lines: dict[int, list[str]] = {}
    owner = below = -1
    for lo, hi in reversed(comments):
        blank = BLANK.match(text, hi)
        after = blank.end() if blank else hi
        if after != below:  # what stands between this comment and the next is more than white space
            owner = after
        below = lo
        if text.startswith("##", lo):
            lines.setdefault(owner, []).append(text[lo + 2 : hi].strip())
    return {owner: "\n".join(reversed(said)) for owner, said in reversed(lines.items())}


def read_pragmas(text: str, comments: list[tuple[int, int]], problems: Problems) -> set[int]:
    """Registers allowed warnings; returns the lines of members marked `# rft: retired`."""
    retired: set[int] = set()
    for lo, hi in comments:
        found = PRAGMA.match(text, lo, hi)
        if found is None:
            continue
        line = problems.source.line_of(lo)
        alone = not problems.source.line(line)[: lo - problems.source.line_starts[line - 1]].strip()
        word, rest = found.group(1), found.group(2)
        if word == "allow":
            at = found.start(2)
            for slug in re.finditer(r"[\w-]+", rest):
                _allow(slug.group(), at + slug.start(), line, line + 1 if alone else line, problems)
        elif word == "retired":
            retired.add(line)
        else:
            problems.at(
                "RFT0118",
                f"`# rft: {word}` means nothing",
                found.start(1),
                found.end(1),
                "not known",
                helps=["there are `# rft: allow SLUG`, which silences a warning, and `# rft: retired`"],
            )
    return retired


def _allow(word: str, at: int, line: int, target: int, problems: Problems) -> None:
    if problems.allow(target, word):
        return
    code = SLUGS.get(word, word)
    if code in CODES:
        problems.at(
            "RFT0118",
            f"`{word}` is an error and cannot be allowed",
            at,
            at + len(word),
            "only warnings can be silenced",
        )
    else:
        problems.at(
            "RFT0118",
            f"there is no warning called `{word}`",
            at,
            at + len(word),
            "not known",
            helps=["`raftoral explain` lists all slugs"],
        )
