# SPDX-License-Identifier: Apache-2.0
"""What there is to ask for: the series of an exposition, those that Prometheus writes for each
target, and those that rules record. findings() says what a query asks for beyond that."""
from __future__ import annotations

import re
from typing import Any, Iterator

import promql
import scrape

# What the Operator gives a target of either monitor.
TARGET_LABELS = {"container", "endpoint", "instance", "job", "namespace", "pod", "service"}
# What Prometheus writes for each target; the last one with --enable-feature=extra-scrape-metrics.
OF_PROMETHEUS = ("up", "scrape_duration_seconds", "scrape_samples_scraped",
                 "scrape_samples_post_metric_relabeling", "scrape_series_added",
                 "scrape_body_size_bytes")

# metric -> label -> its values; None where they are not known.
Known = dict[str, dict[str, set[str] | None]]


def exposed(read: scrape.Exposition) -> Known:
    known: Known = {}
    for name, labels in read.samples:
        of_metric = known.setdefault(name, {})
        for label, value in labels:
            values = of_metric.setdefault(label, set())
            assert values is not None
            values.add(value)
    return with_target_labels(known)


def with_target_labels(known: Known) -> Known:
    return {name: {**dict.fromkeys(TARGET_LABELS), **labels} for name, labels in known.items()}


def of_prometheus() -> Known:
    return with_target_labels({name: {} for name in OF_PROMETHEUS})


def recorded(groups: list[dict[str, Any]]) -> Known:
    """What rules record, with the labels by which they group, or those of what they are made of."""
    known: Known = {}
    for rule in (rule for group in groups for rule in group["rules"] if "record" in rule):
        query = promql.parse(rule["expr"])
        labels = set(query.grouping)
        if not labels:
            labels = {label for selector in query.selectors
                      for label in known.get(selector.metric, {})}
        known[rule["record"]] = dict.fromkeys(labels)
    return known


def selects_nothing(matcher: promql.Matcher, values: set[str]) -> bool:
    """Whether it matches none of the values; of one that excludes, whether a part excludes none."""
    if matcher.operator in ("=", "!="):
        return matcher.value not in values
    parts = [matcher.value] if matcher.operator == "=~" else matcher.value.split("|")
    return any(not any(re.fullmatch(part, value) for value in values) for part in parts)


def findings(text: str, known: Known) -> Iterator[str]:
    query = promql.parse(text)
    there: set[str] = set()
    for selector in query.selectors:
        labels = known.get(selector.metric)
        if labels is None:
            yield f"nobody exposes {selector.metric}"
            continue
        there |= labels.keys()
        for matcher in selector.matchers:
            if matcher.label not in labels:
                yield f"{selector.metric} has no label {matcher.label}"
                continue
            values = labels[matcher.label]
            if values is not None and selects_nothing(matcher, values):
                yield f'{matcher.label}{matcher.operator}"{matcher.value}" fits no series'
    if all(selector.metric in known for selector in query.selectors):
        for label in sorted(query.grouping - there):
            yield f"nothing in it has the label {label}"
