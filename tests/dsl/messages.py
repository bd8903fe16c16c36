"""Problems made by hand, and how the design shows them, character by character."""

from __future__ import annotations

from raftoral.dsl.diagnostics import LIKELY, SAFE, SKETCH, Fix, Label, Problem
from raftoral.dsl.source import Source


def file(path: str, text: str, first_line: int = 1) -> Source:
    """A file in which `text` begins at `first_line`."""
    return Source(path, "\n" * (first_line - 1) + text)


def at(source: Source, words: str, text: str = "", which: int = 1) -> Label:
    """A label under the `which`-th place where `words` stand."""
    lo = -1
    for _ in range(which):
        lo = source.text.index(words, lo + 1)
    return Label(source, lo, lo + len(words), text)


def edit(source: Source, old: str, new: str, which: int = 1) -> tuple[int, int, str]:
    label = at(source, old, "", which)
    return (label.lo, label.hi, new)


def insert(source: Source, line: int, text: str) -> tuple[int, int, str]:
    """Whole lines put before line `line`."""
    lo = source.line_starts[line - 1]
    return (lo, lo, text)


def problem(
    code: str,
    headline: str,
    labels: list[Label],
    *,
    notes: list[str] | None = None,
    helps: list[str] | None = None,
    fix: list[tuple[int, int, str]] | None = None,
    applicability: str = LIKELY,
) -> Problem:
    made = Fix(fix, applicability) if fix else None
    return Problem(code, headline, labels, notes or [], helps or [], made)


def missing_colon() -> Problem:
    text = "activity reserve_stock(items: list[Item]) -> str {\n  timeout 10s\n}\n"
    source = file("shop/orders.rft", text, 14)
    source.text = source.text.removesuffix("}\n")
    return problem(
        "RFT0103",
        "expected `:` after `timeout`",
        [at(source, "timeout", "this policy has no `:`")],
        notes=["policies are written `name: value`, like record fields"],
        fix=[edit(source, "timeout", "timeout:")],
        applicability=SAFE,
    )


def unclosed_block() -> Problem:
    source = file(
        "shop/shipping.rft",
        'workflow Ship version 1 (id: str) {\n  if id == "" {\n    fail Empty\n  do pack(id)\n}\n',
        20,
    )
    return problem(
        "RFT0104",
        "this `{` is never closed",
        [
            at(source, "{", "opened here", 2),
            at(source, "do", "indentation suggests the block was meant to end before this line"),
        ],
        helps=["add `}` before `do pack(id)`"],
        fix=[insert(source, 23, "  }\n")],
    )


def python_habit() -> Problem:
    source = file(
        "shop/shipping.rft",
        "workflow Ship version 1 (id: str) {\n  if id == None:\n    fail Empty\n  do pack(id)\n}\n",
        9,
    )
    colon = Label(source, source.text.index(":\n"), source.text.index(":\n") + 1, "")
    colon.text = "Python ends this line with `:`; here the block opens with `{`"
    return problem(
        "RFT0110",
        "blocks are written with braces",
        [colon, at(source, "None", "and `None` is spelled `none`")],
        helps=["`raftoral fmt` keeps the layout for you"],
        fix=[
            edit(source, "None", "none"),
            (colon.lo, colon.hi, " {"),
            insert(source, 12, "  }\n"),
        ],
    )


def swapped_arguments() -> Problem:
    source = file(
        "shop/orders.rft",
        "let total = total_of(order.items)\nlet charge_id = do charge_card(total, order.customer)\n",
        35,
    )
    return problem(
        "RFT0301",
        "arguments are in the wrong order",
        [
            at(source, "total", "this is a decimal, but `customer` wants a str", 3),
            at(source, "order.customer", "this is a str, but `amount` wants a decimal"),
        ],
        notes=["activity charge_card(customer: str, amount: decimal) -> str      shop/orders.rft:20"],
        helps=["swap them, or name them"],
        fix=[
            edit(source, "total", "order.customer", 3),
            edit(source, "order.customer", "total"),
        ],
    )


def open_match() -> Problem:
    source = file("finance/expenses.rft", "match decision {\n  Approve(by) => log info by\n}\n", 33)
    return problem(
        "RFT0401",
        "this match does not cover every `Decision`",
        [at(source, "match decision", "a value could arrive that no arm takes")],
        notes=[
            "missing:\n  Reject(by, reason)\n  Withdrawn",
            "union Decision is declared in finance/expenses.rft:6",
        ],
        fix=[
            insert(
                source,
                35,
                "  Reject(by, reason) => fail Declined(reason: reason)\n  Withdrawn => return none\n",
            )
        ],
        applicability=SKETCH,
    )


