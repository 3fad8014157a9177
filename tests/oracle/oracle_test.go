// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const (
	text        = "text/plain; version=0.0.4; charset=utf-8"
	text1       = "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
	openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
	protobuf    = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; " +
		"encoding=delimited; escaping=allow-utf-8"
)

// The same state in each format.
const (
	inText = `# HELP jobs_total Jobs \\ done\n"now".
# TYPE jobs_total counter
jobs_total{kind="a\"b\\\n"} 1e+07
# TYPE temperature gauge
temperature{room="a"} NaN
temperature{room="b"} -Inf
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.5"} 1
wait_seconds_bucket{le="1"} 3
wait_seconds_bucket{le="+Inf"} 4
wait_seconds_sum 2.5
wait_seconds_count 4
`
	inOpenMetrics = `# HELP jobs Jobs \\ done\n\"now\".
# TYPE jobs counter
jobs_total{kind="a\"b\\\n"} 10000000.0
# TYPE temperature gauge
temperature{room="a"} NaN
temperature{room="b"} -Inf
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.5"} 1
wait_seconds_bucket{le="1.0"} 3
wait_seconds_bucket{le="+Inf"} 4
wait_seconds_sum 2.5
wait_seconds_count 4
# EOF
`
	canonical = `{"name":"jobs_total","labels":{"kind":"a\"b\\\n"},"value":"1e+07",` +
		`"type":"counter","help":"Jobs \\ done\n\"now\".","unit":""}
{"name":"temperature","labels":{"room":"a"},"value":"NaN",` + ofGauge + `
{"name":"temperature","labels":{"room":"b"},"value":"-Inf",` + ofGauge + `
{"name":"wait_seconds_bucket","labels":{"le":"+Inf"},"value":"4",` + ofHistogram + `
{"name":"wait_seconds_bucket","labels":{"le":"0.5"},"value":"1",` + ofHistogram + `
{"name":"wait_seconds_bucket","labels":{"le":"1.0"},"value":"3",` + ofHistogram + `
{"name":"wait_seconds_count","labels":{},"value":"4",` + ofHistogram + `
{"name":"wait_seconds_sum","labels":{},"value":"2.5",` + ofHistogram + `
`
	ofGauge     = `"type":"gauge","help":"","unit":""}`
	ofHistogram = `"type":"histogram","help":"","unit":""}`
)

func read(parser, contentType, body string) (string, error) {
	var out bytes.Buffer
	arguments := []string{"-parser", parser, "-content-type", contentType}
	err := run(arguments, strings.NewReader(body), &out)
	return out.String(), err
}

