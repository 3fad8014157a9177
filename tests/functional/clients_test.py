# SPDX-License-Identifier: Apache-2.0
"""Clients that others wrote, each with its own idea of HTTP/1.1: they find nothing wrong, and what
they count is what we count. A client that is not installed is skipped."""
import http.client
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

import contract
import oracle
import scrape
import wire
from programs import found_module
from service import Service

h11 = found_module("h11")
REQUESTS = 2000
MIXED = bytes(range(256)) * 64
GO_CHECKS = 7


def run(*command: str, timeout_s: int = 240) -> str:
    """What it wrote to standard output; it must end well."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def needs(name: str):
    return unittest.skipUnless(shutil.which(name), f"{name} is not installed")


class Base(unittest.TestCase):
    def setUp(self) -> None:
        self.service = self.enterContext(Service())
        self.url = f"http://{self.service.address}"
        self.before = scrape.fetch(self.service.address)

    def counted(self, name: str = contract.REQUESTS, **labels: str) -> int:
        rises = scrape.increases(self.before, scrape.fetch(self.service.address), name)
        return int(sum(rise for of, rise in rises.items() if set(labels.items()) <= set(of)))


@needs("curl")
class Curl(Base):
    def curl(self, *arguments: str) -> str:
        return run("curl", "--silent", "--show-error", "--max-time", "120", *arguments)

    def test_keeps_a_connection(self) -> None:
        said = self.curl(*[f"{self.url}/version"] * 3, "--output", "/dev/null", "--output",
                         "/dev/null", "--output", "/dev/null", "--write-out",
                         "%{http_code} %{num_connects} %{http_version}\n")
        self.assertEqual(said.splitlines(), ["200 1 1.1", "200 0 1.1", "200 0 1.1"])

    def test_http_1_0(self) -> None:
        said = self.curl("--http1.0", "--include", f"{self.url}/bytes/10")
        self.assertTrue(said.endswith("\n\nxxxxxxxxxx"), said)
        self.assertNotIn("transfer-encoding", said.lower())

    def test_head(self) -> None:
        said = self.curl("--head", f"{self.url}/bytes/1234")
        self.assertIn("Content-Length: 1234\n", said)

    def test_echo_in_chunks_with_100_continue_and_by_length(self) -> None:
        with tempfile.NamedTemporaryFile() as sent:
            sent.write(MIXED * 32)
            sent.flush()
            for fields in (["Transfer-Encoding: chunked"], ["Expect: 100-continue"], ["Expect:"]):
                with self.subTest(fields), tempfile.NamedTemporaryFile() as got:
                    self.curl("--data-binary", f"@{sent.name}", "--header", fields[0],
                              "--output", got.name, f"{self.url}/echo")
                    self.assertEqual(got.read(), MIXED * 32)

    def test_errors(self) -> None:
        for method, target, status in [("GET", "/nothing", 404), ("PUT", "/hello", 405),
                                       ("BREW", "/", 501), ("GET", "/status/500", 500),
                                       ("GET", "/" + "a" * 9000, 414)]:
            said = self.curl("--request", method, "--output", "/dev/null", "--write-out",
                             "%{http_code}", self.url + target)
            self.assertEqual((method, said), (method, str(status)))


class HttpClient(Base):
    """Python's own."""

    def test_one_connection_for_everything(self) -> None:
        host, port = wire.endpoint(self.service.address)
        connection = http.client.HTTPConnection(host, port, timeout=60)
        connection.connect()
        first = connection.sock

        def ask(method: str, target: str, **more: object) -> tuple[int, bytes]:
            connection.request(method, target, **more)
            answer = connection.getresponse()
            return answer.status, answer.read()
        pieces = [MIXED[:1], MIXED[:5000], MIXED]
        self.assertEqual(ask("GET", "/hello"), (200, b"hello\n"))
        self.assertEqual(ask("HEAD", "/bytes/5"), (200, b""))
        self.assertEqual(ask("POST", "/echo", body=MIXED), (200, MIXED))
        self.assertEqual(ask("POST", "/echo", body=iter(pieces), encode_chunked=True,
                             headers={"Transfer-Encoding": "chunked"}), (200, b"".join(pieces)))
        self.assertEqual(ask("GET", "/bytes/1048576"), (200, b"x" * 1048576))
        self.assertEqual(ask("GET", "/status/204"), (204, b""))
        self.assertEqual(ask("GET", "/nothing")[0], 404)
        self.assertEqual(ask("DELETE", "/hello")[0], 405)
        self.assertIs(connection.sock, first, "a new connection was made")
        connection.close()

    def test_http_1_0(self) -> None:
        host, port = wire.endpoint(self.service.address)
        connection = http.client.HTTPConnection(host, port, timeout=60)
        connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
        connection.request("GET", "/version")
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.will_close), (200, True))
        answer.read()
        connection.close()


