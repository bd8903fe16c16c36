"""`raftoral serve`: what it refuses, which apps it takes, and a node as a process of its own."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from raftoral import errors as e
from raftoral.cli.running.apps import apps_of
from raftoral.runtime.cluster.node import Node
from raftoral.runtime.local import definitions_of
from tests.cli.served import DESK, served, write_desk
from tests.cli.test_process import start

Raftoral = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a command changes in its process, put back."""
    log = logging.getLogger("raftoral")
    before = log.level, log.propagate, log.handlers
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("TOKENS", "JOIN_TOKEN", "NODE", "TOKEN", "TRANSPORT"):
        monkeypatch.delenv(f"RAFTORAL_{name}", raising=False)
    yield
    log.level, log.propagate, log.handlers = before


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "begin a cluster with --bootstrap, or join one with --peers HOST:PORT; give --storage-path DIR"),
        (["-d", "new"], "either begins a cluster (bootstrap=True, --bootstrap) or joins one"),
        (["--bootstrap", "--peers", "127.0.0.1:1"], "--bootstrap begins a new cluster, and --peers joins one"),
        (["--bootstrap", "--listen", "7001"], "an address is HOST:PORT, such as 127.0.0.1:7001, not '7001'"),
        (["--peers", "somewhere"], "an address is HOST:PORT, such as 127.0.0.1:7001, not 'somewhere'"),
        (["--bootstrap", "--advertise", "me"], "an address is HOST:PORT"),
        (["--bootstrap", "--listen", "0.0.0.0:0"], "others can reach 0.0.0.0: give --tls-cert and --tls-key and --tok"),
        (["--bootstrap", "--token", "s3cret"], "--token takes TOKEN=RIGHT, where the right is read, write or admin"),
        (["--bootstrap", "--listen", "127.0.0.1:0", "--token", "x=king"], "there is no right 'king'"),
        (["--bootstrap", "--tls-key", "key.pem"], "give --tls-cert and --tls-key"),
        (["--bootstrap", "--groups", "0"], "--groups: a cluster has at least one group"),
        (["--bootstrap", "--app", "nothing.rft"], "there is no file `nothing.rft`"),
        (["--bootstrap", "word"], "'word' is one word too many"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_refused(here: Callable[..., Path], raftoral: Raftoral, words: list[str], said: str) -> None:
    here()
    code, out, err = raftoral("serve", *words)
    assert (code, out) == (2, ""), err
    assert err.startswith("raftoral serve: ")
    assert said in err


def test_tokens_of_the_environment(
    here: Callable[..., Path], raftoral: Raftoral, monkeypatch: pytest.MonkeyPatch
) -> None:
    here()
    monkeypatch.setenv("RAFTORAL_TOKENS", "reader=read,king")
    code, _, err = raftoral("serve", "--bootstrap")
    assert code == 2
    assert "RAFTORAL_TOKENS takes TOKEN=RIGHT" in err
    assert "king" not in err, "it may be a secret"


def test_data_of_somebody_else(here: Callable[..., Path], raftoral: Raftoral, tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "log.db").touch()
    (tmp_path / "name").mkdir()
    identity = {"node": "n1", "cluster": "c", "secret": "00"}
    (tmp_path / "name" / "node.json").write_text(json.dumps(identity))
    code, _, err = raftoral("serve", "--bootstrap", "-d", str(tmp_path / "log"), "--listen", "127.0.0.1:0")
    assert code == 2
    assert "put it back, or take a new directory" in err
    code, _, err = raftoral(
        *("serve", "--bootstrap", "-d", str(tmp_path / "name"), "--listen", "127.0.0.1:0", "--node-id", "n2")
    )
    assert code == 2
    assert "is that of the node n1, not of n2" in err


def test_nobody_to_join(here: Callable[..., Path], raftoral: Raftoral) -> None:
    here()
    code, _, err = raftoral(
        *("serve", "--peers", "127.0.0.1:1", "-d", "new", "--listen", "127.0.0.1:0", "--patience", "0")
    )
    assert code == 3
    assert "raftoral serve: no node could do it: 127.0.0.1:1: " in err


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with served(tmp_path_factory.mktemp("guarded"), {"rules": "admin"}) as made:
        yield made


def test_a_port_that_is_taken(here: Callable[..., Path], raftoral: Raftoral, guarded: Node) -> None:
    here()
    code, _, err = raftoral("serve", "--bootstrap", "--listen", guarded.address)
    assert code == 2
    assert f"cannot listen on {guarded.address}: another process does. Stop that one, or take another port" in err


def test_a_join_token(here: Callable[..., Path], raftoral: Raftoral, guarded: Node) -> None:
    here()
    join = ("serve", "--listen", "127.0.0.1:0", "--peers", guarded.address, "-d", "new")
    code, _, err = raftoral(*join)
    assert code == 2
    assert "the cluster does not let it in: a join token is needed: make one with `raftoral cluster token`" in err
    code, _, err = raftoral(*join, "--join-token", "guessed")
    assert code == 2
    assert "the cluster does not let it in: " in err
    code, _, err = raftoral(*join, "--node-id", "one", "--join-token", "guessed")
    assert code == 2
    assert "Take another --node-id" in err or "is taken" in err


def test_peers_of_another_cluster(here: Callable[..., Path], raftoral: Raftoral, guarded: Node, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    identity = {"node": "n1", "cluster": "old", "secret": "00"}
    (tmp_path / "old" / "node.json").write_text(json.dumps(identity))
    code, _, err = raftoral(
        *("serve", "--listen", "127.0.0.1:0", "--peers", guarded.address, "-d", str(tmp_path / "old"))
    )
    assert code == 2
    assert "is that of n1 in the cluster old, and at" in err
    assert "take another directory to join it" in err


# --- apps --------------------------------------------------------------------------------------------------------

SERVICE = """import cli_desk


class Charging:
    def charge(self, amount: int) -> str:
        return "by a class"


programs = [cli_desk]
activities = [Charging()]


class Made:
    programs = cli_desk
    activities = Charging()


def make() -> Made:
    return Made()


number = 7
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the source, and a service without the activities beside the source."""
    for name in ("cli_desk", "desk_service"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "cli_desk.rft").write_text(DESK, encoding="utf-8")
    (tmp_path / "desk_service.py").write_text(SERVICE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "word", ["desk_service", "desk_service.py", "desk_service:Made", "desk_service:make", "./desk_service.py"]
)
def test_an_app(desk: Path, word: str) -> None:
    app = apps_of([word])
    assert definitions_of(app.programs)[0].name.startswith("cli_desk.")
    assert app.activities[0].charge(1) == "by a class"
    assert app.resources is None


def test_a_source_is_an_app(desk: Path) -> None:
    write_desk(desk)
    for word in ("cli_desk.rft", str(desk / "cli_desk.rft")):
        app = apps_of([word])
        assert len(definitions_of(app.programs)) == 3
        assert any(isinstance(each, dict) and "cli_desk.charge" in each for each in app.activities)


def test_resources_of_an_app(desk: Path) -> None:
    (desk / "with_db.py").write_text("import raftoral\nresources = raftoral.Resources()\n")
    (desk / "with_more.py").write_text("import raftoral\nresources = raftoral.Resources()\n")
    (desk / "with_list.py").write_text("resources = ['db']\n")
    assert apps_of(["with_db.py", "desk_service.py"]).resources is not None
    with pytest.raises(e.UsageError, match="another app has `resources` too"):
        apps_of(["with_db.py", "with_more.py"])
    with pytest.raises(e.UsageError, match=r"`resources` is to be a raftoral\.Resources, not list"):
        apps_of(["with_list.py"])


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("nothing.py", "there is no file 'nothing.py'"),
        ("nothing_at_all", "there is no module nothing_at_all, seen from "),
        ("nothing.at_all", "there is no module nothing, seen from "),
        ("desk_service:missing", "desk_service has no missing"),
        ("desk_service:number", "defines none of `programs`, `activities` and `resources`"),
        ("desk_service/", "give a module (shop.service), or a path that ends in .py or .rft"),
        ("broken.py", "broken.py cannot be loaded: ZeroDivisionError"),
        ("broken", "broken cannot be imported: ZeroDivisionError"),
        ("lacks.py", "lacks.py cannot be loaded: ModuleNotFoundError"),
        ("lacks", "lacks cannot be imported: No module named 'nothing_here'"),
        ("numbers_only.py", "defines none of `programs`, `activities` and `resources`"),
        ("wrong_programs.py", "`programs` are modules of workflows, not [7]"),
        ("cli_desk.py", "for the workflows of cli_desk.rft give that file"),
    ],
)
def test_an_app_that_is_none(desk: Path, word: str, said: str) -> None:
    (desk / "broken.py").write_text("1 / 0\n")
    (desk / "numbers_only.py").write_text("one = 1\n")
    (desk / "wrong_programs.py").write_text("programs = [7]\n")
    (desk / "lacks.py").write_text("import nothing_here\n")
    if word == "cli_desk.py":
        write_desk(desk)
    with pytest.raises(e.UsageError) as raised:
        apps_of([word])
    assert said in str(raised.value)


