"""Logs that machines can read: for `logging.config.dictConfig`, and for the loggers of activities.

    {"version": 1,
     "filters": {"run": {"()": "raftoral.logs.CallFields"}},
     "formatters": {"json": {"()": "raftoral.logs.JsonLines"}},
     "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["run"]}},
     "root": {"level": "INFO", "handlers": ["out"]}}

`JsonLines` writes a record as one line of JSON, with all that was given as `extra=`. `CallFields` adds, to whatever is
logged inside of an activity, by whomever, of which run, slot and attempt it is. `bound` does so for one logger.

In: records. Out: records with more fields, or text. Never raises for what a record holds, and never changes a field
that a record has already.
"""

from __future__ import annotations

import json
import logging
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

from raftoral.runtime.activity import CALL
from raftoral.runtime.edge.telling import fields_of

FIELDS = ("run_id", "run", "workflow", "version", "slot", "activity", "attempt")
"""What says where a record belongs. `docs/operations.md` has all fields."""

# What every record has by itself: everything else in it came as `extra=`.
_OWN = frozenset({*vars(logging.LogRecord("", 0, "", 0, "", (), None)), "message", "asctime", "taskName"})


class JsonLines(logging.Formatter):
    """A record as one line of JSON: `time`, `level`, `logger`, `message`, then its fields, and the traceback.

    What JSON cannot hold is written as its text. A field of the name of one of ours gets an underscore behind it.
    """

    def __init__(self) -> None:
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _said(record),
        }
        for name, value in vars(record).items():
            if name not in _OWN:
                line[f"{name}_" if name in line else name] = value
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            line["exception"] = record.exc_text
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return _json(line)


def _said(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # arguments that do not fit the format: the line is worth having all the same
        return f"{record.msg} {_text(record.args)}"


def _json(line: dict[str, Any]) -> str:
    """Text without a line break. Halves of surrogate pairs are escaped: a stream could not write them."""
    try:
        text = json.dumps(line, default=_text, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):  # keys that are no texts, circles, a number that JSON has not
        text = json.dumps({str(name): _plain(value) for name, value in line.items()}, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | None) else _text(value)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:
        return f"<{type(value).__name__}, whose text cannot be had: {type(error).__name__}>"


class CallFields(logging.Filter):
    """Adds to a record, if it comes from inside of an activity, the `FIELDS` of the call. Passes everything.

    Give it to a handler: a filter of a logger sees nothing of the loggers below. With `missing`, records from elsewhere
    have the fields too, so that a format may name them: `"%(run_id)s %(message)s"`.
    """

    def __init__(self, name: str = "", *, missing: str | None = None) -> None:
        super().__init__(name)
        self._missing = missing

    def filter(self, record: logging.LogRecord) -> bool:
        call = CALL.get(None)
        has = vars(record)
        if call is not None and "run_id" not in has:
            for name, value in fields_of(call.attempt).items():
                has.setdefault(name, value)
        if self._missing is not None:
            for name in FIELDS:
                has.setdefault(name, self._missing)
        return True


class _Bound(logging.LoggerAdapter[logging.Logger]):
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        call = CALL.get(None)
        if call is not None:
            kwargs["extra"] = {**fields_of(call.attempt), **(kwargs.get("extra") or {})}
        return msg, kwargs


def bound(logger: logging.Logger) -> logging.LoggerAdapter[logging.Logger]:
    """A logger whose records, inside of an activity, say of which run, slot and attempt they are.

    log = raftoral.logs.bound(logging.getLogger(__name__))
    """
    return _Bound(logger, {})


__all__ = ["FIELDS", "CallFields", "JsonLines", "bound"]
