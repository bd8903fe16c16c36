"""Who may import what, as one table: the invariants of absence in `ARCHITECTURE.md`."""

from __future__ import annotations

import pytest

from tests.house import laws
from tests.house.laws import Room

# What reaches out of the process, or is not the same on every machine and in every run.
THE_WORLD = (
    *("asyncio", "concurrent", "multiprocessing", "signal", "subprocess", "threading", "_thread"),
    *("glob", "io", "os", "pathlib", "shutil", "sys", "tempfile"),
    *("ftplib", "http", "select", "selectors", "smtplib", "socket", "socketserver", "ssl"),
    *("urllib.request", "datetime", "random", "secrets", "time", "uuid"),
    *("ctypes", "importlib", "logging", "marshal", "sqlite3"),
)
REACHING_CALLS = ("__import__", "breakpoint", "eval", "exec", "input", "open", "print")

# Bytes that run code when they are read have no place in stored or sent data.
RUNS_CODE_WHEN_READ = ("cloudpickle", "dill", "pickle", "shelve")

DATA = ("codes", "diagnostics", "facts", "graph", "scope", "source", "spelling", "syntax")
PASSES = ("parser", "resolve", "typecheck", "effects", "lower", "liveness", "emit")
DOORS = ("compile", "project", "format", "lock", "compat", "diagram")


def dsl(*rooms: str) -> tuple[str, ...]:
    return tuple(f"raftoral.dsl.{room}" for room in rooms)


