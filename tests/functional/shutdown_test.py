# SPDX-License-Identifier: Apache-2.0
"""How the service ends: unready first, then no new connections, and nobody cut who need not be."""
import random
import signal
import socket
import subprocess
import threading
import time
import unittest

import scrape
import wire
from programs import log_field, wait_until
from service import DEMO_CPP, Service

DELAY_S = 1.0
LINGER_S = 2.0
SEED = 7


def refused(address: str) -> None:
    """AssertionError as long as somebody listens."""
    try:
        # Short: a SYN that comes while the listeners close is dropped, and sent again 1 s later.
        wire.Client(address, timeout_s=0.2).close()
    except ConnectionRefusedError:
        return
    raise AssertionError("a new connection was accepted")


class Drain(unittest.TestCase):
    def test_during_the_delay_it_serves_but_is_not_ready(self) -> None:
        with Service(delay=f"{DELAY_S:.0f}s") as service:
            address = service.ready().address
            kept = self.enterContext(wire.Client(address))
            begin = time.monotonic()
            service.signal(signal.SIGTERM)

            def unready() -> None:
                answer = wire.get(address, "/readyz")
                self.assertEqual((answer.status, answer.body), (503, b"not ready\n"))
            wait_until(unready, timeout_s=DELAY_S)
            answer = wire.get(address, "/readyz?verbose")
            self.assertEqual((answer.status, answer.body),
                             (503, b'{"ready":false,"phase":"draining"}\n'))
            for target, status in [("/livez", 200), ("/healthz", 200), ("/hello", 200),
                                   ("/delay/5", 200), ("/metrics", 200), ("/nothing", 404)]:
                with wire.Client(address) as client:
                    answer = client.get(target)
                    self.assertEqual((target, answer.status, answer.closes),
                                     (target, status, True))
                    client.expect_end()
            answer = kept.get("/version")
            self.assertEqual((answer.status, answer.closes), (200, True))
            kept.expect_end()
            kept.close()
            self.assertLess(time.monotonic() - begin, DELAY_S, "too slow a machine for this test")

            wait_until(lambda: refused(address), timeout_s=DELAY_S + 2)
            self.assertGreaterEqual(time.monotonic() - begin, DELAY_S)
            self.assertEqual(service.wait(5), 0)
            self.assertLess(time.monotonic() - begin, DELAY_S + 1)

    def test_idle_connections_get_a_fin(self) -> None:
        with Service() as service:
            used = [wire.Client(service.address) for _ in range(20)]
            for client in used:
                self.assertEqual(client.get("/version").status, 200)
            fresh = [wire.Client(service.address) for _ in range(20)]
            wait_until(lambda: self.open_connections(service, 41))
            service.signal(signal.SIGTERM)
            for client in used + fresh:
                client.expect_end()
            for client in used + fresh:
                client.close()
            self.assertEqual(service.wait(2), 0)

    def open_connections(self, service: Service, count: int) -> None:
        said = scrape.fetch(service.address).value("loopmeter_http_open_connections")
        self.assertEqual(said, count)

    def test_request_that_crosses_the_fin_gets_no_reset(self) -> None:
        """The client could not know yet; an RST would look like a failure of the service."""
        with Service() as service, wire.Client(service.address) as client:
            self.assertEqual(client.get("/version").status, 200)
            service.signal(signal.SIGTERM)
            client.expect_end()
            begin = time.monotonic()
            while time.monotonic() - begin < LINGER_S / 2:
                client.send(wire.message("GET", "/hello"))  # a reset would make it raise
                self.assertEqual(client.socket.recv(1), b"")
                error = client.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                self.assertEqual(error, 0)
                time.sleep(0.05)  # pace of the client, which sends on
            self.assertIsNone(service.process.poll(), "it waits for our FIN")
            client.close()
            self.assertEqual(service.wait(1), 0)

    def test_client_that_never_closes_is_waited_for_2_s(self) -> None:
        with Service() as service, wire.Client(service.address) as client:
            self.assertEqual(client.get("/version").status, 200)
            begin = time.monotonic()
            service.signal(signal.SIGTERM)
            client.expect_end()
            self.assertEqual(service.wait(LINGER_S + 3), 0)
            self.assertGreaterEqual(time.monotonic() - begin, LINGER_S - 0.1)
            self.assertLess(time.monotonic() - begin, LINGER_S + 1)

    def test_request_under_way_is_answered(self) -> None:
        with Service() as service, wire.Client(service.address) as client:
            begin = time.monotonic()
            client.send(wire.message("GET", "/delay/700"))
            wait_until(lambda: self.open_connections(service, 2))
            service.signal(signal.SIGTERM)
            wait_until(lambda: refused(service.address))
            answer = client.answer()
            self.assertEqual((answer.status, answer.body, answer.closes), (200, b"done\n", True))
            self.assertGreaterEqual(time.monotonic() - begin, 0.7)
            client.expect_end()
            client.close()
            self.assertEqual(service.wait(1), 0)

    def test_body_under_way_is_read_and_answered(self) -> None:
        with Service() as service, wire.Client(service.address) as client:
            client.send(wire.message("POST", "/echo", fields="Content-Length: 10\r\n") + b"12345")
            wait_until(lambda: self.open_connections(service, 2))
            service.signal(signal.SIGTERM)
            wait_until(lambda: refused(service.address))
            client.send(b"67890")
            answer = client.answer()
            self.assertEqual((answer.status, answer.body, answer.closes),
                             (200, b"1234567890", True))

    def test_timeout_cuts_what_takes_longer(self) -> None:
        with Service("--shutdown.timeout=500ms") as service:
            with wire.Client(service.address) as client:
                client.send(wire.message("GET", "/delay/60000"))
                wait_until(lambda: self.open_connections(service, 2))
                begin = time.monotonic()
                service.signal(signal.SIGTERM)
                with self.assertRaises((wire.Ended, ConnectionResetError)):
                    client.answer()
                passed_s = time.monotonic() - begin
            self.assertGreaterEqual(passed_s, 0.5)
            self.assertLess(passed_s, 1.5)
            self.assertEqual(service.wait(2), 0)
            self.assertIn("level=warn", service.logged("cutting what is left"))

    def test_idle_service_ends_quickly(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with Service() as service:
                begin = time.monotonic()
                service.signal(number)
                self.assertEqual(service.wait(2), 0)
                self.assertLess(time.monotonic() - begin, 0.5)
                self.assertIn("level=info", service.logged("msg=stopped"))

    def test_second_signal_ends_at_once(self) -> None:
        for first, second in [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT),
                              (signal.SIGTERM, signal.SIGINT)]:
            service = Service(delay="60s")
            try:
                service.signal(first)
                wait_until(lambda: service.logged("msg=draining"))
                begin = time.monotonic()
                service.signal(second)
                self.assertEqual(service.wait(2), 128 + second)
                self.assertLess(time.monotonic() - begin, 0.5)
                self.assertIn("level=warn", service.logged("second signal"))
            finally:
                service.kill()

    def test_signal_right_after_the_start_is_heard(self) -> None:
        """Who has read that we listen may also end us; the default action would exit by signal."""
        for _ in range(20):
            process = subprocess.Popen(
                [DEMO_CPP, "--web.listen-address=127.0.0.1:0", "--server.workers=2",
                 "--shutdown.delay=0s"], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
            try:
                line = process.stderr.readline().decode()
                process.send_signal(signal.SIGTERM)
                self.assertTrue(log_field(line, "address"))
                process.communicate(timeout=10)
                self.assertEqual(process.returncode, 0)
            finally:
                process.kill()
                process.communicate()


class LastScrape(unittest.TestCase):
    """What was counted since the last scrape is not lost, if somebody comes for it."""

    def scraped_twice(self, last_scrape: str) -> Service:
        service = self.enterContext(Service(last_scrape=last_scrape))
        service.ready()
        for _ in range(2):
            scrape.fetch(service.address)
        return service

    def test_it_serves_on_until_a_scrape_has_seen_the_final_counts(self) -> None:
        service = self.scraped_twice("60s")
        service.signal(signal.SIGTERM)
        wait_until(lambda: service.logged("msg=draining"))
        with wire.Client(service.address) as client:
            self.assertEqual(client.get("/hello").status, 200)
        seen = scrape.fetch(service.address)
        self.assertEqual(seen.total("demo_http_requests_total", path="/hello", code="200"), 1)
        wait_until(lambda: service.logged("a scrape has seen the final counts"))
        self.assertEqual(service.wait(5), 0)

    def test_a_request_under_way_is_part_of_them(self) -> None:
        service = self.scraped_twice("60s")
        with wire.Client(service.address) as client:
            client.send(wire.message("GET", "/delay/1000"))
            service.signal(signal.SIGTERM)
            wait_until(lambda: service.logged("msg=draining"))
            scrape.fetch(service.address)  # too early
            self.assertEqual(client.answer().status, 200)
        self.assertIsNone(service.process.poll())
        seen = scrape.fetch(service.address)
        self.assertEqual(seen.total("demo_http_requests_total", path="/delay/{ms}"), 1)
        self.assertEqual(service.wait(5), 0)

    def test_nobody_comes_and_it_waits_no_longer_than_told(self) -> None:
        service = self.scraped_twice("1s")
        begin = time.monotonic()
        service.signal(signal.SIGTERM)
        self.assertEqual(service.wait(15), 0)
        self.assertGreaterEqual(time.monotonic() - begin, 1)

    def test_whoever_is_not_scraped_regularly_does_not_wait(self) -> None:
        with Service(last_scrape="500ms") as service:
            begin = time.monotonic()
            scrape.fetch(service.address)  # once, by hand
            wire.get(service.address, "/hello")
            wait_until(lambda: self.assertGreater(time.monotonic() - begin, 3 * 0.5))
            service.signal(signal.SIGTERM)
            self.assertEqual(service.wait(10), 0)
            self.assertNotIn("waiting until a scrape", service.log())

    def test_whoever_counted_nothing_does_not_wait(self) -> None:
        with Service(last_scrape="60s").ready() as service:
            scrape.fetch(service.address)
            service.signal(signal.SIGTERM)
            self.assertEqual(service.wait(10), 0)

    def test_but_whoever_is_young_does(self) -> None:
        """A Pod of a rollout that is followed by the next was scraped once, or not yet."""
        with Service(last_scrape="60s").ready() as service:
            wire.get(service.address, "/hello")
            service.signal(signal.SIGTERM)
            wait_until(lambda: service.logged("waiting until a scrape"))
            scrape.fetch(service.address)
            self.assertEqual(service.wait(10), 0)


class Signals(unittest.TestCase):
    def test_hangup_and_user_1_do_not_end_it(self) -> None:
        with Service().ready() as service, wire.Client(service.address) as client:
            client.send(wire.message("GET", "/delay/60000"))
            with wire.Client(service.address) as other:
                self.assertEqual(other.get("/version").status, 200)

                def state_is_logged() -> None:  # a request counts soon after its answer is there
                    service.signal(signal.SIGUSR1)
                    wait_until(lambda: service.logged("msg=worker worker=1"))
                    *_, header, first, second = service.log().splitlines()
                    self.assertIn("msg=state phase=ready stalled_worker=none", header)
                    workers = (first, second)
                    self.assertEqual(sum(int(log_field(w, "requests")) for w in workers), 1)
                    self.assertEqual(sum(int(log_field(w, "connections")) for w in workers), 2)

                wait_until(state_is_logged, pause_s=0.1)
                service.signal(signal.SIGHUP)
                wait_until(lambda: service.logged("nothing to read again"))
                self.assertEqual(other.get("/version").status, 200)


class Traffic(unittest.TestCase):
    def test_no_request_is_lost_while_it_drains(self) -> None:
        """Clients that keep their connections and obey `Connection: close`. A request is lost when
        its connection ends in an RST, or in the middle of an answer."""
        faults: list[str] = []
        refusals: list[float] = []
        answered = [0]
        lock = threading.Lock()

        def run(number: int) -> None:
            source = random.Random(SEED + number)
            count = 0
            client = None
            try:
                while True:
                    client = client or wire.Client(service.address)
                    # pace: at any moment of the drain
                    time.sleep(source.uniform(0, 0.02))
                    try:
                        answer = client.get(source.choice(["/hello", "/version", "/delay/3"]))
                    except wire.Ended as end:
                        if end.args != ("closed after b''",):
                            faults.append(f"{end!r}")
                        answer = None  # idle, and closed before our request came: asked again
                    count += answer is not None
                    if answer is None or answer.closes:
                        client.close()
                        client = None
            except ConnectionRefusedError:
                refusals.append(time.monotonic())
            except Exception as error:  # what a client must not see
                faults.append(repr(error))
            with lock:
                answered[0] += count

        with Service(delay=f"{DELAY_S:.0f}s") as service:
            threads = [threading.Thread(target=run, args=(number,)) for number in range(30)]
            for thread in threads:
                thread.start()
            wait_until(lambda: self.some_answered(service, 200))
            begin = time.monotonic()
            service.signal(signal.SIGTERM)
            for thread in threads:
                thread.join()
            self.assertEqual(service.wait(5), 0)
        self.assertEqual(faults, [])
        self.assertEqual(len(refusals), len(threads))
        self.assertGreaterEqual(min(refusals) - begin, DELAY_S)
        self.assertGreater(answered[0], 500)

    def some_answered(self, service: Service, count: int) -> None:
        seen = scrape.fetch(service.address).total("demo_http_requests_total")
        self.assertGreater(seen, count)


if __name__ == "__main__":
    unittest.main()
