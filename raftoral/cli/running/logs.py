"""What the workflow, its activities and the runtime log, as lines for a person: whose it is, and what it says.

In: records of the logger `raftoral`. Out: lines on standard error. Never a traceback that nobody asked for: `-v` does.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from raftoral.cli.terminal import Terminal


class Remarks(logging.Handler):
    """See the module. `node`: of many runs, so each line begins with the time of day, and how each ended is said."""

    def __init__(self, terminal: Terminal, node: bool = False) -> None:
        super().__init__()
        self._terminal = terminal
        self._times = node
        self._shows_ends = node or bool(terminal.verbose)

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "raftoral.runs" and record.levelno < logging.WARNING and not self._shows_ends:
            return
        line = self.format(record)
        if record.name == "raftoral.activity" and hasattr(record, "activity"):  # others begin with the run's id
            attempt = getattr(record, "attempt", 1)
            again = f" (attempt {attempt})" if attempt > 1 else ""
            activity = str(record.activity).rpartition(".")[2]
            line = f"{getattr(record, 'run_id', '')} {activity}{again}: {line}"
        if self._times:
            level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
            line = f"{time.strftime('%H:%M:%S', time.localtime(record.created))} {level}{line}"
        self._terminal.complain(line)


def show_logs(terminal: Terminal, *, node: bool = False) -> None:
    """From now on, all that is logged is shown: from `info` on, from `debug` with -v, from `warning` with -q."""
    log = logging.getLogger("raftoral")
    log.setLevel(logging.WARNING if terminal.quiet else logging.DEBUG if terminal.verbose else logging.INFO)
    log.propagate = False
    log.handlers = [Remarks(terminal, node)]
