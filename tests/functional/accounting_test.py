# SPDX-License-Identifier: Apache-2.0
"""Closed accounting: what the clients counted is what the counters say, to the last request."""
import re
import subprocess
import time
import unittest

import contract
import scrape
import wire
from programs import tool, wait_until
from service import Service

HEY = tool("hey")
WRK = tool("wrk")

CONNECTIONS = 50
GONE = "499"

RUNS = [  # requests, arguments of hey, target, pattern, method, code
    (1000, [], "/hello", "/hello", "GET", "200"),
    (5000, [], "/status/404", "/status/{code}", "GET", "404"),
    (5000, [], "/status/503", "/status/{code}", "GET", "503"),
    (1000, ["-disable-keepalive"], "/status/204", "/status/{code}", "GET", "204"),
    (1000, ["-m", "HEAD"], "/version", "/version", "HEAD", "200"),
    (1000, ["-m", "POST", "-d", "x" * 3000], "/echo", "/echo", "POST", "200"),
    (1000, ["-m", "DELETE"], "/version", "/version", "DELETE", "405"),
    (1000, [], "/no/such/path", contract.OTHER, "GET", "404"),
    (500, [], "/bytes/300000", "/bytes/{n}", "GET", "200"),
]


def hey(address: str, requests: int, arguments: list[str], target: str) -> dict[str, int]:
    """How often hey saw which status."""
    run = subprocess.run([HEY, "-n", str(requests), "-c", str(CONNECTIONS), *arguments,
                          f"http://{address}{target}"],
                         capture_output=True, text=True, timeout=60, check=True)
    assert "Error distribution" not in run.stdout, run.stdout
    return {code: int(count)
            for code, count in re.findall(r"\[(\d+)\]\t(\d+) responses", run.stdout)}


def wrk(address: str, target: str, seconds: int) -> tuple[int, int]:
    """How many answers wrk read, and how many of them were no 2xx or 3xx."""
    run = subprocess.run([WRK, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s",
                          f"http://{address}{target}"],
                         capture_output=True, text=True, timeout=60, check=True)
    assert "Socket errors" not in run.stdout, run.stdout
    answers = re.search(r"(\d+) requests in", run.stdout)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", run.stdout)
    return int(answers[1]), int(failed[1]) if failed else 0


class Accounting(unittest.TestCase):
    def setUp(self) -> None:
        self.service = self.enterContext(Service())
        self.before = self.exposition()

    def exposition(self) -> scrape.Exposition:
        return scrape.fetch(self.service.address)

    def settled(self) -> scrape.Exposition:
        """What is counted when no connection but the scraper's is left."""
        def probe() -> scrape.Exposition:
            now = self.exposition()
            self.assertEqual(now.value("loopmeter_http_open_connections"), 1)
            return now
        return wait_until(probe)

    def counted(self, path: str, method: str = "GET") -> dict[str, float]:
        """By code, what was counted of one path since the test began; nothing else may have been.
        Each request counted must have its duration."""
        now = self.settled()
        by_code = {}
        for labels, rise in scrape.increases(self.before, now, contract.REQUESTS).items():
            of = dict(labels)
            self.assertEqual((of["path"], of["method"]), (path, method))
            by_code[of["code"]] = rise
        durations = scrape.increases(self.before, now, contract.DURATIONS + "_count")
        self.assertEqual(durations,
                         {scrape.labels_of(path=path, method=method): sum(by_code.values())})
        return by_code

    def test_hey_agrees_to_the_last_request(self) -> None:
        for requests, arguments, target, pattern, method, code in RUNS:
            with self.subTest(target=target, arguments=arguments[:2]):
                self.before = self.settled()
                said = hey(self.service.address, requests, arguments, target)
                self.assertEqual(said, {code: requests})
                self.assertEqual(self.counted(pattern, method), said)

    def test_wrk_agrees_but_for_what_was_in_flight_on_hello(self) -> None:
        answers, failed = wrk(self.service.address, "/hello", seconds=2)
        self.assertGreater(answers, 500)
        self.assertEqual(failed, 0)
        by_code = self.counted("/hello")
        self.assertLessEqual(by_code.keys(), {"200", GONE})
        self.assertLessEqual(answers, by_code["200"])
        self.assertLessEqual(sum(by_code.values()) - answers, CONNECTIONS)
        self.assertGreater(by_code.get(GONE, 0), 0, "wrk stops without waiting for its answers")

    def test_wrk_agrees_but_for_what_was_in_flight_on_errors(self) -> None:
        answers, failed = wrk(self.service.address, "/status/503", seconds=1)
        self.assertGreater(answers, 1000)
        self.assertEqual(failed, answers)
        by_code = self.counted("/status/{code}")
        self.assertEqual(by_code.keys(), {"503"})
        self.assertLessEqual(answers, by_code["503"])
        self.assertLessEqual(by_code["503"] - answers, CONNECTIONS)

    def test_client_that_closes_while_it_waits_counts_as_gone(self) -> None:
        for _ in range(20):
            with wire.Client(self.service.address) as client:
                client.send(wire.message("GET", "/delay/300"))
                self.assertFalse(client.comes(within_s=0.02))
        self.assertEqual(self.counted("/delay/{ms}"), {GONE: 20})

    def test_client_that_resets_while_it_waits_is_gone_at_once(self) -> None:
        begin = time.monotonic()
        for _ in range(20):
            client = wire.Client(self.service.address)
            client.send(wire.message("GET", "/delay/60000"))
            self.assertFalse(client.comes(within_s=0.02))
            client.reset()
        self.assertEqual(self.counted("/delay/{ms}"), {GONE: 20})
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(self.settled().value("loopmeter_http_connections_cut_total"), 0)

    def test_client_that_leaves_in_the_middle_of_its_body_counts_as_gone(self) -> None:
        for _ in range(20):
            client = wire.Client(self.service.address)
            client.send(wire.message("POST", "/echo", fields="Content-Length: 100\r\n") + b"x" * 9)
            self.assertFalse(client.comes(within_s=0.02))
            client.reset()
        self.assertEqual(self.counted("/echo", "POST"), {GONE: 20})

    def test_request_and_fin_in_one_go_are_served(self) -> None:
        """A client may close its sending side: that is no farewell (RFC 9112 section 9.6)."""
        for _ in range(20):
            with wire.Client(self.service.address) as client:
                client.cork()
                client.send(wire.message("GET", "/delay/20"))
                client.finish_sending()
                self.assertEqual(client.answer().body, b"done\n")
                client.expect_end()
        self.assertEqual(self.counted("/delay/{ms}"), {"200": 20})


if __name__ == "__main__":
    unittest.main()
