# SPDX-License-Identifier: Apache-2.0
"""client.cpp in a Pod: load from inside the cluster, through the Service and its proxies."""
from __future__ import annotations

import base64
import json
import os
import pathlib
from typing import Any, Self

import demo
import kube
from kube import Object, kubectl
from programs import wait_until

PROGRAM = pathlib.Path(os.environ["CLUSTER_CLIENT"])


def service_address(port_name: str = "metrics") -> str:
    spec = kube.get("service", demo.NAME, demo.NAMESPACE)["spec"]
    port, = (each["port"] for each in spec["ports"] if each["name"] == port_name)
    return f"{spec['clusterIP']}:{port}"


def program(namespace: str) -> Object:
    """A ConfigMap that holds it."""
    return {"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "client", "namespace": namespace},
            "binaryData": {"client": base64.b64encode(PROGRAM.read_bytes()).decode()}}


VOLUME = {"name": "client", "configMap": {"name": "client", "defaultMode": 0o555}}
MOUNT = {"name": "client", "mountPath": "/client", "readOnly": True}


def pod(name: str, command: list[str]) -> Object:
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": kube.SANDBOX},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 65532,
                                "seccompProfile": {"type": "RuntimeDefault"}},
            "volumes": [VOLUME],
            "containers": [{
                "name": "client",
                "image": kube.IMAGE,
                "imagePullPolicy": "IfNotPresent",
                "command": command,
                "securityContext": {"allowPrivilegeEscalation": False,
                                    "readOnlyRootFilesystem": True,
                                    "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [MOUNT],
            }],
        },
    }


class Client:
    """Asks for `path` through the Service from when the block begins. Runs in the sandbox, which
    must be there."""

    def __init__(self, path: str = "/hello", per_second: float = 20,
                 address: str | None = None) -> None:
        address = address or service_address()
        self._pod = pod("client", ["/client/client", address, path, str(per_second)])

    def __enter__(self) -> Self:
        # Not `apply`, which would keep a copy of it in an annotation.
        kube.apply([program(kube.SANDBOX), self._pod], "--server-side")
        try:
            wait_until(lambda: self.answered(1), timeout_s=60, pause_s=0.5)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        kube.kubectl("-n", kube.SANDBOX, "delete", "pod", "client", "--grace-period=1")

    def counts(self) -> dict[str, Any]:
        """The last line that it printed with them."""
        lines = [json.loads(line) for line in
                 kubectl("-n", kube.SANDBOX, "logs", "client", "--tail=30").splitlines()]
        counted = [line for line in lines if "sent" in line]
        assert counted, lines
        return {**counted[-1],
                "answered": counted[-1]["answered_on_new"] + counted[-1]["answered_on_kept"]}

    def answered(self, least: int) -> None:
        counted = self.counts()
        assert counted["answered"] >= least, counted

    def failures(self) -> list[Any]:
        lines = kubectl("-n", kube.SANDBOX, "logs", "client").splitlines()
        return [line for line in map(json.loads, lines) if "failure" in line]

    def stop(self) -> dict[str, Any]:
        """The counts when all is answered."""
        # Its own end may come with the container's, and then looks like a failure.
        kube.run("-n", kube.SANDBOX, "exec", "client", "--", "/client/client", "stop")

        def done() -> dict[str, Any]:
            counted = self.counts()
            assert counted["done"], counted
            return counted
        return wait_until(done, timeout_s=90, pause_s=0.5)
