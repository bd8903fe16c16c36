"""From the files of a deployment to modules: the compiler, as a node uses it.

    modules, definitions = compiled([Source("shop/orders.rft", "rft 1 ...")])

In: the `.rft` files of a project by their paths, with all that they import, Python modules of pure functions and the
lock (`raftoral.lock`) among them. Out: generated modules, and the
workflows in them; or `WrongInput` with the problems as `raftoral check` shows them. Nothing
of it is kept, or run but for the modules themselves.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from raftoral import __version__
from raftoral.cli import templates
from raftoral.dsl.compile import check
from raftoral.dsl.compile.modules import compile_modules
from raftoral.dsl.diagnostics.render import human
from raftoral.dsl.lock import parse
from raftoral.dsl.source import Source
from raftoral.errors import WrongInput
from raftoral.importer import COMPILING
from raftoral.program.steps import Definition
from raftoral.runtime.cluster.packages import Module, definitions_in
from raftoral.runtime.service import Source as File

LOCK = "raftoral.lock"


class _Sent:
    """The world of a deployment: the files that were sent, and nothing else."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self.used: set[str] = set()  # Python modules that a source imports

    def module(self, name: str, root: str) -> Source | None:
        """The source of a module, if it was sent."""
        return self._source(name, root, ".rft")

    def python(self, name: str, root: str) -> Source | None:
        """A Python module of pure functions, if it was sent."""
        found = self._source(name, root, ".py")
        if found is not None:
            self.used.add(found.path)
        return found

    def modules(self, root: str) -> list[str]:
        """The names of all modules that were sent."""
        return sorted(name_of(path) for path in self._files if path.endswith(".rft"))

    def _source(self, name: str, root: str, suffix: str) -> Source | None:
        path = posixpath.normpath(posixpath.join(root, name.replace(".", "/") + suffix))
        text = self._files.get(path)
        return None if text is None else Source(path, text)


def name_of(path: str) -> str:
    """The module of a file below the root of its project."""
    return posixpath.splitext(path)[0].replace("/", ".")


def compiled(files: Sequence[File]) -> tuple[list[Module], list[Definition]]:
    """The modules of a deployment and their workflows. Raises `WrongInput` with what is wrong."""
    texts = {posixpath.normpath(file.path): file.text for file in files}
    sources = [Source(path, text) for path, text in sorted(texts.items()) if path.endswith(".rft")]
    if not sources:
        raise WrongInput("nothing was sent that could be deployed: name at least one .rft file")
    world = _Sent(texts)
    with COMPILING:
        checked = check(sources, world)
        problems = [problem for each in checked for problem in each.problems if problem.is_error]
        if problems:
            raise WrongInput(human.render(problems) + "\n" + human.count(len(problems), "error"))
        lock = parse(texts[LOCK], LOCK) if LOCK in texts else None
        made = compile_modules(checked, __version__, templates.read, lock)
    modules = [_module(path, texts[path], texts[path]) for path in sorted(world.used)]
    modules += [_module(path, texts.get(path[:-3] + ".rft", ""), text) for path, text in made.items()]
    return modules, definitions_in(modules)


def _module(path: str, source: str, text: str) -> Module:
    return Module(name_of(path), path, source, text)
