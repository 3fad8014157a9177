# SPDX-License-Identifier: Apache-2.0
"""Prometheus scrapes over mutual TLS with basic authentication, and says why where it may not."""
import pathlib
import sys
import tempfile
import unittest
from typing import Any

from identities import DEAR_HASH, Authority
from prometheus_server import Prometheus
from programs import SKIP, found_tool, wait_until
from service import Service

SERVERS = [path for path in map(found_tool, ("prometheus", "prometheus3")) if path]
if not SERVERS:
    print("neither prometheus nor prometheus3 is installed")
    sys.exit(SKIP)

CONFIG = f"""\
tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [prometheus.example]
basic_auth_users:
  prometheus: {DEAR_HASH}
"""
# Job: what the target's last error says.
REASONS = {
    "welcome": "",
    "no-certificate": "tls: ",
    "stranger": "tls: ",
    "wrong-password": "server returned HTTP status 401",
    "no-password": "server returned HTTP status 401",
    "plain": "server returned HTTP status 400",
}


class MutualTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        authority = Authority(cls.folder)
        authority.issue("server")
        authority.issue("prometheus", "DNS:prometheus.example")
        authority.issue("stranger", "DNS:stranger.example")
        path = cls.folder / "web.yml"
        path.write_text(CONFIG)
        cls.service = cls.enterClassContext(Service(f"--web.config.file={path}"))

    def job(self, name: str) -> dict[str, Any]:
        tls = {"ca_file": str(self.folder / "ca.pem"), "server_name": "localhost"}
        who = {"no-certificate": None, "stranger": "stranger"}.get(name, "prometheus")
        if who is not None:
            tls |= {"cert_file": str(self.folder / f"{who}.pem"),
                    "key_file": str(self.folder / f"{who}.key")}
        made = {"job_name": name, "scheme": "https", "tls_config": tls,
                "basic_auth": {"username": "prometheus", "password": "secret"},
                "static_configs": [{"targets": [self.service.address]}]}
        if name == "wrong-password":
            made["basic_auth"]["password"] = "guess"
        if name == "no-password":
            del made["basic_auth"]
        if name == "plain":
            made["scheme"] = "http"
            del made["tls_config"]
        return made

    def check(self, program: str) -> None:
        with tempfile.TemporaryDirectory() as folder, \
                Prometheus(program, pathlib.Path(folder), [self.job(name) for name in REASONS]
                           ) as prometheus:
            def judged() -> None:
                targets = {target["scrapePool"]: target for target in prometheus.targets()}
                for name, reason in REASONS.items():
                    assert name in targets, f"no target {name} yet"
                    said = targets[name]
                    health = "up" if name == "welcome" else "down"
                    assert said["health"] == health, (name, said["health"], said["lastError"])
                    assert reason in said["lastError"], (name, said["lastError"])
            wait_until(judged, timeout_s=60, pause_s=0.2)
            wait_until(lambda: prometheus.one('demo_build_info{job="welcome"}'), timeout_s=20)
            self.assertEqual(prometheus.query('demo_build_info{job!="welcome"}'), [])
            wait_until(lambda: prometheus.one(
                'loopmeter_password_checks_total{outcome="accepted"} == 1'), timeout_s=20)

    def test_scrapes(self) -> None:
        for program in SERVERS:
            with self.subTest(program.rpartition("/")[2]):
                self.check(program)


if __name__ == "__main__":
    unittest.main()
