"""`raftoral check`: files and folders in, every problem in them out.

    find the files -> read them -> what is known from an earlier run
                   -> the compiler for the rest -> a report

The report goes to standard output, the summary of the human format to standard error. Files are
only read; the one thing written is the cache of results.
"""

from __future__ import annotations

import os

from raftoral.cli import DONE, FOUND_PROBLEMS
from raftoral.cli.cache import PLACE_CODES, Results, compiler_fingerprint, digest, record, restore
from raftoral.cli.collector import Paused
from raftoral.cli.files import STDIN, Disk, DiskWorld, Found, find
from raftoral.cli.options import Command, Option, Options
from raftoral.dsl.source import Source
from raftoral.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from raftoral.cli.terminal import Terminal
    from raftoral.dsl.compile import Checked
    from raftoral.dsl.diagnostics import Problem

FORMATS = ("human", "short", "json", "sarif", "github")
WATCHED_FILES_MIN = 20  # fewer cannot take a second
HUMAN_PROBLEMS_MAX = 200  # more than anyone reads; the other formats show all

COMMAND = Command(
    "check",
    "Says what is wrong in .rft files, all of it at once. Without PATH: the current folder.\n"
    "Exit code: 0 nothing is wrong, 1 there are errors, 2 wrong usage, 3 a bug of raftoral.",
    words="[PATH or -]...",
    options=(
        Option("format", "how problems are shown (default: human)", choices=FORMATS),
        Option("strict", "warnings count as errors"),
        Option("explain", "print the long form of a problem instead", value="CODE"),
        Option("max-problems", "show at most N problems; 0 shows all", value="N"),
        Option("no-cache", "check everything again"),
        Option("locked", "also hold the files against raftoral.lock, and write nothing"),
    ),
    example="raftoral check shop/\nraftoral check --format sarif . > problems.sarif",
)


def run(options: Options, terminal: Terminal) -> int:
    """Checks what the words name; returns the exit code."""
    if options.text("explain"):
        from raftoral.cli import explain

        format = "json" if options.text("format") == "json" else "human"
        return explain.print_one(options.text("explain"), format, terminal)
    most = options.number("max-problems", -1)  # asked before the work, which may be long
    watch = Watch(terminal)
    found = look_for(options.words, terminal)
    disk = Disk()
    use_cache = not options.on("no-cache") and not os.environ.get("RAFTORAL_NO_CACHE")
    with Paused():
        if options.on("locked"):
            from raftoral.cli.lock import check_locked

            problems = check_locked(found, options.words)
        else:
            problems = found.problems + check_files(found.paths, disk, watch, use_cache=use_cache)
    report(problems, len(found.paths), options.text("format", "human"), most, terminal)
    errors = sum(problem.is_error for problem in problems)
    watch.sum_up(errors, len(problems) - errors, problems, len(found.paths), options)
    failed = errors or (problems and options.on("strict"))
    return FOUND_PROBLEMS if failed else DONE


def look_for(words: list[str], terminal: Terminal) -> Found:
    """The files that `words` name; complains about words that name nothing."""
    found = find(words or ["."])
    for word in found.missing:
        terminal.complain(f"raftoral: there is no file or folder {_shown(word)}{_near(word)}")
    for word in found.empty:
        if found.missing or found.paths:
            terminal.remark(f"raftoral: no .rft file below {_shown(word)}")
    if found.missing:
        raise UsageError("")  # said above, one line each
    if not found.paths and not found.problems:
        raise UsageError(f"no .rft file below {', '.join(map(_shown, found.empty))}")
    return found


def _shown(word: str) -> str:
    from raftoral.dsl.diagnostics.render.cells import clean

    return clean(word)


def _near(word: str) -> str:
    from raftoral.dsl.diagnostics.spelling import closest

    folder, name = os.path.split(word)
    try:
        near = closest(name, os.listdir(folder or "."))
    except (OSError, ValueError):
        near = None
    return f"; did you mean {_shown(os.path.join(folder, near))}?" if near else ""


