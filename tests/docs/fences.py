"""The fenced programs of the documents, and how a fragment becomes a whole program.

    ```rft                     a whole program
    ```rft RFT0107             a whole program that gives these codes and nothing else
    ```rft module              declarations, without `rft 1`
    ```rft workflow            statements of a workflow
    ```rft expr                expressions, one a line

A fragment may use what `PRELUDE` and `SHELL` declare, and may declare something of the same name instead. A value
that a fragment names and does not read is no fault of it. A whole program may import the others of its document.
Input: Markdown. Output: `Fence`s. Opens no file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from raftoral.dsl.compile import check
from raftoral.dsl.diagnostics import Problem
from raftoral.dsl.source import Source
from tests.dsl.test_explain import World

FENCE = re.compile(r"^```rft(?: ([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"RFT\d{4}")
MODULE = re.compile(r"^module ([a-z0-9_.]+)", re.MULTILINE)
NAMED = re.compile(
    r"^ *(?:record|error|enum|union|const|fn|activity|signal|checkpoint|query|workflow)\s+(\w+)", re.MULTILINE
)
KINDS = ("module", "workflow", "expr")
UNREAD = {"RFT0209", "RFT0610"}  # a fragment may name what it does not read

# What fragments use without declaring it. Each part is left out when the fragment declares its name itself.
PRELUDE = """
record Item { sku: str, price: decimal, qty: int }
record Order { id: str, customer: str, items: list[Item], note: str? = none, due: timestamp }
record Receipt { order_id: str, charge_id: str? = none }
record Trip { flight: str, room: str }
enum Stage { asking, escalated, paid }
enum Priority { low, normal, high }
union Decision { Approve(by: str), Reject(by: str, reason: str) }
union Payment { Card(last4: str), Invoice(due: timestamp), Free }
error OutOfStock { sku: str }
error CardDeclined { code: str }
error NoSeat { flight: str }
error NoRoom { city: str }
error Unavailable { reason: str }
error Withdrawn { by: str }
activity notify(who: str, text: str) { timeout: 10s }
activity reserve_stock(items: list[Item]) -> str raises OutOfStock { timeout: 10s }
activity release_stock(hold: str) { timeout: 10s, retry: forever backoff 1s..5m, key: "release-${hold}" }
activity charge_card(customer: str, amount: decimal) -> str raises CardDeclined {
  timeout: 30s
  key: "charge-${workflow.id}-${amount}"
}
activity pack(item: Item) { timeout: 5m }
activity count_stock(sku: str) -> int { timeout: 5s }
activity find_card(customer: str) -> str? { timeout: 5s }
activity load_features(customer: str) -> list[float] { timeout: 5s }
activity score_fraud(features: list[float]) -> float { timeout: 5s }
activity book_flight(to: str) -> str raises NoSeat { timeout: 30s }
activity cancel_flight(flight: str) { timeout: 30s, retry: forever backoff 1s..5m, key: "cancel-${flight}" }
activity book_room(city: str) -> str raises NoRoom { timeout: 30s }
activity cancel_room(room: str) { timeout: 30s, retry: forever backoff 1s..5m, key: "cancel-${room}" }
activity fetch_schema(source: str) -> str { timeout: 30s }
activity list_parts(source: str) -> list[str] { timeout: 30s }
activity load(part: str, schema: str) -> int { timeout: 10m }
activity publish(rows: int) { timeout: 1m }
fn total_of(items: list[Item]) -> decimal = sum([i.price * i.qty for i in items])
workflow Ship version 1 (order_id: str, express: bool = false) -> str raises Unavailable {
  signal changed_address(str)
  select {
    on changed_address as to => log info "now to ${to}"
    after 1d => log info "on its way"
  }
  return order_id
}
"""
# The workflow around statements; a signal is there only where it is mentioned.
SIGNALS = {"decide": "decide(Decision)", "withdraw": "withdraw", "stop": "stop"}
SHELL = """
workflow Fragment version 1 (order: Order, total: decimal, approvers: list[str], payment: Payment, priority: Priority,
  note: str?, source: str, xs: list[int], stocks: map[str, int], since: timestamp, x: float, n: int,
) raises OutOfStock, CardDeclined, NoSeat, NoRoom, Unavailable, Withdrawn {
  checkpoint stage = Stage.asking
  query stage_now() -> Stage = stage
"""


@dataclass(frozen=True)
class Fence:
    """One block: where it begins, what kind it is, the codes it is to give, and its text."""

    place: str
    kind: str
    codes: tuple[str, ...]
    text: str

    def program(self) -> str:
        """The whole program that the block stands for."""
        if not self.kind:
            return self.text
        if self.kind == "module":
            return f"rft 1\n\n{self.text}\n{prelude_without(self.text)}"
        lines = self.text.splitlines()
        body = lines if self.kind == "workflow" else [f"let value_{n} = {line}" for n, line in enumerate(lines) if line]
        signals = [f"signal {text}" for name, text in SIGNALS.items() if re.search(rf"\b{name}\b", self.text)]
        inside = "\n".join("  " + line for line in [*signals, *body])
        return f"rft 1\n\n{prelude_without('')}{SHELL}{inside}\n}}\n"

    @property
    def path(self) -> str:
        """Where the program would stand below the source root."""
        module = MODULE.search(self.text)
        return module[1].replace(".", "/") + ".rft" if module else "block.rft"

    def problems(self, others: list[Fence] | None = None) -> list[Problem]:
        """What the compiler says of it; it may import the whole programs among `others`."""
        files = {other.path: other.text for other in others or () if not other.kind}
        files[self.path] = text = self.program()
        (checked,) = check([Source(self.path, text)], World(files))
        return [problem for problem in checked.problems if not self.kind or problem.code not in UNREAD]


def prelude_without(text: str) -> str:
    """The declarations of the prelude whose names `text` leaves free."""
    taken = set(NAMED.findall(text)) | set(re.findall(r"\b([A-Z]\w*)(?=[(,} \n])", "".join(UNIONS.findall(text))))
    parts = re.split(r"\n(?=[a-z])", PRELUDE.strip())
    kept = [part for part in parts if not _names(part) & taken]
    return "\n".join(kept) + "\n"


UNIONS = re.compile(r"^union \w+ \{[^}]*\}", re.MULTILINE)


def _names(part: str) -> set[str]:
    names = {part.split()[1].split("(")[0]}
    if part.startswith("union "):
        names |= set(re.findall(r"[A-Z]\w*", part.partition("{")[2]))
    return names


def fences(path: str, text: str) -> list[Fence]:
    """The `rft` blocks of a document, in order."""
    found = []
    for block in FENCE.finditer(text):
        words = (block[1] or "").split()
        kind = words[0] if words and words[0] in KINDS else ""
        codes = tuple(CODE.findall(block[1] or ""))
        line = text.count("\n", 0, block.start()) + 1
        if [word for word in words if word != kind and word not in codes]:
            raise ValueError(f"{path}:{line}: a block says `{block[1]}`; its kinds are {KINDS}")
        found.append(Fence(f"{path}:{line}", kind, codes, block[2]))
    return found
