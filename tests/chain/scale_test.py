# SPDX-License-Identifier: Apache-2.0
"""docs/scale.md: its inputs are what scripts/bench measured, its tables follow from them, and the
autoscaler decides as it says. Prints the tables when they do not stand there."""
from __future__ import annotations

import json
import math
import re
import unittest
from collections.abc import Iterator
from typing import Any

import rendering  # first, for it ends the test as skipped where Python lacks a module
import strict_yaml
from autoscaler import WINDOW_S, Autoscaler, Reading

DOCS = rendering.SOURCE_ROOT / 'docs'
PAGE = (DOCS / 'scale.md').read_text(encoding='utf-8')
ROWS = json.loads((DOCS / 'performance.json').read_text(encoding='utf-8'))['rows']
POD, FLEET = ROWS['pod']['figures'], ROWS['fleet']['figures']

INPUT = re.compile(r'^\| `([a-z_]+)` \| ([\d.,]+) \|', re.MULTILINE)
PODS = (2, 10, 50, 200, 500, 1000, 2000, 5000, 10_000)
INTERVALS_S = (15, 30)
ENCODINGS = {
    'text': 'text 0.0.4, identity', 'text_gzip': 'text 0.0.4, gzip',
    'openmetrics': 'OpenMetrics, identity', 'openmetrics_gzip': 'OpenMetrics, gzip',
    'protobuf': 'protobuf, identity', 'protobuf_gzip': 'protobuf, gzip'}
KINDS = {  # what the page calls them -> the row's fleets
    'classic': '200 targets', 'native beside classic': '200, native histograms beside classic',
    'native alone': '200, native histograms alone',
    'classic, by Prometheus 2.42': '200, by Prometheus 2.42'}
DECISIONS = ((2, 250), (2, 270), (2, 280), (2, 500), (4, 500), (8, 500), (10, 100), (10, 2))
Inputs = dict[str, float]


def inputs(page: str) -> Inputs:
    return {name: float(value.replace(',', '')) for name, value in INPUT.findall(page)}


def measured() -> dict[str, str]:
    """The inputs that are no assumptions, as the page has to write them."""
    large = FLEET['fleets']['800 targets']
    return {
        'series': f"{large['series']['median'] / 800:,.0f}",
        'live_bytes': f"{FLEET['live']['each']['median']:,.0f}",
        'chunk_bytes': f"{FLEET['a full chunk']['each']['median']:,.0f}",
        'base_mb': f"{FLEET['resident']['base']['median']:,.0f}",
        'cpu_ms': f"{large['cpu_ms']['median']:.2f}",
        **{name: f"{POD[row]['bytes']['median'] + POD[row]['head_bytes']['median']:,.0f}"
           for name, row in ENCODINGS.items()}}


def short(value: float) -> str:
    """Three digits that count."""
    digits = max(0, 2 - math.floor(math.log10(value)))
    return f'{value:,.{digits}f}'


def needs(given: Inputs) -> Iterator[str]:
    for pods in PODS:
        series = pods * given['series']
        head = series * given['turnover']
        memory = given['base_mb'] * 1e6 + head * bytes_each(given)
        rates = [series / interval for interval in INTERVALS_S]
        cores = [rate * given['cpu_ms'] / 1e6 for rate in rates]
        shards = max(math.ceil((memory - given['base_mb'] * 1e6) / room(given)),
                     math.ceil(max(cores) / given['cores_most']))
        yield row(f'{pods:,}', f'{series:,.0f}', f'{head:,.0f}', short(memory / 1e6),
                  *(f'{rate:,.0f}' for rate in rates), *(short(1000 * each) for each in cores),
                  f'{shards}')


def bytes_each(given: Inputs) -> float:
    """Of a series."""
    return (given['live_bytes'] + given['chunk_bytes']) * given['heap_growth']


def room(given: Inputs) -> float:
    """Bytes that one Prometheus has for series."""
    return given['memory_most_gb'] * 1e9 - given['base_mb'] * 1e6


