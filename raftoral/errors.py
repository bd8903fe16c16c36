"""The public exceptions: what a caller of raftoral may catch.

Problems in an `.rft` file are not exceptions: they are values, returned all together. A run that
fails is not one either. Here stand only the faults that stop a call. Each says of itself, for programs:

    category    "Infrastructure": a disk, a network, a node. "Configuration": what was asked for, or how it was
                set up. "Application": the user's own code
    retryable   whether the same call may succeed later, without anybody mending anything
    code        stable, for programs; the message is for people
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar, Literal

    Category = Literal["Infrastructure", "Configuration", "Application"]


class RaftoralError(Exception):
    """Any error that raftoral raises on purpose; catch it to catch them all."""

    category: ClassVar[Category] = "Infrastructure"
    retryable: ClassVar[bool] = False
    code: ClassVar[str] = "raftoral"


class UsageError(RaftoralError):
    """The caller is wrong: a bad argument, a file that is not there, a call at the wrong time.

    Raised at once, before anything has changed. The message says what to do instead, in words for
    people: the command line prints it as it stands, without a traceback.
    """

    category = "Configuration"
    code = "usage"


class RftError(RaftoralError, ImportError):
    """An `.rft` file that was imported has errors. The message has all of them, as `raftoral check` shows them."""

    category = "Configuration"
    code = "rft"


class StorageFailed(RaftoralError):
    """The disk is full, read-only, or broken. Nothing of the change that was being written is there."""

    retryable = True
    code = "storage-failed"


class StorageRefused(UsageError):
    """A data directory that cannot be opened: of another version, foreign, corrupt, or in use by another process."""

    code = "storage-refused"


class ResourceFailed(RaftoralError):
    """A resource could not be made. The message names it; what its factory raised is the cause.

    Retryable: the database that it connects to may be away for a moment.
    """

    category = "Configuration"
    retryable = True
    code = "resource-failed"


# --- of runs -----------------------------------------------------------------------------------------------------


class NotFound(RaftoralError):
    """There is no such run."""

    category = "Application"
    code = "not-found"


class AlreadyExists(RaftoralError):
    """There is a run of that id already, and it is another one."""

    category = "Application"
    code = "already-exists"


class RunEnded(RaftoralError):
    """The run has ended: it cannot be signalled, cancelled or resumed any more."""

    category = "Application"
    code = "ended"


class StillRunning(RaftoralError):
    """The run has not ended, and what was asked for needs that."""

    category = "Application"
    code = "still-running"


class UnknownProgram(RaftoralError):
    """The workflow, or this version of it, is not known here."""

    category = "Configuration"
    code = "no-program"


class UnknownSignal(RaftoralError):
    """The workflow has no such signal or query."""

    category = "Application"
    code = "no-signal"


class QueryFailed(RaftoralError):
    """A query has a bug: a division by zero, an overflow. The run itself goes on."""

    category = "Application"
    code = "query-failed"


class WrongInput(UsageError):
    """Arguments that do not fit their types. The message names the field."""

    code = "wrong-input"


class Full(RaftoralError):
    """The run holds as many messages as it may, and takes no other one until some of them were read."""

    category = "Application"
    retryable = True
    code = "full"


class WaitTimeout(RaftoralError, TimeoutError):
    """The run did not end in time. It goes on: ask again."""

    retryable = True
    code = "timeout"


class Unavailable(RaftoralError):
    """No node that could do it answered in time: there is no leader, too much waits, or a node went away.

    It may have been done all the same: the same call again, with the same id, does it once.
    """

    retryable = True
    code = "unavailable"


class Denied(RaftoralError):
    """The token is missing, unknown, or of somebody who may not do this."""

    category = "Configuration"
    code = "denied"


class InUse(RaftoralError):
    """A program that runs still need cannot be retired. The message says how many, and where."""

    category = "Application"
    code = "in-use"


class Closed(UsageError):
    """The runtime was closed."""

    code = "closed"


class RunFailed(RaftoralError):
    """A run ended without a result. `error` is what left it: a declared error of the workflow, typed.

    try:
        receipt = await run.result()
    except raftoral.RunFailed as failed:
        match failed.error:
            case CardDeclined(code=code): ...
    """

    category = "Application"
    code = "run-failed"

    def __init__(self, id: str, status: str, error: Exception | None, message: str = "") -> None:
        super().__init__(message or f"the run {id!r} {status}" + (f": {error}" if error is not None else ""))
        self.id = id
        self.status = status
        self.error = error


class RunCancelled(RunFailed):
    """Somebody cancelled the run."""

    code = "run-cancelled"


class RunTerminated(RunFailed):
    """Somebody ended the run at once."""

    code = "run-terminated"


def _all(cls: type[RaftoralError]) -> list[type[RaftoralError]]:
    return [cls, *(each for below in cls.__subclasses__() for each in _all(below))]


def of_code(code: str, message: str) -> RaftoralError:
    """The exception that a code on the wire stands for. A code of a newer version is a plain `RaftoralError`."""
    known = {cls.code: cls for cls in _all(RaftoralError) if not issubclass(cls, RunFailed)}
    return known.get(code, RaftoralError)(message)
