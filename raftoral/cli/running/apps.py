"""What `raftoral serve --app` names: programs, the activities that perform their effects, and what those share.

    shop/orders.rft       its workflows, and the activities of shop/orders.py beside it: what `raftoral run` would run
    shop/service.py       a file with `programs`, `activities`, `resources`; each may be left out
    shop.service          the same, imported; `shop.service:app` is an object in it, or what a function there gives

In: words. Out: an `App`. Raises `RftError` with what is wrong with a source, and `UsageError` for all else.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

from raftoral.cli.running.sources import activities_beside, module_at
from raftoral.errors import RaftoralError, UsageError
from raftoral.importer import SUFFIX, Loader, install
from raftoral.runtime.calls.values import definitions_among
from raftoral.runtime.local import definitions_of
from raftoral.runtime.resources import Resources

NAMES = ("programs", "activities", "resources")


class App(NamedTuple):
    """All that the apps of a command line have together."""

    programs: list[Any]
    activities: list[Any]
    resources: Resources | None


def apps_of(words: Sequence[str]) -> App:
    """What they name, in order."""
    programs: list[Any] = []
    activities: list[Any] = []
    resources: Resources | None = None
    install()
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())
    for word in words:
        one = _app(word)
        programs += one.programs
        activities += one.activities
        if one.resources is not None and resources is not None:
            raise UsageError(f"--app {word}: another app has `resources` too, and a node has one set of them")
        resources = one.resources or resources
    return App(programs, activities, resources)


def _app(word: str) -> App:
    if word.endswith(SUFFIX):
        module = module_at(word)
        return App([module], activities_beside(module), None)
    if word.endswith(".py"):
        return _of(_file(word), word)
    if os.sep in word or "/" in word:
        raise UsageError(f"--app {word}: give a module (shop.service), or a path that ends in .py or .rft")
    name, _, attribute = word.partition(":")
    module = _module(name, word)
    if not attribute:
        if isinstance(getattr(module, "__loader__", None), Loader):  # `import orders` found orders.rft
            return App([module], activities_beside(module), None)
        return _of(module, word)
    return _of(_attribute(module, attribute, word), word)


def _file(path: str) -> ModuleType:
    """A Python file as a module of its own; what stands beside it can be imported."""
    if not os.path.isfile(path):
        raise UsageError(f"--app: there is no file {path!r}")
    folder = os.path.dirname(os.path.abspath(path))
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = f"raftoral_app_{os.path.basename(path)[:-3]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    made = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(made)
    except RaftoralError:
        raise
    except Exception as error:
        raise UsageError(
            f"--app {path} cannot be loaded: {type(error).__name__}: {error}{_source_beside(path)}"
        ) from error
    return made


def _source_beside(path: str) -> str:
    """Who gives orders.py probably means orders.rft."""
    source = path[:-3] + SUFFIX
    return f"; for the workflows of {source} give that file" if os.path.isfile(source) else ""


def _module(name: str, word: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except RaftoralError:
        raise
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise UsageError(
                f"--app {word}: there is no module {error.name}, seen from {os.getcwd()}; a path ends in .py or .rft"
            ) from None
        raise UsageError(f"--app {word} cannot be imported: {error}") from error
    except Exception as error:
        raise UsageError(f"--app {word} cannot be imported: {type(error).__name__}: {error}") from error


def _attribute(module: ModuleType, attribute: str, word: str) -> Any:
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise UsageError(f"--app {word}: {module.__name__} has no {attribute}")
        found = getattr(found, part)
    if callable(found) and not any(hasattr(found, name) for name in NAMES):
        try:
            return found()
        except TypeError as error:
            raise UsageError(f"--app {word}: {attribute} cannot be called without arguments: {error}") from error
    return found


def _of(holder: Any, word: str) -> App:
    """The names that an app may define. A generated module is its programs itself."""
    programs = _many(getattr(holder, "programs", ()))
    activities = _many(getattr(holder, "activities", ()))
    resources = getattr(holder, "resources", None)
    if resources is not None and not isinstance(resources, Resources):
        raise UsageError(f"--app {word}: `resources` is to be a raftoral.Resources, not {type(resources).__name__}")
    if not any(hasattr(holder, name) for name in NAMES):
        if isinstance(holder, ModuleType) and definitions_among(vars(holder).values()):
            return App([holder], [], None)
        beside = _source_beside(word) if word.endswith(".py") else ""
        raise UsageError(
            f"--app {word} defines none of `programs`, `activities` and `resources`: programs = [orders], "
            f"activities = [Activities()]{beside}"
        )
    try:
        definitions_of(programs)
    except TypeError:
        raise UsageError(f"--app {word}: `programs` are modules of workflows, not {programs!r}") from None
    except UsageError as error:
        raise UsageError(f"--app {word}: {error}") from None
    return App(programs, activities, resources)


def _many(value: Any) -> list[Any]:
    """A list of them, or one."""
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | dict):
        return list(value)
    return [value]
