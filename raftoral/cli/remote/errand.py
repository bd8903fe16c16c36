"""A command that asks a cluster: the options of a connection, the connection, and the exit code of what is raised.

    0 done   1 there is no such run, it failed, it did not end in time   2 wrong usage
    3 no node could be reached, or none serves: no leader, a token that is not known

In: a coroutine over a client. Out: what it returned. An option that is not given comes from the environment:
RAFTORAL_NODE, RAFTORAL_TRANSPORT, RAFTORAL_TOKEN, RAFTORAL_TLS_CA, RAFTORAL_TLS_CERT, RAFTORAL_TLS_KEY. It prints
nothing but errors.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from raftoral import errors as e
from raftoral.cli import FOUND_PROBLEMS, NOT_SERVED
from raftoral.cli.options import Command, Option, Options

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from raftoral.cli.terminal import Terminal
    from raftoral.runtime.calls.client import Client
    from raftoral.runtime.links.connect import Transport
    from raftoral.runtime.links.tls import Tls

    Work = Callable[[Client, Options, Terminal], Awaitable[int]]

NODE = "127.0.0.1:7001"  # where `raftoral serve` listens, and whom commands ask, if nothing else is said
LOOK_S = 1.0  # between two looks why a command takes long; an election takes less
TRANSPORTS = ("http", "grpc")
CODES = "Exit code: 0 done, 1 the cluster said no, 2 wrong usage, 3 no node could be reached or serves."

CONNECTION = (
    Option("node", f"nodes to ask, one is enough (or RAFTORAL_NODE; {NODE})", value="HOST:PORT,..."),
    Option("transport", "how to ask (or RAFTORAL_TRANSPORT; default: http)", choices=TRANSPORTS),
    Option("token", "the token to show (or RAFTORAL_TOKEN)", value="TOKEN"),
    Option("tls", "over TLS, and trust the certificates of this machine"),
    Option("tls-ca", "over TLS, and trust these certificates (or RAFTORAL_TLS_CA)", value="FILE"),
    Option("tls-cert", "the certificate to show (or RAFTORAL_TLS_CERT)", value="FILE"),
    Option("tls-key", "its key (or RAFTORAL_TLS_KEY)", value="FILE"),
)
AS_JSON = Option("json", "print JSON instead")


class Errand:
    """A room of the command line: `COMMAND` and `run`."""

    def __init__(
        self,
        name: str,
        about: str,
        work: Work,
        *,
        words: str = "",
        words_max: int = 0,
        options: tuple[Option, ...] = (),
        example: str = "",
    ) -> None:
        about = f"{about}\n{CODES}"
        self.COMMAND = Command(
            name, about, words=words, words_max=words_max, options=(*options, *CONNECTION), example=example
        )
        self._work = work

    def run(self, options: Options, terminal: Terminal) -> int:
        """Does it; returns the exit code."""
        import asyncio

        try:
            return asyncio.run(self._run(options, terminal))
        except e.RaftoralError as error:
            if isinstance(error, e.UsageError) and not isinstance(error, e.Closed):
                raise
            terminal.complain(f"{self.COMMAND.title}: {error}")
            if hint := _hint(error, options):
                terminal.complain(hint)
            return exit_code(error)

    async def _run(self, options: Options, terminal: Terminal) -> int:
        import asyncio

        async with connected(options) as client:
            saying = asyncio.ensure_future(_say_why_it_waits(client, terminal))
            try:
                return await self._work(client, options, terminal)
            finally:
                saying.cancel()
                await asyncio.gather(saying, return_exceptions=True)


async def _say_why_it_waits(client: Client, terminal: Terminal) -> None:
    """A node that cannot serve now is asked on, since a leader is elected in a second or two. Who waits is told why,
    once it has been so for longer than that takes; a node that serves, or does not answer, says nothing here."""
    import asyncio

    seen = said = ""
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            health = await client.health()
        except e.RaftoralError:
            return  # the command itself hears that, and says it
        why = "" if health["ready"] else str(health["why"])
        if why and why == seen and why != said:
            terminal.remark(f"waiting: {why}")
            said = why
        seen = why


def exit_code(error: e.RaftoralError) -> int:
    """1 for what the cluster knows and says no to, 3 for what it cannot do now or not for us."""
    said_no = error.category == "Application" or isinstance(error, e.WaitTimeout | e.UnknownProgram)
    return FOUND_PROBLEMS if said_no else NOT_SERVED


def _hint(error: e.RaftoralError, options: Options) -> str:
    """What the command line can do about it."""
    if isinstance(error, e.Denied):
        return "" if given(options, "token") else "--token and RAFTORAL_TOKEN show one"
    if not isinstance(error, e.Unavailable):
        return ""
    if "hung up" in str(error) and _tls(options) is None:
        return "does it want TLS? --tls-ca FILE trusts a certificate, and --tls those of this machine"
    return f"asked {', '.join(addresses(options))}: --node and RAFTORAL_NODE say where nodes are"


def connected(options: Options) -> Client:
    """A client of the nodes that the options name; nothing is sent yet."""
    from raftoral.runtime.links.connect import connect

    return connect(
        *addresses(options),
        transport=_transport(options),
        token=given(options, "token") or None,
        tls=_tls(options),
    )


def given(options: Options, name: str) -> str:
    """An option, or what the environment says instead."""
    return options.text(name) or os.environ.get("RAFTORAL_" + name.upper().replace("-", "_"), "")


def addresses(options: Options) -> list[str]:
    """The nodes to ask."""
    from raftoral.runtime.links.listener import split_address

    found = [each.strip() for each in (given(options, "node") or NODE).split(",") if each.strip()]
    for each in found:
        if "://" not in each:
            split_address(each)
    return found


def _transport(options: Options) -> Transport:
    named = given(options, "transport") or "http"
    for known in ("http", "grpc"):
        if named == known:
            return known
    raise e.UsageError(f"RAFTORAL_TRANSPORT is http or grpc, not {named!r}")


def _tls(options: Options) -> Tls | None:
    from raftoral.runtime.links.tls import Tls

    ca, cert, key = (given(options, name) or None for name in ("tls-ca", "tls-cert", "tls-key"))
    if not (ca or cert or key or options.on("tls")):
        return None
    if key and not cert:
        raise e.UsageError("--tls-key is the key of a certificate: give --tls-cert too")
    return Tls(cert=cert, key=key, ca=ca)


# --- words -------------------------------------------------------------------------------------------------------


def one_word(options: Options, what: str) -> str:
    """The only word."""
    if not options.words:
        raise e.UsageError(f"which {what}?")
    return options.words[0]


def as_json(terminal: Terminal, value: Any) -> None:
    """A result for programs; on a terminal laid out for people."""
    from raftoral.cli.terminal import is_terminal

    indent = 2 if is_terminal(terminal.out) else None
    terminal.result(json.dumps(value, indent=indent, ensure_ascii=False) + "\n")
