"""`raftoral fmt`: what it does to the examples, to small programs, and to programs whose layout was mangled.

The properties: formatting twice is formatting once; the tree is the same before and after; every comment is there
once and in order; no line is longer than the width unless a single word is. They are checked for every program here
and at several widths, since narrow ones break what the usual one does not.
"""

from __future__ import annotations

import glob
import os
import re
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from raftoral.dsl import syntax as s
from raftoral.dsl.diagnostics import LIKELY, SAFE, Fix, Problems
from raftoral.dsl.format import apply_fixes, declarations, format_source, layout
from raftoral.dsl.parser import parse
from raftoral.dsl.source import Source
from tests.dsl.programs import project

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = sorted(glob.glob(os.path.join(ROOT, "examples", "*.rft")))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def formatted(text):
    result = format_source(Source("x.rft", text))
    if result.fault is not None:  # a bug, which costs no text; here it shall be seen
        raise result.fault
    return result


def tree_of(text):
    """What the text says, without places; and its problems."""
    source = Source("x.rft", text)
    problems = Problems(source)
    parsed = parse(source, problems)
    return plain(parsed.module), [problem.code for problem in problems.found], parsed


def plain(root):
    """A tree as nested lists. Without recursion: trees may be deep."""
    done: list = []
    todo = [(root, done)]
    while todo:
        node, into = todo.pop()
        if isinstance(node, s.Token):
            into.append(node.text)
        elif isinstance(node, s.Node):
            mine: list = [node.__class__.__name__]
            into.append(mine)
            for name in node.__slots__:
                if name not in ("lo", "hi", "op_lo"):
                    part: list = [name]
                    mine.append(part)
                    todo.append((getattr(node, name), part))
        elif isinstance(node, list):
            mine = []
            into.append(mine)
            for each in node:
                part = []
                mine.append(part)
                todo.append((each, part))
        else:
            into.append(node)
    return done


def comments_of(parsed):
    return [parsed.source.text[lo:hi].rstrip() for lo, hi in parsed.comments]


def check(text, *, whole=True):
    """All properties at once; returns the formatted text."""
    result = formatted(text)
    before, codes, parsed = tree_of(text)
    after, codes_after, again = tree_of(result.text)
    if whole:
        assert not result.skipped
        assert not codes
    assert codes_after == codes
    assert after == before
    assert comments_of(again) == comments_of(parsed)
    assert formatted(result.text).text == result.text
    assert_tidy(result.text)
    if whole:
        assert_narrow(result.text, again)
    return result.text


def assert_tidy(text):
    assert not text or (text.endswith("\n") and not text.endswith("\n\n") and not text.startswith("\n"))
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]\n", text)
    assert not re.search(r"[{(\[]\n\n", text)
    assert not re.search(r"\n\n *[})\]]", text)


def assert_narrow(text, parsed):
    """A line wider than the width has nothing in it where a line may end (between words, or before a dot)."""
    place = parsed.source.position
    for token, after in pairwise(parsed.tokens):
        line, column = place(after.hi)
        if column - 1 > layout.WIDTH and place(token.lo)[0] == line and after.text != ",":
            together = token.text in ("(", "[", "{", "return") or after.text in (")", "]", "}")
            assert together or (token.hi == after.lo and after.text not in (".", "?.")), text.split("\n")[line - 1]


@pytest.fixture
def width(monkeypatch):
    def set_width(columns):
        monkeypatch.setattr(layout, "WIDTH", columns)

    return set_width


# --- the examples -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES, ids=os.path.basename)
def test_examples_are_formatted(path):
    assert formatted(read(path)).text == read(path)


@pytest.mark.parametrize("columns", [20, 37, 60, 80])
@pytest.mark.parametrize("path", EXAMPLES, ids=os.path.basename)
def test_examples_in_narrow_columns(path, columns, width):
    width(columns)
    check(read(path))


@pytest.mark.parametrize("columns", [30, 100])
@pytest.mark.parametrize("path", EXAMPLES, ids=os.path.basename)
def test_examples_with_everything_on_few_lines(path, columns, width):
    width(columns)
    check(joined(read(path)))


