# SPDX-License-Identifier: Apache-2.0
"""Targets that fail a scrape, each in its own way, on ports of the kernel's choice."""
from __future__ import annotations

import gzip
import pathlib
import socket
import ssl
import struct
import subprocess
import threading
from typing import Callable

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
Answer = Callable[[socket.socket], None]


class Target:
    """Answers each connection by `answer`, then closes it."""

    def __init__(self, answer: Answer, context: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            self._answer(connection)
        except OSError:
            pass  # the other side gave up, as it is meant to
        finally:
            connection.close()


def read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            break
        head += piece
    return head


def http(status: str, *fields: str, body: bytes = b"") -> Answer:
    def answer(connection: socket.socket) -> None:
        read_head(connection)
        lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "Connection: close"]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
    return answer


def text(body: str | bytes, content_type: str = "text/plain; version=0.0.4") -> Answer:
    return http("200 OK", f"Content-Type: {content_type}",
                body=body.encode() if isinstance(body, str) else body)


def packed(body: bytes) -> Answer:
    return http("200 OK", "Content-Type: text/plain", "Content-Encoding: gzip", body=body)


def packed_in_secret() -> Answer:
    return http("200 OK", "Content-Type: text/plain", body=gzip.compress(b"a 1\n"))


def raw(said: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(said)
    return answer


def plain(connection: socket.socket) -> None:
    """What a server of plain HTTP says to the first record of TLS."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def reset(connection: socket.socket) -> None:
    read_head(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silent(connection: socket.socket) -> None:
    while connection.recv(65536):  # until the other side gives up
        pass


def cut(connection: socket.socket) -> None:
    read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                       b"Content-Length: 100\r\n\r\na 1\n")


class Deaf:
    """A listener whose queue is full: the kernel drops what else comes, as a firewall does."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(self._listener.getsockname())
            self._waiting.append(one)


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


class Authority:
    """A CA of our own and the certificates it signs."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self.file = folder / "ca.crt"
        self._key = folder / "ca.key"
        self._openssl("req", "-x509", *NEW_KEY, "-keyout", self._key, "-out", self.file,
                      "-days", "3", "-subj", "/CN=ca",
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    @staticmethod
    def _openssl(*arguments: object, stdin: str | None = None) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, input=stdin, text=True,
                       capture_output=True, timeout=60)

    def server(self, name: str, alternative: str, *, expired: bool = False,
               demands_client: bool = False) -> ssl.SSLContext:
        key, request, certificate = (self._folder / f"{name}.{end}"
                                     for end in ("key", "csr", "crt"))
        extensions = self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative}\nextendedKeyUsage=serverAuth\n")
        self._openssl("req", "-new", *NEW_KEY, "-keyout", key, "-out", request,
                      "-subj", f"/CN={name}")
        # No days: it ends with the second in which it begins.
        days = "0" if expired else "3"
        self._openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key,
                      "-CAcreateserial", "-out", certificate, "-days", days, "-extfile", extensions)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        if demands_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.file)
        return context
