"""`raftoral fmt`, in process, with a stand-in for the formatter: it takes the spaces from line ends."""

from __future__ import annotations

import io
import os
import stat
import sys

import pytest

UGLY = "one  \ntwo\n"
NICE = "one\ntwo\n"


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def test_files_are_laid_out(here, door, raftoral):
    here(a_rft=UGLY, b__c_rft=UGLY, d_rft=NICE)
    assert raftoral("fmt") == (0, "", "2 files reformatted, 1 left alone\n")
    assert read("a.rft") == read("b/c.rft") == NICE.encode()
    assert raftoral("fmt") == (0, "", "3 files left alone\n")
    assert sorted(os.listdir(".")) == ["a.rft", "b", "d.rft"]


def test_a_file_that_is_fine_is_not_touched(here, door, raftoral):
    here(a_rft=NICE)
    os.utime("a.rft", ns=(5, 5))
    before = os.stat("a.rft")
    raftoral("fmt", "a.rft")
    after = os.stat("a.rft")
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_check_lists_and_writes_nothing(here, door, raftoral):
    here(a_rft=UGLY, b_rft=NICE)
    assert raftoral("fmt", "--check") == (
        1,
        "a.rft\n",
        "1 file would be reformatted, 1 left alone\n",
    )
    assert read("a.rft") == UGLY.encode()
    assert raftoral("fmt", "--check", "b.rft") == (0, "", "1 file left alone\n")


def test_diff(here, door, raftoral):
    here(a_rft=UGLY)
    code, out, _ = raftoral("fmt", "--diff", "a.rft")
    assert (code, out) == (
        1,
        "--- a.rft\n+++ a.rft (laid out)\n@@ -1,2 +1,2 @@\n-one  \n+one\n two\n",
    )
    assert read("a.rft") == UGLY.encode()
    _, out, _ = raftoral("fmt", "--diff", "--color=always", "a.rft")
    assert "\x1b[31m-one  \x1b[0m\n\x1b[32m+one\x1b[0m" in out


def test_a_file_cannot_drive_the_terminal_through_a_diff(here, door, raftoral):
    here(a_rft="one\x1b[2J  \n")
    _, out, _ = raftoral("fmt", "--diff", "a.rft")
    assert "\x1b" not in out


def test_what_does_not_parse_is_reported_and_left(here, door, raftoral):
    here(a_rft="one  \n((  \ntwo  \n")
    code, out, err = raftoral("fmt")
    assert (code, out) == (1, "")
    assert err.startswith("error[RFT0103]: does not parse\n  ┌─ a.rft:2:1\n")
    assert err.endswith("1 file reformatted\n")
    assert read("a.rft") == b"one\n((  \ntwo\n"


def test_unreadable_files_are_reported(here, door, raftoral):
    here(a_rft=b"\xff", b_rft=UGLY)
    code, _, err = raftoral("fmt")
    assert code == 1
    assert "error[RFT0115]: `a.rft` is not UTF-8" in err
    assert read("a.rft") == b"\xff"
    assert read("b.rft") == NICE.encode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"one  \r\ntwo\r\n", b"one\r\ntwo\r\n"),
        (b"\xef\xbb\xbfone\n", b"one\n"),
        (b"one\rtwo\r", b"one\ntwo\n"),
        (b"one\ntwo\r\n", b"one\ntwo\n"),
        ("né  \n".encode(), "né\n".encode()),
        (b"", b""),
    ],
)
def test_bytes(here, door, raftoral, before, after):
    here(a_rft=before)
    assert raftoral("fmt")[0] == 0
    assert read("a.rft") == after
    assert raftoral("fmt", "--check")[0] == 0


def test_mode_and_links_stay(here, door, raftoral):
    folder = here(real_rft=UGLY)
    os.chmod("real.rft", 0o640)
    (folder / "links").mkdir()
    (folder / "links" / "a.rft").symlink_to(folder / "real.rft")
    assert raftoral("fmt", "links/a.rft")[0] == 0
    assert os.path.islink("links/a.rft")
    assert read("real.rft") == NICE.encode()
    assert stat.S_IMODE(os.stat("real.rft").st_mode) == 0o640
    assert os.listdir("links") == ["a.rft"]


