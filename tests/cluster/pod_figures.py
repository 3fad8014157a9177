# SPDX-License-Identifier: Apache-2.0
"""Measures images in Pods, one after the other and each in the same Pod but for its image, through
what the kubelet says of them. Used by scripts/bench (row in-pod); the cluster must have the images.

usage: pod_figures.py ROUNDS NAME=IMAGE[,ARGUMENT...]...
stdout: JSON, name -> a list of runs: ready_s (from the Pod's creation), idle_mb and loaded_mb
        (working set), idle_millicores, cpu_ms_per_1000 (requests to /status/200, half of them on
        new connections)
"""
from __future__ import annotations

import json
import sys
import time
from typing import Any

import client
import kube
from programs import wait_until

POD = "measured"
PORT = 8080
PER_SECOND = 500
LOADED_S = 30
IDLE_S = 30


def pod(image: str, arguments: list[str]) -> kube.Object:
    made = client.pod(POD, [])
    container = made["spec"]["containers"][0]
    del container["command"], container["volumeMounts"], made["spec"]["volumes"]
    container.update(
        image=image, name=POD, args=arguments,
        resources={"requests": {"cpu": "50m", "memory": "64Mi"},
                   "limits": {"cpu": "500m", "memory": "256Mi"}},
        readinessProbe={"httpGet": {"path": "/status/200", "port": PORT}, "periodSeconds": 1})
    return made


def status() -> dict[str, Any]:
    path = f"/api/v1/namespaces/{kube.SANDBOX}/pods/{POD}"
    return json.loads(kube.proxy().get(path))


def is_ready() -> dict[str, Any]:
    found = status()
    conditions = {each["type"]: each["status"] for each in found["status"].get("conditions", [])}
    assert conditions.get("Ready") == "True", found["status"]
    return found


class Usage:
    """What the kubelet knows of the Pod's container; it looks every ten seconds or so."""

    def __init__(self, node: str) -> None:
        self._path = f"/api/v1/nodes/{node}/proxy/stats/summary"

    def now(self) -> dict[str, Any]:
        pods = json.loads(kube.proxy().get(self._path))["pods"]
        found = [each for each in pods if each["podRef"]["name"] == POD
                 and each["podRef"]["namespace"] == kube.SANDBOX]
        assert found and found[0].get("containers"), "the kubelet does not know the Pod yet"
        told = found[0]["containers"][0]
        return {"at": told["cpu"]["time"], "cpu_s": told["cpu"]["usageCoreNanoSeconds"] / 1e9,
                "mb": told["memory"]["workingSetBytes"] / 1e6, "read": time.monotonic()}

    def later(self, than: dict[str, Any]) -> dict[str, Any]:
        """The second of the looks that follow: the first may have begun before now."""
        for _ in range(2):
            def newer() -> dict[str, Any]:
                found = self.now()
                assert found["at"] > than["at"], found
                return found
            than = wait_until(newer, timeout_s=90, pause_s=0.5)
        return than


def run(image: str, arguments: list[str]) -> dict[str, float]:
    begin = time.monotonic()
    kube.apply([pod(image, arguments)])
    try:
        found = wait_until(is_ready, timeout_s=60, pause_s=0.02)
        ready_s = time.monotonic() - begin
        usage = Usage(found["spec"]["nodeName"])
        first = wait_until(usage.now, timeout_s=60, pause_s=1)
        first = usage.later(first)
        idle = usage.later(first)
        while idle["read"] - first["read"] < IDLE_S:
            idle = usage.later(idle)
        idle_cores = (idle["cpu_s"] - first["cpu_s"]) / (idle["read"] - first["read"])
        address = f"{found['status']['podIP']}:{PORT}"
        with client.Client("/status/200", PER_SECOND, address=address) as load:
            wait_until(lambda: load.answered(LOADED_S * PER_SECOND), timeout_s=3 * LOADED_S,
                       pause_s=1)
            loaded_mb = usage.now()["mb"]
            counts = load.stop()
        assert counts["failed"] == 0, counts
        after = usage.later(usage.now())
        used_s = after["cpu_s"] - idle["cpu_s"] - idle_cores * (after["read"] - idle["read"])
        return {"ready_s": ready_s, "idle_mb": idle["mb"], "idle_millicores": idle_cores * 1000,
                "loaded_mb": loaded_mb, "cpu_ms_per_1000": used_s * 1e6 / counts["answered"]}
    finally:
        kube.delete("pod", POD, kube.SANDBOX)


def main() -> None:
    found: dict[str, list[dict[str, float]]] = {}
    with kube.Sandbox():
        for _ in range(int(sys.argv[1])):
            for each in sys.argv[2:]:
                name, _, what = each.partition("=")
                image, *arguments = what.split(",")
                found.setdefault(name, []).append(run(image, arguments))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
