# SPDX-License-Identifier: Apache-2.0
"""What a case expects and whether a server's answer is that. Pure: no socket, no clock.

A case comes from cases.json. `raw_escaped` (or `steps`) is what is sent; `expect` is what RFC 9110
and 9112 permit and `prefer`, where it is given, the narrower answer that this project holds itself
to. `status` 0 means: closed without an answer. `self_test` shows that the judge finds each fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Iterable

Case = dict[str, Any]

IMF_FIXDATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r" \d{4} \d\d:\d\d:\d\d GMT"
)


@dataclass
class Response:
    status: int
    headers: dict[str, list[str]]
    body: bytes

    def header(self, name: str) -> str:
        return ", ".join(self.headers.get(name.lower(), []))


@dataclass
class Observed:
    """What came over one connection."""

    received: bytes
    ended: str | None = None  # "closed", "reset", or None: still open
    early: bytes = b""  # the part that came while steps of the request were still to be sent
    first_is_head: bool = False
    responses: list[Response] = field(init=False)
    rest: bytes = field(init=False)  # octets that are no whole response

    def __post_init__(self) -> None:
        self.responses, self.rest = parse_responses(self.received, self.first_is_head)

    def final(self) -> list[Response]:
        return [response for response in self.responses if response.status >= 200]

    def interim(self) -> list[Response]:
        return [response for response in self.responses if response.status < 200]


def parse_head(head: bytes) -> Response | None:
    lines = head.decode("latin-1").split("\r\n")
    status_line = re.fullmatch(r"HTTP/1\.[01] ([1-5]\d\d) .*", lines[0])
    if not status_line:
        return None
    headers: dict[str, list[str]] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            return None
        headers.setdefault(name.lower(), []).append(value.strip(" \t"))
    return Response(int(status_line[1]), headers, b"")


def parse_chunked(data: bytes) -> tuple[bytes, bytes] | None:
    """The content and what follows it, or None if it is not whole."""
    content = b""
    while True:
        size_line, line_end, data = data.partition(b"\r\n")
        size_digits = size_line.split(b";")[0]
        if not line_end or not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size_digits):
            return None
        size = int(size_digits, 16)
        if data[size : size + 2] != b"\r\n":
            return None
        content, data = content + data[:size], data[size + 2 :]
        if size == 0:
            return content, data


def parse_responses(data: bytes, first_is_head: bool) -> tuple[list[Response], bytes]:
    """The whole responses at the front of `data`, and the rest of it."""
    responses: list[Response] = []
    without_content = first_is_head
    while True:
        head, head_end, after = data.partition(b"\r\n\r\n")
        response = parse_head(head) if head_end else None
        if response is None:
            return responses, data
        length = response.header("Content-Length")
        if response.status < 200 or response.status in (204, 304) or without_content:
            pass
        elif "chunked" in response.header("Transfer-Encoding").lower():
            chunked = parse_chunked(after)
            if chunked is None:
                return responses, data
            response.body, after = chunked
        elif length:
            if not length.isdecimal() or len(after) < int(length):
                return responses, data
            response.body, after = after[: int(length)], after[int(length) :]
        else:
            response.body, after = after, b""
        responses.append(response)
        without_content = without_content and response.status < 200
        data = after


def names(wanted: Iterable[int | str], status: int) -> bool:
    """Whether a list such as [400, "2xx"] has the status."""
    return any(one == status or one == f"{status // 100}xx" for one in wanted)


def judge(case: Case, observed: Observed, prefer: bool = False) -> list[str]:
    """The faults of the answer; none if it is right."""
    expect = case["expect"]
    final = observed.final()
    status = final[0].status if final else 0
    wanted = case["prefer"] if prefer and "prefer" in case else expect["status"]
    faults: list[str] = []

    if status == 0 and observed.ended is None:
        faults.append("no answer, connection left open")
    elif not names(wanted, status):
        faults.append(f"status {status}, not one of {wanted}")
    if names(expect.get("not_status", []), status):
        faults.append(f"status {status} is forbidden here")
    if status == 0 and observed.ended == "reset" and 0 not in wanted:
        faults.append("reset without an answer")
    if observed.rest and case["group"] != "time":
        faults.append(f"octets that are no whole response: {observed.rest[:40]!r}")

    faults += judge_connection(case, observed, prefer)
    if final:
        faults += judge_response(case, final[0])
    interim = expect.get("interim", {})
    if interim.get("none") and observed.interim():
        faults.append("sent a 1xx")
    if "100_or_final_within_ms" in interim and not observed.early.startswith(b"HTTP/1."):
        faults.append("neither 100 nor a final status before the body")
    return faults


def judge_connection(case: Case, observed: Observed, prefer: bool) -> list[str]:
    faults: list[str] = []
    count = len(observed.final())
    limits = case["expect"].get("responses", {})
    exact = limits.get("exact", case.get("prefer_responses") if prefer else None)
    if count > limits.get("max", count):
        faults.append(f"{count} responses, at most {limits['max']} permitted")
    if exact is not None and count != exact:
        faults.append(f"{count} responses, not {exact}")
    close = case.get("prefer_close") if prefer else None
    if close is None:
        close = case["expect"]["close"]
    if close is True and observed.ended is None:
        faults.append("connection left open")
    if close is False and observed.ended is not None:
        faults.append(f"connection {observed.ended}")
    return faults


def judge_response(case: Case, response: Response) -> list[str]:
    expect = case["expect"]
    faults: list[str] = []
    if "body" in expect and response.status // 100 == 2:
        if response.body != expect["body"].encode("latin-1"):
            faults.append(f"body {response.body[:60]!r}")
    if case.get("not_body") and case["not_body"].encode("latin-1") in response.body:
        faults.append(f"{case['not_body']} is echoed")
    faults += [f"has {name}" for name in expect.get("no_header", []) if response.header(name)]
    header = expect.get("header")
    if header and header.get("if_status") in (None, response.status):
        name, value = header["name"], response.header(header["name"])
        if not value:
            faults.append(f"no {name}")
        elif header.get("format") == "IMF-fixdate" and not IMF_FIXDATE.fullmatch(value):
            faults.append(f"{name} is no IMF-fixdate: {value}")
        elif header.get("contains", "") not in value.lower():
            faults.append(f"{name}: {value}")
    return faults


def self_test() -> list[str]:
    """What the judge gets wrong; none if it is right. Most examples have one fault each."""
    date = b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

    def ok(body: bytes = b"", more: bytes = date) -> bytes:
        return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (more, len(body), body)

    bad = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    is_date = {"name": "Date", "format": "IMF-fixdate"}

    def case(status: list[Any], close: bool | None = None, **more: Any) -> Case:
        own = ("prefer", "not_body", "prefer_close", "prefer_responses")
        result: Case = {"group": "self-test", "expect": {"status": status, "close": close}}
        for key, value in more.items():
            (result if key in own else result["expect"])[key] = value
        return result

    # The case, the octets, how the connection ended, the fault to be found (None: none).
    examples: list[tuple[Case, bytes, str | None, str | None]] = [
        (case(["2xx"]), ok(), None, None),
        (case(["2xx"], False, responses={"exact": 2}, body="hi"), ok(b"hi") * 2, None, None),
        (case(["2xx"], True, body="hi"), chunked, "closed", None),
        (case(["2xx"], header=is_date), go_on + ok(), None, None),
        (case([400, 0], True), b"", "reset", None),
        (case(["2xx"]), bad, None, "status 400"),
        (case(["4xx"]), ok(), None, "status 200"),
        (case([400, "2xx"], prefer=[400]), ok(), None, "status 200"),
        (case([400]), b"", "closed", "status 0"),
        (case([400, 0]), b"", None, "left open"),
        (case([400]), b"", "reset", "reset without"),
        (case(["2xx"], True), ok(), None, "left open"),
        (case(["2xx"], False), ok(), "closed", "connection closed"),
        (case(["2xx"], prefer_close=True), ok(), None, "left open"),
        (case(["2xx"], responses={"max": 1}), ok() * 2, None, "at most 1"),
        (case(["2xx"], responses={"exact": 2}), ok(), None, "not 2"),
        (case(["2xx"], prefer_responses=2), ok(), None, "not 2"),
        (case(["2xx"], not_status=[200]), ok(), None, "forbidden"),
        (case(["2xx"], body="hi"), ok(b"ho"), None, "body b'ho'"),
        (case(["2xx"], not_body="secret"), ok(b"my secret"), None, "is echoed"),
        (case(["2xx"], header=is_date), ok(more=b""), None, "no Date"),
        (case(["2xx"], header=is_date), ok(more=b"Date: today\r\n"), None, "no IMF-fixdate"),
        (case(["2xx"], header={"name": "Date", "contains": "utc"}), ok(), None, "Date: Sun"),
        (case(["2xx"], no_header=["date"]), ok(), None, "has date"),
        (case(["2xx"], interim={"none": True}), go_on + ok(), None, "sent a 1xx"),
        (case(["2xx"], interim={"100_or_final_within_ms": 500}), ok(), None, "before the body"),
        (case(["2xx"]), ok(b"hi")[:-1], "closed", "no whole response"),
        (case(["2xx"]), ok() + b"junk", "closed", "no whole response"),
        (case(["2xx"]), chunked[:-2], "closed", "no whole response"),
        (case(["2xx"]), chunked.replace(b"2\r\nhi", b"3\r\nhi"), "closed", "no whole response"),
    ]
    wrong: list[str] = []
    for one, received, ended, fault in examples:
        faults = judge(one, Observed(received, ended), prefer=True)
        found = any(fault in text for text in faults) if fault else not faults
        if not found:
            wrong.append(f"{one}: {faults}, not {fault}")
    head = Observed(ok(b"hi")[:-2] + ok(b"hi"), first_is_head=True)
    if [response.body for response in head.final()] != [b"", b"hi"] or head.rest:
        wrong.append("the answer to HEAD has no content")
    content = Observed(ok(b"hi"), first_is_head=True)
    if not any("b'hi'" in fault for fault in judge(case(["2xx"]), content)):
        wrong.append("content after the answer to HEAD is not found")
    return wrong
