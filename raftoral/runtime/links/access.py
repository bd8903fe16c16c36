"""Who may do what: bearer tokens, each with a right that includes the lesser ones.

    access = Access({"s3cret": "admin", "dashboard": "read"})
    access.check("write", "dashboard")          Denied: this needs a token that may write; this one may read

In: a right and the token of a request. Out: nothing, or `Denied`. Tokens are kept and compared as digests, so that how
long a comparison takes says nothing. Without any token everybody may do everything: for loopback only (`listener`).

A node that asks another one for a client, whose own token it has checked, shows that it knows the cluster's secret.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping

from raftoral import errors as e

RIGHTS = ("read", "write", "admin")


class Access:
    """See the module."""

    def __init__(self, tokens: Mapping[str, str] | None = None, secret: Callable[[], bytes] = bytes) -> None:
        for token, right in (tokens or {}).items():
            if right not in RIGHTS:
                raise e.UsageError(f"a token may {', '.join(RIGHTS)}; there is no right {right!r}")
            checked_token(token)
        self._rights = {_digest(token): right for token, right in (tokens or {}).items()}
        self._secret = secret  # of the cluster; empty while there is none

    @property
    def guarded(self) -> bool:
        """Whether there are tokens at all."""
        return bool(self._rights)

    def check(self, right: str, token: str | None) -> None:
        """`right` is what is needed; empty when nothing is."""
        if not right or not self._rights:
            return
        if not token:
            raise e.Denied("a token is needed: send it as `Authorization: Bearer ...`, or give token= to connect")
        has = "admin" if self._is_node(token) else self._rights.get(_digest(token))
        if has is None:
            raise e.Denied("the token is not known here")
        if RIGHTS.index(has) < RIGHTS.index(right):
            raise e.Denied(f"this needs a token that may {right}; this one may {has}")

    def _is_node(self, token: str) -> bool:
        secret = self._secret()
        return bool(secret) and hmac.compare_digest(token.encode("utf-8", "replace"), node_token(secret).encode())


def node_token(secret: bytes) -> str:
    """What a node shows to others of its cluster."""
    return "node-" + hmac.new(secret, b"asks for a client", "sha256").hexdigest()


def checked_token(token: str) -> str:
    if not (token and token.isascii() and token.isprintable() and " " not in token):
        raise e.UsageError("a token is a text of printable ASCII characters without spaces")
    return token


def bearer(header: str) -> str | None:
    """The token of an `Authorization` header."""
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
