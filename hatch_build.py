"""What a build adds to the files of the tree: the parser's tables and the templates.

    raftoral/dsl/parser/grammar.lark  ->  raftoral/dsl/tables.bin     made here, git-ignored
    templates/*                       ->  raftoral/_templates/*       in a wheel only

Runs for wheels and editable installs, never for an sdist: a wheel always comes from the grammar.
Needs only lark and this tree; raftoral itself is not installed yet when this runs.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TABLES = "raftoral/dsl/tables.bin"
MAKER = "raftoral/dsl/make_tables.py"
TEMPLATES = "templates"


class Hook(BuildHookInterface):
    """Called by hatchling before it collects the files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """`version` is "standard" for a real wheel and "editable" for `pip install -e`."""
        if self.target_name != "wheel":
            return
        if os.path.isfile(os.path.join(self.root, MAKER)):
            make_tables(self.root)
            build_data["artifacts"].append(TABLES)  # else .gitignore would leave it out
        if version != "editable":  # a checkout is read where it lies
            build_data["force_include"].update(template_files(self.root))


def make_tables(root: str) -> None:
    """Write TABLES with the code of this tree, whatever raftoral may be installed beside it."""
    sys.path.insert(0, root)
    try:
        maker = importlib.import_module("raftoral.dsl.make_tables")
        maker.write_tables(os.path.join(root, TABLES))
    finally:
        sys.path.remove(root)


def template_files(root: str) -> dict[str, str]:
    """Source path -> path in the wheel, for each template; README.md is for readers of the tree."""
    found = {}
    for folder, _, names in os.walk(os.path.join(root, TEMPLATES)):
        inside = os.path.relpath(folder, os.path.join(root, TEMPLATES))
        for name in names:
            if name != "README.md":
                target = os.path.normpath(os.path.join("raftoral/_templates", inside, name))
                found[os.path.join(folder, name)] = target
    return found
