# SPDX-License-Identifier: Apache-2.0
"""A Prometheus server of our own: started, asked by its API, and ended."""
from __future__ import annotations

import json
import pathlib
import signal
import urllib.parse
import urllib.request
from typing import Any

from programs import Program, log_field, wait_until
from prometheus_api import PrometheusApi


class Prometheus(Program, PrometheusApi):
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
