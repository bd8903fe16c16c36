"""`import shop.orders` finds shop/orders.rft, once this module was imported.

    import raftoral.importer        # or: raftoral.install_importer()
    from shop.orders import ProcessOrder

A finder looks for `.rft` files where Python looks for modules. A Python module of the same name wins, wherever on the
path it is, so that generated files may take the place of sources at any time. Nothing is loaded that has errors: the
import raises `RftError` with the problems as `raftoral check` shows them.

What was generated is kept in the cache of the user ($RAFTORAL_CACHE, or the system's place for caches), by the content
of the source and its imports, the compiler and Python. It never writes beside a source, unless there is no such place.
"""

from __future__ import annotations

import os
import sys
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from threading import RLock

from raftoral.errors import RftError
from raftoral.notes import note_source as note_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType, TracebackType

    from raftoral.cli.files import Disk
    from raftoral.cli.texts import Texts
    from raftoral.dsl.compile import Checked
    from raftoral.dsl.diagnostics import Problem

SUFFIX = ".rft"
COMPILING = RLock()  # the compiler's tables of types are one for the process


class Finder(MetaPathFinder):
    """Finds `.rft` files on the path."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module, if there is a source for it and nothing else."""
        tail = fullname.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            stem = os.path.join(folder or os.getcwd(), tail)
            if os.path.isfile(stem + SUFFIX):
                if self._is_python(fullname, path, target):
                    return None
                return _spec(fullname, os.path.abspath(stem))
        return None

    def _is_python(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> bool:
        """Whether another finder has a module, and not just a folder, of that name."""
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec = find(fullname, path, target) if finder is not self and find is not None else None
            if spec is not None:
                return spec.origin is not None
        return False


def _spec(fullname: str, stem: str) -> ModuleSpec:
    spec = ModuleSpec(fullname, Loader(stem + SUFFIX), origin=stem + SUFFIX, is_package=os.path.isdir(stem))
    if spec.submodule_search_locations is not None:  # shop.rft and shop/orders.rft
        spec.submodule_search_locations.append(stem)
    spec.has_location = True
    return spec


class Loader(InspectLoader):
    """Makes the Python of one source, and runs it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._text: str | None = None

    def get_source(self, fullname: str) -> str:
        """The generated Python: what debuggers and tracebacks show."""
        if self._text is None:
            with COMPILING:
                self._text = generated(fullname, self.path)
        return self._text

    def is_package(self, fullname: str) -> bool:
        """Whether there is a folder of that name beside the file."""
        return os.path.isdir(self.path.removesuffix(SUFFIX))

    def get_code(self, fullname: str) -> CodeType:
        """The generated module, compiled by Python."""
        return compile(self.get_source(fullname), filename(self.path), "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module; what it raises names lines of the source."""
        import linecache

        self._text = None  # a reload sees what the source says now
        text = self.get_source(module.__name__)
        # Without a date, so that nothing looks for a file to compare it with.
        linecache.cache[filename(self.path)] = (len(text), None, text.splitlines(keepends=True), filename(self.path))
        try:
            exec(self.get_code(module.__name__), module.__dict__)
        except Exception as fault:
            note_source(fault)
            raise


def filename(path: str) -> str:
    """What tracebacks call the generated module: there is no file of it."""
    return f"<Python of {path}>"


# --- from a source to its Python --------------------------------------------------------------------------------------


def generated(fullname: str, path: str) -> str:
    """The Python of the module at `path`, from the cache or made now."""
    from raftoral.cli.files import Disk
    from raftoral.cli.numbers import lock_place
    from raftoral.cli.texts import Texts, fingerprint

    disk = Disk()
    lock_path = lock_place([path])
    texts = Texts(_cache(path), fingerprint(f"{sys.version_info[:2]} {lock_path}"), disk)
    known = texts.get(path)
    if known is not None and known.name == fullname:
        return known.text
    return _made(fullname, path, lock_path, texts, disk)


def _made(fullname: str, path: str, lock_path: str, texts: Texts, disk: Disk) -> str:
    from raftoral.cli.files import DiskWorld
    from raftoral.cli.numbers import lock_faults, read_lock
    from raftoral.dsl.compile import check
    from raftoral.dsl.source import Source

    source = disk.source(path)
    if not isinstance(source, Source):
        raise RftError(source.headline, name=fullname, path=path)
    (checked,) = check([source], DiskWorld(disk))
    _refuse(fullname, path, checked, checked.problems)
    lock = read_lock(lock_path, disk)
    if lock is not None:
        _refuse(fullname, path, checked, lock_faults(lock, [checked], disk))
    inputs = [*checked.imports, *([lock_path] if lock_path else [])]
    return texts.make(path, checked, lock, inputs).text


def _refuse(fullname: str, path: str, checked: Checked, problems: list[Problem]) -> None:
    """Raises if the file has errors, or is another module than the one that is imported."""
    errors = [problem for problem in problems if problem.is_error]
    if errors:
        from raftoral.dsl.diagnostics.render import human

        count = human.count(len(errors), "error")
        raise RftError(f"{path} has {count}\n\n{human.render(errors)}", name=fullname, path=path)
    if checked.name != fullname:
        said = f"it says `module {checked.name}`" if checked.facts.parsed.module.name else "it has no `module` line"
        raise RftError(
            f"{path} was found for `import {fullname}`, but {said}; write `module {fullname}` below `rft 1`",
            name=fullname,
            path=path,
        )


def _cache(path: str) -> str:
    """The folder of kept texts; nothing if nothing shall be kept."""
    from raftoral.cli.texts import SUBFOLDER

    if os.environ.get("RAFTORAL_NO_CACHE"):
        return ""
    given = os.environ.get("RAFTORAL_CACHE")
    if given:
        return os.path.join(os.path.abspath(given), SUBFOLDER)
    home = os.path.expanduser("~")
    if not os.path.isdir(home) or not os.access(home, os.W_OK):
        return os.path.join(os.path.dirname(path), ".raftoral_cache", SUBFOLDER)
    if sys.platform == "win32":
        top = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        top = os.path.join(home, "Library", "Caches")
    else:
        top = os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return os.path.join(top, "raftoral", SUBFOLDER)


# --- installing -------------------------------------------------------------------------------------------------------


_FINDER = Finder()
_BEFORE = sys.excepthook


def install() -> None:
    """Puts the finder on `sys.meta_path`, and the note on exceptions that nobody catches. Twice is once."""
    global _BEFORE

    if _FINDER not in sys.meta_path:
        # Before the finder of folders: a folder shop/ would hide shop.rft.
        names = [getattr(finder, "__name__", "") for finder in sys.meta_path]
        at = names.index("PathFinder") if "PathFinder" in names else len(names)
        sys.meta_path.insert(at, _FINDER)
    if sys.excepthook is not _uncaught:
        _BEFORE, sys.excepthook = sys.excepthook, _uncaught


def uninstall() -> None:
    """Takes both away again; what was imported stays."""
    if _FINDER in sys.meta_path:
        sys.meta_path.remove(_FINDER)
    if sys.excepthook is _uncaught:
        sys.excepthook = _BEFORE


def _uncaught(kind: type[BaseException], exception: BaseException, trace: TracebackType | None) -> None:
    note_source(exception)
    _BEFORE(kind, exception, trace)


install()
