# SPDX-License-Identifier: Apache-2.0
"""What is asked of a Prometheus server, wherever it runs."""
from __future__ import annotations

import json
from typing import Any


class PrometheusApi:
    """Whoever derives says how to get a path."""

    def get(self, path: str, **query: str) -> bytes:
        raise NotImplementedError

    def api(self, path: str, **query: str) -> Any:
        answer = json.loads(self.get("/api/v1/" + path, **query))
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, promql: str, at: float | None = None) -> list[tuple[dict[str, str], float]]:
        when = {} if at is None else {"time": str(at)}
        return [(one["metric"], float(one["value"][1]))
                for one in self.api("query", query=promql, **when)["result"]]

    def one(self, promql: str, at: float | None = None) -> float:
        found = self.query(promql, at)
        assert len(found) == 1, f"{promql}: {found}"
        return found[0][1]

    def targets(self) -> list[dict[str, Any]]:
        return self.api("targets", state="active")["activeTargets"]

    def own(self) -> dict[str, float]:
        """Its own series without labels."""
        return {name: float(value) for name, _, value in
                (line.partition(" ") for line in self.get("/metrics").decode().splitlines())
                if "{" not in name and not name.startswith("#")}

    def refused(self) -> dict[str, float]:
        """How many samples it refused, by reason."""
        own = self.own()
        return {reason: own[f"prometheus_target_scrapes_{reason}_total"]
                for reason in ("sample_duplicate_timestamp", "sample_out_of_order",
                               "sample_out_of_bounds", "exemplar_out_of_order",
                               "exceeded_sample_limit", "exceeded_body_size_limit")}
