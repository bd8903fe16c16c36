"""What a report says of each step of a run: how often it was called, how long that took, what came last.

A little of it lies behind the body of the run: those that changed last, which in a loop are always the same. A piece
for each would be a second place on the disk for every step. When they are more than a little, they become one piece for
each step, `t<step>`; when the run ends, all are one column of its row. Nothing depends on it; it may be switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..proto import state_pb2 as pb
from .commands import AttemptFailed, words
from .state import Op, Run

STEPS_MAX = 1_000  # that a run keeps a trail of
TRACE_MAX = 8_000
NEAR_BYTES_MAX = 400  # behind a body: it is written with every step
RESULT_BYTES_MAX = 16_384  # a larger one is not kept: the report says how large it was


class Trails:
    def __init__(self, on: bool) -> None:
        self.on = on

    def _of(self, run: Run, op: Op, now: int) -> pb.Trail | None:
        if not self.on or op.activity is None:
            return None
        trail: pb.Trail | None = run.trails.get(op.step)
        if trail is None:
            if len(run.trails) >= STEPS_MAX:
                return None
            trail = run.trails[op.step] = pb.Trail(activity=op.name, first=op.asked, step=op.step)
        trail.last = now
        return trail

    def done(self, run: Run, op: Op, result: bytes, seconds: float, now: int) -> None:
        trail = self._of(run, op, now)
        if trail is not None:
            trail.calls += 1
            trail.attempts += 1
            trail.seconds += seconds
            trail.result = result if len(result) <= RESULT_BYTES_MAX else b'"(%d bytes)"' % len(result)
            run.near[op.step], run.behind = trail.SerializeToString(), None

    def failed(self, run: Run, op: Op, failed: AttemptFailed, now: int) -> None:
        trail = self._of(run, op, now)
        if trail is not None:
            trail.attempts += 1
            trail.failures += 1
            trail.seconds += failed.seconds
            trail.error = failed.error or b""
            trail.detail = words(f"{failed.kind.rpartition('.')[2]}: {failed.detail}", TRACE_MAX)
            trail.trace = words(failed.trace, TRACE_MAX)
            run.near[op.step], run.behind = trail.SerializeToString(), None

    def write(self, run: Run, piece: Callable[[Run, str, bytes | None], None]) -> bytes:
        """What lies behind the body of a run now. What is too much for that becomes pieces."""
        if run.behind is None:
            near = run.near
            if sum(map(len, near.values())) > NEAR_BYTES_MAX:
                for step, data in near.items():
                    piece(run, f"t{step}", data)
                near.clear()
            run.behind = b"".join([_field(data) for data in near.values()])
        return run.behind

    def ended(self, run: Run) -> bytes | None:
        """What the report of a run that ends is made of. Its pieces go with it."""
        return pb.Trails(steps=_in_order(run.trails.values())).SerializeToString() if run.trails else None

    def read(self, run: Run) -> None:
        run.behind = b"".join([_field(data) for data in run.near.values()])
        run.body = run.body.removesuffix(run.behind)
        far = {key[1:]: data for key, data in run.pieces.items() if key[0] == "t"}
        found = [pb.Trail.FromString(data) for data in {**far, **run.near}.values()]
        run.trails = {trail.step: trail for trail in _in_order(found)}


def _field(data: bytes) -> bytes:
    """A trail as one more of `Strand.trails`, of at most 400 bytes: the number of the field, the length, and what it
    is. By hand, since a message around messages costs as much as all else that is done for a trail."""
    size = len(data)
    return b"\xda\x02%c%b" % (size, data) if size < 128 else b"\xda\x02%c%c%b" % (size & 127 | 128, size >> 7, data)


def _in_order(trails: Iterable[pb.Trail]) -> list[pb.Trail]:
    """One order for all machines, however they came to know the trails."""
    return sorted(trails, key=lambda trail: (trail.first, trail.step))
