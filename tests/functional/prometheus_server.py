# SPDX-License-Identifier: Apache-2.0
"""A Prometheus server of our own: started, asked by its API, and ended."""
from __future__ import annotations

import json
import pathlib
import signal
import urllib.parse
import urllib.request
from typing import Any

from service import Program, log_field, wait_until


class Prometheus(Program):
    """On a port of the kernel's choice, with its data in a folder of its own. Scrapes each second
    what its jobs say."""

    def __init__(self, program: str, folder: pathlib.Path, jobs: list[dict[str, Any]],
                 *flags: str) -> None:
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({  # which is YAML, too
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}))
        super().__init__([program, f"--config.file={config}",
                          f"--storage.tsdb.path={folder / 'data'}",
                          "--web.listen-address=127.0.0.1:0", *flags])
        try:
            line = wait_until(lambda: self.logged('msg="Listening on"'), timeout_s=60)
            self.address = log_field(line, "address")
            wait_until(lambda: self.get("/-/ready"), timeout_s=60)
        except AssertionError:
            self.kill()
            raise

    def __enter__(self) -> Prometheus:
        return self

    def __exit__(self, *_: object) -> None:
        self.signal(signal.SIGTERM)
        try:
            self.wait(20)
        finally:
            self.kill()

    def get(self, path: str, **query: str) -> bytes:
        url = f"http://{self.address}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read()

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
