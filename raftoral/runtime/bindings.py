"""Which function of the service performs an activity.

    Bindings([Activities(), {"orders.notify": notify}]).of(orders._CHARGE_CARD)    ->    Activities().charge_card

Implementations are objects with methods, usually of a class that derives from a generated Protocol; modules; or
mappings from a name, or a qualified name, to a function. Two modules may declare activities of one name, so a name
alone does not decide: `Activity` objects are told apart by what they are, and know their module by standing in it.

In: the service's objects. Out: a `Binding`, None, or a `UsageError` for what would only be noticed in the middle of a
run: two functions that could be meant, or one that cannot take the arguments. Calls none of them.
"""

from __future__ import annotations

import functools
import inspect
import keyword
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol, get_origin

from raftoral.errors import UsageError
from raftoral.program.steps import Activity


@dataclass(frozen=True, slots=True)
class Binding:
    """An activity, and the function that performs it.

    `coroutine`: calling it gives a coroutine, at once. `on_loop`: it is called on the loop, and gives something to
    await; all else is called in a thread. `where` names it, for people.
    """

    activity: Activity[Any]
    function: Callable[..., Any]
    coroutine: bool
    on_loop: bool
    where: str


@dataclass(frozen=True, slots=True)
class _Home:
    """The module that declares an activity, and its Protocol. One without a Protocol was written by hand."""

    module: str
    protocol: type | None


@dataclass(frozen=True, slots=True)
class _Place:
    """A module in which an activity stands, under a name: it is declared there, or imported."""

    activity: Activity[Any]
    module: ModuleType
    name: str


class Bindings:
    """Finds the implementation of each activity. What was found once is kept."""

    def __init__(self, implementations: Iterable[object] | Mapping[str, Callable[..., Any]]) -> None:
        if isinstance(implementations, Mapping):
            implementations = [implementations]
        self._objects = [_checked(each) for each in _listed(implementations)]
        # By id, as two activities that are equal may be of two modules. What is kept is not collected, so ids stay.
        self._found: dict[int, tuple[Activity[Any], Binding | None]] = {}
        self._places: dict[int, list[_Place]] = {}

    def of(self, activity: Activity[Any]) -> Binding | None:
        """Who performs an activity; None when nobody here does."""
        found = self._found.get(id(activity))
        if found is None:
            found = self._found[id(activity)] = (activity, self._bound(activity))
        return found[1]

    def _bound(self, activity: Activity[Any]) -> Binding | None:
        home = self._home_of(activity)
        name = _method_name(activity.name, home)
        called = f"{home.module}.{activity.name}" if home.module else activity.name
        meant = self._candidates(activity, home, name)
        if not meant:
            return None
        if len(meant) > 1:
            raise UsageError(
                f"The activity {called} could be performed by {_listing([where for where, _ in meant])}. Keep one of "
                f"them, derive its class from the Protocol of the module, or use a mapping with the key {called!r}."
            )
        [(where, function)] = meant
        _check_params(activity, called, where, function)
        coroutine = _is_coroutine_function(function)
        return Binding(activity, function, coroutine, coroutine or _says_awaitable(function), where)

    def _home_of(self, activity: Activity[Any]) -> _Home:
        if id(activity) not in self._places:
            self._places = _places()
        return _home_of(activity, self._places)

    def _candidates(self, activity: Activity[Any], home: _Home, name: str) -> list[tuple[str, Any]]:
        """What could be meant, with its name for people. The first kind of which there is something decides:
        classes that derive from the module's Protocol, qualified names, all others."""
        derived, qualified, others = [], [], []
        for each in self._objects:
            if isinstance(each, Mapping):
                key = next((key for key in each if _is_qualified(key, home.module, activity.name)), None)
                if key is not None:
                    qualified.append((f"the mapping's {key!r}", each[key]))
                elif (plain := next((key for key in (activity.name, name) if key in each), None)) is not None:
                    others.append((f"the mapping's {plain!r}", each[plain]))
            elif (found := _attribute(each, name)) is not None:
                protocols = _protocols_with(type(each), name)
                if any(_same_class(protocol, home.protocol) for protocol in protocols):
                    derived.append((f"{_named(each)}.{name}", found))
                elif not protocols:  # else the method is there for the activity of another module
                    others.append((f"{_named(each)}.{name}", found))
        return derived or qualified or others


# --- implementations ---------------------------------------------------------------------------------------------


def _listed(implementations: object) -> list[object]:
    if isinstance(implementations, str) or not isinstance(implementations, Iterable):
        raise UsageError(
            f"Activities are given as a list of objects, modules or mappings; this is {_named(implementations)}. "
            "For one object write [it]."
        )
    return list(implementations)


def _checked(each: object) -> object:
    if isinstance(each, Mapping):
        for key, value in each.items():
            if not isinstance(key, str):
                raise UsageError(f"A mapping of activities has names as its keys, and {key!r} is none.")
            if not callable(value):
                raise UsageError(f"The mapping's {key!r} should perform an activity, but {value!r} cannot be called.")
    elif isinstance(each, type):
        raise UsageError(f"{each.__name__} is a class. Activities need an instance: {each.__name__}().")
    elif isinstance(each, str | bytes) or inspect.isroutine(each):
        raise UsageError(
            f"{_named(each)} is no object with activities. A single function is given by name: "
            '{"charge_card": charge_card}.'
        )
    return each


