"""Case files: Markdown that shows a program and what the compiler makes of it.

    # Enums                              a title, then a sentence or two of prose
    ## SOURCE: a misspelt member (RFT0203)
    ```rft                               files; the `module` line gives the path, or `file=`
    ## PROBLEMS                          what stands below a source is expected of it
    ## FORMATTED

Input: the text of such a file. Output: a `Case`, and from a `Case` the text again, laid out in the
one way there is. A section that nobody knows, a fence outside a section, and a section without a
source are refused. Never runs the compiler and never opens a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

SOURCE = "SOURCE"
HEADING = re.compile(r"^## ([A-Z]+)(?:: (.+))?$")
FENCE = re.compile(r"^```(\w+)(?: file=(\S+))?$")
MODULE = re.compile(r"^module +([a-z0-9_.]+)", re.MULTILINE)
CODE = re.compile(r"RFT\d{4}")
UNNAMED = "case.rft"


class CaseFault(Exception):
    """The file is not a case file; the text says where and why."""


@dataclass
class Fence:
    """A fenced block. `file` is the path written in its first line, if any."""

    language: str
    text: str
    file: str | None = None

    @property
    def path(self) -> str:
        """Where the text would stand below the source root."""
        if self.file is not None:
            return self.file
        module = MODULE.search(self.text) if self.language == "rft" else None
        return module[1].replace(".", "/") + ".rft" if module else UNNAMED

    def __str__(self) -> str:
        file = f" file={self.file}" if self.file else ""
        return f"```{self.language}{file}\n{self.text}```\n"


@dataclass
class Program:
    """One SOURCE with what is expected of it, by the name of the section."""

    title: str
    prose: str = ""
    files: list[Fence] = field(default_factory=list)
    expected: dict[str, list[Fence]] = field(default_factory=dict)

    @property
    def codes(self) -> list[str]:
        """The codes that the title promises, sorted."""
        return sorted(CODE.findall(self.title))

    @property
    def rft(self) -> list[Fence]:
        return [fence for fence in self.files if fence.language == "rft"]

    def texts(self) -> dict[str, str]:
        """Path -> text of all its files."""
        return {fence.path: fence.text for fence in self.files}


@dataclass
class Case:
    """A whole file: what stands before the first source, and the programs."""

    head: str
    programs: list[Program]


def read_case(text: str, known: list[str]) -> Case:
    """The case in `text`; `known` are the names that its sections may have besides SOURCE."""
    reader = _Reader(known)
    for number, line in enumerate(text.splitlines(), 1):
        try:
            reader.take(line)
        except CaseFault as fault:
            raise CaseFault(f"line {number}: {fault}") from None
    return reader.done()


def write_case(case: Case, known: list[str]) -> str:
    """The text of `case`: sections in the order of `known`, an empty line between parts."""
    parts = [case.head + "\n"]
    for program in case.programs:
        parts.append(f"## {SOURCE}" + (f": {program.title}" if program.title else "") + "\n")
        parts += [program.prose + "\n"] if program.prose else []
        parts += [str(fence) for fence in program.files]
        for name in known:
            if name in program.expected:
                parts.append(f"## {name}\n")
                parts += [str(fence) for fence in program.expected[name]]
    return "\n".join(parts)


class _Reader:
    """Reads line by line. `section` is the open section's name, `fence` the open fence."""

    def __init__(self, known: list[str]) -> None:
        self.known = known
        self.head: list[str] = []
        self.programs: list[Program] = []
        self.section = ""
        self.fence: Fence | None = None

    def take(self, line: str) -> None:
        if self.fence is not None:
            if line == "```":
                self.fence = None
            else:
                self.fence.text += line + "\n"
        elif line.startswith("```"):
            self._open_fence(line)
        elif line.startswith("## "):
            self._open_section(line)
        elif not self.section:
            self.head.append(line)
        elif line:
            self._prose(line)

    def done(self) -> Case:
        if self.fence is not None:
            raise CaseFault("the last fence is not closed")
        head = "\n".join(self.head).strip()
        if not re.fullmatch(r"# \S.*\n\n\S(.|\n)*", head):
            raise CaseFault("a case file begins with `# Title`, an empty line, and prose")
        if not self.programs:
            raise CaseFault(f"there is no `## {SOURCE}` section")
        for program in self.programs:
            if not program.rft:
                raise CaseFault(f"`{program.title}` shows no program")
            if len(program.texts()) < len(program.files):
                raise CaseFault(f"two files of `{program.title}` have one path")
        return Case(head, self.programs)

    def _open_section(self, line: str) -> None:
        match = HEADING.match(line)
        if match is None:
            raise CaseFault(f"not a section: {line}")
        self.section = match[1]
        if self.section == SOURCE:
            self.programs.append(Program(match[2] or ""))
        elif self.section not in self.known:
            raise CaseFault(f"no section is called {self.section}; there are {SOURCE}, {self.known}")
        elif not self.programs or match[2]:
            raise CaseFault(f"{self.section} stands below a source and has no title of its own")
        elif self.section in self.programs[-1].expected:
            raise CaseFault(f"{self.section} stands twice below one source")
        else:
            self.programs[-1].expected[self.section] = []

    def _open_fence(self, line: str) -> None:
        match = FENCE.match(line)
        if match is None:
            raise CaseFault(f"not the first line of a fence: {line}")
        if not self.section:
            raise CaseFault("a fence stands in a section")
        self.fence = Fence(match[1], "", match[2])
        program = self.programs[-1]
        home = program.files if self.section == SOURCE else program.expected[self.section]
        home.append(self.fence)

    def _prose(self, line: str) -> None:
        program = self.programs[-1]
        if self.section != SOURCE or program.files:
            raise CaseFault("prose stands below the title of the file or of a source")
        program.prose += ("\n" if program.prose else "") + line
