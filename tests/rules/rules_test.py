# SPDX-License-Identifier: Apache-2.0
"""The rules as they are rendered: promtool takes them, each alert fires when it should and only
then, each threshold counts, and each alert has its runbook."""
from __future__ import annotations

import json
import pathlib
import re
import tempfile
import unittest
from typing import Callable

import component
import promql
import rendering
import strict_yaml
from programs import tool

PROMTOOL = tool("promtool")
CASES = pathlib.Path(__file__).with_name("alerts.yaml")
RUNBOOKS = rendering.SOURCE_ROOT / "docs" / "runbooks"
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
THRESHOLD = "demo:threshold:"
FIRING, SILENT = True, False

Object = component.Object


def chosen(cases: Object, groups: list[Object], wanted: Callable[[str, bool], bool]) -> Object:
    """The cases whose alert and verdict are wanted, complete for promtool."""
    alerts, tests = component.alerts(groups), []
    for case in cases["tests"]:
        kept = []
        for each in case["alert_rule_test"]:
            expected = each.get("exp_alerts", [])
            if not wanted(each["alertname"], bool(expected)):
                continue
            fixed = {key: value for key, value in
                     alerts[each["alertname"]]["annotations"].items() if "{{" not in value}
            kept.append({**each, "exp_alerts": [
                {**one, "exp_annotations": {**fixed, **one["exp_annotations"]}}
                for one in expected]})
        if kept:
            tests.append({**case, "alert_rule_test": kept})
    return {**cases, "tests": tests, "rule_files": ["rules.yml"],
            "group_eval_order": [each["name"] for each in groups]}