def recursion() -> Problem:
    source = file(
        "shop/tree.rft",
        "fn depth(n: Node) -> int = 1 + below(n)\nfn below(n: Node) -> int = sum([depth(k) for k in n.children])\n",
        4,
    )
    return problem(
        "RFT0502",
        "these functions call each other without end in sight",
        [
            at(source, "below", "`depth` calls `below`"),
            at(source, "depth", "`below` calls `depth`", 2),
        ],
        notes=[
            "functions may not be recursive: "
            "every transition must be known to end, on every node,\n"
            "and a Python stack that overflows on one node may not on another"
        ],
        helps=[
            "walk the tree with `for` over a flattened list, or do it in an activity",
        ],
    )


def impure_extern() -> Problem:
    source = file(
        "shop/pricing.rft",
        'extern "shop.rates" {\n  fn convert(amount: decimal, to: str) -> decimal\n}\n',
        6,
    )
    return problem(
        "RFT0505",
        "`shop.rates.convert` does not look pure",
        [at(source, "convert", "declared pure here")],
        notes=[
            "shop/rates.py:3   import requests\nshop/rates.py:21  return requests.get(url).json()   called by convert",
            "an extern function runs inside transitions, on every node and again after a crash",
        ],
        helps=[
            "make it an activity if it talks to the world:\n"
            "  activity convert(amount: decimal, to: str) -> decimal { timeout: 5s }",
            "or vouch for it: `fn convert(…) -> decimal trusted` (recorded in raftoral.lock)",
        ],
    )


def race() -> Problem:
    source = file(
        "shop/orders.rft",
        "parallel {\n"
        "  stock: { status = Status.reserved  give do reserve_stock(order.items) }\n"
        "  score: { status = Status.charged  give do score_fraud(order, total) }\n"
        "}\n",
        37,
    )
    return problem(
        "RFT0601",
        "two branches that run at the same time both write `status`",
        [
            at(source, "status", "and by branch `score`: which one is last depends on timing", 2),
            at(source, "status", "written by branch `stock`"),
        ],
        helps=["write it once, after the block"],
        fix=[
            edit(
                source,
                "{ status = Status.reserved  give do reserve_stock(order.items) }",
                "do reserve_stock(order.items)",
            ),
            edit(
                source,
                "{ status = Status.charged  give do score_fraud(order, total) }",
                "do score_fraud(order, total)",
            ),
            insert(source, 41, "status = Status.reserved\n"),
        ],
    )


def race_in_loop() -> Problem:
    source = file(
        "etl/nightly.rft",
        "var rows = 0\n"
        "let loads = parallel for part in parts limit 8 {\n"
        "  let loaded = do load(part)\n"
        "  rows += loaded.rows\n"
        "  give loaded\n"
        "}\n",
        22,
    )
    return problem(
        "RFT0603",
        "every turn of this `parallel for` writes `rows`",
        [
            at(source, "rows", "up to 8 turns run at once, and each would overwrite the others", 2),
            at(source, "rows", "declared outside the loop"),
        ],
        helps=["give the value out and add up afterwards: results come back in the order of `parts`"],
        fix=[
            edit(source, "  rows += loaded.rows\n", ""),
            insert(source, 28, "rows = sum([l.rows for l in loads])\n"),
        ],
    )


def label_twice() -> Problem:
    source = file(
        "shop/orders.rft",
        "@pay let first = do charge_card(order.customer, total)\n"
        "@pay let second = do charge_card(order.customer, total)\n",
        40,
    )
    return problem(
        "RFT0805",
        "two slots are labelled `pay`",
        [
            at(source, "@pay", "a label names one slot: in-flight workflows are found by it", 2),
            at(source, "@pay", "first used here"),
        ],
        fix=[edit(source, "@pay", "@pay_rest", 2)],
    )