def capacity(given: Inputs) -> Iterator[str]:
    """Pods that one Prometheus takes."""
    series = room(given) / bytes_each(given)
    by_memory = series / (given['series'] * given['turnover'])
    by_processor = [given['cores_most'] * 1e6 / given['cpu_ms'] * interval / given['series']
                    for interval in INTERVALS_S]
    yield row('Pods', *(f'{pods:,.0f}' for pods in map(math.floor, (by_memory, *by_processor))))


def bandwidth(given: Inputs) -> Iterator[str]:
    for pods in PODS:
        yield row(f'{pods:,}', *(short(pods * given[name] / INTERVALS_S[0] / 1e3)
                                 for name in ENCODINGS))


def histograms() -> Iterator[str]:
    for name, fleet in KINDS.items():
        of = {key: figure['median'] for key, figure in FLEET['fleets'][fleet].items()}
        yield row(name, f"{of['series'] / 200:.0f}", f"{of['live_mb']:.0f}", f"{of['rss_mb']:.0f}",
                  f"{of['cpu_ms']:.2f}", f"{of['cpu_ms'] * of['series'] / 200 / 1000:.2f}")


def decisions(manifest: dict[str, Any]) -> Iterator[str]:
    for pods, used in DECISIONS:
        wanted = Autoscaler(manifest, 0, pods).step(
            WINDOW_S, pods, {'cpu': [Reading(used)] * pods})
        yield row(f'{pods}', f'{used}m', f'{wanted}')


def row(*cells: str) -> str:
    return '| ' + ' | '.join(cells) + ' |'


def missing(page: str, manifest: dict[str, Any]) -> list[str]:
    """The lines that do not stand in the page."""
    given = inputs(page)
    wanted = [f'| `{name}` | {value} |' for name, value in measured().items()]
    wanted += [*needs(given), *capacity(given), *bandwidth(given), *histograms(),
               *decisions(manifest)]
    lines = page.splitlines()
    return [line for line in wanted if not any(there.startswith(line) for there in lines)]


class Page(unittest.TestCase):
    manifest: dict[str, Any]

    def test_the_tables_follow_from_the_inputs(self) -> None:
        self.assertEqual('\n'.join(missing(PAGE, self.manifest)), '')

    def test_an_input_that_is_changed_alone_is_noticed(self) -> None:
        self.assertEqual(set(inputs(PAGE)), {
            *measured(), 'heap_growth', 'turnover', 'memory_most_gb', 'cores_most'})
        for name, value in INPUT.findall(PAGE):
            changed = f'{float(value.replace(",", "")) * 1.2:g}'
            page = PAGE.replace(f'| `{name}` | {value} |', f'| `{name}` | {changed} |')
            with self.subTest(name):
                self.assertNotEqual(missing(page, self.manifest), [])

    def test_a_figure_that_is_changed_alone_is_noticed(self) -> None:
        given = inputs(PAGE)
        for line in (*needs(given), *capacity(given), *bandwidth(given), *histograms(),
                     *decisions(self.manifest)):
            page = PAGE.replace(line, re.sub(r'\d(?=[^\d]*$)', lambda found: str(
                (int(found[0]) + 1) % 10), line))
            with self.subTest(line):
                self.assertEqual(missing(page, self.manifest), [line])

    def test_another_autoscaler_is_noticed(self) -> None:
        spec = self.manifest['spec']
        for change in ({'maxReplicas': 9}, {'minReplicas': 3}):
            self.assertNotEqual(missing(PAGE, {'spec': {**spec, **change}}), [])


if __name__ == '__main__':
    done = rendering.render(*rendering.require_any(), rendering.K8S / 'overlays' / 'production')
    Page.manifest, = (each for each in strict_yaml.documents(done.stdout)
                      if each['kind'] == 'HorizontalPodAutoscaler')
    unittest.main()
