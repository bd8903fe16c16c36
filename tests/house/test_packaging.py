"""What an installed raftoral brings and asks for: each dependency is used, each extra has its door, types are there."""

from __future__ import annotations

import os
import re
import tomllib

from tests.house import laws

with open(os.path.join(laws.ROOT, "pyproject.toml"), "rb") as _file:
    PROJECT = tomllib.load(_file)["project"]

# What a distribution is called, and what is imported of it.
MODULES = {"protobuf": "google.protobuf", "jinja2": "jinja2", "prometheus-client": "prometheus_client"}
EXTRAS = {"grpc": "grpc", "metrics": "prometheus_client", "otel": "opentelemetry", "uvloop": "uvloop"}


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert found is not None
    return found[0].lower()


def imported() -> set[str]:
    """All modules that the package imports, wherever it does."""
    files = laws.text_files(laws.ROOT, [path for path in laws.tracked(laws.ROOT) if path.startswith("raftoral/")])
    text = "\n".join(content for path, content in files.items() if path.endswith(".py"))
    return set(re.findall(r"^\s*(?:from|import) ([a-z_][\w.]*)", text, re.MULTILINE))


def test_every_dependency_is_used():
    names = [name_of(each) for each in PROJECT["dependencies"]]
    used = imported()
    wanted = {name: MODULES.get(name, name.replace("-", "_")) for name in names}
    assert [name for name, module in wanted.items() if not any(laws.within(each, module) for each in used)] == []
    assert "lark" not in names, "a wheel has the tables; only builds and edited checkouts compute them"


def test_every_extra_has_its_door():
    extras = PROJECT["optional-dependencies"]
    used = imported()
    for extra, module in EXTRAS.items():
        assert extras[extra]
        assert any(laws.within(each, module) for each in used), extra
    readme = laws.read(os.path.join(laws.ROOT, "README.md"))
    (said,) = re.findall(r"^Extras: (.*)$", readme, re.MULTILINE)
    assert re.findall(r"`(\w+)`", said) == list(EXTRAS)


def test_types_are_there():
    assert os.path.exists(os.path.join(laws.ROOT, "raftoral", "py.typed"))
    assert "Typing :: Typed" in PROJECT["classifiers"]


def test_a_source_distribution_has_what_its_tests_read():
    with open(os.path.join(laws.ROOT, "pyproject.toml"), "rb") as file:
        include = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    kept = {path.split("/")[0] for path in laws.tracked(laws.ROOT)}
    # pyproject.toml, README.md, LICENSE and .gitignore come along by themselves.
    assert kept - {each.strip("/") for each in include} <= {
        ".ci",
        ".gitignore",
        "LICENSE",
        "README.md",
        "pyproject.toml",
    }