@pytest.mark.parametrize("path", EXAMPLES, ids=os.path.basename)
def test_examples_with_a_word_a_line(path):
    check(scattered(read(path)))


def gaps_of(text):
    """(end of a token, start of the next, whether a line may end there)."""
    source = Source("x.rft", text)
    tokens = parse(source, Problems(source)).tokens
    spans = [(0, tokens[0].lo, True)]
    for token, after in pairwise(tokens):
        bare = token.type == "RETURN_END" or after.text in ("}", ",")
        spans.append((token.hi, after.lo, token.text != "return" or bare))
    return spans, tokens


def rebuilt(text, fill):
    """`text` with each gap made anew by `fill(old, free, must)`: whether a line may end in it, or must."""
    spans, tokens = gaps_of(text)
    parts: list[str] = []
    before = ""
    for (lo, hi, free), token in zip(spans, tokens, strict=True):
        new = fill(text[lo:hi], free, before == "RETURN_END")
        parts += (new, text[token.lo : token.hi])
        before = token.type
    return "".join(parts)


def joined(text):
    """Without line ends, but after comments, and after a `return` without a value."""

    def fill(old, free, must):
        return old if "#" in old else "\n" if must else " "

    return rebuilt(text, fill)


def scattered(text):
    return rebuilt(text, lambda old, free, must: old if "#" in old else "\n\t\n " if free else " ")


# --- every construct ----------------------------------------------------------------------------------------

