"""The post: it brings invitations to the voters, and the result to everybody."""

from datetime import datetime

import raftoral
from vote import Result


async def invite(voter: str, motion: str, closes: datetime) -> None:
    """All are called at once, as far as `limit` allows; a voter whose address is unknown has no vote."""
    raftoral.activity().log.info("%s may vote on: %s", voter, motion)


async def announce(result: Result) -> None:
    raftoral.activity().log.info("%s: %s", result.motion, result.verdict)
