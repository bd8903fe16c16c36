"""The tokens of a file in a row, and the gaps between them. Layout is deciding about gaps.

    a, b  # why        words  a  b        gap before `b`: comma, no line end
                                          gap after it:   the remark `# why`

Commas are no words: each belongs to the gap in which it stood, since layout may add or drop it. Comments belong to
gaps too. What could not be read is one word, copied as it stands. The shapes (`expressions`, `statements`,
`declarations`) then say per gap what stands in it on one line (`seps`) and when broken (`breaks`, `deltas`,
`blanks`), and put gaps together to groups that `layout` breaks or not. Words are never changed, dropped or moved.
"""

from __future__ import annotations

from .groups import HARD, SOFT, Group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..syntax import Node, Token
    from .pieces import Piece

TIGHT_BEFORE = frozenset((")", "]", ":", ".", "?.", "?", "!", ".."))
TIGHT_AFTER = frozenset(("(", "[", ".", "?.", "..", "@"))
OPENERS = frozenset("([{")
CLOSERS = frozenset(")]}")

DEPTH_MAX = 250  # brackets in brackets; a text broken in all of them grows with the square of this

# Where a broken gap may keep a blank line: at its start, at its end, between its comments.
NO_BLANK, BLANK_FIRST, BLANK_LAST, BLANK_WITHIN = 0, 1, 2, 4
BLANK_INSIDE = BLANK_LAST | BLANK_WITHIN  # after an opening bracket
BLANK_BEFORE_END = BLANK_FIRST | BLANK_WITHIN  # before a closing bracket
BLANK_ANY = BLANK_FIRST | BLANK_LAST | BLANK_WITHIN

# Words that would be read as the rest of what stands before them, were it not for the comma between:
# `min: int, max: int`. There the comma stays.
GOES_ON = frozenset(
    [
        "and",
        "as",
        "catch",
        "compensate",
        "else",
        "finally",
        "id",
        "if",
        "in",
        "is",
        "limit",
        "max",
        "not",
        "or",
        "settle",
        "then",
        "trusted",
        "with",
        "within",
    ]
)


class Remarks:
    """The comments of one gap: the one that ends the line of the word before, and those on lines of their own."""

    __slots__ = ("blank_after", "own", "trailing")

    def __init__(self) -> None:
        self.trailing = ""
        self.own: list[tuple[bool, str]] = []  # (after a blank line, text)
        self.blank_after = False

    @property
    def has_blank(self) -> bool:
        return self.blank_after or any(blank for blank, _ in self.own)

    def texts(self) -> Iterator[str]:
        if self.trailing:
            yield self.trailing
        for _, text in self.own:
            yield text


