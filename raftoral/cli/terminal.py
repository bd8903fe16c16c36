"""Where results and remarks go: results to standard output, remarks to standard error.

Decides about colour (`--color`, NO_COLOR, TERM=dumb, a pipe) and about box characters (only in
UTF-8). A character that the encoding lacks is written as an escape, so that printing never fails
for what a file contains. A reader that went away shows as BrokenPipeError, which
`raftoral.__main__` turns into silence.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from raftoral.dsl.diagnostics.render.style import Style


class Terminal:
    """The two streams of this process and how to write on them."""

    __slots__ = ("_line", "color", "err", "out", "quiet", "verbose")

    def __init__(self, color: str = "auto", quiet: bool = False, verbose: int = 0) -> None:
        self.color = color
        self.quiet = quiet
        self.verbose = 0 if quiet else verbose
        self.out: TextIO | None = sys.stdout
        self.err: TextIO | None = sys.stderr
        self._line = 0  # width of the progress line that stands on the screen now

    def result(self, text: str) -> None:
        """Writes what was asked for."""
        self.clear_progress()
        _write(self.out, text)

    def remark(self, text: str) -> None:
        """Writes a line about the work itself, unless `--quiet`."""
        if not self.quiet:
            self.complain(text)

    def complain(self, text: str) -> None:
        """Writes a line that must be seen, after all results so far."""
        self.clear_progress()
        if self.out is not None:
            self.out.flush()
        _write(self.err, text + "\n")

    def shows_progress(self) -> bool:
        """Whether there is a person to look at a line that changes."""
        return not self.quiet and is_terminal(self.err) and os.environ.get("TERM") != "dumb"

    def progress(self, text: str) -> None:
        """Shows how far long work is, on one line; only where a person looks."""
        if not self.shows_progress():
            return
        text = text[:78]
        _write(self.err, "\r" + text.ljust(self._line) + "\r")
        self._line = len(text)
        if self.err is not None:
            self.err.flush()

    def clear_progress(self) -> None:
        """Takes the progress line away."""
        if self._line:
            width, self._line = self._line, 0
            _write(self.err, "\r" + " " * width + "\r")

    def style(self, stream: TextIO | None) -> Style:
        """How to draw on `stream`."""
        from raftoral.dsl.diagnostics.render.style import Style

        return Style(color=self.colored(stream), ascii=not speaks_unicode(stream))

    def colored(self, stream: TextIO | None) -> bool:
        """Whether `stream` gets colour."""
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return is_terminal(stream)

    def flush(self) -> None:
        """Sends on what is still held back."""
        self.clear_progress()
        for stream in (self.out, self.err):
            if stream is not None:
                stream.flush()


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at it."""
    return stream is not None and stream.isatty()


def speaks_unicode(stream: TextIO | None) -> bool:
    """Whether every character can be written to it."""
    encoding = getattr(stream, "encoding", None) or "utf-8"  # a stream in memory has none and takes all
    return encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig", "cp65001")


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # started with the stream closed
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