class Rules(unittest.TestCase):
    groups: list[Object]
    cases: Object

    @classmethod
    def setUpClass(cls) -> None:
        cls.groups = component.groups()
        cls.cases, = strict_yaml.documents(CASES.read_text())

    def run_promtool(self, groups: list[Object], cases: Object | None = None) -> tuple[int, str]:
        """promtool's verdict on the groups, or on the cases with the groups."""
        with tempfile.TemporaryDirectory() as folder:
            rules = pathlib.Path(folder, "rules.yml")
            rules.write_text(json.dumps({"groups": groups}))  # which is YAML, too
            if cases is None:
                command = ["check", "rules", "--lint=all", "--lint-fatal", str(rules)]
            else:
                self.assertTrue(cases["tests"])
                tests = pathlib.Path(folder, "tests.yml")
                tests.write_text(json.dumps(cases))
                command = ["test", "rules", str(tests)]
            done = component.promtool(PROMTOOL, *command)
        return done.returncode, done.stdout + done.stderr

    def verdict(self, groups: list[Object], wanted: Callable[[str, bool], bool]) -> bool:
        """Whether the chosen cases pass with these rules."""
        code, said = self.run_promtool(groups, chosen(self.cases, self.groups, wanted))
        self.assertIn("SUCCESS" if code == 0 else "FAILED", said)
        return code == 0

    def test_promtool_takes_them(self) -> None:
        code, said = self.run_promtool(self.groups)
        self.assertEqual(code, 0, said)

    def test_promtool_refuses_what_is_wrong(self) -> None:
        self.assertNotEqual(self.run_promtool(
            component.changed(self.groups, "DemoAbsent", expr="absent(up"))[0], 0)
        twice = [{**self.groups[0], "rules": self.groups[0]["rules"] * 2}]
        self.assertNotEqual(self.run_promtool(twice)[0], 0)

    def test_either_monitor_gets_the_same_rules(self) -> None:
        rule = component.only(component.render("podmonitor"), "PrometheusRule", "demo-cpp")
        self.assertEqual(rule["spec"]["groups"], self.groups)
        self.assertEqual(rule["metadata"]["namespace"], "monitoring")
        self.assertEqual(rule["metadata"]["labels"]["release"], "prometheus")

    def test_alerts_fire_when_they_should(self) -> None:
        code, said = self.run_promtool(
            self.groups, chosen(self.cases, self.groups, lambda name, verdict: True))
        self.assertEqual(code, 0, said)

    def test_every_alert_has_a_firing_and_a_silent_case(self) -> None:
        found = {(each["alertname"], bool(each.get("exp_alerts"))) for case in self.cases["tests"]
                 for each in case["alert_rule_test"]}
        self.assertEqual(found, {(name, verdict) for name in component.alerts(self.groups)
                                 for verdict in (FIRING, SILENT)})

    def test_every_case_can_fail(self) -> None:
        """One that never fires fails the firing cases, one that always does the silent ones."""
        for name in component.alerts(self.groups):
            for expr, verdict in (("vector(0) > 1", FIRING), ("vector(1)", SILENT)):
                with self.subTest(name, expr=expr):
                    mutant = component.changed(self.groups, name, expr=expr, **{"for": "0s"})
                    self.assertFalse(self.verdict(
                        mutant, lambda alert, fires: (alert, fires) == (name, verdict)))

    def test_every_threshold_counts(self) -> None:
        """Far too high and far too low, it changes what fires, and what does not."""
        thresholds = [name for name in component.records(self.groups) if name.startswith(THRESHOLD)]
        self.assertGreater(len(thresholds), 5)
        for name in thresholds:
            readers = {alert for alert, rule in component.alerts(self.groups).items()
                       if name in rule["expr"]}
            with self.subTest(name):
                fires, silent = zip(*(
                    [self.verdict(component.changed(self.groups, name, expr=value),
                                  lambda alert, fires: alert in readers and fires == verdict)
                     for verdict in (FIRING, SILENT)] for value in ("1e12", "1e-12")))
                self.assertIn(False, fires, "nothing stops firing")
                self.assertIn(False, silent, "nothing begins to fire")

    def test_thresholds_are_numbers_and_come_first(self) -> None:
        for rule in self.groups[0]["rules"]:
            self.assertTrue(rule["record"].startswith(THRESHOLD))
            self.assertGreater(float(rule["expr"]), 0)
        for group in self.groups[1:]:
            self.assertFalse([rule for rule in group["rules"]
                              if rule.get("record", "").startswith(THRESHOLD)])

    def test_limits_of_scrapes_are_the_monitors(self) -> None:
        records = component.records(self.groups)
        for overlay, kind in (("servicemonitor", "ServiceMonitor"), ("podmonitor", "PodMonitor")):
            spec = component.only(component.render(overlay), kind, "demo-cpp")["spec"]
            self.assertEqual(int(records[THRESHOLD + "scrape_samples"]["expr"]),
                             spec["sampleLimit"])
            size = re.fullmatch(r"(\d+)MB", spec["bodySizeLimit"])
            assert size is not None
            self.assertEqual(int(records[THRESHOLD + "scrape_body_bytes"]["expr"]),
                             int(size[1]) * 1024 * 1024)

    def test_every_shared_family_is_taken_with_our_job(self) -> None:
        """`up` alone would be everybody's."""
        def loose(expr: str) -> list[str]:
            return [each.metric for each in promql.parse(expr).selectors
                    if not each.metric.startswith("demo_") and ":" not in each.metric
                    and promql.Matcher("job", "=~", component.JOB) not in each.matchers]
        for group in self.groups:
            for rule in group["rules"]:
                self.assertEqual(loose(rule["expr"]), [], rule)
        self.assertEqual(loose('up{job=~"demo"} + demo_x'), ["up"])

    def test_job_is_that_of_either_monitor(self) -> None:
        """A ServiceMonitor's is the Service's name, a PodMonitor's its own with its namespace."""
        service = component.only(component.render("servicemonitor"), "Service", "demo-cpp")
        monitor = component.only(component.render("podmonitor"), "PodMonitor", "demo-cpp")
        own = monitor["metadata"]
        for job in (service["metadata"]["name"], f'{own["namespace"]}/{own["name"]}'):
            self.assertRegex(job, f"^(?:{component.JOB})$")
        self.assertNotRegex("other-demo-cpp", f"^(?:{component.JOB})$")

    def test_every_alert_is_complete(self) -> None:
        for name, alert in component.alerts(self.groups).items():
            with self.subTest(name):
                self.assertRegex(name, r"^Demo([A-Z][a-z]+)+$")
                self.assertIn(alert["labels"]["severity"], ("critical", "warning"))
                self.assertEqual(alert["annotations"].keys(),
                                 {"summary", "description", "runbook_url"})
                for text in (alert["annotations"]["summary"], alert["annotations"]["description"]):
                    self.assertTrue(text.endswith("."))
                self.assertNotIn("{{", alert["annotations"]["summary"])


def table_findings(name: str, alert: Object, readme: str) -> list[str]:
    """What is wrong with the alert's row."""
    row = re.search(rf"^\| \[{name}\]\({name}\.md\) \|.*$", readme, re.MULTILINE)
    if row is None:
        return [f"{name}: not in the table"]
    _, _, severity, when, threshold, _ = (cell.strip() for cell in row[0].split("|"))
    found = []
    if severity != alert["labels"]["severity"]:
        found.append(f"{name}: the table says {severity}")
    pause = alert.get("for", "").removesuffix("m")
    if not when.endswith(f"; {pause} min" if pause else "; at once"):
        found.append(f"{name}: the table says {when}")
    read = set(re.findall(rf"{THRESHOLD}(\w+)", alert["expr"]))
    if set(re.findall(r"`(\w+)`", threshold)) != read:
        found.append(f"{name}: it reads {sorted(read)}")
    return found


def runbook_findings(name: str, alert: Object, pages: dict[str, str]) -> list[str]:
    """What is wrong with the page that an alert names."""
    url = alert["annotations"]["runbook_url"]
    if url != f"docs/runbooks/{name}.md":
        return [f"{name}: {url} is not its page"]
    if name + ".md" not in pages:
        return [f"{name}: no page"]
    page = pages[name + ".md"]
    found = []
    if not page.startswith(f"# {name}\n"):
        found.append(f"{name}: another title")
    if re.findall(r"^## (.+)$", page, re.MULTILINE) != SECTIONS:
        found.append(f"{name}: other sections")
    for section in re.split(r"^## .+$", page, flags=re.MULTILINE)[1:]:
        if len(section.split()) < 8:
            found.append(f"{name}: a section says nothing")
    found += table_findings(name, alert, pages["README.md"])
    return found


