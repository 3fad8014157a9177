# SPDX-License-Identifier: Apache-2.0
"""The forms of an exposition: what a scraper sends for each, and what it must get."""
from __future__ import annotations

import gzip
import http.client
import os
import subprocess
from dataclasses import dataclass

import wire

CHECK_EXPOSITION = os.environ["CHECK_EXPOSITION"]
ESCAPINGS = ("allow-utf-8", "underscores", "dots", "values")
IDENTITY, GZIP = "identity", "gzip"
ENCODINGS = (IDENTITY, GZIP)


@dataclass(frozen=True)
class Protocol:
    name: str  # Prometheus's, in scrape_protocols
    accept: str
    content_type: str  # without an escaping
    has_utf8: bool  # older ones do not have names in quotes

    @property
    def is_text(self) -> bool:
        return self.name.startswith("PrometheusText")

    @property
    def is_openmetrics(self) -> bool:
        return self.name.startswith("OpenMetrics")

    def type_with(self, escaping: str) -> str:
        """What the Content-Type is, to the letter. Where underscores are meant without a word, it
        says no word: scrapers that are older than escaping do not expect one."""
        if escaping == "allow-utf-8" and not self.has_utf8:
            escaping = "underscores"
        silent = escaping == "underscores" and not (self.has_utf8 and not self.is_protobuf)
        return self.content_type + ("" if silent else f"; escaping={escaping}")

    @property
    def is_protobuf(self) -> bool:
        return self.name == "PrometheusProto"


PROTOBUF = "proto=io.prometheus.client.MetricFamily"
PROTOCOLS = (
    Protocol("PrometheusProto", f"application/vnd.google.protobuf;{PROTOBUF};encoding=delimited",
             f"application/vnd.google.protobuf; {PROTOBUF}; encoding=delimited", True),
    Protocol("OpenMetricsText1.0.0", "application/openmetrics-text;version=1.0.0",
             "application/openmetrics-text; version=1.0.0; charset=utf-8", True),
    Protocol("OpenMetricsText0.0.1", "application/openmetrics-text;version=0.0.1",
             "application/openmetrics-text; version=0.0.1; charset=utf-8", False),
    Protocol("PrometheusText1.0.0", "text/plain;version=1.0.0",
             "text/plain; version=1.0.0; charset=utf-8", True),
    Protocol("PrometheusText0.0.4", "text/plain;version=0.0.4",
             "text/plain; version=0.0.4; charset=utf-8", False),
)


@dataclass(frozen=True)
class Form:
    protocol: Protocol
    escaping: str
    encoding: str

    def __str__(self) -> str:
        return f"{self.protocol.name}, {self.escaping}, {self.encoding}"


FORMS = tuple(Form(protocol, escaping, encoding) for protocol in PROTOCOLS
              for escaping in ESCAPINGS for encoding in ENCODINGS)


@dataclass(frozen=True)
class Answer:
    content_type: str
    encoding: str
    body: bytes  # decompressed


def fetch(address: str, form: Form, target: str = "/metrics") -> Answer:
    connection = http.client.HTTPConnection(*wire.endpoint(address), timeout=20)
    try:
        connection.request("GET", target, headers={
            "Accept": f"{form.protocol.accept};escaping={form.escaping}",
            "Accept-Encoding": form.encoding})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, f"{form}: {answer.status} {body!r}"
        encoding = answer.getheader("Content-Encoding", IDENTITY)
        return Answer(answer.getheader("Content-Type", ""), encoding,
                      gzip.decompress(body) if encoding == GZIP else body)
    finally:
        connection.close()


def findings(body: bytes, form: Form) -> bytes:
    """What our strict checkers find wrong with a text; empty if nothing."""
    dialect = ["--openmetrics"] if form.protocol.is_openmetrics else []
    run = subprocess.run([CHECK_EXPOSITION, *dialect], input=body, capture_output=True, timeout=120,
                         check=False)
    assert run.returncode == bool(run.stdout), run
    return run.stdout
