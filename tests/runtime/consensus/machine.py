"""A small replicated state for the simulator: a counter and a register, with a chain of digests and a table of answers.

In: entries, as the log hands them out. Out: what each request got. Its durable copy lags behind, as a real one does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from zlib import crc32

from raftoral.runtime.consensus.journal import Point
from raftoral.runtime.consensus.log import Applied


@dataclass
class Machine:
    index: int = 0
    term: int = 0
    members: frozenset[str] = frozenset()
    count: int = 0
    last: str = ""
    digest: int = 0
    time: int = 0
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)  # request -> (position, what stood before)

    def apply(self, entry: Applied) -> None:
        assert entry.index == self.index + 1, f"entry {entry.index} after {self.index}"
        assert entry.term >= self.term
        self.index, self.term = entry.index, entry.term
        self.time = max(self.time, entry.time)
        if entry.members is not None:
            self.members = entry.members
        for proposal in entry.batch:
            name = proposal.request_id.decode()
            if name not in self.answers:  # exactly once, however often it stands in the log
                self.answers[name] = (self.count, self.last)
                self.count += 1
                self.last = name
            self.digest = crc32(proposal.data, crc32(name.encode(), self.digest))
        self.digest = crc32(f"{self.index} {self.term} {sorted(self.members)} {self.last}".encode(), self.digest)

    @property
    def point(self) -> Point:
        return Point(self.index, self.term, self.members)

    def copy(self) -> Machine:
        return Machine(
            self.index, self.term, self.members, self.count, self.last, self.digest, self.time, dict(self.answers)
        )

    def pack(self) -> bytes:
        fields = [self.index, self.term, sorted(self.members), self.count, self.last, self.digest, self.time]
        return json.dumps([fields, self.answers]).encode()

    @staticmethod
    def unpack(data: bytes) -> Machine:
        (index, term, members, count, last, digest, time), answers = json.loads(data)
        done = {name: (position, before) for name, (position, before) in answers.items()}
        return Machine(index, term, frozenset(members), count, last, digest, time, done)