TABLE = {
    "raftoral": Room(
        may={"raftoral": "its own house; rooms inside are stricter"},
        never=RUNS_CODE_WHEN_READ,
    ),
    "raftoral.dsl": Room(
        may={
            "raftoral.dsl": "its own house",
            "raftoral.errors": "the public exceptions",
            "raftoral.program": "the contract between compiler and runtime",
        },
        never=("raftoral", *dsl("make_tables"), *THE_WORLD),
        never_call=REACHING_CALLS,
    ),
    "raftoral.program": Room(
        may={
            "raftoral.program": "its own house",
            "datetime": "the types of timestamps and durations; no clock is read",
            "uuid": "the type; none is drawn from the machine",
            "threading": "a lock around the making of a codec, a depth for each thread; no thread is started",
            "sys": "the module in whose names an annotation is read",
            **dict.fromkeys(
                ("pydantic", "pydantic_core"), "records are models, as they cross into user code; bytes are read by it"
            ),
        },
        never=("raftoral", *THE_WORLD),
        never_call=("__import__", "breakpoint", "exec", "input", "open", "print"),
    ),
    # Data rooms lie below the passes, and no pass knows another one: `compile` lines them up.
    **{room: Room(never=dsl(*PASSES, *DOORS)) for room in dsl(*DATA)},
    **{
        room: Room(
            may={room: "itself"},
            never=[other for other in dsl(*PASSES, *DOORS) if other != room],
        )
        for room in dsl(*PASSES)
    },
    # The runtime meets the compiler in `program`, and nowhere else. It does what is asked, and asks nobody but the
    # world, which begins in `edge`; the rooms around it take of the world what stands here.
    "raftoral.runtime": Room(
        may={
            "raftoral.runtime": "its own house",
            "raftoral.errors": "the public exceptions",
            "raftoral.notes": "from an exception to the lines of an `.rft` file",
            "raftoral.program": "the contract between compiler and runtime",
            **dict.fromkeys(("pydantic", "pydantic_core"), "reads and writes JSON"),
        },
        never=("raftoral", *THE_WORLD),
        never_call=REACHING_CALLS,
    ),
    # The core computes the same on every node: no clock, no chance, no world.
    "raftoral.runtime.core": Room(
        may={
            "raftoral.runtime.core": "its own house",
            "raftoral.runtime.proto": "the form in which runs are stored",
            "raftoral.program": "the contract between compiler and runtime",
            "datetime": "the types of timestamps and durations; no clock is read",
            "sys": "the names of a generated module, which is there already",
            "raftoral.notes": "from a fault to lines of the `.rft` file: words for people",
        },
        never=("raftoral", *(name for name in THE_WORLD if name not in ("datetime", "sys"))),
        never_call=REACHING_CALLS,
    ),
    # SQLite stands behind one store. What it says and takes is known in three rooms; the rest of a store is pure.
    "raftoral.runtime.edge": Room(
        may=dict.fromkeys([name for name in THE_WORLD if name != "sqlite3"], "the edge is where the world begins"),
        never=("sqlite3",),
        may_call={"open": "files of the store and of its lock"},
    ),
    **{
        f"raftoral.runtime.edge.{room}": Room(may={"sqlite3": "the store on disk"})
        for room in ("storage_faults", "storage_file", "storage_sqlite")
    },
    **{
        f"raftoral.runtime.edge.{room}": Room(never=[name for name in THE_WORLD if name != "threading"])
        for room in ("storage_lists", "storage_memory", "storage_rows", "storage_rules")
    },
    # Consensus is bytes and time in, bytes out; the journal is a port. It sees nothing of workflows.
    "raftoral.runtime.consensus": Room(
        may={
            "raftoral.runtime.consensus": "its own house",
            "raftoral.runtime.faults": "whose fault it is",
            "raftoral.runtime.proto": "what is said and stored",
            "google.protobuf": "says when bytes cannot be read",
        },
        never=("raftoral.program", "raftoral.notes", "raftoral.runtime", "pydantic", "pydantic_core", *THE_WORLD),
        never_call=REACHING_CALLS,
    ),
    "raftoral.runtime.consensus.core": Room(
        may={
            "pysyncobj": "it is the door to the engine: typed on this side, private names on the other",
            "importlib": "loads a private copy of the engine's module; reads that package's files for their digests",
        },
    ),
    # What a group's log holds is read where commands are; protobuf says when it cannot be.
    "raftoral.runtime.core.wire": Room(may={"google.protobuf": "says when bytes cannot be read"}),
    # The replicated node. Sans-IO but for states on disk, the engine's thread, and the service's own loop.
    "raftoral.runtime.cluster": Room(
        may={
            "raftoral": "the version, which packages carry",
            "google.protobuf": "says when bytes cannot be read",
        },
    ),
    "raftoral.runtime.cluster.packages": Room(
        may={"sys": "modules of deployed programs are found by their names"},
        may_call={"exec": "runs the modules of deployed programs: who may deploy runs code on every node"},
    ),
    "raftoral.runtime.cluster.crossing": Room(may={"asyncio": "wakes a loop, and waits for what it answers"}),
    "raftoral.runtime.cluster.engine": Room(
        may={
            **dict.fromkeys(("asyncio", "threading"), "it is the thread of the engine, with a loop of its own"),
            "time": "the clocks of a host: one that never goes back, and the one of people",
            "logging": "says when the node stands still, and why",
            "uvloop": "a quicker loop, if it is installed",
        }
    ),
    "raftoral.runtime.cluster.serving.desks": Room(may={"asyncio": "whoever asked waits for the answer"}),
    "raftoral.runtime.cluster.serving.service": Room(
        may={
            "asyncio": "whoever asked waits for the answer",
            "logging": "says when runs could not be pruned",
        }
    ),
    "raftoral.runtime.cluster.serving.membership": Room(
        may={
            "asyncio": "tends groups, and waits for another leader",
            "logging": "says who is not a member yet",
            "secrets": "names and tokens of nodes",
        }
    ),
    "raftoral.runtime.cluster.identity": Room(
        may={"os": "one file, written durably"}, may_call={"open": "who this node is"}
    ),
    "raftoral.runtime.cluster.node": Room(
        may={
            "asyncio": "the shell: a service embeds it on its loop",
            "datetime": "how long runs that are over are kept",
            "logging": "says when it stops without handing over",
            "raftoral.deploying": "the compiler, when somebody deploys sources to this node",
            **dict.fromkeys(("os", "tempfile"), "its directory"),
            **dict.fromkeys(("random", "secrets"), "election timeouts; names of nodes and the secret of a cluster"),
            "time": "its life begins now; how long it waits to be ready",
        }
    ),
    "raftoral.runtime.links.peers": Room(
        may={
            "raftoral": "the version, which links say",
            **dict.fromkeys(("asyncio", "logging", "socket"), "links over TCP"),
            "secrets": "nonces",
            "google.protobuf": "says when bytes cannot be read",
            "raftoral.runtime.proto": "what the ends say of themselves",
        }
    ),
    "raftoral.runtime.cluster.states": Room(
        may={
            "os": "files of states and snapshots",
            "shutil": "takes such a folder away",
            "sqlite3": "copies the store on disk, as of one moment",
        },
        may_call={"open": "a snapshot that comes"},
    ),
    # The world in a box: the production node, and nothing real around it.
    "raftoral.sim": Room(
        may={
            "raftoral.sim": "its own house",
            "raftoral.runtime": "what is simulated",
            "raftoral.program": "definitions, values and their codec",
            "raftoral.errors": "the public exceptions",
            "random": "sources of chance that are made from a seed",
        },
        never=("raftoral", "raftoral.runtime.edge", "raftoral.runtime.links", *THE_WORLD),
        never_call=REACHING_CALLS,
    ),
    "raftoral.sim.disk": Room(may={"raftoral.runtime.edge.storage_memory": "a state as the port wants it, in memory"}),
    "raftoral.sim.files": Room(
        may={
            "raftoral.runtime.edge.storage_sqlite": "the store of the production, which is simulated too",
            "raftoral.runtime.edge.storage_file": "the name of its file",
            "os": "files of SQLite in a folder of their own",
            "tempfile": "that folder, which goes with the world",
        },
        may_call={"open": "what a power cut leaves of a file is written by hand"},
    ),
    "raftoral.sim.oracle": Room(
        may={"raftoral.runtime.edge.storage_memory": "a state as the port wants it, in memory"}
    ),
    "raftoral.sim.values": Room(may={"datetime": "the types of values; no clock is read", "uuid": "the type"}),
    "raftoral.sim.runner": Room(may={"inspect": "whether a user's activity is a coroutine"}),
    "raftoral.sim.command": Room(
        may={
            "raftoral.cli": "what all commands share",
            "os": "paths of files that the user named",
            "time": "how long all of it took",
        },
        may_call={"open": "reads files that the user named"},
    ),
    "raftoral.sim.programs": Room(
        may={
            "raftoral.dsl": "the programs that it brings along are texts",
            "raftoral.cli.templates": "the templates of generated modules, wherever they are",
            "sys": "generated modules are found by their names",
        },
        may_call={"exec": "runs the modules that were made of its own texts, or of files that the user named"},
    ),
    # The one file that a journal opens.
    "raftoral.runtime.edge.journal_sqlite": Room(
        may={
            "raftoral.runtime.consensus": "the port that it implements",
            "google.protobuf": "says when a record cannot be read",
            "sqlite3": "the journal on disk",
        },
    ),
    "raftoral.runtime.proto": Room(may={"google.protobuf": "what the modules made by it need"}),
    "raftoral.runtime.proto.api_pb2_grpc": Room(may={"grpc": "made by its plugin"}),
    "raftoral.runtime.proto.make": Room(
        may=dict.fromkeys(
            ("grpc_tools", "os", "sys", "tempfile"), "makes the modules; a tool of `./dev`, never loaded at run time"
        ),
        may_call=dict.fromkeys(("open", "print"), "writes the modules, says which are out of date"),
    ),
    "raftoral.runtime.views": Room(may={"datetime": "times as people write them"}),
    "raftoral.runtime.engine": Room(
        may={
            "asyncio": "lives on a loop, and answers there",
            "time": "how long a commit takes: a slow one is not for the loop",
            "logging": "what workflows log, and what goes wrong",
        }
    ),
    "raftoral.runtime.desk": Room(
        may={
            "asyncio": "the shell: whoever calls waits here",
            "datetime": "times as people write them",
        }
    ),
    "raftoral.runtime.local": Room(
        may={
            "asyncio": "the shell: whoever calls waits here",
            "datetime": "times as people write them",
            "logging": "says when runs that are over could not be pruned",
            "uuid": "ids of runs that nobody named",
        }
    ),
    # What callers hold. It waits for a desk or a service, and reaches nothing by itself.
    "raftoral.runtime.calls": Room(may={"datetime": "times and ages as people write them; no clock is read"}),
    "raftoral.runtime.calls.values": Room(may={"uuid": "ids of runs that nobody named, keys of calls"}),
    # Between clients and a node: connections, certificates, bytes of strangers.
    "raftoral.runtime.links": Room(
        may={
            "asyncio": "connections and deadlines",
            "ssl": "what comes over a network",
            "logging": "says what strangers are not told: bugs, lost connections",
            "raftoral.runtime.proto": "messages of gRPC",
        },
    ),
    "raftoral.runtime.links.kinds": Room(may={"datetime": "times as people write them; no clock is read"}),
    "raftoral.runtime.links.remote": Room(may={"random": "clients that lost a node must not all come back at once"}),
    "raftoral.runtime.links.connect": Room(may={"importlib": "asks whether grpcio is there, which is an extra"}),
    **{
        f"raftoral.runtime.links.http.{room}": Room(may={"h11": "it is the door to h11: bytes on one side"})
        for room in ("connection", "client", "peers")
    },
    # gRPC is an extra: nobody outside of this room may need it to be there.
    "raftoral.runtime.links.grpc": Room(
        may={
            "google.protobuf": "messages",
            "datetime": "times in messages; no clock is read",
            **dict.fromkeys(("grpc", "grpc_health", "grpc_reflection"), "it is the door to gRPC"),
        },
    ),
    "raftoral.runtime.links.grpc.server": Room(
        may=dict.fromkeys(("os", "shutil", "stat", "tempfile"), "a private folder for the socket behind the listener")
    ),
    "raftoral.runtime.links.grpc.channels": Room(may_call={"open": "certificates, which grpcio wants as bytes"}),
    "raftoral.runtime.links.http.openapi": Room(
        may={"raftoral": "its version", "raftoral.runtime": "its own house"}, never=("raftoral.cli", "raftoral.dsl")
    ),
    "raftoral.runtime.bindings": Room(may={"sys": "the modules in which activities are declared"}),
    "raftoral.runtime.activity": Room(
        may={
            "asyncio": "waits until a call is cancelled",
            "threading": "a lock around callbacks, which come from any thread; no thread is started",
            "logging": "the logger of an activity",
            "datetime": "a deadline as people and other systems write it; decides nothing",
        }
    ),
    "raftoral.runtime.resources": Room(
        may={
            "asyncio": "factories are async, and each resource lives in a task",
            "threading": "a lock around counts: threads ask for resources too",
            "logging": "says when a resource is made anew",
        }
    ),
    # Extras: each is the one door to a library that may not be there, and nobody imports it but a service that has it.
    "raftoral.metrics": Room(may={"prometheus_client": "samples and their registry"}),
    "raftoral.tracing": Room(
        may={"opentelemetry": "its API: spans and contexts; never an SDK"}, never=["opentelemetry.sdk"]
    ),
    # Exceptions, by name.
    "raftoral.dsl.make_tables": Room(
        may={
            "lark": "it is the door to lark: the grammar goes in, plain tables come out",
            "marshal": "writes the tables; they are read only beside the grammar they came from",
            "os": "finds the grammar and puts the table file in place in one step",
        },
        may_call={"open": "reads the grammar, writes the tables; never at the run time of a wheel"},
    ),
    "raftoral.dsl.parser.driver": Room(
        may={
            "marshal": "reads the tables; loading them takes a millisecond, computing them 100",
            "os": "finds the tables and the grammar of its own package",
            "raftoral.dsl.make_tables": "in a checkout whose grammar was edited since the tables",
        },
        may_call={"open": "reads the tables and the grammar of its own package, nothing else"},
    ),
    "raftoral.dsl.emit": Room(
        may={
            "black": "the layout of generated modules",
            "jinja2": "the templates of generated modules",
        },
    ),
}


