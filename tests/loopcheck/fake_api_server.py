# SPDX-License-Identifier: Apache-2.0
"""An API server of our own: lists in pages, answers that are written down, and none at all."""
from __future__ import annotations

import http.server
import json
import pathlib
import ssl
import threading
import urllib.parse
from typing import Any, Callable

Object = dict[str, Any]
Query = dict[str, str]
Answer = tuple[int, bytes] | Callable[[Query], tuple[int, bytes]]


def status(code: int, reason: str, message: str) -> tuple[int, bytes]:
    return code, json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure",
                             "reason": reason, "message": message, "code": code}).encode()


class ApiServer(http.server.ThreadingHTTPServer):
    """`objects` by the path of their list; `answers` by path, fixed or made from the query; what
    begins with "/hang" never answers. All other lists are empty."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, objects: dict[str, list[Object]] | None = None,
                 answers: dict[str, Answer] | None = None, *,
                 tls: ssl.SSLContext | None = None, token: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.objects = objects or {}
        self.answers = answers or {}
        self.token = token
        self.asked: list[str] = []
        self.released = threading.Event()
        self.address = f"127.0.0.1:{self.server_address[1]}"
        self.url = f"http://{self.address}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __enter__(self) -> ApiServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        pass  # whoever was killed leaves its connection

    def kubeconfig(self, folder: pathlib.Path) -> str:
        """A file that leads here."""
        file = folder / "kubeconfig"
        file.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": self.url}}],
            "users": [{"name": "me", "user": {"token": "t"}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me",
                                                      "namespace": "demo"}}]}))
        return str(file)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ApiServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:  # the name is the library's
        path, _, query = self.path.partition("?")
        self.server.asked.append(self.path)
        if path.startswith("/hang"):
            self.server.released.wait()
            return
        code, body = self.answer(path, dict(urllib.parse.parse_qsl(query)))
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        if self.server.token and self.headers["Authorization"] != f"Bearer {self.server.token}":
            return status(401, "Unauthorized", "Unauthorized")
        if path in self.server.answers:
            answer = self.server.answers[path]
            return answer(query) if callable(answer) else answer
        if path == "/version":
            return 200, b'{"gitVersion":"v1.34.4"}'
        if "limit" not in query:
            return status(404, "NotFound", "the server could not find the requested resource")
        return 200, self.page(self.server.objects.get(path, []), query)

    @staticmethod
    def page(objects: list[Object], query: dict[str, str]) -> bytes:
        begin = int(query.get("continue", 0))
        end = begin + int(query["limit"])
        token = str(end) if end < len(objects) else ""
        return json.dumps({"kind": "List", "apiVersion": "v1", "metadata": {"continue": token},
                           "items": objects[begin:end]}).encode()


def noisy_pod(number: int) -> Object:
    """About as large as those of real clusters: 8 KB, of which a check needs a tenth."""
    env = [{"name": f"VARIABLE_{i}", "value": "some value of some length"} for i in range(40)]
    fields = {f"f:{word}": {"f:value": {}} for word in map(str, range(60))}
    return {
        "metadata": {"name": f"web-{number}", "namespace": f"team-{number % 20}",
                     "uid": f"u{number}", "labels": {"app": "web", "pod-template-hash": "abc"},
                     "annotations": {
                         "kubectl.kubernetes.io/last-applied-configuration": "x" * 1500},
                     "managedFields": [{"manager": "kubelet", "fieldsV1": fields}] * 2},
        "spec": {"containers": [{"name": "web", "image": "registry.example/web:1", "env": env,
                                 "ports": [{"name": "http", "containerPort": 8080}],
                                 "volumeMounts": [{"name": "v", "mountPath": "/v"}] * 4}],
                 "volumes": [{"name": "v", "emptyDir": {}}] * 4, "nodeName": "node"},
        "status": {"phase": "Running", "podIP": f"10.0.{number // 250}.{number % 250}",
                   "conditions": [{"type": "Ready", "status": "True"}],
                   "containerStatuses": [{"name": "web", "ready": True, "restartCount": 0}]}}
