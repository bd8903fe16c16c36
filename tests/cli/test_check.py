"""`raftoral check`, in process, with a stand-in for the compiler."""

from __future__ import annotations

import io
import json
import sys

import pytest

import raftoral.cli.check
from raftoral.cli import files

CLEAN = "rft 1\n"
BAD = "rft 1\noops\nhmm\n"


def test_a_clean_run_says_nothing(here, door, raftoral):
    here(a_rft=CLEAN, sub__b_rft=CLEAN)
    assert raftoral("check") == (0, "", "")
    assert door.calls == [["a.rft", "sub/b.rft"]]


def test_problems_are_shown(here, door, raftoral):
    here(a_rft=BAD, b_rft=CLEAN)
    code, out, err = raftoral("check", ".")
    assert code == 1
    assert (
        out
        == """\
error[RFT0201]: nothing called `oops`
  ┌─ a.rft:2:1
  │
1 │ rft 1
2 │ oops
  │ ^^^^ here

warning[RFT0209]: `hmm` is never read
  ┌─ a.rft:3:1
  │
2 │ oops
3 │ hmm
  │ ^^^ here
"""
    )
    assert err == "\n1 error, 1 warning in 1 file\n"


def test_warnings_alone_are_no_failure_unless_strict(here, door, raftoral):
    here(a_rft="hmm")
    code, out, err = raftoral("check", "a.rft")
    assert (code, err) == (0, "\n1 warning in 1 file\n")
    assert "warning[RFT0209]" in out
    assert raftoral("check", "--strict", "a.rft")[0] == 1
    assert raftoral("check", "--strict", "--no-cache", "a.rft")[0] == 1


def test_quiet_and_verbose(here, door, raftoral):
    here(a_rft="eek")
    assert raftoral("check", "-q")[2] == ""
    _, _, err = raftoral("-v", "check")
    assert err.startswith("\n1 error in 1 file; `raftoral fmt --fix` can repair 1\nchecked 1 file in")
    here(a_rft=CLEAN)
    code, out, err = raftoral("check", "-v")
    assert (code, out) == (0, "")
    assert err.startswith("no problems in 1 file\nchecked 1 file in ")


def test_formats(here, door, raftoral):
    here(a_rft=BAD)
    assert raftoral("check", "--format", "short") == (
        1,
        "a.rft:2:1: error[RFT0201]: nothing called `oops`\na.rft:3:1: warning[RFT0209]: `hmm` is never read\n",
        "",
    )
    code, out, err = raftoral("check", "--format=json")
    assert (code, err) == (1, "")
    assert json.loads(out)["summary"] == {"errors": 1, "warnings": 1, "files": 1}
    code, out, err = raftoral("check", "--format=github")
    assert (code, err, out.count("::")) == (1, "", 4)
    code, out, err = raftoral("check", "--format=sarif")
    [run] = json.loads(out)["runs"]
    assert (code, err, len(run["results"])) == (1, "", 2)
    assert "## RFT" not in run["tool"]["driver"]["rules"][0]["help"]["text"]


@pytest.mark.parametrize("format", ["json", "sarif"])
def test_documents_of_a_clean_run(here, door, raftoral, format):
    here(a_rft=CLEAN)
    code, out, err = raftoral("check", "--format", format)
    assert (code, err) == (0, "")
    assert json.loads(out)


@pytest.mark.parametrize("format", ["short", "github"])
def test_lines_of_a_clean_run(here, door, raftoral, format):
    here(a_rft=CLEAN)
    assert raftoral("check", "--format", format) == (0, "", "")


def test_paths_in_sarif_are_relative_to_the_folder(here, door, raftoral):
    folder = here(a_rft=BAD)
    _, out, _ = raftoral("check", "--format=sarif", str(folder / "a.rft"))
    assert str(folder) not in out
    assert '"uri": "a.rft"' in out


def test_at_most_so_many(here, door, raftoral, monkeypatch):
    here(a_rft="oops " * 5)
    _, out, err = raftoral("check", "--max-problems", "2", "--format=short")
    assert (out.count("\n"), err) == (2, "3 more not shown; --max-problems 0 shows all\n")
    monkeypatch.setattr(raftoral_check(), "HUMAN_PROBLEMS_MAX", 4)
    _, out, err = raftoral("check")
    assert out.count("error[") == 4
    assert err.endswith("\n5 errors in 1 file\n")
    assert raftoral("check", "--max-problems=0")[1].count("error[") == 5
    assert raftoral("check", "--format=short")[1].count("error[") == 5
    document = json.loads(raftoral("check", "--format=json", "--max-problems=1")[1])
    assert (len(document["problems"]), document["summary"]["errors"]) == (1, 5)


