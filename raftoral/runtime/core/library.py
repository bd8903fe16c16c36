"""The programs of a group, as part of its state: deployed by one entry of the log on all nodes, retired by another.

    Deploy(package)             what it brings can be started from now on
    Retire("orders.Pay", 1)     no new runs; refused while some live

In: packages as bytes. What makes modules of them is a port (`install`), since the core runs no code that it is sent.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

from raftoral.program.steps import Definition

from ..ports import Row
from ..proto import log_pb2 as log
from . import commands as c
from .commands import Refused
from .owners import Owners
from .programs import Program, Programs

RETIRED = "retired"  # the fact under which a store keeps which those are
PACKAGE = "package."  # facts that are packages begin like that


class Library(Owners):
    """See the module."""

    def __init__(
        self, programs: Programs, ended: Callable[[str], Row | None], *, seq: int = 0, trails: bool = True
    ) -> None:
        super().__init__(programs, ended, seq=seq, trails=trails)
        self.install: Callable[[bytes], list[Definition]] | None = None  # makes definitions of a package
        self.retired: set[tuple[str, int]] = set()
        self.packages = 0  # that were deployed

    def read_retired(self, data: bytes) -> None:
        """Those that were stored."""
        self.retired = {(name, version) for name, version in json.loads(data)}

    def _startable(self, name: str, version: int) -> Program | None:
        """What a start asks for: 0 is the newest that was not retired."""
        if version or not self.retired:
            program = self.programs.get(name, version) if version else self.programs.newest(name)
            return None if program is None or (name, program.version) in self.retired else program
        versions = [number for known, number in self.programs.all() if known == name]
        left = [number for number in versions if (name, number) not in self.retired]
        return self.programs.get(name, max(left)) if left else None

    def live_of(self, name: str, version: int) -> int:
        """How many runs of a version live."""
        return sum((run.program.name, run.program.version) == (name, version) for run in self.runs.values())

    def _deploy(self, command: c.Deploy) -> Refused | None:
        package = log.Package.FromString(command.package)
        brought = [(each.workflow, each.version, each.digest) for each in package.programs]
        for name, version, digest in brought:
            known = self.programs.get(name, version)
            if known is not None and known.definition.digest != digest:
                other = f"{name} version {version} is deployed already, and is another program"
                return Refused(c.ALREADY_EXISTS, f"{other}: give this one a new version")
        back = {(name, version) for name, version, _ in brought} & self.retired
        if back:
            self.retired -= back
            self._write_retired()
        if all(self.programs.get(name, version) is not None for name, version, _ in brought):
            return None
        assert self.install is not None, "a group that programs are deployed to can install them"
        for definition in self.install(command.package):
            if self.programs.get(definition.name, definition.version) is None:
                self.programs.add(definition)
        self._changes.meta[f"{PACKAGE}{self.packages:06d}"] = command.package
        self.packages += 1
        return None

    def _retire(self, command: c.Retire) -> Refused | None:
        if self.programs.get(command.workflow, command.version) is None:
            return Refused(c.NO_PROGRAM, f"{command.workflow} version {command.version} is not deployed")
        owners = Counter(
            run.owner
            for run in self.runs.values()
            if (run.program.name, run.program.version) == (command.workflow, command.version)
        )
        if owners:
            where = ", ".join(f"{count} on {owner}" if owner else str(count) for owner, count in sorted(owners.items()))
            why = f"{command.workflow} version {command.version} has {owners.total()} live runs ({where})"
            return Refused(c.IN_USE, f"{why}: wait for them, or cancel them")
        self.retired.add((command.workflow, command.version))
        self._write_retired()
        return None

    def _write_retired(self) -> None:
        self._changes.meta[RETIRED] = json.dumps(sorted(self.retired)).encode()
