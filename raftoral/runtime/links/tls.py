"""TLS: which certificate a node or a client shows, and whom it trusts.

    Tls(cert="node.pem", key="node.key", ca="ca.pem")           with a CA, a node lets in only who shows a certificate

In: names of PEM files. Out: contexts of Python's `ssl`. Never a way to trust everybody.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from raftoral import errors as e

PROTOCOLS = ["h2", "http/1.1"]


@dataclass(frozen=True, slots=True)
class Tls:
    """`cert` and `key` are shown; a node needs them. `ca` are the certificates that are trusted: without it, a client
    trusts those of its machine, and a node asks for none. `name` is checked instead of the address of a node."""

    cert: str | None = None
    key: str | None = None
    ca: str | None = None
    name: str | None = None

    def server_context(self) -> ssl.SSLContext:
        if self.cert is None:
            raise e.UsageError("TLS of a node needs a certificate: Tls(cert=..., key=...)")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load(context)
        if self.ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        context.set_alpn_protocols(PROTOCOLS)
        return context

    def client_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load(context)
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        try:
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
            if self.ca is not None:
                context.load_verify_locations(self.ca)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(name for name in (self.cert, self.key, self.ca) if name)
            raise e.UsageError(f"TLS cannot be set up from {files}: {error}") from None
