# SPDX-License-Identifier: Apache-2.0
"""`loopcheck live` on a real cluster: whole chains are called whole, with the labels that
Prometheus has; every mistake is found by its code, mended by what is printed, and found mended."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import unittest
from typing import Any

import demo
import kube
import mistakes
import prometheus
from mistakes import MISTAKES, Mistake
from programs import wait_until

LOOPCHECK = os.environ["LOOPCHECK"]
OWN = f"{kube.SANDBOX}/{kube.SANDBOX}"
ERRORS = ("error", "undecided")
# kubectl patches what it knows by strategic merge, and custom resources by JSON merge.
STRATEGIC = ("Deployment", "Service", "Namespace")

Report = dict[str, Any]


def live(*arguments: str, timeout_s: float = 200) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LOOPCHECK, "live", "--prometheus", OWN, *arguments],
                          capture_output=True, text=True, check=False, timeout=timeout_s,
                          env={**os.environ, "KUBECTL": kube.KUBECTL})


def report(*arguments: str, where: tuple[str, ...] = ("-n", demo.NAMESPACE)) -> Report:
    done = live(*where, "-o", "json", *arguments)
    assert done.returncode in (0, 1, 3), (done.returncode, done.stderr)
    told = json.loads(done.stdout)
    expected = 1 if told["first_broken"] else 0 if told["decided"] else 3
    assert done.returncode == expected, (done.returncode, told["first_broken"])
    return told


def words(finding: dict[str, Any]) -> str:
    return " ".join(str(finding[key]) for key in ("code", "severity", "object", "found", "fix"))


def of_chain(name: str, findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A chain's objects are called as it is; its Pods begin so."""
    def named(finding: dict[str, Any]) -> bool:
        kind, _, rest = finding["object"].partition("/")
        own = rest.rpartition("/")[2]
        return own == name or kind == "Pod" and own.startswith(f"{name}-")
    return [each for each in findings if each["severity"] in ERRORS and named(each)]


def first(findings: list[dict[str, Any]]) -> dict[str, Any]:
    return min(findings, key=lambda each: each["link"])


def mend(change: dict[str, Any]) -> None:
    """As a user who pastes what is printed."""
    kind, _, rest = change["object"].partition("/")
    if change["creates"]:
        kube.kubectl("apply", "-f", "-", stdin=json.dumps(change["content"]))
        return
    namespace, _, name = rest.rpartition("/")
    where = ("-n", namespace) if namespace else ()
    kube.kubectl(*where, "patch", kind, name,
                 f"--type={'strategic' if kind in STRATEGIC else 'merge'}",
                 "-p", json.dumps(change["content"]))


