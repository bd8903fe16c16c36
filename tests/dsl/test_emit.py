"""Generated modules: golden ones, the same bytes everywhere, and clean by every tool that a reviewer may run.

Golden modules stand in `tests/dsl/modules/`; `pytest tests/dsl/test_emit.py --update` rewrites them. All examples are
compiled; what is checked on all of them needs no golden text.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from raftoral.cli import templates
from raftoral.dsl.compile import Checked, check, lowered
from raftoral.dsl.compile.modules import compile_modules
from raftoral.dsl.source import Source
from tests.dsl import corpus
from tests.dsl.test_examples import EXAMPLES, FILES, FOLDER
from tests.dsl.test_explain import World
from tests.house import laws

GOLDEN = Path(__file__).parent / "modules"
GOLDEN_EXAMPLES = ("approval", "catalog", "geocode", "invoice", "orders", "saga_trip")
LINES_PER_LINE_MAX = 5.7
VERSION = "0.0.0"  # golden modules do not change with each release
NAMES = [name.removesuffix(".rft") for name in EXAMPLES]

needs_abi = pytest.mark.skipif(
    importlib.util.find_spec("raftoral.program.v1") is None,
    reason="begins with raftoral.program.v1, which generated modules import",
)


def checked(files: dict[str, str]) -> list[Checked]:
    sources = [Source(name, text) for name, text in files.items() if name.endswith(".rft")]
    found = check(sources, World(files))
    assert not [problem.headline for each in found for problem in each.problems if problem.is_error]
    return found


def compiled(files: dict[str, str]) -> dict[str, str]:
    return compile_modules(checked(files), VERSION, templates.read)


@pytest.fixture(scope="module")
def modules() -> dict[str, str]:
    """`orders` -> its module, for all examples."""
    return {path.removesuffix(".py"): text for path, text in compiled(FILES).items()}


@pytest.fixture(scope="module")
def folder(modules, tmp_path_factory) -> Path:
    """All examples, generated into one folder, with the Python that some of them use."""
    made: Path = tmp_path_factory.mktemp("generated")
    for name, text in modules.items():
        (made / f"{name}.py").write_text(text, encoding="utf-8")
    (made / "tax.py").write_text(FILES["tax.py"], encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def imported(folder):
    """`orders` -> the module, imported; all of them are unloaded afterwards."""
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield {name: importlib.import_module(name) for name in NAMES}
    finally:
        sys.path.remove(str(folder))
        for name in (*NAMES, "tax"):
            sys.modules.pop(name, None)


def run(*words: str, cwd: Path, **environment: str) -> str:
    """What a tool says; it must succeed."""
    env = {**os.environ, "PYTHONPATH": laws.ROOT, **environment}
    done = subprocess.run([sys.executable, *words], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# --- golden modules -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOLDEN_EXAMPLES)
def test_golden_modules(name, modules, update):
    path = GOLDEN / f"{name}.py"
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(modules[name], encoding="utf-8")
    assert modules[name] == path.read_text(encoding="utf-8"), f"look at the difference; --update rewrites {path.name}"


def test_every_golden_module_is_an_example():
    assert {path.stem for path in GOLDEN.glob("*.py")} == set(GOLDEN_EXAMPLES)


# --- the same bytes everywhere --------------------------------------------------------------------------------------

DIGEST = (
    "import hashlib, sys\nfrom raftoral.__main__ import main\n"
    "code = main(['compile', *sys.argv[1:], '--no-cache', '-q'])\nraise SystemExit(code)\n"
)


def test_hash_seeds_paths_and_order_mean_nothing(tmp_path):
    wanted = None
    for seed, place, words in (("1", "here", ["."]), ("7", "a/deep er/place", [f"{n}.rft" for n in reversed(NAMES)])):
        root = tmp_path / place
        root.mkdir(parents=True)
        for name, text in FILES.items():
            (root / name).write_text(text, encoding="utf-8")
        run("-c", DIGEST, *words, "--out", "gen", cwd=root, PYTHONHASHSEED=seed)
        found = {path.name: path.read_bytes() for path in (root / "gen").glob("*.py")}
        assert len(found) == len(NAMES)
        assert wanted is None or found == wanted
        wanted = found


def test_compiled_alone_or_together_is_the_same(modules):
    for name in ("orders", "invoice"):
        (alone,) = check([Source(f"{name}.rft", FILES[f"{name}.rft"])], World(FILES))
        assert compile_modules([alone], VERSION, templates.read) == {f"{name}.py": modules[name]}


def test_no_module_knows_where_it_was_made(modules):
    for text in modules.values():
        assert str(FOLDER) not in text
        assert laws.MACHINE_PATH.search(text) is None


# --- clean by every tool --------------------------------------------------------------------------------------------


def test_black_leaves_it_alone(modules):
    from black import format_str
    from black.mode import Mode

    right = {name: text for name, text in corpus.right().items() if "\nimport " not in text and "\nextern" not in text}
    others = {name: text for name, source in right.items() for text in _compiled_if_right(source)}
    assert len(others) > 50
    for name, text in {**modules, **others}.items():
        assert format_str(text, mode=Mode()) == text, name


def _compiled_if_right(text: str) -> list[str]:
    (each,) = check([Source("m.rft", text)], World({}))
    if any(problem.is_error for problem in each.problems):
        return []
    return list(compile_modules([each], VERSION, templates.read).values())


def test_ruff_finds_nothing(folder):
    words = (
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--no-cache",
        "--target-version",
        "py311",
        "--output-format",
        "concise",
    )
    inputs = [f"{name}.py" for name in NAMES]
    run(*words, *inputs, cwd=folder)
    run(*words, *(str(folder / each) for each in inputs), cwd=folder.parent)


@needs_abi
@pytest.mark.slow
def test_mypy_finds_nothing(folder, tmp_path):
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\n", encoding="utf-8")
    run("-m", "mypy", "--strict", "--config-file", str(config), "--cache-dir", str(tmp_path / "cache"), ".", cwd=folder)


# --- how long -------------------------------------------------------------------------------------------------------


def test_at_most_six_lines_for_one(modules):
    rows = []
    total = source = 0
    for name, text in modules.items():
        made, written = len(text.splitlines()), len(FILES[f"{name}.rft"].splitlines())
        rows.append(f"{name:<14}{written:>5} -> {made:>4}   {made / written:.2f}")
        total += made
        source += written
    assert total / source <= LINES_PER_LINE_MAX, "\n" + "\n".join(rows) + f"\nall {total / source:.2f}"


# --- what it says and names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_header(name, modules):
    first, second = modules[name].splitlines()[:2]
    said = f"from {name}.rft (rft 1). Do not edit: run `raftoral compile`."
    assert first == f"# Generated by raftoral {VERSION} {said}"
    assert re.fullmatch(r"# rft-abi: 1  source: sha256:[0-9a-f]{16}", second)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_imports(name, modules):
    ours = set(NAMES) | {"tax"}
    for node in ast.walk(ast.parse(modules[name])):
        if isinstance(node, ast.Import):
            raise AssertionError(f"import {node.names[0].name}: names are taken one by one")
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None and node.level == 0
            if node.module.startswith("raftoral"):
                assert (node.module, [each.name for each in node.names]) == ("raftoral.program", ["v1"])
            else:
                top = node.module.split(".")[0]
                assert top in sys.stdlib_module_names or top == "pydantic" or top in ours, node.module


@pytest.mark.parametrize("name", NAMES)
def test_marks_are_lines_of_the_source(name, modules):
    """`# 28 | ...` is line 28 of the source, word for word: the marks are the source map."""
    lines = FILES[f"{name}.rft"].splitlines()
    marks = re.findall(r"^\s*# (\d+) \| (.*)$", modules[name], re.MULTILINE)
    for number, text in marks:
        assert lines[int(number) - 1].strip() == text
    assert marks or "workflow" not in FILES[f"{name}.rft"]


@needs_abi
@pytest.mark.parametrize("name", NAMES)
def test_it_uses_only_names_of_the_contract(name, modules):
    contract = importlib.import_module("raftoral.program.v1")
    for node in ast.walk(ast.parse(modules[name])):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "rt":
            assert hasattr(contract, node.attr), f"rt.{node.attr}"
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "rt.std":
            assert hasattr(contract.std, node.attr), f"rt.std.{node.attr}"


@needs_abi
@pytest.mark.parametrize("name", NAMES)
def test_definitions_have_the_slots_of_the_graph(name, imported):
    (each,) = check([Source(f"{name}.rft", FILES[f"{name}.rft"])], World(FILES))
    graphs = lowered(each.facts)
    newest = {graph.name: graph for graph in sorted(graphs, key=lambda graph: graph.version.number)}
    for graph in graphs:
        word = graph.decl.name.text
        is_newest = newest[graph.name] is graph
        holder = getattr(imported[name], word if is_newest else f"{word}V{graph.version.number}")
        definition = holder.DEFINITION
        assert (definition.name, definition.version) == (graph.name, graph.version.number)
        assert [slot.key for slot in definition.slots] == [slot.key for slot in graph.slots]
        frames = {slot.key: list(getattr(slot.frame, "_fields", ())) for slot in definition.slots}
        assert {key: len(fields) for key, fields in frames.items()} == {
            slot.key: len(slot.frame) for slot in graph.slots
        }


@needs_abi
def test_it_runs_without_the_compiler(folder, tmp_path):
    """No module needs lark, jinja2, black or the compiler to be imported."""
    (tmp_path / "go.py").write_text(
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('lark', 'jinja2', 'black') or name.startswith('raftoral.dsl'):\n"
        "            raise ImportError(f'{name} is not installed here')\n"
        "sys.meta_path.insert(0, Refuse())\n"
        f"for name in {NAMES!r}: __import__(name)\n",
        encoding="utf-8",
    )
    run(str(tmp_path / "go.py"), cwd=tmp_path, PYTHONPATH=os.pathsep.join((str(folder), laws.ROOT)))


# --- numbers and digests --------------------------------------------------------------------------------------------

TWO = """\
rft 1

