# SPDX-License-Identifier: Apache-2.0
"""Every form of the exposition, in the eyes of readers that share no code: the parser of a
Prometheus server, Go's and Python's client libraries, promtool, and our own checker."""
import math
import subprocess
import unittest
from typing import Any

import contract
import oracle
import protocols
import wire
from protocols import FORMS, IDENTITY, PROTOCOLS, Form
from programs import found_module, found_tool
from service import Service

PROMTOOL = found_tool("promtool")
openmetrics_parser = found_module("prometheus_client.openmetrics.parser")
try:
    oracle.program()
    NO_ORACLE = None
except oracle.Unavailable as unavailable:
    NO_ORACLE = str(unavailable)
needs_oracle = unittest.skipIf(NO_ORACLE is not None, NO_ORACLE or "")

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\n"
REQUESTS = [("GET", "/"), ("GET", "/hello"), ("GET", "/status/404"), ("POST", "/hello"),
            ("GET", "/nothing"), ("GET", "/delay/1"), ("HEAD", "/version")]
TEXT_004 = PROTOCOLS[-1]

Key = tuple[str, oracle.Labels]


def plain(name: str, form: Form) -> str:
    """A name without its escaping: `dots` doubles each underscore that is ours."""
    return name.replace("__", "_") if form.escaping == "dots" else name


def key_of(name: str, labels: Any, form: Form) -> Key:
    return plain(name, form), tuple(sorted((plain(label, form), value) for label, value in labels))


def stays(name: str) -> bool:
    """What scrapes do not change: the service's own families, while nobody asks it."""
    return name.startswith("demo_")


def same(a: float | None, b: float | None) -> bool:
    return a == b or (a is not None and b is not None and math.isnan(a) and math.isnan(b))


