"""Everything that the compiler does with a file, and what must hold of it whatever the file is.

    faults(b"rft 1\\nconst a = ") -> []         each fault is one line: what broke, and where

It never raises for what is in a file, problems stand within their text, every format renders them,
the formatter keeps words and comments and changes nothing the second time, and the same text gets
the same problems twice. Used by the fuzzer, by the tests that replay its findings, and by
hypothesis.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from raftoral.cli.files import decode
from raftoral.dsl.compile import check
from raftoral.dsl.diagnostics import Problem
from raftoral.dsl.diagnostics.codes import CODES
from raftoral.dsl.diagnostics.render import github, human, records, sarif, short
from raftoral.dsl.diagnostics.render.style import Style
from raftoral.dsl.format import format_source
from raftoral.dsl.format.fixes import apply_fixes
from raftoral.dsl.parser import driver
from raftoral.dsl.parser.tokens import tokenize
from raftoral.dsl.source import Source
from tests.dsl import corpus

CPU_SECONDS_MAX = 20.0  # a watchdog for loops without end, not a measure of speed
SCREEN = Style(color=True)
OLD_SCREEN = Style(ascii=True, width=60)


class Hung(BaseException):
    """The watchdog's: not an Exception, so that nothing on the way can take it for its own."""


class World:
    """The modules of `examples/`, so that some imports find something."""

    def module(self, name: str, root: str) -> Source | None:
        text = corpus.examples().get(f"examples/{name}.rft")
        return None if text is None else Source(f"{name}.rft", text)

    def modules(self, root: str) -> list[str]:
        paths = corpus.examples()
        return [path.removeprefix("examples/").removesuffix(".rft") for path in paths]

    def python(self, name: str, root: str) -> Source | None:
        path = corpus.ROOT / "examples" / f"{name}.py"
        if not name.isidentifier() or not path.is_file():
            return None
        return Source(f"{name}.py", path.read_text(encoding="utf-8"))


def faults(raw: bytes, path: str = "fuzz.rft") -> list[str]:
    """What is wrong with the compiler, as this file shows it; nothing, if all is well."""
    source = decode(path, raw)
    if not isinstance(source, Source):
        return list(_broken(lambda: _rendering([source])))
    found: list[Problem] = []
    said = list(_broken(lambda: _checking(source, found)))
    said += _broken(lambda: _rendering(found))
    said += _broken(lambda: _formatting(source))
    said += _broken(lambda: _fixing(source, found))
    return said


def _broken(step: Callable[[], Iterator[str]]) -> Iterator[str]:
    """What a step finds; an exception of it is a find too, and so is a loop without end."""
    try:
        with watchdog(CPU_SECONDS_MAX):
            yield from list(step())
    except Hung:
        yield f"hangs: {_place(sys.exc_info()[1])}"
    except Exception as fault:
        yield f"raises {type(fault).__name__} in {_place(fault)}: {str(fault)[:120]!r}"


def _place(fault: BaseException | None) -> str:
    """The innermost line of ours."""
    frames = traceback.extract_tb(fault.__traceback__) if fault is not None else []
    ours = [frame for frame in frames if f"raftoral{os.sep}" in frame.filename] or frames
    last = ours[-1]
    return f"{os.path.basename(last.filename)}:{last.lineno} {last.name}"


@contextmanager
def watchdog(cpu_seconds: float) -> Iterator[None]:
    """Ends what uses more CPU time than that, where the system can; a busy machine does not count."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def bite(number: int, frame: FrameType | None) -> None:
        raise Hung

    old = signal.signal(signal.SIGVTALRM, bite)
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, old)


def _checking(source: Source, found: list[Problem]) -> Iterator[str]:
    """Problems of the file, into `found`; the same ones if it is checked again."""
    (checked,) = check([source], World())
    found += checked.problems
    for problem in found:
        yield from _wrong_problem(problem)
    again = Source(source.path, source.text)
    (second,) = check([again], World())
    if [_all_of(each) for each in second.problems] != [_all_of(each) for each in found]:
        yield "the second check says something else"


def _wrong_problem(problem: Problem) -> Iterator[str]:
    code = problem.code
    if code not in CODES:
        yield f"{code} is no code"
    if not problem.headline.strip() or "\n" in problem.headline:
        yield f"{code} has a headline of {problem.headline.count(chr(10)) + 1} lines"
    if not problem.labels:
        yield f"{code} has no label"
    for label in problem.labels:
        if not 0 <= label.lo <= label.hi <= len(label.source.text):
            yield f"{code} has a label outside of its text"
    if problem.fix is not None:
        size = len(problem.primary.source.text)
        reached = 0
        for lo, hi, _ in sorted(problem.fix.edits, key=lambda edit: (edit[0], edit[1])):
            if not reached <= lo <= hi <= size:
                yield f"{code} has edits that overlap or lie outside of the text"
            reached = hi


def _all_of(problem: Problem) -> tuple[object, ...]:
    labels = [(label.source.path, label.lo, label.hi, label.text) for label in problem.labels]
    fix = problem.fix and (problem.fix.applicability, problem.fix.edits)
    return (problem.code, problem.headline, labels, problem.notes, problem.helps, fix)


def _rendering(found: list[Problem]) -> Iterator[str]:
    """Every format, for any problem."""
    human.render(found, SCREEN)
    human.render(found, OLD_SCREEN).encode("ascii")
    short.render(found).encode("utf-8")
    short.render(found, ascii=True).encode("ascii")
    records.render(found, 1).encode("utf-8")
    sarif.render(found, "0", "/somewhere").encode("utf-8")
    github.render(found).encode("utf-8")
    yield from ()


def _formatting(source: Source) -> Iterator[str]:
    """Formatted once is formatted; words and comments are those that were there."""
    text = _formatted(source)
    if words(text) != words(source.text):
        yield "fmt changes words"
    if comments(text) != comments(source.text):
        yield "fmt changes comments"
    again = _formatted(Source(source.path, text))
    if again != text:
        yield "fmt changes its own result"


def _formatted(source: Source) -> str:
    formatted = format_source(source)
    if formatted.fault is not None:  # the text is safe, and the bug is a find all the same
        raise formatted.fault
    return formatted.text


def words(text: str) -> list[str]:
    """All tokens but commas, which the formatter puts where they help."""
    lexed = tokenize(text, driver.load_tables().marks)
    return [token.text for token in lexed.tokens if token.text != ","]


def comments(text: str) -> list[str]:
    lexed = tokenize(text, driver.load_tables().marks)
    return [text[lo:hi].rstrip() for lo, hi in lexed.comments]


def _fixing(source: Source, found: list[Problem]) -> Iterator[str]:
    """Safe fixes can be applied, and what they give can be checked."""
    fixed = apply_fixes(source, found)
    if fixed is not source:
        check([fixed], World())
    yield from ()
