"""What an activity gave or raised, as the report of its attempt.

    "ch_1"                    ->  Done(result=b'"ch_1"')
    None, for a text          ->  Failed(kind="WrongResult", detail="the result of charge_card: a text was expected, …")
    CardDeclined(code="51")   ->  Failed(kind="CardDeclined", error=b'{"fields":{"code":"51"},"kind":"CardDeclined"}')
    OSError("refused")        ->  Failed(kind="OSError", detail="refused", trace=...)

In: values and exceptions of the service's code, which may be anything. Out: `Done` or `Failed`, with texts that are
bounded and can be encoded. Never raises, whatever an exception's own methods do.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any

from raftoral.program.codec import Codec, codec_of
from raftoral.program.faults import Fault, TooLarge
from raftoral.runtime.bindings import Binding
from raftoral.runtime.ports import Attempt, Done, Failed

VALUE_BYTES_MAX = 1024 * 1024
DETAIL_CHARS_MAX = 2_000
TRACE_CHARS_MAX = 8 * 1024
TRACE_FRAMES_MAX = 50

# Modules whose frames stand above the activity's own: ours, and what runs tasks when it is written in Python.
_ABOVE = ("raftoral.runtime.edge", "asyncio.tasks")


@dataclass(frozen=True, slots=True)
class Ending:
    """Why an attempt is being ended from outside."""

    kind: str
    detail: str
    retryable: bool = True


class Performer:
    """An activity with its implementation, and all that is needed for each call of it."""

    __slots__ = ("_dumps", "_raises", "activity", "coroutine", "function", "threaded")

    def __init__(self, binding: Binding) -> None:
        self.activity = binding.activity
        self.function = binding.function
        self.coroutine = binding.coroutine
        self.threaded = not binding.on_loop
        self._dumps = codec_of(self.activity.result).dumps
        self._raises: dict[type, tuple[str, Codec[Any]]] = {
            each: (each.KIND, codec_of(each)) for each in self.activity.raises
        }

    def gave(self, attempt: Attempt, value: object, seconds: float) -> Done | Failed:
        """The report of an attempt that returned."""
        try:
            data = self._dumps(value)
        except Exception as error:
            return self._misfit(attempt, error, f"the result of {self.activity.name}", seconds)
        if len(data) > VALUE_BYTES_MAX:
            return self._too_large(attempt, len(data), f"the result of {self.activity.name}", seconds)
        return Done(attempt, data, seconds)

    def raised(self, attempt: Attempt, error: BaseException, ending: Ending | None, seconds: float) -> Failed:
        """The report of an attempt that raised. With an `ending` it was told to stop, and what it raises is its answer
        to that, unless it is an error that the workflow knows."""
        declared = self._declared_as(error)
        if declared is not None:
            return self._declared(attempt, error, *declared, seconds)
        trace = trace_of(error)
        if ending is not None:
            return Failed(attempt, ending.kind, ending.detail, None, trace, ending.retryable, seconds)
        return Failed(attempt, type(error).__name__, text_of(error), None, trace, not _is_final(error), seconds)

    def _declared_as(self, error: BaseException) -> tuple[str, Codec[Any]] | None:
        """The name of an error and how it is written, if the activity declares it, or a base of it."""
        if not self._raises:
            return None
        found = self._raises.get(type(error))
        if found is not None:
            return found
        return next((declared for cls, declared in self._raises.items() if isinstance(error, cls)), None)

    def _declared(self, attempt: Attempt, error: BaseException, kind: str, codec: Codec[Any], seconds: float) -> Failed:
        what = f"the error {kind} of {self.activity.name}"
        try:
            data = codec.dumps(error)
        except Exception as fault:
            return self._misfit(attempt, fault, what, seconds)
        if len(data) > VALUE_BYTES_MAX:
            return self._too_large(attempt, len(data), what, seconds)
        # Retryable as far as we are concerned: which declared errors are final is written in the workflow.
        return Failed(attempt, kind, text_of(error), data, "", True, seconds)

    def _misfit(self, attempt: Attempt, error: Exception, what: str, seconds: float) -> Failed:
        kind = "TooLarge" if isinstance(error, TooLarge | RecursionError) else "WrongResult"
        said = error.message if isinstance(error, Fault) else f"{type(error).__name__}: {text_of(error)}"
        return Failed(attempt, kind, bounded(f"{what}: {said}", DETAIL_CHARS_MAX), None, "", False, seconds)

    def _too_large(self, attempt: Attempt, size: int, what: str, seconds: float) -> Failed:
        detail = (
            f"{what} has {size:,} bytes, and at most {VALUE_BYTES_MAX:,} are kept: store it elsewhere, and return where"
        )
        return Failed(attempt, "TooLarge", detail, None, "", False, seconds)


def ended(attempt: Attempt, ending: Ending, seconds: float) -> Failed:
    """The report of an attempt that gave no answer of its own."""
    return Failed(attempt, ending.kind, ending.detail, None, "", ending.retryable, seconds)


def _is_final(error: BaseException) -> bool:
    """Whether an exception says of itself that there is no use in another attempt."""
    try:
        return getattr(error, "retryable", True) is False
    except Exception:
        return False


def text_of(error: BaseException) -> str:
    """What an exception says, bounded."""
    try:
        return bounded(str(error), DETAIL_CHARS_MAX)
    except Exception as problem:
        return f"(its text could not be made: {type(problem).__name__})"


def trace_of(error: BaseException) -> str:
    """The traceback from the activity's own frames on. Of a long one the end is kept: there it was raised."""
    at = error.__traceback__
    while at is not None and at.tb_frame.f_globals.get("__name__", "").startswith(_ABOVE):
        at = at.tb_next
    try:
        found = traceback.TracebackException(type(error), error, at, limit=-TRACE_FRAMES_MAX, compact=True)
        text = "".join(found.format())
    except Exception as problem:
        return f"(its traceback could not be made: {type(problem).__name__})"
    if len(text) > TRACE_CHARS_MAX:
        text = "…" + text[1 - TRACE_CHARS_MAX :]
    return bounded(text, TRACE_CHARS_MAX)


def bounded(text: str, most: int) -> str:
    """At most so many characters, all of which can be encoded: half of a surrogate pair becomes `?`."""
    if len(text) > most:
        text = text[: most - 1] + "…"
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
