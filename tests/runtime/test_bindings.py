"""Which function performs an activity: by Protocol, by qualified name, by name; and what is refused at the start."""

from __future__ import annotations

import functools
import sys
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any
from unittest.mock import AsyncMock

import pytest

from raftoral.errors import UsageError
from raftoral.runtime.bindings import Binding, Bindings
from tests.dsl.modules import saga_trip
from tests.runtime.kit import activity

MODULE = '''
from __future__ import annotations
from datetime import timedelta
from typing import Final, Protocol
from raftoral.program import v1 as rt

class {name}Activities(Protocol):
    async def notify(self, to: str, text: str) -> None:
        """Policy: timeout 1s."""

    async def print_(self, text: str) -> None:
        """Policy: timeout 1s."""

_NOTIFY: Final[rt.Activity[None]] = rt.Activity(
    "notify", result=None, params=(str, str), timeout=timedelta(seconds=1)
)
_PRINT: Final[rt.Activity[None]] = rt.Activity("print", result=None, params=(str,), timeout=timedelta(seconds=1))
'''


@pytest.fixture
def declare(monkeypatch) -> Callable[[str], Any]:
    """Makes a module as it is generated."""

    def declared(name: str, text: str = MODULE) -> Any:
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(text.format(name=name.rpartition(".")[2].capitalize()), vars(module))
        return module

    return declared


class Trip(saga_trip.SagaTripActivities):
    async def book_flight(self, request: saga_trip.Request) -> str:
        return "flight"


def a_trip() -> Any:
    return Trip()  # type: ignore[abstract]


def implementing(*protocols: Any, method: str = "notify", name: str = "Mine") -> Any:
    """An object of a class that derives from Protocols and has one of their methods."""

    async def perform(self: Any, *args: Any) -> None: ...

    return type(name, protocols, {method: perform})()


async def notify(to: str, text: str) -> None: ...
async def other_notify(to: str, text: str) -> None: ...


class Notifies:
    async def notify(self, to: str, text: str) -> None: ...


def bound(found: Binding | None) -> Any:
    assert found is not None
    return found.function


def test_a_class_that_derives_from_the_protocol_performs_what_it_overrides():
    trip = a_trip()
    bindings = Bindings([trip])
    assert bound(bindings.of(saga_trip._BOOK_FLIGHT)) == trip.book_flight
    assert bindings.of(saga_trip._BOOK_ROOM) is None  # the Protocol's own body is no implementation
    assert bindings.of(saga_trip._BOOK_FLIGHT) is bindings.of(saga_trip._BOOK_FLIGHT)


def test_what_was_put_on_the_instance_counts():
    trip = a_trip()
    trip.book_room = trip.book_flight
    assert bound(Bindings([trip]).of(saga_trip._BOOK_ROOM)) == trip.book_flight


def test_a_mapping_an_object_and_a_module_perform_by_name(declare):
    orders = declare("shop.orders")
    functions = ModuleType("functions")
    functions.notify = notify  # type: ignore[attr-defined]
    plain = Notifies()
    assert bound(Bindings({"notify": notify}).of(orders._NOTIFY)) is notify
    assert bound(Bindings([{"notify": notify}]).of(orders._NOTIFY)) is notify
    assert bound(Bindings([functions]).of(orders._NOTIFY)) is notify
    assert bound(Bindings([plain]).of(orders._NOTIFY)) == plain.notify
    assert Bindings([]).of(orders._NOTIFY) is None


def test_a_class_for_one_module_is_no_implementation_for_another(declare):
    orders, mail = declare("shop.orders"), declare("shop.mail")
    assert orders._NOTIFY == mail._NOTIFY  # equal, and yet two
    mine = implementing(orders.OrdersActivities)
    bindings = Bindings([mine])
    assert bound(bindings.of(orders._NOTIFY)) == mine.notify
    assert bindings.of(mail._NOTIFY) is None

    with_both = Bindings([mine, {"notify": other_notify}])
    assert bound(with_both.of(orders._NOTIFY)) == mine.notify
    assert bound(with_both.of(mail._NOTIFY)) is other_notify


def test_one_class_may_implement_two_protocols(declare):
    orders, mail = declare("shop.orders"), declare("shop.mail")
    both = implementing(orders.OrdersActivities, mail.MailActivities)
    assert bound(Bindings([both]).of(orders._NOTIFY)) == bound(Bindings([both]).of(mail._NOTIFY)) == both.notify


def test_a_key_may_name_the_module(declare):
    orders, mail = declare("shop.orders"), declare("shop.mail")
    bindings = Bindings({"orders.notify": notify, "shop.mail.notify": other_notify})
    assert bound(bindings.of(orders._NOTIFY)) is notify
    assert bound(bindings.of(mail._NOTIFY)) is other_notify
    assert Bindings({"rders.notify": notify}).of(orders._NOTIFY) is None
    assert bound(Bindings([{"notify": other_notify, "orders.notify": notify}]).of(orders._NOTIFY)) is notify


def test_a_word_of_python_has_a_method_with_an_underscore(declare):
    orders = declare("shop.orders")
    mine = implementing(orders.OrdersActivities, method="print_")

    async def print_(text: str) -> None: ...

    assert bound(Bindings([mine]).of(orders._PRINT)) == mine.print_
    assert bound(Bindings({"print": print_}).of(orders._PRINT)) is print_
    assert bound(Bindings({"print_": print_}).of(orders._PRINT)) is print_