def _attribute(each: object, name: str) -> Any:
    """The public attribute of that name; None when it is missing, or only declared by a Protocol."""
    if name.startswith("_"):
        return None
    for cls in type(each).__mro__:
        if name in vars(cls):
            if Protocol in cls.__bases__ and name not in getattr(each, "__dict__", ()):
                return None
            break
    found = getattr(each, name, None)
    return found if callable(found) else None


def _protocols_with(cls: type, name: str) -> list[type]:
    """The Protocols among the bases of a class that declare a method."""
    return [base for base in cls.__mro__ if Protocol in base.__bases__ and name in vars(base)]


def _same_class(one: type, other: type | None) -> bool:
    """A program that was deployed is a module of its own, beside the one that the service imported: their Protocols
    are two classes of one name, and an implementation of one is meant for both."""
    return other is not None and (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)


def _is_qualified(key: str, module: str, name: str) -> bool:
    """Whether a key like `orders.charge_card` means an activity of `shop.orders`."""
    prefix, dot, last = key.rpartition(".")
    return bool(dot) and last == name and (module == prefix or module.endswith("." + prefix))


def _named(value: object) -> str:
    if isinstance(value, ModuleType):
        return value.__name__
    return getattr(value, "__qualname__", None) or type(value).__qualname__


# --- declarations ------------------------------------------------------------------------------------------------


def _places() -> dict[int, list[_Place]]:
    """Every activity that stands in a module of this process, by its id."""
    found: dict[int, list[_Place]] = {}
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if isinstance(value, Activity):
                found.setdefault(id(value), []).append(_Place(value, module, name))
    return found


def _home_of(activity: Activity[Any], places: Mapping[int, list[_Place]]) -> _Home:
    """Where an activity is declared: in a module whose Protocol has it. A module that imports it may have another
    of that name in its Protocol; then its own is the one that is called `_NAME`."""
    homes = []
    for place in places.get(id(activity), ()):
        protocol = _protocol_of(place.module, activity.name)
        rank = 2 if protocol is None else 1 if place.name != f"_{activity.name.upper()}" else 0
        homes.append((rank, _Home(place.module.__name__, protocol)))
    return min(homes, key=lambda home: home[0])[1] if homes else _Home("", None)


def method_of(activity: Activity[Any]) -> str:
    """How the method is called that performs an activity: for `a` it is `a_`, since generated code has an `a`."""
    return _method_name(activity.name, _home_of(activity, _places()))


def spelled(activity: Activity[Any]) -> str:
    """The name of an activity, for who is to write it; with that of its method, where that is another one."""
    method = method_of(activity)
    return activity.name if method == activity.name else f"{activity.name} (in Python its name is {method})"


def _protocol_of(module: ModuleType, name: str) -> type | None:
    """The Protocol that a module declares, if it has a method for the activity."""
    for value in list(vars(module).values()):
        if isinstance(value, type) and Protocol in value.__bases__ and value.__module__ == module.__name__:
            declares = vars(value)
            if name in declares or f"{name}_" in declares:
                return value
    return None


def _method_name(name: str, home: _Home) -> str:
    """How the activity is called in Python: `class` is a word of Python's, so the generated method is `class_`."""
    if home.protocol is not None:
        return name if name in vars(home.protocol) else f"{name}_"
    return f"{name}_" if keyword.iskeyword(name) else name


# --- functions ---------------------------------------------------------------------------------------------------


def _check_params(activity: Activity[Any], called: str, where: str, function: Callable[..., Any]) -> None:
    plain = _plain(function)
    if inspect.isasyncgenfunction(plain) or inspect.isgeneratorfunction(plain):
        raise UsageError(f"{where}{_line_of(function)} yields. What performs the activity {called} returns its result.")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # written in C, without a signature: the call will tell
    try:
        signature.bind(*activity.params)
    except TypeError:
        bare = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
        takes = signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)
        count = f"{len(activity.params)} argument{'' if len(activity.params) == 1 else 's'}"
        types = ", ".join(_type_name(each) for each in activity.params)
        raise UsageError(
            f"{where}{_line_of(function)} takes {takes}, but the activity {called} calls it with {count}: ({types})."
        ) from None


def _type_name(each: object) -> str:
    return each.__name__ if isinstance(each, type) and get_origin(each) is None else str(each)


def _line_of(function: Callable[..., Any]) -> str:
    code = getattr(_plain(function), "__code__", None)
    return f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""


def _plain(function: Any) -> Any:
    """What stands inside of partials and bound methods; for an object, its `__call__`."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif inspect.ismethod(function):
            function = function.__func__
        elif inspect.isroutine(function) or isinstance(function, type):
            return function
        elif inspect.iscoroutinefunction(function):
            return function  # it says so itself: unittest.mock.AsyncMock
        else:
            return type(function).__call__


def _is_coroutine_function(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(_plain(function))


def _says_awaitable(function: Callable[..., Any]) -> bool:
    """Whether an ordinary function is annotated with something to await: then it wants to be called on the loop, where
    it can make futures and tasks. One that is silent about it may block, so it is called in a thread."""
    try:
        hint = inspect.get_annotations(_plain(function), eval_str=True).get("return")
    except Exception:  # a name that exists for type checkers only, or no function at all
        return False
    kind = get_origin(hint) or hint
    return isinstance(kind, type) and issubclass(kind, Awaitable)


def _listing(names: list[str]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}"