SMALL = """
import shop.catalog { Item, Price as UnitPrice }
import shop.money as money
===
record Line { sku: str max 40, qty: int = 1, note: str? = none, kind: str as "class", raw: bytes max 16kb }
===
record Limits {
  min: int,
  max: int,
  as: str, within: (int, str)? = (1, "a")
}
error Bare
error Empty {}
enum Priority { low, normal, high }
===
union Payment {
  Card(last4: str)
  Invoice(due: timestamp, items: list[map[str, outcome[int]]],)
  Free
}
===
const vat: decimal = 0.20
const label: money.Amount = "a long label"
fn gross(net: decimal, rate: decimal = vat) -> decimal = net * (1 + rate) - -net + (net // 2) % 3
  ?? money.Amount(1) ?? fail No()
===
fn worst(lines: list[Line]) -> Line? {
  var found: Line? = none
  for l in lines {
    if found is none or l.qty > found!.qty and not (l.sku in ["a", "b"]) { found = some(l) }
    else if 1 == 2 { return none }
    else { found = none }
  }
  return found
}
===
fn choose(a: int?, m: map[str, int], h: handle[W]) -> int =
  if a is not none then a ?? m["k"] ?? 0 else if "x" not in m then 1 else [x * 2 for (x, y) in zip(a, [1]) if x > 1][0]!
===
fn pick(p: Priority, q: Pair) -> int =
  match p { low => 1, normal | high if q.a?.b.c(1)(2) == {"a": 1, "b": 2,} => 2  _ => -3 }
fn deep(t: int? ?) -> decimal = (((1.5e0))) + some(f(g(Line(..line, qty: 2,),),))
fn kinds(v: V) -> str = match v {
  some(Approve(by: a, Both(_, 1),)) => "a" shop.Free => "b"  "x" | 1.0 | true | none => "c" }
===
extern "shop.tax" {
  fn vat_number_ok(code: str) -> bool
  fn risk_band(score: float) -> str trusted
}
===
activity charge(customer: str, amount: decimal, currency: str = "EUR") -> str raises CardDeclined, bank.GatewayDown {
  timeout: 30s, deadline: 10m
  heartbeat: 10s
  retry: 6 times backoff 1s..1m factor 2 except CardDeclined | bank.GatewayDown
  key: "charge-${workflow.id}-${amount}", queue: "payments"
  grace: 1s
  once: at_most
}
activity a() { retry: never }
activity b() {}
activity c() -> int
activity d(x: int) { timeout: 1s, retry: forever backoff 1s..2s step 3s, key: "k" }
===
workflow Empty version 1 () {}
workflow Members version 3 (customer: str, plan: Plan) -> Summary raises Cancelled {
  checkpoint months = 0
  checkpoint state: State = State.active
  signal cancel
  signal change(Plan)
  query progress() -> int = months
  query is_active(at: timestamp = now()) -> bool = (state == State.active)
}
===
migrate Members from 2 {
  slot score_fraud -> charge.2 .3
  slot manual.check -> restart
  slot other -> fail
  let coupon = best_coupon(order)
}
===
workflow Effects version 1 (xs: list[int]) {
  do notify(who, "hello")
  let hold = do bank.reserve(order.items) compensate do release(hold)
  let shipped: Receipt = do shop.Ship(order.id) compensate { do back(shipped) do more() }
  let answer = wait decide
  var maybe = wait decide within 3d
  wait go
  sleep 5m
  sleep until due + 1d
  @second let extra = do charge(order.customer, fee) with { timeout: 5s, retry: never } compensate do nothing()
  let (a, b,) = pair
  @l total += do count(a)
  let child = spawn Ship(order.id) id "ship-${order.id}"
  spawn Survey()
  send child.cancelled("customer changed their mind")
  log "plain"
  log warn "stock is low: ${left}"
  assert left >= 0, "stock cannot be negative"
  assert (left) == (1)
  continue as new(source, tomorrow,)
}
===
workflow Choice version 1 () {
  if total > 100 { log info "large" } else if total == 0 { return } else { log debug "normal" }
  match payment {
    Card(last4) if last4 != "" => log info "card"
    Card(_) | Free => return,
    Invoice(due) => { do send_invoice(order.id, due) }
    Other => assert a, "b"
    with => return
  }
  match p { low => return, high => give do f(), with => break  _ => { continue } }
  for attempt in 1..3 { log info "try" }
  while stock < wanted {
    sleep 10m

    stock = do count(sku)
  }
  return
}
===
workflow Several version 1 () {
  @pick select {
    on decide as d => { decision = some(d) }
    on withdraw => fail Declined(reason: "withdrawn")
    do poll(id) with { timeout: 1s } as s => log info "status ${s}"
    after 3d => stage = Stage.escalated,
  }
  let x = select { on a as y => give y  after 3d => give none }
  @both parallel settle {
    hold: do reserve(order.items) compensate do release(hold),
    score: {
      let features = do load(order.customer)
      give do score(features)
    }
    kid: spawn W(), id: wait x
  }
  parallel { a: do f(), b: wait g }
  dag {
    schema: do fetch(source)
    loaded after schema, other: parallel for part in parts limit 16 settle { give do load(part, schema) }
    total: = sum([l.rows for l in loaded])
  }
  parallel for (i, x) in enumerate(xs) limit 4 { do f(x) }
}
===
workflow Trying version 1 () {
  let trip = try {
    give Trip(flight: flight, room: room)
  } catch NoRoom | shop.NoSeat as why {
    fail why
  } catch Other { fail Unavailable(reason: "${why}") }
  finally {
    log info "over"
  }
  try { do a() } catch E { do b() } finally { log "c" }
  return try { give 1 }
}
"""
PROGRAMS = ["rft 1\nmodule x\n\n" + part.strip() + "\n" for part in SMALL.split("===")]


def test_small_programs_cover_the_tree():
    """Every class of the tree stands in some small program, but those that only mistakes make."""
    seen = set()
    for program in PROGRAMS:
        source = Source("x.rft", program)
        seen |= set(re.findall(r"'([A-Z]\w+)'", str(plain(parse(source, Problems(source)).module))))
    every = {name for name, node in vars(s).items() if isinstance(node, type) and issubclass(node, s.Node)}
    assert every - seen == {"Node", "Token", "TextToken", "Assignment", "Hole", "QueryWrite", "Damaged"}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program[17:40])
@pytest.mark.parametrize("columns", [1, 15, 30, 60, 100])
def test_small_programs(program, columns, width):
    width(columns)
    check(program)
    check(joined(program))
    check(scattered(program))


