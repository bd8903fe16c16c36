"""Programs made by a machine: a realistic project for the benchmarks.

    project(20_000, seed=1) -> {"shop/order.rft": "rft 1\\nmodule shop.order\\n...", ...}

A project is well typed and gives no warning, and the same numbers give the same bytes. Its files
have about 200 lines, stand in packages, import from each other and hold the constructs of the
language in about the mix of `examples/`. Random programs for properties are in `grown.py`.

A module is a core (a record and what is computed of it, which later modules import) and a number
of kits: each a small story about one thing, with types, activities, functions and a workflow.
In a kit's text, `%thing%` stands for the snake_case noun and `%Thing%` for the UpperCamel one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from tests.dsl.kits import KITS

FILE_LINES = 200
PACKAGES = ["shop", "billing", "stock", "travel", "people", "ledger", "fleet", "claims"]
NOUNS = """
order parcel invoice claim ticket booking shipment refund contract lease policy account voucher
transfer deposit permit survey audit batch crate pallet route visit repair meter reading tariff
quote bid tender auction lot listing offer coupon gift loan mortgage grant bursary course exam
lesson roster shift payslip bonus pension licence patent trial sample assay dose recipe menu
table room cabin berth seat flight cruise rental vehicle trailer container wagon depot bay shelf
label stamp letter bundle stack ledger_entry work_order cost_centre price_list stock_take
spare_part field_trip fire_drill site_plan data_set
"""
THINGS = NOUNS.split()


def project(lines: int, seed: int) -> dict[str, str]:
    """About `lines` lines in files of about 200, by path; imports lead to earlier files only."""
    source = random.Random(seed)
    files: dict[str, str] = {}
    cores: list[tuple[str, str]] = []  # (module, thing) of each file so far
    written = 0
    while written < lines:
        wanted = min(FILE_LINES, max(lines - written, 1))
        number = len(files)
        thing = THINGS[number % len(THINGS)]
        package = PACKAGES[(number * 5 + number // len(THINGS)) % len(PACKAGES)]
        turn = number // len(THINGS)
        name = f"{package}.{thing}" + (f"_{turn + 1}" if turn else "")
        text = _module(source, name, thing, cores, wanted)
        files[name.replace(".", "/") + ".rft"] = text
        cores.append((name, thing))
        written += text.count("\n")
    return files


def _module(source: random.Random, name: str, thing: str, cores: list[tuple[str, str]], wanted: int) -> str:
    """One file: head, core, what it takes from others, and kits until it is long enough."""
    free = [other for other in THINGS if other != thing]
    source.shuffle(free)
    parts = [f"rft 1\nmodule {name}\n"]
    taken, bridges = _imports(source, cores, thing)
    parts += [taken] if taken else []
    parts.append(_fill(CORE, thing, source))
    parts += bridges
    used = {thing, *(other for _, other in cores)}
    lines = sum(part.count("\n") + 1 for part in parts)
    kits: list[Callable[[random.Random], str]] = []
    while lines < wanted:
        if not kits:
            kits = list(KITS)
            source.shuffle(kits)
        own = next((each for each in free if each not in used), "")
        if not own:  # every noun is taken by an import; number one of them
            own = f"{source.choice(free)}_{len(parts)}"
        used.add(own)
        part = _fill(kits.pop()(source), own, source)
        parts.append(part)
        lines += part.count("\n") + 1
    return "\n".join(parts)


def _imports(source: random.Random, cores: list[tuple[str, str]], thing: str) -> tuple[str, list[str]]:
    """Import lines, and a function for each so that nothing is imported in vain."""
    near = cores[-12:]
    chosen = source.sample(near, min(len(near), source.randint(0, 3)))
    lines: list[str] = []
    bridges: list[str] = []
    seen = {thing}
    for module, other in chosen:
        if other in seen:
            continue
        seen.add(other)
        if source.random() < 0.3:
            lines.append(f"import {module} as {other}s\n")
            text = BRIDGE.replace("%Other%", f"{other}s.%Other%").replace("%other%_", "%call%")
            text = text.replace("%call%", f"{other}s.{other}_")
            text = text.replace("%name%", f"by_{other}")
        else:
            lines.append(f"import {module} {{ {camel(other)}, {other}_value }}\n")
            text = BRIDGE.replace("%name%", f"by_{other}")
        text = text.replace("%Other%", camel(other)).replace("%other%", other)
        bridges.append(_fill(text, thing, source))
    return "".join(lines), bridges


def camel(thing: str) -> str:
    """`price_list` -> `PriceList`."""
    return "".join(word.capitalize() for word in thing.split("_"))


def _fill(text: str, thing: str, source: random.Random) -> str:
    """The nouns for their marks, and numbers: `%1..9%` becomes one from 1 to 9."""

    def number(found: re.Match[str]) -> str:
        return str(source.randint(int(found[1]), int(found[2])))

    text = text.replace("%thing%", thing).replace("%Thing%", camel(thing))
    return re.sub(r"%(\d+)\.\.(\d+)%", number, text).strip("\n") + "\n"


CORE = """
## What this file is about; other files import it.
record %Thing% {
  id: str
  owner: str max 80
  amount: decimal
  qty: int = 1
  tags: list[str]
  note: str? = none
  seen: timestamp? = none
}

## Its worth, in the currency of the ledger.
fn %thing%_value(it: %Thing%) -> decimal = (it.amount * it.qty * 1.%10..99%).round(2)

fn %thing%_title(it: %Thing%) -> str = "${it.id} of ${it.owner}: ${it.note ?? "no note"}"
"""

BRIDGE = """
## The two of them together, and the larger of the two.
fn %thing%_%name%(mine: %Thing%, theirs: list[%Other%]) -> (decimal, decimal) {
  let own = %thing%_value(mine)
  let values = [%other%_value(each) for each in theirs if each.qty > %0..3%]
  return (own + sum(values), max(own, %0..90%.50))
}
"""
