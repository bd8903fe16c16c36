"""Small programs with what they must do: one for each construct, and one for each question of README.md.

A case is: a name, the body of a workflow, the events, the lines of the trace, and how it ends.
"""

# ruff: noqa: E501 - a case is easier to read on few lines

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.reference import std
from tests.reference.interpreter import Program, Run, load
from tests.reference.values import Arrive, Broke, Cancel, Done, Ended, Event, Fire, Gone, Op, Outcome, Rec

PRELUDE = """rft 1
module m

error Bad { code: int }
error Worse
record P { x: int, y: decimal = 1.5, note: str? = none }
enum Color { red, green, blue }
union Shape { Dot, Circle(r: int), Box(w: int, h: int) }

const ten = 10

activity get(k: str) -> int raises Bad { timeout: 1s }
activity put(k: str, v: int = 7) raises Bad, Worse { timeout: 1s }
activity undo(k: str) { timeout: 1s, retry: forever }
activity maybe(k: str) -> int? { timeout: 1s }
activity once(k: str) -> int { timeout: 1s, once: at_most }
activity names(k: str) -> list[str] { timeout: 1s }
activity point(k: str) -> P { timeout: 1s }
activity rate(k: str) -> decimal { timeout: 1s }

fn double(n: int) -> int = n * 2
fn largest(xs: list[int]) -> int? {
  var found: int? = none
  for x in xs {
    if x < 0 { continue }
    if found is none or x > found { found = x }
    if x > 100 { break }
  }
  return found
}

workflow Kid version 1 (n: int, step: int = 1) -> int raises Bad {
  signal nudge(str)
  signal stop
  select {
    on nudge as why => log info why
    on stop => fail Bad(code: n)
    after 1d => log info "a day"
  }
  return n + step
}
"""
HEAD = "workflow W version 1 (n: int = 3, xs: list[int] = [], name: str? = none) -> {0} raises Bad, Worse {{\n{1}\n"
MEMBERS = """  checkpoint at = 0
  signal go
  signal say(str)
  signal num(int)
"""


def bad(code: int = 1) -> Rec:
    return Rec("Bad", {"code": code}, "m")


def gave_up(activity: str = "get") -> Rec:
    return Rec("ActivityFailed", {"activity": activity, "detail": "timeout", "attempts": 3})


def cancelled(reason: str = "no longer wanted") -> Rec:
    return Rec("Cancelled", {"reason": reason})


@dataclass
class Case:
    name: str
    body: str
    events: list[Event] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    ends: Any = None  # the value when it completed, else an Outcome, or "rests"
    args: dict[str, Any] = field(default_factory=dict)
    result: str = "int"


def program_of(case: Case) -> Program:
    return load({"m.rft": PRELUDE + HEAD.format(case.result, MEMBERS) + case.body + "\n}\n"})


def play(case: Case) -> Run:
    run = Run(program_of(case), "m", "W", case.args)
    for event in case.events:
        run.deliver(event)
    return run


def line(entry: tuple[Any, ...]) -> str:
    """An entry of the trace as it stands in the cases: `do get a`, `cancel get`, `log info hello`, `spawn 1 Kid 3 1`."""
    kind, *rest = entry
    if kind in ("do", "undo"):
        rest = [rest[1], *rest[2]]
    elif kind == "cancel":
        rest = rest[1:]
    elif kind == "spawn":
        number, workflow, args, id = rest
        rest = [number, workflow, *args, *([] if id is None else [id])]
    return " ".join([kind, *(std.text(part) for part in rest)])


def ended(run: Run) -> Any:
    if run.outcome is None:
        return "rests"
    return run.outcome.value if run.outcome.status == "completed" else run.outcome


SETTLE = """
  let rs = parallel for x in ["a", "b"] limit 2 settle {
    do get(x) compensate do undo("un-${x}")
    give do once(x)
  }
  try {
    do put("end")
  } catch Bad { log info "bad" }
  return len([r for r in rs if r is Failed])"""

