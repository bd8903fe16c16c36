"""Generated modules of odd and of random programs: clean by the tools of Python, and right where that is easy to miss.

`test_emit.py` looks at the examples; here stands what no example says. What is executed here is pure: functions of the
language, called as Python calls them.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
import types
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from raftoral.program.faults import AssertionFailed, NothingThere
from tests.dsl.test_emit import compiled, folder as folder, modules as modules, run
from tests.dsl.well_typed import workflow
from tests.house import laws

SEEDS = range(40)

# What these rules find in a random program, its author wrote: locals that nobody reads (RFT0209), `n > n`, nested ifs,
# a constant on the left, a list that grows by `+`, arms that say the same, long lines of the source in comments.
# Defaults that are lists or records do no harm: nothing in a generated module changes a value.
OF_THE_AUTHOR = (
    "F841", "B007", "RUF059", "PLR0124", "PLR0133", "PLW0127", "SIM102", "SIM222", "SIM300", "RUF005", "RUF034", "E501",
)  # fmt: skip
OF_VALUES = ("B006", "B008", "RUF012")

needs_pyright = pytest.mark.skipif(
    importlib.util.find_spec("pyright") is None or shutil.which("node") is None,
    reason="pyright is not installed, or has no node and would fetch one",
)


@pytest.fixture(scope="module")
def random_programs(tmp_path_factory) -> Path:
    """A module for each seed."""
    made: Path = tmp_path_factory.mktemp("random")
    for seed in SEEDS:
        (text,) = compiled({"m.rft": workflow(seed).text}).values()
        (made / f"p{seed}.py").write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def loaded(monkeypatch) -> Callable[..., types.ModuleType]:
    """Imports the module of a small program."""

    def load(*declarations: str) -> types.ModuleType:
        module = types.ModuleType("m")
        monkeypatch.setitem(sys.modules, "m", module)  # where pydantic looks for the names in annotations
        exec(compile(text_of(*declarations), "m.py", "exec"), module.__dict__)
        return module

    return load


def text_of(*declarations: str) -> str:
    (text,) = compiled({"m.rft": "rft 1\n" + "\n".join(declarations) + "\n"}).values()
    return text


# --- clean by every tool --------------------------------------------------------------------------------------------


def mypy(where: Path, cache: Path, *words: str) -> None:
    config = cache / "mypy.ini"
    config.write_text("[mypy]\n", encoding="utf-8")
    run("-m", "mypy", "--strict", "--config-file", str(config), "--cache-dir", str(cache), *words, ".", cwd=where)


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_mypy_finds_nothing_in_examples(version, folder, tmp_path):
    mypy(folder, tmp_path, "--python-version", version)


@pytest.mark.slow
def test_mypy_finds_nothing_in_random_programs(random_programs, tmp_path):
    # `match Color.green { red => ... }`: mypy knows how it ends, as the author could.
    mypy(random_programs, tmp_path, "--disable-error-code", "comparison-overlap")


@pytest.mark.slow
def test_ruff_finds_nothing_in_random_programs(random_programs):
    ignored = ",".join((*OF_THE_AUTHOR, *OF_VALUES))
    words = ("-m", "ruff", "check", "--no-cache", "--output-format", "concise", "--ignore", ignored)
    run(*words, "--isolated", "--target-version", "py311", ".", cwd=random_programs)
    run(*words, "--config", os.path.join(laws.ROOT, "pyproject.toml"), ".", cwd=random_programs)


@needs_pyright
@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_pyright_finds_nothing(version, folder, random_programs, tmp_path):
    for name, where in (("examples", folder), ("random", random_programs)):
        config = tmp_path / f"{name}.json"
        paths = f'"include": ["{where}"], "extraPaths": ["{laws.ROOT}", "{folder}"]'
        config.write_text(f'{{{paths}, "pythonVersion": "{version}"}}', encoding="utf-8")
        run("-m", "pyright", "-p", str(config), cwd=tmp_path)


# --- what the checker of the language knows, those of Python are told ------------------------------------------------

KNOWN = """\
record P { x: int, note: str? = none }
activity a(n: int) -> int { timeout: 1s }
workflow W version 1 (n: int?, p: P) -> int {
  if n is none or p.note is none { return 0 }
  let m = do a(n)
  if m > 3 { log info "${n}" } else if n > len(p.note) { log info p.note }
  let k = do a(m)
  return k + n
}
"""


def test_an_optional_that_is_known_to_be_there_is_asserted_once_in_a_function():
    text = text_of(KNOWN)
    after = text.partition("def _after_a(")[2].partition("@rt.slot")[0]
    assert after.count("assert ") == 2  # `n` and `p.note`, both below the first `if`
    assert re.search(r"assert f.n is not None\n +assert f.p.note is not None\n", after)
    last = text.partition("def _after_a_2(")[2].partition("class W")[0]
    assert re.findall(r"^    (assert .*|return .*)", last, re.MULTILINE) == [
        "assert f.n is not None",
        "return rt.Return(rt.int64(k + f.n))",
    ]
    assert "assert" not in text.partition("def _begin(")[2].partition("@rt.slot")[0]  # Python's checkers see the test


def test_two_locals_of_one_name_and_two_types_are_two_variables():
    text = text_of(
        "fn pick(n: int) -> str {",
        '  if n == 1 { let x = 2 assert x == 2 } else { let x = "s" assert x != "t" }',
        '  for x in ["a"] { assert x == "a" }',
        '  return "done"',
        "}",
    )
    assert "        x = 2\n" in text and '        x_2 = "s"\n' in text and 'for x_2 in ["a"]:\n' in text


def test_functions_have_names_in_small_letters():
    text = text_of("workflow BigKid version 1 () { log 1 }", "workflow W version 1 () { do BigKid() }")
    assert "def _w_after_child_big_kid(" in text


# --- operators and patterns -----------------------------------------------------------------------------------------

SHAPES = (
    "record P { x: int, y: int = [4, 5][1] ?? 0 }",
    "union S { A(n: int), B }",
    "fn point(n: int) -> P = P(x: n)",
    "fn kind(n: int) -> S = if n > 1 then A(n) else B",
)


def test_a_match_keeps_its_subject_wherever_it_is_read_first(loaded):
    module = loaded(
        *SHAPES,
        "fn one(n: int) -> int = match point(n) { P(x, y) => x + y }",
        "fn two(n: int) -> int = match kind(n) { _ if n == 3 => 7 A(m) => m B => 0 }",
        "fn three(n: int) -> bool = match kind(n) { A(_) => true B => false }",
        "fn four(n: int) -> int = match kind(n) { _ => n }",
    )
    assert (module.one(2), module.two(3), module.two(2), module.two(1)) == (7, 7, 2, 0)
    assert (module.three(2), module.three(1), module.four(3)) == (True, False, 3)


def test_an_int_becomes_a_decimal_in_each_arm(loaded):
    module = loaded(
        "fn one(n: int?) -> decimal = n ?? 2.5",
        "fn two(n: int) -> decimal = n - (match n { 1 => 1 _ => 2.5 })",
        "fn three(n: int) -> decimal = (if n == 1 then n else 2.5) / 2",
        'fn four(n: map[str, int]) -> decimal = n["a"] ?? 2.5',
    )
    for value in (module.one(1), module.two(1), module.three(1), module.four({"a": 1})):
        assert isinstance(value, Decimal)
    assert module.three(1) == Decimal("0.5")


def test_what_may_not_be_there_is_looked_at_once_also_where_python_allows_no_names(loaded):
    module = loaded(
        "record P { x: int = [4, 5][1] ?? 0, y: str = [\"a\"].first() ?? \"\" }",
        "const first = [7, 8].first() ?? 0",
        "fn one(m: map[str, list[int]]) -> list[int] = [x + 1 for x in m[\"a\"] ?? [1]]",
        "fn two(m: map[str, int?]) -> int = m[\"a\"] ?? 2",
        "fn three(m: map[str, map[str, int]]) -> list[int] = [x + 1 for x in m[\"a\"]?.values() ?? []]",
        "fn four(m: list[list[int]]) -> list[int] = [x for x in (match m[0] { some(xs) => xs none => [] })]",
        "fn five(m: map[str, int]) -> int = m[\"a\"] ?? 1 // len(m)",
    )  # fmt: skip
    assert (module.P().x, module.P().y, module.FIRST) == (5, "a", 7)
    assert (module.one({}), module.one({"a": [2]})) == ([2], [3])
    assert (module.two({}), module.two({"a": None}), module.two({"a": 3})) == (2, 2, 3)
    assert (module.three({}), module.three({"a": {"b": 1}})) == ([], [2])
    assert (module.four([]), module.four([[1]])) == ([], [1])
    assert module.five({"a": 4}) == 4


def test_nested_expressions_are_written_in_linear_time(loaded):
    depth = 60
    module = loaded(
        "fn one(n: int) -> int = " + " * ".join(["n"] * depth),
        "fn two(n: list[int]) -> list[int] = n" + ".take(3)" * depth,
        "fn three(n: int?) -> bool = " + "not (" * depth + "n is none" + ")" * depth,
        "fn four(n: map[str, int]) -> int = n" + '.with_key("a", 1)' * depth + '.get("a", 2)',
    )
    assert (module.one(1), module.two([1]), module.three(None), module.four({})) == (1, [1], True, 1)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("not (n == 1)", "n != 1"),
        ("not (n in ns)", "n not in ns"),
        ("not (k is none)", "k is not None"),
        ("not (n < 1)", "not n < 1"),
        ("n == 1 and n == 2 or n == 3", "(n == 1 and n == 2) or n == 3"),
    ],
)
def test_conditions_read_well(written, read):
    text = text_of(f"fn ask(n: int, ns: list[int], k: int?) -> bool = {written}")
    assert f"    return {read}\n" in text


# --- what has to fit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("n + m - n * 2", "rt.int64(n + m - n * 2)"),  # one look at the end: it is exact until then
        ("(n + m) // 2 + 1", "rt.int64((n + m) // 2 + 1)"),
        ("if n + m > n * m then 1 else 2", "1 if n + m > n * m else 2"),
        ("n // 2 + n % 7 + -3", "n // 2 + n % 7 + -3"),  # it fits whatever `n` is
        ("n // m", "rt.int64(n // m)"),  # the lowest int by -1
        ("-n", "rt.int64(-n)"),
        ("len(ns) - 1", "len(ns) - 1"),
        ("min(n, 10) - max(m, 1)", "rt.int64(rt.std.min_(n, 10) - rt.std.max_(m, 1))"),
        ("max(min(n, 10), 0) + 1", "rt.std.max_(rt.std.min_(n, 10), 0) + 1"),
        ("sum([i + 1 for (i, k) in enumerate(ns) if k > 0])",
         "rt.std.sum_int([i + 1 for i, k in rt.std.enumerate_(ns) if k > 0])"),
        ("sum([i + 1 for i in 1..n])", "rt.std.sum_int([i + 1 for i in rt.turns(1, n)])"),
        ("sum([i + 1 for i in ns])", "rt.std.sum_int([rt.int64(i + 1) for i in ns])"),
        ("limit + 1", "LIMIT + 1"),
        ("d // 1s", "d // timedelta(seconds=1)"),
        ("d // e", "rt.int64(d // e)"),
        ("(d + e) // 1h", "(d + e) // timedelta(hours=1)"),
        ("int(decimal(n + 1) * 2)", "rt.std.int_(Decimal(rt.int64(n + 1)) * 2)"),
    ],
)  # fmt: skip
def test_ints_are_looked_at_where_they_could_leave_64_bits(written, read):
    params = "n: int, m: int, ns: list[int], d: duration, e: duration"
    assert f"return {read}\n" in text_of("const limit = 100", f"fn ask({params}) -> int = {written}")


@pytest.mark.parametrize(
    ("result", "written", "read"),
    [
        ("float", "x * y / (x + y) + 1.0e0", "rt.finite(x * y / rt.finite(x + y) + 1.0e0)"),
        ("bool", "x * y > 2.0e0", "rt.finite(x * y) > 2.0e0"),
        ("float", "-x", "-x"),
        ("duration", "d + d * 2", "rt.span(d + d * 2)"),
        ("duration", "1h + 30m", "timedelta(hours=1) + timedelta(minutes=30)"),
        ("duration", "due - since + 1d", "due - since + timedelta(days=1)"),
        ("timestamp", "due + (d + 1h)", "due + (d + timedelta(hours=1))"),
        ("str", 'a1 + "-" + "${a1}"', 'rt.bounded(a1 + "-" + f"{a1}")'),
        ("str", '"${a1}!"', 'rt.bounded(f"{a1}!")'),
        ("str", '"${d} ${x}"', 'f"{rt.text(d)} {rt.text(x)}"'),  # it is short whatever they are
        ("list[int]", "ns + [1]", "rt.bounded(ns + [1])"),
        ("list[decimal]", "ns + [1.5]", 'rt.bounded([Decimal(n) for n in ns] + [Decimal("1.5")])'),
    ],
)
def test_other_values_are_looked_at_where_they_could_leave_their_type(result, written, read):
    params = "x: float, y: float, d: duration, due: timestamp, since: timestamp, a1: str, ns: list[int]"
    assert f"return {read}\n" in text_of(f"fn ask({params}) -> {result} = {written}")


COUNTER = """\
error Bad { why: str }
activity do_it(n: int, k: str) -> int { timeout: 1s }
workflow W version 1 (n: int, k: str) -> int raises Bad {
  checkpoint seen = 0
  checkpoint total = 0
  query next() -> int = seen + 1
  query last() -> int = total + 1
  for turn in 1..n {
    seen += 1
    total += do do_it(turn + n, "${k}${k}")
    log "${k}: ${turn + 1}"
    if total > n * 2 { fail Bad(why: "${k}${k}") }
  }
  return total + seen
}
"""


def test_counters_and_texts_that_others_look_at_need_no_look():
    text = text_of(COUNTER)
    for line in (
        "s.seen += 1",
        "s.total = rt.int64(s.total + arrived)",
        'cx.log("info", f"{f.k}: {f.turn + 1}")',
        "if s.total > f.n * 2:",
        'Bad(why=f"{f.k}{f.k}")',
        "rt.Return(rt.int64(s.total + s.seen))",
        "lambda cx, s, a: s.seen + 1",
        "lambda cx, s, a: rt.int64(s.total + 1)",
    ):
        assert line in text, line
    assert re.search(r'_DO_IT,\s+\(rt.int64\(turn \+ n\), f"{k}{k}"\)', text)


def test_a_message_that_may_fail_is_made_when_it_is_needed(loaded):
    module = loaded('fn ask(n: int, ns: list[int]) -> int {\n  assert n < 3, "first: ${ns[0]!}"\n  return n\n}')
    assert module.ask(1, []) == 1
    with pytest.raises(NothingThere):
        module.ask(3, [])
    with pytest.raises(AssertionFailed, match="first: 7"):
        module.ask(3, [7])


def test_after_an_assertion_type_checkers_are_told_what_it_says():
    text = text_of("fn ask(n: int?) -> int {\n  assert n is not none\n  return n\n}")
    assert "    rt.check(n is not None)\n    # 4 | return n\n    assert n is not None\n    return n\n" in text


def test_constants_are_computed_as_in_a_transition(loaded):
    module = loaded(
        "const third = 1.0 / 3", "record P { x: decimal = 2.0 / 3 }", "fn ask(n: decimal = 1.0 / 7) -> decimal = n"
    )
    assert str(module.THIRD) == f"0.{'3' * 34}"
    assert len(str(module.P().x)) == len(str(module.ask())) == 36


# --- two modules with the same names --------------------------------------------------------------------------------

PEER = """\
rft 1
module {name}