class Row:
    """Words and gaps; gap `i` is the one before word `i`. The last word is the end of the file."""

    __slots__ = (
        "at",
        "blanks",
        "breaks",
        "commas",
        "commas_in",
        "deltas",
        "ends",
        "forced",
        "groups",
        "must",
        "newlines",
        "owners",
        "partner",
        "remarks",
        "seps",
        "shaped",
        "starts",
        "unfit",
        "wide",
        "words",
    )

    def __init__(self, text: str, tokens: list[Token], comments: list[tuple[int, int]], pieces: list[Piece]) -> None:
        self.words: list[str] = []
        self.seps: list[str] = []  # what stands in the gap on one line
        self.breaks: list[str] = []  # what stands before its line end when it is broken: a comma, or nothing
        self.newlines = bytearray()  # in the source: none, one, or (2) a blank line
        self.commas = bytearray()
        self.remarks: dict[int, Remarks] = {}
        self.at: dict[int, int] = {}  # offset -> the word that begins there
        self.ends: dict[int, int] = {}  # offset -> the word that ends there, a comma after it included
        self.partner: dict[int, int] = {}  # a bracket -> its other one
        self.commas_in: dict[int, list[int]] = {}  # opening bracket -> gaps with its commas
        self.starts: list[int] = []  # first word of each piece
        self.unfit: list[Piece] = []  # too deep, or with brackets that do not match
        self._read(text, tokens, comments, pieces)
        count = len(self.words)
        self.deltas = bytearray(count)  # indent of a broken gap, on top of its group's
        self.blanks = bytearray(count)
        self.owners: list[Group | None] = [None] * count
        self.groups: list[Group] = []
        self.forced = sorted(self.remarks)  # gaps that end a line whatever the width: so does all around them
        self.must: set[int] = set(self.remarks)  # the same, for gaps of soft groups
        self.shaped: set[int] = set()  # opening parentheses that the shapes have seen
        self.wide: set[int] = set()  # ids of conditions: their further lines stand clear of the block below

    def _read(self, text: str, tokens: list[Token], comments: list[tuple[int, int]], pieces: list[Piece]) -> None:
        reader = _Reader(self, text, comments)
        index = 0
        for piece in pieces:
            first = index
            while tokens[index].lo < piece.hi and tokens[index].type != "$END":
                index += 1
            self.starts.append(len(self.words))
            if piece.copied:
                reader.copy(piece.lo, piece.hi)
            else:
                reader.take(tokens[first:index])
                if not reader.ends_well():
                    self.unfit.append(piece)
        end = tokens[-1].lo
        reader.copy(end, end)

    # --- what shapes say ----------------------------------------------------------------------------------------

    def group(self, lo: int, hi: int, gaps: list[int], soft: bool, delta: int = 2) -> Group:
        """A group over the words lo..hi that may break at `gaps`."""
        group = Group(lo, hi, gaps, soft)
        self.groups.append(group)
        owners, deltas = self.owners, self.deltas
        for gap in gaps:
            owners[gap] = group
            deltas[gap] = delta
        return group

    def soft(self, node: Node, gaps: list[int], delta: int = 2) -> None:
        """A group over `node` that breaks at `gaps` only when it is too wide."""
        if gaps:
            self.group(self.at[node.lo], self.ends[node.hi], gaps, SOFT, delta)

    def bracketed(self, opening: int, hug: bool = False, pad: str = "") -> None:
        """A list in brackets with commas between: on one line, or an element a line with a comma after each.

        With `hug` the brackets stay with their only element: `some(Order(` ... `))`.
        """
        closing = self.partner[opening]
        self.shaped.add(opening)
        self.seps[closing] = pad
        if closing == opening + 1:
            self.seps[closing] = ""
            if closing in self.remarks:
                self.group(opening, closing, [closing], HARD, 0)
                self.blanks[closing] = BLANK_WITHIN
            return
        self.seps[opening + 1] = pad
        commas = [gap for gap in self.commas_in.get(opening, ()) if gap != closing]
        newline = self.newlines[opening + 1]
        if hug and not (commas or newline or opening + 1 in self.remarks or closing in self.remarks):
            self.breaks[closing] = ""
            return
        self.group(opening, closing, [opening + 1, *commas, closing], HARD)
        self._edges(opening + 1, closing)
        for gap in commas:
            self.blanks[gap] = BLANK_ANY
        self.breaks[closing] = ","
        if newline:
            self.forced.append(opening + 1)

    def _edges(self, first: int, closing: int) -> None:
        self.blanks[first] = BLANK_INSIDE
        self.blanks[closing] = BLANK_BEFORE_END
        self.deltas[closing] = 0

    def body(self, opening: int, firsts: list[int], sep: str, kept: bool, gaps: list[int]) -> None:
        """Elements in braces, a line each without commas, or all on one line with `sep` between.

        `kept`: any line end between elements keeps them apart, not only one after the brace. Their gaps are added
        to `gaps`; the caller makes the group, which may have several bodies (`if`, `else`).
        """
        closing = self.partner[opening]
        if not firsts:
            self.seps[closing] = ""
            if closing in self.remarks:
                gaps.append(closing)
                self.blanks[closing] = BLANK_WITHIN
            return
        self.breaks[closing] = ""
        bare = self.words[closing - 1] == "return" and self.commas[closing]
        self.seps[closing] = ", " if bare else " "
        self.seps[opening + 1] = " "
        for gap in firsts[1:]:
            self.blanks[gap] = BLANK_ANY
            comma = self.commas[gap]
            keep = comma and self.words[gap] in GOES_ON
            self.breaks[gap] = "," if keep else ""
            # `a => return, b => ...`: without its comma this `return` would have the value `b`.
            self.seps[gap] = ", " if keep or (comma and self.words[gap - 1] == "return") else sep
        own = [*firsts, closing]
        gaps += own
        newlines = self.newlines
        self.forced += [gap for gap in (own if kept else own[:1]) if newlines[gap]]

    def braces(self, node: Node, bodies: Iterable[tuple[int, list[int]]], sep: str, kept: bool) -> None:
        """A group over `node` that breaks in all of its bodies, (brace, first words), or in none."""
        gaps: list[int] = []
        pairs = list(bodies)
        for opening, firsts in pairs:
            self.body(opening, firsts, sep, kept, gaps)
        if gaps:
            self.group(self.at[node.lo], self.ends[node.hi], gaps, HARD)
            for opening, firsts in pairs:
                closing = self.partner[opening]
                if firsts:
                    self._edges(firsts[0], closing)
                self.deltas[closing] = 0

    def firsts(self, nodes: Iterable[Node]) -> list[int]:
        at = self.at
        return [at[node.lo] for node in nodes]

    def back_to(self, index: int, word: str) -> int:
        """The nearest `word` before `index`: only opening parentheses stand between."""
        while self.words[index] != word:
            index -= 1
        return index