def test_a_failed_write_leaves_the_old_file(here, door, raftoral, monkeypatch):
    here(a_rft=UGLY, b_rft=UGLY)
    replace = os.replace

    def fail(new, target):
        if target.endswith("a.rft"):
            raise OSError(28, "No space left on device")
        replace(new, target)

    monkeypatch.setattr("raftoral.cli.fmt.os.replace", fail)
    code, _, err = raftoral("fmt")
    assert code == 1
    assert "`a.rft` cannot be written: No space left on device" in err
    assert err.endswith("1 file reformatted, 1 left alone\n")
    assert sorted(os.listdir(".")) == ["a.rft", "b.rft"]
    assert read("a.rft") == UGLY.encode()


def test_safe_fixes(here, door, raftoral):
    here(a_rft="eek eek  \noops\n", b_rft="fine\n")
    assert raftoral("fmt", "--fix", "--check")[0] == 1
    assert read("a.rft") == b"eek eek  \noops\n"
    assert raftoral("fmt", "--fix") == (0, "", "1 file reformatted, 1 left alone\n")
    assert read("a.rft") == b"ook ook\noops\n"


def test_our_own_bug_names_the_file(here, door, raftoral):
    here(a_rft="boom\n")
    code, out, err = raftoral("fmt", "--fix")
    assert (code, out) == (3, "")
    assert "  while checking a.rft\n  KeyError: 'boom'" in err


def test_our_own_bug_in_one_file_is_said_after_the_others_are_done(here, door, raftoral):
    here(a_rft="bang  \n", b_rft=UGLY)
    code, out, err = raftoral("fmt")
    assert (code, out) == (3, "")
    assert err.startswith("1 file reformatted, 1 left alone\ninternal error: this is a bug in raftoral")
    assert "  while laying out a.rft, which is as it was\n  KeyError: 'bang'" in err
    assert read("a.rft") == b"bang  \n"
    assert read("b.rft") == NICE.encode()


def test_the_collector_is_as_it_was(here, door, raftoral):
    import gc

    here(a_rft=UGLY, b_rft="boom\n")
    for path in ("a.rft", "b.rft"):
        raftoral("fmt", "--fix", path)
        assert gc.isenabled()


# --- standard input -------------------------------------------------------------------------------


def give(monkeypatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_standard_input(here, door, raftoral, monkeypatch):
    here()
    give(monkeypatch, UGLY.encode())
    assert raftoral("fmt", "-") == (0, NICE, "")
    give(monkeypatch, NICE.encode())
    assert raftoral("fmt", "-") == (0, NICE, "")
    give(monkeypatch, UGLY.encode())
    assert raftoral("fmt", "--check", "-") == (1, "", "")
    give(monkeypatch, UGLY.encode())
    code, out, _ = raftoral("fmt", "--diff", "-", "--stdin-filename=x.rft")
    assert (code, out.splitlines()[0]) == (1, "--- x.rft")


def test_standard_input_that_does_not_parse(here, door, raftoral, monkeypatch):
    here()
    give(monkeypatch, b"((\none  \n")
    code, out, err = raftoral("fmt", "-", "--stdin-filename", "shop/x.rft")
    assert (code, out) == (1, "((\none\n")
    assert "┌─ shop/x.rft:1:1" in err


def test_standard_input_that_cannot_be_read(here, door, raftoral, monkeypatch):
    here()
    give(monkeypatch, b"\xff")
    code, out, err = raftoral("fmt", "-")
    assert (code, out) == (1, "")
    assert "`<stdin>` is not UTF-8" in err


@pytest.mark.parametrize("words", [("--stdin-filename=x.rft",), ("-", "a.rft"), ("nope.rft",), ("--cheque",)])
def test_wrong_usage(here, door, raftoral, words):
    here(a_rft=NICE)
    code, out, err = raftoral("fmt", *words)
    assert (code, out) == (2, "")
    assert err
