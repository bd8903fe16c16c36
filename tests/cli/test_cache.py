"""Kept results: used when nothing has changed, and never otherwise."""

from __future__ import annotations

import os

import pytest

from raftoral.cli import cache

CACHE = os.path.join(".raftoral_cache", "check.bin")


@pytest.fixture
def check(door, raftoral):
    """Runs `raftoral check`; returns the code, the output, and the files that the compiler was given."""

    def run(*words: str) -> tuple[int, list[str], list[str]]:
        door.calls.clear()
        code, out, _ = raftoral("check", "--format=short", *words)
        return code, out.splitlines(), [path for call in door.calls for path in call]

    return run


def test_an_unchanged_project_needs_no_compiler(here, check):
    here(a_rft="hmm\n", b_rft="fine\n", c_rft="oops\n")
    first = check()
    assert first[2] == ["a.rft", "b.rft", "c.rft"]
    assert check() == (*first[:2], [])
    assert check("b.rft") == (0, [], [])


def test_the_compiler_is_not_even_imported(here, check, monkeypatch):
    import sys

    here(a_rft="fine\n")
    check()
    monkeypatch.setitem(sys.modules, "raftoral.dsl.compile", None)  # importing it now fails
    assert check() == (0, [], [])


def test_only_what_changed_is_checked_again(here, check):
    here(a_rft="fine\n", b_rft="fine\n")
    check()
    here(b_rft="oops\n")
    assert check() == (1, ["b.rft:1:1: error[RFT0201]: nothing called `oops`"], ["b.rft"])
    here(b_rft="fine\n")
    assert check() == (0, [], ["b.rft"])


def test_the_date_of_a_file_means_nothing(here, check):
    folder = here(a_rft="fine\n")
    check()
    status = os.stat("a.rft")
    (folder / "a.rft").write_text("oops\n")
    os.utime("a.rft", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert check()[0] == 1
    here(a_rft="fine\n")
    check()
    os.utime("a.rft", (1, 1))
    assert check() == (0, [], [])


def test_a_changed_import_is_noticed(here, check):
    here(a_rft="import b\n", b_rft="fine\n", c_rft="fine\n")
    check()
    here(b_rft="oops\n")
    code, out, checked = check("a.rft")
    assert (code, checked) == (1, ["a.rft"])
    assert out == ["a.rft:1:1: error[RFT0203]: bad import"]
    assert check("a.rft") == (code, out, [])  # with a label in another file


def test_an_import_that_appears_is_noticed(here, check):
    here(a_rft="import nope\n", b_rft="fine\n")
    assert check()[1] == ["a.rft:1:1: error[RFT0204]: there are a, b"]
    here(nope_rft="fine\n")
    assert check("a.rft")[0] == 0
    os.unlink("nope.rft")
    assert check("a.rft")[0] == 1


def test_a_python_module_is_noticed(here, check):
    here(a_rft="python tax\n", b_rft="fine\n", tax_py="x = 1\n")
    assert check()[0] == 0
    assert check()[2] == []
    here(tax_py="import requests\n")
    assert check()[0] == 1
    os.unlink("tax.py")
    assert check()[0] == 0


def test_a_run_with_misplaced_files_is_not_kept(here, check):
    here(a_rft="import nope\n", b_rft="fine\n")
    check()
    assert check()[2] == ["a.rft", "b.rft"]


def test_when_a_file_becomes_misplaced_all_is_checked_again(here, check, door):
    here(a_rft="fine\n", b_rft="fine\n")
    check()
    here(b_rft="import nope\n")
    assert check()[2] == ["b.rft", "a.rft", "b.rft"]


def test_strictness_and_format_share_results(here, check, raftoral):
    here(a_rft="hmm\n")
    check()
    assert check("--strict")[0::2] == (1, [])
    assert "warning[RFT0209]" in raftoral("check")[1]


def test_problems_come_back_whole(here, door, raftoral):
    here(a_rft="import b\neek\n", b_rft="oops\n")
    first = raftoral("check", "--format=json", "a.rft")
    assert '"applicability": "safe"' in first[1]
    assert raftoral("check", "--format=json", "a.rft") == first
    assert len(door.calls) == 1


def test_no_cache(here, check, monkeypatch):
    here(a_rft="fine\n")
    assert check("--no-cache")[2] == ["a.rft"]
    assert not os.path.exists(".raftoral_cache")
    monkeypatch.setenv("RAFTORAL_NO_CACHE", "1")
    assert check()[2] == ["a.rft"]
    assert not os.path.exists(".raftoral_cache")


def test_the_folder_keeps_itself_out_of_git_and_backups(here, check):
    folder = here(a_rft="fine\n")
    check()
    assert (folder / ".raftoral_cache" / ".gitignore").read_text() == "*\n"
    tag = (folder / ".raftoral_cache" / "CACHEDIR.TAG").read_text()
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert sorted(os.listdir(".raftoral_cache")) == [".gitignore", "CACHEDIR.TAG", "check.bin"]


def test_another_compiler_starts_anew(here, check, monkeypatch):
    here(a_rft="fine\n")
    check()
    monkeypatch.setattr(cache, "compiler_fingerprint", lambda package: b"another")
    monkeypatch.setattr("raftoral.cli.check.compiler_fingerprint", lambda package: b"another")
    assert check()[2] == ["a.rft"]


def test_the_same_folder_elsewhere_starts_anew(here, check, monkeypatch):
    folder = here(shop__a_rft="fine\n")
    monkeypatch.chdir(folder / "shop")
    check()
    (folder / "shop").rename(folder / "store")
    monkeypatch.chdir(folder / "store")
    assert check()[2] == ["a.rft"]


def test_results_that_were_not_asked_for_do_not_outlive_what_they_saw(here, check):
    here(a_rft="import c\n", b_rft="import c\n", c_rft="fine\n")
    check()
    here(c_rft="oops\n")
    assert check("b.rft")[0::2] == (1, ["b.rft"])  # now the new c.rft is what is kept
    assert check("a.rft")[0::2] == (1, ["a.rft"])
    assert check("a.rft", "b.rft")[0::2] == (1, [])


def test_results_that_were_not_asked_for_are_kept(here, check):
    here(a_rft="import c\n", b_rft="fine\n", c_rft="fine\n", d_rft=b"")
    check()
    here(b_rft="oops\n")
    assert check("b.rft")[2] == ["b.rft"]
    os.unlink("b.rft")
    assert check() == (0, [], [])


def test_a_file_that_goes_or_cannot_be_read_is_noticed(here, check):
    folder = here(a_rft="import b\n", b_rft="fine\n")
    check()
    os.unlink("b.rft")
    assert check("a.rft")[0] == 1
    here(b_rft="missing")  # not the reason why it was not there
    assert check("a.rft") == (0, [], ["a.rft"])
    os.unlink("b.rft")
    (folder / "b.rft").mkdir()
    assert check("a.rft")[0] == 1


def test_a_file_that_grows_or_shrinks_at_its_end_is_noticed(here, check):
    here(a_rft="fine\n", b_rft="hmm\n")
    check()
    here(a_rft="fine\nhmm\n")
    assert check()[2] == ["a.rft"]
    here(a_rft="", b_rft="h")
    assert check()[2] == ["a.rft", "b.rft"]
    assert check() == (0, [], [])


def test_the_same_project_is_kept_as_the_same_bytes(here, check):
    folder = here(a_rft="import b\n", b_rft="hmm\n", c_rft="python tax\n")
    check()
    first = (folder / CACHE).read_bytes()
    (folder / CACHE).unlink()
    check()
    assert (folder / CACHE).read_bytes() == first


def test_rooms_without_a_say_have_none():
    """Nothing that the fingerprint leaves out is ever imported by what finds problems."""
    from tests.house import laws

    modules = {each.name: each for each in laws.read_tree(laws.ROOT)}
    waiting, reached = ["raftoral.dsl.compile"], set()
    while waiting:
        name = waiting.pop()
        if name in modules and name not in reached:
            reached.add(name)
            waiting += [imported for _, imported in laws.imports(modules[name], modules)]
    assert "raftoral.dsl.parser.recovery" in reached
    assert cache.UNINVOLVED.isdisjoint(name.split(".")[2] for name in reached if name.startswith("raftoral.dsl."))


def test_the_fingerprint_sees_every_change_of_the_compiler(tmp_path):
    (tmp_path / "inner").mkdir()
    file = tmp_path / "inner" / "a.py"
    file.write_text("x = 1")
    first = cache.compiler_fingerprint(str(tmp_path))
    assert cache.compiler_fingerprint(str(tmp_path)) == first
    file.write_text("x = 10")
    assert cache.compiler_fingerprint(str(tmp_path)) != first


def damage(position: int):
    def change(raw: bytes) -> bytes:
        return raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: b"",
        lambda raw: raw[:10],
        lambda raw: raw[:-1],
        lambda raw: raw + b"x",
        lambda raw: os.urandom(300),
        damage(0),
        damage(4),
        damage(12),
        damage(60),
        damage(-1),
        lambda raw: cache.MAGIC + cache.digest(b"", b"N") + b"N",
        lambda raw: cache.MAGIC + cache.digest(b"N") + b"N",
    ],
)
def test_a_damaged_cache_is_as_good_as_none(here, check, change):
    folder = here(a_rft="hmm\n")
    first = check()
    path = folder / CACHE
    path.write_bytes(change(path.read_bytes()))
    assert check() == first
    assert check() == (*first[:2], [])  # written anew


