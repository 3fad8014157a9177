# SPDX-License-Identifier: Apache-2.0
"""Label values come from closed domains: no request can create a series that was not foreseen."""
import collections
import random
import string
import unittest

import contract
import scrape
import wire
from service import Service

SEED = 20240229
REQUESTS_PER_ROUND = 2000
PER_CONNECTION = 100
INTERNAL_REQUESTS = "loopmeter_http_requests_total"

TEMPLATES = ["/", "/{}", "/{}/{}", "/hello{}", "/hello/{}", "/status/{}", "/status/4{:.2}",
             "/bytes/{}", "/delay/{}", "/delay/{}/", "/version?{}", "/?{}", "/hello?{}={}",
             "/echo/{}", "//{}", "/%{:.2}", "/metrics/{}", "/livez{}", "/Metrics"]
LETTERS = string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@"


def random_word(source: random.Random) -> str:
    return "".join(source.choices(LETTERS, k=source.randint(1, 40)))


def random_request(source: random.Random) -> tuple[str, str]:
    method = source.choice(contract.METHODS + ["get", "GETS", "BREW", "X" * 20])
    template = source.choice(TEMPLATES)
    return method, template.format(*(random_word(source) for _ in range(2)))


def predict(method: str, target: str, status: int) -> scrape.Labels:
    """The series that counts it: of a request that was not understood, only what was."""
    path = contract.OTHER if status == 501 or method == "CONNECT" else contract.path_label(target)
    if status == 400 and "%" in target:
        path = contract.OTHER
    return scrape.labels_of(path=path, method=contract.method_label(method), code=str(status))


class Labels(unittest.TestCase):
    def setUp(self) -> None:
        self.service = self.enterContext(Service()).ready()

    def exposition(self) -> scrape.Exposition:
        return scrape.fetch(self.service.address)

    def attack(self, source: random.Random) -> collections.Counter:
        """Random requests; how often which series must have been counted."""
        counted: collections.Counter = collections.Counter()
        client = wire.Client(self.service.address)
        for number in range(REQUESTS_PER_ROUND):
            method, target = random_request(source)
            answer = client.request(method, target)
            counted[predict(method, target, answer.status)] += 1
            if answer.closes or number % PER_CONNECTION == 0:
                client.close()
                client = wire.Client(self.service.address)
        client.close()
        return counted

    def test_random_paths_and_methods_stay_in_their_domains(self) -> None:
        source = random.Random(SEED)
        fresh = self.exposition()
        counted = self.attack(source)
        first = self.exposition()
        self.assertEqual(scrape.increases(fresh, first, contract.REQUESTS), dict(counted))
        again = self.attack(source)
        second = self.exposition()
        self.assertEqual(scrape.increases(first, second, contract.REQUESTS), dict(again))

        domain_of = {"path": {*contract.ROUTES, contract.OTHER},
                     "method": {*contract.METHODS, contract.OTHER},
                     "code": {"200", "204", "205", "304", "400", "404", "405", "501",
                              *(str(code) for code in range(400, 500))}}
        for labels in second.series(contract.REQUESTS):
            for name, value in labels:
                self.assertIn(value, domain_of[name])
        paths = len(contract.ROUTES) + 1
        methods = len(contract.METHODS) + 1
        self.assertLessEqual(len(second.series(contract.DURATIONS + "_count")), paths * methods)
        self.assertLess(len(second.samples), 2000)
        self.assertEqual({name for name, _ in second.samples},
                         {name for name, _ in fresh.samples})

    def test_unknown_paths_count_as_other(self) -> None:
        before = self.exposition()
        for target in ("/a", "/b", "/hello/x", "/status/200/x", "/%41"):
            self.assertEqual(wire.get(self.service.address, target).status, 404)
        self.assertEqual(
            scrape.increases(before, self.exposition(), contract.REQUESTS),
            {scrape.labels_of(path=contract.OTHER, method="GET", code="404"): 5})

    def test_patterns_count_as_patterns(self) -> None:
        before = self.exposition()
        for target in ("/status/404", "/status/404", "/status/500", "/bytes/17", "/bytes/x",
                       "/delay/1", "/hello?a", "/version", "/"):
            wire.get(self.service.address, target)
        wire.ask(self.service.address, "HEAD", "/version")
        wire.ask(self.service.address, "POST", "/version")
        wire.ask(self.service.address, "OPTIONS", "/version")
        expected = {("/status/{code}", "GET", "404"): 2, ("/status/{code}", "GET", "500"): 1,
                    ("/bytes/{n}", "GET", "200"): 1, ("/bytes/{n}", "GET", "400"): 1,
                    ("/delay/{ms}", "GET", "200"): 1, ("/hello", "GET", "200"): 1,
                    ("/version", "GET", "200"): 1, ("/", "GET", "200"): 1,
                    ("/version", "HEAD", "200"): 1, ("/version", "POST", "405"): 1,
                    ("/version", "OPTIONS", "204"): 1}
        self.assertEqual(
            scrape.increases(before, self.exposition(), contract.REQUESTS),
            {scrape.labels_of(path=path, method=method, code=code): count
             for (path, method, code), count in expected.items()})

    def test_probes_and_scrapes_are_not_the_services_requests(self) -> None:
        targets = ["/livez", "/readyz", "/readyz?verbose", "/healthz"]
        with wire.Client(self.service.address) as client:
            before = scrape.fetch(self.service.address, client)
            for _ in range(25):
                for target in targets:
                    self.assertEqual(client.get(target).status, 200)
                    self.assertEqual(client.request("HEAD", target).status, 200)
                    self.assertEqual(client.request("POST", target).status, 405)
                scrape.fetch(self.service.address, client)
            after = scrape.fetch(self.service.address, client)
        for name in (contract.REQUESTS, *(contract.DURATIONS + suffix for suffix in
                                          ("_bucket", "_count", "_sum"))):
            self.assertEqual(before.series(name), after.series(name))
        expected = {(path, method, code): 25 * (2 if path == "/readyz" else 1)
                    for path in ("/livez", "/readyz", "/healthz")
                    for method, code in (("GET", "200"), ("HEAD", "200"), ("POST", "405"))}
        expected["/metrics", "GET", "200"] = 26  # all but the last, which was under way
        self.assertEqual(
            scrape.increases(before, after, INTERNAL_REQUESTS),
            {scrape.labels_of(path=path, method=method, code=code): count
             for (path, method, code), count in expected.items()})


if __name__ == "__main__":
    unittest.main()
