"""`raftoral graph`: the workflows of one file as a picture, from the graph that is compiled.

    read -> check -> lower, find what each slot keeps -> mermaid | dot | svg | json | text

The picture goes to standard output. A file with errors gives its problems, as `raftoral check` shows them, and exit
code 1; warnings do not matter here. It writes no file.
"""

from __future__ import annotations

import os

from raftoral.cli import DONE, FOUND_PROBLEMS
from raftoral.cli.check import look_for
from raftoral.cli.files import Disk, DiskWorld
from raftoral.cli.options import Command, Option, Options, suggestion
from raftoral.dsl.source import Source
from raftoral.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from raftoral.cli.terminal import Terminal
    from raftoral.dsl.diagnostics import Problem
    from raftoral.dsl.facts import Facts
    from raftoral.dsl.graph import Graph

FORMATS = ("mermaid", "dot", "svg", "json", "text")

COMMAND = Command(
    "graph",
    "Draws the workflows of a file: where a run can rest, what is kept there, and which ways lead on.\n"
    "All workflows and versions, or those that are asked for; svg draws one.\n"
    "Exit code: 0 drawn, 1 the file has errors, 2 wrong usage, 3 a bug of raftoral.",
    words="FILE or -",
    words_max=1,
    options=(
        Option("workflow", "only this workflow", letter="w", value="NAME"),
        Option("version", "only this version", value="N"),
        Option("format", "how it is drawn (default: text on a terminal, else mermaid)", choices=FORMATS),
    ),
    example="raftoral graph shop/orders.rft\n"
    "raftoral graph --workflow ProcessOrder --format svg shop/orders.rft > orders.svg",
)


def run(options: Options, terminal: Terminal) -> int:
    """Draws what the options ask for; returns the exit code."""
    version = options.number("version", 0)
    format = options.text("format") or _default_format(terminal)
    path = _path(options.words, terminal)
    disk = Disk()
    source = disk.source(path)
    if not isinstance(source, Source):
        return _refused([source], terminal)
    facts, errors = _checked(source, disk)
    if errors:
        return _refused(errors, terminal)

    from raftoral.dsl import diagram

    graphs = chosen(diagram.graphs_of(facts), options.text("workflow"), version, source.path)
    if format == "svg":
        graphs = [_only(graphs)]
    terminal.result(diagram.draw(graphs, source, format))
    return DONE


def _default_format(terminal: Terminal) -> str:
    from raftoral.cli.terminal import is_terminal

    return "text" if is_terminal(terminal.out) else "mermaid"


def _path(words: list[str], terminal: Terminal) -> str:
    if not words:
        raise UsageError("which file? name one .rft file, or - for standard input")
    if os.path.isdir(words[0]):
        raise UsageError(f"{words[0]!r} is a folder; name one .rft file in it")
    return look_for(words, terminal).paths[0]


def _checked(source: Source, disk: Disk) -> tuple[Facts, list[Problem]]:
    from raftoral.dsl.compile import check

    try:
        (checked,) = check([source], DiskWorld(disk))
    except Exception as fault:
        fault.add_note(f"while checking {source.path}")
        raise
    return checked.facts, [problem for problem in checked.problems if problem.is_error]


def _refused(errors: list[Problem], terminal: Terminal) -> int:
    """Shows the errors that stand in the way."""
    from raftoral.dsl.diagnostics.render import human

    style = terminal.style(terminal.out)
    terminal.result("\n".join(human.one(problem, style) for problem in errors))
    terminal.remark("\n" + human.summary(len(errors), 0, len({error.primary.source.path for error in errors})))
    return FOUND_PROBLEMS


def chosen(graphs: list[Graph], workflow: str, version: int, path: str) -> list[Graph]:
    """The graphs that were asked for; complains when there is none."""
    if not graphs:
        raise UsageError(f"there is no workflow in {path}")
    names = list(dict.fromkeys(name_of(graph) for graph in graphs))
    if workflow:
        wanted = workflow.rpartition(".")[2]  # `shop.orders.ProcessOrder` is understood too
        found = [graph for graph in graphs if name_of(graph) == wanted and graph.name.endswith(workflow)]
        if not found:
            raise UsageError(f"there is no workflow {workflow!r}{suggestion(workflow, names) or _listed(names)}")
        graphs = found
    if version:
        versions = sorted({graph.version.number for graph in graphs})
        graphs = [graph for graph in graphs if graph.version.number == version]
        if not graphs:
            raise UsageError(f"there is no version {version}{_listed([str(each) for each in versions])}")
    return graphs


def name_of(graph: Graph) -> str:
    """`ProcessOrder`, without its module."""
    return graph.decl.name.text


def _listed(names: list[str]) -> str:
    return f"; there is {', '.join(names)}"


def _only(graphs: list[Graph]) -> Graph:
    """The one graph that an SVG shows: the newest version of the only workflow."""
    newest = {name_of(graph): graph for graph in sorted(graphs, key=lambda graph: graph.version.number)}
    if len(newest) > 1:
        names = sorted(newest)
        raise UsageError(f"svg draws one workflow: choose with --workflow {' | '.join(names)}")
    return next(iter(newest.values()))
