"""The disk as the commands see it: finding, reading, decoding, and what the compiler may ask."""

from __future__ import annotations

import os
import threading

import pytest

from raftoral.cli import files
from raftoral.cli.files import Disk, DiskWorld, decode, find
from raftoral.dsl.diagnostics import Problem
from raftoral.dsl.source import Source


def text(found: object) -> str:
    assert isinstance(found, Source)
    return found.text


def headline(found: object) -> str:
    assert isinstance(found, Problem)
    assert found.code == "RFT0115"
    return found.headline


# --- finding --------------------------------------------------------------------------------------


def test_a_folder_means_all_below_it_in_order(here):
    here(
        b_rft="", a__z_rft="", a__b__c_rft="", a_txt="", B_rft="",
        _hidden__x_rft="",
    )  # fmt: skip
    here(**{".git__x_rft": "", ".venv__y_rft": "", "node_modules__z_rft": "", "a-b__c_rft": ""})
    assert find(["."]).paths == [
        "B.rft", "_hidden/x.rft", "a/b/c.rft", "a/z.rft", "a-b/c.rft", "b.rft",
    ]  # fmt: skip


def test_names_are_taken_as_they_are(here):
    here(a_rft="", sub__b_rft="", **{".hidden__c_rft": "", "odd_txt": ""})
    os.rename("odd_txt", "odd.txt")
    assert find(["odd.txt", "sub", "./a.rft", ".hidden", "a.rft", "sub//b.rft"]).paths == [
        "odd.txt", "sub/b.rft", "a.rft", ".hidden/c.rft",
    ]  # fmt: skip


def test_what_is_not_there(here):
    here(empty__readme="")
    found = find(["nope", "empty", "a\0b"])
    assert (found.paths, found.missing, found.empty) == ([], ["nope", "a\0b"], ["empty"])


def test_standard_input(here):
    assert find(["-"]).paths == [files.STDIN]


def test_links(here):
    folder = here(real__a_rft="x")
    (folder / "link.rft").symlink_to(folder / "real" / "a.rft")
    (folder / "real" / "round").symlink_to(folder, target_is_directory=True)
    (folder / "folder.rft").mkdir()
    (folder / "broken.rft").symlink_to(folder / "nowhere")
    assert find(["."]).paths == ["broken.rft", "link.rft", "real/a.rft"]


def test_a_folder_that_cannot_be_listed(here, is_root):
    if is_root:
        pytest.skip("root may list everything")
    folder = here(closed__a_rft="", b_rft="")
    (folder / "closed").chmod(0)
    try:
        found = find(["."])
    finally:
        (folder / "closed").chmod(0o755)
    assert found.paths == ["b.rft"]
    assert [problem.headline for problem in found.problems] == ["`closed` cannot be read: Permission denied"]


# --- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", ""),
        (b"a\nb", "a\nb"),
        (b"\xef\xbb\xbfa", "a"),
        (b"a\r\nb\rc\n\r\n", "a\nb\nc\n\n"),
        ("é名".encode(), "é名"),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", "\ufeffa"),
    ],
)
def test_decoding(raw, expected):
    assert text(decode("a.rft", raw)) == expected


def test_bytes_that_are_not_utf8():
    found = decode("a.rft", b"one\r\ntwo \xe9t\xe9\nthree")
    assert headline(found) == "`a.rft` is not UTF-8: line 2 has a byte that means nothing there"
    assert isinstance(found, Problem)
    assert found.primary.text == "the byte 0xe9, at byte 9 of the file"
    assert found.primary.source.position(found.primary.lo) == (2, 5)
    assert found.primary.source.line(2) == "two \ufffdt\ufffd"


@pytest.mark.parametrize("raw", [b"\xff\xfea\0", b"\xfe\xff\0a"])
def test_utf16(raw):
    assert headline(decode("a.rft", raw)) == "`a.rft` is UTF-16, not UTF-8"


def test_nul():
    found = decode("a.rft", b"ab\ncd\0ef")
    assert headline(found) == "`a.rft` has a NUL byte in line 2: it is not a text"


