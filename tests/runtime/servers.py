"""PostgreSQL and Redis for a test: own processes, on a free port of this machine, in a directory that goes with them.

    with postgres() as server:
        connect(port=server.port)
        server.stop(); server.start()

Never a server that somebody else started. What is not installed is skipped, and the reason says what to install.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

STARTS_MAX = 5  # a port that was free may be taken by another test
HANGS_SECONDS = 60.0  # what a server that never is ready is given; nothing depends on it


class Server(ABC):
    """One server. `start` returns when it takes connections."""

    ready: str  # what it says then

    def __init__(self, where: str) -> None:
        self.where = where
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        self._drain: threading.Thread | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Makes the directory ready for the first start."""

    @abstractmethod
    def command(self) -> list[str]:
        """What runs it, in the foreground, saying what it does."""

    def start(self) -> None:
        """On the port that it had before, or on a free one."""
        said: list[str] = []
        for _ in range(STARTS_MAX):
            if not self.port:
                self.port = free_port()
            if self._try(said):
                return
            self.stop()
            self.port = 0
        raise AssertionError(f"{type(self).__name__} does not start:\n" + "".join(said))

    def _try(self, said: list[str]) -> bool:
        process = self._process = run(self.command(), self.where)
        known, is_ready = threading.Event(), []

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:  # to its end, so that it never waits for a reader
                said.append(line)
                if self.ready in line:
                    is_ready.append(True)
                    known.set()
            known.set()

        self._drain = threading.Thread(target=read)
        self._drain.start()
        known.wait(HANGS_SECONDS)
        return bool(is_ready)

    def stop(self) -> None:
        """Ends it as an operator would; it may be started again, with what it has stored."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(2)  # PostgreSQL: connections are ended too
            process.wait()
            assert process.stdout is not None and self._drain is not None
            self._drain.join()
            process.stdout.close()


S = TypeVar("S", bound=Server)


class Postgres(Server):
    ready = "database system is ready to accept connections"

    def __init__(self, where: str, programs: str) -> None:
        super().__init__(where)
        self.programs = programs

    def prepare(self) -> None:
        words = ["-D", f"{self.where}/data", "-U", "shop", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        made = run([f"{self.programs}/initdb", *words], self.where)
        said, _ = made.communicate()
        assert made.returncode == 0, said

    def command(self) -> list[str]:
        settings = [
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "fsync=off",
            "-c",
            f"unix_socket_directories={self.where}",
        ]
        return [f"{self.programs}/postgres", "-D", f"{self.where}/data", "-p", str(self.port), *settings]


class Redis(Server):
    ready = "Ready to accept connections"

    def __init__(self, where: str, program: str) -> None:
        super().__init__(where)
        self.program = program

    def prepare(self) -> None:
        pass

    def command(self) -> list[str]:
        durable = ["--appendonly", "yes", "--save", ""]
        return [self.program, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", self.where, *durable]


@contextmanager
def postgres() -> Iterator[Postgres]:
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: float(path.split("/")[4]))
    program = shutil.which("postgres") or (found[-1] if found else None)
    if program is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    with directory() as where, running(Postgres(where, os.path.dirname(os.path.realpath(program)))) as server:
        yield server


@contextmanager
def redis() -> Iterator[Redis]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed (Debian: apt install redis-server)")
    with directory() as where, running(Redis(where, program)) as server:
        yield server


@contextmanager
def running(server: S) -> Iterator[S]:
    server.prepare()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def directory() -> Iterator[str]:
    """A directory for a server; of another user if we are root, whom PostgreSQL refuses."""
    with tempfile.TemporaryDirectory(prefix="raftoral-server-") as where:
        user = other_user()
        if user is not None:
            os.chown(where, user.pw_uid, user.pw_gid)
        yield where


def other_user() -> pwd.struct_passwd | None:
    """Who runs servers, if we may not."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("we are root, and there is no other user who could run a server")


def run(words: list[str], where: str) -> subprocess.Popen[str]:
    user = other_user()
    return subprocess.Popen(
        words,
        cwd=where,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": where},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        user=user.pw_uid if user is not None else None,
        group=user.pw_gid if user is not None else None,
        extra_groups=[] if user is not None else None,
    )


def free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])