// delimited encodes families as the protocol has them on the wire.
func delimited(t *testing.T, families ...*dto.MetricFamily) string {
	t.Helper()
	var out bytes.Buffer
	for _, family := range families {
		if _, err := protodelim.MarshalTo(&out, family); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func inBoth(t *testing.T, test func(t *testing.T, parser string)) {
	for parser := range readers {
		t.Run(parser, func(t *testing.T) { test(t, parser) })
	}
}

func TestFormatsOfOneStateReadTheSame(t *testing.T) {
	inBoth(t, func(t *testing.T, parser string) {
		for contentType, body := range map[string]string{
			text: inText, text1: inText, openMetrics: inOpenMetrics,
		} {
			got, err := read(parser, contentType, body)
			if err != nil || got != canonical {
				t.Errorf("%s: %v\ngot\n%swant\n%s", contentType, err, got, canonical)
			}
		}
	})
}

func at(milliseconds int64) *timestamppb.Timestamp {
	return timestamppb.New(time.UnixMilli(milliseconds))
}

func trace(id string, value float64) *dto.Exemplar {
	return &dto.Exemplar{
		Label:     []*dto.LabelPair{{Name: proto.String("trace_id"), Value: proto.String(id)}},
		Value:     proto.Float64(value),
		Timestamp: at(1_700_000_000_250),
	}
}

func histogramFamily() *dto.MetricFamily {
	return &dto.MetricFamily{
		Name: proto.String("wait_seconds"), Type: dto.MetricType_HISTOGRAM.Enum(),
		Help: proto.String("How long."), Unit: proto.String("seconds"),
		Metric: []*dto.Metric{{Histogram: &dto.Histogram{
			SampleCount: proto.Uint64(6), SampleSum: proto.Float64(7.5),
			CreatedTimestamp: at(1_600_000_000_000),
			Schema:           proto.Int32(3),
			ZeroThreshold:    proto.Float64(0.001), ZeroCount: proto.Uint64(1),
			PositiveSpan: []*dto.BucketSpan{
				{Offset: proto.Int32(-2), Length: proto.Uint32(2)},
				{Offset: proto.Int32(3), Length: proto.Uint32(1)},
			},
			PositiveDelta: []int64{1, 1, 0},
			Bucket: []*dto.Bucket{
				{
					UpperBound: proto.Float64(1), CumulativeCount: proto.Uint64(4),
					Exemplar: trace("b", 0.5),
				},
			},
			Exemplars: []*dto.Exemplar{trace("n", 0.7)},
		}}},
	}
}

func TestProtobufWithAllThatItCanSay(t *testing.T) {
	const rest = `"type":"histogram","help":"How long.","unit":"seconds"`
	const want = `{"name":"wait_seconds","labels":{},"native":{"schema":3,"zero_threshold":"0.001",` +
		`"zero_count":"1","count":"6","sum":"7.5","positive":{"-1":"2","-2":"1","3":"2"},` +
		`"negative":{}},` + rest + `,"start":1600000000000,"exemplars":[{"labels":{"trace_id":"n"},"value":"0.7",` +
		`"timestamp":1700000000250}]}
{"name":"wait_seconds_bucket","labels":{"le":"+Inf"},"value":"6",` + rest + `,"start":1600000000000}
{"name":"wait_seconds_bucket","labels":{"le":"1.0"},"value":"4",` + rest + `,"start":1600000000000,` +
		`"exemplars":[{"labels":{"trace_id":"b"},"value":"0.5","timestamp":1700000000250}]}
{"name":"wait_seconds_count","labels":{},"value":"6",` + rest + `,"start":1600000000000}
{"name":"wait_seconds_sum","labels":{},"value":"7.5",` + rest + `,"start":1600000000000}
`
	body := delimited(t, histogramFamily())
	inBoth(t, func(t *testing.T, parser string) {
		got, err := read(parser, protobuf, body)
		if err != nil || got != want {
			t.Errorf("%v\ngot\n%swant\n%s", err, got, want)
		}
	})
}

func TestOpenMetricsStartAndExemplar(t *testing.T) {
	const body = `# TYPE jobs_seconds counter
# UNIT jobs_seconds seconds
jobs_seconds_total 2.0 # {trace_id="x"} 1.5 1700000000.25
jobs_seconds_created 1600000000.5
# EOF
`
	const want = `{"name":"jobs_seconds_total","labels":{},"value":"2","type":"counter","help":"",` +
		`"unit":"seconds","start":1600000000500,"exemplars":[{"labels":{"trace_id":"x"},` +
		`"value":"1.5","timestamp":1700000000250}]}` + "\n"
	inBoth(t, func(t *testing.T, parser string) {
		got, err := read(parser, openMetrics, body)
		if err != nil || got != want {
			t.Errorf("%v\ngot\n%swant\n%s", err, got, want)
		}
	})
}

func TestNamesInQuotes(t *testing.T) {
	const body = `# TYPE "a.b" gauge` + "\n" + `{"a.b","c.d"="e"} 1` + "\n"
	const want = `{"name":"a.b","labels":{"c.d":"e"},"value":"1",` + ofGauge + "\n"
	inBoth(t, func(t *testing.T, parser string) {
		for contentType, body := range map[string]string{text1: body, openMetrics: body + "# EOF\n"} {
			got, err := read(parser, contentType, body)
			if err != nil || got != want {
				t.Errorf("%s: %v\ngot\n%swant\n%s", contentType, err, got, want)
			}
		}
	})
}

func TestWhatBothRefuse(t *testing.T) {
	repeated := histogramFamily()
	for what, given := range map[string]struct{ contentType, body string }{
		"no content type":       {"", inText},
		"a comma":               {"application/openmetrics-text, version=1.0.0", inOpenMetrics},
		"no number":             {text, "a many\n"},
		"an open quote":         {text, "a{b=\"c} 1\n"},
		"no value":              {text, "a\n"},
		"a series twice":        {text, "a 1\na 2\n"},
		"no end":                {openMetrics, "# TYPE a gauge\na 1\n"},
		"cut in the middle":     {openMetrics, inOpenMetrics[:len(inOpenMetrics)/2]},
		"something after EOF":   {openMetrics, "# EOF\na 1\n"},
		"an empty line":         {openMetrics, "a 1\n\n# EOF\n"},
		"a foreign unit":        {openMetrics, "# TYPE a counter\n# UNIT a seconds\na_total 1\n# EOF\n"},
		"an exemplar in pieces": {openMetrics, "# TYPE a counter\na_total 1 # {b=\"c\"\n# EOF\n"},
		"a message cut short":   {protobuf, delimited(t, histogramFamily())[:40]},
		"a family twice":        {protobuf, delimited(t, repeated, repeated)},
	} {
		t.Run(what, func(t *testing.T) {
			inBoth(t, func(t *testing.T, parser string) {
				if got, err := read(parser, given.contentType, given.body); err == nil {
					t.Errorf("taken as\n%s", got)
				}
			})
		})
	}
}

// What only a server notices.
func TestWhatPrometheusRefuses(t *testing.T) {
	broken := func(change func(*dto.Histogram)) string {
		family := histogramFamily()
		change(family.Metric[0].Histogram)
		return delimited(t, family)
	}
	for what, given := range map[string]struct{ contentType, body string }{
		"more observations in buckets than in all": {protobuf, broken(func(h *dto.Histogram) {
			h.SampleCount = proto.Uint64(5)
		})},
		"a bucket below zero": {protobuf, broken(func(h *dto.Histogram) {
			h.PositiveDelta = []int64{1, -2, 0}
		})},
		"spans without their buckets": {protobuf, broken(func(h *dto.Histogram) {
			h.PositiveDelta = []int64{1}
		})},
		"an exemplar of 129 characters": {protobuf, broken(func(h *dto.Histogram) {
			h.Exemplars[0] = trace(strings.Repeat("x", 129-len("trace_id")), 1)
		})},
	} {
		t.Run(what, func(t *testing.T) {
			if got, err := read("prometheus", given.contentType, given.body); err == nil {
				t.Errorf("taken as\n%s", got)
			}
		})
	}
}
