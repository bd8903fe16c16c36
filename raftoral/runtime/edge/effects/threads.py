"""Threads for activities that are ordinary functions.

    threads.run(job)    ->    job() in one of at most `most` threads

Not `concurrent.futures.ThreadPoolExecutor`, for one reason: Python joins the threads of executors when the process
ends. Nobody can stop a thread from outside, so one activity that hangs for ever would keep its node from ever ending.
These are daemons: a process leaves them behind. And they need no futures, as each job answers for itself.

In: jobs that never raise, from one thread, no more at a time than there are threads (`lanes` counts). Out: nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

Job = Callable[[], object]


class Threads:
    """A thread is started when no other is free, and kept."""

    def __init__(self, most: int, name: str = "raftoral-activity") -> None:
        self._most = most
        self._name = name
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._started = 0
        self._busy = 0

    def run(self, job: Job) -> None:
        """Begins a job as soon as a thread is free."""
        if self._busy >= self._started < self._most:
            threading.Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()
            self._started += 1
        self._busy += 1
        self._jobs.put(job)

    def free(self) -> None:
        """A job has ended. Said by the one who calls `run`, in the same thread, so that nothing here needs a lock."""
        self._busy -= 1

    def close(self) -> None:
        """Each thread ends when it is free. Waits for none."""
        for _ in range(self._started):
            self._jobs.put(None)
        self._started = 0

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # what it holds shall not live until the next one comes
