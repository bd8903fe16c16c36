"""Makes the editor's files from the tables of the language, and packages the extension.

    python scripts/editor.py              writes editors/vscode/syntaxes/rft.tmLanguage.json
    python scripts/editor.py --check      exit code 1 if it is out of date
    python scripts/editor.py --package    also dist/raftoral-rft-VERSION.vsix, which `code --install-extension` takes

In: the words of the grammar, the functions and scalar types of the language. Out: a TextMate grammar, which knows words
and literals and no structure, and a zip. A word that the grammar has and no group below takes is said.
"""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile

from raftoral import __version__
from raftoral.dsl.facts.types import SCALARS
from raftoral.dsl.parser.tokens import DECLARATIONS, MEMBERS, STATEMENTS
from raftoral.dsl.typecheck.builtins import BUILTINS

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "editors", "vscode")
SYNTAX = os.path.join(FOLDER, "syntaxes", "rft.tmLanguage.json")
GRAMMAR = os.path.join(ROOT, "raftoral", "dsl", "parser", "grammar.lark")

# Words of the grammar that begin nothing, by what they are to a reader.
JOINING = {
    *("after", "as", "catch", "compensate", "else", "finally", "from", "id", "limit", "new", "on"),
    *("settle", "then", "until", "with", "within"),
}
CLAUSES = {
    *("backoff", "except", "factor", "forever", "max", "never", "raises", "restart", "rft"),
    *("slot", "step", "times", "trusted", "version"),
}
POLICIES = {"timeout", "deadline", "heartbeat", "grace", "retry", "key", "queue", "once"}
LEVELS = {"debug", "info", "warn"}
OPERATORS = {"and", "or", "not", "is", "in"}
CONSTANTS = {"true", "false", "none", "some", "workflow"}
COMPOUND = {"list", "map", "handle", "outcome"}


def grammar_words() -> set[str]:
    """All words that the grammar has in quotes."""
    with open(GRAMMAR, encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("//")]
    return {word for word in re.findall(r'"([a-z]+)"', "".join(lines)) if len(word) > 1}


def strangers() -> set[str]:
    """Words of the grammar that no group has: a new keyword wants a place."""
    groups = (JOINING, CLAUSES, POLICIES, LEVELS, OPERATORS, CONSTANTS, COMPOUND, DECLARATIONS, MEMBERS, STATEMENTS)
    return grammar_words() - set().union(*groups, SCALARS)


def words(*groups: set[str] | frozenset[str]) -> str:
    """A pattern of whole words, which are no fields behind a point and no names before a colon."""
    return r"(?<![\w.])(?:" + "|".join(sorted(set().union(*groups))) + r")\b(?!\s*:(?!:))"


