# SPDX-License-Identifier: Apache-2.0
"""Basic authentication: who is let in, what it costs, and whom it keeps waiting."""
import concurrent.futures
import pathlib
import statistics
import tempfile
import unittest

import scrape
import wire
from identities import CHEAP_HASH, DEAR_HASH, basic
from programs import wait_until
from service import Service

CHECKS = "loopmeter_password_checks_total"


class Logins(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def serve(self, config: str, workers: int = 1) -> Service:
        path = self.folder / "web.yml"
        path.write_text(config)
        return self.enterContext(Service(f"--web.config.file={path}", workers=workers))

    def checks(self, service: Service, user: str = "alice") -> dict[str, float]:
        answer = wire.ask(service.address, "GET", "/metrics", fields=basic(user, "secret"))
        self.assertEqual(answer.status, 200)
        read = scrape.parse(answer.body.decode())
        return {outcome: read.value(CHECKS, outcome=outcome)
                for outcome in ("accepted", "refused", "overload")}

    def guess(self, service: Service, password: str) -> wire.Answer:
        """Waits longer than the service does."""
        with wire.Client(service.address, 60) as client:
            return client.request("GET", "/version", fields=basic("alice", password))

    def test_who_is_let_in(self) -> None:
        service = self.serve(f"basic_auth_users:\n  alice: {CHEAP_HASH}\n  'b:c': {CHEAP_HASH}\n")
        for fields, status in [
                (basic("alice", "secret"), 200), ("", 401), (basic("alice", "Secret"), 401),
                (basic("bob", "secret"), 401), (basic("", ""), 401), (basic("b:c", "secret"), 401),
                (basic("alice", "secret\0"), 401), ("Authorization: Bearer x\r\n", 401),
                ("Authorization: Basic !\r\n", 401), (basic("alice", "x" * 5000), 401)]:
            with self.subTest(fields[:60]):
                answer = wire.ask(service.address, "GET", "/version", fields=fields)
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.field("WWW-Authenticate"),
                                 'Basic realm="demo", charset="UTF-8"' if status == 401 else None)

    def test_nothing_is_exempt_and_nothing_is_told(self) -> None:
        service = self.serve(f"basic_auth_users: {{alice: {CHEAP_HASH}}}\n")
        for method, target in [("GET", "/livez"), ("GET", "/metrics"), ("GET", "/none"),
                               ("DELETE", "/hello"), ("OPTIONS", "*"), ("HEAD", "/hello")]:
            with self.subTest(method=method, target=target):
                self.assertEqual(wire.ask(service.address, method, target).status, 401)

    def test_a_connection_goes_on(self) -> None:
        service = self.serve(f"basic_auth_users: {{alice: {CHEAP_HASH}}}\n")
        with wire.Client(service.address) as client:
            for _ in range(3):
                self.assertEqual(client.get("/version").status, 401)
                self.assertEqual(client.request("GET", "/version",
                                                fields=basic("alice", "secret")).status, 200)
                self.assertEqual(client.request("POST", "/echo", b"body",
                                                fields=basic("alice", "secret")).body, b"body")
            # What came with a request that is refused cannot be told from the next one.
            answer = client.request("POST", "/echo", b"body")
            self.assertEqual((answer.status, answer.closes), (401, True))

    def test_pipelined_behind_a_check(self) -> None:
        service = self.serve(f"basic_auth_users: {{alice: {DEAR_HASH}}}\n")
        fields = basic("alice", "secret")
        with wire.Client(service.address) as client:
            client.send(wire.message("POST", "/echo", b"one", fields)
                        + wire.message("POST", "/echo", b"two", fields)
                        + wire.message("GET", "/version"))
            self.assertEqual([client.answer().body for _ in range(2)], [b"one", b"two"])
            self.assertEqual(client.answer().status, 401)

    def test_answers_are_remembered(self) -> None:
        service = self.serve(f"basic_auth_users: {{alice: {CHEAP_HASH}}}\n")
        for _ in range(5):
            for password, status in (("secret", 200), ("guess", 401)):
                self.assertEqual(wire.ask(service.address, "GET", "/version",
                                          fields=basic("alice", password)).status, status)
        self.assertEqual(self.checks(service), {"accepted": 1, "refused": 1, "overload": 0})

    def test_an_unknown_user_costs_as_much(self) -> None:
        """A check that took no time would say that there is no such user."""
        service = self.serve(f"basic_auth_users: {{alice: {DEAR_HASH}}}\n")

        def cpu_of(user: str) -> float:
            used = []
            for number in range(7):
                before = service.cpu_s()
                wire.ask(service.address, "GET", "/version", fields=basic(user, f"guess {number}"))
                used.append(service.cpu_s() - before)
            return statistics.median(used)
        self.assertGreater(cpu_of("alice"), 0.01)
        self.assertGreater(cpu_of("nobody"), 0.01)

    def test_others_are_served_meanwhile(self) -> None:
        """Guesses are hashed one after the other; who is known goes on, on the only worker."""
        service = self.serve(f"basic_auth_users: {{alice: {DEAR_HASH}}}\n")
        known = basic("alice", "secret")
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            self.assertEqual(wire.ask(service.address, "GET", "/version", fields=known).status, 200)
            guesses = [pool.submit(self.guess, service, f"guess {n}") for n in range(20)]
            served = 0
            while not all(guess.done() for guess in guesses):
                self.assertEqual(
                    wire.ask(service.address, "GET", "/version", fields=known).status, 200)
                served += 1
            self.assertGreater(served, 20)
            # 503: on a machine that is busy enough, time is up before their turn.
            self.assertLessEqual({guess.result().status for guess in guesses}, {401, 503})

    def test_a_crowd_is_sent_away(self) -> None:
        service = self.serve(f"basic_auth_users: {{alice: {DEAR_HASH}}}\n")
        clients = [self.enterContext(wire.Client(service.address, 30)) for _ in range(60)]
        for number, client in enumerate(clients):
            client.send(wire.message("GET", "/version", fields=basic("a", f"guess {number}")))
        answers = [client.answer() for client in clients]
        statuses = [answer.status for answer in answers]
        self.assertEqual(set(statuses), {401, 503}, statuses)
        self.assertTrue(all(answer.field("Retry-After") == "1" for answer in answers
                            if answer.status == 503))
        self.assertGreater(self.checks(service)["overload"], 0)

    def test_clients_that_leave_give_their_places_back(self) -> None:
        service = self.serve(f"basic_auth_users: {{alice: {DEAR_HASH}}}\n")
        for number in range(100):
            client = wire.Client(service.address)
            client.send(wire.message("GET", "/version", fields=basic("a", f"guess {number}")))
            client.reset()

        def settled() -> None:
            answer = wire.ask(service.address, "GET", "/version", fields=basic("alice", "secret"))
            assert answer.status == 200, answer
        wait_until(settled, timeout_s=20)

    def test_stops_while_a_password_is_checked(self) -> None:
        service = self.serve(f"basic_auth_users: {{alice: {DEAR_HASH}}}\n")
        with wire.Client(service.address) as client:
            client.send(wire.message("GET", "/version", fields=basic("alice", "secret")))
            self.assertEqual(service.stop(), 0)
            self.assertIn(client.answer().status, (200, 503))

    def test_headers_and_rate(self) -> None:
        service = self.serve("http_server_config: {headers: {X-Frame-Options: deny}}\n"
                             "rate_limit: {interval: 1h, burst: 3}\n", workers=2)
        answers = [wire.get(service.address, target) for target in ("/hello", "/none", "/metrics")]
        self.assertEqual([answer.status for answer in answers], [200, 404, 200])
        late = wire.get(service.address, "/hello")
        self.assertEqual((late.status, late.field("Retry-After")), (429, "1"))
        for answer in (*answers, late):
            self.assertEqual(answer.field("X-Frame-Options"), "deny")

    def test_users_change_while_it_runs(self) -> None:
        service = self.serve(f"basic_auth_users: {{alice: {CHEAP_HASH}}}\n")
        (self.folder / "web.yml").write_text(f"basic_auth_users: {{bob: {CHEAP_HASH}}}\n")

        def changed() -> None:
            for user, status in (("bob", 200), ("alice", 401)):
                answer = wire.ask(service.address, "GET", "/version", fields=basic(user, "secret"))
                assert answer.status == status, (user, answer.status)
        wait_until(changed, timeout_s=20, pause_s=0.1)


if __name__ == "__main__":
    unittest.main()
