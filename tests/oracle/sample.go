// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"strconv"
	"strings"
)

// Sample is one series with its value, as Prometheus would store it: the buckets, sum and count of
// a classic histogram are samples of their own, a native histogram is one. Numbers are text, since
// JSON has neither infinities nor NaN; times are milliseconds since 1970, 0 if there is none.
type Sample struct {
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
	Value     string            `json:"value,omitempty"`
	Native    *Native           `json:"native,omitempty"`
	Type      string            `json:"type"`
	Help      string            `json:"help"`
	Unit      string            `json:"unit"`
	Timestamp int64             `json:"timestamp,omitempty"`
	Start     int64             `json:"start,omitempty"`
	Exemplars []Exemplar        `json:"exemplars,omitempty"`
}

// Exemplar is an event that a counter or bucket counted.
type Exemplar struct {
	Labels    map[string]string `json:"labels"`
	Value     string            `json:"value"`
	Timestamp int64             `json:"timestamp,omitempty"`
}

// Native is a native histogram; its buckets by their index, each with its own count.
type Native struct {
	Schema        int32            `json:"schema"`
	ZeroThreshold string           `json:"zero_threshold"`
	ZeroCount     string           `json:"zero_count"`
	Count         string           `json:"count"`
	Sum           string           `json:"sum"`
	Positive      map[int32]string `json:"positive"`
	Negative      map[int32]string `json:"negative"`
}

// number prints the shortest text that reads back as the same value.
func number(value float64) string {
	switch {
	case math.IsNaN(value):
		return "NaN"
	case math.IsInf(value, 1):
		return "+Inf"
	case math.IsInf(value, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(value, 'g', -1, 64)
}

// bound prints the value of a label `le` or `quantile` as OpenMetrics has it, and as Prometheus 3
// stores it: whole numbers with ".0".
func bound(value float64) string {
	text := number(value)
	if strings.ContainsAny(text, ".eIN") {
		return text
	}
	return text + ".0"
}

// span is a run of neighbouring buckets, `offset` after the last one.
type span struct {
	offset int32
	length uint32
}

// integerBuckets expands spans and counts, of which all but the first are differences.
func integerBuckets(spans []span, deltas []int64) map[int32]string {
	var counts []string
	var count int64
	for _, delta := range deltas {
		count += delta
		counts = append(counts, strconv.FormatInt(count, 10))
	}
	return buckets(spans, counts)
}

// floatBuckets expands spans and absolute counts.
func floatBuckets(spans []span, values []float64) map[int32]string {
	var counts []string
	for _, value := range values {
		counts = append(counts, number(value))
	}
	return buckets(spans, counts)
}

// buckets leaves empty ones out: a writer may fill short gaps with them.
func buckets(spans []span, counts []string) map[int32]string {
	expanded := map[int32]string{}
	var index int32
	for _, each := range spans {
		index += each.offset
		for range each.length {
			if len(counts) == 0 {
				return expanded
			}
			if counts[0] != "0" {
				expanded[index] = counts[0]
			}
			counts = counts[1:]
			index++
		}
	}
	return expanded
}
