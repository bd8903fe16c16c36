"""The programs that the simulator brings along, and programs of others made ready for it.

    shipped()                                   the programs below, as a `Catalog`
    Catalog.of([MyWorkflow.DEFINITION])         definitions that are there already

A text goes through the compiler, once in a process. Two versions of one workflow are there, so that a deploy in
mid-run means something. Opens no file; runs no activity.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from raftoral.errors import UsageError
from raftoral.program.steps import Definition
from raftoral.runtime.cluster.packages import package_of

if TYPE_CHECKING:
    from raftoral.dsl.source import Source

MODULE = "simulated"
TALLY = f"{MODULE}.Tally"  # the checkers know it: what it has seen is a list to which signals append

TEXT = """rft 1
module simulated

record Order { id: str, amount: int, note: str? = none }
enum Size { small  large }
error Declined { code: int }
error Gone

activity quote(order: Order) -> int { timeout: 10s, retry: 3 times }
activity charge(id: str, amount: int) -> str raises Declined {
  timeout: 10s
  retry: 3 times backoff 1s..1m except Declined
  key: "charge-${id}"
}
activity refund(id: str) { timeout: 10s, retry: forever backoff 1s..1m, key: "refund-${id}" }
activity hold(item: str) -> str raises Gone { timeout: 10s, retry: 2 times }
activity release(held: str) { timeout: 10s, retry: forever, key: "release-${held}" }
activity dial(number: str) -> int { timeout: 10s, once: at_most, retry: 2 times }
activity size_of(item: str) -> Size { timeout: 10s }

## All signals that came, in their order.
workflow Tally version 1 () -> list[str] {
  checkpoint seen: list[str] = []
  signal add(str)
  signal stop
  while true {
    select {
      on add as each => seen = seen + [each]
      on stop => return seen
    }
  }
}

workflow Pay version 1 (order: Order) -> str raises Declined {
  checkpoint stage = "new"
  signal hurry
  let price = do quote(order)
  stage = "quoted"
  select {
    on hurry => log info "in a hurry"
    after 2h => stage = "late"
  }
  let paid = do charge(order.id, price + order.amount)
  stage = "paid"
  return "${stage} ${paid}"
}

## The newer one: deployed in mid-run.
workflow Pay version 2 (order: Order) -> str raises Declined {
  checkpoint stage = "newer"
  signal hurry
  let paid = do charge(order.id, order.amount)
  return "${stage} ${paid}"
}

workflow Dial version 1 (number: str, times: int = 2) -> int {
  checkpoint total = 0
  for i in 1..min(times, 3) {
    try {
      let got = do dial("${number} ${i}")
      total = total + got
    } catch Interrupted { log warn "it may have rung" }
      catch ActivityFailed { log warn "nobody there" }
  }
  return total
}

workflow Trip version 1 (items: list[str], most: int = 2) -> str {
  checkpoint held = 0
  signal go(int)
  return try {
    let got = parallel for item in items limit 2 {
      let h = do hold(item) compensate do release(h)
      let size = do size_of(item)
      give "${h} ${size}"
    }
    let price = wait go within 1d
    if price is none { fail Gone }
    held = len(got)
    let id = do charge("trip ${workflow.id}", price) compensate do refund("trip ${workflow.id}")
    if len(got) > most { fail Gone }
    give "${got} ${id}"
  } catch Gone | Declined as why {
    give "no trip: ${why}"
  } finally {
    log info "over"
  }
}

workflow Part version 1 (n: int) -> int raises Gone {
  signal nudge(int)
  let first = do quote(Order(id: "part ${n}", amount: n))
  let more = wait nudge within 30m
  if first == 7 { fail Gone }
  return first + (more ?? 0)
}

workflow Whole version 1 (n: int) -> int raises Gone {
  checkpoint at = "begun"
  let kid = spawn Part(n)
  send kid.nudge(5)
  parallel {
    a: try { give wait kid } catch Gone | ActivityFailed { give 0 }
    b: { sleep 10m  give do quote(Order(id: "b", amount: n, note: "from b")) }
    c: select {
      do Part(n + 1) as m => give m
      after 3h => give 8
    }
  }
  at = "joined"
  dag {
    x: do quote(Order(id: "x", amount: a))
    y: do quote(Order(id: "y", amount: b))
    z after x: do quote(Order(id: "z", amount: y + c))
  }
  return x + y + z
}

workflow Rounds version 1 (n: int, left: int = 6) -> int {
  if left <= 0 { return n }
  let more = do quote(Order(id: "round ${left}", amount: n))
  continue as new(n + more, left - 1)
}

workflow Monthly version 1 (n: int, left: int = 3) -> int {
  signal stop
  if left <= 0 { return n }
  let more = do quote(Order(id: "month ${n}", amount: n))
  select {
    on stop => return n
    after 30d => log info "another month"
  }
  continue as new(n + more, left - 1)
}
"""


class Catalog(NamedTuple):
    """Programs, and the packages in which a cluster gets them: the first before all else, the others some time."""

    definitions: list[Definition]
    packages: list[bytes]

    @staticmethod
    def of(definitions: Sequence[Definition]) -> Catalog:
        """Definitions that are there: a package names them, and every node takes its own."""
        return Catalog(list(definitions), [package_of([], definitions)])

    def workflow(self, name: str) -> bool:
        """Whether a workflow of that name is there."""
        return any(each.name == name for each in self.definitions)


@cache
def shipped() -> Catalog:
    """The programs above; the second package brings a newer version of one."""
    every = definitions_in(compiled({f"{MODULE}.rft": TEXT}))
    later = [each for each in every if each.version == 2]
    return Catalog(every, [package_of([], [each for each in every if each not in later]), package_of([], later)])


def compiled(files: Mapping[str, str]) -> list[ModuleType]:
    """The generated modules of texts, by path. Errors in them are a `UsageError`."""
    from raftoral.cli import templates
    from raftoral.dsl.compile import check
    from raftoral.dsl.compile.modules import compile_modules
    from raftoral.dsl.source import Source

    checked = check([Source(path, text) for path, text in files.items()], _Texts(files))
    errors = [f"{each.source.path}: {p.code} {p.headline}" for each in checked for p in each.problems if p.is_error]
    if errors:
        raise UsageError("\n".join(errors))
    texts = compile_modules(checked, "0.0.0", templates.read, lay_out=str)
    waiting = {path.removesuffix(".py").replace("/", "."): text for path, text in texts.items()}
    made: list[ModuleType] = []
    while waiting:  # those first that others import
        ready = [
            name for name, text in waiting.items() if not any(f"\nfrom {other} import" in text for other in waiting)
        ]
        for name in ready:
            module = ModuleType(name)
            sys.modules[name] = module  # where annotations of records, and errors, are looked up
            exec(compile(waiting.pop(name), f"<{name}>", "exec", dont_inherit=True), vars(module))
            made.append(module)
    return made


def definitions_in(modules: Iterable[ModuleType]) -> list[Definition]:
    """The workflows of modules."""
    found: list[Any] = [getattr(value, "DEFINITION", None) for module in modules for value in vars(module).values()]
    return [each for each in dict.fromkeys(found) if isinstance(each, Definition)]


class _Texts:
    """The world of the compiler: these texts and no other file."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def module(self, name: str, root: str) -> Source | None:
        from raftoral.dsl.source import Source

        path = name.replace(".", "/") + ".rft"
        return Source(path, self._files[path]) if path in self._files else None

    def python(self, name: str, root: str) -> Source | None:
        return None

    def modules(self, root: str) -> list[str]:
        return sorted(path.removesuffix(".rft").replace("/", ".") for path in self._files)
