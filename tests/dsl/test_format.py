"""`raftoral fmt`: what it does to the examples, to small programs, and to programs whose layout was mangled.

The properties: formatting twice is formatting once; the tree is the same before and after; every comment is there
once and in order; no line is longer than the width unless a single word is. They are checked for every program here
and at several widths, since narrow ones break what the usual one does not.
"""

from __future__ import annotations

import glob
import os
import re

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from raftoral.dsl import syntax as s
from raftoral.dsl.diagnostics import LIKELY, SAFE, Fix, Problems
from raftoral.dsl.format import apply_fixes, format_source, layout
from raftoral.dsl.parser import parse
from raftoral.dsl.source import Source

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = sorted(glob.glob(os.path.join(ROOT, "examples", "*.rft")))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def formatted(text):
    return format_source(Source("x.rft", text))


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
    for token, after in zip(parsed.tokens, parsed.tokens[1:], strict=False):
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
    for token, after in zip(tokens, tokens[1:], strict=False):
        bare = token.type == "RETURN_END" or after.text in ("}", ",")
        spans.append((token.hi, after.lo, token.text != "return" or bare))
    return spans, tokens


def rebuilt(text, fill):
    """`text` with each gap made anew by `fill(old, free, must)`: `free` if lines may end in it, `must` if one has to."""
    spans, tokens = gaps_of(text)
    parts = []
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
fn gross(net: decimal, rate: decimal = vat) -> decimal = net * (1 + rate) - -net + (net // 2) % 3 ?? money.Amount(1) ?? fail No()
===
fn worst(lines: list[Line]) -> Line? {
  var found: Line? = none
  for l in lines {
    if found is none or l.qty > found!.qty and not (l.sku in ["a", "b"]) { found = some(l) } else if 1 == 2 { return none }
    else { found = none }
  }
  return found
}
===
fn choose(a: int?, m: map[str, int], h: handle[W]) -> int =
  if a is not none then a ?? m["k"] ?? 0 else if "x" not in m then 1 else [x * 2 for (x, y) in zip(a, [1]) if x > 1][0]!
===
fn pick(p: Priority, q: Pair) -> int = match p { low => 1, normal | high if q.a?.b.c(1)(2) == {"a": 1, "b": 2,} => 2  _ => -3 }
fn deep(t: int? ?) -> decimal = (((1.5e0))) + some(f(g(Line(..line, qty: 2,),),))
fn kinds(v: V) -> str = match v { some(Approve(by: a, Both(_, 1),)) => "a" shop.Free => "b"  "x" | 1.0 | true | none => "c" }
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
@pytest.mark.parametrize("columns", [1, 15, 30, 50, 70, 100])
def test_small_programs(program, columns, width):
    width(columns)
    check(program)
    check(joined(program))
    check(scattered(program))


@pytest.mark.parametrize("columns", [25, 100])
@pytest.mark.parametrize("comment", ["  # c\n", "\n# c\n", "\n\n## c\n\n# d\n\n"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program[17:40])
def test_a_comment_in_every_gap(program, comment, columns, width):
    width(columns)
    spans, _ = gaps_of(program)
    for lo, hi, free in spans:
        if free:
            check(program[:lo] + comment + program[hi:])


BLANK = st.sampled_from(["", " ", " ", " ", "\n", "\n\n", "\n \n\n", "\t", " # c\n", "\n# own\n", "# a\n\n## b\n\n", "   "])


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
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
