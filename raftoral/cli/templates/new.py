"""`raftoral new DIR`: a project that works: a workflow, its generated module, its activities, a service, tests.

    raftoral new shop        shop/pyproject.toml  shop/shop/orders.rft  shop/shop/orders.py  shop/tests/test_orders.py

The files are those of `templates/project`, with three words replaced. Then the workflow is compiled, as the user would
do it. Writes nothing unless the folder is missing or empty.
"""

from __future__ import annotations

import keyword
import os
import re
import sys

from raftoral.cli import DONE, FOUND_PROBLEMS
from raftoral.cli.options import Command, Option, Options, read
from raftoral.cli.outputs import put
from raftoral.cli.templates import folder
from raftoral.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from raftoral.cli.terminal import Terminal

PROJECT = "project"
SUFFIX = ".in"  # so that no tool takes a template for what it will be
# What stands in the way of a package of that name: Python's modules, ours, and the folder of the tests.
TAKEN = frozenset((*sys.stdlib_module_names, "raftoral", "pydantic", "pytest", "test", "tests", "data"))

COMMAND = Command(
    "new",
    "Makes a project that works: a workflow with its generated module, its activities, a service that\n"
    "embeds a node, tests that kill it. DIR must be empty, or not there yet.\n"
    "Exit code: 0 done, 1 the files cannot be written, 2 wrong usage.",
    words="DIR",
    words_max=1,
    options=(Option("name", "the name of the package (default: that of DIR)", value="NAME"),),
    example="raftoral new shop\nraftoral new . --name shop",
)


def run(options: Options, terminal: Terminal) -> int:
    """Makes the project; returns the exit code."""
    if not options.words:
        raise UsageError("where? `raftoral new shop` makes a folder `shop`")
    target = options.words[0]
    name = package_name(options.text("name") or os.path.basename(os.path.abspath(target)), options)
    _refuse_what_is_there(target)
    try:
        for path, text in files(name):
            put(os.path.join(target, path), text.encode())
    except OSError as fault:
        terminal.complain(f"raftoral new: {fault.filename or target} cannot be written: {fault.strerror}")
        return FOUND_PROBLEMS
    code = _compile(target, terminal)
    if code == DONE:
        terminal.remark(f"{target} is there; its README.md says how to go on:")
        terminal.remark(f"  cd {target} && python -m pip install -e '.[dev]' && python -m pytest")
    return code


def package_name(given: str, options: Options) -> str:
    """`my_shop` for `My-Shop`; refuses what cannot be the name of a package."""
    made = re.sub(r"[^a-z0-9_]+", "_", given.lower()).strip("_")
    if not made.isidentifier() or keyword.iskeyword(made):
        raise UsageError(f"{given!r} makes no name for a package: --name NAME gives one, such as shop")
    if made in TAKEN:
        what = "--name gives" if options.text("name") else "DIR has"
        raise UsageError(
            f"{what} the name {made!r}, and that is taken: --name NAME gives another one, such as my_{made}"
        )
    return made


def _refuse_what_is_there(target: str) -> None:
    if os.path.lexists(target) and not os.path.isdir(target):
        raise UsageError(f"{target} is a file: give a folder that is empty or not there yet")
    try:
        there = sorted(os.listdir(target))
    except FileNotFoundError:
        return
    except OSError as fault:
        raise UsageError(f"{target} cannot be read: {fault.strerror}") from None
    there = [each for each in there if each != ".git"]  # `git init` may come first
    if there:
        raise UsageError(f"{target} is not empty, it has {there[0]}: give a folder that is empty or not there yet")


def files(name: str) -> Iterator[tuple[str, str]]:
    """Path and text of each file of a project whose package has this name."""
    from raftoral import __version__

    words = {"package_name": name, "project-name": name.replace("_", "-"), "raftoral_version": __version__}
    top = os.path.join(folder(), PROJECT)
    for place, folders, names in os.walk(top):
        folders.sort()
        for each in sorted(names):
            path = os.path.relpath(os.path.join(place, each), top).removesuffix(SUFFIX).replace("dot.", ".")
            with open(os.path.join(place, each), encoding="utf-8") as file:
                yield _replaced(path, words), _replaced(file.read(), words)


def _replaced(text: str, words: dict[str, str]) -> str:
    for word, by in words.items():
        text = text.replace(word, by)
    return text


def _compile(target: str, terminal: Terminal) -> int:
    from raftoral.cli import compile

    quiet, terminal.quiet = terminal.quiet, True
    try:
        return compile.run(read([target, "--out", target, "--no-cache"], compile.COMMAND), terminal)
    finally:
        terminal.quiet = quiet
