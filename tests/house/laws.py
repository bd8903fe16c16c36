"""The checks behind the laws of the house: a tree of sources in, a list of faults out.

    raftoral/dsl/format.py:7: raftoral.dsl.format must not import os

Functions over `Module`s and texts, so that each law can be shown a planted fault. The tables with
the laws themselves stand in the `test_*.py` beside this file. Never changes a file.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 800
FOLDER_ROOMS_MAX = 18

BANNED_NAMES = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}
STANDARD_LIBRARY = sys.stdlib_module_names


@dataclass(frozen=True)
class Fault:
    """A law broken at a place; line 0 means the file or folder as a whole."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.what}"


def assert_kept(faults: Collection[Fault]) -> None:
    """Fails with a line for each fault, all of them."""
    assert not faults, "\n" + "\n".join(str(fault) for fault in faults)


@dataclass(frozen=True)
class Module:
    """One source file: `raftoral/dsl/parser/__init__.py` has the name `raftoral.dsl.parser`."""

    path: str
    text: str
    tree: ast.Module = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        """What a leading dot in its imports stands for."""
        is_package = self.path.endswith("/__init__.py")
        return self.name if is_package else self.name.rpartition(".")[0]

    @property
    def generated(self) -> bool:
        return re.search(r"_pb2(_grpc)?\.py$", self.path) is not None


def module(path: str, text: str) -> Module:
    return Module(path, text, ast.parse(text, path))


def read_tree(root: str, top: str = "raftoral") -> list[Module]:
    """Every Python file under `root`/`top`, in order of path."""
    return [module(path, read(os.path.join(root, path))) for path in sorted(walk(root, top)) if path.endswith(".py")]


def walk(root: str, top: str) -> Iterator[str]:
    """Paths of files under `root`/`top`, relative to `root`, with forward slashes; no caches."""
    for folder, folders, names in os.walk(os.path.join(root, top)):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def within(name: str, prefix: str) -> bool:
    """Whether `prefix` names the module `name` or a package around it."""
    return name == prefix or name.startswith(prefix + ".")


# --- imports ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Room:
    """What a module or package may import (with the reason), may not import, and may not call.

    Rooms inside inherit all of it. The entry closest to the imported name decides; if two are
    equally close, the one of the innermost room. What no entry names is allowed if it is in the
    standard library, and refused otherwise.
    """

    may: Mapping[str, str] = field(default_factory=dict)
    never: Collection[str] = ()
    never_call: Collection[str] = ()
    may_call: Mapping[str, str] = field(default_factory=dict)


def import_faults(modules: Iterable[Module], table: Mapping[str, Room]) -> list[Fault]:
    """Imports that the table refuses, wherever they stand: also in a function or under an `if`."""
    modules = list(modules)
    known = {each.name for each in modules}
    return [
        Fault(each.path, line, f"{each.name} must not import {name}")
        for each in modules
        for line, name in imports(each, known)
        if not may_import(each.name, name, table)
    ]