class _Reader:
    """Fills a row from tokens."""

    __slots__ = ("comments", "deepest", "hi", "next_comment", "open", "row", "text", "unopened")

    def __init__(self, row: Row, text: str, comments: list[tuple[int, int]]) -> None:
        self.row = row
        self.text = text
        self.comments = comments
        self.next_comment = 0
        self.hi = 0  # where the word before ended
        self.open: list[int] = []
        self.deepest = 0  # how many brackets were open at once
        self.unopened = False  # a bracket was closed that none had opened

    def ends_well(self) -> bool:
        """Whether the brackets of the piece just taken match and are not too deep; the next one begins anew."""
        well = not (self.open or self.unopened or self.deepest > DEPTH_MAX)
        self.open.clear()
        self.deepest, self.unopened = 0, False
        return well

    def copy(self, lo: int, hi: int) -> None:
        """Text that stays as it is, its comments included: one word."""
        row = self.row
        self._gap(lo, len(row.words))
        while self.next_comment < len(self.comments) and self.comments[self.next_comment][0] < hi:
            self.next_comment += 1
        row.words.append(self.text[lo:hi])
        row.seps.append("")
        row.breaks.append("")
        row.commas.append(0)
        self.hi = hi

    def take(self, tokens: list[Token]) -> None:
        row, text, comments = self.row, self.text, self.comments
        words, seps, breaks = row.words, row.seps, row.breaks
        add_newline, add_comma = row.newlines.append, row.commas.append
        at, ends = row.at, row.ends
        index = len(words)
        before = words[-1] if words else "("
        hi = self.hi
        comma = 0
        comment_lo = comments[self.next_comment][0] if self.next_comment < len(comments) else len(text) + 1
        for token in tokens:
            word = token.text
            lo = token.lo
            if word == "," and token.type == "COMMA":
                comma = 1
                ends[token.hi] = index - 1
                if self.open:
                    row.commas_in.setdefault(self.open[-1], []).append(index)
                continue
            if comment_lo < lo:
                self.hi = hi
                self._gap(lo, index)
                comment_lo = comments[self.next_comment][0] if self.next_comment < len(comments) else len(text) + 1
            elif lo == hi:
                add_newline(0)
            elif lo == hi + 1:
                add_newline(text[hi] == "\n")
            else:
                add_newline(line_ends(text[hi:lo]))
            hi = token.hi
            at[lo] = ends[hi] = index
            words.append(word)
            add_comma(comma)
            if comma:
                seps.append(", ")
                breaks.append(",")
                comma = 0
            else:
                seps.append("" if word in TIGHT_BEFORE or before in TIGHT_AFTER else " ")
                breaks.append("")
            if word in OPENERS:
                self.open.append(index)
                if len(self.open) > self.deepest:
                    self.deepest = len(self.open)
            elif word in CLOSERS and not self.open:
                self.unopened = True
            elif word in CLOSERS:
                opening = self.open.pop()
                row.partner[opening] = index
                row.partner[index] = opening
            before = word
            index += 1
        self.hi = hi

    def _gap(self, lo: int, index: int) -> None:
        """The gap before word `index`, which begins at `lo`, with its comments."""
        text, comments = self.text, self.comments
        remarks = Remarks()
        at = self.hi
        while self.next_comment < len(comments) and comments[self.next_comment][0] < lo:
            comment_lo, comment_hi = comments[self.next_comment]
            self.next_comment += 1
            space = text[at:comment_lo]
            said = text[comment_lo:comment_hi].rstrip(" \t")
            if index and at == self.hi and "\n" not in space:
                remarks.trailing = said
            else:
                remarks.own.append((line_ends(space) == 2, said))
            at = comment_hi
        self.row.newlines.append(line_ends(text[at:lo]))
        if at == self.hi:
            return
        # A documentation comment stands right above what it documents.
        documents = bool(remarks.own) and remarks.own[-1][1].startswith("##")
        remarks.blank_after = line_ends(text[at:lo]) == 2 and not documents
        self.row.remarks[index] = remarks


def line_ends(space: str) -> int:
    """0, 1, or 2 for a blank line. A comma may stand in `space`, and is no blank."""
    if "," in space:
        before, _, after = space.partition(",")
        return max(line_ends(before), line_ends(after))
    return min(space.count("\n"), 2)
