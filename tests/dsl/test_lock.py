"""The lock: digests that change with the meaning and with nothing else, numbers that stay, promises that are kept.

Input: the examples, and `RICH`, which has something of every construct. The problems of the lock, each with a wrong
and a right program, are in `explain/09.md` and tested by `test_explain`.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings, strategies as st

from raftoral.dsl import lock as door, syntax as s
from raftoral.dsl.compile import Checked, check
from raftoral.dsl.effects.python.modules import Files
from raftoral.dsl.facts.symbols import BRANCH, CHECKPOINT, PARAMETER, HandleType, Local
from raftoral.dsl.format import format_source
from raftoral.dsl.lock.changes import differences
from raftoral.dsl.lock.digest import meaning
from raftoral.dsl.lock.externs import hash_of
from raftoral.dsl.source import Source
from raftoral.errors import UsageError
from tests.dsl.test_examples import EXAMPLES, FILES
from tests.dsl.test_explain import World

RICH = """\
rft 1
module rich

import catalog { Item }

const rate = 0.20
enum Stage { asking, paid, late }
union Answer { Yes(by: str, at: int = 1) No(reason: str) }
record Order { id: str, items: list[Item] max 50, note: str? = none, kind: str as "class" = "plain" }
error Refused { why: str }
error Broken { code: int }

fn gross(net: decimal, share: decimal = rate) -> decimal = net * (1 + share)
fn sum_of(items: list[Item]) -> decimal {
  var total = 0.00
  for item in items {
    if item.qty > 0 and item.price > 0.00 { total = total + item.price * item.qty }
  }
  return total
}

activity reserve(order: Order, days: int = 3) -> str raises Refused {
  timeout: 10s
  retry: 5 times backoff 1s..30s factor 2 except Refused
  key: "reserve-${order.id}-${days}"
}
activity release(hold: str) { timeout: 10s, retry: forever, key: "release-${hold}" }
activity price_of(id: str, zone: str) -> decimal raises Broken { timeout: 5s }
activity tell(who: str, text: str) { timeout: 20s }

workflow Small version 1 (id: str) -> int {
  sleep 5m
  do tell(id, "hello")
  return 1
}

