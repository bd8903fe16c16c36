"""A checked module and its graphs -> the text of its Python module.

Everything is decided here and in the other rooms of `emit`; the templates only lay pieces side by side, and black
decides about layout. The same input gives the same bytes, whatever the time, the path or the hash seed.
"""

from __future__ import annotations

import hashlib
import re

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import Activity, Const, Function, Workflow
from ..facts.types import EnumType, ErrorType, Field, RecordType, Type, UnionType
from ..graph import Graph
from .expressions import Expressions, quoted
from .names import Imports, authors_names, camel, imported_names, safe
from .order import in_order
from .policies import activity_line, policy_words
from .statements import Statements
from .types import Types
from .workflow import WorkflowText

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ABI = 1
CONTRACT = "from raftoral.program import v1 as rt"
STANDARD = ("datetime", "decimal", "enum", "typing", "uuid")


def emit(
    facts: Facts,
    graphs: list[Graph],
    version: str,
    templates: Callable[[str], str],
    lay_out: Callable[[str], str] | None = None,
) -> str:
    """The module's text. `templates` gives a template's source by its name; `lay_out` stands in for black."""
    from .layout import laid_out

    return (lay_out or laid_out)(_ModuleText(facts, graphs).pour(version, templates))


class _ModuleText:
    __slots__ = ("facts", "graphs", "imports", "out", "types")

    def __init__(self, facts: Facts, graphs: list[Graph]) -> None:
        self.facts = facts
        self.graphs = graphs
        self.imports = Imports(authors_names(facts), imported_names(facts))
        self.types = Types(self.imports, facts.interface.module)
        self.out = Expressions(facts, self.types)

    def pour(self, version: str, templates: Callable[[str], str]) -> str:
        """The text before its layout."""
        from .layout import rendered

        data = {**self.data(), "version": version, "imports": [], "has_own_imports": False}
        body = rendered("module.py.jinja", data, templates)
        blocks = self.import_blocks(set(re.findall(r"\w+", re.sub(r"(?m)^ *#.*", "", body))))
        # Whether own modules stand with the others or below depends on the folder that a sorter is started in.
        own = bool(blocks) and blocks[-1][-1].split()[1] not in (*STANDARD, "pydantic", "raftoral.program")
        return rendered("module.py.jinja", {**data, "imports": blocks, "has_own_imports": own}, templates)

    def data(self) -> dict[str, Any]:
        facts = self.facts
        module = facts.interface.module
        names = facts.interface.names
        decls = facts.parsed.module.decls
        types, constants, functions = (
            [made for decl in part for made in self.declared(decl)] for part in in_order(facts)
        )
        activities = [self.activity(m) for decl in decls if isinstance(m := self.own(decl), Activity)]
        return {
            "edition": "1",
            "abi": ABI,
            "source_path": module.replace(".", "/") + ".rft",
            "source_digest": hashlib.sha256(facts.parsed.source.text.encode()).hexdigest()[:16],
            "docstring": self.docstring(module, names),
            "types": types,
            "constants": constants,
            "protocol": self.imports.fresh(f"{camel(module.rpartition('.')[2])}Activities"),
            "protocol_base": self.imports.name("typing", "Protocol") if activities else "",
            "activities": activities,
            "functions": functions,
            "workflows": [self.workflow(graph) for graph in self.graphs],
        }

    def import_blocks(self, used: set[str]) -> list[list[str]]:
        """What is used of the standard library, others, the user's own modules: the order that ruff and isort want."""
        standard: list[str] = []
        others: list[str] = []
        own: list[str] = []
        for line in self.imports.lines(used):
            module = line.split()[1]
            (standard if module in STANDARD else others if module == "pydantic" else own).append(line)
        others += [CONTRACT] if "rt" in used else []
        return [lines for lines in (standard, others, own) if lines]

    def own(self, decl: s.Decl) -> object:
        if isinstance(decl, s.Extern | s.Migrate):
            return None
        return self.facts.interface.names.get(decl.name.text)

    def docstring(self, module: str, names: dict[str, Any]) -> str:
        flows = [name for name, meaning in names.items() if isinstance(meaning, Workflow)]
        what = f": types, activities and the workflow{'s' if len(flows) > 1 else ''} " if flows else ": types"
        return f"Module `{module}`{what}{', '.join(f'`{name}`' for name in flows)}."

    # --- types ---------------------------------------------------------------------------------------------

    def type(self, decl: s.Decl) -> list[dict[str, Any]]:
        meaning = self.own(decl)
        if isinstance(meaning, EnumType):
            fields = [f"{name.upper()} = {quoted(name)}" for name in meaning.members]
            base = self.imports.name("enum", "StrEnum")
            return [self._class(meaning.name, base, meaning.doc, fields)]
        if isinstance(meaning, RecordType):
            return [self._class(meaning.name, "rt.Record", meaning.doc, self.fields(meaning.fields))]
        if isinstance(meaning, ErrorType):
            base = f"rt.WorkflowError, kind={quoted(f'{meaning.module}.{meaning.name}')}"
            return [self._class(meaning.name, base, meaning.doc, self.fields(meaning.fields))]
        if isinstance(meaning, UnionType):
            made = []
            literal = self.imports.name("typing", "Literal")
            for name, variant in meaning.variants.items():
                kind = f"kind: {literal}[{quoted(name)}] = {quoted(name)}"
                made.append(self._class(name, "rt.Variant", "", [kind, *self.fields(variant.fields)]))
            alias = self.imports.name("typing", "TypeAlias")
            value = " | ".join(meaning.variants)
            made.append({"template": "alias.py.jinja", "name": f"{meaning.name}: {alias}", "value": value})
            return made
        return []

    def _class(self, name: str, base: str, doc: str, fields: list[str]) -> dict[str, Any]:
        return {
            "template": "record.py.jinja",
            "name": name,
            "base": base,
            "doc": doc.replace('"""', "'''"),
            "fields": fields,
        }

    def fields(self, fields: dict[str, Field]) -> list[str]:
        lines = []
        for field in fields.values():
            note = self.types.text(field.type)
            default = self.out.fixed(field.default, field.type) if field.default is not None else None
            if field.stored != field.name:
                made = self.imports.name("pydantic", "Field")
                start = f"{default}, " if default is not None else ""
                lines.append(f"{field.name}: {note} = {made}({start}alias={quoted(field.stored)})")
            elif default is not None:
                lines.append(f"{field.name}: {note} = {default}")
            else:
                lines.append(f"{field.name}: {note}")
        return lines

    # --- the rest ------------------------------------------------------------------------------------------

    def declared(self, decl: s.Decl) -> list[dict[str, Any]]:
        """A type, constant or function, for the template that it names."""
        meaning = self.own(decl)
        if isinstance(meaning, Function):
            return [self.function(meaning)]
        return [self.constant(meaning)] if isinstance(meaning, Const) else self.type(decl)

    def constant(self, meaning: Const) -> dict[str, Any]:
        final = self.imports.name("typing", "Final")
        value = self.out.fixed(meaning.decl.value, meaning.type)
        name = f"{meaning.name.upper()}: {final}[{self.types.text(meaning.type)}]"
        return {"template": "alias.py.jinja", "name": name, "value": value}

    def activity(self, meaning: Activity) -> dict[str, Any]:
        text = self.facts.parsed.source.text
        said = [*meaning.doc.splitlines(), ""] if meaning.doc else []
        return {
            "name": safe(meaning.name),
            "params": ", ".join(["self", *self.params(meaning.params)]),
            "result": self.types.text(meaning.result),
            "doc": [docstring_line(line) for line in [*said, *wrapped(policy_words(meaning, text))]],
            "definition": activity_line(self.out, meaning),
        }

    def params(self, params: dict[str, Field]) -> list[str]:
        shown = []
        for param in params.values():
            default = f" = {self.out.fixed(param.default, param.type)}" if param.default is not None else ""
            shown.append(f"{safe(param.name)}: {self.types.text(param.type)}{default}")
        return shown

    def function(self, meaning: Function) -> dict[str, Any]:
        decl = meaning.decl
        assert isinstance(decl, s.Fn)
        writer = Statements(self.out)
        self.out.env = {}
        self.out.temporaries = 0
        if isinstance(decl.body, s.Pure):
            writer.mark(decl)
            writer.line(f"return {self.out.value(decl.body.value, meaning.result)}")
        else:
            writer.function_body(decl.body, meaning.result)
        return {
            "template": "function.py.jinja",
            "name": safe(meaning.name),
            "params": ", ".join(self.params(meaning.params)),
            "result": self.types.text(meaning.result),
            "body": writer.lines,
        }

    def workflow(self, graph: Graph) -> dict[str, Any]:
        newest = max(g.version.number for g in self.graphs if g.name == graph.name)
        several = len({g.name for g in self.graphs}) > 1
        return WorkflowText(self, graph, newest == graph.version.number, several).data()

    def default(self, type: Type, value: s.Expr) -> str:
        return self.out.value(value, type)


def docstring_line(line: str) -> str:
    """A line that may stand inside a docstring."""
    line = line.replace("\\", "\\\\").replace('"""', "'''")
    return f"{line} " if line.endswith('"') else line


def wrapped(text: str, width: int = 78) -> list[str]:
    """Lines of at most `width` columns, broken at spaces."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines
