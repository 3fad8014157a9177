# SPDX-License-Identifier: Apache-2.0
"""What a Prometheus that has our rules must show. AssertionError where it does not, yet."""
from __future__ import annotations

from component import Object
from prometheus_api import PrometheusApi


def evaluated(server: PrometheusApi, groups: list[Object]) -> None:
    """Every rule is there and gives no error."""
    rules = [rule for group in server.api("rules")["groups"] for rule in group["rules"]]
    count = sum(len(group["rules"]) for group in groups)
    assert len(rules) == count, f"{len(rules)} of {count}"
    bad = [rule for rule in rules if rule["health"] != "ok"]
    assert not bad, bad


def has_data(server: PrometheusApi, query: str) -> None:
    assert server.query(query), f"nothing for {query}"
