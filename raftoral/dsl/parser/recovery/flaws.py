"""placeholder"""

from __future__ import annotations

from ...diagnostics import Problems
from ...source import Source
from ..tokens import Flaw


def report_flaws(flaws: list[Flaw], source: Source, problems: Problems) -> None:
    for flaw in flaws:
        problems.at("RFT0107", f"flaw {flaw.kind}", flaw.lo, flaw.hi)
