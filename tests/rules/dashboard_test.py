# SPDX-License-Identifier: Apache-2.0
"""The dashboard as it is rendered: Grafana's sidecar finds it, and its form is sound."""
from __future__ import annotations

import copy
import json
import unittest
from typing import Any, Callable

import component
import panels
import rendering

FILE = rendering.K8S / "components" / "grafana-dashboard" / "demo-cpp.json"
LINE_MAX = 200

Change = Callable[[component.Object], Any]


def panel(at: int, **fields: Any) -> Change:
    return lambda mutant: mutant["panels"][at].update(fields)


def place(at: int, **fields: int) -> Change:
    return lambda mutant: mutant["panels"][at]["gridPos"].update(fields)


# Panel 0 is a row, 1 to 4 stand in it. Each makes one finding.
MUTATIONS: dict[str, Change] = {
    "no uid": lambda mutant: mutant.pop("uid"),
    "an id": lambda mutant: mutant.update(id=7),
    "variables": lambda mutant: mutant["templating"]["list"].reverse(),
    "ids": panel(2, id=2),
    "Rate and Rate by path overlap": place(2, x=5, w=7),
    "Duration is out of the grid": place(4, w=7),
    "Rate has no unit": panel(1, fieldConfig={"defaults": {}}),
    "Rate has a source": panel(1, datasource={"type": "prometheus", "uid": "mine"}),
    "Rate is not described": panel(1, description=""),
    "Rate has queries []": panel(1, targets=[]),
    "Rate does not heed": panel(1, targets=[
        {"refId": "A", "expr": 'demo_http_requests_total{namespace=~"$namespace"}'}]),
}


class Dashboard(unittest.TestCase):
    def setUp(self) -> None:
        self.dashboard = component.dashboard()

    def test_form_is_sound(self) -> None:
        self.assertEqual(list(panels.findings(self.dashboard)), [])

    def test_each_mutation_is_named_exactly(self) -> None:
        for finding, mutate in MUTATIONS.items():
            with self.subTest(finding):
                mutant = copy.deepcopy(self.dashboard)
                mutate(mutant)
                found = list(panels.findings(mutant))
                self.assertEqual(len(found), 1, found)
                self.assertTrue(found[0].startswith(finding), found)

    def test_sidecar_finds_it_with_either_monitor(self) -> None:
        for overlay in ("servicemonitor", "podmonitor"):
            found = component.only(component.render(overlay), "ConfigMap", "demo-cpp-dashboard")
            self.assertEqual(found["metadata"]["labels"]["grafana_dashboard"], "1")
            self.assertEqual(found["metadata"]["namespace"], "monitoring")
            self.assertEqual(json.loads(found["data"]["demo-cpp.json"]), self.dashboard)

    def test_is_readable(self) -> None:
        lines = FILE.read_text().splitlines()
        self.assertGreater(len(lines), 100)
        for line in lines:
            self.assertEqual((len(line) - len(line.lstrip(" "))) % 2, 0, line)
            if '"expr"' not in line:  # JSON cannot break a string
                self.assertLessEqual(len(line), LINE_MAX)

    def test_every_threshold_of_a_panel_is_one_of_the_rules(self) -> None:
        records = component.records(component.groups())
        drawn = {query for _, query in panels.queries(self.dashboard) if "threshold" in query}
        self.assertGreater(len(drawn), 3)
        self.assertLessEqual(drawn, records.keys())


if __name__ == "__main__":
    unittest.main()
