"""What every module says of itself, and what no tracked file may say."""

from __future__ import annotations

import pytest

from tests.house import laws

NOT_HERE = "is true on one machine only"
NOT_OURS = "where packages come from is for the installer to say"
NOT_DONE = "finish it, or leave it out"


def ours() -> dict[str, str]:
    return laws.text_files(laws.ROOT, laws.tracked(laws.ROOT))


def test_every_module_has_a_docstring():
    laws.assert_kept(laws.docstring_faults(laws.read_tree(laws.ROOT)))


def test_every_name_says_something():
    laws.assert_kept(laws.name_faults(laws.read_tree(laws.ROOT)))


def test_nothing_is_left_unfinished():
    shipped = {p: text for p, text in ours().items() if p.startswith(("raftoral/", "templates/"))}
    assert len(shipped) > 5
    laws.assert_kept(laws.text_faults(shipped, laws.UNFINISHED, NOT_DONE))


def test_no_file_knows_a_machine():
    laws.assert_kept(laws.text_faults(ours(), laws.MACHINE_PATH, NOT_HERE))


def test_no_file_knows_a_registry():
    laws.assert_kept(laws.text_faults(ours(), laws.REGISTRY, NOT_OURS))


# --- each law can fail ----------------------------------------------------------------------------
# Planted words are written in pieces, with @ for a slash, so that this file keeps the laws too.


@pytest.mark.parametrize("text", ["", "x = 1", "'''  '''", "def f():\n    '''Not the module's.'''"])
def test_a_missing_docstring_is_found(text):
    assert len(laws.docstring_faults([laws.module("raftoral/a.py", text)])) == 1
    assert laws.docstring_faults([laws.module("raftoral/a.py", "'''A job.'''\n")]) == []


@pytest.mark.parametrize(
    ("path", "faults"),
    [
        ("raftoral/utils.py", 1),
        ("raftoral/common/codec.py", 1),
        ("raftoral/dsl/_helpers.py", 1),
        ("raftoral/runtime/cluster_manager.py", 1),
        ("raftoral/misc/utils.py", 2),
        ("raftoral/runtime/core/management.py", 0),
        ("raftoral/dsl/commons.py", 0),
    ],
)
def test_an_empty_name_is_found(path, faults):
    assert len(laws.name_faults([laws.module(path, "")])) == faults


@pytest.mark.parametrize("word", ["TO-DO", "FIX-ME", "XX-X", "raise NotImplemented-Error"])
def test_an_unfinished_place_is_found(word):
    planted = {"raftoral/a.py": "x = 1\n# " + word.replace("-", "")}
    (fault,) = laws.text_faults(planted, laws.UNFINISHED, NOT_DONE)
    assert str(fault).startswith("raftoral/a.py:2: ")


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("@home@ann@raftoral", 1),
        ('open("@root@x")', 1),
        ("--storage-path=@Users@ann@data", 1),
        ("cd @work@main", 1),
        ("index = file:@@@opt@pypi-more@simple", 1),
        ("C:|Users|ann", 1),
        ("'C:||Users||ann'", 1),
        ("https:@@example.org@home@ann", 0),
        (".@work@x and ~@work@ and docs@work@x", 0),
        ("@tmp@x @dev@null @usr@bin@env", 0),
    ],
)
def test_a_machine_path_is_found(text, faults):
    planted = {"README.md": text.replace("@", "/").replace("|", "\\")}
    assert len(laws.text_faults(planted, laws.MACHINE_PATH, NOT_HERE)) == faults


@pytest.mark.parametrize(
    "text",
    ["https:@@py_pi.org@simple", "files.python_hosted.org", "pip --index_-url x", "PI_P_INDEX"],
)
def test_a_registry_is_found(text):
    text = text.replace("@", "/").replace("_-", "-").replace("py_pi", "pypi")
    text = text.replace("python_hosted", "pythonhosted").replace("PI_P", "PIP")
    assert len(laws.text_faults({"README.md": text}, laws.REGISTRY, NOT_OURS)) == 1


def test_binary_and_missing_files_are_passed_over(tmp_path):
    (tmp_path / "binary").write_bytes(b"a\0b")
    (tmp_path / "text").write_text("a")
    assert laws.text_files(str(tmp_path), ["binary", "text", "gone"]) == {"text": "a"}