def test_rooms_import_only_what_the_table_allows():
    laws.assert_kept(laws.import_faults(laws.read_tree(laws.ROOT), TABLE))


def test_rooms_of_the_compiler_call_nothing_that_reaches_the_world():
    laws.assert_kept(laws.call_faults(laws.read_tree(laws.ROOT), TABLE))


def test_every_permission_has_a_reason():
    for name, room in TABLE.items():
        for entry, reason in [*room.may.items(), *room.may_call.items()]:
            assert reason.strip(), f"{name}: why may it have {entry}?"


# --- each law can fail ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text", "refused"),
    [
        ("raftoral/dsl/resolve.py", "import os", "os"),
        ("raftoral/dsl/resolve.py", "import os.path as p", "os.path"),
        ("raftoral/dsl/resolve.py", "from os import path", "os"),
        ("raftoral/dsl/resolve.py", "def f():\n    import time", "time"),
        ("raftoral/dsl/resolve.py", "import lark", "lark"),
        ("raftoral/dsl/resolve.py", "from .. import cli", "raftoral.cli"),
        ("raftoral/dsl/resolve.py", "from ..cli.check import main", "raftoral.cli.check"),
        ("raftoral/dsl/resolve.py", "from raftoral.runtime.core import x", "raftoral.runtime.core"),
        ("raftoral/dsl/resolve.py", "import raftoral.sim", "raftoral.sim"),
        ("raftoral/dsl/resolve.py", "from . import lower", "raftoral.dsl.lower"),
        ("raftoral/dsl/resolve.py", "from .compile import all", "raftoral.dsl.compile"),
        ("raftoral/dsl/resolve.py", "import make_believe", "make_believe"),
        ("raftoral/dsl/source.py", "from .parser.build import x", "raftoral.dsl.parser.build"),
        ("raftoral/dsl/parser/__init__.py", "from .. import lower", "raftoral.dsl.lower"),
        ("raftoral/dsl/parser/build.py", "import marshal", "marshal"),
        ("raftoral/dsl/parser/build.py", "import lark.lexer", "lark.lexer"),
        ("raftoral/dsl/parser/build.py", "from ... import cli", "raftoral.cli"),
        ("raftoral/dsl/parser/driver.py", "import pickle", "pickle"),
        ("raftoral/dsl/parser/driver.py", "import sys", "sys"),
        ("raftoral/runtime/codec.py", "import pickle", "pickle"),
        ("raftoral/runtime/edge/effect_runner.py", "from raftoral.dsl import x", "raftoral.dsl"),
        ("raftoral/runtime/edge/effect_runner.py", "import raftoral.cli.check", "raftoral.cli.check"),
        ("raftoral/runtime/alarms.py", "import time", "time"),
        ("raftoral/runtime/core/machine.py", "import sqlite3", "sqlite3"),
        ("raftoral/runtime/edge/storage_memory.py", "import os", "os"),
        ("raftoral/runtime/edge/storage_rows.py", "import sqlite3", "sqlite3"),
        ("raftoral/runtime/edge/effect_runner.py", "import sqlite3", "sqlite3"),
        ("raftoral/runtime/codec.py", "import lark", "lark"),
        ("raftoral/runtime/host.py", "import pysyncobj", "pysyncobj"),
        ("raftoral/runtime/consensus/guard.py", "from pysyncobj import SyncObj", "pysyncobj"),
        ("raftoral/runtime/consensus/groups.py", "import time", "time"),
        ("raftoral/runtime/consensus/journal.py", "import sqlite3", "sqlite3"),
        ("raftoral/runtime/consensus/log.py", "from raftoral.runtime.core import x", "raftoral.runtime.core"),
        ("raftoral/cli/check.py", "from shelve import open", "shelve"),
        ("raftoral/runtime/engine.py", "import prometheus_client", "prometheus_client"),
        ("raftoral/metrics.py", "from opentelemetry import trace", "opentelemetry"),
        ("raftoral/tracing.py", "from opentelemetry.sdk.trace import TracerProvider", "opentelemetry.sdk.trace"),
    ],
)
def test_a_planted_import_is_found(path, text, refused):
    found = laws.import_faults([laws.module(path, text), *NEIGHBOURS], TABLE)
    assert [fault.what.split(" must not import ")[1] for fault in found] == [refused]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("raftoral/dsl/resolve.py", "from __future__ import annotations\nimport re, difflib"),
        ("raftoral/dsl/resolve.py", "from . import syntax as s\nfrom .source import Source"),
        ("raftoral/dsl/resolve.py", "from raftoral.program.v1 import ABI"),
        ("raftoral/dsl/parser/build.py", "from . import driver\nfrom .driver import x"),
        ("raftoral/dsl/parser/driver.py", "import os, marshal\nfrom ..make_tables import x"),
        ("raftoral/dsl/compile.py", "from . import lower, resolve"),
        ("raftoral/dsl/emit/module.py", "import jinja2, black"),
        ("raftoral/cli/check.py", "import os, sys\nfrom ..dsl.compile import check"),
        ("raftoral/runtime/edge/effect_runner.py", "import asyncio, os\nfrom ..ports import Attempt"),
    ],
)
def test_what_the_table_allows_is_no_fault(path, text):
    assert laws.import_faults([laws.module(path, text), *NEIGHBOURS], TABLE) == []


@pytest.mark.parametrize(
    ("path", "text", "faults"),
    [
        ("raftoral/dsl/resolve.py", "x = open('a')", 1),
        ("raftoral/dsl/parser/build.py", "def f():\n    print(1)\n    exec('')", 2),
        ("raftoral/dsl/parser/driver.py", "x = open('a')", 0),
        ("raftoral/dsl/resolve.py", "x.open('a')", 0),
        ("raftoral/cli/check.py", "print(open('a'))", 0),
    ],
)
def test_a_planted_call_is_found(path, text, faults):
    assert len(laws.call_faults([laws.module(path, text)], TABLE)) == faults


# The modules that `from package import module` is resolved against.
NEIGHBOURS = [
    laws.module(path, "")
    for path in (
        "raftoral/__init__.py",
        "raftoral/cli/__init__.py",
        "raftoral/dsl/__init__.py",
        "raftoral/dsl/lower.py",
        "raftoral/dsl/syntax/__init__.py",
    )
]
