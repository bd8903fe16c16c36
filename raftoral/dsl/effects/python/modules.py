"""The user's Python files, and what a name in them stands for.

    files = Files(python)          `python` gives the text of a module by its dotted name
    files.load("shop.tax")         -> PyFile | Unread | None
    files.look_up(file, "rate")    -> [Found], one for each thing that the name may stand for

Follows imports from file to file. Opens nothing, imports nothing; reads a bounded amount.
"""

from __future__ import annotations

import ast
import warnings

from ...source import Source
from .allowed import STANDARD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES_MAX = 60
CHARACTERS_MAX = 2_000_000
HOPS_MAX = 20  # from import to import

STANDARD_NAME, OWN_NAME, WHOLE_MODULE, NOT_ALLOWED, NOT_READ, NOT_THERE = (
    "standard name",
    "own name",
    "whole module",
    "not allowed",
    "not read",
    "not there",
)


class Unread:
    """A file that is there and cannot be read as Python."""

    __slots__ = ("line", "source", "why")

    def __init__(self, source: Source, line: int, why: str) -> None:
        self.source = source
        self.line = line
        self.why = why


class Binding:
    """One way in which a file gives a name its meaning.

    `node` is the def, class, statement or import; `tests` are the conditions around it. Of an import, `module` is
    the dotted path, `member` what is taken from it, and `whole` the path that `import a.b.c` loads under `a`.
    """

    __slots__ = ("member", "module", "node", "tests", "whole")

    def __init__(self, node: ast.stmt, tests: tuple[ast.expr, ...]) -> None:
        self.node = node
        self.tests = tests
        self.module = ""
        self.member = ""
        self.whole = ""


class PyFile:
    """One Python module: what its names are bound to, and the statements at its top that touch them."""

    __slots__ = ("is_package", "module", "names", "source", "stars", "touching")

    def __init__(self, module: str, source: Source, tree: ast.Module) -> None:
        self.module = module
        self.source = source
        path = source.path.replace("\\", "/")
        self.is_package = path == "__init__.py" or path.endswith("/__init__.py")
        self.names: dict[str, list[Binding]] = {}
        self.stars: list[Binding] = []
        self.touching: dict[str, list[ast.stmt]] = {}
        self._collect(tree.body)

    def _collect(self, body: list[ast.stmt]) -> None:
        waiting: list[tuple[list[ast.stmt], tuple[ast.expr, ...]]] = [(body, ())]
        while waiting:
            statements, tests = waiting.pop()
            for statement in statements:
                if isinstance(statement, ast.If):
                    if not _is_never_run(statement.test):
                        inside = (*tests, statement.test) if len(tests) < 10 else tests
                        waiting += [(statement.body, inside), (statement.orelse, inside)]
                elif isinstance(statement, ast.Try | ast.TryStar):
                    waiting += [(part, tests) for part in (statement.body, statement.orelse, statement.finalbody)]
                    waiting += [(handler.body, tests) for handler in statement.handlers]
                else:
                    self._bind(statement, tests)

    def _bind(self, statement: ast.stmt, tests: tuple[ast.expr, ...]) -> None:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.names.setdefault(statement.name, []).append(Binding(statement, tests))
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            for name, binding in imports(statement, self.module, self.is_package, tests):
                if name == "*":
                    self.stars.append(binding)
                else:
                    self.names.setdefault(name, []).append(binding)
        elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            self._value(statement, tests)

    def _value(self, statement: ast.stmt, tests: tuple[ast.expr, ...]) -> None:
        stored: set[str] = set()
        touched: set[str] = set()
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                (touched if isinstance(node.ctx, ast.Load) else stored).add(node.id)
        for name in stored:
            self.names.setdefault(name, []).append(Binding(statement, tests))
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or _stores_inside(statement):
            for name in touched:
                self.touching.setdefault(name, []).append(statement)


