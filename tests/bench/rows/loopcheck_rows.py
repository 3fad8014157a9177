# SPDX-License-Identifier: Apache-2.0
"""loopcheck over the manifests of a large cluster. No peer does this: the figures are its own."""
from __future__ import annotations

import os
import pathlib
import subprocess
import tempfile
import time

import harness
from harness import Result, Run, cell
from marks import Mark

OBJECTS = 10_000
NAMESPACES = 100
APPLICATIONS = (OBJECTS - NAMESPACES - 3) // 3

HEAD = """apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata:
  name: main
  namespace: monitoring
spec:
  version: v3.5.0
  serviceAccountName: prometheus
  serviceMonitorSelector:
    matchLabels:
      release: prometheus
  serviceMonitorNamespaceSelector: {}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: prometheus
rules:
  - apiGroups: [""]
    resources: [services, endpoints, pods]
    verbs: [get, list, watch]
  - apiGroups: [discovery.k8s.io]
    resources: [endpointslices]
    verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: prometheus
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: prometheus
subjects:
  - kind: ServiceAccount
    name: prometheus
    namespace: monitoring
"""

NAMESPACE = """---
apiVersion: v1
kind: Namespace
metadata:
  name: {name}
"""

APPLICATION = """---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: shop
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
        app.kubernetes.io/part-of: shop
    spec:
      containers:
        - name: app
          image: registry.example/{name}:1.2.3
          args: ["--listen=0.0.0.0:8080"]
          ports:
            - name: metrics
              containerPort: 8080
          readinessProbe:
            httpGet:
              path: /readyz
              port: metrics
          resources:
            requests:
              cpu: 100m
              memory: 64Mi
            limits:
              memory: 128Mi
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: shop
spec:
  selector:
    app.kubernetes.io/name: {name}
  ports:
    - name: metrics
      port: 8080
      targetPort: metrics
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {name}
    release: prometheus
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  endpoints:
    - port: metrics
      interval: 15s
      scrapeTimeout: 10s
      path: /metrics
"""


def manifests() -> str:
    texts = [HEAD]
    texts += [NAMESPACE.format(name=f"team-{number}") for number in range(NAMESPACES)]
    texts += [APPLICATION.format(name=f"app-{number}", namespace=f"team-{number % NAMESPACES}")
              for number in range(APPLICATIONS)]
    return "".join(texts)


def checked(program: pathlib.Path, file: pathlib.Path) -> Run:
    begin = time.monotonic()
    with subprocess.Popen(["taskset", "-c", harness.SERVER_CORE, program, "manifests", file],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise harness.Failed(f"loopcheck found something: {said.decode(errors='replace')[-300:]}")
    return {"cpu_s": used.ru_utime + used.ru_stime, "s": time.monotonic() - begin,
            "rss_mb": used.ru_maxrss * 1024 / 1e6}


class Manifests:
    title = f"`loopcheck manifests` over {OBJECTS:,} objects"

    @staticmethod
    def measure(repeats: int, _seconds: float) -> Result:
        target = "src/loopcheck/loopcheck"  # as shipped
        if subprocess.run([harness.ROOT / "scripts/build", "release", target],
                          stdout=subprocess.DEVNULL, check=False).returncode:
            raise harness.Failed("loopcheck could not be built")
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "all.yaml"
            file.write_text(manifests())
            program = harness.ROOT / "build/release" / target
            turns = {"loopcheck": lambda: checked(program, file)}
            runs = harness.rounds("manifests", repeats, turns)["loopcheck"]
        return {key: harness.spread([run[key] for run in runs]) for key in runs[0]}

    def table(self, result: Result) -> list[str]:
        return harness.table_of(
            self.title, ("applications, each with Deployment, Service and ServiceMonitor", "CPU s",
                         "s", "most resident MB"),
            (f"{APPLICATIONS:,}", cell(result["cpu_s"]), cell(result["s"]),
             cell(result["rss_mb"], 0)))

    @staticmethod
    def marks(result: Result) -> list[Mark]:
        return [Mark("processor seconds over 10,000 objects", result["cpu_s"], 1),
                Mark("most resident MB over 10,000 objects", result["rss_mb"])]


ROWS: dict[str, harness.Row] = {"manifests": Manifests()}