def whole(*arguments: str, wait_s: int = 120) -> Report:
    """After at most so long; AssertionError with what is still broken."""
    told = report("--wait", f"{wait_s}s", *arguments)
    assert told["ok"], [words(each) for each in told["findings"] if each["severity"] in ERRORS]
    return told


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.enterClassContext(kube.Sandbox())
        kube.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": demo.NAMESPACE,
            "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}])
        cls.addClassCleanup(demo.remove)
        ours = {"matchLabels": mistakes.LABEL}
        cls.server, = cls.enterClassContext(prometheus.Own(
            scrapeInterval="2s", serviceMonitorSelector=ours, podMonitorSelector=ours,
            serviceMonitorNamespaceSelector={}, podMonitorNamespaceSelector={}))
        kube.apply([each for one in MISTAKES for each in one.whole().values()])
        cls.healthy = whole(wait_s=180)

    def test_1_whole_chains_with_the_labels_of_prometheus(self) -> None:
        """Predicted is what /api/v1/targets has, to the label."""
        def key(labels: dict[str, str]) -> str:
            return json.dumps(labels, sort_keys=True)

        predicted = sorted((each["pool"], each["url"], key(each["labels"]))
                           for each in self.healthy["targets"] if each["state"] == "active")
        there = sorted((each["scrapePool"], each["scrapeUrl"], key(each["labels"]))
                       for each in self.server.targets())
        self.assertEqual(predicted, there)
        self.assertEqual(len(there), sum(each.replicas for each in MISTAKES))
        self.assertEqual({each["health"] for each in self.healthy["targets"]
                          if each["state"] == "active"}, {"up"})

    def test_2_mistakes_are_found_mended_and_found_mended(self) -> None:
        self.assertGreaterEqual(len(MISTAKES), 20)
        for one in MISTAKES:
            self.breaks(one)
        found = wait_until(self.all_found, timeout_s=150, pause_s=1)
        for one in MISTAKES:
            with self.subTest(one.name):
                finding = found[one.name]
                self.assertTrue(finding["found"] and finding["expected"] and finding["fix"])
                if one.by_words:
                    kube.apply(list(one.whole().values()))
                else:
                    self.assertIsNotNone(finding["patch"], words(finding))
                    mend(finding["patch"])
        told = whole(wait_s=180)
        self.assertEqual({each["health"] for each in told["targets"] if each["state"] == "active"},
                         {"up"})

    def breaks(self, one: Mistake) -> None:
        there, broken = one.whole(), one.broken()
        for kind in there.keys() - broken.keys():
            kube.delete(kind, one.name, demo.NAMESPACE)
        # replace, for apply would merge lists and maps with what is there.
        changed = [each for kind, each in broken.items() if each != there[kind]]
        if changed:
            kube.kubectl("replace", "-f", "-", stdin=kube.as_list(changed))

    def all_found(self) -> dict[str, dict[str, Any]]:
        told = report()
        made, wrong = {}, []
        for one in MISTAKES:
            mine = report(f"svc/{one.name}") if one.by_name else told
            about = of_chain(one.name, mine["findings"])
            if about and first(about)["code"] == one.code:
                made[one.name] = first(about)
            else:
                wrong.append(f"{one.name}: {[words(each) for each in about]}, not {one.code}")
        assert not wrong, "\n".join(wrong)
        self.assertEqual(told["first_broken"]["link"], 1)
        return made

    def test_3_rights(self) -> None:
        """A namespace that the account of Prometheus may not read."""
        objects = mistakes.chain("elsewhere")
        for kind in ("Deployment", "Service"):
            objects[kind]["metadata"]["namespace"] = kube.SANDBOX
        objects["ServiceMonitor"]["spec"]["namespaceSelector"] = {"matchNames": [kube.SANDBOX]}
        kube.apply(list(objects.values()))
        self.addCleanup(kube.delete, "servicemonitor", "elsewhere", demo.NAMESPACE)
        finding = wait_until(lambda: self.is_first("LC0501", "servicemonitor/elsewhere"),
                             timeout_s=60, pause_s=1)
        mend(finding["patch"])
        whole("servicemonitor/elsewhere")

    def is_first(self, code: str, *named: str) -> dict[str, Any]:
        told = report(*named)
        self.assertEqual((told["first_broken"] or {}).get("code"), code,
                         [words(each) for each in told["findings"]])
        return next(each for each in told["findings"] if each["code"] == code)

    def patched(self, **spec: Any) -> None:
        kube.kubectl("-n", kube.SANDBOX, "patch", "prometheus", kube.SANDBOX, "--type=merge", "-p",
                     json.dumps({"spec": spec}))

    def test_4_the_prometheus_object(self) -> None:
        for spec, code in (({"serviceMonitorSelector": None}, "LC0404"),
                           ({"paused": True}, "LC0406")):
            with self.subTest(code):
                self.addCleanup(self.patched, paused=False,
                                serviceMonitorSelector={"matchLabels": mistakes.LABEL})
                self.patched(**spec)
                mend(self.is_first(code, "servicemonitor/https")["patch"])
                self.patched(serviceMonitorSelector={"matchLabels": mistakes.LABEL})
                whole("servicemonitor/https")

    def test_5_another_monitor_keeps_prometheus_from_reloading(self) -> None:
        """The operator writes the name of a port as a regex, and Prometheus does not load it."""
        bad = mistakes.chain("another-team")["ServiceMonitor"]
        bad["spec"]["endpoints"][0]["port"] = "me(trics"
        bad["spec"]["namespaceSelector"] = {"matchNames": [kube.SANDBOX]}
        bad["metadata"]["namespace"] = kube.SANDBOX
        kube.apply([bad])
        self.addCleanup(kube.delete, "servicemonitor", "another-team", kube.SANDBOX)
        finding = wait_until(lambda: self.is_first("LC0606", "servicemonitor/https"),
                             timeout_s=prometheus.switch_s(), pause_s=1)
        self.assertIn("another-team", finding["found"])
        kube.delete("servicemonitor", "another-team", kube.SANDBOX)
        whole("servicemonitor/https", wait_s=prometheus.switch_s())

    def test_6_no_pod_of_prometheus(self) -> None:
        self.addCleanup(self.patched, replicas=1)
        self.patched(replicas=0)
        wait_until(lambda: self.is_first("LC0407", "servicemonitor/https"), timeout_s=90, pause_s=1)
        self.patched(replicas=1)
        whole("servicemonitor/https", wait_s=prometheus.switch_s())

    def test_7_queries_and_history(self) -> None:
        up = f'up{{namespace="{demo.NAMESPACE}", service="https"}}'
        whole("--query", up, "--query", "demo_http_requests_total")
        told = report("--query", up.replace("https", "htps"))
        self.assertEqual(told["first_broken"]["code"], "LC0903")
        told = report("--query", "demo_http_request_total")
        finding = next(each for each in told["findings"] if each["code"] == "LC0902")
        self.assertEqual(finding["expected"], "demo_http_requests_total")
        told = report("--query", 'demo_http_requests_total{code="599"}')
        self.assertEqual(told["first_broken"]["code"], "LC0905")
        kube.delete("servicemonitor", "https", demo.NAMESPACE)
        self.addCleanup(whole, "servicemonitor/https")
        self.addCleanup(kube.apply, [mistakes.chain("https")["ServiceMonitor"]])
        told = report("svc/https")
        self.assertEqual(told["first_broken"]["code"], "LC0301")
        history = next(each for each in told["findings"] if each["code"] == "LC0906")
        self.assertRegex(history["found"], r"newest sample is \S+ old")

    def test_8_who_may_not_read(self) -> None:
        """A missing right is called so, and not a broken link."""
        reader = f"system:serviceaccount:{demo.NAMESPACE}:reader"
        group = "rbac.authorization.k8s.io"
        where = {"name": "reader", "namespace": demo.NAMESPACE}
        kube.apply([
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where},
            {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": where, "rules": [
                {"apiGroups": [""], "resources": ["services"], "verbs": ["list"]},
                {"apiGroups": ["monitoring.coreos.com"], "resources": ["servicemonitors"],
                 "verbs": ["list"]}]},
            {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": where,
             "roleRef": {"apiGroup": group, "kind": "Role", "name": "reader"},
             "subjects": [{"kind": "ServiceAccount", **where}]}])
        done = subprocess.run([LOOPCHECK, "live", "servicemonitor/https", "-n", demo.NAMESPACE,
                               "--as", reader], capture_output=True, text=True, check=False,
                              timeout=60, env={**os.environ, "KUBECTL": kube.KUBECTL})
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("forbidden", done.stdout)
        self.assertNotIn(" error, ", done.stdout)

    def test_9_bad_input_and_signals(self) -> None:
        for arguments, text in (
                (("svc/none", "-n", demo.NAMESPACE), "Service/demo/none is not there"),
                (("thing/x", "-n", demo.NAMESPACE), "no KIND/NAME"),
                (("svc/https", "-A"), "in which namespace"),
                (("-n", "default"), "nothing to check in namespace default"),
                (("-n", "default", "-A"), "exclude each other"),
                (("--wait", "soon"), "--wait: bad value"),
                (("--context", "none"), "none")):
            with self.subTest(arguments):
                done = live(*arguments)
                self.assertEqual(done.returncode, 2, done)
                self.assertIn(text, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        process = subprocess.Popen(  # the chain is never whole: nobody answers such a query
            [LOOPCHECK, "live", "-n", demo.NAMESPACE, "--prometheus", OWN, "--wait", "10m",
             "--query", "none"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "KUBECTL": kube.KUBECTL})
        self.assertRegex(process.stderr.readline(), r"^loopcheck: \d+ s: link 9")
        process.send_signal(signal.SIGINT)
        begin = time.monotonic()
        process.communicate(timeout=10)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertLess(time.monotonic() - begin, 5)


if __name__ == "__main__":
    unittest.main()
