"""Makes the modules beside this file from their `.proto` files; `--check` only says whether they are out of date.

For a file with services there is a module `*_pb2_grpc.py` too, with a `.pyi` of our own making, since grpcio-tools
makes none. A tool of `./dev proto`. Never loaded at run time.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PLACE = "raftoral/runtime/proto"
ROOT = HERE[: -len(PLACE) - 1]


def sources() -> list[str]:
    return sorted(name for name in os.listdir(HERE) if name.endswith(".proto"))


def made(folder: str) -> dict[str, str]:
    """The modules, made in `folder`: their names and texts."""
    import grpc_tools
    from grpc_tools import protoc

    own = os.path.join(os.path.dirname(grpc_tools.__file__), "_proto")  # google/protobuf/*.proto
    outs = [f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc_python")]
    # By their whole paths: a process has one pool of files, and a service's own `api.proto` may be in it too.
    if protoc.main(["protoc", f"-I{ROOT}", f"-I{own}", *outs, *(f"{PLACE}/{name}" for name in sources())]) != 0:
        sys.exit(1)
    folder = os.path.join(folder, *PLACE.split("/"))
    texts = {name: _text(os.path.join(folder, name)) for name in sorted(os.listdir(folder))}
    for name in sources():
        stem, services = name.removesuffix(".proto"), _services(_text(os.path.join(HERE, name)))
        stubs = texts.pop(f"{stem}_pb2_grpc.py", "")
        if services:
            texts[f"{stem}_pb2_grpc.py"] = _used(stubs)
            texts[f"{stem}_pb2_grpc.pyi"] = _types(stem, services)
    return texts


Method = tuple[str, str, str, str]  # name, request, "stream " or nothing, reply


def _services(text: str) -> dict[str, list[Method]]:
    """Our files are plain: a method stands on one line."""
    found = {}
    for name, body in re.findall(r"^service (\w+) \{(.*?)^\}", text, re.M | re.S):
        found[name] = re.findall(r"rpc (\w+)\((\w+)\) returns \((stream )?(\w+)\);", body)
    return found


def _used(stubs: str) -> str:
    """What the plugin makes, without the classes that nobody derives from or calls: servicers whose methods all say
    that they are not there, and a second way to call each method that grpcio names experimental."""
    lines = stubs.splitlines(keepends=True)
    for node in reversed(ast.parse(stubs).body):
        if isinstance(node, ast.ClassDef) and not node.name.endswith("Stub"):
            first = node.lineno - 1
            while lines[first - 1].startswith(("#", "\n")):  # the plugin's remark above, and blank lines
                first -= 1
            lines[first : node.end_lineno] = []
    return "".join(lines)


def _types(stem: str, services: dict[str, list[Method]]) -> str:
    lines = ["import grpc.aio", "", f"from . import {stem}_pb2 as pb", ""]
    for service, methods in services.items():
        lines += [f"class {service}Stub:", "    def __init__(self, channel: grpc.aio.Channel) -> None: ..."]
        for name, request, stream, reply in methods:
            kind = "UnaryStream" if stream else "UnaryUnary"
            lines.append(f"    {name}: grpc.aio.{kind}MultiCallable[pb.{request}, pb.{reply}]")
        lines += [
            "",
            f"def add_{service}Servicer_to_server(servicer: object, server: grpc.aio.Server) -> None: ...",
            "",
        ]
    return "\n".join(lines)


def outdated() -> list[str]:
    """The modules that are not what their sources say."""
    with tempfile.TemporaryDirectory() as folder:
        texts = made(folder)
    return [name for name, text in texts.items() if _text(os.path.join(HERE, name)) != text]


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def main(words: list[str]) -> int:
    if words == ["--check"]:
        names = outdated()
        print("\n".join(f"{name} is out of date: run ./dev proto" for name in names) or "all are up to date")
        return 1 if names else 0
    with tempfile.TemporaryDirectory() as folder:
        for name, text in made(folder).items():
            with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
                file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