def test_a_module_that_imports_an_activity_does_not_declare_it(declare):
    orders = declare("shop.orders")
    # It has a `notify` of its own, so what it imports has another name.
    mail = declare("shop.mail", MODULE + "from shop.orders import _NOTIFY as __NOTIFY\n")
    assert mail.__NOTIFY is orders._NOTIFY
    mine = implementing(mail.MailActivities)
    assert Bindings([mine]).of(orders._NOTIFY) is None
    assert Bindings([mine]).of(mail._NOTIFY) is not None


def test_a_module_that_was_deployed_has_the_implementation_of_the_one_that_was_imported(declare):
    imported = declare("shop.orders")
    mine = implementing(imported.OrdersActivities)
    deployed = declare("shop.orders")
    assert deployed.OrdersActivities is not imported.OrdersActivities
    assert Bindings([mine]).of(deployed._NOTIFY) is not None


def test_an_activity_that_stands_in_no_module_has_its_name():
    alone = activity("notify", None, (str, str))
    assert bound(Bindings({"notify": notify}).of(alone)) is notify
    assert bound(Bindings([Notifies()]).of(alone)).__func__ is Notifies.notify


# --- two that could be meant -------------------------------------------------------------------------------------


def refused(bindings: Bindings, of: Any) -> str:
    with pytest.raises(UsageError) as raised:
        bindings.of(of)
    return str(raised.value)


def test_two_that_could_be_meant_are_named(declare):
    orders = declare("shop.orders")
    said = refused(Bindings([Notifies(), {"notify": notify}]), orders._NOTIFY)
    assert "Notifies.notify" in said
    assert "the mapping's 'notify'" in said
    assert "shop.orders.notify" in said
    one, two = (implementing(orders.OrdersActivities, name=name) for name in ("One", "Two"))
    said = refused(Bindings([one, two]), orders._NOTIFY)
    assert "One.notify" in said and "Two.notify" in said


def test_what_derives_from_the_protocol_comes_before_what_only_has_the_name(declare):
    orders = declare("shop.orders")
    mine = implementing(orders.OrdersActivities)
    bindings = Bindings([Notifies(), mine, {"notify": notify}])
    assert bound(bindings.of(orders._NOTIFY)) == mine.notify


# --- signatures --------------------------------------------------------------------------------------------------


TWO = activity("notify", None, (str, list[int]))


@pytest.mark.parametrize(
    "function",
    [
        lambda to, text: None,
        lambda *args: None,
        lambda to, text, again=True: None,
        functools.partial(lambda kind, to, text: None, "mail"),
        functools.partial(lambda to, text, *, kind: None, kind="mail"),
        AsyncMock(),
        Notifies().notify,
        max,  # written in C, and silent about what it takes
    ],
)
def test_what_can_take_the_arguments_may_perform(function):
    assert bound(Bindings({"notify": function}).of(TWO)) is function


@pytest.mark.parametrize(
    "function", [lambda: None, lambda to: None, lambda to, text, more: None, lambda to, *, text: None, Notifies.notify]
)
def test_what_cannot_take_the_arguments_is_refused_at_the_start(function):
    said = refused(Bindings({"notify": function}), TWO)
    assert "the mapping's 'notify'" in said
    assert "2 arguments: (str, list[int])" in said
    assert "test_bindings.py:" in said


def test_a_method_is_shown_as_its_caller_sees_it():
    class Short:
        async def notify(self, to: str) -> None: ...

    said = refused(Bindings([Short()]), TWO)
    assert "Short.notify" in said
    assert " takes (to), but the activity tests.runtime.test_bindings.notify calls it with 2 arguments: (str, " in said
    assert "1 argument: (str)" in refused(Bindings({"one": lambda: None}), activity("one", None, (str,)))


def test_what_yields_is_refused():
    async def notify(to: str, text: str) -> Any:
        yield to

    assert "yields" in refused(Bindings({"notify": notify}), TWO)


# --- how it is called --------------------------------------------------------------------------------------------


class Callables:
    async def __call__(self, to: str, text: str) -> None: ...


def plain(to: str, text: str) -> None: ...
def promised(to: str, text: str) -> Awaitable[None]: ...  # type: ignore[empty-body]


@functools.wraps(notify)
def wrapped(to: str, text: str) -> Any:
    return notify(to, text)


@pytest.mark.parametrize(
    ("function", "coroutine", "on_loop"),
    [
        (notify, True, True),
        (Notifies().notify, True, True),
        (functools.partial(notify), True, True),
        (functools.partial(functools.partial(Notifies().notify)), True, True),
        (Callables(), True, True),
        (AsyncMock(), True, True),
        (plain, False, False),
        (max, False, False),
        (lambda to, text: notify(to, text), False, False),  # nothing says that it will not block
        (promised, False, True),
        (functools.partial(promised), False, True),
        (wrapped, False, False),
    ],
)
def test_how_a_function_is_called(function, coroutine, on_loop):
    binding = Bindings({"notify": function}).of(TWO)
    assert binding is not None
    assert (binding.coroutine, binding.on_loop) == (coroutine, on_loop)


# --- what is no implementation -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (a_trip(), "a list"),
        ("notify", "a list"),
        ([Trip], "Trip()"),
        ([notify], "by name"),
        (["notify"], "by name"),
        ([{"notify": 3}], "cannot be called"),
        ({1: notify}, "names as its keys"),
    ],
)
def test_what_is_no_implementation_is_refused(given, said):
    with pytest.raises(UsageError) as raised:
        Bindings(given)
    assert said in str(raised.value)


def test_private_attributes_and_data_are_no_implementations():
    class Odd:
        notify = "a text"

        def _hidden(self) -> None: ...

    assert Bindings([Odd()]).of(TWO) is None
    assert Bindings([Odd()]).of(activity("_hidden", None)) is None
