// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"strconv"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// readExpfmt decodes families by the client's side of the code, and takes them apart into samples.
func readExpfmt(body []byte, contentType string) ([]Sample, error) {
	format := expfmt.Format(contentType)
	if format.FormatType() == expfmt.TypeUnknown && !isText100(contentType) {
		return nil, fmt.Errorf("unknown Content-Type %q", contentType) // it would be read as text
	}
	decoder := expfmt.NewDecoder(bytes.NewReader(body), format)
	var samples []Sample
	for {
		var family dto.MetricFamily
		err := decoder.Decode(&family)
		if errors.Is(err, io.EOF) {
			return samples, nil
		}
		if err != nil {
			return nil, err
		}
		for _, metric := range family.GetMetric() {
			taken, err := takeApart(&family, metric)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", family.GetName(), err)
			}
			samples = append(samples, taken...)
		}
	}
}

// isText100 knows the format that expfmt reads but has no name for.
func isText100(contentType string) bool {
	media, parameters, err := mime.ParseMediaType(contentType)
	return err == nil && media == "text/plain" && parameters["version"] == "1.0.0"
}

// typeNames are Prometheus' words for the types of the protocol.
var typeNames = map[dto.MetricType]string{
	dto.MetricType_COUNTER:         "counter",
	dto.MetricType_GAUGE:           "gauge",
	dto.MetricType_GAUGE_HISTOGRAM: "gaugehistogram",
	dto.MetricType_HISTOGRAM:       "histogram",
	dto.MetricType_SUMMARY:         "summary",
	dto.MetricType_UNTYPED:         "unknown",
}

func takeApart(family *dto.MetricFamily, metric *dto.Metric) ([]Sample, error) {
	base := Sample{
		Name:      family.GetName(),
		Labels:    map[string]string{},
		Type:      typeNames[family.GetType()],
		Help:      family.GetHelp(),
		Unit:      family.GetUnit(),
		Timestamp: metric.GetTimestampMs(),
	}
	for _, pair := range metric.GetLabel() {
		if _, has := base.Labels[pair.GetName()]; has {
			return nil, fmt.Errorf("label %q stands twice", pair.GetName())
		}
		base.Labels[pair.GetName()] = pair.GetValue()
	}
	switch {
	case metric.Counter != nil:
		base.Value = number(metric.Counter.GetValue())
		base.Start = milliseconds(metric.Counter.GetCreatedTimestamp())
		base.Exemplars = exemplars(metric.Counter.GetExemplar())
	case metric.Gauge != nil:
		base.Value = number(metric.Gauge.GetValue())
	case metric.Untyped != nil:
		base.Value = number(metric.Untyped.GetValue())
	case metric.Summary != nil:
		return takeSummary(base, metric.Summary), nil
	case metric.Histogram != nil:
		return takeHistogram(base, metric.Histogram), nil
	default:
		return nil, errors.New("a metric without a value")
	}
	return []Sample{base}, nil
}

// with is one sample of several that a metric stands for.
func (s Sample) with(suffix, value string, label ...string) Sample {
	s.Name += suffix
	s.Value = value
	if len(label) == 2 {
		s.Labels = maps.Clone(s.Labels)
		s.Labels[label[0]] = label[1]
	}
	return s
}

func takeSummary(base Sample, summary *dto.Summary) []Sample {
	base.Start = milliseconds(summary.GetCreatedTimestamp())
	samples := []Sample{
		base.with("_sum", number(summary.GetSampleSum())),
		base.with("_count", number(float64(summary.GetSampleCount()))),
	}
	for _, each := range summary.GetQuantile() {
		samples = append(samples,
			base.with("", number(each.GetValue()), "quantile", bound(each.GetQuantile())))
	}
	return samples
}

func takeHistogram(base Sample, whole *dto.Histogram) []Sample {
	base.Start = milliseconds(whole.GetCreatedTimestamp())
	count := number(counted(whole.GetSampleCount(), whole.GetSampleCountFloat()))
	var samples []Sample
	if isNative(whole) {
		samples = append(samples, takeNative(base, whole))
		if len(whole.GetBucket()) == 0 {
			return samples
		}
	}
	samples = append(samples, base.with("_sum", number(whole.GetSampleSum())),
		base.with("_count", count))
	last := ""
	for _, each := range whole.GetBucket() {
		last = bound(each.GetUpperBound())
		value := counted(each.GetCumulativeCount(), each.GetCumulativeCountFloat())
		bucket := base.with("_bucket", number(value), "le", last)
		bucket.Exemplars = exemplars(each.GetExemplar())
		samples = append(samples, bucket)
	}
	if last != "+Inf" { // which the protocol lets a writer leave out
		samples = append(samples, base.with("_bucket", count, "le", "+Inf"))
	}
	return samples
}

// isNative is what Prometheus goes by: it is why an empty one needs a span without buckets.
func isNative(whole *dto.Histogram) bool {
	return len(whole.GetPositiveSpan()) > 0 || len(whole.GetNegativeSpan()) > 0 ||
		whole.GetZeroThreshold() > 0 || whole.GetZeroCount() > 0
}

func takeNative(base Sample, whole *dto.Histogram) Sample {
	native := &Native{
		Schema:        whole.GetSchema(),
		ZeroThreshold: number(whole.GetZeroThreshold()),
		Sum:           number(whole.GetSampleSum()),
	}
	positive, negative := protoSpans(whole.GetPositiveSpan()), protoSpans(whole.GetNegativeSpan())
	if whole.GetSampleCountFloat() > 0 || whole.GetZeroCountFloat() > 0 {
		native.Count = number(whole.GetSampleCountFloat())
		native.ZeroCount = number(whole.GetZeroCountFloat())
		native.Positive = floatBuckets(positive, whole.GetPositiveCount())
		native.Negative = floatBuckets(negative, whole.GetNegativeCount())
	} else {
		native.Count = strconv.FormatUint(whole.GetSampleCount(), 10)
		native.ZeroCount = strconv.FormatUint(whole.GetZeroCount(), 10)
		native.Positive = integerBuckets(positive, whole.GetPositiveDelta())
		native.Negative = integerBuckets(negative, whole.GetNegativeDelta())
	}
	base.Native = native
	base.Exemplars = exemplars(whole.GetExemplars()...)
	if len(whole.GetExemplars()) == 0 { // then Prometheus takes those of the classic buckets
		for _, each := range whole.GetBucket() {
			if each.GetExemplar().GetTimestamp() != nil {
				base.Exemplars = append(base.Exemplars, exemplars(each.GetExemplar())...)
			}
		}
	}
	return base
}

func protoSpans(theirs []*dto.BucketSpan) []span {
	var ours []span
	for _, each := range theirs {
		ours = append(ours, span{each.GetOffset(), each.GetLength()})
	}
	return ours
}

// counted is the float if there is one: a histogram has either.
func counted(whole uint64, fractional float64) float64 {
	if fractional > 0 {
		return fractional
	}
	return float64(whole)
}

func exemplars(found ...*dto.Exemplar) []Exemplar {
	var taken []Exemplar
	for _, each := range found {
		if each == nil {
			continue
		}
		labels := map[string]string{}
		for _, pair := range each.GetLabel() {
			labels[pair.GetName()] = pair.GetValue()
		}
		taken = append(taken, Exemplar{
			Labels:    labels,
			Value:     number(each.GetValue()),
			Timestamp: milliseconds(each.GetTimestamp()),
		})
	}
	return taken
}

func milliseconds(at *timestamppb.Timestamp) int64 {
	if at == nil {
		return 0
	}
	return at.GetSeconds()*1000 + int64(at.GetNanos())/1_000_000
}