def check_files(paths: list[str], disk: Disk, watch: Watch | None = None, *, use_cache: bool = False) -> list[Problem]:
    """The problems of the files, in the order of `paths`. `disk` ends up holding what was read."""
    work = Work(paths, disk, watch, use_cache)
    return work.problems()


class Work:
    """One run: what is known already, and what has to be found out. `fresh` is what the compiler gave in this run."""

    __slots__ = ("disk", "fresh", "paths", "results", "watch", "world")

    def __init__(self, paths: list[str], disk: Disk, watch: Watch | None, use_cache: bool) -> None:
        self.paths = paths
        self.disk = disk
        self.watch = watch
        self.fresh: dict[str, Checked] = {}
        self.world = DiskWorld(disk)
        self.results = _results(disk) if use_cache else None

    def problems(self) -> list[Problem]:
        """All problems, those of files that cannot be read included."""
        found = self._known()
        rest = [path for path in self.paths if path not in found]
        if rest:
            found.update(self._found_out(rest, bool(found)))
        return [problem for path in self.paths for problem in found[path]]

    def _known(self) -> dict[str, list[Problem]]:
        """What an earlier run has said. Files are compared as bytes: none becomes a text here."""
        known: dict[str, list[Problem]] = {}
        if self.results is not None:
            for path in self.paths:
                kept = self.results.get(path) if path != STDIN else None
                if kept is not None:
                    known[path] = [restore(each, self.disk) for each in kept] if kept else []
        return known

    def _found_out(self, rest: list[str], is_part: bool) -> dict[str, list[Problem]]:
        """The problems of `rest`; of all files, if `is_part` and an import may now mean another one."""
        found, sources = self._read(rest)
        if sources:
            fresh = self._check(sources)
            if is_part and _misplaced(fresh):
                found, sources = self._read(self.paths)
                fresh = self._check(sources)
            self._keep(fresh)
            self.fresh = fresh
            found.update({path: checked.problems for path, checked in fresh.items()})
        return found

    def _read(self, paths: list[str]) -> tuple[dict[str, list[Problem]], dict[str, Source]]:
        """What cannot be read, and the texts of the others."""
        found: dict[str, list[Problem]] = {}
        sources: dict[str, Source] = {}
        for path in paths:
            source = self.disk.source(path)
            if isinstance(source, Source):
                sources[path] = source
            else:
                found[path] = [source]
        return found, sources

    def _check(self, sources: dict[str, Source]) -> dict[str, Checked]:
        from raftoral.dsl.compile import check

        listed = list(sources.values())
        if self.watch is not None:
            self.watch.begin(len(listed))
        try:
            checked = check(listed, self.world)
        except Exception as fault:
            fault.add_note(_culprit(listed, self.world))
            raise
        finally:
            if self.watch is not None:
                self.watch.end()
        return dict(zip(sources, checked, strict=True))

    def _keep(self, fresh: dict[str, Checked]) -> None:
        # Whether an import finds a file that stands in the wrong place depends on what else was
        # asked for, so such a run is not kept.
        if self.results is None or _misplaced(fresh):
            return
        for path, checked in fresh.items():
            if path != STDIN:
                records = [record(problem) for problem in checked.problems]
                self.results.put(path, checked.imports, records)
        self.results.note(self.world.asked, self.world.listed)
        self.results.save()


def _misplaced(fresh: dict[str, Checked]) -> bool:
    return any(problem.code in PLACE_CODES for checked in fresh.values() for problem in checked.problems)


def _results(disk: Disk) -> Results | None:
    from raftoral import __version__, dsl

    package = os.path.dirname(dsl.__file__ or "")
    try:
        # Where a module should stand depends on the folder that we are in.
        here = os.getcwd().encode("utf-8", "surrogateescape")
        fingerprint = digest(__version__.encode(), here, compiler_fingerprint(package))
    except OSError:  # the package lies in an archive
        return None
    return Results(".", fingerprint, disk)


