"""Python's search for garbage, paused while a command works that soon ends.

    with Paused():
        problems = check_files(...)

Trees have few circles, so that the search costs a fifth of the time and more, and finds next to
nothing. Nothing that runs for long may use it.
"""

from __future__ import annotations

import gc


class Paused:
    """No search for garbage inside; afterwards it is as it was."""

    __slots__ = ("_was_on",)

    def __enter__(self) -> None:
        self._was_on = gc.isenabled()
        gc.disable()

    def __exit__(self, *fault: object) -> None:
        if self._was_on:
            gc.enable()
