# SPDX-License-Identifier: Apache-2.0
"""Names and values that users build dashboards and alerts on. A change here breaks somebody."""
from __future__ import annotations

import re

REQUESTS = "demo_http_requests_total"
DURATIONS = "demo_http_request_duration_seconds"
BUILD_INFO = "demo_build_info"
FAMILIES = {  # name: type, help
    REQUESTS: ("counter", "Total HTTP requests."),
    DURATIONS: ("histogram", "HTTP request duration in seconds."),
    BUILD_INFO: ("gauge", "Build info (value is always 1)."),
}
BUCKETS = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"]
BUILD_LABELS = {"version", "revision", "branch", "compiler", "cxx_standard", "arch", "boost"}

ROUTES = {  # pattern: method
    "/": "GET",
    "/bytes/{n}": "GET",
    "/delay/{ms}": "GET",
    "/echo": "POST",
    "/hello": "GET",
    "/status/{code}": "GET",
    "/stream": "GET",
    "/version": "GET",
}
INTERNAL = ["/metrics", "/-/scrapes", "/livez", "/readyz", "/healthz"]  # probes and scrapes
OTHER = "other"
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"]

TEXT = "text/plain; charset=utf-8"
OCTETS = "application/octet-stream"
JSON = "application/json"

_EXPRESSIONS = {pattern: re.compile(re.sub(r"\{\w+\}", "[^/]+", pattern)) for pattern in ROUTES}


def path_label(target: str) -> str:
    """The pattern that a request target belongs to."""
    path = target.partition("?")[0]
    for pattern, expression in _EXPRESSIONS.items():
        if expression.fullmatch(path):
            return pattern
    return OTHER


def method_label(method: str) -> str:
    return method if method in METHODS else OTHER