GOLDEN = {
    missing_colon: """\
error[RFT0103]: expected `:` after `timeout`
   ┌─ shop/orders.rft:15:3
   │
14 │ activity reserve_stock(items: list[Item]) -> str {
15 │   timeout 10s
   │   ^^^^^^^ this policy has no `:`
   │
   = note: policies are written `name: value`, like record fields
   ╭─ suggested fix
15 -   timeout 10s
15 +   timeout: 10s
""",
    unclosed_block: """\
error[RFT0104]: this `{` is never closed
   ┌─ shop/shipping.rft:21:15
   │
20 │ workflow Ship version 1 (id: str) {
21 │   if id == "" {
   │               ^ opened here
22 │     fail Empty
23 │   do pack(id)
   │   -- indentation suggests the block was meant to end before this line
24 │ }
   │
   = help: add `}` before `do pack(id)`
   ╭─ suggested fix
23 +   }
""",
    python_habit: """\
error[RFT0110]: blocks are written with braces
   ┌─ shop/shipping.rft:10:16
   │
 9 │ workflow Ship version 1 (id: str) {
10 │   if id == None:
   │            ----^ Python ends this line with `:`; here the block opens with `{`
   │            ╰ and `None` is spelled `none`
   │
   = help: `raftoral fmt` keeps the layout for you
   ╭─ suggested fix
10 -   if id == None:
10 +   if id == none {
12 +   }
""",
    swapped_arguments: """\
error[RFT0301]: arguments are in the wrong order
   ┌─ shop/orders.rft:36:32
   │
35 │ let total = total_of(order.items)
36 │ let charge_id = do charge_card(total, order.customer)
   │                                ^^^^^  -------------- this is a str, but `amount` wants a decimal
   │                                ╰ this is a decimal, but `customer` wants a str
   │
   = note: activity charge_card(customer: str, amount: decimal) -> str      shop/orders.rft:20
   = help: swap them, or name them
   ╭─ suggested fix
36 - let charge_id = do charge_card(total, order.customer)
36 + let charge_id = do charge_card(order.customer, total)
""",
    open_match: """\
error[RFT0401]: this match does not cover every `Decision`
   ┌─ finance/expenses.rft:33:1
   │
33 │ match decision {
   │ ^^^^^^^^^^^^^^ a value could arrive that no arm takes
   │
   = note: missing:
             Reject(by, reason)
             Withdrawn
   = note: union Decision is declared in finance/expenses.rft:6
   ╭─ suggested fix
35 +   Reject(by, reason) => fail Declined(reason: reason)
36 +   Withdrawn => return none
""",
    recursion: """\
error[RFT0502]: these functions call each other without end in sight
  ┌─ shop/tree.rft:4:32
  │
4 │ fn depth(n: Node) -> int = 1 + below(n)
  │                                ^^^^^ `depth` calls `below`
5 │ fn below(n: Node) -> int = sum([depth(k) for k in n.children])
  │                                 ----- `below` calls `depth`
  │
  = note: functions may not be recursive: every transition must be known to end, on every node,
          and a Python stack that overflows on one node may not on another
  = help: walk the tree with `for` over a flattened list, or do it in an activity
""",
    impure_extern: """\
error[RFT0505]: `shop.rates.convert` does not look pure
  ┌─ shop/pricing.rft:7:6
  │
6 │ extern "shop.rates" {
7 │   fn convert(amount: decimal, to: str) -> decimal
  │      ^^^^^^^ declared pure here
8 │ }
  │
  = note: shop/rates.py:3   import requests
          shop/rates.py:21  return requests.get(url).json()   called by convert
  = note: an extern function runs inside transitions, on every node and again after a crash
  = help: make it an activity if it talks to the world:
            activity convert(amount: decimal, to: str) -> decimal { timeout: 5s }
  = help: or vouch for it: `fn convert(…) -> decimal trusted` (recorded in raftoral.lock)
""",
    race: """\
error[RFT0601]: two branches that run at the same time both write `status`
   ┌─ shop/orders.rft:39:12
   │
37 │ parallel {
38 │   stock: { status = Status.reserved  give do reserve_stock(order.items) }
   │            ------ written by branch `stock`
39 │   score: { status = Status.charged  give do score_fraud(order, total) }
   │            ^^^^^^ and by branch `score`: which one is last depends on timing
40 │ }
   │
   = help: write it once, after the block
   ╭─ suggested fix
38 -   stock: { status = Status.reserved  give do reserve_stock(order.items) }
38 +   stock: do reserve_stock(order.items)
39 -   score: { status = Status.charged  give do score_fraud(order, total) }
39 +   score: do score_fraud(order, total)
41 + status = Status.reserved
""",
    race_in_loop: """\
error[RFT0603]: every turn of this `parallel for` writes `rows`
   ┌─ etl/nightly.rft:25:3
   │
22 │ var rows = 0
   │     ---- declared outside the loop
   ·
24 │   let loaded = do load(part)
25 │   rows += loaded.rows
   │   ^^^^ up to 8 turns run at once, and each would overwrite the others
   │
   = help: give the value out and add up afterwards: results come back in the order of `parts`
   ╭─ suggested fix
25 -   rows += loaded.rows
28 + rows = sum([l.rows for l in loads])
""",
    label_twice: """\
error[RFT0805]: two slots are labelled `pay`
   ┌─ shop/orders.rft:41:1
   │
40 │ @pay let first = do charge_card(order.customer, total)
   │ ---- first used here
41 │ @pay let second = do charge_card(order.customer, total)
   │ ^^^^ a label names one slot: in-flight workflows are found by it
   │
   ╭─ suggested fix
41 - @pay let second = do charge_card(order.customer, total)
41 + @pay_rest let second = do charge_card(order.customer, total)
""",
}
