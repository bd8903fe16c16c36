"""The templates of generated modules and of new projects, wherever this raftoral keeps them: `read("module.py.jinja")`.

In a wheel they are `raftoral/_templates`; in a checkout, and where one is installed as editable, the folder
`templates` beside the package. Reads each file once; the compiler itself opens none.
"""

from __future__ import annotations

import os

FIRST = "module.py.jinja"  # the one that every set has
_READ: dict[str, str] = {}


def read(name: str) -> str:
    """The text of a template."""
    text = _READ.get(name)
    if text is None:
        with open(os.path.join(folder(), name), encoding="utf-8") as file:
            text = _READ[name] = file.read()
    return text


def folder() -> str:
    """Where they are."""
    import raftoral

    package = os.path.dirname(raftoral.__file__)
    # The wheel's own come first: what lies beside an installed package belongs to somebody else.
    for place in (os.path.join(package, "_templates"), os.path.join(os.path.dirname(package), "templates")):
        if os.path.isfile(os.path.join(place, FIRST)):
            return place
    raise FileNotFoundError(f"raftoral is not installed whole: {FIRST} is missing")
