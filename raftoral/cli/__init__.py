"""The command line, one room for a family of commands.

Reads files and arguments, calls a door of `raftoral.dsl`, prints, and turns problems into an exit
code. A room is imported only when its command is asked for: `raftoral check` must not pay for the
others.

To add a command: write `raftoral/cli/NAME.py` with `COMMAND` (an `options.Command`) and
`run(options, terminal) -> int`, and give it a line in `COMMANDS`. Help, suggestions and dispatch
read this table. `room:NAME` is an object of a room, with the same two names.
"""

from __future__ import annotations

# name -> (its room, what `raftoral --help` says of it)
COMMANDS: dict[str, tuple[str, str]] = {
    "new": ("raftoral.cli.templates.new", "make a project that works: workflow, activities, service, tests"),
    "check": ("raftoral.cli.check", "say what is wrong in .rft files, all at once"),
    "compile": ("raftoral.cli.compile", "make a Python module of each .rft file"),
    "fmt": ("raftoral.cli.fmt", "lay out .rft files in the one style"),
    "lock": ("raftoral.cli.lock", "bring raftoral.lock up to date: slot numbers, what each version promises"),
    "release": ("raftoral.cli.release", "turn drafts into released versions, which never change"),
    "explain": (
        "raftoral.cli.explain",
        "the long form of a problem, with programs",
    ),
    "sim": ("raftoral.sim.command", "break a whole cluster in a box, from seeds"),
    "graph": ("raftoral.cli.graph", "draw the workflows of a file: slots, frames, ways"),
    "run": ("raftoral.cli.running.run", "run a workflow of a file here, durably"),
    "serve": ("raftoral.cli.running.serve", "be a node of a cluster"),
    "start": ("raftoral.cli.remote.starting:START", "start a run in a cluster; wait for its result"),
    "result": ("raftoral.cli.remote.starting:RESULT", "what a run ended with"),
    "list": ("raftoral.cli.remote.looking:LIST", "runs, newest first"),
    "show": ("raftoral.cli.remote.looking:SHOW", "all that is known of a run"),
    "watch": ("raftoral.cli.remote.looking:WATCH", "where a run rests, whenever that changes"),
    "query": ("raftoral.cli.remote.looking:QUERY", "ask a run a query of its workflow"),
    "signal": ("raftoral.cli.remote.steering:SIGNAL", "send a run a message"),
    "cancel": ("raftoral.cli.remote.steering:CANCEL", "have runs end, with what they undo then"),
    "terminate": ("raftoral.cli.remote.steering:TERMINATE", "end runs at once"),
    "pause": ("raftoral.cli.remote.steering:PAUSE", "let nothing new begin in runs"),
    "resume": ("raftoral.cli.remote.steering:RESUME", "let runs go on: paused ones, and faulted ones"),
    "delete": ("raftoral.cli.remote.steering:DELETE", "take runs away that have ended"),
    "deploy": ("raftoral.cli.remote.programs:DEPLOY", "make workflows known to all nodes"),
    "programs": ("raftoral.cli.remote.programs:PROGRAMS", "the workflows that are known, and who can run them"),
    "retire": ("raftoral.cli.remote.programs:RETIRE", "let no new runs of a version begin"),
    "cluster": ("raftoral.cli.remote.cluster:CLUSTER", "nodes, groups and leaders; add and remove nodes"),
}

HEADINGS = {"new": "authoring", "run": "running", "start": "talking to a cluster"}  # before which command

DONE = 0
FOUND_PROBLEMS = 1  # the user's input has problems; they were printed
WRONG_USAGE = 2
OUR_BUG = 3
NOT_SERVED = 3  # the cluster cannot be reached, or does not serve
INTERRUPTED = 130  # 128 + SIGINT, as shells count
PIPE_CLOSED = 141  # 128 + SIGPIPE: the reader went away, which is nobody's mistake