def test_a_cache_that_cannot_be_written(here, check):
    folder = here(a_rft="fine\n", **{".raftoral_cache": "a file in its place"})
    assert check() == (0, [], ["a.rft"])
    assert check() == (0, [], ["a.rft"])
    (folder / ".raftoral_cache").unlink()
    (folder / ".raftoral_cache" / "check.bin").mkdir(parents=True)
    assert check() == (0, [], ["a.rft"])
    assert os.listdir(".raftoral_cache") == ["check.bin"]


def test_a_link_in_the_place_of_the_folder_is_not_followed(here, check):
    folder = here(a_rft="fine\n", other__notes="")
    (folder / ".raftoral_cache").symlink_to("other", target_is_directory=True)
    assert check() == (0, [], ["a.rft"])
    assert os.listdir("other") == ["notes"]


def test_the_cache_is_bounded(here, check, monkeypatch):
    here(a_rft="fine\n", b_rft="oops " * 200)
    check("b.rft")
    monkeypatch.setattr(cache, "CACHE_BYTES_MAX", 6_000)
    check("a.rft")
    assert os.path.getsize(CACHE) < 6_000
    assert check("a.rft")[2] == []
    assert check("b.rft")[2] == ["b.rft"]  # was dropped; too large to be kept at all now
    assert check("b.rft")[2] == ["b.rft"]


def test_standard_input_is_not_kept(here, check, monkeypatch):
    import io
    import sys

    here()
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"fine")))
        assert check("-")[2] == ["<stdin>"]


def test_pieces_cannot_run_together():
    assert cache.digest(b"ab", b"c") != cache.digest(b"a", b"bc")
