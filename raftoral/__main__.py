"""`raftoral ...` and `python -m raftoral ...`: finds the command, runs it, and turns what happens
into an exit code.

    0 done   1 the input has problems   2 wrong usage   3 a bug of ours, or no cluster that serves
    130 Ctrl-C   141 the reader went away

Imports only the room of the command that was asked for. It does no work itself, and lets no
traceback through unless RAFTORAL_DEBUG=1 asks for it.
"""

from __future__ import annotations

import os
import sys

from raftoral.cli import COMMANDS, DONE, HEADINGS, INTERRUPTED, OUR_BUG, PIPE_CLOSED, WRONG_USAGE
from raftoral.cli.options import GLOBAL, Command, Option, help_text, read, read_front, suggestion
from raftoral.cli.terminal import Terminal
from raftoral.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from raftoral.cli.options import Options

    class Room(Protocol):
        """What every module in `COMMANDS` has."""

        COMMAND: Command

        def run(self, options: Options, terminal: Terminal) -> int: ...


FRONT = Command(
    "",
    "Durable workflows: a small checked language, compiled to Python.",
    words="COMMAND ...",
    options=(Option("version", "print the version", letter="V"),),
    example="raftoral check shop/\nraftoral check --help",
)


# The checks walk trees by recursion; a text of the 200 brackets that the parser lets through needs about 1,000 frames.
RECURSION_MAX = 5_000


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line; returns the exit code."""
    sys.setrecursionlimit(RECURSION_MAX)
    terminal = Terminal()
    try:
        code = _dispatch(list(sys.argv[1:] if argv is None else argv), terminal)
        terminal.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _silence(terminal)
        return PIPE_CLOSED
    except OSError as fault:
        if not _is_output_fault(fault):
            return _own_bug(fault)
        _silence(terminal)
        return _say(f"raftoral: the output cannot be written: {fault.strerror}", WRONG_USAGE)
    except Exception as fault:
        return _own_bug(fault)
    return code


def _dispatch(arguments: list[str], terminal: Terminal) -> int:
    title = FRONT.title
    try:
        front, words = read_front(arguments, FRONT)
        if front.on("version"):
            return _version(terminal)
        if words[:1] == ["help"]:  # `raftoral help check` is `raftoral check --help`
            words = [*words[1:2], "--help"] if words[1:] else []
            front.set(next(option for option in GLOBAL if option.name == "help"), None)
        if not words:
            return _front_help(front, terminal)
        name, rest = words[0], words[1:]
        if name not in COMMANDS:
            raise UsageError(f"unknown command {name!r}{suggestion(name, list(COMMANDS))}")
        room = _room(name)
        title = room.COMMAND.title
        options = read(rest, room.COMMAND)
        options.merge(front)
        if options.on("help"):
            terminal.result(help_text(room.COMMAND))
            return DONE
        terminal.color = options.text("color", "auto")
        terminal.quiet = options.on("quiet")
        terminal.verbose = 0 if terminal.quiet else options.times("verbose")
        return room.run(options, terminal)
    except UsageError as fault:
        if str(fault):
            terminal.complain(f"{title}: {fault}")
            terminal.complain(f"try: {title} --help")
        return WRONG_USAGE


def _room(name: str) -> Room:
    place, _, inner = COMMANDS[name][0].partition(":")
    room: Room = __import__(place, fromlist=("run",))
    return getattr(room, inner) if inner else room


def _front_help(front: Options, terminal: Terminal) -> int:
    width = max(map(len, COMMANDS)) + 2
    rows: list[str] = []
    for name, (_, about) in COMMANDS.items():
        if name in HEADINGS:
            rows += [*([""] if rows else []), f"{HEADINGS[name]}:"]
        rows.append(f"  {name:<{width}}{about}")
    start, options = help_text(FRONT).split("options:\n", 1)
    text = start + "\n".join(rows) + "\n\noptions:\n" + options
    if front.on("help"):
        terminal.result(text)
        return DONE
    terminal.complain(text.rstrip("\n"))
    return WRONG_USAGE


def _version(terminal: Terminal) -> int:
    from raftoral import __version__

    terminal.result(f"raftoral {__version__}\n")
    return DONE


def _own_bug(fault: BaseException) -> int:
    """Says that we are wrong, not the author; never shows a traceback that nobody asked for."""
    if os.environ.get("RAFTORAL_DEBUG"):
        import traceback

        traceback.print_exception(fault)
    place, at = "", fault.__traceback__
    while at is not None:
        file = os.path.basename(at.tb_frame.f_code.co_filename)
        place = f"{file}:{at.tb_lineno} in {at.tb_frame.f_code.co_name}"
        at = at.tb_next
    said = str(fault).split("\n", 1)[0][:300]
    rows = ["internal error: this is a bug in raftoral, not in your files"]
    rows += [f"  {note}" for note in getattr(fault, "__notes__", ())]
    kind = type(fault).__name__
    rows.append(f"  {kind}: {said} ({place})" if said else f"  {kind} ({place})")
    rows.append("  please report it with these lines and, if you can, the file;")
    rows.append("  RAFTORAL_DEBUG=1 shows the whole traceback")
    return _say("\n".join(rows), OUR_BUG)


def _say(text: str, code: int) -> int:
    try:
        terminal = Terminal()
        terminal.complain(text)
        terminal.flush()
    except OSError:
        _silence(terminal)
    return code


def _is_output_fault(fault: OSError) -> bool:
    """Whether writing a report failed: rooms handle the faults of the files they touch."""
    import errno

    return fault.filename is None and fault.errno in (errno.ENOSPC, errno.EIO, errno.EBADF)


def _silence(terminal: Terminal) -> None:
    """Lets what is still held back go nowhere, or Python would complain about it at its end."""
    for descriptor, stream in ((1, terminal.out), (2, terminal.err)):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