workflow Rich version 3 (order: Order, limit_of: int = 10) -> decimal raises Refused, Broken {
  checkpoint stage = Stage.asking
  signal decide(Answer)
  signal stop
  query where_is_it(more: int) -> int = more + 1
  query state() -> Stage = stage

  let net = sum_of(order.items)
  var paid = gross(net)
  let answer = try {
    let hold = do reserve(order) compensate do release(hold)
    let small = do Small(order.id)
    log info "held ${hold} ${small}"
    give wait decide within 3d
  } catch Refused as why {
    log warn "refused: ${why.why}"
    fail why
  }
  match answer {
    some(Yes(by, at)) if at > 0 => log info "yes of ${by}"
    some(Yes(_)) => paid = paid + 1
    some(No(reason)) => fail Refused(why: reason)
    none => return 0.00
  }
  parallel {
    here: do price_of(order.id, "here")
    there: do price_of(order.id, "there")
  }
  let quotes = parallel for item in order.items limit 4 settle { give do price_of(item.sku, "x") }
  var turn = 0
  while turn < limit_of {
    turn += 1
    select {
      on stop => break
      after 24h => stage = Stage.late
    }
  }
  let best = if here < there then here else there
  let last = [item.qty * 2 for item in order.items if item.qty > 1]
  assert paid >= 0, "never negative"
  @told do tell(order.id, "${best} ${len(quotes)} ${last[0] ?? 7}") with { timeout: 5s }
  return max(paid, best)
}
"""


def world(files: dict[str, str]) -> World:
    return World({**FILES, **files})


def checked_of(text: str, path: str = "rich.rft", **files: str) -> Checked:
    renamed = {name.replace("__", "/").replace("_py", ".py").replace("_rft", ".rft"): t for name, t in files.items()}
    (found,) = check([Source(path, text)], world({path: text, **renamed}))
    errors = [problem for problem in found.problems if problem.is_error]
    assert not errors, errors
    return found


def standings_of(text: str, path: str = "rich.rft", **files: str) -> list[door.Standing]:
    checked = checked_of(text, path, **files)
    renamed = {name.replace("__", "/").replace("_py", ".py").replace("_rft", ".rft"): t for name, t in files.items()}
    source = world(renamed)
    return door.describe(checked, lambda name: source.python(name, checked.root))


def digests(text: str, path: str = "rich.rft") -> dict[str, str]:
    return {standing.entry.title: standing.entry.meaning for standing in standings_of(text, path)}


def meanings(text: str) -> str:
    return "".join(meaning(each.graph, each.modules) for each in standings_of(text))


# --- what keeps a digest --------------------------------------------------------------------------------------------


PROGRAMS = {"rich.rft": RICH, **{name: FILES[name] for name in EXAMPLES}}
NAMES = sorted(name for name, text in PROGRAMS.items() if "\nworkflow " in text)
BEFORE = {name: digests(PROGRAMS[name], name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_layout_is_not_meaning(name: str) -> None:
    laid_out = format_source(Source(name, PROGRAMS[name])).text
    assert digests(laid_out, name) == BEFORE[name]
    spaced = re.sub(r"(?m)^( *)(?=[a-z}])", r"\n\1   ", PROGRAMS[name])
    assert spaced != PROGRAMS[name]
    assert digests(spaced.lstrip(), name) == BEFORE[name]


@given(st.sampled_from(NAMES), st.data())
@settings(max_examples=40, deadline=None)
def test_comments_are_not_meaning(name: str, data: st.DataObject) -> None:
    lines = PROGRAMS[name].split("\n")
    for at in data.draw(st.lists(st.integers(1, len(lines) - 1), max_size=8)):
        lines[at] += data.draw(st.sampled_from(["  # why", " # do nothing()", "\n# a line of its own", "\n\n"]))
    assert digests("\n".join(lines), name) == BEFORE[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_names_of_locals_are_not_meaning(name: str) -> None:
    renamed = renamed_locals(checked_of(PROGRAMS[name], name))
    assert renamed != PROGRAMS[name] or name in ("counter.rft", "ping_pong.rft")
    assert digests(renamed, name) == BEFORE[name]


def renamed_locals(checked: Checked) -> str:
    """The text with another name for every local that has no part in a key or a signature."""
    facts, text = checked.facts, checked.source.text
    spans: dict[int, int] = {token.lo: token.hi for token, local in facts.targets.items() if is_private(local)}
    for node, found in facts.bindings.items():
        if isinstance(found, Local) and is_private(found):
            token = getattr(node, "name", None)
            if isinstance(node, s.NameRef | s.Assign) and isinstance(token, s.Token):
                spans[token.lo] = token.hi
    for lo in sorted(spans, reverse=True):
        text = text[: spans[lo]] + "_renamed" + text[spans[lo] :]
    return text


def is_private(local: Local) -> bool:
    return local.kind not in (CHECKPOINT, PARAMETER, BRANCH) and not isinstance(local.type, HandleType)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_declarations_is_not_meaning(name: str) -> None:
    text = PROGRAMS[name]
    decls = checked_of(text, name).facts.parsed.module.decls
    head = text[: decls[0].lo].rpartition("\n##")[0] or text[: decls[0].lo]
    head = "\n".join(line for line in head.split("\n") if not line.startswith("#"))
    moved = head + "\n" + "\n\n".join(text[decl.lo : decl.hi] for decl in reversed(decls)) + "\n"
    assert digests(moved, name) == BEFORE[name]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("net * (1 + share)", "(net) * ((1 + share))"),
        ("after 24h", "after 1d"),
        ("timeout: 20s", "timeout: 20_000ms"),
        ("fn gross(net: decimal, share", "fn gross(amount: decimal, share"),
        ("const rate = 0.20\n", "const quota = 0.20\n"),
        ("some(Yes(_)) => paid = paid + 1", "some(Yes(_)) => { paid = paid + 1 }"),
        ("raises Refused, Broken", "raises Broken, Refused"),
        ("enum Stage { asking, paid, late }", "enum Stage { late  # rft: retired\n asking paid }"),
        ("let net = sum_of(order.items)", "let net: decimal = sum_of(items: order.items)"),
        ("  signal decide(Answer)\n  signal stop\n", "  signal stop\n  signal decide(Answer)\n"),
        ("import catalog { Item }", "import catalog { Item as Line }"),
        ("do reserve(order)", "do reserve(order: order)"),
        ("{ timeout: 10s, retry: forever, key", "{ retry: forever timeout: 10s key"),
    ],
)
def test_other_words_for_the_same_thing(old: str, new: str) -> None:
    assert RICH.count(old) == 1
    text = RICH.replace(old, new)
    if "Line" in new:
        text = text.replace("list[Item]", "list[Line]")
    if "quota" in new:
        text = text.replace("share: decimal = rate", "share: decimal = quota")
    if "amount" in new:
        text = text.replace("decimal = net *", "decimal = amount *")
    if "retired" in new:
        text = text.replace("stage = Stage.late", "stage = Stage.paid")
        assert digests(RICH.replace("stage = Stage.late", "stage = Stage.paid")) == digests(text)
        return
    assert meanings(text) == meanings(RICH)


# --- what changes it ------------------------------------------------------------------------------------------------

EDITS = [
    ("const rate = 0.20", "const rate = 0.21"),
    ("= net * (1", "= net + (1"),
    ("(1 + share)", "(2 + share)"),
    ("if item.qty > 0 and", "if item.qty >= 0 and"),
    ("> 0 and item.price", "> 0 or item.price"),
    ("if item.qty > 0 and item.price > 0.00", "if item.qty > 0 and item.price > 0.50"),
    ("total + item.price * item.qty", "total - item.price * item.qty"),
    ("at: int = 1", "at: int = 2"),
    ('as "class"', 'as "sort"'),
    ('= "plain"', '= "fancy"'),
    ("max 50", "max 51"),
    ("note: str? = none", "note: int? = none"),
    ("error Broken { code: int }", "error Broken { code: str }"),
    ("days: int = 3", "days: int = 4"),
    ("retry: 5 times", "retry: 6 times"),
    ("backoff 1s..30s", "backoff 2s..30s"),
    ("..30s factor", "..31s factor"),
    ("factor 2", "factor 3"),
    ("factor 2 except Refused", "factor 2"),
    ("${order.id}-${days}", "${days}-${order.id}"),
    ("release-${hold}", "free-${hold}"),
    ("-> decimal raises Broken { timeout: 5s }", "-> decimal raises Broken { timeout: 6s }"),
    ("version 3", "version 4"),
    ("limit_of: int = 10", "limit_of: int = 11"),
    ("checkpoint stage = Stage.asking", "checkpoint stage = Stage.paid"),
    ("= more + 1", "= more + 2"),
    ("query state() -> Stage", "query status() -> Stage"),
    ("var paid = gross(net)", "var paid = gross(net, 0.3)"),
    ("compensate do release(hold)", ""),
    ("within 3d", "within 4d"),
    ("fail why", "fail Refused(why: why.why)"),
    ("if at > 0", "if at > 1"),
    ("paid = paid + 1", "paid = paid + 2"),
    ("fail Refused(why: reason)", 'fail Refused(why: "no")'),
    ("none => return 0.00", "none => return 1.00"),
    ('there: do price_of(order.id, "there")', 'there: do price_of(order.note ?? "", "there")'),
    ("limit 4 settle", "limit 5 settle"),
    ("turn += 1", "turn += 2"),
    ("while turn < limit_of", "while turn <= limit_of"),
    ("on stop => break", "on stop => return 2.00"),
    ("after 24h", "after 25h"),
    ("stage = Stage.late", "stage = Stage.paid"),
    ("if here < there then here else there", "if here < there then there else here"),
    ("item.qty * 2 for", "item.qty * 3 for"),
    ("if item.qty > 1]", "if item.qty > 2]"),
    ("paid >= 0", "paid >= 1"),
    ("?? 7", "?? 8"),
    ("with { timeout: 5s }", "with { timeout: 6s }"),
    ("@told", "@said"),
    ("return max(paid, best)", "return min(paid, best)"),
    ("max(paid, best)", "max(best, paid)"),
    ("log warn", "log info"),
    ('"held ${hold}', '"has ${hold}'),
    ("do Small(order.id)", 'do Small("x")'),
    ("union Answer { Yes(by: str, at", "union Answer { Yes(who: str, at"),
]


@pytest.mark.parametrize(("old", "new"), EDITS, ids=[old for old, _ in EDITS])
def test_one_word_changes_the_digest(old: str, new: str) -> None:
    assert RICH.count(old) == 1, "the edit is one"
    before, after = BEFORE["rich.rft"], digests(RICH.replace(old, new))
    assert before["rich.Rich@3"] not in after.values()
    assert before["rich.Small@1"] == after["rich.Small@1"], "the other workflow does not see it"


def test_no_two_edits_have_one_digest() -> None:
    found = {digests(RICH.replace(old, new)).popitem()[1] for old, new in EDITS}
    assert len(found) == len(EDITS)


def test_imported_functions_and_types_count() -> None:
    catalog = FILES["catalog.rft"]
    before = standings_of(RICH)[1].entry
    text = re.sub(r"qty: int = 1", "qty: int = 2", catalog)
    assert text != catalog
    after = standings_of(RICH, catalog_rft=text)[1].entry
    assert before.meaning != after.meaning
    (said,) = differences(before, after)
    assert said.startswith("~ type `catalog.Item`: record{sku:str price:decimal qty:int=1} → record{")


# --- the file -------------------------------------------------------------------------------------------------------


def lock_of(
    text: str, path: str = "rich.rft", before: door.Lock | None = None, files: dict[str, str] | None = None
) -> door.Lock:
    return door.update(before or door.Lock(), standings_of(text, path, **(files or {})), None)


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_is_read_back_as_it_was_written(name: str) -> None:
    lock = lock_of(PROGRAMS[name], name)
    lock = door.release(lock, [lock.entries[0].key], "2026-11-02")
    text = door.write(lock)
    assert door.write(door.parse(text)) == text
    assert door.lock_changes(lock, door.parse(text)) == []
    assert door.write(door.parse("\ufeff" + text.replace("\n", "\r\n"))) == text


def test_entries_look_like_this() -> None:
    text = door.write(lock_of(RICH))
    assert text.startswith("raftoral.lock 1\nworkflow rich.Rich@3  draft  abi 1  source sha256:")
    for line in (
        "  args order:Order limit_of:int=10\n  result decimal\n  raises Broken Refused\n",
        "  checkpoint stage Stage = Stage.asking\n  signal decide Answer\n  signal stop unit\n",
        "  query where_is_it (more:int)->int\n",
        "  slot 1 reserve activity reserve(Order)->str !Refused in try.1 frame order:Order limit_of:int paid:decimal\n",
        "  slot 4 catch unwinding of try.1 in - frame problem\n",
        "  slot 7 there.price_of activity price_of(str,str)->decimal !Broken in - frame -\n",
        "  undo try.1 release(str)->unit\n",
        '  policy reserve.key "reserve-${order.id}-${days}"\n',
        "  type Answer union{No(reason:str) Yes(by:str,at:int=1)}\n",
        '  type Order record{id:str items:list[catalog.Item] note:str?=none class:str="plain"}\n',
    ):
        assert line in text, text


GOOD = door.write(lock_of(FILES["orders.rft"], "orders.rft"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "raftoral.lock:1: this is no lock file of raftoral"),
        ("[package]\nname = 1\n", "raftoral.lock:1: this is no lock file of raftoral"),
        (
            GOOD.replace("raftoral.lock 1", "raftoral.lock 2", 1),
            "raftoral.lock:1: written by a newer raftoral (format 2",
        ),
        (GOOD.replace("  draft  ", "  drafty  ", 1), "raftoral.lock:2: `workflow orders.ProcessOrder@1  drafty"),
        (GOOD.replace("  args", "  arguments", 1), "raftoral.lock:3: `arguments order:Order` cannot be read"),
        (GOOD.replace("  slot 1 ", "  slot one ", 1), "cannot be read"),
        (GOOD + GOOD.split("\n", 1)[1], "orders.ProcessOrder@1 stands here again; it is in line 2 already"),
        (GOOD.replace("  slot 2 ", "  slot 1 ", 1), "two branches gave out the same number"),
        ("raftoral.lock 1\n  args a:int\n", "raftoral.lock:2: "),
        ("raftoral.lock 1\n<<<<<<< HEAD\n" + GOOD[16:], "raftoral.lock:2: a merge was not finished here"),
        (GOOD.replace("\n", "\n=======\n", 1), "raftoral.lock:2: a merge was not finished here"),
    ],
)
def test_what_is_no_lock_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        door.parse(text)
    assert said in str(caught.value)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_lock_never_surprises(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD)))
    cut = data.draw(st.integers(0, 40))
    text = GOOD[:at] + data.draw(st.text(max_size=5)) + GOOD[at + cut :]
    try:
        door.parse(text)
    except UsageError as fault:
        assert re.match(r"raftoral\.lock:\d+: ", str(fault))


# --- numbers --------------------------------------------------------------------------------------------------------

HEAD = """\
rft 1
module a