record Item {{ n: int, tag: str = "{name}" }}
enum Tone {{ low, high }}
union Pay {{ Free, Card(n: int) }}
error Gone {{ n: int }}
const top = {n}
fn make(n: int) -> Item = Item(n: n)
activity ask(i: Item) -> int raises Gone {{ timeout: 1s }}
workflow Kid version 1 (n: int) -> Item {{ return make(n) }}
"""
NAMES = ("Item", "Tone", "Pay", "Free", "Card", "Gone", "top", "make", "ask", "Kid")
OTHERS = ("Thing", "Sound", "Fee", "Gratis", "Voucher", "Lost", "peak", "build", "beg", "Child")
FRONT = """\
rft 1
module front

import one { NAMES }
import two { OTHERS }
import two as second

fn tags(i: Item, t: Thing) -> list[str] = [i.tag, t.tag, make(1).tag, build(2).tag, second.make(3).tag, "${top}${peak}"]
fn same(a: Tone, b: Sound) -> bool = a == Tone.low and b == Sound.low
fn worth(a: Pay, b: Fee) -> int = (match a { Free => 0 Card(n) => n }) + (match b { Gratis => 10 Voucher(n) => n * 10 })
fn count(i: Item, t: Thing) -> int = (match i { Item(n) => n }) + (match t { Thing(n) => n })

