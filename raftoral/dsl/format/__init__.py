"""`raftoral fmt`: text -> the same program in the one style there is.

    format_source(Source(path, "rft 1\nconst  a=1")).text  ->  "rft 1\n\nconst a = 1\n"

Rooms: `pieces` (what can be formatted, what is copied), `row` (words, and gaps with comments), `expressions`,
`statements`, `declarations` (the shape of each node), `spacing` (blank lines between declarations), `layout`
(which groups are broken, and the text), `proof` (that nothing was lost), `fixes` (`fmt --fix`).

The style: 100 columns, indents of two, one blank line at most. What stood on one line stays there if it fits; what
was broken (after an opening bracket, between statements) stays broken. There are no options, and no switch in the
source. Words and comments are never changed, dropped or moved; a declaration that cannot be read is copied.
"""

from __future__ import annotations

from ..diagnostics import Problems
from ..parser import parse
from ..parser.driver import load_tables
from ..parser.tokens import tokenize
from ..source import Source
from .declarations import shape, shape_parentheses
from .fixes import apply_fixes as apply_fixes
from .layout import Layout
from .pieces import Unshapeable, find_pieces
from .proof import find_lost, ink
from .row import Row
from .spacing import space_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..diagnostics import Problem
    from ..parser import Parsed
    from .pieces import Piece


SETTLING_MAX = 4  # how often the text of a broken file may move before it is left alone


class Formatted:
    """A formatted text; `skipped` are the spans of the source that were copied, `problems` why.

    `fault` is a bug of ours, if one came up: the text is then the one that came in.
    """

    __slots__ = ("fault", "problems", "skipped", "text")

    def __init__(
        self, text: str, problems: list[Problem], skipped: list[tuple[int, int]], fault: Exception | None = None
    ) -> None:
        self.text = text
        self.problems = problems
        self.skipped = skipped
        self.fault = fault


def format_source(source: Source) -> Formatted:
    """`source` in the one style. Its text must have `\\n` line ends. Never raises, and never loses a word."""
    try:
        return _settle(source, _format(source))
    except Exception as fault:  # whatever it is, the author's text is safe
        return Formatted(source.text, [], [(0, len(source.text))], fault)


def _settle(source: Source, formatted: Formatted) -> Formatted:
    """Formats what was broken until nothing moves: how a mistake is read may depend on where lines end."""
    if not formatted.problems or formatted.text == source.text:
        return formatted
    text = formatted.text
    for _ in range(SETTLING_MAX):
        again = _format(Source(source.path, text)).text
        if again == text and _read_as(text) == _read_as(source.text):
            skipped = [(lo, hi) for lo, hi in formatted.skipped if source.text[lo:hi] in text]
            return Formatted(text, formatted.problems, skipped)
        text = again
    return Formatted(source.text, formatted.problems, [(0, len(source.text))])


def _read_as(text: str) -> list[tuple[str, str]]:
    """The tokens of a text. With stray quotes, where a line ends decides what is inside a string."""
    return [(token.type, token.text) for token in tokenize(text, load_tables().marks).tokens]


def _format(source: Source) -> Formatted:
    problems = Problems(source)
    parsed = parse(source, problems)
    found = problems.sorted()
    bad: list[Piece] = []
    while True:
        pieces = find_pieces(parsed, found, [(piece.lo, piece.hi) for piece in bad])
        try:
            layout = _lay_out(parsed, pieces)
            text = layout.write()
            unchanged = text == source.text
            lost = [] if unchanged else find_lost(parsed, pieces, text, layout.offsets())
        except Unshapeable as fault:
            lost = fault.pieces
        if not lost and ink(text) == ink(source.text):
            return Formatted(text, found, [(piece.lo, piece.hi) for piece in pieces if piece.copied])
        if all(piece.copied for piece in lost):  # there is no more to be done: leave the whole file alone
            return Formatted(source.text, found, [(0, len(source.text))])
        bad += [piece for piece in lost if not piece.copied]


def _lay_out(parsed: Parsed, pieces: list[Piece]) -> Layout:
    row = Row(parsed.source.text, parsed.tokens, parsed.comments, pieces)
    bad = row.unfit
    for piece in pieces:
        if piece.node is not None and not piece.copied:
            try:
                shape(row, piece.node)
            except (KeyError, IndexError, AttributeError, AssertionError):  # a bug in a shape
                bad.append(piece)
    if bad:
        raise Unshapeable(bad)
    shape_parentheses(row)
    layout = Layout(row)
    space_out(row, pieces, layout)
    return layout
