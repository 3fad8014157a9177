# SPDX-License-Identifier: Apache-2.0
"""The command line: what is refused and how, and what the exit code says."""
import os
import signal
import socket
import subprocess
import unittest

import scrape
import wire
from programs import Program, wait_until
from service import DEMO_CPP, Service

CANNOT_SERVE = 1
BAD_USAGE = 2

BAD = [  # arguments, what the one line must name
    (["--nope"], ["--nope", "--help"]),
    (["-x"], ["-x", "--help"]),
    (["--log.lev=info"], ["--log.lev", "--help"]),  # flags are not guessed
    (["-hx"], ["--help"]),
    (["stray"], ["stray", "--help"]),
    (["--log.level=info", "stray"], ["stray", "--help"]),
    (["--", "stray"], ["stray", "--help"]),
    (["--help=1"], ["--help"]),
    (["--server.workers=1", "--server.workers=2"], ["--server.workers", "once"]),
    *(([flag], [flag]) for flag in (
        "--web.listen-address", "--web.admin-listen-address", "--web.telemetry-path",
        "--web.config.file", "--server.accept", "--server.workers", "--log.level",
        "--shutdown.delay", "--shutdown.last-scrape", "--shutdown.timeout", "--web.max-requests",
        "--limit.head-bytes")),
    *(([flag + "="], [flag]) for flag in ("--web.listen-address", "--log.level")),
    *(([flag + "=" + value], [flag, value, "[IPV6]:PORT"])
      for flag in ("--web.listen-address", "--web.admin-listen-address")
      for value in ("127.0.0.1", "8080", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                    "127.0.0.1:http", "127.0.0.1:80x", "::1:8080", "[::1:8080", "[]:8080",
                    "http://127.0.0.1:80")),
    *((["--web.telemetry-path=" + value], ["--web.telemetry-path", value, "/metrics"])
      for value in ("metrics", "/", "/a b", "/a?b", "/{a}", "/a%41", "/" + "a" * 256)),
    *((["--web.telemetry-path=" + value], ["--web.telemetry-path", value])
      for value in ("/hello", "/livez")),  # served already
    *((["--server.workers=" + value],
       ["--server.workers", value, "auto or a number from 1 to 1024"])
      for value in ("0", "1025", "-1", "+1", "1.5", "two", "1 ", "99999999999999999999")),
    *((["--server.accept=" + value], ["--server.accept", value, "per-worker or shared"])
      for value in ("both", "Shared")),
    (["--web.reuse-port=1"], ["--web.reuse-port"]),
    *((["--log.level=" + value], ["--log.level", value, "debug, info, warn or error"])
      for value in ("INFO", "warning", "trace", "0")),
    *(([f"--limit.head-bytes={value}"], ["--limit.head-bytes", value, "from 256B to 1MB"])
      for value in ("255B", "16", "16kb", "1025KB", "-1KB", "2MB")),
    *(([flag + "=" + value], [flag, value, "to 60m"])
      for flag in ("--shutdown.delay", "--shutdown.last-scrape", "--shutdown.timeout")
      for value in ("5", "5 s", "-1s", "+1s", "1.5s", "s", "1h", "61m", "3601s", "3600001ms",
                    "9223372036854775807m")),
]
GOOD = [  # at the edge of what is allowed
    ["--shutdown.delay=60m", "--shutdown.timeout=3600s"],
    ["--shutdown.delay=3600000ms", "--shutdown.timeout=0ms"],
    ["--server.workers=1024"],
    ["--limit.head-bytes=256B", "--limit.body-rate=off", "--web.max-connections=auto"],
    ["--web.telemetry-path=/" + "a" * 255],
    ["--log.level=debug"], ["--log.level=warn"], ["--log.level=error"],
    ["--log.level", "info", "--server.workers", "1"],
]


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess:
    return subprocess.run([DEMO_CPP, *arguments], stdin=subprocess.DEVNULL, timeout=30,
                          check=False, **{"capture_output": True, "text": True, **options})


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


