# SPDX-License-Identifier: Apache-2.0
"""docs/handbook.md as a reader walks through it: every command of its sections 4 to 7 and every
query, on the cluster, each with the right answer that the page gives. The drills of section 8 are
in drills_test.py."""
from __future__ import annotations

import json
import unittest

import demo
import handbook
import kube
import prometheus
from five_steps import Steps
from handbook import Output
from programs import wait_until

CHAPTERS = range(1, 8)
STEPS = range(1, 5)


class Handbook(unittest.TestCase):
    """In the order of the names of its tests, which is the page's: each begins where the one
    before ends."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.page = handbook.Page()
        cls.shell = cls.enterClassContext(handbook.shell())
        cls.steps = Steps(cls.page, cls.shell)
        cls.switch_s = prometheus.switch_s()
        wait_until(cls.steps.server().none, timeout_s=cls.switch_s, pause_s=1)
        cls.addClassCleanup(demo.remove)

    def closes(self) -> None:
        wait_until(self.steps.targets_are_up, timeout_s=self.switch_s, pause_s=0.5)
        for step in STEPS:
            self.steps.right(step)

    def queries(self, anchor: str) -> dict[str, list[tuple[dict[str, str], float]]]:
        """The answers to the page's queries there."""
        server = self.steps.server()
        return {query: server.query(query) for block in self.page.all(anchor, "promql")
                for query in block.text.splitlines()}

    def test_1_deploy_with_a_servicemonitor(self) -> None:
        self.shell.right(self.page.one("4-deploy"))
        self.closes()

        every_pod = self.page.one("step-1", position=1)
        asked = self.shell.right(every_pod).lines(r"^(\S+): demo_build_info\{.*\} 1$")
        self.assertCountEqual(asked, [each["metadata"]["name"] for each in demo.pods()])

    def test_2_promql(self) -> None:
        answers = _by_query(self.shell.right(self.page.one("step-5")))
        pods = sorted(each["metadata"]["name"] for each in demo.pods())
        for query in ('up{namespace="demo"}', "demo_build_info"):
            ours = [(value, labels["pod"]) for value, labels in answers[query]
                    if labels["job"] == demo.NAME and labels["pod"] in pods]
            self.assertEqual(sorted(ours), [(1, pod) for pod in pods], query)
        rate, all_routes, hello = list(answers.values())[2:]
        self.assertGreater(rate[0][0], 0)
        self.assertGreater(all_routes[0][0], 0)
        self.assertGreater(hello[0][0], 0.05)  # the buckets end at 50 ms and at 100
        self.assertLess(hello[0][0], 0.25)

        for query, answer in self.queries("step-5").items():
            self.assertNotEqual(answer, [], query)

    def test_3_troubles(self) -> None:
        self.assertEqual(self._ports(), {
            "container": [("http", 8080)], "service": [("metrics", "http")],
            "ServiceMonitor": [("metrics", None)]})
        rights = self.shell.right(self.page.one("7c"))
        for resource in ("services", "endpoints", "pods"):
            self.assertEqual(rights.lines(rf"^\w+ {resource}: (.*)"), ["yes"] * 3, rights)
        policies = self.shell.right(self.page.one("7c", position=1))
        self.assertEqual(policies.lines(rf"^({demo.NAMESPACE}) "), [])  # the base has none
        down, absent = self.queries("7c").values()
        self.assertEqual((down, absent), ([], []))

    def test_4_the_right_is_given(self) -> None:
        account = "system:serviceaccount:monitoring:prometheus-k8s"
        may = ("auth", "can-i", "list", "endpointslices.discovery.k8s.io", f"--as={account}", "-n")
        before = kube.run(*may, demo.NAMESPACE).stdout
        elsewhere = kube.run(*may, "default").stdout
        self.shell.right(self.page.one("kube-prometheus-everything-selected-little-permitted"))
        self.assertEqual(kube.run(*may, demo.NAMESPACE).stdout, "yes\n", f"before: {before}")
        self.assertEqual(kube.run(*may, "default").stdout, elsewhere)

    def test_5_podmonitor_in_its_place(self) -> None:
        self.shell.right(self.page.one("4-deploy", position=1))
        self.closes()
        self.assertEqual(self._ports()["PodMonitor"], [("http", None)])

    def test_6_history(self) -> None:
        """Section 7a: what is scraped now, and what only answers still."""
        def live() -> None:
            output = self._live_or_history()
            self.assertEqual(output.lines(r"^live targets: (\d+)$"), ["2"], output)
            ages, counts = self._of_podmonitor(output)
            self.assertEqual(len(ages), 2, output)
            self.assertLess(max(ages), 20, output)
            self.assertLessEqual(set(counts), {4, 5}, output)
        wait_until(live, timeout_s=75, pause_s=1)
        past, kept = self.queries("7a").values()
        self.assertGreaterEqual(len(kept), 2)
        for labels, value in past + kept:
            self.assertIn(value, (0, 1), labels)

        kube.kubectl("-n", demo.MONITORING, "delete", "podmonitor", demo.NAME)

        def none_live() -> Output:
            output = self._live_or_history()
            self.assertEqual(output.lines(r"^live targets: (\d+)$"), ["0"], output)
            return output
        output = wait_until(none_live, timeout_s=self.switch_s, pause_s=0.5)
        _, counts = self._of_podmonitor(output)
        self.assertTrue(counts, output)  # history goes on answering

        def counted_none() -> None:
            output = self._live_or_history()
            ages, counts = self._of_podmonitor(output)
            self.assertEqual(counts, [], output)
            self.assertGreaterEqual(min(ages, default=60), 55, output)
        wait_until(counted_none, timeout_s=90, pause_s=1)

    def test_7_nothing_was_left_out(self) -> None:
        self.assertEqual(self.page.left(CHAPTERS), [])

    def _ports(self) -> dict[str, list[tuple[str, str | None]]]:
        """Of section 7b: by what they belong to."""
        output = self.shell.right(self.page.one("7b"))
        found = {}
        for each in map(json.loads, output.lines(r"^(\{.*\})$")):
            ports = each.get("ports") or each["endpoints"]
            name = next((key for key in ("container", "service") if key in each), None)
            found[name or each["kind"]] = [
                (port.get("name") or port["port"],
                 port.get("containerPort") or port.get("targetPort")) for port in ports]
        return found

    def _live_or_history(self) -> Output:
        return self.shell.right(self.page.one("7a"))

    def _of_podmonitor(self, output: Output) -> tuple[list[float], list[float]]:
        """Ages and counts of its series, of Pods that are there."""
        pods = {each["metadata"]["name"] for each in demo.pods()}
        ages, counts = _by_query(output, labels=False).values()
        return tuple([value for value, rest in each if rest["job"] == "monitoring/demo-cpp"
                      and rest["pod"] in pods] for each in (ages, counts))


def _by_query(output: Output, labels: bool = True) -> dict[str, list[tuple[float, dict[str, str]]]]:
    """The answers below each query; those of section 7a are followed by job and Pod alone."""
    found: dict[str, list[tuple[float, dict[str, str]]]] = {}
    answers: list[tuple[float, dict[str, str]]] = []
    for line in output.text.splitlines():
        if line.startswith("  "):
            value, _, rest = line.strip().partition("  ")
            answers.append((float(value), json.loads(rest) if labels else
                            dict(zip(("job", "pod"), rest.split()))))
        elif not line.startswith("live targets"):
            answers = found[line] = []
    return found


if __name__ == "__main__":
    unittest.main()