def test_a_source_with_mistakes_is_shown(here: Callable[..., Path], raftoral: Raftoral) -> None:
    here(wrong_rft="rft 1\n\nworkflow W version 1 () -> int {\n  return nothing\n}\n")
    code, out, err = raftoral("serve", "--bootstrap", "--app", "wrong.rft")
    assert (code, out) == (1, "")
    assert "error[RFT0" in err


# --- processes ---------------------------------------------------------------------------------------------------


def until_ready(process: subprocess.Popen[bytes]) -> dict[str, str]:
    """Reads the two lines of a node that starts."""
    assert process.stdout is not None
    listening, ready = process.stdout.readline().decode(), process.stdout.readline().decode()
    assert listening.startswith("listening on 127.0.0.1:"), (listening, process.communicate())
    assert ready.startswith("ready: "), (ready, process.communicate())
    address, node, cluster, *programs = ready.removeprefix("ready: ").strip().split(", ")
    assert listening == f"listening on {address}\n"
    return {"address": address, "node": node, "cluster": cluster, "programs": ", ".join(programs)}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_same_command_line_is_the_same_node(tmp_path: Path, raftoral: Raftoral) -> None:
    source = write_desk(tmp_path)
    words = ("serve", "--bootstrap", "--listen", "127.0.0.1:0", "-d", "data", "--app", str(source))
    found = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        process = start(*words, folder=tmp_path)
        try:
            node = until_ready(process)
            metrics = urllib.request.urlopen(f"http://{node['address']}/metrics").read().decode()
            assert "raftoral_group_leads" in metrics
            assert raftoral("start", "Twice", "--id", "a", "-i", "[2]", "--wait", "-q", "--node", node["address"]) == (
                0,
                "4\n",
                "",
            )
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
            process.communicate()
        assert out == b""
        assert b"Traceback" not in err
        if number != signal.SIGKILL:
            assert process.returncode == 0, err
            assert err.endswith(b"stopped\n")
        found.append((node["node"], node["cluster"], node["programs"]))
    assert len(set(found)) == 1
    assert found[0][2] == "cli_desk.Breaks v1, cli_desk.Pay v1, cli_desk.Twice v1"