class Forms(unittest.TestCase):
    """One service at rest, scraped in each form."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.service = cls.enterClassContext(Service())
        address = cls.service.address
        for method, target in REQUESTS * 3:
            wire.ask(address, method, target)
        wire.ask(address, "GET", "/hello", fields=TRACEPARENT)
        for form in FORMS:  # so that what a form's first scrape makes is there
            protocols.fetch(address, form)
        cls.answers = {form: protocols.fetch(address, form) for form in FORMS}
        cls.read: dict[tuple[Form, str], dict[Key, oracle.Sample]] = {}

    def decoded(self, form: Form, parser: str) -> dict[Key, oracle.Sample]:
        if (form, parser) not in self.read:
            answer = self.answers[form]
            samples = oracle.decode(answer.body, answer.content_type, parser)
            self.read[form, parser] = {key_of(one.name, one.labels, form): one for one in samples}
            self.assertEqual(len(self.read[form, parser]), len(samples))
        return self.read[form, parser]

    def test_answer_is_what_was_asked_for(self) -> None:
        for form, answer in self.answers.items():
            with self.subTest(str(form)):
                self.assertEqual(answer.content_type, form.protocol.type_with(form.escaping))
                self.assertEqual(answer.encoding, form.encoding)

    @needs_oracle
    def test_both_go_parsers_agree(self) -> None:
        for form in FORMS:
            if form.protocol.is_openmetrics and form.encoding != IDENTITY:
                continue  # expfmt takes milliseconds for a line of it
            with self.subTest(str(form)):
                theirs = self.decoded(form, oracle.PROMETHEUS)
                others = self.decoded(form, oracle.EXPFMT)
                self.assertEqual(theirs.keys(), others.keys())
                for key, one in theirs.items():
                    self.assertEqual(repr(one), repr(others[key]))  # in which NaN is NaN

    @needs_oracle
    def test_samples_are_the_same_in_every_form(self) -> None:
        first = self.decoded(FORMS[0], oracle.PROMETHEUS)
        expected = {key: one for key, one in first.items() if one.native is None}
        self.assertGreater(sum(stays(name) for name, _ in expected), 50)
        for form in FORMS[1:]:
            with self.subTest(str(form)):
                found = {key: one for key, one in self.decoded(form, oracle.PROMETHEUS).items()
                         if one.native is None}
                self.assertEqual(found.keys() ^ expected.keys(), set())
                for key, one in found.items():
                    wanted = expected[key]
                    self.assertEqual((one.type, one.help), (wanted.type, wanted.help), key)
                    if stays(key[0]):
                        self.assertTrue(same(one.value, wanted.value), (one, wanted))
                    if not form.protocol.is_text:
                        self.assertEqual(one.unit, wanted.unit, key)
                    if not form.protocol.is_text and stays(key[0]):
                        self.assertEqual(one.exemplars, wanted.exemplars, key)

    @needs_oracle
    def test_exemplar_is_the_trace_that_was_sent(self) -> None:
        for form in FORMS:
            for of in (contract.DURATIONS + "_bucket", contract.REQUESTS):
                with self.subTest(f"{form}, {of}"):
                    traces = {dict(labels).get("trace_id")
                              for (name, _), one in self.decoded(form, oracle.PROMETHEUS).items()
                              if name == of for labels, _, _ in one.exemplars}
                    self.assertEqual(traces, set() if form.protocol.is_text else {TRACE})

    @needs_oracle
    def test_native_histogram_says_what_the_classic_says(self) -> None:
        for form in FORMS:
            samples = self.decoded(form, oracle.PROMETHEUS)
            natives = {key: one for key, one in samples.items() if one.native is not None}
            with self.subTest(str(form)):
                self.assertEqual(any(name == contract.DURATIONS for name, _ in natives),
                                 form.protocol.is_protobuf)
                for (name, labels), one in natives.items():
                    self.check_native(one.native, name, labels, samples)

    def check_native(self, native: dict[str, Any], name: str, labels: oracle.Labels,
                     samples: dict[Key, oracle.Sample]) -> None:
        self.assertEqual(float(native["count"]), samples[name + "_count", labels].value)
        self.assertEqual(float(native["sum"]), samples[name + "_sum", labels].value)
        counts = [*native["positive"].values(), *native["negative"].values(), native["zero_count"]]
        self.assertEqual(sum(map(float, counts)), float(native["count"]))
        base = 2.0 ** (2.0 ** -native["schema"])
        for (bucket, theirs), one in samples.items():
            bound = dict(theirs).get("le")
            if bucket != name + "_bucket" or set(theirs) - {("le", bound)} != set(labels):
                continue
            # A native bucket ends at base^index: those below the bound, and those that begin below.
            edges = {base ** int(index): float(n) for index, n in native["positive"].items()}
            zero = float(native["zero_count"])
            least = zero + sum(n for edge, n in edges.items() if edge <= float(bound))
            most = zero + sum(n for edge, n in edges.items() if edge / base < float(bound))
            self.assertLessEqual(least, one.value, (name, theirs))
            self.assertLessEqual(one.value, most, (name, theirs))

    @needs_oracle
    def test_start_is_when_the_service_began(self) -> None:
        for form in FORMS:
            if not form.protocol.is_protobuf:
                continue
            with self.subTest(str(form)):
                for (name, _), one in self.decoded(form, oracle.PROMETHEUS).items():
                    if not stays(name):
                        continue
                    if one.type in ("counter", "histogram"):
                        self.assertGreater(one.start_ms, 1_600_000_000_000, one)
                        for _, _, at_ms in one.exemplars:
                            self.assertLessEqual(one.start_ms, at_ms, one)
                    else:
                        self.assertEqual(one.start_ms, 0, one)

    @unittest.skipUnless(openmetrics_parser, "no python3-prometheus-client")
    def test_python_client_reads_openmetrics(self) -> None:
        for form, answer in self.answers.items():
            if not form.protocol.is_openmetrics:
                continue
            with self.subTest(str(form)):
                text = answer.body.decode("utf-8")
                theirs, traces = {}, []
                for family in openmetrics_parser.text_string_to_metric_families(text):
                    for one in family.samples:
                        key = key_of(one.name, one.labels.items(), form)
                        self.assertNotIn(key, theirs)
                        theirs[key] = one.value
                        if key[0] == contract.REQUESTS and one.exemplar:
                            traces.append(one.exemplar.labels["trace_id"])
                self.assertGreater(len(theirs), 200)
                self.assertEqual(traces, [TRACE])
                if not NO_ORACLE:
                    ours = {key: one.value for key, one in
                            self.decoded(form, oracle.PROMETHEUS).items()}
                    self.assertEqual(theirs.keys(), ours.keys())
                    for key, value in theirs.items():
                        self.assertTrue(same(float(value), ours[key]), key)

    @needs_oracle
    def test_nothing_at_all_is_an_exposition_too(self) -> None:
        for form in FORMS:
            with self.subTest(str(form)):
                answer = protocols.fetch(self.service.address, form, "/metrics?name[]=nothing")
                self.assertEqual(answer.body, b"# EOF\n" if form.protocol.is_openmetrics else b"")
                for parser in oracle.PARSERS:
                    self.assertEqual(oracle.decode(answer.body, answer.content_type, parser), [])
                if openmetrics_parser and form.protocol.is_openmetrics:
                    read = openmetrics_parser.text_string_to_metric_families(answer.body.decode())
                    self.assertEqual(list(read), [])

    @unittest.skipUnless(PROMTOOL, "no promtool")
    def test_promtool_finds_nothing(self) -> None:
        for form, answer in self.answers.items():
            # With each underscore doubled the names are no longer those of its conventions.
            if not form.protocol.is_text or form.escaping == "dots" or form.encoding != IDENTITY:
                continue
            with self.subTest(str(form)):
                run = subprocess.run([PROMTOOL, "check", "metrics"], input=answer.body,
                                     capture_output=True, timeout=60, check=False)
                self.assertEqual((run.returncode, run.stdout + run.stderr), (0, b""))

    def test_strict_checker_finds_nothing(self) -> None:
        for form, answer in self.answers.items():
            if not form.protocol.is_protobuf:
                with self.subTest(str(form)):
                    self.assertEqual(protocols.findings(answer.body, form), b"")

    def test_strict_checker_finds_what_is_wrong(self) -> None:
        for form, answer in self.answers.items():
            if not form.protocol.is_protobuf:
                line = next(line for line in answer.body.splitlines(keepends=True)
                            if line.startswith(b"process_cpu"))
                with self.subTest(str(form)):
                    twice = answer.body.replace(line, line + line)
                    self.assertIn(b"twice", protocols.findings(twice, form))

    def test_without_a_wish_it_is_text_004(self) -> None:
        for fields in ("", "Accept: */*\r\n", "Accept: image/png\r\n"):
            with self.subTest(fields):
                answer = wire.ask(self.service.address, "GET", "/metrics", fields=fields)
                self.assertEqual(answer.field("Content-Type"), TEXT_004.content_type)


if __name__ == "__main__":
    unittest.main()
