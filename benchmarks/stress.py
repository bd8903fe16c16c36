"""Many runs and large payloads for long, each result checked: `./dev stress --minutes N [--nodes 3] [--out FILE]`.

    --minutes N        how long (1)
    --nodes N          that many processes on 127.0.0.1; without it, one process and no cluster
    --in-flight N      runs at once (200), divided among the nodes
    --payload BYTES    the largest text that a run carries (65536); each is of a length of its own
    --seed N           which runs there are
    --out FILE         appends a JSON line for each period and one for all of it

Each run takes a text through three effects and adds up numbers in two ways; it must give back exactly that. A run fails
if it ends in any other way or is not over within five minutes. Exit code 1 if anything failed or was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchmarks.measure import ROOT, Load, Progress
from benchmarks.nodes import NAMES, room

WORK = os.path.join(ROOT, "benchmarks", "stress_work.py")
PERIOD_S = 10.0  # of which there is a line each
GRACE_S = 330.0  # for runs that are under way at the end


class Worker:
    """A process that drives runs, and says a line of JSON for each period. A thread takes them down."""

    def __init__(self, words: list[str], errors: int) -> None:
        self.said: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [sys.executable, WORK, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        assert self.process.stdout is not None
        self.address = json.loads(self.process.stdout.readline() or '{"address": ""}')["address"]
        self.reader = threading.Thread(target=self._read, daemon=True)

    def begin(self) -> None:
        self.reader.start()
        self.tell()

    def tell(self) -> None:
        """Begin; and, the second time, that everybody is done."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write("\n")
            self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(json.loads(line))

    @property
    def done(self) -> bool:
        return self.process.poll() is not None or bool(self.said and self.said[-1].get("end"))

    @property
    def ended(self) -> int:
        """Its exit code; that of a process which had to be killed, if it does not end by itself."""
        code = self.process.poll()
        return -signal.SIGKILL if code is None else code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.reader.is_alive():
            self.reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


@contextlib.contextmanager
def workers(top: str, options: argparse.Namespace) -> Iterator[list[Worker]]:
    """The processes, ready; they begin together."""
    made: list[Worker] = []
    count = max(1, options.nodes)
    seconds = options.minutes * 60
    with open(os.path.join(top, "errors.txt"), "w") as errors:
        try:
            for name in NAMES[:count]:
                words = [os.path.join(top, name), name if options.nodes else "-", str(seconds)]
                words += [str(max(1, options.in_flight // count)), str(options.payload), str(options.seed)]
                made.append(Worker([*words, *[each.address for each in made[:1]]], errors.fileno()))
                if not made[-1].address:
                    raise SystemExit(f"stress: the process {name} ended:\n{_tail(errors.name)}")
            yield made
        finally:
            for worker in made:
                worker.close()


def stress(options: argparse.Namespace) -> dict[str, Any]:
    """Drives it; gives what is to be said of all of it."""
    progress, load, began = Progress("stress"), Load(), time.monotonic()
    with room("stress") as top:
        with workers(top, options) as made:
            for worker in made:
                worker.begin()
            ends = time.monotonic() + options.minutes * 60 + GRACE_S
            told = 0
            while not all(worker.done for worker in made) and time.monotonic() < ends:
                time.sleep(0.2)
                told = _tell(made, told, options, progress)
            _tell(made, told, options, progress, last=True)
            for worker in made:
                worker.tell()  # others may still need a node that is done itself
            for worker in made:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    worker.process.wait(20)
        progress.close()
        whole = {"stress": "whole", **_about(options), "seconds": round(time.monotonic() - began, 1)}
        whole |= _summed([[line for line in worker.said if line.get("end")] for worker in made])
        whole["ended"] = [worker.ended for worker in made]
        whole["load"] = load.other()
        if whole["failures"] or whole["wrong"] or any(whole["ended"]):
            whole["errors"] = _tail(os.path.join(top, "errors.txt"))
    _append(options.out, whole)
    return whole


def _tell(made: list[Worker], told: int, options: argparse.Namespace, progress: Progress, last: bool = False) -> int:
    """A line for each period of which all processes have said theirs."""
    periods = [[line for line in worker.said if not line.get("end")] for worker in made]
    ready = (max if last else min)(map(len, periods))
    for period in range(told, ready):
        summed = _summed([lines[period : period + 1] for lines in periods])
        _append(options.out, {"stress": "period", **_about(options), "until": (period + 1) * PERIOD_S, **summed})
        progress.say(
            f"{summed['runs_per_second']:.0f} runs/s, p99 {summed['p99_ms']:.0f} ms, {summed['memory_mib']:.0f} MiB"
        )
    return max(told, ready)


def _about(options: argparse.Namespace) -> dict[str, Any]:
    from raftoral import __version__

    about = {"version": __version__, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    about |= {"nodes": options.nodes, "in_flight": options.in_flight, "payload": options.payload, "seed": options.seed}
    return about


def _summed(lines: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """What several processes said, as one: sums, and the worst of what cannot be added."""
    said = [line for each in lines for line in each]
    sums: Counter[str] = Counter()
    for line in said:
        sums.update({key: line[key] for key in ("runs", "effects", "bytes", "failures", "wrong")})
    seconds = max((line["seconds"] for line in said), default=0.0)
    worst = {
        key: max((line[key] for line in said), default=0.0) for key in ("p50_ms", "p99_ms", "max_ms", "memory_mib")
    }
    rates = {f"{key}_per_second": sums[key] / seconds if seconds else 0.0 for key in ("runs", "effects", "bytes")}
    examples = [example for line in said for example in line["examples"]][:5]
    counts = {key: sums[key] for key in ("runs", "effects", "bytes", "failures", "wrong")}
    return {**counts, **rates, **worst, "examples": examples}


def _append(path: str, line: dict[str, Any]) -> None:
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _tail(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()[-2000:]


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./dev stress", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--nodes", type=int, default=0, choices=range(8))
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--payload", type=int, default=65_536)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="")
    options = parser.parse_args(words)
    whole = stress(options)
    where = f"{options.nodes} nodes" if options.nodes else "one process"
    print(
        f"{where}, {whole['seconds']:.0f} s, {options.in_flight} runs in flight, up to {options.payload:,} B: "
        f"{whole['runs']:,} runs, {whole['effects']:,} effects, {whole['runs_per_second']:.0f} runs/s, "
        f"{whole['effects_per_second']:.0f} effects/s, p50 {whole['p50_ms']:.0f} ms, p99 {whole['p99_ms']:.0f} ms, "
        f"longest {whole['max_ms']:.0f} ms, at most {whole['memory_mib']:.0f} MiB, "
        f"{whole['failures']} failures, {whole['wrong']} wrong results"
    )
    for example in whole["examples"]:
        print(f"  {example}")
    if "errors" in whole:
        print(f"exit codes {whole['ended']}; at the end of what was said:\n{whole['errors']}")
    return 1 if "errors" in whole else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
