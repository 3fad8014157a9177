# SPDX-License-Identifier: Apache-2.0
"""TLS by --web.config.file, seen by clients that are not ours: curl, and Python's ssl."""
import concurrent.futures
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import scrape
import wire
from identities import Authority, SecureClient
from programs import tool, wait_until
from service import Service

CURL = tool("curl")
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
FAILURES = "loopmeter_tls_handshake_failures_total"
TLS = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"
MUTUAL = TLS + ("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
                "  client_allowed_sans: [prometheus.example]\n")


def hello_of(context: ssl.SSLContext) -> bytes:
    """The first that a client sends."""
    outgoing = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class InMemory:
    """Python's TLS client without a socket: the test says how its octets are cut."""

    def __init__(self, context: ssl.SSLContext, address: str) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.socket = socket.create_connection(wire.endpoint(address), 20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes, cut: int) -> None:
        for begin in range(0, len(data), cut):
            self.socket.sendall(data[begin:begin + cut])

    def connect(self, cut: int) -> None:
        while True:
            try:
                self.tls.do_handshake()
                self.send(self.outgoing.read(), cut)
                return
            except ssl.SSLWantReadError:
                self.send(self.outgoing.read(), cut)
                self.receive()

    def receive(self) -> None:
        data = self.socket.recv(65536)
        assert data, "the server ended the connection"
        self.incoming.write(data)

    def ask(self, request: bytes, cut: int, end: bytes) -> bytes:
        self.tls.write(request)
        self.send(self.outgoing.read(), cut)
        answer = b""
        while end not in answer:
            try:
                answer += self.tls.read(65536)
            except ssl.SSLWantReadError:
                self.receive()
        return answer


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.authority = Authority(cls.folder)
        cls.authority.issue("server")
        cls.authority.issue("prometheus", "DNS:prometheus.example")
        cls.authority.issue("stranger", "DNS:stranger.example")

    def serve(self, config: str = TLS, *flags: str, **options: object) -> Service:
        path = self.folder / "web.yml"
        path.write_text(config)
        return self.enterContext(Service(f"--web.config.file={path}", *flags, **options))

    def client(self, service: Service, who: str | None = None,
               version: ssl.TLSVersion | None = None, **options: object) -> SecureClient:
        context = self.authority.context(who, version)
        return self.enterContext(SecureClient(service.address, context, **options))

    def metrics(self, service: Service, who: str | None = None) -> scrape.Exposition:
        with SecureClient(service.address, self.authority.context(who)) as client:
            return scrape.fetch(service.address, client)

    def curl(self, service: Service, *flags: str, scheme: str = "https",
             path: str = "/version") -> tuple[int, str]:
        """curl's exit code, and the status."""
        port = wire.endpoint(service.address)[1]
        done = subprocess.run(
            [CURL, "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "30",
             "--cacert", str(self.authority.certificate), *flags,
             f"{scheme}://localhost:{port}{path}"],
            capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout

    def test_curl(self) -> None:
        service = self.serve()
        for flags in ((), ("--tlsv1.2", "--tls-max", "1.2"), ("--tlsv1.3",), ("--http2",),
                      ("--http1.0",)):
            with self.subTest(flags):
                code, said = self.curl(service, *flags)
                self.assertEqual((code, said), (0, "200"))
        self.assertNotEqual(self.curl(service, "--tlsv1.1", "--tls-max", "1.1")[0], 0)
        self.assertEqual(self.curl(service, scheme="http")[1], "400")

    def test_only_a_newer_version(self) -> None:
        service = self.serve(TLS + "  min_version: TLS13\n")
        self.assertEqual(self.curl(service)[0], 0)
        self.assertNotEqual(self.curl(service, "--tls-max", "1.2")[0], 0)

    def test_mutual(self) -> None:
        service = self.serve(MUTUAL)
        cert = lambda who: ("--cert", f"{self.folder}/{who}.pem",
                            "--key", f"{self.folder}/{who}.key")
        self.assertEqual(self.curl(service, *cert("prometheus"))[0], 0)
        for flags in ((), cert("stranger")):
            for version in ((), ("--tls-max", "1.2")):
                with self.subTest(flags=flags, version=version):
                    self.assertNotEqual(self.curl(service, *flags, *version)[0], 0)
        read = self.metrics(service, "prometheus")
        self.assertEqual(read.value(FAILURES, reason="no_certificate"), 2)
        self.assertEqual(read.value(FAILURES, reason="bad_certificate"), 2)
        self.assertEqual(read.value("loopmeter_http_handler_exceptions_total"), 0)

    def test_every_cut(self) -> None:
        service = self.serve()
        request = wire.message("POST", "/echo", b"the end")
        for version in VERSIONS:
            context = self.authority.context(version=version)
            size = len(hello_of(context))
            for cut in (1, *range(2, size, 13), size):
                with self.subTest(version=version.name, cut=cut):
                    client = InMemory(context, service.address)
                    client.connect(cut)
                    answer = client.ask(request, cut, b"the end")
                    self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer)
                    client.socket.close()

    def test_requests_in_one_record_and_a_request_in_many(self) -> None:
        service = self.serve()
        with self.client(service) as client:
            bodies = [f"{number}".encode() for number in range(500)]
            client.send(b"".join(wire.message("POST", "/echo", body) for body in bodies))
            self.assertEqual([client.answer().body for _ in bodies], bodies)
            for octet in wire.message("POST", "/echo", b"octets"):
                client.send(bytes([octet]))
            self.assertEqual(client.answer().body, b"octets")

    def test_large_bodies(self) -> None:
        service = self.serve(workers=1)
        body = bytes(range(256)) * 3500
        with self.client(service) as client, self.client(service) as slow:
            slow.send(wire.message("GET", "/bytes/1000000") * 30)  # and reads none of it
            self.assertEqual(client.request("POST", "/echo", body).body, body)
            self.assertEqual(len(client.get("/bytes/1000000").body), 1_000_000)
            for _ in range(30):
                self.assertEqual(len(slow.answer().body), 1_000_000)

    def test_ends(self) -> None:
        """A close_notify comes before each FIN of ours; one without it from a client is counted."""
        service = self.serve()
        with self.client(service) as client:
            answer = client.request("GET", "/version", fields="Connection: close\r\n")
            self.assertTrue(answer.closes)
            client.expect_end()
        with self.client(service) as client:
            client.send(wire.message("GET", "/delay/20"))
            client.answer()
        with self.client(service) as client:
            client.send(b"NONSENSE\r\n\r\n")
            self.assertEqual(client.answer().status, 400)
            client.expect_end()

        def counted() -> None:
            assert self.metrics(service).value("loopmeter_tls_truncations_total") >= 1
        wait_until(counted)

    def test_a_client_that_closes_properly(self) -> None:
        service = self.serve()
        client = self.client(service)
        self.assertEqual(client.get("/version").status, 200)
        client.socket.unwrap().close()  # waits for our close_notify
        self.assertEqual(self.metrics(service).value("loopmeter_tls_truncations_total"), 0)

    def test_drain(self) -> None:
        service = self.serve()
        idle, busy = self.client(service), self.client(service)
        self.assertEqual(idle.get("/version").status, 200)
        self.assertEqual(busy.get("/version").status, 200)
        busy.send(wire.message("GET", "/delay/300"))

        def waits() -> None:
            read = self.metrics(service)
            assert read.total("loopmeter_connections", state="active") >= 2  # and the scrape
        wait_until(waits)
        service.signal(signal.SIGTERM)
        idle.expect_end()
        self.assertEqual(busy.answer().status, 200)
        busy.expect_end()
        self.assertEqual(service.stop(), 0)

    def test_sessions_are_resumed_by_any_worker(self) -> None:
        service = self.serve(workers=4)
        for version in VERSIONS:
            context = self.authority.context(version=version)
            with SecureClient(service.address, context) as first:
                self.assertEqual(first.get("/version").status, 200)
                session = first.socket.session
            for _ in range(20):
                with SecureClient(service.address, context, session=session) as again:
                    self.assertTrue(again.socket.session_reused)
                    self.assertEqual(again.get("/version").status, 200)
                    if version == ssl.TLSVersion.TLSv1_3:  # each ticket is for once
                        session = again.socket.session

    def test_garbage(self) -> None:
        service = self.serve()
        hello = hello_of(self.authority.context())
        broken = [b"\0" * 100, b"\xff" * 70_000, b"SSH-2.0-x\r\n", hello[:5] + b"\xff" * 600,
                  hello[:60] + b"\0\0\0" + hello[63:], hello + b"junk" * 100]
        for octets in broken:
            with self.subTest(octets[:10]):
                with wire.Client(service.address) as client:
                    try:
                        client.send(octets)
                        client.finish_sending()
                        while client.socket.recv(65536):
                            pass
                    except (ConnectionResetError, BrokenPipeError):
                        pass
        self.assertEqual(self.curl(service)[0], 0)
        read = self.metrics(service)
        self.assertGreaterEqual(read.total(FAILURES), len(broken) - 1)

    def test_a_client_without_tls_reads_why(self) -> None:
        service = self.serve()
        with wire.Client(service.address) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000)
            answer = b""
            while data := client.socket.recv(65536):
                answer += data
            self.assertEqual(answer, b"HTTP/1.0 400 Bad Request\r\n\r\n"
                                     b"Client sent an HTTP request to an HTTPS server.\n")

    def test_a_flood_of_handshakes(self) -> None:
        """They are cut in time, and who is there is served meanwhile."""
        self.authority.issue("rsa", key="rsa")
        service = self.serve(TLS.replace("server.", "rsa."), workers=1)
        honest = self.client(service, timeout_s=30)
        hello = hello_of(self.authority.context())
        flood = [self.enterContext(wire.Client(service.address, 60)) for _ in range(300)]
        halves = flood[::2]
        for client in flood:
            client.send(hello[:100] if client in halves else hello)
        for _ in range(30):
            self.assertEqual(honest.get("/version").status, 200)
        for client in flood:
            try:
                while client.socket.recv(65536):
                    pass
            except ConnectionResetError:
                pass
        self.assertEqual(honest.get("/version").status, 200)
        wait_until(lambda: self.assertEqual(
            self.metrics(service).value(FAILURES, reason="timeout"), len(flood)), timeout_s=20)

    def test_a_record_has_the_time_of_a_head(self) -> None:
        """Begun is begun: octets that come one by one do not make the time longer."""
        service = self.serve(TLS, "--limit.head-timeout=1s", "--limit.idle-timeout=20s")
        client = InMemory(self.authority.context(), service.address)
        self.addCleanup(client.socket.close)
        client.connect(1000)
        client.ask(wire.message("GET", "/version"), 1000, b"\r\n\r\n")
        client.tls.write(b"x" * 4000)
        record = client.outgoing.read()
        client.socket.settimeout(0.2)
        begin = time.monotonic()
        sent = 100
        client.socket.sendall(record[:sent])
        answer = b""
        while time.monotonic() < begin + 15:
            try:
                client.incoming.write(client.socket.recv(65536))
                answer += client.tls.read(65536)
                break
            except ssl.SSLWantReadError:  # a ticket
                pass
            except TimeoutError:
                client.socket.sendall(record[sent:sent + 1])
                sent += 1
        self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertGreater(sent, 103)
        self.assertEqual(self.metrics(service).value(
            "loopmeter_http_limit_hits_total", limit="head_timeout"), 1)

    def test_certificates_rotate_without_loss(self) -> None:
        service = self.serve()
        context = self.authority.context()
        old = self.client(service)
        first = old.certificate()
        stop = threading.Event()
        seen: set[bytes] = set()

        def load() -> int:
            count = 0
            while not stop.is_set():
                with SecureClient(service.address, context, 30) as client:
                    seen.add(client.certificate())
                    for _ in range(3):
                        assert client.get("/version").status == 200
                        count += 1
            return count

        def renewed(number: int) -> None:
            assert len(seen) >= number, f"{len(seen)} certificates"
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            clients = [pool.submit(load) for _ in range(3)]
            try:
                for number in (2, 3):
                    self.authority.issue("server")  # the key first, then what does not fit it yet
                    wait_until(lambda n=number: renewed(n), timeout_s=60, pause_s=0.1)
                (self.folder / "server.pem").write_text("broken")
                wait_until(lambda: service.logged("web configuration not reloaded"), timeout_s=30)
                self.assertEqual(self.metrics(service).value(
                    "loopmeter_web_config_last_reload_successful"), 0)
                self.authority.issue("server")
                wait_until(lambda: renewed(4), timeout_s=60, pause_s=0.1)
            finally:
                stop.set()
            self.assertGreater(sum(client.result() for client in clients), 20)
        self.assertEqual(old.certificate(), first)
        self.assertEqual(old.get("/version").status, 200)
        read = self.metrics(service)
        self.assertEqual(read.value("loopmeter_web_config_last_reload_successful"), 1)
        self.assertEqual(read.total(FAILURES), 0)

    def test_reload_by_signal_is_at_once(self) -> None:
        service = self.serve()
        self.client(service).get("/version")
        (self.folder / "web.yml").write_text(
            TLS + "http_server_config: {headers: {X-Frame-Options: deny}}\n")
        service.process.send_signal(signal.SIGHUP)

        def has_header() -> None:
            answer = self.client(service).get("/version")
            assert answer.field("X-Frame-Options") == "deny", answer.fields
        wait_until(has_header, timeout_s=20)


if __name__ == "__main__":
    unittest.main()
