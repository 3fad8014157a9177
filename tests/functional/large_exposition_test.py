# SPDX-License-Identifier: Apache-2.0
"""Very many series with label values and numbers that are hard to write down, in every protocol, in
the eyes of readers that share no code. LOOPMETER_LONG=1 makes it 10^5 series."""
import math
import unittest
from typing import Any

import oracle
import protocols
from protocols import IDENTITY, PROTOCOLS, Form
from programs import amount, found_module
from service import ScrapeServer

SERIES = amount(5_000, 100_000)

openmetrics_parser = found_module("prometheus_client.openmetrics.parser")
try:
    oracle.program()
    NO_ORACLE = None
except oracle.Unavailable as unavailable:
    NO_ORACLE = str(unavailable)
needs_oracle = unittest.skipIf(NO_ORACLE is not None, NO_ORACLE or "")

# As in scrape_server.cpp.
TEXTS = ["", " ", '"', "\\", "\n", "\\n", 'a="b"} 1\nx 2\n', "größe €", "\x01", "\r", "# EOF\n",
         "\U0001f600"]
NUMBERS = [math.nan, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, -0.0, 0.1, 1e21,
           -123456789.125]
TRACE = "01" + 30 * "0"

FORMS = [Form(protocol, "allow-utf-8", IDENTITY) for protocol in PROTOCOLS]
Recorded = dict[tuple[str, str], str]  # name and label value: number, so that NaN is NaN


def value_of(i: int) -> str:
    return TEXTS[i % len(TEXTS)] + str(i)


def recorded() -> Recorded:
    """What the server has recorded, buckets left out."""
    numbers = {("large_total", value_of(i)): float(i * 7919 + 1) for i in range(SERIES)}
    numbers |= {("large_values", value_of(i)): NUMBERS[i % len(NUMBERS)]
                for i in range(SERIES // 10)}
    for i in range(SERIES // 1000):
        observed = [2.0 ** n / 8 for n in range(i % 8 + 1)]
        numbers["large_seconds_count", value_of(i)] = float(len(observed))
        numbers["large_seconds_sum", value_of(i)] = sum(observed)
    return {key: repr(number) for key, number in numbers.items()}


class Large(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(ScrapeServer(SERIES)).ready()
        cls.recorded = recorded()
        cls.answers = {form: protocols.fetch(cls.server.address, form) for form in FORMS}

    def read(self, samples: Any) -> Recorded:
        """Of name, labels and value of each sample what recorded() says."""
        return {(name, labels["v"]): repr(float(value)) for name, labels, value in samples
                if name.startswith("large_") and "le" not in labels and value is not None}

    @needs_oracle
    def test_go_reads_what_was_recorded(self) -> None:
        for form, answer in self.answers.items():
            for parser in oracle.PARSERS:
                with self.subTest(f"{form}, {parser}"):
                    samples = oracle.decode(answer.body, answer.content_type, parser,
                                            starts=False)
                    self.assertEqual(
                        self.read((one.name, dict(one.labels), one.value) for one in samples),
                        self.recorded)
                    self.check_natives(samples, form)
                    self.check_exemplars(samples, form)

    def check_natives(self, samples: list[oracle.Sample], form: Form) -> None:
        natives = {dict(one.labels)["v"]: one.native for one in samples
                   if one.native is not None and one.name == "large_seconds"}
        self.assertEqual(len(natives), SERIES // 1000 if form.protocol.is_protobuf else 0)
        for value, native in natives.items():
            self.assertEqual(repr(float(native["count"])),
                             self.recorded["large_seconds_count", value])

    def check_exemplars(self, samples: list[oracle.Sample], form: Form) -> None:
        """Each thousandth counter has one, which says what was added."""
        found = {dict(one.labels)["v"]: one for one in samples
                 if one.name == "large_total" and one.exemplars}
        expected = set() if form.protocol.is_text else {value_of(i) for i in range(0, SERIES, 1000)}
        self.assertEqual(found.keys(), expected)
        for one in found.values():
            (labels, value, at_ms), = one.exemplars
            self.assertEqual((dict(labels)["trace_id"], value), (TRACE, one.value))
            self.assertGreater(at_ms, 1_600_000_000_000)

    @unittest.skipUnless(openmetrics_parser, "no python3-prometheus-client")
    def test_python_client_reads_what_was_recorded(self) -> None:
        for form, answer in self.answers.items():
            if not form.protocol.is_openmetrics:
                continue
            with self.subTest(str(form)):
                families = openmetrics_parser.text_string_to_metric_families(answer.body.decode())
                self.assertEqual(self.read((one.name, one.labels, one.value)
                                           for family in families for one in family.samples),
                                 {key: "0.0" if number == "-0.0" else number  # -0 is an int
                                  for key, number in self.recorded.items()})

    def test_strict_checker_finds_nothing(self) -> None:
        for form, answer in self.answers.items():
            if not form.protocol.is_protobuf:
                with self.subTest(str(form)):
                    self.assertEqual(protocols.findings(answer.body, form), b"")

    def test_strict_checker_finds_one_wrong_line_among_all(self) -> None:
        for form, answer in self.answers.items():
            if not form.protocol.is_protobuf:
                body = answer.body
                begin = body.index(b"\nlarge_total{", len(body) // 4) + 1
                line = body[begin:body.index(b"\n", begin) + 1]
                with self.subTest(str(form)):
                    twice = body[:begin] + line + body[begin:]
                    self.assertEqual(protocols.findings(twice, form).count(b"\n"), 1)


if __name__ == "__main__":
    unittest.main()
