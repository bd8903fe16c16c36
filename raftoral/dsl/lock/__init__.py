"""`raftoral.lock`: numbers of slots, and what was released. The door.

    parse(text) -> Lock                        write(lock) -> text
    describe(checked, python) -> standings     what stands in a module now
    compare(lock, standings, checked)          adds the problems of released versions
    update(lock, standings, modules) -> Lock   the lock as it should be

A version in the lock is a draft, which follows the text, or released, and then it never changes. Opens no file.

Rooms: `entries` (the data), `text` (reading and writing it), `describe` (a version -> an entry), `digest` and
`meaning` (what it means, as one number), `externs` (the same of Python), `spelled` and `known` (types as words and
back), `numbering`, `compare` with `shared` and `renames` (problems), `changes` (what is different, in words).
"""

from .changes import lock_changes as lock_changes
from .compare import compare as compare, report_stale as report_stale
from .describe import Standing as Standing, describe as describe
from .entries import Entry as Entry, Lock as Lock
from .numbering import accept as accept, release as release, update as update
from .text import FILE as FILE, parse as parse, write as write
