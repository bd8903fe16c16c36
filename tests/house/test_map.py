"""`ARCHITECTURE.md` is the map: each room is on it, and nothing is on it that is not there."""

from __future__ import annotations

import os

from tests.house import laws

MAP = "ARCHITECTURE.md"
MAPPED = ("raftoral", "raftoral/dsl")


def test_the_map_and_the_house_agree():
    text = laws.read(os.path.join(laws.ROOT, MAP))
    laws.assert_kept(laws.map_faults(laws.ROOT, text, MAPPED, MAP))


# --- each law can fail ----------------------------------------------------------------------------


def house(root) -> str:
    for path in ("errors.py", "__init__.py", "dsl/__init__.py", "dsl/source.py", "dsl/pass/x.py"):
        file = root / "raftoral" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (root / "raftoral" / "dsl" / "notes").mkdir()  # no Python in it: no room
    return str(root)


def faults(root: str, text: str) -> list[str]:
    return [str(fault) for fault in laws.map_faults(root, text, MAPPED, MAP)]


COMPLETE = "`errors.py` and `raftoral/dsl/` with `source pass`.\n"


def test_a_complete_map_has_no_fault(tmp_path):
    root = house(tmp_path)
    assert faults(root, COMPLETE) == []
    assert faults(root, COMPLETE + "See `raftoral/dsl/source` and `raftoral/errors.py`.") == []


def test_a_room_that_the_map_leaves_out_is_found(tmp_path):
    root = house(tmp_path)
    no_marks = "`errors dsl pass`, and source without marks.\n```\n`source`\n```\n"
    assert faults(root, no_marks) == ["ARCHITECTURE.md: does not name raftoral/dsl/source.py"]


def test_a_room_that_the_map_invents_is_found(tmp_path):
    text = COMPLETE + "```\n`raftoral/picture`\n```\nand `raftoral/dsl/lower.py`"
    assert faults(house(tmp_path), text) == ["ARCHITECTURE.md:5: names raftoral/dsl/lower.py, which does not exist"]