CASES = [
    # values and pure control
    Case("return", "return n + 1", ends=4),
    Case("a default is computed", "return double(n) + ten", args={"n": 5}, ends=20),
    Case("no result", "log info n", trace=["log info 3"], result="unit", ends=None),
    Case("var and +=", "var x = n\n x += 2\n x -= 1\n return x", ends=4),
    Case("if", "if n > 5 { return 1 } else if n > 2 { return 2 } else { return 3 }", ends=2),
    Case("for, break, continue", "return largest([4, -1, 9, 200, 300]) ?? 0", ends=200),
    Case("a range has both ends", "var t = 0\n for i in 2..4 { t += i }\n return t", ends=9),
    Case("a range may be empty", "var t = 0\n for i in 2..1 { t += i }\n return t", ends=0),
    Case(
        "for takes tuples apart",
        'for (i, x) in enumerate(["a", "b"]) { log info "${i}${x}" }\n return 0',
        trace=["log info 0a", "log info 1b"],
        ends=0,
    ),
    Case(
        "a for walks what the list was at its beginning",
        "var ys = xs\n for y in ys { ys = ys + [y] }\n return len(ys)",
        args={"xs": [1, 2]},
        ends=4,
    ),
    Case(
        "match with guards, in order",
        "let c = Color.green\n match c { red => return 1  green if n > 5 => return 2  green | blue => return 3 }",
        ends=3,
    ),
    Case(
        "match takes variants apart",
        "let s = Box(w: 2, h: 5)\n return match s { Dot => 0 Circle(r) => r Box(h: a, w: 2) => a Box(w, _) => w }",
        ends=5,
    ),
    Case("some and none", "return match name { some(x) => len(x) none => -1 }", args={"name": "abc"}, ends=3),
    Case("none comes first", "return match xs[7] { none => 1 some(_) => 2 }", ends=1),
    Case("records copy with a change", "let p = P(x: 1)\n return P(..p, x: 2).y", result="decimal", ends=Decimal("1.5")),
    Case("an int becomes a decimal", 'return "${P(x: 1, y: 2).y / 4}"', result="str", ends="0.5"),
    Case(
        "an arm's int becomes a decimal",
        "let d = match n { 3 => 1 _ => 2.5 }\n return d / 2",
        result="decimal",
        ends=Decimal("0.5"),
    ),
    Case("decimals have 34 digits", "return 1.0 / 3", result="decimal", ends=Decimal("0." + "3" * 34)),
    Case("half to even", 'return "${2.5.round(0)} ${3.5.round(0)} ${2.675.fixed(2)}"', result="str", ends="2 4 2.68"),
    Case("floor", 'return "${-7 // 2} ${-7 % 2}"', result="str", ends="-4 1"),
    Case(
        "text of values",
        'return "${P(x: 1, note: "a\\"b")} ${[1.50]} ${Color.red} ${Dot} ${90m} ${none_of()} ${{"b": 1, "a": 2}}"'.replace(
            "${none_of()}", "${name}"
        ),
        result="str",
        ends='P(x: 1, y: 1.5, note: a"b) [1.5] red Dot 1h30m none {a: 2, b: 1}',
    ),
    Case("comprehension", "return sum([x * 2 for x in 1..4 if x != 2])", ends=16),
    Case("?. and ??", "let p = [P(x: 1)].first()\n return len(p?.note ?? \"ab\")", ends=2),
    # faults
    Case("division by zero", "return 1 // (n - 3)", ends=Outcome("faulted", "ZeroDivisionError")),
    Case("overflow", "return n * 9223372036854775807", ends=Outcome("faulted", "Overflow")),
    Case("none!", "return xs[0]!", ends=Outcome("faulted", "none!")),
    Case("assert", 'assert n < 3, "n is ${n}"\n return n', ends=Outcome("faulted", "assert: n is 3")),
    Case(
        "a fault takes the transition back",
        'at = 1\n let x = do get("a")\n at = 2\n log info "x"\n return 1 // x',
        [Done("get", 0)],
        ["do get a"],
        Outcome("faulted", "ZeroDivisionError"),
    ),
    # one effect after the other
    Case("do", 'let x = do get("a")\n return x', [Done("get", 5)], ["do get a"], 5),
    Case("arguments in order, defaults", 'do put(v: 1, k: "a")\n do put("b")\n return 0', [Done("put"), Done("put")],
         ["do put a 1", "do put b 7"], 0),
    Case("a declared error leaves", 'return do get("a")', [Broke("get", bad(4))], ["do get a"],
         Outcome("failed", bad(4))),
    Case("effect ?? value", 'return do maybe("a") ?? n', [Done("maybe", None)], ["do maybe a"], 3),
    Case("effect ?? fail", 'return do maybe("a") ?? fail Worse', [Done("maybe", None)], ["do maybe a"],
         Outcome("failed", Rec("Worse", {}, "m"))),
    Case("effect ?? there ?? fail is not asked", 'return do maybe("a") ?? xs[0] ?? fail Worse', [Done("maybe", 8)],
         ["do maybe a"], 8),
    Case("?? fail of a chain", "return xs[5] ?? xs[0] ?? fail Worse", args={"xs": [4]}, ends=4),
    Case("+= with an effect reads the variable when it has arrived", 'at = 1\n at += do get("a")\n return at',
         [Done("get", 5)], ["do get a"], 6),
    Case("+= with a try that assigns", 'var x = 1\n x += try { x = 10 give do get("a") } catch Bad { give 0 }\n return x',
         [Done("get", 5)], ["do get a"], 15),
    Case("an int arrives as a decimal", 'let r = do rate("a")\n return r + 1', [Done("rate", 2)], ["do rate a"], Decimal(3),
         result="decimal"),
    Case("child", "return do Kid(n)", [Done("Kid", 4)], ["do Kid 3 1"], 4),
    Case("sleep", 'sleep 1h\n log info "${now()}"\n return 0', [Fire()], ["log info 2026-01-01T01:00:00Z"], 0),
    Case("sleep until what is over still rests", "sleep until now() - 1h\n return 1", [], [], "rests"),
    Case("now moves with the log", 'let a = now()\n sleep 1h\n return (now() - a) // 1m', [Fire(late=120)], [], 62),
    # signals
    Case("wait", "let x = wait num\n return x", [Arrive("num", 4)], [], 4),
    Case("a message waits in its mailbox", 'do undo("a")\n let x = wait num\n let y = wait num\n return x * 10 + y',
         [Arrive("num", 4), Arrive("num", 5), Done("undo")], ["do undo a"], 45),
    Case("within: in time", "let x = wait num within 1h\n return x ?? 0", [Arrive("num", 4)], [], 4),
    Case("within: too late", "let x = wait num within 1h\n return x ?? 0", [Fire()], [], 0),
    Case("within: the late message stays", "let x = wait num within 1h\n let y = wait num\n return y - (x ?? 1)",
         [Fire(), Arrive("num", 4)], [], 3),
    Case("a signal that carries nothing", "let x = wait go within 1h\n return if x is none then 0 else 1",
         [Arrive("go")], [], 1),
    Case("select: the first event wins", "select { on num as x => return x  after 1h => return -1 }", [Arrive("num", 9)],
         [], 9),
    Case("select: a losing effect is cancelled before the arm runs",
         'select { do get("a") as x => return x  on go => log info "go"  after 1h => return -1 }\n return 5',
         [Arrive("go")], ["do get a", "cancel get", "log info go"], 5),
    Case("select: the earlier message wins, whatever arm stands first",
         'do undo("a")\n select { on num as x => return x  on say as t => return len(t) }',
         [Arrive("say", "abc"), Arrive("num", 9), Done("undo")], ["do undo a"], 3),
    Case("select: effects are not asked for when a message is there",
         'do undo("a")\n select { do get("a") as x => return x  on num as y => return y }',
         [Arrive("num", 9), Done("undo")], ["do undo a"], 9),
    Case("select: an effect that fails raises there", 'try { select { do get("a") as x => return x  on go => return 1 } } '
         "catch Bad as b { return b.code }", [Broke("get", bad(6))], ["do get a"], 6),
    Case("select as a value", "let x = select { on num as y => give y * 2  after 1h => give 0 }\n return x",
         [Arrive("num", 4)], [], 8),
    Case("break in a select arm leaves the loop",
         "var t = 0\n while true { select { on num as x => { t += x if t > 5 { break } continue }  after 1h => t += 100 } }\n"
         " return t", [Arrive("num", 4), Arrive("num", 4)], [], 8),
    # errors
    Case("catch", 'try { do put("a") } catch Bad as b { return b.code } catch Worse { return -1 }\n return 0',
         [Broke("put", Rec("Worse", {}, "m"))], ["do put a 7"], -1),
    Case("catch several", 'try { do put("a") } catch Bad | Worse as e { return match e { Bad(c) => c Worse => 0 } }\n return 1',
         [Broke("put", bad(8))], ["do put a 7"], 8),
    Case("ActivityFailed", 'try { return do get("a") } catch ActivityFailed as f { return f.attempts }',
         [Broke("get", gave_up())], ["do get a"], 3),
    Case("Interrupted", 'return try { give do once("a") } catch Interrupted { give -1 }',
         [Broke("once", Rec("Interrupted", {"activity": "once"}))], ["do once a"], -1),
    Case("an error in a catch goes outwards", 'try { try { do put("a") } catch Bad { fail Worse } catch Worse { return 1 } } '
         "catch Worse { return 2 }\n return 3", [Broke("put", bad())], ["do put a 7"], 2),
    Case("finally on every way", 'for i in 1..3 { try { if i == 2 { continue } if i == 3 { break } do put("a") } '
         'finally { log info i } }\n return 0', [Done("put")], ["do put a 7", "log info 1", "log info 2", "log info 3"], 0),
    Case("the value is there before finally", 'var x = 1\n try { do put("a") return x } finally { x = 2 log info x }',
         [Done("put")], ["do put a 7", "log info 2"], 1),
    Case("finally after a failing catch", 'try { do put("a") } catch Bad as b { fail b } finally { log info "f" }\n return 0',
         [Broke("put", bad())], ["do put a 7", "log info f"], Outcome("failed", bad())),
    Case("try as a value", 'let x = try { give do get("a") } catch Bad { give 0 } finally { log info "f" }\n return x',
         [Broke("get", bad())], ["do get a", "log info f"], 0),
    # undoing
    Case("undos run in reverse order, before the catch",
         'try { do put("a") compensate do undo("a")\n let x = do get("b") compensate do undo("b${x}")\n do put("c") } '
         'catch Worse { log info "caught" return 1 }\n return 0',
         [Done("put"), Done("get", 4), Broke("put", Rec("Worse", {}, "m")), Done("undo"), Done("undo")],
         ["do put a 7", "do get b", "do put c 7", "undo undo b4", "undo undo a", "log info caught"], 1),
    Case("an undo of what failed is not registered", 'try { do put("a") compensate do undo("a") } catch Bad { return 1 }\n'
         " return 0", [Broke("put", bad())], ["do put a 7"], 1),
    Case("a good end drops the undos", 'try { do put("a") compensate do undo("a") }\n do put("b")\n return 0',
         [Done("put"), Broke("put", bad())], ["do put a 7", "do put b 7"], Outcome("failed", bad())),
    Case("leaving by return drops them too", 'try { do put("a") compensate do undo("a") return 1 } finally { log info "f" }',
         [Done("put")], ["do put a 7", "log info f"], 1),
    Case("undos run when nobody catches, before finally",
         'try { do put("a") compensate do undo("a")\n fail Worse } finally { log info "f" }', [Done("put"), Done("undo")],
         ["do put a 7", "undo undo a", "log info f"], Outcome("failed", Rec("Worse", {}, "m"))),
    Case("innermost first", 'try { do put("a") compensate do undo("a")\n try { do put("b") compensate do undo("b")\n'
         ' fail Worse } finally { log info "inner" } } catch Worse { return 1 }',
         [Done("put"), Done("put"), Done("undo"), Done("undo")],
         ["do put a 7", "do put b 7", "undo undo b", "log info inner", "undo undo a"], 1),
    Case("without a try the run undoes", 'do put("a") compensate do undo("a")\n fail Worse', [Done("put"), Done("undo")],
         ["do put a 7", "undo undo a"], Outcome("failed", Rec("Worse", {}, "m"))),
    Case("Q7 arguments of an undo are those of the moment",
         'var x = 1\n try { do put("a") compensate do undo("x${x} at${at}")\n x = 2 at = 2 fail Worse } catch Worse { return x }',
         [Done("put"), Done("undo")], ["do put a 7", "undo undo x1 at0"], 2),
    Case("Q8 a block keeps variables and reads checkpoints when it runs",
         'var x = 1\n try { do put("a") compensate { do undo("x${x} at${at}") }\n x = 2 at = 2 fail Worse } '
         "catch Worse { return x }", [Done("put"), Done("undo")], ["do put a 7", "undo undo x1 at2"], 2),
    Case("Q9 an undo that fails leaves the run stuck",
         'try { do put("a") compensate do undo("a")\n fail Worse } catch Worse { return 1 }',
         [Done("put"), Broke("undo", gave_up("undo"))], ["do put a 7", "undo undo a"],
         Outcome("stuck", gave_up("undo"))),
    Case("an undo block may catch for itself",
         'try { do put("a") compensate { try { do put("u") } catch Bad | Worse { do undo("v") } }\n fail Worse } '
         "catch Worse { return 1 }", [Done("put"), Broke("put", bad()), Done("undo")],
         ["do put a 7", "undo put u 7", "undo undo v"], 1),
    # side by side
    Case("parallel", 'parallel { a: do get("a")  b: { let x = do get("b") give x + 1 } }\n return a * 10 + b',
         [Done(2, 5), Done(1, 4)], ["do get a", "do get b"], 46),
    Case("Q1 branches start one after the other, each up to its first rest",
         'parallel { a: { log info 1 do undo("a") }  b: { log info 2 do undo("b") } }\n return 0', [],
         ["log info 1", "do undo a", "log info 2", "do undo b"], "rests"),
    Case("Q1 a branch that fails at once: those behind it do not start",
         'parallel { a: { do undo("a") }  b: { if n == 3 { fail Worse } }  c: do undo("c") }\n return 0', [],
         ["do undo a", "cancel undo"], Outcome("failed", Rec("Worse", {}, "m"))),
    Case("a failed branch cancels the others, which may catch it",
         'parallel { a: do get("a")  b: { try { do put("b") } catch Cancelled as c { log info c.reason do undo("b") } } }\n return 0',
         [Broke("get", bad()), Done("undo")],
         ["do get a", "do put b 7", "cancel put", "log info a branch beside this one failed", "do undo b"],
         Outcome("failed", bad())),
    Case("the first failure by log order", 'parallel { a: do get("a")  b: { try { do put("b") } catch Cancelled { fail Worse } } }\n'
         " return 0", [Broke("get", bad())], ["do get a", "do put b 7", "cancel put"], Outcome("failed", bad())),
    Case("Q3 an effect with an undo is waited for when its sibling failed",
         'try { parallel { a: do get("a")  b: do get("b") compensate do undo("b${b}") } log info a + b } '
         "catch Bad { return 1 }\n return 0",
         [Broke(1, bad()), Done(2, 5), Done("undo")], ["do get a", "do get b", "cancel get", "undo undo b5"], 1),
    Case("Q3 or has stopped", 'try { parallel { a: do get("a")  b: do get("b") compensate do undo("b${b}") } log info a + b } '
         "catch Bad { return 1 }\n return 0", [Broke(1, bad()), Gone(2)], ["do get a", "do get b", "cancel get"], 1),
    Case("Q6 undos of branches belong to the try around, in the order of the log",
         'try { parallel { a: { do put("a1") compensate do undo("a1")\n do put("a2") compensate do undo("a2") }  '
         'b: do put("b") compensate do undo("b") } fail Worse } catch Worse { return 1 }',
         [Done(1), Done(2), Done(3), Done("undo"), Done("undo"), Done("undo")],
         ["do put a1 7", "do put b 7", "do put a2 7", "undo undo a2", "undo undo b", "undo undo a1"], 1),
    Case("settle", 'parallel settle { a: do get("a")  b: do get("b") }\n return match a { Ok(v) => v Failed(_, _) => -1 } + '
         "match b { Ok(v) => v Failed(kind, detail) => len(kind) }", [Broke(1, bad()), Done(2, 5)],
         ["do get a", "do get b"], 4),
    Case("settle: what is collected", 'parallel settle { a: do get("a") }\n return match a { Ok(_) => "" '
         'Failed(kind, detail) => "${kind}: ${detail}" }', [Broke(1, bad())], ["do get a"], "Bad: Bad(code: 1)",
         result="str"),
    Case("Q6 a failed turn of a settle undoes what it did itself", SETTLE,
         [Done(1, 1), Broke(3, gave_up("once")), Done("undo"), Done(2, 1), Done("once", 1), Done("put")],
         ["do get a", "do get b", "do once a", "undo undo un-a", "do once b", "do put end 7"], 1),
    Case("Q6 and what went well is undone when the run fails", SETTLE,
         [Done(1, 1), Broke(3, gave_up("once")), Done("undo"), Done(2, 1), Done("once", 1),
          Broke("put", Rec("Worse", {}, "m")), Done("undo")],
         ["do get a", "do get b", "do once a", "undo undo un-a", "do once b", "do put end 7", "undo undo un-b"],
         Outcome("failed", Rec("Worse", {}, "m"))),
    Case("parallel for with a limit", 'let ys = parallel for x in xs limit 2 { give do get("${x}") }\n return ys[0]! * 100 + ys[2]!',
         [Done(2, 5), Done(3, 6), Done(1, 4)], ["do get 1", "do get 2", "do get 3"], 406, {"xs": [1, 2, 3]}),
    Case("parallel for over nothing", "parallel for x in xs limit 2 { log info x }\n return 1", ends=1),
    Case("turns that do not rest", "let ys = parallel for x in 1..3 limit 1 { give x * x }\n return sum(ys)", ends=14),
    Case("a failed turn: no more start", 'parallel for x in xs limit 2 { do put("${x}") }\n return 0', [Broke(1, bad())],
         ["do put 1 7", "do put 2 7", "cancel put"], Outcome("failed", bad()), {"xs": [1, 2, 3]}),
    Case("Q12 a limit of nothing is a fault", "parallel for x in xs limit n - 3 { log info x }\n return 0", args={"xs": [1]},
         ends=Outcome("faulted", "limit")),
    Case("dag", 'dag {\n c: = a + b\n a: do get("a")\n b: do get("b${a}")\n d after c: do put("d") }\n return c',
         [Done("get", 4), Done("get", 5), Done("put")], ["do get a", "do get b4", "do put d 7"], 9),
    Case("dag: a failed step stops what waits", 'dag { a: do get("a")  b: do get("b")  c: = a + b  d: do put("${c}") }\n'
         " log info d_of(c)\n return c".replace(" log info d_of(c)\n", ""), [Broke(1, bad())],
         ["do get a", "do get b", "cancel get"], Outcome("failed", bad())),
    Case("nested", 'parallel { a: { parallel { x: do get("x")  y: do get("y") } give x + y }  b: do get("b") }\n return a - b',
         [Done(3, 1), Done(1, 5), Done(2, 6)], ["do get x", "do get y", "do get b"], 10),
    # cancelling
    Case("cancel", 'return do get("a")', [Cancel("why")], ["do get a", "cancel get"], Outcome("cancelled", cancelled("why"))),
    Case("cancel undoes", 'do put("a") compensate do undo("a")\n sleep 1h\n return 0', [Done("put"), Cancel(), Done("undo")],
         ["do put a 7", "undo undo a"], Outcome("cancelled", cancelled())),
    Case("Cancelled may be caught, and the run goes on", 'try { sleep 1h } catch Cancelled as c { log info c.reason }\n return 2',
         [Cancel("why")], ["log info why"], 2),
    Case("Q2 what an undo does is not cancelled; the next rest is",
         'try { do put("a") compensate do undo("a")\n fail Worse } catch Worse { do put("b") }\n return 0',
         [Done("put"), Cancel(), Done("undo")], ["do put a 7", "undo undo a"], Outcome("cancelled", cancelled())),
    Case("Q3 an effect with an undo is waited for when the run is cancelled",
         'do put("a") compensate do undo("a")\n log info "on"\n do put("b")\n return 0',
         [Cancel(), Done("put"), Done("undo")], ["do put a 7", "cancel put", "log info on", "undo undo a"],
         Outcome("cancelled", cancelled())),
    Case("Q4 every branch is cancelled, then the join",
         'try { parallel { a: { try { do put("a") } catch Cancelled { log info "a" } }  b: do put("b") } } '
         'catch Cancelled { log info "join" return 7 }\n return 0', [Cancel()],
         ["do put a 7", "do put b 7", "cancel put", "log info a", "cancel put", "log info join"], 7),
    Case("Q4 the join is cancelled though each branch went well",
         'parallel { a: { try { do put("a") } catch Cancelled { log info "a" } } }\n return 0', [Cancel()],
         ["do put a 7", "cancel put", "log info a"], Outcome("cancelled", cancelled())),
    Case("settle is cancelled too", 'parallel settle { a: do get("a") }\n log info a\n return 0', [Cancel()],
         ["do get a", "cancel get"], Outcome("cancelled", cancelled())),
    Case("Q5 each cancel raises again", 'try { sleep 1h } catch Cancelled { sleep 2h }\n return 0',
         [Cancel("one"), Cancel("two")], [], Outcome("cancelled", cancelled("two"))),
    # children, the end
    Case("spawn, send, wait", 'let k = spawn Kid(n, 2) id "k-${n}"\n send k.nudge("hi")\n send k.stop()\n let r = wait k\n return r',
         [Ended(1, 9)], ["spawn 1 Kid 3 2 k-3", "send 1 nudge hi", "send 1 stop"], 9),
    Case("a child's error", "let k = spawn Kid(n)\n return try { give wait k } catch Bad as b { give b.code }",
         [Ended(1, bad(5), failed=True)], ["spawn 1 Kid 3 1"], 5),
    Case("a child that ended before it was waited for, twice", 'let k = spawn Kid(n)\n do undo("a")\n let a = wait k\n let b = wait k\n'
         " return a + b", [Ended(1, 4), Done("undo")], ["spawn 1 Kid 3 1", "do undo a"], 8),
    Case("Q16 two branches wait for one child", 'let k = spawn Kid(n)\n parallel { a: wait k  b: { let m = wait k  do put("b") '
         "give m } }\n return a + b", [Ended(1, 4), Done("put")], ["spawn 1 Kid 3 1", "do put b 7"], 8),
    Case("Q16 and its error reaches both", 'let k = spawn Kid(n)\n parallel settle { a: wait k  b: wait k }\n return "${a} ${b}"',
         [Ended(1, bad(5), failed=True)], ["spawn 1 Kid 3 1"],
         "Failed(error: Bad, detail: Bad(code: 5)) Failed(error: Bad, detail: Bad(code: 5))", result="str"),
    Case("on handle", "let k = spawn Kid(n)\n select { on k as r => return r  on go => return 0 }", [Ended(1, 6)],
         ["spawn 1 Kid 3 1"], 6),
    Case("continue as new", 'try { do put("a") } finally { log info "f" }\n continue as new(n + 1, [n])', [Done("put")],
         ["do put a 7", "log info f"], Outcome("continued", (4, [3], None))),
]  # fmt: skip

__all__ = ["CASES", "Case", "Op", "bad", "cancelled", "ended", "gave_up", "line", "play", "program_of"]
