"""The public exceptions: what a caller of raftoral may catch.

Problems in an `.rft` file are not exceptions: they are values, returned all together. A run that
fails is not one either. Here stand only the faults that stop a call.
"""


class RaftoralError(Exception):
    """Any error that raftoral raises on purpose; catch it to catch them all."""


class UsageError(RaftoralError):
    """The caller is wrong: a bad argument, a file that is not there, a call at the wrong time.

    Raised at once, before anything has changed. The message says what to do instead, in words for
    people: the command line prints it as it stands, without a traceback.
    """


class RftError(RaftoralError, ImportError):
    """An `.rft` file that was imported has errors. The message has all of them, as `raftoral check` shows them."""


class StorageFailed(RaftoralError):
    """The disk is full, read-only, or broken. Nothing of the change that was being written is there."""


class StorageRefused(UsageError):
    """A data directory that cannot be opened: of another version, foreign, corrupt, or in use by another process."""
