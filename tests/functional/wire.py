# SPDX-License-Identifier: Apache-2.0
"""A client that sees every octet: how an answer is framed, and how a connection ends."""
from __future__ import annotations

import re
import select
import socket
import struct
from dataclasses import dataclass

STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5]\d\d) ([\x20-\x7e]*)")
FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\x21-\x7e]+(?: [\x21-\x7e]+)*)")
IMF_FIXDATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d "
                         r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
                         r"\d\d:\d\d:\d\d GMT")


class Ended(ConnectionError):
    """The connection ended where an answer was expected."""


@dataclass(frozen=True)
class Answer:
    status: int
    reason: str
    fields: list[tuple[str, str]]
    body: bytes

    def field(self, name: str) -> str | None:
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} stands {len(values)} times in {self.fields}"
        return values[0] if values else None

    @property
    def closes(self) -> bool:
        return self.field("Connection") == "close"


def endpoint(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def message(method: str, target: str, body: bytes | None = None, fields: str = "") -> bytes:
    """A request; `fields` are further lines, each with its CRLF."""
    if body is not None:
        fields += f"Content-Length: {len(body)}\r\n"
    return f"{method} {target} HTTP/1.1\r\nHost: test\r\n{fields}\r\n".encode() + (body or b"")


class Client:
    """One connection. Every wait ends by `timeout_s`."""

    def __init__(self, address: str, timeout_s: float = 10) -> None:
        self.socket = socket.create_connection(endpoint(address), timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Ends the connection with an RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def cork(self) -> None:
        """What is sent from now on goes together with what comes after it, or with the FIN."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)

    def finish_sending(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def request(self, method: str, target: str, body: bytes | None = None,
                fields: str = "") -> Answer:
        self.send(message(method, target, body, fields))
        return self.answer(to=method)

    def get(self, target: str) -> Answer:
        return self.request("GET", target)

    def answer(self, to: str = "GET") -> Answer:
        """The next answer, read by the strictest rules; `to` is the request's method."""
        while b"\r\n\r\n" not in self._received:
            self._receive()
        head, self._received = self._received.split(b"\r\n\r\n", 1)
        first, *lines = head.split(b"\r\n")
        status_line = STATUS_LINE.fullmatch(first)
        assert status_line, f"bad status line {first!r}"
        fields = []
        for line in lines:
            field = FIELD_LINE.fullmatch(line)
            assert field, f"bad field line {line!r}"
            fields.append((field[1].decode(), field[2].decode()))
        answer = Answer(int(status_line[1]), status_line[2].decode(), fields, b"")
        if to == "HEAD" or answer.status in (204, 304):
            return answer
        if answer.field("Transfer-Encoding") == "chunked":
            assert answer.field("Content-Length") is None, fields
            return Answer(answer.status, answer.reason, fields, self._chunks())
        length = answer.field("Content-Length")
        assert length is not None and length.isdigit(), f"no Content-Length in {fields}"
        while len(self._received) < int(length):
            self._receive()
        body, self._received = self._received[:int(length)], self._received[int(length):]
        return Answer(answer.status, answer.reason, fields, body)

    def _chunks(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self._received:
                self._receive()
            line, self._received = self._received.split(b"\r\n", 1)
            assert re.fullmatch(rb"[0-9a-f]{1,8}", line), f"bad chunk size {line!r}"
            size = int(line, 16)
            while len(self._received) < size + 2:
                self._receive()
            assert self._received[size:size + 2] == b"\r\n", "a chunk does not end where it says"
            body += self._received[:size]
            self._received = self._received[size + 2:]
            if size == 0:
                return body

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise Ended(f"closed after {self._received!r}")
        self._received += data

    def comes(self, within_s: float) -> bool:
        """Whether there is something to read, or the end."""
        return bool(self._received or select.select([self.socket], [], [], within_s)[0])

    def expect_end(self) -> None:
        """The server's FIN and nothing before it: ConnectionResetError for an RST, TimeoutError
        if nothing comes."""
        assert not self._received, f"not asked for: {self._received[:200]!r}"
        data = self.socket.recv(65536)
        assert not data, f"not asked for: {data[:200]!r}"


def ask(address: str, method: str, target: str, body: bytes | None = None,
        fields: str = "") -> Answer:
    """One request on a connection of its own."""
    with Client(address) as client:
        return client.request(method, target, body, fields)


def get(address: str, target: str) -> Answer:
    return ask(address, "GET", target)