activity a() -> int { timeout: 5s }
activity b() -> int { timeout: 5s }

workflow W version 1 () -> int {
  return do a()
}

workflow W version 2 () -> int {
  let n = do b()
  let m = do a()
  return n + m
}
"""


def test_a_slot_has_one_number_in_all_versions():
    from raftoral.dsl.lock import Lock, describe, update

    text = compiled({"w.rft": TWO})["w.py"]
    assert re.findall(r'@?rt\.\w+\(\s*(\d+), "(\w+)"', text) == [("1", "a"), ("2", "b"), ("1", "a")]
    (each,) = checked({"w.rft": TWO})
    locked = update(Lock(), describe(each, lambda name: None), None)
    assert {slot.name: slot.number for entry in locked.entries for slot in entry.slots} == {"a": 1, "b": 2}


def test_the_digest_is_that_of_the_lock():
    from raftoral.dsl.lock import describe

    text = compiled({"w.rft": TWO})["w.py"]
    (each,) = checked({"w.rft": TWO})
    meanings = [standing.entry.meaning for standing in describe(each, lambda name: None)]
    assert re.findall(r'digest="([0-9a-f]*)"', text) == meanings
    remarked = compiled({"w.rft": TWO.replace("return do a()", "# said\n  return do a()")})["w.py"]
    assert re.findall(r'digest="([0-9a-f]*)"', remarked) == meanings


RACE = """\
rft 1
module race