activity one() { timeout: 1s }
activity two() { timeout: 1s }
activity three() { timeout: 1s }

"""


def steps(*names: str, version: int = 1, head: str = HEAD) -> str:
    body = "\n".join(f"  {name}" if " " in name else f"  do {name}()" for name in names)
    return f"{head}workflow W version {version} () {{\n{body}\n}}\n"


def numbers(lock: door.Lock, version: int = 1) -> list[str]:
    entry = lock.find("a.W", version)
    assert entry is not None
    return [f"{slot.number} {slot.name}" for slot in entry.slots]


def test_a_number_is_given_once() -> None:
    lock = lock_of(steps("one", "two"), "a.rft")
    assert numbers(lock) == ["1 one", "2 two"]
    lock = lock_of(steps("three", "one"), "a.rft", lock)
    assert numbers(lock) == ["3 three", "1 one"]
    assert lock.gone == {("a.W", "two"): 2}
    lock = door.parse(door.write(lock))
    lock = lock_of(steps("one", "sleep 1s", "one"), "a.rft", lock)
    assert numbers(lock) == ["1 one", "4 sleep", "5 one.2"]
    lock = lock_of(steps("two"), "a.rft", lock)
    assert numbers(lock) == ["2 two"], "the same key, the same number"
    assert lock.gone == {("a.W", "one"): 1, ("a.W", "three"): 3, ("a.W", "sleep"): 4, ("a.W", "one.2"): 5}


def test_versions_of_a_workflow_share_numbers() -> None:
    lock = door.release(lock_of(steps("one", "two"), "a.rft"), [("a.W", 1)], "2026-01-01")
    both = steps("one", "two") + steps("one", "three", "two", version=2, head="")
    lock = lock_of(both, "a.rft", lock)
    assert numbers(lock, 1) == ["1 one", "2 two"]
    assert numbers(lock, 2) == ["1 one", "3 three", "2 two"]
    assert lock_of(both, "a.rft", lock).entries[0].said == lock.entries[0].said


@given(st.lists(st.lists(st.sampled_from(["one", "two", "three", "sleep 1s"]), min_size=1, max_size=5), max_size=5))
@settings(max_examples=30, deadline=None)
def test_no_number_ever_means_two_slots(history: list[list[str]]) -> None:
    lock = door.Lock()
    meant: dict[int, str] = {}
    for names in history:
        lock = door.parse(door.write(lock_of(steps(*names), "a.rft", lock)))
        for key, number in lock.numbers("a.W").items():
            assert meant.setdefault(number, key) == key
        assert sorted(lock.numbers("a.W").values()) == list(range(1, len(meant) + 1))


def test_what_was_not_looked_at_stays() -> None:
    lock = lock_of(steps("one"), "a.rft")
    other = standings_of(FILES["ping_pong.rft"], "ping_pong.rft")
    assert [e.name for e in door.update(lock, other, {"ping_pong"}).entries] == ["a.W", "ping_pong.PingPong"]
    assert [e.name for e in door.update(lock, other, None).entries] == ["ping_pong.PingPong"]
    released = door.release(lock, [("a.W", 1)], "2026-01-01")
    assert len(door.update(released, other, None).entries) == 2


def test_two_files_that_declare_one_workflow_are_told() -> None:
    text = steps("one").replace("module a\n", "")
    files = {"x/a.rft": text, "y/a.rft": text}
    checked = check([Source(path, text) for path in files], world(files))
    standings = [found for each in checked for found in door.describe(each, lambda name: None)]
    with pytest.raises(UsageError, match=r"x/a\.rft and y/a\.rft both declare a\.W@1"):
        door.update(door.Lock(), standings, None)


# --- what was released ----------------------------------------------------------------------------------------------


def problems_after(before: str, after: str, path: str = "a.rft", **files: str) -> list[str]:
    """Headlines, with notes, of what the lock of `before`, all of it released, says about `after`."""
    lock = lock_of(before, path, files=files)
    lock = door.release(lock, [entry.key for entry in lock.entries], "2026-11-02")
    checked = checked_of(after, path, **files)
    known = set(checked.problems)
    door.compare(lock, door.describe(checked, lambda name: None), [checked])
    found = [problem for problem in checked.said.sorted() if problem not in known]
    return [f"{problem.code} {problem.headline}" + "".join(f"\n{note}" for note in problem.notes) for problem in found]


def test_nothing_is_said_of_what_did_not_change() -> None:
    assert problems_after(RICH, RICH, "rich.rft") == []
    assert problems_after(RICH, RICH + "\nactivity one_more() { timeout: 1s }\n", "rich.rft") == []
    assert problems_after(RICH, renamed_locals(checked_of(RICH)), "rich.rft") == []


@pytest.mark.parametrize(
    ("names", "change"),
    [
        (["one", "three", "two"], "+ slot `three`, between `one` and `two`"),
        (["one", "two", "three"], "+ slot `three`, after `two`"),
        (["one"], "- slot `two`"),
        (["two", "one"], "~ slot `two` stands elsewhere"),
        (["one", "sleep 1s", "two"], "+ slot `sleep`, between `one` and `two`"),
        (["one", 'log info "x"', "two"], "~ what it computes between its slots"),
    ],
)
def test_what_changed_is_said(names: list[str], change: str) -> None:
    (said,) = problems_after(steps("one", "two"), steps(*names))
    assert said.startswith("RFT0901 `W` changed, but is still version 1\nwhat changed since then:\n")
    assert f"  {change}" in said.split("\n")


def test_at_most_six_changes_are_said() -> None:
    (said,) = problems_after(steps("one"), steps(*["sleep 1s"] * 7, "two"))
    assert said.endswith("\n  and 5 more")
    assert len(said.split("\n")) == 2 + 6 + 1


DATA = """\
rft 1
module a