def syntax() -> str:
    """The TextMate grammar, as JSON."""
    number = r"\b\d[\d_]*"
    patterns = [
        {"name": "comment.line.documentation.rft", "match": r"##.*$"},
        {"name": "keyword.control.directive.rft", "match": r"#\s*rft:.*$"},
        {"name": "comment.line.number-sign.rft", "match": r"#.*$"},
        {"include": "#string"},
        {"name": "constant.numeric.duration.rft", "match": number + r"(?:ms|[smhdw])(?:\d+(?:ms|[smh]))*\b"},
        {"name": "constant.numeric.size.rft", "match": number + r"[km]b\b"},
        {"name": "constant.numeric.float.rft", "match": number + r"(?:\.\d+)?[eE][+-]?\d+\b"},
        {"name": "constant.numeric.rft", "match": number + r"(?:\.\d+)?\b"},
        {
            "match": r"\b(record|enum|union|error|workflow|migrate)\s+([A-Z]\w*)",
            "captures": {"1": {"name": "storage.type.rft"}, "2": {"name": "entity.name.type.rft"}},
        },
        {
            "match": r"\b(fn|activity|signal|query|checkpoint|const)\s+([a-z_]\w*)",
            "captures": {"1": {"name": "storage.type.rft"}, "2": {"name": "entity.name.function.rft"}},
        },
        {
            "match": r"(?<![\w.])(" + "|".join(sorted(POLICIES)) + r")\s*(:)(?=\s*\S)",
            "captures": {"1": {"name": "support.type.property-name.rft"}, "2": {"name": "punctuation.separator.rft"}},
        },
        {"name": "entity.name.label.rft", "match": r"@[a-z_]\w*"},
        {"name": "storage.type.rft", "match": words(DECLARATIONS - {"workflow"}, MEMBERS)},
        {"name": "keyword.operator.word.rft", "match": words(OPERATORS)},
        {"name": "keyword.control.rft", "match": words(STATEMENTS, JOINING)},
        {"name": "keyword.other.rft", "match": words(CLAUSES, LEVELS)},
        {"name": "constant.language.rft", "match": words(CONSTANTS - {"workflow"})},
        {"name": "variable.language.rft", "match": r"(?<![\w.])workflow(?=\s*\.)"},
        {"name": "storage.type.rft", "match": r"(?<![\w.])workflow\b"},
        {"name": "support.type.rft", "match": words(set(SCALARS), COMPOUND)},
        {"name": "support.function.rft", "match": r"(?<![\w.])(?:" + "|".join(sorted(BUILTINS)) + r")(?=\s*\()"},
        {"name": "entity.name.type.rft", "match": r"\b[A-Z]\w*\b"},
        {"name": "keyword.operator.rft", "match": r"->|=>|\.\.|\?\?|\?\.|==|!=|<=|>=|\+=|-=|//|[-+*/%<>=|?!]"},
    ]
    hole = {
        "name": "meta.embedded.rft",
        "begin": r"\$\{",
        "end": r"\}",
        "beginCaptures": {"0": {"name": "punctuation.section.embedded.begin.rft"}},
        "endCaptures": {"0": {"name": "punctuation.section.embedded.end.rft"}},
        "patterns": [{"include": "$self"}],
    }
    string = {
        "name": "string.quoted.double.rft",
        "begin": '"',
        "end": r'"|(?=$)',
        "patterns": [{"name": "constant.character.escape.rft", "match": r"\\(?:u\{[0-9a-fA-F]+\}|.)"}, hole],
    }
    made = {
        "information_for_contributors": ["Made by scripts/editor.py: edit that, or the grammar of the language."],
        "name": "rft",
        "scopeName": "source.rft",
        "fileTypes": ["rft"],
        "patterns": patterns,
        "repository": {"string": string},
    }
    return json.dumps(made, indent=2) + "\n"


MANIFEST = """<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="{name}" Version="{version}" Publisher="{publisher}"/>
    <DisplayName>{displayName}</DisplayName>
    <Description xml:space="preserve">{description}</Description>
    <Categories>Programming Languages</Categories>
    <Properties><Property Id="Microsoft.VisualStudio.Code.Engine" Value="{engine}"/></Properties>
  </Metadata>
  <Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
  <Dependencies/>
  <Assets><Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/></Assets>
</PackageManifest>
"""
TYPES = """<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension="json" ContentType="application/json"/>
  <Default Extension="md" ContentType="text/markdown"/>
  <Default Extension="vsixmanifest" ContentType="text/xml"/>
</Types>
"""


def package(folder: str) -> str:
    """The extension as one file; returns its path."""
    with open(os.path.join(FOLDER, "package.json"), encoding="utf-8") as file:
        facts = {**json.load(file), "version": __version__}
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{facts['name']}-{__version__}.vsix")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("extension.vsixmanifest", MANIFEST.format(engine=facts["engines"]["vscode"], **facts))
        made.writestr("[Content_Types].xml", TYPES)
        made.writestr("extension/package.json", json.dumps(facts, indent=2) + "\n")
        for name in ("README.md", "language-configuration.json", os.path.join("syntaxes", "rft.tmLanguage.json")):
            made.write(os.path.join(FOLDER, name), f"extension/{name}")
    return path


def main(arguments: list[str]) -> int:
    """Writes what differs; returns the exit code."""
    if strangers():
        print(f"words of the grammar that no group of scripts/editor.py has: {', '.join(sorted(strangers()))}")
        return 1
    made = syntax()
    there = ""
    if os.path.exists(SYNTAX):
        with open(SYNTAX, encoding="utf-8") as file:
            there = file.read()
    if "--check" in arguments:
        if made != there:
            print("the grammar of the editor is out of date: python scripts/editor.py")
        return int(made != there)
    if made != there:
        os.makedirs(os.path.dirname(SYNTAX), exist_ok=True)
        with open(SYNTAX, "w", encoding="utf-8") as file:
            file.write(made)
    if "--package" in arguments:
        print(os.path.relpath(package(os.path.join(ROOT, "dist"))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
