"""The commands that talk to a cluster, against a node in a thread of this process."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from raftoral.cli import COMMANDS
from raftoral.cli.remote import errand
from raftoral.runtime.cluster.node import Node
from raftoral.runtime.cluster.serving.service import NodeService
from tests.cli.served import served, write_desk
from tests.cli.test_process import start

Raftoral = Callable[..., tuple[int, str, str]]

TOKENS = {"looks": "read", "works": "write", "rules": "admin"}
ASKS = [name for name, (room, _) in COMMANDS.items() if ".remote." in room]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with served(tmp_path_factory.mktemp("one")) as made:
        yield made


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with served(tmp_path_factory.mktemp("guarded"), TOKENS) as made:
        yield made


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NODE", "TOKEN", "TRANSPORT", "TLS_CA", "TLS_CERT", "TLS_KEY"):
        monkeypatch.delenv(f"RAFTORAL_{name}", raising=False)


@pytest.fixture
def ask(raftoral: Raftoral, node: Node, monkeypatch: pytest.MonkeyPatch) -> Raftoral:
    """A command that is asked of the node, which the environment names."""
    monkeypatch.setenv("RAFTORAL_NODE", node.address)
    return raftoral


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody listens, and nobody can."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*taken.getsockname())


def until(ask: Raftoral, id: str, word: str) -> dict[str, Any]:
    """Looks at a run until it waits for something."""
    for _ in range(2_000):
        found: dict[str, Any] = json.loads(ask("show", id, "--json")[1])
        if any(wait["name"] == word for wait in found["waits"]):
            return found
    raise AssertionError(found)


# --- start and result --------------------------------------------------------------------------------------------


def test_a_run_is_started_and_its_result_is_asked_for(ask: Raftoral) -> None:
    assert ask("start", "cli_desk.Twice", "--id", "twice-1", "--input", '{"n": 21}') == (0, "twice-1\n", "")
    assert ask("result", "twice-1") == (0, "42\n", "")
    assert ask("start", "cli_desk.Twice", "--id", "twice-1", "--input", '{"n": 21}')[0] == 0, "the same start again"
    code, out, err = ask("start", "cli_desk.Twice", "--id", "twice-1", "--input", '{"n": 22}')
    assert (code, out) == (1, "")
    assert err.startswith("raftoral start: ")


def test_a_start_that_waits_prints_the_result(ask: Raftoral, tmp_path: Path) -> None:
    assert ask("start", "Twice", "--id", "twice-2", "-i", "[4]", "--wait") == (0, "8\n", "started twice-2\n")
    assert ask("-q", "start", "Twice", "--input", "[5]", "--wait", "--timeout", "60") == (0, "10\n", "")
    (tmp_path / "input.json").write_text('{"n": 6}')
    assert ask("start", "Twice", "-i", f"@{tmp_path / 'input.json'}", "--wait", "-q")[:2] == (0, "12\n")


def test_json_of_a_start(ask: Raftoral) -> None:
    assert json.loads(ask("start", "Twice", "--id", "j1", "-i", "[1]", "--json")[1]) == {"id": "j1"}
    ended = json.loads(ask("start", "Twice", "--id", "j1", "-i", "[1]", "--json", "--wait")[1])
    assert ended == {
        "id": "j1",
        "workflow": "cli_desk.Twice",
        "version": 1,
        "status": "completed",
        "result": 2,
        "failure": None,
    }


def test_a_run_that_failed(ask: Raftoral) -> None:
    code, out, err = ask("start", "Breaks", "--id", "b1", "--wait")
    assert (code, out) == (1, "")
    why = '{"fields": {"why": "it always does"}, "kind": "cli_desk.Broke"}'
    assert err == f"started b1\nthe run 'b1' failed\n  {why}\n"
    code, out, err = ask("result", "b1", "--json")
    assert (code, err) == (1, "the run 'b1' failed\n")
    assert json.loads(out)["failure"]["kind"] == "cli_desk.Broke"


def test_a_run_that_does_not_end_in_time(ask: Raftoral) -> None:
    ask("start", "Pay", "--id", "late", "-i", "[1]")
    code, out, err = ask("result", "late", "--timeout", "0")
    assert (code, out) == (1, "")
    assert "'late' is running" in err
    ask("terminate", "late")
    assert ask("result", "late")[0] == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["start"], 2, "which workflow?"),
        (["start", "Twice", "--input", "{"], 2, "--input is not JSON: "),
        (["start", "Twice", "--input", "@nothing.json"], 2, "--input: nothing.json cannot be read: No such file"),
        (["start", "Twice", "--input", "7"], 2, "--input: an object with the arguments by name, or a list of them"),
        (["start", "Twice", "--input", '{"m": 1}'], 2, "there is no argument 'm'"),
        (["start", "Twice", "--input", '["a"]'], 2, "the input of cli_desk.Twice: n"),
        (["start", "Twice", "--version", "0"], 2, "--version takes the number of a version, from 1"),
        (["start", "Twice", "--version", "7", "-i", "[1]"], 1, "version 7"),
        (["start", "Twice", "--timeout", "7"], 2, "--timeout is for --wait"),
        (["start", "Twice", "--tag", "=x"], 2, "--tag takes NAME=VALUE, not '=x'"),
        (["start", "Twcie"], 1, "there is no workflow 'Twcie'; did you mean Twice?; there are cli_desk.Breaks, "),
        (["start", "cli_desk.Twcie"], 1, "cli_desk.Twice"),
        (["result"], 2, "which run?"),
        (["result", "nothing"], 1, "there is no run 'nothing'"),
        (["result", "nothing", "--timeout", "soon"], 2, "--timeout takes a whole number, and 'soon' is none"),
        (["show", "nothing"], 1, "there is no run 'nothing'"),
        (["watch", "nothing"], 1, "there is no run 'nothing'"),
        (["query", "nothing", "x"], 1, "there is no run 'nothing'"),
        (["query", "nothing"], 2, "which run, and which of its queries?"),
        (["query", "nothing", "x", "{}"], 2, "the arguments of a query are a JSON list"),
        (["signal", "nothing"], 2, "which run, and which of its signals?"),
        (["signal", "nothing", "x", "{"], 2, "the message is not JSON"),
        (["signal", "nothing", "x"], 1, "there is no run 'nothing'"),
        (["cancel"], 2, "which run?"),
        (["cancel", "nothing"], 1, "there is no run 'nothing'"),
        (["delete", "nothing"], 1, "there is no run 'nothing'"),
        (["list", "--since", "yesterday"], 2, "--since takes how long ago (30min, 2h, 7d) or a time"),
        (["list", "--status", "done"], 2, "there is no status 'done'; there are: "),
        (["list", "--limit", "0"], 2, "1 to 1000"),
        (["deploy"], 2, "which files?"),
        (["retire", "cli_desk.Twice"], 2, "which workflow, and which of its versions?"),
        (["retire", "cli_desk.Twice", "one"], 2, "a version is a number from 1, not 'one'"),
        (["retire", "cli_desk.Twice", "9"], 1, "version 9"),
        (["cluster", "stauts"], 2, "there is no `cluster stauts`; did you mean status?"),
        (["cluster", "remove"], 2, "`raftoral cluster remove` takes NODE"),
        (["cluster", "remove", "two"], 1, "there is no node 'two'"),
        (["cluster", "remove", "one"], 2, "one is the last node"),
        (["cluster", "transfer", "x"], 2, "a group is a number, not 'x'"),
        (["cluster", "transfer", "7"], 1, "there is no group 7"),
        (["cluster", "transfer", "1", "two"], 1, "'two' is no member of group 1"),
        (["list", "--node", "here"], 2, "an address is HOST:PORT, such as 127.0.0.1:7001, not 'here'"),
        (["list", "--tls-key", "x.pem"], 2, "--tls-key is the key of a certificate: give --tls-cert too"),
        (["list", "--tls-ca", "nothing.pem"], 2, "TLS cannot be set up from nothing.pem: "),
        (["list", "--transport", "carrier pigeon"], 2, "--transport does not know 'carrier pigeon'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_refused(ask: Raftoral, words: list[str], code: int, said: str) -> None:
    found, out, err = ask(*words)
    assert (found, out) == (code, ""), err
    assert err.startswith(f"raftoral {words[0]}: ")
    assert said in err
    assert ("try: raftoral" in err) is (code == 2)


# --- looking -----------------------------------------------------------------------------------------------------


def test_a_life_of_a_run(ask: Raftoral) -> None:
    ask("start", "Pay", "--id", "pay-1", "--input", '{"amount": 5}', "--tag", "shop=berlin")
    found = until(ask, "pay-1", "paid")
    assert (found["owner"], found["checkpoints"], found["tags"]) == ("one", {"stage": "charged"}, {"shop": "berlin"})

    code, out, _ = ask("show", "pay-1")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0
    assert lines[0] == "pay-1 cli_desk.Pay version 1"
    assert {"status running", "owner one", "tags shop=berlin", 'stage (checkpoint) "charged"'} <= set(lines)
    assert "WAITS FOR KIND LINE SINCE DUE ATTEMPT" in lines

    assert ask("query", "pay-1", "now_at", '["> "]') == (0, '"> charged"\n', "")
    assert ask("pause", "pay-1") == (0, "", "pay-1 is paused\n")
    assert json.loads(ask("show", "pay-1", "--json")[1])["status"] == "paused"
    assert ask("resume", "pay-1", "--json") == (0, '{"runs": ["pay-1"]}\n', "")
    assert ask("signal", "pay-1", "paid", "7") == (0, "", "pay-1 has the message paid\n")
    assert ask("result", "pay-1") == (0, '"charged 5 7 none"\n', "")

    code, out, _ = ask("show", "pay-1", "--report")
    assert code == 0
    assert "charge" in out
    assert json.loads(ask("show", "pay-1", "--report", "--json")[1])["results"] == {"charge": "charged 5"}
    assert ask("show", "pay-1", "--tree") == (0, "pay-1  cli_desk.Pay v1  completed\n", "")
    assert json.loads(ask("show", "pay-1", "--tree", "--json")[1])["children"] == []
    assert ask("signal", "pay-1", "paid", "7")[0] == 1
    assert ask("delete", "pay-1") == (0, "", "1 run is gone\n")
    assert ask("show", "pay-1")[0] == 1


def test_watching(ask: Raftoral) -> None:
    ask("start", "Pay", "--id", "watched", "--input", "[5]")
    ask("signal", "watched", "paid", "7")
    code, out, err = ask("watch", "watched", "--json")
    changes = [json.loads(line) for line in out.splitlines()]
    assert (code, err, changes[-1]["status"]) == (0, "", "completed")
    assert {change["id"] for change in changes} == {"watched"}
    code, out, _ = ask("watch", "watched")
    assert (code, len(out.splitlines()), out.split()[1]) == (0, 1, "completed")


def test_lists(ask: Raftoral) -> None:
    for number in range(3):
        ask("start", "Pay", "--id", f"list-{number}", "-i", f"[{number}]", "--tag", f"kind={number % 2}")
        until(ask, f"list-{number}", "paid")
    some = ("list", "--prefix", "list-")
    code, out, err = ask(*some)
    head, *rows = out.splitlines()
    assert (code, err, head.split()) == (0, "", ["RUN", "WORKFLOW", "STATUS", "STARTED", "TOOK", "CHECKPOINTS"])
    assert [row.split()[0] for row in rows] == ["list-2", "list-1", "list-0"]
    assert rows[0].split()[1:4] == ["cli_desk.Pay", "v1", "running"]
    assert rows[0].endswith('stage="charged"')

    def ids(*words: str) -> list[str]:
        return [run["id"] for run in json.loads(ask(*some, *words, "--json")[1])["runs"]]

    assert ids("--tag", "kind=0") == ["list-2", "list-0"]
    assert ids("--where", "stage=charged") == ids("--where", 'stage="charged"') == ["list-2", "list-1", "list-0"]
    assert ids("--where", "stage=new") == []
    assert ids("--workflow", "cli_desk.Pay", "--version", "1", "--status", "running,paused") == ids("--since", "2h")
    assert ids("--since", "2100-01-01T00:00:00Z") == ids("--until", "7d") == ids("--status", "failed") == []
    assert ask(*some, "--count") == (0, "3\n", "")
    assert json.loads(ask(*some, "--count", "--json")[1]) == {"count": 3}
    assert ask(*some, "--status", "failed") == (0, "", "no runs like that\n")

    page = json.loads(ask(*some, "--limit", "2", "--json")[1])
    assert [run["id"] for run in page["runs"]] == ["list-2", "list-1"]
    assert ids("--limit", "2", "--before", page["next"]) == ["list-0"]
    assert ask(*some, "--limit", "2")[2].startswith("there are more: --limit N, or --before ")

    assert ask("cancel", "list-0", "list-1", "--reason", "enough")[::2] == (
        0,
        "list-0 is being cancelled\nlist-1 is being cancelled\n",
    )
    code, _, err = ask("result", "list-0")
    assert (code, err.splitlines()[0]) == (1, "the run 'list-0' was cancelled")
    ask("result", "list-1")
    assert ask("delete", "list-2")[0] == 1, "it lives"
    assert json.loads(ask("delete", "list-2", "list-1", "list-0", "--force", "--json")[1]) == {"deleted": 3}


# --- programs ----------------------------------------------------------------------------------------------------

LEVY = '''"""Pure functions."""


def levy(amount: int) -> int:
    return amount // 5
'''
PRICES = """rft 1
module shop.prices