@unittest.skipIf(h11 is None, "h11 is not installed")
class Strict(Base):
    """h11 refuses what is not in the grammar, and follows the state of both sides."""

    def converse(self, requests: list[tuple[str, str, list, bytes]]) -> list[tuple[int, bytes]]:
        """All sent at once; each answer read by a connection of h11's that knows its request."""
        machines, sent = [], b""
        for method, target, fields, body in requests:
            machine = h11.Connection(h11.CLIENT)
            sent += machine.send(h11.Request(method=method, target=target,
                                             headers=[("Host", "test"), *fields]))
            if body:
                sent += machine.send(h11.Data(data=body))
            sent += machine.send(h11.EndOfMessage())
            machines.append(machine)
        answers, left = [], b""
        with wire.Client(self.service.address, timeout_s=60) as client:
            client.send(sent)
            for machine in machines:
                machine.receive_data(left) if left else None
                status, content = self.answer(machine, client.socket)
                answers.append((status, content))
                left = machine.trailing_data[0]
            self.assertEqual(left, b"")
        return answers

    def answer(self, machine: "h11.Connection", connection: socket.socket) -> tuple[int, bytes]:
        status, content = 0, b""
        while True:
            event = machine.next_event()
            if event is h11.NEED_DATA:
                machine.receive_data(connection.recv(65536))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                content += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.assertIs(machine.their_state, h11.DONE, "it closes, or is not understood")
                return status, content

    def test_pipeline_of_all_kinds(self) -> None:
        chunked = [("Transfer-Encoding", "chunked")]
        self.assertEqual(self.converse([
            ("GET", "/hello", [], b""),
            ("HEAD", "/bytes/7", [], b""),
            ("POST", "/echo", [("Content-Length", "5")], b"12345"),
            ("POST", "/echo", chunked, MIXED),
            ("GET", "/delay/20", [], b""),
            ("GET", "/status/204", [], b""),
            ("GET", "/status/304", [], b""),
            ("OPTIONS", "/hello", [], b""),
            ("GET", "/nothing", [], b""),
            ("GET", "/bytes/100000", [], b""),
        ]), [(200, b"hello\n"), (200, b""), (200, b"12345"), (200, MIXED), (200, b"done\n"),
             (204, b""), (304, b""), (204, b""), (404, b"404 Not Found\n"), (200, b"x" * 100000)])

    def test_long_pipeline(self) -> None:
        asked = [("GET", f"/bytes/{size}", [], b"") for size in range(200)]
        self.assertEqual([len(content) for _, content in self.converse(asked)], list(range(200)))

    def test_it_is_strict(self) -> None:
        machine = h11.Connection(h11.CLIENT)
        machine.send(h11.Request(method="GET", target="/", headers=[("Host", "test")]))
        machine.send(h11.EndOfMessage())
        machine.receive_data(b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n")
        with self.assertRaises(h11.RemoteProtocolError):
            machine.next_event()


class Go(Base):
    """net/http; the program stands in go_client/."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        try:
            go = oracle.go()
        except oracle.Unavailable as why:
            raise unittest.SkipTest(str(why))
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.program = str(pathlib.Path(cls.folder.name) / "client")
        build = subprocess.run([go, "build", "-o", cls.program, "."], capture_output=True,
                               text=True, check=False, timeout=300,
                               cwd=pathlib.Path(__file__).parent / "go_client",
                               env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local",
                                    "GOFLAGS": "-trimpath -buildvcs=false"})
        if build.returncode != 0:
            raise AssertionError(build.stderr)

    def test_all_is_well(self) -> None:
        said = run(self.program, self.url).splitlines()
        self.assertEqual([line for line in said if not line.startswith("ok ")], [])
        self.assertEqual(len(said), GO_CHECKS)

    def test_it_finds_faults(self) -> None:
        """Of a page that is not the root of the service: each target has one segment too many."""
        done = subprocess.run([self.program, f"{self.url}/nothing"], capture_output=True,
                              text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.count("FAIL "), GO_CHECKS)


class Load(Base):
    """Programs that load a server, for what they count."""

    @needs("h2load")
    def test_h2load(self) -> None:
        for pipeline in ("1", "16"):
            said = run("h2load", "--h1", "-n", str(REQUESTS), "-c", "20", "-m", pipeline,
                       f"{self.url}/version")
            self.assertIn(f"{REQUESTS} succeeded, 0 failed, 0 errored", said)
            self.assertIn(f"status codes: {REQUESTS} 2xx, 0 3xx, 0 4xx, 0 5xx", said)
        self.assertEqual(self.counted(path="/version", code="200"), 2 * REQUESTS)

    @needs("hey")
    def test_hey(self) -> None:
        with tempfile.NamedTemporaryFile() as body:
            body.write(MIXED)
            body.flush()
            for more in ([], ["-disable-keepalive"]):
                said = run("hey", "-n", str(REQUESTS), "-c", "20", "-m", "POST", "-D", body.name,
                           *more, f"{self.url}/echo")
                self.assertEqual(re.findall(r"\[(\d+)\]\s+(\d+) responses", said),
                                 [("200", str(REQUESTS))])
                self.assertNotIn("Error distribution", said)
        self.assertEqual(self.counted(path="/echo", code="200"), 2 * REQUESTS)

    @needs("wrk")
    def test_wrk(self) -> None:
        said = run("wrk", "-c", "20", "-t", "2", "-d", "1s", f"{self.url}/hello")
        done = re.search(r"(\d+) requests in", said)
        self.assertIsNotNone(done, said)
        self.assertNotIn("Socket errors", said)
        self.assertNotIn("Non-2xx", said)
        self.assertGreaterEqual(self.counted(path="/hello", code="200"), int(done[1]))


if __name__ == "__main__":
    unittest.main()
