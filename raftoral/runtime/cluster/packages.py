"""Deployed programs: generated modules as bytes that a log can hold, and modules again on every node.

    data = package_of([Module("shop.orders", "shop/orders.rft", source, text)], definitions)
    definitions = installed(data)

A node whose service has imported the very program (the same digest) goes on with the service's own classes. Else the
modules are made here, under a name of their own (`raftoral_deployed.<digest>.shop.orders`), so that several versions of
one file stand side by side. Whoever may deploy runs code on every node: that is what the right is for.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

from raftoral import __version__
from raftoral.errors import UsageError
from raftoral.program.steps import Definition
from raftoral.program.v1 import ABI as ABI

from ..proto import log_pb2 as log

PREFIX = "raftoral_deployed"
PACKAGE_BYTES_MAX = 900_000  # an entry of the log must hold it


class Module(NamedTuple):
    """One file: its full name, its path below the root, its source, and the Python that was generated of it."""

    name: str
    path: str
    source: str
    text: str


def package_of(modules: Sequence[Module], definitions: Iterable[Definition]) -> bytes:
    """The package of modules, those that are imported first, and of the programs in them."""
    package = log.Package(compiler=__version__, abi=ABI)
    for each in modules:
        package.files.append(log.File(path=each.path, source=each.source, module=each.name, text=each.text))
    for definition in sorted(definitions, key=lambda each: (each.name, each.version)):
        package.programs.append(
            log.Program(workflow=definition.name, version=definition.version, digest=definition.digest)
        )
    data = package.SerializeToString(deterministic=True)
    if len(data) > PACKAGE_BYTES_MAX:
        raise UsageError(
            f"these programs have {len(data):,} bytes together, and {PACKAGE_BYTES_MAX:,} are the most: deploy them in "
            "several steps, by file"
        )
    return data


def definitions_in(modules: Sequence[Module]) -> list[Definition]:
    """The workflows of modules, which are run for that."""
    files = [log.File(path=each.path, source=each.source, module=each.name, text=each.text) for each in modules]
    return list(_made(log.Package(files=files)).values())


def gathered(definitions: Iterable[Definition]) -> list[Module]:
    """The modules of programs that this process has imported, those that they import first: generated ones, and the
    service's own with the pure functions that they call."""
    found: dict[str, Module] = {}
    for name in sorted({each.begin.__module__ for each in definitions}):
        _gather(name, found)
    return list(found.values())


def _gather(name: str, found: dict[str, Module]) -> None:
    module = sys.modules.get(name)
    spec = getattr(module, "__spec__", None)
    find = getattr(getattr(module, "__loader__", None), "get_source", None)
    text = find(name) if find is not None else None
    if name in found or text is None:
        if text is None and name not in found:
            raise UsageError(f"the source of {name} is not known to this process, so it cannot be deployed")
        return
    for each in ast.parse(text).body:
        imported = each.module if isinstance(each, ast.ImportFrom) and not each.level else None
        if imported is not None and _is_own(imported):
            _gather(imported, found)
    origin = str(getattr(spec, "origin", "") or "")
    source = origin if origin.endswith(".rft") else ""
    found[name] = Module(name, name.replace(".", "/") + (".rft" if source else ".py"), "", text)


def _is_own(name: str) -> bool:
    """Whether a module is of the project: not of Python, of us, or of something that was installed."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top == "raftoral":
        return False
    origin = str(getattr(getattr(sys.modules.get(name), "__spec__", None), "origin", "") or "")
    return "site-packages" not in origin and "dist-packages" not in origin


def installed(data: bytes, own: Iterable[Definition] = ()) -> list[Definition]:
    """The definitions that a package brings: the service's own where it has the same program, else made now."""
    package = log.Package.FromString(data)
    if package.abi > ABI:
        raise UsageError(
            f"the package was made by raftoral {package.compiler} for ABI {package.abi}, and this node knows {ABI}: "
            "upgrade it"
        )
    known = {(each.name, each.version, each.digest): each for each in own}
    wanted = [(each.workflow, each.version, each.digest) for each in package.programs]
    if not all(each in known for each in wanted):
        made = _made(package)
        known = {**made, **known}
    missing = [each for each in wanted if each not in known]
    if missing:
        raise UsageError(f"the package does not hold what it says: {missing[0][0]} version {missing[0][1]} is missing")
    return [known[each] for each in wanted]


def _made(package: log.Package) -> dict[tuple[str, int, str], Definition]:
    """Runs the modules of a package, once for each package in a process."""
    content = "\0".join(f"{file.module}\0{file.text}" for file in package.files)
    home = f"{PREFIX}.{hashlib.sha256(content.encode()).hexdigest()[:16]}"
    texts = {file.module: file.text for file in package.files}
    found: dict[tuple[str, int, str], Definition] = {}
    for name in texts:
        for value in list(vars(_module(home, name, texts)).values()):
            definition = getattr(value, "DEFINITION", None)
            if isinstance(definition, Definition):
                found[definition.name, definition.version, definition.digest] = definition
    return found


def _module(home: str, name: str, texts: dict[str, str]) -> ModuleType:
    """A module of a package, run when it is first asked for. Its imports of other files find those of its package."""
    full = f"{home}.{name}"
    known = sys.modules.get(full)
    if known is not None:
        return known
    module = ModuleType(full)

    def find(
        wanted: str, names: Any = None, own: Any = None, fromlist: Sequence[str] | None = (), level: int = 0
    ) -> Any:
        if level == 0 and wanted in texts and fromlist:
            return _module(home, wanted, texts)
        return builtins.__import__(wanted, names, own, fromlist or (), level)

    vars(module)["__builtins__"] = {**vars(builtins), "__import__": find}
    # pydantic looks names of annotations up in the module of a class, by its name.
    sys.modules[full] = module
    try:
        exec(compile(texts[name], f"<deployed {name}>", "exec", dont_inherit=True), vars(module))
    except BaseException:
        del sys.modules[full]
        raise
    return module


def deployed_name(module: str) -> str:
    """What a module of a package is called by its author: `shop.orders`. Another module's own name as it is."""
    return module.split(".", 2)[2] if module.startswith(PREFIX + ".") else module
