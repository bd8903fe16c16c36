"""`raftoral graph`: choosing workflows, formats, and what a file with errors gives."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

GOOD = """\
rft 1

activity greet(name: str) -> str { timeout: 1m }

## Greets.
workflow Greet version 1 (name: str) -> str { return do greet(name) }

workflow Greet version 2 (name: str) -> str {
  sleep 1h
  return do greet(name)
}
"""
TWO = GOOD + "\nworkflow Part version 1 (name: str) { do greet(name) }\n"
BAD = "rft 1\n\nworkflow Greet version 1 (name: str) -> str { return nane }\n"
ODD = 'rft 1\n\nactivity greet(name: str) { timeout: 1m }\n\nworkflow W version 1 () { let x = 1 do greet("a") }\n'


@pytest.fixture
def good(here):
    here(good_rft=GOOD, two_rft=TWO, bad_rft=BAD, odd_rft=ODD, none_rft="rft 1\n\nconst n = 1\n")


def test_mermaid_when_nobody_looks(good, raftoral):
    code, out, err = raftoral("graph", "good.rft")
    assert (code, err) == (0, "")
    assert out.count("flowchart TD") == 2
    assert 'title: "good.Greet version 1"' in out
    assert "<b>greet</b>" in out


def test_text_on_a_terminal(good, raftoral, monkeypatch):
    monkeypatch.setattr("raftoral.cli.terminal.is_terminal", lambda stream: True)
    code, out, _ = raftoral("graph", "good.rft")
    assert code == 0
    assert "rest at sleep: sleep 1h then" in out
    assert "frame name" in out


@pytest.mark.parametrize("format", ["mermaid", "dot", "json", "text"])
def test_all_versions_or_one(good, raftoral, format):
    every = raftoral("graph", "--format", format, "two.rft")[1]
    one = raftoral("graph", "--format", format, "-w", "Greet", "--version=2", "two.rft")[1]
    for name, times in (("two.Greet", 1), ("two.Part", 0)):
        assert name in every
        assert (name in one) == bool(times)
    assert "sleep" in one
    assert len(one) < len(every)


def test_svg_is_of_the_newest_version(good, raftoral):
    code, out, err = raftoral("graph", "--format", "svg", "good.rft")
    assert (code, err) == (0, "")
    assert ElementTree.fromstring(out)[0].text == "good.Greet version 2"
    out = raftoral("graph", "--format", "svg", "--version", "1", "good.rft")[1]
    assert ElementTree.fromstring(out)[0].text == "good.Greet version 1"
    assert ">Greets.</text>" in out


def test_svg_of_several_workflows_asks_which(good, raftoral):
    code, out, err = raftoral("graph", "--format", "svg", "two.rft")
    assert (code, out) == (2, "")
    assert "choose with --workflow Greet | Part" in err
    assert raftoral("graph", "--format", "svg", "--workflow", "two.Part", "two.rft")[0] == 0


def test_json_is_versioned(good, raftoral):
    made = json.loads(raftoral("graph", "--format", "json", "two.rft")[1])
    assert made["schema"] == 1
    assert made["path"] == "two.rft"
    newest = made["workflows"][1]
    assert [slot["key"] for slot in newest["slots"]] == ["sleep", "greet"]
    assert newest["slots"][0] == {
        "key": "sleep",
        "kind": "timer",
        "number": None,
        "line": 9,
        "result": "unit",
        "frame": [{"name": "name", "type": "str"}],
        "tries": [],
        "strand": 0,
    }
    assert made["workflows"][0]["doc"] == "Greets."


def test_errors_are_shown_as_by_check(good, raftoral):
    code, out, err = raftoral("graph", "bad.rft")
    assert code == 1
    assert "error[RFT0201]" in out
    assert "flowchart" not in out
    assert err.endswith("1 error in 1 file\n")
    shown = raftoral("check", "--no-cache", "bad.rft")[1]
    assert out == shown


def test_warnings_do_not_matter(good, raftoral):
    assert raftoral("check", "--no-cache", "--strict", "odd.rft")[0] == 1
    code, out, err = raftoral("graph", "odd.rft")
    assert (code, err) == (0, "")
    assert "flowchart" in out


def test_an_import_with_errors_stands_in_the_way(here, raftoral):
    here(shop__bad_rft=BAD.replace("rft 1\n", "rft 1\nmodule shop.bad\n"))
    here(shop__good_rft="rft 1\nmodule shop.good\n\nimport shop.bad as other\n\nworkflow W version 1 () { sleep 1s }\n")
    code, out, _ = raftoral("graph", "shop/good.rft")
    assert code == 1
    assert "RFT0214" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which file?"),
        (("good.rft", "two.rft"), "one word too many"),
        (("nope.rft",), "there is no file or folder nope.rft"),
        ((".",), "is a folder"),
        (("none.rft",), "there is no workflow in none.rft"),
        (("-w", "Gret", "good.rft"), "did you mean Greet?"),
        (("-w", "Zebra", "two.rft"), "there is Greet, Part"),
        (("--version", "7", "good.rft"), "there is no version 7; there is 1, 2"),
        (("--version", "x", "good.rft"), "takes a whole number"),
        (("--format", "png", "good.rft"), "does not know 'png'"),
    ],
)
def test_wrong_usage(good, raftoral, words, said):
    code, out, err = raftoral("graph", *words)
    assert (code, out) == (2, "")
    assert said in err


def test_a_file_that_cannot_be_read(here, raftoral):
    here(latin_rft=b"rft 1\n# \xff\n")
    code, out, _ = raftoral("graph", "latin.rft")
    assert code == 1
    assert "RFT0115" in out


def test_standard_input(raftoral, monkeypatch, here):
    import io
    import sys
    import types

    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(GOOD.encode())))
    code, out, _ = raftoral("graph", "-")
    assert code == 0
    assert out.count("flowchart TD") == 2
