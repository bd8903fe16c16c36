"""Text -> tree. Reading never fails: what does not fit is a problem in the list and a hole in the tree.

    parse(source, problems) -> Parsed(module, docs, ...)

Rooms: `tokens` (one regular expression), `strings` (`${...}` and escapes), `comments` (docs and pragmas), `driver`
(lark's tables, our loop), `build` (rule -> node), `recovery` (token repair, and the words for it).
"""

from __future__ import annotations

from ..diagnostics import Fix, Problems
from ..source import Source
from ..syntax import Parsed as Parsed, Token
from . import driver
from .build import ACTIONS
from .comments import read_docs, read_pragmas
from .strings import read_strings
from .tokens import tokenize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .driver import Recipe


_recipes: list[Recipe] = []


def parse(source: Source, problems: Problems) -> Parsed:
    """The tree of `source`; what is wrong with its text goes to `problems`."""
    tables = driver.load_tables()
    if not _recipes:
        _recipes.extend(driver.make_recipes(tables, ACTIONS.__getitem__))
    text = source.text
    lexed = tokenize(text, tables.marks)
    tokens = lexed.tokens
    retired = read_pragmas(text, lexed.comments, problems) if "# rft" in text or "#rft" in text else set()
    if lexed.flaws:
        from .recovery import report_flaws

        report_flaws(lexed.flaws, source, problems)
    if "\\" in text or "${" in text:
        read_strings(tokens, text, tables, _recipes, problems)
    docs = read_docs(text, lexed.comments) if "##" in text else {}
    repaired = None
    try:
        module = driver.parse(tables, _recipes, tokens, "start")
    except driver.Stuck as stuck:
        from .recovery import repair, repaired_to_nothing  # not loaded for a file without mistakes

        repaired = repair(lexed, stuck, tables, source, problems)
        try:
            module = driver.parse(tables, _recipes, repaired.tokens, "start", guarded=False)
        except driver.Stuck:  # the driver took a word for a keyword that the recovery took for a name: rare
            repaired = repaired_to_nothing(text)
            module = driver.parse(tables, _recipes, repaired.tokens, "start", guarded=False)
    if module.edition.text != "1":
        report_edition(module.edition, problems)
    parsed = Parsed(source, module, tokens, lexed.comments, docs, retired)
    if repaired is not None:
        parsed.holes = repaired.holes
        parsed.poisoned = repaired.poisoned
    return parsed


def report_edition(edition: Token, problems: Problems) -> None:
    """RFT0102; the file is then read as edition 1."""
    number = edition.text
    newer = number.lstrip("0") not in ("", "1")
    problems.add(
        "RFT0102",
        f"edition {number} is newer than this compiler" if newer else f"there is no edition {number}",
        edition,
        "this compiler knows edition 1",
        helps=["upgrade with `pip install -U raftoral`"] if newer else ["write `rft 1`"],
        fix=None if newer else Fix([(edition.lo, edition.hi, "1")]),
    )
