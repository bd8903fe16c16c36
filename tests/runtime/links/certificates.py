"""Certificates for tests, made by openssl: none is kept, so none is ever too old."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from raftoral.runtime.links.tls import Tls


def made_pems(folder: Path) -> Path:
    """A CA, a certificate for 127.0.0.1 and one for a client; and another CA that nobody trusts."""
    if shutil.which("openssl") is None:
        pytest.skip("certificates are made with openssl")

    def run(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for ca in ("ca", "other"):
        run("req", "-x509", *key, "-keyout", f"{ca}.key", "-out", f"{ca}.pem", "-days", "2", "-subj", f"/CN={ca}")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1,DNS:node.test\n")
    for name, ca in (("node", "ca"), ("client", "ca"), ("stranger", "other")):
        run("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signed = ("-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "2", "-extfile", "san")
        run("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signed)
    return folder


def shown(pems: Path, name: str, ca: str | None = None) -> Tls:
    trusted = str(pems / f"{ca}.pem") if ca else None
    return Tls(cert=str(pems / f"{name}.pem"), key=str(pems / f"{name}.key"), ca=trusted)
