# SPDX-License-Identifier: Apache-2.0
"""Certificates that live as long as a test, and a client that speaks TLS."""
from __future__ import annotations

import base64
import os
import pathlib
import ssl
import subprocess

import wire
from programs import tool

OPENSSL = tool("openssl")

# Of "secret"; the dear one is what htpasswd -C 10 makes.
CHEAP_HASH = "$2b$04$loopmeterloopmeterloouEAPxuLGQgOi1sAu/DwEbM7cdn0hNYc2"
DEAR_HASH = "$2b$10$loopmeterloopmeterloouwg2ZPnyb1O3MkNaRMDZXk82kv4BqJ.i"


def openssl(*arguments: str) -> None:
    done = subprocess.run([OPENSSL, *arguments], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 0, done.stderr


class Authority:
    """Signs certificates in a folder: NAME.pem with its key NAME.key; its own is ca.pem."""

    def __init__(self, folder: pathlib.Path, name: str = "ca") -> None:
        self.folder = folder
        self.certificate = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", str(self._key), "-out", str(self.certificate), "-days", "2",
                "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name: str, sans: str = "DNS:localhost,IP:127.0.0.1", key: str = "ec") -> None:
        """Each file is replaced as a whole."""
        made = {what: self.folder / f"{name}.{what}" for what in ("pem", "key")}
        new = {what: path.with_suffix(f".{what}.new") for what, path in made.items()}
        request = self.folder / f"{name}.csr"
        kind = (["-newkey", "rsa:2048"] if key == "rsa" else
                ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        openssl("req", *kind, "-nodes", "-keyout", str(new["key"]), "-out", str(request),
                "-subj", f"/CN={name}", "-addext", f"subjectAltName={sans}")
        openssl("x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey",
                str(self._key), "-days", "2", "-copy_extensions", "copy", "-out", str(new["pem"]))
        for what, path in made.items():
            os.replace(new[what], path)

    def context(self, client: str | None = None,
                version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        """Of a client that trusts this authority, and shows the certificate of that name."""
        made = ssl.create_default_context(cafile=str(self.certificate))
        if version is not None:
            made.minimum_version = made.maximum_version = version
        if client is not None:
            made.load_cert_chain(self.folder / f"{client}.pem", self.folder / f"{client}.key")
        return made


class SecureClient(wire.Client):
    """The same as wire.Client, with TLS in between. An end without close_notify is an SSLEOFError.
    """

    def __init__(self, address: str, context: ssl.SSLContext, timeout_s: float = 10,
                 session: ssl.SSLSession | None = None) -> None:
        super().__init__(address, timeout_s)
        try:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost",
                                               suppress_ragged_eofs=False, session=session)
        except OSError:
            self.socket.close()
            raise

    def certificate(self) -> bytes:
        return self.socket.getpeercert(binary_form=True)


def basic(user: str, password: str) -> str:
    """A field line."""
    return f"Authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}\r\n"
