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
