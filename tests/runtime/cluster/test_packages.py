"""Deployed programs: modules as bytes, and modules again, several versions of one file beside each other."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

import pytest

from raftoral.deploying import compiled
from raftoral.errors import UsageError, WrongInput
from raftoral.runtime.cluster import packages
from raftoral.runtime.cluster.packages import Module, deployed_name, gathered, installed, package_of
from raftoral.runtime.proto import log_pb2 as log
from raftoral.runtime.service import Source

MAIN = """rft 1
module shop.main

import shop.prices { twice }

extern "taxes" {
  fn of(n: int) -> int
}

activity tell(n: int) { timeout: 1s }

workflow Sum version 1 (n: int) -> int {
  return of(n) + twice(n)
}
"""
PRICES = """rft 1
module shop.prices

fn twice(n: int) -> int = n * 2
"""
ONE = """rft 1
module one

error Gone { code: int }
record Item { sku: str }

activity get(item: Item) -> Item raises Gone { timeout: 1s }

workflow W version 1 (item: Item) -> str raises Gone {
  let got = do get(item)
  return got.sku
}
"""


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(packages.PREFIX):
            del sys.modules[name]


def test_a_package_comes_back_as_definitions() -> None:
    modules, definitions = compiled([Source("one.rft", ONE)])
    [found] = installed(package_of(modules, definitions))
    assert (found.name, found.version, found.digest) == ("one.W", 1, definitions[0].digest)
    assert "one" not in sys.modules
    assert deployed_name(found.begin.__module__) == "one"


def test_the_same_package_is_run_once() -> None:
    modules, definitions = compiled([Source("one.rft", ONE)])
    data = package_of(modules, definitions)
    assert installed(data)[0] is installed(data)[0]


def test_two_versions_of_a_file_stand_side_by_side() -> None:
    other = ONE.replace("version 1", "version 2").replace("return got.sku", 'return got.sku + "!"')
    old, new = (compiled([Source("one.rft", text)])[1][0] for text in (ONE, other))
    assert (old.version, new.version) == (1, 2)
    assert old.begin.__module__ != new.begin.__module__


def test_a_service_goes_on_with_its_own_classes() -> None:
    modules, definitions = compiled([Source("one.rft", ONE)])
    assert installed(package_of(modules, definitions), definitions)[0] is definitions[0]


def test_imports_and_pure_functions_travel_too() -> None:
    files = [
        Source("shop/main.rft", MAIN),
        Source("shop/prices.rft", PRICES),
        Source("taxes.py", "def of(n: int) -> int:\n    return n + 1\n"),
    ]
    modules, definitions = compiled(files)
    assert {each.name for each in modules} == {"shop.main", "shop.prices", "taxes"}
    [found] = installed(package_of(modules, definitions))
    assert found.name == "shop.main.Sum"
    assert "taxes" not in sys.modules


def test_problems_are_shown_as_check_shows_them() -> None:
    with pytest.raises(WrongInput, match=r"one\.rft:\d+:\d+"):
        compiled([Source("one.rft", ONE.replace("-> str raises", "-> int raises"))])
    with pytest.raises(WrongInput, match="nothing was sent"):
        compiled([Source("notes.txt", "")])


def test_a_package_is_bounded() -> None:
    with pytest.raises(UsageError, match="deploy them in several steps"):
        package_of([Module("m", "m.rft", "x" * 1_000_000, "")], [])


def test_a_package_of_a_newer_abi_is_refused() -> None:
    with pytest.raises(UsageError, match="upgrade it"):
        installed(log.Package(abi=packages.ABI + 1).SerializeToString())


def test_a_package_that_does_not_hold_what_it_says() -> None:
    said = log.Package(abi=1, programs=[log.Program(workflow="a.B", version=1, digest="d")])
    with pytest.raises(UsageError, match=r"a\.B version 1 is missing"):
        installed(said.SerializeToString())


def test_modules_of_a_service_are_gathered_with_what_they_import() -> None:
    modules, _ = compiled([Source("one.rft", ONE)])
    module = types.ModuleType("one")
    module.__loader__ = type("Loader", (), {"get_source": staticmethod(lambda name: modules[0].text)})()
    sys.modules["one"] = module
    try:
        exec(modules[0].text, vars(module))
        assert [each.name for each in gathered([module.W.DEFINITION])] == ["one"]
        del module.__loader__
        with pytest.raises(UsageError, match="cannot be deployed"):
            gathered([module.W.DEFINITION])
    finally:
        del sys.modules["one"]
