"""Makes `docs/errors.md`, the index of all problems, from the table of codes and the texts of `raftoral explain`.

    python scripts/error_index.py            writes it
    python scripts/error_index.py --check    exit code 1 if it is out of date

In: `raftoral/dsl/diagnostics/codes.py`, `raftoral/dsl/explain/*.md`. Out: Markdown that is readable as it is.
"""

from __future__ import annotations

import os
import sys

from raftoral.cli.explain import GROUPS, Piece, read_text
from raftoral.dsl.diagnostics.codes import CODES

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INDEX = os.path.join(ROOT, "docs", "errors.md")

HEAD = """# All problems

What `raftoral check` can say. Made by `scripts/error_index.py` from the texts of `raftoral explain`:
edit those, not this page.
An error keeps a program from being compiled. A warning does so with `--strict`, and
`# rft: allow slug` on its line silences it.
"""
TITLES = {
    "wrong": "Wrong",
    "right": "Right",
    "with": "With",
    "released": "Was released as",
    "locked": "Was locked as",
    "program": "Program",
}


def index() -> str:
    """The whole page."""
    rows = [HEAD, "| code | name | |", "|---|---|---|"]
    for code, (slug, severity) in CODES.items():
        mark = severity if severity == "warning" else ""
        rows.append(f"| [{code}](#{code.lower()}-{slug}) | {slug} | {mark} |")
    for group, title in GROUPS.items():
        rows += ["", f"## {group}xx {title}"]
        for code, (slug, severity) in CODES.items():
            if code[3:5] == group:
                rows += ["", f"### {code} {slug}", "", f"*{severity.capitalize()}.*", *section(read_text(code))]
    return "\n".join(rows) + "\n"


def section(pieces: list[Piece]) -> list[str]:
    """The text and the programs of a code. They are shown as text: `raftoral explain` has tests of its own."""
    rows: list[str] = []
    for piece in pieces:
        if piece.kind == "prose":
            rows += ["", piece.text]
        else:
            title = TITLES.get(piece.kind, piece.kind) + (f" ({piece.file})" if piece.file else "")
            rows += ["", f"{title}:", "", "```text", piece.text, "```"]
    return rows


def main(words: list[str]) -> int:
    """Writes the page, or says whether it is as it should be."""
    made = index()
    try:
        with open(INDEX, encoding="utf-8") as file:
            there = file.read()
    except FileNotFoundError:
        there = ""
    if "--check" in words:
        if there != made:
            print("docs/errors.md is out of date: python scripts/error_index.py", file=sys.stderr)
        return int(there != made)
    if there != made:
        with open(INDEX, "w", encoding="utf-8") as file:
            file.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
