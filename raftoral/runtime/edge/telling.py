"""What the runtime tells `logging`, in words for people and in fields for machines.

    raftoral.runs      a run started (DEBUG), ended (INFO), stalled (WARNING), faulted (ERROR)
    raftoral.effects   an attempt failed (WARNING; DEBUG if the workflow declares the error), was abandoned
    raftoral.workflow  what a workflow says itself: `log info "..."`

In: what happened. Out: records with the fields of `docs/operations.md` in their `extra`. Nothing is put together for a
level that nobody listens to. Never tells what a run was given or gave, nor what the error holds with which it failed:
that may be secret.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from ..ports import Attempt, Failed, Row

if TYPE_CHECKING:
    from ..core.lifecycle import Tell

RUNS = logging.getLogger("raftoral.runs")
EFFECTS = logging.getLogger("raftoral.effects")
WORKFLOW = logging.getLogger("raftoral.workflow")

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


def fields_of(attempt: Attempt) -> dict[str, object]:
    """What a record says of the attempt that it is about."""
    return {
        "run_id": attempt.id,
        "run": attempt.run,
        "workflow": attempt.workflow,
        "version": attempt.version,
        "slot": attempt.slot,
        "activity": attempt.activity.full_name,
        "attempt": attempt.number,
    }


def _fields_of_run(row: Row, event: str) -> dict[str, object]:
    return {"event": event, "run_id": row.id, "run": row.run, "workflow": row.workflow, "version": row.version}


def tell_started(row: Row) -> None:
    """A run began."""
    if RUNS.isEnabledFor(logging.DEBUG):
        RUNS.debug("%s: started %s", row.id, row.workflow, extra=_fields_of_run(row, "run_started"))


def tell_ended(row: Row) -> None:
    """A run ended. One that failed did so as its workflow says: that is no warning."""
    if not RUNS.isEnabledFor(logging.INFO):
        return
    fields = _fields_of_run(row, "run_ended")
    seconds = fields["seconds"] = seconds_of(row)
    fields["status"] = row.status
    because = ""
    if row.status == "failed":
        fields["error"] = kind_of(row)
        because = f": {fields['error']}"
    RUNS.info("%s: %s after %.3f s%s", row.id, row.status, seconds, because, extra=fields)


def tell(action: Tell) -> None:
    """What a workflow says, or what the machine has to say of its run."""
    logger, level = RUNS if action.event else WORKFLOW, _LEVELS[action.level]
    if logger.isEnabledFor(level):
        fields: dict[str, object] = {
            "run_id": action.id,
            "run": action.run,
            "workflow": action.workflow,
            "version": action.version,
            "slot": action.slot,
        }
        if action.event:
            fields["event"] = action.event
        logger.log(level, "%s: %s", action.id, action.message, extra=fields)


def tell_failed(report: Failed) -> None:
    """An error that the workflow does not know is news for whoever wrote the activity; one that it declares is not."""
    level = logging.WARNING if report.error is None else logging.DEBUG
    if report.kind == "Stopped" or not EFFECTS.isEnabledFor(level):
        return
    attempt = report.attempt
    what = f"{report.kind}: {report.detail}" if report.detail else report.kind
    said = "%s: %s failed (attempt %s): %s"
    fields = {**fields_of(attempt), "event": "attempt_failed", "error": report.kind, "seconds": report.seconds}
    if report.trace:
        fields["traceback"] = report.trace
    EFFECTS.log(level, said, attempt.id, attempt.activity.name, attempt.number, what, extra=fields)
    if report.trace:
        EFFECTS.debug("%s", report.trace, extra=fields_of(attempt))


def seconds_of(row: Row) -> float:
    """How long a run took that has ended."""
    return ((row.ended or row.updated) - row.created) / 1e6


def kind_of(row: Row) -> str:
    """With which error a run failed: its name, and nothing of what it holds."""
    return str(json.loads(row.failure).get("kind", "")) if row.failure is not None else ""


__all__ = ["fields_of", "kind_of", "seconds_of", "tell", "tell_ended", "tell_failed", "tell_started"]