enum Stage { asking, paid }
union Answer { Yes(by: str) No }
record Order { id: str, qty: int = 1 }
error Refused { why: str }

activity pay(order: Order, sum: decimal) -> int raises Refused { timeout: 1s }

workflow W version 1 (order: Order) -> Stage raises Refused {
  signal decide(Answer)
  query how_many() -> int = 1

  let paid = do pay(order, 1.00)
  let answer = wait decide within 1d
  return if answer is none or paid == 0 then Stage.asking else Stage.paid
}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sum: decimal)", 'sum: decimal, currency: str = "EUR")'),
        ("qty: int = 1 }", "qty: int = 1, note: str? = none }"),
        ("enum Stage { asking, paid }", "enum Stage { asking, paid, late }"),
        ("union Answer { Yes(by: str) No }", "union Answer { Yes(by: str, at: int = 0) No }"),
        ("error Refused { why: str }", "error Refused { why: str, code: int = 0 }"),
        ("enum Stage { asking, paid }", "enum Stage { paid asking }"),
    ],
)
def test_what_old_runs_do_not_notice_is_allowed(old: str, new: str) -> None:
    """Although the released version stands in the text, and would be compiled again with it."""
    assert DATA.count(old) == 1
    assert problems_after(DATA, DATA.replace(old, new)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("sum: decimal)", "sum: decimal, zone: str? = none, at: int = 3)", []),
        ("sum: decimal)", "amount: decimal)", ["RFT0906 calls of `pay` already in flight have no `amount`"]),
        ("sum: decimal)", "sum: decimal?)", []),
        ("-> int raises Refused {", "-> int? raises Refused {", ["RFT0906 `pay` gives an int?, and version 1 waits"]),
        ("raises Refused { timeout", "raises Refused, Late { timeout", ["RFT0906 `pay` may raise Late, which"]),
        ("qty: int = 1 }", "qty: int = 1, note: str }", ["RFT0907 `Order` values stored by version 1 have no `note`"]),
        ("Yes(by: str)", "Yes(by: str, at: int)", ["RFT0907 `Answer.Yes` values stored by version 1 have no `at`"]),
        ("{ asking, paid }", "{ paid }", ["RFT0908 stored values may still be `Stage.asking`"]),
        ("Yes(by: str) No }", "Yes(by: str) }", ["RFT0908 stored values may still be `Answer.No`"]),
        ("signal decide(Answer)", "signal decide(Order)", ["RFT0913 signals of version 1 that are already queued"]),
        ("Yes(by: str) No }", "Yes(by: str) No Maybe }", ["RFT0913 signals of version 1 that are already queued hold"]),
        ("Yes(by: str)", "Yes(by: int)", ["RFT0913 signals of version 1 that are already queued hold an Answer"]),
        ("how_many() -> int = 1", 'how_many() -> str = "1"', ["RFT0913 queries of version 1 are asked by old clients"]),
        ("activity pay(", "activity pays(", ["RFT0906 version 1 still calls `pay`, and nothing here is called so"]),
    ],
)  # fmt: skip
def test_what_old_runs_share_is_held_to(old: str, new: str, said: list[str]) -> None:
    assert DATA.count(old) == 1
    after = DATA.replace(old, new).replace("W version 1", "W version 2")
    after = after.replace("do pay(order, 1.00)", "do pays(order, 1.00)") if "pays" in new else after
    after = after.replace(", 1.00)", ", amount: 1.00)") if "amount" in new else after
    if "Stage.asking" not in "".join(said) and "asking" not in new and "asking" in old:
        after = after.replace("Stage.asking", "Stage.paid")
    after = after.replace("then Stage.asking", "then Stage.paid") if new == "{ paid }" else after
    after = after.replace("record Order", "error Late { by: int }\nrecord Order")
    after = after.replace("-> Stage raises Refused {", "-> Stage raises Refused, Late {") if "Late" in new else after
    after = after.replace("paid == 0", "paid is none") if "int?" in new else after
    found = problems_after(DATA, after)
    assert [text.split("\n")[0][: len(wanted)] for text, wanted in zip(found, said, strict=False)] == said, found
    assert len(found) == len(said)