def test_what_cannot_be_read(here, monkeypatch):
    monkeypatch.setattr(files, "FILE_BYTES_MAX", 1 << 20)
    folder = here(big_rft=b"x" * ((1 << 20) + 1), fits_rft=b"x" * (1 << 20))
    (folder / "folder.rft").mkdir()
    (folder / "broken.rft").symlink_to(folder / "nowhere")
    disk = Disk()
    assert len(text(disk.source("fits.rft"))) == 1 << 20
    assert headline(disk.source("big.rft")) == "`big.rft` is larger than 1 MB"
    assert headline(disk.source("folder.rft")) == "`folder.rft` is a folder, not a file"
    assert headline(disk.source("broken.rft")) == "there is no file `broken.rft`"
    assert headline(disk.source("nope/a.rft")) == "there is no file `nope/a.rft`"
    assert headline(disk.source("fits.rft/a.rft")) == "there is no file `fits.rft/a.rft`"
    assert "cannot be read" in headline(disk.source("n" * 5_000))


def test_a_file_that_may_not_be_read(here, is_root):
    if is_root:
        pytest.skip("root may read everything")
    folder = here(a_rft="x")
    (folder / "a.rft").chmod(0)
    assert headline(Disk().source("a.rft")) == "`a.rft` cannot be read: Permission denied"


def test_a_device_that_never_ends(monkeypatch):
    if not os.path.exists("/dev/zero"):
        pytest.skip("no such device here")
    monkeypatch.setattr(files, "FILE_BYTES_MAX", 1 << 20)
    assert headline(Disk().source("/dev/zero")) == "`/dev/zero` is larger than 1 MB"


def test_a_pipe_is_read_to_its_end(here):
    folder = here()
    os.mkfifo(folder / "pipe")

    def write() -> None:
        with open(folder / "pipe", "wb") as pipe:
            for _ in range(3):
                pipe.write(b"a" * 70_000)
                pipe.flush()

    writer = threading.Thread(target=write)
    writer.start()
    assert len(text(Disk().source("pipe"))) == 210_000
    writer.join()


def test_a_file_is_read_once(here):
    folder = here(a_rft="one")
    disk = Disk()
    first = disk.source("a.rft")
    (folder / "a.rft").write_text("two")
    assert disk.source("a.rft") is first
    disk.forget("a.rft")
    assert text(disk.source("a.rft")) == "two"


# --- where a module stands ------------------------------------------------------------------------


def test_a_file_is_placed_by_its_module_line(here, monkeypatch):
    folder = here(
        shop__orders_rft="rft 1\n# hm\nmodule shop.orders # x\n",
        shop__odd_rft="rft 1\nmodule shop.other\n",
        shop__flat_rft="module flat\n",
    )

    def place(path: str) -> str:
        found = Disk().source(path)
        assert isinstance(found, Source)
        return found.path

    assert place("shop/orders.rft") == "shop/orders.rft"
    monkeypatch.chdir(folder / "shop")
    assert place("orders.rft") == "../shop/orders.rft"
    assert place("odd.rft") == "odd.rft"
    assert place("flat.rft") == "flat.rft"


# --- what the compiler may ask --------------------------------------------------------------------


def test_modules(here):
    here(shop__orders_rft="x", shop__catalog_rft="y", top_rft="z", **{"not-a-name_rft": ""})
    world = DiskWorld(Disk())
    found = world.module("shop.orders", "")
    assert isinstance(found, Source)
    assert (found.path, found.text) == ("shop/orders.rft", "x")
    assert world.module("shop.orders", "") is found
    assert world.module("orders", "shop").path == "shop/orders.rft"  # type: ignore[union-attr]
    assert world.module("nope", "") is None
    assert world.module("shop", "") is None
    assert world.modules("") == ["shop.catalog", "shop.orders", "top"]
    assert world.modules("shop") == ["catalog", "orders"]
    assert world.modules("nope") == []
    assert world.asked == {"shop/orders.rft", "nope.rft", "shop.rft"}


def test_a_module_that_cannot_be_read_is_a_problem(here):
    folder = here(bad_rft=b"\xff")
    (folder / "folder.rft").mkdir()
    world = DiskWorld(Disk())
    assert "not UTF-8" in headline(world.module("bad", ""))
    assert headline(world.module("folder", "")) == "`folder.rft` is a folder, not a file"


def test_python(here):
    here(shop__tax_py="a = 1", pack____init___py="b = 2", latin_py=b"\xff")
    world = DiskWorld(Disk())
    found = world.python("shop.tax", "")
    assert isinstance(found, Source)
    assert (found.path, found.text) == ("shop/tax.py", "a = 1")
    assert world.python("nope", "") is None
    assert world.python("latin", "") is None


def test_the_list_of_modules_is_bounded(here, monkeypatch):
    monkeypatch.setattr(files, "MODULES_MAX", 3)
    here(**{f"m{number}_rft": "" for number in range(9)})
    assert DiskWorld(Disk()).modules("") == ["m0", "m1", "m2"]