class Arguments(unittest.TestCase):
    def check_refused(self, arguments: list[str], code: int, words: list[str]) -> None:
        done = run(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"^demo-cpp: [^\n]+\n\Z", "not one line")
        for word in words:
            self.assertIn(word, done.stderr)

    def test_bad_usage_is_one_line_and_2(self) -> None:
        for arguments, words in BAD:
            with self.subTest(arguments=arguments):
                self.check_refused(arguments, BAD_USAGE, words)

    def test_what_the_user_typed_cannot_break_the_line(self) -> None:
        for value in ("a\nb", "a\r\nlevel=info", "\x1b[31mred"):
            for argument in (f"--log.level={value}", f"--{value}", value):
                with self.subTest(argument=argument):
                    done = run(argument)
                    self.assertEqual(done.returncode, BAD_USAGE)
                    self.assertRegex(done.stderr, r"^demo-cpp: [^\n]+\n\Z", "not one line")
                    self.assertNotRegex(done.stderr[:-1], r"[\x00-\x1f\x7f]")

    def test_edges_of_what_is_allowed(self) -> None:
        for arguments in GOOD:
            with self.subTest(arguments=arguments):
                service = Program([DEMO_CPP, "--web.listen-address=127.0.0.1:0",
                                   *arguments, "--web.listen-address=127.0.0.1:0"])
                try:
                    wait_until(lambda: self.assertEqual(self.listening(service), 2), timeout_s=20)
                    self.assertIsNone(service.process.poll())
                finally:
                    service.kill()

    def listening(self, program: Program) -> int:
        """How many addresses it listens on, as the kernel sees it."""
        sockets = {os.readlink(f"/proc/{program.pid}/fd/{fd}")
                   for fd in os.listdir(f"/proc/{program.pid}/fd")}
        addresses = set()
        with open("/proc/net/tcp", encoding="ascii") as table:
            for line in list(table)[1:]:
                fields = line.split()
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                    addresses.add(fields[1])
        return len(addresses)

    def test_help(self) -> None:
        for flag in ("--help", "-h"):
            done = run(flag)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for word in ("Usage: demo-cpp", "--web.listen-address", "--web.telemetry-path",
                         "--server.workers", "--log.level", "--shutdown.delay",
                         "--shutdown.last-scrape", "--shutdown.timeout",
                         "--web.admin-listen-address", "--web.config.file", "--version",
                         "Exit status: 0"):
                self.assertIn(word, done.stdout)

    def test_version_is_three_lines(self) -> None:
        done = run("--version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        first, second, third = done.stdout.splitlines()
        self.assertRegex(first, r"^demo-cpp, version \d+\.\d+\.\d+ "
                                r"\(branch: \S+, revision: (?:[0-9a-f]{7,40}|unknown)\)$")
        self.assertRegex(second, r"^  build:    (gcc|clang) [\d.]+, C\+\+20, Boost 1_\d+$")
        self.assertRegex(third, r"^  platform: linux/(amd64|arm64)$")

    def test_output_that_cannot_be_written_is_told(self) -> None:
        for flag in ("--help", "--version"):
            with self.subTest(flag=flag), open("/dev/full", "w", encoding="ascii") as full:
                done = run(flag, capture_output=False, stdout=full, stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, CANNOT_SERVE)
                self.assertRegex(done.stderr, r"^demo-cpp: [^\n]+\n\Z", "not one line")

    def test_log_that_cannot_be_written_does_not_end_the_service(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        with open("/dev/full", "w", encoding="ascii") as full:
            process = subprocess.Popen([DEMO_CPP, f"--web.listen-address={address}",
                                        "--shutdown.delay=0s"], stderr=full)
        try:
            wait_until(lambda: wire.get(address, "/livez"), timeout_s=20)
            process.terminate()
            self.assertEqual(process.wait(10), 0)
        finally:
            process.kill()
            process.wait()


class Addresses(unittest.TestCase):
    def check_cannot_listen(self, address: str, *more: str) -> None:
        done = run("--web.listen-address=" + address, *more)
        self.assertEqual(done.returncode, CANNOT_SERVE, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"^demo-cpp: [^\n]+\n\Z", "not one line")
        self.assertIn(address, done.stderr)

    def test_port_that_is_taken(self) -> None:
        for share in (0, 1):
            with self.subTest(share=share), socket.socket() as other:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, share)
                other.bind(("127.0.0.1", 0))
                other.listen()
                self.check_cannot_listen(f"127.0.0.1:{other.getsockname()[1]}")

    def test_port_that_another_of_us_serves(self) -> None:
        with Service() as service:
            self.check_cannot_listen(service.address)
            self.assertEqual(wire.get(service.address, "/livez").status, 200)

    def test_second_address_that_is_taken(self) -> None:
        with Service() as service:
            done = run("--web.listen-address=127.0.0.1:0",
                       "--web.listen-address=" + service.address)
            self.assertEqual(done.returncode, CANNOT_SERVE)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(service.address, done.stderr)

    def test_addresses_that_are_not_ours(self) -> None:
        for address in ("192.0.2.1:80", "no-such-host.invalid:80", "[2001:db8::1]:80"):
            with self.subTest(address=address):
                self.check_cannot_listen(address)

    def test_of_two_started_at_once_one_lives(self) -> None:
        for _ in range(10):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                address = f"127.0.0.1:{probe.getsockname()[1]}"
            command = [DEMO_CPP, f"--web.listen-address={address}", "--server.workers=2",
                       "--shutdown.delay=0s"]
            pair = [Program(command), Program(command)]
            try:
                def one_is_out() -> Program:
                    out = [each for each in pair if each.process.poll() is not None]
                    self.assertNotEqual(out, [], "both live")
                    return out[0]
                loser = wait_until(one_is_out, timeout_s=20)
                winner = pair[1] if loser is pair[0] else pair[0]
                self.assertEqual(loser.wait(), CANNOT_SERVE)
                self.assertRegex(loser.log(), rf"^demo-cpp: [^\n]*{address}[^\n]*\n\Z")
                wait_until(lambda: winner.logged("msg=listening"), timeout_s=20)
                self.assertEqual(wire.get(address, "/livez").status, 200)
                winner.signal(signal.SIGTERM)
                self.assertEqual(winner.wait(), 0)
            finally:
                for each in pair:
                    each.kill()

    def test_several_addresses(self) -> None:
        with Service("--web.listen-address=127.0.0.1:0") as service:
            lines = [line for line in service.log().splitlines() if "msg=listening" in line]
            self.assertEqual(len(lines), 2)
            before = scrape.fetch(service.address)
            for line in lines:
                address = line.partition("address=")[2].split()[0]
                self.assertEqual(wire.get(address, "/version").status, 200)
            rises = scrape.increases(before, scrape.fetch(service.address),
                                     "demo_http_requests_total")
            self.assertEqual(list(rises.values()), [2])

    @unittest.skipUnless(has_ipv6(), "the kernel has no IPv6")
    def test_ipv6(self) -> None:
        with Service(listen="[::1]:0") as service:
            self.assertRegex(service.address, r"^\[::1\]:\d+$")
            self.assertEqual(wire.get(service.address, "/livez").body, b"ok\n")

    @unittest.skipUnless(has_ipv6(), "the kernel has no IPv6")
    def test_no_host_means_all_addresses_of_both_families(self) -> None:
        with Service(listen=":0") as service:
            port = service.address.rpartition(":")[2]
            for host in ("127.0.0.1", "[::1]"):
                self.assertEqual(wire.get(f"{host}:{port}", "/livez").body, b"ok\n")

    def test_name_of_a_host(self) -> None:
        with Service(listen="localhost:0") as service:
            self.assertEqual(wire.get(service.address, "/livez").body, b"ok\n")


if __name__ == "__main__":
    unittest.main()