@pytest.mark.parametrize(
    ("before", "after", "warns"),
    [
        (["one"], ["one", "two", "one"], False),
        (["one"], ["one", "one"], False),
        (["two", "one"], ["one", "two", "one"], True),
        (["one", "two", "one"], ["two", "one"], True),
        (["one", "two", "one"], ["one", "two"], False),
        (["one", "two"], ["@first do one()", "one", "two"], False),
        (["sleep 1s", "one"], ["sleep 1s", "two", "sleep 1s", "one"], False),
        (["one", "sleep 1s"], ["sleep 2s", "one", "sleep 1s"], True),
        (["one", "three", "one"], ["one", "two", "one", "three", "one"], True),
    ],
)
def test_a_key_that_goes_to_another_slot_is_said(before: list[str], after: list[str], warns: bool) -> None:
    found = problems_after(steps(*before), steps(*after, version=2))
    assert [text[:7] for text in found] == (["RFT0914"] if warns else [])


def test_an_author_may_silence_it() -> None:
    after = steps("one", "two", "one", version=2).replace(
        "  do one()\n  do two", "  # rft: allow renamed-slot\n  do one()\n  do two"
    )
    assert problems_after(steps("two", "one"), after) == []


# --- Python ---------------------------------------------------------------------------------------------------------