record ThingRun { of: Thing }
union Lots { Two(a: Pay, b: Fee), Tones(x: Tone, y: Sound) }

workflow Both version 1 (i: Item, t: Thing) -> int raises Lost {
  return try {
    let a = do ask(i)
    let b = do beg(t)
    let k = do Kid(1)
    let c = do Child(2)
    give a + b + k.n + c.n
  } catch Gone | Lost as e {
    match e { Gone(n) => log info "gone ${n}"  Lost(n) => log info "lost ${n}" }
    if e is Lost { fail Lost(n: top + peak) }
    give e.n
  }
}
"""


@pytest.mark.slow
def test_imported_names_are_those_that_the_author_gave(tmp_path):
    names = ", ".join(f"{name} as {other}" for name, other in zip(NAMES, OTHERS, strict=True))
    front = FRONT.replace("NAMES", ", ".join(NAMES)).replace("OTHERS", names)
    peers = {f"{name}.rft": PEER.format(name=name, n=n) for n, name in enumerate(("one", "two"), 1)}
    texts = compiled({**peers, "front.rft": front})
    for path, text in texts.items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert "from one import TOP, _ASK, Free, Gone, Item, Kid, Pay, Tone, make\n" in texts["front.py"]
    for name in ("Item as Thing", "Gone as Lost", "TOP as PEAK", "_ASK as _BEG", "make as build", "Kid as Child"):
        assert f"from two import {name}\n" in texts["front.py"]
    run("-c", ASKS, cwd=tmp_path, PYTHONPATH=os.pathsep.join((str(tmp_path), laws.ROOT)))
    words = ("check", "--isolated", "--no-cache", "--target-version", "py311", "--output-format", "concise")
    run("-m", "ruff", *words, ".", cwd=tmp_path)
    mypy(tmp_path, tmp_path)


ASKS = """
import front, one, two
assert front.tags(one.Item(n=1), two.Item(n=2)) == ["one", "two", "one", "two", "two", "12"]
assert front.same(one.Tone.LOW, two.Tone.LOW)
assert front.worth(one.Card(n=1), two.Free()) == 11 and front.worth(one.Free(), two.Card(n=2)) == 20
assert front.count(one.Item(n=1), two.Item(n=2)) == 3
class Log:
    def log(self, *said): pass
    def settle(self, scope): pass