def _stores_inside(statement: ast.Assign | ast.AnnAssign) -> bool:
    """Whether it assigns to an element or attribute rather than to a name."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return any(isinstance(target, ast.Attribute | ast.Subscript) for target in targets)


def _is_never_run(test: ast.expr) -> bool:
    """`TYPE_CHECKING`, or `__name__ == "__main__"`."""
    if isinstance(test, ast.Compare):
        return isinstance(test.left, ast.Name) and test.left.id == "__name__"
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def imports(
    statement: ast.Import | ast.ImportFrom, module: str, is_package: bool, tests: tuple[ast.expr, ...] = ()
) -> Iterator[tuple[str, Binding]]:
    """The names that an import statement in `module` binds."""
    for alias in statement.names:
        binding = Binding(statement, tests)
        if isinstance(statement, ast.ImportFrom):
            binding.module = _origin(statement, module, is_package)
            binding.member = "" if alias.name == "*" else alias.name
            yield alias.asname or alias.name, binding
        elif alias.asname:
            binding.module = alias.name
            yield alias.asname, binding
        else:
            binding.whole = alias.name
            binding.module = alias.name.partition(".")[0]
            yield binding.module, binding


def _origin(statement: ast.ImportFrom, module: str, is_package: bool) -> str:
    if not statement.level:
        return statement.module or ""
    parts = module.split(".") if is_package else module.split(".")[:-1]
    parts = parts[: max(len(parts) - statement.level + 1, 0)]
    return ".".join([*parts, statement.module] if statement.module else parts) or "."  # above the top: no module


class Found:
    """What a name stands for: `kind`, and what that kind has."""

    __slots__ = ("binding", "file", "kind", "name", "parts", "unread")

    def __init__(self, kind: str, file: PyFile, name: str, parts: list[str], binding: Binding | None = None) -> None:
        self.kind = kind
        self.file = file  # where it stands; of an import that led nowhere: the file with the import
        self.name = name  # the name in `file`, or the dotted path of a module
        self.parts = parts  # attributes after it
        self.binding = binding
        self.unread: Unread | None = None


class Files:
    """All files that were asked for, each read once."""

    __slots__ = ("_characters", "_loaded", "_python")

    def __init__(self, python: Callable[[str], Source | None]) -> None:
        self._python = python
        self._loaded: dict[str, PyFile | Unread | None] = {}
        self._characters = 0

    def load(self, module: str) -> PyFile | Unread | None:
        """The file of `module`, or None where the user has none."""
        if module not in self._loaded:
            known = all(part.isidentifier() for part in module.split("."))
            source = self._python(module) if known else None
            self._loaded[module] = None if source is None else self._read(module, source)
        return self._loaded[module]

    @property
    def read(self) -> list[PyFile]:
        return [file for file in self._loaded.values() if isinstance(file, PyFile)]

    def _read(self, module: str, source: Source) -> PyFile | Unread:
        self._characters += len(source.text)
        if self._characters > CHARACTERS_MAX or len(self._loaded) > FILES_MAX * 10 or len(self.read) >= FILES_MAX:
            return Unread(source, 1, "this is more Python than is read for extern functions")
        try:
            with warnings.catch_warnings():  # of the user's file; they would land on the terminal
                warnings.simplefilter("ignore")
                tree = ast.parse(source.text)
            return PyFile(module, source, tree)
        except SyntaxError as error:
            return Unread(source, error.lineno or 1, f"is not Python: {error.msg}")
        except (MemoryError, OverflowError, RecursionError):
            return Unread(source, 1, "is nested too deep to be read")
        except ValueError:
            return Unread(source, 1, "is not Python text")

    def look_up(self, file: PyFile, name: str, parts: list[str], hops: int = 0) -> list[Found]:
        """What `name` at the top of `file`, and the attributes `parts` of it, may stand for."""
        bindings = file.names.get(name)
        if bindings is None:
            return self._through_star(file, name, parts, hops)
        found = [Found(OWN_NAME, file, name, parts)] if any(not b.module for b in bindings) else []
        for binding in bindings:
            if binding.module:
                found += self.follow(file, binding, parts, hops)
        return found

    def _through_star(self, file: PyFile, name: str, parts: list[str], hops: int) -> list[Found]:
        for binding in file.stars if hops < HOPS_MAX else ():
            allowed = STANDARD.get(binding.module)
            if allowed is not None:
                if name in allowed:
                    return [Found(STANDARD_NAME, file, binding.module, [name, *parts], binding)]
                continue
            other = self.load(binding.module)
            if isinstance(other, PyFile):
                found = self.look_up(other, name, parts, hops + 1)
                if found:
                    return found
            else:
                return [_nowhere(file, binding, other)]
        return []

    def follow(self, file: PyFile, binding: Binding, attributes: list[str], hops: int = 0) -> list[Found]:
        """What an import in `file`, and `attributes` of it, stand for."""
        path = binding.module
        parts = [binding.member, *attributes] if binding.member else attributes
        if path in STANDARD:
            return [Found(STANDARD_NAME, file, path, parts, binding)]
        if hops > HOPS_MAX:
            return []
        best: PyFile | None = None
        for taken in range(len(parts) + 1):
            path = f"{path}.{parts[taken - 1]}" if taken else path
            other = self.load(path)
            if isinstance(other, PyFile):
                best = other
                if taken == len(parts):
                    return [Found(WHOLE_MODULE, other, path, [], binding)]
                found = self.look_up(other, parts[taken], parts[taken + 1 :], hops + 1)
                if found:
                    return found
            elif other is not None or not self._goes_on(binding, path, taken, best):
                break
        if isinstance(other, Unread) or best is None:
            return [_nowhere(file, binding, other)]
        return [Found(NOT_THERE, best, parts[0] if parts else best.module, parts[1:], binding)]

    def _goes_on(self, binding: Binding, path: str, taken: int, best: PyFile | None) -> bool:
        """Whether `path`, which is no file, may be a folder on the way to one."""
        return best is None and (binding.whole.startswith(path + ".") or (taken == 0 and bool(binding.member)))


def _nowhere(file: PyFile, binding: Binding, other: PyFile | Unread | None) -> Found:
    found = Found(NOT_READ if isinstance(other, Unread) else NOT_ALLOWED, file, binding.module, [], binding)
    found.unread = other if isinstance(other, Unread) else None
    return found
