"""What `raftoral run` needs before anything runs: the module, the activities, the arguments.

A source is found before a Python module of the same name here: beside `orders.rft` stands `orders.py` with its
activities, which is loaded under another name and finds the types of the workflow as `from orders import Order`. So it
is with the sources that it imports: those of `mail.rft` are in `mail.py`. Where `orders.py` is the generated module,
the activities are in `activities.py`.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from raftoral.cli.files import Disk, DiskWorld
from raftoral.cli.options import Options, suggestion
from raftoral.cli.outputs import is_generated
from raftoral.cli.running.inputs import json_given
from raftoral.dsl.compile import check
from raftoral.dsl.source import Source
from raftoral.errors import RftError, UsageError
from raftoral.importer import SUFFIX, Finder, Loader, install
from raftoral.program.codec import codec_of
from raftoral.program.faults import Misfit
from raftoral.program.steps import Activity, Definition
from raftoral.runtime.calls.values import arguments_by_name
from raftoral.runtime.core.programs import Program
from raftoral.runtime.local import definitions_of

if TYPE_CHECKING:
    from raftoral.cli.terminal import Terminal


class Loaded(NamedTuple):
    """All that is needed to begin."""

    modules: list[ModuleType]
    definition: Definition
    activities: list[Any]
    args: tuple[Any, ...]
    signals: list[tuple[str, Any]]
    beside: str


class SourceFirst(Finder):
    """Finds `.rft` files even where a Python module has the same name: that one has the activities."""

    def _is_python(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> bool:
        return False


def load(options: Options, terminal: Terminal) -> Loaded | None:
    """Reads what the options name. None: the file has errors, and they were printed."""
    path = options.words[0]
    try:
        module = module_at(path)
    except RftError as error:
        terminal.complain(str(error))
        return None
    wanted = options.words[1] if len(options.words) > 1 else ""
    definition = _chosen(module, wanted, options.number("version", 0))
    beside = beside_of(path)
    places = options.texts("activities")
    activities = [each for place in places for each in _implementations(_python(place, module), module)]
    activities = activities or activities_beside(module)
    stubs = {name: _stub(module, name, text) for name, text in map(_pair("stub"), options.texts("stub"))}
    signals = [_signal(definition, *pair) for pair in map(_pair("signal"), options.texts("signal"))]
    return Loaded([module], definition, _stubbed(activities, stubs), _arguments(definition, options), signals, beside)


def module_at(path: str) -> ModuleType:
    """The module of a source, made and imported. Raises `RftError` with what is wrong with the source."""
    from raftoral.dsl.diagnostics.render import human

    disk = Disk()
    source = disk.source(path)
    if not isinstance(source, Source):
        raise UsageError(source.headline)
    (checked,) = check([source], DiskWorld(disk))
    errors = [problem for problem in checked.problems if problem.is_error]
    if errors:
        raise RftError(human.render(errors) + "\n" + human.count(len(errors), "error"), path=path)
    install()
    if not any(isinstance(finder, SourceFirst) for finder in sys.meta_path):
        sys.meta_path.insert(0, SourceFirst())
    root = os.path.abspath(checked.root or ".")
    if root not in sys.path:
        sys.path.insert(0, root)
    if getattr(sys.modules.get(checked.name), "__file__", None) != os.path.abspath(path):
        sys.modules.pop(checked.name, None)
    return importlib.import_module(checked.name)


def _chosen(module: ModuleType, wanted: str, version: int) -> Definition:
    """The workflow that was asked for, or the only one."""
    own = [d for d in definitions_of([module]) if d.begin.__module__ == module.__name__]
    names = sorted({d.name.rpartition(".")[2] for d in own})
    if not wanted and len(names) > 1:
        raise UsageError(f"which workflow? the file has {', '.join(names)}")
    name = wanted or names[0]
    if name not in names:
        raise UsageError(f"the file has no workflow {name!r}{suggestion(name, names)}; it has {', '.join(names)}")
    versions = {d.version: d for d in own if d.name.rpartition(".")[2] == name}
    number = version or max(versions)
    if number not in versions:
        raise UsageError(f"{name} has no version {number}; there are {', '.join(map(str, sorted(versions)))}")
    return versions[number]


# --- activities --------------------------------------------------------------------------------------------------


def beside_of(path: str) -> str:
    """The file with the activities of a source: the .py of its name, or activities.py where that one was generated."""
    named = path.removesuffix(SUFFIX) + ".py"
    return os.path.join(os.path.dirname(path), "activities.py") if is_generated(named) else named


def activities_beside(module: ModuleType) -> list[Any]:
    """What the .py files beside a source, and beside those that it imports, implement.

    Two of them may have activities of one name, so each file is meant for its own module first. Only what nobody
    implements there is looked for in the file beside the source itself.
    """
    found: list[Any] = []
    for each in _sources_of(module):
        beside = beside_of(getattr(each, "__file__", None) or "")
        if not os.path.isfile(beside) or not _protocols(each):
            continue
        python = _python(beside, each)
        _, *objects = _implementations(python, each)
        declared = {name for protocol in _protocols(each) for name in vars(protocol) if not name.startswith("_")}
        functions = {name: getattr(python, name) for name in declared if callable(getattr(python, name, None))}
        found += [{f"{each.__name__}.{_name(name, each)}": function for name, function in functions.items()}, *objects]
        if each is module:
            found.append(python)
    return found


def _sources_of(module: ModuleType) -> list[ModuleType]:
    """The modules of .rft files in which the activities stand that its workflows may call; itself among them."""
    used = {id(each) for definition in definitions_of([module]) for each in Program(definition).uses()}
    loaded = [each for each in list(sys.modules.values()) if isinstance(getattr(each, "__loader__", None), Loader)]
    return [each for each in loaded if each is module or any(id(value) in used for value in vars(each).values())]


def _python(place: str, module: ModuleType) -> ModuleType:
    """A file or a module with activities."""
    if not place.endswith(".py"):
        try:
            return importlib.import_module(place)
        except ImportError as error:
            raise UsageError(f"--activities {place}: {error}") from None
    if not os.path.isfile(place):
        raise UsageError(f"--activities: there is no file {place!r}")
    name = f"{module.__name__}__activities_{os.path.basename(place)[:-3]}"
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None and spec.loader is not None
    made = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(made)
    except Exception as error:
        raise UsageError(f"{place} cannot be loaded: {type(error).__name__}: {error}") from error
    return made


def _implementations(python: ModuleType, module: ModuleType) -> list[Any]:
    """Its functions, and one of each class that it has for the activities of the module."""
    protocols = _protocols(module)
    made: list[Any] = [python]
    for cls in vars(python).values():
        own = inspect.isclass(cls) and cls.__module__ == python.__name__
        if own and any(protocol in cls.__mro__ for protocol in protocols):
            try:
                made.append(cls())
            except TypeError as error:
                raise UsageError(f"{cls.__name__} cannot be made without arguments: {error}") from None
    return made


def _name(method: str, module: ModuleType) -> str:
    """What the language calls an activity whose method has an underscore: Python, or generated code, has the name."""
    activities = {value.name for value in vars(module).values() if isinstance(value, Activity)}
    return method if method in activities else method.removesuffix("_")


def _protocols(module: ModuleType) -> list[type]:
    return [each for each in vars(module).values() if getattr(each, "_is_protocol", False) and each is not Protocol]


def _stubbed(activities: list[Any], stubs: dict[str, Callable[..., Any]]) -> list[Any]:
    """The implementations with stubs in the place of what they stand for."""
    left = dict(stubs)
    for each in activities:
        for name, stub in stubs.items():
            if isinstance(each, dict):
                keys = [key for key in each if key.rpartition(".")[2] == name]
                each |= dict.fromkeys(keys, stub)
            elif keys := [key for key in (name, f"{name}_") if callable(getattr(each, key, None))]:
                setattr(each, keys[0], stub)
            if keys:
                left.pop(name, None)
    return [left, *activities]


def _pair(option: str) -> Callable[[str], tuple[str, str]]:
    def split(text: str) -> tuple[str, str]:
        name, _, value = text.partition("=")  # without JSON: a signal that carries nothing
        if not name:
            raise UsageError(f"--{option} takes NAME=JSON, not {text!r}")
        return name.strip(), value

    return split


def _stub(module: ModuleType, name: str, text: str) -> Callable[..., Any]:
    """A function that gives what was said, whatever it is called with."""
    activities = {each.name: each for each in vars(module).values() if isinstance(each, Activity)}
    if name not in activities:
        raise UsageError(f"--stub: there is no activity {name!r}{suggestion(name, list(activities))}")
    activity = activities[name]
    value = _read(f"--stub {name}", text or "null", activity.result)

    def stub(*args: Any) -> Any:
        return value

    stub.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(f"a{at}", inspect.Parameter.POSITIONAL_ONLY) for at in range(len(activity.params))]
    )
    return stub


def _signal(definition: Definition, name: str, text: str) -> tuple[str, Any]:
    if name not in definition.signals:
        known = ", ".join(definition.signals) or "none"
        close = suggestion(name, list(definition.signals))
        raise UsageError(f"--signal: there is no signal {name!r}{close}; there are: {known}")
    return name, _read(f"--signal {name}", text or "null", definition.signals[name])


def _read(what: str, text: str, type_: object) -> Any:
    try:
        return codec_of(type_).loads(text.encode())
    except Misfit as misfit:
        raise UsageError(f"{what}: {misfit.message}") from None


# --- arguments ---------------------------------------------------------------------------------------------------


def _arguments(definition: Definition, options: Options) -> tuple[Any, ...]:
    """`--input` as arguments: by name or by place; what has a default may be left out."""
    given = json_given(options.text("input"), "--input", {})
    return arguments_by_name(definition, given, "--input", suggestion)
