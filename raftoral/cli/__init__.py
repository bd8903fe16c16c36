"""The command line, one room for a family of commands.

Reads files and arguments, calls a door of `raftoral.dsl`, prints, and turns problems into an exit
code. A room is imported only when its command is asked for: `raftoral check` must not pay for the
others.

To add a command: write `raftoral/cli/NAME.py` with `COMMAND` (an `options.Command`) and
`run(options, terminal) -> int`, and give it a line in `COMMANDS`. Help, suggestions and dispatch
read this table.
"""

from __future__ import annotations

# name -> (its room, what `raftoral --help` says of it)
COMMANDS: dict[str, tuple[str, str]] = {
    "check": ("raftoral.cli.check", "say what is wrong in .rft files, all at once"),
    "compile": ("raftoral.cli.compile", "make a Python module of each .rft file"),
    "fmt": ("raftoral.cli.fmt", "lay out .rft files in the one style"),
    "lock": ("raftoral.cli.lock", "bring raftoral.lock up to date: slot numbers, what each version promises"),
    "release": ("raftoral.cli.release", "turn drafts into released versions, which never change"),
    "explain": (
        "raftoral.cli.explain",
        "the long form of a problem, with programs",
    ),
    "run": ("raftoral.cli.run", "run a workflow of a file here, durably"),
    "sim": ("raftoral.sim.command", "break a whole cluster in a box, from seeds"),
    "graph": ("raftoral.cli.graph", "draw the workflows of a file: slots, frames, ways"),
}

DONE = 0
FOUND_PROBLEMS = 1  # the user's input has problems; they were printed
WRONG_USAGE = 2
OUR_BUG = 3
INTERRUPTED = 130  # 128 + SIGINT, as shells count
PIPE_CLOSED = 141  # 128 + SIGPIPE: the reader went away, which is nobody's mistake
