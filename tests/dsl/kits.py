"""The stories that `programs.project` builds modules of. Each is clean by itself, for any noun.

A kit is a function: random source -> text with the marks that `programs` fills in. What varies is
how many fields, steps, arms and branches there are, and which parts are left out.
"""

from __future__ import annotations

import random
from collections.abc import Callable

Kit = Callable[[random.Random], str]

FIELDS = [
    "city: str max 60",
    "country: str max 2",
    "weight: decimal = 0.0",
    "urgent: bool = false",
    "due: timestamp? = none",
    "lines: list[str]",
    'kind: str as "type"',
    "counts: map[str, int]",
    "window: duration = 2h30m",
    "score: float = 0.5e0",
    "pair: (str, int)",
    "token: uuid? = none",
]
MEMBERS = ["draft", "open", "held", "moved", "paid", "closed", "lost", "returned", "checked"]
PAIRS = [("reserve", "release"), ("book", "cancel"), ("lock", "unlock"), ("hold", "free")]
POLICIES = [
    '  queue: "%thing%"\n',
    "  deadline: %20..40%m\n",
    "  heartbeat: 2s\n",
    "  grace: 2s\n",
    "",
]
COMMENTS = [
    "  # Nothing is stored here: it is computed again when the run resumes.\n",
    "  # The key makes a repeat harmless.\n",
    "",
    "",
]


def saga(source: random.Random) -> str:
    """Steps with their undos, typed errors, a try that gives a value."""
    pairs = source.sample(PAIRS, source.randint(2, 4))
    declared, steps, errors = [], [], []
    for number, (take, undo) in enumerate(pairs, 1):
        error = f"No{take.capitalize()}%Thing%"
        errors.append(error)
        declared.append(
            f"error {error} {{ id: str, code: int = %1..99% }}\n"
            f"activity {take}_%thing%(id: str, qty: int) -> str raises {error} {{\n"
            f"  timeout: %5..50%s\n  retry: %3..8% times backoff 1s..%20..60%s except {error}\n"
            f'{source.choice(POLICIES)}  key: "{take}-${{workflow.id}}-${{id}}"\n}}\n'
            f"activity {undo}_%thing%(hold: str) {{\n  timeout: 10s\n"
            f'  retry: forever backoff 1s..5m\n  key: "{undo}-${{hold}}"\n}}\n'
        )
        steps.append(
            f"    let {take}_hold = do {take}_%thing%(ask.id, ask.qty) "
            f"compensate do {undo}_%thing%({take}_hold)\n    stage = {number}\n"
        )
    caught = " | ".join(errors)
    return (
        "record %Thing%Ask { id: str, qty: int, price: decimal }\n"
        "record %Thing%Receipt { id: str, paid: str, total: decimal }\n"
        "error %Thing%Refused { reason: str }\n\n" + "\n".join(declared) + "\n"
        "activity pay_%thing%(id: str, total: decimal) -> str {\n"
        '  timeout: 1m\n  key: "pay-${id}"\n}\n\n'
        "## All of it, or nothing: each step stands beside its undo.\n"
        "workflow Arrange%Thing% version 1 (ask: %Thing%Ask) -> %Thing%Receipt"
        " raises %Thing%Refused {\n"
        "  checkpoint stage = 0\n  query steps_done() -> int = stage\n\n"
        "  let total = (ask.price * ask.qty).round(2)\n"
        f"{source.choice(COMMENTS)}"
        "  return try {\n" + "".join(steps) + "    let paid = do pay_%thing%(ask.id, total)\n"
        "    give %Thing%Receipt(id: ask.id, paid: paid, total: total)\n"
        f"  }} catch {caught} as missing {{\n"
        '    log warn "%thing% ${ask.id} failed at step ${stage}: ${missing}"\n'
        '    fail %Thing%Refused(reason: "${missing}")\n'
        '  } finally {\n    log info "%thing% ${ask.id} is over"\n  }\n}\n'
    )