extern "shop.levies" {
  fn levy(amount: int) -> int
}

fn gross(net: int) -> int = net + levy(net)
"""
SALES = """rft 1
module shop.sales

import shop.prices as prices

workflow Sell version 1 (net: int) -> int {
  return prices.gross(net)
}
"""


def test_a_deployment_brings_what_it_imports(ask: Raftoral, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    for name, text in {"sales.rft": SALES, "prices.rft": PRICES, "levies.py": LEVY}.items():
        (tmp_path / "shop" / name).write_text(text, encoding="utf-8")
    file = str(tmp_path / "shop" / "sales.rft")
    code, out, err = ask("deploy", "--dry-run", file)
    assert (code, err) == (0, "3 files sent\n"), out
    assert out.splitlines()[1].split() == ["shop.sales.Sell", "1", "would", "be", "new"]
    assert ask("start", "Sell", "-i", "[100]")[0] == 1
    sent = json.loads(ask("deploy", "--json", str(tmp_path / "shop"))[1])
    assert sent["files"] == ["shop/levies.py", "shop/prices.rft", "shop/sales.rft"]
    assert ask("deploy", file)[1].split()[-2:] == ["known", "already"]
    assert ask("start", "Sell", "-i", "[100]", "--wait", "-q")[1] == "120\n"

    code, out, _ = ask("programs")
    assert (code, out.splitlines()[-1].split()) == (0, ["shop.sales.Sell", "1", "0", "one"])
    assert ask("retire", "shop.sales.Sell", "1") == (
        0,
        "",
        "shop.sales.Sell version 1 is retired: no new runs of it begin\n",
    )
    assert ask("start", "Sell", "-i", "[100]")[0] == 1
    assert ask("programs")[1].splitlines()[-1].split() == ["shop.sales.Sell", "1", "0", "one", "retired"]


def test_a_deployment_with_mistakes_is_not_sent(ask: Raftoral, tmp_path: Path) -> None:
    (tmp_path / "wrong.rft").write_text("rft 1\n\nworkflow W version 1 () -> int {\n  return nothing\n}\n")
    code, out, err = ask("deploy", str(tmp_path / "wrong.rft"))
    assert code == 1
    assert "error[RFT0" in out + err
    assert "wrong.W" not in ask("programs")[1]
    assert ask("deploy", str(tmp_path / "nothing.rft"))[0] == 2


def test_a_program_in_use_is_not_retired(ask: Raftoral) -> None:
    ask("start", "Pay", "--id", "keeps", "-i", "[1]")
    code, out, err = ask("retire", "cli_desk.Pay", "1")
    assert (code, out) == (1, "")
    assert "1 live run" in err
    ask("terminate", "keeps")


# --- the cluster -------------------------------------------------------------------------------------------------


def test_the_status_of_a_cluster(ask: Raftoral, node: Node) -> None:
    code, out, err = ask("cluster", "status")
    assert (code, err) == (0, "")
    first, _, head, one, *_ = out.splitlines()
    assert first.endswith(", as one sees it")
    assert head.split() == ["NODE", "ADDRESS", "STATE", "LEADS", "RUNS", "ACTIVITIES"]
    assert one.split()[:5] == ["one", node.address, "up", "0,", "1"]
    assert ask("cluster")[1] == out
    found = json.loads(ask("cluster", "--json")[1])
    assert [each["leader"] for each in found["groups"]] == ["one", "one"]


def test_a_token_and_a_transfer(ask: Raftoral) -> None:
    code, out, err = ask("cluster", "token")
    assert code == 0
    assert len(out.strip()) > 20
    assert "--join-token" in err
    assert len(json.loads(ask("cluster", "token", "--json")[1])["token"]) > 20
    assert ask("cluster", "transfer", "1", "one") == (0, "", "group 1 is led by one\n")


def test_one_more_node_is_told_how_to_join(ask: Raftoral, node: Node) -> None:
    code, out, err = ask("cluster", "add", "two", "127.0.0.1:7009")
    assert (code, err.splitlines()[0][:24]) == (0, "start it so within an ho")
    assert out.startswith(f"raftoral serve --listen 127.0.0.1:7009 --peers {node.address} --join-token ")
    assert " --node-id two " in out
    found = json.loads(ask("cluster", "add", "127.0.0.1:7009", "--json")[1])
    assert found["peers"] == [node.address]
    assert "--node-id" not in found["command"]
    assert ask("cluster", "add", "one", "127.0.0.1:7009")[0] == 1
    assert ask("cluster", "add", node.address)[0] == 1
    assert ask("cluster", "add", "two")[0] == 2
    assert len(json.loads(ask("cluster", "--json")[1])["nodes"]) == 1, "nobody counts on it before it is there"


def test_groups_are_made(raftoral: Raftoral, guarded: Node) -> None:
    at = ("--node", guarded.address, "--token", "rules")
    assert raftoral("cluster", "group", *at) == (
        0,
        "",
        "there is a group 2 of one now: new runs are placed there too\n",
    )
    assert raftoral("cluster", "group", "2", "add", "one", *at) == (0, "", "group 2 has the members one\n")
    code, _, said = raftoral("cluster", "group", "2", "remove", "one", *at)
    assert code != 0 and "one is the last member of group 2: add another one first" in said
    code, _, said = raftoral("cluster", "group", "2", "lose", "one", *at)
    assert code == 2 and "GROUP add NODE, or GROUP remove NODE" in said
    for number in range(6):
        ask = raftoral("start", "Twice", "--id", f"spread-{number}", "-i", f"[{number}]", "--wait", "-q", *at)
        assert ask == (0, f"{2 * number}\n", "")
    rows = raftoral("list", "--prefix", "spread-", "--limit", "4", "--json", *at)[1]
    rest = raftoral("list", "--prefix", "spread-", "--before", json.loads(rows)["next"], "--json", *at)[1]
    assert len(json.loads(rows)["runs"]) + len(json.loads(rest)["runs"]) == 6


def test_the_same_over_grpc(ask: Raftoral, guarded: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("grpc")
    monkeypatch.setenv("RAFTORAL_TRANSPORT", "grpc")
    assert ask("start", "Twice", "--id", "grpc-1", "-i", "[4]", "--wait", "-q") == (0, "8\n", "")
    ask("start", "Pay", "--id", "grpc-2", "-i", "[4]", "--tag", "over=grpc")
    assert until(ask, "grpc-2", "paid")["owner"] == "one"
    assert ask("signal", "grpc-2", "paid", "5")[0] == 0
    assert ask("result", "grpc-2") == (0, '"charged 4 5 none"\n', "")
    assert json.loads(ask("watch", "grpc-2", "--json")[1])["status"] == "completed"
    assert ask("list", "--tag", "over=grpc", "--count") == (0, "1\n", "")
    assert ask("show", "nothing")[::2] == (1, "raftoral show: there is no run 'nothing'\n")
    assert ask("start", "Twice", "-i", '["a"]')[0] == 2
    assert ask("cluster")[0] == 0
    code, _, err = ask("list", "--node", guarded.address)
    assert (code, err.splitlines()[1]) == (3, "--token and RAFTORAL_TOKEN show one")
    monkeypatch.setenv("RAFTORAL_TRANSPORT", "pigeon")
    assert ask("list")[::2] == (
        2,
        "raftoral list: RAFTORAL_TRANSPORT is http or grpc, not 'pigeon'\ntry: raftoral list --help\n",
    )


@pytest.mark.slow
def test_watching_prints_each_change_as_it_comes(ask: Raftoral, node: Node, tmp_path: Path) -> None:
    ask("start", "Pay", "--id", "live", "--input", "[5]")
    until(ask, "live", "paid")
    process = start("watch", "live", "--node", node.address, folder=tmp_path)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().split()[1] == b"running"
        assert ask("signal", "live", "paid", "7")[0] == 0
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert out.splitlines()[-1].split()[1] == b"completed"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_waiting_can_be_stopped(ask: Raftoral, node: Node, tmp_path: Path) -> None:
    process = start("start", "Pay", "--id", "waits", "-i", "[5]", "--wait", "--node", node.address, folder=tmp_path)
    try:
        assert process.stderr is not None
        assert process.stderr.readline() == b"started waits\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, out, err) == (130, b"", b"")
    assert ask("terminate", "waits")[0] == 0, "the run itself went on"


# --- who may, and whether anybody is there -----------------------------------------------------------------------


def test_nobody_is_there(raftoral: Raftoral, nobody: str) -> None:
    code, out, err = raftoral("cluster", "status", "--node", nobody)
    assert (code, out) == (3, "")
    assert err.splitlines()[0].startswith(f"raftoral cluster: no node could do it: {nobody}: ")
    assert err.splitlines()[1] == f"asked {nobody}: --node and RAFTORAL_NODE say where nodes are"


def test_who_is_there_hangs_up(raftoral: Raftoral) -> None:
    """As a node with TLS does when it gets something else."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    caller, _ = listening.accept()
                    with caller:
                        caller.recv(100_000)

        thread = threading.Thread(target=hang_up)
        thread.start()
        code, out, err = raftoral("cluster", "token", "--node", "{}:{}".format(*listening.getsockname()))
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert (code, out) == (3, "")
    assert err.splitlines()[1].startswith("does it want TLS? --tls-ca FILE")