def raftoral_check():
    return raftoral.cli.check


def test_standard_input(here, door, raftoral, monkeypatch):
    here()
    stdin = io.TextIOWrapper(io.BytesIO(b"oops"))
    monkeypatch.setattr(sys, "stdin", stdin)
    code, out, _ = raftoral("check", "-", "--format=short")
    assert (code, out) == (1, "<stdin>:1:1: error[RFT0201]: nothing called `oops`\n")


def test_explain(here, door, raftoral):
    here()
    assert raftoral("check", "--explain", "RFT0103") == raftoral("explain", "RFT0103")
    as_json = raftoral("explain", "RFT0103", "--format=json")
    assert raftoral("check", "--explain", "RFT0103", "--format=json") == as_json


# --- wrong usage ----------------------------------------------------------------------------------


def test_a_path_that_is_not_there(here, door, raftoral):
    here(shop__orders_rft=CLEAN)
    assert raftoral("check", "shpo", "shop/order.rft", "shop") == (
        2,
        "",
        "raftoral: there is no file or folder shpo; did you mean shop?\n"
        "raftoral: there is no file or folder shop/order.rft; did you mean shop/orders.rft?\n",
    )
    assert door.calls == []


def test_nothing_to_check(here, door, raftoral):
    here(notes="")
    code, out, err = raftoral("check")
    assert (code, out) == (2, "")
    assert err == "raftoral check: no .rft file below .\ntry: raftoral check --help\n"


def test_a_bad_number_is_told_before_the_work(here, door, raftoral):
    here(a_rft=CLEAN)
    code, _, err = raftoral("check", "--max-problems=x")
    assert (code, door.calls) == (2, [])
    assert err.startswith("raftoral check: --max-problems takes a whole number, and 'x' is none\n")


def test_an_empty_folder_beside_others_is_remarked(here, door, raftoral):
    here(a_rft=CLEAN, empty__notes="")
    assert raftoral("check", "a.rft", "empty") == (0, "", "raftoral: no .rft file below empty\n")


# --- bad input ------------------------------------------------------------------------------------


def test_files_that_cannot_be_read_are_problems(here, door, raftoral):
    folder = here(a_rft="oops", b_rft=b"\xff\xfe", c_rft=b"ok\n\0", d_rft=b"x\n\xe9")
    (folder / "e.rft").symlink_to("nowhere")
    code, out, _ = raftoral("check", "--format=short")
    assert code == 1
    assert out.splitlines() == [
        "a.rft:1:1: error[RFT0201]: nothing called `oops`",
        "b.rft:1:1: error[RFT0115]: `b.rft` is UTF-16, not UTF-8",
        "c.rft:2:1: error[RFT0115]: `c.rft` has a NUL byte in line 2: it is not a text",
        "d.rft:2:1: error[RFT0115]: `d.rft` is not UTF-8: line 2 has a byte that means nothing there",
        "e.rft:1:1: error[RFT0115]: there is no file `e.rft`",
    ]
    code, out, _ = raftoral("check")
    assert code == 1
    assert "error[RFT0115]: `b.rft` is UTF-16, not UTF-8\n  ┌─ b.rft\n  │\n  = help: save" in out
    assert "2 │ \ufffd\n  │ ^ the byte 0xe9, at byte 2 of the file" in out
    assert "2 │ \\x00\n  │ ^^^^ here" in out


def test_a_file_that_is_too_large(here, door, raftoral, monkeypatch):
    monkeypatch.setattr(files, "FILE_BYTES_MAX", 1 << 20)
    here(a_rft="x" * ((1 << 20) + 1))
    code, out, _ = raftoral("check", "--format=short")
    assert (code, out) == (1, "a.rft:1:1: error[RFT0115]: `a.rft` is larger than 1 MB\n")


def test_our_own_bug(here, door, raftoral, monkeypatch):
    here(a_rft=CLEAN, b_rft="boom")
    code, out, err = raftoral("check")
    assert (code, out) == (3, "")
    assert err.startswith(
        "internal error: this is a bug in raftoral, not in your files\n"
        "  while checking b.rft\n"
        "  KeyError: 'boom' (doors.py:"
    )
    assert "Traceback" not in err
    monkeypatch.setenv("RAFTORAL_DEBUG", "1")
    assert "Traceback" in raftoral("check")[2]


def test_the_collector_is_as_it_was(here, door, raftoral):
    import gc

    here(a_rft=CLEAN, b_rft="boom")
    for path in ("a.rft", "b.rft"):
        raftoral("check", path)
        assert gc.isenabled()
