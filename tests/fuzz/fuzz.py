"""Spoils programs until the compiler breaks: `python tests/fuzz/fuzz.py --seconds 60 --seed 7`.

Runs the whole pipeline in process (see `pipeline`) on spoiled texts of the corpus. What it finds
is made smaller and written to tests/fuzz/found/, where `test_found.py` replays it for ever; commit
it with the repair. Exit code 1 if something was found. The same seed makes the same inputs.

    --seconds N   stop after that time (default 60; 0: until Ctrl-C)
    --seed S      where chance starts (default: the clock's)
    --runs N      stop after N inputs
    --replay F    only look at that file
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.dsl import corpus, programs  # noqa: E402 - the path comes first
from tests.fuzz.mutations import Mutator  # noqa: E402
from tests.fuzz.pipeline import faults  # noqa: E402

FOUND = os.path.join(ROOT, "tests", "fuzz", "found")
FINDINGS_MAX = 20  # different ones; then there is enough to repair
SHRINK_SECONDS = 20.0
MEMORY_BYTES_MAX = 4 << 30


class Session:
    """One run of the fuzzer: counts, and remembers which faults were seen."""

    def __init__(self, seed: int) -> None:
        texts = [*corpus.texts().values(), *programs.project(600, seed=4).values()]
        self.mutator = Mutator(texts, seed)
        self.seed = seed
        self.runs = 0
        self.written: dict[str, str] = {}  # kind of fault -> file
        self.started = self.shown = time.monotonic()
        self.look_back()

    def look_back(self) -> None:
        """What was found earlier and is not repaired yet needs no second file."""
        for path in sorted(glob.glob(os.path.join(FOUND, "*.rft"))):
            with open(path, "rb") as file:
                for said in faults(file.read()):
                    print(f"STILL {said}")
                    self.written.setdefault(kind(said), os.path.relpath(path, os.getcwd()))

    def step(self) -> None:
        """One input."""
        raw = self.mutator.next()
        self.runs += 1
        for said in faults(raw):
            if kind(said) not in self.written:
                self.keep(raw, said)
        if time.monotonic() - self.shown > 5:
            self.shown = time.monotonic()
            print(self.summary(), flush=True)

    def keep(self, raw: bytes, said: str) -> None:
        """Writes the input, made smaller, and says how to see the fault again."""
        small = shrink(raw, kind(said))
        name = f"{hashlib.sha256(small).hexdigest()[:12]}.rft"
        path = os.path.join(FOUND, name)
        os.makedirs(FOUND, exist_ok=True)
        with open(path, "wb") as file:
            file.write(small)
        shown = os.path.relpath(path, os.getcwd())
        self.written[kind(said)] = shown
        print(f"FOUND {said}\n  python tests/fuzz/fuzz.py --replay {shown}", flush=True)

    def summary(self) -> str:
        took = time.monotonic() - self.started
        rate = self.runs / took if took else 0.0
        found = f"{len(self.written)} found"
        return f"{self.runs:,} inputs in {took:.0f} s ({rate:.0f}/s), seed {self.seed}, {found}"


def kind(said: str) -> str:
    """What makes two faults the same: all but the words of the exception."""
    return re.sub(r": '.*| \d+ lines", "", said)


def shrink(raw: bytes, wanted: str) -> bytes:
    """A smaller input with the same fault: lines go first, then ever smaller pieces."""
    end = time.monotonic() + SHRINK_SECONDS

    def still(candidate: bytes) -> bool:
        return any(kind(said) == wanted for said in faults(candidate))

    for pattern in (rb"[^\n]*\n|[^\n]+", rb"\w+|\s+|[^\w\s]", rb"(?s:.)"):
        pieces = re.findall(pattern, raw)
        size = max(1, len(pieces) // 2)
        while size and time.monotonic() < end:
            at = 0
            while at < len(pieces) and time.monotonic() < end:
                fewer = pieces[:at] + pieces[at + size :]
                if still(b"".join(fewer)):
                    pieces = fewer
                else:
                    at += size
            size //= 2
        raw = b"".join(pieces)
    return raw


def replay(path: str) -> int:
    with open(path, "rb") as file:
        said = faults(file.read())
    print("\n".join(said) or "nothing is wrong with it")
    return 1 if said else 0


def main(words: list[str]) -> int:
    options = {"--seconds": "60", "--seed": str(time.time_ns() % 1_000_000), "--runs": "0"}
    while words:
        name, words = words[0], words[1:]
        if name == "--replay" and words:
            return replay(words[0])
        if name not in options or not words:
            print(__doc__)
            return 0 if name in ("-h", "--help") else 2
        options[name], words = words[0], words[1:]
    _bound_memory()
    session = Session(int(options["--seed"]))
    seconds, runs = float(options["--seconds"]), int(options["--runs"])
    try:
        most = len(session.written) + FINDINGS_MAX
        while len(session.written) < most:
            if seconds and time.monotonic() - session.started > seconds:
                break
            if runs and session.runs >= runs:
                break
            session.step()
    except KeyboardInterrupt:
        print("stopped")
    print(session.summary())
    for said, path in session.written.items():
        print(f"  {path}  {said}")
    return 1 if session.written else 0


def _bound_memory() -> None:
    """Ends in a MemoryError, which is a finding, instead of ending the machine."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, most))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
