"""`raftoral compile`: files and folders in, one Python module for each `.rft` file out.

    find the files -> check them -> what an earlier run generated, and the compiler for the rest
                   -> compare with what is in the folder -> write what differs

Nothing is written while there is an error, or while a file in the folder is not ours. Problems go to standard output,
as `raftoral check` shows them; with `--check`, so do the names of the files that are not as they should be.
"""

from __future__ import annotations

import os
import sys

from raftoral.cli import DONE, FOUND_PROBLEMS
from raftoral.cli.check import Watch, Work, look_for, report
from raftoral.cli.collector import Paused
from raftoral.cli.files import STDIN, SUFFIX, Disk, DiskWorld, find
from raftoral.cli.numbers import lock_faults, lock_place, read_lock
from raftoral.cli.options import Command, Option, Options
from raftoral.cli.outputs import SAME, Outputs
from raftoral.cli.texts import Texts, beside_results, fingerprint
from raftoral.dsl.source import Source
from raftoral.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from raftoral.cli.terminal import Terminal
    from raftoral.cli.texts import Text
    from raftoral.dsl.compile import Checked
    from raftoral.dsl.diagnostics import Problem
    from raftoral.dsl.lock import Lock

    State = dict[str, tuple[int, int, int] | None]

POLL_S = 0.2

# What generated modules import, beside Python's own: a module of such a name would stand in front of it.
TAKEN = frozenset(("raftoral", "pydantic", "pydantic_core", "typing_extensions", "annotated_types"))

COMMAND = Command(
    "compile",
    "Makes a Python module of each .rft file, below DIR, at the path that its `module` line says.\n"
    "Files there that raftoral did not generate are never touched. Without PATH: the current folder.\n"
    "Exit code: 0 done, 1 there are errors, or (--check) a file is not as it should be, 2 wrong usage.",
    words="[PATH]... --out DIR",
    options=(
        Option("out", "where the modules go", letter="o", value="DIR"),
        Option("check", "write nothing; list the files that are missing or out of date"),
        Option("watch", "go on, and compile again whenever a file changes; Ctrl-C ends it"),
        Option("prune", "delete generated modules whose .rft file is gone"),
        Option("no-cache", "check and generate everything again"),
    ),
    example="raftoral compile shop/ --out src\nraftoral compile . --out src --check",
)


def run(options: Options, terminal: Terminal) -> int:
    """Compiles what the words name; returns the exit code."""
    if not options.text("out"):
        raise UsageError("where do the modules go? --out DIR says so")
    if "-" in options.words:
        raise UsageError("`-` has no place among the files: a module needs a path")
    if os.path.exists(options.text("out")) and not os.path.isdir(options.text("out")):
        raise UsageError(f"--out {options.text('out')} is a file, and a folder is wanted")
    if not options.on("watch"):
        return Round(options, terminal).run()
    if options.on("check"):
        raise UsageError("--check looks once, and --watch goes on: one of them")
    return follow(options, terminal)


