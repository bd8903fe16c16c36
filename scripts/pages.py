"""Gathers the documents for MkDocs, in the places that they have here: `build/pages`. `./dev docs` runs it.

A document is Markdown that stands in `nav` of mkdocs.yml; the files that it leads to come along. Two things are changed
on the way, since MkDocs reads another Markdown than GitHub does: a block of ```rft module loses its second word, and a
list directly below a line gets an empty line between.

In: the tree. Out: a folder, made anew.
"""

from __future__ import annotations

import os
import re
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = os.path.join(ROOT, "build", "pages")
FENCE = re.compile(r"^( *```\w+) [^\n]+$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
LIST = re.compile(r"^([^\s|#>`*\-\d<][^\n]*)\n((?:- |\* |1\. ))", re.MULTILINE)


def documents() -> list[str]:
    """The paths that the navigation names."""
    with open(os.path.join(ROOT, "mkdocs.yml"), encoding="utf-8") as file:
        nav = file.read().partition("\nnav:\n")[2]
    return re.findall(r"([\w./-]+\.md)$", nav, re.MULTILINE)


def as_page(text: str) -> str:
    """A document as MkDocs reads it."""
    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(FENCE.sub(r"\1", part) if part.startswith("```") else LIST.sub(r"\1\n\n\2", part) for part in parts)


def gather() -> list[str]:
    """Fills the folder; returns links that lead nowhere."""
    shutil.rmtree(PAGES, ignore_errors=True)
    lost: list[str] = []
    for path in documents():
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        target = os.path.join(PAGES, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            file.write(as_page(text))
        for link in LINK.findall(re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)):
            lost += _bring(path, link)
    return lost


def _bring(path: str, link: str) -> list[str]:
    """A file that a document leads to comes along, if it is no page itself."""
    if re.match(r"[a-z]+:", link):
        return []
    wanted = os.path.normpath(os.path.join(os.path.dirname(path), link))
    source, target = os.path.join(ROOT, wanted), os.path.join(PAGES, wanted)
    if not os.path.exists(source):
        return [f"{path} leads to {link}"]
    if os.path.isfile(source) and not wanted.endswith(".md"):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target)
    return []


if __name__ == "__main__":
    faults = gather()
    print("\n".join(faults) or f"{len(documents())} documents")
    sys.exit(1 if faults else 0)