import kid { Kid as Child }

activity ask(n: int) -> int { timeout: 5s }

workflow Race version 1 (n: int) -> int {
  return select {
    do Child(n) as x => give x
    do ask(n) as y => give y
    after 1h => give 2
  }
}
"""


@needs_abi
@pytest.mark.slow
def test_a_child_may_race_in_a_select(tmp_path):
    kid = "rft 1\nmodule kid\n\nworkflow Kid version 1 (n: int) -> int {\n  return n\n}\n"
    for path, text in compiled({"kid.rft": kid, "race.rft": RACE}).items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    asks = (
        "import kid, race; from raftoral.program import v1 as rt; "
        "args = race.RaceArgs(7); step = race.Race.DEFINITION.begin(None, rt.NoState(args), args); "
        "assert step.arms[0] == rt.OnRun(kid.Kid.DEFINITION, (7,)), step.arms"
    )
    run("-c", asks, cwd=tmp_path, PYTHONPATH=os.pathsep.join((str(tmp_path), laws.ROOT)))
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\n", encoding="utf-8")
    words = ("-m", "mypy", "--strict", "--config-file", str(config), "--cache-dir", str(tmp_path / "cache"))
    run(*words, "kid.py", "race.py", cwd=tmp_path)


# --- names of the author's and names of ours ------------------------------------------------------------------------

MONEY = (
    "rft 1\nmodule money\n\nrecord Item { price: decimal }\nconst total = 3\n"
    "fn sum_of(xs: list[Item]) -> int = len(xs)\n"
)
OTHER = "rft 1\nmodule other\n\nrecord Item { qty: int }\nfn sum_of(xs: list[Item]) -> int = sum([x.qty for x in xs])\n"
CLASHES = """\
rft 1
module clashes

import money as money
import other { Item as Thing, sum_of as count_of }

record CounterState { n: int }
record CounterArgs { n: int }
record CounterRun { n: int }
record ClashesActivities { n: int }
record Field { n: int as "N" }
record Decimal { n: decimal }
record Slot { rt: int, cx: int, f: int }

fn total(n: int) -> int = n + money.total
fn timedelta(n: int) -> duration = 3s * n
fn found(n: int?) -> int = n ?? 2

activity ask(n: int) -> int? { timeout: 5s }

workflow Counter version 1 (items: list[money.Item], things: list[Thing], cx: int, f: int) -> int raises Missing {
  checkpoint tally = 0
  signal add(int)
  query tell(s: int) -> int = tally + s
  let sum_of = money.sum_of(items)
  let results = do ask(total(2)) ?? 3
  let a = do ask(found(none) + cx) ?? fail Missing()
  tally = results + a + count_of(things) + f
  sleep timedelta(2)
  let won = wait add
  let got = { "a": 1 }
  let found_2 = 5
  return sum_of + won + (got["a"] ?? 0) + (got["b"] ?? found_2)
}

error Missing
"""


@needs_abi
@pytest.mark.slow
def test_names_of_ours_are_none_of_the_authors(tmp_path):
    files = {"money.rft": MONEY, "other.rft": OTHER, "clashes.rft": CLASHES}
    for path, text in compiled(files).items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    run("-c", "import clashes; assert clashes.found(None) == 2 and clashes.total(1) == 4", cwd=tmp_path,
        PYTHONPATH=os.pathsep.join((str(tmp_path), laws.ROOT)))  # fmt: skip
    words = ("check", "--isolated", "--no-cache", "--target-version", "py311", "--output-format", "concise")
    run("-m", "ruff", *words, "clashes.py", cwd=tmp_path)
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\n", encoding="utf-8")
    run(
        "-m",
        "mypy",
        "--strict",
        "--config-file",
        str(config),
        "--cache-dir",
        str(tmp_path / "cache"),
        ".",
        cwd=tmp_path,
    )
