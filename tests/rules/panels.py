# SPDX-License-Identifier: Apache-2.0
"""The dashboard: its queries as Prometheus gets them, and what is wrong with its form."""
from __future__ import annotations

import itertools
import re
from typing import Any, Iterator

Object = dict[str, Any]

COLUMNS = 24
UID_MAX = 40  # Grafana's
# Of Grafana's units, those that these panels use.
UNITS = {"bytes", "cps", "none", "ops", "percentunit", "reqps", "s", "short"}


def queries(dashboard: Object) -> Iterator[tuple[str, str]]:
    """(panel, query) pairs, with everything chosen in each variable; last those of variables."""
    chosen = {"__rate_interval": "1m"}
    for each in dashboard["templating"]["list"]:
        chosen[each["name"]] = each.get("allValue", "")

    def filled(text: str) -> str:
        return re.sub(r"\$(\w+)", lambda name: chosen[name[1]], text)
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], filled(target["expr"])
    for each in dashboard["templating"]["list"]:
        if each["type"] == "query":
            found = re.fullmatch(r"label_values\((.+), (\w+)\)", each["query"]["query"])
            if found is None:
                raise ValueError(each["query"])
            yield each["name"], f"count by ({found[2]}) ({filled(found[1])})"


def overlap(one: Object, other: Object) -> bool:
    return all(one[low] < other[low] + other[size] and other[low] < one[low] + one[size]
               for low, size in (("x", "w"), ("y", "h")))


def findings(dashboard: Object) -> Iterator[str]:
    panels = dashboard["panels"]
    if not re.fullmatch(rf"[\w-]{{1,{UID_MAX}}}", dashboard.get("uid", "")):
        yield "no uid"
    if "id" in dashboard:
        yield "an id: it is another in each Grafana"
    variables = [each["name"] for each in dashboard["templating"]["list"]]
    if variables != ["datasource", "namespace", "service"]:
        yield f"variables {variables}"
    identities = [panel["id"] for panel in panels]
    if len(set(identities)) != len(identities):
        yield f"ids {identities}"
    for one, other in itertools.combinations(panels, 2):
        if overlap(one["gridPos"], other["gridPos"]):
            yield f"{one['title']} and {other['title']} overlap"
    for panel in panels:
        yield from panel_findings(panel)


def panel_findings(panel: Object) -> Iterator[str]:
    title, place = panel["title"], panel["gridPos"]
    if place["x"] < 0 or place["x"] + place["w"] > COLUMNS or min(place["w"], place["h"]) < 1:
        yield f"{title} is out of the grid"
    if panel["type"] == "row":
        return
    if panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
        yield f"{title} has no unit"
    if panel["datasource"] != {"type": "prometheus", "uid": "${datasource}"}:
        yield f"{title} has a source of its own"
    if not panel["description"].endswith("."):
        yield f"{title} is not described"
    references = [target["refId"] for target in panel["targets"]]
    if not references or len(set(references)) != len(references):
        yield f"{title} has queries {references}"
    for target in panel["targets"]:
        ours = not target["expr"].startswith("demo:threshold:")
        if ours and not all(f'{name}=~"${name}"' in target["expr"]
                              for name in ("namespace", "service")):
            yield f"{title} does not heed the variables"
