"""Makes the modules beside this file from their `.proto` files; `--check` only says whether they are out of date.

A tool of `./dev proto`. Never loaded at run time.
"""

from __future__ import annotations

import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def sources() -> list[str]:
    return sorted(name for name in os.listdir(HERE) if name.endswith(".proto"))


def made(folder: str) -> dict[str, str]:
    """The modules, made in `folder`: their names and texts."""
    from grpc_tools import protoc

    words = ["protoc", f"-I{HERE}", f"--python_out={folder}", f"--pyi_out={folder}"]
    if protoc.main([*words, *sources()]) != 0:
        sys.exit(1)
    return {name: _text(os.path.join(folder, name)) for name in sorted(os.listdir(folder))}


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