class Round:
    """One look at everything: what is known already, what has to be compiled, what has to be written."""

    __slots__ = ("disk", "options", "paths", "stamp", "terminal", "use_cache", "watch")

    def __init__(self, options: Options, terminal: Terminal, stamp: str = "") -> None:
        self.stamp = stamp  # stands before the summary
        self.options = options
        self.terminal = terminal
        self.watch = Watch(terminal)
        self.disk = Disk()
        self.paths: list[str] = []
        self.use_cache = not options.on("no-cache") and not os.environ.get("RAFTORAL_NO_CACHE")

    def run(self) -> int:
        """Returns the exit code."""
        found = look_for(self.options.words, self.terminal)
        self.paths = found.paths
        with Paused():
            problems, texts = self._compile(list(found.problems))
        errors = sum(problem.is_error for problem in problems)
        if problems:
            report(problems, len(self.paths), "human", -1, self.terminal)
            self.watch.sum_up(errors, len(problems) - errors, problems, len(self.paths), self.options)
        return FOUND_PROBLEMS if errors else self._deliver(texts)

    # --- from sources to texts -----------------------------------------------------------------------------

    def _compile(self, problems: list[Problem]) -> tuple[list[Problem], dict[str, Text]]:
        """All problems, and, if none is an error, the module of each path."""
        work = Work(self.paths, self.disk, self.watch, self.use_cache)
        problems += work.problems()
        if any(problem.is_error for problem in problems):
            return problems, {}
        lock_path = lock_place(self.options.words)
        key = fingerprint(lock_path)
        kept = Texts(beside_results() if self.use_cache else "", key, self.disk)
        texts = {path: text for path in self.paths if (text := kept.get(path)) is not None}
        rest = [path for path in self.paths if path not in texts]
        if rest:
            fresh = {path: work.fresh[path] for path in rest if path in work.fresh}
            checked = fresh if len(fresh) == len(rest) else self._check(rest)
            lock = read_lock(lock_path, self.disk)
            if lock is not None:
                problems += lock_faults(lock, list(checked.values()), self.disk)
            if not any(problem.is_error for problem in problems):
                inputs = [lock_path] if lock_path else []
                texts.update(self._generate(checked, kept, lock, inputs))
        return problems, texts

    def _check(self, paths: list[str]) -> dict[str, Checked]:
        """The modules of files that were found right before, but whose texts are not known."""
        from raftoral.dsl.compile import check

        sources = [source for path in paths if isinstance(source := self.disk.source(path), Source)]
        return dict(zip(paths, check(sources, DiskWorld(self.disk)), strict=True))

    def _generate(
        self, checked: dict[str, Checked], kept: Texts, lock: Lock | None, inputs: list[str]
    ) -> dict[str, Text]:
        texts: dict[str, Text] = {}
        for number, (path, each) in enumerate(checked.items(), 1):
            if len(checked) > 1:
                self.terminal.progress(f"compiling {number:,} of {len(checked):,}: {each.name}")
            texts[path] = kept.make(path, each, lock, [*each.imports, *inputs])
        self.terminal.clear_progress()
        return texts

    # --- from texts to files -------------------------------------------------------------------------------

    def _deliver(self, texts: dict[str, Text]) -> int:
        faults = _unfit(texts)
        outputs = Outputs(self.options.text("out"), {text.name: text.text for text in texts.values()})
        faults += outputs.faults
        if not faults:
            roots = {".", *(self._root_of(path, text.name) for path, text in texts.items())}
            left = outputs.left_over(lambda source: any(os.path.lexists(os.path.join(root, source)) for root in roots))
            if self.options.on("check"):
                return self._show(outputs, left)
            faults = outputs.write()
            faults += self._prune(outputs, left)
        for fault in faults:
            self.terminal.complain(f"raftoral compile: {fault}")
        if not faults:
            self._sum_up(outputs)
            self._missing_imports(texts)
        return FOUND_PROBLEMS if faults else DONE

    def _root_of(self, path: str, name: str) -> str:
        source = self.disk.source(path)
        return _root(source.path if isinstance(source, Source) else path, name)

    def _show(self, outputs: Outputs, left: list[tuple[str, str]]) -> int:
        """`--check`: what a run without it would change."""
        rows = [f"{each.path}: {each.state}" for each in outputs.pending]
        if self.options.on("prune"):
            rows += [f"{path}: left over, {source} is gone" for path, source in left]
        else:
            self._warn(left)
        self.terminal.result("".join(f"{row}\n" for row in rows))
        if not rows:
            self.terminal.remark(f"{_count(len(outputs.modules))} up to date")
        return FOUND_PROBLEMS if rows else DONE

    def _prune(self, outputs: Outputs, left: list[tuple[str, str]]) -> list[str]:
        if not self.options.on("prune"):
            self._warn(left)
            return []
        faults = []
        for path, source in left:
            try:
                outputs.delete(path)
                self.terminal.remark(f"{path} deleted: {source} is gone")
            except OSError as fault:
                faults.append(f"{path} cannot be deleted: {fault.strerror}")
        return faults

    def _warn(self, left: list[tuple[str, str]]) -> None:
        for path, source in left:
            self.terminal.remark(f"warning: {path} is left over: {source} is gone; --prune deletes it")

    def _sum_up(self, outputs: Outputs) -> None:
        """`2 modules compiled, 3 unchanged`."""
        terminal = self.terminal
        if terminal.verbose:
            for each in outputs.pending:
                terminal.remark(f"{each.path} written")
        same = sum(each.state == SAME for each in outputs.modules)
        done = len(outputs.modules) - same
        if not done:
            terminal.remark(f"{self.stamp}{_count(same)} unchanged")
        else:
            terminal.remark(f"{self.stamp}{_count(done)} compiled" + (f", {same:,} unchanged" if same else ""))
        if terminal.verbose:
            terminal.remark(f"in {self.watch.seconds() * 1000:,.0f} ms")

    def _missing_imports(self, texts: dict[str, Text]) -> None:
        """Says which generated modules others import, and which nobody has generated."""
        names = {text.name for text in texts.values()}
        out = self.options.text("out")
        for path, text in texts.items():
            for name in sorted(set(_imported(text.text)) - names):
                stem = os.path.join(out, *name.split("."))
                there = os.path.isfile(stem + ".py") or os.path.isfile(os.path.join(stem, "__init__.py"))
                rft = os.path.normpath(os.path.join(self._root_of(path, text.name), *name.split(".")) + SUFFIX)
                if not there and os.path.isfile(rft):
                    self.terminal.remark(f"warning: {text.name} imports {name}, which {out} lacks; compile {rft} too")


