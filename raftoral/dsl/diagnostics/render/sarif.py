"""Problems -> SARIF 2.1.0, which code-scanning services read.

    result: ruleId RFT0601, level, message, locations (the primary label),
            relatedLocations (the others), fixes, partialFingerprints
    rule:   id RFT0601, name, the long text when the caller has it

Paths are relative to `%SRCROOT%`, so that a report means the same on every machine.
`partialFingerprints` comes from the code, its slug and the words of the line, never from a line
number: moving code opens no new alert. Columns count code points (`columnKind`). In: problems. Out:
the document as text; nothing is looked up.
"""

from __future__ import annotations

from ..codes import CODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...source import Source
    from .. import Label, Problem

    Json = dict[str, object]

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
SAYS = {
    "safe": "apply the suggested fix",
    "likely": "apply the suggested fix (look it over)",
    "sketch": "apply the suggested fix, then fill in the placeholders",
}


def render(
    problems: Sequence[Problem],
    version: str,
    folder: str = "",
    texts: Mapping[str, str] | None = None,
) -> str:
    """The document. Paths below the absolute `folder` become relative; `texts` explain codes."""
    import json

    writer = _Writer(folder)
    codes = sorted({problem.code for problem in problems})
    driver: Json = {
        "name": "raftoral",
        "semanticVersion": version,
        "rules": [_rule(code, texts or {}) for code in codes],
    }
    run: Json = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "the folder that was checked from"}}},
        "invocations": [{"executionSuccessful": True}],
        "results": [writer.result(problem, codes.index(problem.code)) for problem in problems],
    }
    document = {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _rule(code: str, texts: Mapping[str, str]) -> Json:
    slug, severity = CODES[code]
    about = texts.get(code) or f"Run `raftoral explain {code}` for the long form."
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in slug.split("-")),
        "shortDescription": {"text": slug.replace("-", " ")},
        "help": {"text": about, "markdown": about},
        "defaultConfiguration": {"level": severity},
    }


class _Writer:
    """Writes results; counts equal fingerprints, so that two equal lines stay two alerts."""

    __slots__ = ("folder", "seen")

    def __init__(self, folder: str) -> None:
        self.folder = folder.replace("\\", "/").rstrip("/")
        self.seen: dict[str, int] = {}

    def result(self, problem: Problem, index: int) -> Json:
        label = problem.primary
        found: Json = {
            "ruleId": problem.code,
            "ruleIndex": index,
            "level": "error" if problem.is_error else "warning",
            "message": {"text": _message(problem)},
            "locations": [{"physicalLocation": self.place(label)}],
            "partialFingerprints": {"raftoral/v1": self.fingerprint(problem)},
        }
        others = [
            {"id": number, "message": {"text": other.text}, "physicalLocation": self.place(other)}
            for number, other in enumerate(problem.labels[1:], 1)
        ]
        if others:
            found["relatedLocations"] = others
        if problem.fix is not None and problem.fix.edits:
            found["fixes"] = [self.fix(problem)]
        return found

    def place(self, label: Label) -> Json:
        return {
            "artifactLocation": self.artifact(label.source.path),
            "region": _region(label.source, label.lo, label.hi),
        }

    def artifact(self, path: str) -> Json:
        path = path.replace("\\", "/")
        if self.folder and path.startswith(self.folder + "/"):
            path = path[len(self.folder) + 1 :]
        if path.startswith("/"):
            return {"uri": "file://" + _percent(path)}
        if path[1:3] == ":/":
            return {"uri": "file:///" + _percent(path)}
        return {"uri": _percent(path), "uriBaseId": ROOT}

    def fix(self, problem: Problem) -> Json:
        assert problem.fix is not None
        source = problem.primary.source
        replacements = [
            {"deletedRegion": _region(source, lo, hi), "insertedContent": {"text": new}}
            for lo, hi, new in sorted(problem.fix.edits)
        ]
        change = {"artifactLocation": self.artifact(source.path), "replacements": replacements}
        text = SAYS.get(problem.fix.applicability, SAYS["likely"])
        return {"description": {"text": text}, "artifactChanges": [change]}

    def fingerprint(self, problem: Problem) -> str:
        import hashlib

        source = problem.primary.source
        words = " ".join(source.line(source.line_of(problem.primary.lo)).split())
        told = f"{problem.code}\n{problem.slug}\n{words}".encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(told).hexdigest()[:32]
        key = f"{source.path}\n{digest}"
        self.seen[key] = self.seen.get(key, 0) + 1
        return f"{digest}:{self.seen[key]}"


def _message(problem: Problem) -> str:
    said = [problem.headline, problem.primary.text]
    said += [f"note: {text}" for text in problem.notes]
    said += [f"help: {text}" for text in problem.helps]
    return "\n".join(text for text in said if text)


def _region(source: Source, lo: int, hi: int) -> Json:
    line, column = source.position(lo)
    end_line, end_column = source.position(max(lo, hi))
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    }


def _percent(path: str) -> str:
    """A path as a URI reference; undecodable bytes of a file name come back as they were."""
    safe = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # other halves of a pair occur in names on Windows
        raw = path.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in raw)
