# SPDX-License-Identifier: Apache-2.0
"""Many connections at once: each sends its pieces, ends in its way and reads what comes."""
from __future__ import annotations

import asyncio
import pathlib
import socket
import struct
import sys
from dataclasses import dataclass
from typing import Awaitable, Callable, Iterable

import wire

HTTP_CASES = pathlib.Path(__file__).parent / "http_cases"
sys.path.insert(0, str(HTTP_CASES))
# The path above comes first: pylint: disable=wrong-import-position
import judge

PIECE_PAUSE_S = 0.001  # so that the pieces arrive in reads of their own
LONGEST_S = 60  # of one connection, with sanitizers on a busy machine


@dataclass(frozen=True)
class Talk:
    """What one connection sends, and how it ends: by FIN, by RST, or by FIN at once."""

    pieces: list[bytes]
    end: str = "finish"  # finish: FIN, then read to the end; close: do not read; reset


@dataclass(frozen=True)
class Heard:
    received: bytes
    ended: str  # "closed", "reset", or "left": by us

    def answers(self, to_head: bool = False) -> tuple[list[judge.Response], bytes]:
        """The final answers, and octets behind them that are none."""
        responses, rest = judge.parse_responses(self.received, to_head)
        return [one for one in responses if one.status >= 200], rest


def cut(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = [0, *cuts, len(data)]
    return [data[begin:end] for begin, end in zip(places, places[1:])]


def octets(data: bytes) -> list[bytes]:
    return cut(data, range(1, len(data)))


async def _send(connection: socket.socket, talk: Talk) -> None:
    loop = asyncio.get_running_loop()
    try:
        for number, piece in enumerate(talk.pieces):
            if number:
                await asyncio.sleep(PIECE_PAUSE_S)  # pace: see above
            await loop.sock_sendall(connection, piece)
        if talk.end == "finish":
            connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # closed by the server: that is seen when its answer is read


async def _read(connection: socket.socket) -> Heard:
    loop = asyncio.get_running_loop()
    received = b""
    while True:
        try:
            data = await loop.sock_recv(connection, 65536)
        except ConnectionResetError:
            return Heard(received, "reset")
        if not data:
            return Heard(received, "closed")
        received += data


async def converse(address: str, talk: Talk) -> Heard:
    """One connection, from its beginning to its end. TimeoutError if that takes too long."""
    loop = asyncio.get_running_loop()
    connection = socket.socket()
    connection.setblocking(False)
    try:
        async with asyncio.timeout(LONGEST_S):
            await loop.sock_connect(connection, wire.endpoint(address))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if talk.end == "finish":
                reading = asyncio.create_task(_read(connection))
                await _send(connection, talk)
                return await reading
            await _send(connection, talk)
            if talk.end == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack("ii", 1, 0))
            return Heard(b"", "left")
    finally:
        connection.close()


async def all_of(work: Iterable[Callable[[], Awaitable[None]]], at_once: int) -> int:
    """Does the pieces of work, at most so many at once; how many there were."""
    waiting = iter(work)
    done = 0

    async def one_after_another() -> None:
        nonlocal done
        for one in waiting:
            await one()
            done += 1
    await asyncio.gather(*(one_after_another() for _ in range(at_once)))
    return done
