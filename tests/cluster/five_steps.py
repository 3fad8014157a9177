# SPDX-License-Identifier: Apache-2.0
"""The five steps of the handbook's section 6: each by the page's own commands, with the right
answer that the page gives. AssertionError with what they printed is a wrong answer."""
from __future__ import annotations

import datetime
import json

import demo
import kube
import prometheus
from handbook import Output, Page, Shell, like, shown


def monitor() -> str:
    """The kind of the one that is applied."""
    found = [kind for kind in ("servicemonitor", "podmonitor")
             if kube.exists(kind, demo.NAME, demo.MONITORING)]
    assert len(found) == 1, f"monitors called {demo.NAME}: {found}"
    return found[0]


def changed_ago_s(kind: str) -> float:
    """How long ago our monitor was last changed; in whole seconds, as its cluster tells."""
    fields = json.loads(kube.kubectl("-n", demo.MONITORING, "get", kind, demo.NAME, "-o", "json",
                                     "--show-managed-fields"))["metadata"]["managedFields"]
    last = max(datetime.datetime.fromisoformat(each["time"]) for each in fields)
    return (datetime.datetime.now(datetime.UTC) - last).total_seconds()


def _most_s(age: str) -> float:
    """Of an age as kubectl prints it, which leaves the seconds of a long one out."""
    return prometheus.seconds(age) + (0 if age.endswith("s") else 60)


class Steps:
    def __init__(self, page: Page, shell: Shell, failures: str | None = None) -> None:
        """`failures`: how many failures of its discovery Prometheus has told of; None: unknown."""
        self._page, self._shell, self._failures = page, shell, failures

    def output(self, anchor: str) -> Output:
        """Of the first block there, right or wrong."""
        return self._shell.run(self._page.one(anchor))

    def right(self, step: int) -> None:
        (self.pod_answers, self.service_finds_pods, self.monitor_is_loaded,
         self.targets_are_up)[step - 1]()

    def server(self) -> prometheus.Server:
        return prometheus.servers(demo.MONITORING, self._shell.server)[0]

    def pod_answers(self) -> None:
        output = self.output("step-1")
        names = sorted(each["metadata"]["name"] for each in demo.pods())
        assert sorted(output.lines(r"^(demo-cpp-\S+) +1/1 +Running ")) == names, output
        assert len(names) == 2, output
        metrics = self._page.one("step-1", "text").text
        assert shown(f"…\nhello\n{metrics}…\n").fullmatch(output.text), output
        for name in ("http_requests_total", "http_request_duration_seconds"):
            for kind in ("HELP", "TYPE"):
                assert f"# {kind} demo_{name} " in output.text, output

    def service_finds_pods(self) -> None:
        output = self.output("step-2")
        expected = [f"{each['status']['podIP']}:8080 port=metrics ready=true "
                    f"pod={each['metadata']['name']}" for each in demo.pods()]
        found = output.lines(r"^(\d.* port=.*)$")
        assert sorted(found) == sorted(expected), output
        assert like("\n".join(found)) == like(self._page.one("step-2", "text").text), output

    def monitor_is_loaded(self) -> None:
        kind = {"servicemonitor": "ServiceMonitor", "podmonitor": "PodMonitor"}[monitor()]
        self._is_selected(kind, self.output("step-3a"))

        output = self.output("step-3c")
        events = output.lines(rf"^\S+ +(\S+) +Warning +InvalidConfiguration +\w+/{demo.NAME} ")
        unchanged_s = changed_ago_s(kind.lower())
        assert all(_most_s(age) > unchanged_s for age in events), f"{unchanged_s} s: {output}"
        assert output.lines(r"^prometheus_config_last_reload_successful (.*)$") == ["1"], output
        pool = prometheus.pool(kind.lower())
        assert output.lines(r"^- job_name: (.*)$") == [pool], output
        failures = output.lines(r"^prometheus_sd_kubernetes_failures_total (.*)$")
        before, self._failures = self._failures, failures[0] if failures else "0"
        assert before in (None, self._failures), f"were {before}: {output}"

    def _is_selected(self, kind: str, output: Output) -> None:
        field = kind[0].lower() + kind[1:]
        monitors = output.lines(rf"^(\w+)\.monitoring\.coreos\.com/{demo.NAME} .*"
                                r"\brelease=prometheus\b")
        assert monitors == [kind.lower()], output
        objects = [json.loads(each) for each in output.lines(r'^(\{"prometheus":.*\})$')]
        ours, = (each for each in objects
                 if each["prometheus"] == f"{demo.MONITORING}/{self._shell.server}")
        assert not ours["paused"], output
        assert ours[f"{field}Selector"] in ({"matchLabels": {"release": "prometheus"}}, {}), output

        selectors = [json.loads(each) for each in output.lines(r'^(\{"kind":.*\})$')]
        assert [each["kind"] for each in selectors] == [kind], output
        assert demo.NAMESPACE in (selectors[0]["namespaces"] or {}).get("matchNames", []), output
        wanted = {f"{name}={value}"
                  for name, value in selectors[0]["selector"]["matchLabels"].items()}
        assert wanted, output
        thing = "service" if kind == "ServiceMonitor" else "pod"
        labelled = [set(each.split(",")) for each in
                    output.lines(rf"^{thing}/{demo.NAME}\S* .* (\S+)$")]
        assert labelled and all(wanted <= each for each in labelled), output

    def targets_are_up(self) -> None:
        output = self.output("step-4")
        kind, pods = monitor(), demo.pods()
        pool = prometheus.pool(kind)
        seen = sorted(output.lines(rf"^({pool} up http://\S+) \S+Z *$"))
        assert seen == sorted(f"{pool} up http://{each['status']['podIP']}:8080/metrics"
                              for each in pods), output
        assert len(output.lines("^(.*Monitor/)")) == len(pods), output
        labels = [json.loads(each) for each in output.lines(r"^  (\{.*\})$")]
        expected = [prometheus.target_labels(kind, each) for each in pods]
        for each in (labels, expected):
            each.sort(key=lambda found: found["pod"])
        assert labels == expected, output
        if kind == "servicemonitor":  # which the page shows
            example = self._page.one("step-4", "text").text
            assert set(like(output.text)) == set(like(example)), output

    def up(self) -> list[float]:
        """What `up` says of the Pods that are there, by way of our monitor of now."""
        expected = [prometheus.target_labels(monitor(), each) for each in demo.pods()]
        return [value for labels, value in self.server().query("up")
                if {name: value for name, value in labels.items() if name != "__name__"}
                in expected]
