"""`raftoral explain CODE`: why a rule exists, with a program that breaks it and one that does not.

The texts are `raftoral/dsl/explain/01.md` to `09.md`, a file for each group of codes:

    ## RFT0103 missing-token
    prose
    ```rft wrong            (right, with; `file=shop/catalog.rft` says where a program stands)
    activity pack(id: str) { timeout 10s }
    ```

In: a code (RFT0103, 0103) or a slug. Out: the text, laid out for a terminal, or JSON. It reads
those files only.
"""

from __future__ import annotations

import os

from raftoral.cli import DONE
from raftoral.cli.options import Command, Option, Options
from raftoral.dsl.diagnostics.codes import CODES, SLUGS
from raftoral.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from raftoral.cli.terminal import Terminal
    from raftoral.dsl.diagnostics.render.style import Style

GROUPS = {
    "01": "text and syntax",
    "02": "names and modules",
    "03": "types",
    "04": "control flow and matching",
    "05": "determinism and termination",
    "06": "concurrency and data races",
    "07": "effects, policies, errors, sagas",
    "08": "durability",
    "09": "versions and migration",
}
SCHEMA = 1
# `with`: a file beside the program; `released`, `locked`: what raftoral.lock was made of; later-wrong: as wrong
KINDS = ("wrong", "right", "with", "released", "locked")
PROSE_COLUMNS = 92

COMMAND = Command(
    "explain",
    "Prints the long form of a problem: why the rule exists, a wrong and a right program.\n"
    "Without CODE, lists all problems.",
    words="[CODE or SLUG]",
    words_max=1,
    options=(Option("format", "how it is shown (default: human)", choices=("human", "json")),),
    example="raftoral explain RFT0601\nraftoral explain race-write-write",
)


class Piece:
    """A paragraph (`kind` is prose), or a program (one of KINDS)."""

    __slots__ = ("file", "kind", "text")

    def __init__(self, kind: str, text: str, file: str = "") -> None:
        self.kind = kind
        self.text = text
        self.file = file


def run(options: Options, terminal: Terminal) -> int:
    """Prints one code, or the list of all."""
    format = options.text("format", "human")
    if options.words:
        return print_one(options.words[0], format, terminal)
    if format == "json":
        terminal.result(_json([_facts(code) for code in CODES], "codes"))
    else:
        terminal.result(_listing(terminal.style(terminal.out)))
    return DONE


def print_one(word: str, format: str, terminal: Terminal) -> int:
    """Prints the long form of one code."""
    code = code_of(word)
    pieces = read_text(code)
    if format == "json":
        programs = [
            {"kind": piece.kind, "file": piece.file or None, "source": piece.text}
            for piece in pieces
            if piece.kind != "prose"
        ]
        prose = "\n\n".join(piece.text for piece in pieces if piece.kind == "prose")
        facts = {"schema": SCHEMA, **_facts(code), "text": prose, "programs": programs}
        terminal.result(_dump(facts))
    else:
        terminal.result(laid_out(code, pieces, terminal.style(terminal.out)))
    return DONE


def code_of(word: str) -> str:
    """RFT0103 for `RFT0103`, `rft0103`, `0103`, `103` or `missing-token`."""
    from raftoral.dsl.diagnostics.spelling import closest

    given = word.strip()
    upper = given.upper().removeprefix("RFT")
    if upper.isascii() and upper.isdigit() and f"RFT{upper:0>4}" in CODES:
        return f"RFT{upper:0>4}"
    slug = given.lower().replace("_", "-")
    if slug in SLUGS:
        return SLUGS[slug]
    near = closest(slug, SLUGS) or closest("RFT" + upper, CODES)
    hint = f"; did you mean {near}?" if near else "; `raftoral explain` lists them all"
    raise UsageError(f"there is no problem {given!r}{hint}")


def texts(codes: Iterable[str]) -> dict[str, str]:
    """The long texts of `codes` as Markdown, for those that have one."""
    found = {code: _section(code) for code in sorted(codes)}
    return {code: text for code, text in found.items() if text}


def read_text(code: str) -> list[Piece]:
    """The paragraphs and programs of a code."""
    return parse(_section(code))