def _imported(text: str) -> list[str]:
    """The modules that a generated module takes names from."""
    lines = text.split("\nclass ", 1)[0].split("\ndef ", 1)[0].split("\n")
    return [line.split()[1] for line in lines if line.startswith("from ") and " import " in line]


def _unfit(texts: dict[str, Text]) -> list[str]:
    """Modules that Python could not import by their names."""
    from keyword import iskeyword

    faults = []
    seen: dict[str, str] = {}
    for path, text in texts.items():
        first = text.name.split(".")[0]
        other = seen.setdefault(text.name, path)
        if other != path:
            faults.append(f"{other} and {path} are both the module `{text.name}`; a `module` line sets them apart")
        elif any(not part.isidentifier() or iskeyword(part) for part in text.name.split(".")):
            faults.append(f"{path}: Python cannot import a module called `{text.name}`; a `module` line names it")
        elif first in TAKEN or (first in sys.stdlib_module_names and first != "test"):
            faults.append(f"{path}: a module called `{first}` would hide Python's own of that name; rename it")
    return faults


def _root(path: str, name: str) -> str:
    """The source root of a module: shop/orders.rft with `module shop.orders` has the root `.`."""
    tail = name.replace(".", "/") + SUFFIX
    path = path.replace("\\", "/")
    if path == tail:
        return "."
    return path[: -len(tail) - 1] or "/" if path.endswith("/" + tail) else os.path.dirname(path) or "."


def _count(modules: int) -> str:
    return f"{modules:,} module" + ("" if modules == 1 else "s")


# --- going on ---------------------------------------------------------------------------------------------------------


def follow(options: Options, terminal: Terminal) -> int:
    """`--watch`: a round, and another one whenever a file is not what it was, until Ctrl-C."""
    touched: set[str] = set()
    is_first = True
    try:
        while True:
            before = _state(options.words, touched)
            touched |= _turn(options, terminal, is_first)
            is_first = False
            # What changed while the round ran may have been read before it did.
            seen = {path: before.get(path, state) for path, state in _state(options.words, touched).items()}
            while _state(options.words, touched) == seen:
                wait()
    except KeyboardInterrupt:
        terminal.remark("")
        return DONE


def _turn(options: Options, terminal: Terminal, is_first: bool) -> set[str]:
    """One round, which nothing that an author does can end, but for the first; the paths that it looked at."""
    from time import strftime

    round = Round(options, terminal, strftime("%H:%M:%S "))
    try:
        round.run()
    except UsageError as fault:
        if is_first:
            raise
        if str(fault):  # the last file was deleted, or a lock is half written
            terminal.complain(f"raftoral compile: {fault}")
    terminal.flush()
    return set(round.disk.touched)


def _state(words: list[str], touched: set[str]) -> State:
    """When which file was written last: those that are named now, and those that were read."""
    found = find(words or ["."])
    state: State = {}
    for path in sorted({*found.paths, *touched} - {STDIN}):
        try:
            status = os.stat(path)
            state[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
        except (OSError, ValueError):
            state[path] = None
    return state


def wait() -> None:
    """Until the next look."""
    from time import sleep

    sleep(POLL_S)
