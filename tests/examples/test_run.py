"""What `raftoral run` makes of files beside each other, of stubs, and of the same command given again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.commands import README, ROOT, environment, finished

pytestmark = pytest.mark.slow

MAIL = """rft 1
module mail

activity send(to: str) { timeout: 5s }
activity notify(to: str) { timeout: 5s }

workflow Twice version 1 (to: str) {
  do send(to)
  do notify(to)
}
"""
SHOP = """rft 1
module shop

import mail { send, Twice }
import mail as post

activity notify(to: str) -> str { timeout: 5s }

workflow Shop version 1 (to: str) -> str {
  let said = do notify(to)
  do post.notify(to)
  do send(to)
  do Twice(to)
  return said
}
"""
LOGGING = "import raftoral\n\ndef {name}({args}):\n    raftoral.activity().log.info('{said}')\n    return {result}\n\n"


def run(path: Path, *words: str) -> tuple[int, list[str]]:
    return finished([sys.executable, "-m", "raftoral", "run", str(path), *words])


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "mail.rft").write_text(MAIL)
    (tmp_path / "shop.rft").write_text(SHOP)
    send = LOGGING.format(name="send", args="to", said="by mail.py", result=None)
    notify = LOGGING.format(name="notify", args="to", said="by mail.py", result=None)
    (tmp_path / "mail.py").write_text(send + notify)
    (tmp_path / "shop.py").write_text(LOGGING.format(name="notify", args="to", said="by shop.py", result="to"))
    return tmp_path / "shop.rft"


def test_each_module_has_its_activities_beside_it(shop: Path) -> None:
    assert run(shop, "--input", '["ann"]') == (
        0,
        [
            "Shop notify: by shop.py",
            "Shop notify: by mail.py",
            "Shop send: by mail.py",
            "Shop/Twice.4 send: by mail.py",
            "Shop/Twice.4 notify: by mail.py",
            '"ann"',
        ],
    )


def test_an_activity_that_only_a_child_calls_is_asked_for_at_the_start(shop: Path) -> None:
    shop.with_name("mail.py").write_text(LOGGING.format(name="notify", args="to", said="by mail.py", result=None))
    shop.write_text(SHOP.replace("  do send(to)\n", "").replace("{ send, Twice }", "{ Twice }"))
    code, printed = run(shop, "--input", '["ann"]')
    assert code == 2
    assert printed[0].startswith("raftoral run: nobody implements send: write it as functions in ")


def test_a_stub_stands_for_what_is_beside_the_file() -> None:
    for name, arguments, activity in (
        ("orders.rft", "@examples/inputs/orders.json", "charge_card"),  # a function
        ("payment.rft", '[{"id": "p", "card": "1", "amount": "2"}]', "capture"),  # a method of a class
    ):
        stub = f'{activity}="stubbed"'
        code, printed = run(README.parent / name, "--input", arguments, "--stub", stub, "--skip-time")
        assert (code, "stubbed" in printed[-1]) == (0, True)


def test_the_same_command_sends_a_signal_once(tmp_path: Path) -> None:
    ballots = [word for voter in ("ann", "bo", "cy") for word in ("--signal", _cast(voter))]
    words = ["--input", "@examples/inputs/vote.json", "--data", str(tmp_path), *ballots]
    code, first = run(README.parent / "vote.rft", *words)
    assert (code, first[-1]) == (0, '{"motion": "a longer lunch break", "tally": {"yes": 3}, "verdict": "accepted"}')
    assert run(README.parent / "vote.rft", *words) == (0, [first[-1]])


def test_a_later_command_sends_what_is_new(tmp_path: Path) -> None:
    words = ["--input", "@examples/inputs/vote.json", "--data", str(tmp_path)]
    words += ["--signal", _cast("ann"), "--signal", _cast("ann")]
    _kill_after("Vote: ann may not vote, or has voted\n", README.parent / "vote.rft", *words)
    words += ["--signal", _cast("bo"), "--signal", _cast("cy")]
    code, printed = run(README.parent / "vote.rft", *words)
    assert (code, "{" in printed[-1], printed[0]) == (0, True, "Vote announce: a longer lunch break: accepted")
    code, printed = run(README.parent / "vote.rft", *words, "--signal", _cast("dan"))
    assert (code, printed[0]) == (0, "Vote is completed already: nobody reads cast")


def _kill_after(said: str, path: Path, *words: str) -> None:
    """What was logged is on disk: the commit came before."""
    command = [sys.executable, "-m", "raftoral", "run", str(path), *words]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stderr is not None
        assert said in iter(process.stderr.readline, "")
        process.kill()


def _cast(voter: str) -> str:
    return f'cast={{"voter": "{voter}", "choice": "yes"}}'


KID = """rft 1
module kid

activity look() -> int { timeout: 5s }

workflow Kid version 1 () -> int {
  let found = do look()
  assert found > 0, "nothing there"
  return found
}

workflow Top version 1 () -> int {
  return do Kid()
}
"""


def test_a_child_that_stands_still_is_tried_again_when_it_was_mended(tmp_path: Path) -> None:
    source = tmp_path / "kid.rft"
    source.write_text(KID)
    words = ["Top", "--stub", "look=0", "--data", str(tmp_path / "data")]
    code, printed = run(source, *words)
    assert (code, printed[0]) == (1, "Top/Kid.1: faulted: nothing there")
    assert printed[-2:] == [
        "raftoral run: Top/Kid.1 is faulted: assertion-failed",
        "nothing is lost: mend it, and give the same command again",
    ]
    source.write_text(KID.replace("found > 0", "found >= 0"))
    assert run(source, *words) == (0, ["0"])


def test_a_signal_without_anything_needs_no_json() -> None:
    arguments = ["--input", "@examples/inputs/approval.json", "--signal", "decide"]
    code, printed = run(README.parent / "approval.rft", *arguments)
    assert (code, printed[0]) == (2, "raftoral run: --signal decide: not a map")


def test_a_failed_run_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "f.rft").write_text(
        "rft 1\nmodule f\n\nerror Gone { why: str }\n\nworkflow F version 1 () raises Gone {\n"
        '  fail Gone(why: "sold")\n}\n'
    )
    failed = "raftoral run: the run 'F' failed: Gone(why: sold)"
    assert run(tmp_path / "f.rft") == (1, [failed])
    assert run(tmp_path / "f.rft", "-v")[1][-2:] == [failed, '  {"fields": {"why": "sold"}, "kind": "f.Gone"}']


def test_an_activity_whose_name_generated_code_has_is_asked_for_by_the_name_of_its_method(tmp_path: Path) -> None:
    (tmp_path / "f.rft").write_text(
        "rft 1\nmodule f\n\nactivity s() -> int { timeout: 5s }\n\n"
        "workflow F version 1 () -> int {\n  return do s()\n}\n"
    )
    code, printed = run(tmp_path / "f.rft")
    assert code == 2
    assert printed[0].startswith("raftoral run: nobody implements s (in Python its name is s_): write it as functions")
    (tmp_path / "f.py").write_text("def s_():\n    return 7\n")
    assert run(tmp_path / "f.rft") == (0, ["7"])
