"""Stand-ins for the doors of the compiler, so that the commands are tested by themselves.

The language of the fake `check`: `oops` is an error, `hmm` a warning, `eek` an error that a safe fix turns
into `ook`, `boom` a bug of ours; `import NAME` depends on another file, and `python NAME` on a Python module. The
fake `format_source` takes the spaces from the ends of lines, and does not understand a line with `((`; `bang` is a bug
of ours in it.
"""

from __future__ import annotations

import re
import types

from raftoral.dsl.diagnostics import SAFE, Fix, Label, Problem
from raftoral.dsl.diagnostics.render import change
from raftoral.dsl.source import Source


class Checked:
    def __init__(self, source, problems, imports):
        self.source = source
        self.problems = problems
        self.imports = imports


class Door:
    """Counts what it was asked, so that a test can see what the cache spared."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def check(self, sources, world):
        self.calls.append([source.path for source in sources])
        return [self._one(source, world) for source in sources]

    def _one(self, source, world):
        if "boom" in source.text:
            raise KeyError("boom")
        found = [
            _problem(source, match, code, headline, fix)
            for word, code, headline, fix in (
                ("oops", "RFT0201", "nothing called `oops`", ""),
                ("eek", "RFT0103", "say `ook`", "ook"),
                ("hmm", "RFT0209", "`hmm` is never read", ""),
            )
            for match in re.finditer(word, source.text)
        ]
        paths: set[str] = set()
        root = ".." if source.path.startswith("..") else ""
        for match in re.finditer(r"^(import|python) (\S+)", source.text, re.MULTILINE):
            if match[1] == "python":
                python = world.python(match[2], root)
                if python is not None and "requests" in python.text:
                    found.append(_problem(source, match, "RFT0505", "not pure", ""))
                continue
            other = world.module(match[2], root)
            if isinstance(other, Source):
                paths.add(other.path)
                if "oops" in other.text:
                    place = Label(other, other.text.index("oops"), 4, "here")
                    found.append(_problem(source, match, "RFT0203", "bad import", "", place))
            else:
                near = ", ".join(world.modules(root))
                said = other.headline if isinstance(other, Problem) else f"there are {near}"
                found.append(_problem(source, match, "RFT0204", said, ""))
        found.sort(key=lambda problem: problem.primary.lo)
        return Checked(source, found, sorted(paths))


def _problem(source, match, code, headline, fix, *more):
    lo, hi = match.span()
    made = Fix([(lo, hi, fix)], SAFE) if fix else None
    return Problem(code, headline, [Label(source, lo, hi, "here"), *more], [], [], made)


def apply_fixes(source, problems):
    """The first safe fix that there is: a round makes at least one."""
    for problem in problems:
        if problem.fix is not None and problem.fix.applicability == SAFE:
            return Source(source.path, change.apply(source.text, problem.fix.edits))
    return source


def format_source(source):
    out, problems, skipped, at = [], [], [], 0
    for line in source.text.split("\n"):
        if "((" in line:
            label = Label(source, at + line.index("(("), at + line.index("((") + 2, "here")
            problems.append(Problem("RFT0103", "does not parse", [label], [], [], None))
            skipped.append((at, at + len(line)))
            out.append(line)
        else:
            out.append(line.rstrip())
        at += len(line) + 1
    fault = KeyError("bang") if "bang" in source.text else None
    return types.SimpleNamespace(text="\n".join(out), problems=problems, skipped=skipped, fault=fault)
