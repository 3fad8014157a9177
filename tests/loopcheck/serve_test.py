# SPDX-License-Identifier: Apache-2.0
"""`loopcheck serve` as a Pod would run it: the API server by TLS and a token, checks that follow
what changes, metrics that say it."""
from __future__ import annotations

import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import yaml

import loopcheck
import scrape
import wire
from failing_targets import Authority, closed_port
from fake_api_server import ApiServer, status
from fake_cluster import Cluster, list_path
from programs import Program, found_tool, log_field, sanitizer_report, wait_until

CHECK_EXPOSITION = os.environ["CHECK_EXPOSITION"]
K8S = pathlib.Path(os.environ["LOOPMETER_SOURCE_ROOT"]) / "k8s"
TOKEN = "a-token"
CART = {"kind": "ServiceMonitor", "namespace": "monitoring", "name": "cart"}
QUEUE = {"kind": "PodMonitor", "namespace": "shop", "name": "queue"}
MONITORS = list_path("ServiceMonitor", "monitoring.coreos.com/v1")


def right_for(path: str) -> tuple[str, str, str]:
    """What RBAC asks of who reads this path: API group, resource, verb."""
    way = path.partition("?")[0].strip("/").split("/")
    group, rest = ("", way[2:]) if way[0] == "api" else (way[1], way[3:])
    if rest[0] == "namespaces" and len(rest) > 2:
        rest = rest[2:]
    resource = "/".join([rest[0], *rest[2:3]])
    return group, resource, "list" if len(rest) == 1 else "get"


class Serve(Program):
    def __init__(self, api: str, folder: pathlib.Path, *flags: str) -> None:
        host, _, port = api.rpartition(":")
        super().__init__([loopcheck.PROGRAM, "serve", "--web.listen-address=127.0.0.1:0",
                          "--interval=1s", f"--service-account-folder={folder}", *flags],
                         env={**os.environ, "KUBERNETES_SERVICE_HOST": host,
                              "KUBERNETES_SERVICE_PORT": port})
        self.address = log_field(wait_until(lambda: self.logged("msg=listening"), 60), "address")

    def status(self, path: str) -> int:
        return wire.get(self.address, path).status

    def text(self) -> str:
        answer = wire.get(self.address, "/metrics")
        assert answer.status == 200, answer
        return answer.body.decode()

    def metrics(self) -> scrape.Exposition:
        return scrape.parse(self.text())

    def until_checked(self, **total: int) -> scrape.Exposition:
        """Until as many checks ended so."""
        def enough() -> scrape.Exposition:
            got = self.metrics()
            for result, least in total.items():
                assert got.value("loopcheck_checks_total", result=result) >= least, (
                    got.series("loopcheck_checks_total"), self.log())
            return got
        return wait_until(enough, timeout_s=30, pause_s=0.1)

    @staticmethod
    def of_chain(got: scrape.Exposition, chain: dict[str, str]) -> tuple[float, float]:
        """Its first broken link, and whether it is undecided."""
        labels = scrape.labels_of(**chain)
        return (got.samples["loopcheck_chain_broken_link", labels],
                got.samples["loopcheck_chain_undecided", labels])

    def lines(self, *parts: str) -> list[str]:
        return [line for line in self.log().splitlines() if all(part in line for part in parts)]


