"""Sizes: what does not fit on a screen or two is not understood."""

from __future__ import annotations

import pytest

from tests.house import laws

# Full name -> reason. Only for a `match` or a table that does nothing but dispatch.
LONG_FUNCTIONS: dict[str, str] = {}


def test_functions_files_and_folders_stay_in_bounds():
    laws.assert_kept(laws.size_faults(laws.read_tree(laws.ROOT), LONG_FUNCTIONS))


def test_every_long_function_has_a_reason():
    assert all(reason.strip() for reason in LONG_FUNCTIONS.values())


# --- each law can fail ----------------------------------------------------------------------------

FITS = "def f():\n" + "    x = 1\n" * (laws.FUNCTION_LINES_MAX - 1)
TOO_LONG = FITS + "    x = 1\n"


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (TOO_LONG, "raftoral.a.f"),
        ("async " + TOO_LONG, "raftoral.a.f"),
        ("class C:\n" + indented(TOO_LONG), "raftoral.a.C.f"),
        ("if True:\n" + indented(TOO_LONG), "raftoral.a.f"),
        ("class C:\n    def m():\n" + indented(indented(FITS)), "raftoral.a.C.m"),
    ],
)
def test_a_long_function_is_found_and_may_be_listed(text, name):
    tree = [laws.module("raftoral/a.py", text)]
    (fault,) = laws.size_faults(tree, {})
    assert fault.what.startswith(f"{name} has 71 lines")
    assert laws.size_faults(tree, {name: "only dispatches"}) == []


def test_the_bound_itself_is_allowed():
    assert laws.size_faults([laws.module("raftoral/a.py", FITS)], {}) == []


@pytest.mark.parametrize("name", ["raftoral.a.f", "raftoral.a.gone"])
def test_an_exception_that_nothing_needs_is_found(name):
    (fault,) = laws.size_faults([laws.module("raftoral/a.py", FITS)], {name: "once"})
    assert fault.what == f"{name} needs no exception for its length"


def test_a_long_file_is_found():
    at_the_bound = "x = 1\n" * laws.FILE_LINES_MAX
    assert laws.size_faults([laws.module("raftoral/a.py", at_the_bound)], {}) == []
    (fault,) = laws.size_faults([laws.module("raftoral/a.py", at_the_bound + "x = 1\n")], {})
    assert fault.what.startswith("801 lines")


def test_a_crowded_folder_is_found():
    doors = [laws.module(f"raftoral/{at}__init__.py", "") for at in ("", "dsl/", "dsl/deep/")]
    rooms = [laws.module(f"raftoral/dsl/room{n}.py", "") for n in range(17)]
    full = [*doors, *rooms, laws.module("raftoral/dsl/deep/inner.py", "")]
    assert laws.size_faults(full, {}) == []  # 17 modules and 1 folder
    (fault,) = laws.size_faults([*full, laws.module("raftoral/dsl/one_more.py", "")], {})
    assert (fault.path, fault.what) == ("raftoral/dsl", "19 rooms, refused above 18")


@pytest.mark.parametrize("path", ["raftoral/raft_pb2.py", "raftoral/raft_pb2_grpc.py"])
def test_generated_code_is_exempt(path):
    assert laws.size_faults([laws.module(path, TOO_LONG)], {}) == []
