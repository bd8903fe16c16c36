"""`import shop.orders` finds shop/orders.rft: what is found, what is kept, what is refused, and what tracebacks say."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import linecache
import os
import subprocess
import sys
import threading
import traceback

import pytest

import raftoral
from raftoral import importer
from raftoral.errors import RaftoralError, RftError
from raftoral.notes import note_source, places
from tests.house import laws

needs_abi = pytest.mark.skipif(
    importlib.util.find_spec("raftoral.program.v1") is None, reason="begins with raftoral.program.v1"
)
pytestmark = needs_abi

CATALOG = (
    "rft 1\nmodule shop.catalog\n\nrecord Item { sku: str, qty: int }\n\n"
    "fn count(items: list[Item]) -> int = sum([i.qty for i in items])\n"
)
ORDERS = (
    "rft 1\nmodule shop.orders\n\nimport shop.catalog { Item, count }\n\n"
    "fn most(items: list[Item]) -> int {\n  let n = count(items)\n  return n\n}\n"
)
PLAIN = "rft 1\n\nfn double(n: int) -> int = n + n\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder on the path with the importer installed, and a function that writes files into it."""
    monkeypatch.setenv("RAFTORAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RAFTORAL_NO_CACHE", raising=False)
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.syspath_prepend(str(root))
    known = set(sys.modules)
    # Commands that ran in this process before leave finders behind, which prefer sources.
    monkeypatch.setattr(sys, "meta_path", [each for each in sys.meta_path if not isinstance(each, importer.Finder)])
    importer.install()

    def write(**files: str):
        for name, text in files.items():
            path = root / name.replace("__", "/").replace("_rft", ".rft").replace("_py", ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        importlib.invalidate_caches()
        return root

    yield write
    importer.uninstall()
    for name in set(sys.modules) - known:
        if not name.startswith(("raftoral", "pydantic", "black", "jinja2")):
            del sys.modules[name]


@pytest.fixture
def made(monkeypatch):
    """The names of modules that the compiler had to make."""
    from raftoral.cli.texts import Texts

    names: list[str] = []
    make = Texts.make

    def noted(self, path, checked, lock, inputs):
        names.append(checked.name)
        return make(self, path, checked, lock, inputs)

    monkeypatch.setattr(Texts, "make", noted)
    return names


def again(name: str):
    """Imports a module as a new process would."""
    for each in [key for key in sys.modules if key == name or key.startswith(("shop", "a_"))]:
        del sys.modules[each]
    return importlib.import_module(name)


# --- what is found --------------------------------------------------------------------------------------------------


def test_a_module_and_what_it_imports(project):
    project(shop__catalog_rft=CATALOG, shop__orders_rft=ORDERS)
    orders = importlib.import_module("shop.orders")
    item = sys.modules["shop.catalog"].Item(sku="a", qty=3)
    assert orders.most([item, item]) == 6
    assert orders.__file__ is not None and orders.__file__.endswith("shop/orders.rft")
    assert inspect.getsource(orders.most).startswith("def most(items: list[Item]) -> int:\n    # 7 | let n")


def test_a_package_with_a_door(project):
    project(shop__catalog_rft=CATALOG, shop____init___py="")
    root = project()
    (root / "shop" / "__init__.py").write_text("VERSION = 1\n")
    assert importlib.import_module("shop.catalog").count([]) == 0
    assert sys.modules["shop"].VERSION == 1


def test_a_python_module_wins(project):
    project(a_plain_rft=PLAIN, a_plain_py="double = 'of Python'\n")
    assert importlib.import_module("a_plain").double == "of Python"


def test_a_python_module_further_on_wins_too(project, tmp_path, monkeypatch):
    project(json_rft=PLAIN)
    monkeypatch.delitem(sys.modules, "json")
    assert hasattr(importlib.import_module("json"), "dumps")


def test_a_module_that_is_a_folder_too(project):
    project(
        shop_rft="rft 1\nmodule shop\n\nconst top = 1\n",
        shop__inner_rft="rft 1\nmodule shop.inner\n\nimport shop { top }\n\nconst most = top + 1\n",
    )
    assert importlib.import_module("shop.inner").MOST == 2
    assert sys.modules["shop"].TOP == 1


def test_what_is_not_there_is_as_ever(project):
    project(a_plain_rft=PLAIN)
    with pytest.raises(ModuleNotFoundError, match="No module named 'a_pain'"):
        importlib.import_module("a_pain")


def test_the_current_folder(project, monkeypatch):
    monkeypatch.chdir(project(a_plain_rft=PLAIN))
    monkeypatch.setattr(sys, "path", ["", *sys.path[1:]])
    assert importlib.import_module("a_plain").double(2) == 4


def test_uninstalled_it_finds_nothing(project):
    project(a_plain_rft=PLAIN)
    importer.uninstall()
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("a_plain")
    raftoral.install_importer()
    raftoral.install_importer()
    assert sum(isinstance(finder, importer.Finder) for finder in sys.meta_path) == 1
    assert importlib.import_module("a_plain").double(2) == 4


def test_threads(project):
    project(**{f"a_{n}_rft": PLAIN.replace("double", f"double_{n}") for n in range(6)})
    faults: list[BaseException] = []

    def work(n: int) -> None:
        try:
            importlib.import_module(f"a_{n}")
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_a_second_import_needs_no_compiler(project, made):
    project(shop__catalog_rft=CATALOG, shop__orders_rft=ORDERS)
    importlib.import_module("shop.orders")
    assert sorted(made) == ["shop.catalog", "shop.orders"]
    assert again("shop.orders").most([]) == 0
    assert len(made) == 2


def test_a_changed_source_is_compiled_again(project, made):
    project(shop__catalog_rft=CATALOG, shop__orders_rft=ORDERS)
    importlib.import_module("shop.orders")
    project(shop__orders_rft=ORDERS.replace("return n", "return n + 1"))
    assert again("shop.orders").most([]) == 1
    assert made[2:] == ["shop.orders"]


def test_a_changed_import_too(project, made):
    project(shop__catalog_rft=CATALOG, shop__orders_rft=ORDERS)
    importlib.import_module("shop.orders")
    project(shop__catalog_rft=CATALOG.replace("sum(", "1 + sum("))
    assert again("shop.orders").most([]) == 1
    assert sorted(made[2:]) == ["shop.catalog", "shop.orders"]


def test_reload_sees_the_new_text(project):
    project(a_plain_rft=PLAIN)
    module = importlib.import_module("a_plain")
    project(a_plain_rft=PLAIN.replace("n + n", "n + n + n"))
    assert importlib.reload(module).double(2) == 6


def test_another_python_and_another_compiler_have_their_own(project, made, monkeypatch):
    project(a_plain_rft=PLAIN)
    importlib.import_module("a_plain")
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    again("a_plain")
    monkeypatch.undo()
    project(a_plain_rft=PLAIN)
    assert len(made) == 2


@pytest.mark.parametrize("kept", ["", "cache"])
def test_without_a_cache_it_works(project, made, monkeypatch, tmp_path, kept):
    if kept:
        monkeypatch.setenv("RAFTORAL_NO_CACHE", "1")
    else:
        (tmp_path / "cache").write_text("a file, where a folder should be")
    root = project(a_plain_rft=PLAIN)
    importlib.import_module("a_plain")
    assert again("a_plain").double(2) == 4
    assert len(made) == 2
    assert sorted(path.name for path in root.iterdir()) == ["a_plain.rft"]


def test_where_it_is_kept(monkeypatch, tmp_path):
    from raftoral.importer import _cache

    monkeypatch.delenv("RAFTORAL_NO_CACHE", raising=False)
    monkeypatch.setenv("RAFTORAL_CACHE", str(tmp_path))
    assert _cache("x/a.rft") == str(tmp_path / "modules")
    monkeypatch.delenv("RAFTORAL_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert _cache("x/a.rft") == str(tmp_path / "xdg" / "raftoral" / "modules")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert _cache("x/a.rft") == str(tmp_path / ".cache" / "raftoral" / "modules")
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    assert _cache("x/a.rft") == os.path.join("x", ".raftoral_cache", "modules")


# --- what is refused ------------------------------------------------------------------------------------------------


def test_errors_are_raised_with_the_whole_report(project):
    project(shop__catalog_rft=CATALOG, shop__orders_rft=ORDERS.replace("count(items)", "cuont(items)"))
    with pytest.raises(RftError) as caught:
        importlib.import_module("shop.orders")
    text = str(caught.value)
    assert "orders.rft has 1 error\n\nerror[RFT0201]" in text
    assert "similar name: `count`" in text
    assert isinstance(caught.value, ImportError) and isinstance(caught.value, RaftoralError)
    assert caught.value.name == "shop.orders"
    assert "shop.orders" not in sys.modules


def test_a_mended_file_can_be_imported(project):
    project(a_plain_rft=PLAIN.replace("n + n", "n + m"))
    with pytest.raises(RftError):
        importlib.import_module("a_plain")
    project(a_plain_rft=PLAIN)
    assert importlib.import_module("a_plain").double(1) == 2


def test_errors_in_an_import_are_raised(project):
    project(shop__catalog_rft=CATALOG.replace("i.qty", "i.qyt"), shop__orders_rft=ORDERS)
    with pytest.raises(RftError, match="RFT0214"):
        importlib.import_module("shop.orders")


def test_warnings_are_none(project):
    project(a_plain_rft="rft 1\n\nfn one(n: int) -> int {\n  let unused = n\n  return 1\n}\n")
    assert importlib.import_module("a_plain").one(3) == 1


def test_a_file_that_is_another_module(project):
    project(shop__catalog_rft=CATALOG.replace("module shop.catalog", "module catalog"))
    with pytest.raises(RftError, match=r"it says `module catalog`; write `module shop.catalog`"):
        importlib.import_module("shop.catalog")
    project(shop__plain_rft=PLAIN)
    with pytest.raises(RftError, match="it has no `module` line"):
        importlib.import_module("shop.plain")


def test_a_file_that_cannot_be_read(project):
    root = project()
    (root / "a_plain.rft").write_bytes(b"rft 1\n\xff\n")
    with pytest.raises(RftError, match="is not UTF-8"):
        importlib.import_module("a_plain")


# --- tracebacks -----------------------------------------------------------------------------------------------------

BROKEN = (
    "rft 1\n\nfn inner(xs: list[int]) -> int = xs[5]!\n\n"
    "fn outer(xs: list[int]) -> int {\n  let n = inner(xs)\n  return n\n}\n"
)


def broken(project) -> Exception:
    """An exception that came through two functions of a generated module."""
    project(a_broken_rft=BROKEN)
    module = importlib.import_module("a_broken")
    with pytest.raises(Exception) as caught:
        module.outer([])
    return caught.value


def test_the_note_names_lines_of_the_source(project):
    fault = broken(project)
    path = sys.modules["a_broken"].__file__
    assert note_source(fault)
    assert fault.__notes__ == [
        f"in {path} (most recent call last):\n"
        f'  File "{path}", line 6, in outer\n    let n = inner(xs)\n'
        f'  File "{path}", line 3, in inner\n    fn inner(xs: list[int]) -> int = xs[5]!'
    ]


def test_the_note_is_added_once_and_the_traceback_stays_whole(project):
    fault = broken(project)
    before = traceback.format_tb(fault.__traceback__)
    assert note_source(fault) and note_source(fault)
    assert len(fault.__notes__) == 1
    assert traceback.format_tb(fault.__traceback__) == before
    shown = "".join(traceback.format_exception(fault))
    assert "n = inner(xs)" in shown  # the generated line, from where there is no file
    assert "<Python of " in shown


def test_lines_are_found_when_the_cache_of_lines_was_emptied(project):
    fault = broken(project)
    linecache.clearcache()
    assert [place.line for place in places(fault)] == [6, 3]


def test_a_generated_file_is_understood_too(project, tmp_path):
    root = project(a_broken_rft=BROKEN)
    out = tmp_path / "out"
    run = [sys.executable, "-m", "raftoral", "compile", str(root), "--out", str(out)]
    subprocess.run(run, check=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": laws.ROOT}, capture_output=True)
    sys.path.insert(0, str(out))
    try:
        module = importlib.import_module("a_broken")
        assert module.__file__ == str(out / "a_broken.py")
        with pytest.raises(Exception) as caught:
            module.outer([])
    finally:
        sys.path.remove(str(out))
    assert note_source(caught.value)
    assert caught.value.__notes__[0].startswith(
        'in a_broken.rft (most recent call last):\n  File "a_broken.rft", line 6'
    )


def test_other_exceptions_get_no_note():
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 // 0
    assert not note_source(caught.value)
    assert not hasattr(caught.value, "__notes__")
    assert not note_source(ValueError("never raised"))


def test_endless_recursion_is_bounded(project):
    project(a_deep_rft=BROKEN)
    module = importlib.import_module("a_deep")
    vars(module)["inner"] = lambda xs: module.outer(xs)
    with pytest.raises(RecursionError) as caught:
        module.outer([])
    assert note_source(caught.value)
    assert len(caught.value.__notes__[0]) < 10_000


def test_an_exception_that_nobody_catches_is_noted(tmp_path):
    (tmp_path / "a_broken.rft").write_text(BROKEN)
    program = "import raftoral.importer, a_broken\na_broken.outer([])\n"
    env = {**os.environ, "PYTHONPATH": laws.ROOT, "RAFTORAL_CACHE": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert 'a_broken.rft", line 3, in inner\n    fn inner(xs: list[int]) -> int = xs[5]!\n' in done.stderr
    assert "Traceback (most recent call last):" in done.stderr


def test_a_kept_module_loads_no_compiler(tmp_path):
    (tmp_path / "a_plain.rft").write_text(PLAIN)
    program = "import sys, raftoral.importer, a_plain\nprint('\\n'.join(sys.modules))"
    env = {**os.environ, "PYTHONPATH": laws.ROOT, "RAFTORAL_CACHE": str(tmp_path / "cache")}
    run = [sys.executable, "-c", program]
    subprocess.run(run, cwd=tmp_path, env=env, check=True, capture_output=True)
    loaded = set(subprocess.run(run, cwd=tmp_path, env=env, check=True, capture_output=True, text=True).stdout.split())
    assert "a_plain" in loaded
    assert not loaded & {"black", "jinja2", "lark", "raftoral.dsl.compile", "raftoral.dsl.lock"}