failed = front.Both.DEFINITION.slots[0].failed
assert front.Both.DEFINITION.raises == (two.Gone,)
assert failed(Log(), None, None, one.Gone(n=4)).value == 4
assert failed(Log(), None, None, two.Gone(n=4)).error == two.Gone(n=3)

from raftoral.program.codec import dumps, loads
from raftoral.program.values import WorkflowError
assert (one.Gone.KIND, two.Gone.KIND) == ("one.Gone", "two.Gone")
for error in (one.Gone(n=4), two.Gone(n=4)):
    for hint in (one.Gone | two.Gone, WorkflowError, WorkflowError | None):
        assert type(loads(dumps(error, hint), hint)) is type(error)
assert dumps(two.Gone(n=4), WorkflowError) == b'{"fields":{"n":4},"kind":"two.Gone"}'
"""


# --- order ----------------------------------------------------------------------------------------------------------


def test_what_is_computed_on_import_comes_after_what_it_needs(loaded):
    module = loaded(
        "record P { tint: Color = Color.red, x: decimal = usual(2.0), s: S = A(rate) }",
        "union S { A(of: decimal = rate), B }",
        "enum Color { red, green }",
        "error Bad { n: int = top, q: Q = Q() }",
        "const top = limit() * 2",
        "const rate = 0.5",
        "const base = 10",
        "record Q { n: int = 3 }",
        "fn limit(n: int = base) -> int = n + more(1)",
        "fn more(n: int) -> int = n + base",
        "fn usual(d: decimal = rate) -> decimal = d * factor",
        "const factor = 2.0",
        "fn last(q: Q = Q(n: top)) -> int = q.n",
        "activity put(n: int = last() + 1) { timeout: 1s }",
        "workflow W version 1 (n: int = last()) { do put() }",
    )
    assert module._PUT.defaults == (43,) and module.W.DEFINITION.defaults == (42,)
    assert str(module.P()) == "P(tint: red, x: 4, s: A(of: 0.5))"
    assert str(module.Bad()) == "Bad(n: 42, q: Q(n: 3))"
    assert module.last() == 42


def test_without_such_needs_the_order_is_that_of_the_author():
    text = text_of("fn second() -> int = 1", "const first = 3", "record P { n: int }", "fn third() -> int = second()")
    places = [text.index(word) for word in ("class P", "FIRST: Final", "# Pure functions", "def second", "def third")]
    assert places == sorted(places)


# --- not more than a colleague would write ---------------------------------------------------------------------------

LOOP = """\
error Bad
error Worse
activity look(k: str, n: int) -> int raises Bad { timeout: 1s }
activity say(k: str) { timeout: 1s }
workflow W version 1 (k: str, n: int) -> int raises Bad, Worse {
  query where(m: int) -> int = n // m
  var seen = 0
  while seen < n {
    do say(k)
    sleep 1m
    seen = do look(k, n)
    if seen == 3 { return seen }
    if seen == 4 { fail Worse }
  }
  return seen
}
"""


def test_slots_that_hold_the_same_have_one_frame_and_hand_it_on():
    text = text_of(LOOP)
    assert re.findall(r"class (_\w+)\(NamedTuple\):", text) == ["_WithKN"]
    assert "return rt.sleep(_after_sleep, f, cx.later(timedelta(minutes=1)))" in text
    assert "return rt.call(_after_look, f, _LOOK, (f.k, f.n))" in text
    assert "_WithKN(k, n), _SAY" in text  # it begins where no frame is


def test_what_arrives_has_the_name_of_the_variable_that_it_is_for():
    text = text_of(LOOP)
    assert "f: _WithKN, seen: int) -> rt.Step:\n    # 13 | if seen == 3 { return seen }\n    if seen == 3:" in text


def test_a_short_end_is_written_where_a_way_ends():
    text = text_of("workflow W version 1 (n: int) -> int {\n  if n == 1 { sleep 1m }\n  return n\n}")
    assert "def _finish" not in text
    assert text.count("    # 4 | return n\n    return rt.Return(") == 2


def test_a_run_is_begun_and_asked_in_one_line():
    text = text_of(LOOP)
    assert "        return await WRun.begin(node, WArgs(k, n), id)\n" in text
    assert '        return await self.ask("where", (m,))\n' in text
    assert "        raises=(Bad, Worse),\n" in text


def test_slots_that_only_give_stand_together():
    text = text_of(
        "activity one() -> int { timeout: 1s }",
        "workflow W version 1 () -> int {\n  parallel { a1: do one() b1: do one() }\n  return a1 + b1\n}",
    )
    assert re.search(r"\n_after_a1_one = rt.giving\(.*\)\n_after_b1_one = rt.giving\(.*\)\n\n\ndef _begin", text)