def approval(source: random.Random) -> str:
    """Signals, select in a loop, match over an optional union."""
    extra = source.random() < 0.5
    variants = ["Agree(by: str)", "Refuse(by: str, why: str)"]
    variants += ["Postpone(for_days: int)"] if extra else []
    arm = '      some(Postpone(for_days)) => log info "later, in ${for_days} days"\n'
    return (
        "enum %Thing%Stage { asking, escalated, agreed, refused }\n"
        f"union %Thing%Answer {{ {', '.join(variants)} }}\n"
        "error %Thing%Withdrawn { reason: str }\n\n"
        "activity ask_about_%thing%(who: str, text: str) {\n"
        "  timeout: 10s, retry: %2..6% times backoff 1s..10s\n}\n\n"
        f"## Asks {'two' if extra else 'several'} people in turn.\n"
        "workflow Approve%Thing% version %1..3% (title: str, people: list[str]) -> bool"
        " raises %Thing%Withdrawn {\n"
        "  checkpoint stage = %Thing%Stage.asking\n"
        "  signal answer(%Thing%Answer)\n  signal withdraw(str)\n"
        "  query where_is_it() -> %Thing%Stage = stage\n\n"
        "  var answered: %Thing%Answer? = none\n"
        "  for (turn, person) in enumerate(people) {\n"
        '    do ask_about_%thing%(person, "${turn + 1}. Please decide on ${title}")\n'
        "    select {\n"
        "      on answer as said => { answered = some(said) break }\n"
        '      on withdraw as why => fail %Thing%Withdrawn(reason: "${title}: ${why}")\n'
        "      after %2..9%d => stage = %Thing%Stage.escalated\n    }\n  }\n\n"
        "  match answered {\n"
        "    some(Agree(by)) => {\n"
        '      stage = %Thing%Stage.agreed\n      log info "agreed by ${by}"\n    }\n'
        '    some(Refuse(by, why)) if why != "" => log info "${by} refused: ${why}"\n'
        '    some(Refuse(by, _)) => log info "${by} refused"\n'
        + (arm[2:] if extra else "")
        + '    none => log warn "nobody answered about ${title}"\n'
        "  }\n  return stage == %Thing%Stage.agreed\n}\n"
    )


def pipeline(source: random.Random) -> str:
    """A dag with a parallel for in it, and totals."""
    wide = source.random() < 0.6
    rates = "    rates: do %thing%_rates(day)\n" if wide else ""
    given = ", rates" if wide else ""
    declared = (
        "activity %thing%_rates(day: str) -> map[str, decimal] {\n  timeout: 10s\n  retry: 8 times backoff 1s..2m\n}\n"
    )
    return (
        "record %Thing%Part { name: str, size: int }\n"
        "record %Thing%Loaded { part: str, rows: int, bad: int }\n"
        "record %Thing%Report { day: str, rows: int, bad: int, took: duration }\n"
        "error TooManyBad%Thing% { bad: int, rows: int }\n\n"
        "activity list_%thing%_parts(day: str) -> list[%Thing%Part] { timeout: 2m }\n"
        + (declared if wide else "")
        + f"activity stage_%thing%(part: %Thing%Part"
        f"{', rates: map[str, decimal]' if wide else ''}) -> str {{\n"
        '  timeout: 30m\n  heartbeat: %5..40%s\n  queue: "cpu"\n}\n'
        "activity load_%thing%(day: str, part: %Thing%Part, staged: str) -> %Thing%Loaded {\n"
        '  timeout: 10m\n  key: "load-${day}-${part.name}"\n}\n'
        "activity publish_%thing%(day: str, rows: int) {\n"
        '  timeout: 1m, key: "publish-${day}"\n}\n\n'
        "fn share_of_bad_%thing%(bad: int, rows: int) -> decimal =\n"
        "  if rows == 0 then 0.0 else decimal(bad) / decimal(rows)\n\n"
        "## Loads the parts of a day, a few at once, and publishes them.\n"
        "workflow Load%Thing% version 1 (day: str) -> %Thing%Report raises TooManyBad%Thing% {\n"
        "  checkpoint last: %Thing%Report? = none\n"
        "  query latest() -> %Thing%Report? = last\n\n"
        "  let started = now()\n  dag {\n"
        f"    parts: do list_%thing%_parts(day)\n{rates}"
        "    loaded: parallel for part in parts limit %2..32% {\n"
        f"      let staged = do stage_%thing%(part{given})\n"
        "      give do load_%thing%(day, part, staged)\n    }\n"
        "    rows: = sum([each.rows for each in loaded])\n"
        "    bad: = sum([each.bad for each in loaded])\n"
        "    sent after bad: do publish_%thing%(day, rows)\n  }\n"
        "  if share_of_bad_%thing%(bad, rows) > 0.0%1..9% {\n"
        "    fail TooManyBad%Thing%(bad: bad, rows: rows)\n  }\n"
        "  let report = %Thing%Report(day: day, rows: rows, bad: bad, took: now() - started)\n"
        "  last = some(report)\n"
        '  log info "${rows} rows of %thing% for ${day}: ${report.took}"\n'
        "  return report\n}\n"
    )