def imports(source: Module, known: Collection[str]) -> Iterator[tuple[int, str]]:
    """(line, full name) of each import. `from a import b` is `a.b` if that is a module of ours."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = import_base(source, node)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield node.lineno, inner if inner in known else base


def import_base(source: Module, node: ast.ImportFrom) -> str:
    """The full name of what stands between `from` and `import`."""
    if node.level == 0:
        return node.module or ""
    parts = source.package.split(".")
    parts = parts[: len(parts) - (node.level - 1)]
    return ".".join([*parts, node.module] if node.module else parts)


def may_import(importer: str, name: str, table: Mapping[str, Room]) -> bool:
    verdict, closeness = name.partition(".")[0] in STANDARD_LIBRARY, -1
    for room in rooms_around(importer, table):
        entries = [(prefix, False) for prefix in room.never] + [(p, True) for p in room.may]
        for prefix, allowed in entries:
            if within(name, prefix) and len(prefix) >= closeness:
                verdict, closeness = allowed, len(prefix)
    return verdict


def rooms_around(name: str, table: Mapping[str, Room]) -> list[Room]:
    """The rooms of the table that hold the module, the outermost first."""
    return [table[prefix] for prefix in sorted(table, key=len) if within(name, prefix)]


def call_faults(modules: Iterable[Module], table: Mapping[str, Room]) -> list[Fault]:
    """Calls of built-in functions that reach the world without an import, such as `open`."""
    faults = []
    for each in modules:
        refused: set[str] = set()
        for room in rooms_around(each.name, table):
            refused = refused.union(room.never_call).difference(room.may_call)
        faults += [
            Fault(each.path, node.lineno, f"{each.name} must not call {node.func.id}()")
            for node in ast.walk(each.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in refused
        ]
    return faults


# --- sizes --------------------------------------------------------------------------------------


def size_faults(modules: Iterable[Module], long_functions: Mapping[str, str]) -> list[Fault]:
    """Functions, files and folders above their bound, and exceptions that nothing needs any more.

    `long_functions`: full name (`raftoral.dsl.lower.Lowering.statement`) -> why it may be long.
    """
    modules = [each for each in modules if not each.generated]
    lengths = {name: found for each in modules for name, found in functions(each)}
    faults = [
        Fault(path, line, f"{name} has {lines} lines, refused above {FUNCTION_LINES_MAX}")
        for name, (path, line, lines) in lengths.items()
        if lines > FUNCTION_LINES_MAX and name not in long_functions
    ]
    for name in long_functions:
        path, line, lines = lengths.get(name, (name, 0, 0))
        if lines <= FUNCTION_LINES_MAX:
            faults.append(Fault(path, line, f"{name} needs no exception for its length"))
    for each in modules:
        if (lines := len(each.text.splitlines())) > FILE_LINES_MAX:
            faults.append(Fault(each.path, 0, f"{lines} lines, refused above {FILE_LINES_MAX}"))
    for folder, rooms in folders(modules).items():
        if len(rooms) > FOLDER_ROOMS_MAX:
            faults.append(Fault(folder, 0, f"{len(rooms)} rooms, refused above {FOLDER_ROOMS_MAX}"))
    return faults


def functions(source: Module) -> Iterator[tuple[str, tuple[str, int, int]]]:
    """(full name, (path, line, number of lines)) of each function, methods and inner ones too."""

    def inside(node: ast.AST, prefix: str) -> Iterator[tuple[str, tuple[str, int, int]]]:
        for child in ast.iter_child_nodes(node):
            name = prefix
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{prefix}.{child.name}"
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (child.end_lineno or child.lineno) - child.lineno + 1
                yield name, (source.path, child.lineno, lines)
            yield from inside(child, name)

    return inside(source.tree, source.name)


def folders(modules: Iterable[Module]) -> dict[str, set[str]]:
    """Folder -> its rooms: modules and folders in it. `__init__.py` is no room of its own."""
    found: dict[str, set[str]] = {}
    for each in modules:
        parts = each.path.split("/")
        for depth in range(1, len(parts)):
            if parts[depth] != "__init__.py":
                found.setdefault("/".join(parts[:depth]), set()).add(parts[depth])
    return found


# --- names and words ----------------------------------------------------------------------------


def docstring_faults(modules: Iterable[Module]) -> list[Fault]:
    return [
        Fault(
            each.path,
            1,
            "no docstring: say the module's job, input, output, and what it never does",
        )
        for each in modules
        if not each.generated and not (ast.get_docstring(each.tree) or "").strip()
    ]


def name_faults(modules: Iterable[Module]) -> list[Fault]:
    """Names that say nothing, also as part of one: `log_utils`, `run_manager`."""
    return [
        Fault(each.path, 0, f"'{word}' says nothing; name the room for what it does")
        for each in modules
        for word in each.path.removesuffix(".py").split("/")
        if BANNED_NAMES.intersection(word.lower().split("_"))
    ]


UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|NotImplemented" + r"Error)\b")

# Directories in which a person or a build machine works: they differ from machine to machine.
# No letter before the slash: `https://example.org/home/x` is an address, not a path.
MACHINE_PATH = re.compile(
    r"(?<![\w.~-])/(?:work|farm|root|home|Users|opt/(?:wheels|pypi)[\w-]*)/"
    r"|\b[A-Z]:\\\\?Users\b"
)

# Where packages come from is the business of whoever installs, never of the project.
REGISTRY = re.compile(
    r"\bpypi\.org|pythonhosted\.org|\bproxy\.golang\.org|\bregistry\.npmjs|\bcrates\.io"
    r"|--(?:find-links|(?:extra-)?index-url)|\bPIP_(?:EXTRA_)?INDEX"
)


def text_faults(texts: Mapping[str, str], law: re.Pattern[str], why: str) -> list[Fault]:
    """Each line of `texts` (path -> content) in which the pattern occurs."""
    return [
        Fault(path, number, f"{found.group()!r}: {why}")
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if (found := law.search(line))
    ]


def text_files(root: str, paths: Iterable[str]) -> dict[str, str]:
    """Path -> content, for those of `paths` that exist and are text."""
    texts = {}
    for path in paths:
        full = os.path.join(root, path)
        if os.path.isfile(full):
            with open(full, "rb") as file:
                content = file.read()
            if b"\0" not in content:
                texts[path] = content.decode("utf-8", "replace")
    return texts


def tracked(root: str) -> list[str]:
    """What git keeps, and what it would keep if it were added now: a fault shows before its commit.

    In an unpacked sdist, where there is no git, everything.
    """
    if not os.path.exists(os.path.join(root, ".git")):
        return sorted(path for path in walk(root, ".") if not path.startswith("."))
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return sorted(set(listed.stdout.split("\0")) - {""})


# --- the map ------------------------------------------------------------------------------------


def map_faults(root: str, text: str, folders: Iterable[str], name: str) -> list[Fault]:
    """Rooms directly in `folders` that the map does not name, and paths of it that do not exist.

    Only `marked` words count, and several rooms may share a pair of marks; blocks of code do not
    count, they are pictures. A room is named by its word (`source`), its file or its path.
    """
    marked = marked_words(text)
    named = {word.rstrip("/").removesuffix(".py").rpartition("/")[2] for word, _ in marked}
    missing = [
        Fault(name, 0, f"does not name {folder}/{room}")
        for folder in folders
        for room in rooms_in(os.path.join(root, folder))
        if room.removesuffix(".py") not in named
    ]
    invented = [
        Fault(name, line, f"names {word}, which does not exist")
        for word, line in marked
        if word.startswith("raftoral/") and not exists(os.path.join(root, word))
    ]
    return missing + invented


def marked_words(text: str) -> list[tuple[str, int]]:
    """(word, line) of what stands between backticks, outside blocks of code."""

    def blank(block: re.Match[str]) -> str:
        return "\n" * block.group().count("\n")

    prose = re.sub(r"^```.*?^```", blank, text, flags=re.MULTILINE | re.DOTALL)
    return [
        (word, number)
        for number, line in enumerate(prose.splitlines(), 1)
        for marks in re.findall(r"`([^`]+)`", line)
        for word in re.split(r"[\s,]+", marks)
        if word
    ]


def rooms_in(folder: str) -> list[str]:
    """Modules and packages directly in `folder`; a folder without Python files is no room."""
    names = []
    for name in sorted(os.listdir(folder)):
        full = os.path.join(folder, name)
        is_module = name.endswith(".py") and name != "__init__.py"
        if is_module or (os.path.isdir(full) and any(n.endswith(".py") for n in os.listdir(full))):
            names.append(name)
    return names


def exists(path: str) -> bool:
    """`raftoral/dsl/source` may stand for `raftoral/dsl/source.py`."""
    return os.path.exists(path) or os.path.exists(path.rstrip("/") + ".py")
