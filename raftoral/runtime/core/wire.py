"""Commands as bytes: what a group's log holds.

    command_from(command_bytes(Signal("order-1", "paid", b"null"))) == Signal("order-1", "paid", b"null")

In and out: commands and protobuf. Bytes that no version of us wrote are `Unreadable`; a command of a newer version too:
whoever applies it stops, since going on without it would be another state than that of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from ..proto import log_pb2 as pb
from . import commands as c


class Unreadable(Exception):
    """Bytes in a log that are no command that this version knows."""


def command_bytes(command: c.Command) -> bytes:
    """A command, ready for the log."""
    return _WRITERS[command.__class__](command).SerializeToString()


def command_from(data: bytes) -> c.Command:
    """The command of which these are the bytes."""
    try:
        message = pb.Command.FromString(data)
    except DecodeError as error:
        raise Unreadable(f"an entry of the log cannot be read: {error}") from None
    kind = message.WhichOneof("body")
    if kind is None:
        raise Unreadable("an entry of the log is of a kind that this version does not know: a newer node wrote it")
    return _READERS[kind](getattr(message, kind))


def _failed(command: c.AttemptFailed) -> pb.Command:
    return pb.Command(attempt_failed=pb.AttemptFailed(**command._asdict()))


_WRITERS: dict[type, Callable[[Any], pb.Command]] = {
    c.StartRun: lambda each: pb.Command(start=pb.Start(**each._asdict())),
    c.Finished: lambda each: pb.Command(
        finished=pb.Finished(id=each.id, run=each.run, op=each.op, result=each.result, seconds=each.seconds)
    ),
    c.AttemptFailed: _failed,
    c.Progress: lambda each: pb.Command(progress=pb.Progress(**each._asdict())),
    c.Signal: lambda each: pb.Command(signal=pb.Signal(**each._asdict())),
    c.Cancel: lambda each: pb.Command(cancel=pb.Reasoned(**each._asdict())),
    c.Terminate: lambda each: pb.Command(terminate=pb.Reasoned(**each._asdict())),
    c.Pause: lambda each: pb.Command(pause=pb.Named(id=each.id)),
    c.Resume: lambda each: pb.Command(resume=pb.Named(id=each.id)),
    c.Stalled: lambda each: pb.Command(stalled=pb.Stalled(**each._asdict())),
    c.Tag: lambda each: pb.Command(tag=pb.Tag(**each._asdict())),
    c.Delete: lambda each: pb.Command(delete=pb.Delete(**each._asdict())),
    c.Tick: lambda each: pb.Command(tick=pb.Nothing()),
    c.Recover: lambda each: pb.Command(recover=pb.Nothing()),
    c.NodeUp: lambda each: pb.Command(
        node_up=pb.NodeUp(node=each.node, life=each.life, activities=sorted(each.activities))
    ),
    c.NodeDown: lambda each: pb.Command(node_down=pb.NodeDown(node=each.node, life=each.life)),
    c.Deploy: lambda each: pb.Command(deploy=pb.Deploy(package=each.package)),
    c.Retire: lambda each: pb.Command(retire=pb.Retire(workflow=each.workflow, version=each.version)),
}

_READERS: dict[str, Callable[[Any], c.Command]] = {
    "start": lambda m: c.StartRun(m.id, m.run, m.workflow, m.version, m.args, m.tags, m.fresh, m.owner),
    "finished": lambda m: c.Finished(m.id, m.run, m.op, m.result, m.seconds),
    "attempt_failed": lambda m: c.AttemptFailed(
        m.id,
        m.run,
        m.op,
        m.attempt,
        m.kind,
        m.detail,
        m.error if m.HasField("error") else None,
        m.trace,
        m.retryable,
        m.seconds,
    ),
    "progress": lambda m: c.Progress(m.id, m.run, m.op, m.details),
    "signal": lambda m: c.Signal(m.id, m.name, m.payload),
    "cancel": lambda m: c.Cancel(m.id, m.reason),
    "terminate": lambda m: c.Terminate(m.id, m.reason),
    "pause": lambda m: c.Pause(m.id),
    "resume": lambda m: c.Resume(m.id),
    "stalled": lambda m: c.Stalled(m.id, m.op, m.reason, m.run, m.fence),
    "tag": lambda m: c.Tag(m.id, m.tags),
    "delete": lambda m: c.Delete(m.id, m.force),
    "tick": lambda m: c.Tick(),
    "recover": lambda m: c.Recover(),
    "node_up": lambda m: c.NodeUp(m.node, m.life, frozenset(m.activities)),
    "node_down": lambda m: c.NodeDown(m.node, m.life),
    "deploy": lambda m: c.Deploy(m.package),
    "retire": lambda m: c.Retire(m.workflow, m.version),
}