def _culprit(sources: list[Source], world: DiskWorld) -> str:
    """Which file our own bug shows on, for the report of it."""
    from raftoral.dsl.compile import check

    for source in sources:
        try:
            check([source], world)
        except Exception:
            return f"while checking {source.path}"
    return f"while checking {len(sources)} files together"


def report(problems: list[Problem], files: int, format: str, most: int, terminal: Terminal) -> None:
    """Shows the problems: `most` of them, all if it is 0, as many as anyone reads if it is below."""
    if most < 0:
        most = HUMAN_PROBLEMS_MAX if format == "human" else 0
    shown = problems[:most] if most else problems
    if not problems and format not in ("json", "sarif"):
        return
    if format == "human":
        from raftoral.dsl.diagnostics.render import human

        style = terminal.style(terminal.out)
        for index, problem in enumerate(shown):
            terminal.result(("\n" if index else "") + human.one(problem, style))
    elif format == "short":
        from raftoral.dsl.diagnostics.render import short

        terminal.result(short.render(shown, ascii=terminal.style(terminal.out).ascii))
    elif format == "json":
        from raftoral.dsl.diagnostics.render import records

        terminal.result(records.render(shown, files, problems))
    elif format == "sarif":
        from raftoral import __version__
        from raftoral.cli.explain import texts
        from raftoral.dsl.diagnostics.render import sarif

        codes = {problem.code for problem in shown}
        terminal.result(sarif.render(shown, __version__, os.getcwd(), texts(codes)))
    else:
        from raftoral.dsl.diagnostics.render import github

        terminal.result(github.render(shown))
    if len(shown) < len(problems) and format in ("human", "short"):
        left = len(problems) - len(shown)
        terminal.complain(f"{left:,} more not shown; --max-problems 0 shows all")


class Watch:
    """How long it takes, and a sign of life on a terminal when that is long."""

    __slots__ = ("_before", "_since", "_terminal")

    def __init__(self, terminal: Terminal) -> None:
        from time import monotonic

        self._terminal = terminal
        self._since = monotonic()
        self._before: Any = None  # who got the alarm before

    def seconds(self) -> float:
        from time import monotonic

        return monotonic() - self._since

    def begin(self, files: int) -> None:
        """From now on, says every second that work goes on: an alarm does, the compiler knows nothing."""
        if files < WATCHED_FILES_MIN or not self._terminal.shows_progress():
            return
        import signal

        def show(number: int, frame: object) -> None:
            self._terminal.progress(f"checking {files:,} files, {self.seconds():.0f} s ...")

        try:
            self._before = signal.signal(signal.SIGALRM, show)
            signal.setitimer(signal.ITIMER_REAL, 1, 1)
        except (AttributeError, ValueError):  # no alarms on this system, or not the main thread
            self._before = None

    def end(self) -> None:
        """The work is done."""
        if self._before is not None:
            import signal

            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)
            self._before = None
            self._terminal.clear_progress()

    def sum_up(self, errors: int, warnings: int, problems: list[Problem], files: int, options: Options) -> None:
        """`2 errors, 1 warning in 3 files`; of a clean run only where a person looks."""
        from raftoral.cli.terminal import is_terminal

        terminal = self._terminal
        if options.text("format", "human") != "human" and not terminal.verbose:
            return
        if problems:
            from raftoral.dsl.diagnostics.render.human import summary

            touched = len({problem.primary.source.path for problem in problems})
            text = "\n" + summary(errors, warnings, touched)
            safe = sum(each.fix is not None and each.fix.applicability == "safe" for each in problems)
            if safe:
                text += f"; `raftoral fmt --fix` can repair {safe:,}"
            terminal.remark(text)
        elif terminal.verbose or is_terminal(terminal.err):
            terminal.remark(f"no problems in {files:,} {'file' if files == 1 else 'files'}")
        if terminal.verbose:
            noun = "file" if files == 1 else "files"
            terminal.remark(f"checked {files:,} {noun} in {self.seconds() * 1000:,.0f} ms")
