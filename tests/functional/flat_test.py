# SPDX-License-Identifier: Apache-2.0
"""What clients invent does not add up: random methods, paths, hosts and queries leave as many
series, and as much memory, as there were. LOOPMETER_LONG=1 sends 10^5 of them."""
import random
import string
import unittest

import contract
import scrape
import wire
from programs import amount
from service import ScrapeServer, Server, Service

SEED = 20240301
REQUESTS = amount(20_000, 100_000)
WARM_UP = 4_000  # after so many, each series has had its first event
TOGETHER = 50  # requests in one packet, on one connection
# A request leaves nothing: so many octets would be 50 a request at the least number of them.
GROWTH_MAX = 1 << 20
SERIES_MAX = 20  # more: two rare codes or methods may still meet for the first time

METHODS = contract.METHODS + ["get", "BREW", "PROPFIND"]
PATHS = ["/", "/{}", "/{}/{}", "/hello/{}", "/status/40{digit}", "/bytes/{digit}", "/bytes/{}",
         "/version", "/livez", "/-/{}"]  # /hello itself takes its time
LETTERS = string.ascii_letters + string.digits + "-._~!$'()*,;:@"


def random_word(source: random.Random) -> str:
    return "".join(source.choices(LETTERS, k=source.randint(1, 30)))


def random_request(source: random.Random) -> tuple[str, bytes]:
    """Its method, and the octets. None that closes the connection, which would only take time."""
    method = source.choice(METHODS)
    path = source.choice(PATHS).format(random_word(source), random_word(source),
                                       digit=source.randrange(10))
    target = "*" if method == "OPTIONS" and source.random() < 0.1 else path
    if target != "*" and source.random() < 0.5:
        target += f"?{random_word(source)}={random_word(source)}"
    host = source.choice(["{}", "{}.example", "{}.{}:8080"]).format(
        *("".join(source.choices(string.ascii_lowercase, k=10)) for _ in range(2)))
    fields = "".join(f"X-{source.randrange(1000)}: {random_word(source)}\r\n"
                     for _ in range(source.randrange(3)))
    return method, f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n".encode()


def attack(address: str, source: random.Random, requests: int) -> int:
    """Sends them, TOGETHER at a time; how many were answered."""
    answered = 0
    while answered < requests:
        batch = [random_request(source) for _ in range(TOGETHER)]
        with wire.Client(address) as client:
            client.send(b"".join(octets for _, octets in batch))
            for method, _ in batch:
                answer = client.answer(to=method)
                answered += 1
                if answer.closes:
                    break
    return answered


class Use:
    """Memory and series of a server at one moment."""

    def __init__(self, server: Server) -> None:
        self.series = len(scrape.fetch(server.address).samples)
        self.resident = server.resident_bytes()

    def is_flat(self, before: "Use") -> bool:
        return (self.series - before.series <= SERIES_MAX and
                self.resident - before.resident <= GROWTH_MAX)

    def __repr__(self) -> str:
        return f"{self.series} series, {self.resident / 1024:.0f} KB"


class Flat(unittest.TestCase):
    def test_series_and_memory_are_flat(self) -> None:
        source = random.Random(SEED)
        with Service() as service:
            attack(service.ready().address, source, WARM_UP)
            for _ in range(3):  # buffers, a plan
                before = Use(service)
            answered = attack(service.address, source, REQUESTS)
            after = Use(service)
            self.assertTrue(after.is_flat(before), f"{before}, then {after}")
            read = scrape.fetch(service.address)
            self.assertGreaterEqual(read.total(contract.REQUESTS), 0.8 * answered)
            for labels in read.series(contract.REQUESTS):
                self.assertIn(dict(labels)["path"], {*contract.ROUTES, contract.OTHER})
                self.assertIn(dict(labels)["method"], {*contract.METHODS, contract.OTHER})

    def test_a_series_a_name_would_be_noticed(self) -> None:
        source = random.Random(SEED)
        with ScrapeServer() as server, wire.Client(server.ready().address) as client:
            for _ in range(3):
                before = Use(server)
            for _ in range(100):
                names = [random_word(source) for _ in range(TOGETHER)]
                client.send(b"".join(wire.message("GET", f"/grow/{name}") for name in names))
                for _ in names:
                    self.assertEqual(client.answer().status, 200)
            after = Use(server)
            self.assertFalse(after.is_flat(before), f"{before}, then {after}")
            self.assertGreater(after.resident - before.resident, GROWTH_MAX)


if __name__ == "__main__":
    unittest.main()