class Service(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.authority = Authority(self.folder)  # its ca.crt lies where the kubelet puts it
        (self.folder / "token").write_text(TOKEN + "\n")
        self.cluster = Cluster()

    def api(self) -> ApiServer:
        server = ApiServer(self.cluster.lists(), self.cluster.answers(), token=TOKEN,
                           tls=self.authority.server("api", "IP:127.0.0.1"))
        self.addCleanup(server.__exit__)
        return server

    def serve(self, api: str, *flags: str) -> Serve:
        program = Serve(api, self.folder, *flags)
        self.addCleanup(program.kill)
        return program

    def end(self, program: Serve) -> None:
        begin = time.monotonic()
        program.signal(signal.SIGTERM)
        self.assertEqual(program.wait(5), 0, program.log())
        self.assertLess(time.monotonic() - begin, 1, program.log())
        self.assertIsNone(sanitizer_report(program.log()))

    def test_a_chain_that_breaks_and_is_mended(self) -> None:
        api = self.api()
        program = self.serve(api.address)
        got = program.until_checked(whole=2)
        self.assertEqual(program.status("/readyz"), 200)
        for chain in (CART, QUEUE):
            self.assertEqual(program.of_chain(got, chain), (0, 0))
        self.assertEqual(len(got.series("loopcheck_chain_broken_link")), 2)
        self.assertLess(abs(got.value("loopcheck_last_check_timestamp_seconds") - time.time()), 10)
        self.assertGreaterEqual(got.value("loopcheck_check_duration_seconds_count"), 2)
        self.assertEqual(len(program.lines("msg=checked", "result=whole")), 1, program.log())
        self.assertEqual(program.lines('msg="chain'), [], program.log())

        # The Service's selector finds no Pod any more.
        selector = self.cluster.objects["Service/shop/cart"]["spec"]["selector"]
        selector["app"] = "card"
        self.cluster.show(api)
        got = program.until_checked(broken=2)
        self.assertEqual(program.of_chain(got, CART), (2, 0))
        self.assertEqual(program.of_chain(got, QUEUE), (0, 0))
        self.assertEqual(got.value("loopcheck_findings", code="LC0201", severity="error"), 1)
        told = program.lines('msg="chain is broken"')
        self.assertEqual(len(told), 1, program.log())
        for part in ("chain=ServiceMonitor/monitoring/cart", "link=2", "code=LC0201",
                     "object=Service/shop/cart", "found=", "fix="):
            self.assertIn(part, told[0])

        selector["app"] = "cart"
        self.cluster.show(api)
        whole = got.value("loopcheck_checks_total", result="whole")
        got = program.until_checked(whole=int(whole) + 1)
        self.assertEqual(program.of_chain(got, CART), (0, 0))
        self.assertEqual(got.total("loopcheck_findings", severity="error"), 0)
        self.assertEqual(len(program.lines('msg="chain is whole"')), 1, program.log())
        self.end(program)

    def test_series_of_a_chain_that_is_gone_vanish(self) -> None:
        api = self.api()
        program = self.serve(api.address)
        program.until_checked(whole=1)
        del self.cluster.objects["PodMonitor/shop/queue"]
        self.cluster.show(api)

        def gone() -> None:
            chains = program.metrics().series("loopcheck_chain_broken_link")
            assert list(chains) == [scrape.labels_of(**CART)], chains
        wait_until(gone, timeout_s=20, pause_s=0.1)
        self.assertEqual(len(program.lines('msg="chain is gone"', "PodMonitor/shop/queue")), 1)
        self.end(program)

    def test_one_namespace_alone(self) -> None:
        api = self.api()
        for flags, chains in ((("-n", "shop"), [CART, QUEUE]),
                              (("-n", "shop", "-l", "app=queue"), [QUEUE]),
                              # Nothing is there that could be broken.
                              (("-n", "empty"), [])):
            with self.subTest(flags):
                program = self.serve(api.address, *flags)
                got = program.until_checked(whole=1)
                self.assertEqual(set(got.series("loopcheck_chain_broken_link")),
                                 {scrape.labels_of(**each) for each in chains})
                self.end(program)
        self.assertIn("/api/v1/namespaces/shop/pods?limit=500", api.asked)

    def test_no_secret_is_read(self) -> None:
        api = self.api()
        program = self.serve(api.address)
        program.until_checked(whole=1)
        self.end(program)
        self.assertEqual([path for path in api.asked if "secret" in path], [])

    def test_the_components_role_allows_what_is_asked(self) -> None:
        role = yaml.safe_load((K8S / "components" / "loopcheck" / "clusterrole.yaml").read_text())
        given = {(group, resource, verb) for rule in role["rules"] for group in rule["apiGroups"]
                 for resource in rule["resources"] for verb in rule["verbs"]}
        api = self.api()
        for flags in ((), ("--namespace=shop",)):
            program = self.serve(api.address, *flags)
            program.until_checked(whole=1)
            self.end(program)
        asked = {right_for(path) for path in api.asked if path != "/version"}
        self.assertGreater(len(asked), 20)
        self.assertIn(("", "pods/proxy", "get"), asked)
        self.assertEqual(asked - given, set())

    def test_no_rights(self) -> None:
        api = self.api()
        paths = [MONITORS, list_path("PodMonitor", "monitoring.coreos.com/v1"),
                 list_path("Service", "v1")]
        for path in paths:
            api.answers[path] = status(403, "Forbidden", f"{path} is forbidden: nobody let me")
        program = self.serve(api.address)
        got = program.until_checked(failed=3)
        self.assertEqual(got.value("loopcheck_last_check_timestamp_seconds"), 0)
        self.assertEqual(got.series("loopcheck_chain_broken_link"), {})
        told = program.lines('msg="check failed"')
        self.assertEqual(len(told), 1, program.log())
        self.assertIn("nobody let me", told[0])
        self.assertEqual(program.status("/readyz"), 200)
        for path in paths:
            del api.answers[path]
        got = program.until_checked(whole=1)
        self.assertEqual(len(got.series("loopcheck_chain_broken_link")), 2)
        self.end(program)

    def test_some_rights_are_missing(self) -> None:
        api = self.api()
        path = list_path("Pod", "v1")
        api.answers[path] = status(403, "Forbidden", "pods is forbidden: nobody let me")
        program = self.serve(api.address)
        got = program.until_checked(undecided=2)
        self.assertEqual(program.of_chain(got, CART), (0, 1))
        self.assertEqual(len(program.lines('msg="chain is undecided"', "monitoring/cart")), 1,
                         program.log())
        self.end(program)

    def test_the_api_server_is_away(self) -> None:
        program = self.serve(closed_port())
        program.until_checked(failed=2)
        self.assertEqual(program.status("/readyz"), 503)
        self.assertEqual(program.status("/healthz"), 200)
        self.assertEqual(len(program.lines('msg="check failed"')), 1, program.log())
        self.end(program)

    def test_what_was_seen_stays_while_it_is_away(self) -> None:
        api = self.api()
        program = self.serve(api.address)
        program.until_checked(whole=1)
        (self.folder / "token").write_text("another")
        got = program.until_checked(failed=1)
        self.assertEqual(len(got.series("loopcheck_chain_broken_link")), 2)
        self.assertEqual(program.status("/readyz"), 200)
        self.assertIn("Unauthorized", program.lines('msg="check failed"')[0])
        # The kubelet writes a new token, which is taken up.
        (self.folder / "token").write_text(TOKEN)
        whole = got.value("loopcheck_checks_total", result="whole")
        program.until_checked(whole=int(whole) + 1)
        self.end(program)

    def test_an_authority_that_is_not_the_clusters(self) -> None:
        api = self.api()
        with tempfile.TemporaryDirectory() as other:
            Authority(pathlib.Path(other))
            (self.folder / "ca.crt").write_bytes((pathlib.Path(other) / "ca.crt").read_bytes())
        program = self.serve(api.address)
        program.until_checked(failed=1)
        self.assertIn("not trusted", program.lines('msg="check failed"')[0])
        self.assertEqual(api.asked, [])
        self.end(program)

    def test_it_ends_at_once_while_a_check_waits(self) -> None:
        api = self.api()
        api.answers["/version"] = lambda _: api.released.wait() and (200, b"{}") or (500, b"")
        program = self.serve(api.address)
        wait_until(lambda: self.assertTrue(api.asked), timeout_s=20)
        self.assertEqual(program.status("/readyz"), 503)
        self.end(program)
        self.assertEqual(program.lines("level=error"), [])

    def test_the_exposition_is_accepted(self) -> None:
        api = self.api()
        self.cluster.objects["Service/shop/cart"]["spec"]["selector"]["app"] = "card"
        self.cluster.show(api)
        program = self.serve(api.address)
        program.until_checked(broken=1)
        text = program.text()
        self.end(program)
        checked = subprocess.run([CHECK_EXPOSITION], input=text.encode(), capture_output=True,
                                 timeout=60, check=False)
        self.assertEqual((checked.returncode, checked.stdout.decode()), (0, ""))
        self.assertIn("loopcheck_build_info{", text)
        self.assertIn("process_start_time_seconds", text)
        if promtool := found_tool("promtool"):
            linted = subprocess.run([promtool, "check", "metrics"], input=text.encode(),
                                    capture_output=True, timeout=60, check=False)
            self.assertEqual((linted.returncode, linted.stdout + linted.stderr), (0, b""))

    def refused(self, *flags: str, **environment: str) -> str:
        done = loopcheck.run("serve", *flags, timeout_s=20, environment={
            "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1",
            **environment})
        self.assertEqual(done.returncode, 2, done)
        self.assertEqual(done.stdout, "")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith("loopcheck: "), lines)
        return lines[0]

    def test_bad_input_ends_it_with_one_line(self) -> None:
        folder = f"--service-account-folder={self.folder}"
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            said = self.refused(folder, f"--web.listen-address=127.0.0.1:{port}")
            self.assertIn(f"127.0.0.1:{port}", said)
            self.assertIn("in use", said)
        self.assertIn("/nowhere/token", self.refused("--service-account-folder=/nowhere"))
        for flags, part in {
            ("--interval=10ms",): "--interval",
            ("--interval=soon",): "--interval",
            ("--web.listen-address=9808",): "--web.listen-address",
            ("-n", "shop", "-A"): "exclude each other",
            ("-l", "a in"): "--labels",
            ("svc/cart",): "unexpected argument",
            ("--wait=1m",): "no flag of serve",
            ("--prometheus-url=ftp://x",): "is wanted",
        }.items():
            with self.subTest(flags):
                self.assertIn(part, self.refused(folder, *flags))

    def test_outside_a_pod(self) -> None:
        environment = {name: held for name, held in os.environ.items()
                       if not name.startswith("KUBERNETES_")}
        done = subprocess.run([loopcheck.PROGRAM, "serve"], env=environment, capture_output=True,
                              text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("this is not a Pod", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)


if __name__ == "__main__":
    unittest.main()