def watch(source: random.Random) -> str:
    """A while that suspends, assignments, a range, a break."""
    second = (
        "  for turn in 1..%3..6% {\n"
        "    left = do count_%thing%(id)\n    if left >= wanted { break }\n"
        '    log warn "turn ${turn}: ${id} has not come yet"\n    sleep %1..9%h\n  }\n'
    )
    return (
        "activity count_%thing%(id: str) -> int {\n"
        "  timeout: 10s\n  retry: 8 times backoff 1s..1m\n}\n"
        "activity refill_%thing%(id: str, qty: int) -> timestamp {\n"
        '  timeout: 30s\n  key: "refill-${workflow.id}-${qty}"\n}\n\n'
        "## Watches until it runs low, orders more, and waits for it to come.\n"
        "workflow Watch%Thing% version 1 (id: str, wanted: int) -> int {\n"
        "  checkpoint left = wanted\n  checkpoint asked = 0\n"
        "  query stock() -> (int, int) = (left, asked)\n\n"
        '  assert wanted > 0, "nothing is wanted of ${id}"\n'
        "  while left >= wanted // %2..6% {\n"
        "    sleep %5..55%m\n    left = do count_%thing%(id)\n"
        '    log debug "${left} of ${id} are left"\n  }\n\n'
        "  asked += wanted - left\n"
        "  let arrives = do refill_%thing%(id, wanted - left)\n"
        "  sleep until arrives + %1..5%h\n" + (second if source.random() < 0.7 else "") + "  return left\n}\n"
    )


def rollup(source: random.Random) -> str:
    """Pure functions: loops, maps, tuples, comprehensions, early returns."""
    fields = source.sample(FIELDS, source.randint(2, 6))
    more = (
        "\n## How often each name occurs.\n"
        "fn count_%thing%s(rows: list[%Thing%Row]) -> map[str, int] {\n"
        "  var counts: map[str, int] = {}\n"
        "  for row in rows {\n"
        "    counts = counts.with_key(row.name, (counts[row.name] ?? 0) + row.qty)\n  }\n"
        "  return counts\n}\n"
    )
    band = (
        "\nfn %thing%_band(row: %Thing%Row) -> str {\n"
        '  if row.qty <= 0 { return "none" }\n'
        '  if row.price * row.qty > %100..900%.00 and row.qty != 1 { return "large" }\n'
        '  else if row.qty in [2, 3, 5, 7] or row.name == "" { return "odd" }\n'
        '  return if row.price < 1.00 then "small" else "normal"\n}\n'
    )
    return (
        "record %Thing%Row {\n  name: str\n  price: decimal\n  qty: int = 1\n"
        + "".join(f"  {field}\n" for field in fields)
        + "}\n\n"
        "fn %thing%_total(rows: list[%Thing%Row]) -> decimal =\n"
        "  sum([row.price * row.qty for row in rows if row.qty > 0])\n\n"
        "## The dearest row, if there is any.\n"
        "fn dearest_%thing%(rows: list[%Thing%Row]) -> %Thing%Row? {\n"
        "  var best: %Thing%Row? = none\n"
        "  for row in rows {\n"
        "    let beaten = match best { some(one) => row.price > one.price  none => true }\n"
        "    if beaten { best = some(row) }\n  }\n  return best\n}\n"
        + (more if source.random() < 0.7 else "")
        + (band if source.random() < 0.7 else "")
        + "\nfn split_%thing%s(rows: list[%Thing%Row], at: int) -> (list[str], list[str]) {\n"
        "  let few = [row.name for row in rows if row.qty < at]\n"
        "  let many = [row.name for row in rows if not (row.qty < at)]\n"
        "  return (sorted(few), unique(many))\n}\n"
    )


