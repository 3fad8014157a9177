# SPDX-License-Identifier: Apache-2.0
"""The cluster that KUBECONFIG points to: through kubectl as users do, and through its API server,
which also leads to the ports of Pods."""
from __future__ import annotations

import atexit
import functools
import http.client
import json
import os
import re
import subprocess
import urllib.parse
from typing import Any

import programs
from programs import Program, wait_until

Object = dict[str, Any]

SANDBOX = "loopmeter-test"  # namespace, and name, of what the tests need beside the service

KUBECTL = programs.tool("kubectl")
IMAGE = os.environ.get("CLUSTER_IMAGE", "")
LOOPCHECK_IMAGE = os.environ.get("CLUSTER_LOOPCHECK_IMAGE", "")  # empty: the nodes have none
if not IMAGE:
    print("skipped: scripts/cluster-test runs this, on the cluster that KUBECONFIG points to")
    raise SystemExit(programs.SKIP)


def kubectl(*arguments: str, stdin: str | None = None, timeout_s: float = 120) -> str:
    """What it prints. AssertionError with its words if it fails."""
    done = run(*arguments, stdin=stdin, timeout_s=timeout_s)
    assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr.strip()}"
    return done.stdout


def run(*arguments: str, stdin: str | None = None,
        timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    """The same for what may fail."""
    return subprocess.run([KUBECTL, *arguments], input=stdin, capture_output=True, text=True,
                          check=False, timeout=timeout_s)


def apply(objects: list[Object], *flags: str) -> str:
    return kubectl("apply", *flags, "-f", "-", stdin=as_list(objects))


def as_list(objects: list[Object]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def get(kind: str, name: str, namespace: str | None = None) -> Object:
    where = () if namespace is None else ("-n", namespace)
    return json.loads(kubectl("get", kind, name, *where, "-o", "json"))


def listed(kind: str, namespace: str | None = None, selector: str = "") -> list[Object]:
    where = ("-A",) if namespace is None else ("-n", namespace)
    return json.loads(kubectl("get", kind, *where, "-l", selector, "-o", "json"))["items"]


def exists(kind: str, name: str, namespace: str | None = None) -> bool:
    where = () if namespace is None else ("-n", namespace)
    return kubectl("get", kind, name, *where, "--ignore-not-found", "-o", "name") != ""


class Proxy:
    """`kubectl proxy`: the API server on a local port."""

    def __init__(self) -> None:
        self._program = Program([KUBECTL, "proxy", "--port=0"], stdout=subprocess.PIPE)
        line = self._program.process.stdout.readline().decode()
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert found, f"kubectl proxy: {line} {self._program.log()}"
        self._port = int(found[1])

    def get(self, path: str, timeout_s: float = 30) -> bytes:
        """AssertionError unless the answer is 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout_s)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except http.client.HTTPException as error:
            raise AssertionError(f"{path}: {error!r}") from error
        finally:
            connection.close()
        assert answer.status == 200, f"{path}: {answer.status} {body[:300]!r}"
        return body

    def close(self) -> None:
        self._program.process.stdout.close()
        self._program.kill()


@functools.cache
def proxy() -> Proxy:
    """One for the whole test; it ends with it."""
    made = Proxy()
    atexit.register(made.close)
    return made


def pod_get(namespace: str, pod: str, port: int, path: str, **query: str) -> bytes:
    """The answer of a Pod, through the API server."""
    return proxy().get(f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy{path}"
                       + (f"?{urllib.parse.urlencode(query)}" if query else ""))


class Sandbox:
    """The namespace for what the tests need beside the service."""

    def __enter__(self) -> None:
        apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SANDBOX}}])

    def __exit__(self, *_: object) -> None:
        delete("namespace", SANDBOX)


def gone(kind: str, name: str, namespace: str | None = None) -> None:
    assert not exists(kind, name, namespace), f"{kind} {name} is still there"


def delete(kind: str, name: str, namespace: str | None = None, timeout_s: float = 120) -> None:
    """Deletes it, if it is there, and waits until it is gone."""
    where = () if namespace is None else ("-n", namespace)
    kubectl("delete", kind, name, *where, "--ignore-not-found", "--wait=false")
    wait_until(lambda: gone(kind, name, namespace), timeout_s=timeout_s, pause_s=0.5)
