"""What the tests of logs, metrics and traces share: a program, and somebody who listens to `logging`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

TEXT = """
error Declined { code: int }
activity charge(who: str) -> int raises Declined { timeout: 10s, retry: 3 times backoff 10s except Declined }
activity ship(who: str) { timeout: 10s, retry: never }

workflow Sell version 2 (who: str) -> int raises Declined {
  checkpoint paid = 0
  signal go
  log info "selling to ${who}"
  paid = do charge(who)
  log warn "paid"
  do ship(who)
  return 10 // paid
}

workflow Wait version 1 () {
  signal go
  wait go within 1h
}

workflow Parent version 1 () -> int raises Declined {
  return do Sell("kid")
}
"""


class Records(logging.Handler):
    """Keeps what it is given. Does not depend on what other tests made of the loggers above."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.all.append(record)

    def events(self) -> list[tuple[str, str]]:
        """(level, event) of those that have one."""
        return [(each.levelname, vars(each)["event"]) for each in self.all if "event" in vars(each)]

    def of(self, event: str) -> logging.LogRecord:
        [found] = [each for each in self.all if vars(each).get("event") == event]
        return found

    def said(self, logger: str) -> list[str]:
        return [each.getMessage() for each in self.all if each.name == logger]


def fields(record: logging.LogRecord, *names: str) -> tuple[object, ...]:
    return tuple(vars(record).get(name) for name in names)


@contextmanager
def listening(level: int = logging.DEBUG, logger: str = "raftoral") -> Iterator[Records]:
    """Listens to a logger and all below it, at a level."""
    log, records = logging.getLogger(logger), Records()
    before = log.level
    log.setLevel(level)
    log.addHandler(records)
    try:
        yield records
    finally:
        log.removeHandler(records)
        log.setLevel(before)
