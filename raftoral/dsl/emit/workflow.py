"""One version of a workflow -> the pieces of its section in the generated module."""

from __future__ import annotations

import re

from .. import syntax as s
from ..facts.types import Field
from ..graph import UNWINDING, Graph, Slot
from .calls import as_tuple
from .expressions import quoted
from .flow import Flow
from .names import field, safe, snake

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .module import _ModuleText

# Methods that every handle has; a signal or query of that name gets an underscore.
OF_HANDLES = frozenset(
    [
        "ask",
        "begin",
        "cancel",
        "delete",
        "describe",
        "get",
        "id",
        "node",
        "pause",
        "query",
        "report",
        "result",
        "resume",
        "send",
        "signal",
        "start",
        "status",
        "tag",
        "terminate",
        "watch",
    ]
)


def in_natural_order(name: str) -> list[tuple[int, str]]:
    """`step2` before `step10`, as ruff sorts slots."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


class WorkflowText:
    """Collects what `workflow.py.jinja` lays side by side."""

    def __init__(self, module: _ModuleText, graph: Graph, newest: bool, several: bool) -> None:
        self.module = module
        self.graph = graph
        self.types = module.types
        decl = graph.decl
        suffix = "" if newest else f"V{graph.version.number}"
        fresh = module.imports.fresh
        self.class_name = decl.name.text if newest else fresh(f"{decl.name.text}{suffix}")
        has_state = any(isinstance(member, s.Checkpoint) for member in decl.members)
        self.state = fresh(f"{self.class_name}State") if has_state else "rt.NoState"
        self.handle = fresh(f"{self.class_name}Run")
        prefix = "_".join(part for part in (snake(decl.name.text) if several else "", suffix.lower()) if part)
        args = fresh(f"{self.class_name}Args") if graph.version.params else "rt.Empty"
        self.flow = Flow(module.out, graph, prefix, self.state, args)

    def data(self) -> dict[str, Any]:
        graph, decl = self.graph, self.graph.decl
        self.types.imports.name("typing", "ClassVar")
        for number, slot in enumerate(graph.slots, 1):
            slot.number = slot.number or number
        functions = self.flow.write()
        frames = self.frames()
        if graph.version.params or frames:
            self.types.imports.name("typing", "NamedTuple")
        slots = [self.slot(slot) for slot in graph.slots]
        checkpoints = [member for member in decl.members if isinstance(member, s.Checkpoint)]
        names = sorted((safe(member.name.text) for member in checkpoints), key=in_natural_order)
        return {
            "name": decl.name.text,
            "class_name": self.class_name,
            "number": graph.version.number,
            "full_name": graph.name,
            "digest": graph.digest,
            "doc": graph.version.doc or f"{decl.name.text}, version {graph.version.number}.",
            "state": self.state,
            "checkpoint_names": ", ".join(quoted(name) for name in names) + ("," if len(names) == 1 else ""),
            "checkpoints": [self.checkpoint(member) for member in checkpoints],
            "args": self.flow.args_name,
            "arg_fields": self.arg_fields(graph.version.params),
            "frames": frames,
            "functions": functions,
            "slots": slots,
            "slot_names": as_tuple([slot["name"] for slot in slots]),
            "parts": as_tuple([self.flow.start_name(strand) for strand in graph.strands() if strand is not graph.root]),
            "kept": ", ".join(
                f"{quoted(member.name.text)}: {self.types.text(graph.facts.targets[member.name].type)}"
                for member in checkpoints
            ),
            "key_width": max([len(slot["key"]) for slot in slots] + [3]),
            "result": self.types.text(graph.version.result),
            "begin": self.flow.begin_name,
            "raises": as_tuple([self.types.text(error) for error in graph.version.raises]),
            "signals": ", ".join(f"{quoted(n)}: {self.payload(x.payload)}" for n, x in graph.version.signals.items()),
            "queries": self.queries(),
            "handle": self.handle,
            "start_params": "".join(f"{p}, " for p in self.module.params(graph.version.params)),
            "start_args": f"{self.flow.args_name}({', '.join(safe(name) for name in graph.version.params)})",
            "methods": self.methods(),
        }  # fmt: skip

    def checkpoint(self, member: s.Checkpoint) -> str:
        local = self.graph.facts.targets[member.name]
        params = self.graph.decl.params
        self.module.out.env = {self.graph.facts.targets[p.name]: f"a.{field(safe(p.name.text))}" for p in params}
        value = self.module.out.value(member.value, local.type)
        self.module.out.env = {}
        return f"self.{safe(member.name.text)}: {self.types.text(local.type)} = {value}"

    def arg_fields(self, params: dict[str, Field]) -> list[str]:
        """The arguments, with their defaults: a parent may leave those out, as anybody may."""
        self.module.out.env = {}
        return [
            f"{field(safe(p.name))}: {self.types.text(p.type)}"
            + (f" = {self.module.out.fixed(p.default, p.type)}" if p.default is not None else "")
            for p in params.values()
        ]

    def frames(self) -> list[dict[str, Any]]:
        made = {}
        for strand in self.graph.strands():
            if strand.captured and strand.parent is not None:
                made[self.flow.captured_name(strand)] = self.flow.fields(strand.captured)
        for slot in self.graph.slots:
            if slot.frame:
                made[self.flow.frame_name(slot)] = self.flow.fields(slot.frame)
        return [{"name": name, "fields": fields} for name, fields in made.items()]

    def slot(self, slot: Slot) -> dict[str, Any]:
        """A row of the table above the workflow."""
        frame = [self.flow.name_of(local) for local in slot.frame]
        if slot.scopes and slot.kind != UNWINDING:
            frame.append("undo")
        return {
            "number": slot.number,
            "key": slot.key,
            "line": self.graph.facts.parsed.source.line_of(slot.node.lo),
            "kind": slot.kind,
            "shown": ", ".join(frame) or "-",
            "name": self.flow.slot_name(slot),
        }

    def payload(self, type: object) -> str:
        return "None" if type is None else self.types.text(type)  # type: ignore[arg-type]

    def queries(self) -> str:
        parts = []
        for member in self.graph.decl.members:
            if isinstance(member, s.Query) and not isinstance(member.value, s.QueryWrite):
                params = [self.module.out.facts.targets[p.name] for p in member.params]
                kinds = "".join(f"{self.types.text(local.type)}, " for local in params)
                want = self.graph.facts.widened.get(member.value) or self.graph.facts.types[member.value]
                before = self.module.out.env
                self.module.out.env = {
                    self.graph.facts.targets[p.name]: f"a.{field(safe(p.name.text))}" for p in self.graph.decl.params
                }
                shown = "".join(f", {safe(p.name.text)}" for p in member.params)
                text = self.module.out.value(member.value, want)
                self.module.out.env = before
                parts.append(
                    f"{quoted(member.name.text)}: rt.Query(lambda cx, s, a{shown}: {text}, ({kinds}), "
                    f"{self.types.text(want)})"
                )
        return ", ".join(parts)

    def methods(self) -> list[dict[str, str]]:
        made = []
        source = self.graph.facts.parsed.source
        for member in self.graph.decl.members:
            name = safe(member.name.text)
            name = f"{name}_" if name in OF_HANDLES else name
            line = f"{source.line_of(member.lo)} | {source.text[member.lo : member.hi].splitlines()[0]}"
            doc = line.replace("\\", "\\\\").replace('"""', "'''")
            doc = doc + " " if doc.endswith('"') else doc
            if isinstance(member, s.Signal):
                payload = self.graph.version.signals[member.name.text].payload
                params = f", payload: {self.types.text(payload)}" if payload is not None else ""
                value = "payload" if payload is not None else "None"
                body = f"await self.send({quoted(member.name.text)}, {value})"
                made.append({"name": name, "params": params, "result": "None", "doc": doc, "body": body})
            elif isinstance(member, s.Query) and not isinstance(member.value, s.QueryWrite):
                fields = [self.graph.facts.targets[p.name] for p in member.params]
                params = "".join(f", {safe(p.name)}: {self.types.text(p.type)}" for p in fields)
                args = "".join(f"{safe(p.name)}, " for p in fields)
                result = self.types.text(self.query_type(member))
                body = f"return await self.ask({quoted(member.name.text)}, ({args}))"
                made.append({"name": name, "params": params, "result": result, "doc": doc, "body": body})
        return made

    def query_type(self, member: s.Query) -> Any:
        return self.graph.facts.widened.get(member.value) or self.graph.facts.types[member.value]