def renewal(source: random.Random) -> str:
    """Match on an enum, try as a statement, select in a while, continue as new."""
    plans = source.sample(["basic", "family", "premium", "student", "gold"], source.randint(2, 4))
    prices = "".join(f"  {plan} => %2..60%.99\n" for plan in plans)
    return (
        f"enum %Thing%Plan {{ {', '.join(plans)} }}\n"
        "error %Thing%Declined { code: str }\n\n"
        "activity charge_%thing%(who: str, amount: decimal, month: int) -> str"
        " raises %Thing%Declined {\n"
        "  timeout: 30s\n  retry: 6 times backoff 1s..1m except %Thing%Declined\n"
        '  key: "%thing%-${who}-${month}"\n}\n'
        "activity write_to_%thing%_owner(who: str, text: str) { timeout: 10s }\n\n"
        "fn %thing%_price(plan: %Thing%Plan) -> decimal = match plan {\n" + prices + "}\n\n"
        "## One month after the other, in a frame that never grows.\n"
        "workflow Renew%Thing% version 1 (who: str, plan: %Thing%Plan, month: int = 1) -> int {\n"
        "  checkpoint current = plan\n  signal change(%Thing%Plan)\n  signal cancel\n"
        "  query active() -> %Thing%Plan = current\n\n"
        "  try {\n    let payment = do charge_%thing%(who, %thing%_price(plan), month)\n"
        '    log info "month ${month} paid: ${payment}"\n'
        "  } catch %Thing%Declined as refusal {\n"
        '    do write_to_%thing%_owner(who, "Declined: ${refusal.code}.")\n  }\n\n'
        "  let until_then = now() + %20..30%d\n"
        "  while now() < until_then {\n    select {\n"
        '      on change as wish => { current = wish  log info "now ${wish}" }\n'
        "      on cancel => return month\n"
        "      after until_then - now() => break\n    }\n  }\n"
        "  continue as new(who, current, month + 1)\n}\n"
    )


def gather(source: random.Random) -> str:
    """parallel, parallel settle, parallel for settle, match on outcomes."""
    both = source.random() < 0.6
    ask_all = (
        "\n## Asks everybody, and makes do with those that answer.\n"
        "workflow AskAbout%Thing% version 1 (part: str, firms: list[str]) -> list[decimal] {\n"
        "  let answers = parallel for firm in firms limit %2..16% settle {\n"
        "    give do price_of_%thing%(firm, part)\n  }\n\n"
        "  var prices: list[decimal] = []\n  var silent = 0\n"
        "  for (firm, answer) in zip(firms, answers) {\n    match answer {\n"
        "      Ok(price) => prices = prices + [price]\n"
        "      Failed(kind, detail) => {\n        silent += 1\n"
        '        log warn "${firm}: ${kind} (${detail})"\n      }\n    }\n  }\n'
        '  log info "${silent} of ${len(firms)} said nothing"\n'
        "  return sorted(prices)\n}\n"
    )
    return (
        "record %Thing%Page { name: str, owed: decimal, open: list[str] }\n\n"
        "activity %thing%_profile(id: str) -> str { timeout: 5s }\n"
        "activity %thing%_debts(id: str) -> list[decimal] { timeout: 10s }\n"
        "activity %thing%_tickets(id: str) -> list[str] { timeout: 10s, deadline: 5m }\n"
        + (
            "activity price_of_%thing%(firm: str, part: str) -> decimal {\n  timeout: 30s\n  deadline: 2m\n}\n"
            if both
            else ""
        )
        + "\n## One page from services that know nothing of each other.\n"
        "workflow %Thing%Summary version 1 (id: str) -> %Thing%Page {\n"
        "  parallel {\n    name: do %thing%_profile(id)\n"
        "    debts: {\n      let found = do %thing%_debts(id)\n"
        "      give [debt for debt in found if debt > %0..5%.00]\n    }\n  }\n"
        "  parallel settle {\n    tickets: do %thing%_tickets(id)\n  }\n"
        "  let open = match tickets { Ok(list_of) => list_of  Failed(_, _) => [] }\n"
        "  return %Thing%Page(\n    name: trim(name),\n    owed: sum(debts),\n"
        "    open: open.take(%3..30%),\n  )\n}\n" + (ask_all if both else "")
    )


def children(source: random.Random) -> str:
    """Children that are waited for, spawned, signalled."""
    return (
        "record %Thing%Box { id: str, weight: decimal }\n"
        "error %Thing%Lost { id: str }\n\n"
        "activity weigh_%thing%(id: str) -> decimal { timeout: 20m, heartbeat: 1m }\n"
        "activity track_%thing%(ticket: str) -> str? raises %Thing%Lost {\n"
        "  timeout: 10s, retry: 3 times except %Thing%Lost\n}\n"
        "activity hurry_%thing%(ticket: str, why: str) { timeout: 10s }\n\n"
        "workflow Pack%Thing% version 1 (id: str) -> %Thing%Box {\n"
        "  let weight = do weigh_%thing%(id)\n"
        "  return %Thing%Box(id: id, weight: weight)\n}\n\n"
        "workflow Carry%Thing% version 1 (ticket: str) -> str raises %Thing%Lost {\n"
        "  checkpoint nudges = 0\n  signal chase(str)\n  query nudged() -> int = nudges\n\n"
        "  var signed: str? = none\n  while signed is none {\n    select {\n"
        "      on chase as why => {\n        nudges += 1\n"
        "        do hurry_%thing%(ticket, why)\n      }\n"
        '      after %1..5%h => log debug "looking for ${ticket}"\n    }\n'
        "    signed = do track_%thing%(ticket)\n  }\n"
        '  return signed ?? "nobody"\n}\n\n'
        "## Packs each of them as a child, then sends the lot on its way.\n"
        "workflow Ship%Thing%s version 1 (ids: list[str], ticket: str) -> (int, str?)"
        " raises %Thing%Lost {\n"
        "  let boxes = parallel for id in ids limit %2..9% { give do Pack%Thing%(id) }\n"
        '  log info "${len(boxes)} boxes, ${sum([b.weight for b in boxes])} kg"\n\n'
        '  let courier = spawn Carry%Thing%(ticket) id "carry-${ticket}"\n'
        "  var signed = wait courier within %1..3%d\n"
        "  if signed is none {\n"
        '    send courier.chase("it is late")\n'
        "    signed = wait courier within 5d\n  }\n"
        "  return (len(boxes), signed)\n}\n"
    )


def pricing(source: random.Random) -> str:
    """Constants, unions, match expressions with guards, optionals."""
    members = source.sample(MEMBERS, source.randint(3, 6))
    arms = "".join(f"  {member} => 0.%1..9%5\n" for member in members[:-1])
    return (
        f"const %thing%_free_from = %20..90%.00\n"
        "const %thing%_pauses: list[duration] = [%1..5%h, 1d, 1w12h]\n"
        f"enum %Thing%State {{ {', '.join(members)} }}\n"
        "union %Thing%Buyer {\n  %Thing%Person(name: str)\n"
        "  %Thing%Firm(name: str, number: str)\n  %Thing%Guest\n}\n\n"
        "fn %thing%_rate(state: %Thing%State) -> decimal = match state {\n"
        f"{arms}  _ => 0.50\n}}\n\n"
        "fn %thing%_postage(net: decimal, state: %Thing%State) -> decimal = match state {\n"
        f"  {members[0]} | {members[1]} if net >= %thing%_free_from => 0.00\n"
        f"  {members[0]} => %1..4%.90\n  _ => 4.%10..90%\n}}\n\n"
        "fn %thing%_buyer(buyer: %Thing%Buyer) -> str = match buyer {\n"
        "  %Thing%Person(name) => name\n"
        '  %Thing%Firm(name: firm, number: _) => "${firm} Ltd"\n'
        '  %Thing%Guest => "a guest"\n}\n\n'
        "## What is left to pay: never less than nothing.\n"
        "fn %thing%_to_pay(net: decimal, paid: decimal?, state: %Thing%State) -> decimal {\n"
        "  let gross = net * (1 + %thing%_rate(state)) + %thing%_postage(net, state)\n"
        "  if paid is none { return gross.round(2) }\n"
        "  let left = gross - paid\n"
        "  return if left > 0.00 then left.round(2) else 0.00\n}\n\n"
        "fn %thing%_pause(turn: int) -> duration = %thing%_pauses[turn] ?? %2..6%d\n"
    )


KITS: list[Kit] = [
    saga,
    approval,
    pipeline,
    watch,
    rollup,
    renewal,
    gather,
    children,
    pricing,
]
