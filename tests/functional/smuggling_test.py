# SPDX-License-Identifier: Apache-2.0
"""No request that hides in another is processed: for each HTTP case as many requests are counted
as are answered, and what follows a message whose end is in doubt leaves no trace."""
import asyncio
import unittest

import barrage
import contract
import scrape
import wire
from service import Service

import cases

COUNTERS = [contract.REQUESTS, "loopmeter_http_requests_total"]
# Both have nine octets, so that the lengths in the cases stay true; nobody else asks for it.
HIDDEN, CANARY = b"/smuggled", b"/bytes/77"
CANARY_REQUEST = b"GET /bytes/77 HTTP/1.1\r\nHost: canary\r\n\r\n"

CASES = [case for case in cases.load()
         if case["group"] != "time" and "@METRICS@" not in case.get("raw_escaped", "")]


def message_of(case: dict) -> bytes:
    return cases.message_of(case).replace(HIDDEN, CANARY)


def ends_its_connection(case: dict) -> bool:
    """Whether nothing behind this message may be taken for a request."""
    expect = case["expect"]
    return bool(expect["close"]) and not any(
        str(status).startswith("2") or status == 0 for status in expect["status"])


class Counted(unittest.TestCase):
    def setUp(self) -> None:
        self.service = self.enterContext(Service(*cases.SERVICE_FLAGS))
        self.watcher = self.enterContext(wire.Client(self.service.address))
        self.scrape = scrape.fetch(self.service.address, self.watcher)

    def send(self, message: bytes) -> tuple[int, int, int]:
        """How many were answered, how many counted, and how many of those for the canary."""
        heard = asyncio.run(barrage.converse(self.service.address, barrage.Talk([message])))
        answers, rest = heard.answers(to_head=message.lstrip(b"\r\n").startswith(b"HEAD "))
        self.assertEqual(rest, b"")
        before, self.scrape = self.scrape, scrape.fetch(self.service.address, self.watcher)
        rises = [(dict(labels)["path"], rise) for name in COUNTERS
                 for labels, rise in scrape.increases(before, self.scrape, name).items()
                 if dict(labels)["path"] != "/metrics"]  # our own
        return (len(answers), int(sum(rise for _, rise in rises)),
                int(sum(rise for path, rise in rises if path == "/bytes/{n}")))

    def test_each_answer_is_counted_once_and_nothing_else(self) -> None:
        for case in CASES:
            with self.subTest(case["id"]):
                answered, counted, hidden = self.send(message_of(case))
                self.assertEqual(answered, counted)
                responses = case["expect"].get("responses", {})
                most = responses.get("max", responses.get("exact"))
                if most is not None:
                    self.assertLessEqual(counted, most)
                if most == 1:
                    self.assertEqual(hidden, 0, "the hidden request was processed")

    def test_nothing_behind_a_message_that_ends_its_connection(self) -> None:
        tried = 0
        for case in CASES:
            if not ends_its_connection(case):
                continue
            tried += 1
            with self.subTest(case["id"]):
                answered, counted, hidden = self.send(message_of(case) + CANARY_REQUEST * 2)
                self.assertEqual((answered, counted, hidden), (1, 1, 0))
        self.assertGreater(tried, 45)

    def test_a_request_that_is_processed_is_seen(self) -> None:
        """The counters do move: else the tests above would say nothing."""
        plain = wire.message("GET", "/version")
        self.assertEqual(self.send(plain + CANARY_REQUEST * 2), (3, 3, 2))
        self.assertEqual(self.send(CANARY_REQUEST), (1, 1, 1))
        self.assertEqual(self.send(wire.message("POST", "/echo", CANARY_REQUEST)), (1, 1, 0))


if __name__ == "__main__":
    unittest.main()