class Runbooks(unittest.TestCase):
    alerts: dict[str, Object]
    pages: dict[str, str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.alerts = component.alerts(component.groups())
        cls.pages = {path.name: path.read_text() for path in RUNBOOKS.glob("*.md")}

    def test_every_alert_has_its_page(self) -> None:
        found = [each for name, alert in self.alerts.items()
                 for each in runbook_findings(name, alert, self.pages)]
        self.assertEqual(found, [])

    def test_no_page_is_without_alert(self) -> None:
        self.assertEqual(self.pages.keys() - {"README.md"},
                         {name + ".md" for name in self.alerts})

    def test_what_is_wrong_is_found(self) -> None:
        page = self.pages["DemoAbsent.md"]
        alert = self.alerts["DemoAbsent"]
        for mutant in (page.replace("## Impact", "## Effect"), page.replace("# Demo", "# Other"),
                       page.split("## Mitigation")[0] + "## Mitigation\n\nNone.\n"):
            self.assertEqual(len(runbook_findings(
                "DemoAbsent", alert, {**self.pages, "DemoAbsent.md": mutant})), 1)
        self.assertEqual(len(runbook_findings("DemoAbsent", alert, {"README.md": ""})), 1)
        self.assertEqual(len(runbook_findings(
            "DemoAbsent", alert, {**self.pages, "README.md": ""})), 1)
        self.assertEqual(len(runbook_findings("DemoTargetDown", alert, self.pages)), 1)

    def test_a_row_that_lies_is_found(self) -> None:
        name, readme = "DemoLatencyHigh", self.pages["README.md"]
        alert = self.alerts[name]
        for mutant in ({**alert, "labels": {"severity": "critical"}}, {**alert, "for": "1m"},
                       {**alert, "expr": "up > 1"}):
            self.assertEqual(len(table_findings(name, mutant, readme)), 1)

    def test_table_names_every_threshold_with_its_value(self) -> None:
        for name, rule in component.records(component.groups()).items():
            if name.startswith(THRESHOLD):
                self.assertRegex(self.pages["README.md"],
                                 rf"\| `{re.escape(name)}` \| {re.escape(rule['expr'])} \|")


def documented(kustomization: pathlib.Path) -> list[str]:
    """The patches in its comment, each as a user would take it."""
    found = re.findall(r"^#   patches:\n(?:#   .*\n)+", kustomization.read_text(), re.MULTILINE)
    return [re.sub(r"^#   ", "", each, flags=re.MULTILINE) for each in found]


class DocumentedPatches(unittest.TestCase):
    def setUp(self) -> None:
        self.threshold, self.address = documented(
            rendering.K8S / "components" / "prometheus-rules" / "kustomization.yaml")

    def groups_with(self, patch: str) -> list[Object]:
        objects = component.render("servicemonitor", patch)
        return component.only(objects, "PrometheusRule", "demo-cpp")["spec"]["groups"]

    def test_a_threshold_changes_and_nothing_else(self) -> None:
        self.assertEqual(self.groups_with(self.threshold), component.changed(
            component.groups(), THRESHOLD + "error_ratio", expr="0.05"))

    def test_a_threshold_that_moved_is_not_changed(self) -> None:
        with self.assertRaisesRegex(AssertionError, "test"):
            self.groups_with(self.threshold.replace("rules/0/record", "rules/1/record"))

    def test_label_by_which_prometheus_chooses(self) -> None:
        """The monitors' patch, for the other kind."""
        monitor = rendering.K8S / "components" / "servicemonitor" / "kustomization.yaml"
        patch, = documented(monitor)
        objects = component.render("servicemonitor", patch.replace(
            "ServiceMonitor", "PrometheusRule").replace("YOURS", "mine"))
        rule = component.only(objects, "PrometheusRule", "demo-cpp")
        self.assertEqual(rule["metadata"]["labels"], {"release": "mine"})
        self.assertEqual(rule["spec"]["groups"], component.groups())

    def test_readme_has_the_same(self) -> None:
        readme = (RUNBOOKS / "README.md").read_text()
        self.assertIn(f"```yaml\n{self.threshold}```", readme)
        named = set(re.findall(r"`(\w+:\w+:\w+)`", readme))
        self.assertGreater(len(named), 10)
        self.assertLessEqual(named, component.records(component.groups()).keys())

    def test_address_of_the_runbooks(self) -> None:
        groups = self.groups_with(self.address.replace("YOURS", "example.org"))
        for name, alert in component.alerts(groups).items():
            self.assertEqual(alert["annotations"].pop("runbook_url"),
                             f"https://example.org/docs/runbooks/{name}.md")
            alert["annotations"]["runbook_url"] = f"docs/runbooks/{name}.md"
        self.assertEqual(groups, component.groups())


if __name__ == "__main__":
    unittest.main()
