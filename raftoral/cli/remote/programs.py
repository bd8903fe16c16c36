"""`raftoral deploy`, `programs`, `retire`: the workflows that a cluster knows.

In: `.rft` files, and with them all that they import, the Python modules of pure functions that they name, and the lock.
Out: what is new. The files are checked here first, so that mistakes are shown as `raftoral check` shows them; the node
compiles for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from raftoral import errors as e
from raftoral.cli import DONE, FOUND_PROBLEMS
from raftoral.cli.options import Option, Options

from .errand import AS_JSON, Errand, as_json
from .tables import plural, table

if TYPE_CHECKING:
    from raftoral.cli.terminal import Terminal
    from raftoral.runtime.calls.client import Client
    from raftoral.runtime.service import JSON


async def _deploy(client: Client, options: Options, terminal: Terminal) -> int:
    from .deployment import gathered

    if not options.words:
        raise e.UsageError("which files? name .rft files, or folders with them")
    files = gathered(options.words, terminal)
    if files is None:
        return FOUND_PROBLEMS
    try:
        made = await client.deploy(files, dry=options.on("dry-run"))
    except e.WrongInput as error:  # its compiler is another version than ours
        terminal.complain(str(error))
        return FOUND_PROBLEMS
    if options.on("json"):
        as_json(terminal, {"files": [file.path for file in files], "programs": list(made)})
        return DONE
    word = "would be new" if options.on("dry-run") else "new"
    rows = [(each["workflow"], str(each["version"]), word if each["new"] else "known already") for each in made]
    if rows:
        terminal.result("\n".join(table([("WORKFLOW", "VERSION", ""), *rows])) + "\n")
    sent = plural(len(files), "file")
    terminal.remark(f"{sent} sent" if rows else f"{sent} sent, and there is no workflow in them")
    return DONE


async def _programs(client: Client, options: Options, terminal: Terminal) -> int:
    found = await client.programs()
    if options.on("json"):
        as_json(terminal, {"programs": list(found)})
        return DONE
    if not found:
        terminal.remark("no programs: `raftoral deploy FILE...`, or nodes with --app")
        return DONE
    rows = [("WORKFLOW", "VERSION", "LIVE RUNS", "PERFORMED BY", ""), *map(_row, found)]
    terminal.result("\n".join(table(rows)) + "\n")
    return DONE


def _row(program: JSON) -> tuple[str, ...]:
    nodes = ", ".join(program["nodes"]) or "nobody: no node has all of its activities"
    retired = "retired" if program["retired"] else ""
    return program["workflow"], str(program["version"]), f"{program['live']:,}", nodes, retired


async def _retire(client: Client, options: Options, terminal: Terminal) -> int:
    if len(options.words) < 2:
        raise e.UsageError("which workflow, and which of its versions? raftoral retire WORKFLOW VERSION")
    workflow, version = options.words
    if not (version.isascii() and version.isdigit() and len(version) < 10 and int(version) > 0):
        raise e.UsageError(f"a version is a number from 1, not {version!r}")
    await client.retire(workflow, int(version))
    if options.on("json"):
        as_json(terminal, {"workflow": workflow, "version": int(version)})
    else:
        terminal.remark(f"{workflow} version {version} is retired: no new runs of it begin")
    return DONE


DEPLOY = Errand(
    "deploy",
    "Makes the workflows of .rft files known to all nodes, with the files that they import, their pure\n"
    "Python and raftoral.lock. Their activities are performed by the nodes whose services have them.",
    _deploy,
    words="FILE...",
    words_max=10_000,
    options=(Option("dry-run", "say what would be new, and change nothing"), AS_JSON),
    example="raftoral deploy shop/orders.rft\nraftoral deploy shop/ --dry-run",
)

PROGRAMS = Errand(
    "programs",
    "Shows the workflows that the cluster knows, how many runs of each live, and who performs them.",
    _programs,
    options=(AS_JSON,),
    example="raftoral programs --json",
)

RETIRE = Errand(
    "retire",
    "Lets no new runs of a version of a workflow begin. Refused while runs of it live: it says how many.",
    _retire,
    words="WORKFLOW VERSION",
    words_max=2,
    options=(AS_JSON,),
    example="raftoral retire shop.orders.ProcessOrder 1",
)
