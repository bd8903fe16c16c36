"""What the compiler says: problems with a code, a place, a reason and a way out.

A pass never prints and never raises for the user's mistakes: it calls `Problems.add`. A problem has

    code      RFT0601, never reused; `codes` has its slug and severity
    headline  the fact with the names in it; it stands alone in the short format
    labels    the first is primary and stands where the fix goes; others show what makes it wrong
    notes     why the rule exists, or a quoted declaration; at most two
    helps     choices; `fix` is one of them as an edit

One mistake, one message: a problem whose code already stands at the same place is dropped here, and so is a
warning that the file allows (`# rft: allow slug`).
"""

from __future__ import annotations

from ..source import Source
from ..syntax import Node
from .codes import CODES, SLUGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SAFE = "safe"  # `fmt --fix` may apply it unseen
OF_ONE_CODE_MAX = 100  # more of the same in one file teach nothing, and a hostile file must not fill the memory
LIKELY = "likely"  # an editor offers it
SKETCH = "sketch"  # it has a placeholder to fill in


class Label:
    """A place, and what is to be said about it."""

    __slots__ = ("hi", "lo", "source", "text")

    def __init__(self, source: Source, lo: int, hi: int, text: str) -> None:
        self.source = source
        self.lo = lo
        self.hi = max(hi, lo)
        self.text = text


class Fix:
    """Edits of one file: `(lo, hi, new text)`, not overlapping. Shown as a line diff."""

    __slots__ = ("applicability", "edits")

    def __init__(self, edits: list[tuple[int, int, str]], applicability: str = LIKELY) -> None:
        self.edits = edits
        self.applicability = applicability


class Problem:
    """One thing that is wrong. `labels[0]` is primary, and its source is the problem's file."""

    __slots__ = ("code", "fix", "headline", "helps", "labels", "notes")

    def __init__(
        self,
        code: str,
        headline: str,
        labels: list[Label],
        notes: list[str],
        helps: list[str],
        fix: Fix | None,
    ) -> None:
        self.code = code
        self.headline = headline
        self.labels = labels
        self.notes = notes
        self.helps = helps
        self.fix = fix

    @property
    def slug(self) -> str:
        return CODES[self.code][0]

    @property
    def is_error(self) -> bool:
        return CODES[self.code][1] == "error"

    @property
    def primary(self) -> Label:
        return self.labels[0]

    def __repr__(self) -> str:
        line, column = self.primary.source.position(self.primary.lo)
        return f"{self.code} {line}:{column} {self.headline}"


Also = tuple[Node, str]  # a second place in the same file, and its label


class Problems:
    """Collects the problems of one file."""

    __slots__ = ("_at", "_count", "allowed", "found", "source", "used_allows")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Problem] = []
        self.allowed: dict[int, set[str]] = {}  # line -> codes of warnings silenced on it
        self.used_allows: set[tuple[int, str]] = set()
        self._at: set[tuple[str, int]] = set()
        self._count: dict[str, int] = {}

    def add(
        self,
        code: str,
        headline: str,
        at: Node,
        label: str = "",
        *,
        also: Sequence[Also] | None = None,
        elsewhere: Sequence[Label] | None = None,
        notes: list[str] | None = None,
        helps: list[str] | None = None,
        fix: Fix | None = None,
    ) -> None:
        """Reports `code` at the span of `at`."""
        self.at(
            code,
            headline,
            at.lo,
            at.hi,
            label,
            also=also,
            elsewhere=elsewhere,
            notes=notes,
            helps=helps,
            fix=fix,
        )

    def at(
        self,
        code: str,
        headline: str,
        lo: int,
        hi: int,
        label: str = "",
        *,
        also: Sequence[Also] | None = None,
        elsewhere: Sequence[Label] | None = None,
        notes: list[str] | None = None,
        helps: list[str] | None = None,
        fix: Fix | None = None,
    ) -> None:
        """Reports `code` at `text[lo:hi]`."""
        source = self.source
        if (code, lo) in self._at or self._count.get(code, 0) >= OF_ONE_CODE_MAX or self._is_allowed(code, lo):
            return
        self._at.add((code, lo))
        self._count[code] = self._count.get(code, 0) + 1
        labels = [Label(source, lo, hi, label)]
        labels += [Label(source, node.lo, node.hi, text) for node, text in also or ()]
        labels += elsewhere or ()
        self.found.append(Problem(code, headline, labels, notes or [], helps or [], fix))

    def allow(self, line: int, word: str) -> bool:
        """Silences the warning `word` (a slug or a code) on `line`; False if there is no such warning."""
        code = SLUGS.get(word, word)
        if code not in CODES or CODES[code][1] == "error":
            return False
        self.allowed.setdefault(line, set()).add(code)
        return True

    def _is_allowed(self, code: str, lo: int) -> bool:
        if not self.allowed or CODES[code][1] == "error":
            return False
        line = self.source.line_of(lo)
        if code in self.allowed.get(line, ()):
            self.used_allows.add((line, code))
            return True
        return False

    def sorted(self) -> list[Problem]:
        """In the order of the file; of two at one place, the error first."""
        return sorted(self.found, key=lambda p: (p.primary.lo, not p.is_error, p.code))

    @property
    def has_errors(self) -> bool:
        return any(p.is_error for p in self.found)