def test_one_of_several_is_there(raftoral: Raftoral, node: Node, nobody: str) -> None:
    assert raftoral("list", "--node", f"{nobody},{node.address}", "--count", "--prefix", "?") == (0, "0\n", "")


def test_tokens(raftoral: Raftoral, guarded: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    at = ("--node", guarded.address)
    code, out, err = raftoral("list", *at)
    assert (code, out) == (3, "")
    assert "a token is needed" in err
    assert err.endswith("--token and RAFTORAL_TOKEN show one\n")
    code, _, err = raftoral("list", *at, "--token", "guessed")
    assert (code, err) == (3, "raftoral list: the token is not known here\n")
    assert raftoral("list", *at, "--token", "looks", "--count")[0] == 0
    code, _, err = raftoral("start", "Twice", "-i", "[1]", *at, "--token", "looks")
    assert (code, err) == (3, "raftoral start: this needs a token that may write; this one may read\n")
    monkeypatch.setenv("RAFTORAL_TOKEN", "works")
    assert raftoral("start", "Twice", "-i", "[1]", *at, "--wait", "-q") == (0, "2\n", "")
    assert raftoral("cluster", "token", *at)[0] == 3
    assert raftoral("cluster", "token", *at, "--token", "rules")[0] == 0


@pytest.mark.parametrize("name", ASKS)
def test_every_command_says_where_it_asks(raftoral: Raftoral, name: str) -> None:
    code, out, _ = raftoral(name, "--help")
    assert code == 0
    for option in ("--node HOST:PORT", "--transport http|grpc", "--token TOKEN", "--tls-ca FILE", "--json"):
        assert option in out
    assert "Exit code: 0 done, 1 the cluster said no, 2 wrong usage, 3 no node" in out


def test_a_source_and_its_lock_go_together(ask: Raftoral, tmp_path: Path) -> None:
    write_desk(tmp_path)
    (tmp_path / "raftoral.lock").write_text("raftoral.lock 1\n")
    code, out, err = ask("deploy", str(tmp_path / "cli_desk.rft"), "--json")
    assert code in (0, 1), out + err
    if code == 0:
        assert "raftoral.lock" in json.loads(out)["files"]


def test_a_command_says_early_why_it_waits(
    raftoral: Raftoral, ask: Raftoral, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And goes on waiting: what it waits for may come."""
    monkeypatch.setattr(errand, "LOOK_S", 0.02)
    words = ("start", "Pay", "--input", "[1]", "--wait", "--timeout", "1", "--id")
    assert "waiting" not in ask(*words, "served")[2]
    monkeypatch.setattr(NodeService, "_unready", lambda self: "group 1 has no leader")
    code, _, said = ask(*words, "without a leader")
    assert code == 1
    assert said.count("waiting: group 1 has no leader\n") == said.count("waiting") == 1
    assert "waiting" not in ask("-q", *words, "without a leader")[2]
