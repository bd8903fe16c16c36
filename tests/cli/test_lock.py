"""`raftoral lock`, `raftoral release` and `raftoral check --locked`, in process, with the real compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = """\
rft 1
module shop.orders

activity one() { timeout: 1s }
activity two() { timeout: 1s }

workflow Fulfil version 1 () {
  do one()
  do two()
}
"""
MORE = TEXT.replace("  do two", "  sleep 1s\n  do two")
TAX = (
    'rft 1\n\nextern "tax" {\n  fn vat(net: int) -> int\n}\n\nworkflow W version 1 (n: int) -> int { return vat(n) }\n'
)
PYTHON = "def vat(net: int) -> int:\n    return net\n"


@pytest.fixture
def shop(here):
    """A project with one workflow."""
    return here(shop__orders_rft=TEXT)


def lock_of(folder: Path) -> str:
    return (folder / "raftoral.lock").read_text()


def test_a_lock_is_written_and_then_up_to_date(shop, raftoral):
    assert raftoral("lock") == (0, "+ shop.orders.Fulfil@1  draft, 2 slots\n", "raftoral.lock written\n")
    text = lock_of(shop)
    assert text.startswith("raftoral.lock 1\nworkflow shop.orders.Fulfil@1  draft  abi 1  source sha256:")
    status = os.stat("raftoral.lock")
    assert raftoral("lock") == (0, "", "raftoral.lock is up to date\n")
    assert os.stat("raftoral.lock").st_mtime_ns == status.st_mtime_ns
    assert raftoral("lock", "--check") == raftoral("check", "--locked") == (0, "", "")


def test_what_changed_is_said(shop, here, raftoral):
    raftoral("lock")
    here(shop__orders_rft=MORE)
    assert raftoral("lock") == (
        0,
        "~ shop.orders.Fulfil@1\n    + slot `sleep`, between `one` and `two`\n",
        "raftoral.lock brought up to date\n",
    )
    assert "  slot 1 one " in lock_of(shop)
    assert "  slot 3 sleep " in lock_of(shop)


def test_a_check_says_what_lock_would_write(shop, here, raftoral):
    code, out, err = raftoral("check", "--locked", "--format=short")
    assert (code, out) == (1, "shop/orders.rft:7:17: error[RFT0911]: there is no raftoral.lock\n")
    raftoral("lock")
    here(shop__orders_rft=MORE)
    before = lock_of(shop)
    for words in (("check", "--locked"), ("lock", "--check")):
        code, out, err = raftoral(*words)
        assert code == 1
        assert "error[RFT0911]: raftoral.lock is out of date" in out
        assert "~ shop.orders.Fulfil@1\n" in out
        assert err == "\n1 error in 1 file\n"
    assert lock_of(shop) == before
    assert raftoral("check")[0] == 0, "without --locked nobody asks for it"


def test_a_released_version_does_not_change(shop, here, raftoral):
    assert raftoral("release", "Fulfil", "--date", "2026-11-02") == (
        0,
        "+ shop.orders.Fulfil@1  released 2026-11-02, 2 slots\n",
        "raftoral.lock written\n",
    )
    assert "workflow shop.orders.Fulfil@1  released 2026-11-02  abi 1  " in lock_of(shop)
    assert raftoral("check", "--locked") == (0, "", "")
    before = lock_of(shop)
    here(shop__orders_rft=MORE)
    code, out, err = raftoral("lock")
    assert (code, out) == (1, "")
    assert "error[RFT0901]: `Fulfil` changed, but is still version 1" in err
    assert "+ slot `sleep`, between `one` and `two`" in err
    assert err.endswith("1 error: raftoral.lock is left as it was\n")
    assert raftoral("release", "Fulfil")[0] == 1
    assert raftoral("check", "--locked")[1].count("error[") == 1
    assert lock_of(shop) == before
    here(shop__orders_rft=MORE.replace("version 1", "version 2"))
    assert raftoral("lock")[1] == "+ shop.orders.Fulfil@2  draft, 3 slots\n"
    assert raftoral("check", "--locked") == (0, "", "")


def test_errors_of_the_text_come_first(shop, here, raftoral):
    here(shop__orders_rft=TEXT.replace("do one", "do none_such"))
    code, out, err = raftoral("lock")
    assert (code, out) == (1, "")
    assert "error[RFT0201]" in err
    assert not (shop / "raftoral.lock").exists()
    code, out, err = raftoral("check", "--locked", "--format=short")
    assert (code, out.count("\n")) == (1, 1)
    assert raftoral("release", "--all")[0] == 1


def test_a_warning_stops_nothing(shop, here, raftoral):
    raftoral("release", "--all")
    after = TEXT.replace("version 1", "version 2").replace("  do one()", "  do two()\n  do one()")
    here(shop__orders_rft=after)
    code, out, err = raftoral("lock")
    assert code == 0
    assert "warning[RFT0914]" in err
    assert "+ shop.orders.Fulfil@2" in out


def test_what_was_not_named_stays(shop, here, raftoral):
    here(b_rft=TEXT.replace("module shop.orders\n", ""))
    raftoral("lock")
    assert lock_of(shop).count("\nworkflow ") == 2
    (shop / "b.rft").unlink()
    assert raftoral("lock", "shop")[2] == "raftoral.lock is up to date\n"
    assert raftoral("lock", "shop/orders.rft")[2] == "raftoral.lock is up to date\n"
    assert raftoral("lock", ".")[1] == "- b.Fulfil@1  draft\n"


def test_released_versions_stay_when_their_text_is_gone(shop, here, raftoral):
    raftoral("release", "--all")
    here(shop__orders_rft=TEXT.replace("version 1", "version 2"))
    raftoral("lock")
    assert [line.split()[1] for line in lock_of(shop).splitlines() if line.startswith("work")] == [
        "shop.orders.Fulfil@1",
        "shop.orders.Fulfil@2",
    ]


# --- which lock -----------------------------------------------------------------------------------------------------


def test_the_lock_is_that_of_the_project(shop, raftoral, monkeypatch):
    raftoral("lock")
    monkeypatch.chdir(shop / "shop")
    code, out, err = raftoral("lock")
    assert (code, out) == (0, "")
    assert err == f"{os.path.join('..', 'raftoral.lock')} is up to date\n"
    assert raftoral("check", "--locked", "orders.rft") == (0, "", "")
    assert not (shop / "shop" / "raftoral.lock").exists()


def test_a_folder_that_is_named_gets_its_own(shop, here, raftoral):
    assert raftoral("lock", "shop")[2] == f"{os.path.join('shop', 'raftoral.lock')} written\n"
    here(other__a_rft=TEXT.replace("module shop.orders\n", ""))
    raftoral("lock", "other")
    code, _, err = raftoral("lock", "shop", "other")
    assert code == 2
    assert "these belong to two projects" in err


def test_a_project_ends_at_its_repository(shop, here, raftoral):
    raftoral("lock")
    here(inner__a_rft=TEXT.replace("module shop.orders\n", "module a\n"))
    (shop / "inner" / ".git").mkdir()
    assert raftoral("lock", "inner")[2] == f"{os.path.join('inner', 'raftoral.lock')} written\n"


def test_nothing_to_lock(here, raftoral):
    folder = here(a_rft="rft 1\n\nconst a = 1\n")
    assert raftoral("lock") == (0, "", "there is no workflow here: nothing to lock\n")
    assert raftoral("check", "--locked") == (0, "", "")
    assert not (folder / "raftoral.lock").exists()
    code, _, err = raftoral("release")
    assert (code, err.split("\n")[0]) == (2, "raftoral release: there is no draft here")
    assert raftoral("release", "--all") == (
        0,
        "",
        "nothing to release: there is no draft\nthere is no workflow here: nothing to lock\n",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "raftoral.lock:1: this is no lock file of raftoral"),
        (b"raftoral.lock 9\n", "raftoral.lock:1: written by a newer raftoral (format 9; this one reads 1)"),
        (b"raftoral.lock 1\n<<<<<<< HEAD\n", "raftoral.lock:2: a merge was not finished here"),
        (b"raftoral.lock 1\nworkflow\n", "raftoral.lock:2: `workflow` cannot be read"),
        (b"raftoral.lock 1\n\xff\n", "raftoral.lock:2: this is not UTF-8 text"),
    ],
)
@pytest.mark.parametrize("words", [("lock",), ("check", "--locked"), ("release", "--all")])
def test_a_damaged_lock_is_wrong_usage_with_a_line(shop, raftoral, text, said, words):
    (shop / "raftoral.lock").write_bytes(text)
    code, out, err = raftoral(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert (shop / "raftoral.lock").read_bytes() == text


def test_a_folder_in_the_place_of_the_lock(shop, raftoral):
    (shop / "raftoral.lock").mkdir()
    code, _, err = raftoral("lock")
    assert code == 2
    assert "raftoral.lock cannot be read" in err


def test_line_ends_stay(shop, here, raftoral):
    raftoral("lock")
    (shop / "raftoral.lock").write_bytes(lock_of(shop).replace("\n", "\r\n").encode())
    assert raftoral("lock")[2] == "raftoral.lock is up to date\n"
    here(shop__orders_rft=MORE)
    raftoral("lock")
    raw = (shop / "raftoral.lock").read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n") > 5


def test_no_trace_is_left_beside_it(shop, raftoral):
    raftoral("lock")
    assert sorted(os.listdir(shop)) == ["raftoral.lock", "shop"]
    assert os.stat("raftoral.lock").st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_standard_input_belongs_to_no_project(shop, raftoral, monkeypatch):
    import io

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    code, _, err = raftoral("check", "--locked", "-")
    assert code == 2
    assert "belongs to no project" in err


# --- release --------------------------------------------------------------------------------------------------------


def test_releases_by_name(shop, here, raftoral):
    here(b_rft=TEXT.replace("module shop.orders\n", "").replace("Fulfil", "Other"))
    here(shop__orders_rft=TEXT + TEXT[TEXT.index("\nworkflow") :].replace("version 1", "version 2"))
    assert raftoral("release", "Fulfil", "--date=2026-01-31")[1] == (
        "+ b.Other@1  draft, 2 slots\n"
        "+ shop.orders.Fulfil@1  draft, 2 slots\n"
        "+ shop.orders.Fulfil@2  released 2026-01-31, 2 slots\n"
    )
    assert raftoral("release", "shop.orders.Fulfil@1", "b.Other", "--date=2026-02-01")[1] == (
        "~ b.Other@1  released 2026-02-01\n~ shop.orders.Fulfil@1  released 2026-02-01\n"
    )
    code, out, err = raftoral("release", "Fulfil")
    assert (code, out) == (0, "")
    assert err == "shop.orders.Fulfil@2 was released on 2026-01-31 already\nraftoral.lock is up to date\n"


def test_the_day_is_today_unless_it_is_said(shop, raftoral):
    import time

    before = time.strftime("%Y-%m-%d")
    out = raftoral("release", "--all")[1]
    assert before in out or time.strftime("%Y-%m-%d") in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name what to release, or --all; drafts are shop.orders.Fulfil@1"),
        (("Fulfill",), "there is no workflow 'Fulfill' here; did you mean Fulfil?"),
        (("Fulfil@3",), "shop.orders.Fulfil has no version 3 here; it has 1"),
        (("Fulfil", "--all"), "--all means every draft"),
        (("Fulfil", "--date", "2026-02-30"), "--date takes a day like 2026-11-02, and '2026-02-30' is none"),
        (("Fulfil", "--date", "tomorrow"), "--date takes a day like 2026-11-02"),
        (("Fulfil", "nowhere"), "there is no file or folder nowhere"),
    ],
)
def test_what_cannot_be_released(shop, raftoral, words, said):
    code, out, err = raftoral("release", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert not (shop / "raftoral.lock").exists()


# --- accept ---------------------------------------------------------------------------------------------------------


def test_another_way_to_the_same_answer_is_accepted(here, raftoral):
    here(a_rft=TAX, tax_py=PYTHON)
    raftoral("release", "--all", "--date=2026-01-01")
    here(tax_py=PYTHON.replace("return net", "return net * 1"))
    code, out, _ = raftoral("check", "--locked", "--format=short")
    assert (code, out) == (
        1,
        "a.rft:4:6: error[RFT0506]: `tax.vat` changed since W version 1 was released\n",
    )
    assert raftoral("lock", "--accept", "tax.vat") == (
        0,
        "~ a.W@1\n    ~ extern `tax.vat`: other Python\n",
        "raftoral.lock brought up to date\n",
    )
    assert raftoral("check", "--locked") == (0, "", "")
    code, _, err = raftoral("lock", "--accept", "tax.gross")
    assert code == 2
    assert "no workflow here uses an extern function 'tax.gross'; there are tax.vat" in err
    assert raftoral("lock", "--accept=tax.vat", "--check")[0] == 2


def test_comments_in_python_are_no_change(here, raftoral):
    here(a_rft=TAX, tax_py=PYTHON)
    raftoral("release", "--all")
    here(tax_py="# taxes\n" + PYTHON)
    assert raftoral("check", "--locked") == (0, "", "")


# --- the cold start -------------------------------------------------------------------------------------------------


def test_a_check_without_a_lock_does_not_load_it(shop, raftoral):
    program = (
        "import sys; from raftoral.__main__ import main; main(['check', '--no-cache', 'shop']);"
        "print([n for n in sys.modules if n.startswith(('raftoral.dsl.lock', 'raftoral.cli.lock', 'raftoral.dsl.lower',"
        "'hashlib', 'ast'))])"
    )
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=shop,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert done.stdout == "[]\n"