TAX = '''\
from decimal import Decimal

from shop.rates import RATES


def vat(net: Decimal, country: str) -> Decimal:
    """Adds nothing."""
    rate = RATES.get(country)  # none: not taxed
    return _rounded(net * (rate or Decimal("0")))


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"))


def other() -> int:
    return 1
'''
RATES = 'from decimal import Decimal\n\nRATES = {"de": Decimal("0.19")}\nOTHER = 1\n'


def hashed(tax: str = TAX, rates: str = RATES) -> str | None:
    texts = {"shop.tax": tax, "shop.rates": rates}
    files = Files(lambda name: Source(name.replace(".", "/") + ".py", texts[name]) if name in texts else None)
    return hash_of(files, "shop.tax", "vat")


def test_the_hash_of_an_extern_covers_what_it_reaches() -> None:
    before = hashed()
    assert before is not None and re.fullmatch(r"sha256:[0-9a-f]{64}", before)
    same = [
        (TAX.replace("  # none: not taxed", ""), RATES),
        (TAX.replace("Adds nothing.", "Adds all."), RATES),
        (TAX.replace("net * (rate or", "(net) * (\n        rate or"), RATES),
        (TAX.replace("    return 1\n", "    return 2\n"), RATES.replace("OTHER = 1", "OTHER = 2")),
    ]
    for tax, rates in same:
        assert hashed(tax, rates) == before
    other = [
        (TAX.replace('"0.01"', '"0.1"'), RATES),
        (TAX, RATES.replace("0.19", "0.20")),
        (TAX.replace("rate or", "rate and"), RATES),
        (TAX.replace('Decimal("0")', "Decimal(0)"), RATES),
    ]
    for tax, rates in other:
        assert hashed(tax, rates) != before


def test_the_hash_is_the_same_on_every_python() -> None:
    assert hashed() == "sha256:18d9e911499fa009de5840e19aaa9e6eda536fd15358f47e82b229facfbeb25e"


def test_an_extern_can_be_accepted() -> None:
    text = 'rft 1\nmodule a\nextern "shop.tax" { fn vat(net: decimal, c: str) -> decimal }\n'
    text += 'workflow W version 1 (a: decimal) -> decimal { return vat(a, "de") }\n'
    before = {"shop__tax_py": TAX, "shop__rates_py": RATES}
    lock = door.release(lock_of(text, "a.rft", files=before), [("a.W", 1)], "2026-01-01")
    after = standings_of(text, "a.rft", shop__tax_py=TAX.replace("rate or", "rate and"), shop__rates_py=RATES)
    accepted = door.accept(lock, "shop.tax.vat", after)
    assert door.lock_changes(lock, accepted) == ["~ a.W@1", "    ~ extern `shop.tax.vat`: other Python"]
    with pytest.raises(UsageError, match=r"no extern function|uses an extern function 'shop\.tax\.gross'"):
        door.accept(lock, "shop.tax.gross", after)