def _section(code: str) -> str:
    """The Markdown below the heading of a code."""
    from raftoral import dsl

    folder = os.path.join(os.path.dirname(dsl.__file__ or ""), "explain")
    try:
        with open(os.path.join(folder, code[3:5] + ".md"), encoding="utf-8") as file:
            lines = file.read().split("\n")
    except OSError:
        return ""
    inside, in_program = False, False
    kept: list[str] = []
    for line in lines:
        if line.startswith("```"):
            in_program = not in_program
        if line.startswith("## ") and not in_program:
            inside = line[3:].startswith(code)
        elif inside:
            kept.append(line)
    return "\n".join(kept).strip("\n")


def parse(text: str) -> list[Piece]:
    """Markdown -> pieces."""
    pieces: list[Piece] = []
    prose: list[str] = []
    program: list[str] | None = None
    kind = file = ""

    def end_of_prose() -> None:
        if prose:
            pieces.append(Piece("prose", "\n".join(prose)))
            prose.clear()

    for line in text.split("\n"):
        if program is None and line.startswith("```"):
            end_of_prose()
            words = line[3:].split()
            said = words[1].removeprefix("later-") if len(words) > 1 else ""
            kind = said if said in KINDS else "program"
            file = next((word[5:] for word in words if word.startswith("file=")), "")
            program = []
        elif program is not None and line.startswith("```"):
            pieces.append(Piece(kind, "\n".join(program), file))
            program = None
        elif program is not None:
            program.append(line)
        elif line.strip():
            prose.append(line)
        else:
            end_of_prose()
    end_of_prose()
    return pieces


def laid_out(code: str, pieces: list[Piece], style: Style) -> str:
    """The text for a terminal."""
    from raftoral.dsl.diagnostics.render.cells import clean

    slug, severity = CODES[code]
    rows = [style.paint(severity, f"{severity}[{code}]") + style.paint("bold", f" {slug}"), ""]
    if not pieces:
        rows += ["there is no long form of this problem yet", ""]
    for piece in pieces:
        if piece.kind == "prose":
            text = clean(piece.text, style.ascii, keep="\n")
            bullets = any(line.lstrip().startswith(("- ", "* ")) for line in text.split("\n"))
            lines = text.split("\n") if bullets else _filled(text.split())
            rows += _inline("\n".join(lines), style).split("\n")
        else:
            kind = {"wrong": "error", "right": "added"}.get(piece.kind, "bold")
            head = piece.kind + (f" ({piece.file})" if piece.file else "")
            rows.append(style.paint(kind, head + ":"))
            bar = style.paint(kind, style.bar)
            program = clean(piece.text.replace("\t", "    "), style.ascii, keep="\n")
            rows += [f"  {bar} {line}".rstrip() for line in program.split("\n")]
        rows.append("")
    return "\n".join(rows[:-1]) + "\n"


def _filled(words: list[str]) -> list[str]:
    rows: list[str] = []
    row = ""
    for word in words:
        if row and len(row) + 1 + len(word) > PROSE_COLUMNS:
            rows.append(row)
            row = ""
        row = f"{row} {word}" if row else word
    return [*rows, row]


def _inline(text: str, style: Style) -> str:
    """`marked` words in colour, also over the end of a line; without colour the marks stay."""
    parts = text.split("`")
    if not style.color or len(parts) % 2 == 0:
        return text
    for index in range(1, len(parts), 2):
        parts[index] = "\n".join(style.paint("code", line) for line in parts[index].split("\n"))
    return "".join(parts)


def _listing(style: Style) -> str:
    rows: list[str] = []
    for group, title in GROUPS.items():
        rows += ["", style.paint("bold", f"{group}xx {title}")] if rows else [style.paint("bold", f"{group}xx {title}")]
        for code, (slug, severity) in CODES.items():
            if code[3:5] == group:
                mark = style.paint("warning", "warning") if severity == "warning" else ""
                rows.append(f"  {code}  {slug:<24}{mark}".rstrip())
    rows += ["", "`raftoral explain CODE` has the long form; a slug may stand for its code"]
    return "\n".join(rows) + "\n"


def _facts(code: str) -> dict[str, object]:
    slug, severity = CODES[code]
    return {"code": code, "slug": slug, "severity": severity, "group": GROUPS.get(code[3:5], "")}


def _json(rows: list[dict[str, object]], name: str) -> str:
    return _dump({"schema": SCHEMA, name: rows})


def _dump(value: object) -> str:
    import json

    return json.dumps(value, indent=2) + "\n"
