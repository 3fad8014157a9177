#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the cases of cases.json against a server and judges its answers.

One line for each case that failed, then `N passed, N failed`; exit status 1 if any failed. The
server must answer GET of --get with 200, and POST of --post with the body it was sent.
"""

from __future__ import annotations

import argparse
import random
import re
import select
import socket
import sys
import time
from dataclasses import dataclass
from typing import Iterator

from cases import Paths, load, steps_of
from judge import Case, Observed, judge, self_test

SEED = 20250101
CUTS_MAX = 8


@dataclass(frozen=True)
class Server:
    host: str
    port: int
    paths: Paths
    quiet_s: float
    close_wait_s: float

    def is_alive(self) -> bool:
        request = f"GET {self.paths.get} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        try:
            with Connection(self) as connection:
                connection.send(request.encode("ascii"))
                connection.receive(quiet_s=3, longest_s=3)
                return connection.received.startswith(b"HTTP/1.1 200")
        except OSError:
            return False


class Connection:
    """One connection, what came over it and how it ended."""

    def __init__(self, server: Server, receive_buffer: int | None = None) -> None:
        self.received = b""
        self.ended: str | None = None
        self._socket = socket.socket(socket.AF_INET6 if ":" in server.host else socket.AF_INET)
        try:
            if receive_buffer is not None:  # before connect, for the window that is announced
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            self._socket.settimeout(5)  # pace: how long a server may take to accept
            self._socket.connect((server.host, server.port))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            self._socket.close()
            raise

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """A server may close before it has read all: that is seen when its answer is read."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def send_in_pieces(self, data: bytes, cuts: list[int], pause_s: float) -> None:
        for begin, end in zip([0, *cuts], [*cuts, len(data)]):
            self.send(data[begin:end])
            time.sleep(pause_s)  # pace: so that the pieces arrive in reads of their own

    def half_close(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # closed by the server already

    def receive(self, quiet_s: float, longest_s: float) -> None:
        """Reads until the end, or until nothing came for `quiet_s`, or for `longest_s` at most."""
        end = time.monotonic() + longest_s
        while self.ended is None and (left_s := end - time.monotonic()) > 0:
            # pace: only silence shows that no answer comes
            self._socket.settimeout(min(quiet_s, left_s))
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                return
            except (ConnectionResetError, BrokenPipeError):
                self.ended = "reset"
                return
            if not data:
                self.ended = "closed"
            self.received += data

    def wait_without_reading(self, longest_s: float) -> None:
        """Until the server gives the connection up although its answers were not taken."""
        poll = select.poll()
        poll.register(self._socket, select.POLLRDHUP)  # POLLHUP and POLLERR come by themselves
        poll.poll(longest_s * 1000)  # pace: for as long as a server's write timeout may be


def cuts_of(case: Case, data: bytes, rounds: int) -> Iterator[list[int] | None]:
    """The case as it is, then in `rounds` random cuts; the same ones in every run."""
    yield None
    if "steps" in case or "send" in case or case["group"] == "time":
        return
    source = random.Random(f"{SEED} {case['id']}")
    for _ in range(rounds):
        count = source.randint(1, min(CUTS_MAX, len(data) - 1))
        yield sorted(source.sample(range(1, len(data)), count))


def send_step(connection: Connection, case: Case, data: bytes, cuts: list[int] | None) -> None:
    drip = re.fullmatch(r"drip-(\d+)ms", case.get("send", ""))
    octets = list(range(1, len(data)))
    if case.get("send") == "bytewise":
        connection.send_in_pieces(data, octets, pause_s=0.0015)
    elif drip:
        connection.send_in_pieces(data, octets, pause_s=int(drip[1]) / 1000)
    elif cuts is not None:
        connection.send_in_pieces(data, cuts, pause_s=0.001)
    else:
        connection.send(data)


def exchange(case: Case, server: Server, cuts: list[int] | None) -> Observed:
    steps = steps_of(case, server.paths)
    early = b""
    with Connection(server, case.get("rcvbuf")) as connection:
        for number, (data, wait_s) in enumerate(steps, start=1):
            send_step(connection, case, data, cuts)
            if wait_s > 0:
                connection.receive(quiet_s=wait_s, longest_s=wait_s)
            if number < len(steps) or wait_s > 0:
                early = connection.received
        if case.get("half_close"):
            connection.half_close()
        if case["group"] == "time":
            if case.get("read") == "none":
                connection.wait_without_reading(server.close_wait_s)
            connection.receive(quiet_s=server.close_wait_s, longest_s=server.close_wait_s)
        else:
            connection.receive(server.quiet_s, longest_s=3)
        first_is_head = steps[0][0].lstrip(b"\r\n").startswith(b"HEAD ")
        return Observed(connection.received, connection.ended, early, first_is_head)


def run_case(case: Case, server: Server, prefer: bool, rounds: int) -> Iterator[str | None]:
    """For each way to send it: None if the answer was right, else the line that says why not."""
    data = b"".join(step for step, _ in steps_of(case, server.paths))
    for cuts in cuts_of(case, data, rounds):
        try:
            faults = judge(case, exchange(case, server, cuts), prefer)
        except OSError as error:
            faults = [f"no connection: {error}"]
        way = f" cut at {cuts}" if cuts else ""
        yield f"FAIL {case['id']} ({case['level']}){way}: {'; '.join(faults)}" if faults else None


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("host", nargs="?", default="127.0.0.1")
    parser.add_argument("port", nargs="?", type=int)
    parser.add_argument("--get", default="/", help="path that answers GET with 200")
    parser.add_argument("--post", default="/echo", help="path that answers POST with its body")
    parser.add_argument("--metrics", default="/metrics", help="path that Prometheus scrapes")
    parser.add_argument("--only", metavar="NAME", help="one group or one case")
    parser.add_argument("--prefer", action="store_true", help="judge by the narrower answers")
    parser.add_argument("--timeouts", action="store_true", help="the group `time` too")
    parser.add_argument("--cuts", type=int, default=0, metavar="N", help="N random cuts a case")
    parser.add_argument("--quiet-ms", type=int, default=350, help="silence that ends an answer")
    parser.add_argument("--close-wait-s", type=float, default=40, help="longest server timeout")
    parser.add_argument("--self-test", action="store_true", help="only show that the judge judges")
    arguments = parser.parse_args()
    if arguments.port is None and not arguments.self_test:
        parser.error("HOST PORT, or --self-test")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    if wrong := self_test():
        print("the judge is wrong:", *wrong, sep="\n  ")
        return 1
    if arguments.self_test:
        return 0
    server = Server(
        host=arguments.host,
        port=arguments.port,
        paths=Paths(arguments.get, arguments.post, arguments.metrics),
        quiet_s=arguments.quiet_ms / 1000,
        close_wait_s=arguments.close_wait_s,
    )
    passed = failed = 0
    for case in load():
        if arguments.only not in (None, case["id"], case["group"]):
            continue
        if case["group"] == "time" and not arguments.timeouts:
            continue
        for failure in run_case(case, server, arguments.prefer, arguments.cuts):
            passed, failed = passed + (failure is None), failed + (failure is not None)
            if failure:
                print(failure, flush=True)
        if not server.is_alive():
            failed += 1
            print(f"FAIL {case['id']}: the server does not answer any more", flush=True)
            break
    if passed + failed == 0:
        failed = 1
        print(f"FAIL no case is called {arguments.only}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