@pytest.mark.parametrize(
    ("comment", "columns"), [("  # c\n", 100), ("\n# c\n", 25), ("\n\n## c\n\n# d\n\n", 60)], ids=["end", "own", "two"]
)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program[17:40])
def test_a_comment_in_every_gap(program, comment, columns, width):
    width(columns)
    spans, _ = gaps_of(program)
    for lo, hi, free in spans:
        if free:
            check(program[:lo] + comment + program[hi:])


BLANK = st.sampled_from(
    ["", " ", " ", " ", "\n", "\n\n", "\n \n\n", "\t", " # c\n", "\n# own\n", "# a\n\n## b\n\n", "   "]
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(program=st.sampled_from(PROGRAMS), columns=st.sampled_from([1, 10, 20, 40, 60, 80, 100]), data=st.data())
def test_mangled_layout(program, columns, data):
    """Any layout of a program gives a text with all the properties."""
    drawn = data.draw(st.lists(BLANK, min_size=40, max_size=40))
    offset = data.draw(st.integers(0, 39))
    count = 0

    def fill(old, free, must):
        nonlocal count
        count += 1
        new = drawn[(count * 7 + offset + count // 40) % 40]
        if not free:
            return " "
        if must:
            return new if new.lstrip(" \t")[:1] in ("\n", "#") else "\n"
        return new or (" " if old else "")

    usual = layout.WIDTH
    layout.WIDTH = columns
    try:
        check(rebuilt(program, fill))
    finally:
        layout.WIDTH = usual


@pytest.mark.parametrize("seed", [1, 2])
def test_generated_project(seed):
    for text in project(400, seed).values():
        check(text)
        check(joined(text))


# --- the style ----------------------------------------------------------------------------------------------

STYLE = {
    "blank lines": (
        "rft 1\n\n\nmodule x\nimport a {B}\nimport c as d\nrecord A{}\n\n\n\nrecord B{}\nrecord C {\n a: int }\n"
        "enum E { x }\nfn f() -> int {\n\n\n  # first\n\n\n  let x = 1   # a\n\n\n\n  # last\n\n\n}",
        "rft 1\nmodule x\n\nimport a { B }\nimport c as d\n\nrecord A {}\n\nrecord B {}\nrecord C {\n  a: int\n}\n\n"
        "enum E { x }\n\nfn f() -> int {\n  # first\n\n  let x = 1  # a\n\n  # last\n}\n",
    ),
    "a doc comment stands on its declaration": (
        "rft 1\nactivity a() {\n timeout: 1s\n}\n## doc\n\nactivity b() {}\n# kept away\n\nconst c = 1",
        "rft 1\n\nactivity a() {\n  timeout: 1s\n}\n\n## doc\nactivity b() {}\n# kept away\n\nconst c = 1\n",
    ),
    "brackets stay open or closed": (
        "rft 1\nconst a = f(1,\n  2)\nconst b = f(\n  1, 2)\nconst c = [\n1]\n"
        "const d = f(g(\n1))\nenum E {\na, b }\nenum F { a\n b }",
        "rft 1\n\nconst a = f(1, 2)\nconst b = f(\n  1,\n  2,\n)\nconst c = [\n  1,\n]\n"
        "const d = f(g(\n  1,\n))\n\n"
        "enum E {\n  a\n  b\n}\nenum F { a, b }\n",
    ),
    "a comma that is needed stays": (
        "rft 1\nrecord R {\n  min: int,\n  max: int,\n  low: int,\n}\n",
        "rft 1\n\nrecord R {\n  min: int,\n  max: int\n  low: int\n}\n",
    ),
    "a return without a value on one line": (
        "rft 1\nworkflow W version 1 () { match a { b => return, c => break } if d { return } }",
        "rft 1\n\nworkflow W version 1 () { match a { b => return, c => break } if d { return } }\n",
    ),
    "comments move with what they follow": (
        "rft 1\nrecord R { # one\n a: int # two\n , # three\n b: int }# four",
        "rft 1\n\nrecord R {  # one\n  a: int  # two\n  # three\n  b: int\n}  # four\n",
    ),
    "tabs": ("rft\t1\nrecord\tA\t{\ta:\tint\t}", "rft 1\n\nrecord A { a: int }\n"),
    "nothing": ("", ""),
    "blanks": (" \n\n\t\n", ""),
    "comments alone": ("\n\n  # a  \n\n\n# b\n\n", "# a\n\n# b\n"),
    "no header": ("record A {a:int}", "record A { a: int }\n"),
}


@pytest.mark.parametrize("name", STYLE)
def test_style(name):
    before, after = STYLE[name]
    assert formatted(before).text == after
    assert formatted(after).text == after


BROKEN = """rft 1
module x

workflow W version 1 (aaaa: int) -> str
    raises Missing {
  let kept = do reserve_stock(
    order.items,
    order.customer,
  ) compensate do release_stock(kept)
  let found = rate(sale.country) ??
    fail NotSoldThere(country: sale)
  log info
    "a text that is longer than most, so here"
  if first_condition and
      second_one and
      third_one {
    return first_value +
      second_value * third_value
  }
  return match kept {
    some(x) => if x > 10000000
      then another_name
      else x
    none => Order(
      id: "one",
      lines: [
        line.price * line.quantity
        for line in order.lines_of_it
        if line.quantity > 0
      ],
    )
  }
}
"""


def test_what_does_not_fit(width):
    """Breaks at the loosest place that helps, whatever the lines were."""
    width(46)
    assert check(joined(BROKEN)) == check(BROKEN) == BROKEN


# --- around what does not parse -----------------------------------------------------------------------------


def test_formats_around_what_does_not_parse():
    broken = "record   {  qty int = }"
    text = f"rft 1\nmodule x\nconst   a=1\n# about it\n{broken} # end\nconst   b=2\n"
    result = formatted(text)
    assert result.problems
    assert [text[lo:hi] for lo, hi in result.skipped] == [broken]
    assert result.text == f"rft 1\nmodule x\n\nconst a = 1\n# about it\n{broken}  # end\nconst b = 2\n"


def test_a_stray_character_is_kept():
    assert formatted("rft 1\nconst a  = 1\n§\nconst b  = 2").text == "rft 1\n\nconst a = 1\n§\nconst b = 2\n"


def test_what_is_copied_may_stand_in_a_comment_too():
    text = "rft 1\nconst a  = 1\n# One. Two.\n.\nconst b  = 2"
    assert formatted(text).text == "rft 1\n\nconst a = 1\n# One. Two.\n.\nconst b = 2\n"


@settings(max_examples=100, deadline=None)
@given(path=st.sampled_from(EXAMPLES), at=st.floats(0, 1), cut=st.integers(0, 9), put=st.sampled_from('{}()§"@,x# \n'))
def test_damaged_programs(path, at, cut, put):
    """Whatever is wrong: words, comments and copied text are all there, and twice is once."""
    text = read(path)
    place = int(at * len(text))
    text = text[:place] + put + text[place + cut :]
    result = formatted(text)
    _, _, before = tree_of(text)
    _, _, after = tree_of(result.text)
    assert [t.text for t in after.tokens if t.text != ","] == [t.text for t in before.tokens if t.text != ","]
    assert comments_of(after) == comments_of(before)
    assert all(text[lo:hi] in result.text for lo, hi in result.skipped)
    assert formatted(result.text).text == result.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rft", "rft\n"),
        ("rft  # one", "rft  # one\n"),
        ("rft 1\n1 ,\nconst  a = 1", "rft 1\n\n1 ,\nconst a = 1\n"),
        (")1\nactivity k(d:str){timeout:1}", ")1\nactivity k(d: str) { timeout: 1 }\n"),
        ('5y"', '5y"\n'),
        ("rft 1\nconst a = 1 # x\u00a0", "rft 1\n\nconst a = 1  # x\u00a0\n"),
    ],
)
def test_words_that_belong_to_nothing(text, expected):
    assert formatted(text).text == expected
    assert formatted(expected).text == expected


def test_a_mistake_that_is_read_otherwise_on_other_lines():
    """`p r` on one line and on two are different mistakes: formatting goes on until nothing moves."""
    result = formatted("rft 1\nmodule p r")
    assert formatted(result.text).text == result.text
    assert result.text.split() == ["rft", "1", "module", "p", "r"]


def test_what_never_settles_is_left_alone(monkeypatch):
    usual, rounds = layout.Layout.write, count(1)
    monkeypatch.setattr(layout.Layout, "write", lambda self: usual(self) + "\n" * next(rounds))
    text = "rft 1\nconst a = \nconst  b = 1"
    result = formatted(text)
    assert (result.text, result.skipped) == (text, [(0, len(text))])
    assert result.problems


@pytest.mark.parametrize("room", ["parse", "find_pieces", "space_out", "find_lost"])
def test_whatever_falls_the_text_stays(monkeypatch, room):
    def fall(*words):
        raise RecursionError("deep")

    monkeypatch.setattr(f"raftoral.dsl.format.{room}", fall)
    text = "rft 1\nconst  a=1"
    result = format_source(Source("x.rft", text))
    assert result.text == text
    assert isinstance(result.fault, RecursionError)


def test_a_word_that_the_proof_misses_is_not_lost(monkeypatch):
    monkeypatch.setattr("raftoral.dsl.format.find_lost", lambda *words: [])
    monkeypatch.setattr(layout.Layout, "write", lambda self: "rft 1\n")
    text = "rft 1\nconst  a=1"
    assert formatted(text).text == text


DEEP = {
    "parentheses": "(" * 3000 + "1" + ")" * 3000,
    "lists": "[" * 3000 + "]" * 3000,
    "sum": " + ".join(["x"] * 3000),
    "attributes": "x" + ".y" * 3000,
    "minus": "- " * 3000 + "1",
    "if": "if a then b else " * 3000 + "c",
    "or": "x ?? " * 3000 + "y",
    "string": '"' + "x" * 100_000 + '"',
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_and_long(name):
    text = "rft 1\n\nconst a = " + DEEP[name] + "\n"
    result = formatted(text)
    assert len(result.text) < 5 * len(text)
    assert formatted(result.text).text == result.text


def test_a_bug_in_a_shape_costs_no_text(monkeypatch):
    """The proof at the end finds what was lost; that declaration is copied, and the rest is formatted."""
    text = "rft 1\nconst  a = 1\nrecord  R { b: int }\n"
    usual = declarations.SHAPES[s.Const]

    def lose(row, node, todo):
        usual(row, node, todo)
        row.words[row.at[node.lo] + 3] = "2"

    monkeypatch.setitem(declarations.SHAPES, s.Const, lose)
    assert formatted(text).text == "rft 1\n\nconst  a = 1\nrecord R { b: int }\n"

    def fall(row, node, todo):
        raise KeyError("no such word")

    monkeypatch.setitem(declarations.SHAPES, s.Const, fall)
    result = formatted(text)
    assert result.text == "rft 1\n\nconst  a = 1\nrecord R { b: int }\n"
    assert [text[lo:hi] for lo, hi in result.skipped] == ["const  a = 1"]


# --- fixes --------------------------------------------------------------------------------------------------


def fixed(text, *fixes):
    source = Source("x.rft", text)
    problems = Problems(source)
    for number, (edits, applicability) in enumerate(fixes):
        problems.at("RFT0103", "wrong", number, number + 1, fix=Fix(edits, applicability))
    return apply_fixes(source, problems.found).text


def test_safe_fixes_are_applied():
    assert fixed("abcdef", ([(1, 2, "B"), (3, 3, "+")], SAFE), ([(4, 6, "")], SAFE)) == "aBc+d"
    assert fixed("abcdef", ([(1, 2, "B")], LIKELY)) == "abcdef"


def test_of_fixes_that_meet_the_first_is_applied():
    assert fixed("abcdef", ([(1, 3, "X")], SAFE), ([(2, 4, "Y")], SAFE), ([(3, 4, "Z")], SAFE)) == "aXZef"
    assert fixed("abc", ([(1, 1, "X")], SAFE), ([(1, 1, "Y")], SAFE)) == "aXbc"
    assert fixed("abc", ([(0, 3, "X")], SAFE), ([(1, 1, "Y")], SAFE)) == "X"
