"""The section "Security" of docs/cluster.md: its commands begin a cluster with TLS, tokens and a join token."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.stories import Stage, Step, stage
from tests.examples.commands import ROOT
from tests.runtime.links.certificates import made_pems

CLUSTER = (ROOT / "docs" / "cluster.md").read_text("utf-8")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as made:
        made_pems(made.top)
        for end in ("pem", "key"):
            shutil.copyfile(made.top / f"client.{end}", made.top / f"admin.{end}")
        yield made


def commands() -> list[str]:
    """Those of the section, on one machine."""
    section = CLUSTER.split("\n## Security\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    text = block.replace("10.0.0.1:7001", "127.0.0.1:7001").replace("10.0.0.2:7001", "127.0.0.1:7002")
    lines = text.replace("shop.service:app", "examples/ping_pong.rft").splitlines()
    return [line.replace("/var/lib/shop", f"data-{at}") for at, line in enumerate(lines)]


def runs(here: Stage, words: str) -> str:
    return here._run(here._with_ports(words))


@pytest.mark.slow
def test_the_commands_make_a_cluster_that_strangers_cannot_use(here: Stage) -> None:
    export, first, token, second = commands()
    here.environment["RAFTORAL_TOKENS"] = export.partition("'")[2].rstrip("'")
    assert not here.play(Step(text=first + " &", printed=["…", "ready: 127.0.0.1:7001, …"]))
    joins = runs(here, token).splitlines()
    (made,) = [line for line in joins if " " not in line]
    assert not here.play(
        Step(text="env " + second.replace("...", made) + " &", printed=["…", "ready: 127.0.0.1:7002, …"])
    )

    shown = token.removeprefix("raftoral cluster token")
    status = runs(here, f"raftoral cluster status{shown}")
    assert len(re.findall(r" up ", status)) == 2, status
    asked = f"raftoral run{shown}".replace(
        "raftoral run", 'raftoral start PingPong --input \'{"ping": {"text": "hi"}}\' --wait'
    )
    assert '"text": "hi"' in runs(here, asked)

    assert "a token is needed" in runs(here, f"raftoral list{shown}".replace("--token a-long-secret", ""))
    assert "this needs a token that may admin" in runs(
        here, f"raftoral cluster token{shown}".replace("a-long-secret", "another")
    )
    nobody = "raftoral list --node 127.0.0.1:7001 --token a-long-secret --tls-ca ca.pem"
    assert "raftoral list: " in runs(here, nobody), "without a certificate"
    again = env_of_a_third(second, made)
    assert "token" in runs(here, again), "a join token is good for one node"


def env_of_a_third(second: str, token: str) -> str:
    words = second.replace("...", token).replace("127.0.0.1:7002", "127.0.0.1:7003").replace("data-3", "data-4")
    return f"env {words} --patience 3"
