# SPDX-License-Identifier: Apache-2.0
"""A network that loses things: peers that vanish without a word are freed in time, and loss delays
answers but does not change them. In a network namespace of its own, made for this process."""
from __future__ import annotations

import concurrent.futures
import ctypes
import hashlib
import json
import os
import random
import subprocess
import sys
import time
import unittest

import programs
import scrape
import wire
from programs import amount, wait_until
from service import Service

CLONE_NEWNET = 0x40000000
SEED = 20251130
SLACK_S = 15  # of a busy machine, beyond the deadline itself
LINGER_S = 2
REQUESTS = amount(quick=300, long=3000)
CLIENTS = 16

NFT = programs.tool("nft")
IP = programs.tool("ip")


def enter_namespace() -> None:
    """From here on this process and its children have a loopback that nobody else has."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        print(f"no network namespace here: {os.strerror(ctypes.get_errno())}")
        sys.exit(programs.SKIP)
    subprocess.run([IP, "link", "set", "lo", "up"], check=True)
    done = subprocess.run([NFT, "add table inet faults; "
                           "add chain inet faults input { type filter hook input priority 0; }"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"nft cannot filter here: {done.stderr.strip()[:200]}")
        sys.exit(programs.SKIP)


class Base(unittest.TestCase):
    FLAGS: list[str] = []

    def setUp(self) -> None:
        self.addCleanup(self.nft, "flush chain inet faults input")
        self.service = self.enterContext(Service(*self.FLAGS))
        self.watcher = self.enterContext(wire.Client(self.service.address, timeout_s=60))
        self.port = wire.endpoint(self.service.address)[1]

    def nft(self, command: str) -> None:
        subprocess.run([NFT, command], check=True)

    def open_connections(self) -> float:
        return scrape.fetch(self.service.address, self.watcher).value(
            "loopmeter_http_open_connections")

    def dropped_packets(self) -> int:
        listing = json.loads(subprocess.run([NFT, "-j", "list", "chain", "inet", "faults", "input"],
                                            capture_output=True, check=True).stdout)
        return sum(part["counter"]["packets"] for one in listing["nftables"] if "rule" in one
                   for part in one["rule"]["expr"] if "counter" in part)


class Vanished(Base):
    FLAGS = ["--limit.head-timeout=2s", "--limit.body-timeout=3s", "--limit.write-stall-timeout=4s",
             "--limit.idle-timeout=5s", "--limit.keepalive-idle=2s",
             "--limit.keepalive-interval=1s", "--limit.user-timeout=5s"]
    # What the peer had done before it vanished, and how long it may be kept.
    KINDS = [
        ("in the middle of a head", b"GET /version HT", 2),
        ("in the middle of a body",
         wire.message("POST", "/echo", fields="Content-Length: 9\r\n") + b"1234", 3),
        ("before it took its answer", wire.message("GET", "/bytes/1048576") * 20, 4),
        ("idle", b"", 5),
        ("while its handler ran", wire.message("GET", "/delay/60000"), 2 + 5 + 1),
    ]

    def vanish(self, sent: bytes) -> wire.Client:
        client = wire.Client(self.service.address, timeout_s=1)
        port = client.socket.getsockname()[1]
        client.send(sent)
        before = self.open_connections()  # and by now the service has seen what was sent
        self.nft(f"add rule inet faults input tcp sport {port} counter drop")
        self.nft(f"add rule inet faults input tcp dport {port} counter drop")
        self.assertGreater(before, 1)
        return client

    def test_vanished_peers_are_freed_in_time(self) -> None:
        neighbour = self.enterContext(wire.Client(self.service.address, timeout_s=30))
        gone = [self.enterContext(self.vanish(sent)) for _, sent, _ in self.KINDS]
        begin = time.monotonic()
        self.assertGreater(self.open_connections(), 2)
        for number, (kind, _, longest_s) in enumerate(self.KINDS, start=1):
            with self.subTest(kind):
                def freed(left: int = len(gone) - number) -> None:
                    self.assertEqual(neighbour.get("/version").status, 200)  # who is there stays
                    self.assertLessEqual(self.open_connections(), 2 + left)
                left_s = longest_s + LINGER_S + SLACK_S - (time.monotonic() - begin)
                wait_until(freed, timeout_s=left_s, pause_s=0.1)
        self.assertEqual(self.open_connections(), 2)
        self.assertGreater(self.dropped_packets(), 0)

    def test_the_drop_is_one(self) -> None:
        client = self.vanish(wire.message("GET", "/version"))
        with client:
            client.answer()
            with self.assertRaises(TimeoutError):
                client.get("/version")


class Loss(Base):
    PERCENT = 5

    def ask(self, number: int) -> int:
        """A connection with some requests; how many answers were right."""
        source = random.Random(f"{SEED} {number}")
        right = 0
        with wire.Client(self.service.address, timeout_s=120) as client:
            for _ in range(REQUESTS // CLIENTS):
                body = source.randbytes(source.choice([0, 1, 100, 1500, 40_000]))
                answer = client.request("POST", "/echo", body)
                digest = hashlib.sha256(answer.body).digest()
                right += answer.status == 200 and digest == hashlib.sha256(body).digest()
        return right

    def test_no_answer_is_wrong(self) -> None:
        self.nft(f"add rule inet faults input tcp dport {self.port} "
                 f"numgen random mod 100 < {self.PERCENT} counter drop")
        self.nft(f"add rule inet faults input tcp sport {self.port} "
                 f"numgen random mod 100 < {self.PERCENT} counter drop")
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            right = sum(pool.map(self.ask, range(CLIENTS)))
        self.assertEqual(right, REQUESTS // CLIENTS * CLIENTS)
        lost = self.dropped_packets()
        print(f"{right} answers right, {lost} packets lost")
        self.assertGreater(lost, REQUESTS // 100)
        wait_until(lambda: self.assertEqual(self.open_connections(), 1), timeout_s=60)


if __name__ == "__main__":
    enter_namespace()
    unittest.main()
