"""Rows of a run to columns of SQLite and back, with a checksum over each.

In: what the machine wrote. Out: columns, and from columns again the same; or a complaint that names the run. SQLite has
checksums only in its log: a byte that goes bad in the file itself is found by nobody else. A checksum covers the bytes
as they lie in the file, and is compared before anything is made of them, so that a damaged run is never half used.
Costs 0.4 us for a step of 600 bytes, less than a tenth of what the commit takes for it.

A run that lives stands in two places: in `runs` what stays, in `living` what changes with each slot. Opens no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zlib import crc32

from raftoral.runtime.ports import Row, Step

# The order of columns in `runs`. What lists filter by stands before the bytes, which may fill pages of their own.
RUN = (
    *("seq", "id", "run", "workflow", "version", "digest", "status", "parent", "created", "updated", "ended"),
    *("tags", "checkpoints", "args", "result", "failure", "report", "crc"),
)
LIVING = ("status", "updated", "checkpoints", "body", "crc")
TEXTS = RUN.index("args")  # how many columns come before the first with bytes

COLUMNS = ", ".join([*(f"r.{name}" for name in RUN), *(f"h.{name}" for name in LIVING)])

# What `runs` holds of a run that lives in the places of what changes: nothing, so that a step need not touch it.
_CHANGING = (None, 0, "")


class Damaged(Exception):
    """What was read is not what was written. The text says which run, or which fact."""


def run_columns(row: Row, live: bool) -> tuple[Any, ...]:
    """All columns of `runs`."""
    status, updated, checkpoints = _CHANGING if live else (row.status, row.updated, row.checkpoints)
    text = (
        f"{row.seq}\0{row.id}\0{row.run}\0{row.workflow}\0{row.version}\0{row.digest}\0{status}\0{row.parent}\0"
        f"{row.created}\0{updated}\0{row.ended}\0{row.tags}\0{checkpoints}"
    )
    crc = _crc_of_bytes(crc32(text.encode()), row.args, row.result, row.failure, row.report)
    return (
        *(row.seq, row.id, row.run, row.workflow, row.version, row.digest, status, row.parent, row.created, updated),
        *(row.ended, row.tags, checkpoints, row.args, row.result, row.failure, row.report, crc),
    )


def living_columns(row: Row) -> tuple[Any, ...]:
    """All columns of `living`, the number last."""
    return step_columns(Step(row.status, row.updated, row.checkpoints, row.body, row.id), row.seq)


def step_columns(step: Step, seq: int) -> tuple[str, int, str, bytes, int, int]:
    """The hot path: status, updated, checkpoints, body, checksum, and the number of the run."""
    status, updated, checkpoints, body, _ = step
    crc = crc32(body, crc32(f"{seq}\0{status}\0{updated}\0{checkpoints}".encode()))
    return status, updated, checkpoints, body, crc, seq


def piece_crc(id: str, key: str, value: bytes) -> int:
    """The checksum of a piece. It covers whose piece it is: by id, as the number of a run may change."""
    return crc32(value, crc32(f"{id}\0{key}".encode()))


def meta_crc(key: str, value: bytes) -> int:
    """The checksum of a fact."""
    return crc32(value, crc32(key.encode()))


def _crc_of_bytes(crc: int, *parts: bytes | None) -> int:
    for part in parts:
        # None and empty bytes are two things; and where one part ends and the next begins is part of it.
        crc = crc32(b"-", crc) if part is None else crc32(part, crc32(b"%d:" % len(part), crc))
    return crc


# --- and back: columns as a connection gives them whose texts are bytes -----------------------------------------------


def row_of(columns: Sequence[Any]) -> Row:
    """A row from `COLUMNS`; Damaged when a checksum says that this is not what was written."""
    run, living = columns[: len(RUN)], columns[len(RUN) :]
    _check_run(run)
    status, updated, checkpoints, body = run[6], run[9], run[12], b""
    if living[-1] is not None:
        _check_living(run, living)
        status, updated, checkpoints, body = living[:-1]
    elif status is None:
        raise Damaged(f"the run {run[1].decode()!r} has neither ended nor a state to go on from")
    (
        seq,
        id,
        name,
        workflow,
        version,
        digest,
        _,
        parent,
        created,
        _,
        ended,
        tags,
        _,
        args,
        result,
        failure,
        report,
        _,
    ) = run
    return Row(
        *(id.decode(), seq, name.decode(), workflow.decode(), version, digest.decode(), status.decode()),
        *(None if parent is None else parent.decode(), created, updated, ended, tags.decode()),
        *(args, checkpoints.decode(), body, result, failure, report),
    )


def piece_of(id: str, key: bytes, value: bytes, crc: int) -> tuple[str, bytes]:
    """A piece of the run `id`."""
    if crc32(value, crc32(b"%b\0%b" % (id.encode(), key))) != crc:
        raise Damaged(f"a piece ({_shown(key)}) of the run {id!r}")
    return key.decode(), value


def fact_of(key: bytes, value: bytes, crc: int) -> tuple[str, bytes]:
    """A fact about the store."""
    if crc32(value, crc32(key)) != crc:
        raise Damaged(f"the fact {_shown(key)}")
    return key.decode(), value


def _check_run(run: Sequence[Any]) -> None:
    if run[0] is None:
        raise Damaged("the row of a run that has not ended is gone")
    crc = crc32(_joined(run[:TEXTS]))
    if _crc_of_bytes(crc, *run[TEXTS:-1]) != run[-1]:
        raise Damaged(f"the run {_shown(run[1])} (number {run[0]})")


def _check_living(run: Sequence[Any], living: Sequence[Any]) -> None:
    status, updated, checkpoints, body, crc = living
    if crc32(body, crc32(_joined((run[0], status, updated, checkpoints)))) != crc:
        raise Damaged(f"the state of the run {_shown(run[1])} (number {run[0]})")


def _joined(values: Sequence[Any]) -> bytes:
    """The same bytes as an f-string makes when columns are written."""
    return b"\0".join([value if value.__class__ is bytes else str(value).encode() for value in values])


def _shown(text: object) -> str:
    return repr(text.decode(errors="backslashreplace") if isinstance(text, bytes) else text)