BUSY = """import sys
import threading


def charge(amount: int) -> str:
    print("busy", file=sys.stderr, flush=True)
    threading.Event().wait()  # nobody sets it: only the end of the process ends this call
    return ""
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_second_signal_stops_at_once(tmp_path: Path, raftoral: Raftoral) -> None:
    source = write_desk(tmp_path)
    source.with_suffix(".py").write_text(BUSY)
    process = start(
        *("serve", "--bootstrap", "--listen", "127.0.0.1:0", "-d", "data", "--app", str(source), "--grace", "600"),
        folder=tmp_path,
    )
    try:
        node = until_ready(process)
        assert raftoral("start", "Pay", "-i", "[1]", "--id", "busy", "--node", node["address"])[0] == 0
        assert process.stderr is not None
        assert process.stderr.readline() == b"busy\n"
        process.terminate()
        assert process.stderr.readline().startswith(b"stopping: ")
        process.terminate()
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert err.endswith(b"stopped at once\n")


@pytest.mark.slow
def test_a_node_that_was_removed_ends(tmp_path: Path, raftoral: Raftoral, guarded: Node) -> None:
    at = ("--node", guarded.address, "--token", "rules")
    token = raftoral("cluster", "token", "-q", *at)[1].strip()
    words = ("serve", "--listen", "127.0.0.1:0", "-d", "data", "--node-id", "two", "--peers", guarded.address)
    process = start(*words, "--join-token", token, "--token", "rules=admin", folder=tmp_path)
    try:
        until_ready(process)
        assert raftoral("cluster", "remove", "two", *at) == (0, "", "two is no node of the cluster any more\n")
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 1
    assert b"two was removed from the cluster: to join it anew, take another directory" in err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_directory_is_used_once(tmp_path: Path, raftoral: Raftoral) -> None:
    process = start("serve", "--bootstrap", "--listen", "127.0.0.1:0", "-d", "data", folder=tmp_path)
    try:
        node = until_ready(process)
        assert node["programs"] == "no programs of its own"
        code, _, err = raftoral("serve", "--bootstrap", "--listen", "127.0.0.1:0", "-d", str(tmp_path / "data"))
        assert code == 2
        assert f"is used by process {process.pid}" in err
        process.terminate()
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_node_that_waits_can_be_stopped(tmp_path: Path) -> None:
    process = start("serve", "--peers", "127.0.0.1:1", "--listen", "127.0.0.1:0", "-d", "data", folder=tmp_path)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"listening on ")
        process.terminate()
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        _, err = process.communicate()
    assert b"Traceback" not in err
